//! How a campaign came along while somebody watched: points of a chart, in bounded memory for any length of time.

use serde::Serialize;

use crate::app::overview::Overview;
use crate::domain::delivery::state::State;
use crate::domain::unix_millis::UnixMillis;

/// Points at most. Beyond it every other one goes, and the next come half as often.
const MOST: usize = 600;
/// Milliseconds between two points at first.
const STEP_MS: i64 = 1_000;

/// Points in the order of time.
#[derive(Debug, Clone, Serialize)]
pub(super) struct History {
    #[serde(skip)]
    step_ms: i64,
    points: Vec<Point>,
}

/// A campaign at a moment. The counts are sums since its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Point {
    /// Milliseconds since the Unix epoch.
    at: i64,
    started: u64,
    throttled: u64,
    /// Requests a second that may leave; `None` while nothing runs.
    pace: Option<f64>,
    paused: bool,
    /// Waiting for the active chats quota.
    full: bool,
}

impl Default for History {
    fn default() -> Self {
        Self { step_ms: STEP_MS, points: Vec::new() }
    }
}

impl History {
    /// Takes note of how it stands, where the last note is old enough.
    pub(super) fn note(&mut self, campaign: &Overview) {
        let status = &campaign.status;
        let run = status.going_on();
        self.push(
            Point {
                at: status.now.millis(),
                started: status.summary.tally[State::Started],
                throttled: campaign.total.throttled,
                pace: run.and_then(|run| run.heartbeat).map(|pulse| pulse.rate),
                paused: status.paused.is_some(),
                full: status.quota_full_until.is_some(),
            },
            status.now,
        );
    }

    fn push(&mut self, point: Point, now: UnixMillis) {
        if self.points.last().is_some_and(|last| now.millis() - last.at < self.step_ms * 9 / 10) {
            return;
        }
        self.points.push(point);
        if self.points.len() > MOST {
            let mut keep = false;
            self.points.retain(|_| {
                keep = !keep;
                keep
            });
            self.step_ms *= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(at: i64) -> Point {
        Point { at, started: 0, throttled: 0, pace: None, paused: false, full: false }
    }

    #[test]
    fn a_week_is_no_more_points_than_an_hour() {
        let mut history = History::default();
        for second in 0..7 * 24 * 3600 {
            let at = second * 1_000;
            history.push(point(at), UnixMillis::from_millis(at));
            assert!(history.points.len() <= MOST);
        }
        assert_eq!(history.points[0].at, 0, "the beginning stays");
        let last = history.points.last().unwrap().at;
        assert!(last > (7 * 24 * 3600 - 2 * history.step_ms / 1_000) * 1_000, "and the end is there");
        assert!(history.points.len() >= MOST / 2);
    }
}
