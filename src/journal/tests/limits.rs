//! Limits and open contacts, as claims keep them.

use std::time::Duration;

use super::*;
use crate::domain::account::opt_outs::OptOut;
use crate::domain::delivery::state::Decision;
use crate::domain::limits::{Budget, ContactLimits, LimitReached, OverLimit, RecipientLimit};
use crate::domain::prices::Prices;
use crate::journal::run::opt_outs::{self, OptOutChange};

const NUMBER: &str = "+12025550177";
const HOUR: i64 = 3_600_000;

fn limits(per_recipient: &[(u32, u64)], over: OverLimit) -> ContactLimits {
    let limit = |(most, hours): &(u32, u64)| RecipientLimit {
        most: (*most).try_into().unwrap(),
        within: Duration::from_secs(hours * 3_600),
    };
    ContactLimits {
        per_recipient: per_recipient.iter().map(limit).collect(),
        over,
        ..ContactLimits::default()
    }
}

impl Book {
    fn limit(&mut self, limits: ContactLimits, one_open: bool) {
        self.journal.release_held(self.campaign).unwrap();
        self.journal.admit(Admission { limits: ClaimLimits { limits, one_open }, ..Admission::default() });
    }

    /// Begins a run, without which no contact can be.
    fn run(&mut self, now: i64) {
        let record = NewRun::default();
        self.journal.begin_run(self.campaign, &record, at(now)).unwrap();
    }

    /// Another campaign of the journal, which has these lines.
    fn another(&mut self, name: &str, lines: &[FileLine]) {
        self.campaign = self.journal.campaign(&identity(name), at(0)).unwrap();
        self.plan(lines);
    }

    fn claim_all(&mut self, now: i64) -> Claim {
        self.claim_next(Pass::Queued, RowId::START, 9, now)
    }
}

/// A journal whose campaign contacted [`NUMBER`] at this hour.
fn contacted(hour: i64) -> Book {
    let mut book = Book::new();
    book.plan(&[line_of(2, "a", NUMBER, "Hi")]);
    book.run(hour * HOUR);
    let row = book.claim(hour * HOUR);
    book.settle(row.id, Event::Answered, hour * HOUR);
    book
}

fn until(claim: &Claim) -> Vec<i64> {
    claim.wakes.iter().map(|wake| wake.at.millis() / HOUR).collect()
}

#[test]
fn a_number_that_another_campaign_contacted_waits_and_no_row_waits_behind_it() {
    let mut book = contacted(10);
    book.another("other", &[line_of(2, "b", NUMBER, "Hi"), line(3, "c")]);
    book.run(11 * HOUR);
    book.limit(limits(&[(1, 24)], OverLimit::Wait), false);
    let claim = book.claim_all(11 * HOUR);
    assert_eq!((keys(&claim), until(&claim)), (vec!["c"], vec![34]));
    let held =
        |book: &mut Book, hour: i64| book.claim_next(Pass::Waited(at(0)), RowId::START, 9, hour * HOUR);
    assert_eq!(keys(&held(&mut book, 33)), Vec::<&str>::new());
    let claim = held(&mut book, 34);
    assert_eq!((keys(&claim), until(&claim)), (vec!["b"], Vec::new()));
}

#[test]
fn what_is_in_doubt_counts_as_a_contact_and_what_failed_does_not() {
    for (event, counts) in [(Event::Unanswered, true), (Event::Refused(Doubt::None), false)] {
        let mut book = Book::new();
        book.plan(&[line_of(2, "a", NUMBER, "Hi")]);
        book.run(0);
        let row = book.claim(0);
        book.settle(row.id, event, 0);
        book.another("other", &[line_of(2, "b", NUMBER, "Hi")]);
        book.run(0);
        book.limit(limits(&[(1, 24)], OverLimit::Wait), false);
        assert_eq!(book.claim_all(HOUR).rows.is_empty(), counts, "{event:?}");
    }
}

#[test]
fn rows_of_one_claim_count_for_each_other_and_for_a_retry() {
    let file = [line_of(2, "a", NUMBER, "Hi"), line_of(3, "b", NUMBER, "Hi"), line_of(4, "c", NUMBER, "Hi")];
    let mut book = Book::new();
    book.plan(&file);
    book.run(0);
    book.limit(limits(&[(2, 24)], OverLimit::Wait), false);
    let claim = book.claim_all(0);
    assert_eq!((keys(&claim), until(&claim)), (vec!["a", "b"], vec![24]));
    // The first is throttled, and comes back when the third has its place.
    book.settle(claim.rows[0].id, Event::NotNow(Doubt::None), 0);
    book.limit(limits(&[(2, 24)], OverLimit::Wait), false);
    let third = book.claim_next(Pass::Queued, claim.rows[1].id, 9, HOUR);
    assert_eq!(keys(&third), ["c"]);
    let again = book.claim_again(&[claim.rows[0].id], HOUR);
    assert_eq!((keys(&again), again.wakes.len()), (Vec::new(), 1), "it waits in the journal");
}

#[test]
fn a_row_over_its_limit_is_left_out_where_the_definition_says_so() {
    let mut book = contacted(10);
    book.another("other", &[line_of(2, "b", NUMBER, "Hi")]);
    book.run(11 * HOUR);
    book.limit(limits(&[(1, 24)], OverLimit::Suppress), false);
    assert_eq!(book.journal.held_rows(book.campaign, at(11 * HOUR)).unwrap().too_often, 1);
    assert_eq!(book.claim_all(11 * HOUR).suppressed, [Some(2)]);
    assert_eq!(book.row(), "2 b 7 0 | - - - | - too-often");
}

#[test]
fn of_a_sender_and_a_number_there_is_one_contact_that_may_be_open() {
    let mut book = contacted(10);
    let lines = [
        line_of(2, "b", NUMBER, "Hi"),
        line_of(3, "c", "+12025550178", "Hi"),
        line_of(4, "d", "+12025550178", "Hi"),
    ];
    book.another("other", &lines);
    book.run(11 * HOUR);
    book.limit(ContactLimits::default(), true);
    let open = book.journal.held_rows(book.campaign, at(11 * HOUR)).unwrap();
    assert_eq!((open.open, open.until), (2, Some(at(36 * HOUR))), "one of them waits for the row before it");
    let claim = book.claim_all(11 * HOUR);
    assert_eq!((keys(&claim), until(&claim)), (vec!["c"], vec![35]), "25 hours, and of one claim too");
    // The first campaign said how long its contacts live.
    let first = book.journal.campaign(&identity("second"), at(0)).unwrap();
    book.journal.set_contact_life(first, Some(Duration::from_secs(60))).unwrap();
    book.limit(ContactLimits::default(), true);
    assert_eq!(keys(&book.claim_all(11 * HOUR)), ["b"]);
}

#[test]
fn another_sender_may_contact_the_same_number() {
    let mut book = contacted(10);
    book.campaign = book.journal.campaign(&identity("other"), at(0)).unwrap();
    let from = RequestTemplate { source: Leaf::Fixed("another".to_owned()), ..shape("f") };
    book.plan_as(&from, &["key"], &[line_of(2, "b", NUMBER, "Hi")]);
    book.run(11 * HOUR);
    book.limit(ContactLimits::default(), true);
    assert_eq!(keys(&book.claim_all(11 * HOUR)), ["b"]);
}

#[test]
fn a_campaign_has_no_more_contacts_than_its_definition_allows_in_all_and_in_a_day() {
    let mut book = Book::with(&["a", "b", "c", "d"]);
    book.run(0);
    book.limit(ContactLimits { contacts: Some(3), per_day: Some(2), ..ContactLimits::default() }, false);
    let first = book.claim_all(HOUR);
    assert_eq!((keys(&first), first.limited), (vec!["a", "b"], Some(LimitReached::PerDay(2, at(24 * HOUR)))));
    for row in &first.rows {
        book.settle(row.id, Event::Answered, HOUR);
    }
    assert_eq!(keys(&book.claim_all(23 * HOUR)), Vec::<&str>::new());
    let next = book.claim_all(24 * HOUR);
    assert_eq!((keys(&next), next.limited), (vec!["c"], Some(LimitReached::Contacts(3))));
    // What has no contact after all makes room.
    book.settle(next.rows[0].id, Event::Refused(Doubt::None), 24 * HOUR);
    let last = book.claim_all(24 * HOUR);
    assert_eq!((keys(&last), last.limited), (vec!["d"], None), "no row waits");
}

#[test]
fn a_row_waits_no_longer_for_one_that_failed() {
    let mut book = Book::new();
    book.plan(&[line_of(2, "a", NUMBER, "Hi"), line_of(3, "b", NUMBER, "Hi")]);
    book.run(0);
    book.limit(ContactLimits::default(), true);
    let first = book.claim_all(HOUR);
    assert_eq!((keys(&first), until(&first)), (vec!["a"], vec![26]));
    book.settle(first.rows[0].id, Event::Refused(Doubt::None), HOUR);
    let next = book.claim_next(Pass::Waited(at(0)), RowId::START, 9, HOUR + 1);
    assert_eq!(keys(&next), ["b"]);
}

#[test]
fn a_contact_is_over_when_an_event_of_the_account_says_so_or_as_its_request_asked() {
    let mut book = Book::new();
    let asked = RequestTemplate { chat_duration_minutes: Some(60), ..shape("f") };
    book.plan_as(&asked, &["key"], &[line_of(2, "a", NUMBER, "Hi"), line_of(3, "b", NUMBER, "Hi")]);
    book.run(0);
    // What a definition says of its flow is less sure than what Amazon Connect was asked.
    book.journal.set_contact_life(book.campaign, Some(Duration::from_secs(60))).unwrap();
    book.limit(ContactLimits::default(), true);
    let first = book.claim_all(0);
    book.settle(first.rows[0].id, Event::Answered, 0);
    assert_eq!(until(&first), [1]);
    let ended = "INSERT INTO delivery (row_id, campaign_id, messages, ended_at) VALUES (?1, ?2, 0, 600000)";
    book.journal.connection.execute(ended, [first.rows[0].id.0, book.campaign.0]).unwrap();
    book.limit(ContactLimits::default(), true);
    assert_eq!(keys(&book.claim_all(600_000)), ["b"]);
}

#[test]
fn contacts_cost_no_more_than_the_budget_and_what_failed_costs_nothing() {
    let mut book = Book::new();
    let long = "a".repeat(161);
    let lines: Vec<FileLine> = (2..)
        .zip(["a", "b", "c", "d"])
        .map(|(number, key)| line_of(number, key, &self::number(key), if key == "c" { &long } else { "Hi" }))
        .collect();
    book.plan(&lines);
    book.run(0);
    let budget = |most| ContactLimits {
        cost: Some(Budget { most, prices: Prices::Flat(0.1), takes_real_prices: true }),
        ..ContactLimits::default()
    };
    book.limit(budget(0.3), false);
    let mut state = ClaimState::default();
    let mut claim = |book: &mut Book, now| {
        let campaign = book.campaign;
        let request = ClaimRequest::new(Pass::Queued, RowId::START, 9);
        let before = std::mem::take(&mut state);
        let (claim, after) = book.apply(|tx, (_, admission), delta| {
            let mut state = before;
            let claim =
                attempts::claim_next(tx, (&mut state, admission), campaign, &request, at(now), delta)?;
            Ok((claim, state))
        });
        state = after;
        claim
    };
    let first = claim(&mut book, 0);
    assert_eq!(
        (keys(&first), first.limited),
        (vec!["a", "b"], Some(LimitReached::Cost(0.3))),
        "c costs twice as much"
    );
    assert_eq!(first.stopped_at.map(|at| at.after), Some(first.rows[1].id), "and there is more behind b");
    book.settle(first.rows[0].id, Event::Refused(Doubt::None), 0);
    let next = claim(&mut book, 1);
    assert_eq!((keys(&next), next.limited), (vec!["c"], Some(LimitReached::Cost(0.3))));
    // The next run knows it from the rows.
    book.limit(budget(0.4), false);
    assert_eq!(keys(&book.claim_all(2)), ["d"]);
}

#[test]
fn real_prices_take_the_place_of_the_estimate_once_they_are_final() {
    // What is told of the first of two messages, and whether a third one may be sent for what is left of 0.3.
    for (price, fee, is_final, same_currency, left) in [
        ("0.1", "0.05", 1, true, false),
        ("0.02", "0", 1, true, true),
        ("0.1", "0.05", 0, true, true),
        ("NULL", "0", 1, true, true),
        ("0.1", "0.05", 1, false, true),
    ] {
        let mut book = Book::with(&["a", "b", "c"]);
        book.run(0);
        let budget = |most| ContactLimits {
            cost: Some(Budget { most, prices: Prices::Flat(0.1), takes_real_prices: same_currency }),
            ..ContactLimits::default()
        };
        book.limit(budget(0.2), false);
        let first = book.claim_all(0);
        assert_eq!(keys(&first), ["a", "b"]);
        for row in &first.rows {
            book.settle(row.id, Event::Answered, 0);
        }
        let told = format!(
            "INSERT INTO message (message_id, trail, price, carrier_fee, final, row_id)
             VALUES ('m', 0, {price}, {fee}, {is_final}, ?1)"
        );
        book.journal.connection.execute(&told, [first.rows[0].id.0]).unwrap();
        book.limit(budget(0.3), false);
        let next = book.claim_all(1);
        assert_eq!(
            keys(&next),
            if left { vec!["c"] } else { vec![] },
            "{price} {fee} {is_final} {same_currency}"
        );
    }
}

#[test]
fn a_claim_puts_so_many_rows_aside_and_the_next_one_goes_on_behind_them() {
    let mut book = contacted(10);
    let many = 10_050;
    let lines: Vec<FileLine> = (0..many)
        .map(|n| {
            let content = Content::Recipient {
                key: n.to_string(),
                destination: NUMBER.to_owned(),
                client_token: Uuid::from_u128(5_000 + n),
                slots: vec!["Hi".to_owned()],
                lane: None,
                sender: None,
                window: Default::default(),
                suppressed: None,
            };
            FileLine { number: 2 + n as u64, rejected: None, cells: vec![n.to_string()], content }
        })
        .collect();
    book.another("other", &lines);
    book.run(11 * HOUR);
    book.limit(limits(&[(1, 24)], OverLimit::Suppress), false);
    let first = book.claim_all(11 * HOUR);
    let stopped = first.stopped_at.expect("there are more");
    assert_eq!((first.suppressed.len(), first.rows.len()), (10_000, 0));
    let second = book.claim_next(Pass::Queued, stopped.after, 9, 11 * HOUR);
    assert_eq!((second.suppressed.len(), second.stopped_at), (50, None));
}

#[test]
fn reading_the_file_again_leaves_rows_waiting_for_what_they_wait_for() {
    let mut book = contacted(10);
    let lines = [line_of(2, "b", NUMBER, "Hi")];
    book.another("other", &lines);
    book.run(11 * HOUR);
    book.limit(limits(&[(1, 24)], OverLimit::Wait), false);
    assert_eq!(until(&book.claim_all(11 * HOUR)), [34]);
    book.plan(&lines);
    assert_eq!(keys(&book.claim_next(Pass::Waited(at(0)), RowId::START, 9, 33 * HOUR)), [""; 0]);
    assert_eq!(keys(&book.claim_next(Pass::Waited(at(0)), RowId::START, 9, 34 * HOUR)), ["b"]);
}

/// What was a contact of an earlier day and is none any more makes no room in this one.
#[test]
fn a_decision_on_a_row_of_an_earlier_day_does_not_add_to_a_later_one() {
    let mut book = Book::with(&["a", "b", "c", "d"]);
    book.run(0);
    book.limit(ContactLimits { per_day: Some(1), ..ContactLimits::default() }, false);
    let first = book.claim_all(HOUR);
    book.settle(first.rows[0].id, Event::TokenExpired, HOUR);
    let second = book.claim_all(25 * HOUR);
    assert_eq!(keys(&second), ["b"], "the day's own");
    book.settle(second.rows[0].id, Event::Answered, 25 * HOUR);
    let row = first.rows[0].id;
    book.journal.decide(book.campaign, &[row], Decision::Failed, None, at(26 * HOUR)).unwrap();
    assert_eq!(book.claim_all(27 * HOUR).limited, Some(LimitReached::PerDay(1, at(48 * HOUR))));
}

/// A contact by hand is a person's own decision, and is not held; but campaigns wait for it, and it counts for limits.
#[test]
fn a_contact_by_hand_is_waited_for() {
    let mut book = Book::new();
    let by_hand = book.journal.campaign(&identity(BY_HAND), at(0)).unwrap();
    let asked = RequestTemplate { chat_duration_minutes: Some(120), ..shape("f") };
    let contact = ContactByHand {
        client_token: "mine".to_owned(),
        destination: NUMBER.to_owned(),
        shape: asked,
        body: "{}".to_owned(),
    };
    let ClaimByHand::Claimed(row) = book.journal.claim_by_hand(by_hand, &contact, at(0)).unwrap() else {
        panic!("it may be started")
    };
    let contact_id = Some("contact".to_owned());
    let answered = Settlement {
        id: row.id,
        event: Event::Answered,
        contact_id,
        refusal: None,
        requested_at: None,
        at: at(0),
    };
    book.journal.settle_by_hand(by_hand, &answered).unwrap();
    book.another("other", &[line_of(2, "b", NUMBER, "Hi")]);
    book.run(HOUR);
    book.limit(ContactLimits::default(), true);
    assert_eq!(until(&book.claim_all(HOUR)), [2]);
    book.limit(limits(&[(1, 24)], OverLimit::Suppress), false);
    assert_eq!(book.claim_all(HOUR).suppressed.len(), 1, "it counts");
}

/// Promise 12 holds for a contact by hand: whichever list of the account has the number, no request leaves.
#[test]
fn a_contact_by_hand_is_not_asked_for_where_the_number_opted_out() {
    let mut book = Book::new();
    let by_hand = book.journal.campaign(&identity(BY_HAND), at(0)).unwrap();
    let list = book.journal.opt_out_lists("an account", ["Default"]).unwrap().remove(0).id;
    let contact = ContactByHand {
        client_token: "mine".to_owned(),
        destination: NUMBER.to_owned(),
        shape: shape("f"),
        body: "{}".to_owned(),
    };
    let change = |book: &mut Book, opted_out: Option<OptOut>| {
        let change = OptOutChange::Number(NUMBER.to_owned(), opted_out);
        let tx = book.journal.connection.transaction().unwrap();
        opt_outs::change(&tx, by_hand, list, &change, at(1)).unwrap();
        tx.commit().unwrap();
    };
    change(&mut book, Some(OptOut { number: NUMBER.to_owned(), at: at(1) }));
    let refused = book.journal.claim_by_hand(by_hand, &contact, at(2)).unwrap();
    assert!(matches!(refused, ClaimByHand::OptedOut(since) if since == at(1)), "{refused:?}");
    change(&mut book, None);
    let claimed = book.journal.claim_by_hand(by_hand, &contact, at(3)).unwrap();
    assert!(matches!(claimed, ClaimByHand::Claimed(_)), "{claimed:?}");
}
