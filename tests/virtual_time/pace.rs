//! How fast a campaign is: as fast as asked, as fast as an unknown quota allows, as fast as contacts end.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use aws_sdk_connect::config::retry::RetryConfig;
use aws_sdk_connect::config::{BehaviorVersion, Credentials, Region};
use campaign::app::send::Bounds;
use campaign::domain::delivery::ending::Ending;
use campaign::domain::delivery::refusal::RefusalKind;
use campaign::domain::delivery::shared_rate::SharedRate;
use campaign::domain::delivery::summary::Bottleneck;
use campaign::engine::{ActiveContacts, RunEvent};
use campaign::simulator::{Effect, Latency, Throttle, WorldConfig};
use futures_util::StreamExt;
use tokio::time::Instant;

use crate::virtual_time::stage::{INSTANCE, Options, Stage};

/// A world that answers as a service far away does.
fn world() -> WorldConfig {
    let latency = Latency { base: Duration::from_millis(60), jitter: Duration::from_millis(40) };
    WorldConfig { latency, ..WorldConfig::default() }
}

fn throttled(rate: f64, burst: u32) -> WorldConfig {
    WorldConfig {
        throttle: Some(Throttle { rate, burst: NonZeroU32::new(burst).expect("a burst") }),
        ..world()
    }
}

/// The room for requests in flight follows rate and answer times; nobody computes it.
#[tokio::test(start_paused = true)]
async fn the_rate_that_is_asked_for_is_reached() {
    for (rate, burst, rows) in
        [(0.1, 1, 30), (2.0, 5, 400), (50.0, 5, 4_000), (500.0, 10, 10_000), (5_000.0, 100, 30_000)]
    {
        let options = Options { rate, burst, bounds: Bounds::default(), ..Options::default() };
        let mut stage = Stage::with_recipients(world(), rows);
        let outcome = stage.run(&options).await.unwrap();
        assert_eq!((outcome.ending, outcome.counters.requests), (Ending::Complete, rows));
        let left: Vec<u64> = stage.simulator.requests().iter().map(|request| request.at.0).collect();
        let sending = (left.last().unwrap() - left[0]) as f64 / 1000.0;
        let ideal = (rows - u64::from(burst)) as f64 / rate;
        assert!(ideal / sending >= 0.995, "{rate}/s: {sending} s instead of {ideal} s");
        assert_eq!(outcome.limited_by, Some(Bottleneck::Pace), "{rate}/s");
        stage.check_promises(&options);
    }
}

#[tokio::test(start_paused = true)]
async fn too_few_requests_in_flight_are_what_limits_a_run() {
    let bounds = Bounds { max_in_flight: NonZeroUsize::new(2), ..Bounds::default() };
    let options = Options { rate: 100.0, bounds, ..Options::default() };
    let mut stage = Stage::with_recipients(world(), 500);
    assert_eq!(stage.run(&options).await.unwrap().limited_by, Some(Bottleneck::Latency));
}

/// Requests per second and at once, and how many rows are sent under them.
const QUOTAS: [(f64, u32, u64); 3] = [(2.0, 5, 2_000), (10.0, 15, 8_000), (100.0, 200, 30_000)];

/// The whole way: engine, retries of throttled rows, the SDK, the service's bucket.
#[tokio::test(start_paused = true)]
#[expect(clippy::print_stderr, reason = "the figures, for whoever asks with --nocapture")]
async fn a_quota_that_nobody_stated_is_found() {
    for (rate, burst, rows) in QUOTAS {
        let options = Options {
            rate: 100_000.0,
            burst: 2,
            auto: true,
            bounds: Bounds::default(),
            ..Options::default()
        };
        let mut stage = Stage::with_recipients(throttled(rate, burst), rows);
        let outcome = stage.run(&options).await.unwrap();
        assert_eq!(outcome.ending, Ending::Complete);
        let ideal = (rows - u64::from(burst)) as f64 / rate;
        let used = ideal / outcome.elapsed.as_secs_f64();
        let share = outcome.counters.throttled as f64 / outcome.counters.requests as f64;
        eprintln!("quota {rate}/{burst}: {:.1} % used, {:.2} % throttled", 100.0 * used, 100.0 * share);
        assert!(used >= 0.95, "{rate}/{burst}: {used}");
        assert!(share <= 0.02, "{rate}/{burst}: {share}");
        stage.check_promises(&options);
    }
}

/// The figures of the test before, for the way that others go.
#[tokio::test(start_paused = true)]
#[ignore = "a comparison, which nothing can fail: the figures come with --nocapture"]
#[expect(clippy::print_stderr, reason = "the figures")]
async fn long_what_the_adaptive_mode_of_the_sdk_finds() {
    for (rate, burst, rows) in QUOTAS {
        let ideal = (rows - u64::from(burst)) as f64 / rate;
        let (used, share) = adaptive_mode(throttled(rate, burst), rows, ideal).await;
        eprintln!("quota {rate}/{burst}: {:.1} % used, {:.2} % throttled", 100.0 * used, 100.0 * share);
    }
}

/// What the SDK's own adaptive retry mode makes of the same service, with 32 calls at a time: the part of the quota that
/// it uses, and the part of its requests that is throttled.
async fn adaptive_mode(world: WorldConfig, rows: u64, ideal: f64) -> (f64, f64) {
    let stage = Stage::new(world);
    let clock = stage.clock.clone();
    let config = aws_sdk_connect::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-west-2"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .retry_config(RetryConfig::adaptive().with_max_attempts(20))
        .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
        .time_source(Wall(clock))
        .http_client(stage.simulator.http_client())
        .build();
    let client = aws_sdk_connect::Client::from_conf(config);
    let began = Instant::now();
    let started = futures_util::stream::iter(0..rows)
        .map(|row| start(client.clone(), row))
        .buffer_unordered(32)
        .filter(|started| std::future::ready(*started))
        .count()
        .await;
    let requests = stage.simulator.requests();
    let throttled = requests.iter().filter(|request| request.effect == Effect::Nothing).count();
    let used = ideal / began.elapsed().as_secs_f64() * started as f64 / rows as f64;
    (used, throttled as f64 / requests.len() as f64)
}

#[derive(Debug)]
struct Wall(campaign::clock::Clock);

impl aws_smithy_async::time::TimeSource for Wall {
    fn now(&self) -> std::time::SystemTime {
        self.0.system_time()
    }
}

async fn start(client: aws_sdk_connect::Client, row: u64) -> bool {
    use aws_sdk_connect::types::{Endpoint, EndpointType, SegmentAttributeValue};
    let endpoint = |kind, address: String| Endpoint::builder().r#type(kind).address(address).build();
    let subtype = SegmentAttributeValue::builder().value_string("connect:SMS").build();
    client
        .start_outbound_chat_contact()
        .source_endpoint(endpoint(
            EndpointType::ConnectPhonenumberArn,
            crate::virtual_time::stage::SOURCE.to_owned(),
        ))
        .destination_endpoint(endpoint(EndpointType::TelephoneNumber, "+12025550143".to_owned()))
        .instance_id(INSTANCE)
        .contact_flow_id(crate::virtual_time::stage::FLOW)
        .segment_attributes("connect:Subtype", subtype)
        .client_token(uuid::Uuid::from_u128(u128::from(row)).to_string())
        .send()
        .await
        .is_ok()
}

/// When it is known how long a contact lives, the quota of active chats is not run into.
#[tokio::test(start_paused = true)]
async fn contacts_stay_within_the_quota_when_their_life_is_stated() {
    let life = Duration::from_secs(60);
    let world = WorldConfig { active_chats: Some(50), contact_life: Some(life), ..world() };
    let active = |ages| Some(ActiveContacts { most: 50, life, ages });
    let mut options = Options { rate: 10.0, ..Options::default() };
    options.bounds.active = active(Vec::new());
    options.most = Some(300);
    let mut stage = Stage::with_recipients(world, 500);
    let outcome = stage.run(&options).await.unwrap();
    assert_eq!((outcome.ending, outcome.limited_by), (Ending::Limit, Some(Bottleneck::ActiveChats)));
    // The next run knows what the last one has left alive.
    let ages = stage.journal().ages_of_contacts(stage.campaign, INSTANCE, life, stage.clock.now()).unwrap();
    assert!(ages.len() >= 45, "{}", ages.len());
    options.bounds.active = active(ages);
    options.most = None;
    let again = stage.run(&options).await.unwrap();
    assert_eq!(again.ending, Ending::Complete);
    let requests = outcome.counters.requests + again.counters.requests;
    assert_eq!(requests, 500, "not one was refused");
    let took = (outcome.elapsed + again.elapsed).as_secs_f64();
    let ideal = 450.0 / 50.0 * 60.0;
    assert!(took <= ideal / 0.95, "{took} s instead of {ideal} s");
    stage.check_promises(&options);
}

/// When it is not, the quota is run into, and used as contacts end.
#[tokio::test(start_paused = true)]
async fn a_full_quota_of_active_chats_is_used_as_contacts_end() {
    let world =
        WorldConfig { active_chats: Some(50), contact_life: Some(Duration::from_secs(60)), ..world() };
    let options = Options { rate: 10.0, ..Options::default() };
    let mut stage = Stage::with_recipients(world, 1_000);
    let mut pauses = 0;
    let mut full = 0_u32;
    let mut count = |event: &RunEvent| match event {
        RunEvent::Paused(_) => pauses += 1,
        RunEvent::Refused(refused) if refused.kind == RefusalKind::ActiveChats => full += 1,
        _ => {}
    };
    let outcome =
        stage.run_watched(&options, &mut crate::virtual_time::stage::Seen(&mut count)).await.unwrap();
    assert_eq!((outcome.ending, outcome.limited_by), (Ending::Complete, Some(Bottleneck::ActiveChats)));
    let (took, ideal) = (outcome.elapsed.as_secs_f64(), 950.0 / 50.0 * 60.0);
    assert!(took <= ideal / 0.9, "{took} s instead of {ideal} s");
    assert!(f64::from(full) < took / 3.0, "{full} requests in {took} s were one too many");
    assert!(pauses > 0);
    stage.check_promises(&options);
}

/// Two campaigns of one journal, and the pace of their account, used to its full.
#[tokio::test(start_paused = true)]
async fn runs_that_share_a_pace_stay_inside_it_together() {
    for (rate, burst, rows) in [(2.0, 5, 200), (20.0, 4, 400), (100.0, 20, 1_000), (1_000.0, 100, 5_000)] {
        let shared = Some(SharedRate { owner: "account".to_owned(), rate, burst });
        let bounds = Bounds { shared, ..Bounds::default() };
        let options = Options { rate, burst, bounds, ..Options::default() };
        let mut first = Stage::with_recipients(world(), 2 * rows);
        let mut second = first.beside("second", rows);
        let (one, other) = tokio::join!(first.run(&options), second.run(&options));
        assert_eq!((one.unwrap().ending, other.unwrap().ending), (Ending::Complete, Ending::Complete));
        // The simulator is one for both, and so is the bound.
        let at: Vec<u64> = first.simulator.requests().iter().map(|request| request.at.0).collect();
        crate::virtual_time::stage::check_pace(at.iter().copied(), &options);
        // Half of the requests, while both have more to send: what a run has in hand when it ends is lost.
        let half = 3 * rows / 2;
        let took = (at[half as usize] - at[0]) as f64 / 1_000.0;
        // Of the burst, as much is kept back as may be late.
        let at_once = f64::from(burst) - (rate * SharedRate::GRACE.as_secs_f64()).ceil();
        let ideal = (half as f64 + 1.0 - at_once) / rate;
        assert!(took <= ideal / 0.995, "{rate}/s: {took} s instead of {ideal} s");
    }
}
