//! What keeps a row from being claimed by what was contacted before: limits of its number, and an earlier contact of its number
//! and sender that may be open. Asked inside the claim's transaction, so that two runs of two campaigns keep them together.
//!
//! Contacts are found by number in the campaigns that ran recently enough to matter: a handful of look-ups a row, and none
//! where nobody was contacted. A row that is held waits in an index of its own, and costs no claim anything until its moment.

use std::collections::HashMap;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::domain::delivery::state::State;
use crate::domain::limits::free_at;
use crate::domain::message::request::{Leaf, RequestTemplate};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::admission::ClaimLimits;
use crate::journal::campaign::BY_HAND;
use crate::journal::error::JournalError;
use crate::journal::file::open::Journal;
use crate::journal::row::{CampaignId, RowId, StampColumn, StateColumn, TextsColumn};
use crate::journal::sql;

/// How long a contact lives where neither request nor definition say. Source: `ChatDurationInMinutes` in the API reference.
const LONGEST_LIFE: Duration = Duration::from_secs(25 * 3600);
/// The longest life that a request can ask for; what is in doubt is replayed for less.
const LONGEST_REQUEST: Duration = Duration::from_secs(10_080 * 60);
/// A run's last sign of life may be so much older than its last contact.
const SILENCE: Duration = Duration::from_secs(3600);

/// What keeps a row from being claimed now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::journal) struct Held {
    /// Until then.
    pub(in crate::journal) until: UnixMillis,
    /// Whether its number has had as many contacts as it may get; if not, an earlier one may be open.
    pub(in crate::journal) too_often: bool,
}

/// Looks numbers up, in one transaction.
pub(in crate::journal) struct ContactedNumbers<'a> {
    connection: &'a Connection,
    limits: &'a ClaimLimits,
    now: UnixMillis,
    /// The campaigns of the same service that ran lately, and how long their contacts live where their definitions said so.
    pub(in crate::journal) campaigns: Vec<(i64, Option<Duration>)>,
    /// How long a contact of this campaign lives, where its definition said so.
    pub(in crate::journal) own_life: Option<Duration>,
    /// Contacts that this claim takes, and that the rows do not tell yet.
    taken: HashMap<String, Vec<KnownContact>>,
    pub(in crate::journal) templates: HashMap<i64, RequestTemplate>,
}

/// A contact, or what may be one.
#[derive(Debug, Clone)]
pub(in crate::journal) struct KnownContact {
    pub(in crate::journal) at: UnixMillis,
    pub(in crate::journal) ends: UnixMillis,
    pub(in crate::journal) source: String,
}

impl<'a> ContactedNumbers<'a> {
    pub(in crate::journal) fn of(
        connection: &'a Connection,
        campaign: CampaignId,
        limits: &'a ClaimLimits,
        now: UnixMillis,
    ) -> Result<Self, JournalError> {
        let mut all = Self {
            connection,
            limits,
            now,
            campaigns: Vec::new(),
            own_life: None,
            taken: HashMap::new(),
            templates: HashMap::new(),
        };
        let windows = limits.limits.per_recipient.iter().map(|limit| limit.within);
        if limits.one_open || !limits.limits.per_recipient.is_empty() {
            let longest = windows.fold(LONGEST_REQUEST, Duration::max);
            let mut statement = connection.prepare_cached(&format!(
                "SELECT ?1, (SELECT millis FROM contact_life WHERE campaign_id = ?1)
                 UNION ALL
                 SELECT id, millis FROM campaign LEFT JOIN contact_life ON contact_life.campaign_id = campaign.id
                 WHERE id <> ?1 AND service = (SELECT service FROM campaign WHERE id = ?1)
                     AND (name = ?3 OR EXISTS (
                         SELECT 1 FROM run WHERE campaign_id = campaign.id AND coalesce(ended_at, seen_at) >= ?2))
                     AND EXISTS (SELECT 1 FROM tally WHERE campaign_id = campaign.id AND rows > 0 AND state IN ({}))",
                sql::CONTACTED
            ))?;
            let since = StampColumn(now.minus(longest.saturating_add(SILENCE)));
            let found = statement.query_map(params![campaign.0, since, BY_HAND], |row| {
                let life: Option<i64> = row.get(1)?;
                let life = life.and_then(|millis| u64::try_from(millis).ok()).map(Duration::from_millis);
                Ok((row.get(0)?, life))
            })?;
            all.campaigns = found.collect::<Result<_, _>>()?;
            all.own_life = all.campaigns.first().and_then(|own| own.1);
        }
        Ok(all)
    }

    /// Whether nothing can be held.
    pub(in crate::journal) fn is_idle(&self) -> bool {
        self.campaigns.is_empty()
    }

    /// What keeps a row that waits from being claimed. Of a row that is claimed, [`take`](Self::take) must be told.
    pub(in crate::journal) fn holds(
        &mut self,
        row: RowId,
        number: &str,
        (template, slots): (&RequestTemplate, &[String]),
    ) -> Result<Option<Held>, JournalError> {
        if self.is_idle() {
            return Ok(None);
        }
        let mut contacts = self.contacts(row, number)?;
        contacts.extend(self.taken.get(number).into_iter().flatten().cloned());
        Ok(self.held_by(&contacts, source(template, slots)))
    }

    /// What of these contacts keeps a row with their number, and with this sender, from being claimed.
    pub(in crate::journal) fn held_by(&self, contacts: &[KnownContact], sender: &str) -> Option<Held> {
        let mut times: Vec<UnixMillis> = contacts.iter().map(|contact| contact.at).collect();
        let often = free_at(&self.limits.limits.per_recipient, &mut times, self.now);
        let often = often.map(|until| Held { until, too_often: true });
        let open = match self.limits.one_open {
            true => contacts
                .iter()
                .filter(|contact| contact.ends > self.now && contact.source == sender)
                .map(|contact| Held { until: contact.ends, too_often: false })
                .max_by_key(|held| held.until),
            false => None,
        };
        match (often, open) {
            (Some(often), Some(open)) => Some(Held { until: often.until.max(open.until), ..often }),
            (often, open) => often.or(open),
        }
    }

    /// Whether a contact can hold anything up.
    pub(in crate::journal) fn matters(&self, contact: &KnownContact) -> bool {
        let windows = self.limits.limits.per_recipient.iter().map(|limit| limit.within);
        let counts = windows.max().is_some_and(|longest| contact.at.plus(longest) > self.now);
        counts || (self.limits.one_open && contact.ends > self.now)
    }

    /// A row that waited is claimed: it has a contact, as far as others are concerned.
    pub(in crate::journal) fn take(
        &mut self,
        number: &str,
        (template, slots): (&RequestTemplate, &[String]),
    ) {
        if !self.is_idle() {
            let ends = self.now.plus(life(template, self.own_life));
            let contact = KnownContact { at: self.now, ends, source: source(template, slots).to_owned() };
            self.taken.entry(number.to_owned()).or_default().push(contact);
        }
    }

    /// The contacts of a number, and what may be contacts, but for the row's own.
    pub(in crate::journal) fn contacts(
        &mut self,
        row: RowId,
        number: &str,
    ) -> Result<Vec<KnownContact>, JournalError> {
        let mut contacts = Vec::new();
        for at in 0..self.campaigns.len() {
            let (campaign, stated) = self.campaigns[at];
            let mut statement = self.connection.prepare_cached(&format!(
                "SELECT state, settled_at, shape_id, slots, delivery.ended_at
                 FROM number JOIN row ON row.id = number.row_id LEFT JOIN delivery ON delivery.row_id = row.id
                 WHERE number.campaign_id = ?1 AND number.destination = ?2 AND row.id <> ?3 AND state IN ({})",
                sql::CONTACTED
            ))?;
            let mut rows = statement.query(params![campaign, number, row.0])?;
            while let Some(found) = rows.next()? {
                contacts.push(self.read_contact(found, stated)?);
            }
        }
        Ok(contacts)
    }

    /// A contact from its row: state, when it was settled, shape, slots, when an event said that it ended.
    pub(in crate::journal) fn read_contact(
        &mut self,
        found: &Row<'_>,
        stated: Option<Duration>,
    ) -> Result<KnownContact, JournalError> {
        let (StateColumn(state), settled) = (found.get(0)?, found.get::<_, Option<StampColumn>>(1)?);
        // What is in doubt may be started at any moment, by the replay at the latest.
        let at = match (state, settled) {
            (State::Started | State::Uncertain, Some(StampColumn(at))) => at,
            _ => self.now,
        };
        let template = template(self.connection, &mut self.templates, found.get(2)?)?;
        let ended = found.get::<_, Option<StampColumn>>(4)?.filter(|_| state == State::Started);
        let ends = at.plus(life(template, stated));
        let ends = ended.map_or(ends, |ended| ends.min(ended.0));
        Ok(KnownContact { at, ends, source: sender(template, found, 3)? })
    }
}

/// The sender of a row whose slots are in this column. They are not read where all rows have the same.
pub(in crate::journal) fn sender(
    template: &RequestTemplate,
    row: &Row<'_>,
    slots: usize,
) -> rusqlite::Result<String> {
    Ok(match &template.source {
        Leaf::Fixed(source) => source.clone(),
        Leaf::Slot(_) | Leaf::Token => {
            let TextsColumn(slots) = row.get(slots)?;
            source(template, &slots).to_owned()
        }
    })
}

/// How long a contact lives, at most: as the request asks, else as its definition said, else as long as any.
pub(in crate::journal) fn life(template: &RequestTemplate, stated: Option<Duration>) -> Duration {
    let asked = template.chat_duration_minutes.map(|minutes| Duration::from_secs(u64::from(minutes) * 60));
    asked.or(stated).unwrap_or(LONGEST_LIFE)
}

/// The sender of a row.
pub(in crate::journal) fn source<'a>(template: &'a RequestTemplate, slots: &'a [String]) -> &'a str {
    match &template.source {
        Leaf::Fixed(source) => source,
        Leaf::Slot(at) => slots.get(*at).map_or("", String::as_str),
        Leaf::Token => "",
    }
}

pub(in crate::journal) fn template<'a>(
    connection: &Connection,
    known: &'a mut HashMap<i64, RequestTemplate>,
    shape: i64,
) -> Result<&'a RequestTemplate, JournalError> {
    use std::collections::hash_map::Entry;
    Ok(match known.entry(shape) {
        Entry::Occupied(entry) => entry.into_mut(),
        Entry::Vacant(entry) => {
            let text: String = connection
                .prepare_cached("SELECT request FROM shape WHERE id = ?1")?
                .query_row([shape], |row| row.get(0))?;
            let template = serde_json::from_str(&text).map_err(|error| JournalError::Unreadable {
                row: shape,
                what: format!("its request: {error}"),
            })?;
            entry.insert(template)
        }
    })
}

/// A row waits until then for what was contacted before.
pub(in crate::journal) fn hold(
    tx: &Transaction<'_>,
    row: RowId,
    until: UnixMillis,
) -> Result<(), JournalError> {
    tx.prepare_cached("UPDATE row SET waits_until = ?2, waits_for = 1 WHERE id = ?1")?
        .execute(params![row.0, StampColumn(until)])?;
    Ok(())
}

/// A row failed and has no contact: rows of its campaign with its number wait for it no longer.
pub(in crate::journal) fn release_others(
    tx: &Transaction<'_>,
    failed: i64,
    now: UnixMillis,
) -> Result<(), JournalError> {
    // A millisecond later, for those of this one may have been claimed already.
    tx.prepare_cached(&format!(
        "UPDATE row SET waits_until = ?2 WHERE state = {} AND waits_for = 1 AND waits_until > ?2 AND id IN (
             SELECT number.row_id FROM row AS failed
             JOIN number ON number.campaign_id = failed.campaign_id AND number.destination = failed.destination
             WHERE failed.id = ?1)",
        State::Queued.code()
    ))?
    .execute(params![failed, StampColumn(now.plus(Duration::from_millis(1)))])?;
    Ok(())
}

impl Journal {
    /// Before a run: which rows an earlier one held is forgotten, for its limits may have been others.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn release_held(&mut self, campaign: CampaignId) -> Result<(), JournalError> {
        let tx = self.begin_write()?;
        tx.execute(
            &format!(
                "UPDATE row INDEXED BY row_waits SET waits_until = NULL, waits_for = NULL
                 WHERE campaign_id = ?1 AND state = {} AND waits_until IS NOT NULL AND waits_for = 1",
                State::Queued.code()
            ),
            [campaign.0],
        )?;
        tx.commit()
    }

    /// Takes note of how long contacts of the campaign live, for every campaign of the journal to know.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn set_contact_life(
        &mut self,
        campaign: CampaignId,
        contact_life: Option<Duration>,
    ) -> Result<(), JournalError> {
        let life = contact_life.map(|life| i64::try_from(life.as_millis()).unwrap_or(i64::MAX));
        let tx = self.begin_write()?;
        match life {
            Some(life) => tx.execute(
                "INSERT INTO contact_life (campaign_id, millis) VALUES (?1, ?2)
                 ON CONFLICT DO UPDATE SET millis = excluded.millis",
                params![campaign.0, life],
            )?,
            None => tx.execute("DELETE FROM contact_life WHERE campaign_id = ?1", [campaign.0])?,
        };
        tx.commit()
    }
}

/// Contacts of the campaign that were settled before a moment: what a day does not count. Counted once a day.
pub(in crate::journal) fn contacted_before(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    begins: UnixMillis,
) -> Result<u64, JournalError> {
    let count = |contacts: i64| u64::try_from(contacts).unwrap_or_default();
    let known: Option<i64> = tx
        .prepare_cached("SELECT contacts FROM contacts_before WHERE campaign_id = ?1 AND day = ?2")?
        .query_row(params![campaign.0, StampColumn(begins)], |row| row.get(0))
        .optional()?;
    if let Some(known) = known {
        return Ok(count(known));
    }
    let counted: i64 = tx.query_row(
        &format!(
            "SELECT count(*) FROM row WHERE campaign_id = ?1 AND state IN ({}) AND settled_at < ?2",
            sql::CONTACTED
        ),
        params![campaign.0, StampColumn(begins)],
        |row| row.get(0),
    )?;
    tx.execute(
        "INSERT OR REPLACE INTO contacts_before (campaign_id, day, contacts) VALUES (?1, ?2, ?3)",
        params![campaign.0, StampColumn(begins), counted],
    )?;
    Ok(count(counted))
}
