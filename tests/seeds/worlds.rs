//! Random worlds: quotas, latencies, and everything that goes wrong in them.

use std::num::NonZeroU32;
use std::time::Duration;

use campaign::app::send::Run;
use campaign::clock::Clock;
use campaign::connect::{Client, Settings};
use campaign::domain::delivery::ending::Ending;
use campaign::engine::Unobserved;
use campaign::simulator::{
    AccountConfig, Fault, FaultPlan, Latency, Phase, Signatures, Simulator, Throttle, WorldConfig, WorldTime,
};

use crate::seeds::chance::Chance;

/// The client's read time-out; every answer that comes at all comes sooner.
const READ_TIMEOUT: Duration = Duration::from_secs(8);

/// The client of a process: the real one, over the simulator's own door.
pub(crate) fn client(simulator: &Simulator, clock: &Clock) -> Client {
    let settings = Settings {
        region: Some("us-west-2".to_owned()),
        profile: None,
        endpoint_url: None,
        ca_bundle: None,
        connect_timeout: Duration::from_secs(5),
        read_timeout: READ_TIMEOUT,
    };
    Client::simulated(simulator.http_client(), ("test", "test"), &settings, clock)
}

/// Lets a run send, to its end or to its death.
pub(crate) async fn until_death(run: Run, dies_after: Option<Duration>) -> Option<Ending> {
    let mut observer = Unobserved;
    tokio::select! {
        biased;
        result = run.send(&mut observer) => Some(result.expect("a run").outcome.ending),
        () = tokio::time::sleep(dies_after.unwrap_or(Duration::MAX)), if dies_after.is_some() => None,
    }
}

/// Whether the wall clock may differ from the true one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lies {
    None,
    /// In all, less than the day of margin that the token's life leaves.
    Small,
    /// Days.
    Large,
}

pub(crate) fn world(chance: &mut Chance, seed: u64, lies: Lies) -> WorldConfig {
    let base = chance.pick(&[0, 1, 40, 300, 3_000]);
    let account = AccountConfig {
        opted_out_more: chance.pick(&[0, 0, 40, 250, 1_500]),
        rates: true,
        ..AccountConfig::default()
    };
    WorldConfig {
        seed,
        account,
        throttle: chance.odds(0.4).then(|| Throttle {
            rate: chance.scale(0.5, 20.0),
            burst: NonZeroU32::new(chance.within(1..10) as u32).expect("above zero"),
        }),
        active_chats: chance.odds(0.3).then(|| chance.within(1..20) as u32),
        contact_life: Some(chance.millis(1_000..200_000)),
        latency: Latency { base: Duration::from_millis(base), jitter: chance.millis(0..base * 3 / 2 + 1) },
        signatures: if lies == Lies::None { Signatures::Verified } else { Signatures::VerifiedAtAnyDate },
        ..WorldConfig::default()
    }
}

/// Faults by chance, any of them.
pub(crate) fn chances(chance: &mut Chance, faults: &mut FaultPlan) {
    if chance.odds(0.2) {
        return;
    }
    let most = chance.scale(0.005, 0.2);
    for fault in Fault::ALL {
        if chance.odds(0.4) {
            let most = match fault {
                Fault::AccessDenied | Fault::ExpiredToken | Fault::NotFound => most / 10.0,
                _ => most,
            };
            faults.chance(fault, chance.scale(0.001, most.max(0.002)));
        }
    }
}

/// Times in which every request has the same fault.
pub(crate) fn phases(chance: &mut Chance, faults: &mut FaultPlan, now: i64) {
    for _ in 0..chance.pick(&[0, 0, 1, 2]) {
        let from = WorldTime(now as u64 + chance.within(0..20_000));
        let length = chance.pick(&[2_000, 20_000, 200_000, 2_000_000]);
        let until = from + chance.millis(1_000..length);
        let fault = chance.pick(&[
            Fault::AccessDenied,
            Fault::ExpiredToken,
            Fault::LimitExceeded,
            Fault::LimitExceeded,
            Fault::ConnectFailed,
            Fault::HangBefore,
            Fault::HangAfter,
            Fault::LostAnswer,
            Fault::InternalAfter,
            Fault::ThrottledWithoutJson,
            Fault::Conflict,
        ]);
        faults.phase(Phase { from, until, fault });
    }
}
