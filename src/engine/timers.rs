//! Rows that wait to be tried again, by time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use tokio::time::Instant;

use crate::journal::RowId;

/// A queue of rows by the instant at which each is due.
#[derive(Debug, Default)]
pub(super) struct Timers(BinaryHeap<Reverse<(Instant, RowId)>>);

impl Timers {
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
