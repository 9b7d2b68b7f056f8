//! When something is told while a run lasts: from the run's own events and from time. It watches like any observer; what it
//! concludes changes nothing of the run.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::account::opt_outs::OptOutState;
use crate::domain::alert::{AlertKind, AlertNews};
use crate::domain::delivery::state::State;
use crate::domain::delivery::tally::Tally;
use crate::domain::figures::{Span, UtcTime, counted};
use crate::engine::RunEvent;

/// At a slow pace nothing is odd before so many times the pause between two requests.
const REQUESTS_MISSED: f64 = 3.0;

/// What holds a run for a reason that people know of.
#[derive(Debug, Default, Clone, Copy)]
struct Holds {
    /// Hours, times or earlier contacts.
    closed: bool,
    /// A person or a gate: what was told of it.
    paused: Option<AlertKind>,
    /// The quota of active chats.
    full: bool,
    /// The run ends.
    draining: bool,
}

impl Holds {
    fn any(self) -> bool {
        let Self { closed, paused, full, draining } = self;
        closed || paused.is_some() || full || draining
    }
}

/// What is known of a run, as far as something may have to be told.
#[derive(Debug)]
pub(super) struct AlertWatch {
    stalled_after: Duration,
    tally: Tally,
    holds: Holds,
    /// Requests per second as the pace allows now.
    rate: f64,
    /// Since when something could have started.
    since: Instant,
    stalled: bool,
    /// Half of the rows were done, and that was told or nothing new; a file that is still read has no half.
    half_done: bool,
    /// A full quota was told: it comes again and again.
    told_full: bool,
    /// How the account's opt-outs keep the run from sending.
    opt_outs: Option<&'static str>,
}

impl AlertWatch {
    /// Of a run that begins now.
    pub(super) fn new(stalled_after: Duration, now: Instant) -> Self {
        Self {
            stalled_after,
            tally: Tally::default(),
            holds: Holds::default(),
            rate: 0.0,
            since: now,
            stalled: false,
            half_done: true,
            told_full: false,
            opt_outs: None,
        }
    }

    /// What an event means for those who do not look.
    pub(super) fn on_event(&mut self, event: &RunEvent, now: Instant) -> Option<AlertNews> {
        let held = self.holds.any();
        let news = match event {
            RunEvent::Began(tally) => {
                self.tally = *tally;
                self.half_done = self.is_half_done();
                None
            }
            RunEvent::Planned(queued) => {
                self.tally[State::Queued] += queued;
                self.half_done = true;
                None
            }
            RunEvent::Moved { from, to, .. } => self.moved(*from, *to, now),
            RunEvent::Gauges(gauges) => {
                self.rate = gauges.rate;
                None
            }
            RunEvent::Held { since, gate } => {
                self.holds.paused = Some(if gate.is_some() { AlertKind::Gate } else { AlertKind::Pause });
                Some(match gate {
                    Some(why) => AlertNews::of_gate_pause(*since, why, self.tally),
                    None => self.pause(
                        format!("a person paused the campaign at {}", UtcTime(*since)),
                        "`campaign go` lets it go on",
                    ),
                })
            }
            RunEvent::Released => self.holds.paused.take().map(|kind| {
                AlertNews { kind, ..self.pause("the campaign goes on".to_owned(), "") }.resolved()
            }),
            RunEvent::Paused(pause) => {
                self.holds.full = true;
                (!std::mem::replace(&mut self.told_full, true)).then(|| {
                    let words =
                        format!("the quota of active chats is full; it is tried again in {}", Span(*pause));
                    self.pause(words, "nothing has to be done; contact_life in [pace] keeps within the quota")
                })
            }
            RunEvent::Resumed => {
                self.holds.full = false;
                None
            }
            RunEvent::Closed { .. } => {
                self.holds.closed = true;
                None
            }
            RunEvent::Opened => {
                self.holds.closed = false;
                None
            }
            RunEvent::Draining { .. } => {
                self.holds.draining = true;
                None
            }
            RunEvent::OptOuts(state) => {
                self.opt_outs(state, now);
                None
            }
            _ => None,
        };
        if held && !self.holds.any() {
            self.since = now;
        }
        news
    }

    /// A list that is being read gets on as its numbers come; a long one takes longer than a stall may.
    fn opt_outs(&mut self, state: &OptOutState, now: Instant) {
        let waits = match state {
            OptOutState::Reading { .. } => {
                Some("the account's opt-outs are read first, which does not get on")
            }
            OptOutState::Stale { holds: true, .. } => {
                Some("the copy of the account's opt-outs is older than opt_outs_max_age in [account] allows")
            }
            _ => None,
        };
        let got_on = matches!(state, OptOutState::Reading { .. });
        if got_on || (self.opt_outs.is_some() && waits.is_none()) {
            self.since = now;
        }
        self.opt_outs = waits;
    }

    fn pause(&self, words: String, next: &str) -> AlertNews {
        AlertNews::new(AlertKind::Pause, words, next).with(self.tally)
    }

    fn moved(&mut self, from: State, to: State, now: Instant) -> Option<AlertNews> {
        self.tally[from] = self.tally[from].saturating_sub(1);
        self.tally[to] += 1;
        let goes_on = to == State::Started && std::mem::take(&mut self.stalled);
        if to == State::Started {
            self.since = now;
        }
        if goes_on {
            let words = "contacts start again";
            return Some(AlertNews::new(AlertKind::Stall, words, "").resolved().with(self.tally));
        }
        if self.half_done || !self.is_half_done() {
            return None;
        }
        self.half_done = true;
        let left = counted(self.tally.unsettled(), "row is", "rows are");
        Some(AlertNews::new(AlertKind::Half, format!("half done; {left} left"), "").with(self.tally))
    }

    fn is_half_done(&self) -> bool {
        self.tally.unsettled() * 2 <= self.tally.eligible()
    }

    /// What the passing of time means.
    pub(super) fn at(&mut self, now: Instant) -> Option<AlertNews> {
        if self.stalled || self.holds.any() || self.tally.unsettled() == 0 {
            return None;
        }
        let slow = Duration::try_from_secs_f64(REQUESTS_MISSED / self.rate.max(f64::MIN_POSITIVE));
        let nothing_for = now.saturating_duration_since(self.since);
        let pace = if self.rate > 0.0 { slow.unwrap_or(Duration::MAX) } else { Duration::ZERO };
        if nothing_for < self.stalled_after.max(pace) {
            return None;
        }
        self.stalled = true;
        Some(AlertNews::of_stall(nothing_for, self.opt_outs, self.tally))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::delivery::ending::Ending;
    use crate::domain::unix_millis::UnixMillis;
    use crate::engine::{FirstOpening, Gauges};

    const AFTER: Duration = Duration::from_secs(900);

    struct Stage {
        begin: Instant,
        watch: AlertWatch,
        told: Vec<(u64, &'static str, bool)>,
    }

    impl Stage {
        fn new(rows: u64) -> Self {
            let begin = Instant::now();
            let mut stage = Self { begin, watch: AlertWatch::new(AFTER, begin), told: Vec::new() };
            let mut tally = Tally::default();
            tally[State::Queued] = rows;
            stage.event(0, &RunEvent::Began(tally));
            stage
        }

        fn event(&mut self, second: u64, event: &RunEvent) {
            let now = self.begin + Duration::from_secs(second);
            let news = self.watch.on_event(event, now);
            self.told.extend(news.map(|news| (second, news.kind.name(), news.resolved)));
        }

        fn start(&mut self, second: u64) {
            for (from, to) in [(State::Queued, State::Attempting), (State::Attempting, State::Started)] {
                self.event(second, &RunEvent::Moved { line: None, from, to });
            }
        }

        /// Looks every minute until then.
        fn pass(&mut self, from: u64, to: u64) {
            for second in (from..=to).step_by(60) {
                let news = self.watch.at(self.begin + Duration::from_secs(second));
                self.told.extend(news.map(|news| (second, news.kind.name(), news.resolved)));
            }
        }
    }

    fn closed() -> RunEvent {
        RunEvent::Closed { rows: 4, until: UnixMillis::from_millis(0), first: FirstOpening::Hours(None) }
    }

    fn held(gate: Option<&str>) -> RunEvent {
        RunEvent::Held { since: UnixMillis::from_millis(0), gate: gate.map(Into::into) }
    }

    #[test]
    fn a_gates_pause_names_the_gate_and_what_to_look_at_first() {
        let mut watch = AlertWatch::new(AFTER, Instant::now());
        let why =
            "max_undelivered: 20 of the last 30 messages did not arrive, most of them BLOCKED (the phone)";
        let news = watch.on_event(&held(Some(why)), Instant::now()).unwrap();
        assert_eq!((news.kind, news.resolved), (AlertKind::Gate, false));
        assert!(news.summary.contains(why) && !news.summary.contains("a person"), "{}", news.summary);
        let (look, go) = (news.next.find("`campaign deliveries`"), news.next.find("`campaign go`"));
        assert!(look.is_some() && look < go, "{}", news.next);
        let over = watch.on_event(&RunEvent::Released, Instant::now()).unwrap();
        assert_eq!((over.kind, over.resolved), (AlertKind::Gate, true));
    }

    #[test]
    fn a_stall_is_told_once_and_its_end_too() {
        let mut stage = Stage::new(10);
        stage.start(30);
        stage.pass(60, 6_000);
        assert_eq!(
            stage.told,
            [(960, "stall", false)],
            "fifteen minutes after the last start, looked at each minute"
        );
        stage.start(6_100);
        stage.start(6_200);
        stage.pass(6_240, 7_080);
        assert_eq!(stage.told[1..], [(6_100, "stall", true)]);
        stage.pass(7_140, 7_140);
        assert_eq!(stage.told[2..], [(7_140, "stall", false)], "and the next one");
    }

    #[test]
    fn what_people_know_of_is_no_stall_and_counts_from_its_end() {
        let full = RunEvent::Paused(Duration::from_secs(240));
        for (begins, ends) in [
            (closed(), RunEvent::Opened),
            (held(None), RunEvent::Released),
            (held(Some("max_undelivered: 20 of the last 30")), RunEvent::Released),
            (full, RunEvent::Resumed),
        ] {
            let mut stage = Stage::new(4);
            stage.event(60, &begins);
            stage.pass(60, 90_000);
            stage.event(90_000, &ends);
            stage.pass(90_060, 90_840);
            assert!(stage.told.iter().all(|(_, kind, _)| *kind != "stall"), "{:?}", stage.told);
            stage.pass(90_900, 90_900);
            assert_eq!(stage.told.last(), Some(&(90_900, "stall", false)), "{begins:?}");
        }
        let mut stage = Stage::new(4);
        stage.event(60, &RunEvent::Draining { in_flight: 1, ending: Ending::Complete });
        stage.pass(60, 90_000);
        assert_eq!(stage.told, [], "a run that ends");
        let mut stage = Stage::new(1);
        stage.start(1);
        stage.told.clear();
        stage.pass(60, 90_000);
        assert_eq!(stage.told, [], "nothing waits");
    }

    /// 200,000 numbers take more than half an hour.
    #[test]
    fn a_long_list_of_opt_outs_is_no_stall_while_it_is_read() {
        let mut stage = Stage::new(4);
        for minute in 0..35 {
            stage.event(minute * 60, &RunEvent::OptOuts(OptOutState::Reading { numbers: minute * 6_000 }));
            stage.pass(minute * 60 + 30, minute * 60 + 30);
        }
        stage.event(2_100, &RunEvent::OptOuts(OptOutState::Current));
        stage.pass(2_100, 2_940);
        assert_eq!(stage.told, []);
        stage.pass(3_000, 3_000);
        assert_eq!(stage.told, [(3_000, "stall", false)], "then it counts");
    }

    #[test]
    fn a_list_that_cannot_be_read_is_a_stall_that_says_so() {
        let read_at = UnixMillis::from_millis(0);
        for (state, words) in [
            (OptOutState::Reading { numbers: 100 }, "opt-outs are read first, which does not get on"),
            (OptOutState::Stale { read_at, holds: true }, "copy of the account's opt-outs is older"),
        ] {
            let mut stage = Stage::new(4);
            stage.event(60, &RunEvent::OptOuts(state));
            let news = stage.watch.at(stage.begin + Duration::from_secs(960)).unwrap();
            assert!(
                news.summary.contains(words) && !news.summary.contains("nothing holds"),
                "{}",
                news.summary
            );
            assert!(news.next.contains("`campaign doctor`"), "{}", news.next);
        }
    }

    #[test]
    fn a_slow_pace_is_no_stall() {
        let mut stage = Stage::new(4);
        stage.event(0, &RunEvent::Gauges(Gauges { rate: 0.001, ..Gauges::default() }));
        stage.pass(60, 2_940);
        assert_eq!(stage.told, []);
        stage.pass(3_000, 3_000);
        assert_eq!(stage.told, [(3_000, "stall", false)], "three requests are missed");
    }

    #[test]
    fn half_is_told_once_and_not_by_a_run_that_begins_behind_it() {
        let mut stage = Stage::new(5);
        (1..=5).for_each(|second| stage.start(second));
        assert_eq!(stage.told, [(3, "half", false)]);
        let mut stage = Stage::new(0);
        let mut tally = Tally::default();
        tally[State::Queued] = 2;
        tally[State::Started] = 2;
        stage.event(1, &RunEvent::Began(tally));
        stage.start(2);
        assert_eq!(stage.told, [], "it was done before");
        let mut stage = Stage::new(2);
        stage.event(1, &RunEvent::Planned(2));
        (2..=5).for_each(|second| stage.start(second));
        assert_eq!(stage.told, [], "a file that is still read has no half");
    }

    #[test]
    fn a_persons_pause_is_told_each_time_and_a_full_quota_once() {
        let mut stage = Stage::new(9);
        for (second, event) in
            [(1, held(None)), (2, RunEvent::Released), (3, RunEvent::Released), (4, held(None))]
        {
            stage.event(second, &event);
        }
        assert_eq!(stage.told, [(1, "pause", false), (2, "pause", true), (4, "pause", false)]);
        stage.told.clear();
        for second in 5..8 {
            stage.event(second, &RunEvent::Paused(AFTER));
            stage.event(second, &RunEvent::Resumed);
        }
        assert_eq!(stage.told, [(5, "pause", false)]);
    }
}
