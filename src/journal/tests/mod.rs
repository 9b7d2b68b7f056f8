//! What operations leave in the journal, row by row. Each file has one part of them.

mod alive;
mod audit;
mod claims;
mod corrections;
mod decisions;
mod deliveries;
mod figures;
mod hours;
mod limits;
mod numbers;
mod outcomes;
mod plans;
mod purge;
mod runs;
mod senders;
mod writer;

use std::collections::BTreeMap;
use std::os::unix::fs::FileExt;

use rusqlite::Transaction;
use uuid::Uuid;

use super::tally::Delta;
use super::*;
use crate::domain::delivery::state::{Doubt, Event, State};
use crate::domain::message::request::{Leaf, Message, Request, RequestTemplate};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::run::attempts;
use crate::journal::run::pending_claim::ClaimState;

/// A journal with a campaign. It is the second one: ids that happen to be 1 hide mistakes.
struct Book {
    _folder: tempfile::TempDir,
    journal: Journal,
    campaign: CampaignId,
}

fn at(millis: i64) -> UnixMillis {
    UnixMillis::from_millis(millis)
}

/// The token of a key: greater letters have smaller ones.
fn token(key: &str) -> Uuid {
    Uuid::from_u128(1_000 - u128::from(key.as_bytes()[0]))
}

fn shape(flow: &str) -> RequestTemplate {
    RequestTemplate {
        message: Some(Message::Text { content_type: "text/plain".to_owned(), content: Leaf::Slot(0) }),
        ..RequestTemplate::plain("i", flow, Leaf::Fixed("s".to_owned()))
    }
}

/// The number of a key: that of its first letter.
fn number(key: &str) -> String {
    format!("+120255501{:02}", key.as_bytes()[0] - b'a')
}

fn line(number: u64, key: &str) -> FileLine {
    line_of(number, key, &self::number(key), "Hi")
}

fn line_of(number: u64, key: &str, destination: &str, message: &str) -> FileLine {
    let content = Content::Recipient {
        key: key.to_owned(),
        destination: destination.to_owned(),
        client_token: token(key),
        slots: vec![message.to_owned()],
        lane: None,
        sender: None,
        window: Default::default(),
        suppressed: None,
    };
    FileLine { number, rejected: None, cells: vec![key.to_owned()], content }
}

fn rejected(number: u64) -> FileLine {
    let content =
        Content::Rejected { code: "no-number".to_owned(), reason: "has none".to_owned(), key: None };
    FileLine { number, rejected: None, cells: vec![String::new()], content }
}

fn identity(name: &str) -> Identity {
    Identity {
        name: name.to_owned(),
        instance_id: "i".to_owned(),
        key_column: Some("key".to_owned()),
        service: Service::Simulated,
    }
}

impl Book {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(&folder.path().join("journal.db")).unwrap();
        let campaign = journal.campaign(&identity("first"), at(0)).unwrap();
        let mut book = Self { _folder: folder, journal, campaign };
        book.plan(&[line(2, "z"), line(3, "y")]);
        book.campaign = book.journal.campaign(&identity("second"), at(0)).unwrap();
        book
    }

    /// With these keys from line 2 on.
    fn with(keys: &[&str]) -> Self {
        let mut book = Self::new();
        book.plan(&lines(keys));
        book
    }

    fn plan(&mut self, lines: &[FileLine]) -> PlanSummary {
        self.plan_as(&shape("f"), &["key"], lines)
    }

    fn plan_as(&mut self, shape: &RequestTemplate, columns: &[&str], lines: &[FileLine]) -> PlanSummary {
        let columns: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
        let plan = self.journal.begin_plan(self.campaign, shape, &columns).unwrap();
        self.finish(plan, lines)
    }

    fn finish(&mut self, mut plan: Plan, lines: &[FileLine]) -> PlanSummary {
        self.journal.plan(&mut plan, lines).unwrap();
        self.journal.finish_plan(plan).unwrap()
    }

    /// Does something as the writer does: one transaction, with the counts.
    fn apply<T>(
        &mut self,
        done: impl FnOnce(&Transaction<'_>, (&mut ClaimState, &Admission), &mut Delta) -> Result<T, JournalError>,
    ) -> T {
        let tx = self.journal.connection.transaction().unwrap();
        let (mut delta, mut shapes) = (Delta::default(), ClaimState::default());
        let result = done(&tx, (&mut shapes, &self.journal.admission), &mut delta).unwrap();
        delta.write(&tx, self.campaign).unwrap();
        tx.commit().unwrap();
        result
    }

    fn claim_next(&mut self, pass: Pass, after: RowId, most: u32, now: i64) -> Claim {
        let campaign = self.campaign;
        self.apply(|tx, who, delta| {
            attempts::claim_next(tx, who, campaign, &ClaimRequest::new(pass, after, most), at(now), delta)
        })
    }

    fn claim_again(&mut self, ids: &[RowId], now: i64) -> Claim {
        let campaign = self.campaign;
        self.apply(|tx, who, delta| attempts::claim_again(tx, who, (campaign, ids), at(now), delta))
    }

    /// Claims the first row that waits.
    fn claim(&mut self, now: i64) -> Claimed {
        self.claim_next(Pass::Queued, RowId::START, 1, now).rows.remove(0)
    }

    /// A contact id that no row has.
    fn unused_contact_id(&self, id: RowId) -> String {
        match self.journal.has_contact("contact").unwrap() {
            true => format!("contact-{}", id.0),
            false => "contact".to_owned(),
        }
    }

    fn settle(&mut self, id: RowId, event: Event, now: i64) -> State {
        let contact_id = (event == Event::Answered).then(|| self.unused_contact_id(id));
        let refused = matches!(event, Event::NotNow(_) | Event::Refused(_) | Event::Unanswered);
        let refusal = refused.then(|| ("code".to_owned(), "words".to_owned()));
        let settlement = Settlement { id, event, contact_id, refusal, requested_at: None, at: at(now) };
        self.apply(|tx, _, delta| attempts::settle(tx, &settlement, delta))
    }

    /// Every row of the campaign in one line: line, key, state, attempts; the times of the first attempt, of the first
    /// in doubt, of its end; contact id, code. The counts must be those of the rows.
    fn rows(&self) -> Vec<String> {
        self.journal.verified_tally(self.campaign).unwrap();
        let sql = "SELECT concat_ws(' ', ifnull(line, '-'), ifnull(key, '-'), state, attempts) || ' | '
                || concat_ws(' ', ifnull(first_attempt_at, '-'), ifnull(doubt_at, '-'), ifnull(settled_at, '-'))
                || ' | ' || concat_ws(' ', ifnull(contact_id, '-'), ifnull(code, '-'))
             FROM row WHERE campaign_id = ?1 ORDER BY id";
        let mut statement = self.journal.connection.prepare(sql).unwrap();
        let rows = statement.query_map([self.campaign.0], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// The only row, or the first one.
    fn row(&self) -> String {
        self.rows().remove(0)
    }
}

/// Closes the journal, and overwrites the first page of a table or an index with zeros.
pub(super) fn lose_page(journal: Journal, of: &str) {
    let path = journal.path.clone();
    let number = |sql: &str| -> u32 { journal.connection.query_row(sql, [], |row| row.get(0)).unwrap() };
    let page = number(&format!("SELECT rootpage FROM sqlite_schema WHERE name = '{of}'"));
    let size = number("PRAGMA page_size");
    journal.close().unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(&vec![0; size as usize], u64::from((page - 1) * size)).unwrap();
}

fn lines(keys: &[&str]) -> Vec<FileLine> {
    (2..).zip(keys).map(|(number, key)| line(number, key)).collect()
}

fn keys(claim: &Claim) -> Vec<&str> {
    let key = |row: &Claimed| row.frozen.client_token.as_u128();
    claim.rows.iter().map(|row| ["a", "b", "c", "d", "e", "f"][(903 - key(row)) as usize]).collect()
}
