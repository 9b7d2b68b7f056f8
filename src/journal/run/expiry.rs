//! Rows whose time is over: they leave the queue, and come back where the schedule was changed.

use rusqlite::{Transaction, params};

use crate::domain::delivery::state::{self, Event, State};
use crate::domain::hours::schedule::Schedule;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::file::open::Journal;
use crate::journal::row::{CampaignId, RowId, StampColumn};
use crate::journal::tally::Delta;

/// Rows that expire in one statement, at most.
const BATCH: u32 = 10_000;

/// The code of a row whose own time is over, and of one that the campaign's end overtook.
const ROW: (&str, &str) = ("row-expired", "its time (schedule.not_after) passed before its turn");
const CAMPAIGN: (&str, &str) = ("campaign-ended", "the campaign's end (schedule.end) passed before its turn");

/// What an expiry came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expiry {
    /// The lines of rows whose time is over, at most some thousands; `None` for one that is not in the file.
    pub lines: Vec<Option<u64>>,
    /// When the time of the next row is over, as far as known; in the past where more are over already.
    pub next: Option<UnixMillis>,
}

/// Takes a row out of the queue whose own time is over.
pub(in crate::journal) fn expire_row(
    tx: &Transaction<'_>,
    id: RowId,
    now: UnixMillis,
    delta: &mut Delta,
) -> Result<(), JournalError> {
    let after = state::next(State::Queued, Event::TimeOver)?;
    tx.prepare_cached("UPDATE row SET state = ?2, settled_at = ?3, code = ?4, reason = ?5 WHERE id = ?1")?
        .execute(params![id.0, after.code(), StampColumn(now), ROW.0, ROW.1])?;
    delta.moved(State::Queued, after);
    Ok(())
}

/// Takes rows out of the queue whose time is over, or that of the whole campaign.
pub(in crate::journal) fn expire(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    schedule: Schedule,
    now: UnixMillis,
    delta: &mut Delta,
) -> Result<Expiry, JournalError> {
    let (before, after) = (State::Queued, state::next(State::Queued, Event::TimeOver)?);
    let over = schedule.is_over(now);
    let (code, reason) = if over { CAMPAIGN } else { ROW };
    let (index, ended) = match over {
        true => ("row_queued", "?3 = ?3"),
        false => ("row_ends", "not_after IS NOT NULL AND not_after <= ?3"),
    };
    let queued = before.code();
    let mut statement = tx.prepare_cached(&format!(
        "UPDATE row SET state = ?2, settled_at = ?3, code = ?4, reason = ?5
         WHERE id IN (SELECT id FROM row INDEXED BY {index} WHERE campaign_id = ?1 AND state = {queued} AND {ended} LIMIT {BATCH})
         RETURNING line"
    ))?;
    let lines = statement
        .query_map(params![campaign.0, after.code(), StampColumn(now), code, reason], |row| {
            Ok(row.get::<_, Option<i64>>(0)?.and_then(|line| u64::try_from(line).ok()))
        })?;
    let lines: Vec<Option<u64>> = lines.collect::<Result<_, _>>()?;
    for _ in &lines {
        delta.moved(before, after);
    }
    let next: Option<StampColumn> = tx
        .prepare_cached(&format!(
            "SELECT min(not_after) FROM row INDEXED BY row_ends
             WHERE campaign_id = ?1 AND state = {queued} AND not_after IS NOT NULL"
        ))?
        .query_row([campaign.0], |row| row.get(0))?;
    let more = lines.len() == BATCH as usize;
    let end = schedule.end.filter(|_| !over || more);
    let next = next.map(|next| next.0).into_iter().chain(end).min();
    Ok(Expiry { lines, next })
}

impl Journal {
    /// Takes rows out of the queue whose time is over, after those have come back whose time, or the campaign's, is not over
    /// any more. Rows in doubt of a campaign that is over become uncertain: they may not be replayed. Says when the next
    /// row's time is over, or the campaign's.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn keep_schedule(
        &mut self,
        campaign: CampaignId,
        schedule: Schedule,
        now: UnixMillis,
    ) -> Result<Option<UnixMillis>, JournalError> {
        let tx = self.begin_write()?;
        let mut delta = Delta::default();
        if !schedule.is_over(now) {
            let (before, after) = (State::Expired, state::next(State::Expired, Event::Planned)?);
            let back = tx.execute(
                &format!(
                    "UPDATE row INDEXED BY row_expired SET state = ?2, settled_at = NULL, code = NULL, reason = NULL
                     WHERE campaign_id = ?1 AND state = {} AND line IS NOT NULL AND (not_after IS NULL OR not_after > ?3)",
                    before.code()
                ),
                params![campaign.0, after.code(), StampColumn(now)],
            )?;
            (0..back).for_each(|_| delta.moved(before, after));
        }
        let next = loop {
            let Expiry { lines, next } = expire(&tx, campaign, schedule, now, &mut delta)?;
            if lines.len() < BATCH as usize {
                break next;
            }
        };
        if schedule.is_over(now) {
            let (before, after) = (State::Attempting, state::next(State::Attempting, Event::TimeOver)?);
            let rows = tx.execute(
                &format!(
                    "UPDATE row INDEXED BY row_attempting SET state = ?2, settled_at = ?3, code = ?4, reason = ?5
                     WHERE campaign_id = ?1 AND state = {}",
                    before.code()
                ),
                params![campaign.0, after.code(), StampColumn(now), CAMPAIGN.0, OVER_IN_DOUBT],
            )?;
            (0..rows).for_each(|_| delta.moved(before, after));
        }
        delta.write(&tx, campaign)?;
        tx.commit()?;
        Ok(next)
    }
}

const OVER_IN_DOUBT: &str = "the campaign's end (schedule.end) passed before it could be replayed";
