//! Taking events in: each group of them in one transaction, in any order, as often as they come.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Transaction, TransactionBehavior, params};

use crate::domain::arn;
use crate::domain::delivery::state::State;
use crate::domain::delivery::verdict::TOKEN_SAFE;
use crate::domain::events::AccountEvent;
use crate::domain::events::join::{Candidate, Join, Sought, Unmatched, choose};
use crate::domain::message::request::{Leaf, RequestTemplate};
use crate::domain::phone::E164;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::deliveries::fold::{self, KnownMessage};
use crate::journal::deliveries::rows;
use crate::journal::error::JournalError;
use crate::journal::file::open::{Journal, Reader};
use crate::journal::row::{CampaignId, ContactIdColumn, StampColumn, StateColumn, TextsColumn};
use crate::journal::sql;

/// Messages of one transaction that are tried again.
const AGAIN: usize = 5_000;
/// Pages of SQLite's cache while events come in, in KiB: ids are in no order.
const CACHE: i64 = -65_536;

/// What is joined by the id of a contact.
struct ByContact {
    table: &'static str,
    unmatched: &'static str,
    set: &'static str,
}

const CONTACT_EVENTS: ByContact =
    ByContact { table: "contact_event", unmatched: "told.row_id IS NULL", set: "row_id = ?1" };
const CONTEXTS: ByContact = ByContact {
    table: "message",
    unmatched: "told.row_id IS NULL AND told.contact_id IS NOT NULL",
    // 2: by contact id.
    set: "row_id = ?1, joined = 2, why = NULL",
};

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

/// Takes events into the journal.
#[derive(Debug)]
pub struct Intake<'j> {
    journal: &'j mut Journal,
    senders: Senders,
}

/// Where rows are sent from, as far as events need it.
#[derive(Debug, Default)]
struct Senders {
    shapes: HashMap<i64, Leaf>,
    numbers: HashMap<String, String>,
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

    /// Takes note of a source's phone number.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn note_source_number(&mut self, source: &str, number: &E164) -> Result<(), JournalError> {
        let sql =
            "INSERT INTO source_number VALUES (?1, ?2) ON CONFLICT DO UPDATE SET number = excluded.number";
        self.connection.execute(sql, [source, number.as_str()])?;
        Ok(())
    }
}

impl Intake<'_> {
    /// Takes events in, in one transaction.
    ///
    /// # Errors
    /// Where the journal cannot be written; then nothing of the group is in it.
    pub fn take(&mut self, events: &[AccountEvent]) -> Result<Taken, JournalError> {
        let tx = self.journal.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        self.senders.learn(&tx)?;
        let (mut taken, mut touched) = (Taken::default(), BTreeSet::new());
        for event in events {
            let news = match event {
                AccountEvent::Message(event) => {
                    let known = fold::message(&tx, event)?;
                    self.senders.settle(&tx, &event.message_id, known, &mut taken, &mut touched)?
                }
                AccountEvent::Sent(record) => {
                    let known = fold::sent(&tx, record)?;
                    self.senders.settle(&tx, &record.message_id, known, &mut taken, &mut touched)?
                }
                AccountEvent::Contact(event) => {
                    let (news, row) = fold::contact(&tx, event)?;
                    touched.extend(row.filter(|_| news));
                    news
                }
            };
            taken.news += u64::from(news);
        }
        rows::derive(&tx, &touched)?;
        tx.commit()?;
        self.journal.checkpoint_if_long()?;
        Ok(taken)
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

    /// Joins what has a contact's id. Rows have no index by it: that would cost every run more than this costs an import.
    fn contacts(&mut self, taken: &mut Taken) -> Result<(), JournalError> {
        for by in [CONTACT_EVENTS, CONTEXTS] {
            let connection = &mut self.journal.connection;
            let any = format!("SELECT EXISTS (SELECT 1 FROM {} AS told WHERE {})", by.table, by.unmatched);
            if !connection.query_row(&any, [], |row| row.get::<_, bool>(0))? {
                continue;
            }
            let found: Vec<i64> = connection
                .prepare(&format!(
                    "SELECT DISTINCT row.id FROM row NOT INDEXED
                     CROSS JOIN {} AS told ON told.contact_id = row.contact_id AND {}
                     WHERE state = {} AND row.contact_id IS NOT NULL",
                    by.table,
                    by.unmatched,
                    State::Started.code()
                ))?
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            let join = format!(
                "UPDATE {} AS told SET {} WHERE contact_id = (SELECT contact_id FROM row WHERE id = ?1) AND {}",
                by.table, by.set, by.unmatched
            );
            for rows in found.chunks(AGAIN) {
                let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                for row in rows {
                    taken.joined += tx.prepare_cached(&join)?.execute([row])? as u64;
                }
                rows::derive(&tx, &rows.iter().copied().collect())?;
                tx.commit()?;
            }
        }
        Ok(())
    }

    fn messages(&mut self, taken: &mut Taken) -> Result<(), JournalError> {
        let mut after: Option<rusqlite::types::Value> = None;
        loop {
            let tx = self.journal.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            self.senders.learn(&tx)?;
            let unmatched: Vec<(rusqlite::types::Value, KnownMessage)> = tx
                .prepare_cached(&format!(
                    "SELECT {}, message_id FROM message NOT INDEXED
                     WHERE row_id IS NULL AND destination IS NOT NULL AND status IS NOT NULL
                         AND (?1 IS NULL OR message_id > ?1)
                     ORDER BY message_id LIMIT ?2",
                    KnownMessage::COLUMNS
                ))?
                .query_map(params![after, AGAIN as i64], |row| Ok((row.get(7)?, KnownMessage::read(row)?)))?
                .collect::<Result<_, _>>()?;
            let Some((last, _)) = unmatched.last() else { return Ok(()) };
            after = Some(last.clone());
            let mut touched = BTreeSet::new();
            for (id, known) in &unmatched {
                let joined = self.senders.find(&tx, known)?;
                touched.extend(joined.ok());
                taken.joined += u64::from(joined.is_ok());
                note(&tx, id, joined, known.join())?;
            }
            rows::derive(&tx, &touched)?;
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

    /// Joins a message that has no row yet. Says whether the event told anything new.
    fn settle(
        &self,
        tx: &Transaction<'_>,
        id: &str,
        known: Option<KnownMessage>,
        taken: &mut Taken,
        touched: &mut BTreeSet<i64>,
    ) -> Result<bool, JournalError> {
        let Some(known) = known else { return Ok(false) };
        if let Some(row) = known.row {
            touched.insert(row);
            return Ok(true);
        }
        let joined = self.find(tx, &known)?;
        touched.extend(joined.ok());
        taken.joined += u64::from(joined.is_ok());
        note(tx, &ContactIdColumn(id), joined, known.join())?;
        Ok(true)
    }

    /// The one row that a message fits.
    fn find(
        &self,
        tx: &Transaction<'_>,
        known: &KnownMessage,
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
        Candidate {
            first_attempt_at: found.first_attempt_at,
            settled_at: found.settled_at,
            ended_at: found.ended_at,
            in_doubt: found.state != State::Started,
            number: found.source.as_ref().and_then(|source| self.numbers.get(source)).map(String::as_str),
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
                None => None,
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

/// The sources that all rows of a plan share, of a campaign.
fn sources(connection: &rusqlite::Connection, campaign: CampaignId) -> Result<Vec<String>, JournalError> {
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
