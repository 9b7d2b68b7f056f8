//! Looking a whole journal over on request: that every page is there, that counts and rows agree, and that every row is
//! one that this program would have written. It only looks.
//!
//! SQLite keeps no checksum of its pages, so a changed byte inside a text is for us to notice: a client token follows
//! from instance, campaign and key, and a payload must fit its shape. What no rule ties to anything (a message, a time, a
//! contact id) can still be wrong.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use rusqlite::Row;
use uuid::Uuid;

use crate::domain::delivery::state::{Decision, State};
use crate::domain::delivery::tally::Tally;
use crate::domain::figures::counted;
use crate::domain::message::request::RequestTemplate;
use crate::domain::phone::E164;
use crate::domain::row::token::TokenSpace;
use crate::journal::campaign::{BY_HAND, Campaign};
use crate::journal::care::hours::HoursKept;
use crate::journal::error::JournalError;
use crate::journal::file::commit_counter::Marks;
use crate::journal::file::open::Reader;
use crate::journal::file::{backup, commit_counter};
use crate::journal::query::shapes;
use crate::journal::row::{ContactIdColumn, PURGED_KEY, TextsColumn, TokenColumn};
use crate::journal::run::by_hand;
use crate::journal::sql;
use crate::journal::tally;

/// What a journal was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// The version of its schema.
    pub schema: i64,
    /// Its campaigns, with the counts that are kept.
    pub campaigns: Vec<(Campaign, Tally)>,
    /// What is wrong; empty where nothing is.
    pub findings: Vec<Finding>,
    /// Of each campaign whose runs kept hours or a schedule: whether every request left inside them.
    pub hours: Vec<(String, HoursKept)>,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Of which campaign; `None` where it is of the journal.
    pub campaign: Option<String>,
    /// What, in words without personal data.
    pub what: String,
}

impl Reader {
    /// Looks everything over: the whole file, every row, and the mark beside the journal at `path`. Constant memory.
    ///
    /// # Errors
    /// Where the journal cannot be read at all. What can be read and is wrong is in the findings.
    pub fn look_over(&self, path: &Path) -> Result<Audit, JournalError> {
        // Before the snapshot: a run that goes on moves its mark only after the journal.
        let marks = Marks::read(path)
            .map_err(|source| JournalError::Open { path: commit_counter::path(path), source })?;
        let _snapshot = self.snapshot()?;
        let mut findings = AuditFindings(Vec::new());
        let schema =
            self.connection
                .query_row("SELECT max(version) FROM refinery_schema_history", [], |row| row.get(0))?;
        if let Some(what) = self.damage()? {
            // What SQLite itself cannot follow is not looked at further.
            findings.add(None, what);
            return Ok(Audit { schema, campaigns: Vec::new(), findings: findings.0, hours: Vec::new() });
        }
        let counted = commit_counter::counted(&self.connection)?;
        let (mut campaigns, mut hours) = (Vec::new(), Vec::new());
        for campaign in self.campaigns()? {
            if let Some(groups) = marks.groups(&campaign.name, campaign.created_at)
                && groups > counted
            {
                let missing = groups - counted;
                findings.add(
                    Some(&campaign),
                    format!("its latest results are lost: {missing} groups, as its mark says"),
                );
            }
            self.look_at(&campaign, &mut findings)?;
            hours.extend(self.hours_kept(campaign.id)?.map(|kept| (campaign.name.clone(), kept)));
            let kept = tally::kept(&self.connection, campaign.id).unwrap_or_default();
            campaigns.push((campaign, kept));
        }
        self.look_at_references(&mut findings)?;
        Ok(Audit { schema, campaigns, findings: findings.0, hours })
    }

    /// The first thing that SQLite's own examination finds.
    pub(in crate::journal) fn damage(&self) -> Result<Option<String>, JournalError> {
        Ok(backup::first_damage(&self.connection)?)
    }

    fn look_at(&self, campaign: &Campaign, findings: &mut AuditFindings) -> Result<(), JournalError> {
        match crate::journal::campaign::verified(&self.connection, campaign.id) {
            Ok(_) => {}
            Err(JournalError::Unbalanced(what)) => {
                findings.add(Some(campaign), format!("its counts do not add up: {what}"));
            }
            // A state that does not exist: the rows tell.
            Err(JournalError::Sqlite(_)) => {}
            Err(error) => return Err(error),
        }
        let mut rules = AuditRules::of(self, campaign)?;
        let mut statement = self.connection.prepare(
            "SELECT id, key, destination, state, client_token, shape_id, slots, cells, attempts, first_attempt_at,
                 doubt_at, settled_at, contact_id, code, header_id,
                 (SELECT count(*) FROM earlier_attempt WHERE earlier_attempt.row_id = row.id)
             FROM row NOT INDEXED WHERE campaign_id = ?1",
        )?;
        let mut rows = statement.query([campaign.id.0])?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            match rules.broken_by(row) {
                Ok(None) => {}
                Ok(Some(what)) => rules.note(what, id),
                Err(_) => rules.note("cannot be read", id),
            }
        }
        for (what, (rows, first)) in rules.broken {
            let verb = if rows == 1 { "row" } else { "rows" };
            findings.add(
                Some(campaign),
                format!("{rows} {verb}: {what} (the first is row {first} of the table)"),
            );
        }
        self.look_at_contact_ids(campaign, findings)?;
        self.look_at_keys(campaign, findings)
    }

    /// Amazon Connect gives each contact an id of its own.
    fn look_at_contact_ids(
        &self,
        campaign: &Campaign,
        findings: &mut AuditFindings,
    ) -> Result<(), JournalError> {
        let (ids, rows, first): (i64, i64, Option<i64>) = self.connection.query_row(
            "SELECT count(*), coalesce(sum(rows), 0), min(first) FROM (
                 SELECT count(*) AS rows, min(id) AS first FROM row NOT INDEXED
                 WHERE campaign_id = ?1 AND contact_id IS NOT NULL GROUP BY contact_id HAVING rows > 1)",
            [campaign.id.0],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        if let Some(first) = first {
            let ids = counted(ids.unsigned_abs(), "contact id", "contact ids");
            findings.add(
                Some(campaign),
                format!(
                    "{ids} for {rows} rows (the first is row {first} of the table): what answered was not Amazon Connect"
                ),
            );
        }
        Ok(())
    }

    /// Every recipient can be found by its key, and nothing else can.
    fn look_at_keys(&self, campaign: &Campaign, findings: &mut AuditFindings) -> Result<(), JournalError> {
        let (indexed, rows, keys, strays): (bool, i64, i64, i64) = self.connection.query_row(
            &format!(
                "SELECT indexed,
                 (SELECT count(*) FROM row WHERE campaign_id = ?1 AND {recipients}),
                 (SELECT count(*) FROM recipient WHERE campaign_id = ?1),
                 (SELECT count(*) FROM recipient LEFT JOIN row ON row.id = row_id AND row.campaign_id = ?1
                  WHERE recipient.campaign_id = ?1 AND recipient.key IS NOT
                      coalesce(row.key, {key}))
             FROM campaign WHERE id = ?1",
                recipients = sql::IS_RECIPIENT,
                key = PURGED_KEY
            ),
            [campaign.id.0],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )?;
        if indexed && (rows != keys || strays > 0) {
            let what =
                format!("{rows} recipients, {keys} keys to find them by, {strays} of those of another row");
            findings.add(Some(campaign), what);
        }
        if indexed { self.look_at_numbers(campaign, findings) } else { Ok(()) }
    }

    /// Every recipient with a number can be found by it, and nothing else can.
    fn look_at_numbers(&self, campaign: &Campaign, findings: &mut AuditFindings) -> Result<(), JournalError> {
        let (rows, numbers, strays): (i64, i64, i64) = self.connection.query_row(
            &format!(
                "SELECT (SELECT count(*) FROM row
                         WHERE campaign_id = ?1 AND state NOT IN ({}) AND destination IS NOT NULL),
                     (SELECT count(*) FROM number WHERE campaign_id = ?1),
                     (SELECT count(*) FROM number LEFT JOIN row ON row.id = row_id AND row.campaign_id = ?1
                      WHERE number.campaign_id = ?1 AND (row.id IS NULL
                          OR (row.destination <> number.destination AND row.destination GLOB '+*')))",
                sql::NO_RECIPIENTS
            ),
            [campaign.id.0],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        if rows != numbers || strays > 0 {
            let what = format!(
                "{rows} recipients with a number, {numbers} numbers to find them by, {strays} of those of another row"
            );
            findings.add(Some(campaign), what);
        }
        Ok(())
    }

    fn look_at_references(&self, findings: &mut AuditFindings) -> Result<(), JournalError> {
        let mut statement = self
            .connection
            .prepare("SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2")?;
        let mut broken = statement.query([])?;
        while let Some(row) = broken.next()? {
            let (table, parent, rows): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            findings.add(
                None,
                format!("{rows} rows of the table {table} belong to no row of the table {parent}"),
            );
        }
        Ok(())
    }
}

struct AuditFindings(Vec<Finding>);

impl AuditFindings {
    fn add(&mut self, campaign: Option<&Campaign>, what: String) {
        self.0.push(Finding { campaign: campaign.map(|campaign| campaign.name.clone()), what });
    }
}

/// What every row of a campaign must be.
struct AuditRules {
    /// The campaign's name.
    name: String,
    tokens: TokenSpace,
    /// Whether a key is the token itself.
    by_hand: bool,
    shapes: HashMap<i64, Option<RequestTemplate>>,
    purged: bool,
    /// Which rules were broken: by how many rows, and the first of them.
    broken: BTreeMap<&'static str, (u64, i64)>,
}

impl AuditRules {
    fn of(reader: &Reader, campaign: &Campaign) -> Result<Self, JournalError> {
        let origin = reader.origin(campaign.id)?;
        let tokens = TokenSpace::new(&origin.instance_id, &campaign.name);
        let purged = reader.purged_at(campaign.id)?.is_some();
        let by_hand = campaign.name == BY_HAND;
        Ok(Self {
            name: campaign.name.clone(),
            tokens,
            by_hand,
            shapes: shapes::stored(&reader.connection, campaign.id)?
                .into_iter()
                .map(|(id, request)| (id, serde_json::from_str(&request).ok()))
                .collect(),
            purged,
            broken: BTreeMap::new(),
        })
    }

    fn note(&mut self, what: &'static str, row: i64) {
        self.broken.entry(what).or_insert((0, row)).0 += 1;
    }

    fn broken_by(&self, row: &Row<'_>) -> rusqlite::Result<Option<&'static str>> {
        let Some(state) = State::from_code(row.get(3)?) else {
            return Ok(Some("a state that does not exist"));
        };
        let TextsColumn(_) = row.get(7)?;
        let key: Option<String> = row.get(1)?;
        let token: Option<TokenColumn> = row.get(4)?;
        let broken = match (state, key, token) {
            (State::Rejected, ..) | (State::Suppressed, _, None) => None,
            (_, _, None) => Some("no client token"),
            (_, None, Some(_)) => (!self.purged).then_some("no key"),
            (_, Some(key), Some(TokenColumn(token))) => self.payload(row, &key, token)?,
        };
        Ok(match broken {
            Some(what) => Some(what),
            None => history(row, state)?,
        })
    }

    fn payload(&self, row: &Row<'_>, key: &str, token: Uuid) -> rusqlite::Result<Option<&'static str>> {
        let (shape, TextsColumn(slots)): (i64, _) = (row.get(5)?, row.get(6)?);
        let Some(Some(shape)) = self.shapes.get(&shape) else {
            return Ok(Some("a request that cannot be read"));
        };
        let tokens = shape.sender_instance(&slots).map_or(self.tokens, |id| TokenSpace::new(id, &self.name));
        let expected = match self.by_hand {
            true => by_hand::token(key),
            false => tokens.corrected(key, row.get(15)?),
        };
        if expected != token {
            return Ok(Some("a client token that is not that of its key"));
        }
        let destination: String = row.get(2)?;
        if E164::parse(&destination).is_none() {
            return Ok(Some("a number that is none"));
        }
        Ok(shape.fill(&slots, &destination, token).err().map(|_| "a request with a text missing"))
    }
}

/// What a row's state says of its times and its contact.
fn history(row: &Row<'_>, state: State) -> rusqlite::Result<Option<&'static str>> {
    let attempts: u32 = row.get(8)?;
    let time = |index: usize| row.get::<_, Option<i64>>(index).map(|time| time.is_some());
    let (requested, doubted, settled) = (time(9)?, time(10)?, time(11)?);
    let mut buffer = Uuid::encode_buffer();
    let contact = ContactIdColumn::read(row.get_ref(12)?, &mut buffer)?.is_some();
    let code: Option<String> = row.get(13)?;
    let decided = |decision: Decision| code.as_deref() == Some(decision.code());
    Ok(match state {
        _ if requested != (attempts > 0) => Some("requests without a time, or a time without requests"),
        State::Started if !contact && !decided(Decision::Started) => Some("started, without a contact id"),
        State::Started | State::Failed | State::Uncertain if !settled || attempts == 0 => {
            Some("an outcome without a request, or without a time")
        }
        State::Attempting if attempts == 0 || !doubted => {
            Some("attempting, without a request that nobody answered")
        }
        State::Queued | State::Withdrawn | State::Suppressed | State::Expired if doubted || contact => {
            Some("never contacted, with a request that nobody answered, or a contact id")
        }
        State::Failed if contact => Some("failed, with a contact id"),
        State::Rejected | State::Duplicate if attempts > 0 || contact => {
            Some("a line that is no recipient, requested")
        }
        _ => None,
    })
}
