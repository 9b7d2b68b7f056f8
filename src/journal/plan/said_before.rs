//! What a file said of a contacted recipient, and what it says now. People who see next week's date in the file expect a
//! message with it, and a campaign contacts each recipient once.
//!
//! The cells are compared, and not the texts: that the definition has another text is no news of the recipient.

use std::collections::HashMap;

use rusqlite::{Transaction, params};

use crate::journal::error::JournalError;
use crate::journal::plan::existing::ExistingRecipient;
use crate::journal::plan::line::{Content, FileLine};
use crate::journal::row::{CampaignId, TextsColumn};
use crate::journal::sql;

/// Lines that are told one by one.
const TOLD: usize = 20;

/// The columns that texts are made of, and where earlier files had them.
#[derive(Debug, Default)]
pub(in crate::journal) struct TextColumns {
    /// Name and place of each in this file.
    columns: Vec<(String, usize)>,
    /// For each earlier header: where it has them, in the same order.
    earlier: HashMap<i64, Vec<Option<usize>>>,
    lines: Vec<u64>,
}

impl TextColumns {
    pub(in crate::journal) fn new(names: &[String], columns: Vec<usize>) -> Self {
        let columns = columns.into_iter().filter_map(|at| Some((names.get(at)?.clone(), at))).collect();
        Self { columns, ..Self::default() }
    }

    /// The first lines that say something else.
    pub(in crate::journal) fn changed_lines(&self) -> &[u64] {
        &self.lines
    }

    /// Whether the line says something else of a recipient who was contacted, or may have been. The shape and the header are
    /// those of this plan.
    pub(in crate::journal) fn see(
        &mut self,
        tx: &Transaction<'_>,
        campaign: CampaignId,
        (shape, header): (i64, i64),
        known: &ExistingRecipient,
        line: &FileLine,
    ) -> Result<bool, JournalError> {
        let Content::Recipient { destination, .. } = &line.content else { return Ok(false) };
        if self.columns.is_empty() || known.purged || !sql::CONTACTED.has(known.state) {
            return Ok(false);
        }
        let same_payload = known.shape == shape && !known.differs(shape, &line.content);
        let changed = !same_payload
            && (known.destination != *destination || self.cells_differ(tx, campaign, header, known, line)?);
        if changed && self.lines.len() < TOLD {
            self.lines.push(line.number);
        }
        Ok(changed)
    }

    fn cells_differ(
        &mut self,
        tx: &Transaction<'_>,
        campaign: CampaignId,
        header: i64,
        known: &ExistingRecipient,
        line: &FileLine,
    ) -> Result<bool, JournalError> {
        let TextsColumn(before) = TextsColumn::parse(&known.cells).map_err(|error| {
            JournalError::Unreadable { row: known.id, what: format!("its cells: {error}") }
        })?;
        let cell =
            |cells: &[String], at: usize| cells.get(at).map_or(String::new(), |cell| cell.trim().to_owned());
        if known.header == header {
            return Ok(self.columns.iter().any(|(_, at)| cell(&before, *at) != cell(&line.cells, *at)));
        }
        if !self.earlier.contains_key(&known.header) {
            let names: String = tx
                .prepare_cached("SELECT columns FROM header WHERE id = ?1 AND campaign_id = ?2")?
                .query_row(params![known.header, campaign.0], |row| row.get(0))?;
            let names: Vec<String> = serde_json::from_str(&names).unwrap_or_default();
            let places = self.columns.iter().map(|(name, _)| names.iter().position(|known| known == name));
            self.earlier.insert(known.header, places.collect());
        }
        // What the earlier file did not have, it did not say otherwise.
        let pairs = self.columns.iter().zip(&self.earlier[&known.header]);
        Ok(pairs
            .filter_map(|((_, at), before_at)| Some((*at, (*before_at)?)))
            .any(|(at, before_at)| cell(&before, before_at) != cell(&line.cells, at)))
    }
}
