//! Records as CSV: UTF-8, lines ended by LF, cells quoted where they must be; commas and no byte order mark, unless another
//! delimiter was asked for.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::columns::{CellValue, Columns};
use super::error::ReportError;
use crate::domain::table::formula::harmless;
use crate::journal::Record;

/// Writes records as lines of a CSV.
pub(super) struct CsvRows<W: Write> {
    csv: csv::Writer<W>,
    columns: Columns,
    /// Numbers and times on their way.
    text: String,
}

impl<W: Write> CsvRows<W> {
    /// Writes the header. A delimiter that was asked for is a spreadsheet's, which wants a byte order mark as well.
    pub(super) fn begin(columns: Columns, mut out: W, delimiter: Option<u8>) -> Result<Self, ReportError> {
        if delimiter.is_some() {
            out.write_all(b"\xef\xbb\xbf").map_err(ReportError::Stream)?;
        }
        let mut csv = csv::WriterBuilder::new()
            .delimiter(delimiter.unwrap_or(b','))
            .buffer_capacity(1 << 16)
            .from_writer(out);
        for name in columns.names() {
            csv.write_field(harmless(name).as_bytes()).map_err(failed)?;
        }
        csv.write_record(None::<&[u8]>).map_err(failed)?;
        Ok(Self { csv, columns, text: String::with_capacity(64) })
    }

    /// Flushes the buffer.
    pub(super) fn end(mut self) -> Result<(), ReportError> {
        self.csv.flush().map_err(ReportError::Stream)
    }
}

impl<W: Write> super::Rows for CsvRows<W> {
    fn record(&mut self, record: &Record<'_>) -> Result<(), ReportError> {
        let Self { csv, columns, text } = self;
        for value in columns.values(record) {
            match value {
                CellValue::Nothing => csv.write_field(""),
                CellValue::Text(words) => csv.write_field(harmless(words).as_bytes()),
                CellValue::Number(number) => csv.write_field(shown(text, number)),
                CellValue::Amount(amount) => csv.write_field(shown(text, amount)),
                CellValue::Time(time) => csv.write_field(shown(text, time)),
                CellValue::Token(token) => {
                    let mut buffer = uuid::Uuid::encode_buffer();
                    csv.write_field(token.hyphenated().encode_lower(&mut buffer).as_bytes())
                }
            }
            .map_err(failed)?;
        }
        csv.write_record(None::<&[u8]>).map_err(failed)
    }
}

fn shown(text: &mut String, value: impl std::fmt::Display) -> &str {
    text.clear();
    // Writing to a string cannot fail.
    let _ = write!(text, "{value}");
    text
}

fn failed(error: csv::Error) -> ReportError {
    ReportError::Stream(match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    })
}
