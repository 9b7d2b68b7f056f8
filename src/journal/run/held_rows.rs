//! How many rows that wait would be held by what was contacted before: what is told before a run.
//!
//! A campaign may have as many rows as an earlier one to the same people has contacts. Numbers are compared in their
//! order, in the table of numbers alone; the contacts are then read in the order of their rows, and what of them may hold
//! something is kept in a temporary table, and read with the rows that wait in the order of those. So each part of the
//! file is read once, and memory is constant.

use std::collections::HashMap;

use rusqlite::params;

use crate::domain::delivery::state::State;
use crate::domain::limits::HeldRows;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::file::open::Journal;
use crate::journal::row::{CampaignId, RowId, StampColumn, TextsColumn};
use crate::journal::run::limits::{ContactedNumbers, Held, KnownContact, sender, template};
use crate::journal::sql;

impl Journal {
    /// Rows that wait, and would be held by what was contacted before.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn held_rows(&self, campaign: CampaignId, now: UnixMillis) -> Result<HeldRows, JournalError> {
        let mut held = HeldRows::default();
        let mut contacted = ContactedNumbers::of(&self.connection, campaign, &self.admission.limits, now)?;
        if contacted.is_idle() {
            return Ok(held);
        }
        self.held_among_each_other(campaign, &mut contacted, &mut held)?;
        if self.find_contacts(campaign, &mut contacted)? {
            self.held_by_contacts(&mut contacted, &mut held)?;
        }
        Ok(held)
    }

    /// Of numbers that several rows of the campaign have: the first of them that is claimed holds the others.
    fn held_among_each_other(
        &self,
        campaign: CampaignId,
        contacted: &mut ContactedNumbers<'_>,
        held: &mut HeldRows,
    ) -> Result<(), JournalError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT row.id, row.destination, shape_id, slots FROM
                 (SELECT destination FROM number WHERE campaign_id = ?1 GROUP BY destination HAVING count(*) > 1) AS several
             JOIN number ON number.campaign_id = ?1 AND number.destination = several.destination
             JOIN row ON row.id = number.row_id
             WHERE row.state = {} ORDER BY number.destination, row.id",
            State::Queued.code()
        ))?;
        let mut rows = statement.query([campaign.0])?;
        let mut templates = HashMap::new();
        while let Some(row) = rows.next()? {
            let (id, number): (_, String) = (RowId(row.get(0)?), row.get(1)?);
            let TextsColumn(slots) = row.get(3)?;
            let template = template(&self.connection, &mut templates, row.get(2)?)?;
            match contacted.holds(id, &number, (template, &slots))? {
                Some(found) => count(held, found),
                None => contacted.take(&number, (template, &slots)),
            }
        }
        Ok(())
    }

    /// Writes down the contacts of other campaigns that may hold a row whose number no other row of this one has. Says
    /// whether there are any.
    fn find_contacts(
        &self,
        campaign: CampaignId,
        contacted: &mut ContactedNumbers<'_>,
    ) -> Result<bool, JournalError> {
        self.connection.execute_batch(
            "DROP TABLE IF EXISTS temp.held_by;
             CREATE TEMP TABLE held_by (waits INTEGER, nth INTEGER, at INTEGER, ends INTEGER, source TEXT,
                 PRIMARY KEY (waits, nth)) WITHOUT ROWID",
        )?;
        // The campaign itself is the first of them.
        let others: Vec<_> = contacted.campaigns.iter().skip(1).copied().collect();
        let mut nth = 0_i64;
        for (other, stated) in others {
            let mut statement = self.connection.prepare_cached(&format!(
                "SELECT state, settled_at, shape_id, slots, delivery.ended_at, pairs.waits FROM
                     (SELECT contact.row_id AS contact, own.row_id AS waits FROM number AS own
                      CROSS JOIN number AS contact ON contact.campaign_id = ?2 AND contact.destination = own.destination
                      WHERE own.campaign_id = ?1 AND NOT EXISTS (
                          SELECT 1 FROM number AS twin WHERE twin.campaign_id = ?1 AND twin.destination = own.destination
                              AND twin.row_id <> own.row_id)
                      ORDER BY contact LIMIT -1) AS pairs
                 CROSS JOIN row ON row.id = pairs.contact LEFT JOIN delivery ON delivery.row_id = row.id
                 WHERE state IN ({})",
                sql::CONTACTED
            ))?;
            let mut keep =
                self.connection.prepare_cached("INSERT INTO temp.held_by VALUES (?1, ?2, ?3, ?4, ?5)")?;
            let mut rows = statement.query(params![campaign.0, other])?;
            while let Some(row) = rows.next()? {
                let contact = contacted.read_contact(row, stated)?;
                if contacted.matters(&contact) {
                    let KnownContact { at, ends, source } = contact;
                    let waits: i64 = row.get(5)?;
                    keep.execute(params![waits, nth, StampColumn(at), StampColumn(ends), source])?;
                    nth += 1;
                }
            }
        }
        Ok(nth > 0)
    }

    /// The rows that wait, each with what may hold it.
    fn held_by_contacts(
        &self,
        contacted: &mut ContactedNumbers<'_>,
        held: &mut HeldRows,
    ) -> Result<(), JournalError> {
        let mut statement = self.connection.prepare(&format!(
            "SELECT waits, at, ends, source, shape_id, slots FROM temp.held_by CROSS JOIN row ON row.id = waits
             WHERE state = {} ORDER BY waits, nth",
            State::Queued.code()
        ))?;
        let mut rows = statement.query([])?;
        let (mut waits, mut by): (Option<(i64, String)>, Vec<KnownContact>) = (None, Vec::new());
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            if waits.as_ref().is_none_or(|waits| waits.0 != id) {
                let template = template(&self.connection, &mut contacted.templates, row.get(4)?)?;
                let next = (id, sender(template, row, 5)?);
                if let Some((_, sender)) = waits.replace(next) {
                    contacted.held_by(&by, &sender).into_iter().for_each(|found| count(held, found));
                }
                by.clear();
            }
            let (StampColumn(at), StampColumn(ends)) = (row.get(1)?, row.get(2)?);
            by.push(KnownContact { at, ends, source: row.get(3)? });
        }
        if let Some((_, sender)) = waits {
            contacted.held_by(&by, &sender).into_iter().for_each(|found| count(held, found));
        }
        self.connection.execute_batch("DROP TABLE temp.held_by")?;
        Ok(())
    }
}

fn count(held: &mut HeldRows, Held { until, too_often }: Held) {
    *(if too_often { &mut held.too_often } else { &mut held.open }) += 1;
    held.until = held.until.max(Some(until));
}
