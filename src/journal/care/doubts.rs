//! Rows in doubt, and what a search of the account says of them.

use std::collections::HashMap;

use rusqlite::{Row, params};
use uuid::Uuid;

use crate::domain::account::contacts::SearchWindow;
use crate::domain::delivery::doubt::{self, DoubtfulRow};
use crate::domain::delivery::state::{self, Event, State};
use crate::domain::delivery::verdict::TOKEN_SAFE;
use crate::domain::message::request::RequestTemplate;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::file::open::Journal;
use crate::journal::row::{
    CampaignId, ContactIdColumn, RowId, StampColumn, StateColumn, TextsColumn, TokenColumn,
};
use crate::journal::run::attempts;
use crate::journal::run::limits;
use crate::journal::tally::Delta;

/// The code of a row whose contact a search found.
pub(in crate::journal) const FOUND: &str = "found";
/// The code of an uncertain row of which the account has no contact.
pub(in crate::journal) const NOT_THERE: &str = "not-there";
pub(in crate::journal) const FOUND_REASON: &str = "a search of the account found the contact";

/// A row of which nobody knows whether it has a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InDoubt {
    /// The row.
    pub id: RowId,
    /// Its line, where it is still in the file.
    pub line: Option<u64>,
    /// What makes it the same recipient.
    pub key: String,
    /// Whether its client token is too old to ask again.
    pub is_uncertain: bool,
    /// Whether a search found that it has no contact.
    pub is_not_there: bool,
    /// Since when it is in doubt.
    pub doubt_at: Option<UnixMillis>,
    /// The instance that its request named, where that is its sender's; `None`: the campaign's.
    pub instance_id: Option<String>,
    /// What its contact would be.
    pub sought: DoubtfulRow,
}

impl Journal {
    /// The rows in doubt, in order. What was purged cannot be searched for, and is left out.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn in_doubt(&self, campaign: CampaignId, now: UnixMillis) -> Result<Vec<InDoubt>, JournalError> {
        let mut shapes: HashMap<i64, RequestTemplate> = HashMap::new();
        let mut doubts = Vec::new();
        for (state, index) in [(State::Attempting, "row_attempting"), (State::Uncertain, "row_uncertain")] {
            let mut statement = self.connection.prepare_cached(&format!(
                "SELECT id, line, key, state, client_token, destination, shape_id, slots, attempts, first_attempt_at,
                     doubt_at, settled_at, code,
                     (SELECT count(*) FROM request WHERE row_id = row.id AND at >= first_attempt_at),
                     (SELECT max(at) FROM request WHERE row_id = row.id AND at >= first_attempt_at)
                 FROM row INDEXED BY {index}
                 WHERE campaign_id = ?1 AND state = {} AND key IS NOT NULL AND first_attempt_at IS NOT NULL ORDER BY id",
                state.code()
            ))?;
            let mut rows = statement.query([campaign.0])?;
            while let Some(row) = rows.next()? {
                let shape = limits::template(&self.connection, &mut shapes, row.get(6)?)?;
                doubts.push(read(row, shape, now)?);
            }
        }
        doubts.sort_by_key(|doubt: &InDoubt| doubt.id);
        Ok(doubts)
    }

    /// Contacts of the instance that events told of and no row has, begun in this time.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn contacts_without_row(
        &self,
        instance_id: &str,
        window: SearchWindow,
    ) -> Result<Vec<String>, JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT contact_id FROM contact_event WHERE row_id IS NULL AND initiated_at BETWEEN ?1 AND ?2
                 AND (instance IS NULL OR instance = ?3 OR instance LIKE '%/' || ?3) ORDER BY initiated_at",
        )?;
        let mut rows =
            statement.query(params![StampColumn(window.from), StampColumn(window.until), instance_id])?;
        let (mut contacts, mut buffer) = (Vec::new(), Uuid::encode_buffer());
        while let Some(row) = rows.next()? {
            let contact =
                ContactIdColumn::read(row.get_ref(0)?, &mut buffer).map_err(rusqlite::Error::from)?;
            contacts.extend(contact.map(str::to_owned));
        }
        Ok(contacts)
    }

    /// Takes note of contacts that a search found: their rows are started. A contact that another row has is left out. Says
    /// which rows were settled.
    ///
    /// # Errors
    /// Where the journal cannot be written, or a row is not in doubt; then nothing is settled.
    pub fn settle_found(
        &mut self,
        campaign: CampaignId,
        found: &[(RowId, String)],
        now: UnixMillis,
    ) -> Result<Vec<RowId>, JournalError> {
        let tx = self.begin_write()?;
        let (mut delta, mut settled) = (Delta::default(), Vec::new());
        for (row, contact_id) in found {
            let StateColumn(before) =
                tx.query_row("SELECT state FROM row WHERE id = ?1", [row.0], |row| row.get(0))?;
            let after = state::next(before, Event::Found)?;
            if attempts::is_anothers(&tx, row.0, contact_id)? {
                continue;
            }
            tx.prepare_cached(
                "UPDATE row SET state = ?2, settled_at = ?3, contact_id = ?4, code = ?5, reason = ?6, doubt_at = NULL,
                     room = NULL
                 WHERE id = ?1",
            )?
            .execute(params![
                row.0,
                after.code(),
                StampColumn(now),
                ContactIdColumn(contact_id),
                FOUND,
                FOUND_REASON
            ])?;
            delta.moved(before, after);
            settled.push(*row);
        }
        // A row of an earlier day has a contact after all.
        tx.execute("DELETE FROM contacts_before WHERE campaign_id = ?1", [campaign.0])?;
        delta.write(&tx, campaign)?;
        tx.commit()?;
        Ok(settled)
    }

    /// Takes note that the account has no contact of these uncertain rows, each with what was searched. They stay uncertain: a
    /// person decides.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn note_not_there(
        &mut self,
        campaign: CampaignId,
        rows: &[(RowId, String)],
    ) -> Result<(), JournalError> {
        let tx = self.begin_write()?;
        for (row, reason) in rows {
            tx.prepare_cached(&format!(
                "UPDATE row SET code = ?3, reason = ?4 WHERE id = ?1 AND campaign_id = ?2 AND state = {}",
                State::Uncertain.code()
            ))?
            .execute(params![row.0, campaign.0, NOT_THERE, reason])?;
        }
        tx.commit()?;
        Ok(())
    }
}

fn read(row: &Row<'_>, shape: &RequestTemplate, now: UnixMillis) -> Result<InDoubt, JournalError> {
    let id: i64 = row.get(0)?;
    let StateColumn(state) = row.get(3)?;
    let (TokenColumn(token), TextsColumn(slots)) = (row.get(4)?, row.get(7)?);
    let destination: String = row.get(5)?;
    let request = shape.fill(&slots, &destination, token);
    let request =
        request.map_err(|error| JournalError::Unreadable { row: id, what: error.to_string() })?.request;
    let stamp = |index: usize| -> rusqlite::Result<Option<UnixMillis>> {
        Ok(row.get::<_, Option<StampColumn>>(index)?.map(|stamp| stamp.0))
    };
    let first = stamp(9)?.unwrap_or(now);
    let (attempts, requests): (u32, u32) = (row.get(8)?, row.get(13)?);
    // A request whose process died has no time. None left once the row was given up, nor after the token's life.
    let last = match stamp(14)? {
        Some(last) if requests >= attempts => last,
        _ => {
            let given_up = stamp(11)?.unwrap_or(now);
            stamp(10)?.map_or(given_up, |doubt_at| given_up.min(doubt_at.plus(TOKEN_SAFE)))
        }
    };
    let trace = shape.trace().filter(|name| request.attributes.contains_key(*name)).map(str::to_owned);
    let code: Option<String> = row.get(12)?;
    Ok(InDoubt {
        id: RowId(id),
        line: row.get::<_, Option<i64>>(1)?.and_then(|line| u64::try_from(line).ok()),
        key: row.get(2)?,
        is_uncertain: state == State::Uncertain,
        is_not_there: state == State::Uncertain && code.as_deref() == Some(NOT_THERE),
        doubt_at: stamp(10)?,
        instance_id: shape.sender_instance(&slots).map(str::to_owned),
        sought: DoubtfulRow {
            token: token.to_string(),
            trace,
            destination,
            attributes: request.attributes,
            window: doubt::window(first, last),
        },
    })
}
