//! How rows that the journal has already follow the file that is planned.

use rusqlite::{OptionalExtension, Transaction, params};

use crate::domain::delivery::state;
use crate::domain::delivery::state::{Event, State};
use crate::domain::row::rejected_id::RejectedId;
use crate::journal::error::JournalError;
use crate::journal::plan::existing;
use crate::journal::plan::existing::ExistingRecipient;
use crate::journal::plan::line::{Content, FileLine, reason_of};
use crate::journal::plan::rejected_rows::{RejectedRow, RejectedRows};
use crate::journal::plan::row_set::RowSet;
use crate::journal::row::{CampaignId, StateColumn, texts};
use crate::journal::sql;
use crate::journal::tally::Delta;

/// The state of the recipient whom a line that is none stands for all the same, if it does. The row stays, for nobody is
/// started and rejected at once: one whom a correction put in the place of this very line, whatever became of it, and
/// wherever the line was then; one who was started from it, and is rejected now.
pub(in crate::journal) fn stands_for(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    line: &FileLine,
    (seen, rejected_rows): (&mut RowSet, &mut Option<RejectedRows>),
) -> Result<Option<State>, JournalError> {
    if matches!(line.content, Content::Rejected { .. }) {
        if let Some((id, state)) = corrected_on_line(tx, campaign, line)? {
            return Ok(seen.insert(id).then_some(state));
        }
        if let Some((id, state)) = corrected_elsewhere(tx, campaign, line, (seen, rejected_rows))? {
            seen.insert(id);
            return Ok(Some(state));
        }
    }
    let Content::Rejected { key: Some(key), .. } = &line.content else { return Ok(None) };
    let Some(known) = existing::find(tx, campaign, key)? else { return Ok(None) };
    let stays = known.state == State::Started && known.line == Some(line.number);
    Ok((stays && seen.insert(known.id)).then_some(known.state))
}

/// The row, with its state, that a correction put onto this line when it was rejected with these very cells.
fn corrected_on_line(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    line: &FileLine,
) -> Result<Option<(i64, State)>, JournalError> {
    let number = i64::try_from(line.number).unwrap_or(i64::MAX);
    let found = tx
        .prepare_cached(&format!(
            "SELECT id, state FROM row WHERE campaign_id = ?1 AND line = ?2 AND corrects = ?3 AND {}",
            sql::IS_RECIPIENT
        ))?
        .query_row(params![campaign.0, number, texts(&line.cells)], |row| {
            let StateColumn(state) = row.get(1)?;
            Ok((row.get(0)?, state))
        })
        .optional()?;
    Ok(found)
}

/// The row, with its state, that a correction put in the place of this line while it was another one: it follows the line.
fn corrected_elsewhere(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    line: &FileLine,
    (seen, rejected_rows): (&RowSet, &mut Option<RejectedRows>),
) -> Result<Option<(i64, State)>, JournalError> {
    let rows = RejectedRows::known(tx, campaign, rejected_rows)?;
    let id = RejectedId::of(line.cells.iter().map(String::as_str));
    let fits = |row: &RejectedRow| {
        let has_place = row.line.is_some() || sql::REQUESTED.has(row.state);
        !row.is_nobody() && !seen.contains(row.id) && has_place
    };
    let all = rows.with(tx, id)?;
    // Whoever has the line now, before one who was contacted and gave way to another correction.
    let Some(row) = all.into_iter().filter(fits).min_by_key(|row| row.line.is_none()) else {
        return Ok(None);
    };
    tx.prepare_cached("UPDATE row SET line = ?2 WHERE id = ?1")?
        .execute(params![row.id, i64::try_from(line.number).unwrap_or(i64::MAX)])?;
    Ok(Some((row.id, row.state)))
}

/// Gives recipients who were contacted, and of whom the file has nothing but a line that is left out now, that line back:
/// nobody is started and left out at once. Says how many were started.
pub(in crate::journal) fn take_left_out_lines(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    delta: &mut Delta,
) -> Result<u64, JournalError> {
    let found: Vec<(i64, i64, i64, State)> = tx
        .prepare_cached(&format!(
            "SELECT min(left_out.id), min(left_out.line), known.id, known.state FROM row AS left_out
             JOIN recipient ON recipient.campaign_id = ?1 AND recipient.key = left_out.key
             JOIN row AS known ON known.id = recipient.row_id
             WHERE left_out.campaign_id = ?1 AND left_out.state = ?2 AND left_out.client_token IS NULL
                 AND known.line IS NULL AND known.state IN ({})
             GROUP BY known.id",
            sql::CONTACTED
        ))?
        .query_map(params![campaign.0, StateColumn(State::Suppressed)], |row| {
            let StateColumn(state) = row.get(3)?;
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, state))
        })?
        .collect::<Result<_, _>>()?;
    let mut started = 0;
    for (left_out, line, known, state) in found {
        tx.prepare_cached("DELETE FROM row WHERE id = ?1")?.execute([left_out])?;
        tx.prepare_cached("UPDATE row SET line = ?2 WHERE id = ?1")?.execute([known, line])?;
        delta.remove(State::Suppressed, 1);
        started += u64::from(state == State::Started);
    }
    Ok(started)
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
