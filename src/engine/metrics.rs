//! What a run meets on its way, gathered between two records of it: for the report, and nothing in the run depends on it.

use std::time::Duration;

use crate::domain::delivery::latency::Latencies;
use crate::domain::delivery::refusal::{Refusal, RefusalKind};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{Heartbeat, PauseKind, PauseSpan, RunActivity};

/// How far back it is told how fast a run is: so far at least, once it has sent for that long, and twice that at most.
const WINDOW: Duration = Duration::from_secs(30);

/// Throttled requests and pauses since the last record, and how long answers took since the run began.
#[derive(Debug)]
pub(super) struct RunMetrics {
    activity: RunActivity,
    /// When the pause by a person began that goes on.
    held: Option<UnixMillis>,
    /// How many contacts had been started when: a while ago, and less long ago.
    marks: [(UnixMillis, u64); 2],
}

impl RunMetrics {
    pub(super) fn new(now: UnixMillis) -> Self {
        Self { activity: RunActivity::default(), held: None, marks: [(now, 0); 2] }
    }

    /// An answer came, or nothing did for too long.
    pub(super) fn answered(&mut self, answer: &Result<String, Refusal>, took: Duration, now: UnixMillis) {
        if matches!(answer, Err(refusal) if refusal.kind == RefusalKind::Throttled) {
            // Turned away at the door: that took no time, and says nothing about those who come in.
            self.throttled(now);
        } else {
            self.activity.latencies.note(took);
        }
    }

    fn throttled(&mut self, now: UnixMillis) {
        let second = UnixMillis::from_millis(now.millis().div_euclid(1_000) * 1_000);
        match self.activity.throttled.last_mut() {
            Some((last, requests)) if *last == second => *requests += 1,
            _ => self.activity.throttled.push((second, 1)),
        }
    }

    /// Nothing is sent for a while.
    pub(super) fn paused(&mut self, now: UnixMillis, length: Duration) {
        let kind = PauseKind::ActiveChats;
        self.activity.pauses.push(PauseSpan { began_at: now, ends_at: now.plus(length), kind });
    }

    /// A person has paused the campaign.
    pub(super) fn held(&mut self, now: UnixMillis) {
        self.held = Some(now);
        self.by_person(now, UnixMillis::NEVER);
    }

    /// It goes on.
    pub(super) fn released(&mut self, now: UnixMillis) {
        if let Some(began_at) = self.held.take() {
            self.by_person(began_at, now);
        }
    }

    fn by_person(&mut self, began_at: UnixMillis, ends_at: UnixMillis) {
        self.activity.pauses.push(PauseSpan { began_at, ends_at, kind: PauseKind::Person });
    }

    /// What was before says nothing about how fast the run is from now on.
    pub(super) fn mark(&mut self, now: UnixMillis, started: u64) {
        self.marks = [(now, started); 2];
    }

    /// How many contacts had been started a while ago, and when that was.
    pub(super) fn marked(&mut self, now: UnixMillis, started: u64) -> (UnixMillis, u64) {
        if now.since(self.marks[1].0) >= WINDOW {
            self.marks = [self.marks[1], (now, started)];
        }
        self.marks[0]
    }

    /// What is to be written down now.
    pub(super) fn take(&mut self, pulse: Heartbeat) -> RunActivity {
        let latencies: Latencies = self.activity.latencies;
        self.activity.pulse = Some(pulse);
        std::mem::replace(&mut self.activity, RunActivity { latencies, ..RunActivity::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_add_up_and_latencies_stay() {
        let refused = |kind| Err(Refusal { kind, status: None, code: String::new(), message: String::new() });
        let mut metrics = RunMetrics::new(UnixMillis::from_millis(0));
        let pulse = Heartbeat {
            in_flight: 1,
            rate: 2.0,
            asked: None,
            burst: 3,
            mark: (UnixMillis::from_millis(0), 0),
        };
        let ms = Duration::from_millis;
        for (at, kind) in [
            (1_000, RefusalKind::Throttled),
            (1_999, RefusalKind::Throttled),
            (2_000, RefusalKind::Throttled),
            (2_001, RefusalKind::Unknown),
        ] {
            metrics.answered(&refused(kind), ms(40), UnixMillis::from_millis(at));
        }
        metrics.paused(UnixMillis::from_millis(2_500), ms(500));
        let first = metrics.take(pulse);
        assert_eq!(first.pulse, Some(pulse));
        let [one, two] = [1_000, 2_000].map(UnixMillis::from_millis);
        assert_eq!(first.throttled, [(one, 2), (two, 1)]);
        let [began_at, ends_at] = [2_500, 3_000].map(UnixMillis::from_millis);
        let pause = PauseSpan { began_at, ends_at, kind: PauseKind::ActiveChats };
        assert_eq!((first.pauses, first.latencies.total()), (vec![pause], 1));
        metrics.answered(&Ok("contact".to_owned()), ms(30), two);
        let second = metrics.take(pulse);
        assert_eq!((second.throttled, second.pauses, second.latencies.total()), (vec![], vec![], 2));
    }
}
