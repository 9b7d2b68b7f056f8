//! The recipients file: bytes in, rows out, in constant memory, each with what becomes of it.
//!
//! Nothing is remembered between rows: duplicates are the journal's business. The files of `recipients.suppress` are
//! read here too, into memory, by [`Lists`].

mod bytes;
mod error;
mod sniff;
mod suppress;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use csv::{ByteRecord, StringRecord};

pub use error::{FileError, FileProblem};
pub use suppress::{Entry, Lists, Useless, read_list};

use crate::domain::binding::{Binding, Cells, Lines};
use crate::domain::definition::{Delimiter, RecipientsSettings};
use crate::domain::header::{Header, fold};
use crate::domain::recipient::{Reason, Recipient, Rejection};
use bytes::LineReader;

/// Longest record, in bytes.
pub const RECORD_BYTES: u64 = 1024 * 1024;

/// Where recipients come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

impl Source {
    /// What a path on the command line means: `-` is standard input.
    #[must_use]
    pub fn named(path: &Path) -> Self {
        if path.as_os_str() == "-" { Self::Stdin } else { Self::File(path.to_owned()) }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Stdin => f.write_str("standard input"),
        }
    }
}

/// A recipients file, open after its header.
pub struct Recipients {
    name: String,
    header: Header,
    delimiter: Delimiter,
    records: Records,
}

/// One record of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The physical line on which it begins, from 1.
    pub line: u64,
    /// Its cells as they are; what is not UTF-8 in them is replaced.
    pub cells: StringRecord,
    /// What becomes of it.
    pub outcome: Result<Recipient, Rejection>,
}

impl Recipients {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// [`FileError`] where there is no file, no header, or no text.
    pub fn open(source: &Source, settings: &RecipientsSettings) -> Result<Self, FileError> {
        let name = source.to_string();
        let reader: Box<dyn Read + Send> = match source {
            Source::Stdin => Box::new(io::stdin()),
            Source::File(path) => Box::new(open(path).map_err(|problem| FileError::new(&name, problem))?),
        };
        Self::from_reader(reader, &name, settings)
    }

    /// The same from anything that can be read; `name` is what errors are told under.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_reader(
        reader: impl Read + Send + 'static,
        name: &str,
        settings: &RecipientsSettings,
    ) -> Result<Self, FileError> {
        let told = |problem| FileError::new(name, problem);
        if let Some(encoding) = settings.encoding.as_ref().filter(|name| fold(name) != "utf8") {
            return Err(told(FileProblem::Encoding(encoding.clone())));
        }
        let (head, reader) = sniff::head(reader).map_err(|error| told(error.into()))?;
        sniff::is_text(&head).map_err(told)?;
        let delimiter = settings.delimiter.unwrap_or_else(|| sniff::delimiter(&head));
        let mut records = Records::new(reader, delimiter);
        let lines = records.next_filled().map_err(told)?.ok_or_else(|| told(FileProblem::Empty))?;
        let header = StringRecord::from_byte_record(records.record.clone())
            .map_err(|_| told(FileProblem::NotUtf8 { line: lines.first }))?;
        let header = Header::new(&header);
        Ok(Self { name: name.to_owned(), header, delimiter, records })
    }

    /// The columns.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What is between cells.
    #[must_use]
    pub fn delimiter(&self) -> Delimiter {
        self.delimiter
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
        let Some(lines) =
            self.records.next_filled().map_err(|problem| FileError::new(&self.name, problem))?
        else {
            return Ok(None);
        };
        let (cells, outcome) = match StringRecord::from_byte_record(self.records.record.clone()) {
            Ok(cells) => {
                let outcome = binding.recipient(lines, &cells);
                (cells, outcome)
            }
            Err(error) => {
                let column = self.header.names().get(error.utf8_error().field()).cloned();
                let rejection = Rejection { line: lines.first, column, reason: Reason::NotUtf8 };
                (StringRecord::from_byte_record_lossy(error.into_byte_record()), Err(rejection))
            }
        };
        Ok(Some(Row { line: lines.first, cells, outcome }))
    }
}

impl Cells for StringRecord {
    fn count(&self) -> usize {
        self.len()
    }

    fn cell(&self, at: usize) -> &str {
        self.get(at).unwrap_or_default()
    }
}

fn open(path: &Path) -> Result<File, FileProblem> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(FileProblem::Directory);
    }
    Ok(file)
}

/// Records with their physical lines.
struct Records {
    reader: csv::Reader<LineReader>,
    record: ByteRecord,
}

impl Records {
    fn new(reader: Box<dyn Read + Send>, delimiter: Delimiter) -> Self {
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter.byte())
            .buffer_capacity(64 * 1024)
            .from_reader(LineReader::new(reader, RECORD_BYTES));
        Self { reader, record: ByteRecord::new() }
    }

    /// The next record with anything in it.
    fn next_filled(&mut self) -> Result<Option<Lines>, FileProblem> {
        loop {
            let lines = self.next()?;
            if lines.is_none() || !self.record.iter().all(|cell| cell.trim_ascii().is_empty()) {
                return Ok(lines);
            }
        }
    }

    /// Reads the next record into `self.record`, and says on which lines it stands.
    fn next(&mut self) -> Result<Option<Lines>, FileProblem> {
        let start = self.reader.position().byte();
        self.reader.get_mut().record_starts(start);
        match self.reader.read_byte_record(&mut self.record) {
            Ok(true) => {
                let end = self.reader.position().byte();
                Ok(Some(self.reader.get_ref().lines(start, end)))
            }
            Ok(false) => Ok(None),
            Err(error) => Err(match error.into_kind() {
                csv::ErrorKind::Io(error) => {
                    let line = self.reader.get_ref().lines(start, start).first;
                    FileProblem::from_reading(error, line)
                }
                other => FileProblem::Io(io::Error::other(format!("{other:?}"))),
            }),
        }
    }
}

#[cfg(test)]
mod tests;
