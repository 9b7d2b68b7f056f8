//! Records as JSON lines: the same names as the columns of the CSV, numbers as numbers, `null` where there is nothing,
//! and every text as it is.

use std::io::Write;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::columns::{Columns, FIXED_COLUMNS};
use super::error::ReportError;
use crate::domain::stamp::Stamp;
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
        let object = Object { record, columns: &self.columns };
        serde_json::to_writer(&mut self.out, &object).map_err(|error| ReportError::Stream(error.into()))?;
        self.out.write_all(b"\n").map_err(ReportError::Stream)
    }
}

struct Object<'r> {
    record: &'r Record<'r>,
    columns: &'r Columns,
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let record = self.record;
        let mut map = serializer.serialize_map(Some(FIXED_COLUMNS.len() + self.columns.names().len()))?;
        map.serialize_entry("line", &record.line)?;
        map.serialize_entry("key", &record.key)?;
        map.serialize_entry("destination", &record.destination)?;
        map.serialize_entry("state", record.state.name())?;
        map.serialize_entry("contact_id", &record.contact_id)?;
        map.serialize_entry("client_token", &record.client_token.map(Shown))?;
        map.serialize_entry("attempts", &record.attempts)?;
        map.serialize_entry("code", &record.code)?;
        map.serialize_entry("reason", &record.reason)?;
        map.serialize_entry("source", &record.source)?;
        map.serialize_entry("first_attempt_at", &record.first_attempt_at.map(Shown::<Stamp>))?;
        map.serialize_entry("settled_at", &record.settled_at.map(Shown::<Stamp>))?;
        for (name, cell) in self.columns.names().iter().zip(self.columns.cells(record)) {
            map.serialize_entry(name, &cell)?;
        }
        map.end()
    }
}

/// A value as the text that it shows as.
pub(super) struct Shown<T>(pub(super) T);

impl<T: std::fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
