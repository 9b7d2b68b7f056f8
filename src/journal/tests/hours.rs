//! What `look_over` proves of hours: every request against what its run kept, and which left outside of it.

use std::sync::Arc;

use super::*;
use crate::domain::hours::schedule::Schedule;
use crate::domain::hours::terms::Terms;
use crate::domain::hours::week::{Week, days};
use crate::domain::hours::zones::Zones;
use crate::domain::hours::{Hours, Jurisdiction, Lane, Rule};
use crate::journal::care::hours::{HoursKept, OutsideHours};

/// 2026-03-01T14:00:00Z: nine in New York, seven in Denver.
const NINE: i64 = 1_772_373_600_000;
const HOUR: i64 = 3_600_000;

fn from_eight() -> Hours {
    let mut week = Week::default();
    days("mon-sun").unwrap().into_iter().for_each(|day| week.add(day, "08:00-21:00").unwrap());
    let rule = Rule { name: "hours.open".to_owned(), week: Some(week), ..Rule::default() };
    Hours { rules: vec![Arc::new(rule)], ..Hours::default() }
}

/// A campaign whose second row may be in two zones, with a run that keeps these terms from nine on.
fn book(terms: Terms) -> Book {
    let mut book = audit::empty();
    let in_lane = |mut line: FileLine, zones: &str| {
        if let Content::Recipient { lane, .. } = &mut line.content {
            *lane = Some(Lane { zones: Zones::parse(zones).unwrap(), jurisdiction: Jurisdiction::default() });
        }
        line
    };
    let york = in_lane(audit::true_line(2, "a"), "America/New_York");
    let both = in_lane(audit::true_line(3, "b"), "America/Denver America/New_York");
    book.plan(&[york, both]);
    let run = NewRun { terms, ..NewRun::default() };
    book.journal.begin_run(book.campaign, &run, at(NINE)).unwrap();
    book
}

impl Book {
    fn id_of(&self, key: &str) -> RowId {
        let sql = "SELECT id FROM row WHERE key = ?1";
        RowId(self.journal.connection.query_row(sql, [key], |row| row.get(0)).unwrap())
    }

    /// A row is requested at a moment, and that comes to this.
    fn request_at(&mut self, key: &str, moment: i64, event: Event) {
        let id = self.id_of(key);
        self.claim_again(&[id], moment);
        let settlement = Settlement {
            id,
            event,
            contact_id: (event == Event::Answered).then(|| format!("contact-{key}-{moment}")),
            refusal: None,
            requested_at: Some(at(moment)),
            at: at(moment + 40),
        };
        self.apply(|tx, _, delta| attempts::settle(tx, &settlement, delta));
    }

    fn hours_kept(&self) -> HoursKept {
        let mut audit = self.reader().look_over(&self.journal.path).unwrap();
        assert_eq!(audit.findings, []);
        audit.hours.remove(0).1
    }
}

#[test]
fn what_left_in_open_hours_is_proved_and_what_did_not_is_named() {
    let mut book = book(Terms { hours: Some(from_eight()), schedule: Schedule::default() });
    book.request_at("a", NINE, Event::Answered);
    book.request_at("b", NINE + HOUR, Event::NotNow(Doubt::None));
    book.request_at("b", NINE + 2 * HOUR, Event::Answered);
    assert_eq!(book.hours_kept(), HoursKept { requests: 3, ..HoursKept::default() });
    // Somebody, or a bug, sent the second row an hour too early for Denver, and the first at night.
    book.execute(&format!(
        "UPDATE request SET at = {}; UPDATE row SET requested_at = {} WHERE key = 'a'",
        NINE + HOUR - 1,
        NINE + 13 * HOUR
    ));
    let closed = |line, moment, zone: &str| OutsideHours {
        line: Some(line),
        at: at(moment),
        closed: Some((zone.to_owned(), "hours.open".to_owned())),
    };
    let first =
        vec![closed(3, NINE + HOUR - 1, "America/Denver"), closed(2, NINE + 13 * HOUR, "America/New_York")];
    assert_eq!(book.hours_kept(), HoursKept { requests: 3, unknown: 0, outside: 2, first });
}

#[test]
fn a_request_is_held_against_the_terms_of_its_own_run() {
    let mut book = book(Terms { hours: Some(from_eight()), schedule: Schedule::default() });
    let schedule = Schedule { start: Some(at(NINE + 10 * HOUR)), end: None };
    let run = NewRun { terms: Terms { hours: None, schedule }, ..NewRun::default() };
    book.journal.begin_run(book.campaign, &run, at(NINE + 5 * HOUR)).unwrap();
    book.journal.begin_run(book.campaign, &NewRun::default(), at(NINE + 24 * HOUR)).unwrap();
    // Of the first run, the second, which keeps a schedule alone, and the last, which keeps nothing.
    book.request_at("a", NINE + HOUR, Event::NotNow(Doubt::None));
    book.request_at("a", NINE + 16 * HOUR, Event::NotNow(Doubt::None));
    book.request_at("a", NINE + 40 * HOUR, Event::Answered);
    assert_eq!(book.hours_kept(), HoursKept { requests: 2, ..HoursKept::default() });
    book.execute(&format!("UPDATE request SET at = {} WHERE at > {}", NINE + 9 * HOUR, NINE + 2 * HOUR));
    let kept = book.hours_kept();
    let early = OutsideHours { line: Some(2), at: at(NINE + 9 * HOUR), closed: None };
    assert_eq!((kept.outside, kept.first), (1, vec![early]));
    // Of a request whose process died nobody knows when it left.
    book.claim_again(&[book.id_of("b")], NINE + 41 * HOUR);
    assert_eq!(book.hours_kept().unknown, 1);
}

/// The clock was set back: by its time no run had begun, and nothing says which terms were kept.
#[test]
fn a_request_before_every_run_is_none_of_which_anything_is_known() {
    let mut book = book(Terms { hours: Some(from_eight()), schedule: Schedule::default() });
    book.request_at("a", NINE - HOUR, Event::Answered);
    book.request_at("b", NINE + HOUR, Event::Answered);
    assert_eq!(book.hours_kept(), HoursKept { requests: 1, unknown: 1, ..HoursKept::default() });
}

#[test]
fn a_campaign_without_hours_or_schedule_proves_nothing() {
    let mut book = book(Terms::default());
    book.request_at("a", NINE, Event::Answered);
    assert_eq!(book.reader().look_over(&book.journal.path).unwrap().hours, []);
}
