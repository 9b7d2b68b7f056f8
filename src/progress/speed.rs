//! How fast a run is and what limits it, from looks at it in the last seconds. Pure. When it ends is the business of
//! `crate::domain::forecast`.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::view::View;
use crate::domain::delivery::summary::Bottleneck;
use crate::domain::figures::per_second;

/// What "now" means.
const NOW: Duration = Duration::from_secs(10);
/// What limits the run is what did for most of this time.
const LIMITED: Duration = Duration::from_secs(5);
/// Looks are so far apart.
const APART: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy)]
struct SpeedSample {
    at: Instant,
    requests: u64,
    limited: [Duration; Bottleneck::ALL.len()],
}

/// The looks: the first one, those of the last ten seconds, and the latest.
#[derive(Debug, Default)]
pub(super) struct Speed {
    first: Option<SpeedSample>,
    looks: VecDeque<SpeedSample>,
    latest: Option<SpeedSample>,
    fresh_since: Option<Instant>,
}

impl Speed {
    pub(super) fn look(&mut self, now: Instant, view: &View) {
        let Some(begun_at) = view.begun_at else { return };
        let none = SpeedSample { at: begun_at, requests: 0, limited: Default::default() };
        let first = *self.first.get_or_insert(none);
        if self.looks.is_empty() {
            self.looks.push_back(first);
        }
        let look = SpeedSample { at: now, requests: view.requests, limited: view.limited_until(now) };
        if view.fresh_since > self.fresh_since {
            self.fresh_since = view.fresh_since;
            self.looks.clear();
        }
        if self.looks.back().is_none_or(|last| now - last.at >= APART) {
            self.looks.push_back(look);
        }
        self.latest = Some(look);
        while self.looks.get(1).is_some_and(|look| now - look.at >= NOW) {
            self.looks.pop_front();
        }
    }

    /// The latest look, and the last one before it that is at least so old, or the first.
    fn between(&self, age: Duration) -> Option<(&SpeedSample, &SpeedSample)> {
        let latest = self.latest.as_ref()?;
        let old = self.looks.iter().rev().find(|look| latest.at - look.at >= age);
        Some((old.or(self.looks.front())?, latest))
    }

    /// Requests per second of the last ten.
    pub(super) fn now(&self) -> f64 {
        self.between(NOW).map_or(0.0, |(a, b)| per_second(b.requests.saturating_sub(a.requests), b.at - a.at))
    }

    /// Requests per second of the whole run.
    pub(super) fn average(&self) -> f64 {
        self.first.zip(self.latest).map_or(0.0, |(a, b)| per_second(b.requests, b.at - a.at))
    }

    /// How long the run has been going on.
    pub(super) fn elapsed(&self) -> Duration {
        self.first.zip(self.latest).map_or(Duration::ZERO, |(a, b)| b.at - a.at)
    }

    /// What kept the run from being faster for most of the last seconds.
    pub(super) fn limit(&self, view: &View) -> Option<Bottleneck> {
        let held = |limit: &Bottleneck| {
            let index = *limit as usize;
            self.between(LIMITED)
                .map_or(Duration::ZERO, |(a, b)| b.limited[index].saturating_sub(a.limited[index]))
        };
        let longest = Bottleneck::ALL.into_iter().max_by_key(held)?;
        if held(&longest) > Duration::ZERO { Some(longest) } else { view.gauges.limit }
    }
}

#[cfg(test)]
mod tests {
    use super::super::view::tests::sending;
    use super::*;
    use crate::engine::{Gauges, RunEvent};

    const SECOND: Duration = Duration::from_secs(1);

    /// A view with so many started, at a pace.
    fn at_pace(started: u64, begun: Instant, rate: f64) -> View {
        let mut view = sending(started, begun);
        view.on_event(&RunEvent::Gauges(Gauges { limit: Some(Bottleneck::Pace), rate, alive: None }), begun);
        view
    }

    #[tokio::test(start_paused = true)]
    async fn now_is_the_last_ten_seconds_and_looks_are_bounded() {
        let (begun, mut speed) = (Instant::now(), Speed::default());
        speed.look(begun, &View::default());
        assert_eq!((speed.now(), speed.average(), speed.elapsed()), (0.0, 0.0, Duration::ZERO));
        for tenth in 0..=4_000_u32 {
            // 1/s for 300 seconds, then 4/s.
            let started = if tenth <= 3_000 { tenth / 10 } else { 300 + 4 * (tenth - 3_000) / 10 };
            speed.look(begun + SECOND * tenth / 10, &at_pace(started.into(), begun, 4.0));
        }
        assert_eq!((speed.now(), speed.average()), (4.0, 1.75));
        assert!(speed.looks.len() <= 12, "{}", speed.looks.len());
    }

    /// Limits that alternate within a second do not flicker.
    #[tokio::test(start_paused = true)]
    async fn the_limit_is_what_held_for_most_of_the_last_seconds() {
        let (begun, mut speed) = (Instant::now(), Speed::default());
        let mut view = at_pace(10, begun, 2.0);
        assert_eq!(speed.limit(&view), Some(Bottleneck::Pace), "before the first look: what is");
        for tenth in 0..100_u32 {
            let limit = if tenth % 4 == 0 { Bottleneck::Journal } else { Bottleneck::Latency };
            let at = begun + SECOND * tenth / 10;
            view.on_event(&RunEvent::Gauges(Gauges { limit: Some(limit), rate: 2.0, alive: None }), at);
            speed.look(at, &view);
            if tenth > 60 {
                assert_eq!(speed.limit(&view), Some(Bottleneck::Latency), "{tenth}");
            }
        }
    }
}
