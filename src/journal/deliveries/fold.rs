//! Writing what an event says of its message or contact over what is known.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::domain::delivery::state::State;
use crate::domain::events::join::{Join, Standing, Unmatched, replaces};
use crate::domain::events::{ContactEvent, MessageEvent, SentRecord};
use crate::domain::phone::E164;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::row::{ContactIdColumn, StampColumn};

/// What joins a message to a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct KnownMessage {
    pub(super) row: Option<i64>,
    pub(super) destination: Option<String>,
    /// Whether CloudTrail has named the destination.
    pub(super) trail: bool,
    pub(super) origination: Option<String>,
    pub(super) requested_at: Option<UnixMillis>,
    pub(super) account: Option<String>,
    pub(super) region: Option<String>,
    /// AWS's final word, where there is one.
    pub(super) last_word: Option<String>,
    /// Whether that came just now.
    pub(super) is_new_word: bool,
}

impl KnownMessage {
    pub(super) const COLUMNS: &'static str =
        "row_id, destination, trail, origination, requested_at, account, region, iif(final, status, NULL)";

    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            row: row.get(0)?,
            destination: row.get(1)?,
            trail: row.get(2)?,
            origination: row.get(3)?,
            requested_at: row.get::<_, Option<StampColumn>>(4)?.map(|stamp| stamp.0),
            account: row.get(5)?,
            region: row.get(6)?,
            last_word: row.get(7)?,
            is_new_word: false,
        })
    }

    pub(super) fn join(&self) -> Join {
        if self.trail { Join::CloudTrail } else { Join::Destination }
    }
}

fn stamp(time: Option<UnixMillis>) -> Option<StampColumn> {
    time.map(StampColumn)
}

/// How a message stands, and whether an event can fill in what is not known of it.
struct KeptMessage {
    known: KnownMessage,
    status: Option<(String, UnixMillis, bool)>,
    /// Members that are missing: parts, price, carrier, country.
    missing: [bool; 4],
}

fn kept(tx: &Transaction<'_>, id: &str) -> rusqlite::Result<Option<KeptMessage>> {
    let sql = format!(
        "SELECT {}, status, status_at, final, parts IS NULL, price IS NULL, carrier IS NULL, country IS NULL
         FROM message WHERE message_id = ?1",
        KnownMessage::COLUMNS
    );
    tx.prepare_cached(&sql)?
        .query_row([ContactIdColumn(id)], |row| {
            let status = match row.get::<_, Option<String>>(8)? {
                Some(status) => Some((status, row.get::<_, StampColumn>(9)?.0, row.get(10)?)),
                None => None,
            };
            let missing = [row.get(11)?, row.get(12)?, row.get(13)?, row.get(14)?];
            Ok(KeptMessage { known: KnownMessage::read(row)?, status, missing })
        })
        .optional()
}

/// What is known of a message.
pub(super) fn known(tx: &Transaction<'_>, id: &str) -> rusqlite::Result<Option<KnownMessage>> {
    Ok(kept(tx, id)?.map(|kept| kept.known))
}

/// Writes an event over what is known of its message; `None` where it says nothing new.
pub(super) fn message(
    tx: &Transaction<'_>,
    event: &MessageEvent,
) -> Result<Option<KnownMessage>, JournalError> {
    let Some(kept) = kept(tx, &event.message_id)? else {
        insert(tx, event)?;
        return Ok(Some(KnownMessage {
            row: None,
            destination: event.destination.as_ref().map(|number| number.as_str().to_owned()),
            trail: false,
            origination: event.origination.clone(),
            requested_at: event.requested_at,
            account: event.account.clone(),
            region: event.region.clone(),
            last_word: event.is_final.then(|| event.status.clone()),
            is_new_word: event.is_final,
        }));
    };
    let newer = kept.status.as_ref().is_none_or(|(status, at, is_final)| {
        replaces(event, Standing { at: *at, is_final: *is_final, status })
    });
    let unnamed = kept.known.destination.is_none() || kept.known.trail;
    // One that has its row needs no number, and that of a purged row is not to come back.
    let named = event.destination.is_some() && unnamed && kept.known.row.is_none();
    let told =
        [event.parts.is_some(), event.price.is_some(), event.carrier.is_some(), event.country.is_some()];
    let fills = kept.missing.iter().zip(told).any(|(missing, told)| *missing && told);
    if !newer && !named && !fills {
        return Ok(None);
    }
    identify(tx, event)?;
    stand(tx, event, newer)?;
    let is_new_word = newer && event.is_final;
    Ok(self::kept(tx, &event.message_id)?.map(|kept| KnownMessage { is_new_word, ..kept.known }))
}

/// Writes what a message is known by.
fn identify(tx: &Transaction<'_>, event: &MessageEvent) -> Result<(), JournalError> {
    tx.prepare_cached(
        "UPDATE message SET destination = coalesce(?2, destination), trail = iif(?2 IS NULL, trail, 0),
             origination = coalesce(?3, origination), requested_at = coalesce(?4, requested_at),
             account = coalesce(account, ?5), region = coalesce(region, ?6), contact_id = coalesce(contact_id, ?7)
         WHERE message_id = ?1",
    )?
    .execute(params![
        ContactIdColumn(&event.message_id),
        event.destination.as_ref().map(E164::as_str),
        event.origination,
        stamp(event.requested_at),
        event.account,
        event.region,
        event.contact_id().map(ContactIdColumn),
    ])?;
    Ok(())
}

fn insert(tx: &Transaction<'_>, event: &MessageEvent) -> Result<(), JournalError> {
    tx.prepare_cached(
        "INSERT INTO message (message_id, destination, trail, origination, requested_at, account, region, contact_id,
             status, description, status_at, final, parts, price, carrier_fee, carrier, country)
         VALUES (?1, ?2, 0, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    )?
    .execute(params![
        ContactIdColumn(&event.message_id),
        event.destination.as_ref().map(E164::as_str),
        event.origination,
        stamp(event.requested_at),
        event.account,
        event.region,
        event.contact_id().map(ContactIdColumn),
        event.status,
        event.description,
        StampColumn(event.at),
        event.is_final,
        event.parts,
        event.price,
        event.carrier_fee,
        event.carrier,
        event.country,
    ])?;
    Ok(())
}

/// Writes how a message stands. What an event does not say stays known; one that is not the `newer` only fills gaps.
fn stand(tx: &Transaction<'_>, event: &MessageEvent, newer: bool) -> Result<(), JournalError> {
    tx.prepare_cached(
        "UPDATE message SET status = iif(?11, ?2, status), description = iif(?11, ?3, description),
             status_at = iif(?11, ?4, status_at), final = iif(?11, ?5, final),
             parts = iif(?11, coalesce(?6, parts), coalesce(parts, ?6)),
             price = iif(?11, coalesce(?7, price), coalesce(price, ?7)),
             carrier_fee = iif(?11, coalesce(?8, carrier_fee), coalesce(carrier_fee, ?8)),
             carrier = iif(?11, coalesce(?9, carrier), coalesce(carrier, ?9)),
             country = iif(?11, coalesce(?10, country), coalesce(country, ?10))
         WHERE message_id = ?1",
    )?
    .execute(params![
        ContactIdColumn(&event.message_id),
        event.status,
        event.description,
        StampColumn(event.at),
        event.is_final,
        event.parts,
        event.price,
        event.carrier_fee,
        event.carrier,
        event.country,
        newer,
    ])?;
    Ok(())
}

/// Takes note of whom a message was for; `None` where that is known.
pub(super) fn sent(tx: &Transaction<'_>, record: &SentRecord) -> Result<Option<KnownMessage>, JournalError> {
    // Only a number is a sender that can be held against an event's.
    let origination = record.origination.as_deref().and_then(E164::parse);
    let changed = tx
        .prepare_cached(
            "INSERT INTO message (message_id, destination, trail, origination, requested_at, account, region, why)
             VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT DO UPDATE SET destination = excluded.destination, trail = 1,
                 requested_at = coalesce(requested_at, excluded.requested_at),
                 origination = coalesce(origination, excluded.origination),
                 account = coalesce(account, excluded.account), region = coalesce(region, excluded.region)
             WHERE destination IS NULL AND row_id IS NULL",
        )?
        .execute(params![
            ContactIdColumn(&record.message_id),
            record.destination.as_str(),
            origination.as_ref().map(E164::as_str),
            StampColumn(record.at),
            record.account,
            record.region,
            Unmatched::NoTime.code(),
        ])?;
    if changed == 0 {
        return Ok(None);
    }
    Ok(kept(tx, &record.message_id)?.map(|kept| kept.known))
}

/// Writes an event over what is known of its contact, and joins it where its row has that contact. Says whether anything
/// changed, and the contact's row.
pub(super) fn contact(
    tx: &Transaction<'_>,
    event: &ContactEvent,
) -> Result<(bool, Option<i64>), JournalError> {
    let changed = tx
        .prepare_cached(
            "INSERT INTO contact_event (contact_id, initiated_at, ended_at, end_reason, replied, instance)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO UPDATE SET initiated_at = coalesce(initiated_at, ?2), ended_at = coalesce(ended_at, ?3),
                 end_reason = coalesce(end_reason, ?4), replied = max(coalesce(replied, ?5), coalesce(?5, replied)),
                 instance = coalesce(instance, ?6)
             WHERE (initiated_at IS NULL AND ?2 IS NOT NULL) OR (ended_at IS NULL AND ?3 IS NOT NULL)
                 OR (end_reason IS NULL AND ?4 IS NOT NULL) OR ?5 > coalesce(replied, -1)
                 OR (instance IS NULL AND ?6 IS NOT NULL)",
        )?
        .execute(params![
            ContactIdColumn(&event.contact_id),
            stamp(event.initiated_at),
            stamp(event.ended_at),
            event.end_reason,
            event.replied,
            event.instance,
        ])?;
    let row = tx
        .prepare_cached("SELECT row_id FROM contact_event WHERE contact_id = ?1")?
        .query_row([ContactIdColumn(&event.contact_id)], |row| row.get(0))?;
    match row {
        Some(row) => Ok((changed > 0, Some(row))),
        None => Ok((changed > 0, join_contact(tx, &event.contact_id)?)),
    }
}

/// Joins the events of a contact to the one row that has it.
pub(super) fn join_contact(tx: &Transaction<'_>, contact_id: &str) -> Result<Option<i64>, JournalError> {
    let found = rows_with_contact(tx, &ContactIdColumn(contact_id))?;
    let [row] = found[..] else { return Ok(None) };
    tx.prepare_cached("UPDATE contact_event SET row_id = ?2 WHERE contact_id = ?1 AND row_id IS NULL")?
        .execute(params![ContactIdColumn(contact_id), row])?;
    Ok(Some(row))
}

/// The started rows with this contact: one, or none, or what nobody can tell apart.
pub(super) fn rows_with_contact(
    tx: &Transaction<'_>,
    contact_id: &dyn rusqlite::ToSql,
) -> Result<Vec<i64>, JournalError> {
    let sql = format!(
        "SELECT id FROM row INDEXED BY row_contact WHERE contact_id = ?1 AND state = {} LIMIT 2",
        State::Started.code()
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let rows = statement.query_map([contact_id], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(rows)
}
