//! One contact by hand: every request of it has one token and one body, and what became of it is never guessed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::num::NonZeroU32;
use std::time::Duration;

use campaign::app::contact::{ContactOutcome, EndedBy, SingleContact};
use campaign::domain::delivery::bucket_history::BucketHistory;
use campaign::domain::delivery::ending::Signal;
use campaign::domain::delivery::refusal::RefusalKind;
use campaign::engine::Stop;
use campaign::pace::{RateLimit, RateLimiter};
use campaign::simulator::{Fault, WorldConfig};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::virtual_time::stage::{FLOW, INSTANCE, Options, SOURCE, Stage};

const TOKEN: &str = "a token that is no UUID";

fn contact(stage: &Stage, stop: watch::Receiver<Stop>) -> SingleContact {
    let body = json!({
        "InstanceId": INSTANCE,
        "ContactFlowId": FLOW,
        "SourceEndpoint": {"Type": "CONNECT_PHONENUMBER_ARN", "Address": SOURCE},
        "DestinationEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": "+12025550143"},
        "SegmentAttributes": {"connect:Subtype": {"ValueString": "connect:SMS"}},
        "ClientToken": TOKEN,
    });
    let asked = RateLimit { rate: 2.0, burst: NonZeroU32::new(5).expect("some") };
    SingleContact {
        client: stage.client(&Options::default()),
        record: None,
        body: body.to_string().into_bytes(),
        pace: RateLimiter::new(asked, BucketHistory::Fresh),
        clock: stage.clock.clone(),
        chance: fastrand::Rng::with_seed(16),
        stop,
    }
}

/// What becomes of a contact where the service does this to so many of a hundred requests; and how many there were.
async fn outcome(fault: Fault, chance: f64, seed: u64) -> (ContactOutcome, usize, usize) {
    let stage = Stage::new(WorldConfig { seed, ..WorldConfig::default() });
    stage.simulator.with(|world| {
        world.faults_mut().chance(fault, chance);
    });
    let (_sender, stop) = watch::channel(Stop::No);
    let mut told = 0;
    let outcome = contact(&stage, stop).start(&mut |_| told += 1).await.unwrap();
    let requests = stage.simulator.requests();
    assert!(requests.iter().all(|request| request.client_token.as_deref() == Some(TOKEN)));
    assert!(requests.iter().all(|request| request.body == requests[0].body), "the same bytes");
    assert!(stage.simulator.contacts().len() <= 1, "one contact");
    assert_eq!(told + 1, requests.len(), "each request that is made again is told");
    (outcome, requests.len(), stage.simulator.contacts().len())
}

#[tokio::test(start_paused = true)]
async fn lost_answers_and_throttles_are_asked_again_until_there_is_an_answer() {
    let mut again = 0;
    let faults = [
        Fault::Throttling,
        Fault::Conflict,
        Fault::InternalAfter,
        Fault::InternalBefore,
        Fault::LimitExceeded,
    ];
    for (fault, seed) in faults.into_iter().flat_map(|fault| (0..6).map(move |seed| (fault, seed))) {
        let (outcome, requests, contacts) = outcome(fault, 0.4, seed).await;
        assert!(matches!(outcome, ContactOutcome::Started(_)), "{fault:?} {seed}: {outcome:?}");
        assert_eq!(contacts, 1, "{fault:?} {seed}");
        again += requests - 1;
    }
    assert!(again > 2, "{again} requests were made again");
}

#[tokio::test(start_paused = true)]
async fn without_an_answer_the_outcome_is_unknown_and_never_refused() {
    for (fault, contacts) in [(Fault::InternalAfter, 1), (Fault::InternalBefore, 0), (Fault::HangBefore, 0)] {
        let (outcome, requests, made) = outcome(fault, 1.0, 0).await;
        assert!(matches!(outcome, ContactOutcome::Unknown(EndedBy::Refusal(_))), "{fault:?}: {outcome:?}");
        assert_eq!((requests, made), (12, contacts), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_conflict_that_stays_is_a_refusal_and_denied_access_halts() {
    let (conflict, requests, _) = outcome(Fault::Conflict, 1.0, 0).await;
    assert!(matches!(conflict, ContactOutcome::Refused(refusal) if refusal.kind == RefusalKind::Conflict));
    assert_eq!(requests, 5);
    let (denied, requests, _) = outcome(Fault::AccessDenied, 1.0, 0).await;
    assert!(matches!(denied, ContactOutcome::Halted(refusal) if refusal.kind == RefusalKind::AccessDenied));
    assert_eq!(requests, 1);
}

#[tokio::test(start_paused = true)]
async fn the_first_signal_waits_for_the_answer_and_the_second_does_not() {
    for (fault, second, expected) in [
        (Fault::Throttling, false, ContactOutcome::NotStarted(EndedBy::Signal(Signal::Interrupt))),
        (Fault::InternalAfter, false, ContactOutcome::Unknown(EndedBy::Signal(Signal::Interrupt))),
        (Fault::HangBefore, true, ContactOutcome::Unknown(EndedBy::Signal(Signal::Interrupt))),
    ] {
        let stage = Stage::new(WorldConfig::default());
        stage.simulator.with(|world| {
            world.faults_mut().chance(fault, 1.0);
        });
        let (sender, stop) = watch::channel(Stop::No);
        let began = Instant::now();
        let signals = async move {
            sleep(Duration::from_millis(5_000)).await;
            sender.send_replace(Stop::Drain(Signal::Interrupt));
            if second {
                sleep(Duration::from_secs(1)).await;
                sender.send_replace(Stop::Now(Signal::Interrupt));
            }
            std::future::pending::<()>().await;
        };
        let mut told = |_: campaign::app::contact::Again<'_>| {};
        let outcome = tokio::select! {
            outcome = contact(&stage, stop).start(&mut told) => outcome.unwrap(),
            () = signals => unreachable!("signals are sent for ever"),
        };
        assert_eq!(outcome, expected, "{fault:?}");
        assert!(began.elapsed() < Duration::from_secs(7), "{fault:?}");
    }
}
