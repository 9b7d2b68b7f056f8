//! The file of rejected rows: their own cells as they were, and in front of them line, column and reason.
//!
//! Such a file is known again by its columns. Its rows are corrections: each takes the place of the row that it was
//! rejected as, and no other row of the campaign is touched.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt as _;

use super::Row;
use super::error::FileProblem;
use crate::domain::foreign::ForeignText;
use crate::domain::row::rejected_id::RejectedId;
use crate::domain::table::formula::harmless;
use crate::domain::table::header::{Header, fold};

/// The columns that are put in front, and that the file is known by.
const COLUMNS: [&str; 3] = ["rejected_line", "rejected_column", "rejected_reason"];

/// The column behind them. It says which row was rejected, whatever line that is on by now. Without it a row is known by
/// line and key.
const ID: &str = "rejected_id";

/// Bytes of a file that are looked at for its columns, at most.
const HEAD: usize = 4096;

/// Whether the first line of a file has the first of the columns, wherever a spreadsheet has moved it. A pipe is not
/// looked into.
pub fn are_in(file: &File) -> bool {
    let mut head = [0; HEAD];
    let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
    let Some(length) = is_file.then(|| file.read_at(&mut head, 0).ok()).flatten() else { return false };
    let first = head[..length].split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    memchr::memmem::find(first, COLUMNS[0].as_bytes()).is_some()
}

/// Where the columns are. A spreadsheet may have moved them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extra {
    pub(super) line: usize,
    columns: [usize; 3],
    pub(super) id: Option<usize>,
}

impl Extra {
    /// The columns in this header, where it is that of a file of rejected rows.
    ///
    /// # Errors
    /// Where it has `rejected_line` and not the others: taken for a whole file, it would withdraw everybody else. Names
    /// that only look like one of them are columns of the user's own.
    pub(super) fn find(header: &Header) -> Result<Option<Self>, FileProblem> {
        let names: Vec<String> = header.names().iter().map(|name| fold(name)).collect();
        let at = |column: &str| names.iter().position(|name| *name == fold(column));
        let exact = header.names().iter().filter(|name| COLUMNS.contains(&name.as_str())).count();
        let line = header.names().iter().any(|name| name == COLUMNS[0]);
        match COLUMNS.map(at) {
            [Some(line), Some(column), Some(reason)] => {
                Ok(Some(Self { line, columns: [line, column, reason], id: at(ID) }))
            }
            _ if !line && exact < 2 => Ok(None),
            some => {
                let missing = COLUMNS.into_iter().zip(some).filter(|(_, at)| at.is_none());
                Err(FileProblem::PartOfRejects(missing.map(|(name, _)| name).collect::<Vec<_>>().join(", ")))
            }
        }
    }

    pub(super) fn has(&self, at: usize) -> bool {
        self.columns.contains(&at) || self.id == Some(at)
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
        let own = header.names().iter().map(|name| harmless(name));
        out.write_record(
            COLUMNS.iter().chain([&ID]).map(|name| Cow::Borrowed(*name)).chain(own).map(Cow::into_owned),
        )?;
        Ok(Self { out })
    }

    /// Writes the row, if it is rejected.
    ///
    /// # Errors
    /// Where `out` cannot be written.
    pub fn see(&mut self, row: &Row) -> io::Result<()> {
        let Err(rejection) = &row.outcome else { return Ok(()) };
        if rejection.is_left_out() {
            return Ok(());
        }
        let column = rejection.column.as_ref().map_or("", ForeignText::raw);
        let id = row.rejected.unwrap_or_else(|| RejectedId::of(row.cells.iter()));
        self.write((row.line, id), (column, &rejection.reason.to_string()), row.cells.iter())
    }

    /// Writes a rejected row: its line and id, the column at fault and the reason, and its own cells.
    ///
    /// # Errors
    /// Where `out` cannot be written.
    pub fn write<'c>(
        &mut self,
        (line, id): (u64, RejectedId),
        (column, reason): (&str, &str),
        cells: impl Iterator<Item = &'c str>,
    ) -> io::Result<()> {
        let (line, id) = (line.to_string(), id.to_string());
        for cell in [line.as_str(), column, reason, id.as_str()] {
            self.out.write_field(&*harmless(cell))?;
        }
        for cell in cells {
            self.out.write_field(&*harmless(cell))?;
        }
        self.out.write_record(None::<&[u8]>)?;
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
