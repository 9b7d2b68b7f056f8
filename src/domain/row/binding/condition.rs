//! Whether the campaign is for a row: what `recipients.where` comes to.

use super::{Binding, Cells};
use crate::domain::row::recipient::RejectionReason;

impl Binding {
    /// Asks whether the campaign is for a row.
    pub(super) fn selects<C: Cells + ?Sized>(
        &self,
        cells: &C,
    ) -> Result<(), (Option<usize>, RejectionReason)> {
        let Some(condition) = &self.condition else { return Ok(()) };
        let (said, _) = self.slot(condition, cells)?;
        // A spreadsheet writes TRUE and FALSE.
        match said.trim() {
            said if said.eq_ignore_ascii_case("true") => Ok(()),
            said if said.eq_ignore_ascii_case("false") => Err((None, RejectionReason::NotSelected)),
            _ => {
                let column = Some(&condition.columns).filter(|columns| columns.len() == 1);
                Err((column.map(|columns| columns[0]), RejectionReason::NoCondition))
            }
        }
    }
}
