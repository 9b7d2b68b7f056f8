//! What is known of a row's messages and contact, as one line of `delivery`.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Transaction, params};

use crate::domain::events::Delivery;
use crate::journal::error::JournalError;

/// Writes the lines of these rows anew.
pub(super) fn derive(tx: &Transaction<'_>, rows: &BTreeSet<i64>) -> Result<(), JournalError> {
    for row in rows {
        derive_row(tx, *row)?;
    }
    Ok(())
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
            // Ten places: what AWS writes, without the last bits of a sum.
            price = Some(((price.unwrap_or(0.0) + more) * 1e10).round() / 1e10);
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
