//! What reports and status pages read: every row of a campaign, streamed in the order of the file.

use std::collections::HashMap;

use rusqlite::{Row, params};
use uuid::Uuid;

use super::error::JournalError;
use super::open::Reader;
use super::row::{CampaignId, StampColumn, StateColumn, TextsColumn, TokenColumn};
use crate::domain::request::{Leaf, Shape};
use crate::domain::stamp::Stamp;
use crate::domain::state::State;

/// A row of the journal as a report shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its line in the file last read; `None` where it is not in it any more.
    pub line: Option<u64>,
    /// What makes it the same recipient; `None` where it was rejected.
    pub key: Option<String>,
    /// E.164; `None` where it was rejected.
    pub destination: Option<String>,
    /// Where it stands.
    pub state: State,
    /// Connect's answer.
    pub contact_id: Option<String>,
    /// The idempotency token.
    pub client_token: Option<Uuid>,
    /// Requests made for it, over all runs.
    pub attempts: u32,
    /// The last refusal's or the rejection's code.
    pub code: Option<String>,
    /// The same in words.
    pub reason: Option<String>,
    /// The source endpoint's address: the ARN of the sending number.
    pub source: Option<String>,
    /// When the first request left.
    pub first_attempt_at: Option<Stamp>,
    /// When its outcome was known.
    pub settled_at: Option<Stamp>,
    /// Which of the campaign's headers its cells go with; see [`Reader::columns`].
    pub header: i64,
    /// The line's own cells.
    pub cells: Vec<String>,
}

/// Which rows to read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// Rows in these states; all where empty.
    pub states: Vec<State>,
}

impl Reader {
    /// The column names of the campaign's recipients files by header id, the file last planned from last.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn columns(&self, campaign: CampaignId) -> Result<Vec<(i64, Vec<String>)>, JournalError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, columns FROM header WHERE campaign_id = ?1 ORDER BY id")?;
        let headers = statement
            .query_map([campaign.0], |row| {
                let TextsColumn(columns) = row.get(1)?;
                Ok((row.get(0)?, columns))
            })?
            .collect::<Result<_, _>>()?;
        Ok(headers)
    }

    /// Calls `each` for every selected row: by line, rows that are not in the file any more last. One snapshot of the
    /// journal, whatever a run does meanwhile; constant memory.
    ///
    /// # Errors
    /// Where the journal cannot be read, or the first error of `each`.
    pub fn each_record<E: From<JournalError>>(
        &self,
        campaign: CampaignId,
        selection: &Selection,
        mut each: impl FnMut(Record) -> Result<(), E>,
    ) -> Result<(), E> {
        let sources = self.sources(campaign)?;
        for place in ["line IS NOT NULL ORDER BY line", "line IS NULL ORDER BY id"] {
            let sql = format!(
                "SELECT line, key, destination, state, contact_id, client_token, attempts, code, reason, shape_id,
                     slots, first_attempt_at, settled_at, header_id, cells
                 FROM row WHERE campaign_id = ?1 AND {place}"
            );
            let mut statement = self.connection.prepare_cached(&sql).map_err(JournalError::from)?;
            let mut rows = statement.query(params![campaign.0]).map_err(JournalError::from)?;
            while let Some(row) = rows.next().map_err(JournalError::from)? {
                let StateColumn(state) = row.get(3).map_err(JournalError::from)?;
                if selection.states.is_empty() || selection.states.contains(&state) {
                    each(read(row, state, &sources)?)?;
                }
            }
        }
        Ok(())
    }

    /// Where the source endpoint of each shape comes from.
    fn sources(&self, campaign: CampaignId) -> Result<HashMap<i64, Leaf>, JournalError> {
        let mut statement =
            self.connection.prepare_cached("SELECT id, request FROM shape WHERE campaign_id = ?1")?;
        let mut rows = statement.query([campaign.0])?;
        let mut sources = HashMap::new();
        while let Some(row) = rows.next()? {
            let (id, request): (i64, String) = (row.get(0)?, row.get(1)?);
            let shape: Shape = serde_json::from_str(&request).map_err(|error| JournalError::Unreadable {
                row: id,
                what: format!("its request: {error}"),
            })?;
            sources.insert(id, shape.source);
        }
        Ok(sources)
    }
}

fn read(row: &Row<'_>, state: State, sources: &HashMap<i64, Leaf>) -> Result<Record, JournalError> {
    let shape: Option<i64> = row.get(9)?;
    let source = match shape.and_then(|shape| sources.get(&shape)) {
        Some(Leaf::Fixed(source)) => Some(source.clone()),
        Some(Leaf::Slot(slot)) => {
            let TextsColumn(mut slots) = row.get(10)?;
            (*slot < slots.len()).then(|| slots.swap_remove(*slot))
        }
        None => None,
    };
    let stamp = |index: usize| -> rusqlite::Result<Option<Stamp>> {
        Ok(row.get::<_, Option<StampColumn>>(index)?.map(|stamp| stamp.0))
    };
    let TextsColumn(cells) = row.get(14)?;
    Ok(Record {
        line: row.get::<_, Option<i64>>(0)?.and_then(|line| u64::try_from(line).ok()),
        key: row.get(1)?,
        destination: row.get(2)?,
        state,
        contact_id: row.get(4)?,
        client_token: row.get::<_, Option<TokenColumn>>(5)?.map(|token| token.0),
        attempts: row.get(6)?,
        code: row.get(7)?,
        reason: row.get(8)?,
        source,
        first_attempt_at: stamp(11)?,
        settled_at: stamp(12)?,
        header: row.get(13)?,
        cells,
    })
}
