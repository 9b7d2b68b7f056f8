//! What a run meets on its way, gathered between two records of it: for the report, and nothing in the run depends on it.

use std::time::Duration;

use crate::domain::latency::Latencies;
use crate::domain::refusal::{Refusal, RefusalKind};
use crate::domain::stamp::Stamp;
use crate::journal::{Activity, PauseSpan};

/// Throttled requests and pauses since the last record, and how long answers took since the run began.
#[derive(Debug, Default)]
pub(super) struct Chronicle(Activity);

impl Chronicle {
    /// An answer came, or nothing did for too long.
    pub(super) fn answered(&mut self, answer: &Result<String, Refusal>, took: Duration, now: Stamp) {
        if matches!(answer, Err(refusal) if refusal.kind == RefusalKind::Throttled) {
            // Turned away at the door: that took no time, and says nothing about those who come in.
            self.throttled(now);
        } else {
            self.0.latencies.note(took);
        }
    }

    fn throttled(&mut self, now: Stamp) {
        let second = Stamp::from_millis(now.millis().div_euclid(1_000) * 1_000);
        match self.0.throttled.last_mut() {
            Some((last, requests)) if *last == second => *requests += 1,
            _ => self.0.throttled.push((second, 1)),
        }
    }

    /// Nothing is sent for a while.
    pub(super) fn paused(&mut self, now: Stamp, length: Duration) {
        self.0.pauses.push(PauseSpan { began_at: now, ends_at: now.plus(length) });
    }

    /// What is to be written down now.
    pub(super) fn take(&mut self) -> Activity {
        let latencies: Latencies = self.0.latencies;
        std::mem::replace(&mut self.0, Activity { latencies, ..Activity::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_add_up_and_latencies_stay() {
        let refused = |kind| Err(Refusal { kind, status: None, code: String::new(), message: String::new() });
        let mut chronicle = Chronicle::default();
        let ms = Duration::from_millis;
        for (at, kind) in [
            (1_000, RefusalKind::Throttled),
            (1_999, RefusalKind::Throttled),
            (2_000, RefusalKind::Throttled),
            (2_001, RefusalKind::Unknown),
        ] {
            chronicle.answered(&refused(kind), ms(40), Stamp::from_millis(at));
        }
        chronicle.paused(Stamp::from_millis(2_500), ms(500));
        let first = chronicle.take();
        let [one, two] = [1_000, 2_000].map(Stamp::from_millis);
        assert_eq!(first.throttled, [(one, 2), (two, 1)]);
        let pause = PauseSpan { began_at: Stamp::from_millis(2_500), ends_at: Stamp::from_millis(3_000) };
        assert_eq!((first.pauses, first.latencies.total()), (vec![pause], 1));
        chronicle.answered(&Ok("contact".to_owned()), ms(30), two);
        let second = chronicle.take();
        assert_eq!((second.throttled, second.pauses, second.latencies.total()), (vec![], vec![], 2));
    }
}
