//! What waits: as the journal has it, for the figures before a run begins; and all of it withdrawn, before a file is sent
//! while it is read.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, TransactionBehavior, params};

use crate::domain::delivery::state;
use crate::domain::delivery::state::{Event, State};
use crate::domain::message::request::RequestTemplate;
use crate::journal::error::JournalError;
use crate::journal::file::open::Journal;
use crate::journal::plan::numbers::SAME_NUMBER;
use crate::journal::plan::respelled::REWRITTEN_KEY;
use crate::journal::row::{CampaignId, StateColumn, TextsColumn, TokenColumn};
use crate::journal::tally::Delta;

/// A row that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting<'r> {
    /// Its line in the file last read, where it is still in it.
    pub line: Option<u64>,
    /// E.164.
    pub destination: &'r str,
    /// The text that it is sent, if the request has one and not the flow.
    pub message: Option<&'r str>,
}

impl Journal {
    /// Calls `each` with the first `most` rows that a run would claim: those in doubt, then those that wait and belong to
    /// the sample, in the order of claims.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn each_waiting(
        &self,
        campaign: CampaignId,
        most: u64,
        mut each: impl FnMut(Waiting<'_>),
    ) -> Result<(), JournalError> {
        let mut shapes: HashMap<i64, RequestTemplate> = HashMap::new();
        let mut left = i64::try_from(most).unwrap_or(i64::MAX);
        let passes = [(State::Attempting, None), (State::Queued, self.admission.sample.map(TokenColumn))];
        for (state, sample) in passes {
            let state = state.code();
            let mut statement = self.connection.prepare_cached(&format!(
                "SELECT line, destination, shape_id, slots FROM row WHERE campaign_id = ?1 AND state = {state}
                     AND (?2 IS NULL OR client_token <= ?2) ORDER BY id LIMIT ?3"
            ))?;
            let mut rows = statement.query(params![campaign.0, sample, left])?;
            while let Some(row) = rows.next()? {
                left -= 1;
                let (shape, TextsColumn(slots)) = (row.get::<_, i64>(2)?, row.get(3)?);
                let shape = match shapes.entry(shape) {
                    std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
                    std::collections::hash_map::Entry::Vacant(entry) => entry.insert(self.shape(shape)?),
                };
                each(Waiting {
                    line: row.get::<_, Option<i64>>(0)?.and_then(|line| u64::try_from(line).ok()),
                    destination: row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?,
                    message: shape.message_text(&slots),
                });
            }
        }
        Ok(())
    }

    fn shape(&self, id: i64) -> Result<RequestTemplate, JournalError> {
        let text: String =
            self.connection.query_row("SELECT request FROM shape WHERE id = ?1", [id], |row| row.get(0))?;
        serde_json::from_str(&text)
            .map_err(|error| JournalError::Unreadable { row: id, what: format!("its request: {error}") })
    }

    /// Withdraws all that waits, before a file is sent while it is read: what an earlier file had is not sent unless this
    /// one has it too, and each comes back with its line. Says how many were withdrawn.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn withdraw_waiting(&mut self, campaign: CampaignId) -> Result<u64, JournalError> {
        let after = state::next(State::Queued, Event::Missing)?;
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let rows = tx.execute(
            "UPDATE row SET line = NULL, state = ?2 WHERE campaign_id = ?1 AND state = ?3",
            params![campaign.0, StateColumn(after), StateColumn(State::Queued)],
        )?;
        let mut delta = Delta::default();
        (0..rows).for_each(|_| delta.moved(State::Queued, after));
        delta.write(&tx, campaign)?;
        tx.commit()?;
        Ok(rows as u64)
    }

    /// The first `most` lines of the file last read whose keys came before: each line, the line that has its key first, and whether
    /// that one has another number.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn duplicates(
        &self,
        campaign: CampaignId,
        most: usize,
    ) -> Result<Vec<(u64, Option<u64>, bool)>, JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT line, key, destination FROM row WHERE campaign_id = ?1 AND state = ?3 AND code IS NOT ?4 AND code IS NOT ?5
             ORDER BY line LIMIT ?2",
        )?;
        let mut rows = statement.query(params![
            campaign.0,
            i64::try_from(most).unwrap_or(i64::MAX),
            StateColumn(State::Duplicate),
            SAME_NUMBER,
            REWRITTEN_KEY,
        ])?;
        let number = |line: i64| u64::try_from(line).unwrap_or_default();
        let mut duplicates = Vec::new();
        while let Some(row) = rows.next()? {
            let (line, key): (i64, String) = (row.get(0)?, row.get(1)?);
            let first: Option<(Option<i64>, bool)> = self
                .connection
                .prepare_cached(
                    "SELECT line, destination IS NOT NULL AND destination <> ?3 FROM recipient JOIN row ON row.id = row_id
                     WHERE recipient.campaign_id = ?1 AND recipient.key = ?2",
                )?
                .query_row(params![campaign.0, key, row.get::<_, String>(2)?], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let (of, differs) = first.unwrap_or((None, false));
            duplicates.push((number(line), of.map(number), differs));
        }
        Ok(duplicates)
    }
}
