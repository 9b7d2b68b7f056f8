//! The rows of a plan as they are written: a new one, and one that follows the file.

use rusqlite::{Transaction, params};

use crate::domain::delivery::state::State;
use crate::journal::error::JournalError;
use crate::journal::plan::existing::ExistingRecipient;
use crate::journal::plan::line::{Content, FileLine, reason_of};
use crate::journal::plan::reconcile::{move_line, planned_state};
use crate::journal::plan::{Plan, numbers};
use crate::journal::row::{ROOM, StampColumn, StateColumn, TokenColumn, texts};
use crate::journal::tally::Delta;

/// A new row.
pub(in crate::journal) fn insert(
    tx: &Transaction<'_>,
    plan: &mut Plan,
    line: &FileLine,
    state: State,
    cells: &str,
    delta: &mut Delta,
) -> Result<i64, JournalError> {
    let mut statement = tx.prepare_cached(&format!(
        "INSERT INTO row (campaign_id, line, key, destination, state, client_token, shape_id, slots, header_id, cells,
             code, reason, lane_id, waits_until, waits_for, not_after, sender_id, room)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, iif(?14 IS NULL, NULL, 0), ?15, ?16, iif(?5 = {queued}, zeroblob({ROOM}), NULL))",
        queued = State::Queued.code()
    ))?;
    let number = i64::try_from(line.number).unwrap_or(i64::MAX);
    let (campaign, header) = (plan.campaign.0, plan.header);
    match &line.content {
        Content::Recipient { key, destination, client_token, slots, lane, window, sender, suppressed } => {
            let sender = plan.senders.id(*sender);
            let lane = plan.lanes.id(tx, plan.campaign, lane.as_ref(), sender)?.map(|lane| lane.0);
            let (code, reason) = reason_of(state, suppressed.as_ref());
            let token = TokenColumn(*client_token);
            statement.execute(params![
                campaign,
                number,
                key,
                destination,
                StateColumn(state),
                token,
                plan.shape,
                texts(slots),
                header,
                cells,
                code,
                reason,
                lane,
                window.not_before.map(StampColumn),
                window.not_after.map(StampColumn),
                sender.map(|sender| sender.0)
            ])?;
        }
        Content::Rejected { code, reason, key } | Content::LeftOut { code, reason, key } => {
            let none = rusqlite::types::Null;
            let state = StateColumn(state);
            statement.execute(params![
                campaign, number, key, none, state, none, none, none, header, cells, code, reason, none,
                none, none, none
            ])?;
        }
    }
    delta.add(state);
    Ok(tx.last_insert_rowid())
}

/// Makes a row that was never attempted follow the file. Says whether it changed.
pub(in crate::journal) fn update(
    tx: &Transaction<'_>,
    plan: &mut Plan,
    known: &ExistingRecipient,
    line: &FileLine,
    cells: &str,
    delta: &mut Delta,
) -> Result<bool, JournalError> {
    let Content::Recipient { key, destination, client_token, slots, lane, window, sender, suppressed } =
        &line.content
    else {
        return Ok(false);
    };
    let client_token = known.client_token(plan.tokens_of(*sender), (key, *client_token));
    let sender = plan.senders.id(*sender);
    let lane = plan.lanes.id(tx, plan.campaign, lane.as_ref(), sender)?.map(|lane| lane.0);
    let sender = sender.map(|sender| sender.0);
    let mut after = planned_state(known.state, &line.content)?;
    if known.state == State::Expired && after == State::Queued && known.window.not_after == window.not_after {
        // Whether the campaign's own end is over still, the next run finds out.
        after = State::Expired;
    }
    let slots = texts(slots);
    let same_payload = known.destination == *destination && known.shape == plan.shape && known.slots == slots;
    let same_payload = same_payload && known.sender == sender;
    let same_lane = known.lane == lane && known.window == *window;
    if same_payload
        && same_lane
        && known.state == after
        && known.header == plan.header
        && known.cells == cells
    {
        move_line(tx, known, line.number)?;
        return Ok(false);
    }
    let (code, reason) = reason_of(after, suppressed.as_ref());
    let another_number = known.destination != *destination;
    if another_number {
        numbers::forget(tx, plan.campaign, known.id)?;
    }
    tx.prepare_cached(
        "UPDATE row SET line = ?2, destination = ?3, state = ?4, client_token = ?5, shape_id = ?6, slots = ?7,
             header_id = ?8, cells = ?9, code = ?10, reason = ?11, lane_id = ?12, not_after = ?14,
             waits_for = CASE WHEN waits_for = 1 AND waits_until > coalesce(?13, 0) THEN 1 WHEN ?13 IS NOT NULL THEN 0 END,
             waits_until = CASE WHEN waits_for = 1 AND waits_until > coalesce(?13, 0) THEN waits_until ELSE ?13 END,
             settled_at = NULL, sender_id = ?15
         WHERE id = ?1",
    )?
    .execute(params![
        known.id,
        i64::try_from(line.number).unwrap_or(i64::MAX),
        destination,
        StateColumn(after),
        TokenColumn(client_token),
        plan.shape,
        slots,
        plan.header,
        cells,
        code,
        reason,
        lane,
        window.not_before.map(StampColumn),
        window.not_after.map(StampColumn),
        sender
    ])?;
    if another_number {
        numbers::enter(tx, known.id)?;
    }
    delta.moved(known.state, after);
    Ok(true)
}
