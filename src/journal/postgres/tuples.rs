//! Rows in the binary form of COPY: encoded from SQLite's values, taken apart from a stream, and decoded into SQLite's values.
//! <https://www.postgresql.org/docs/current/sql-copy.html> ("Binary Format"). The bytes of a row are what its digest is of, so
//! that both databases are held to the very same ones.

use std::io;

use rusqlite::Row;
use rusqlite::types::{ToSql as _, ToSqlOutput, Value, ValueRef};
use uuid::Uuid;

use crate::journal::postgres::error::PostgresError;
use crate::journal::postgres::tables::{ColumnKind, CopiedColumn, CopiedTable};
use crate::journal::row::ContactIdColumn;

/// What a copy begins with: signature, no flags, no extension.
pub(super) const HEADER: [u8; 19] = *b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What it ends with.
pub(super) const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();
/// Longest row that is taken from a stream, in bytes: PostgreSQL's own bound of a message.
const LONGEST: usize = 1 << 30;

/// Appends a row of the table to `out`.
///
/// # Errors
/// [`PostgresError::Unfit`] without the number of the row where PostgreSQL cannot keep a value.
pub(super) fn encode(
    table: &'static CopiedTable,
    row: &Row<'_>,
    out: &mut Vec<u8>,
) -> Result<(), UnfitValue> {
    encode_columns(&table.columns.iter().collect::<Vec<_>>(), row, out)
}

/// The same of some of a table's columns.
///
/// # Errors
/// As [`encode`].
pub(super) fn encode_columns(
    columns: &[&CopiedColumn],
    row: &Row<'_>,
    out: &mut Vec<u8>,
) -> Result<(), UnfitValue> {
    let fields = i16::try_from(columns.len()).unwrap_or(i16::MAX);
    out.extend_from_slice(&fields.to_be_bytes());
    for (at, column) in columns.iter().enumerate() {
        let unfit = |what| UnfitValue { column: column.name, what };
        let value = row.get_ref(at).map_err(|_| unfit("a value that cannot be read"))?;
        let before = out.len();
        out.extend_from_slice(&[0; 4]);
        let length = match value {
            ValueRef::Null => -1,
            value => {
                encode_value(column.kind, value, out).map_err(unfit)?;
                i32::try_from(out.len() - before - 4).map_err(|_| unfit("a text that is too long"))?
            }
        };
        out[before..before + 4].copy_from_slice(&length.to_be_bytes());
    }
    Ok(())
}

/// A value that the other database cannot keep.
#[derive(Debug, Clone, Copy)]
pub(super) struct UnfitValue {
    column: &'static str,
    what: &'static str,
}

impl UnfitValue {
    /// The error, with the table and the number of the row.
    pub(super) fn of(self, table: &'static CopiedTable, row: u64) -> PostgresError {
        PostgresError::Unfit { table: table.name, row, column: self.column, what: self.what }
    }
}

fn encode_value(kind: ColumnKind, value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), &'static str> {
    const OTHER: &str = "a value of another type";
    match (kind, value) {
        (ColumnKind::Integer, ValueRef::Integer(number)) => out.extend_from_slice(&number.to_be_bytes()),
        (ColumnKind::Small, ValueRef::Integer(number)) => {
            let small = i16::try_from(number).map_err(|_| "a number that is too large")?;
            out.extend_from_slice(&small.to_be_bytes());
        }
        (ColumnKind::Boolean, ValueRef::Integer(number @ (0 | 1))) => out.push(u8::from(number == 1)),
        (ColumnKind::Real, ValueRef::Real(number)) => out.extend_from_slice(&number.to_be_bytes()),
        (ColumnKind::Text | ColumnKind::ContactId, ValueRef::Text(text)) => {
            if text.contains(&0) {
                return Err("a text with a zero byte, which PostgreSQL cannot keep");
            }
            let text = std::str::from_utf8(text).map_err(|_| "a text that is not UTF-8")?;
            if kind == ColumnKind::ContactId
                && matches!(ContactIdColumn(text).to_sql(), Ok(ToSqlOutput::Owned(_)))
            {
                return Err("an id as a text that should be 16 bytes");
            }
            out.extend_from_slice(text.as_bytes());
        }
        (ColumnKind::Token, ValueRef::Blob(bytes)) if bytes.len() == 16 => out.extend_from_slice(bytes),
        (ColumnKind::ContactId, ValueRef::Blob(bytes)) => {
            let id = Uuid::from_slice(bytes).map_err(|_| "an id that is none")?;
            out.extend_from_slice(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes());
        }
        _ => return Err(OTHER),
    }
    Ok(())
}

/// A stream of a copy, taken apart into rows whatever pieces it comes in.
#[derive(Debug, Default)]
pub(super) struct TupleStream {
    rest: Vec<u8>,
    begun: bool,
    ended: bool,
}

impl TupleStream {
    /// Takes the next piece, and hands on every row that is whole.
    ///
    /// # Errors
    /// Those of `take`, and [`PostgresError::Lost`] where the stream is none of a copy.
    pub(super) fn push<E: From<PostgresError>>(
        &mut self,
        piece: &[u8],
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        // A piece is a row nearly always; then nothing is left over, and nothing is copied.
        let joined;
        let mut bytes = if self.rest.is_empty() {
            piece
        } else {
            self.rest.extend_from_slice(piece);
            joined = std::mem::take(&mut self.rest);
            &joined
        };
        if !self.begun && bytes.len() >= HEADER.len() {
            if bytes[..HEADER.len()] != HEADER {
                return Err(garbled().into());
            }
            self.begun = true;
            bytes = &bytes[HEADER.len()..];
        }
        while self.begun && !self.ended {
            if bytes.starts_with(&TRAILER) {
                (self.ended, bytes) = (true, &bytes[TRAILER.len()..]);
                break;
            }
            let Some(length) = row_length(bytes)? else { break };
            take(&bytes[..length])?;
            bytes = &bytes[length..];
        }
        if bytes.len() > LONGEST || (self.ended && !bytes.is_empty()) {
            return Err(garbled().into());
        }
        self.rest = bytes.to_vec();
        Ok(())
    }

    /// Makes sure that the stream came to its end.
    pub(super) fn end(&self) -> Result<(), PostgresError> {
        if self.ended { Ok(()) } else { Err(garbled()) }
    }
}

/// What came is none of what this program writes.
pub(super) fn garbled() -> PostgresError {
    PostgresError::Lost(io::Error::other("what it sent is no copy of a table"))
}

/// How long the first row is; none where it is not whole yet.
pub(super) fn row_length(bytes: &[u8]) -> Result<Option<usize>, PostgresError> {
    let Some(count) = bytes.first_chunk() else { return Ok(None) };
    let mut at = 2_usize;
    for _ in 0..u16::try_from(i16::from_be_bytes(*count)).map_err(|_| garbled())? {
        let Some(length) = bytes.get(at..).and_then(|bytes| bytes.first_chunk()) else { return Ok(None) };
        at += 4;
        match i32::from_be_bytes(*length) {
            -1 => {}
            length => at = at.saturating_add(usize::try_from(length).map_err(|_| garbled())?),
        }
    }
    Ok((at <= bytes.len()).then_some(at))
}

/// Hands on the values of a whole row, each with the number of its column.
///
/// # Errors
/// Those of `take`, and [`PostgresError::Lost`] where the row is none of this table.
pub(super) fn decode_columns<E: From<PostgresError>>(
    columns: &[&CopiedColumn],
    mut row: &[u8],
    mut take: impl FnMut(usize, ToSqlOutput<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let Some((count, rest)) = row.split_first_chunk() else { return Err(garbled().into()) };
    if usize::try_from(i16::from_be_bytes(*count)) != Ok(columns.len()) {
        return Err(garbled().into());
    }
    row = rest;
    for (at, column) in columns.iter().enumerate() {
        let Some((length, rest)) = row.split_first_chunk() else { return Err(garbled().into()) };
        let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
            row = rest;
            take(at, ToSqlOutput::Owned(Value::Null))?;
            continue;
        };
        let (field, rest) = rest.split_at_checked(length).ok_or_else(garbled)?;
        row = rest;
        // A contact id borrows its text until it is bound.
        let text;
        let id;
        let value = match column.kind {
            ColumnKind::ContactId => {
                text = std::str::from_utf8(field).map_err(|_| garbled())?;
                id = ContactIdColumn(text);
                id.to_sql().map_err(|_| garbled())?
            }
            kind => decode_value(kind, field).ok_or_else(garbled)?,
        };
        take(at, value)?;
    }
    if row.is_empty() { Ok(()) } else { Err(garbled().into()) }
}

fn decode_value(kind: ColumnKind, field: &[u8]) -> Option<ToSqlOutput<'_>> {
    Some(match kind {
        ColumnKind::Integer => i64::from_be_bytes(field.try_into().ok()?).into(),
        ColumnKind::Small => i16::from_be_bytes(field.try_into().ok()?).into(),
        ColumnKind::Boolean => i64::from(field == [1]).into(),
        ColumnKind::Real => f64::from_be_bytes(field.try_into().ok()?).into(),
        ColumnKind::Text | ColumnKind::ContactId => ToSqlOutput::Borrowed(ValueRef::Text(field)),
        ColumnKind::Token => ToSqlOutput::Borrowed(ValueRef::Blob(field)),
    })
}
