//! Metrics of a run between two records of it: throttled requests, pauses, latencies, throughput. The run does not depend on
//! them.

use std::time::Duration;

use crate::domain::delivery::latency::Latencies;
use crate::domain::delivery::refusal::{Refusal, RefusalKind};
use crate::domain::forecast::{Heartbeat, Milestone};
use crate::domain::unix_millis::UnixMillis;
use crate::engine::throughput::Throughput;
use crate::journal::{PauseKind, PauseSpan, RunActivity};

/// Throttled requests and pauses since the last record, and how long answers took since the run began.
#[derive(Debug)]
pub(super) struct RunMetrics {
    activity: RunActivity,
    /// When the pause began that a person has to end.
    held: Option<UnixMillis>,
    /// Since when everything that is left is closed.
    closed: Option<UnixMillis>,
    throughput: Throughput,
}

impl RunMetrics {
    pub(super) fn new(now: UnixMillis) -> Self {
        Self { activity: RunActivity::default(), held: None, closed: None, throughput: Throughput::new(now) }
    }

    /// An answer came, or nothing did for too long.
    pub(super) fn answered(&mut self, answer: &Result<String, Refusal>, took: Duration, now: UnixMillis) {
        if matches!(answer, Err(refusal) if refusal.kind == RefusalKind::Throttled) {
            // A throttled request is refused at the edge; its latency says nothing about the service.
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
        self.throughput.in_bursts();
        let kind = PauseKind::ActiveChats;
        self.activity.pauses.push(PauseSpan { began_at: now, ends_at: now.plus(length), kind });
    }

    /// Everything that is left is closed, or something is open again.
    pub(super) fn closed(&mut self, now: UnixMillis, is_closed: bool) {
        let (began_at, ends_at) = match (is_closed, self.closed.take()) {
            (true, _) => {
                self.closed = Some(now);
                (now, UnixMillis::NEVER)
            }
            (false, Some(began_at)) => (began_at, now),
            (false, None) => return,
        };
        self.activity.pauses.push(PauseSpan { began_at, ends_at, kind: PauseKind::Closed });
    }

    /// A person, or a gate, has paused the campaign.
    pub(super) fn held(&mut self, now: UnixMillis) {
        self.held = Some(now);
        self.by_person(now, UnixMillis::NEVER);
    }

    /// The campaign resumes.
    pub(super) fn released(&mut self, now: UnixMillis) {
        if let Some(began_at) = self.held.take() {
            self.by_person(began_at, now);
        }
    }

    fn by_person(&mut self, began_at: UnixMillis, ends_at: UnixMillis) {
        self.activity.pauses.push(PauseSpan { began_at, ends_at, kind: PauseKind::Held });
    }

    /// Restarts the measurement of the throughput.
    pub(super) fn measure_anew(&mut self, now: Milestone) {
        self.throughput.measure_anew(now);
    }

    /// Where the measurement of the throughput began that ends now.
    pub(super) fn measured_since(&mut self, now: Milestone) -> Milestone {
        self.throughput.measured_since(now)
    }

    /// The metrics to record now.
    pub(super) fn take(&mut self, heartbeat: Heartbeat) -> RunActivity {
        let latencies: Latencies = self.activity.latencies;
        self.activity.heartbeat = Some(heartbeat);
        std::mem::replace(&mut self.activity, RunActivity { latencies, ..RunActivity::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_add_up_and_latencies_stay() {
        let refused = |kind| Err(Refusal { kind, status: None, code: "".into(), message: "".into() });
        let mut metrics = RunMetrics::new(UnixMillis::from_millis(0));
        let begun = Milestone { at: UnixMillis::from_millis(0), started: 0 };
        let heartbeat = Heartbeat {
            now: begun,
            before: begun,
            in_flight: 1,
            rate: 2.0,
            asked: None,
            burst: 3,
            active: None,
            credentials_end: None,
            ahead: None,
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
        let first = metrics.take(heartbeat);
        assert_eq!(first.heartbeat, Some(heartbeat));
        let [one, two] = [1_000, 2_000].map(UnixMillis::from_millis);
        assert_eq!(first.throttled, [(one, 2), (two, 1)]);
        let [began_at, ends_at] = [2_500, 3_000].map(UnixMillis::from_millis);
        let pause = PauseSpan { began_at, ends_at, kind: PauseKind::ActiveChats };
        assert_eq!((first.pauses, first.latencies.total()), (vec![pause], 1));
        metrics.answered(&Ok("contact".to_owned()), ms(30), two);
        let second = metrics.take(heartbeat);
        assert_eq!((second.throttled, second.pauses, second.latencies.total()), (vec![], vec![], 2));
    }
}
