//! The key of a row: the cells of its key columns, where the number is not the key.

use super::{Binding, CellDamage, Cells, fault};
use crate::domain::phone;
use crate::domain::row::compound_key;
use crate::domain::row::recipient::RejectionReason;
use crate::domain::table::nothing_words::means_nothing;
use crate::domain::table::visible::cell;

impl Binding {
    /// The key of a row that is rejected, as far as it has one.
    pub(super) fn key_of<C: Cells + ?Sized>(&self, cells: &C) -> Option<Box<str>> {
        if self.keys.is_empty() {
            let number = |at: &usize| phone::parse(cells.cell(*at), self.default_region).ok();
            return Some(self.phones.iter().find_map(number)?.number.as_str().into());
        }
        let parts: Vec<&str> = self.keys.iter().map(|at| cell(cells.cell(*at))).collect();
        parts.iter().all(|part| !part.is_empty()).then(|| key_text(&parts).into())
    }

    /// The key of a row; `None` where the number is the key.
    pub(super) fn key<C: Cells + ?Sized>(
        &self,
        cells: &C,
    ) -> Result<Option<String>, (Option<usize>, RejectionReason)> {
        let mut parts = Vec::with_capacity(self.keys.len());
        for at in &self.keys {
            let part = cell(cells.cell(*at));
            fault(cells, *at).map_or(Ok(()), |reason| Err((Some(*at), reason)))?;
            if part.is_empty() {
                return Err((Some(*at), RejectionReason::KeyEmpty));
            }
            // Two keys that differ could be shown as one.
            if cells.damage(*at) == Some(CellDamage::Shown) {
                return Err((Some(*at), RejectionReason::Rounded(part.into())));
            }
            // Of several columns the first says who it is.
            if parts.is_empty() && means_nothing(part) {
                return Err((Some(*at), RejectionReason::KeyNothing));
            }
            parts.push(part);
        }
        Ok((!parts.is_empty()).then(|| key_text(&parts)))
    }
}

/// The key of a row whose key columns have these cells.
fn key_text(parts: &[&str]) -> String {
    match parts {
        [key] => (*key).to_owned(),
        parts => compound_key::join(parts),
    }
}
