//! A timeline as the rectangles, lines and labels of a drawing. The template writes them down as SVG.

use std::time::Duration;

use serde::Serialize;

use super::timeline::{RunSpan, Timeline, WIDTHS};
use super::wall_clock::WallClock;
use crate::domain::figures::{Grouped, Span};
use crate::journal::PauseKind;

const TOP: f64 = 10.0;
const BOTTOM: f64 = 44.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 8.0;
const GAP: f64 = 30.0;
/// Room for the label of a time.
const LABEL: f64 = 46.0;
const DAY: i64 = 86_400_000;

/// How large a drawing is, in units of its own, and its name in the page's style.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChartSize {
    pub(super) class: &'static str,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// For screens and paper.
pub(super) const WIDE: ChartSize = ChartSize { class: "wide", width: 860.0, height: 260.0 };
/// For phones.
pub(super) const NARROW: ChartSize = ChartSize { class: "narrow", width: 350.0, height: 230.0 };

#[derive(Debug, Serialize)]
pub(super) struct Chart {
    class: &'static str,
    width: f64,
    height: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    bars: Vec<Bar>,
    pauses: Vec<Pause>,
    lines: Vec<Line>,
    times: Vec<Time>,
    gaps: Vec<Gap>,
    asked: Option<Line>,
}

/// What happened in one step, on top of each other.
#[derive(Debug, Serialize)]
struct Bar {
    x: f64,
    width: f64,
    title: String,
    parts: Vec<ChartPart>,
}

#[derive(Debug, Serialize)]
struct ChartPart {
    class: &'static str,
    y: f64,
    height: f64,
}

#[derive(Debug, Serialize)]
struct Pause {
    class: &'static str,
    x: f64,
    width: f64,
    share: f64,
    title: String,
}

#[derive(Debug, Serialize)]
struct Line {
    y: f64,
    label: String,
}

#[derive(Debug, Serialize)]
struct Time {
    x: f64,
    label: String,
    date: String,
}

#[derive(Debug, Serialize)]
struct Gap {
    x: f64,
    title: String,
}

/// To two digits: more cannot be seen, and the page stays small.
fn near(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn float(count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    let float = count as f64;
    float
}

struct Frame<'t> {
    timeline: &'t Timeline,
    clock: &'t WallClock,
    size: ChartSize,
    /// Units per step.
    step: f64,
    /// Units per what is counted in a second or a minute.
    scale: f64,
    per: f64,
}

impl Frame<'_> {
    fn base(&self) -> f64 {
        self.size.height - BOTTOM
    }

    /// Where each session begins.
    fn sessions(&self) -> impl Iterator<Item = (f64, &RunSpan)> {
        let mut x = LEFT;
        self.timeline.sessions.iter().map(move |session| {
            let start = x;
            x += self.step * float(session.buckets.len() as u64) + GAP;
            (start, session)
        })
    }
}

/// Draws a timeline. `asked` is the pace that was asked for, per second.
pub(super) fn draw(
    (timeline, clock): (&Timeline, &WallClock),
    asked: Option<f64>,
    size: ChartSize,
) -> Option<Chart> {
    let steps = timeline.steps().count();
    if steps == 0 {
        return None;
    }
    let (per, unit) = timeline.per_unit();
    let gaps = float(timeline.sessions.len().saturating_sub(1) as u64) * GAP;
    let step = (size.width - LEFT - RIGHT - gaps) / float(steps as u64);
    let heights = timeline.sessions.iter().flat_map(|session| {
        session.buckets.iter().enumerate().map(|(index, bucket)| {
            let (from, to) = session.covered(index, timeline.width);
            float(bucket.height()) / (to - from)
        })
    });
    let highest = heights.fold(0.0, f64::max) * per;
    let asked = asked.map(|asked| if unit == "minute" { asked * 60.0 } else { asked });
    // A pace that is far from what was reached would flatten everything else.
    let asked = asked.filter(|asked| *asked <= highest * 2.0);
    let (top, tick) = axis(highest.max(asked.unwrap_or(0.0)));
    let scale = (size.height - TOP - BOTTOM) / top;
    let frame = Frame { timeline, clock, size, step, scale, per };
    let line = |value: f64| Line { y: near(frame.base() - value * scale), label: label(value) };
    let mut lines = Vec::new();
    let mut value = 0.0;
    while value <= top * 1.001 {
        lines.push(line(value));
        value += tick;
    }
    Some(Chart {
        class: size.class,
        width: size.width,
        height: size.height,
        left: LEFT,
        right: size.width - RIGHT,
        top: TOP,
        bottom: frame.base(),
        bars: bars(&frame),
        pauses: pauses(&frame),
        lines,
        times: times(&frame),
        gaps: gap_marks(&frame),
        asked: asked.map(line),
    })
}

fn bars(frame: &Frame<'_>) -> Vec<Bar> {
    let mut bars = Vec::new();
    // A hair between bars that are wide enough for one.
    let hair = if frame.step > 4.0 { 1.0 } else { 0.0 };
    for (start, session) in frame.sessions() {
        for (index, bucket) in session.buckets.iter().enumerate().filter(|(_, bucket)| bucket.height() > 0) {
            let mut base = frame.base();
            let (from, to) = session.covered(index, frame.timeline.width);
            let per = frame.per / (to - from);
            let mut parts = Vec::new();
            for (class, rows) in
                [("started", bucket.started), ("failed", bucket.failed), ("throttled", bucket.throttled)]
            {
                // One in a million is to be seen.
                let height = (float(rows) * per * frame.scale).max(if rows > 0 { 1.0 } else { 0.0 });
                if rows > 0 {
                    base -= height;
                    parts.push(ChartPart { class, y: near(base), height: near(height) });
                }
            }
            let at = session.start + frame.timeline.width * i64::try_from(index).unwrap_or(0);
            bars.push(Bar {
                x: near(start + frame.step * (float(index as u64) + from)),
                width: near((frame.step * (to - from) - hair).max(0.5)),
                title: format!(
                    "{} {}: {} started, {} failed, {} throttled",
                    frame.clock.show(at, "%b %-d %H:%M:%S"),
                    frame.clock.name(),
                    Grouped(bucket.started),
                    Grouped(bucket.failed),
                    Grouped(bucket.throttled)
                ),
                parts,
            });
        }
    }
    bars
}

/// Shaded from where a pause began to where it ended, within steps too.
fn pauses(frame: &Frame<'_>) -> Vec<Pause> {
    let width = frame.timeline.width;
    let drawn = frame.sessions().flat_map(|(start, session)| {
        session.pauses.iter().map(move |pause| {
            let (class, what, why) = match pause.kind {
                PauseKind::ActiveChats => ("paused", "paused", "active chats quota full"),
                PauseKind::Held => ("held", "paused", "until let go on"),
                PauseKind::Closed => ("closed", "closed", "hours, schedule or earlier contacts"),
            };
            let [from, to] = [pause.began, pause.ends].map(|moment| session.steps_to(moment, width));
            let all = float(u64::try_from(pause.ends - pause.began).unwrap_or(1));
            let paused = Duration::from_millis(pause.paused_ms);
            Pause {
                class,
                x: near(start + frame.step * from),
                width: near((frame.step * (to - from)).max(0.5)),
                share: near((float(pause.paused_ms) / all).clamp(0.15, 1.0)),
                title: format!(
                    "{} {}: {what} for {}: {why}",
                    frame.clock.show(pause.began, "%b %-d %H:%M:%S"),
                    frame.clock.name(),
                    Span(paused)
                ),
            }
        })
    });
    drawn.collect()
}

fn gap_marks(frame: &Frame<'_>) -> Vec<Gap> {
    let ends =
        frame.sessions().map(|(start, session)| start + frame.step * float(session.buckets.len() as u64));
    ends.zip(frame.timeline.gaps())
        .map(|(end, (_, length))| Gap {
            x: near(end + GAP / 2.0),
            title: format!("{} without a run, left out", Span(length)),
        })
        .collect()
}

/// Times under the axis: as many as have room, at places that people read off a clock.
fn times(frame: &Frame<'_>) -> Vec<Time> {
    let per_label = LABEL / frame.step;
    #[expect(clippy::cast_precision_loss, reason = "widths are far below 2^52")]
    let apart = WIDTHS
        .into_iter()
        .find(|width| *width as f64 / frame.timeline.width as f64 >= per_label)
        .unwrap_or(364 * DAY);
    let seconds = frame.timeline.width < 60_000 && apart < 60_000;
    let (form, room) = if seconds { ("%H:%M:%S", LABEL + 8.0) } else { ("%H:%M", LABEL) };
    let mut times: Vec<Time> = Vec::new();
    let mut day = i64::MIN;
    let mut free = f64::MIN;
    for (start, session) in frame.sessions() {
        for index in 0..session.buckets.len() {
            let at = session.start + frame.timeline.width * i64::try_from(index).unwrap_or(0);
            let x = start + frame.step * float(index as u64);
            let local = frame.clock.local(at);
            if (index > 0 && local.rem_euclid(apart) != 0) || x < free || x + room > frame.size.width {
                continue;
            }
            let same_day = local.div_euclid(DAY) == day;
            let date = if same_day { String::new() } else { frame.clock.show(at, "%b %-d") };
            day = local.div_euclid(DAY);
            free = x + room;
            times.push(Time { x: near(x), label: frame.clock.show(at, form), date });
        }
    }
    times
}

/// The end of an axis that has room for `highest`, and the step between its lines.
fn axis(highest: f64) -> (f64, f64) {
    let rough = (highest / 4.0).max(0.25);
    let power = 10_f64.powf(rough.log10().floor());
    let tick = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|step| step * power).find(|tick| *tick >= rough);
    let tick = tick.unwrap_or(10.0 * power);
    ((highest / tick).ceil().max(1.0) * tick, tick)
}

fn label(value: f64) -> String {
    if value.fract().abs() < 0.005 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates, and is not negative"
        )]
        let whole = value.round() as u64;
        Grouped(whole).to_string()
    } else {
        format!("{value:.2}").trim_end_matches('0').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::delivery::state::State;
    use crate::domain::unix_millis::UnixMillis;
    use crate::journal::PauseSpan;

    const MINUTE: i64 = 60_000;

    fn at(millis: i64) -> UnixMillis {
        UnixMillis::from_millis(millis)
    }

    /// From 10:05 to 15:16:40, in steps of an hour.
    fn drawn(contacts: &[i64], closed: &[(i64, i64)]) -> (Chart, f64) {
        let (began, end) = (605 * MINUTE, 916 * MINUTE + 40_000);
        let mut timeline = Timeline::new(&[(at(began), at(end))], 8);
        assert_eq!(timeline.width, 60 * MINUTE);
        for moment in contacts {
            timeline.settled(State::Started, at(*moment));
        }
        for (began, ends) in closed {
            let (began_at, ends_at) = (at(*began), at(*ends));
            timeline.paused(PauseSpan { began_at, ends_at, kind: PauseKind::Closed });
        }
        let chart = draw((&timeline, &WallClock::default()), None, WIDE).expect("it has steps");
        let step = (WIDE.width - LEFT - RIGHT) / 6.0;
        (chart, step)
    }

    #[test]
    fn what_was_closed_is_shaded_from_its_beginning_to_its_end() {
        // Up to 14:00 and the two milliseconds that waking took; and 6 minutes within an hour.
        let closed = [
            (735 * MINUTE, 840 * MINUTE + 2),
            (900 * MINUTE, 906 * MINUTE),
            (906 * MINUTE, 906 * MINUTE + 9),
        ];
        let (chart, step) = drawn(&[], &closed);
        let spans: Vec<(f64, f64)> =
            chart.pauses.iter().map(|pause| ((pause.x - LEFT) / step, pause.width / step)).collect();
        let expected = [(2.25, 1.75), (5.0, 0.1)];
        assert_eq!(spans.len(), expected.len(), "{:?}", chart.pauses);
        for (span, expected) in spans.iter().zip(expected) {
            assert!((span.0 - expected.0).abs() < 0.001 && (span.1 - expected.1).abs() < 0.001, "{spans:?}");
        }
        assert_eq!(
            chart.pauses[0].title,
            "Jan 1 12:15:00 UTC: closed for 1 h 45 min: hours, schedule or earlier contacts"
        );
    }

    #[test]
    fn a_bar_of_a_part_of_a_step_is_as_high_as_the_others_and_narrower() {
        // Every 100 s, the last one at the moment at which the run ends.
        let contacts: Vec<i64> = (0..=187).map(|count| 605 * MINUTE + count * 100_000).collect();
        let (chart, step) = drawn(&contacts, &[]);
        let height = |bar: &Bar| bar.parts.iter().map(|part| part.height).sum::<f64>();
        let full = height(&chart.bars[1]);
        for bar in &chart.bars {
            assert!((height(bar) / full - 1.0).abs() < 0.001, "{}: {} of {full}", bar.title, height(bar));
        }
        let [first, .., last] = chart.bars.as_slice() else { panic!("{:?}", chart.bars) };
        let ends = |bar: &Bar| (bar.x + bar.width + 1.0 - LEFT) / step;
        assert!(
            (first.x - LEFT - step * 5.0 / 60.0).abs() < 0.1 && (ends(first) - 1.0).abs() < 0.001,
            "{first:?}"
        );
        assert!((last.x - LEFT - step * 5.0).abs() < 0.1, "{last:?}");
        assert!((ends(last) - 5.0 - 1_100.0 / 3_600.0).abs() < 0.001, "{last:?}");
        // One contact in a second tells no pace: it is one in the step.
        let (chart, _) = drawn(&[720 * MINUTE, 916 * MINUTE + 40_000], &[]);
        assert!((height(&chart.bars[0]) - height(&chart.bars[1])).abs() < 0.001, "{:?}", chart.bars);
    }

    #[test]
    fn the_axis_has_room_and_round_lines() {
        for (highest, expected) in [
            (0.0, (0.25, 0.25)),
            (1.0, (1.0, 0.25)),
            (7.0, (8.0, 2.0)),
            (118.0, (150.0, 50.0)),
            (5_001.0, (6_000.0, 2_000.0)),
        ] {
            assert_eq!(axis(highest), expected, "{highest}");
        }
        assert_eq!((label(1_500.0), label(2.5), label(0.25)), ("1,500".into(), "2.5".into(), "0.25".into()));
    }
}
