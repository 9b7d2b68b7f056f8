//! What the journal has already of a file that is planned: recipients by key, shapes, headers.

use rusqlite::{OptionalExtension, Row, Transaction, params};
use uuid::Uuid;

use crate::domain::delivery::state::State;
use crate::domain::hours::schedule::Window;
use crate::domain::message::request::RequestTemplate;
use crate::domain::row::token::TokenSpace;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::plan::line::Content;
use crate::journal::row::{CampaignId, StampColumn, StateColumn, texts};

/// A recipient that the journal has already.
pub(in crate::journal) struct ExistingRecipient {
    pub(in crate::journal) id: i64,
    pub(in crate::journal) state: State,
    pub(in crate::journal) line: Option<u64>,
    pub(in crate::journal) attempts: u32,
    pub(in crate::journal) destination: String,
    pub(in crate::journal) lane: Option<i64>,
    pub(in crate::journal) sender: Option<i64>,
    /// As the file had it last. A limit may have moved the beginning on; then it is not known.
    pub(in crate::journal) window: Window,
    pub(in crate::journal) shape: i64,
    pub(in crate::journal) header: i64,
    pub(in crate::journal) slots: String,
    pub(in crate::journal) cells: String,
    /// Whether its key, number and payload were removed.
    pub(in crate::journal) purged: bool,
    /// Whether a correction put it in the place of a rejected line.
    pub(in crate::journal) is_correction: bool,
    /// How often it failed, was corrected and was to be tried again.
    pub(in crate::journal) corrections: u32,
}

impl ExistingRecipient {
    /// The token of its next attempt, where that of its key alone is `first`.
    pub(in crate::journal) fn client_token(&self, tokens: TokenSpace, (key, first): (&str, Uuid)) -> Uuid {
        if self.corrections == 0 { first } else { tokens.corrected(key, self.corrections) }
    }

    /// Whether another line of the file has it.
    pub(in crate::journal) fn is_elsewhere(&self, line: u64) -> bool {
        self.line.is_some_and(|known| known != line)
    }

    /// Whether the file or the definition now says something else of its request.
    pub(in crate::journal) fn differs(&self, now: i64, content: &Content) -> bool {
        let Content::Recipient { destination, slots, .. } = content else { return false };
        // Of what was purged nobody knows what it said.
        !self.purged && self.payload_differs(destination, now, slots)
    }

    fn payload_differs(&self, destination: &str, now: i64, slots: &[String]) -> bool {
        self.destination != *destination || self.shape != now || self.slots != texts(slots)
    }
}

/// The recipient with this key, or with one of those that it has where it was purged.
pub(in crate::journal) fn recipient(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    key: &str,
    purged_keys: &[String],
) -> Result<Option<ExistingRecipient>, JournalError> {
    for key in [key].into_iter().chain(purged_keys.iter().map(String::as_str)) {
        if let Some(found) = find(tx, campaign, key)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The recipient with this key.
pub(in crate::journal) fn find(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    key: &str,
) -> Result<Option<ExistingRecipient>, JournalError> {
    Ok(tx
        .prepare_cached(
            "SELECT id, state, line, attempts, coalesce(destination, ''), shape_id, header_id, slots, cells, row.key IS NULL,
                 lane_id, iif(waits_for = 0, waits_until, NULL), not_after, sender_id,
                 (SELECT count(*) FROM earlier_attempt WHERE earlier_attempt.row_id = row.id),
                 corrects IS NOT NULL
             FROM recipient JOIN row ON row.id = row_id WHERE recipient.campaign_id = ?1 AND recipient.key = ?2",
        )?
        .query_row(params![campaign.0, key], |row| {
            let StateColumn(state) = row.get(1)?;
            Ok(ExistingRecipient {
                id: row.get(0)?,
                state,
                line: row.get::<_, Option<i64>>(2)?.and_then(|line| u64::try_from(line).ok()),
                attempts: row.get(3)?,
                destination: row.get(4)?,
                shape: row.get(5)?,
                header: row.get(6)?,
                slots: row.get(7)?,
                cells: row.get(8)?,
                purged: row.get(9)?,
                corrections: row.get(14)?,
                is_correction: row.get(15)?,
                lane: row.get(10)?,
                sender: row.get(13)?,
                window: Window { not_before: stamp(row, 11)?, not_after: stamp(row, 12)? },
            })
        })
        .optional()?)
}

fn stamp(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<UnixMillis>> {
    Ok(row.get::<_, Option<StampColumn>>(at)?.map(|stamp| stamp.0))
}

/// The ids of what the rows of a plan have in common: their shape, and the columns of their file.
pub(in crate::journal) fn in_common(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    shape: &RequestTemplate,
    columns: &[String],
) -> Result<(i64, i64), JournalError> {
    Ok((shape_id(tx, campaign, shape)?, or_new(tx, "header", "columns", campaign, &texts(columns))?))
}

/// The id of a shape.
pub(in crate::journal) fn shape_id(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    shape: &RequestTemplate,
) -> Result<i64, JournalError> {
    let request = serde_json::to_string(shape).expect("strings and integers always serialize");
    or_new(tx, "shape", "request", campaign, &request)
}

/// The id of a value of a table that has each value once for a campaign.
fn or_new(
    tx: &Transaction<'_>,
    table: &str,
    column: &str,
    campaign: CampaignId,
    value: &str,
) -> Result<i64, JournalError> {
    let known = tx
        .query_row(
            &format!("SELECT id FROM {table} WHERE campaign_id = ?1 AND {column} = ?2"),
            params![campaign.0, value],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(id) = known {
        return Ok(id);
    }
    tx.execute(
        &format!("INSERT INTO {table} (campaign_id, {column}) VALUES (?1, ?2)"),
        params![campaign.0, value],
    )?;
    Ok(tx.last_insert_rowid())
}
