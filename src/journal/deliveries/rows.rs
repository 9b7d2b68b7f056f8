//! What is known of a row's messages and contact, as one line of `delivery`.
//!
//! The line follows from the row's messages and its contact alone. Where a group tells of the only message of a row, or
//! of its contact alone, what it tells is written; in every other case the line is derived anew.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Transaction, params};

use crate::domain::events::Delivery;
use crate::domain::events::told::ToldContact;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::deliveries::kept::KeptMessage;
use crate::journal::error::JournalError;
use crate::journal::row::StampColumn;

/// Rows of which a group tells something.
#[derive(Debug, Default)]
pub(super) struct TouchedRows(BTreeMap<i64, RowNews>);

/// What a group tells of a row.
#[derive(Debug, Default)]
struct RowNews {
    messages: ToldMessages,
    contact: Option<ShownContact>,
}

/// Of which messages of a row a group tells.
#[derive(Debug, Default)]
enum ToldMessages {
    #[default]
    None,
    One(ShownMessage),
    Several,
}

/// What a line shows of a row's only message.
#[derive(Debug)]
struct ShownMessage {
    /// Whether the row has it from before.
    is_known: bool,
    status: Option<(String, UnixMillis)>,
    joined: Option<u8>,
    parts: Option<u32>,
    price: Option<f64>,
    carrier: Option<String>,
    country: Option<String>,
}

/// What a line shows of a contact.
#[derive(Debug)]
struct ShownContact {
    ended_at: Option<UnixMillis>,
    end_reason: Option<String>,
    replied: Option<bool>,
}

impl TouchedRows {
    /// A message of the row is as it is kept now. `is_known`: the row had it before.
    pub(super) fn message(&mut self, row: i64, kept: KeptMessage, is_known: bool) {
        let messages = &mut self.0.entry(row).or_default().messages;
        *messages = match messages {
            ToldMessages::None => ToldMessages::One(ShownMessage {
                is_known,
                status: kept.known.standing.map(|standing| (standing.status, standing.at)),
                joined: kept.joined,
                parts: kept.known.parts,
                price: kept.known.price,
                carrier: kept.known.carrier,
                country: kept.known.country,
            }),
            ToldMessages::One(_) | ToldMessages::Several => ToldMessages::Several,
        };
    }

    /// The contact of the row is as it is told now.
    pub(super) fn contact(&mut self, row: i64, known: ToldContact) {
        let ToldContact { ended_at, end_reason, replied, .. } = known;
        self.0.entry(row).or_default().contact = Some(ShownContact { ended_at, end_reason, replied });
    }

    /// The rows, in order.
    pub(super) fn rows(&self) -> impl Iterator<Item = i64> {
        self.0.keys().copied()
    }

    /// Writes their lines.
    pub(super) fn write(&self, tx: &Transaction<'_>) -> Result<(), JournalError> {
        for (row, news) in &self.0 {
            if !news.write(tx, *row)? {
                derive_row(tx, *row)?;
            }
        }
        Ok(())
    }
}

impl RowNews {
    /// Writes the line out of what the group tells, where that is all there is to know.
    fn write(&self, tx: &Transaction<'_>, row: i64) -> rusqlite::Result<bool> {
        let is_written = match &self.messages {
            ToldMessages::None => true,
            ToldMessages::One(message) => message.write(tx, row)?,
            ToldMessages::Several => false,
        };
        if let Some(contact) = self.contact.as_ref().filter(|_| is_written) {
            contact.write(tx, row)?;
        }
        Ok(is_written)
    }
}

impl ShownMessage {
    /// Not where the row has another message: a row without a line has none, and a line says how many its row has.
    fn write(&self, tx: &Transaction<'_>, row: i64) -> rusqlite::Result<bool> {
        let sql = match self.is_known {
            true => {
                "UPDATE delivery SET delivery = ?2, status = ?3, at = ?4, joined = ?5, parts = ?6, price = ?7, carrier = ?8,
                     country = ?9
                 WHERE row_id = ?1 AND messages = 1"
            }
            false => {
                "INSERT INTO delivery (row_id, campaign_id, delivery, status, at, joined, messages, parts, price, carrier, country)
                 SELECT id, campaign_id, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8, ?9 FROM row WHERE id = ?1
                 ON CONFLICT DO UPDATE SET delivery = ?2, status = ?3, at = ?4, joined = ?5, messages = 1, parts = ?6,
                     price = ?7, carrier = ?8, country = ?9
                 WHERE messages = 0"
            }
        };
        let status = self.status.as_ref();
        let written = tx.prepare_cached(sql)?.execute(params![
            row,
            status.map(|(status, _)| Delivery::of(status).code()),
            status.map(|(status, _)| status),
            status.map(|(_, at)| StampColumn(*at)),
            self.joined,
            self.parts,
            self.price.map(|price| sum(None, price)),
            self.carrier,
            self.country,
        ])?;
        Ok(written > 0)
    }
}

impl ShownContact {
    /// Only a row that has no line yet is asked for its campaign.
    fn write(&self, tx: &Transaction<'_>, row: i64) -> rusqlite::Result<()> {
        let shown = params![row, self.ended_at.map(StampColumn), self.end_reason, self.replied];
        let update = "UPDATE delivery SET ended_at = ?2, end_reason = ?3, replied = ?4 WHERE row_id = ?1";
        if tx.prepare_cached(update)?.execute(shown)? == 0 {
            let insert = "INSERT INTO delivery (row_id, campaign_id, messages, ended_at, end_reason, replied)
                          SELECT id, campaign_id, 0, ?2, ?3, ?4 FROM row WHERE id = ?1";
            tx.prepare_cached(insert)?.execute(shown)?;
        }
        Ok(())
    }
}

/// A price and what comes to it, to ten places: what AWS writes, without the last bits of a sum.
fn sum(price: Option<f64>, more: f64) -> f64 {
    ((price.unwrap_or(0.0) + more) * 1e10).round() / 1e10
}

/// Writes the lines of these rows anew.
pub(in crate::journal) fn derive(
    tx: &Transaction<'_>,
    rows: impl IntoIterator<Item = i64>,
) -> Result<(), JournalError> {
    rows.into_iter().try_for_each(|row| derive_row(tx, row))
}

fn derive_row(tx: &Transaction<'_>, row: i64) -> Result<(), JournalError> {
    let mut statement = tx.prepare_cached(
        "SELECT status, status_at, joined, parts, price, carrier, country FROM message
         WHERE row_id = ?1 ORDER BY requested_at, message_id",
    )?;
    let mut messages = statement.query([row])?;
    #[expect(clippy::type_complexity, reason = "the columns of a row")]
    let mut first: Option<(Option<String>, Option<i64>, Option<u8>, Option<String>, Option<String>)> = None;
    let (mut count, mut parts, mut price) = (0_i64, None::<i64>, None::<f64>);
    while let Some(message) = messages.next()? {
        count += 1;
        if let Some(more) = message.get::<_, Option<i64>>(3)? {
            parts = Some(parts.unwrap_or(0).saturating_add(more));
        }
        if let Some(more) = message.get::<_, Option<f64>>(4)? {
            price = Some(sum(price, more));
        }
        // The campaign's own message is the first; a flow may send others.
        if first.is_none() {
            first =
                Some((message.get(0)?, message.get(1)?, message.get(2)?, message.get(5)?, message.get(6)?));
        }
    }
    let (status, at, joined, carrier, country) = first.unwrap_or_default();
    let delivery = status.as_deref().map(|status| Delivery::of(status).code());
    let contact: Option<(Option<i64>, Option<String>, Option<bool>)> = tx
        .prepare_cached(
            "SELECT ended_at, end_reason, replied FROM contact_event
             WHERE contact_id = (SELECT contact_id FROM row WHERE id = ?1) AND row_id = ?1",
        )?
        .query_row([row], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let (ended_at, end_reason, replied) = contact.unwrap_or_default();
    tx.prepare_cached(
        "INSERT OR REPLACE INTO delivery (row_id, campaign_id, delivery, status, at, joined, messages, parts, price,
             carrier, country, ended_at, end_reason, replied)
         SELECT id, campaign_id, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13 FROM row WHERE id = ?1",
    )?
    .execute(params![
        row, delivery, status, at, joined, count, parts, price, carrier, country, ended_at, end_reason, replied
    ])?;
    Ok(())
}
