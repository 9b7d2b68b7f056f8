//! What happened when, in so few steps that a chart can be read: their width follows from how long the runs took, and
//! long times without a run are left out. Constant memory.

use std::time::Duration;

use crate::domain::delivery::state::State;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{PauseKind, PauseSpan};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Widths of steps, in milliseconds: all of them divide what people read off a clock.
pub(super) const WIDTHS: [i64; 22] = [
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    28 * DAY,
    364 * DAY,
];

/// Times without a run that are left out, at most.
const MOST_GAPS: usize = 7;
/// A run that was killed gave its last sign of life up to 20 s before that.
const UNSEEN: i64 = 30 * SECOND;

/// The counts of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct TimelineStep {
    pub(super) started: u64,
    pub(super) failed: u64,
    pub(super) throttled: u64,
    pub(super) paused_ms: u64,
    /// Of a pause that a person or a gate began.
    pub(super) held_ms: u64,
    /// While everything that was left was closed.
    pub(super) closed_ms: u64,
}

impl TimelineStep {
    /// The stacked counts.
    pub(super) fn height(&self) -> u64 {
        self.started + self.failed + self.throttled
    }
}

/// Pauses that are less than this part of a step apart are drawn as one.
const APART: i64 = 20;

/// A time in which nothing was sent, as it is drawn: pauses with hardly anything between them are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DrawnPause {
    pub(super) kind: PauseKind,
    pub(super) began: i64,
    pub(super) ends: i64,
    /// Without what is between the pauses that are drawn as one.
    pub(super) paused_ms: u64,
}

/// A step is drawn as if it had lasted at least this part of its width: the last second of a run is too short for a rate.
const LEAST: f64 = 0.25;

/// A time with runs, and none of the long times without any.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RunSpan {
    /// Where its first step begins: a multiple of the width.
    pub(super) start: i64,
    pub(super) buckets: Vec<TimelineStep>,
    /// When its first run began, and its last one ended.
    began: i64,
    pub(super) end: i64,
    /// By their beginnings within a kind. Their number is bounded by the steps.
    pub(super) pauses: Vec<DrawnPause>,
}

impl RunSpan {
    /// The part of a step that its bar covers, from and to, each from 0 to 1. The first and the last step have runs only in a
    /// part of them, and what happened then is drawn over that part, so that the height of a bar is a pace and its area a
    /// count.
    pub(super) fn covered(&self, index: usize, width: i64) -> (f64, f64) {
        let start = self.start + width * i64::try_from(index).unwrap_or(0);
        let (from, to) = (start.max(self.began), (start + width).min(self.end));
        #[expect(clippy::cast_precision_loss, reason = "times are far below 2^52")]
        let part = |millis: i64| (millis as f64 / width as f64).clamp(0.0, 1.0);
        let mut covered = part(to - from);
        if self.end < start + width {
            // Each of them takes an interval of the pace, and the run ended at the beginning of the last one's. One alone
            // tells no pace.
            let count = self.buckets.get(index).map_or(0, TimelineStep::height);
            #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
            let intervals = count as f64 / count.saturating_sub(1) as f64;
            covered = if count > 1 { (covered * intervals).min(1.0) } else { 1.0 };
        }
        let covered = covered.max(LEAST);
        let from = part(from - start).min(1.0 - covered);
        (from, from + covered)
    }

    /// Where a moment is, in steps from the beginning.
    pub(super) fn steps_to(&self, moment: i64, width: i64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "times are far below 2^52")]
        let steps = (moment - self.start) as f64 / width as f64;
        steps
    }

    fn pause(&mut self, kind: PauseKind, (began, ends): (i64, i64), width: i64) {
        let (began, ends) = (began.max(self.began), ends.min(self.end));
        let Ok(paused_ms @ 1..) = u64::try_from(ends - began) else { return };
        match self.pauses.iter_mut().rev().find(|pause| pause.kind == kind) {
            Some(last) if began >= last.began && began - last.ends < width / APART => {
                last.paused_ms += u64::try_from(ends - began.max(last.ends)).unwrap_or(0);
                last.ends = last.ends.max(ends);
            }
            _ => self.pauses.push(DrawnPause { kind, began, ends, paused_ms }),
        }
    }
}

/// All sessions of a campaign, in steps of one width.
#[derive(Debug)]
pub(super) struct Timeline {
    pub(super) width: i64,
    pub(super) sessions: Vec<RunSpan>,
    /// Rows that were started, and failed, while nothing ran: a person decided so.
    pub(super) outside: TimelineStep,
}

impl Timeline {
    /// The empty timeline of runs that began and ended at these times, in at most so many steps.
    pub(super) fn new(runs: &[(UnixMillis, UnixMillis)], most: usize) -> Self {
        let spans = sessions(runs);
        let drawn: i64 = spans.iter().map(|(start, end)| end - start).sum();
        let most = i64::try_from(most).unwrap_or(i64::MAX).max(1);
        let fits = |width: &&i64| {
            // Each session may begin and end within a step.
            drawn / **width + 2 * i64::try_from(spans.len()).unwrap_or(0) <= most
        };
        let width = *WIDTHS.iter().find(fits).unwrap_or(&(364 * DAY));
        let sessions = spans
            .into_iter()
            .map(|(start, end)| {
                let aligned = start.div_euclid(width) * width;
                let steps = usize::try_from((end - aligned) / width + 1).unwrap_or(1).min(4_096);
                let buckets = vec![TimelineStep::default(); steps];
                RunSpan { start: aligned, buckets, began: start, end, pauses: Vec::new() }
            })
            .collect();
        Self { width, sessions, outside: TimelineStep::default() }
    }

    /// Takes note of a row's outcome.
    pub(super) fn settled(&mut self, state: State, at: UnixMillis) {
        let bucket = self.bucket(at);
        match state {
            State::Started => bucket.started += 1,
            State::Failed => bucket.failed += 1,
            _ => {}
        }
    }

    /// Takes note of throttled requests.
    pub(super) fn throttled(&mut self, at: UnixMillis, requests: u64) {
        self.bucket(at).throttled += requests;
    }

    /// Takes note of a time in which nothing was sent.
    pub(super) fn paused(&mut self, pause: PauseSpan) {
        let (began, ends) = (pause.began_at.millis(), pause.ends_at.millis());
        for session in &mut self.sessions {
            session.pause(pause.kind, (began, ends), self.width);
            for (index, bucket) in session.buckets.iter_mut().enumerate() {
                let start = session.start + self.width * i64::try_from(index).unwrap_or(0);
                let paused = ends.min(start + self.width) - began.max(start);
                let paused = u64::try_from(paused).unwrap_or(0);
                match pause.kind {
                    PauseKind::ActiveChats => bucket.paused_ms += paused,
                    PauseKind::Held => bucket.held_ms += paused,
                    PauseKind::Closed => bucket.closed_ms += paused,
                }
            }
        }
    }

    fn bucket(&mut self, at: UnixMillis) -> &mut TimelineStep {
        let at = at.millis();
        let next = self.sessions.partition_point(|session| session.start <= at);
        let Some(session) = next.checked_sub(1).and_then(|index| self.sessions.get_mut(index)) else {
            return &mut self.outside;
        };
        if at > session.end + UNSEEN {
            return &mut self.outside;
        }
        let last = session.buckets.len().saturating_sub(1);
        let index = usize::try_from((at - session.start) / self.width).unwrap_or(0).min(last);
        session.buckets.get_mut(index).unwrap_or(&mut self.outside)
    }

    /// All steps: when they begin, and what happened.
    pub(super) fn steps(&self) -> impl Iterator<Item = (i64, &TimelineStep)> {
        self.sessions.iter().flat_map(|session| {
            session.buckets.iter().enumerate().map(|(index, bucket)| {
                (session.start + self.width * i64::try_from(index).unwrap_or(0), bucket)
            })
        })
    }

    /// The times that are left out: when they begin, and how long they are.
    pub(super) fn gaps(&self) -> impl Iterator<Item = (i64, Duration)> {
        self.sessions.windows(2).map(|pair| {
            (pair[0].end, Duration::from_millis(u64::try_from(pair[1].start - pair[0].end).unwrap_or(0)))
        })
    }

    /// What a count in a step is per second, or per minute where steps are that long; and which of both.
    pub(super) fn per_unit(&self) -> (f64, &'static str) {
        let (unit, word) = if self.width < MINUTE { (SECOND, "second") } else { (MINUTE, "minute") };
        #[expect(clippy::cast_precision_loss, reason = "widths are far below 2^52")]
        let per = unit as f64 / self.width as f64;
        (per, word)
    }
}

/// The times with runs, those put together between which is no long time without any.
fn sessions(runs: &[(UnixMillis, UnixMillis)]) -> Vec<(i64, i64)> {
    let mut spans: Vec<(i64, i64)> =
        runs.iter().map(|(start, end)| (start.millis(), end.max(start).millis())).collect();
    spans.sort_unstable();
    let mut merged: Vec<(i64, i64)> = Vec::new();
    for (start, end) in spans {
        match merged.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    let active: i64 = merged.iter().map(|(start, end)| end - start).sum();
    let shortest = (active / 10).max(MINUTE);
    let mut gaps: Vec<i64> = merged.windows(2).map(|pair| pair[1].0 - pair[0].1).collect();
    gaps.retain(|gap| *gap > shortest);
    gaps.sort_unstable_by(|a, b| b.cmp(a));
    // With more long gaps than can be told, the shorter of them are drawn as what they are: nothing.
    let shortest = gaps.get(MOST_GAPS).copied().unwrap_or(shortest);
    merged.dedup_by(|next, last| {
        let together = next.0 - last.1 <= shortest;
        if together {
            last.1 = last.1.max(next.1);
        }
        together
    });
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(start: i64, end: i64) -> (UnixMillis, UnixMillis) {
        (at(start), at(end))
    }

    fn at(millis: i64) -> UnixMillis {
        UnixMillis::from_millis(millis)
    }

    #[test]
    fn the_width_follows_the_length() {
        for (length, width) in [(5 * SECOND, SECOND), (HOUR, MINUTE), (3 * DAY, HOUR), (300 * DAY, 7 * DAY)] {
            let timeline = Timeline::new(&[run(0, length)], 120);
            assert_eq!(timeline.width, width, "{length}");
            assert!(timeline.steps().count() <= 120);
        }
    }

    #[test]
    fn everything_is_in_one_step_or_outside() {
        let start = 1_772_357_412_345;
        let runs = [run(start + 9 * DAY, start + 9 * DAY + HOUR), run(start, start + HOUR)];
        let mut timeline = Timeline::new(&runs, 100);
        assert_eq!(timeline.sessions.len(), 2);
        for offset in [0, 1, HOUR - 1, HOUR, HOUR + UNSEEN, HOUR + UNSEEN + 1, DAY, 9 * DAY, 9 * DAY + HOUR] {
            timeline.settled(State::Started, at(start + offset));
        }
        timeline.settled(State::Failed, at(start - DAY));
        timeline.throttled(at(start + 5), 3);
        let sum = |of: fn(&TimelineStep) -> u64| timeline.steps().map(|(_, bucket)| of(bucket)).sum::<u64>();
        assert_eq!((sum(|b| b.started), sum(|b| b.failed), sum(|b| b.throttled)), (7, 0, 3));
        assert_eq!((timeline.outside.started, timeline.outside.failed), (2, 1));
        assert!(timeline.steps().all(|(step, _)| step % timeline.width == 0));
    }

    #[test]
    fn a_pause_covers_the_steps_that_it_touches() {
        let mut timeline = Timeline::new(&[run(0, 100 * SECOND)], 120);
        for (kind, began_at, ends_at) in [
            (PauseKind::ActiveChats, 1_500, 3_250),
            (PauseKind::Held, 2_000, 2_600),
            (PauseKind::Closed, 900, 2_100),
        ] {
            timeline.paused(PauseSpan { began_at: at(began_at), ends_at: at(ends_at), kind });
        }
        let paused = |of: fn(&TimelineStep) -> u64| -> Vec<u64> {
            timeline.steps().take(5).map(|(_, bucket)| of(bucket)).collect()
        };
        assert_eq!(paused(|bucket| bucket.paused_ms), [0, 500, 1_000, 250, 0]);
        assert_eq!(paused(|bucket| bucket.held_ms), [0, 0, 600, 0, 0]);
        assert_eq!(paused(|bucket| bucket.closed_ms), [100, 1_000, 100, 0, 0]);
    }

    #[test]
    fn short_gaps_stay_and_only_so_many_long_ones_are_left_out() {
        let short = Timeline::new(&[run(0, HOUR), run(HOUR + MINUTE, 2 * HOUR)], 120);
        assert_eq!(short.sessions.len(), 1);
        let daily: Vec<(UnixMillis, UnixMillis)> =
            (0..30).map(|day| run(day * DAY, day * DAY + HOUR + day)).collect();
        let timeline = Timeline::new(&daily, 120);
        assert!(timeline.sessions.len() <= MOST_GAPS + 1, "{}", timeline.sessions.len());
        assert_eq!(timeline.gaps().count(), timeline.sessions.len() - 1);
        assert!(Timeline::new(&[], 120).sessions.is_empty());
    }
}
