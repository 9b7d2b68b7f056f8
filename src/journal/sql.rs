//! Sets of states as SQL has them. A state is a number there, and these are the only places that say which.

use std::fmt;

use crate::domain::delivery::state::State;

/// States, as a list for `IN (…)`. Written into the text of a statement and not bound: only then are partial indexes usable.
#[derive(Debug, Clone, Copy)]
pub(in crate::journal) struct StateSet(&'static [State]);

impl StateSet {
    /// The states.
    pub(in crate::journal) fn states(self) -> &'static [State] {
        self.0
    }

    /// Whether the set has this state.
    pub(in crate::journal) fn has(self, state: State) -> bool {
        self.0.contains(&state)
    }
}

impl fmt::Display for StateSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, state) in self.0.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{}", state.code())?;
        }
        Ok(())
    }
}

/// Which rows are recipients, with an entry by key. Lines that are left out on purpose are suppressed, and have no client
/// token.
pub(in crate::journal) const IS_RECIPIENT: &str =
    "state NOT IN (5, 6) AND NOT (state = 7 AND client_token IS NULL)";
/// Lines that are no recipients: they have no entry by key or number, and the next plan forgets them.
pub(in crate::journal) const NO_RECIPIENTS: StateSet = StateSet(&[State::Rejected, State::Duplicate]);
/// Who has a contact, or may have one.
pub(in crate::journal) const CONTACTED: StateSet =
    StateSet(&[State::Attempting, State::Started, State::Uncertain]);
/// The same, and who waits for one.
pub(in crate::journal) const SENT_OR_WAITING: StateSet =
    StateSet(&[State::Queued, State::Attempting, State::Started, State::Uncertain]);
/// Who was requested, whatever came of it.
pub(in crate::journal) const REQUESTED: StateSet =
    StateSet(&[State::Attempting, State::Started, State::Failed, State::Uncertain]);
/// Lines that nothing is sent to.
pub(in crate::journal) const NOT_SENT_TO: StateSet =
    StateSet(&[State::Rejected, State::Duplicate, State::Suppressed, State::Withdrawn, State::Expired]);
/// Rows whose outcome is open.
pub(in crate::journal) const UNSETTLED: StateSet =
    StateSet(&[State::Queued, State::Attempting, State::Withdrawn]);
/// Rows of which no attempt is in doubt.
pub(in crate::journal) const WITHOUT_DOUBT: StateSet =
    StateSet(&[State::Queued, State::Failed, State::Withdrawn]);
/// Rows that wait, or were taken out of the queue before their turn.
pub(in crate::journal) const UNCLAIMED: StateSet = StateSet(&[State::Queued, State::Withdrawn]);

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers are in journals, and in the partial indexes of the migrations.
    #[test]
    fn sets_are_the_numbers_that_journals_have() {
        for (set, text) in [
            (NO_RECIPIENTS, "5, 6"),
            (CONTACTED, "1, 2, 4"),
            (SENT_OR_WAITING, "0, 1, 2, 4"),
            (REQUESTED, "1, 2, 3, 4"),
            (NOT_SENT_TO, "5, 6, 7, 8, 9"),
            (UNSETTLED, "0, 1, 8"),
            (WITHOUT_DOUBT, "0, 3, 8"),
            (UNCLAIMED, "0, 8"),
        ] {
            assert_eq!(set.to_string(), text);
        }
        assert!(IS_RECIPIENT.starts_with(&format!("state NOT IN ({NO_RECIPIENTS}) ")));
        assert!(CONTACTED.has(State::Uncertain) && !CONTACTED.has(State::Failed));
        let indexes = include_str!("../../migrations/V1__journal.sql");
        for (name, state) in [
            ("row_queued", State::Queued),
            ("row_attempting", State::Attempting),
            ("row_uncertain", State::Uncertain),
        ] {
            let index =
                format!("CREATE INDEX {name} ON row (campaign_id, id) WHERE state = {};", state.code());
            assert!(indexes.contains(&index), "{index}");
        }
    }
}
