//! One number under two keys, in one file and over several.

use super::*;
use crate::journal::{RewrittenOf, SameNumber, SameNumbers};

const NUMBER: &str = "+12025550177";

/// A campaign that contacted `a`, whose number is [`NUMBER`].
fn contacted() -> Book {
    let mut book = Book::new();
    book.plan(&[line_of(2, "a", NUMBER, "Hi")]);
    let row = book.claim(100);
    book.settle(row.id, Event::Answered, 150);
    book
}

fn found(book: &Book) -> SameNumbers {
    book.journal.same_numbers(book.campaign, 20).unwrap()
}

fn told(line: u64, key: &str, (other_line, other_key): (Option<u64>, &str), contacted: bool) -> SameNumber {
    let (key, other_key) = (key.to_owned(), other_key.to_owned());
    SameNumber { line: Some(line), key, other_line, other_key, contacted }
}

#[test]
fn who_was_contacted_under_another_key_is_found_whatever_file_it_was() {
    let mut book = contacted();
    book.plan(&[line(2, "c"), line_of(3, "b", NUMBER, "Hi")]);
    let expected = vec![told(3, "b", (None, "a"), true)];
    assert_eq!(found(&book), SameNumbers { contacted: 1, repeated: 0, first: expected });
    assert_eq!(book.journal.keep_first_of_numbers(book.campaign).unwrap(), 1);
    assert_eq!(found(&book), SameNumbers::default());
    assert_eq!(book.rows()[2], "3 b 6 0 | - - - | - same-number");
    assert!(book.journal.duplicates(book.campaign, 20).unwrap().is_empty(), "no line has another one's key");
    // The same file again: the same again.
    book.plan(&[line(2, "c"), line_of(3, "b", NUMBER, "Hi")]);
    assert_eq!(found(&book).contacted, 1);
}

#[test]
fn in_a_first_file_the_first_row_of_a_number_is_kept() {
    let mut book = Book::new();
    book.plan(&[line_of(2, "b", NUMBER, "Hi"), line_of(3, "a", NUMBER, "Hi"), line(4, "c")]);
    let expected = vec![told(3, "a", (Some(2), "b"), false)];
    assert_eq!(found(&book), SameNumbers { contacted: 0, repeated: 1, first: expected });
    assert_eq!(book.journal.keep_first_of_numbers(book.campaign).unwrap(), 1);
    assert_eq!(found(&book), SameNumbers::default());
    let reason: String = book
        .journal
        .connection
        .query_row("SELECT reason FROM row WHERE code = 'same-number'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(reason, "line 2 has its number, under the key b");
}

#[test]
fn who_was_not_contacted_and_waits_no_more_stands_in_nobodys_way() {
    let mut book = Book::new();
    book.plan(&[line_of(2, "a", NUMBER, "Hi")]);
    book.plan(&[line_of(2, "b", NUMBER, "Hi")]);
    assert_eq!(found(&book), SameNumbers::default(), "a was withdrawn");
    let row = book.claim(100);
    book.settle(row.id, Event::Refused(Doubt::None), 150);
    book.plan(&[line_of(2, "c", NUMBER, "Hi")]);
    assert_eq!(found(&book), SameNumbers::default(), "b has failed, and has no contact");
}

#[test]
fn what_may_have_a_contact_counts_as_contacted() {
    let mut book = Book::new();
    book.plan(&[line_of(2, "a", NUMBER, "Hi")]);
    let row = book.claim(100);
    book.settle(row.id, Event::Unanswered, 150);
    book.plan(&[line_of(2, "b", NUMBER, "Hi")]);
    assert_eq!(found(&book).contacted, 1);
}

/// A row that is corrected before its turn is found under its new number and not under its old one.
#[test]
fn a_row_is_found_by_the_number_that_it_has_now() {
    let mut book = contacted();
    book.plan(&[line_of(2, "b", NUMBER, "Hi")]);
    assert_eq!(found(&book).contacted, 1);
    book.plan(&[line_of(2, "b", "+12025550178", "Hi")]);
    assert_eq!(found(&book), SameNumbers::default());
    book.plan(&[line_of(2, "b", NUMBER, "Hi")]);
    assert_eq!(found(&book).contacted, 1);
}

#[test]
fn a_file_that_is_sent_while_it_is_read_keeps_the_first_of_each_number() {
    let mut book = contacted();
    let columns = ["key".to_owned()];
    let plan = book.journal.begin_streamed_plan(book.campaign, &shape("f"), &columns).unwrap();
    let file = [
        line_of(2, "b", NUMBER, "Hi"),
        line_of(3, "c", "+12025550178", "Hi"),
        line_of(4, "d", "+12025550178", "Hi"),
    ];
    book.finish(plan.keep_first_of_numbers(), &file);
    let rows = book.rows();
    assert_eq!(
        rows[1..],
        ["2 b 6 0 | - - - | - same-number", "3 c 0 0 | - - - | - -", "4 d 6 0 | - - - | - same-number"]
    );
}

#[test]
fn a_key_that_a_spreadsheet_rewrote_is_found_though_its_number_changed_and_only_where_it_is_gone() {
    let keys = |book: &Book| {
        let found = book.journal.rewritten_keys(book.campaign, RewrittenOf::OtherNumbers, 20).unwrap();
        let first = found.first.into_iter().map(|row| (row.line, row.key, row.before)).collect::<Vec<_>>();
        assert_eq!(first.len() as u64, found.rows);
        first
    };
    let mut book = Book::new();
    book.plan(&[line_of(2, "A1", NUMBER, "Hi")]);
    let row = book.claim(100);
    book.settle(row.id, Event::Answered, 150);
    let file = [line_of(2, "a1", "+12025550178", "Hi"), line_of(3, "b", "+12025550179", "Hi")];
    book.plan(&file);
    assert_eq!(found(&book), SameNumbers::default(), "it has another number");
    assert_eq!(keys(&book), [(Some(2), "a1".to_owned(), Some("A1".to_owned()))]);
    assert_eq!(book.journal.leave_out_rewritten_keys(book.campaign).unwrap(), 1);
    assert_eq!(keys(&book), []);
    assert_eq!(book.rows()[1], "2 a1 6 0 | - - - | - rewritten-key");
    assert!(book.journal.duplicates(book.campaign, 20).unwrap().is_empty(), "no line has another one's key");
    // Both are in the file: two keys that happen to look alike.
    book.plan(&[line_of(4, "A1", NUMBER, "Hi"), file[0].clone()]);
    assert_eq!(keys(&book), []);
}
