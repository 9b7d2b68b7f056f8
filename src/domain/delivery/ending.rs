//! How a run ended, which exit code that is, and what a person is told to do about it.

use std::fmt;

use crate::domain::delivery::refusal::{Refusal, RefusalKind};
use crate::domain::delivery::state::State;
use crate::domain::delivery::tally::Tally;
use crate::domain::figures::UtcTime;
use crate::domain::limits::LimitReached;
use crate::domain::next_step::{Advice, Command, Setting};
use crate::domain::unix_millis::UnixMillis;

/// A signal that asks a run to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// What service managers send.
    Terminate,
}

/// Why the sending came to its end.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// Nothing is left that this run could do.
    Complete,
    /// The user's `--limit` is reached.
    Limit,
    /// A person stopped it with `campaign stop`; what was in flight was waited for.
    Stopped,
    /// Nothing is left but rows whose hours are closed, and the run was not to wait for them.
    Closed {
        /// When the first of them open; `None`: not within a year.
        opens_at: Option<UnixMillis>,
    },
    /// Nothing is left but rows whose hours do not open before the campaign's end, and the run was not to wait for that.
    ClosedToTheEnd {
        /// When the campaign ends, and they expire.
        ends_at: UnixMillis,
    },
    /// Nothing is left but rows whose numbers were contacted lately, and the run was not to wait for them.
    ContactedBefore {
        /// When the first of them may be claimed.
        until: UnixMillis,
    },
    /// Nothing is left but rows of senders whose day is full, and the run was not to wait for the next.
    SenderDay {
        /// The sender whose next day begins first.
        name: String,
        /// When.
        until: UnixMillis,
    },
    /// The service refused some of the senders for good; everything else was sent.
    SendersHalted(Vec<HaltedSender>),
    /// A limit of the definition leaves rows unsent.
    LimitReached(LimitReached),
    /// The day has had as many contacts as it may, and the campaign ends before the next one: rows are left unsent.
    LastDayFull {
        /// Contacts of a day, at most.
        most: u64,
        /// When the campaign ends, and they expire.
        ends_at: UnixMillis,
    },
    /// A signal; what was in flight was waited for.
    Interrupted(Signal),
    /// No row can survive what the service said.
    Refused(Refusal),
    /// The service has not answered anybody for a while.
    Silent(Refusal),
    /// Too many of the lines read so far are rejected, in a run that reads while it sends.
    Rejections {
        /// Rejected lines...
        rejected: u64,
        /// ...among so many.
        of: u64,
    },
    /// The account's opt-outs must be known before anything is sent, and cannot be: why.
    OptOuts(String),
    /// Too many of the last settled rows failed.
    Failures {
        /// Failed rows...
        failed: u64,
        /// ...among so many.
        of: u64,
    },
}

/// A sender that the service refused for good.
#[derive(Debug, Clone, PartialEq)]
pub struct HaltedSender {
    /// What the definition calls it.
    pub name: String,
    /// What the service said.
    pub refusal: Refusal,
}

/// The exit code of a run, as documented in the README.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Every eligible row is started.
    Done = 0,
    /// The machine failed, or a bug; the journal is intact.
    Failure = 1,
    /// Usage, definition or file are wrong; nothing was sent.
    Usage = 2,
    /// Finished, but some rows are rejected, failed, uncertain, or have no answer yet.
    Incomplete = 3,
    /// Stopped early, by a limit that the user set or by `campaign stop`.
    Limit = 4,
    /// The service refuses the campaign, or a safety gate tripped.
    Halted = 5,
    /// Another process is running this campaign.
    Held = 6,
    /// Interrupted by Ctrl-C.
    Interrupted = 130,
    /// Interrupted by SIGTERM.
    Terminated = 143,
}

impl Exit {
    /// The number that the process exits with.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl Ending {
    /// The exit code, given the campaign's counts after the run.
    #[must_use]
    pub fn exit(&self, tally: &Tally) -> Exit {
        match self {
            Self::Interrupted(Signal::Interrupt) => Exit::Interrupted,
            Self::Interrupted(Signal::Terminate) => Exit::Terminated,
            Self::Refused(_)
            | Self::SendersHalted(_)
            | Self::Silent(_)
            | Self::Failures { .. }
            | Self::Rejections { .. }
            | Self::OptOuts(_) => Exit::Halted,
            Self::Limit
            | Self::Stopped
            | Self::Closed { .. }
            | Self::ClosedToTheEnd { .. }
            | Self::ContactedBefore { .. }
            | Self::SenderDay { .. }
            | Self::LastDayFull { .. }
            | Self::LimitReached(_)
                if tally.unsettled() > 0 =>
            {
                Exit::Limit
            }
            Self::Complete
            | Self::Limit
            | Self::Stopped
            | Self::Closed { .. }
            | Self::ClosedToTheEnd { .. }
            | Self::ContactedBefore { .. }
            | Self::SenderDay { .. }
            | Self::LastDayFull { .. }
            | Self::LimitReached(_) => {
                let settled_well = tally[State::Started] + tally[State::Duplicate];
                let left_out = tally[State::Suppressed] + tally[State::Withdrawn];
                if settled_well + left_out == tally.rows() { Exit::Done } else { Exit::Incomplete }
            }
        }
    }

    /// When another run has something to do, of a run that did not wait for that; `None` where no moment makes a difference.
    #[must_use]
    pub fn goes_on_at(&self) -> Option<UnixMillis> {
        match self {
            Self::Closed { opens_at } => *opens_at,
            Self::LimitReached(LimitReached::PerDay(_, at))
            | Self::ClosedToTheEnd { ends_at: at }
            | Self::ContactedBefore { until: at }
            | Self::SenderDay { until: at, .. }
            | Self::LastDayFull { ends_at: at, .. } => Some(*at),
            Self::Complete
            | Self::Limit
            | Self::Stopped
            | Self::SendersHalted(_)
            | Self::LimitReached(_)
            | Self::Interrupted(_)
            | Self::Refused(_)
            | Self::Silent(_)
            | Self::Rejections { .. }
            | Self::OptOuts(_)
            | Self::Failures { .. } => None,
        }
    }

    /// What to fix before the next run, where there is something.
    #[must_use]
    pub fn advice(&self) -> Option<Advice> {
        Some(match self {
            Self::Closed { opens_at: None } => {
                Advice::new("the hours of the rows that are left never open: see ")
                    .run(Command::Hours)
                    .then(", and change [hours]")
            }
            Self::LimitReached(reached @ (LimitReached::Contacts(_) | LimitReached::Cost(_))) => {
                let key = if matches!(reached, LimitReached::Cost(_)) { "cost" } else { "contacts" };
                Advice::from(format!("allow more with {key} in [limits], then run again"))
            }
            Self::Complete
            | Self::Limit
            | Self::Stopped
            | Self::Closed { .. }
            | Self::ClosedToTheEnd { .. }
            | Self::ContactedBefore { .. }
            | Self::SenderDay { .. }
            | Self::LastDayFull { .. }
            | Self::LimitReached(LimitReached::PerDay(..))
            | Self::Interrupted(_) => return None,
            Self::Refused(refusal) if refusal.is_of_nobody_known() => advice(RefusalKind::Unexpected),
            Self::Refused(refusal) if refusal.says_clock_is_off() => {
                "set this machine's clock (`timedatectl set-ntp true`, or the like): the service takes requests whose time \
                 is within 5 minutes of its own"
                    .into()
            }
            Self::Refused(refusal) => advice(refusal.kind),
            Self::SendersHalted(senders) => {
                let names: Vec<&str> = senders.iter().map(|sender| sender.name.as_str()).collect();
                Advice::from(format!(
                    "check the numbers of {} in [[senders]]: each must be claimed and active in this instance; without such a sender, \
                     or with on_halt = \"reassign\", rows of it that were never attempted go to others when you run again with the file",
                    names.join(", ")
                ))
            }
            Self::Silent(refusal) if refusal.kind == RefusalKind::Throttled => {
                "other programs use up the account's request quota (Service Quotas L-408DD6C6): end them or lower rate in \
                 [pace], then run again; no row failed for it"
                    .into()
            }
            Self::Silent(_) => "check the network, the endpoint and the AWS health dashboard; rows in doubt are replayed \
                with their client tokens, so nobody is contacted twice"
                .into(),
            Self::OptOuts(_) => Advice::new("see the account with ")
                .run(Command::Doctor)
                .then(", and the rights that reading opt-outs takes with ")
                .run(Command::IamPolicyOptOuts)
                .then("; without `opt_outs = true` in [account] a run sends all the same"),
            Self::Rejections { .. } => "correct the file, or allow more with max_rejected in [safety]".into(),
            Self::Failures { .. } => Advice::new("see why with ")
                .run(Command::Report(State::Failed))
                .then("; then correct what is wrong, or allow more with max_failures in [safety]"),
        })
    }
}

/// What to do about the rows of a run that finished without them: one line for each kind.
#[must_use]
pub fn next_steps(tally: &Tally) -> Vec<(State, Advice)> {
    let steps = [
        (
            State::Rejected,
            Advice::new("the rejected rows, to be corrected and fed in again: ").run(Command::Rejects),
        ),
        (
            State::Failed,
            Advice::new("see why rows failed with ")
                .run(Command::Report(State::Failed))
                .then("; ")
                .set(Setting::RetryFailed)
                .then(" tries them again"),
        ),
        (State::Uncertain, Advice::new("decide on the uncertain rows with ").run(Command::Resolve)),
    ];
    steps.into_iter().filter(|(state, _)| tally[*state] > 0).collect()
}

fn advice(kind: RefusalKind) -> Advice {
    let words = match kind {
        RefusalKind::AccessDenied => {
            "allow connect:StartOutboundChatContact on the instance (and on its contact flow and phone number) for \
             these credentials; `aws sts get-caller-identity` tells whose they are"
        }
        RefusalKind::NotFound => {
            "check instance_id, contact_flow_id, source and region in [connect]: one of them does not exist, or in \
             another Region or instance"
        }
        RefusalKind::Credentials => {
            "renew the credentials (`aws sso login`, or new keys) and check this machine's clock: signatures are \
             refused when it is off by more than 5 minutes"
        }
        RefusalKind::RepeatedContactId => {
            return Advice::new(
                "check endpoint_url and any proxy in between: what answers is a stand-in or a cache, as Amazon Connect \
                 gives each contact an id of its own; ",
            )
            .run(Command::CheckJournal)
            .then(" counts ids that stand twice");
        }
        _ => "the answer is not one that Amazon Connect gives: check endpoint_url and any proxy in between",
    };
    words.into()
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete => f.write_str("finished"),
            Self::Limit => f.write_str("stopped at the limit that was set"),
            Self::Stopped => f.write_str("stopped by `campaign stop`"),
            Self::Closed { opens_at: Some(at) } => {
                write!(f, "the hours of all rows that are left are closed until {}", UtcTime(*at))
            }
            Self::Closed { opens_at: None } => {
                f.write_str("the hours of all rows that are left are closed for a year and more, or until the campaign's end")
            }
            Self::ClosedToTheEnd { ends_at } => write!(
                f,
                "the hours of all rows that are left do not open before the campaign's end: run again from {} on, when they \
                 expire, or move the end in [schedule]",
                UtcTime(*ends_at)
            ),
            Self::ContactedBefore { until } => write!(
                f,
                "all rows that are left wait for [limits], or for an earlier contact with their number to be over; run again from \
                 {} on",
                UtcTime(*until)
            ),
            Self::SenderDay { name, until } => {
                write!(f, "the day of the sender {name} is full, and no other has rows left; run again from {} on", UtcTime(*until))
            }
            Self::SendersHalted(senders) => {
                let told = senders.iter().map(|sender| format!("{}: {}", sender.name, sender.refusal));
                let told: Vec<String> = told.collect();
                write!(f, "halted: the service refuses {}, and rows of it are left: {}",
                    if told.len() == 1 { "a sender" } else { "some senders" }, told.join("; "))
            }
            Self::LimitReached(reached @ LimitReached::PerDay(_, until)) => {
                write!(f, "stopped at {reached} in [limits]; run again from {} on", UtcTime(*until))
            }
            Self::LimitReached(reached) => write!(f, "stopped at {reached} in [limits]"),
            Self::LastDayFull { most, ends_at } => write!(
                f,
                "stopped at {} in [limits], and the campaign ends before the next day: run again from {} on, when the rows \
                 that are left expire, or move the end in [schedule]",
                LimitReached::PerDay(*most, *ends_at),
                UtcTime(*ends_at)
            ),
            Self::Interrupted(Signal::Interrupt) => f.write_str("interrupted"),
            Self::Interrupted(Signal::Terminate) => f.write_str("terminated"),
            Self::Refused(refusal) if refusal.kind == RefusalKind::RepeatedContactId => {
                write!(f, "halted: what answers is not Amazon Connect: {}", refusal.message.shown_up_to(300))
            }
            Self::Refused(refusal) => write!(f, "halted: the service refuses the campaign: {refusal}"),
            Self::Silent(refusal) if refusal.kind == RefusalKind::Throttled => {
                write!(f, "halted: every request of the last half hour was throttled: {refusal}")
            }
            Self::Silent(refusal) => write!(f, "halted: the service does not answer: {refusal}"),
            Self::OptOuts(why) => write!(f, "halted: the account's opt-outs cannot be read: {why}"),
            Self::Rejections { rejected, of } => {
                write!(f, "halted by the safety gate: {rejected} of the first {of} lines are rejected")
            }
            Self::Failures { failed, of } => {
                write!(f, "halted by the safety gate: {failed} of the last {of} settled rows failed")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As documented in the README, and as scripts know them.
    #[test]
    fn exit_codes_have_their_numbers() {
        use Exit as E;
        let exits = [
            E::Done,
            E::Failure,
            E::Usage,
            E::Incomplete,
            E::Limit,
            E::Halted,
            E::Held,
            E::Interrupted,
            E::Terminated,
        ];
        assert_eq!(exits.map(Exit::code), [0, 1, 2, 3, 4, 5, 6, 130, 143]);
    }

    /// Promise 9.
    #[test]
    fn what_halts_says_what_to_fix() {
        let refusal = |kind| Refusal { kind, status: None, code: "".into(), message: "".into() };
        let refused = |kind| Ending::Refused(refusal(kind));
        for (ending, word) in [
            (refused(RefusalKind::AccessDenied), "connect:StartOutboundChatContact"),
            (refused(RefusalKind::NotFound), "contact_flow_id"),
            (refused(RefusalKind::Credentials), "aws sso login"),
            (refused(RefusalKind::Unexpected), "endpoint_url"),
            (refused(RefusalKind::RepeatedContactId), "a cache"),
            (Ending::Silent(refusal(RefusalKind::Unknown)), "network"),
            (Ending::Silent(refusal(RefusalKind::Throttled)), "quota"),
            (Ending::Rejections { rejected: 10, of: 20 }, "max_rejected"),
            (Ending::Failures { failed: 10, of: 20 }, "max_failures"),
            (
                Ending::SendersHalted(vec![HaltedSender {
                    name: "short-code".to_owned(),
                    refusal: refusal(RefusalKind::NotFound),
                }]),
                "short-code",
            ),
        ] {
            let advice = ending.advice().unwrap_or_default();
            assert!(advice.to_string().contains(word), "{ending:?}: {advice}");
        }
        for ending in
            [Ending::Complete, Ending::Limit, Ending::Stopped, Ending::Interrupted(Signal::Interrupt)]
        {
            assert_eq!(ending.advice(), None, "{ending:?}");
        }
    }

    #[test]
    fn exit_codes_follow_ending_and_counts() {
        use State as S;
        let full = || Ending::SenderDay { name: "a".to_owned(), until: UnixMillis::NEVER };
        let table: [(Ending, &[State], Exit); 15] = [
            (Ending::SendersHalted(Vec::new()), &[S::Started, S::Queued], Exit::Halted),
            (full(), &[S::Started, S::Queued], Exit::Limit),
            (full(), &[S::Started], Exit::Done),
            (Ending::Complete, &[S::Started, S::Duplicate, S::Suppressed, S::Withdrawn], Exit::Done),
            (Ending::Complete, &[], Exit::Done),
            (Ending::Complete, &[S::Started, S::Rejected], Exit::Incomplete),
            (Ending::Complete, &[S::Started, S::Failed], Exit::Incomplete),
            (Ending::Complete, &[S::Started, S::Uncertain], Exit::Incomplete),
            (Ending::Complete, &[S::Started, S::Attempting], Exit::Incomplete),
            (Ending::Limit, &[S::Started, S::Queued], Exit::Limit),
            (Ending::Limit, &[S::Started], Exit::Done),
            (Ending::Stopped, &[S::Started, S::Queued], Exit::Limit),
            (Ending::Stopped, &[S::Started], Exit::Done),
            (Ending::Interrupted(Signal::Terminate), &[S::Started], Exit::Terminated),
            (Ending::Failures { failed: 11, of: 100 }, &[S::Started], Exit::Halted),
        ];
        for (ending, states, exit) in table {
            let tally = Tally::of(states.iter().copied());
            assert_eq!(ending.exit(&tally), exit, "{ending:?} {states:?}");
        }
    }
}
