//! What `campaign status` says of a campaign at each stage of its life.

use std::time::Duration;

use campaign::cli::commands::status::{StatusArgs, write};
use campaign::cli::session::Asked;
use campaign::clock::Clock;
use campaign::domain::delivery::state::Event;
use campaign::journal::{Counters, NewRun, RowId, RunEnd};

use crate::report::fixture::{BASE, Place, attempt, line, plan, written};

fn status(place: &Place, seconds: u64, json: bool) -> String {
    let clock = Clock::from_fn(move || BASE.plus(Duration::from_secs(seconds)));
    let mut out = Vec::new();
    write(&StatusArgs::default(), &Asked { json, ..place.asked() }, &clock, &mut out).expect("a status");
    let text = String::from_utf8(out).expect("text");
    text.replace(&format!("process {}", std::process::id()), "process PID")
        .replace(&format!("\"pid\":{}", std::process::id()), "\"pid\":0")
}

#[tokio::test(start_paused = true)]
async fn from_planned_to_ended() {
    let place = Place::new();
    let (mut journal, id) = place.open();
    let lines = [2, 3, 4, 5].map(|number| line(number, &[&number.to_string(), "+12025550101"]));
    plan(&mut journal, id, &["id", "phone"], &lines);
    insta::assert_snapshot!(status(&place, 0, false), @r"
    spring
      queued      4
      rows        4
    never run
    4 left
    ");

    let (begun, _) = journal.begin_run(id, &NewRun { rate: Some(2.0), ..NewRun::default() }, BASE).unwrap();
    let counters = Counters { started: 1, requests: 3, throttled: 2, retried: 2 };
    let mut journal = written(journal, id, async |writer| {
        attempt(writer, RowId::START, Event::Answered, None).await;
        writer.counters(begun, counters, BASE.plus(Duration::from_secs(60))).await;
    })
    .await;
    insta::assert_snapshot!(status(&place, 62, false), @r"
    spring, run 1
      started     1
      queued      3
      rows        4
    3 requests in 1 min: 0.05/s (limit 2/s), 2 throttled, 2 retried
    going on: process PID, seen 2.0 s ago
    3 left, about 3 min at 0.017/s: until 09:34:02 UTC
    ");
    insta::assert_snapshot!(status(&place, 62, true), @r#"{"campaign":"spring","run":1,"rows":4,"started":1,"failed":0,"rejected":0,"duplicate":0,"suppressed":0,"withdrawn":0,"expired":0,"queued":3,"attempting":0,"uncertain":0,"requests":3,"throttled":2,"retried":2,"elapsed_s":60.0,"achieved_rate":0.05,"asked_rate":2.0,"limited_by":null,"exit":null,"running":true,"pid":0,"rate":2.0,"started_at":"2026-03-01T09:30:00.000Z","seen_at":"2026-03-01T09:31:00.000Z","ended_at":null,"reason":null,"time_left_s":180,"ends_at":"2026-03-01T09:34:02.000Z","in_flight":null,"pace":null,"pace_asked":null,"burst":null,"started_per_minute":1.0,"paused_at":null,"paused_by":null,"quota_full_until":null,"closed":null,"waiting":null,"purged_at":null,"steering":[]}"#);
    insta::assert_snapshot!(status(&place, 7_260, false), @r"
    spring, run 1
      started     1
      queued      3
      rows        4
    3 requests in 1 min: 0.05/s (limit 2/s), 2 throttled, 2 retried
    ended unexpectedly (killed or crashed): process PID, last seen 2 h ago; run again to go on
    3 left, about 3 min at 0.017/s
    ");

    let end = RunEnd { exit: 5, reason: Some("the credentials expired".to_owned()) };
    journal.end_run(begun, counters, &end, BASE.plus(Duration::from_secs(90))).unwrap();
    insta::assert_snapshot!(status(&place, 7_290, false), @r"
    spring, run 1
      started     1
      queued      3
      rows        4
    3 requests in 1 min 30 s: 0.033/s (limit 2/s), 2 throttled, 2 retried
    ended 2 h ago with exit code 5: the credentials expired
    3 left, about 4 min 30 s at 0.011/s
    ");
}
