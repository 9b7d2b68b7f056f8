//! Records as CSV: UTF-8 without a byte order mark, lines ended by LF, cells quoted where they must be.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::columns::{Columns, FIXED_COLUMNS};
use super::error::ReportError;
use super::formula::harmless;
use crate::domain::stamp::Stamp;
use crate::journal::Record;

/// Writes records as lines of a CSV.
pub(super) struct CsvRows<W: Write> {
    csv: csv::Writer<W>,
    columns: Columns,
    /// Numbers and times on their way.
    text: String,
}

impl<W: Write> CsvRows<W> {
    /// Writes the header.
    pub(super) fn begin(columns: Columns, out: W) -> Result<Self, ReportError> {
        let mut csv = csv::WriterBuilder::new().buffer_capacity(1 << 16).from_writer(out);
        let own = columns.names().iter().map(String::as_str);
        for name in FIXED_COLUMNS.into_iter().chain(own) {
            csv.write_field(harmless(name).as_bytes()).map_err(failed)?;
        }
        csv.write_record(None::<&[u8]>).map_err(failed)?;
        Ok(Self { csv, columns, text: String::with_capacity(64) })
    }

    /// Writes what is still held back.
    pub(super) fn end(mut self) -> Result<(), ReportError> {
        self.csv.flush().map_err(ReportError::Stream)
    }

    fn fixed(&mut self, record: &Record<'_>) -> csv::Result<()> {
        self.number(record.line)?;
        self.words(record.key)?;
        self.words(record.destination)?;
        self.csv.write_field(record.state.name())?;
        self.words(record.contact_id)?;
        match record.client_token {
            Some(token) => {
                let mut buffer = uuid::Uuid::encode_buffer();
                self.csv.write_field(token.hyphenated().encode_lower(&mut buffer).as_bytes())?;
            }
            None => self.csv.write_field("")?,
        }
        self.number(Some(u64::from(record.attempts)))?;
        self.words(record.code)?;
        self.words(record.reason)?;
        self.words(record.source)?;
        self.time(record.first_attempt_at)?;
        self.time(record.settled_at)
    }

    fn words(&mut self, words: Option<&str>) -> csv::Result<()> {
        self.csv.write_field(harmless(words.unwrap_or_default()).as_bytes())
    }

    fn number(&mut self, number: Option<u64>) -> csv::Result<()> {
        self.shown(number)
    }

    fn time(&mut self, time: Option<Stamp>) -> csv::Result<()> {
        self.shown(time)
    }

    fn shown(&mut self, value: Option<impl std::fmt::Display>) -> csv::Result<()> {
        self.text.clear();
        if let Some(value) = value {
            // Writing to a string cannot fail.
            let _ = write!(self.text, "{value}");
        }
        self.csv.write_field(&self.text)
    }
}

impl<W: Write> super::Rows for CsvRows<W> {
    fn record(&mut self, record: &Record<'_>) -> Result<(), ReportError> {
        self.fixed(record).map_err(failed)?;
        for cell in self.columns.cells(record) {
            self.csv.write_field(harmless(cell.unwrap_or_default()).as_bytes()).map_err(failed)?;
        }
        self.csv.write_record(None::<&[u8]>).map_err(failed)
    }
}

fn failed(error: csv::Error) -> ReportError {
    ReportError::Stream(match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    })
}
