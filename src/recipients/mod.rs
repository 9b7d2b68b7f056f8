//! The recipients file: bytes in, rows out, in constant memory, each with what becomes of it.
//!
//! Nothing is remembered between rows: duplicates are the journal's business. The files of `recipients.suppress` are
//! read here too, into memory, by [`Lists`].

mod cesu_8;
mod encoding;
mod error;
mod open;
mod plausible;
mod quotes;
mod reading_budget;
mod readings;
mod record;
mod records;
mod rejects;
mod sniff;
mod suppress;
mod unpack;
mod unspaced;
mod unsure;
mod workbook;

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

pub use error::{FileError, FileProblem};
pub use record::Record;
pub use records::RECORD_BYTES;
pub use rejects::{Extra, Rejects, are_in as rejects_are_in};
pub use suppress::{Entry, Listed, Lists, Useless, read_list};

use crate::domain::definition::RecipientsSettings;
use crate::domain::delivery::state::State;
use crate::domain::foreign;
use crate::domain::object::{ObjectUrl, shown_address};
use crate::domain::row::binding::{Binding, Cells, LineSpan};
use crate::domain::row::recipient::{Recipient, Rejection, RejectionReason};
use crate::domain::row::rejected_id::RejectedId;
use crate::domain::table::detected_format::DetectedFormat;
use crate::domain::table::formula::original;
use crate::domain::table::header::Header;
use crate::domain::table::report_format::FIXED_COLUMNS;

use crate::domain::table::visible::cell;
use record::NotText;
use records::Records;

/// Longest cell, in bytes: twice what a sheet of Excel can hold.
pub const CELL_BYTES: usize = 64 * 1024;

/// Where recipients come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// An object that is not on this machine. It is fetched before it is opened.
    Object(ObjectUrl),
}

impl Source {
    /// What a path on the command line means: `-` is standard input, and what begins with a scheme such as `s3://` an object.
    ///
    /// # Errors
    /// [`FileError`] for an address that nothing is fetched from.
    pub fn named(path: &Path) -> Result<Self, FileError> {
        if path.as_os_str() == "-" {
            return Ok(Self::Stdin);
        }
        match path.to_str().and_then(|text| Some((text, ObjectUrl::parse(text)?))) {
            None => Ok(Self::File(path.to_owned())),
            Some((_, Ok(url))) => Ok(Self::Object(url)),
            Some((text, Err(bad))) => Err(FileError::new(&shown_address(text), FileProblem::Address(bad))),
        }
    }

    /// What it is called in the journal and in advice: a path as it was given, or an address without what may be secret in it.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Stdin => PathBuf::from("-"),
            Self::Object(url) => url.path(),
        }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => f.write_str(&foreign::path(path)),
            Self::Stdin => f.write_str("standard input"),
            Self::Object(url) => f.write_str(&foreign::path(url.path())),
        }
    }
}

/// A recipients file, open after its header.
pub struct Recipients {
    name: String,
    settings: RecipientsSettings,
    header: Header,
    table: RecordTable,
    read_as: DetectedFormat,
    /// Whether the text was decoded from something that is not UTF-8.
    decoded: bool,
    /// Where the columns of a file of rejected rows are, if it is one.
    extra: Option<Extra>,
    /// The file is a report: its first columns are not the file's own.
    reported: bool,
    /// The lines that its rows replaced so far.
    replaced: HashSet<u64>,
    /// Lines of rows with empty cells only.
    blank: u64,
    /// Lines that a spreadsheet does not count, so far: those that begin within a cell, and a first one such as `sep=;`.
    broken: u64,
}

/// One record of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The physical line on which it begins, from 1; in a file of rejected rows, the line that it was rejected on.
    pub line: u64,
    /// In a file of rejected rows, which row was rejected, where the file says so.
    pub rejected: Option<RejectedId>,
    /// Its cells as they are; what cannot be read as text in them is replaced.
    pub cells: Record,
    /// What becomes of it.
    pub outcome: Result<Recipient, Rejection>,
}

impl Row {
    /// How much memory it takes, about, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let slots = |recipient: &Recipient| recipient.slots.iter().map(String::len).sum::<usize>();
        size_of::<Self>() + self.cells.bytes() + self.outcome.as_ref().map_or(0, slots)
    }
}

/// What has records.
enum RecordTable {
    Text(Box<Records>),
    Sheet(workbook::Rows),
}

/// A record and where it stands.
struct Read {
    lines: LineSpan,
    record: Record,
    wrong: Option<NotText>,
}

impl Recipients {
    /// The columns.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What the file was taken for, and what was skipped of it so far.
    #[must_use]
    pub fn read_as(&self) -> DetectedFormat {
        let blank = match &self.table {
            RecordTable::Text(records) => records.blank_lines(),
            RecordTable::Sheet(rows) => rows.blank,
        };
        DetectedFormat {
            blank: blank + self.blank,
            corrections: self.is_correction(),
            columns: self.header.names().to_vec(),
            ..self.read_as.clone()
        }
    }

    /// Whether the file is a report, so that it may have only some rows of the file that it was made of.
    #[must_use]
    pub fn is_report(&self) -> bool {
        self.reported
    }

    /// Whether the rows are those that another file had rejected: they take the place of its lines.
    #[must_use]
    pub fn is_correction(&self) -> bool {
        self.extra.is_some()
    }

    /// The rows, one after the other. Blank lines and rows of empty cells only are no rows.
    pub fn rows<'r>(&'r mut self, binding: &'r Binding) -> impl Iterator<Item = Result<Row, FileError>> + 'r {
        std::iter::from_fn(move || self.next_row(binding).transpose())
    }

    /// The next row, or `None` at the end of the file.
    ///
    /// # Errors
    /// [`FileError`] where the file cannot be read any further.
    pub fn next_row(&mut self, binding: &Binding) -> Result<Option<Row>, FileError> {
        self.next(binding).map_err(|problem| FileError::new(&self.name, problem))
    }

    fn next(&mut self, binding: &Binding) -> Result<Option<Row>, FileProblem> {
        let broken = self.broken;
        let Some(Read { mut lines, mut record, mut wrong }) = self.next_filled()? else { return Ok(None) };
        // Of the first file, which a file of rejected rows is from, nobody knows where it had line breaks in cells.
        let row = Some(lines.first - broken).filter(|row| *row != lines.first && self.extra.is_none());
        let mut rejected = None;
        if let Some(extra) = &self.extra {
            let line = lines.first;
            let own = extra.strip(lines, &record, wrong)?;
            if !self.replaced.insert(own.0.first) {
                return Err(FileProblem::LineTwice { line, number: own.0.first });
            }
            rejected = extra.rejected(line, &record)?;
            (lines, record, wrong) = own;
        }
        let cut = self.reported && is_cut(&record);
        if self.reported {
            record = own_cells(&record);
            wrong = wrong.map(|NotText(at)| NotText(at.saturating_sub(FIXED_COLUMNS.len())));
        }
        wrong = wrong.or_else(|| if self.decoded { record.undecodable() } else { None });
        let control = record.control();
        let outcome = match (wrong, record.longer_than(CELL_BYTES)) {
            _ if cut => Err(Rejection {
                line: lines.first,
                row: None,
                column: None,
                key: None,
                reason: RejectionReason::Cut,
            }),
            (None, None) => match control {
                Some((at, character)) => Err(self.reject(lines, at, RejectionReason::Control(character))),
                None => self.bound(binding, lines, &record),
            },
            (Some(NotText(at)), _) => Err(self.reject(lines, at, RejectionReason::NotText)),
            (None, Some(at)) => {
                Err(self.reject(lines, at, RejectionReason::CellTooLong { most: CELL_BYTES }))
            }
        };
        let outcome = outcome.map_err(|rejection| Rejection { row, ..rejection });
        Ok(Some(Row { line: lines.first, rejected, cells: record, outcome }))
    }

    /// What becomes of a row whose cells can be read.
    fn bound(&self, binding: &Binding, lines: LineSpan, record: &Record) -> Result<Recipient, Rejection> {
        if self.settings.empty.is_empty() {
            return binding.recipient(lines, record);
        }
        let meant = |text| if self.settings.means_nothing(cell(text)) { "" } else { text };
        binding.recipient(lines, &record.map(|text| Cow::Borrowed(meant(text))))
    }

    fn reject(&self, lines: LineSpan, at: usize, reason: RejectionReason) -> Rejection {
        let column = self.header.names().get(at).map(|name| name.as_str().into());
        Rejection { line: lines.first, row: None, column, key: None, reason }
    }

    /// The next record with anything in it.
    fn next_filled(&mut self) -> Result<Option<Read>, FileProblem> {
        loop {
            let read = self.table.next().map_err(|problem| problem.in_columns(self.header.names()))?;
            match read {
                Some(read) if read.record.is_blank() => {
                    self.blank += read.lines.last + 1 - read.lines.first;
                }
                read => {
                    self.broken += read.as_ref().map_or(0, |read| read.lines.last - read.lines.first);
                    return Ok(read);
                }
            }
        }
    }
}

/// Whether a report has only a part of this row: what it had was no row of the header, or no text.
fn is_cut(record: &Record) -> bool {
    let cell = |name: &str| {
        let at = FIXED_COLUMNS.iter().position(|column| *column == name);
        at.map_or("", |at| record.cell(at).trim())
    };
    cell("state") == State::Rejected.name()
        && match cell("code") {
            "row-short" | "row-long" | "quote-open" | "quote-swallows-rows" | "quote-stray" | "row-cut" => {
                true
            }
            "not-text" => record.undecodable().is_some(),
            _ => false,
        }
}

/// The cells of a report's record that are the file's own, as they were there.
fn own_cells(record: &Record) -> Record {
    record.iter().skip(FIXED_COLUMNS.len()).map(original).collect()
}

impl RecordTable {
    fn next(&mut self) -> Result<Option<Read>, FileProblem> {
        Ok(match self {
            Self::Text(records) => {
                records.next()?.map(|(lines, record, wrong)| Read { lines, record: record.valued(), wrong })
            }
            Self::Sheet(rows) => rows.next()?.map(|(lines, record)| Read { lines, record, wrong: None }),
        })
    }
}

impl Extra {
    /// Which row was rejected; `None` where the file has no column for that.
    fn rejected(&self, line: u64, record: &Record) -> Result<Option<RejectedId>, FileProblem> {
        let Some(cell) = self.id.map(|at| record.cell(at).trim()) else { return Ok(None) };
        let id = RejectedId::parse(cell);
        id.map(Some).ok_or_else(|| FileProblem::NoRejectedId { line, cell: cell.into() })
    }

    /// A row of a file of rejected rows, as it was in the file that it was rejected from.
    fn strip(
        &self,
        lines: LineSpan,
        record: &Record,
        wrong: Option<NotText>,
    ) -> Result<(LineSpan, Record, Option<NotText>), FileProblem> {
        let cell = record.cell(self.line).trim();
        let number: u64 =
            cell.parse().map_err(|_| FileProblem::NoLine { line: lines.first, cell: cell.into() })?;
        let own = record.iter().enumerate().filter(|(at, _)| !self.has(*at));
        let own = own.map(|(_, cell)| original(cell)).collect();
        let wrong = wrong.map(|NotText(at)| NotText(at - (0..at).filter(|at| self.has(*at)).count()));
        let last = if lines.last > lines.first { number + lines.last - lines.first } else { number };
        Ok((LineSpan { first: number, last, ..lines }, own, wrong))
    }
}

#[cfg(test)]
mod tests;
