//! What the tables hold, as types: ids, times, states, and the frozen payload.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use uuid::Uuid;

use crate::domain::delivery::state::State;
use crate::domain::message::body_template::BodyTemplate;
use crate::domain::message::request::MissingSlot;
use crate::domain::unix_millis::UnixMillis;

/// A row of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId(pub(super) i64);

/// The copy of an opt-out list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct OptOutListId(pub(super) i64);

impl RowId {
    /// Before every row.
    pub const START: Self = Self(0);
}

/// A lane of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LaneId(pub(super) i64);

/// A sender of a campaign of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SenderId(pub(super) i64);

/// A campaign of the journal. The default is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct CampaignId(pub(super) i64);

/// A run of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunId(pub(super) i64);

impl RunId {
    /// Its number, as results show it.
    #[must_use]
    pub fn number(self) -> i64 {
        self.0
    }
}

/// What is sent for a row, in every attempt the same.
#[derive(Debug, Clone)]
pub struct Frozen {
    /// What it has in common with the other rows of its plan.
    pub form: std::sync::Arc<BodyTemplate>,
    /// What is its own.
    pub slots: Vec<String>,
    /// E.164.
    pub destination: String,
    /// The idempotency token.
    pub client_token: Uuid,
}

impl Frozen {
    /// The request's body.
    ///
    /// # Errors
    /// [`MissingSlot`] where someone edited the journal.
    pub fn body(&self) -> Result<Vec<u8>, MissingSlot> {
        self.form.body(&self.slots, &self.destination, self.client_token)
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
pub(super) struct StampColumn(pub(super) UnixMillis);

impl ToSql for StampColumn {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.0.millis()))
    }
}

impl FromSql for StampColumn {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        i64::column_result(value).map(|millis| Self(UnixMillis::from_millis(millis)))
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

/// A contact id: a UUID, as Amazon Connect's are, as its 16 bytes; anything else as it is.
pub(super) struct ContactIdColumn<'a>(pub(super) &'a str);

impl ToSql for ContactIdColumn<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let mut same = Uuid::encode_buffer();
        Ok(match Uuid::try_parse(self.0) {
            Ok(id) if *id.hyphenated().encode_lower(&mut same) == *self.0 => {
                ToSqlOutput::from(id.into_bytes().to_vec())
            }
            _ => ToSqlOutput::from(self.0),
        })
    }
}

impl ContactIdColumn<'_> {
    /// The id as text, written to `buffer` where it is kept as bytes.
    pub(super) fn read<'r>(
        value: ValueRef<'r>,
        buffer: &'r mut [u8; uuid::fmt::Urn::LENGTH],
    ) -> FromSqlResult<Option<&'r str>> {
        match value {
            ValueRef::Blob(bytes) => {
                let id = Uuid::from_slice(bytes).map_err(FromSqlError::other)?;
                Ok(Some(id.hyphenated().encode_lower(buffer)))
            }
            value => value.as_str_or_null(),
        }
    }
}

/// The key of a purged recipient, as an SQL expression over its row: with the token of its key alone, whatever was
/// corrected since.
pub(super) const PURGED_KEY: &str = "'purged:' || hex(coalesce(
    (SELECT earlier.client_token FROM earlier_attempt AS earlier WHERE earlier.row_id = row.id AND nth = 0), client_token))";

/// The key of a purged recipient: its client token, which survives the purge, takes the place of its own key.
pub(super) fn purged_key(client_token: Uuid) -> String {
    format!("purged:{:X}", client_token.simple())
}

/// Zeros in a new row, in bytes: what three times take, a UUID, and the one byte of a state that is neither 0 nor 1.
pub(super) const ROOM: usize = 6 + 6 + ROOM_CLAIMED;
/// What is left of them after a claim.
pub(super) const ROOM_CLAIMED: usize = 16 + 6 + 1;

/// Texts as a JSON array.
pub(super) struct TextsColumn(pub(super) Vec<String>);

impl TextsColumn {
    /// What is stored, as texts.
    pub(super) fn parse(stored: &str) -> serde_json::Result<Self> {
        serde_json::from_str(stored).map(Self)
    }
}

impl FromSql for TextsColumn {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::parse(value.as_str()?).map_err(FromSqlError::other)
    }
}

/// Texts as the JSON array that [`TextsColumn`] reads.
pub(super) fn texts(texts: &[String]) -> String {
    serde_json::to_string(texts).expect("strings always serialize")
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn contact_ids_are_what_they_were() {
        let connection = Connection::open_in_memory().unwrap();
        let uuid = "1b4f0e98-51a3-4f2c-9d2c-0a1b2c3d4e5f";
        for (id, kind) in
            [(uuid, "blob"), ("contact-1", "text"), ("", "text"), (&uuid.to_uppercase(), "text")]
        {
            let sql = "SELECT ?1, typeof(?1)";
            connection
                .query_row(sql, [ContactIdColumn(id)], |row| {
                    let mut buffer = Uuid::encode_buffer();
                    assert_eq!(ContactIdColumn::read(row.get_ref(0)?, &mut buffer).unwrap(), Some(id));
                    assert_eq!(row.get::<_, String>(1)?, kind);
                    Ok(())
                })
                .unwrap();
        }
    }
}
