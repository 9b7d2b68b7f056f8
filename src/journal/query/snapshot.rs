//! The journal at one instant: everything read through a [`Snapshot`] belongs together, whatever a run writes
//! meanwhile, so that counts and rows of one report can be held against each other.

use std::ops::Deref;

use rusqlite::Transaction;

use crate::domain::delivery::state::State;
use crate::domain::foreign::ForeignText;
use crate::journal::error::JournalError;
use crate::journal::file::open::Reader;
use crate::journal::row::{CampaignId, StateColumn};

/// A [`Reader`] that does not see what is written after its first look.
#[derive(Debug)]
pub struct Snapshot<'j> {
    reader: &'j Reader,
    _tx: Transaction<'j>,
}

/// How many rows are in a state for the same reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReasonCount {
    /// Where they stand.
    pub state: State,
    /// The last refusal's or the rejection's code; `None` where there was none.
    pub code: Option<ForeignText>,
    /// How many there are.
    pub rows: u64,
}

impl Reader {
    /// The journal as it is now.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn snapshot(&self) -> Result<Snapshot<'_>, JournalError> {
        let tx = self.connection.unchecked_transaction()?;
        // SQLite takes the snapshot with the first read, not with BEGIN.
        tx.query_row("SELECT count(*) FROM campaign", [], |_| Ok(()))?;
        Ok(Snapshot { reader: self, _tx: tx })
    }

    /// Counts the campaign's rows by state and code, in the order of results, then by code; reads every row.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn reasons(&self, campaign: CampaignId) -> Result<Vec<ReasonCount>, JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT state, code, count(*) FROM row WHERE campaign_id = ?1 GROUP BY state, code ORDER BY state, code",
        )?;
        let mut reasons = statement
            .query_map([campaign.0], |row| {
                let StateColumn(state) = row.get(0)?;
                let rows: i64 = row.get(2)?;
                let code: Option<String> = row.get(1)?;
                Ok(ReasonCount { state, code: code.map(Into::into), rows: u64::try_from(rows).unwrap_or(0) })
            })?
            .collect::<Result<Vec<_>, _>>()?;
        reasons.sort_by_key(|reason| State::ALL.iter().position(|state| *state == reason.state));
        Ok(reasons)
    }
}

impl Deref for Snapshot<'_> {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        self.reader
    }
}
