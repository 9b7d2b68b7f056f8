//! The picture of a run in words: for the live view, and for the lines that come off a terminal. Pure.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use std::time::Duration;

use tokio::time::Instant;

use super::About;
use super::fit::{Part, Tone};
use super::senders;
use super::speed::Speed;
use super::view::{Phase, View};
use super::wall::Wall;
use crate::domain::account::opt_outs::OptOutState;
use crate::domain::delivery::state::State;
use crate::domain::delivery::summary::Bottleneck;
use crate::domain::figures::{Grouped, PerSecond, Span, counted};
use crate::domain::foreign::shown;
use crate::domain::unix_millis::UnixMillis;
use crate::engine::FirstOpening;

/// A slower pace than asked is worth a word from this share on.
const SLOWER: f64 = 0.99;

/// All that the words are made of.
pub(super) struct Scene<'a> {
    pub(super) view: &'a View,
    pub(super) speed: &'a Speed,
    pub(super) about: &'a About,
    pub(super) wall: &'a Wall,
    pub(super) now: Instant,
}

impl Scene<'_> {
    /// The time of day that the clocks of the first of these zones show then; with the day, where that is not today's there.
    fn clock_there(&self, zones: &str, at: UnixMillis) -> String {
        let zone = zones.split(' ').next().and_then(|zone| TimeZone::get(zone).ok());
        let there = |at: UnixMillis, zone: &TimeZone| {
            Timestamp::from_millisecond(at.millis()).unwrap_or_default().to_zoned(zone.clone())
        };
        zone.map_or_else(String::new, |zone| {
            let (now, at) = (there(self.wall.now(), &zone), there(at, &zone));
            let days = at.date().duration_since(now.date()).as_hours() / 24;
            let form = match days {
                0 => "%H:%M",
                1..7 => "%a %H:%M",
                _ => "%Y-%m-%d %H:%M",
            };
            at.strftime(form).to_string()
        })
    }

    /// What the run is at, where that is not sending.
    #[expect(clippy::too_many_lines, reason = "one list of what a run may be at")]
    pub(super) fn phase(&self) -> Vec<Part> {
        let mut words = Vec::with_capacity(3);
        match &self.view.phase {
            Phase::Sending | Phase::Full(..) | Phase::Closed(..) if self.view.held.is_some() => {
                let since = self.view.held.map_or_else(String::new, |since| self.wall.at(since));
                words.push(match &self.view.held_for {
                    Some(why) => format!("paused since {since} by {why}"),
                    None => format!("paused by a person since {since}"),
                });
                words.push("`campaign go` goes on".to_owned());
            }
            Phase::Sending | Phase::Full(..) if self.view.waits_for_opt_outs() => {
                words.extend(self.opt_outs());
            }
            Phase::Sending => {}
            Phase::Full(since, until) => {
                let since = self.wall.at(self.wall.now().minus(self.now.saturating_duration_since(*since)));
                words.push(format!("paused since {since}: the active chats quota is full"));
                let left = until.saturating_duration_since(self.now);
                let next = if left.is_zero() {
                    "trying now".to_owned()
                } else {
                    format!("next try in {}", whole(left))
                };
                words.push(next);
            }
            Phase::Closed(rows, until, first) => {
                let left = whole(until.since(self.wall.now()));
                let at = self.wall.at(*until);
                words.push(match first {
                    FirstOpening::Hours(_) | FirstOpening::None => {
                        format!("closed: {}", counted(*rows, "row", "rows"))
                    }
                    FirstOpening::EarlierContacts => {
                        format!("{} for earlier contacts", counted(*rows, "row waits", "rows wait"))
                    }
                    FirstOpening::SenderDay(_) => {
                        format!("{} for a sender's next day", counted(*rows, "row waits", "rows wait"))
                    }
                });
                words.push(match first {
                    FirstOpening::Hours(Some((zones, rows @ 1..))) => {
                        let clock = self.clock_there(zones, *until);
                        format!("{rows} in {zones} open at {clock}, in {left}")
                    }
                    FirstOpening::Hours(Some((zones, 0))) => {
                        format!("{zones} opens at {}, in {left}", self.clock_there(zones, *until))
                    }
                    FirstOpening::Hours(None) => format!("the first open at {at}, in {left}"),
                    FirstOpening::EarlierContacts => format!("the first may start at {at}, in {left}"),
                    FirstOpening::SenderDay(name) => format!("{name} goes on at {at}, in {left}"),
                    FirstOpening::None => {
                        format!("none opens before the end at {at}, in {left}: then they expire")
                    }
                });
            }
            Phase::Stopping(reason) => {
                words.push(format!("stopping: {reason}"));
                if self.view.in_flight > 0 {
                    words.push(format!(
                        "waiting for {}",
                        counted(self.view.in_flight as u64, "answer", "answers")
                    ));
                    match &**reason {
                        "interrupted" => words.push("Ctrl-C again stops at once".to_owned()),
                        "terminated" => words.push("SIGTERM again stops at once".to_owned()),
                        _ => {}
                    }
                }
            }
        }
        if self.view.opt_outs.is_some() && words.is_empty() {
            words.extend(self.opt_outs());
        }
        words.into_iter().map(|words| Part::new(words, Tone::Notable)).collect()
    }

    /// How the copy of the account's opt-outs stands, where that is worth a word.
    pub(super) fn opt_outs(&self) -> Option<String> {
        match self.view.opt_outs.as_ref()? {
            OptOutState::NotRead(why) => {
                why.as_ref().map(|why| format!("the account's opt-outs are not known: {why}"))
            }
            OptOutState::Reading { numbers } => Some(format!(
                "reading the account's opt-outs, {} so far",
                counted(*numbers, "number", "numbers")
            )),
            OptOutState::Stale { read_at, holds } => {
                let age = Span(self.wall.now().since(*read_at));
                let waits = if *holds { ", waiting for them" } else { "" };
                Some(format!("the account's opt-outs were last read {age} ago{waits}"))
            }
            OptOutState::Current | OptOutState::Refused(_) => None,
        }
    }

    /// How fast, why not faster, and how long.
    pub(super) fn pace(&self) -> Vec<Part> {
        let mut parts = vec![Part::from(self.rate())];
        if self.view.phase == Phase::Sending
            && !self.view.is_waiting()
            && let Some(limit) = self.speed.limit(self.view)
        {
            parts.extend(self.limit(limit));
        }
        if !matches!(self.view.phase, Phase::Stopping(_))
            && !self.view.is_waiting()
            && let Some(left) = self.time_left()
        {
            parts.push(format!("{} left", whole(left)).into());
            parts.push(format!("ends {}", self.wall.at(self.wall.now().plus(left))).into());
        }
        parts
    }

    /// What is out, and what went wrong.
    pub(super) fn counts(&self) -> Vec<Part> {
        let mut parts = vec![Part::from(format!("{} in flight", self.view.in_flight))];
        if let Some(alive) = self.view.gauges.alive {
            let of = self.about.active.map_or_else(String::new, |(most, _)| format!(" of {}", Grouped(most)));
            parts.push(format!("{}{of} active chats", Grouped(alive as u64)).into());
        }
        for (count, word, tone) in [
            (self.view.throttled, "throttled", Tone::Notable),
            (self.view.tally[State::Failed], "failed", Tone::Bad),
            (self.view.tally[State::Uncertain], "uncertain", Tone::Bad),
        ] {
            if count > 0 {
                parts.push(Part::new(format!("{} {word}", Grouped(count)), tone));
            }
        }
        parts.extend(self.view.deliveries().map(|told| Part::from(told.to_string())));
        if !self.view.halted.is_empty() {
            parts.push(Part::new(format!("halted: {}", self.view.halted.join(", ")), Tone::Bad));
        }
        parts
    }

    /// The sender whose pace a person has changed.
    pub(super) fn sender_repaced(&self) -> Option<String> {
        let (name, rate) = self.view.sender_repaced.as_ref()?;
        let name = shown(name);
        Some(match rate {
            Some(rate) => format!("a person has changed the pace of {name} to {} parts", PerSecond(*rate)),
            None => format!("a person has changed the pace of {name} to that of the account"),
        })
    }

    /// A line for each sender, where they are several: those that halted, and then those that take longest.
    pub(super) fn senders(&self, most: usize) -> Vec<Part> {
        senders::in_view(&self.view.senders, most, self.wall.now(), |at| self.wall.at(at))
    }

    /// How long the rest takes, where that can be told.
    pub(super) fn time_left(&self) -> Option<Duration> {
        self.view.time_left(self.wall.now())
    }

    /// Requests per second as asked, by now.
    pub(super) fn asked(&self) -> Option<f64> {
        self.view.repaced.unwrap_or(self.about.asked_rate)
    }

    fn rate(&self) -> String {
        let now = self.speed.now();
        match self.asked() {
            // What is above the limit is a burst.
            Some(limit) => format!("{} (limit {})", PerSecond(now.min(limit)), PerSecond(limit)),
            None if self.view.gauges.rate > 0.0 => {
                format!("{} (found {})", PerSecond(now), PerSecond(self.view.gauges.rate))
            }
            None => PerSecond(now).to_string(),
        }
    }

    /// What slows the run, besides the limit that was set.
    fn limit(&self, limit: Bottleneck) -> Option<Part> {
        let rate = self.view.gauges.rate;
        let throttled = self.asked().is_some_and(|asked| rate > 0.0 && rate < asked * SLOWER);
        let words = match limit {
            Bottleneck::Pace if throttled => format!("throttled to {}", PerSecond(rate)),
            Bottleneck::Pace => return None,
            limit => format!("limited by the {}", limit.name()),
        };
        Some(Part::new(words, Tone::Notable))
    }
}

/// A time that is counted down: in whole seconds, not to flicker.
fn whole(time: Duration) -> String {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    if seconds < 60 { format!("{seconds} s") } else { Span(Duration::from_secs(seconds)).to_string() }
}

#[cfg(test)]
mod tests {
    use super::super::fit;
    use super::super::view::tests::sending;
    use super::super::wall::tests::wall;
    use super::*;
    use crate::domain::delivery::ending::{Ending, Signal};
    use crate::domain::delivery::refusal::{Refusal, RefusalKind};
    use crate::domain::forecast::{Heartbeat, Milestone};
    use crate::domain::unix_millis::UnixMillis;
    use crate::engine::{Gauges, RunEvent};

    /// Everything at once, at some widths.
    fn shown(view: &View, speed: &Speed, about: &About, columns: usize) -> String {
        let wall = wall();
        let scene = Scene { view, speed, about, wall: &wall, now: Instant::now() };
        let mut lines = vec![scene.view.share()];
        lines.extend(fit::lines(&scene.phase(), columns, false));
        lines.extend(fit::lines(&scene.pace(), columns, false));
        lines.extend(fit::lines(&scene.counts(), columns, false));
        lines.join("\n")
    }

    fn after_two_minutes(started: u64) -> (View, Speed) {
        let begun = Instant::now();
        let (mut view, mut speed) = (sending(started, begun), Speed::default());
        let gauges = Gauges { limit: Some(Bottleneck::Pace), rate: 2.0, alive: None };
        speed.look(begun, &sending(0, begun));
        view.on_event(&RunEvent::Gauges(gauges), begun);
        view.on_event(&heartbeat(2.0, started), begun);
        speed.look(begun + Duration::from_secs(120), &view);
        (view, speed)
    }

    /// So many in two minutes, at a pace that allows so many a second.
    fn heartbeat(rate: f64, started: u64) -> RunEvent {
        let milestone =
            |second: i64, started| Milestone { at: UnixMillis::from_millis(second * 1_000), started };
        RunEvent::Heartbeat(Heartbeat {
            now: milestone(120, started),
            before: milestone(0, 0),
            in_flight: 0,
            rate,
            asked: Some(2.0),
            burst: 5,
            active: None,
            credentials_end: None,
            ahead: None,
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_that_goes_well_says_little_and_one_that_does_not_says_why() {
        let (mut view, mut speed) = after_two_minutes(240);
        let mut about = About { asked_rate: Some(2.0), ..About::default() };
        insta::assert_snapshot!(shown(&view, &speed, &about, 80), @r"
        240 of 1,000
        2/s (limit 2/s), 6 min 20 s left, ends 09:36 UTC
        0 in flight
        ");
        let gauges = Gauges { limit: Some(Bottleneck::Pace), rate: 1.5, alive: Some(312) };
        view.on_event(&RunEvent::Gauges(gauges), Instant::now());
        view.on_event(&heartbeat(1.5, 240), Instant::now());
        view.throttled = 25;
        view.in_flight = 4;
        view.tally[State::Failed] = 1_234;
        view.tally[State::Uncertain] = 1;
        about.active = Some((500, Duration::from_secs(240)));
        insta::assert_snapshot!(shown(&view, &speed, &about, 80), @r"
        1,475 of 2,235
        2/s (limit 2/s), throttled to 1.5/s, 8 min 27 s left, ends 09:38 UTC
        4 in flight, 312 of 500 active chats, 25 throttled, 1,234 failed, 1 uncertain
        ");
        insta::assert_snapshot!(shown(&view, &speed, &about, 40), @r"
        1,475 of 2,235
        2/s (limit 2/s), throttled to 1.5/s,
        8 min 27 s left, ends 09:38 UTC
        4 in flight, 312 of 500 active chats,
        25 throttled, 1,234 failed, 1 uncertain
        ");
        about.asked_rate = None;
        view.on_event(
            &RunEvent::Gauges(Gauges { limit: Some(Bottleneck::ActiveChats), ..gauges }),
            Instant::now(),
        );
        let later = Instant::now() + Duration::from_secs(130);
        speed.look(later, &view);
        insta::assert_snapshot!(shown(&view, &speed, &about, 200), @r"
        1,475 of 2,235
        0/s (found 1.5/s), limited by the active chats, 8 min 27 s left, ends 09:38 UTC
        4 in flight, 312 of 500 active chats, 25 throttled, 1,234 failed, 1 uncertain
        ");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_says_since_when_and_when_it_tries_again() {
        let (mut view, speed) = after_two_minutes(240);
        let about = About { asked_rate: Some(2.0), ..About::default() };
        view.on_event(
            &RunEvent::Paused(Duration::from_secs(33)),
            Instant::now() + Duration::from_millis(250),
        );
        insta::assert_snapshot!(shown(&view, &speed, &about, 80), @r"
        240 of 1,000
        paused since 09:30 UTC: the active chats quota is full, next try in 34 s
        2/s (limit 2/s), 6 min 20 s left, ends 09:36 UTC
        0 in flight
        ");
        tokio::time::advance(Duration::from_secs(34)).await;
        insta::assert_snapshot!(shown(&view, &speed, &about, 80), @r"
        240 of 1,000
        paused since 09:29 UTC: the active chats quota is full, trying now
        2/s (limit 2/s), 6 min 20 s left, ends 09:36 UTC
        0 in flight
        ");
    }

    #[tokio::test(start_paused = true)]
    async fn an_end_says_why_and_what_it_waits_for() {
        let (mut view, speed) = after_two_minutes(240);
        let about = About { asked_rate: Some(2.0), ..About::default() };
        let ending = Ending::Interrupted(Signal::Terminate);
        view.on_event(&RunEvent::Draining { in_flight: 3, ending }, Instant::now());
        insta::assert_snapshot!(shown(&view, &speed, &about, 80), @r"
        240 of 1,000
        stopping: terminated, waiting for 3 answers, SIGTERM again stops at once
        2/s (limit 2/s)
        3 in flight
        ");
        let refusal = Refusal {
            kind: RefusalKind::AccessDenied,
            status: Some(403),
            code: "AccessDeniedException".into(),
            message: "User is not authorized to perform this, and a few words more about it".into(),
        };
        view.on_event(&RunEvent::Draining { in_flight: 0, ending: Ending::Refused(refusal) }, Instant::now());
        insta::assert_snapshot!(shown(&view, &speed, &about, 80), @r"
        240 of 1,000
        stopping: halted: the service refuses the campaign: AccessDeniedException (HTTP…
        2/s (limit 2/s)
        0 in flight
        ");
    }
}
