//! A line of the recipients file on its way into the journal.

use uuid::Uuid;

use crate::domain::delivery::state::State;
use crate::domain::hours::Lane;
use crate::domain::hours::schedule::Window;
use crate::domain::row::rejected_id::RejectedId;

/// The code of a line whose key came before.
pub(in crate::journal) const DUPLICATE: &str = "duplicate-key";
/// The code of a line whose recipient was contacted with something else.
pub(in crate::journal) const CHANGED_AFTER_CONTACT: &str = "changed-after-contact";
/// The reason of a duplicate whose number is another one.
pub(in crate::journal) const OTHER_NUMBER: &str =
    "an earlier line of the file has the same key, and another number";

/// A line of the recipients file on its way into the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLine {
    /// Where it begins in the file, from 1.
    pub number: u64,
    /// Which rejected row it corrects, where it is a correction that says so.
    pub rejected: Option<RejectedId>,
    /// Its own cells.
    pub cells: Vec<String>,
    /// What became of it.
    pub content: Content,
}

/// What a line became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A recipient.
    Recipient {
        /// What makes it the same recipient.
        key: String,
        /// E.164.
        destination: String,
        /// The idempotency token.
        client_token: Uuid,
        /// What fills the plan's shape.
        slots: Vec<String>,
        /// What it waits for besides its turn; `None` where the campaign has no hours.
        lane: Option<Lane>,
        /// Which of the definition's senders sends to it, where they are several; its source is then the last of the slots.
        sender: Option<usize>,
        /// From when to when it may be sent to.
        window: Window,
        /// Why it is not to be sent to, if so: code and words.
        suppressed: Option<(String, String)>,
    },
    /// No recipient of this campaign, on purpose: code and words. The row is `suppressed`, and takes nobody's place:
    /// another line may have its key.
    LeftOut {
        /// A stable word.
        code: String,
        /// In plain words.
        reason: String,
        /// Its key, as far as it has one.
        key: Option<String>,
    },
    /// No recipient: code and words.
    Rejected {
        /// A stable word.
        code: String,
        /// In plain words, with the column.
        reason: String,
        /// Its key, as far as it has one.
        key: Option<String>,
    },
}

/// Code and words of a line that nothing is sent to, planned in this state.
pub(in crate::journal) fn reason_of(
    state: State,
    suppressed: Option<&(String, String)>,
) -> (Option<&str>, Option<&str>) {
    match (state, suppressed) {
        // Of a duplicate too it is worth knowing that it would not be sent to if it were none.
        (State::Suppressed | State::Duplicate, Some((code, reason))) => (Some(code), Some(reason)),
        (State::Duplicate, None) => (Some(DUPLICATE), Some("an earlier line of the file has the same key")),
        _ => (None, None),
    }
}
