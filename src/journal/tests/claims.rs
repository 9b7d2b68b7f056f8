//! Claims: the intent before the request.

use super::*;
use crate::domain::row::suppression::{Suppressed, Suppression};

fn listed(keys: &[&str]) -> Suppression {
    let mut lists = Suppression::default();
    keys.iter().for_each(|key| lists.add_number(&number(key)));
    lists
}

#[test]
fn a_claim_takes_the_next_rows_in_order_and_marks_them_before_it_says_so() {
    let mut book = Book::with(&["a", "b", "c", "d"]);
    let claim = book.claim_next(Pass::Queued, RowId::START, 3, 100);
    assert_eq!(keys(&claim), ["a", "b", "c"]);
    let first = &claim.rows[0];
    assert_eq!((first.line, first.attempts, first.earlier), (Some(2), 1, Doubt::None));
    assert_eq!((first.doubt_at, first.frozen.slots.as_slice()), (at(100), &["Hi".to_owned()][..]));
    assert_eq!(first.frozen.destination, number("a"));
    assert_eq!(book.row(), "2 a 1 1 | 100 100 - | - -");
    assert_eq!(book.rows()[3], "5 d 0 0 | - - - | - -");

    let rest = book.claim_next(Pass::Queued, claim.rows[2].id, 3, 200);
    assert_eq!(keys(&rest), ["d"], "the pass ends where the rows do");
    assert!(book.claim_next(Pass::Queued, rest.rows[0].id, 3, 300).rows.is_empty());
}

#[test]
fn a_claim_begins_behind_the_row_that_it_is_given_and_a_new_pass_at_the_first() {
    let mut book = Book::with(&["a", "b", "c"]);
    let first = book.claim(1);
    book.settle(first.id, Event::NotNow(Doubt::None), 2);
    assert_eq!(keys(&book.claim_next(Pass::Queued, first.id, 1, 3)), ["b"]);
    assert_eq!(keys(&book.claim_next(Pass::Queued, RowId::START, 9, 4)), ["a", "c"]);
}

#[test]
fn rows_in_doubt_have_a_pass_of_their_own_and_keep_their_first_times() {
    let mut book = Book::with(&["a", "b"]);
    book.claim(100);
    let claim = book.claim_next(Pass::InDoubt, RowId::START, 9, 200);
    assert_eq!(keys(&claim), ["a"]);
    let row = &claim.rows[0];
    assert_eq!((row.attempts, row.earlier, row.doubt_at), (2, Doubt::Earlier, at(100)));
    assert_eq!(book.row(), "2 a 1 2 | 100 100 - | - -");
}

#[test]
fn who_is_on_a_list_by_then_is_suppressed_and_others_come_in_their_place() {
    let mut book = Book::with(&["a", "b", "c", "d", "e", "f"]);
    book.journal.admit(Admission { suppression: listed(&["a", "d"]), ..Admission::default() });
    let claim = book.claim_next(Pass::Queued, RowId::START, 2, 100);
    assert_eq!((keys(&claim), claim.suppressed.as_slice()), (vec!["b", "c"], &[Some(2)][..]));
    assert_eq!(book.row(), format!("2 a 7 0 | - - - | - {}", Suppressed::Listed.code()));
    // A page of nobody else is not the end.
    let claim = book.claim_next(Pass::Queued, claim.rows[1].id, 1, 200);
    assert_eq!((keys(&claim), claim.suppressed.as_slice()), (vec!["e"], &[Some(5)][..]));
}

#[test]
fn a_list_with_all_that_is_left_leaves_nothing_and_says_whom_it_stopped() {
    let mut book = Book::with(&["a", "b"]);
    book.journal.admit(Admission { suppression: listed(&["a", "b"]), ..Admission::default() });
    let claim = book.claim_next(Pass::Queued, RowId::START, 5, 100);
    assert_eq!((claim.rows.len(), claim.suppressed.len()), (0, 2));
    assert_eq!(book.rows().len(), 2, "and the counts are those of the rows");
}

#[test]
fn the_journals_own_list_stops_a_claim_as_a_definitions_does() {
    let mut book = Book::with(&["a", "b", "c"]);
    let numbers = [number("b")].map(|number| crate::domain::phone::E164::parse(&number).unwrap());
    book.journal.suppress(&numbers, None, at(0)).unwrap();
    let claim = book.claim_next(Pass::Queued, RowId::START, 9, 100);
    assert_eq!((keys(&claim), claim.suppressed.as_slice()), (vec!["a", "c"], &[Some(3)][..]));
}

#[test]
fn a_row_in_doubt_is_replayed_whoever_is_on_a_list() {
    let mut book = Book::with(&["a"]);
    let row = book.claim(100);
    book.journal.admit(Admission { suppression: listed(&["a"]), ..Admission::default() });
    assert_eq!(keys(&book.claim_next(Pass::InDoubt, RowId::START, 9, 200)), ["a"]);
    assert_eq!(keys(&book.claim_again(&[row.id], 300)), ["a"]);
}

#[test]
fn of_a_sample_only_those_within_its_bound_are_claimed() {
    let mut book = Book::with(&["a", "b", "c", "d"]);
    book.journal.admit(Admission { sample: Some(token("c")), ..Admission::default() });
    let claim = book.claim_next(Pass::Queued, RowId::START, 9, 100);
    assert_eq!(keys(&claim), ["c", "d"]);
    assert_eq!(book.rows()[..2], ["2 a 0 0 | - - - | - -", "3 b 0 0 | - - - | - -"]);
    // Those in doubt are replayed, sample or not.
    book.journal.admit(Admission { sample: Some(token("d")), ..Admission::default() });
    assert_eq!(keys(&book.claim_next(Pass::InDoubt, RowId::START, 9, 200)), ["c", "d"]);
}

#[test]
fn a_row_that_is_claimed_again_counts_one_more_attempt_and_keeps_its_first_times() {
    let mut book = Book::with(&["a", "b"]);
    let row = book.claim(100);
    book.settle(row.id, Event::NotNow(Doubt::None), 110);
    let again = book.claim_again(&[row.id], 200);
    assert_eq!((keys(&again), again.rows[0].attempts, again.rows[0].earlier), (vec!["a"], 2, Doubt::None));
    assert_eq!(book.row(), "2 a 1 2 | 100 200 - | - code");
    book.settle(row.id, Event::Unanswered, 210);
    let again = book.claim_again(&[row.id], 300);
    assert_eq!((again.rows[0].attempts, again.rows[0].doubt_at), (3, at(200)));
    assert_eq!(book.row(), "2 a 1 3 | 100 200 - | - code");
}

#[test]
fn who_left_the_file_or_came_onto_a_list_is_not_claimed_again() {
    let mut book = Book::with(&["a", "b", "c"]);
    let claim = book.claim_next(Pass::Queued, RowId::START, 3, 100);
    let ids: Vec<RowId> = claim.rows.iter().map(|row| row.id).collect();
    for id in &ids {
        book.settle(*id, Event::NotNow(Doubt::None), 110);
    }
    book.plan(&[line(3, "b"), line(4, "c")]);
    book.journal.admit(Admission { suppression: listed(&["b"]), ..Admission::default() });
    let again = book.claim_again(&ids, 200);
    assert_eq!((keys(&again), again.suppressed.as_slice()), (vec!["c"], &[Some(3)][..]));
    let states: Vec<_> = book.rows().iter().map(|row| row[..7].to_owned()).collect();
    assert_eq!(states, ["- a 8 1", "3 b 7 1", "4 c 1 2"]);
    assert_eq!(keys(&book.claim_again(&ids[..2], 300)), [""; 0], "a suppressed one neither");
}

#[test]
fn a_claim_that_cannot_mark_what_it_has_found_fails() {
    let mut book = Book::with(&["a", "b"]);
    // As on a damaged page: the index has a row that the table does not take.
    let trigger =
        "CREATE TRIGGER deaf BEFORE UPDATE ON row WHEN old.line = 3 BEGIN SELECT raise(IGNORE); END";
    book.journal.connection.execute_batch(trigger).unwrap();
    let campaign = book.campaign;
    let tx = book.journal.connection.transaction().unwrap();
    let (mut shapes, admission) = (ClaimState::default(), Admission::default());
    let wanted = ClaimRequest::new(Pass::Queued, RowId::START, 9);
    let who = (&mut shapes, &admission);
    let found = attempts::claim_next(&tx, who, campaign, &wanted, at(1), &mut Delta::default()).unwrap_err();
    assert!(found.to_string().contains("2 rows wait, 1 could be claimed"), "{found}");
}

/// The writer claims whom the journal that it was handed admits.
#[tokio::test(start_paused = true)]
async fn a_writer_admits_whom_its_journal_does() {
    let mut book = Book::with(&["a", "b", "c"]);
    book.journal.admit(Admission {
        suppression: listed(&["b"]),
        sample: Some(token("b")),
        ..Admission::default()
    });
    let (writer, journal) = Writer::spawn(book.journal, book.campaign);
    let claim = writer.claim_next(ClaimRequest::new(Pass::Queued, RowId::START, 9), at(100)).await.unwrap();
    assert_eq!((keys(&claim), claim.suppressed.as_slice()), (vec!["c"], &[Some(3)][..]));
    drop(writer);
    journal.await.unwrap().unwrap();
}
