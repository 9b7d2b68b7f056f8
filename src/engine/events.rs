//! The events of a run, for its observers. They report only what is durable, and never a phone number; a lost event loses no
//! data.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::account::opt_outs::OptOutState;
use crate::domain::delivery::ending::Ending;
use crate::domain::delivery::refusal::{Refusal, RefusalKind};
use crate::domain::delivery::state::State;
use crate::domain::delivery::summary::Bottleneck;
use crate::domain::delivery::tally::Tally;
use crate::domain::delivery::undelivered::UndeliveredAlarm;
use crate::domain::events::DeliveryCounts;
use crate::domain::forecast::Heartbeat;
use crate::domain::foreign::ForeignText;
use crate::domain::phone::mask;
use crate::domain::senders::figures::SenderFigures;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::Claimed;

/// What the rows wait for that may be requested first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FirstOpening {
    /// Their hours or times: the zones that they are in, and how many they are as far as known.
    Hours(Option<(String, u64)>),
    /// A limit of their numbers, or an earlier contact to be over.
    EarlierContacts,
    /// The next day of the sender with this name.
    SenderDay(String),
    /// Nothing that comes before the campaign's end: then they expire.
    None,
}

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum RunEvent {
    /// The run begins; the counts of the campaign as they are.
    Began(Tally),
    /// So many more rows are queued: the file is still being read.
    Planned(u64),
    /// A request left.
    Requested {
        /// Whether the row had one before in this run.
        again: bool,
        /// Requests without an answer yet, this one included.
        in_flight: usize,
    },
    /// A row changed its state, durably.
    Moved {
        /// The row's line, where it is still in the file.
        line: Option<u64>,
        /// Its state before.
        from: State,
        /// Its state now.
        to: State,
    },
    /// An attempt was answered with a contact id; durable as well. Only for those who follow every attempt, see
    /// [`Observer::follows_attempts`].
    Answered(AnsweredAttempt),
    /// An attempt was refused, or its outcome is unknown; durable as well.
    Refused(RefusedAttempt),
    /// What keeps the next request from leaving is something else, or something more, than before.
    Gauges(Gauges),
    /// How the run fares, as the journal has it now: whenever its record is brought up to date.
    Heartbeat(Heartbeat),
    /// How the senders fare, as the journal has it now: with each heartbeat of a run with several.
    Senders(Arc<[SenderFigures]>),
    /// Nothing is sent for a while: the active chats quota is full.
    Paused(Duration),
    /// Sending goes on.
    Resumed,
    /// The campaign was paused, and nothing is sent until a person lets it go on. Independent of [`RunEvent::Paused`] and
    /// [`RunEvent::Resumed`].
    Held {
        /// Since when; the time may be before the run began.
        since: UnixMillis,
        /// The gate that paused it, with its reason; `None`: a person did.
        gate: Option<Arc<str>>,
    },
    /// So many more messages have a final word of AWS.
    Told(DeliveryCounts),
    /// Too many messages do not arrive: the run pauses the campaign, as [`RunEvent::Held`] then says.
    Undelivered(UndeliveredAlarm),
    /// Somebody has let it go on.
    Released,
    /// Nothing is sent until then: hours, times or earlier contacts keep all rows that are left waiting. Told again where
    /// the time changes.
    Closed {
        /// Rows without an outcome.
        rows: u64,
        /// When the first of them may be requested.
        until: UnixMillis,
        /// What those wait for.
        first: FirstOpening,
    },
    /// Hours are open again.
    Opened,
    /// The copy of the account's opt-outs stands otherwise than before.
    OptOuts(OptOutState),
    /// The service refuses a sender for good: nothing of it is sent any more in this run.
    SenderHalted {
        /// What the definition calls it.
        name: String,
        /// What the service said.
        refusal: Refusal,
    },
    /// Rows of senders that halted go to others.
    Reassigned {
        /// How many.
        rows: u64,
    },
    /// A person has changed the pace.
    Repaced {
        /// Requests per second, at most; `None` where the run is to find out what the service takes.
        rate: Option<f64>,
        /// Requests that may leave at once.
        burst: u32,
    },
    /// A person has changed the pace of one sender.
    SenderRepaced {
        /// What the definition calls it.
        name: String,
        /// Message parts per second, at most; `None`: as many as the requests of the account.
        rate: Option<f64>,
    },
    /// No new requests; what is in flight is waited for.
    Draining {
        /// Requests without an answer yet.
        in_flight: usize,
        /// Why; what it says of a number is masked.
        ending: Ending,
    },
}

/// How a run stands at a moment, besides its rows.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Gauges {
    /// What the next request waits for; `None` where nothing is to be sent.
    pub limit: Option<Bottleneck>,
    /// Requests per second that the pace allows now: what is asked, or less where the service throttles.
    pub rate: f64,
    /// Contacts that may be alive, where it is known how long one lives.
    pub alive: Option<usize>,
}

/// An attempt, without personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweredAttempt {
    /// The row's line, where it is still in the file.
    pub line: Option<u64>,
    /// The number, masked.
    pub destination: String,
    /// The attempt's number, over all runs.
    pub attempt: u32,
    /// How long the answer took.
    pub took: Duration,
    /// The service's own id of the request, where it told one.
    pub request_id: Option<ForeignText>,
}

/// A refused attempt, without personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedAttempt {
    /// The row's line, where it is still in the file.
    pub line: Option<u64>,
    /// The number, masked.
    pub destination: String,
    /// The attempt's number, over all runs.
    pub attempt: u32,
    /// What it means.
    pub kind: RefusalKind,
    /// The service's code, or a word of ours.
    pub code: ForeignText,
    /// The service's words, numbers masked.
    pub message: ForeignText,
    /// Whether its sender halts for it, and the run does not.
    pub halts_sender: bool,
    /// When the row is tried again, where it is.
    pub retry_in: Option<Duration>,
    /// How long the answer took, or was waited for.
    pub took: Duration,
    /// The service's own id of the request, where it told one.
    pub request_id: Option<ForeignText>,
}

/// Watches a run.
pub trait Observer {
    /// Called in the order in which things happened, from the engine's own task: it must not block.
    fn on_event(&mut self, event: &RunEvent);

    /// True if the observer wants [`RunEvent::Answered`] for each contact. The engine gathers nothing for it otherwise.
    fn follows_attempts(&self) -> bool {
        false
    }
}

/// Watches nothing.
#[derive(Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn on_event(&mut self, _: &RunEvent) {}
}

impl<T: Observer + ?Sized> Observer for &mut T {
    fn on_event(&mut self, event: &RunEvent) {
        (**self).on_event(event);
    }

    fn follows_attempts(&self) -> bool {
        (**self).follows_attempts()
    }
}

/// What is told of an attempt that was answered with a contact id.
pub(super) fn attempted(row: &Claimed, took: Duration, request_id: Option<ForeignText>) -> AnsweredAttempt {
    let destination = mask::mask_text(&row.frozen.destination);
    AnsweredAttempt { line: row.line, destination, attempt: row.attempts, took, request_id }
}

/// What is told of a refused attempt.
pub(super) fn told(
    row: &Claimed,
    refusal: &Refusal,
    took: Duration,
    request_id: Option<ForeignText>,
) -> RefusedAttempt {
    RefusedAttempt {
        line: row.line,
        destination: mask::mask_text(&row.frozen.destination),
        attempt: row.attempts,
        kind: refusal.kind,
        code: refusal.code.clone(),
        message: unnumbered(&refusal.message, &row.frozen.destination),
        halts_sender: false,
        retry_in: None,
        took,
        request_id,
    }
}

/// A refusal for those who must not see numbers.
pub(super) fn masked(refusal: Refusal, destination: &str) -> Refusal {
    Refusal { message: unnumbered(&refusal.message, destination), ..refusal }
}

/// What a service said of a row, without the row's number in whatever grouping, nor anybody else's.
fn unnumbered(message: &ForeignText, destination: &str) -> ForeignText {
    mask::mask_text(&mask::mask_own(message.raw(), destination)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_that_halts_names_nobody() {
        let refusal = Refusal {
            kind: RefusalKind::AccessDenied,
            status: Some(403),
            code: "AccessDeniedException".into(),
            message: "not allowed to send to +1_202_555_0104 or +12025550199 at 20261105T145352Z".into(),
        };
        let masked = masked(refusal.clone(), "+12025550104");
        assert_eq!(masked.message.raw(), "not allowed to send to +1…04 or +1…99 at 20261105T145352Z");
        assert_eq!(Refusal { message: refusal.message.clone(), ..masked }, refusal);
    }
}
