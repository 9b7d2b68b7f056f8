//! What a plan of corrections keeps while its file is read: the lines that were corrected, and the first misfit.

use crate::journal::plan::misfit::Misfit;
use crate::journal::plan::planned::Planned;
use crate::journal::plan::row_set::RowSet;

/// What a plan of corrections has met.
#[derive(Debug)]
pub(in crate::journal) struct Corrections {
    /// How far the campaign's plan was before.
    pub(in crate::journal) before: Planned,
    /// The lines of rows that were corrected.
    pub(in crate::journal) taken: RowSet,
    /// The first one that fits no row.
    pub(in crate::journal) misfit: Option<Misfit>,
}

impl Corrections {
    /// Whether no correction of this plan was for the row on this line.
    pub(in crate::journal) fn is_free(&self, line: u64) -> bool {
        !self.taken.contains(i64::try_from(line).unwrap_or(i64::MAX))
    }
}
