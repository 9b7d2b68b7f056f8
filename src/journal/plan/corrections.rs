//! Corrections: rows that take the place of lines which the file had wrong, while every other row stays as it is.

use rusqlite::{Transaction, TransactionBehavior, params};

use crate::domain::delivery::state;
use crate::domain::delivery::state::{Event, State};
use crate::domain::message::request::RequestTemplate;
use crate::journal::error::JournalError;
use crate::journal::file::open::Journal;
use crate::journal::plan::line::{Content, FileLine};
use crate::journal::plan::planned::Planned;
use crate::journal::plan::{Plan, existing, index, planned, retried};
use crate::journal::row::{CampaignId, StateColumn};
use crate::journal::sql;
use crate::journal::tally::Delta;

impl Journal {
    /// Begins to read corrections. Nothing is forgotten and nothing will be withdrawn but what stood on their lines.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn begin_corrections(
        &mut self,
        campaign: CampaignId,
        shape: &RequestTemplate,
        columns: &[String],
    ) -> Result<Plan, JournalError> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let in_common = existing::in_common(&tx, campaign, shape, columns)?;
        let mut delta = Delta::default();
        retried::take_back(&tx, campaign, &mut delta)?;
        if !index::is_made(&tx, campaign)? {
            index::make(&tx, campaign, &mut delta)?;
        }
        delta.write(&tx, campaign)?;
        planned::mark(&tx, campaign, Planned::Begun)?;
        let plan = Plan::of(&tx, campaign, in_common, true)?;
        tx.commit()?;
        Ok(plan)
    }
}

impl Journal {
    /// While a file is planned that is none of corrections: rows that stand on a line which this file has rejected, because
    /// a correction put them there. How many of them wait, and how many were attempted.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn undone_corrections(&self, campaign: CampaignId) -> Result<(u64, u64), JournalError> {
        let counts: (i64, i64) = self.connection.query_row(
            &format!(
                "SELECT count(*) FILTER (WHERE row.state = ?2), count(*) FILTER (WHERE row.state IN ({}))
             FROM row AS rejection JOIN row ON row.campaign_id = rejection.campaign_id AND row.line = rejection.line
             WHERE rejection.campaign_id = ?1 AND rejection.state = ?3 AND rejection.line IS NOT NULL",
                sql::REQUESTED
            ),
            params![campaign.0, StateColumn(State::Queued), StateColumn(State::Rejected)],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        Ok((u64::try_from(counts.0).unwrap_or_default(), u64::try_from(counts.1).unwrap_or_default()))
    }
}

/// What a correction took the place of.
#[derive(Debug, Default)]
pub(in crate::journal) struct Cleared {
    /// Recipients that are withdrawn.
    pub(in crate::journal) withdrawn: u64,
    /// The cells of the line as it was rejected first.
    rejected: Option<String>,
}

impl Cleared {
    /// Takes note of it on the row that is on the line now: the line, rejected once more, is known to be corrected.
    pub(in crate::journal) fn remember(
        self,
        tx: &Transaction<'_>,
        campaign: CampaignId,
        line: &FileLine,
    ) -> rusqlite::Result<()> {
        let Some(cells) = self.rejected else { return Ok(()) };
        let number = i64::try_from(line.number).unwrap_or(i64::MAX);
        tx.prepare_cached("UPDATE row SET corrects = ?3 WHERE campaign_id = ?1 AND line = ?2")?
            .execute(params![campaign.0, number, cells])
            .map(drop)
    }
}

/// A row whose line takes a correction.
struct RowOfLine {
    id: i64,
    state: State,
    key: Option<String>,
    /// Whether it is a line and no recipient.
    is_line: bool,
    /// The cells of the line that was rejected.
    rejected: Option<String>,
}

/// Makes room for a correction: what was rejected on its line goes, and a recipient of another key that stood there is
/// withdrawn, or loses its line if it was attempted.
pub(in crate::journal) fn clear(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    line: &FileLine,
    delta: &mut Delta,
) -> Result<Cleared, JournalError> {
    let number = i64::try_from(line.number).unwrap_or(i64::MAX);
    let key = match &line.content {
        Content::Recipient { key, .. } => Some(key.as_str()),
        Content::Rejected { .. } | Content::LeftOut { .. } => None,
    };
    let there: Vec<RowOfLine> = tx
        .prepare_cached(
            "SELECT id, state, key, client_token IS NULL, coalesce(corrects, iif(state = 5, cells, NULL)) FROM row WHERE campaign_id = ?1 AND line = ?2",
        )?
        .query_map(params![campaign.0, number], |row| {
            let StateColumn(state) = row.get(1)?;
            let (id, key) = (row.get(0)?, row.get(2)?);
            Ok(RowOfLine { id, state, key, is_line: row.get(3)?, rejected: row.get(4)? })
        })?
        .collect::<Result<_, _>>()?;
    if there.is_empty() {
        return Err(JournalError::NoLine { line: line.number });
    }
    let mut cleared = Cleared::default();
    for RowOfLine { id, state: before, key: known, is_line, rejected } in there {
        cleared.rejected = cleared.rejected.or(rejected);
        if is_line || before == State::Duplicate {
            tx.prepare_cached("DELETE FROM row WHERE id = ?1")?.execute([id])?;
            delta.remove(before, 1);
        } else if known.as_deref() != key {
            let after = state::next(before, Event::Missing).unwrap_or(before);
            tx.prepare_cached("UPDATE row SET line = NULL, state = ?2 WHERE id = ?1")?
                .execute(params![id, StateColumn(after)])?;
            if after != before {
                cleared.withdrawn += 1;
                delta.moved(before, after);
            }
        }
    }
    Ok(cleared)
}
