//! What a look at a whole journal finds: nothing where all is well, and of each rule whoever breaks it.

use super::*;
use crate::domain::delivery::state::Decision;
use crate::domain::delivery::tally::Tally;
use crate::domain::row::token::TokenSpace;
use crate::journal::file::commit_counter::CommitCounter;
use crate::journal::file::schema;

/// A line with the token that follows from its key, as every token of a real campaign does.
pub(super) fn true_line(number: u64, key: &str) -> FileLine {
    let mut line = line(number, key);
    if let Content::Recipient { client_token, .. } = &mut line.content {
        *client_token = TokenSpace::new("i", "second").token(key);
    }
    line
}

pub(super) fn suppressed(number: u64, key: &str) -> FileLine {
    let mut line = true_line(number, key);
    if let Content::Recipient { suppressed, .. } = &mut line.content {
        *suppressed = Some(("listed".to_owned(), "is on a list".to_owned()));
    }
    line
}

/// A campaign without any row yet. It is the second one.
pub(super) fn empty() -> Book {
    let mut book = Book::new();
    // The rows of the first have tokens that follow from nothing.
    book.journal
        .connection
        .execute_batch("DELETE FROM row; DELETE FROM recipient; DELETE FROM number; DELETE FROM tally")
        .unwrap();
    book.campaign = book.journal.campaign(&identity("second"), at(0)).unwrap();
    book
}

impl Book {
    /// Requests everybody who waits, and ends each with the event of its key.
    pub(super) fn request(&mut self, events: &[(&str, Event)]) {
        let rows = self.claim_next(Pass::Queued, RowId::START, events.len() as u32, 100).rows;
        for (row, (key, event)) in rows.iter().zip(events) {
            assert_eq!(row.frozen.destination, number(key), "in order");
            self.settle(row.id, *event, 150);
        }
    }

    pub(super) fn execute(&self, sql: &str) {
        self.journal.connection.execute_batch(sql).unwrap();
    }

    pub(super) fn reader(&self) -> Reader {
        Reader::open(&self.journal.path).unwrap()
    }

    fn look_over(&self) -> Audit {
        self.reader().look_over(&self.journal.path).unwrap()
    }

    /// What is found to be wrong.
    pub(super) fn findings(&self) -> Vec<String> {
        self.look_over().findings.into_iter().map(|finding| finding.what).collect()
    }
}

/// A campaign with rows in every state, by key: a started, b failed, c uncertain, d in doubt, e waits and was requested
/// once, f uncertain until somebody said that it was started, g waits, h withdrawn, i suppressed; line 9 is rejected, line
/// 10 a duplicate.
fn every_state() -> Book {
    let mut book = empty();
    let requested = [
        ("a", Event::Answered),
        ("b", Event::Refused(Doubt::None)),
        ("c", Event::Refused(Doubt::Earlier)),
        ("d", Event::Unanswered),
        ("e", Event::NotNow(Doubt::None)),
        ("f", Event::Refused(Doubt::Earlier)),
    ];
    let mut file: Vec<FileLine> = (2..)
        .zip(["a", "b", "c", "d", "e", "f", "g", "h"])
        .map(|(number, key)| true_line(number, key))
        .collect();
    book.plan(&file);
    book.request(&requested);
    let f = book.journal.uncertain(book.campaign).unwrap()[1].id;
    book.journal.decide(book.campaign, &[f], Decision::Started, None, at(200)).unwrap();
    file.pop();
    file.extend([rejected(9), true_line(10, "a"), suppressed(11, "i")]);
    book.plan(&file);
    book
}

#[test]
fn in_a_sound_journal_nothing_is_found_whatever_its_rows_are() {
    let book = every_state();
    let states: Vec<String> = book.rows().iter().map(|row| row[..7].to_owned()).collect();
    let expected = [
        "2 a 2 1", "3 b 3 1", "4 c 4 1", "5 d 1 1", "6 e 0 1", "7 f 2 1", "8 g 0 0", "- h 8 0", "9 - 5 0",
        "10 a 6 ", "11 i 7 ",
    ];
    assert_eq!(states, expected);
    let tally = Tally::of([
        State::Started,
        State::Failed,
        State::Uncertain,
        State::Attempting,
        State::Queued,
        State::Started,
        State::Queued,
        State::Withdrawn,
        State::Rejected,
        State::Duplicate,
        State::Suppressed,
    ]);
    let sound = book.look_over();
    assert_eq!(sound.findings, []);
    assert_eq!(Some(sound.schema), schema::newest(schema::OURS));
    let campaigns: Vec<_> =
        sound.campaigns.iter().map(|(campaign, tally)| (campaign.name.as_str(), *tally)).collect();
    assert_eq!(campaigns, [("first", Tally::default()), ("second", tally)]);
}

/// One row is damaged, in one thing; exactly its rule is told.
#[test]
fn every_rule_of_a_row_has_whoever_breaks_it() {
    const TIMES: &str = "requests without a time, or a time without requests";
    const OUTCOME: &str = "an outcome without a request, or without a time";
    const DOUBT: &str = "attempting, without a request that nobody answered";
    const NEVER: &str = "never contacted, with a request that nobody answered, or a contact id";
    const NOBODY: &str = "a line that is no recipient, requested";
    const NEVER_REQUESTED: &str = "attempts = 0, first_attempt_at = NULL";
    const REQUESTED: &str = "attempts = 1, first_attempt_at = 100";
    const CONTACT: &str = "contact_id = 'x'";
    for (damage, row, broken) in [
        ("attempts = 0", "key = 'b'", TIMES),
        ("first_attempt_at = NULL", "key = 'b'", TIMES),
        ("first_attempt_at = 100", "key = 'g'", TIMES),
        ("contact_id = NULL", "key = 'a' AND line = 2", "started, without a contact id"),
        ("code = NULL", "key = 'f'", "started, without a contact id"),
        ("settled_at = NULL", "key = 'a' AND line = 2", OUTCOME),
        ("settled_at = NULL", "key = 'b'", OUTCOME),
        ("settled_at = NULL", "key = 'c'", OUTCOME),
        (NEVER_REQUESTED, "key = 'a' AND line = 2", OUTCOME),
        (NEVER_REQUESTED, "key = 'b'", OUTCOME),
        (NEVER_REQUESTED, "key = 'c'", OUTCOME),
        ("doubt_at = NULL", "key = 'd'", DOUBT),
        (NEVER_REQUESTED, "key = 'd'", DOUBT),
        ("doubt_at = 100", "key = 'e'", NEVER),
        ("doubt_at = 100", "key = 'h'", NEVER),
        ("doubt_at = 100", "key = 'i'", NEVER),
        (CONTACT, "key = 'e'", NEVER),
        (CONTACT, "key = 'h'", NEVER),
        (CONTACT, "key = 'i'", NEVER),
        (CONTACT, "key = 'b'", "failed, with a contact id"),
        (REQUESTED, "line = 9", NOBODY),
        (REQUESTED, "line = 10", NOBODY),
        (CONTACT, "line = 9", NOBODY),
        (CONTACT, "line = 10", NOBODY),
        ("client_token = NULL", "key = 'b'", "no client token"),
        ("client_token = x'00'", "key = 'b'", "cannot be read"),
        ("cells = '['", "line = 9", "cannot be read"),
        ("client_token = zeroblob(16)", "key = 'b'", "a client token that is not that of its key"),
        ("destination = '12'", "key = 'b'", "a number that is none"),
        ("shape_id = 1", "key = 'b'", "a request that cannot be read"),
        ("slots = '[]'", "key = 'b'", "a request with a text missing"),
    ] {
        let book = every_state();
        let id: i64 = book
            .journal
            .connection
            .query_row(&format!("UPDATE row SET {damage} WHERE {row} RETURNING id"), [], |row| row.get(0))
            .unwrap();
        let expected = Finding {
            campaign: Some("second".to_owned()),
            what: format!("1 row: {broken} (the first is row {id} of the table)"),
        };
        assert_eq!(book.look_over().findings, [expected], "{damage} where {row}");
    }
}

#[test]
fn of_several_rows_that_break_a_rule_the_first_is_named_and_the_others_counted() {
    let book = every_state();
    book.execute("UPDATE row SET destination = '12' WHERE key IN ('b', 'c', 'g')");
    let first: i64 = book
        .journal
        .connection
        .query_row("SELECT id FROM row WHERE key = 'b'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(
        book.findings(),
        [format!("3 rows: a number that is none (the first is row {first} of the table)")]
    );
}

#[test]
fn a_shape_that_cannot_be_read_is_told_of_whoever_has_it() {
    let book = every_state();
    book.execute("UPDATE shape SET request = '{'");
    let [found] = &book.findings()[..] else { panic!("one finding") };
    assert!(found.starts_with("10 rows: a request that cannot be read"), "{found}");
}

/// Counts, states, keys and references are held against each other.
#[test]
fn what_does_not_agree_within_the_journal_is_told() {
    for (damage, words) in [
        (
            "UPDATE tally SET rows = 7 WHERE state = 2",
            &["its counts do not add up: 7 rows are said to be started, 2 are"][..],
        ),
        (
            "UPDATE row SET state = 12 WHERE key = 'b'",
            &["1 row: a state that does not exist (the first is row "],
        ),
        (
            "DELETE FROM recipient WHERE key = 'b'",
            &["9 recipients, 8 keys to find them by, 0 of those of another row"],
        ),
        (
            "UPDATE recipient SET row_id = (SELECT id FROM row WHERE key = 'c') WHERE key = 'b'",
            &["9 recipients, 9 keys to find them by, 1 of those of another row"],
        ),
        (
            "UPDATE recipient SET row_id = 999 WHERE key = 'b'",
            &["9 recipients, 9 keys to find them by, 1 of those of another row"],
        ),
        (
            "UPDATE row SET key = NULL WHERE key = 'b'",
            &["1 row: no key (", "9 recipients, 9 keys to find them by, 1 of those of another row"],
        ),
        // While a campaign's first plan is being written, nobody is looked up by key.
        ("UPDATE campaign SET indexed = 0; DELETE FROM recipient", &[]),
        (
            "UPDATE row SET contact_id = 'contact' WHERE key = 'f'",
            &["1 contact id for 2 rows (the first is row "],
        ),
        ("DELETE FROM header", &["11 rows of the table row belong to no row of the table header"]),
    ] {
        let book = every_state();
        book.execute(damage);
        let found = book.findings();
        assert_eq!(found.len(), words.len(), "{damage}: {found:?}");
        for (found, words) in found.iter().zip(words) {
            assert!(found.starts_with(words), "{damage}: {found}");
        }
    }
}

/// A mark may lag behind its journal; where it leads, the journal has lost its end.
#[test]
fn a_mark_that_is_ahead_of_its_journal_is_told_with_how_much_is_missing() {
    let book = every_state();
    book.execute("PRAGMA user_version = 5");
    let mark = CommitCounter::open(&book.journal.path, "second", at(0)).unwrap();
    for (groups, found) in [
        (4, vec![]),
        (5, vec![]),
        (6, vec!["its latest results are lost: 1 groups, as its mark says"]),
        (17, vec!["its latest results are lost: 12 groups, as its mark says"]),
    ] {
        mark.set(groups).unwrap();
        assert_eq!(book.findings(), found, "{groups} groups");
    }
    let found = &book.look_over().findings[0];
    assert_eq!(found.campaign.as_deref(), Some("second"));
}

#[test]
fn a_page_that_sqlite_cannot_follow_is_all_that_is_told() {
    let Book { _folder: folder, journal, .. } = every_state();
    lose_page(journal, "row_line");
    let path = folder.path().join("journal.db");
    let found = Reader::open(&path).unwrap().look_over(&path).unwrap();
    assert_eq!(found.campaigns, []);
    let [Finding { campaign: None, what }] = &found.findings[..] else { panic!("{found:?}") };
    assert!(what.contains("Tree "), "{what}");
}
