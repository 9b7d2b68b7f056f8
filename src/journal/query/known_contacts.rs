//! What the journal knows of a campaign's contacts, for a comparison with the account's.

use std::collections::{HashMap, HashSet};

use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

use crate::domain::delivery::state::State;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::deliveries::intake;
use crate::journal::error::JournalError;
use crate::journal::file::open::Reader;
use crate::journal::row::{CampaignId, ContactIdColumn, StampColumn, StateColumn, TokenColumn};
use crate::journal::sql;

/// When a campaign sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendingTime {
    /// When its first request left.
    pub first: UnixMillis,
    /// When its last outcome was known; `None` where it is not over: rows wait or are in doubt.
    pub last: Option<UnixMillis>,
}

/// A row that has a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartedRow {
    /// Its line, where it is still in the file.
    pub line: Option<u64>,
    /// Its contact.
    pub contact_id: String,
    /// When its request was answered.
    pub settled_at: Option<UnixMillis>,
}

/// A row that has, or had, a client token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Its line, where it is still in the file.
    pub line: Option<u64>,
    /// Where it stands.
    pub state: State,
    /// The contact that it has.
    pub contact_id: Option<String>,
}

impl Reader {
    /// When the campaign sent; `None` where it never did.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn sending_time(&self, campaign: CampaignId) -> Result<Option<SendingTime>, JournalError> {
        let stamps = "SELECT min(first_attempt_at), max(settled_at) FROM row WHERE campaign_id = ?1 AND first_attempt_at IS NOT NULL";
        let (first, last): (Option<StampColumn>, Option<StampColumn>) =
            self.connection.query_row(stamps, [campaign.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let tally = self.tally(campaign)?;
        let is_over = tally[State::Queued] + tally[State::Attempting] == 0;
        Ok(first
            .map(|first| SendingTime { first: first.0, last: last.map(|last| last.0).filter(|_| is_over) }))
    }

    /// Whether any row of the journal has this contact.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn knows_contact(&self, contact_id: &str) -> Result<bool, JournalError> {
        intake::has_contact(&self.connection, contact_id)
    }

    /// Started rows whose contacts would be of this instance and are none of these, in order.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn started_without(
        &self,
        campaign: CampaignId,
        instance_id: &str,
        contacts: &HashSet<&str>,
    ) -> Result<Vec<StartedRow>, JournalError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT line, contact_id, settled_at FROM row
             WHERE campaign_id = ?1 AND state = {} AND contact_id IS NOT NULL
                 AND coalesce((SELECT sender.instance_id FROM sender WHERE sender.id = row.sender_id),
                     (SELECT campaign.instance_id FROM campaign WHERE campaign.id = ?1)) = ?2
             ORDER BY id",
            State::Started.code()
        ))?;
        let mut rows = statement.query(params![campaign.0, instance_id])?;
        let (mut without, mut buffer) = (Vec::new(), Uuid::encode_buffer());
        while let Some(row) = rows.next()? {
            let id = ContactIdColumn::read(row.get_ref(1)?, &mut buffer).map_err(rusqlite::Error::from)?;
            let Some(id) = id.filter(|id| !contacts.contains(id)) else { continue };
            without.push(StartedRow {
                line: line(row.get(0)?),
                contact_id: id.to_owned(),
                settled_at: row.get::<_, Option<StampColumn>>(2)?.map(|at| at.0),
            });
        }
        Ok(without)
    }

    /// The rows of the campaign that have these client tokens, or had them before they were corrected. Reads every row.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn rows_with_tokens(
        &self,
        campaign: CampaignId,
        tokens: &HashSet<Uuid>,
    ) -> Result<HashMap<Uuid, TokenRow>, JournalError> {
        if tokens.is_empty() {
            return Ok(HashMap::new());
        }
        let mut statement = self.connection.prepare_cached(
            "SELECT client_token, line, state, contact_id FROM row
             WHERE campaign_id = ?1 AND client_token IS NOT NULL
             UNION ALL
             SELECT earlier.client_token, line, state, contact_id
             FROM earlier_attempt AS earlier JOIN row ON row.id = row_id WHERE campaign_id = ?1",
        )?;
        let mut rows = statement.query([campaign.0])?;
        let (mut found, mut buffer) = (HashMap::new(), Uuid::encode_buffer());
        while let Some(row) = rows.next()? {
            let TokenColumn(token) = row.get(0)?;
            if !tokens.contains(&token) {
                continue;
            }
            let StateColumn(state) = row.get(2)?;
            let contact =
                ContactIdColumn::read(row.get_ref(3)?, &mut buffer).map_err(rusqlite::Error::from)?;
            let contact_id = contact.map(str::to_owned);
            found.insert(token, TokenRow { line: line(row.get(1)?), state, contact_id });
        }
        Ok(found)
    }

    /// A recipient of the campaign with this number: one in doubt, else the first.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn recipient_with(
        &self,
        campaign: CampaignId,
        number: &str,
    ) -> Result<Option<TokenRow>, JournalError> {
        let sql = format!(
            "SELECT line, state, contact_id FROM number JOIN row ON row.id = number.row_id
             WHERE number.campaign_id = ?1 AND number.destination = ?2 AND {}
             ORDER BY state <> {}, row.id LIMIT 1",
            sql::IS_RECIPIENT,
            State::Attempting.code()
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params![campaign.0, number])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let mut buffer = Uuid::encode_buffer();
        let StateColumn(state) = row.get(1)?;
        let contact = ContactIdColumn::read(row.get_ref(2)?, &mut buffer).map_err(rusqlite::Error::from)?;
        Ok(Some(TokenRow { line: line(row.get(0)?), state, contact_id: contact.map(str::to_owned) }))
    }

    /// The addresses that a campaign sends from: ARNs, and the phone numbers of those where they are known. Empty where rows
    /// name their own.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn source_addresses(&self, campaign: CampaignId) -> Result<HashSet<String>, JournalError> {
        let sources = intake::sources(&self.connection, campaign)?;
        let mut statement =
            self.connection.prepare_cached("SELECT number FROM source_number WHERE source = ?1")?;
        let mut addresses = HashSet::new();
        for source in sources {
            addresses.extend(statement.query_row([&source], |row| row.get::<_, String>(0)).optional()?);
            addresses.insert(source);
        }
        Ok(addresses)
    }
}

fn line(line: Option<i64>) -> Option<u64> {
    line.and_then(|line| u64::try_from(line).ok())
}
