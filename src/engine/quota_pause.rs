//! The pause of a run while the active chats quota is full, and the probe that ends it.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::delivery::verdict::quota_pause;

/// The active chats quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum QuotaPause {
    /// Has room.
    #[default]
    Off,
    /// Is full, as far as is known since `full_since`; nothing is sent until then.
    Until { until: Instant, full_since: Instant },
    /// Was full since then, and may have room again: one request at a time finds out.
    Probing { full_since: Instant },
}

impl QuotaPause {
    /// Begins or prolongs the pause, and says how long it is; `None` where it is on already.
    pub(super) fn begin(&mut self, now: Instant, jitter: f64) -> Option<Duration> {
        let since = match self {
            Self::Off => now,
            Self::Probing { full_since } => *full_since,
            Self::Until { .. } => return None,
        };
        let length = quota_pause(now - since, jitter);
        *self = Self::Until { until: now + length, full_since: since };
        Some(length)
    }

    /// A contact was started. Says whether that ends the pause: an answer to a request from before it says nothing about
    /// the quota now, a probe's does.
    pub(super) fn started(&mut self) -> bool {
        let ends = matches!(self, Self::Probing { .. });
        if ends {
            *self = Self::Off;
        }
        ends
    }

    /// After its time the pause becomes a probe.
    pub(super) fn wake(&mut self, now: Instant) {
        if let Self::Until { until, full_since } = *self
            && until <= now
        {
            *self = Self::Probing { full_since };
        }
    }

    /// Whether nothing may be sent.
    pub(super) fn is_on(self) -> bool {
        matches!(self, Self::Until { .. })
    }

    /// When that ends.
    pub(super) fn ends_at(self) -> Option<Instant> {
        if let Self::Until { until, .. } = self { Some(until) } else { None }
    }

    /// How many of these requests or claims the pause allows.
    pub(super) fn limit(self, most: usize) -> usize {
        match self {
            Self::Off => most,
            Self::Probing { .. } => most.min(1),
            Self::Until { .. } => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_full_quota_pauses_then_probes_and_each_probe_in_vain_pauses_longer() {
        let now = Instant::now();
        let mut pause = QuotaPause::default();
        assert_eq!((pause.is_on(), pause.ends_at(), pause.limit(7)), (false, None, 7));
        assert!(!pause.started(), "there is no pause to end");

        assert_eq!(pause.begin(now, 0.5), Some(3 * SECOND), "the shortest, a quarter more or less");
        assert_eq!((pause.is_on(), pause.ends_at(), pause.limit(7)), (true, Some(now + 3 * SECOND), 0));
        assert_eq!(
            pause.begin(now + SECOND, 0.5),
            None,
            "another refusal from before it does not prolong it"
        );
        assert!(!pause.started(), "an answer from before it says nothing about the quota now");
        pause.wake(now + 3 * SECOND - Duration::from_millis(1));
        assert!(pause.is_on());

        pause.wake(now + 3 * SECOND);
        assert_eq!((pause.is_on(), pause.ends_at()), (false, None));
        assert_eq!((pause.limit(7), pause.limit(0)), (1, 0), "one request finds out");
        let full = now + 60 * SECOND;
        assert_eq!(
            pause.begin(full, 1.0),
            Some(60 * SECOND / 8 * 5 / 4),
            "an eighth of the time for which it is full"
        );
        pause.wake(full + 10 * SECOND);
        let full = now + 7_200 * SECOND;
        assert_eq!(pause.begin(full, 0.0), Some(45 * SECOND), "the longest, a quarter less");
        pause.wake(full + 45 * SECOND);
        assert!(pause.started());
        assert_eq!((pause.is_on(), pause.limit(7)), (false, 7));
        assert_eq!(pause.begin(full + 50 * SECOND, 0.5), Some(3 * SECOND), "it begins anew");
    }
}
