//! What may be read of a workbook: bounded by the file itself and not by anything that it declares. All parts of one file
//! share one budget, so that reading one part many times gets no more.

use std::sync::atomic::{AtomicU64, Ordering};

use super::error::FileProblem;
use crate::files::unpacking::{UNPACKED, most_of};

/// How often a workbook is read: for what cannot be seen, for its rows, and in search of columns.
const READINGS: u64 = 3;
/// Elements and texts of XML that are read of any workbook, and for each byte of a longer one.
const EVENTS: u64 = 10_000_000;
const EVENTS_PER_BYTE: u64 = 4;
/// Bytes of names, relations and formats that are kept of a workbook.
const KEPT: u64 = 16 * 1024 * 1024;

/// What may be read of the parts of a workbook, all readings together.
#[derive(Debug)]
pub(super) struct ReadingBudget {
    bytes: AtomicU64,
    text: AtomicU64,
    events: AtomicU64,
    kept: AtomicU64,
}

impl ReadingBudget {
    /// Of a workbook with so many bytes.
    pub(super) fn of_file(length: u64) -> Self {
        Self {
            bytes: AtomicU64::new(READINGS * most_of(length)),
            text: AtomicU64::new(most_of(length)),
            events: AtomicU64::new(READINGS * EVENTS.max(length.saturating_mul(EVENTS_PER_BYTE))),
            kept: AtomicU64::new(KEPT),
        }
    }

    /// Of a workbook of which only the first rows of sheets are looked at.
    pub(super) fn of_search() -> Self {
        Self {
            bytes: AtomicU64::new(UNPACKED / 4),
            text: AtomicU64::new(UNPACKED / 4),
            events: AtomicU64::new(EVENTS / 4),
            kept: AtomicU64::new(KEPT),
        }
    }

    /// Takes so many bytes of a part.
    pub(super) fn take_bytes(&self, count: usize) -> Result<(), FileProblem> {
        take(&self.bytes, count as u64)
    }

    /// Takes the bytes of a row: a text that many cells share is in each of them.
    pub(super) fn take_text(&self, count: usize) -> Result<(), FileProblem> {
        take(&self.text, count as u64)
    }

    /// Takes an element or a text of XML.
    pub(super) fn take_event(&self) -> Result<(), FileProblem> {
        take(&self.events, 1)
    }

    /// Takes the bytes of something that is kept until all rows are read.
    pub(super) fn keep(&self, count: usize) -> Result<(), FileProblem> {
        take(&self.kept, count as u64)
    }
}

fn take(left: &AtomicU64, count: u64) -> Result<(), FileProblem> {
    // One thread reads a workbook: what another one would take meanwhile is not lost, only counted late.
    match left.load(Ordering::Relaxed).checked_sub(count) {
        Some(rest) => {
            left.store(rest, Ordering::Relaxed);
            Ok(())
        }
        None => Err(FileProblem::WorkbookTooLarge),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowance_is_used_up() {
        let budget = ReadingBudget::of_file(0);
        budget.keep(KEPT.try_into().unwrap()).unwrap();
        assert!(matches!(budget.keep(1), Err(FileProblem::WorkbookTooLarge)));
        budget.take_bytes(1).unwrap();
        budget.take_event().unwrap();
    }
}
