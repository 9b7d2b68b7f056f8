//! The picture of a run: notices folded into numbers, and numbers into words. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::figures::{Grouped, PerSecond, Span, per_second, time_left};
use crate::domain::refusal::RefusalKind;
use crate::domain::stamp::Stamp;
use crate::domain::state::State;
use crate::domain::tally::Tally;
use crate::engine::Notice;

/// What is known of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct View {
    tally: Tally,
    /// Contacts started in this run.
    started: u64,
    throttled: u64,
    in_flight: usize,
    phase: Phase,
    /// A person has paused the campaign, then.
    held: Option<Stamp>,
    begun_at: Option<Instant>,
    /// Problems that there was no room to show.
    pub(super) unshown: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Sending,
    Paused,
    Draining,
}

impl View {
    pub(super) fn see(&mut self, notice: &Notice, now: Instant) {
        match notice {
            Notice::Began(tally) => {
                self.tally = *tally;
                self.begun_at = Some(now);
                self.phase = Phase::Sending;
            }
            Notice::Planned(rows) => self.tally[State::Queued] += rows,
            Notice::Requested { in_flight, .. } => self.in_flight = *in_flight,
            Notice::Moved { from, to, .. } => {
                self.tally[*from] = self.tally[*from].saturating_sub(1);
                self.tally[*to] += 1;
                if *to == State::Started {
                    self.started += 1;
                    self.in_flight = self.in_flight.saturating_sub(1);
                }
            }
            Notice::Refused(refused) => {
                self.in_flight = self.in_flight.saturating_sub(1);
                self.throttled += u64::from(refused.kind == RefusalKind::Throttled);
            }
            // Nothing takes a run back that is about to end.
            Notice::Paused(_) | Notice::Resumed if self.phase == Phase::Draining => {}
            Notice::Paused(_) => self.phase = Phase::Paused,
            Notice::Resumed => self.phase = Phase::Sending,
            Notice::Held(since) => self.held = Some(*since),
            Notice::Released => self.held = None,
            Notice::Repaced { .. } => {}
            Notice::Draining { in_flight } => {
                self.in_flight = *in_flight;
                self.phase = Phase::Draining;
            }
        }
    }

    /// Whether there is anything to show yet.
    pub(super) fn has_begun(&self) -> bool {
        self.begun_at.is_some()
    }

    /// Rows that have their outcome.
    pub(super) fn done(&self) -> u64 {
        self.total() - self.tally.unsettled()
    }

    /// Rows that get or got one.
    pub(super) fn total(&self) -> u64 {
        self.tally.eligible()
    }

    /// `4,600 of 10,000`.
    pub(super) fn share(&self) -> String {
        format!("{} of {}", Grouped(self.done()), Grouped(self.total()))
    }

    /// Everything else that matters, what matters most first: narrow terminals cut the end off.
    pub(super) fn details(&self, pace: &Pace) -> String {
        let mut parts = Vec::with_capacity(8);
        match self.phase {
            Phase::Sending | Phase::Paused if self.held.is_some() => {
                let since = self.held.map_or_else(String::new, |since| format!(" since {since}"));
                parts.push(format!("paused by a person{since}: `campaign go` goes on"));
            }
            Phase::Paused => parts.push("paused, the active chats quota is full".to_owned()),
            Phase::Draining => parts.push("stopping, waiting for answers (again to stop at once)".to_owned()),
            Phase::Sending => {}
        }
        parts.push(format!("{} now, {} on average", PerSecond(pace.now()), PerSecond(pace.average())));
        if let Some(left) = pace.time_left(self.tally.unsettled())
            && self.phase != Phase::Draining
            && self.held.is_none()
        {
            parts.push(format!("{} left", Span(left)));
        }
        parts.push(format!("{} in flight", self.in_flight));
        for (count, word) in [
            (self.throttled, "throttled"),
            (self.tally[State::Failed], "failed"),
            (self.tally[State::Uncertain], "uncertain"),
        ] {
            if count > 0 {
                parts.push(format!("{} {word}", Grouped(count)));
            }
        }
        parts.join(", ")
    }
}

/// How fast contacts are started.
#[derive(Debug, Default)]
pub(super) struct Pace {
    begun: Option<(Instant, u64)>,
    /// Looks of the last [`WINDOW`], and one before it.
    looks: VecDeque<(Instant, u64)>,
}

/// What "now" means.
const WINDOW: Duration = Duration::from_secs(10);
/// Looks kept, at most.
const LOOKS: usize = 128;

impl Pace {
    pub(super) fn look(&mut self, now: Instant, view: &View) {
        let Some(begun_at) = view.begun_at else { return };
        if self.begun.is_none() {
            self.begun = Some((begun_at, 0));
            self.looks.push_back((begun_at, 0));
        }
        self.looks.push_back((now, view.started));
        let is_old = |look: &(Instant, u64)| now - look.0 >= WINDOW;
        while self.looks.len() > LOOKS || self.looks.get(1).is_some_and(is_old) {
            self.looks.pop_front();
        }
    }

    fn now(&self) -> f64 {
        Self::between(self.looks.front(), self.looks.back()).map_or(0.0, |(n, t)| per_second(n, t))
    }

    fn average(&self) -> f64 {
        Self::between(self.begun.as_ref(), self.looks.back()).map_or(0.0, |(n, t)| per_second(n, t))
    }

    fn time_left(&self, rows: u64) -> Option<Duration> {
        let (started, elapsed) = Self::between(self.begun.as_ref(), self.looks.back())?;
        time_left(rows, started, elapsed)
    }

    fn between(a: Option<&(Instant, u64)>, b: Option<&(Instant, u64)>) -> Option<(u64, Duration)> {
        let (a, b) = (a?, b?);
        Some((b.1.saturating_sub(a.1), b.0 - a.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(from: State, to: State) -> Notice {
        Notice::Moved { line: Some(2), from, to }
    }

    fn sending(started: u64, begun: Instant) -> View {
        let mut view = View::default();
        let mut tally = Tally::default();
        tally[State::Queued] = 1_000;
        tally[State::Rejected] = 7;
        view.see(&Notice::Began(tally), begun);
        for _ in 0..started {
            view.see(&moved(State::Queued, State::Attempting), begun);
            view.see(&Notice::Requested { again: false, in_flight: 1 }, begun);
            view.see(&moved(State::Attempting, State::Started), begun);
        }
        view
    }

    #[tokio::test(start_paused = true)]
    async fn rows_that_are_never_sent_to_are_not_in_the_share() {
        let begun = Instant::now();
        assert_eq!(sending(250, begun).share(), "250 of 1,000");
        assert_eq!(sending(250, begun).in_flight, 0);
        assert_eq!(View::default().share(), "0 of 0");
    }

    #[tokio::test(start_paused = true)]
    async fn now_is_the_last_ten_seconds_and_the_average_is_all_of_it() {
        let (begun, mut pace) = (Instant::now(), Pace::default());
        pace.look(begun, &View::default());
        for second in 0..=100_u32 {
            // 5/s for 90 seconds, then 20/s.
            let started = if second <= 90 { 5 * second } else { 450 + 20 * (second - 90) };
            pace.look(begun + Duration::from_secs(second.into()), &sending(started.into(), begun));
        }
        let mut view = sending(650, begun);
        insta::assert_snapshot!(view.details(&pace), @"20/s now, 6.5/s on average, 53 s left, 0 in flight");
        view.see(&Notice::Paused(Duration::from_secs(4)), begun);
        view.tally[State::Failed] = 1_234;
        view.throttled = 2;
        insta::assert_snapshot!(view.details(&pace), @"paused, the active chats quota is full, 20/s now, 6.5/s on average, 53 s left, 0 in flight, 2 throttled, 1,234 failed");
        view.see(&Notice::Held(Stamp::from_millis(0)), begun);
        insta::assert_snapshot!(view.details(&pace), @"paused by a person since 1970-01-01T00:00:00.000Z: `campaign go` goes on, 20/s now, 6.5/s on average, 0 in flight, 2 throttled, 1,234 failed");
        view.see(&Notice::Draining { in_flight: 3 }, begun);
        view.see(&Notice::Resumed, begun);
        insta::assert_snapshot!(view.details(&pace), @"stopping, waiting for answers (again to stop at once), 20/s now, 6.5/s on average, 3 in flight, 2 throttled, 1,234 failed");
        assert!(pace.looks.len() <= 12, "bounded: {}", pace.looks.len());
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_started_has_no_end() {
        let (begun, mut pace) = (Instant::now(), Pace::default());
        pace.look(begun, &sending(0, begun));
        insta::assert_snapshot!(sending(0, begun).details(&pace), @"0/s now, 0/s on average, 0 in flight");
    }
}
