//! The pause of a run while the active chats quota is full, and the probe that ends it.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::verdict::QUOTA_BACKOFF;

/// The active chats quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Pause {
    /// Has room.
    #[default]
    Off,
    /// Is full, for the so-manieth time in a row; nothing is sent until then.
    Until(Instant, u32),
    /// May have room again: one request at a time finds out.
    Probing(u32),
}

impl Pause {
    /// Begins or prolongs the pause, and says how long it is; `None` where it is on already.
    pub(super) fn begin(&mut self, now: Instant, jitter: f64) -> Option<Duration> {
        let times = match self {
            Self::Off => 1,
            Self::Probing(times) => times.saturating_add(1),
            Self::Until(..) => return None,
        };
        // At least half of the ceiling: a pause of nothing is none.
        let length = QUOTA_BACKOFF.delay(times, 0.5 + jitter / 2.0);
        *self = Self::Until(now + length, times);
        Some(length)
    }

    /// A contact was started. Says whether that ends the pause: an answer to a request from before it says nothing about
    /// the quota now, a probe's does.
    pub(super) fn started(&mut self) -> bool {
        let ends = matches!(self, Self::Probing(_));
        if ends {
            *self = Self::Off;
        }
        ends
    }

    /// After its time the pause becomes a probe.
    pub(super) fn wake(&mut self, now: Instant) {
        if let Self::Until(until, times) = *self
            && until <= now
        {
            *self = Self::Probing(times);
        }
    }

    /// Whether nothing may be sent.
    pub(super) fn is_on(self) -> bool {
        matches!(self, Self::Until(..))
    }

    /// When that ends.
    pub(super) fn ends_at(self) -> Option<Instant> {
        if let Self::Until(until, _) = self { Some(until) } else { None }
    }

    /// What of so many requests or claims the pause allows.
    pub(super) fn limit(self, most: usize) -> usize {
        match self {
            Self::Off => most,
            Self::Probing(_) => most.min(1),
            Self::Until(..) => 0,
        }
    }
}
