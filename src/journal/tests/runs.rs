//! Runs: what their records tell while they go on and after, and what they met on their way.

use std::time::Duration;

use super::*;
use crate::domain::delivery::bucket_history::BucketHistory;
use crate::domain::delivery::latency::Latencies;
use crate::domain::forecast::{ActiveBound, Heartbeat, Milestone, RestAhead};
use crate::journal::run::{activity, runs};

const COUNTERS: Counters = Counters { started: 5, requests: 8, throttled: 2, retried: 1 };

fn begin(book: &mut Book, now: i64) -> (RunId, BucketHistory) {
    book.journal.begin_run(book.campaign, &NewRun::default(), at(now)).unwrap()
}

fn end(book: &mut Book, run: RunId, now: i64) {
    let end = RunEnd { exit: 0, reason: None };
    book.journal.end_run(run, Counters::default(), &end, at(now)).unwrap();
}

impl Book {
    fn write(&self, run: RunId, activity: &RunActivity) {
        activity::write(&self.journal.connection, run, activity).unwrap();
    }

    fn newest(&self, most: u32) -> Vec<RunRecord> {
        Reader::open(&self.journal.path).unwrap().runs(self.campaign, most).unwrap()
    }
}

#[test]
fn a_run_is_told_as_it_was_written_down() {
    let mut book = Book::new();
    let new = NewRun {
        file: Some("people.csv".to_owned()),
        rate: Some(2.5),
        settings: vec![("burst".to_owned(), "5".to_owned())],
        ..NewRun::default()
    };
    let (id, _) = book.journal.begin_run(book.campaign, &new, at(1_000)).unwrap();
    let mut expected = RunRecord {
        id,
        started_at: at(1_000),
        seen_at: at(1_000),
        ended_at: None,
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        file: new.file,
        settings: new.settings,
        latencies: Latencies::default(),
        rate: Some(2.5),
        counters: Counters::default(),
        heartbeat: None,
        exit: None,
        reason: None,
    };
    assert_eq!(book.newest(9), [expected.clone()]);
    assert_eq!((id.number(), expected.elapsed()), (1, Duration::ZERO));

    runs::write_counters(&book.journal.connection, id, COUNTERS, at(3_000)).unwrap();
    let latencies = Latencies::of(&[0, 7, 1]);
    let heartbeat = Heartbeat {
        now: Milestone { at: at(3_000), started: COUNTERS.started },
        before: Milestone { at: at(2_000), started: 4 },
        in_flight: 3,
        rate: 2.0,
        asked: Some(4.0),
        burst: 6,
        active: Some(ActiveBound { most: 100, life: Duration::from_secs(60), alive: 7 }),
        credentials_end: Some(at(900_000)),
        ahead: Some(RestAhead { closed_rows: 9, opens_at: Some(at(4_000)), ends_at: None }),
    };
    book.write(id, &RunActivity { latencies, heartbeat: Some(heartbeat), ..RunActivity::default() });
    expected.seen_at = at(3_000);
    expected.counters = COUNTERS;
    (expected.latencies, expected.heartbeat) = (latencies, Some(heartbeat));
    assert_eq!(book.newest(9), [expected.clone()]);
    assert_eq!(expected.elapsed(), Duration::from_secs(2), "to the last sign of life");

    let end = RunEnd { exit: 4, reason: Some("stopped".to_owned()) };
    let counters = Counters { started: 6, ..COUNTERS };
    book.journal.end_run(id, counters, &end, at(5_000)).unwrap();
    (expected.seen_at, expected.ended_at) = (at(5_000), Some(at(5_000)));
    (expected.counters, expected.exit, expected.reason) = (counters, Some(4), end.reason.map(Into::into));
    let now = Milestone { at: at(5_000), started: 6 };
    expected.heartbeat = Some(Heartbeat { now, ..heartbeat });
    assert_eq!(book.newest(9), [expected.clone()]);
    expected.seen_at = at(9_000);
    assert_eq!(expected.elapsed(), Duration::from_secs(4), "to its end");

    let (second, _) = begin(&mut book, 6_000);
    assert_eq!((book.newest(1)[0].id, second.number()), (second, 2));
    assert_eq!(book.newest(2).into_iter().map(|run| run.id).collect::<Vec<_>>(), [second, id]);
}

#[test]
fn how_long_a_campaign_was_quiet_says_the_end_of_its_last_run() {
    let mut book = Book::new();
    let (first, past) = begin(&mut book, 1_000);
    assert_eq!(past, BucketHistory::Fresh);
    end(&mut book, first, 2_000);
    let (_, past) = begin(&mut book, 2_700);
    assert_eq!(past, BucketHistory::Quiet(Duration::from_millis(700)));
    assert_eq!(begin(&mut book, 99_000).1, BucketHistory::Unknown, "the one before has not ended");
    book.campaign = book.journal.campaign(&identity("first"), at(0)).unwrap();
    assert_eq!(begin(&mut book, 99_000).1, BucketHistory::Fresh, "another campaign");
}

#[test]
fn throttled_requests_are_told_by_second_of_all_runs_of_the_campaign() {
    let mut book = Book::new();
    let (first, _) = begin(&mut book, 0);
    let throttled = |counts: &[(i64, u32)]| RunActivity {
        throttled: counts.iter().map(|(second, requests)| (at(*second), *requests)).collect(),
        ..RunActivity::default()
    };
    book.write(first, &throttled(&[(1_000, 2), (2_000, 3)]));
    book.write(first, &throttled(&[(2_000, 4)]));
    let (second, _) = begin(&mut book, 0);
    book.write(second, &throttled(&[(2_000, 1)]));
    let told = |campaign| {
        let mut told = Vec::new();
        let reader = Reader::open(&book.journal.path).unwrap();
        reader.each_throttle(campaign, |at, requests| told.push((at.millis(), requests))).unwrap();
        told.sort_unstable();
        told
    };
    assert_eq!(told(book.campaign), [(1_000, 2), (2_000, 1), (2_000, 7)]);
    assert_eq!(told(CampaignId(1)), []);
}

#[test]
fn a_pause_is_told_as_far_as_it_went() {
    let mut book = Book::new();
    let (run, _) = begin(&mut book, 0);
    let pause = |began_at, ends_at, kind| PauseSpan { began_at: at(began_at), ends_at, kind };
    let full = |began_at, ends_at| pause(began_at, at(ends_at), PauseKind::ActiveChats);
    let held = |began_at, ends_at| pause(began_at, ends_at, PauseKind::Held);
    let reader = Reader::open(&book.journal.path).unwrap();
    assert_eq!(reader.quota_full_until(run).unwrap(), None);
    book.write(run, &RunActivity { pauses: vec![held(90, UnixMillis::NEVER)], ..RunActivity::default() });
    assert_eq!(reader.quota_full_until(run).unwrap(), None, "a person is no quota");
    let pauses = vec![full(10, 20), held(30, at(40)), full(50, 900), full(100, 300)];
    book.write(run, &RunActivity { pauses, ..RunActivity::default() });
    assert_eq!(reader.quota_full_until(run).unwrap(), Some(at(900)));
    let told = || {
        let mut told = Vec::new();
        reader.each_pause(book.campaign, |pause| told.push(pause)).unwrap();
        told.sort_unstable_by_key(|pause| pause.began_at);
        told
    };
    runs::write_counters(&book.journal.connection, run, COUNTERS, at(100)).unwrap();
    // Until the run was seen last; that it is going on at that very moment is no pause yet.
    let to = |seen| [full(10, 20), held(30, at(40)), full(50, seen), held(90, at(seen))];
    assert_eq!(told(), to(100));
    runs::write_counters(&book.journal.connection, run, COUNTERS, at(200)).unwrap();
    assert_eq!(told(), [&to(200)[..], &[full(100, 200)]].concat());
    // The same pause again, when its end is known.
    book.write(run, &RunActivity { pauses: vec![held(90, at(95))], ..RunActivity::default() });
    let expected = [full(10, 20), held(30, at(40)), full(50, 200), held(90, at(95)), full(100, 200)];
    assert_eq!(told(), expected);
}
