//! Counts of deliveries: of a campaign's started rows by what became of them, and of events without a row by why.

use std::collections::BTreeSet;

use rusqlite::Connection;

use crate::domain::delivery::state::State;
use crate::domain::events::join::{Join, Unmatched};
use crate::domain::events::status::blames_the_number;
use crate::domain::events::{Delivery, DeliveryCounts};
use crate::domain::phone::E164;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::file::open::{Journal, Reader};
use crate::journal::query::snapshot::Snapshot;
use crate::journal::row::{CampaignId, ContactIdColumn, StampColumn};
use crate::journal::tally;

/// How many rows AWS has the same word for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusCount {
    /// What became of them.
    pub delivery: Delivery,
    /// AWS's word.
    pub status: String,
    /// How many there are.
    pub rows: u64,
}

/// How many messages or contacts have no row for the same reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnmatchedCount {
    /// Why.
    pub why: Unmatched,
    /// How many there are.
    pub events: u64,
}

fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

impl Reader {
    /// Counts what became of a campaign's started rows.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn deliveries(&self, campaign: CampaignId) -> Result<DeliveryCounts, JournalError> {
        deliveries(&self.connection, campaign)
    }

    /// Counts a campaign's rows by AWS's word for their messages, the most frequent first.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn delivery_statuses(&self, campaign: CampaignId) -> Result<Vec<StatusCount>, JournalError> {
        statuses(&self.connection, campaign)
    }

    /// Numbers that are themselves the reason that their messages did not arrive, and are not on the journal's list: of all
    /// campaigns, in order. One that a later message reached is none.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn unreachable_numbers(&self) -> Result<Vec<E164>, JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT destination, status FROM campaign
             CROSS JOIN delivery ON delivery.campaign_id = campaign.id AND delivery.delivery = ?1
             CROSS JOIN row ON row.id = delivery.row_id
             WHERE destination IS NOT NULL
                 AND NOT EXISTS (SELECT 1 FROM suppression WHERE suppression.destination = row.destination)
                 AND NOT EXISTS (
                     SELECT 1 FROM campaign AS other CROSS JOIN number
                         ON number.campaign_id = other.id AND number.destination = row.destination
                     CROSS JOIN delivery AS later ON later.row_id = number.row_id
                     WHERE later.delivery = ?2 AND later.at > delivery.at)",
        )?;
        let mut rows = statement.query([Delivery::Undelivered.code(), Delivery::Delivered.code()])?;
        let mut numbers = BTreeSet::new();
        while let Some(row) = rows.next()? {
            let (number, status): (String, String) = (row.get(0)?, row.get(1)?);
            numbers.extend(E164::parse(&number).filter(|_| blames_the_number(&status)));
        }
        Ok(numbers.into_iter().collect())
    }

    /// Counts the messages and contacts of the journal that have no row, by why. A record of CloudTrail alone is no event
    /// yet.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn unmatched(&self) -> Result<Vec<UnmatchedCount>, JournalError> {
        unmatched(&self.connection)
    }
}

impl Journal {
    /// Counts what became of a campaign's started rows.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn deliveries(&self, campaign: CampaignId) -> Result<DeliveryCounts, JournalError> {
        deliveries(&self.connection, campaign)
    }
}

fn deliveries(connection: &Connection, campaign: CampaignId) -> Result<DeliveryCounts, JournalError> {
    let mut counts = DeliveryCounts::default();
    for StatusCount { delivery, rows, .. } in statuses(connection, campaign)? {
        counts.add(delivery, rows);
    }
    counts.unmatched = unmatched(connection)?.iter().map(|count| count.events).sum();
    let told = counts.delivered + counts.undelivered + counts.pending + counts.unknown;
    counts.waiting = tally::kept(connection, campaign)?[State::Started].saturating_sub(told);
    Ok(counts)
}

fn statuses(connection: &Connection, campaign: CampaignId) -> Result<Vec<StatusCount>, JournalError> {
    let mut statement = connection.prepare_cached(
        "SELECT delivery, status, count(*) FROM delivery WHERE campaign_id = ?1 AND delivery IS NOT NULL
         GROUP BY delivery, status ORDER BY delivery, count(*) DESC, status",
    )?;
    let rows = statement.query_map([campaign.0], |row| {
        let delivery = Delivery::from_code(row.get(0)?).unwrap_or(Delivery::Unknown);
        Ok(StatusCount { delivery, status: row.get(1)?, rows: unsigned(row.get(2)?) })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn unmatched(connection: &Connection) -> Result<Vec<UnmatchedCount>, JournalError> {
    let mut statement = connection.prepare_cached(
        "SELECT why, count(*) FROM message WHERE row_id IS NULL AND status IS NOT NULL GROUP BY why ORDER BY why",
    )?;
    let mut counts = statement
        .query_map([], |row| {
            let why = row.get::<_, Option<u8>>(0)?.and_then(Unmatched::from_code);
            let why = why.unwrap_or(Unmatched::NoDestination);
            Ok(UnmatchedCount { why, events: unsigned(row.get(1)?) })
        })?
        .collect::<Result<Vec<_>, _>>()?;
    let contacts: i64 = connection
        .prepare_cached("SELECT count(*) FROM contact_event WHERE row_id IS NULL")?
        .query_row([], |row| row.get(0))?;
    if contacts > 0 {
        counts.push(UnmatchedCount { why: Unmatched::NoContact, events: unsigned(contacts) });
    }
    Ok(counts)
}

/// A message that was joined to a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MessageRecord<'r> {
    /// End User Messaging's id.
    pub message_id: &'r str,
    /// The contact of its row.
    pub contact_id: Option<&'r str>,
    /// By what it was joined.
    pub joined: Join,
    /// AWS's word; `None` where only CloudTrail has told of it.
    pub status: Option<&'r str>,
    /// Since when it is so.
    pub at: Option<UnixMillis>,
    /// Parts that were billed.
    pub parts: Option<u64>,
    /// Their price, as it came.
    pub price: Option<f64>,
    /// The carrier's name.
    pub carrier: Option<&'r str>,
    /// The country of the number.
    pub country: Option<&'r str>,
}

impl Snapshot<'_> {
    /// Calls `each` for every message that was joined to a row of the campaign. Constant memory, in no particular order.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn each_message(
        &self,
        campaign: CampaignId,
        mut each: impl FnMut(&MessageRecord<'_>),
    ) -> Result<(), JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT message_id, row.contact_id, message.joined, message.status, status_at, message.parts, message.price,
                 message.carrier, message.country
             FROM delivery CROSS JOIN message ON message.row_id = delivery.row_id
             CROSS JOIN row ON row.id = delivery.row_id
             WHERE delivery.campaign_id = ?1",
        )?;
        let mut rows = statement.query([campaign.0])?;
        let (mut message, mut contact) = (uuid::Uuid::encode_buffer(), uuid::Uuid::encode_buffer());
        while let Some(row) = rows.next()? {
            let text = |index: usize| row.get_ref(index)?.as_str_or_null().map_err(rusqlite::Error::from);
            each(&MessageRecord {
                message_id: ContactIdColumn::read(row.get_ref(0)?, &mut message)
                    .map_err(rusqlite::Error::from)?
                    .unwrap_or_default(),
                contact_id: ContactIdColumn::read(row.get_ref(1)?, &mut contact)
                    .map_err(rusqlite::Error::from)?,
                joined: row.get::<_, Option<u8>>(2)?.and_then(Join::from_code).unwrap_or(Join::Destination),
                status: text(3)?,
                at: row.get::<_, Option<StampColumn>>(4)?.map(|at| at.0),
                parts: row.get::<_, Option<i64>>(5)?.and_then(|parts| u64::try_from(parts).ok()),
                price: row.get(6)?,
                carrier: text(7)?,
                country: text(8)?,
            });
        }
        Ok(())
    }
}
