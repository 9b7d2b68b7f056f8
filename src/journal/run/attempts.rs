//! Attempts: the intent before the request, the outcome after it. Every function here runs inside the writer's group
//! transaction; nothing is true before that commits.

use rusqlite::{OptionalExtension, Row, Transaction, params};
use uuid::Uuid;

use crate::domain::delivery::state;
use crate::domain::delivery::state::{Decision, Doubt, Event, State};
use crate::domain::delivery::verdict::{CLOCK_SLACK, TOKEN_SAFE};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::admission::Admission;
use crate::journal::error::JournalError;
use crate::journal::file::open::Journal;
use crate::journal::row::{
    CampaignId, ContactIdColumn, Frozen, LaneId, ROOM_CLAIMED, RowId, SenderId, StampColumn, StateColumn,
    TextsColumn, TokenColumn,
};
use crate::journal::run::claimed::{Claim, ClaimRequest, ClaimRoom, Claimed, LaneCursor, Pass, Shapes, Wake};
use crate::journal::run::limits;
use crate::journal::run::pending_claim::{ClaimRules, ClaimState, Looked, PendingClaim};
use crate::journal::sql;
use crate::journal::tally::Delta;

/// What came of a claimed row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The row.
    pub id: RowId,
    /// What happened.
    pub event: Event,
    /// Connect's answer, where it came.
    pub contact_id: Option<String>,
    /// The refusal's code and words, where it was one.
    pub refusal: Option<(String, String)>,
    /// When the request left; `None` where none did.
    pub requested_at: Option<UnixMillis>,
    /// When.
    pub at: UnixMillis,
}

const COLUMNS: &str = "id, line, destination, client_token, shape_id, slots, attempts, doubt_at, state, key, lane_id, waits_until, not_after, sender_id";

/// Claims the rows that are asked for, in order. Rows that are on a suppression list by now are suppressed instead, rows whose
/// numbers were contacted too lately are held, and others taken in their place.
pub(in crate::journal) fn claim_next(
    tx: &Transaction<'_>,
    (state, admission): (&mut ClaimState, &Admission),
    campaign: CampaignId,
    request: &ClaimRequest,
    now: UnixMillis,
    delta: &mut Delta,
) -> Result<Claim, JournalError> {
    let mut rules = ClaimRules::of(tx, (state, admission), campaign, delta, now)?;
    let mut claim = Claim::default();
    let mut rooms = ClaimRoom::of(request);
    for cursor in &request.lanes {
        if rooms.is_full() || claim.stopped_at.is_some() {
            break;
        }
        let room = rooms.room(cursor);
        if room == 0 {
            continue;
        }
        let of = LaneClaim { campaign, cursor: *cursor, most: room, sample: admission.sample, now };
        let part = match cursor.pass {
            Pass::Waited(since) => claim_waited(tx, (&mut state.shapes, &mut rules), &of, since, delta)?,
            _ => claim_lane(tx, (&mut state.shapes, &mut rules), &of, delta)?,
        };
        rooms.take(cursor, part.rows.len());
        claim.rows.extend(part.rows);
        claim.suppressed.extend(part.suppressed);
        claim.expired.extend(part.expired);
        claim.wakes.extend(part.wakes);
        claim.stopped_at = part.stopped_at;
        if cursor.ends {
            claim.ends.push((cursor.lane, first_end(tx, campaign, cursor.lane)?));
        }
    }
    Ok(Claim { limited: rules.end(state), ..claim })
}

/// What is claimed of one lane.
struct LaneClaim {
    campaign: CampaignId,
    cursor: LaneCursor,
    most: usize,
    sample: Option<Uuid>,
    now: UnixMillis,
}

/// When the time of the first row of a lane is over, of those that wait.
fn first_end(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    lane: Option<LaneId>,
) -> Result<Option<UnixMillis>, JournalError> {
    let first: Option<StampColumn> = tx
        .prepare_cached(&format!(
            "SELECT min(not_after) FROM row INDEXED BY row_lane_ends
             WHERE campaign_id = ?1 AND lane_id IS ?2 AND state = {} AND not_after IS NOT NULL",
            State::Queued.code()
        ))?
        .query_row(params![campaign.0, lane.map(|lane| lane.0)], |row| row.get(0))?;
    Ok(first.map(|first| first.0))
}

fn claim_lane(
    tx: &Transaction<'_>,
    (shapes, rules): (&mut Shapes, &mut ClaimRules<'_>),
    LaneClaim { campaign, cursor, most, sample, now }: &LaneClaim,
    delta: &mut Delta,
) -> Result<Claim, JournalError> {
    let LaneCursor { lane, pass, after, .. } = *cursor;
    let (before, sample) = match pass {
        Pass::InDoubt => (State::Attempting, None),
        Pass::Queued | Pass::Waited(_) => (State::Queued, sample.map(TokenColumn)),
    };
    let state = before.code();
    let lane = lane.map(|lane| lane.0);
    // These stand in the text, not in parameters: only then are the partial indexes usable.
    let of_lane = if lane.is_some() { "lane_id = ?5" } else { "lane_id IS NULL AND ?5 IS NULL" };
    let of_lane = match pass {
        Pass::InDoubt => of_lane.to_owned(),
        _ => format!("{of_lane} AND waits_until IS NULL"),
    };
    let mut statement = tx.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM row WHERE campaign_id = ?1 AND state = {state} AND id > ?2
             AND {of_lane} AND (?4 IS NULL OR client_token <= ?4) ORDER BY id LIMIT ?3"
    ))?;
    let mut taken = PendingClaim::default();
    let (mut behind, mut looked) = (after.0, Looked::Done);
    while taken.rows.len() != *most && looked == Looked::Done {
        let (begun, room) = (behind, i64::try_from(most - taken.rows.len()).unwrap_or(i64::MAX));
        let mut rows = statement.query(params![campaign.0, behind, room, sample, lane])?;
        while let Some(row) = rows.next()? {
            looked = take(&mut taken, rules, row, read(tx, shapes, row, *now)?)?;
            if looked == Looked::Stop {
                break;
            }
            behind = row.get(0)?;
        }
        if behind == begun {
            break;
        }
    }
    let (claimed, mut claim) = taken.without_others(tx, *now, delta)?;
    claim.stopped_at = (looked == Looked::Stop).then_some(LaneCursor { after: RowId(behind), ..*cursor });
    let Some((last, _)) = claimed.last() else { return Ok(claim) };
    // One statement for all of them costs half of what one for each does. Those that were put aside have another state by now,
    // or wait.
    let marked = tx
        .prepare_cached(&format!(
            "UPDATE row SET state = {attempting}, attempts = attempts + 1,
                 room = iif(first_attempt_at IS NULL, zeroblob({ROOM_CLAIMED}), room),
                 first_attempt_at = coalesce(first_attempt_at, ?4), doubt_at = coalesce(doubt_at, ?4)
             WHERE campaign_id = ?1 AND state = {state} AND id > ?2 AND id <= ?3
                 AND {of_lane} AND (?6 IS NULL OR client_token <= ?6)",
            attempting = State::Attempting.code()
        ))?
        .execute(params![campaign.0, after.0, last.id.0, StampColumn(*now), lane, sample])?;
    if marked != claimed.len() {
        return Err(JournalError::Unbalanced(format!(
            "{} rows wait, {marked} could be claimed",
            claimed.len()
        )));
    }
    for (_, state) in &claimed {
        delta.moved(*state, state::next(*state, Event::Claimed)?);
    }
    Ok(claim.with(claimed))
}

/// Claims rows whose moment has come, in its order, and finds out when that of the next one does.
fn claim_waited(
    tx: &Transaction<'_>,
    (shapes, rules): (&mut Shapes, &mut ClaimRules<'_>),
    LaneClaim { campaign, cursor, most, sample, now }: &LaneClaim,
    since: UnixMillis,
    delta: &mut Delta,
) -> Result<Claim, JournalError> {
    let lane = cursor.lane.map(|lane| lane.0);
    let waiting = format!(
        "FROM row INDEXED BY row_waits WHERE campaign_id = ?1 AND lane_id IS ?2 AND state = {} AND waits_until IS NOT NULL",
        State::Queued.code()
    );
    let mut statement = tx.prepare_cached(&format!(
        "SELECT {COLUMNS} {waiting} AND (waits_until, id) > (?3, ?4) AND waits_until <= ?5
             AND (?6 IS NULL OR client_token <= ?6) ORDER BY waits_until, id LIMIT ?7"
    ))?;
    let sample = sample.map(TokenColumn);
    let mut taken = PendingClaim::default();
    let (mut since, mut behind, mut looked) = (StampColumn(since), cursor.after.0, Looked::Done);
    while taken.rows.len() != *most && looked == Looked::Done {
        let begun = behind;
        let room = i64::try_from(most - taken.rows.len()).unwrap_or(i64::MAX);
        let mut rows =
            statement.query(params![campaign.0, lane, since, behind, StampColumn(*now), sample, room])?;
        while let Some(row) = rows.next()? {
            looked = take(&mut taken, rules, row, read(tx, shapes, row, *now)?)?;
            if looked == Looked::Stop {
                break;
            }
            (behind, since) = (row.get(0)?, row.get(11)?);
        }
        if behind == begun {
            break;
        }
    }
    let whole = taken.rows.len() != *most && looked == Looked::Done;
    let (claimed, mut claim) = taken.without_others(tx, *now, delta)?;
    for (row, state) in &claimed {
        mark(tx, row, *state, *now, delta)?;
    }
    claim.stopped_at = (looked == Looked::Stop).then_some(*cursor);
    if whole {
        let next: Option<(StampColumn, Option<i64>)> = tx
            .prepare_cached(&format!(
                "SELECT waits_until, waits_for {waiting} AND waits_until > ?3 ORDER BY waits_until LIMIT 1"
            ))?
            .query_row(params![campaign.0, lane, StampColumn(*now)], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let next = next.map(|(at, of)| Wake { lane: cursor.lane, at: at.0, limited: of == Some(1) });
        claim.wakes = next.into_iter().collect();
    }
    Ok(claim.with(claimed))
}

/// Claims these rows once more, for another attempt. Rows that have left the queue since are left out.
pub(in crate::journal) fn claim_again(
    tx: &Transaction<'_>,
    (state, admission): (&mut ClaimState, &Admission),
    (campaign, ids): (CampaignId, &[RowId]),
    now: UnixMillis,
    delta: &mut Delta,
) -> Result<Claim, JournalError> {
    let mut statement = tx.prepare_cached(&format!("SELECT {COLUMNS} FROM row WHERE id = ?1"))?;
    let mut rules = ClaimRules::of(tx, (state, admission), campaign, delta, now)?;
    let mut taken = PendingClaim::default();
    for id in ids {
        let mut rows = statement.query([id.0])?;
        if let Some(row) = rows.next()? {
            let claimed = read(tx, &mut state.shapes, row, now)?;
            if matches!(claimed.1, State::Queued | State::Attempting) {
                // One that a limit leaves out waits in the journal; others, in doubt, are claimed all the same.
                take(&mut taken, &mut rules, row, claimed)?;
            }
        }
    }
    let (claimed, claim) = taken.without_others(tx, now, delta)?;
    for (row, state) in &claimed {
        mark(tx, row, *state, now, delta)?;
    }
    Ok(Claim { limited: rules.end(state), ..claim.with(claimed) })
}

fn take(
    taken: &mut PendingClaim,
    rules: &mut ClaimRules<'_>,
    row: &Row<'_>,
    claimed: (Claimed, State),
) -> Result<Looked, JournalError> {
    taken.take(rules, row.get_ref(9)?.as_str().unwrap_or_default(), claimed)
}

fn read(
    tx: &Transaction<'_>,
    shapes: &mut Shapes,
    row: &Row<'_>,
    now: UnixMillis,
) -> Result<(Claimed, State), JournalError> {
    let id: i64 = row.get(0)?;
    let (TokenColumn(client_token), TextsColumn(slots)) = (row.get(3)?, row.get(5)?);
    let doubt_at: Option<StampColumn> = row.get(7)?;
    let StateColumn(state) = row.get(8)?;
    let claimed = Claimed {
        id: RowId(id),
        line: row.get::<_, Option<i64>>(1)?.and_then(|line| u64::try_from(line).ok()),
        lane: row.get::<_, Option<i64>>(10)?.map(LaneId),
        sender: row.get::<_, Option<i64>>(13)?.map(SenderId),
        waited_until: row.get::<_, Option<StampColumn>>(11)?.map(|stamp| stamp.0),
        not_after: row.get::<_, Option<StampColumn>>(12)?.map(|stamp| stamp.0),
        frozen: Frozen { form: shapes.get(tx, row.get(4)?)?, slots, destination: row.get(2)?, client_token },
        attempts: row.get::<_, u32>(6)?.saturating_add(1),
        earlier: if doubt_at.is_some() { Doubt::Earlier } else { Doubt::None },
        doubt_at: doubt_at.map_or(now, |stamp| stamp.0),
        requested_at: None,
    };
    Ok((claimed, state))
}

fn mark(
    tx: &Transaction<'_>,
    row: &Claimed,
    before: State,
    now: UnixMillis,
    delta: &mut Delta,
) -> Result<(), JournalError> {
    let after = state::next(before, Event::Claimed)?;
    tx.prepare_cached(
        "UPDATE row SET state = ?2, attempts = ?3, first_attempt_at = coalesce(first_attempt_at, ?4),
             doubt_at = coalesce(doubt_at, ?4)
         WHERE id = ?1",
    )?
    .execute(params![row.id.0, after.code(), row.attempts, StampColumn(now)])?;
    delta.moved(before, after);
    Ok(())
}

/// The code of an answer with a contact id that another row has.
pub(in crate::journal) const REPEATED: &str = "RepeatedContactId";

/// Whether another row of the same campaign has this contact id: each contact has one of its own, and what gives one twice is
/// a stand-in or a cache.
pub(in crate::journal) fn is_anothers(
    tx: &Transaction<'_>,
    id: i64,
    contact_id: &str,
) -> rusqlite::Result<bool> {
    tx.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM row AS other INDEXED BY row_contact
             WHERE contact_id = ?1 AND id <> ?2 AND campaign_id = (SELECT campaign_id FROM row WHERE id = ?2))",
    )?
    .query_row(params![ContactIdColumn(contact_id), id], |row| row.get(0))
}

/// What nearly every row comes to, in one statement. `None` where it is another one.
fn answer(
    tx: &Transaction<'_>,
    settlement: &Settlement,
    delta: &mut Delta,
) -> Result<Option<State>, JournalError> {
    let (before, after) = (State::Attempting, state::next(State::Attempting, Event::Answered)?);
    let contact_id = settlement.contact_id.as_deref().map(ContactIdColumn);
    let (at, requested) = (StampColumn(settlement.at), settlement.requested_at.map(StampColumn));
    let answered = tx
        .prepare_cached(
            "UPDATE row SET state = ?2, settled_at = ?3, contact_id = ?4, requested_at = ?6, doubt_at = NULL, room = NULL
             WHERE id = ?1 AND state = ?5 AND code IS NULL",
        )?
        .execute(params![settlement.id.0, after.code(), at, contact_id, before.code(), requested])?;
    if answered == 1 {
        delta.moved(before, after);
    }
    Ok((answered == 1).then_some(after))
}

/// The same of a row that a person decided to send again: that stays to be seen in the report.
fn answer_decided(tx: &Transaction<'_>, settlement: &Settlement, after: State) -> rusqlite::Result<usize> {
    tx.prepare_cached(
        "UPDATE row SET state = ?2, settled_at = ?3, contact_id = ?4, requested_at = ?6, doubt_at = NULL, room = NULL,
             code = (SELECT decision FROM decision WHERE row_id = ?1 ORDER BY id DESC LIMIT 1),
             reason = (SELECT iif(decision = ?7, ?8, ?5) FROM decision WHERE row_id = ?1 ORDER BY id DESC LIMIT 1)
         WHERE id = ?1",
    )?
    .execute(params![
        settlement.id.0,
        after.code(),
        StampColumn(settlement.at),
        settlement.contact_id.as_deref().map(ContactIdColumn),
        Decision::Resend.words(),
        settlement.requested_at.map(StampColumn),
        Decision::ResendAbsent.code(),
        Decision::ResendAbsent.words()
    ])
}

/// Takes note of what came of an attempt, and says what state that gave. A contact id that another row has is no answer.
pub(in crate::journal) fn settle(
    tx: &Transaction<'_>,
    settlement: &Settlement,
    delta: &mut Delta,
) -> Result<State, JournalError> {
    let id = settlement.id.0;
    let at = StampColumn(settlement.at);
    let requested = settlement.requested_at.map(StampColumn);
    if settlement.event == Event::Answered {
        if let Some(given) = settlement.contact_id.as_deref()
            && is_anothers(tx, id, given)?
        {
            // Whether this row has a contact is as unknown as without an answer.
            let message = format!("the contact id {given} was given for another row of this campaign before");
            let refusal = Some((REPEATED.to_owned(), message));
            let unanswered =
                Settlement { event: Event::Unanswered, contact_id: None, refusal, ..settlement.clone() };
            return settle(tx, &unanswered, delta);
        }
        if let Some(after) = answer(tx, settlement, delta)? {
            return Ok(after);
        }
    }
    let (StateColumn(before), line): (_, Option<i64>) = tx
        .prepare_cached("SELECT state, line FROM row WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut after = state::next(before, settlement.event)?;
    if after == State::Queued && line.is_none() {
        // It left the file while its request was on its way: nobody waits for its turn who is not in the file.
        after = state::next(after, Event::Missing)?;
    }
    let (code, reason) = settlement
        .refusal
        .as_ref()
        .map_or((None, None), |(code, reason)| (Some(code.as_str()), Some(reason.as_str())));
    match settlement.event {
        Event::Answered => answer_decided(tx, settlement, after)?,
        // No request left: the claim leaves no trace.
        Event::GivenBack(_) => tx
            .prepare_cached(&format!(
                "UPDATE row SET state = ?2, attempts = attempts - 1,
                     first_attempt_at = CASE attempts WHEN 1 THEN NULL ELSE first_attempt_at END,
                     doubt_at = CASE WHEN ?2 IN ({}) THEN NULL ELSE doubt_at END
                 WHERE id = ?1",
                sql::UNCLAIMED
            ))?
            .execute(params![id, after.code()])?,
        _ => tx
            .prepare_cached(&format!(
                "UPDATE row SET state = ?2, code = ?4, reason = ?5,
                     settled_at = CASE WHEN ?2 IN ({}) THEN NULL ELSE ?3 END,
                     doubt_at = CASE WHEN ?2 IN ({}) THEN NULL ELSE doubt_at END
                 WHERE id = ?1",
                sql::UNSETTLED,
                sql::WITHOUT_DOUBT
            ))?
            .execute(params![id, after.code(), at, code, reason])?,
    };
    if let (Some(requested), true) = (requested, settlement.event != Event::Answered) {
        tx.prepare_cached("INSERT OR IGNORE INTO request (row_id, at) VALUES (?1, ?2)")?
            .execute(params![id, requested])?;
    }
    if after == State::Failed {
        limits::release_others(tx, id, settlement.at)?;
    }
    delta.moved(before, after);
    Ok(after)
}

impl Journal {
    /// Gives up rows in doubt whose client token is too old to replay, or nobody knows how old because the clock was set
    /// back: only a person can decide on them. The rule is [`token_is_safe`](crate::domain::delivery::verdict::token_is_safe).
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn expire(&mut self, campaign: CampaignId, now: UnixMillis) -> Result<u64, JournalError> {
        let after = state::next(State::Attempting, Event::TokenExpired)?;
        let tx = self.begin_write()?;
        // Left to itself, SQLite would look at every row of the campaign, by line.
        let rows = tx.execute(
            &format!(
                "UPDATE row INDEXED BY row_attempting SET state = ?2, settled_at = ?3
                 WHERE campaign_id = ?1 AND state = {} AND (doubt_at <= ?4 OR doubt_at >= ?5)",
                State::Attempting.code()
            ),
            params![
                campaign.0,
                after.code(),
                StampColumn(now),
                StampColumn(now.minus(TOKEN_SAFE)),
                StampColumn(now.plus(CLOCK_SLACK))
            ],
        )?;
        moved(&tx, campaign, State::Attempting, after, rows)?;
        tx.commit()?;
        Ok(rows as u64)
    }

    /// Puts every failed row of the file back into the queue, for `--retry-failed`. Token and payload stay as they are: a
    /// failed row has no contact. One that is not in the file any more is nobody to be
    /// contacted, nor is one of which a person decided so; one that was purged has nothing to be sent any more.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn retry_failed(&mut self, campaign: CampaignId) -> Result<u64, JournalError> {
        let after = state::next(State::Failed, Event::RetryFailed)?;
        let tx = self.begin_write()?;
        let rows = tx.execute(
            "UPDATE row SET state = ?2, settled_at = NULL
             WHERE campaign_id = ?1 AND state = ?3 AND line IS NOT NULL AND code IS NOT ?4
                 AND key IS NOT NULL",
            params![campaign.0, after.code(), State::Failed.code(), Decision::Failed.code()],
        )?;
        moved(&tx, campaign, State::Failed, after, rows)?;
        tx.commit()?;
        Ok(rows as u64)
    }
}

fn moved(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    from: State,
    to: State,
    rows: usize,
) -> Result<(), JournalError> {
    let mut delta = Delta::default();
    for _ in 0..rows {
        delta.moved(from, to);
    }
    Ok(delta.write(tx, campaign)?)
}
