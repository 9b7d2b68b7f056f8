//! What the tables hold, as types: ids, times, states, and the frozen payload.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use uuid::Uuid;

use crate::domain::request::{ContactRequest, MissingSlot, Shape};
use crate::domain::stamp::Stamp;
use crate::domain::state::State;

/// A row of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId(pub(super) i64);

impl RowId {
    /// Before every row.
    pub const START: Self = Self(0);
}

/// A campaign of the journal. The default is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct CampaignId(pub(super) i64);

/// What is sent for a row, in every attempt the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// What it has in common with the other rows of its plan.
    pub shape: std::sync::Arc<Shape>,
    /// What is its own.
    pub slots: Vec<String>,
    /// E.164.
    pub destination: String,
    /// The idempotency token.
    pub client_token: Uuid,
}

impl Frozen {
    /// The request in full.
    ///
    /// # Errors
    /// [`MissingSlot`] where someone edited the journal.
    pub fn request(&self) -> Result<ContactRequest, MissingSlot> {
        self.shape.fill(&self.slots, &self.destination, self.client_token)
    }
}

/// A state as its number.
pub(super) struct StateColumn(pub(super) State);

impl ToSql for StateColumn {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.0.code()))
    }
}

impl FromSql for StateColumn {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let code = u8::column_result(value)?;
        State::from_code(code).map(Self).ok_or(FromSqlError::OutOfRange(i64::from(code)))
    }
}

/// A point in time as milliseconds.
pub(super) struct StampColumn(pub(super) Stamp);

impl ToSql for StampColumn {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.0.millis()))
    }
}

impl FromSql for StampColumn {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        i64::column_result(value).map(|millis| Self(Stamp::from_millis(millis)))
    }
}

/// A client token as its 16 bytes.
pub(super) struct TokenColumn(pub(super) Uuid);

impl ToSql for TokenColumn {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(&self.0.as_bytes()[..]))
    }
}

impl FromSql for TokenColumn {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Uuid::from_slice(value.as_blob()?).map(Self).map_err(FromSqlError::other)
    }
}

/// Texts as a JSON array.
pub(super) struct TextsColumn(pub(super) Vec<String>);

impl FromSql for TextsColumn {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map(Self).map_err(FromSqlError::other)
    }
}

/// Texts as the JSON array that [`TextsColumn`] reads.
pub(super) fn texts(texts: &[String]) -> String {
    serde_json::to_string(texts).expect("strings always serialize")
}
