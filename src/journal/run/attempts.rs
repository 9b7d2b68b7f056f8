//! Attempts: the intent before the request, the outcome after it. Every function here runs inside the writer's group
//! transaction; nothing is true before that commits.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Row, Transaction, params};

use crate::domain::delivery::state;
use crate::domain::delivery::state::{Decision, Doubt, Event, State};
use crate::domain::delivery::verdict::{CLOCK_SLACK, TOKEN_SAFE};
use crate::domain::message::body_template::BodyTemplate;
use crate::domain::row::suppression::Suppressed;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::admission::Admission;
use crate::journal::error::JournalError;
use crate::journal::file::open::Journal;
use crate::journal::row::{
    CampaignId, ContactIdColumn, Frozen, LaneId, ROOM_CLAIMED, RowId, StampColumn, StateColumn, TextsColumn,
    TokenColumn,
};
use crate::journal::run::expiry;
use crate::journal::run::suppression;
use crate::journal::run::suppression::Lists;
use crate::journal::sql;
use crate::journal::tally::Delta;

/// Which rows a claim looks through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Rows whose outcome an earlier run left unknown.
    InDoubt,
    /// Rows that wait for their turn alone.
    Queued,
    /// Rows that waited until a moment which has come: those of this moment behind the cursor's row, and of later ones.
    Waited(UnixMillis),
}

/// A row whose attempt is durable: a request for it may leave.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The row.
    pub id: RowId,
    /// Its line in the file, where it is still in it.
    pub line: Option<u64>,
    /// Its lane; `None` where it was planned without hours.
    pub lane: Option<LaneId>,
    /// The moment until which it waited.
    pub waited_until: Option<UnixMillis>,
    /// From then on it is not sent to.
    pub not_after: Option<UnixMillis>,
    /// What is sent.
    pub frozen: Frozen,
    /// Attempts over all runs, this one included.
    pub attempts: u32,
    /// Whether an earlier attempt may have started a contact.
    pub earlier: Doubt,
    /// The first attempt that may have started a contact: an earlier one, or this one.
    pub doubt_at: UnixMillis,
}

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
    /// When.
    pub at: UnixMillis,
}

/// The shapes of a campaign, read once.
#[derive(Debug, Default)]
pub(in crate::journal) struct Shapes(HashMap<i64, Arc<BodyTemplate>>);

impl Shapes {
    fn get(&mut self, tx: &Transaction<'_>, id: i64) -> Result<Arc<BodyTemplate>, JournalError> {
        if let Some(shape) = self.0.get(&id) {
            return Ok(Arc::clone(shape));
        }
        let text: String = tx
            .prepare_cached("SELECT request FROM shape WHERE id = ?1")?
            .query_row([id], |row| row.get(0))?;
        let shape = serde_json::from_str(&text)
            .map_err(|error| JournalError::Unreadable { row: id, what: format!("its request: {error}") })?;
        let shape = Arc::new(BodyTemplate::new(shape));
        self.0.insert(id, Arc::clone(&shape));
        Ok(shape)
    }
}

/// What a claim came to.
#[derive(Debug, Clone, Default)]
pub struct Claim {
    /// The rows, in order.
    pub rows: Vec<Claimed>,
    /// The lines of rows that waited and are on a suppression list now: they wait no more. `None` for one that is not in
    /// the file.
    pub suppressed: Vec<Option<u64>>,
    /// The lines of rows whose time is over: they wait no more.
    pub expired: Vec<Option<u64>>,
    /// When the first row of a lane that waits until a moment may be claimed, of lanes that were asked.
    pub wakes: Vec<(Option<LaneId>, UnixMillis)>,
}

impl Claim {
    fn with(self, rows: Vec<(Claimed, State)>) -> Self {
        Self { rows: rows.into_iter().map(|row| row.0).collect(), ..self }
    }
}

const COLUMNS: &str = "id, line, destination, client_token, shape_id, slots, attempts, doubt_at, state, key, lane_id, waits_until, not_after";

/// How far a lane is claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneCursor {
    /// The lane; `None`: rows that were planned without hours.
    pub lane: Option<LaneId>,
    /// The pass.
    pub pass: Pass,
    /// The row that the next one comes behind.
    pub after: RowId,
}

/// Which rows a claim takes: at most `most`, of the first lane until it has no more, then of the second, and so on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRequest {
    /// The lanes, each of them once.
    pub lanes: Vec<LaneCursor>,
    /// How many rows, over all lanes.
    pub most: u32,
}

impl ClaimRequest {
    /// Of rows that were planned without hours.
    #[must_use]
    pub fn new(pass: Pass, after: RowId, most: u32) -> Self {
        Self { lanes: vec![LaneCursor { lane: None, pass, after }], most }
    }
}

/// Claims the rows that are asked for, in order. Rows that are on a suppression list by now are suppressed instead, and
/// others taken in their place.
pub(in crate::journal) fn claim_next(
    tx: &Transaction<'_>,
    (shapes, admission): (&mut Shapes, &Admission),
    campaign: CampaignId,
    ClaimRequest { lanes, most }: &ClaimRequest,
    now: UnixMillis,
    delta: &mut Delta,
) -> Result<Claim, JournalError> {
    let mut claim = Claim::default();
    let most = *most as usize;
    for cursor in lanes {
        let room = most - claim.rows.len();
        if room == 0 {
            break;
        }
        let part = claim_lane(tx, (shapes, admission), campaign, (*cursor, room), now, delta)?;
        claim.rows.extend(part.rows);
        claim.suppressed.extend(part.suppressed);
        claim.expired.extend(part.expired);
        claim.wakes.extend(part.wakes);
    }
    Ok(claim)
}

fn claim_lane(
    tx: &Transaction<'_>,
    (shapes, admission): (&mut Shapes, &Admission),
    campaign: CampaignId,
    (LaneCursor { lane, pass, after }, most): (LaneCursor, usize),
    now: UnixMillis,
    delta: &mut Delta,
) -> Result<Claim, JournalError> {
    let sample = admission.sample.map(TokenColumn);
    let (before, sample) = match pass {
        Pass::InDoubt => (State::Attempting, None),
        Pass::Queued => (State::Queued, sample),
        Pass::Waited(since) => {
            let of = WaitedRows { lane, since, after, most };
            return claim_waited(tx, (shapes, admission), campaign, &of, now, delta);
        }
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
    let lists = Lists::of(tx, admission)?;
    let mut taken = PendingClaim::default();
    let mut behind = after.0;
    while taken.rows.len() != most {
        let (begun, room) = (behind, most - taken.rows.len());
        let mut rows = statement.query(params![
            campaign.0,
            behind,
            i64::try_from(room).unwrap_or(i64::MAX),
            sample,
            lane
        ])?;
        while let Some(row) = rows.next()? {
            behind = row.get(0)?;
            taken.take(&lists, row, read(tx, shapes, row, now)?, now)?;
        }
        if behind == begun {
            break;
        }
    }
    let (claimed, claim) = taken.without_others(tx, now, delta)?;
    let Some((last, _)) = claimed.last() else { return Ok(claim) };
    // One statement for all of them costs half of what one for each does. Those that are suppressed now have another state.
    let marked = tx
        .prepare_cached(&format!(
            "UPDATE row SET state = {attempting}, attempts = attempts + 1,
                 room = iif(first_attempt_at IS NULL, zeroblob({ROOM_CLAIMED}), room),
                 first_attempt_at = coalesce(first_attempt_at, ?4), doubt_at = coalesce(doubt_at, ?4)
             WHERE campaign_id = ?1 AND state = {state} AND id > ?2 AND id <= ?3
                 AND {of_lane} AND (?6 IS NULL OR client_token <= ?6)",
            attempting = State::Attempting.code()
        ))?
        .execute(params![campaign.0, after.0, last.id.0, StampColumn(now), lane, sample])?;
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

/// Rows of a lane that waited until a moment.
struct WaitedRows {
    lane: Option<LaneId>,
    since: UnixMillis,
    after: RowId,
    most: usize,
}

/// Claims rows whose moment has come, in its order, and finds out when that of the next one does.
fn claim_waited(
    tx: &Transaction<'_>,
    (shapes, admission): (&mut Shapes, &Admission),
    campaign: CampaignId,
    of: &WaitedRows,
    now: UnixMillis,
    delta: &mut Delta,
) -> Result<Claim, JournalError> {
    let lane = of.lane.map(|lane| lane.0);
    let waiting = format!(
        "FROM row INDEXED BY row_waits WHERE campaign_id = ?1 AND lane_id IS ?2 AND state = {} AND waits_until IS NOT NULL",
        State::Queued.code()
    );
    let mut statement = tx.prepare_cached(&format!(
        "SELECT {COLUMNS} {waiting} AND (waits_until, id) > (?3, ?4) AND waits_until <= ?5
             AND (?6 IS NULL OR client_token <= ?6) ORDER BY waits_until, id LIMIT ?7"
    ))?;
    let lists = Lists::of(tx, admission)?;
    let sample = admission.sample.map(TokenColumn);
    let mut taken = PendingClaim::default();
    let (mut since, mut behind) = (StampColumn(of.since), of.after.0);
    while taken.rows.len() != of.most {
        let begun = behind;
        let room = i64::try_from(of.most - taken.rows.len()).unwrap_or(i64::MAX);
        let mut rows =
            statement.query(params![campaign.0, lane, since, behind, StampColumn(now), sample, room])?;
        while let Some(row) = rows.next()? {
            (behind, since) = (row.get(0)?, row.get(11)?);
            taken.take(&lists, row, read(tx, shapes, row, now)?, now)?;
        }
        if behind == begun {
            break;
        }
    }
    let full = taken.rows.len() == of.most;
    let (claimed, claim) = taken.without_others(tx, now, delta)?;
    for (row, state) in &claimed {
        mark(tx, row, *state, now, delta)?;
    }
    let mut claim = claim.with(claimed);
    if !full {
        let next: Option<StampColumn> = tx
            .prepare_cached(&format!("SELECT min(waits_until) {waiting} AND waits_until > ?3"))?
            .query_row(params![campaign.0, lane, StampColumn(now)], |row| row.get(0))?;
        claim.wakes.extend(next.map(|next| (of.lane, next.0)));
    }
    Ok(claim)
}

/// Claims these rows once more, for another attempt. Rows that have left the queue since are left out.
pub(in crate::journal) fn claim_again(
    tx: &Transaction<'_>,
    (shapes, admission): (&mut Shapes, &Admission),
    ids: &[RowId],
    now: UnixMillis,
    delta: &mut Delta,
) -> Result<Claim, JournalError> {
    let mut statement = tx.prepare_cached(&format!("SELECT {COLUMNS} FROM row WHERE id = ?1"))?;
    let lists = Lists::of(tx, admission)?;
    let mut taken = PendingClaim::default();
    for id in ids {
        let mut rows = statement.query([id.0])?;
        if let Some(row) = rows.next()? {
            let claimed = read(tx, shapes, row, now)?;
            if matches!(claimed.1, State::Queued | State::Attempting) {
                taken.take(&lists, row, claimed, now)?;
            }
        }
    }
    let (claimed, claim) = taken.without_others(tx, now, delta)?;
    for (row, state) in &claimed {
        mark(tx, row, *state, now, delta)?;
    }
    Ok(claim.with(claimed))
}

/// Rows of a claim that is being made.
#[derive(Default)]
struct PendingClaim {
    rows: Vec<(Claimed, State)>,
    suppressed: Vec<(Claimed, Suppressed)>,
    expired: Vec<Claimed>,
}

impl PendingClaim {
    fn take(
        &mut self,
        lists: &Lists<'_>,
        row: &Row<'_>,
        (claimed, state): (Claimed, State),
        now: UnixMillis,
    ) -> Result<(), JournalError> {
        // What is in doubt may have a contact: it is not for a claim to say that its time is over.
        if state == State::Queued && claimed.not_after.is_some_and(|end| end <= now) {
            self.expired.push(claimed);
            return Ok(());
        }
        match lists.stops(&claimed.frozen.destination, state, row.get_ref(9)?.as_str().unwrap_or_default())? {
            Some(why) => self.suppressed.push((claimed, why)),
            None => self.rows.push((claimed, state)),
        }
        Ok(())
    }

    /// Suppresses whom nothing is sent to, and expires rows whose time is over. The others are still to be marked, and put
    /// into the claim.
    fn without_others(
        self,
        tx: &Transaction<'_>,
        now: UnixMillis,
        delta: &mut Delta,
    ) -> Result<(Vec<(Claimed, State)>, Claim), JournalError> {
        for (row, why) in &self.suppressed {
            suppression::stop(tx, row.id.0, *why, delta)?;
        }
        for row in &self.expired {
            expiry::expire_row(tx, row.id, now, delta)?;
        }
        let suppressed = self.suppressed.into_iter().map(|row| row.0.line).collect();
        let expired = self.expired.into_iter().map(|row| row.line).collect();
        Ok((self.rows, Claim { suppressed, expired, ..Claim::default() }))
    }
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
        waited_until: row.get::<_, Option<StampColumn>>(11)?.map(|stamp| stamp.0),
        not_after: row.get::<_, Option<StampColumn>>(12)?.map(|stamp| stamp.0),
        frozen: Frozen { form: shapes.get(tx, row.get(4)?)?, slots, destination: row.get(2)?, client_token },
        attempts: row.get::<_, u32>(6)?.saturating_add(1),
        earlier: if doubt_at.is_some() { Doubt::Earlier } else { Doubt::None },
        doubt_at: doubt_at.map_or(now, |stamp| stamp.0),
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

/// Takes note of what came of an attempt, and says what state that gave.
pub(in crate::journal) fn settle(
    tx: &Transaction<'_>,
    settlement: &Settlement,
    delta: &mut Delta,
) -> Result<State, JournalError> {
    let id = settlement.id.0;
    let at = StampColumn(settlement.at);
    let contact_id = settlement.contact_id.as_deref().map(ContactIdColumn);
    if settlement.event == Event::Answered {
        // What nearly every row comes to, in one statement.
        let (before, after) = (State::Attempting, state::next(State::Attempting, Event::Answered)?);
        let answered = tx
            .prepare_cached(
                "UPDATE row SET state = ?2, settled_at = ?3, contact_id = ?4, doubt_at = NULL, room = NULL
                 WHERE id = ?1 AND state = ?5 AND code IS NULL",
            )?
            .execute(params![id, after.code(), at, contact_id, before.code()])?;
        if answered == 1 {
            delta.moved(before, after);
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
        Event::Answered => tx
            .prepare_cached(
                // That a person decided to send again stays to be seen in the report.
                "UPDATE row SET state = ?2, settled_at = ?3, contact_id = ?4, doubt_at = NULL, room = NULL,
                     code = (SELECT decision FROM decision WHERE row_id = ?1 ORDER BY id DESC LIMIT 1),
                     reason = (SELECT ?5 FROM decision WHERE row_id = ?1 LIMIT 1)
                 WHERE id = ?1",
            )?
            .execute(params![id, after.code(), at, contact_id, Decision::Resend.words()])?,
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
        let tx = self.connection.transaction()?;
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
        let tx = self.connection.transaction()?;
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
