//! Credentials that expire while a campaign runs: those that can be renewed are, without a halt and without a row that
//! pays for it; those that cannot halt the run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use campaign::clock::Clock;
use campaign::domain::delivery::ending::Ending;
use campaign::domain::delivery::refusal::RefusalKind;
use campaign::domain::delivery::state::State;
use campaign::simulator::{Credential, WorldConfig};

use crate::virtual_time::stage::{self, Options, Stage};

/// How long the service accepts a key.
const LIFE: Duration = Duration::from_secs(15 * 60);
/// At one in two seconds: 33 minutes.
const ROWS: u64 = 1_000;

/// What a role, a login or a `credential_process` is: a source of keys that expire.
#[derive(Debug, Clone)]
struct Issuer {
    clock: Clock,
    /// What it says of the time that each has.
    says: Duration,
    issued: Arc<AtomicU32>,
    /// After so many, the last one again.
    most: u32,
    /// How long it takes, after the first one.
    takes: Duration,
}

impl Issuer {
    fn new(stage: &Stage, says: Duration, most: u32) -> Self {
        Self { clock: stage.clock.clone(), says, issued: Arc::default(), most, takes: Duration::ZERO }
    }

    fn options(&self) -> Options {
        let credentials = SharedCredentialsProvider::new(self.clone());
        Options { credentials, rate: 0.5, ..Options::default() }
    }

    fn issued(&self) -> u32 {
        self.issued.load(Ordering::Relaxed)
    }
}

impl ProvideCredentials for Issuer {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let number = (self.issued.fetch_add(1, Ordering::Relaxed) + 1).min(self.most);
        let (id, token) = (format!("KEY{number}"), format!("session {number}"));
        let until = self.clock.system_time() + self.says;
        let takes = if number == 1 { Duration::ZERO } else { self.takes };
        future::ProvideCredentials::new(async move {
            tokio::time::sleep(takes).await;
            Ok(Credentials::new(id, "secret", Some(token), Some(until), "issuer"))
        })
    }
}

fn world(life: Duration) -> WorldConfig {
    let credential = |number: u32| Credential {
        session_token: Some(format!("session {number}")),
        ..Credential::new(format!("KEY{number}"), "secret")
    };
    WorldConfig {
        credentials: (1..100).map(credential).collect(),
        credential_life: Some(life),
        ..WorldConfig::default()
    }
}

fn check_that_everybody_is_started(stage: &Stage, options: &Options) {
    assert_eq!(stage.tally()[State::Started], stage.tally().rows());
    stage.check_promises(options);
}

#[tokio::test(start_paused = true)]
async fn credentials_are_renewed_before_they_expire() {
    let mut stage = Stage::with_recipients(world(LIFE), ROWS);
    let issuer = Issuer::new(&stage, LIFE, u32::MAX);
    let outcome = stage.run(&issuer.options()).await.unwrap();
    assert_eq!(outcome.ending, Ending::Complete);
    assert_eq!(outcome.counters.requests, ROWS, "none was refused");
    assert_eq!(issuer.issued(), 3);
    check_that_everybody_is_started(&stage, &issuer.options());
    // Whoever watches is told when those end that it has now: the third, which came half a minute before the second's end.
    let run = stage.reader().runs(stage.campaign, 1).unwrap().remove(0);
    let end = run.heartbeat.and_then(|heartbeat| heartbeat.credentials_end).expect("they end");
    let life = end.since(run.started_at);
    let third = 3 * LIFE - 2 * Duration::from_secs(30);
    assert!(life > third && life < third + Duration::from_secs(10), "{life:?}");
}

/// What waits for a slow source must not leave all at once when it answers: the pace holds (`check_promises`).
#[tokio::test(start_paused = true)]
async fn a_slow_source_of_credentials_does_not_break_the_pace() {
    let mut stage = Stage::with_recipients(world(LIFE), 10_000);
    let issuer = Issuer { takes: Duration::from_secs(8), ..Issuer::new(&stage, LIFE, u32::MAX) };
    let options = Options { rate: 5.0, burst: 2, bounds: stage::in_flight(40), ..issuer.options() };
    let outcome = stage.run(&options).await.unwrap();
    assert_eq!((outcome.ending, issuer.issued()), (Ending::Complete, 3));
    assert_eq!(stage.simulator.requests().len(), 10_000, "none was refused by the service");
    check_that_everybody_is_started(&stage, &options);
}

/// A clock that is off, or a session that was revoked: the service knows before the SDK does.
#[tokio::test(start_paused = true)]
async fn credentials_that_expire_unexpectedly_are_renewed_too() {
    let mut stage = Stage::with_recipients(world(LIFE), ROWS);
    let issuer = Issuer::new(&stage, 2 * LIFE, u32::MAX);
    let options = issuer.options();
    let outcome = stage.run(&options).await.unwrap();
    assert_eq!(outcome.ending, Ending::Complete);
    let refused = outcome.counters.requests - ROWS;
    assert!((2..=2 * options.in_flight() as u64).contains(&refused), "{refused} for two renewals");
    check_that_everybody_is_started(&stage, &options);
}

#[tokio::test(start_paused = true)]
async fn credentials_that_cannot_be_renewed_halt_and_fail_nobody() {
    let mut stage = Stage::with_recipients(world(LIFE), ROWS);
    let used_up = Issuer::new(&stage, 2 * LIFE, 1);
    let options = used_up.options();
    let outcome = stage.run(&options).await.unwrap();
    let Ending::Refused(refusal) = outcome.ending else { panic!("{:?}", outcome.ending) };
    assert_eq!((refusal.kind, refusal.code.raw()), (RefusalKind::Credentials, "ExpiredTokenException"));
    let refused = outcome.counters.requests - outcome.counters.started;
    assert!(refused <= options.in_flight() as u64, "{refused} requests after the first refusal");
    assert_eq!(stage.tally()[State::Started] + stage.tally()[State::Queued], ROWS);

    let renewed = Issuer { most: u32::MAX, ..used_up };
    assert_eq!(stage.run(&renewed.options()).await.unwrap().ending, Ending::Complete);
    check_that_everybody_is_started(&stage, &renewed.options());
}

/// A source that always has others, and a service that takes none of them: one renewal, and no more.
#[tokio::test(start_paused = true)]
async fn new_credentials_that_are_refused_as_well_halt() {
    let mut stage = Stage::with_recipients(world(Duration::ZERO), 200);
    let issuer = Issuer::new(&stage, LIFE, u32::MAX);
    let options = issuer.options();
    let outcome = stage.run(&options).await.unwrap();
    assert!(matches!(outcome.ending, Ending::Refused(_)), "{:?}", outcome.ending);
    assert!(outcome.counters.requests <= 2 * options.in_flight() as u64, "{:?}", outcome.counters);
    assert!(issuer.issued() <= 3, "{} keys", issuer.issued());
    assert_eq!(stage.tally()[State::Queued], 200);
}
