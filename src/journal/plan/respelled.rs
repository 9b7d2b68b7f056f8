//! A recipient who was contacted under a key that is gone from the file, while a key has come that differs from it only by what
//! spreadsheets do: the same person with a new number, most likely.
//!
//! Those with the same number are found by their number. Here the keys that are gone are held against those that have
//! come: the fewer of the two in parts of a bounded size, each of which costs one pass over the others. Of a recipient
//! who was purged there are hashes of the folds, and those that have come are looked up one by one.

use std::hash::{DefaultHasher, Hash, Hasher};

use rusqlite::{Connection, Transaction, params};

use crate::domain::delivery::state::State;
use crate::domain::row::rewritten_key::{KeyFolds, rewritten};
use crate::journal::campaign;
use crate::journal::error::JournalError;
use crate::journal::file::open::Journal;
use crate::journal::plan::numbers::leave_out;
use crate::journal::plan::row_set::RowSet;
use crate::journal::row::{CampaignId, RowId, TokenColumn};
use crate::journal::sql;
use crate::journal::tally::Delta;

/// The code of a row whose recipient was contacted under a key that a spreadsheet rewrote.
pub(in crate::journal) const REWRITTEN_KEY: &str = "rewritten-key";

/// Keys that are held in memory at a time: 24 bytes for each, and for each number that it may have been rounded to.
const PART: usize = 1_000_000;

/// A row that waits, and the contacted recipient whose key it most likely had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RewrittenKey {
    /// The line of the row.
    pub line: Option<u64>,
    /// Its key.
    pub key: String,
    /// The key that was contacted, unless it was purged.
    pub before: Option<String>,
    row: RowId,
}

/// Whose keys are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RewrittenOf {
    /// Rows with another number than the recipient who was contacted: the same one is found by itself.
    OtherNumbers,
    /// All rows.
    AnyNumber,
}

/// Rows that wait under a key which a spreadsheet made of one that was contacted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RewrittenKeys {
    /// How many.
    pub rows: u64,
    /// The first of them.
    pub first: Vec<RewrittenKey>,
}

impl Journal {
    /// Looks for rows that wait, were never attempted, and have nearly the key of a recipient who was contacted and is not in
    /// the file any more. Tells the `most` that come first in the file.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn rewritten_keys(
        &self,
        campaign: CampaignId,
        of: RewrittenOf,
        most: usize,
    ) -> Result<RewrittenKeys, JournalError> {
        let mut found = RewrittenKeys::default();
        each(&self.connection, (campaign, of), PART, |row| {
            found.rows += 1;
            let at = found.first.partition_point(|told| told.line <= row.line);
            if at < most {
                found.first.truncate(most - 1);
                found.first.insert(at, row);
            }
        })?;
        Ok(found)
    }

    /// Leaves them out, and says of each why. Says how many.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn leave_out_rewritten_keys(&mut self, campaign: CampaignId) -> Result<u64, JournalError> {
        let mut left_out = 0;
        loop {
            let mut batch = Vec::new();
            each(&self.connection, (campaign, RewrittenOf::OtherNumbers), PART, |row| {
                if batch.len() < 10_000 {
                    batch.push(row);
                }
            })?;
            if batch.is_empty() {
                return Ok(left_out);
            }
            let tx = self.begin_write()?;
            let mut delta = Delta::default();
            for row in &batch {
                let reason = match &row.before {
                    Some(before) => format!("this campaign contacted this recipient under the key {before}"),
                    None => "this campaign contacted this recipient under a key that was purged".to_owned(),
                };
                leave_out(&tx, campaign, (row.row, &row.key), (REWRITTEN_KEY, &reason), &mut delta)?;
            }
            delta.write(&tx, campaign)?;
            tx.commit()?;
            left_out += batch.len() as u64;
        }
    }
}

/// One side of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SpellingSide {
    /// Contacted, or perhaps so, and not in the file any more.
    Gone,
    /// Waiting, never attempted.
    Come,
}

impl SpellingSide {
    fn rows(self) -> String {
        match self {
            Self::Gone => format!("state IN ({}) AND line IS NULL AND key IS NOT NULL", sql::CONTACTED),
            Self::Come => format!("state = {} AND attempts = 0 AND line IS NOT NULL", State::Queued.code()),
        }
    }

    fn count(self, connection: &Connection, campaign: CampaignId) -> rusqlite::Result<i64> {
        let sql = format!("SELECT count(*) FROM row WHERE campaign_id = ?1 AND {}", self.rows());
        connection.query_row(&sql, [campaign.0], |row| row.get(0))
    }

    /// Calls `each` with the id and the key of every row of the side behind `after`, until it has enough.
    fn each(
        self,
        connection: &Connection,
        campaign: CampaignId,
        after: i64,
        mut each: impl FnMut(i64, &str) -> Result<bool, JournalError>,
    ) -> Result<(), JournalError> {
        let mut statement = connection.prepare_cached(&format!(
            "SELECT id, key FROM row WHERE campaign_id = ?1 AND id > ?2 AND {} ORDER BY id",
            self.rows()
        ))?;
        let mut rows = statement.query(params![campaign.0, after])?;
        while let Some(row) = rows.next()? {
            if !each(row.get(0)?, row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)? {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// A fold of a key, as a hash: what matches is compared in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    hash: u64,
    row: i64,
    /// Whether it is a number that the key may have been rounded to.
    rounding: bool,
}

/// The folds of some keys, in order.
#[derive(Debug, Default)]
struct Part(Vec<Entry>);

impl Part {
    fn add(&mut self, row: i64, key: &str) {
        let folds = KeyFolds::of(key);
        self.0.push(Entry { hash: hash(&folds.plain), row, rounding: false });
        self.0.extend(folds.roundings.iter().map(|key| Entry { hash: hash(key), row, rounding: true }));
    }

    /// Rows with a key that may be this one, or that this one may have been rounded to.
    fn like(&self, key: &str) -> Vec<i64> {
        let folds = KeyFolds::of(key);
        let mut rows = Vec::new();
        self.collect(hash(&folds.plain), |_| true, &mut rows);
        for rounding in &folds.roundings {
            // Two numbers that are rounded to the same one are two numbers.
            self.collect(hash(rounding), |entry| !entry.rounding, &mut rows);
        }
        rows
    }

    fn collect(&self, hash: u64, take: impl Fn(&Entry) -> bool, rows: &mut Vec<i64>) {
        let from = self.0.partition_point(|entry| entry.hash < hash);
        let same = self.0[from..].iter().take_while(|entry| entry.hash == hash);
        rows.extend(same.filter(|entry| take(entry)).map(|entry| entry.row));
    }
}

fn hash(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

/// Calls `found` once for each row that has come and has such a key.
fn each(
    connection: &Connection,
    (campaign, of): (CampaignId, RewrittenOf),
    most: usize,
    mut found: impl FnMut(RewrittenKey),
) -> Result<(), JournalError> {
    let mut told = RowSet::default();
    each_kept(connection, (campaign, of), most, &mut told, &mut found)?;
    if campaign::is_purged(connection, campaign)? {
        each_purged(connection, campaign, &mut told, &mut found)?;
    }
    Ok(())
}

/// Those whose key before is in the journal.
fn each_kept(
    connection: &Connection,
    (campaign, of): (CampaignId, RewrittenOf),
    most: usize,
    told: &mut RowSet,
    found: &mut impl FnMut(RewrittenKey),
) -> Result<(), JournalError> {
    let gone = SpellingSide::Gone.count(connection, campaign)?;
    if gone == 0 {
        return Ok(());
    }
    let come = SpellingSide::Come.count(connection, campaign)?;
    let (held, passed) = if gone < come {
        (SpellingSide::Gone, SpellingSide::Come)
    } else {
        (SpellingSide::Come, SpellingSide::Gone)
    };
    let mut after = 0;
    loop {
        let mut part = Part::default();
        held.each(connection, campaign, after, |row, key| {
            after = row;
            part.add(row, key);
            Ok(part.0.len() < most)
        })?;
        if part.0.is_empty() {
            return Ok(());
        }
        part.0.sort_unstable();
        passed.each(connection, campaign, 0, |row, key| {
            for other in part.like(key) {
                let (gone, come) = if held == SpellingSide::Gone { (other, row) } else { (row, other) };
                if told.contains(come) {
                    continue;
                }
                if let Some(row) = compared(connection, (gone, come), of)? {
                    told.insert(come);
                    found(row);
                }
            }
            Ok(true)
        })?;
    }
}

/// Those whose key before was purged: what number they had then is not known any more.
fn each_purged(
    connection: &Connection,
    campaign: CampaignId,
    told: &mut RowSet,
    found: &mut impl FnMut(RewrittenKey),
) -> Result<(), JournalError> {
    let tokens = campaign::tokens(connection, campaign)?;
    let mut gone = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM purged_fold JOIN row ON row.id = row_id
             WHERE purged_fold.campaign_id = ?1 AND fold = ?2 AND rounding <= ?3 AND line IS NULL)",
    )?;
    let mut is_gone = |fold: &str, rounding: bool| -> rusqlite::Result<bool> {
        gone.query_row(params![campaign.0, TokenColumn(tokens.fold(fold)), rounding], |row| row.get(0))
    };
    let mut line_of = connection.prepare_cached("SELECT line FROM row WHERE id = ?1")?;
    SpellingSide::Come.each(connection, campaign, 0, |row, key| {
        let folds = KeyFolds::of(key);
        // Two numbers that are rounded to the same one are two numbers.
        let mut is_known = is_gone(&folds.plain, true)?;
        for rounding in &folds.roundings {
            is_known = is_known || is_gone(rounding, false)?;
        }
        if is_known && told.insert(row) {
            let line: Option<i64> = line_of.query_row([row], |row| row.get(0))?;
            let line = line.and_then(|line| u64::try_from(line).ok());
            found(RewrittenKey { line, key: key.to_owned(), before: None, row: RowId(row) });
        }
        Ok(true)
    })
}

/// Keeps by what the keys of contacted recipients are known, before they are purged.
pub(in crate::journal) fn keep_folds(tx: &Transaction<'_>, campaign: CampaignId) -> Result<(), JournalError> {
    let tokens = campaign::tokens(tx, campaign)?;
    let mut keys = tx.prepare(&format!(
        "SELECT id, key FROM row WHERE campaign_id = ?1 AND key IS NOT NULL AND state IN ({})",
        sql::CONTACTED
    ))?;
    let mut keep = tx.prepare(
        "INSERT OR IGNORE INTO purged_fold (campaign_id, fold, row_id, rounding) VALUES (?1, ?2, ?3, ?4)",
    )?;
    let mut rows = keys.query([campaign.0])?;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let folds = KeyFolds::of(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?);
        let plain = [(folds.plain, false)];
        for (fold, rounding) in plain.into_iter().chain(folds.roundings.into_iter().map(|fold| (fold, true)))
        {
            keep.execute(params![campaign.0, TokenColumn(tokens.fold(&fold)), id, rounding])?;
        }
    }
    Ok(())
}

/// The row that has come, where it has nearly the key of the one that is gone, and a number that is looked for.
fn compared(
    connection: &Connection,
    (gone, come): (i64, i64),
    of: RewrittenOf,
) -> Result<Option<RewrittenKey>, JournalError> {
    let mut statement = connection.prepare_cached(
        "SELECT gone.key, come.key, come.line FROM row AS gone JOIN row AS come
         WHERE gone.id = ?1 AND come.id = ?2 AND (?3 OR gone.destination IS NOT come.destination)",
    )?;
    let mut rows = statement.query(params![gone, come, of == RewrittenOf::AnyNumber])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let (before, key): (String, String) = (row.get(0)?, row.get(1)?);
    let line = row.get::<_, Option<i64>>(2)?.and_then(|line| u64::try_from(line).ok());
    let same = rewritten(&before, &key).is_some();
    Ok(same.then_some(RewrittenKey { line, key, before: Some(before), row: RowId(come) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_whichever_of_the_two_was_rewritten() {
        let mut part = Part::default();
        let held = ["0017", "1234567890123456", "1234567890123457", "9876543210987650", "b"];
        for (row, key) in (1..).zip(held) {
            part.add(row, key);
        }
        part.0.sort_unstable();
        for (key, rows) in [
            ("17", &[1][..]),
            ("1234567890123450", &[2, 3]),
            ("1234567890123458", &[]),
            ("9876543210987654", &[4]),
            ("B", &[5]),
            ("c", &[]),
        ] {
            assert_eq!(part.like(key), rows, "{key}");
        }
    }
}
