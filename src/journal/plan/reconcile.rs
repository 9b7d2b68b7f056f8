//! How rows that the journal has already follow the file that is planned.

use rusqlite::{Transaction, params};

use crate::domain::delivery::state;
use crate::domain::delivery::state::{Event, State};
use crate::journal::error::JournalError;
use crate::journal::plan::existing;
use crate::journal::plan::existing::ExistingRecipient;
use crate::journal::plan::line::{Content, FileLine, reason_of};
use crate::journal::plan::row_set::RowSet;
use crate::journal::row::{CampaignId, StateColumn};
use crate::journal::sql;
use crate::journal::tally::Delta;

/// The state of the recipient whom a line that is none stands for all the same, if it does. The row stays, for nobody is started
/// and rejected at once: one who was started from this very line, from a correction or an earlier version of it, and is
/// rejected now; one who was contacted, and whom the definition leaves out now.
pub(in crate::journal) fn stands_for(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    line: &FileLine,
    seen: &mut RowSet,
) -> Result<Option<State>, JournalError> {
    let (Content::Rejected { key: Some(key), .. } | Content::LeftOut { key: Some(key), .. }) = &line.content
    else {
        return Ok(None);
    };
    let Some(known) = existing::find(tx, campaign, key)? else { return Ok(None) };
    let stays = match line.content {
        Content::LeftOut { .. } => sql::CONTACTED.has(known.state),
        _ => known.state == State::Started && known.line == Some(line.number),
    };
    if !stays || !seen.insert(known.id) {
        return Ok(None);
    }
    move_line(tx, &known, line.number)?;
    Ok(Some(known.state))
}

pub(in crate::journal) fn planned_state(before: State, content: &Content) -> Result<State, JournalError> {
    Ok(state::next(before, event(content))?)
}

fn event(content: &Content) -> Event {
    match content {
        Content::Recipient { suppressed: Some(_), .. } => Event::Suppressed,
        _ => Event::Planned,
    }
}

pub(in crate::journal) fn move_line(
    tx: &Transaction<'_>,
    known: &ExistingRecipient,
    number: u64,
) -> Result<(), JournalError> {
    if known.line != Some(number) {
        tx.prepare_cached("UPDATE row SET line = ?2 WHERE id = ?1")?
            .execute(params![known.id, i64::try_from(number).unwrap_or(i64::MAX)])?;
    }
    Ok(())
}

/// A row that was attempted keeps token and payload; it may still leave the queue or come back to it.
pub(in crate::journal) fn keep(
    tx: &Transaction<'_>,
    known: &ExistingRecipient,
    line: &FileLine,
    delta: &mut Delta,
) -> Result<(), JournalError> {
    let after = state::moved(known.state, event(&line.content)).unwrap_or(known.state);
    if after != known.state {
        let Content::Recipient { suppressed, .. } = &line.content else { return Ok(()) };
        let (code, reason) = reason_of(after, suppressed.as_ref());
        tx.prepare_cached(
            "UPDATE row SET state = ?2, code = ?3, reason = ?4, settled_at = NULL WHERE id = ?1",
        )?
        .execute(params![known.id, StateColumn(after), code, reason])?;
        delta.moved(known.state, after);
    }
    move_line(tx, known, line.number)
}
