//! What kept a run from being faster, by the time for which it did.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::summary::Limit;

/// Adds up the time under each limit.
#[derive(Debug)]
pub(super) struct Limits {
    now: Option<Limit>,
    since: Instant,
    times: [Duration; Limit::ALL.len()],
}

impl Limits {
    pub(super) fn new(now: Instant) -> Self {
        Self { now: None, since: now, times: [Duration::ZERO; Limit::ALL.len()] }
    }

    /// What limits it from now on.
    pub(super) fn are(&mut self, limit: Option<Limit>) {
        if limit == self.now {
            return;
        }
        let now = Instant::now();
        self.add(now);
        (self.now, self.since) = (limit, now);
    }

    /// What limited it for the longest time.
    pub(super) fn longest(&mut self) -> Option<Limit> {
        let now = Instant::now();
        self.add(now);
        self.since = now;
        let longest = Limit::ALL.into_iter().max_by_key(|limit| self.times[*limit as usize])?;
        (self.times[longest as usize] > Duration::ZERO).then_some(longest)
    }

    fn add(&mut self, now: Instant) {
        if let Some(limit) = self.now {
            self.times[limit as usize] += now - self.since;
        }
    }
}
