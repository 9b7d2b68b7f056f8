//! Which rows that wait have numbers in common, with each other or with earlier contacts: what a forecast goes by, row by row.

use std::collections::HashMap;

use rusqlite::params;

use crate::domain::delivery::state::State;
use crate::domain::forecast::{CountedContact, NumberBook};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::file::open::Journal;
use crate::journal::row::{CampaignId, RowId, TextsColumn};
use crate::journal::run::limits::{ContactedNumbers, life, source, template};

/// Rows that are known one by one, at most: a second of the time before a run.
const FORETOLD: i64 = 200_000;

impl Journal {
    /// For a forecast: which rows that wait have numbers in common, with each other or with earlier contacts.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn numbers_in_common(
        &self,
        campaign: CampaignId,
        now: UnixMillis,
    ) -> Result<NumberBook, JournalError> {
        let limits = &self.admission.limits;
        let mut contacted = ContactedNumbers::of(&self.connection, campaign, limits, now)?;
        let mut book = NumberBook::new(None);
        if contacted.is_idle() {
            return Ok(book);
        }
        let campaigns: Vec<String> = contacted.campaigns.iter().map(|known| known.0.to_string()).collect();
        // In the order of numbers on both sides: numbers that no other row has cost one look-up beside the last one.
        let mut statement = self.connection.prepare(&format!(
            "SELECT row.id, row.destination, shape_id, slots, row.line FROM number AS own JOIN row ON row.id = own.row_id
             WHERE own.campaign_id = ?1 AND row.state = {} AND row.line IS NOT NULL AND EXISTS (
                 SELECT 1 FROM number AS other WHERE other.campaign_id IN ({})
                     AND other.destination = own.destination AND other.row_id <> own.row_id)
             ORDER BY own.destination, own.row_id LIMIT ?2",
            State::Queued.code(),
            campaigns.join(", ")
        ))?;
        let mut rows = statement.query(params![campaign.0, FORETOLD])?;
        let mut templates = HashMap::new();
        let mut last: Option<NumberOfRows> = None;
        while let Some(row) = rows.next()? {
            let (id, number): (_, String) = (RowId(row.get(0)?), row.get(1)?);
            let TextsColumn(slots) = row.get(3)?;
            let template = template(&self.connection, &mut templates, row.get(2)?)?;
            let line = row.get::<_, i64>(4)?.unsigned_abs();
            if last.is_none() {
                book = NumberBook::new(limits.one_open.then(|| life(template, contacted.own_life)));
            }
            if last.as_ref().is_none_or(|last| last.number != number) {
                let mut next = NumberOfRows { number: number.clone(), ..NumberOfRows::default() };
                let contacts = contacted.contacts(id, &number)?;
                let counted = contacts.iter().map(|contact| CountedContact {
                    at: contact.at,
                    ends: contact.ends,
                    pair: next.pair(&contact.source),
                });
                let counted = counted.collect();
                next.id = book.number(counted);
                last = Some(next);
            }
            if let Some(last) = &mut last {
                book.line(line, last.id, last.pair(source(template, &slots)));
            }
        }
        Ok(book)
    }
}

/// The number of the rows that are being looked at, and its senders.
#[derive(Default)]
struct NumberOfRows {
    number: String,
    id: usize,
    sources: Vec<String>,
}

impl NumberOfRows {
    fn pair(&mut self, source: &str) -> u32 {
        let known = self.sources.iter().position(|known| known == source);
        let at = known.unwrap_or_else(|| {
            self.sources.push(source.to_owned());
            self.sources.len() - 1
        });
        u32::try_from(at).unwrap_or(u32::MAX)
    }
}
