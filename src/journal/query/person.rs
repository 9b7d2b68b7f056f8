//! What happened to one person: every row of the journal with a number or a key, in all campaigns.

use rusqlite::{Row, params};
use uuid::Uuid;

use crate::domain::delivery::state::State;
use crate::domain::events::Delivery;
use crate::domain::foreign::ForeignText;
use crate::domain::row::token::TokenSpace;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::file::open::Reader;
use crate::journal::plan::senders::other_tokens;
use crate::journal::row::{CampaignId, ContactIdColumn, StampColumn, StateColumn, purged_key};

/// A row of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// The campaign.
    pub campaign: String,
    /// Its line in the file last read; `None` where it is not in it any more.
    pub line: Option<u64>,
    /// Its key; `None` where it was rejected before it had one, or purged.
    pub key: Option<String>,
    /// E.164; `None` where it was rejected or purged.
    pub destination: Option<String>,
    /// Where it stands.
    pub state: State,
    /// Requests made for it, over all runs.
    pub attempts: u32,
    /// When the first request left.
    pub first_attempt_at: Option<UnixMillis>,
    /// When its outcome was known.
    pub settled_at: Option<UnixMillis>,
    /// Until when it waits at least, where it does.
    pub waits_until: Option<UnixMillis>,
    /// The service's contact id.
    pub contact_id: Option<String>,
    /// What became of the message, as far as the account has told.
    pub delivery: Option<Delivery>,
    /// Why it has no contact, as a code.
    pub code: Option<ForeignText>,
    /// The same in words.
    pub reason: Option<ForeignText>,
}

/// A list with a number on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSince {
    /// The account's list; `None`: the journal's own.
    pub list: Option<String>,
    /// Since when.
    pub at: UnixMillis,
    /// The note.
    pub note: Option<ForeignText>,
}

impl Reader {
    /// The rows with this number or this key, campaign by campaign, the oldest campaign first. Of a campaign that was
    /// purged, keys are still known by their client tokens, and numbers are not.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn rows_of_person(
        &self,
        number: Option<&str>,
        key: Option<&str>,
    ) -> Result<Vec<PersonRow>, JournalError> {
        let mut campaigns =
            self.connection.prepare("SELECT id, name, instance_id FROM campaign ORDER BY id")?;
        let campaigns: Vec<(CampaignId, String, String)> = campaigns
            .query_map([], |row| Ok((CampaignId(row.get(0)?), row.get(1)?, row.get(2)?)))?
            .collect::<Result<_, _>>()?;
        let mut found = Vec::new();
        for (id, name, instance) in campaigns {
            let mut tokens = vec![TokenSpace::new(&instance, &name)];
            tokens.extend(other_tokens(&self.connection, id)?);
            let purged = key.map(|key| tokens.iter().map(|space| purged_key(space.token(key))).collect());
            let purged: Vec<String> = purged.unwrap_or_default();
            let purged = serde_json::to_string(&purged).expect("strings always serialize");
            // Rejections and duplicates are in no table of recipients, so that every row is looked at.
            let mut statement = self.connection.prepare_cached(
                "SELECT line, key, destination, state, attempts, first_attempt_at, settled_at, contact_id, code, reason,
                     waits_until, delivery
                 FROM row NOT INDEXED LEFT JOIN delivery ON delivery.row_id = row.id
                 WHERE row.campaign_id = ?1 AND (destination = ?2 OR key = ?3
                     OR row.id IN (SELECT row_id FROM recipient WHERE campaign_id = ?1 AND recipient.key IN (SELECT value FROM json_each(?4))))
                 ORDER BY row.id",
            )?;
            let mut rows = statement.query(params![id.0, number, key, purged])?;
            while let Some(row) = rows.next()? {
                found.push(read(row, &name)?);
            }
        }
        Ok(found)
    }

    /// The journal's suppression list and the copies of the account's opt-out lists, where they have this number.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn lists_with(&self, number: &str) -> Result<Vec<ListedSince>, JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT NULL, added_at, note FROM suppression WHERE destination = ?1
             UNION ALL
             SELECT name, opted_out_at, NULL FROM opt_out JOIN opt_out_list ON opt_out_list.id = list_id
             WHERE destination = ?1",
        )?;
        let listed = statement.query_map([number], |row| {
            let StampColumn(at) = row.get(1)?;
            let note: Option<String> = row.get(2)?;
            Ok(ListedSince { list: row.get(0)?, at, note: note.map(Into::into) })
        })?;
        Ok(listed.collect::<Result<_, _>>()?)
    }
}

fn read(row: &Row<'_>, campaign: &str) -> Result<PersonRow, JournalError> {
    let StateColumn(state) = row.get(3)?;
    let stamp = |at: usize| -> rusqlite::Result<Option<UnixMillis>> {
        Ok(row.get::<_, Option<StampColumn>>(at)?.map(|stamp| stamp.0))
    };
    let mut buffer = Uuid::encode_buffer();
    let contact_id = ContactIdColumn::read(row.get_ref(7)?, &mut buffer)
        .map_err(rusqlite::Error::from)?
        .map(str::to_owned);
    Ok(PersonRow {
        campaign: campaign.to_owned(),
        line: row.get::<_, Option<i64>>(0)?.and_then(|line| u64::try_from(line).ok()),
        key: row.get(1)?,
        destination: row.get(2)?,
        state,
        attempts: row.get(4)?,
        first_attempt_at: stamp(5)?,
        settled_at: stamp(6)?,
        waits_until: stamp(10)?.filter(|_| state == State::Queued),
        contact_id,
        delivery: row.get::<_, Option<u8>>(11)?.and_then(Delivery::from_code),
        code: row.get::<_, Option<String>>(8)?.map(Into::into),
        reason: row.get::<_, Option<String>>(9)?.map(Into::into),
    })
}
