//! The file of rejected rows: their own cells as they were, and in front of them line, column and reason.
//!
//! Such a file is known again by its three columns. Its rows are corrections: each takes the place of the line that it
//! was rejected on, and no other row of the campaign is touched.

use std::io::{self, Write};

use super::Row;
use crate::domain::header::{Header, fold};

/// The columns that are put in front.
const COLUMNS: [&str; 3] = ["rejected_line", "rejected_column", "rejected_reason"];

/// Where the three columns are. A spreadsheet may have moved them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extra {
    pub(super) line: usize,
    columns: [usize; 3],
}

impl Extra {
    /// The columns in this header, where it is that of a file of rejected rows.
    pub(super) fn find(header: &Header) -> Option<Self> {
        let names: Vec<String> = header.names().iter().map(|name| fold(name)).collect();
        let at = |column: &str| names.iter().position(|name| *name == fold(column));
        let [line, column, reason] = COLUMNS.map(at);
        let columns = [line?, column?, reason?];
        Some(Self { line: columns[0], columns })
    }

    pub(super) fn has(&self, at: usize) -> bool {
        self.columns.contains(&at)
    }
}

/// Writes rejected rows.
pub struct Rejects<W: Write> {
    out: csv::Writer<W>,
}

impl<W: Write> Rejects<W> {
    /// Begins the file with a header. `delimiter` is that of the file that the rows are from, so that the program that
    /// wrote it opens this one as well; the byte order mark is for spreadsheets.
    ///
    /// # Errors
    /// Where `out` cannot be written.
    pub fn begin(mut out: W, delimiter: u8, header: &Header) -> io::Result<Self> {
        out.write_all(b"\xef\xbb\xbf")?;
        let mut out = csv::WriterBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .terminator(csv::Terminator::CRLF)
            .from_writer(out);
        out.write_record(COLUMNS.iter().copied().chain(header.names().iter().map(String::as_str)))?;
        Ok(Self { out })
    }

    /// Writes the row, if it is rejected.
    ///
    /// # Errors
    /// Where `out` cannot be written.
    pub fn see(&mut self, row: &Row) -> io::Result<()> {
        let Err(rejection) = &row.outcome else { return Ok(()) };
        let line = row.line.to_string();
        let reason = rejection.reason.to_string();
        let column = rejection.column.as_deref().unwrap_or_default();
        self.out
            .write_record([line.as_str(), column, reason.as_str()].into_iter().chain(row.cells.iter()))?;
        Ok(())
    }

    /// Ends the file, and gives back what it was written to.
    ///
    /// # Errors
    /// Where `out` cannot be written.
    pub fn end(self) -> io::Result<W> {
        self.out.into_inner().map_err(|error| io::Error::from(error.error().kind()))
    }
}
