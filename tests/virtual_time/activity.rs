//! What a run writes down of its way for the report: throttled requests, pauses, and how long answers took.

use std::num::NonZeroU32;
use std::time::Duration;

use campaign::domain::delivery::ending::Signal;
use campaign::engine::Stop;
use campaign::journal::PauseSpan;
use campaign::simulator::{Fault, Latency, Throttle, WorldConfig};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::virtual_time::stage::{self, Options, Stage};

/// Every throttled request is in its second, however the run ends, and seconds add up over runs.
#[tokio::test(start_paused = true)]
async fn throttled_requests_are_written_down_by_second() {
    let throttle = Throttle { rate: 2.0, burst: NonZeroU32::new(5).unwrap() };
    let config = WorldConfig { throttle: Some(throttle), ..WorldConfig::default() };
    let mut stage = Stage::with_recipients(config, 300);
    let mut throttled = 0;
    for most in [Some(20), None] {
        let options = Options { rate: 4.0, burst: 5, most, ..Options::default() };
        throttled += stage.run(&options).await.unwrap().counters.throttled;
        stage.pass(Duration::from_secs(60)).await;
    }
    assert!(throttled > 5, "{throttled}");
    let mut seconds = Vec::new();
    stage
        .reader()
        .each_throttle(stage.campaign, |at, requests| seconds.push((at.millis(), requests)))
        .unwrap();
    assert_eq!(seconds.iter().map(|(_, requests)| requests).sum::<u64>(), throttled);
    assert!(seconds.iter().all(|(at, _)| at % 1_000 == 0 && *at >= stage::EPOCH));
    assert!(seconds.windows(2).all(|pair| pair[0].0 < pair[1].0), "a second has one row");
}

#[tokio::test(start_paused = true)]
async fn pauses_and_latencies_are_written_down() {
    let config = WorldConfig {
        active_chats: Some(10),
        contact_life: Some(Duration::from_secs(120)),
        latency: Latency { base: Duration::from_millis(40), jitter: Duration::ZERO },
        ..WorldConfig::default()
    };
    let mut stage = Stage::with_recipients(config, 30);
    let outcome = stage.run(&Options::default()).await.unwrap();
    let mut pauses: Vec<PauseSpan> = Vec::new();
    stage.reader().each_pause(stage.campaign, |pause| pauses.push(pause)).unwrap();
    let paused: Duration = pauses.iter().map(|pause| pause.ends_at.since(pause.began_at)).sum();
    // Twenty wait for two times two minutes; between pauses, one request at a time finds out.
    assert!(
        paused < outcome.elapsed && paused * 10 > outcome.elapsed * 8,
        "{paused:?} of {:?}",
        outcome.elapsed
    );
    assert!(pauses.windows(2).all(|pair| pair[0].ends_at <= pair[1].began_at));

    let run = stage.reader().runs(stage.campaign, 1).unwrap().remove(0);
    assert_eq!(run.latencies.total(), outcome.counters.requests);
    assert_eq!(
        run.latencies.within(100),
        Some(Duration::from_millis(50)),
        "40 ms are in the step up to 50 ms"
    );
}

/// A run whose answers hang shows that it is alive every five seconds, and writes nothing in between.
#[tokio::test(start_paused = true)]
async fn a_run_that_waits_for_an_answer_is_seen_every_five_seconds() {
    let latency = Latency { base: Duration::from_millis(60), jitter: Duration::ZERO };
    let mut stage = Stage::with_recipients(WorldConfig { latency, ..WorldConfig::default() }, 1);
    stage.simulator.with(|world| {
        world.faults_mut().chance(Fault::Throttling, 1.0);
    });
    let (sender, stop) = watch::channel(Stop::No);
    let options = Options { stop, read_timeout: Duration::from_secs(300), ..Options::default() };
    let (simulator, reader, campaign) = (stage.simulator.clone(), stage.reader(), stage.campaign);
    let seen = || {
        let run = reader.runs(campaign, 1).unwrap().remove(0);
        run.seen_at.since(run.started_at).as_millis()
    };
    let looking = async {
        // The first refusal comes at once; the row's next request finds nobody.
        sleep(Duration::from_millis(100)).await;
        simulator.with(|world| {
            world.faults_mut().clear().chance(Fault::HangBefore, 1.0);
        });
        let mut looks = Vec::new();
        for _ in 0..5 {
            sleep(Duration::from_secs(9)).await;
            looks.push((simulator.requests().len(), seen()));
        }
        sender.send_replace(Stop::Now(Signal::Interrupt));
        looks
    };
    let (outcome, looks) = tokio::join!(stage.run(&options), looking);
    outcome.unwrap();
    assert_eq!(looks, [(2, 5_000), (2, 15_000), (2, 25_000), (2, 35_000), (2, 45_000)]);
}
