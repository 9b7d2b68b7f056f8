//! Rows that wait to be tried again, by time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use tokio::time::Instant;

use crate::journal::RowId;

/// A queue of rows by the instant at which each is due.
#[derive(Debug, Default)]
pub(super) struct RetryQueue(BinaryHeap<Reverse<(Instant, RowId)>>);

impl RetryQueue {
    pub(super) fn push(&mut self, due: Instant, row: RowId) {
        self.0.push(Reverse((due, row)));
    }

    /// When the next row is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.peek().map(|Reverse((due, _))| *due)
    }

    /// Takes the rows that are due.
    pub(super) fn take_due(&mut self, now: Instant, due: &mut Vec<RowId>) {
        while let Some(Reverse((at, row))) = self.0.peek()
            && *at <= now
        {
            due.push(*row);
            self.0.pop();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn rows_come_when_they_are_due_the_earliest_first() {
        let now = Instant::now();
        let after = |seconds| now + Duration::from_secs(seconds);
        let row = RowId::START;
        let (mut retries, mut due) = (RetryQueue::default(), Vec::new());
        assert_eq!((retries.next(), retries.len(), retries.is_empty()), (None, 0, true));
        retries.push(after(5), row);
        retries.push(after(3), row);
        assert_eq!((retries.next(), retries.len(), retries.is_empty()), (Some(after(3)), 2, false));
        retries.take_due(after(2), &mut due);
        assert_eq!(due.len(), 0);
        retries.take_due(after(3), &mut due);
        assert_eq!((due.len(), retries.next()), (1, Some(after(5))));
        retries.take_due(after(9), &mut due);
        assert_eq!((due.len(), retries.is_empty()), (2, true));
        retries.push(after(9), row);
        retries.clear();
        assert!(retries.is_empty());
    }
}
