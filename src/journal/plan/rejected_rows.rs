//! Rejected rows, and rows that a correction put in the place of such a one, found by what was rejected.

use rusqlite::{Params, Row, Transaction, params};

use crate::domain::delivery::state::State;
use crate::domain::row::rejected_id::RejectedId;
use crate::journal::error::JournalError;
use crate::journal::query::cells::Cells;
use crate::journal::row::{CampaignId, StateColumn};

/// A row that was rejected, or took the place of one that was.
pub(in crate::journal) struct RejectedRow {
    pub(in crate::journal) id: i64,
    pub(in crate::journal) line: Option<u64>,
    pub(in crate::journal) state: State,
    pub(in crate::journal) key: Option<String>,
    /// Whether it is a line and no recipient.
    is_line: bool,
    /// The cells of the line that was rejected, as JSON.
    pub(in crate::journal) rejected: String,
}

impl RejectedRow {
    /// The row with this id, if it is one.
    pub(in crate::journal) fn find(tx: &Transaction<'_>, id: i64) -> Result<Option<Self>, JournalError> {
        Ok(Self::select(tx, "id = ?1", [id])?.pop())
    }

    /// Those on a line.
    pub(in crate::journal) fn on_line(
        tx: &Transaction<'_>,
        campaign: CampaignId,
        line: u64,
    ) -> Result<Vec<Self>, JournalError> {
        let line = i64::try_from(line).unwrap_or(i64::MAX);
        Self::select(tx, "campaign_id = ?1 AND line = ?2", params![campaign.0, line])
    }

    fn select(tx: &Transaction<'_>, which: &str, params: impl Params) -> Result<Vec<Self>, JournalError> {
        let sql = format!(
            "SELECT id, line, state, key, client_token IS NULL, coalesce(corrects, cells) FROM row
             WHERE {which} AND (state = {} OR corrects IS NOT NULL)",
            State::Rejected.code()
        );
        Ok(tx.prepare_cached(&sql)?.query_map(params, Self::read)?.collect::<Result<_, _>>()?)
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let StateColumn(state) = row.get(2)?;
        Ok(Self {
            id: row.get(0)?,
            line: row.get::<_, Option<i64>>(1)?.and_then(|line| u64::try_from(line).ok()),
            state,
            key: row.get(3)?,
            is_line: row.get(4)?,
            rejected: row.get(5)?,
        })
    }

    /// Whether nobody loses their place where the row goes.
    pub(in crate::journal) fn is_nobody(&self) -> bool {
        self.is_line || self.state == State::Duplicate
    }

    /// Whether it is the row that was rejected with this id, or has its place.
    pub(in crate::journal) fn was(&self, id: RejectedId) -> Result<bool, JournalError> {
        Ok(rejected_id(self.id, &self.rejected, &mut Cells::default())? == id)
    }
}

fn rejected_id(row: i64, cells: &str, buffer: &mut Cells) -> Result<RejectedId, JournalError> {
    buffer.read(cells).map_err(|error| JournalError::Unreadable { row, what: error.to_string() })?;
    Ok(RejectedId::of(buffer.iter()))
}

/// All of a campaign, by the ids of what was rejected, as they were when the first one was looked for: 16 bytes each.
#[derive(Debug)]
pub(in crate::journal) struct RejectedRows(Vec<(RejectedId, i64)>);

impl RejectedRows {
    /// Reads them, unless that was done before.
    pub(in crate::journal) fn known<'k>(
        tx: &Transaction<'_>,
        campaign: CampaignId,
        known: &'k mut Option<Self>,
    ) -> Result<&'k Self, JournalError> {
        let rows = match known.take() {
            Some(rows) => rows,
            None => Self::of(tx, campaign)?,
        };
        Ok(known.insert(rows))
    }

    fn of(tx: &Transaction<'_>, campaign: CampaignId) -> Result<Self, JournalError> {
        let mut statement = tx.prepare(&format!(
            "SELECT id, coalesce(corrects, cells) FROM row
             WHERE campaign_id = ?1 AND (state = {} OR corrects IS NOT NULL)",
            State::Rejected.code()
        ))?;
        let mut rows = statement.query([campaign.0])?;
        let (mut all, mut buffer) = (Vec::new(), Cells::default());
        while let Some(row) = rows.next()? {
            let (id, cells) = (row.get(0)?, row.get_ref(1)?.as_str());
            let cells =
                cells.map_err(|error| JournalError::Unreadable { row: id, what: error.to_string() })?;
            all.push((rejected_id(id, cells, &mut buffer)?, id));
        }
        all.sort_unstable();
        Ok(Self(all))
    }

    /// A row has come to have the place of a rejected one, if it has.
    pub(in crate::journal) fn note(&mut self, tx: &Transaction<'_>, row: i64) -> Result<(), JournalError> {
        if let Some(row) = RejectedRow::find(tx, row)? {
            let entry = (rejected_id(row.id, &row.rejected, &mut Cells::default())?, row.id);
            self.0.insert(self.0.partition_point(|known| *known < entry), entry);
        }
        Ok(())
    }

    /// The rows of an id that are still what they were.
    pub(in crate::journal) fn with(
        &self,
        tx: &Transaction<'_>,
        id: RejectedId,
    ) -> Result<Vec<RejectedRow>, JournalError> {
        let from = self.0.partition_point(|(known, _)| *known < id);
        let mut rows = Vec::new();
        for (_, row) in self.0[from..].iter().take_while(|(known, _)| *known == id) {
            if let Some(row) = RejectedRow::find(tx, *row)?
                && row.was(id)?
            {
                rows.push(row);
            }
        }
        Ok(rows)
    }
}
