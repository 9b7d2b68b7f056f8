//! One number under two keys: the same person twice, unless the definition says that it is meant.
//!
//! Recipients are entered by number when they are entered by key. Read in order, that table has those of one number side by
//! side, so that a file of any size is looked through in constant memory.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::domain::delivery::state;
use crate::domain::delivery::state::{Event, State};
use crate::journal::error::JournalError;
use crate::journal::file::open::Journal;
use crate::journal::plan::line::{DUPLICATE, OTHER_NUMBER};
use crate::journal::row::{CampaignId, RowId, StateColumn};
use crate::journal::sql;
use crate::journal::tally::Delta;

/// The code of a line whose number came before, or was contacted, under another key.
pub(in crate::journal) const SAME_NUMBER: &str = "same-number";

/// Rows that change in one transaction.
const BATCH: usize = 10_000;

/// A row that waits, and the recipient that has its number already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SameNumber {
    /// The line of the row.
    pub line: Option<u64>,
    /// Its key.
    pub key: String,
    /// The line of the other one, where it is in the file.
    pub other_line: Option<u64>,
    /// The key of the other one.
    pub other_key: String,
    /// Whether the other one was contacted, or may have been. If not, it is an earlier row of the file.
    pub contacted: bool,
}

/// Rows that wait under one key, and have the number of another one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SameNumbers {
    /// How many have the number of a recipient who was contacted, or may have been.
    pub contacted: u64,
    /// How many have the number of an earlier row of the file.
    pub repeated: u64,
    /// The first of them.
    pub first: Vec<SameNumber>,
}

impl Journal {
    /// Looks for rows that wait and have the number of a recipient with another key: who was contacted, or who waits on an
    /// earlier line. Tells the `most` that come first in the file.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn same_numbers(&self, campaign: CampaignId, most: usize) -> Result<SameNumbers, JournalError> {
        let mut found = SameNumbers::default();
        each(&self.connection, campaign, None, |_, row, other| {
            if other.is_contacted() {
                found.contacted += 1;
            } else {
                found.repeated += 1;
            }
            let at = found.first.partition_point(|told| told.line <= row.line);
            if at < most {
                found.first.truncate(most - 1);
                found.first.insert(at, row.beside(other));
            }
            true
        })?;
        Ok(found)
    }

    /// Keeps one row of each number: that of a recipient who was contacted, else the first of the file. The others become
    /// duplicates, and say of what. Says how many.
    ///
    /// # Errors
    /// Where the journal cannot be written; what was changed before stays so, and the plan is not agreed to.
    pub fn keep_first_of_numbers(&mut self, campaign: CampaignId) -> Result<u64, JournalError> {
        let (mut kept_out, mut after) = (0, None);
        loop {
            let mut batch = Vec::new();
            let mut last = None;
            each(&self.connection, campaign, after.as_deref(), |number, row, other| {
                // All rows of one number are in one batch.
                if batch.len() >= BATCH && last.as_deref() != Some(number) {
                    return false;
                }
                last = Some(number.to_owned());
                batch.push((row.clone(), other.reason()));
                true
            })?;
            if batch.is_empty() {
                return Ok(kept_out);
            }
            let tx = self.begin_write()?;
            let mut delta = Delta::default();
            for (row, reason) in &batch {
                let row = (RowId(row.id), row.key.as_str());
                leave_out(&tx, campaign, row, (SAME_NUMBER, reason), &mut delta)?;
            }
            delta.write(&tx, campaign)?;
            tx.commit()?;
            kept_out += batch.len() as u64;
            after = last;
        }
    }
}

/// A recipient, as one of those that have one number.
#[derive(Debug, Clone)]
struct Namesake {
    id: i64,
    line: Option<u64>,
    key: String,
    state: State,
}

impl Namesake {
    fn is_contacted(&self) -> bool {
        sql::CONTACTED.has(self.state)
    }

    fn beside(&self, other: &Self) -> SameNumber {
        SameNumber {
            line: self.line,
            key: self.key.clone(),
            other_line: other.line,
            other_key: other.key.clone(),
            contacted: other.is_contacted(),
        }
    }

    /// Why a row with its number is left out.
    fn reason(&self) -> String {
        let key = &self.key;
        match self.line {
            _ if self.is_contacted() => format!("this campaign contacted its number under the key {key}"),
            Some(line) => format!("line {line} has its number, under the key {key}"),
            None => format!("an earlier row has its number, under the key {key}"),
        }
    }
}

/// Calls `found` with each row that waits and has the number of another recipient, and with that one: number by number, behind
/// the number `after`, until it says that it is enough.
fn each(
    connection: &Connection,
    campaign: CampaignId,
    after: Option<&str>,
    mut found: impl FnMut(&str, &Namesake, &Namesake) -> bool,
) -> Result<(), JournalError> {
    let mut several = connection.prepare_cached(
        "SELECT destination FROM number WHERE campaign_id = ?1 AND destination > ?2
         GROUP BY destination HAVING count(*) > 1 ORDER BY destination",
    )?;
    let mut numbers = several.query(params![campaign.0, after.unwrap_or_default()])?;
    while let Some(number) = numbers.next()? {
        let number = number.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        let rows = with_number(connection, campaign, number)?;
        let Some(kept) = rows.iter().min_by_key(|row| rank(row)) else { continue };
        let waits = |row: &&Namesake| row.state == State::Queued && row.id != kept.id;
        for row in rows.iter().filter(waits) {
            if !found(number, row, kept) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Which of several recipients with one number is kept: one who was contacted, else the one that comes first in the file.
fn rank(row: &Namesake) -> (bool, u64, i64) {
    (!row.is_contacted(), row.line.unwrap_or(u64::MAX), row.id)
}

/// The recipients with this number who were contacted, may have been, or wait.
fn with_number(
    connection: &Connection,
    campaign: CampaignId,
    number: &str,
) -> Result<Vec<Namesake>, JournalError> {
    let rows = connection
        .prepare_cached(&format!(
            "SELECT row.id, line, key, state FROM number JOIN row ON row.id = row_id
             WHERE number.campaign_id = ?1 AND number.destination = ?2 AND state IN ({})",
            sql::SENT_OR_WAITING
        ))?
        .query_map(params![campaign.0, number], |row| {
            let StateColumn(state) = row.get(3)?;
            Ok(Namesake {
                id: row.get(0)?,
                line: row.get::<_, Option<i64>>(1)?.and_then(|line| u64::try_from(line).ok()),
                key: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
                state,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Why nothing is to be sent to this number under this key: it is that of a recipient with another key who was contacted, or
/// waits. For files that are sent while they are read.
pub(in crate::journal) fn taken(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    number: &str,
    key: &str,
) -> Result<Option<String>, JournalError> {
    let rows = with_number(tx, campaign, number)?;
    let other = rows.iter().filter(|row| row.key != key).min_by_key(|row| rank(row));
    Ok(other.map(Namesake::reason))
}

/// Says of a line why it is left out.
pub(in crate::journal) fn explain(tx: &Transaction<'_>, row: i64, reason: &str) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE row SET code = ?2, reason = ?3 WHERE id = ?1")?
        .execute(params![row, SAME_NUMBER, reason])
        .map(drop)
}

/// Makes a row that waits a duplicate, as if its line had been planned so, with a code and words. One that was attempted keeps
/// what it was attempted with, and is suppressed.
pub(in crate::journal) fn leave_out(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    (row, key): (RowId, &str),
    (code, reason): (&str, &str),
    delta: &mut Delta,
) -> Result<(), JournalError> {
    let attempted: bool = tx
        .prepare_cached(
            "SELECT attempts > 0 OR EXISTS (SELECT 1 FROM earlier_attempt WHERE row_id = ?1) FROM row WHERE id = ?1",
        )?
        .query_row([row.0], |row| row.get(0))?;
    let after = if attempted {
        state::next(State::Queued, Event::Suppressed)?
    } else {
        forget(tx, campaign, row.0)?;
        tx.prepare_cached("DELETE FROM recipient WHERE campaign_id = ?1 AND key = ?2")?
            .execute(params![campaign.0, key])?;
        State::Duplicate
    };
    tx.prepare_cached("UPDATE row SET state = ?2, code = ?3, reason = ?4, room = NULL WHERE id = ?1")?
        .execute(params![row.0, StateColumn(after), code, reason])?;
    delta.moved(State::Queued, after);
    Ok(())
}

/// Says in the reason of a duplicate that the row whose key it has is sent to another number.
pub(in crate::journal) fn tell_other_numbers(
    tx: &Transaction<'_>,
    campaign: CampaignId,
) -> Result<(), JournalError> {
    tx.execute(
        "UPDATE row SET reason = ?3 WHERE campaign_id = ?1 AND state = ?2 AND code = ?4 AND EXISTS (
             SELECT 1 FROM recipient JOIN row AS first ON first.id = recipient.row_id
             WHERE recipient.campaign_id = ?1 AND recipient.key = row.key AND first.destination <> row.destination)",
        params![campaign.0, StateColumn(State::Duplicate), OTHER_NUMBER, DUPLICATE],
    )?;
    Ok(())
}

/// Enters every recipient of the campaign by number.
pub(in crate::journal) fn make(tx: &Transaction<'_>, campaign: CampaignId) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM number WHERE campaign_id = ?1", [campaign.0])?;
    tx.execute(
        &format!(
            "INSERT INTO number (campaign_id, destination, row_id)
             SELECT campaign_id, destination, id FROM row NOT INDEXED
             WHERE campaign_id = ?1 AND destination IS NOT NULL AND state NOT IN ({}) ORDER BY destination, id",
            sql::NO_RECIPIENTS
        ),
        [campaign.0],
    )
    .map(drop)
}

/// Enters one recipient by its number.
pub(in crate::journal) fn enter(tx: &Transaction<'_>, row: i64) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO number (campaign_id, destination, row_id)
         SELECT campaign_id, destination, id FROM row WHERE id = ?1 AND destination IS NOT NULL",
    )?
    .execute([row])
    .map(drop)
}

/// Forgets the number of one recipient, as its row still has it.
pub(in crate::journal) fn forget(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    row: i64,
) -> rusqlite::Result<()> {
    let number: Option<String> = tx
        .prepare_cached("SELECT destination FROM row WHERE id = ?1")?
        .query_row([row], |row| row.get(0))
        .optional()?
        .flatten();
    tx.prepare_cached("DELETE FROM number WHERE campaign_id = ?1 AND destination = ?2 AND row_id = ?3")?
        .execute(params![campaign.0, number, row])
        .map(drop)
}
