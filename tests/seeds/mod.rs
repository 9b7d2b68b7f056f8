//! Whole campaigns from one seed each: a random definition, file, world and story of runs that crash, drain, pause for
//! days and see the clock jump. After every run each promise of the design is held against the simulator's own log.
//!
//! `CAMPAIGN_SEEDS=n` sets how many seeds are played, `CAMPAIGN_SEED=s` plays one and tells its story.

#![expect(clippy::print_stderr, reason = "a seed's story is for whoever plays it again")]

mod chance;
mod clocks;
mod hours;
mod model;
mod operations;
mod people;
mod process;
mod promises;
mod respelled;
mod senders;
mod sentinel;
mod several;
mod shapes;
mod story;
mod sweep;
mod trial;
mod worlds;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use campaign::simulator::{Fault, Outcome};

use story::{Played, Telling};

/// Seeds of a run without `CAMPAIGN_SEEDS`: what takes about half a minute on two cores.
const SEEDS: u64 = 1_500;
/// Where all seeds derive from, so that every run of the tests plays the same ones.
const BASE: u64 = 0x5eed_2026_0301;

#[test]
fn every_promise_holds_for_every_seed() {
    if let Ok(seed) = std::env::var("CAMPAIGN_SEED") {
        story::play(seed.parse().expect("CAMPAIGN_SEED is a number"), Telling::Aloud);
        return;
    }
    let seeds = std::env::var("CAMPAIGN_SEEDS").map_or(SEEDS, |seeds| seeds.parse().expect("a number"));
    let next = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let figures = Mutex::default();
    let failed: Vec<u64> = std::thread::scope(|scope| {
        let players: Vec<_> =
            (0..threads).map(|_| scope.spawn(|| play_all(&next, seeds, &figures))).collect();
        players.into_iter().flat_map(|player| player.join().expect("a player never panics")).collect()
    });
    let figures = figures.into_inner().expect("no player panics while it counts");
    eprintln!("{seeds} seeds: {figures:?}");
    let told: Vec<String> =
        Fault::ALL.iter().map(|fault| format!("{:?}", Outcome::Faulted(*fault))).collect();
    if seeds >= SEEDS {
        let missing: Vec<_> = told.iter().filter(|fault| !figures.outcomes.contains_key(*fault)).collect();
        assert!(missing.is_empty(), "faults that no seed has met: {missing:?}");
    }
    assert!(failed.is_empty(), "{} of {seeds} seeds broke a promise: {failed:?}", failed.len());
}

/// Seeds that broke a promise once, beyond those that every run of the tests plays.
#[test]
fn what_broke_a_promise_once_holds() {
    // Requests had their permits, and waited for the journal to take lines of the file before they left: too many at once.
    let streamed_while_sending = 145_462_807_608_668;
    story::play(streamed_while_sending, Telling::Silent);
}

/// What makes a seed worth reporting.
#[test]
fn a_seed_plays_the_same_story_every_time() {
    for index in 0..40 {
        let seed = chance::seed(!BASE, index);
        let play = || format!("{:?}", story::play(seed, Telling::Silent));
        let (once, again) = (play(), play());
        assert!(once == again, "seed {seed} has two stories");
    }
}

/// What all seeds have played together, so that one can see that they play anything.
#[derive(Debug, Default)]
struct Figures {
    runs: usize,
    deaths: usize,
    requests: usize,
    contacts: usize,
    replays: usize,
    uncertain: usize,
    days: u64,
    outcomes: BTreeMap<String, usize>,
}

impl Figures {
    fn add(&mut self, played: &Played) {
        self.runs += played.runs;
        self.deaths += played.deaths;
        self.requests += played.requests.len();
        self.contacts += played.contacts;
        self.replays += played.replays;
        self.uncertain += played.uncertain;
        self.days += played.days;
        for request in &played.requests {
            *self.outcomes.entry(format!("{:?}", request.outcome)).or_default() += 1;
        }
    }
}

/// Plays seeds until none is left; gives back those that broke a promise.
fn play_all(next: &AtomicU64, seeds: u64, figures: &Mutex<Figures>) -> Vec<u64> {
    let mut failed = Vec::new();
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        if index >= seeds {
            return failed;
        }
        let seed = chance::seed(BASE, index);
        match catch_unwind(AssertUnwindSafe(|| story::play(seed, Telling::Silent))) {
            Ok(played) => figures.lock().expect("no player panics while it counts").add(&played),
            Err(_) => {
                eprintln!(
                    "seed {seed} broke a promise (above); play it again with\n  \
                     CAMPAIGN_SEED={seed} cargo test --release --test campaigns every_promise -- --nocapture"
                );
                failed.push(seed);
            }
        }
    }
}
