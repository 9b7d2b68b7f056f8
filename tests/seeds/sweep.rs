//! A small campaign in which a lot goes wrong, and whose process dies at every step that it takes, one after another:
//! at each poll, with each request, with each notice. Seeds draw such moments; here none is left out.

use std::num::NonZeroU32;
use std::time::Duration;

use campaign::pace::RateLimit;
use campaign::simulator::{Fault, Latency, WorldConfig};

use crate::seeds::chance::Chance;
use crate::seeds::people::People;
use crate::seeds::sentinel::Crash;
use crate::seeds::trial::{Ended, Options, Trial};
use crate::seeds::{promises, shapes};

const PEOPLE: u64 = 7;

/// A trial in which one request of each kind goes wrong.
fn trial() -> Trial {
    let latency = Latency { base: Duration::from_millis(25), jitter: Duration::from_millis(50) };
    let world = WorldConfig { latency, ..WorldConfig::default() };
    let mut trial = Trial::new(world, People::plain(PEOPLE), shapes::shape(&mut Chance::new(7)));
    trial.simulator.with(|world| {
        world.faults_mut().sequence([
            None,
            Some(Fault::LostAnswer),
            Some(Fault::Throttling),
            None,
            Some(Fault::InternalBefore),
            Some(Fault::LimitExceeded),
            Some(Fault::Truncated),
            Some(Fault::Conflict),
            Some(Fault::HangAfter),
        ]);
    });
    trial.plan(None, false);
    trial
}

fn run(trial: &mut Trial, crash: Crash) -> Ended {
    let burst = NonZeroU32::new(3).expect("above zero");
    let options = Options {
        asked: RateLimit { rate: 20.0, burst },
        max_in_flight: 3,
        most: None,
        max_failures: 100.0,
        stops: Vec::new(),
        wishes: Vec::new(),
        retry_failed: false,
        opt_outs: None,
        stream: None,
        follows: false,
        crash,
    };
    let before = promises::before(trial);
    let ended = trial.run(&options);
    promises::check(trial, &options, &ended, &before);
    ended
}

/// Dies at the moments of these numbers, from 1, until the process lives long enough to finish before them.
fn sweep(crash: impl Fn(u64) -> Crash) -> u64 {
    for at in 1.. {
        let mut trial = trial();
        let ended = run(&mut trial, crash(at));
        if ended != Ended::Dead {
            return at;
        }
        // Once more, in the middle of what the first one left behind.
        run(&mut trial, crash(at / 2 + 1));
        let last = run(&mut trial, Crash::Never);
        promises::check_completed(&trial, &last);
    }
    unreachable!("every campaign ends")
}

#[test]
fn dying_at_every_step_of_the_engine_breaks_no_promise() {
    assert!(sweep(Crash::Poll) > 40);
}

#[test]
fn dying_with_every_request_breaks_no_promise() {
    assert!(sweep(Crash::Request) > PEOPLE);
}

#[test]
fn dying_with_every_notice_breaks_no_promise() {
    assert!(sweep(Crash::RunEvent) > 2 * PEOPLE);
}

#[test]
fn dying_at_every_millisecond_breaks_no_promise() {
    for at in 0..800 {
        let mut trial = trial();
        run(&mut trial, Crash::Instant(at));
        let last = run(&mut trial, Crash::Never);
        promises::check_completed(&trial, &last);
    }
}
