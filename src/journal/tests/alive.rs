//! Contacts that may be alive as a run begins.

use std::time::Duration;

use super::*;

const LIFE: Duration = Duration::from_millis(100);

/// What of the journal's contacts may be alive at a time, by age.
fn ages(book: &Book, now: i64) -> Vec<u128> {
    ages_in(book, "i", now)
}

fn ages_in(book: &Book, instance_id: &str, now: i64) -> Vec<u128> {
    let ages = book.journal.ages_of_contacts(book.campaign, instance_id, LIFE, at(now)).unwrap();
    ages.into_iter().map(|age| age.as_millis()).collect()
}

/// A run that gave its last sign of life then.
fn seen(book: &mut Book, now: i64) {
    book.journal.begin_run(book.campaign, &NewRun::default(), at(now)).unwrap();
}

#[test]
fn a_contact_is_alive_from_its_answer_and_one_in_doubt_from_its_first_request() {
    let mut book = Book::with(&["a", "b", "c", "d", "e", "f"]);
    for (event, claimed) in [
        (Event::Answered, 1_000),
        (Event::Unanswered, 1_010),
        (Event::Refused(Doubt::Earlier), 1_020),
        (Event::Refused(Doubt::None), 1_030),
        (Event::NotNow(Doubt::None), 1_040),
    ] {
        let waits = book.claim_next(Pass::Queued, RowId::START, 9, claimed).rows;
        for row in &waits[1..] {
            book.settle(row.id, Event::GivenBack(Doubt::None), claimed);
        }
        book.settle(waits[0].id, event, claimed + 5);
    }
    seen(&mut book, 1_050);
    assert_eq!(ages(&book, 1_060), [55, 50, 40], "the oldest first: started, in doubt, uncertain");
    assert_eq!(ages(&book, 1_104), [99, 94, 84]);
    assert_eq!(ages(&book, 1_105), [95, 85], "it lived for so long and no longer");
}

#[test]
fn of_the_same_instance_every_campaigns_contacts_count_and_of_another_none() {
    let mut book = Book::with(&["a"]);
    let id = book.claim(1_000).id;
    book.settle(id, Event::Answered, 1_010);
    seen(&mut book, 1_010);
    book.campaign = book.journal.campaign(&identity("first"), at(0)).unwrap();
    let id = book.claim(1_020).id;
    book.settle(id, Event::Answered, 1_030);
    assert_eq!(ages(&book, 1_040), [30, 10]);
    for other in [
        Identity { instance_id: "j".to_owned(), ..identity("third") },
        Identity { service: Service::Loopback, ..identity("fourth") },
    ] {
        book.campaign = book.journal.campaign(&other, at(0)).unwrap();
        assert_eq!(ages_in(&book, &other.instance_id, 1_040), [], "{other:?}");
    }
}

#[test]
fn after_a_quiet_time_nobody_is_looked_for() {
    let mut book = Book::with(&["a"]);
    let id = book.claim(1_000).id;
    book.settle(id, Event::Answered, 1_050);
    assert_eq!(ages(&book, 1_060), [], "no run has told of itself");
    seen(&mut book, 900);
    assert_eq!(ages(&book, 1_060), []);
    seen(&mut book, 1_001);
    assert_eq!(ages(&book, 1_060), [10]);
}
