//! Decisions of people on rows of which nobody knows.

use super::*;
use crate::domain::delivery::state::Decision;

/// A row that nobody knows about, and one that waits.
fn uncertain() -> (Book, RowId) {
    let mut book = Book::with(&["a", "b"]);
    let id = book.claim(100).id;
    book.settle(id, Event::Refused(Doubt::Earlier), 150);
    (book, id)
}

#[test]
fn uncertain_rows_are_listed_with_all_that_helps_to_find_out() {
    let (book, id) = uncertain();
    let expected = Uncertain {
        id,
        line: Some(2),
        key: "a".to_owned(),
        destination: number("a"),
        client_token: token("a").to_string(),
        attempts: 1,
        first_attempt_at: Some(at(100)),
        not_there: None,
    };
    assert_eq!(book.journal.uncertain(book.campaign).unwrap(), [expected]);
}

#[test]
fn a_decision_moves_the_row_and_is_kept_with_its_time() {
    for (decision, contact_id, row) in [
        (Decision::Started, Some("found"), "2 a 2 1 | 100 - 200 | found marked-started"),
        (Decision::Started, None, "2 a 2 1 | 100 - 200 | - marked-started"),
        (Decision::Failed, None, "2 a 3 1 | 100 - 200 | - marked-failed"),
        (Decision::Resend, None, "2 a 0 1 | 100 - - | - resend"),
    ] {
        let (mut book, id) = uncertain();
        book.journal.decide(book.campaign, &[id], decision, contact_id, at(200)).unwrap();
        assert_eq!(book.rows(), [row, "3 b 0 0 | - - - | - -"]);
        assert!(book.journal.uncertain(book.campaign).unwrap().is_empty());
        let kept: (i64, String, Option<String>) = book
            .journal
            .connection
            .query_row("SELECT at, decision, contact_id FROM decision WHERE row_id = ?1", [id.0], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .unwrap();
        assert_eq!(kept, (200, decision.code().to_owned(), contact_id.map(str::to_owned)));
    }
}

#[test]
fn that_it_was_sent_again_stays_with_the_row_once_it_is_started() {
    let (mut book, id) = uncertain();
    book.journal.decide(book.campaign, &[id], Decision::Resend, None, at(200)).unwrap();
    let row = book.claim(300);
    assert_eq!((row.id, row.earlier, row.doubt_at), (id, Doubt::None, at(300)));
    book.settle(id, Event::Answered, 350);
    assert_eq!(book.row(), "2 a 2 2 | 100 - 350 | contact resend");
}

#[test]
fn what_is_not_uncertain_is_not_decided_on_nor_is_anything_with_it() {
    let (mut book, id) = uncertain();
    let waits = book.claim_next(Pass::Queued, RowId::START, 1, 160).rows[0].id;
    let before = book.rows();
    let refused = book.journal.decide(book.campaign, &[id, waits], Decision::Started, None, at(200));
    assert!(refused.is_err());
    assert_eq!(book.rows(), before);
}
