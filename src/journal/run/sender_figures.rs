//! How the senders of a campaign fare: their rows by state, and what the latest run said of each.

use rusqlite::{Connection, Row, params};

use crate::domain::delivery::tally::Tally;
use crate::domain::foreign::ForeignText;
use crate::domain::senders::figures::{SenderBeat, SenderDay, SenderFigures};
use crate::journal::error::JournalError;
use crate::journal::file::open::Reader;
use crate::journal::row::{CampaignId, RunId, SenderId, StampColumn, StateColumn};

/// Writes down what a run says of its senders, inside a transaction of the caller's.
pub(in crate::journal) fn write(
    connection: &Connection,
    run: RunId,
    beats: &[(SenderId, SenderBeat)],
) -> rusqlite::Result<()> {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(
        "INSERT OR REPLACE INTO run_sender
             (run_id, sender_id, asked, reached, messages, parts, day_most, day_sent, day_ends_at, halted)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    for (sender, beat) in beats {
        statement.execute(params![
            run.0,
            sender.0,
            beat.asked,
            beat.reached,
            number(beat.messages),
            number(beat.parts),
            beat.day.map(|day| number(day.most)),
            beat.day.map(|day| number(day.sent)),
            beat.day.map(|day| StampColumn(day.ends)),
            beat.halted.as_ref().map(ForeignText::raw),
        ])?;
    }
    Ok(())
}

/// The senders of a campaign that have rows or are the latest run's, in the order in which the journal met them. Nothing where
/// there is only one: its figures are the campaign's.
pub(in crate::journal) fn read(
    connection: &Connection,
    campaign: CampaignId,
) -> Result<Vec<SenderFigures>, JournalError> {
    let mut statement = connection.prepare_cached(
        "SELECT sender.id, sender.name, run_sender.run_id, asked, reached, messages, parts, day_most, day_sent, day_ends_at,
             halted
         FROM sender LEFT JOIN run_sender ON run_sender.sender_id = sender.id
             AND run_sender.run_id = (SELECT max(id) FROM run WHERE campaign_id = ?1)
         WHERE sender.campaign_id = ?1 AND (run_sender.run_id IS NOT NULL
             OR EXISTS (SELECT 1 FROM sender_tally WHERE sender_id = sender.id AND rows > 0))
         ORDER BY sender.id",
    )?;
    let found = statement.query_map([campaign.0], |row| {
        let beat = row.get::<_, Option<i64>>(2)?.map(|_| beat(row)).transpose()?;
        Ok((SenderId(row.get(0)?), row.get(1)?, beat))
    })?;
    let found: Vec<(SenderId, String, Option<SenderBeat>)> = found.collect::<Result<_, _>>()?;
    if found.len() < 2 {
        return Ok(Vec::new());
    }
    let figures = |(id, name, beat)| Ok(SenderFigures { name, tally: tally(connection, id)?, beat });
    found.into_iter().map(figures).collect()
}

fn beat(row: &Row<'_>) -> rusqlite::Result<SenderBeat> {
    let count = |index: usize| row.get::<_, Option<i64>>(index).map(|count| count.map(i64::unsigned_abs));
    let day = match (count(7)?, count(8)?, row.get(9)?) {
        (Some(most), Some(sent), Some(StampColumn(ends))) => Some(SenderDay { most, sent, ends }),
        _ => None,
    };
    Ok(SenderBeat {
        asked: row.get(3)?,
        reached: row.get(4)?,
        messages: count(5)?.unwrap_or(0),
        parts: count(6)?.unwrap_or(0),
        day,
        halted: row.get::<_, Option<String>>(10)?.map(Into::into),
    })
}

fn tally(connection: &Connection, sender: SenderId) -> Result<Tally, JournalError> {
    let mut statement =
        connection.prepare_cached("SELECT state, rows FROM sender_tally WHERE sender_id = ?1")?;
    let mut rows = statement.query([sender.0])?;
    let mut tally = Tally::default();
    while let Some(row) = rows.next()? {
        let (StateColumn(state), count): (_, i64) = (row.get(0)?, row.get(1)?);
        tally[state] = u64::try_from(count).map_err(|_| {
            JournalError::Unbalanced(format!("{count} rows of a sender are said to be {state}"))
        })?;
    }
    Ok(tally)
}

impl Reader {
    /// How the senders of a campaign fare; nothing where it does not have several.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn sender_figures(&self, campaign: CampaignId) -> Result<Vec<SenderFigures>, JournalError> {
        read(&self.connection, campaign)
    }
}
