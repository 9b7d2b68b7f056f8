//! The states of a row and the one total function that moves between them.
//!
//! The live run and the recovery after a crash both go through [`next`]; an illegal pair is an error, not a panic.

use std::fmt;

use thiserror::Error;

/// Where a line of the recipients file stands. The numbers are what the journal stores and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum State {
    /// Waits for its turn. No contact exists for it.
    Queued = 0,
    /// A request may have left and its outcome is not known (yet).
    Attempting = 1,
    /// Amazon Connect answered with a contact id.
    Started = 2,
    /// Amazon Connect refused the row for good; no contact exists for it.
    Failed = 3,
    /// A contact may exist, and the client token is too old to find out safely. A person decides.
    Uncertain = 4,
    /// The line cannot become a recipient; its reason says why.
    Rejected = 5,
    /// An earlier line of the file has the same key.
    Duplicate = 6,
    /// The recipient is on a suppression list, or not on the list of those who may be sent to.
    Suppressed = 7,
    /// Was in the file once, never attempted, and is not in the file any more.
    Withdrawn = 8,
    /// Its time, or the campaign's end, passed before its turn. No contact exists for it.
    Expired = 9,
}

impl State {
    /// Every state, in the order in which results list them.
    pub const ALL: [Self; 10] = [
        Self::Started,
        Self::Failed,
        Self::Rejected,
        Self::Duplicate,
        Self::Suppressed,
        Self::Withdrawn,
        Self::Expired,
        Self::Queued,
        Self::Attempting,
        Self::Uncertain,
    ];

    /// The word that users see in results, reports and options.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Attempting => "attempting",
            Self::Started => "started",
            Self::Failed => "failed",
            Self::Uncertain => "uncertain",
            Self::Rejected => "rejected",
            Self::Duplicate => "duplicate",
            Self::Suppressed => "suppressed",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
        }
    }

    /// The number that the journal stores.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The state with this number, if there is one.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// The state with this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether an *earlier* attempt of the row may have started a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// Every earlier attempt is known to have started nothing (or there was none).
    None,
    /// The outcome of an earlier attempt is not known.
    Earlier,
}

/// What a person can decide on an uncertain row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The contact was started.
    Started,
    /// It was not, and is not to be.
    Failed,
    /// It is to be sent again, although a second message is possible.
    Resend,
    /// It is to be sent again, after a search found that the account has no contact of it.
    ResendAbsent,
}

impl Decision {
    /// The code that the row carries in reports from then on.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Started => "marked-started",
            Self::Failed => "marked-failed",
            Self::Resend => "resend",
            Self::ResendAbsent => "resend-not-there",
        }
    }

    /// The same in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Started => "a person decided that the contact was started",
            Self::Failed => "a person decided that the contact was not started",
            Self::Resend => "a person decided to send again; a second message is possible",
            Self::ResendAbsent => "a person decided to send again; the account had no contact of it",
        }
    }
}

/// What can happen to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The engine is about to send a request for it: the first one, or one more with the same token.
    Claimed,
    /// It was claimed and no request left; the claim is undone.
    GivenBack(Doubt),
    /// A contact id came back.
    Answered,
    /// A refusal proves that this attempt started no contact, and another attempt may succeed (throttled, quota full).
    NotNow(Doubt),
    /// A refusal says that no attempt of this row will succeed.
    Refused(Doubt),
    /// Nothing is known about the outcome of the attempt (time-out, reset, 5xx, unreadable answer).
    Unanswered,
    /// The client token is too old to replay the request safely.
    TokenExpired,
    /// The user asked to try failed rows again.
    RetryFailed,
    /// What was to be tried again was not agreed to, and no request left.
    RetryRefused,
    /// A search of the account found its contact.
    Found,
    /// A person decided on an uncertain row.
    Decided(Decision),
    /// The file, read again, has the row (again), as an eligible recipient.
    Planned,
    /// The file, read again, has the row on a suppression list.
    Suppressed,
    /// The file, read again, does not have the row any more.
    Missing,
    /// Its time, or the campaign's end, is over.
    TimeOver,
}

/// An event that cannot happen in a state: a bug, or a journal that someone edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a row that is {state} cannot take the event {event:?}")]
pub struct IllegalTransition {
    /// The state the row was in.
    pub state: State,
    /// What was said to have happened.
    pub event: Event,
}

/// The state after `event`.
///
/// # Errors
/// [`IllegalTransition`] where the event cannot happen in that state.
pub fn next(state: State, event: Event) -> Result<State, IllegalTransition> {
    use Event as E;
    use State as S;
    match (state, event) {
        (S::Queued | S::Attempting, E::Claimed) => Ok(S::Attempting),
        (S::Attempting, E::Answered) => Ok(S::Started),
        (S::Attempting, E::GivenBack(Doubt::None) | E::NotNow(Doubt::None)) => Ok(S::Queued),
        (S::Attempting, E::GivenBack(Doubt::Earlier) | E::NotNow(Doubt::Earlier) | E::Unanswered) => {
            Ok(S::Attempting)
        }
        (S::Attempting, E::Refused(Doubt::None)) => Ok(S::Failed),
        // An earlier attempt may have started the contact that this refusal denies: not ours to call failed.
        (S::Attempting, E::Refused(Doubt::Earlier) | E::TokenExpired | E::TimeOver) => Ok(S::Uncertain),
        (S::Queued, E::TimeOver) => Ok(S::Expired),
        (S::Failed, E::RetryFailed)
        | (S::Uncertain, E::Decided(Decision::Resend | Decision::ResendAbsent)) => Ok(S::Queued),
        // Of rows that were never requested, as far as this journal knows: another one was, and is lost.
        (S::Attempting | S::Uncertain | S::Queued | S::Suppressed | S::Withdrawn | S::Expired, E::Found) => {
            Ok(S::Started)
        }
        (S::Queued, E::RetryRefused) => Ok(S::Failed),
        (S::Uncertain, E::Decided(Decision::Started)) => Ok(S::Started),
        (S::Uncertain, E::Decided(Decision::Failed)) => Ok(S::Failed),
        (S::Queued | S::Suppressed | S::Withdrawn | S::Expired, E::Planned) => Ok(S::Queued),
        // A failed row has no contact; suppressed, it is none that `--retry-failed` may try again.
        (S::Queued | S::Suppressed | S::Withdrawn | S::Expired | S::Failed, E::Suppressed) => {
            Ok(S::Suppressed)
        }
        (S::Queued | S::Suppressed | S::Withdrawn | S::Expired, E::Missing) => Ok(S::Withdrawn),
        (state, event) => Err(IllegalTransition { state, event }),
    }
}

/// The state after `event`, and `None` for a row that it does not move. For events that meet rows in any state, such as those
/// of a plan; where the event must be possible, [`next`] says so.
#[must_use]
pub fn moved(state: State, event: Event) -> Option<State> {
    next(state, event).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: [Event; 21] = [
        Event::Claimed,
        Event::GivenBack(Doubt::None),
        Event::GivenBack(Doubt::Earlier),
        Event::Answered,
        Event::NotNow(Doubt::None),
        Event::NotNow(Doubt::Earlier),
        Event::Refused(Doubt::None),
        Event::Refused(Doubt::Earlier),
        Event::Unanswered,
        Event::TokenExpired,
        Event::RetryFailed,
        Event::RetryRefused,
        Event::Decided(Decision::Started),
        Event::Decided(Decision::Failed),
        Event::Decided(Decision::Resend),
        Event::Decided(Decision::ResendAbsent),
        Event::Found,
        Event::Planned,
        Event::Suppressed,
        Event::Missing,
        Event::TimeOver,
    ];

    #[test]
    fn names_and_codes_round_trip() {
        for state in State::ALL {
            assert_eq!(State::from_code(state.code()), Some(state));
            assert_eq!(State::from_name(state.name()), Some(state));
        }
        assert_eq!(State::from_code(10), None);
    }

    /// The codes are in journals and reports, and never change.
    #[test]
    fn a_decision_has_a_code_of_its_own_and_says_what_it_means() {
        let decisions = [Decision::Started, Decision::Failed, Decision::Resend, Decision::ResendAbsent];
        let codes = ["marked-started", "marked-failed", "resend", "resend-not-there"];
        assert_eq!(decisions.map(Decision::code), codes);
        for (decision, word) in
            decisions.into_iter().zip(["was started", "was not started", "second message", "had no contact"])
        {
            assert!(decision.words().starts_with("a person decided") && decision.words().contains(word));
        }
    }

    #[test]
    fn a_started_row_never_moves_again() {
        for event in EVENTS {
            assert_eq!(next(State::Started, event), Err(IllegalTransition { state: State::Started, event }));
        }
    }

    /// Promise 5: what may have started a contact never becomes failed, and never goes back to the queue.
    #[test]
    fn a_row_in_doubt_is_never_failed_nor_queued() {
        for event in EVENTS {
            let doubtful = !matches!(
                event,
                Event::GivenBack(Doubt::None) | Event::NotNow(Doubt::None) | Event::Refused(Doubt::None)
            );
            if let (true, Ok(state)) = (doubtful, next(State::Attempting, event)) {
                assert!(!matches!(state, State::Failed | State::Queued), "{event:?} led to {state}");
            }
        }
    }

    /// The whole table, so that a changed cell is a changed line here.
    #[test]
    fn the_whole_table() {
        let mut table = String::new();
        for state in State::ALL {
            for event in EVENTS {
                if let Ok(after) = next(state, event) {
                    table.push_str(&format!("{state} + {event:?} -> {after}\n"));
                }
            }
        }
        insta::assert_snapshot!(table);
    }
}
