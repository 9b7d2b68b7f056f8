//! What the journal keeps of a message and of a contact: read once for all events of a group, and written once.

use rusqlite::{OptionalExtension, Row, Transaction, params};
use uuid::Uuid;

use crate::domain::delivery::state::State;
use crate::domain::events::join::Unmatched;
use crate::domain::events::told::{MessageStanding, ToldContact, ToldMessage};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::row::{ContactIdColumn, StampColumn};

/// A message as it is kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct KeptMessage {
    pub(super) known: ToldMessage,
    pub(super) row: Option<i64>,
    /// By what it was joined: a code of [`Join`](crate::domain::events::join::Join).
    pub(super) joined: Option<u8>,
    /// Why it has no row.
    pub(super) why: Option<Unmatched>,
}

impl KeptMessage {
    pub(super) const COLUMNS: &'static str =
        "destination, trail, origination, requested_at, account, region, contact_id,
         status, description, status_at, final, parts, price, carrier_fee, carrier, country, row_id, joined";
    /// How many those are.
    pub(super) const WIDTH: usize = 18;

    pub(super) fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let standing = match row.get::<_, Option<String>>(7)? {
            Some(status) => Some(MessageStanding {
                status,
                description: row.get(8)?,
                at: row.get::<_, StampColumn>(9)?.0,
                is_final: row.get(10)?,
            }),
            None => None,
        };
        let mut buffer = Uuid::encode_buffer();
        let known = ToldMessage {
            destination: row.get(0)?,
            trail: row.get(1)?,
            origination: row.get(2)?,
            requested_at: time(row, 3)?,
            account: row.get(4)?,
            region: row.get(5)?,
            contact_id: ContactIdColumn::read(row.get_ref(6)?, &mut buffer)?.map(str::to_owned),
            standing,
            parts: row.get(11)?,
            price: row.get(12)?,
            carrier_fee: row.get(13)?,
            carrier: row.get(14)?,
            country: row.get(15)?,
        };
        Ok(Self { known, row: row.get(16)?, joined: row.get(17)?, why: None })
    }

    pub(super) fn read(tx: &Transaction<'_>, id: &str) -> rusqlite::Result<Option<Self>> {
        let sql = format!("SELECT {} FROM message WHERE message_id = ?1", Self::COLUMNS);
        tx.prepare_cached(&sql)?.query_row([ContactIdColumn(id)], Self::of).optional()
    }

    pub(super) fn write(&self, tx: &Transaction<'_>, id: &str) -> rusqlite::Result<()> {
        let Self { known, row, joined, why } = self;
        let standing = known.standing.as_ref();
        tx.prepare_cached(
            "INSERT INTO message (message_id, destination, trail, origination, requested_at, account, region, contact_id,
                 status, description, status_at, final, parts, price, carrier_fee, carrier, country, row_id, joined, why)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)
             ON CONFLICT DO UPDATE SET destination = ?2, trail = ?3, origination = ?4, requested_at = ?5, account = ?6,
                 region = ?7, contact_id = ?8, status = ?9, description = ?10, status_at = ?11, final = ?12, parts = ?13,
                 price = ?14, carrier_fee = ?15, carrier = ?16, country = ?17, row_id = ?18, joined = ?19, why = ?20",
        )?
        .execute(params![
            ContactIdColumn(id),
            known.destination,
            known.trail,
            known.origination,
            stamp(known.requested_at),
            known.account,
            known.region,
            known.contact_id.as_deref().map(ContactIdColumn),
            standing.map(|standing| &standing.status),
            standing.and_then(|standing| standing.description.as_ref()),
            standing.map(|standing| StampColumn(standing.at)),
            standing.is_some_and(|standing| standing.is_final),
            known.parts,
            known.price,
            known.carrier_fee,
            known.carrier,
            known.country,
            row,
            joined,
            why.map(Unmatched::code),
        ])?;
        Ok(())
    }

    /// Writes what is known of a message that has had its row before. Its entry in the index of rows stays as it is.
    pub(super) fn write_told(&self, tx: &Transaction<'_>, id: &str) -> rusqlite::Result<()> {
        let Self { known, .. } = self;
        let standing = known.standing.as_ref();
        tx.prepare_cached(
            "UPDATE message SET destination = ?2, trail = ?3, origination = ?4, requested_at = ?5, account = ?6, region = ?7,
                 contact_id = ?8, status = ?9, description = ?10, status_at = ?11, final = ?12, parts = ?13, price = ?14,
                 carrier_fee = ?15, carrier = ?16, country = ?17
             WHERE message_id = ?1",
        )?
        .execute(params![
            ContactIdColumn(id),
            known.destination,
            known.trail,
            known.origination,
            stamp(known.requested_at),
            known.account,
            known.region,
            known.contact_id.as_deref().map(ContactIdColumn),
            standing.map(|standing| &standing.status),
            standing.and_then(|standing| standing.description.as_ref()),
            standing.map(|standing| StampColumn(standing.at)),
            standing.is_some_and(|standing| standing.is_final),
            known.parts,
            known.price,
            known.carrier_fee,
            known.carrier,
            known.country,
        ])?;
        Ok(())
    }
}

/// A contact as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct KeptContact {
    pub(super) known: ToldContact,
    pub(super) row: Option<i64>,
}

impl KeptContact {
    pub(super) fn read(tx: &Transaction<'_>, id: &str) -> rusqlite::Result<Option<Self>> {
        tx.prepare_cached(
            "SELECT initiated_at, ended_at, end_reason, replied, instance, row_id FROM contact_event WHERE contact_id = ?1",
        )?
        .query_row([ContactIdColumn(id)], |row| {
            let known = ToldContact {
                initiated_at: time(row, 0)?,
                ended_at: time(row, 1)?,
                end_reason: row.get(2)?,
                replied: row.get(3)?,
                instance: row.get(4)?,
            };
            Ok(Self { known, row: row.get(5)? })
        })
        .optional()
    }

    pub(super) fn write(&self, tx: &Transaction<'_>, id: &str) -> rusqlite::Result<()> {
        let Self { known, row } = self;
        tx.prepare_cached(
            "INSERT INTO contact_event (contact_id, initiated_at, ended_at, end_reason, replied, instance, row_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT DO UPDATE SET initiated_at = ?2, ended_at = ?3, end_reason = ?4, replied = ?5, instance = ?6,
                 row_id = ?7",
        )?
        .execute(params![
            ContactIdColumn(id),
            stamp(known.initiated_at),
            stamp(known.ended_at),
            known.end_reason,
            known.replied,
            known.instance,
            row,
        ])?;
        Ok(())
    }
}

/// The one started row with this contact; `None` where there is none, or where nobody can tell which.
pub(super) fn row_with_contact(
    tx: &Transaction<'_>,
    contact_id: &dyn rusqlite::ToSql,
) -> rusqlite::Result<Option<i64>> {
    let sql = format!(
        "SELECT id FROM row INDEXED BY row_contact WHERE contact_id = ?1 AND state = {} LIMIT 2",
        State::Started.code()
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let mut rows = statement.query([contact_id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let row = row.get(0)?;
    Ok(if rows.next()?.is_none() { Some(row) } else { None })
}

fn stamp(time: Option<UnixMillis>) -> Option<StampColumn> {
    time.map(StampColumn)
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<UnixMillis>> {
    Ok(row.get::<_, Option<StampColumn>>(column)?.map(|stamp| stamp.0))
}
