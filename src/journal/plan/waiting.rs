//! What waits: as the journal has it, for the figures before a run begins; and all of it withdrawn, before a file is sent
//! while it is read.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{OptionalExtension, Row, params};
use uuid::Uuid;

use crate::domain::delivery::state;
use crate::domain::delivery::state::{Event, State};
use crate::domain::hours::Lane;
use crate::domain::hours::schedule::Window;
use crate::domain::message::request::{Leaf, RequestTemplate};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::file::open::Journal;
use crate::journal::plan::lanes::lanes;
use crate::journal::plan::numbers::SAME_NUMBER;
use crate::journal::plan::respelled::REWRITTEN_KEY;
use crate::journal::row::{CampaignId, SenderId, StampColumn, StateColumn, TextsColumn, TokenColumn};
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
    /// What it waits for besides its turn, where the campaign has hours.
    pub lane: Option<&'r Lane>,
    /// Who sends to it; `None` where the campaign has one source for all.
    pub sender: Option<SenderId>,
    /// From when to when it may be sent to.
    pub window: Window,
    id: i64,
    shape: &'r RequestTemplate,
    slots: &'r [String],
    client_token: Uuid,
}

impl Waiting<'_> {
    /// The request's body.
    ///
    /// # Errors
    /// [`JournalError::Unreadable`] where someone edited the journal.
    pub fn body(&self) -> Result<Vec<u8>, JournalError> {
        let request = self.shape.fill(self.slots, self.destination, self.client_token);
        let request =
            request.map_err(|error| JournalError::Unreadable { row: self.id, what: error.to_string() })?;
        Ok(request.body())
    }
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
        let lanes = self.lanes_by_id(campaign)?;
        let mut left = i64::try_from(most).unwrap_or(i64::MAX);
        let passes = [(State::Attempting, None), (State::Queued, self.admission.sample.map(TokenColumn))];
        for (state, sample) in passes {
            let state = state.code();
            let mut statement = self.connection.prepare_cached(&format!(
                "SELECT line, destination, shape_id, slots, id, client_token, lane_id, waits_until, not_after, sender_id FROM row WHERE campaign_id = ?1 AND state = {state}
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
                    lane: row.get::<_, Option<i64>>(6)?.and_then(|lane| lanes.get(&lane)),
                    sender: row.get::<_, Option<i64>>(9)?.map(SenderId),
                    window: Window { not_before: stamp(row, 7)?, not_after: stamp(row, 8)? },
                    id: row.get(4)?,
                    shape,
                    slots: &slots,
                    client_token: row.get::<_, TokenColumn>(5)?.0,
                });
            }
        }
        Ok(())
    }

    fn lanes_by_id(&self, campaign: CampaignId) -> Result<HashMap<i64, Lane>, JournalError> {
        let lanes = lanes(&self.connection, campaign)?.into_iter();
        Ok(lanes.filter_map(|open| Some((open.id?.0, open.lane?))).collect())
    }

    /// The numbers, as ARNs of Amazon Connect, that rows of the campaign which wait are sent from.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn sources(&self, campaign: CampaignId) -> Result<Vec<String>, JournalError> {
        let waits = format!("campaign_id = ?1 AND state = {} AND shape_id = ?2", State::Queued.code());
        let mut sources = BTreeSet::new();
        let mut shapes = self.connection.prepare_cached("SELECT id FROM shape WHERE campaign_id = ?1")?;
        let shapes =
            shapes.query_map([campaign.0], |row| row.get::<_, i64>(0))?.collect::<Result<Vec<_>, _>>()?;
        for shape in shapes {
            match self.shape(shape)?.source {
                Leaf::Fixed(source) => {
                    let sql =
                        format!("SELECT EXISTS (SELECT 1 FROM row INDEXED BY row_queued WHERE {waits})");
                    if self.connection.query_row(&sql, params![campaign.0, shape], |row| row.get(0))? {
                        sources.insert(source);
                    }
                }
                Leaf::Slot(slot) => {
                    let sql = format!(
                        "SELECT DISTINCT json_extract(slots, ?3) FROM row INDEXED BY row_queued WHERE {waits}"
                    );
                    let mut statement = self.connection.prepare_cached(&sql)?;
                    let place = format!("$[{slot}]");
                    let found = statement.query_map(params![campaign.0, shape, place], |row| row.get(0))?;
                    sources.extend(found.collect::<Result<Vec<String>, _>>()?);
                }
                Leaf::Token => {}
            }
        }
        Ok(sources.into_iter().collect())
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
        let tx = self.begin_write()?;
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

    /// Why rows of the campaign are suppressed: code, words, rows. The words of an opt-out have its time, and are left out.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn suppressed_by_reason(
        &self,
        campaign: CampaignId,
    ) -> Result<Vec<(String, String, u64)>, JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT coalesce(code, ''), iif(code = 'opted-out', '', coalesce(reason, '')) AS words, count(*) FROM row
             WHERE campaign_id = ?1 AND state = ?2 GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2",
        )?;
        let counted = statement.query_map(params![campaign.0, StateColumn(State::Suppressed)], |row| {
            let rows: i64 = row.get(2)?;
            Ok((row.get(0)?, row.get(1)?, u64::try_from(rows).unwrap_or_default()))
        })?;
        Ok(counted.collect::<Result<_, _>>()?)
    }

    /// The first line whose key is a number that a spreadsheet seems to have rounded, and which another line with another
    /// number has too: line, the line that has it first, key.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn rounded_key(
        &self,
        campaign: CampaignId,
    ) -> Result<Option<(u64, Option<u64>, String)>, JournalError> {
        let found = self
            .connection
            .prepare_cached(
                "SELECT row.line, first.line, row.key FROM row
                 JOIN recipient ON recipient.campaign_id = ?1 AND recipient.key = row.key
                 JOIN row AS first ON first.id = recipient.row_id
                 WHERE row.campaign_id = ?1 AND row.state = ?2 AND length(row.key) > 15 AND row.key NOT GLOB '*[^0-9]*'
                     AND ltrim(substr(row.key, 16), '0') = '' AND first.destination <> row.destination
                 ORDER BY row.line LIMIT 1",
            )?
            .query_row(params![campaign.0, StateColumn(State::Duplicate)], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?, row.get(2)?))
            })
            .optional()?;
        let number = |line: i64| u64::try_from(line).unwrap_or_default();
        Ok(found.map(|(line, of, key)| (number(line), of.map(number), key)))
    }

    /// The first `most` lines of the file last read whose keys came before: each line, the line that has its key first,
    /// and whether that one has another number.
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

fn stamp(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<UnixMillis>> {
    Ok(row.get::<_, Option<StampColumn>>(column)?.map(|stamp| stamp.0))
}
