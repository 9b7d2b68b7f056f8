//! How fast a run is, from looks at it: the last seconds, the last minutes, and what that means for the end. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::About;
use super::view::View;
use crate::domain::delivery::summary::Bottleneck;
use crate::domain::figures::per_second;

/// What "now" means.
const NOW: Duration = Duration::from_secs(10);
/// What limits the run is what did for most of this time.
const LIMITED: Duration = Duration::from_secs(5);
/// The end is told from this much of the past...
const LATELY: Duration = Duration::from_secs(120);
/// ...and from looks that are so far apart.
const APART: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy)]
struct Look {
    at: Instant,
    started: u64,
    requests: u64,
    limited: [Duration; Bottleneck::ALL.len()],
}

/// The looks: the first one, those of the last two minutes, and the latest.
#[derive(Debug, Default)]
pub(super) struct Speed {
    first: Option<Look>,
    looks: VecDeque<Look>,
    latest: Option<Look>,
    fresh_since: Option<Instant>,
}

impl Speed {
    pub(super) fn look(&mut self, now: Instant, view: &View) {
        let Some(begun_at) = view.begun_at else { return };
        let none = Look { at: begun_at, started: 0, requests: 0, limited: Default::default() };
        let first = *self.first.get_or_insert(none);
        if self.looks.is_empty() {
            self.looks.push_back(first);
        }
        let look = Look {
            at: now,
            started: view.started,
            requests: view.requests,
            limited: view.limited_until(now),
        };
        if view.fresh_since > self.fresh_since {
            self.fresh_since = view.fresh_since;
            self.looks.clear();
        }
        if self.looks.back().is_none_or(|last| now - last.at >= APART) {
            self.looks.push_back(look);
        }
        self.latest = Some(look);
        while self.looks.get(1).is_some_and(|look| now - look.at >= LATELY) {
            self.looks.pop_front();
        }
    }

    /// The latest look, and the last one before it that is at least so old, or the first.
    fn between(&self, age: Duration) -> Option<(&Look, &Look)> {
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

    /// How long the rest takes: as fast as lately, but not faster than the pace allows in the long run, which a burst
    /// at the beginning does; and with contacts that live, not faster than they end.
    pub(super) fn time_left(&self, view: &View, about: &About) -> Option<Duration> {
        let (a, b) = if view.has_waited && view.fresh_since.is_none() {
            (self.first.as_ref()?, self.latest.as_ref()?)
        } else {
            self.between(LATELY)?
        };
        let mut speed = per_second(b.started.saturating_sub(a.started), b.at - a.at);
        if view.gauges.rate > 0.0 {
            speed = speed.min(view.gauges.rate);
        }
        if speed <= 0.0 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
        let left = view.tally.unsettled() as f64;
        let mut seconds = left / speed;
        if let (Some((most, life)), Some(alive)) = (about.active, view.gauges.alive) {
            let behind = (left + alive as f64 - most as f64).max(0.0);
            seconds = seconds.max(behind * life.as_secs_f64() / most.max(1) as f64);
        }
        Duration::try_from_secs_f64(seconds).ok()
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
        assert!(speed.looks.len() <= 122, "{}", speed.looks.len());
    }

    /// The burst of the first moment says nothing about the hours to come.
    #[tokio::test(start_paused = true)]
    async fn time_left_is_not_told_from_the_burst() {
        let (begun, mut speed) = (Instant::now(), Speed::default());
        let about = About::default();
        for second in 0..=10_u32 {
            let view = at_pace(100 + 2 * u64::from(second), begun, 2.0);
            speed.look(begun + SECOND * second, &view);
            if second > 0 {
                let exact = (1_000 - view.started) / 2;
                assert_eq!(speed.time_left(&view, &about), Some(Duration::from_secs(exact)), "{second}");
            }
        }
        // A pace that is not reached is not what counts.
        let view = at_pace(120, begun, 2_000.0);
        let left = speed.time_left(&view, &about).unwrap();
        assert!(left > Duration::from_secs(70) && left < Duration::from_secs(80), "{left:?}");
    }

    /// Two hundred alive of 500 that each live 100 s: 5/s in the long run, whatever the first minute was like.
    #[tokio::test(start_paused = true)]
    async fn contacts_that_live_have_to_end_first() {
        let (begun, mut speed) = (Instant::now(), Speed::default());
        let mut view = at_pace(200, begun, 100.0);
        speed.look(begun, &view);
        speed.look(begun + 2 * SECOND, &view);
        let mut about = About { active: Some((500, 100 * SECOND)), ..About::default() };
        view.gauges.alive = Some(200);
        assert_eq!(speed.time_left(&view, &about), Some(100 * SECOND), "800 more and 200, of which 500 fit");
        about.active = Some((5_000, 100 * SECOND));
        assert_eq!(speed.time_left(&view, &about), Some(8 * SECOND), "all fit");
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_started_has_no_end() {
        let (begun, mut speed) = (Instant::now(), Speed::default());
        let view = at_pace(0, begun, 2.0);
        assert_eq!(speed.time_left(&view, &About::default()), None);
        speed.look(begun + SECOND, &view);
        assert_eq!(speed.time_left(&view, &About::default()), None);
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
