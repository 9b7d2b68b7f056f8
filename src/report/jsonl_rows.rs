//! Records as JSON lines: the same names as the columns of the CSV, numbers as numbers, `null` where there is nothing,
//! and every text as it is.

use std::io::Write;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::columns::{CellValue, Columns};
use super::error::ReportError;
use crate::journal::Record;

/// Writes records as lines of JSON.
pub(super) struct JsonlRows<W: Write> {
    columns: Columns,
    out: W,
}

impl<W: Write> JsonlRows<W> {
    pub(super) fn new(columns: Columns, out: W) -> Self {
        Self { columns, out }
    }
}

impl<W: Write> super::Rows for JsonlRows<W> {
    fn record(&mut self, record: &Record<'_>) -> Result<(), ReportError> {
        let object = RowObject { record, columns: &self.columns };
        serde_json::to_writer(&mut self.out, &object).map_err(|error| ReportError::Stream(error.into()))?;
        self.out.write_all(b"\n").map_err(ReportError::Stream)
    }
}

struct RowObject<'r> {
    record: &'r Record<'r>,
    columns: &'r Columns,
}

impl Serialize for RowObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.columns.names().len()))?;
        for (name, value) in self.columns.names().iter().zip(self.columns.values(self.record)) {
            match value {
                CellValue::Nothing => map.serialize_entry(name, &()),
                CellValue::Text(text) => map.serialize_entry(name, text),
                CellValue::Number(number) => map.serialize_entry(name, &number),
                CellValue::Amount(amount) => map.serialize_entry(name, &amount),
                CellValue::Token(token) => map.serialize_entry(name, &ShownValue(token)),
                CellValue::Time(time) => map.serialize_entry(name, &ShownValue(time)),
            }?;
        }
        map.end()
    }
}

/// A value as the text that it shows as.
pub(super) struct ShownValue<T>(pub(super) T);

impl<T: std::fmt::Display> Serialize for ShownValue<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
