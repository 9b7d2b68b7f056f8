//! The counts by state, kept in the same transaction as the rows they count.

use rusqlite::{Connection, Transaction, params};

use super::error::JournalError;
use super::row::{CampaignId, StateColumn};
use crate::domain::delivery::state::State;
use crate::domain::delivery::tally::Tally;

/// What a transaction changed of a campaign's counts.
#[derive(Debug, Default)]
pub(super) struct Delta([i64; State::ALL.len()]);

impl Delta {
    pub(super) fn add(&mut self, state: State) {
        self.0[usize::from(state.code())] += 1;
    }

    pub(super) fn remove(&mut self, state: State, rows: i64) {
        self.0[usize::from(state.code())] -= rows;
    }

    /// By how much the count of the state has changed.
    pub(super) fn of(&self, state: State) -> i64 {
        self.0[usize::from(state.code())]
    }

    pub(super) fn moved(&mut self, from: State, to: State) {
        self.remove(from, 1);
        self.add(to);
    }

    /// Adds the changes to the counts.
    pub(super) fn write(&self, tx: &Transaction<'_>, campaign: CampaignId) -> rusqlite::Result<()> {
        let mut statement = tx.prepare_cached(
            "INSERT INTO tally (campaign_id, state, rows) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET rows = rows + excluded.rows",
        )?;
        for state in State::ALL {
            let rows = self.0[usize::from(state.code())];
            if rows != 0 {
                statement.execute(params![campaign.0, StateColumn(state), rows])?;
            }
        }
        Ok(())
    }
}

/// The counts as they are kept.
pub(super) fn kept(connection: &Connection, campaign: CampaignId) -> Result<Tally, JournalError> {
    fold(connection, "SELECT state, rows FROM tally WHERE campaign_id = ?1", campaign)
}

/// The counts as the rows themselves give them; reads every row.
pub(super) fn counted(connection: &Connection, campaign: CampaignId) -> Result<Tally, JournalError> {
    // In the order of the file: an index would look each row up. Counted here, for grouping would sort the states.
    let mut statement =
        connection.prepare_cached("SELECT state FROM row NOT INDEXED WHERE campaign_id = ?1")?;
    let mut rows = statement.query([campaign.0])?;
    let mut tally = Tally::default();
    while let Some(row) = rows.next()? {
        let StateColumn(state) = row.get(0)?;
        tally[state] += 1;
    }
    Ok(tally)
}

fn fold(connection: &Connection, sql: &str, campaign: CampaignId) -> Result<Tally, JournalError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([campaign.0])?;
    let mut tally = Tally::default();
    while let Some(row) = rows.next()? {
        let StateColumn(state) = row.get(0)?;
        let count: i64 = row.get(1)?;
        tally[state] = u64::try_from(count)
            .map_err(|_| JournalError::Unbalanced(format!("{count} rows are said to be {state}")))?;
    }
    Ok(tally)
}
