//! One record of a recipients file: its cells as text, in one piece of memory.

use crate::domain::row::binding::{CellDamage, Cells};
use crate::domain::table::formula::text as formula_text;
use crate::domain::table::visible::{control, is_blank};
use crate::recipients::error::FileProblem;
use crate::recipients::records::RECORD_BYTES;

/// The cells of a record, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    text: String,
    ends: Vec<usize>,
    /// What a workbook says is wrong with cells, by their indexes.
    damage: Vec<(usize, CellDamage)>,
    /// How many cells are its own: those behind them come of merged areas.
    own: Option<usize>,
}

/// A cell of a record is not UTF-8; its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotText(pub(super) usize);

impl Record {
    /// The cells, in their order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator {
        (0..self.ends.len()).map(|at| self.cell(at))
    }

    /// How many cells there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no cell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Whether there is nothing to see in any cell.
    pub(super) fn is_blank(&self) -> bool {
        // DOS ends a text with a character of its own.
        let is_end = self.text == "\u{1a}" && self.ends.len() == 1;
        self.damage.is_empty() && (is_end || (is_blank(&self.text) && control(&self.text).is_none()))
    }

    /// The first control character in a cell, with the cell's index. Tabs and line ends are none.
    pub(super) fn control(&self) -> Option<(usize, char)> {
        control(&self.text)?;
        (0..self.ends.len()).find_map(|at| Some((at, control(self.cell(at))?)))
    }

    /// The record with the text of cells that are a formula of nothing else: `="00101"` is `00101`.
    pub(super) fn valued(self) -> Self {
        if !self.text.contains("=\"") && !self.text.contains("= \"") {
            return self;
        }
        self.map(formula_text)
    }

    /// Bytes of all cells.
    pub(super) fn bytes(&self) -> usize {
        self.text.len() + self.ends.len() * size_of::<usize>()
    }

    /// Refuses a record that is longer than those of texts may be, with the cell that it has grown to.
    pub(super) fn bounded(&self, line: u64) -> Result<(), FileProblem> {
        if self.text.len() > RECORD_BYTES {
            return Err(FileProblem::RecordTooLong { line, column: self.ends.len() - 1 });
        }
        Ok(())
    }

    /// Fills the record up to so many cells.
    pub(super) fn fill_up(&mut self, cells: usize) {
        if self.ends.len() < cells {
            self.ends.resize(cells, self.text.len());
        }
    }

    /// Takes note that the last cell is damaged.
    pub(super) fn damage_last(&mut self, damage: CellDamage) {
        if let Some(last) = self.ends.len().checked_sub(1) {
            self.damage.push((last, damage));
        }
    }

    /// The same cells, as damaged as they are in `other`.
    pub(super) fn take_damage(&mut self, other: &Self) {
        self.damage.clone_from(&other.damage);
    }

    /// The record with another text in each cell.
    pub(super) fn map<'c>(&'c self, text: impl Fn(&'c str) -> std::borrow::Cow<'c, str>) -> Self {
        let mut mapped: Self = self.iter().map(text).collect();
        mapped.take_damage(self);
        mapped
    }

    /// Takes note that the cells behind this many come of merged areas.
    pub(super) fn filled_behind(&mut self, own: usize) {
        self.own = Some(own);
    }

    /// Drops cells that come of merged areas and are behind the columns of the header.
    pub(super) fn drop_filled_behind(&mut self, columns: usize) {
        let Some(own) = self.own.take() else { return };
        self.ends.truncate(columns.max(own));
        self.text.truncate(self.ends.last().copied().unwrap_or_default());
    }

    pub(super) fn push(&mut self, cell: &str) {
        self.text.push_str(cell);
        self.ends.push(self.text.len());
    }

    /// The longest cell, where it is longer than `limit` bytes.
    pub(super) fn longer_than(&self, limit: usize) -> Option<usize> {
        if self.text.len() <= limit {
            return None;
        }
        (0..self.ends.len()).find(|at| self.cell(*at).len() > limit)
    }

    /// Whether a character in it could not be decoded.
    pub(super) fn undecodable(&self) -> Option<NotText> {
        self.text.contains('\u{fffd}').then(|| {
            NotText((0..self.ends.len()).find(|at| self.cell(*at).contains('\u{fffd}')).unwrap_or_default())
        })
    }

    /// Cells by their bytes and ends. What is not UTF-8 is replaced, and said.
    pub(super) fn from_bytes(bytes: &[u8], ends: &[usize]) -> (Self, Option<NotText>) {
        if let Ok(text) = str::from_utf8(bytes)
            && ends.iter().all(|end| text.is_char_boundary(*end))
        {
            return (
                Self { text: text.to_owned(), ends: ends.to_owned(), damage: Vec::new(), own: None },
                None,
            );
        }
        let (mut record, mut wrong) = (Self::default(), None);
        let mut start = 0;
        for (at, end) in ends.iter().enumerate() {
            let cell = String::from_utf8_lossy(&bytes[start..*end]);
            if wrong.is_none() && matches!(cell, std::borrow::Cow::Owned(_)) {
                wrong = Some(NotText(at));
            }
            record.push(&cell);
            start = *end;
        }
        (record, wrong)
    }
}

impl<S: AsRef<str>> FromIterator<S> for Record {
    fn from_iter<I: IntoIterator<Item = S>>(cells: I) -> Self {
        let mut record = Self::default();
        cells.into_iter().for_each(|cell| record.push(cell.as_ref()));
        record
    }
}

impl Cells for Record {
    fn count(&self) -> usize {
        self.ends.len()
    }

    fn cell(&self, at: usize) -> &str {
        let start = match at {
            0 => 0,
            _ => self.ends.get(at - 1).copied().unwrap_or(self.text.len()),
        };
        let end = self.ends.get(at).copied().unwrap_or(self.text.len()).max(start);
        if at < self.ends.len() { &self.text[start..end] } else { "" }
    }

    fn damage(&self, at: usize) -> Option<CellDamage> {
        self.damage.iter().find(|(damaged, _)| *damaged == at).map(|(_, damage)| *damage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_are_no_text_are_named() {
        let (record, wrong) = Record::from_bytes("Annéx".as_bytes(), &[3, 5, 6]);
        assert_eq!((record.iter().collect::<Vec<_>>(), wrong), (vec!["Ann", "é", "x"], None));
        let (record, wrong) = Record::from_bytes("a\u{e9}".as_bytes(), &[1, 2, 3]);
        assert_eq!(
            (record.iter().collect::<Vec<_>>(), wrong),
            (vec!["a", "\u{fffd}", "\u{fffd}"], Some(NotText(1))),
            "two halves of a character are no characters"
        );
        assert_eq!((record.len(), record.cell(3), record.is_blank()), (3, "", false));
    }
}
