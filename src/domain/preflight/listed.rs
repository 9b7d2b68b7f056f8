//! Suppression lists as the pre-flight tells them, and rows that are on one only under a key that a spreadsheet rewrote.

use super::TOLD;
use super::warnings::Warning;
use crate::domain::figures::counted;
use crate::domain::foreign::shown;
use crate::domain::row::recipient::Recipient;
use crate::domain::row::rewritten_key::spelled;
use crate::domain::warning::WarningCode;

/// A suppression list of the definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// The file.
    pub file: String,
    /// Lines with a number.
    pub numbers: u64,
    /// Lines with a key.
    pub keys: u64,
    /// Rows of the recipients file that are on it.
    pub rows: u64,
}

/// Rows whose keys a list has as a spreadsheet rewrites them. They are left out; a person decides whether the list is right.
#[derive(Debug, Clone, Default)]
pub(super) struct RewrittenListings {
    rows: u64,
    lines: Vec<u64>,
    /// The key of the first row, that of the list, and what they differ by.
    first: Option<(String, String, &'static str)>,
}

impl RewrittenListings {
    /// Takes note of a row, the listed key, and what the two differ by.
    pub(super) fn add(&mut self, recipient: &Recipient, (listed, how): &(String, &'static str)) {
        self.rows += 1;
        if self.lines.len() < TOLD {
            self.lines.push(recipient.line);
        }
        let keys = || [&recipient.key, listed].map(|key| shown(&spelled(key)).to_string());
        self.first.get_or_insert_with(|| {
            let [key, listed] = keys();
            (key, listed, *how)
        });
    }

    pub(super) fn warning(&self) -> Option<Warning> {
        let (key, listed, how) = self.first.as_ref()?;
        let were = counted(
            self.rows,
            "row has a key that a suppression list has",
            "rows have keys that suppression lists have",
        );
        let (them, left) = if self.rows == 1 { ("it", "is") } else { ("them", "are") };
        let summary = format!(
            "{were} as a spreadsheet rewrites {them}, first {key} where the list has {listed} ({how}), and {left} left out; write the \
             keys in the list as the file has them"
        );
        let code = WarningCode::ListedRewritten;
        Some(Warning { code, rows: self.rows, lines: self.lines.clone(), summary })
    }
}
