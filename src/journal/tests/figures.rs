//! What the figures before a run are made of.

use super::*;
use crate::domain::foreign::ForeignText;

fn waiting(book: &Book, most: u64) -> Vec<(Option<u64>, String, Option<String>)> {
    let mut waiting = Vec::new();
    let each = |row: Waiting<'_>| {
        waiting.push((row.line, row.destination.to_owned(), row.message.map(str::to_owned)));
    };
    book.journal.each_waiting(book.campaign, most, each).unwrap();
    waiting
}

#[test]
fn what_a_run_would_send_comes_in_the_order_of_its_claims_and_no_more_than_it_may_send() {
    let mut book = Book::with(&["a", "b", "c", "d"]);
    let first = book.claim_next(Pass::Queued, RowId::START, 2, 100).rows;
    book.settle(first[0].id, Event::GivenBack(Doubt::None), 110);
    let row = |line, key| (Some(line), number(key), Some("Hi".to_owned()));
    let all = [row(3, "b"), row(2, "a"), row(4, "c"), row(5, "d")];
    for most in 0..=5 {
        assert_eq!(waiting(&book, most), all[..all.len().min(usize::try_from(most).unwrap())], "{most}");
    }
    book.journal.admit(Admission { sample: Some(token("c")), ..Admission::default() });
    let sampled = [row(3, "b"), row(4, "c"), row(5, "d")];
    assert_eq!(waiting(&book, 9), sampled, "in doubt, sampled or not; then the sample");
}

#[test]
fn duplicates_come_with_the_line_that_has_their_key_first() {
    let mut book = Book::new();
    book.plan(&[line(2, "a"), line(3, "b"), line(4, "a"), line(5, "b"), line(6, "a")]);
    let duplicates = |most| book.journal.duplicates(book.campaign, most).unwrap();
    assert_eq!(duplicates(9), [(4, Some(2), false), (5, Some(3), false), (6, Some(2), false)]);
    assert_eq!(duplicates(2), [(4, Some(2), false), (5, Some(3), false)]);
}

#[test]
fn reasons_come_in_the_order_of_results_with_the_rows_of_each() {
    let mut book = Book::new();
    book.plan(&[line(2, "a"), rejected(3), line(4, "a"), rejected(5), line(6, "b")]);
    let reader = Reader::open(&book.journal.path).unwrap();
    let reasons = reader.reasons(book.campaign).unwrap();
    let told: Vec<_> = reasons
        .iter()
        .map(|reason| (reason.state, reason.code.as_ref().map(ForeignText::raw), reason.rows))
        .collect();
    let of_results = [
        (State::Rejected, Some("no-number"), 2),
        (State::Duplicate, Some("duplicate-key"), 1),
        (State::Queued, None, 2),
    ];
    assert_eq!(told, of_results);
}
