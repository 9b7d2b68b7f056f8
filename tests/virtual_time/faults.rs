//! Every fault of the wire, and the promises held against the simulator's own log.

use std::num::NonZeroU32;
use std::time::Duration;

use campaign::domain::delivery::ending::Ending;
use campaign::domain::delivery::refusal::RefusalKind;
use campaign::domain::delivery::state::State;
use campaign::journal::Content;
use campaign::simulator::{Fault, Phase, Throttle, WorldConfig, WorldTime};

use crate::virtual_time::stage::{self, Options, Stage, past_the_token};

fn world() -> WorldConfig {
    WorldConfig::default()
}

fn at(seconds: u64) -> WorldTime {
    WorldTime(stage::EPOCH as u64 + seconds * 1000)
}

#[tokio::test(start_paused = true)]
async fn every_recipient_has_one_contact_and_a_second_run_sends_nothing() {
    let options = Options { rate: 50.0, burst: 10, ..Options::default() };
    let mut stage = Stage::with_recipients(world(), 1_000);
    let outcome = stage.run(&options).await.unwrap();
    assert_eq!(outcome.ending, Ending::Complete);
    assert_eq!((outcome.counters.started, outcome.counters.requests), (1_000, 1_000));
    let ideal = 990.0 / 50.0;
    let took = outcome.elapsed.as_secs_f64();
    assert!((ideal..ideal * 1.01).contains(&took), "{took} s instead of {ideal} s");
    stage.check_promises(&options);

    let again = stage.run(&options).await.unwrap();
    assert_eq!(again.counters.requests, 0);
    assert_eq!(stage.simulator.contacts().len(), 1_000);
}

/// The long one: 14 hours of sending with 100,000 rows. `CAMPAIGN_ROWS` sets how many.
#[tokio::test(start_paused = true)]
async fn hours_of_throttling_and_lost_answers() {
    let rows = std::env::var("CAMPAIGN_ROWS").map_or(2_000, |rows| rows.parse().expect("a number"));
    let mut config =
        WorldConfig { throttle: Some(Throttle { rate: 2.0, burst: NonZeroU32::new(5).unwrap() }), ..world() };
    for (fault, probability) in [
        (Fault::Throttling, 0.02),
        (Fault::TooManyRequests, 0.01),
        (Fault::ThrottledWithoutJson, 0.01),
        (Fault::LostAnswer, 0.03),
        (Fault::InternalAfter, 0.01),
        (Fault::InternalBefore, 0.01),
        (Fault::ResetBefore, 0.01),
        (Fault::Truncated, 0.01),
        (Fault::Unreadable, 0.01),
        (Fault::NoContactId, 0.01),
        (Fault::HangAfter, 0.002),
    ] {
        config.faults.chance(fault, probability);
    }
    let options = Options::default();
    let mut stage = Stage::with_recipients(config, rows);
    let outcome = stage.run(&options).await.unwrap();
    assert_eq!(outcome.ending, Ending::Complete);
    assert_eq!(stage.tally()[State::Started], rows);
    let (started, replayed) = stage.effects();
    assert_eq!(started as u64, rows);
    assert!(replayed as u64 > rows / 50, "lost answers were replayed: {replayed}");
    assert!(outcome.counters.throttled > 0 && outcome.counters.retried > outcome.counters.throttled);
    assert!(outcome.elapsed.as_secs() > rows / 2 - 3, "{:?}", outcome.elapsed);
    stage.check_promises(&options);
}

/// What no row can survive ends the run, fails nobody, and the next run goes on.
#[tokio::test(start_paused = true)]
async fn halts_fail_no_row_and_the_next_run_goes_on() {
    for (fault, kind) in [
        (Fault::AccessDenied, RefusalKind::AccessDenied),
        (Fault::ExpiredToken, RefusalKind::Credentials),
        (Fault::NotFound, RefusalKind::NotFound),
    ] {
        let mut config = world();
        config.faults.phase(Phase { from: at(20), until: at(60), fault });
        let options = Options::default();
        let mut stage = Stage::with_recipients(config, 100);
        let outcome = stage.run(&options).await.unwrap();
        let Ending::Refused(refusal) = outcome.ending else { panic!("{:?}", outcome.ending) };
        assert_eq!(refusal.kind, kind);
        let tally = stage.tally();
        assert_eq!(tally[State::Failed] + tally[State::Attempting], 0, "{fault:?}");
        assert_eq!(tally[State::Started] + tally[State::Queued], 100);
        let refused = outcome.counters.requests - outcome.counters.started;
        assert!(refused <= options.in_flight() as u64, "{refused} requests after the first refusal");
        stage.pass(Duration::from_secs(60)).await;
        assert_eq!(stage.run(&options).await.unwrap().ending, Ending::Complete);
        assert_eq!(stage.tally()[State::Started], 100);
        stage.check_promises(&options);
    }
}

/// The active chats quota: nobody fails, the run waits and goes on by itself, and uses the quota as contacts end.
#[tokio::test(start_paused = true)]
async fn a_full_quota_pauses_the_run() {
    let config =
        WorldConfig { active_chats: Some(10), contact_life: Some(Duration::from_secs(120)), ..world() };
    let options = Options::default();
    let mut stage = Stage::with_recipients(config, 60);
    let outcome = stage.run(&options).await.unwrap();
    assert_eq!(outcome.ending, Ending::Complete);
    assert_eq!(stage.tally()[State::Started], 60);
    // Ten in every two minutes: the sixtieth cannot start before ten minutes have passed.
    let took = outcome.elapsed.as_secs();
    assert!((600..900).contains(&took), "{took} s");
    let refused = outcome.counters.requests - 60;
    assert!(refused < took / 5, "{refused} requests were refused in {took} s");
    stage.check_promises(&options);
}

/// A row that the service calls wrong fails, alone; the rest goes on.
#[tokio::test(start_paused = true)]
async fn a_wrong_row_fails_alone() {
    let mut config = world();
    config.faults.destination("+12025550103", Fault::InvalidRequest);
    let options = Options::default();
    let mut stage = Stage::with_recipients(config, 20);
    let outcome = stage.run(&options).await.unwrap();
    assert_eq!(outcome.ending, Ending::Complete);
    let failed: Vec<_> = stage.rows().into_iter().filter(|row| row.state == State::Failed).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].code.as_deref(), Some("InvalidRequestException"));
    assert_eq!((failed[0].line, failed[0].attempts), (Some(5), 1));
    stage.check_promises(&options);
    assert_eq!(stage.run(&options).await.unwrap().counters.requests, 0, "failed for good");

    stage.simulator.with(|world| {
        world.faults_mut().clear();
    });
    assert_eq!(stage.journal().retry_failed(stage.campaign).unwrap(), 1);
    stage.run(&options).await.unwrap();
    assert_eq!(stage.tally()[State::Started], 20);
    stage.check_promises(&options);
}

/// Promise 5: a row nobody answers for is in doubt, then replayed with its token, and past 6 days uncertain; never
/// failed, never sent again.
#[tokio::test(start_paused = true)]
async fn in_doubt_for_six_days_then_uncertain() {
    let options = Options::default();
    for (pause, state) in
        [(Duration::from_secs(5 * 86_400), State::Started), (past_the_token(), State::Uncertain)]
    {
        let mut config = world();
        config.faults.destination("+12025550103", Fault::LostAnswer);
        let mut stage = Stage::with_recipients(config, 20);
        assert_eq!(stage.run(&options).await.unwrap().ending, Ending::Complete);
        assert_eq!(stage.tally()[State::Attempting], 1, "left to the next run");
        stage.check_promises(&options);

        stage.simulator.with(|world| {
            world.faults_mut().clear();
        });
        stage.pass(pause).await;
        let before = stage.simulator.requests().len();
        stage.run(&options).await.unwrap();
        assert_eq!(stage.tally()[state], if state == State::Started { 20 } else { 1 });
        let replayed = usize::from(state == State::Started);
        assert_eq!(stage.simulator.requests().len() - before, replayed);
        assert_eq!(stage.simulator.contacts().len(), 20);
        stage.check_promises(&options);
    }
}

/// A service that nobody can reach ends the run, and everybody who is in doubt is replayed later.
#[tokio::test(start_paused = true)]
async fn a_dead_network_halts() {
    let mut config = world();
    config.faults.phase(Phase { from: at(10), until: at(100_000), fault: Fault::ConnectFailed });
    let options = Options::default();
    let mut stage = Stage::with_recipients(config, 500);
    let outcome = stage.run(&options).await.unwrap();
    assert!(matches!(outcome.ending, Ending::Silent(_)), "{:?}", outcome.ending);
    assert!((60..300).contains(&outcome.elapsed.as_secs()), "{:?}", outcome.elapsed);
    assert_eq!(stage.tally()[State::Failed], 0);
    stage.simulator.with(|world| {
        world.faults_mut().clear();
    });
    assert_eq!(stage.run(&options).await.unwrap().ending, Ending::Complete);
    assert_eq!(stage.tally()[State::Started], 500);
    stage.check_promises(&options);
}

/// An endpoint that nobody listens at: whoever has just typed it is told within seconds, and nobody is in doubt.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_reached_from_the_start_halts_soon() {
    for recipients in [1, 500] {
        let mut config = world();
        config.faults.chance(Fault::ConnectFailed, 1.0);
        let options = Options::default();
        let mut stage = Stage::with_recipients(config, recipients);
        let outcome = stage.run(&options).await.unwrap();
        let Ending::Silent(refusal) = outcome.ending else { panic!("{:?}", outcome.ending) };
        assert_eq!(refusal.kind, RefusalKind::Unreachable);
        assert!((5..60).contains(&outcome.elapsed.as_secs()), "{:?}", outcome.elapsed);
        assert_eq!(stage.tally()[State::Queued], recipients);
        stage.simulator.with(|world| {
            world.faults_mut().clear();
        });
        stage.run(&options).await.unwrap();
        assert_eq!(stage.tally()[State::Started], recipients);
        stage.check_promises(&options);
    }
}

/// A server that accepts and never answers does not hold a run for ever.
#[tokio::test(start_paused = true)]
async fn hangs_end_at_the_read_timeout() {
    let mut config = world();
    config.faults.next(3, Fault::HangAfter);
    let options = Options { read_timeout: Duration::from_secs(7), ..Options::default() };
    let mut stage = Stage::with_recipients(config, 5);
    let outcome = stage.run(&options).await.unwrap();
    assert_eq!(outcome.counters.started, 5);
    assert!(outcome.elapsed < Duration::from_secs(12), "{:?}", outcome.elapsed);
    assert_eq!(stage.effects(), (5, 3));
    stage.check_promises(&options);
}

#[tokio::test(start_paused = true)]
async fn a_limit_stops_and_the_next_run_goes_on() {
    let options = Options { most: Some(7), ..Options::default() };
    let mut stage = Stage::with_recipients(world(), 10);
    assert_eq!(stage.run(&options).await.unwrap().ending, Ending::Limit);
    assert_eq!((stage.tally()[State::Started], stage.tally()[State::Queued]), (7, 3));
    assert_eq!(stage.simulator.requests().len(), 7);
    assert_eq!(stage.run(&options).await.unwrap().ending, Ending::Complete);
    assert_eq!(stage.tally()[State::Started], 10);
    stage.check_promises(&options);
}

/// A row whose answer was lost may have a contact: it uses up a share of the limit until it is known.
#[tokio::test(start_paused = true)]
async fn a_limit_counts_contacts_that_nobody_heard_of() {
    for fault in [Fault::LostAnswer, Fault::ResetBefore, Fault::Throttling] {
        let mut config = world();
        config.faults.next(2, fault);
        let options = Options { most: Some(3), ..Options::default() };
        let mut stage = Stage::with_recipients(config, 10);
        assert_eq!(stage.run(&options).await.unwrap().ending, Ending::Limit);
        assert_eq!(stage.simulator.contacts().len(), 3, "{fault:?}");
        assert_eq!((stage.tally()[State::Started], stage.tally()[State::Queued]), (3, 7), "{fault:?}");
        stage.check_promises(&options);
    }
}

/// Nobody is tried again who has left the file or opted out since.
#[tokio::test(start_paused = true)]
async fn a_failed_row_is_retried_only_while_the_file_wants_it() {
    let mut config = world();
    config.faults.next(3, Fault::InvalidRequest);
    let options = Options::default();
    let mut stage = Stage::with_recipients(config, 3);
    stage.run(&options).await.unwrap();
    assert_eq!(stage.tally()[State::Failed], 3);

    let mut opted_out = stage::line(3, 1);
    if let Content::Recipient { suppressed, .. } = &mut opted_out.content {
        *suppressed = Some(("opt-out".to_owned(), "is on the list".to_owned()));
    }
    stage.plan(&[stage::line(2, 0), opted_out]);
    assert_eq!(stage.journal().retry_failed(stage.campaign).unwrap(), 1);
    stage.run(&options).await.unwrap();
    let tally = stage.tally();
    assert_eq!((tally[State::Started], tally[State::Suppressed], tally[State::Failed]), (1, 1, 1));
    assert_eq!(stage.simulator.contacts().len(), 1);
}

/// The safety gate of `[safety] max_failures`.
#[tokio::test(start_paused = true)]
async fn too_many_failures_stop_the_run() {
    let mut config = world();
    config.faults.chance(Fault::InvalidRequest, 0.5);
    let options = Options { max_failures: 10.0, ..Options::default() };
    let mut stage = Stage::with_recipients(config, 500);
    let outcome = stage.run(&options).await.unwrap();
    assert!(matches!(outcome.ending, Ending::Failures { .. }), "{:?}", outcome.ending);
    let tally = stage.tally();
    assert!(tally[State::Failed] >= 10 && tally[State::Failed] < 30, "{tally:?}");
    stage.check_promises(&options);
}
