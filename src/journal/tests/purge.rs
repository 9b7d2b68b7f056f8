//! Purges: what goes, what stays, what is refused, and what a file finds that comes again.

use super::audit::{empty, suppressed, true_line};
use super::*;
use crate::domain::delivery::state::Decision;
use crate::domain::foreign::ForeignText;
use crate::domain::message::request::SegmentValue;
use crate::journal::campaign;

impl Book {
    fn purge(&mut self, now: i64) -> Result<Purged, JournalError> {
        let campaign = self.reader().campaign("second").unwrap();
        self.journal.purge(&campaign, IfOpen::Refuse, at(now))
    }

    fn is_finished(&self) -> bool {
        self.reader().is_finished(self.campaign).unwrap()
    }

    fn purged_at(&self) -> Option<UnixMillis> {
        self.reader().purged_at(self.campaign).unwrap()
    }

    fn texts(&self, sql: &str) -> Vec<String> {
        let mut statement = self.journal.connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }
}

/// A request whose source differs from row to row, with texts in it.
fn with_texts(source: Leaf) -> RequestTemplate {
    let fixed = |text: &str| SegmentValue::String(Leaf::Fixed(text.to_owned()));
    Request {
        source,
        segment_attributes: BTreeMap::from([
            ("connect:Subtype".to_owned(), fixed("connect:SMS")),
            ("who".to_owned(), fixed("Ms Personal")),
        ]),
        attributes: BTreeMap::from([("name".to_owned(), Leaf::Fixed("Ms Personal".to_owned()))]),
        ..shape("f")
    }
}

fn with_source(mut line: FileLine) -> FileLine {
    if let Content::Recipient { slots, .. } = &mut line.content {
        slots.push(format!("our number {}", line.number));
    }
    line
}

/// A finished campaign: a started, b failed, c withdrawn, d suppressed, line 5 rejected, line 6 a duplicate.
fn finished() -> Book {
    let mut book = empty();
    book.plan(&[true_line(2, "a"), true_line(3, "b"), true_line(4, "c")]);
    book.request(&[("a", Event::Answered), ("b", Event::Refused(Doubt::None))]);
    book.plan(&[true_line(2, "a"), true_line(3, "b"), suppressed(4, "d"), rejected(5), true_line(6, "a")]);
    book
}

#[test]
fn a_purge_takes_what_is_personal_and_leaves_what_happened() {
    let mut book = finished();
    let campaign = book.campaign;
    let tokens = "SELECT hex(client_token) FROM row WHERE client_token IS NOT NULL ORDER BY id";
    let before = book.texts(tokens);
    assert_eq!((before.len(), book.purged_at()), (5, None));
    assert!(!campaign::is_purged(&book.journal.connection, campaign).unwrap());
    let (run, _) = book.journal.begin_run(campaign, &NewRun::default(), at(50)).unwrap();
    let reason = "the destination +12025550100 is blocked";
    book.journal.connection.execute("UPDATE run SET reason = ?1", [reason]).unwrap();

    let tally = book.journal.verified_tally(campaign).unwrap();
    assert_eq!(book.purge(300).unwrap(), Purged { tally, rows: 6 });
    let expected = [
        "2 - 2 1 | 100 - 150 | contact -",
        "3 - 3 1 | 100 - 150 | - code",
        "- - 8 0 | - - - | - -",
        "4 - 7 0 | - - - | - listed",
        "5 - 5 0 | - - - | - no-number",
        "6 - 6 0 | - - - | - duplicate-key",
    ];
    assert_eq!(book.rows(), expected);
    assert_eq!(book.texts(tokens), before);
    let kept = "SELECT concat_ws(' ', slots, cells, ifnull(destination, '-'), ifnull(reason, '-')) FROM row
                WHERE state NOT IN (5, 6)";
    assert_eq!(book.texts(kept), ["[] [] - -"; 4]);
    let told = book.reader().runs(campaign, 1).unwrap().remove(0);
    assert_eq!(
        (told.id, told.reason.as_ref().map(ForeignText::raw)),
        (run, Some("the destination +1…00 is blocked"))
    );
    assert!(campaign::is_purged(&book.journal.connection, campaign).unwrap());
    assert_eq!((book.purged_at(), book.findings()), (Some(at(300)), vec![]));

    // Again there is nothing to remove, and the time stays that of the purge that removed something.
    assert_eq!(book.purge(400).unwrap(), Purged { tally, rows: 0 });
    assert_eq!((book.purged_at(), book.findings()), (Some(at(300)), vec![]));
    book.plan(&[true_line(2, "a"), rejected(3)]);
    assert_eq!(book.purge(500).unwrap().rows, 1, "what was read since");
    assert_eq!(book.purged_at(), Some(at(500)));
}

/// Whatever columns come: what they have of a person goes, or they are named here as nobody's.
#[test]
fn each_text_of_a_row_goes_or_is_known_to_be_nobodys() {
    let mut book = finished();
    let columns = book.texts("SELECT name FROM pragma_table_info('row') WHERE type = 'TEXT' ORDER BY name");
    for column in &columns {
        // A line that is none has no request, and so no texts of one.
        let of = if column == "slots" { "shape_id IS NOT NULL" } else { "true" };
        book.execute(&format!("UPDATE row SET {column} = '[\"Ms Personal\"]' WHERE {of}"));
    }
    let left = |book: &Book| -> Vec<String> {
        let has = |column: &String| {
            let found = book.texts(&format!("SELECT {column} FROM row WHERE {column} LIKE '%Personal%'"));
            !found.is_empty()
        };
        columns.iter().filter(|column| has(column)).cloned().collect()
    };
    assert_eq!(left(&book), columns);
    book.purge(300).unwrap();
    assert_eq!(left(&book), ["code"]);
}

/// Of a request stay the flow, the channel and the source: they are nobody's but ours.
#[test]
fn of_a_request_its_flow_channel_and_source_are_kept_and_no_text() {
    for (source, slots) in [
        (Leaf::Slot(1), [r#"["our number 2"]"#, r#"["our number 3"]"#]),
        (Leaf::Fixed("our number".to_owned()), ["[]", "[]"]),
    ] {
        let mut book = empty();
        let file = [true_line(2, "a"), true_line(3, "b")].map(with_source);
        book.plan_as(&with_texts(source.clone()), &["key"], &file);
        book.request(&[("a", Event::Answered), ("b", Event::Answered)]);
        book.purge(300).unwrap();
        assert_eq!(book.texts("SELECT slots FROM row ORDER BY id"), slots);
        let shapes = book.texts(
            "SELECT request FROM shape JOIN campaign ON campaign.id = campaign_id WHERE name = 'second'",
        );
        let [bare] = &shapes[..] else { panic!("one shape: {shapes:?}") };
        assert!(!bare.contains("Personal"), "{bare}");
        let bare: RequestTemplate = serde_json::from_str(bare).unwrap();
        let subtype = bare.segment_attributes.get("connect:Subtype");
        let sms = SegmentValue::String(Leaf::Fixed("connect:SMS".to_owned()));
        assert_eq!((bare.contact_flow_id, subtype), (Leaf::Fixed("f".to_owned()), Some(&sms)));
        let kept = if matches!(source, Leaf::Slot(_)) { Leaf::Slot(0) } else { source };
        assert_eq!(bare.source, kept);
    }
}

#[test]
fn what_is_not_finished_is_refused_and_nothing_is_removed() {
    let requested = |events: &[(&str, Event)]| {
        let mut book = empty();
        book.plan(&[true_line(2, "a"), true_line(3, "b")]);
        book.request(events);
        book
    };
    let answered = ("a", Event::Answered);
    let uncertain = Event::Refused(Doubt::Earlier);
    let mut unread = empty();
    let begun = unread.journal.begin_plan(unread.campaign, &shape("f"), &["key".to_owned()]).unwrap();
    drop(begun);
    for (mut book, words) in [
        (requested(&[]), "2 rows wait"),
        (requested(&[answered]), "1 row waits"),
        (requested(&[answered, ("b", Event::Unanswered)]), "1 row waits"),
        (requested(&[answered, ("b", uncertain)]), "1 row is uncertain"),
        (requested(&[("a", uncertain)]), "1 row waits"),
        (unread, "its file was not read to its end"),
    ] {
        assert!(!book.is_finished(), "{words}");
        let (rows, keys) = (book.rows(), book.texts("SELECT key FROM recipient ORDER BY key"));
        match book.purge(300) {
            Err(JournalError::Unfinished { what, .. }) => assert_eq!(what, words),
            other => panic!("{words}: {other:?}"),
        }
        assert_eq!((book.rows(), book.purged_at()), (rows, None));
        assert_eq!(book.texts("SELECT key FROM recipient ORDER BY key"), keys);
    }
    let mut book = requested(&[answered, ("b", uncertain)]);
    let id = book.journal.uncertain(book.campaign).unwrap()[0].id;
    book.journal.decide(book.campaign, &[id], Decision::Failed, None, at(200)).unwrap();
    assert!(book.is_finished());
    book.purge(300).unwrap();
    assert!(book.is_finished());
}

/// A purged recipient is known by its token: whoever was requested is not requested again, and whoever was not gets its key
/// back when it is to be sent to.
#[test]
fn the_file_that_comes_again_finds_everybody_and_sends_only_to_whom_it_may() {
    let mut book = finished();
    book.purge(300).unwrap();
    let file =
        [true_line(2, "a"), true_line(3, "b"), true_line(4, "c"), true_line(5, "d"), true_line(6, "e")];
    let planned = book.plan(&file);
    assert_eq!((planned.added, planned.updated, planned.queued), (1, 2, 3));
    let expected = [
        "2 - 2 1 | 100 - 150 | contact -",
        "3 - 3 1 | 100 - 150 | - code",
        "4 c 0 0 | - - - | - -",
        "5 d 0 0 | - - - | - -",
        "6 e 0 0 | - - - | - -",
    ];
    assert_eq!(book.rows(), expected);
    assert_eq!(book.findings(), Vec::<String>::new());
    let claimed = book.claim_next(Pass::Queued, RowId::START, 9, 400);
    let destinations: Vec<&str> = claimed.rows.iter().map(|row| row.frozen.destination.as_str()).collect();
    assert_eq!(destinations, ["c", "d", "e"].map(number));
}

#[test]
fn after_cleaning_no_byte_of_what_was_purged_is_in_any_file() {
    let mut book = finished();
    let personal = ["555010", "Hi\"", "C-personal", "said before"];
    // The last is in no row any more: what was changed before the purge lies where SQLite has free space.
    book.execute(
        "UPDATE row SET key = 'C-personal', cells = '[\"what was said before\"]' WHERE key = 'c';
         UPDATE row SET cells = '[]' WHERE key = 'C-personal'",
    );
    let folder = book._folder.path().to_owned();
    let found = || -> Vec<&str> {
        let files = folder.read_dir().unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
        let bytes: Vec<u8> = files.flatten().collect();
        let has = |text: &&str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        personal.into_iter().filter(has).collect()
    };
    assert_eq!(found(), personal);
    book.purge(300).unwrap();
    let Book { _folder, journal, .. } = book;
    journal.clean().unwrap();
    assert_eq!(found(), Vec::<&str>::new());
}

const HOUR: i64 = 3_600_000;

/// Of contacts that may be open the numbers stay: of a campaign of the real service, for as long as its requests, its
/// definition or else the API lets a contact live, and no longer than until an event says that it ended.
#[test]
fn a_purge_waits_until_no_contact_can_be_open() {
    let asks = |minutes| Request { chat_duration_minutes: Some(minutes), ..shape("f") };
    for (service, request, stated, ended, open_until) in [
        ("aws", shape("f"), None, None, Some(25 * HOUR)),
        ("loopback", shape("f"), None, None, Some(25 * HOUR)),
        ("simulated", shape("f"), None, None, None),
        ("aws", asks(60), None, None, Some(HOUR)),
        ("aws", shape("f"), Some(2 * HOUR), None, Some(2 * HOUR)),
        ("aws", asks(60), Some(2 * HOUR), None, Some(HOUR)),
        ("aws", shape("f"), None, Some(200), None),
    ] {
        let mut book = empty();
        book.plan_as(&request, &["key"], &[true_line(2, "a"), true_line(3, "b")]);
        book.request(&[("a", Event::Answered), ("b", Event::Refused(Doubt::None))]);
        book.execute(&format!("UPDATE campaign SET service = '{service}'"));
        if let Some(millis) = stated {
            let id = book.campaign.0;
            book.execute(&format!("INSERT INTO contact_life (campaign_id, millis) VALUES ({id}, {millis})"));
        }
        if let Some(ended) = ended {
            book.execute(&format!(
                "INSERT INTO delivery (row_id, campaign_id, messages, ended_at) SELECT id, campaign_id, 0, {ended} FROM row WHERE state = 2"
            ));
        }
        let case = format!("{service} {stated:?} {ended:?}");
        if let Some(until) = open_until {
            let until = 150 + until;
            match book.purge(until - 1) {
                Err(JournalError::Unfinished { what, .. }) => {
                    assert_eq!(what, format!("1 contact may be open until {}", at(until)), "{case}");
                }
                other => panic!("{case}: {other:?}"),
            }
            assert_eq!(book.purged_at(), None, "{case}");
            assert_eq!(book.purge(until).unwrap().rows, 2, "{case}");
        } else {
            assert_eq!(book.purge(300).unwrap().rows, 2, "{case}");
        }
    }
}

/// What is kept of a purged key finds whoever comes under what a spreadsheet made of it, as long as the key itself is
/// gone.
#[test]
fn a_key_that_a_spreadsheet_rewrote_is_found_after_a_purge() {
    let keys = |book: &Book, of| -> Vec<(Option<u64>, String, Option<String>)> {
        let found = book.journal.rewritten_keys(book.campaign, of, 20).unwrap();
        assert_eq!(found.first.len() as u64, found.rows);
        found.first.into_iter().map(|row| (row.line, row.key, row.before)).collect()
    };
    for (before, after) in [
        ("0017", "17"),
        ("17", "0017"),
        ("A1", "a1"),
        ("1234567890123456", "1234567890123450"),
        ("1234567890123450", "1234567890123456"),
        ("MAR1", "1-Mar"),
        ("1-Mar", "MAR1"),
        ("Zo\u{eb}", "Zoe\u{308}"),
    ] {
        let mut book = empty();
        book.plan(&[true_line(2, before), true_line(3, "x")]);
        book.request(&[(before, Event::Answered), ("x", Event::Refused(Doubt::None))]);
        book.purge(300).unwrap();
        assert_eq!(book.findings(), Vec::<String>::new());
        // The other one has failed, and has no contact.
        book.plan(&[true_line(2, after), true_line(3, "X"), true_line(4, "y")]);
        for of in [RewrittenOf::OtherNumbers, RewrittenOf::AnyNumber] {
            assert_eq!(keys(&book, of), [(Some(2), after.to_owned(), None)], "{before}");
        }
        assert_eq!(book.journal.leave_out_rewritten_keys(book.campaign).unwrap(), 1);
        assert_eq!(keys(&book, RewrittenOf::OtherNumbers), []);
        let reason = book.texts("SELECT reason FROM row WHERE code = 'rewritten-key'");
        assert_eq!(reason, ["this campaign contacted this recipient under a key that was purged"]);
        book.plan(&[true_line(2, after), true_line(3, before)]);
        assert_eq!(keys(&book, RewrittenOf::OtherNumbers), [], "{before} is there as well");
        book.plan(&[true_line(2, "1234567890123457")]);
        let rounded = before == "1234567890123450";
        assert_eq!(keys(&book, RewrittenOf::OtherNumbers).len(), usize::from(rounded), "{before}");
    }
}
