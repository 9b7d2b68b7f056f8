//! Taking events in: each group of them in one transaction, in any order, as often as they come.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Transaction, params};

use crate::domain::arn;
use crate::domain::delivery::state::State;
use crate::domain::delivery::verdict::TOKEN_SAFE;
use crate::domain::events::AccountEvent;
use crate::domain::events::join::{Candidate, Join, Sought, Unmatched, choose};
use crate::domain::events::told::{Heard, ToldMessage};
use crate::domain::message::request::{Leaf, RequestTemplate};
use crate::domain::phone::E164;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::care::purge;
use crate::journal::deliveries::kept::{self, KeptContact, KeptMessage};
use crate::journal::deliveries::rows::{self, TouchedRows};
use crate::journal::error::JournalError;
use crate::journal::file::open::{Journal, Reader};
use crate::journal::row::{CampaignId, ContactIdColumn, StampColumn, StateColumn, TextsColumn};
use crate::journal::sql;

/// Messages of one transaction that are tried again.
const AGAIN: usize = 5_000;
/// Pages of SQLite's cache while events come in, in KiB: ids are in no order.
const CACHE: i64 = -65_536;

/// What came of a group of events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    /// Events that said something new.
    pub news: u64,
    /// Messages and contacts that got a row.
    pub joined: u64,
}

impl std::ops::AddAssign for Taken {
    fn add_assign(&mut self, other: Self) {
        self.news += other.news;
        self.joined += other.joined;
    }
}

/// What a group of events has come to.
#[derive(Debug, Default)]
pub(super) struct Folded {
    pub(super) taken: Taken,
    /// Rows of which something is known now.
    touched: TouchedRows,
    /// Final words that came for rows, each with the place of its event in the group.
    words: Vec<(usize, i64, String)>,
    /// What has no row yet.
    pub(super) open: Vec<OpenJoin>,
}

impl Folded {
    /// Final words that came for rows, in order.
    pub(super) fn words(&mut self) -> Vec<(i64, String)> {
        let mut words = std::mem::take(&mut self.words);
        words.sort_by_key(|(place, ..)| *place);
        words.into_iter().map(|(_, row, word)| (row, word)).collect()
    }
}

/// A message or a contact that has no row yet.
#[derive(Debug)]
pub(super) enum OpenJoin {
    /// A message by its id.
    Message(String),
    /// A contact by its id.
    Contact(String),
}

/// Takes events into the journal.
#[derive(Debug)]
pub struct Intake<'j> {
    journal: &'j mut Journal,
    senders: Senders,
}

/// Where rows are sent from, as far as events need it.
#[derive(Debug, Default)]
pub(super) struct Senders {
    shapes: HashMap<i64, Leaf>,
    numbers: HashMap<String, String>,
    /// The number of sources that are not among them.
    pub(super) assumed: Option<String>,
}

/// A row that may be a message's.
struct FoundRow {
    row: i64,
    state: State,
    first_attempt_at: UnixMillis,
    settled_at: UnixMillis,
    ended_at: Option<UnixMillis>,
    source: Option<String>,
    home: Option<arn::Home>,
}

impl Journal {
    /// Begins to take events in.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn intake(&mut self) -> Result<Intake<'_>, JournalError> {
        self.connection.pragma_update(None, "cache_size", CACHE)?;
        let senders = Senders::read(&self.connection)?;
        Ok(Intake { journal: self, senders })
    }

    /// Whether any row of the journal has this contact.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn has_contact(&self, contact_id: &str) -> Result<bool, JournalError> {
        has_contact(&self.connection, contact_id)
    }

    /// Whether a source's phone number is known.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn has_source_number(&self, source: &str) -> Result<bool, JournalError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM source_number WHERE source = ?1)";
        Ok(self.connection.query_row(sql, [source], |row| row.get(0))?)
    }

    /// Takes note of a source's phone number.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn note_source_number(&mut self, source: &str, number: &E164) -> Result<(), JournalError> {
        let sql =
            "INSERT INTO source_number VALUES (?1, ?2) ON CONFLICT DO UPDATE SET number = excluded.number";
        let tx = self.begin_write()?;
        tx.execute(sql, [source, number.as_str()])?;
        tx.commit()
    }
}

impl Intake<'_> {
    /// Takes events in, in one transaction.
    ///
    /// # Errors
    /// Where the journal cannot be written; then nothing of the group is in it.
    pub fn take(&mut self, events: &[AccountEvent]) -> Result<Taken, JournalError> {
        let tx = self.journal.begin_write()?;
        let folded = self.senders.fold(&tx, events)?;
        tx.commit()?;
        self.journal.checkpoint_if_long()?;
        Ok(folded.taken)
    }

    /// Tries everything again that has no row: contacts first, since when one ended says which messages are its.
    ///
    /// # Errors
    /// Where the journal cannot be written; what was joined before is.
    pub fn join_again(&mut self) -> Result<Taken, JournalError> {
        let mut taken = Taken::default();
        self.contacts(&mut taken)?;
        self.messages(&mut taken)?;
        self.journal.checkpoint()?;
        Ok(taken)
    }

    /// Joins what has a contact's id.
    fn contacts(&mut self, taken: &mut Taken) -> Result<(), JournalError> {
        // 2: by contact id.
        for (table, unmatched, set) in [
            ("contact_event", "row_id IS NULL", "row_id = ?2"),
            ("message", "row_id IS NULL AND contact_id IS NOT NULL", "row_id = ?2, joined = 2, why = NULL"),
        ] {
            let mut after: Option<rusqlite::types::Value> = None;
            loop {
                let tx = self.journal.begin_write()?;
                let told: Vec<rusqlite::types::Value> = tx
                    .prepare_cached(&format!(
                        "SELECT DISTINCT contact_id FROM {table} WHERE {unmatched} AND (?1 IS NULL OR contact_id > ?1)
                         ORDER BY contact_id LIMIT ?2"
                    ))?
                    .query_map(params![after, AGAIN as i64], |row| row.get(0))?
                    .collect::<Result<_, _>>()?;
                let Some(last) = told.last() else { break };
                after = Some(last.clone());
                let mut touched = BTreeSet::new();
                for contact_id in &told {
                    let Some(row) = kept::row_with_contact(&tx, contact_id)? else { continue };
                    let join = format!("UPDATE {table} SET {set} WHERE contact_id = ?1 AND {unmatched}");
                    taken.joined += tx.prepare_cached(&join)?.execute(params![contact_id, row])? as u64;
                    touched.insert(row);
                }
                rows::derive(&tx, touched.iter().copied())?;
                purge::keep_from(&tx, touched)?;
                tx.commit()?;
            }
        }
        Ok(())
    }

    fn messages(&mut self, taken: &mut Taken) -> Result<(), JournalError> {
        let mut after: Option<rusqlite::types::Value> = None;
        loop {
            let tx = self.journal.begin_write()?;
            self.senders.learn(&tx)?;
            let unmatched: Vec<(rusqlite::types::Value, KeptMessage)> = tx
                .prepare_cached(&format!(
                    "SELECT {}, message_id FROM message NOT INDEXED
                     WHERE row_id IS NULL AND destination IS NOT NULL AND status IS NOT NULL
                         AND (?1 IS NULL OR message_id > ?1)
                     ORDER BY message_id LIMIT ?2",
                    KeptMessage::COLUMNS
                ))?
                .query_map(params![after, AGAIN as i64], |row| {
                    Ok((row.get(KeptMessage::WIDTH)?, KeptMessage::of(row)?))
                })?
                .collect::<Result<_, _>>()?;
            let Some((last, _)) = unmatched.last() else { return Ok(()) };
            after = Some(last.clone());
            let mut touched = BTreeSet::new();
            for (id, KeptMessage { known, .. }) in &unmatched {
                let joined = self.senders.find(&tx, known)?;
                touched.extend(joined.ok());
                taken.joined += u64::from(joined.is_ok());
                note(&tx, id, joined, known.join())?;
            }
            rows::derive(&tx, touched.iter().copied())?;
            purge::keep_from(&tx, touched)?;
            tx.commit()?;
        }
    }
}

/// Writes a message's row, or why it has none.
fn note(
    tx: &Transaction<'_>,
    id: &dyn rusqlite::ToSql,
    joined: Result<i64, Unmatched>,
    join: Join,
) -> Result<(), JournalError> {
    match joined {
        Ok(row) => tx
            .prepare_cached("UPDATE message SET row_id = ?2, joined = ?3, why = NULL WHERE message_id = ?1")?
            .execute(params![id, row, join.code()])?,
        Err(why) => tx
            .prepare_cached("UPDATE message SET why = ?2 WHERE message_id = ?1 AND why IS NOT ?2")?
            .execute(params![id, why.code()])?,
    };
    Ok(())
}

impl Senders {
    fn read(connection: &rusqlite::Connection) -> Result<Self, JournalError> {
        let mut senders = Self::default();
        senders.learn(connection)?;
        Ok(senders)
    }

    /// Reads the shapes that are new, and the numbers.
    fn learn(&mut self, connection: &rusqlite::Connection) -> Result<(), JournalError> {
        let newest = self.shapes.keys().max().copied().unwrap_or(0);
        let mut statement = connection.prepare_cached("SELECT id, request FROM shape WHERE id > ?1")?;
        let mut rows = statement.query([newest])?;
        while let Some(row) = rows.next()? {
            let (id, request): (i64, String) = (row.get(0)?, row.get(1)?);
            let shape: RequestTemplate = serde_json::from_str(&request).map_err(|error| {
                JournalError::Unreadable { row: id, what: format!("its request: {error}") }
            })?;
            self.shapes.insert(id, shape.source);
        }
        self.numbers = connection
            .prepare_cached("SELECT source, number FROM source_number")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        Ok(())
    }

    /// Takes events in, inside a transaction of the caller's. What is kept of a message or a contact is read once, and written
    /// once, whatever number of them tell of it; in the order of ids, as the tables are.
    pub(super) fn fold(
        &mut self,
        tx: &Transaction<'_>,
        events: &[AccountEvent],
    ) -> Result<Folded, JournalError> {
        self.learn(tx)?;
        let mut folded = Folded::default();
        let (mut messages, mut contacts) = (Vec::new(), Vec::new());
        for (place, event) in events.iter().enumerate() {
            match event {
                AccountEvent::Message(event) => messages.push((&event.message_id, place)),
                AccountEvent::Sent(record) => messages.push((&record.message_id, place)),
                AccountEvent::Contact(event) => contacts.push((&event.contact_id, place)),
            }
        }
        messages.sort_unstable();
        contacts.sort_unstable();
        for told in messages.chunk_by(|a, b| a.0 == b.0) {
            self.message(tx, events, told, &mut folded)?;
        }
        for told in contacts.chunk_by(|a, b| a.0 == b.0) {
            contact(tx, events, told, &mut folded)?;
        }
        end(tx, &folded)?;
        Ok(folded)
    }

    /// Tries what had no row once more, inside a transaction of the caller's.
    pub(super) fn retry(
        &mut self,
        tx: &Transaction<'_>,
        open: Vec<OpenJoin>,
    ) -> Result<Folded, JournalError> {
        self.learn(tx)?;
        let mut folded = Folded::default();
        for join in open {
            match &join {
                OpenJoin::Contact(id) => {
                    let kept = KeptContact::read(tx, id)?.filter(|kept| kept.row.is_none());
                    kept.map_or(Ok(()), |kept| join_contact(tx, id, kept, false, &mut folded))?;
                }
                OpenJoin::Message(id) => {
                    let kept = KeptMessage::read(tx, id)?.filter(|kept| kept.row.is_none());
                    kept.map_or(Ok(()), |kept| self.settle(tx, id, kept, None, &mut folded))?;
                }
            }
        }
        end(tx, &folded)?;
        Ok(folded)
    }

    /// Takes in what a group tells of one message.
    fn message(
        &self,
        tx: &Transaction<'_>,
        events: &[AccountEvent],
        told: &[(&String, usize)],
        folded: &mut Folded,
    ) -> Result<(), JournalError> {
        let id = told[0].0;
        let mut kept = KeptMessage::read(tx, id)?.unwrap_or_default();
        let (mut news, mut last_word) = (0, None);
        for &(_, place) in told {
            let has_row = kept.row.is_some();
            let heard = match &events[place] {
                AccountEvent::Message(event) => kept.known.hear(event, has_row),
                AccountEvent::Sent(record) => kept.known.hear_record(record, has_row),
                AccountEvent::Contact(_) => Heard::Nothing,
            };
            news += u64::from(heard != Heard::Nothing);
            last_word = if heard == Heard::LastWord { Some(place) } else { last_word };
        }
        folded.taken.news += news;
        if news > 0 { self.settle(tx, id, kept, last_word, folded) } else { Ok(()) }
    }

    /// Joins a message that has no row yet, and writes what is known of it. A final word that came just now has its place
    /// in the group; of one that is joined only now, an earlier one is news to its row as well.
    fn settle(
        &self,
        tx: &Transaction<'_>,
        id: &str,
        mut kept: KeptMessage,
        last_word: Option<usize>,
        folded: &mut Folded,
    ) -> Result<(), JournalError> {
        let is_joined = kept.row.is_some();
        if !is_joined {
            match self.find(tx, &kept.known)? {
                Ok(row) => (kept.row, kept.joined) = (Some(row), Some(kept.known.join().code())),
                Err(why) => kept.why = Some(why),
            }
        }
        match kept.row {
            Some(row) => {
                folded.taken.joined += u64::from(!is_joined);
                if let Some(word) = kept.known.last_word().filter(|_| last_word.is_some() || !is_joined) {
                    folded.words.push((last_word.unwrap_or(0), row, word.to_owned()));
                }
                if is_joined {
                    kept.write_told(tx, id)?;
                } else {
                    kept.write(tx, id)?;
                }
                folded.touched.message(row, kept, is_joined);
            }
            None => {
                folded.open.push(OpenJoin::Message(id.to_owned()));
                kept.write(tx, id)?;
            }
        }
        Ok(())
    }

    /// The one row that a message fits.
    fn find(
        &self,
        tx: &Transaction<'_>,
        known: &ToldMessage,
    ) -> Result<Result<i64, Unmatched>, JournalError> {
        let Some(destination) = &known.destination else { return Ok(Err(Unmatched::NoDestination)) };
        let Some(requested_at) = known.requested_at else { return Ok(Err(Unmatched::NoTime)) };
        let found = self.rows_with(tx, destination)?;
        let candidates: Vec<Candidate<'_>> = found.iter().map(|found| self.candidate(found)).collect();
        let sought = Sought {
            requested_at,
            origination: known.origination.as_deref(),
            account: known.account.as_deref(),
            region: known.region.as_deref(),
        };
        Ok(choose(&sought, &candidates).map(|at| found[at].row))
    }

    fn candidate<'f>(&'f self, found: &'f FoundRow) -> Candidate<'f> {
        let known = found.source.as_ref().and_then(|source| self.numbers.get(source)).map(String::as_str);
        Candidate {
            first_attempt_at: found.first_attempt_at,
            settled_at: found.settled_at,
            ended_at: found.ended_at,
            in_doubt: found.state != State::Started,
            number: known.or(self.assumed.as_deref().filter(|_| found.source.is_some())),
            account: found.home.as_ref().map(|home| home.account.as_str()),
            region: found.home.as_ref().map(|home| home.region.as_str()),
        }
    }

    /// Rows of any campaign with this number that have a contact, or may have one.
    fn rows_with(&self, tx: &Transaction<'_>, destination: &str) -> Result<Vec<FoundRow>, JournalError> {
        let mut statement = tx.prepare_cached(&format!(
            "SELECT row.id, state, first_attempt_at, row.settled_at, shape_id, slots, delivery.ended_at
             FROM campaign CROSS JOIN number ON number.campaign_id = campaign.id AND number.destination = ?1
             CROSS JOIN row ON row.id = number.row_id LEFT JOIN delivery ON delivery.row_id = row.id
             WHERE state IN ({}) AND first_attempt_at IS NOT NULL",
            sql::CONTACTED
        ))?;
        let mut rows = statement.query([destination])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let StampColumn(first_attempt_at) = row.get(2)?;
            let settled: Option<StampColumn> = row.get(3)?;
            // A row in doubt may be requested again for six days.
            let settled = settled.map_or_else(|| first_attempt_at.plus(TOKEN_SAFE), |at| at.0);
            let source = match row.get::<_, Option<i64>>(4)?.and_then(|shape| self.shapes.get(&shape)) {
                Some(Leaf::Fixed(source)) => Some(source.clone()),
                Some(Leaf::Slot(slot)) => {
                    let TextsColumn(slots) = row.get(5)?;
                    slots.get(*slot).cloned()
                }
                Some(Leaf::Token) | None => None,
            };
            found.push(FoundRow {
                row: row.get(0)?,
                state: row.get::<_, StateColumn>(1)?.0,
                first_attempt_at,
                settled_at: settled,
                ended_at: row.get::<_, Option<StampColumn>>(6)?.map(|at| at.0),
                home: source.as_deref().and_then(|source| arn::phone_number(source).ok()),
                source,
            });
        }
        Ok(found)
    }
}

/// Takes in what a group tells of one contact.
fn contact(
    tx: &Transaction<'_>,
    events: &[AccountEvent],
    told: &[(&String, usize)],
    folded: &mut Folded,
) -> Result<(), JournalError> {
    let id = told[0].0;
    let kept = KeptContact::read(tx, id)?;
    // That there is such a contact is news, whatever else the event says.
    let mut news = u64::from(kept.is_none());
    let mut kept = kept.unwrap_or_default();
    for (index, (_, place)) in told.iter().enumerate() {
        if let AccountEvent::Contact(event) = &events[*place] {
            let heard = kept.known.hear(event);
            news += u64::from(heard && !(index == 0 && news > 0));
        }
    }
    folded.taken.news += news;
    match kept.row {
        Some(_) if news == 0 => Ok(()),
        Some(row) => {
            kept.write(tx, id)?;
            folded.touched.contact(row, kept.known);
            Ok(())
        }
        None => join_contact(tx, id, kept, news > 0, folded),
    }
}

/// Joins a contact to the one row that has it, and writes what is known of it where that is new.
fn join_contact(
    tx: &Transaction<'_>,
    id: &str,
    mut kept: KeptContact,
    is_news: bool,
    folded: &mut Folded,
) -> Result<(), JournalError> {
    kept.row = kept::row_with_contact(tx, &ContactIdColumn(id))?;
    if is_news || kept.row.is_some() {
        kept.write(tx, id)?;
    }
    match kept.row {
        Some(row) => {
            folded.touched.contact(row, kept.known);
            folded.taken.joined += 1;
        }
        None => folded.open.push(OpenJoin::Contact(id.to_owned())),
    }
    Ok(())
}

/// Writes what rows show of what was told.
fn end(tx: &Transaction<'_>, folded: &Folded) -> Result<(), JournalError> {
    folded.touched.write(tx)?;
    Ok(purge::keep_from(tx, folded.touched.rows())?)
}

/// Whether any row of the journal has this contact.
pub(in crate::journal) fn has_contact(
    connection: &rusqlite::Connection,
    contact_id: &str,
) -> Result<bool, JournalError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM row INDEXED BY row_contact WHERE contact_id = ?1)";
    Ok(connection.prepare_cached(sql)?.query_row([ContactIdColumn(contact_id)], |row| row.get(0))?)
}

/// The sources that all rows of a plan share, of a campaign.
pub(in crate::journal) fn sources(
    connection: &rusqlite::Connection,
    campaign: CampaignId,
) -> Result<Vec<String>, JournalError> {
    let mut statement = connection.prepare_cached("SELECT request FROM shape WHERE campaign_id = ?1")?;
    let mut rows = statement.query([campaign.0])?;
    let mut sources = BTreeSet::new();
    while let Some(row) = rows.next()? {
        let request: String = row.get(0)?;
        if let Ok(RequestTemplate { source: Leaf::Fixed(source), .. }) = serde_json::from_str(&request) {
            sources.insert(source);
        }
    }
    let mut senders = connection.prepare_cached("SELECT source FROM sender WHERE campaign_id = ?1")?;
    let senders = senders.query_map([campaign.0], |row| row.get(0))?;
    sources.extend(senders.collect::<Result<Vec<String>, _>>()?);
    Ok(sources.into_iter().filter(|source| !source.is_empty()).collect())
}

impl Journal {
    /// The sources that all rows of a plan share, of a campaign.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn fixed_sources(&self, campaign: CampaignId) -> Result<Vec<String>, JournalError> {
        sources(&self.connection, campaign)
    }
}

impl Reader {
    /// Those of them whose phone number is not known.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn sources_without_number(&self, campaign: CampaignId) -> Result<Vec<String>, JournalError> {
        let mut sources = sources(&self.connection, campaign)?;
        let known = Senders::read(&self.connection)?.numbers;
        sources.retain(|source| !known.contains_key(source));
        Ok(sources)
    }
}
