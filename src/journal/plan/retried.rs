//! Failed rows that are tried again with the file: as they were, or corrected. A failed row has no contact.
//!
//! One that was corrected has another payload, and so another token; what was tried before is kept beside it, and the row itself is
//! as if it had never been attempted.

use rusqlite::{Transaction, params};

use crate::domain::delivery::state;
use crate::domain::delivery::state::{Decision, Event, State};
use crate::journal::error::JournalError;
use crate::journal::plan::existing::ExistingRecipient;
use crate::journal::plan::line::{Content, FileLine};
use crate::journal::row::{ROOM, StateColumn};

/// Whether the row may be tried again: it failed, not because a person said so, and the line is to be sent to.
pub(in crate::journal) fn may_be(
    tx: &Transaction<'_>,
    known: &ExistingRecipient,
    line: &FileLine,
) -> Result<bool, JournalError> {
    let is_meant = matches!(&line.content, Content::Recipient { suppressed: None, .. });
    if known.state != State::Failed || known.purged || !is_meant {
        return Ok(false);
    }
    Ok(tx
        .prepare_cached("SELECT code IS NOT ?2 FROM row WHERE id = ?1")?
        .query_row(params![known.id, Decision::Failed.code()], |row| row.get(0))?)
}

/// Puts a row back into the queue as it is, with its token and its payload.
pub(in crate::journal) fn queue(
    tx: &Transaction<'_>,
    known: &ExistingRecipient,
) -> Result<State, JournalError> {
    let after = state::next(known.state, Event::RetryFailed)?;
    tx.prepare_cached("UPDATE row SET state = ?2, settled_at = NULL WHERE id = ?1")?
        .execute(params![known.id, StateColumn(after)])?;
    Ok(after)
}

/// Keeps what was tried, and makes the row one that was never attempted. Says what it is now.
pub(in crate::journal) fn put_away(
    tx: &Transaction<'_>,
    known: ExistingRecipient,
) -> Result<ExistingRecipient, JournalError> {
    let state = state::next(known.state, Event::RetryFailed)?;
    tx.prepare_cached(
        "INSERT INTO earlier_attempt (row_id, nth, client_token, destination, shape_id, slots, reason, attempts,
             first_attempt_at, settled_at, code)
         SELECT id, ?2, client_token, destination, shape_id, slots, reason, attempts, first_attempt_at, settled_at, code
         FROM row WHERE id = ?1",
    )?
    .execute(params![known.id, known.corrections])?;
    tx.prepare_cached(&format!(
        "UPDATE row SET state = ?2, attempts = 0, first_attempt_at = NULL, doubt_at = NULL, settled_at = NULL, code = NULL,
             reason = NULL, room = zeroblob({ROOM})
         WHERE id = ?1"
    ))?
    .execute(params![known.id, StateColumn(state)])?;
    Ok(ExistingRecipient { state, attempts: 0, corrections: known.corrections + 1, ..known })
}
