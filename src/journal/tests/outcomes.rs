//! Outcomes: what came of an attempt, what became too old, what is tried once more.

use super::*;
use crate::domain::delivery::state::Decision;
use crate::domain::delivery::verdict::{CLOCK_SLACK, TOKEN_SAFE};

#[test]
fn each_outcome_leaves_what_the_next_attempt_and_the_report_need() {
    for (event, state, row) in [
        (Event::Answered, State::Started, "2 a 2 1 | 100 - 150 | contact -"),
        (Event::NotNow(Doubt::None), State::Queued, "2 a 0 1 | 100 - - | - code"),
        (Event::NotNow(Doubt::Earlier), State::Attempting, "2 a 1 1 | 100 100 - | - code"),
        (Event::Unanswered, State::Attempting, "2 a 1 1 | 100 100 - | - code"),
        (Event::Refused(Doubt::None), State::Failed, "2 a 3 1 | 100 - 150 | - code"),
        (Event::Refused(Doubt::Earlier), State::Uncertain, "2 a 4 1 | 100 100 150 | - code"),
        (Event::TokenExpired, State::Uncertain, "2 a 4 1 | 100 100 150 | - -"),
        (Event::GivenBack(Doubt::None), State::Queued, "2 a 0 0 | - - - | - -"),
        (Event::GivenBack(Doubt::Earlier), State::Attempting, "2 a 1 0 | - 100 - | - -"),
    ] {
        let mut book = Book::with(&["a", "b"]);
        let id = book.claim(100).id;
        assert_eq!(book.settle(id, event, 150), state, "{event:?}");
        assert_eq!(book.rows(), [row, "3 b 0 0 | - - - | - -"], "{event:?}");
    }
}

/// From plan to answer a row's record has one length: it is written over in place, and no page is ever split for it.
#[test]
fn a_row_is_as_long_as_its_answer_from_the_beginning() {
    const NOW: i64 = 1_790_000_000_000;
    let mut book = Book::with(&["a"]);
    let long = |book: &Book| -> i64 {
        let sql = "SELECT sum(payload) FROM dbstat WHERE name = 'row'";
        book.journal.connection.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let planned = long(&book);
    let claimed = book.claim(NOW);
    assert_eq!(long(&book), planned, "claimed");
    let settlement = Settlement {
        id: claimed.id,
        event: Event::Answered,
        contact_id: Some("1b4f0e98-51a3-4f2c-9d2c-0a1b2c3d4e5f".to_owned()),
        refusal: None,
        requested_at: Some(at(NOW + 10)),
        at: at(NOW + 40),
    };
    book.apply(|tx, _, delta| attempts::settle(tx, &settlement, delta));
    assert_eq!(long(&book), planned, "started");
}

#[test]
fn what_is_sent_is_the_form_with_what_is_the_rows_own() {
    let mut book = Book::with(&["a"]);
    let Frozen { form, slots, destination, client_token } = book.claim(100).frozen;
    assert_eq!(
        (&slots[..], destination.as_str(), client_token),
        (&["Hi".to_owned()][..], "+12025550100", token("a"))
    );
    let frozen = Frozen { form, slots, destination, client_token };
    let body: serde_json::Value = serde_json::from_slice(&frozen.body().unwrap()).unwrap();
    assert_eq!(body["DestinationEndpoint"]["Address"], "+12025550100");
    assert_eq!(body["InitialSystemMessage"]["Content"], "Hi");
    assert_eq!(body["ClientToken"], token("a").to_string());
    assert!(Frozen { slots: Vec::new(), ..frozen }.body().is_err(), "somebody has edited the journal");
}

#[test]
fn an_answer_takes_back_what_an_earlier_refusal_said() {
    let mut book = Book::with(&["a"]);
    let id = book.claim(100).id;
    book.settle(id, Event::NotNow(Doubt::None), 110);
    book.claim_again(&[id], 200);
    assert_eq!(book.settle(id, Event::Answered, 250), State::Started);
    assert_eq!(book.row(), "2 a 2 2 | 100 - 250 | contact -");
}

#[test]
fn a_claim_that_is_given_back_leaves_what_earlier_attempts_did() {
    let mut book = Book::with(&["a"]);
    let id = book.claim(100).id;
    book.settle(id, Event::Unanswered, 110);
    book.claim_again(&[id], 200);
    assert_eq!(book.settle(id, Event::GivenBack(Doubt::Earlier), 210), State::Attempting);
    assert_eq!(book.row(), "2 a 1 1 | 100 100 - | - code");
}

#[test]
fn who_left_the_file_during_the_request_is_withdrawn_where_nothing_came_of_it() {
    for (event, row) in [
        (Event::NotNow(Doubt::None), "- a 8 1 | 100 - - | - code"),
        (Event::GivenBack(Doubt::None), "- a 8 0 | - - - | - -"),
        (Event::NotNow(Doubt::Earlier), "- a 1 1 | 100 100 - | - code"),
        (Event::Refused(Doubt::None), "- a 3 1 | 100 - 150 | - code"),
        (Event::Answered, "- a 2 1 | 100 - 150 | contact -"),
    ] {
        let mut book = Book::with(&["a"]);
        let id = book.claim(100).id;
        book.plan(&[]);
        book.settle(id, event, 150);
        assert_eq!(book.row(), row, "{event:?}");
    }
}

#[test]
fn rows_in_doubt_expire_with_their_tokens_or_with_a_clock_that_nobody_can_trust() {
    let now = at(0).plus(3 * TOKEN_SAFE);
    let one = std::time::Duration::from_millis(1);
    for (doubt_at, expires) in [
        (now.minus(TOKEN_SAFE), true),
        (now.minus(TOKEN_SAFE).plus(one), false),
        (now, false),
        (now.plus(CLOCK_SLACK).minus(one), false),
        (now.plus(CLOCK_SLACK), true),
    ] {
        let mut book = Book::with(&["a", "b", "c"]);
        for _ in 0..2 {
            book.claim(doubt_at.millis());
        }
        let given_up = if expires { 2 } else { 0 };
        assert_eq!(book.journal.expire(book.campaign, now).unwrap(), given_up, "{doubt_at:?}");
        let rows = book.rows();
        let uncertain = rows.iter().filter(|row| row.contains(" 4 1 | ")).count();
        assert_eq!(uncertain as u64, given_up, "{rows:?}");
        let settled = format!(" {} | - -", now.millis());
        assert_eq!(rows.iter().filter(|row| row.ends_with(&settled)).count() as u64, given_up);
    }
}

#[test]
fn failed_rows_of_the_file_are_tried_again_unless_a_person_decided_so() {
    let mut book = Book::with(&["a", "b", "c", "d"]);
    for event in [Event::Refused(Doubt::None), Event::Refused(Doubt::None), Event::Refused(Doubt::None)] {
        let id = book.claim(100).id;
        book.settle(id, event, 150);
    }
    let uncertain = book.claim(100).id;
    book.settle(uncertain, Event::TokenExpired, 150);
    book.journal.decide(book.campaign, &[uncertain], Decision::Failed, None, at(160)).unwrap();
    book.plan(&[line(2, "a"), line(3, "b"), line(5, "d")]);
    assert_eq!(book.journal.retry_failed(book.campaign).unwrap(), 2);
    let expected = [
        "2 a 0 1 | 100 - - | - code",
        "3 b 0 1 | 100 - - | - code",
        "- c 3 1 | 100 - 150 | - code",
        "5 d 3 1 | 100 - 160 | - marked-failed",
    ];
    assert_eq!(book.rows(), expected);
    assert_eq!(book.journal.retry_failed(book.campaign).unwrap(), 0);
}

/// A contact id that another row of the campaign has is no answer, also where it came in another run; another campaign's
/// row says nothing.
#[test]
fn a_contact_id_that_another_row_has_leaves_the_row_in_doubt() {
    let mut book = Book::with(&["a", "b"]);
    let rows: Vec<RowId> =
        book.claim_next(Pass::Queued, RowId::START, 2, 100).rows.iter().map(|row| row.id).collect();
    let mut given = |id: RowId, contact: &str| {
        let settlement = Settlement {
            id,
            event: Event::Answered,
            contact_id: Some(contact.to_owned()),
            requested_at: None,
            refusal: None,
            at: at(150),
        };
        book.apply(|tx, _, delta| attempts::settle(tx, &settlement, delta))
    };
    assert_eq!(given(rows[0], "one"), State::Started);
    assert_eq!(given(rows[1], "one"), State::Attempting, "whether it has a contact is not known");
    assert_eq!(given(rows[1], "two"), State::Started, "a replay may tell");
}
