//! Events taken into the journal: what is joined, what waits, what stays, whatever the order.

use super::*;
use crate::domain::events::join::Unmatched;
use crate::domain::events::{AccountEvent, parse};
use crate::domain::phone::E164;
use crate::journal::deliveries::rows;

/// A time that events have too.
const T: i64 = 1_772_000_000_000;
/// The number of the source `s`.
const SENDER: &str = "+12025550199";

fn events(records: &[String]) -> Vec<AccountEvent> {
    records
        .iter()
        .flat_map(|record| {
            let parsed = parse(record.as_bytes());
            assert_eq!((&parsed.bad[..], parsed.other), (&[][..], 0), "{record}");
            parsed.events
        })
        .collect()
}

/// A delivery event of the message `id` to the number of `key`, asked for after so many seconds.
fn told(id: &str, key: Option<&str>, seconds: i64, status: &str, price: &str) -> String {
    let number = key.map(|key| format!(r#""destinationPhoneNumber":"{}","#, number(key))).unwrap_or_default();
    let (asked, last) = (T + seconds * 1_000, status != "SENT");
    format!(
        r#"{{"eventType":"TEXT_X","eventTimestamp":{},"isFinal":{last},{number}"originationPhoneNumber":"{SENDER}",
           "isoCountryCode":"US","carrierName":"A","messageId":"{id}","messageRequestTimestamp":{asked},
           "messageStatus":"{status}","messageStatusDescription":"to a number","totalMessageParts":1,
           "totalMessagePrice":{price}}}"#,
        asked + 500 + i64::from(last)
    )
}

fn trail(id: &str, key: &str, seconds: i64) -> String {
    let time = at(T + seconds * 1_000);
    format!(
        r#"{{"eventTime":"{time}","eventSource":"sms-voice.amazonaws.com","eventName":"SendTextMessage","awsRegion":"r",
           "requestParameters":{{"destinationPhoneNumber":"{}","originationIdentity":"phone-1"}},
           "responseElements":{{"messageId":"{id}"}}}}"#,
        number(key)
    )
}

fn ended(contact: &str, seconds: i64, replies: u32) -> String {
    format!(
        r#"{{"eventType":"DISCONNECTED","contactId":"{contact}","channel":"CHAT","instanceArn":"arn",
           "disconnectTimestamp":"{}","disconnectReason":"CONTACT_FLOW_DISCONNECT",
           "chatMetrics":{{"customerMetrics":{{"messagesSent":{replies}}}}}}}"#,
        at(T + seconds * 1_000)
    )
}

impl Book {
    /// Rows of these keys, each started a thousand seconds after the one before, with the contact `contact-KEY`.
    fn contacted(keys: &[&str]) -> Self {
        let mut book = Self::with(keys);
        for (index, key) in keys.iter().enumerate() {
            let now = T + i64::try_from(index).unwrap() * 1_000_000;
            let row = book.claim(now);
            let contact_id = Some(format!("contact-{key}"));
            let settlement = Settlement {
                id: row.id,
                event: Event::Answered,
                contact_id,
                refusal: None,
                requested_at: None,
                at: at(now + 200),
            };
            book.apply(|tx, _, delta| attempts::settle(tx, &settlement, delta));
        }
        book
    }

    fn know_sender(&mut self) {
        self.journal.note_source_number("s", &E164::parse(SENDER).unwrap()).unwrap();
    }

    fn take(&mut self, records: &[String]) -> Taken {
        self.journal.intake().unwrap().take(&events(records)).unwrap()
    }

    fn join_again(&mut self) -> Taken {
        self.journal.intake().unwrap().join_again().unwrap()
    }

    /// Derives the line of every row of which something is known.
    fn derive_all(&mut self) {
        let tx = self.journal.connection.transaction().unwrap();
        let rows: Vec<i64> = tx
            .prepare("SELECT row_id FROM message WHERE row_id IS NOT NULL UNION SELECT row_id FROM contact_event WHERE row_id IS NOT NULL")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        rows::derive(&tx, rows).unwrap();
        tx.commit().unwrap();
    }

    fn deliveries(&self) -> DeliveryCounts {
        self.reader().deliveries(self.campaign).unwrap()
    }

    fn whys(&self) -> Vec<(Unmatched, u64)> {
        self.reader().unmatched().unwrap().iter().map(|count| (count.why, count.events)).collect()
    }

    /// Every table that events are in.
    fn told(&self) -> Vec<String> {
        let mut all = Vec::new();
        for table in ["message", "contact_event", "delivery"] {
            let mut statement =
                self.journal.connection.prepare(&format!("SELECT * FROM {table} ORDER BY 1")).unwrap();
            let columns = statement.column_count();
            let rows = statement.query_map([], |row| {
                let values = (0..columns).map(|at| row.get::<_, rusqlite::types::Value>(at));
                Ok(format!("{table} {:?}", values.collect::<Result<Vec<_>, _>>()?))
            });
            all.extend(rows.unwrap().map(Result::unwrap));
        }
        all
    }
}

#[test]
fn a_message_is_joined_by_number_sender_and_time() {
    let mut book = Book::contacted(&["a", "b", "c"]);
    assert_eq!(book.deliveries(), DeliveryCounts { waiting: 3, ..DeliveryCounts::default() });
    let first = [told("1", Some("a"), 1, "DELIVERED", "0.5")];
    assert_eq!(book.take(&first), Taken { news: 1, joined: 0 });
    assert_eq!(book.whys(), [(Unmatched::SenderUnknown, 1)], "nothing is guessed");
    book.know_sender();
    assert_eq!(book.join_again(), Taken { news: 0, joined: 1 });
    assert_eq!(book.take(&first), Taken::default(), "told twice");
    book.take(&[
        told("2", Some("b"), 1_001, "SENT", "0.5"),
        told("3", Some("c"), 2_001, "CARRIER_BLOCKED", "0.5"),
        // To a number of the campaign, at another time; to nobody's number; without a number.
        told("4", Some("b"), 5_000, "DELIVERED", "0.5"),
        told("5", Some("f"), 1, "DELIVERED", "0.5"),
        told("6", None, 1, "DELIVERED", "0.5"),
    ]);
    let counts =
        DeliveryCounts { delivered: 1, undelivered: 1, pending: 1, unknown: 0, unmatched: 3, waiting: 0 };
    assert_eq!(book.deliveries(), counts);
    assert_eq!(
        book.whys(),
        [(Unmatched::NoDestination, 1), (Unmatched::NoRow, 1), (Unmatched::OtherMessage, 1)]
    );
    book.take(&[told("2", Some("b"), 1_001, "UNREACHABLE", "0.5")]);
    assert_eq!(book.deliveries(), DeliveryCounts { pending: 0, undelivered: 2, ..counts });
    let statuses = book.reader().delivery_statuses(book.campaign).unwrap();
    let words: Vec<&str> = statuses.iter().map(|count| count.status.as_str()).collect();
    assert_eq!(words, ["DELIVERED", "CARRIER_BLOCKED", "UNREACHABLE"]);
}

#[test]
fn cloudtrail_names_the_number_before_or_after_the_event() {
    for order in [[0, 1], [1, 0]] {
        let mut book = Book::contacted(&["a", "b"]);
        book.know_sender();
        let records = [told("1", None, 1, "DELIVERED", "0.5"), trail("1", "a", 1)];
        for index in order {
            book.take(&records[index..=index]);
        }
        let counts = DeliveryCounts { delivered: 1, waiting: 1, ..DeliveryCounts::default() };
        assert_eq!(book.deliveries(), counts, "{order:?}");
        let joined: i64 =
            book.journal.connection.query_row("SELECT joined FROM delivery", [], |row| row.get(0)).unwrap();
        assert_eq!(joined, 1, "by CloudTrail");
    }
}

#[test]
fn contacts_are_joined_by_their_ids_and_say_which_later_messages_are_theirs() {
    let mut book = Book::contacted(&["a", "b"]);
    book.know_sender();
    book.take(&[told("1", Some("a"), 1, "DELIVERED", "0.5"), told("2", Some("a"), 700, "DELIVERED", "0.25")]);
    assert_eq!(book.whys(), [(Unmatched::OtherMessage, 1)]);
    book.take(&[ended("contact-a", 800, 1), ended("contact-z", 5, 0)]);
    assert_eq!(
        book.join_again(),
        Taken { news: 0, joined: 1 },
        "its second message: the contact has its row already"
    );
    assert_eq!(book.whys(), [(Unmatched::NoContact, 1)]);
    let sql = "SELECT messages || ' ' || parts || ' ' || price || ' ' || status || ' ' || end_reason || ' ' || replied
               FROM delivery";
    let line: String = book.journal.connection.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(line, "2 2 0.75 DELIVERED CONTACT_FLOW_DISCONNECT 1");
    let row: String = book
        .journal
        .connection
        .query_row("SELECT group_concat(state) FROM row", [], |row| row.get(0))
        .unwrap();
    assert_eq!(row, "0,0,2,2", "no state has changed");
}

#[test]
fn what_fits_two_rows_or_one_in_doubt_is_not_joined() {
    let mut book = Book::contacted(&["a"]);
    book.know_sender();
    // The same person in the first campaign, at the same time.
    let first = book.journal.campaign(&identity("first"), at(0)).unwrap();
    let second = std::mem::replace(&mut book.campaign, first);
    book.plan(&[line(2, "z"), line(3, "y"), line(4, "a")]);
    let row = book.claim(T);
    assert_eq!(row.frozen.destination, number("z"));
    let rows = book.claim_next(Pass::Queued, RowId::START, 9, T).rows;
    for row in &rows {
        book.settle(row.id, Event::Answered, T + 100);
    }
    book.campaign = second;
    book.take(&[told("1", Some("a"), 1, "DELIVERED", "0.5"), told("2", Some("z"), 1, "DELIVERED", "0.5")]);
    assert_eq!(book.whys(), [(Unmatched::InDoubt, 1), (Unmatched::Several, 1)]);
    assert_eq!(book.deliveries().waiting, 1);
}

/// Late, twice, in any order and in groups of any size, with joins tried again at any time: the same in the end.
#[test]
fn the_order_makes_no_difference() {
    let records = [
        told("1", Some("a"), 1, "SENT", "0.5"),
        told("1", None, 1, "DELIVERED", "0.5"),
        told("2", None, 1_001, "SENT", "null"),
        told("2", None, 1_001, "UNKNOWN", "0.5"),
        trail("2", "b", 1_001),
        ended("contact-b", 1_100, 0),
        ended("contact-c", 2_600, 2),
        told("3", Some("c"), 2_001, "FAILED", "0.5"),
        told("4", Some("c"), 2_500, "DELIVERED", "0.5"),
        told("5", Some("e"), 1, "DELIVERED", "0.5"),
    ];
    let mut expected = None;
    for seed in 0..40 {
        let mut chance = fastrand::Rng::with_seed(seed);
        let mut all: Vec<String> =
            records.iter().chain(&records[..usize::from(seed > 0) * 6]).cloned().collect();
        if seed > 0 {
            chance.shuffle(&mut all);
        }
        let mut book = Book::contacted(&["a", "b", "c"]);
        book.know_sender();
        // One at a time, a few, or all of a message in one group.
        for group in all.chunks(chance.usize(1..20)) {
            book.take(group);
            if chance.u8(..4) == 0 {
                book.join_again();
            }
        }
        book.join_again();
        let told = book.told();
        assert_eq!(book.deliveries().unmatched, 1, "{told:#?}");
        assert_eq!(&told, expected.get_or_insert(told.clone()), "seed {seed}");
    }
}

#[test]
fn a_purge_removes_whom_messages_were_for_and_keeps_what_became_of_them() {
    let mut book = Book::contacted(&["a", "b"]);
    book.know_sender();
    book.take(&[
        told("1", Some("a"), 1, "DELIVERED", "0.5"),
        told("2", Some("b"), 9_000, "FAILED", "0.5"),
        told("3", Some("f"), 1, "FAILED", "0.5"),
        told("4", Some("g"), 1, "FAILED", "0.5"),
    ]);
    // The number that a row had before it was corrected.
    book.journal
        .connection
        .execute(
            "INSERT INTO earlier_attempt (row_id, nth, client_token, destination, attempts)
             SELECT id, 0, client_token, ?1, 1 FROM row WHERE key = 'b'",
            [number("g")],
        )
        .unwrap();
    let before = book.deliveries();
    let campaign = book.reader().campaign("second").unwrap();
    book.journal.purge(&campaign, IfOpen::Refuse, at(T)).unwrap();
    let after = DeliveryCounts { unmatched: 1, ..before };
    assert_eq!(book.deliveries(), after);
    let nobody = |book: &mut Book, when: &str| {
        let left = book.told().join("\n");
        for key in ["a", "b", "g"] {
            assert!(!left.contains(&number(key)), "{when}: {left}");
        }
        assert!(left.contains(&number("f")), "another campaign's, perhaps");
    };
    nobody(&mut book, "purged");
    // The bus tells everything at least once, and later than the purge.
    let again = book.take(&[told("1", Some("a"), 1, "DELIVERED", "0.5"), trail("1", "a", 1)]);
    assert_eq!((again.news, book.deliveries()), (0, after), "what comes twice changes nothing");
    book.take(&[told("1", Some("a"), 1, "FAILED", "0.6")]);
    nobody(&mut book, "told again");
}

/// What random events tell of a few rows: several messages of one, words that come twice and late, numbers that only
/// CloudTrail names, contacts that begin, end and are written back in.
fn random_records(chance: &mut fastrand::Rng) -> Vec<String> {
    let keys = ["a", "b", "c", "d", "e"];
    let words = ["PENDING", "SENT", "DELIVERED", "UNKNOWN", "INVALID"];
    let mut records = Vec::new();
    for _ in 0..chance.usize(1..40) {
        let place = chance.usize(..keys.len());
        let key = keys[place];
        // Each row has three messages: one soon, one while its contact is open, and one that comes too late.
        let nth = chance.usize(..3);
        let seconds = i64::try_from(place * 1_000 + [1, 300, 900][nth]).unwrap();
        let id = format!("{key}{nth}");
        records.push(match chance.u8(..6) {
            0 if nth == 1 => trail(&id, key, seconds),
            1 => ended(&format!("contact-{key}"), seconds + 400, chance.u32(..2)),
            2 => format!(
                r#"{{"eventType":"INITIATED","contactId":"contact-{key}","channel":"CHAT","instanceArn":"arn",
                   "initiationTimestamp":"{}"}}"#,
                at(T + seconds * 1_000)
            ),
            _ => {
                // By which of two names a message is joined depends on which came first.
                let price = ["null", "0.1", "0.2", "0.30000000000000004"][chance.usize(..4)];
                told(&id, (nth != 1).then_some(key), seconds, words[chance.usize(..words.len())], price)
            }
        });
    }
    records
}

/// Whatever comes in groups of whatever size: the lines of `delivery` are at any time what follows from the messages and
/// contacts that are kept, and in the end all is as if the events had come one by one.
#[test]
fn lines_that_are_changed_in_place_are_as_those_derived_anew() {
    for seed in 0..100 {
        let mut chance = fastrand::Rng::with_seed(seed);
        let records = random_records(&mut chance);
        let (mut grouped, mut single) =
            (Book::contacted(&["a", "b", "c", "d"]), Book::contacted(&["a", "b", "c", "d"]));
        for book in [&mut grouped, &mut single] {
            book.know_sender();
            // Each event is a transaction, and nothing here is to outlive the machine.
            book.journal.connection.pragma_update(None, "synchronous", "off").unwrap();
        }
        let most = chance.usize(2..30);
        let mut rest = &records[..];
        while !rest.is_empty() {
            let (group, more) = rest.split_at(chance.usize(1..most).min(rest.len()));
            grouped.take(group);
            if chance.u8(..5) == 0 {
                grouped.join_again();
            }
            let told = grouped.told();
            grouped.derive_all();
            assert_eq!(told, grouped.told(), "seed {seed}: {group:#?}");
            rest = more;
        }
        for record in &records {
            single.take(std::slice::from_ref(record));
        }
        for book in [&mut grouped, &mut single] {
            book.join_again();
            // No event yet, and not looked at again.
            book.journal.connection.execute("DELETE FROM message WHERE status IS NULL", []).unwrap();
        }
        assert_eq!(grouped.told(), single.told(), "seed {seed}: {records:#?}");
    }
}
