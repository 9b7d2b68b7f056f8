//! The picture of a run: notices folded into numbers. Pure; what it is in words is the business of [`super::words`].

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::account::opt_outs::OptOutState;
use crate::domain::delivery::refusal::RefusalKind;
use crate::domain::delivery::state::State;
use crate::domain::delivery::summary::Bottleneck;
use crate::domain::delivery::tally::Tally;
use crate::domain::events::DeliveryCounts;
use crate::domain::figures::Grouped;
use crate::domain::forecast::Heartbeat;
use crate::domain::senders::figures::{self, SenderFigures};
use crate::domain::unix_millis::UnixMillis;
use crate::engine::{FirstOpening, Gauges, RunEvent};

/// What is known of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct View {
    pub(super) tally: Tally,
    /// Contacts started in this run.
    pub(super) started: u64,
    /// Messages with a final word that came in this run.
    pub(super) told: DeliveryCounts,
    /// Requests that left in this run.
    pub(super) requests: u64,
    pub(super) throttled: u64,
    pub(super) retried: u64,
    pub(super) in_flight: usize,
    pub(super) phase: Phase,
    pub(super) gauges: Gauges,
    /// How the run fares, as the journal has it too.
    pub(super) heartbeat: Option<Heartbeat>,
    /// The campaign was paused, then.
    pub(super) held: Option<UnixMillis>,
    /// The gate that paused it, with its reason, where no person did.
    pub(super) held_for: Option<Arc<str>>,
    /// How the copy of the account's opt-outs stands, where there is one.
    pub(super) opt_outs: Option<OptOutState>,
    /// The rate as a person has changed it; the inner `None` where the run is to find out.
    pub(super) repaced: Option<Option<f64>>,
    /// The sender whose pace a person changed last, and to what message parts per second.
    pub(super) sender_repaced: Option<(Arc<str>, Option<f64>)>,
    /// From when on the speed tells something of what is to come.
    pub(super) fresh_since: Option<Instant>,
    pub(super) begun_at: Option<Instant>,
    /// How the senders fare, where they are several.
    pub(super) senders: Arc<[SenderFigures]>,
    /// The senders that the service refuses for good.
    pub(super) halted: Vec<String>,
    /// Problems that there was no room to show.
    pub(super) unshown: u64,
    /// How long each limit held, but for the one that does now.
    limited: [Duration; Bottleneck::ALL.len()],
    limited_since: Option<Instant>,
}

/// What the run is at.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Phase {
    #[default]
    Sending,
    /// The active chats quota is full, since then; at the second instant a request finds out whether it still is.
    Full(Instant, Instant),
    /// Hours or earlier contacts keep so many rows waiting, until then.
    Closed(u64, UnixMillis, FirstOpening),
    /// Nothing new is sent, for this reason.
    Stopping(Arc<str>),
}

impl Phase {
    /// Its name in events.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Full(..) => "paused",
            Self::Closed(..) => "closed",
            Self::Stopping(_) => "stopping",
        }
    }
}

impl View {
    /// Takes note. Says whether it is something that cannot wait to be shown.
    #[expect(clippy::too_many_lines, reason = "a case for each event")]
    pub(super) fn on_event(&mut self, event: &RunEvent, now: Instant) -> bool {
        match event {
            RunEvent::Began(tally) => {
                self.tally = *tally;
                self.begun_at = Some(now);
                return true;
            }
            RunEvent::Planned(rows) => self.tally[State::Queued] += rows,
            RunEvent::Requested { in_flight, again } => {
                self.in_flight = *in_flight;
                self.requests += 1;
                self.retried += u64::from(*again);
            }
            RunEvent::Moved { from, to, .. } => {
                self.tally[*from] = self.tally[*from].saturating_sub(1);
                self.tally[*to] += 1;
                if *to == State::Started {
                    self.started += 1;
                    self.in_flight = self.in_flight.saturating_sub(1);
                }
            }
            RunEvent::Answered(_) => {}
            RunEvent::Refused(refused) => {
                self.in_flight = self.in_flight.saturating_sub(1);
                self.throttled += u64::from(refused.kind == RefusalKind::Throttled);
            }
            RunEvent::Gauges(gauges) => {
                self.limited = self.limited_until(now);
                self.limited_since = Some(now);
                self.gauges = *gauges;
            }
            RunEvent::Heartbeat(heartbeat) => self.heartbeat = Some(*heartbeat),
            RunEvent::Senders(senders) => self.senders = Arc::clone(senders),
            // Nothing takes a run back that is about to end.
            RunEvent::Paused(_) | RunEvent::Resumed if matches!(self.phase, Phase::Stopping(_)) => {}
            RunEvent::Paused(length) => {
                let since = if let Phase::Full(since, _) = self.phase { Some(since) } else { None };
                self.phase = Phase::Full(since.unwrap_or(now), now + *length);
                return since.is_none();
            }
            RunEvent::Closed { rows, until, first } => {
                self.phase = Phase::Closed(*rows, *until, first.clone());
                return true;
            }
            RunEvent::Opened if matches!(self.phase, Phase::Closed(..)) => {
                self.phase = Phase::Sending;
                self.fresh_since = Some(now);
                return true;
            }
            RunEvent::Opened | RunEvent::Reassigned { .. } => {}
            RunEvent::SenderHalted { name, .. } => {
                self.halted.push(name.clone());
                return true;
            }
            RunEvent::Resumed => {
                self.phase = Phase::Sending;
                return true;
            }
            RunEvent::Held { since, gate } => {
                self.held = Some(*since);
                self.held_for.clone_from(gate);
                return true;
            }
            RunEvent::Told(more) => {
                self.told.delivered += more.delivered;
                self.told.undelivered += more.undelivered;
                self.told.unknown += more.unknown;
            }
            RunEvent::Undelivered(_) => {}
            RunEvent::Released => {
                self.held = None;
                self.held_for = None;
                self.fresh_since = Some(now);
                return true;
            }
            RunEvent::OptOuts(state) => {
                let held = self.waits_for_opt_outs();
                let same =
                    self.opt_outs.as_ref().map(std::mem::discriminant) == Some(std::mem::discriminant(state));
                self.opt_outs = Some(state.clone());
                if held && !self.waits_for_opt_outs() {
                    self.fresh_since = Some(now);
                }
                return !same;
            }
            RunEvent::Repaced { rate, .. } => {
                self.repaced = Some(*rate);
                self.fresh_since = Some(now);
                return true;
            }
            RunEvent::SenderRepaced { name, rate } => {
                self.sender_repaced = Some((name.as_str().into(), *rate));
                return true;
            }
            RunEvent::Draining { in_flight, ending } => {
                self.in_flight = *in_flight;
                self.phase = Phase::Stopping(ending.to_string().into());
                return true;
            }
        }
        false
    }

    /// Whether a person has paused it, and it is not about to end.
    pub(super) fn held_since(&self) -> Option<UnixMillis> {
        self.held.filter(|_| !matches!(self.phase, Phase::Stopping(_)))
    }

    /// Whether it waits for the account's opt-outs, and is not about to end.
    pub(super) fn waits_for_opt_outs(&self) -> bool {
        let holds = self.opt_outs.as_ref().is_some_and(OptOutState::holds);
        holds && !matches!(self.phase, Phase::Stopping(_))
    }

    /// Whether a person has paused it, or it waits for the account's opt-outs.
    pub(super) fn is_waiting(&self) -> bool {
        self.held.is_some() || self.waits_for_opt_outs()
    }

    /// Whether something else is going on than before that a person waits to be told of.
    pub(super) fn differs(&self, before: &Self) -> bool {
        let kind = |view: &Self| view.opt_outs.as_ref().map(std::mem::discriminant);
        let asked = |view: &Self| (view.held, view.repaced, view.sender_repaced.clone(), kind(view));
        if asked(self) != asked(before) {
            return true;
        }
        let same_pause = matches!((&self.phase, &before.phase), (Phase::Full(..), Phase::Full(..)));
        self.phase != before.phase && !same_pause
    }

    /// Whether there is anything to show yet.
    pub(super) fn has_begun(&self) -> bool {
        self.begun_at.is_some()
    }

    /// What became of the messages, where anything was told in this run: those of all started rows, as far as it goes.
    pub(super) fn deliveries(&self) -> Option<DeliveryCounts> {
        let told = self.told.delivered + self.told.undelivered + self.told.unknown;
        let waiting = self.started.saturating_sub(told);
        (told > 0).then_some(DeliveryCounts { waiting, ..self.told })
    }

    /// How long the rest takes, where that can be told.
    pub(super) fn time_left(&self, now: UnixMillis) -> Option<Duration> {
        let all = self.heartbeat?.ends_at(self.tally.unsettled(), now)?.since(now);
        Some(figures::slowest(&self.senders, now).map_or(all, |(_, longest)| all.max(longest)))
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

    /// How much is done, in whole percent, rounded down: 100 is said of nothing that is not done.
    pub(super) fn percent(&self) -> u64 {
        (self.done() * 100).checked_div(self.total()).unwrap_or(0)
    }

    /// How long each limit held until `now`.
    pub(super) fn limited_until(&self, now: Instant) -> [Duration; Bottleneck::ALL.len()] {
        let mut limited = self.limited;
        if let (Some(limit), Some(since)) = (self.gauges.limit, self.limited_since) {
            limited[limit as usize] += now.saturating_duration_since(since);
        }
        limited
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::delivery::ending::{Ending, Signal};

    /// So many of 1,000 started, all of them at once.
    pub(in crate::progress) fn sending(started: u64, begun: Instant) -> View {
        let mut view = View::default();
        let mut tally = Tally::default();
        tally[State::Queued] = 1_000;
        tally[State::Rejected] = 7;
        let moved = |from, to| RunEvent::Moved { line: Some(2), from, to };
        view.on_event(&RunEvent::Began(tally), begun);
        for _ in 0..started {
            view.on_event(&moved(State::Queued, State::Attempting), begun);
            view.on_event(&RunEvent::Requested { again: false, in_flight: 1 }, begun);
            view.on_event(&moved(State::Attempting, State::Started), begun);
        }
        view
    }

    #[tokio::test(start_paused = true)]
    async fn rows_that_are_never_sent_to_are_not_in_the_share() {
        let view = sending(250, Instant::now());
        assert_eq!((view.done(), view.total(), view.percent(), view.in_flight), (250, 1_000, 25, 0));
        let view = sending(999, Instant::now());
        assert_eq!(view.percent(), 99, "rounded down");
        assert_eq!((View::default().total(), View::default().percent()), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn what_changes_the_phase_cannot_wait_and_an_end_stays_one() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let mut view = sending(1, now);
        assert!(view.on_event(&RunEvent::Paused(4 * second), now));
        assert!(!view.on_event(&RunEvent::Paused(9 * second), now + 4 * second), "it goes on");
        assert_eq!(view.phase, Phase::Full(now, now + 13 * second));
        assert!(view.on_event(&RunEvent::Resumed, now));
        assert_eq!(view.phase, Phase::Sending);
        let ending = Ending::Interrupted(Signal::Interrupt);
        assert!(view.on_event(&RunEvent::Draining { in_flight: 3, ending }, now));
        let stopping = view.phase.clone();
        assert!(!view.on_event(&RunEvent::Resumed, now));
        assert!(!view.on_event(&RunEvent::Paused(second), now));
        assert_eq!((view.phase, view.in_flight), (stopping, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn limits_add_up_their_times() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let mut view = sending(1, now);
        let gauges = |limit| RunEvent::Gauges(Gauges { limit, rate: 2.0, alive: None });
        view.on_event(&gauges(Some(Bottleneck::Pace)), now);
        view.on_event(&gauges(Some(Bottleneck::Latency)), now + 3 * second);
        view.on_event(&gauges(None), now + 5 * second);
        view.on_event(&gauges(Some(Bottleneck::Pace)), now + 9 * second);
        let limited = view.limited_until(now + 10 * second);
        assert_eq!(limited[Bottleneck::Pace as usize], 4 * second);
        assert_eq!(limited[Bottleneck::Latency as usize], 2 * second);
    }
}
