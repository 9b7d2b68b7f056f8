//! The limits of a run's speed, by the time under each.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::delivery::summary::Bottleneck;

/// A shorter time is not reported: a run of three rows mostly waits for one commit.
const SHORTEST: Duration = Duration::from_secs(1);

/// Adds up the time under each limit.
#[derive(Debug)]
pub(super) struct BottleneckTimes {
    now: Option<Bottleneck>,
    since: Instant,
    times: [Duration; Bottleneck::ALL.len()],
}

impl BottleneckTimes {
    pub(super) fn new(now: Instant) -> Self {
        Self { now: None, since: now, times: [Duration::ZERO; Bottleneck::ALL.len()] }
    }

    /// Sets the current limit.
    pub(super) fn are(&mut self, limit: Option<Bottleneck>) {
        if limit == self.now {
            return;
        }
        let now = Instant::now();
        self.add(now);
        (self.now, self.since) = (limit, now);
    }

    /// The current limit.
    pub(super) fn now(&self) -> Option<Bottleneck> {
        self.now
    }

    /// The limit with the longest time; `None` if none lasted a second.
    pub(super) fn longest(&mut self) -> Option<Bottleneck> {
        let now = Instant::now();
        self.add(now);
        self.since = now;
        let longest = Bottleneck::ALL.into_iter().max_by_key(|limit| self.times[*limit as usize])?;
        (self.times[longest as usize] >= SHORTEST).then_some(longest)
    }

    fn add(&mut self, now: Instant) {
        if let Some(limit) = self.now {
            self.times[limit as usize] += now - self.since;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_limited_for_the_longest_time_altogether_is_told() {
        let mut limits = BottleneckTimes::new(Instant::now());
        assert_eq!(limits.longest(), None, "nothing was sent yet");
        // From when, and what the longest is at the end of it.
        for (limit, seconds, longest) in [
            (None, 10, None),
            (Some(Bottleneck::Pace), 2, Some(Bottleneck::Pace)),
            (Some(Bottleneck::Latency), 3, Some(Bottleneck::Latency)),
            (None, 10, Some(Bottleneck::Latency)),
            (Some(Bottleneck::Pace), 2, Some(Bottleneck::Pace)),
            (Some(Bottleneck::Pace), 1, Some(Bottleneck::Pace)),
            (Some(Bottleneck::File), 4, Some(Bottleneck::Pace)),
            (Some(Bottleneck::File), 2, Some(Bottleneck::File)),
        ] {
            limits.are(limit);
            tokio::time::advance(Duration::from_secs(seconds)).await;
            assert_eq!(limits.longest(), longest, "{limit:?} for {seconds} s");
            assert_eq!(limits.longest(), longest, "asking changes nothing");
        }
        for limit in [Some(Bottleneck::Journal), Some(Bottleneck::Latency), None] {
            limits.are(limit);
            tokio::time::advance(Duration::from_secs(10)).await;
        }
        assert_eq!(limits.longest(), Some(Bottleneck::Latency), "thirteen seconds of it");
    }
}
