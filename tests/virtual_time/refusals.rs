//! What a refusal leads to: a row waits for as long as was told, and a contact that may have been started counts as alive.

use std::time::Duration;

use campaign::domain::delivery::ending::Ending;
use campaign::engine::{ActiveContacts, RunEvent};
use campaign::simulator::{Fault, Latency, WorldConfig};
use tokio::time::sleep;

use crate::virtual_time::stage::{Options, Seen, Stage};

const LATENCY: Duration = Duration::from_millis(60);

/// One recipient, and a service that does this to every request.
fn stage(fault: Fault) -> Stage {
    let latency = Latency { base: LATENCY, jitter: Duration::ZERO };
    let stage = Stage::with_recipients(WorldConfig { latency, ..WorldConfig::default() }, 1);
    stage.simulator.with(|world| {
        world.faults_mut().chance(fault, 1.0);
    });
    stage
}

#[tokio::test(start_paused = true)]
async fn a_refused_row_is_requested_again_no_sooner_than_was_told() {
    let mut stage = stage(Fault::InternalBefore);
    let mut delays = Vec::new();
    let mut see = |event: &RunEvent| {
        if let RunEvent::Refused(told) = event {
            delays.extend(told.retry_in);
        }
    };
    // To its last attempt in this run.
    let outcome = stage.run_watched(&Options::default(), &mut Seen(&mut see)).await.unwrap();
    assert_eq!(outcome.counters.retried, outcome.counters.requests - 1);
    let at: Vec<u64> = stage.simulator.requests().iter().map(|request| request.at.0).collect();
    assert_eq!(at.len(), delays.len() + 1, "{delays:?}");
    assert!(delays.iter().max().unwrap() > &Duration::from_secs(1), "{delays:?}");
    for (pair, delay) in at.windows(2).zip(&delays) {
        let waited = Duration::from_millis(pair[1] - pair[0]);
        assert!(waited >= LATENCY + *delay, "{waited:?} instead of {delay:?} and the answer's time");
    }
}

#[tokio::test(start_paused = true)]
async fn a_contact_counts_as_alive_where_nobody_knows_and_not_where_it_was_refused() {
    for (fault, alive) in [
        (Fault::InternalBefore, 1),
        (Fault::InternalAfter, 1),
        (Fault::HangBefore, 1),
        (Fault::Throttling, 0),
        (Fault::Conflict, 0),
        (Fault::LimitExceeded, 0),
    ] {
        let mut stage = stage(fault);
        let mut options = Options { read_timeout: Duration::from_secs(1), ..Options::default() };
        let life = Duration::from_secs(3_600);
        options.bounds.active = Some(ActiveContacts { most: 50, life, ages: Vec::new() });
        let (mut now, mut first) = (None, None);
        let mut see = |event: &RunEvent| match event {
            RunEvent::Gauges(gauges) => now = gauges.alive,
            RunEvent::Refused(_) => first = first.or(now),
            _ => {}
        };
        let mut seen = Seen(&mut see);
        let simulator = stage.simulator.clone();
        let mending = async {
            sleep(Duration::from_secs(2)).await;
            simulator.with(|world| {
                world.faults_mut().clear();
            });
        };
        let (outcome, ()) = tokio::join!(stage.run_watched(&options, &mut seen), mending);
        assert_eq!(outcome.unwrap().ending, Ending::Complete, "{fault:?}");
        assert_eq!(first, Some(alive), "{fault:?}");
        stage.check_promises(&options);
    }
}

/// A row whose refusal is on its way to the journal has its place within a limit still: nobody else begins instead.
#[tokio::test(start_paused = true)]
async fn a_run_with_a_limit_begins_with_no_more_rows_while_some_are_refused() {
    let latency = Latency { base: LATENCY, jitter: Duration::ZERO };
    let mut stage = Stage::with_recipients(WorldConfig { latency, ..WorldConfig::default() }, 20);
    stage.simulator.with(|world| {
        world.faults_mut().chance(Fault::Throttling, 1.0);
    });
    let options = Options { rate: 50.0, burst: 5, most: Some(3), ..Options::default() };
    let simulator = stage.simulator.clone();
    let mending = async {
        sleep(Duration::from_secs(2)).await;
        simulator.with(|world| {
            world.faults_mut().clear();
        });
    };
    let (outcome, ()) = tokio::join!(stage.run(&options), mending);
    let outcome = outcome.unwrap();
    assert_eq!((outcome.ending, outcome.counters.started), (Ending::Limit, 3));
    assert!(outcome.counters.throttled >= 3, "{:?}", outcome.counters);
    assert_eq!(stage.rows().iter().filter(|row| row.attempts > 0).count(), 3);
    stage.check_promises(&options);
}
