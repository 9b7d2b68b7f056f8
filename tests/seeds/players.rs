//! All cores play stories of seeds, and each story that breaks a promise is told at once: a run of hours that somebody
//! ends early has told what it found.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::seeds::chance;

/// The stories of one test.
pub(crate) struct Stories {
    /// The test's name, or the end of it that no other test has.
    pub(crate) test: &'static str,
    /// Where its seeds derive from.
    pub(crate) base: u64,
    /// How many there are without `CAMPAIGN_SEEDS`.
    pub(crate) by_default: u64,
}

/// How the stories of a test ended.
#[must_use]
pub(crate) struct Ended {
    pub(crate) seeds: u64,
    failed: Vec<u64>,
}

impl Ended {
    pub(crate) fn none_broke_a_promise(self) {
        let Self { seeds, failed } = self;
        assert!(failed.is_empty(), "{} of {seeds} seeds broke a promise: {failed:?}", failed.len());
    }
}

impl Stories {
    /// Plays the story that `CAMPAIGN_SEED` names, or else as many as `CAMPAIGN_SEEDS` says. What a story that holds
    /// gives is added up.
    pub(crate) fn play<Played>(
        &self,
        play: impl Fn(u64) -> Played + Sync,
        add: impl FnMut(Played) + Send,
    ) -> Ended {
        let one = std::env::var("CAMPAIGN_SEED").ok().map(|seed| seed.parse().expect("a number"));
        let most = || {
            std::env::var("CAMPAIGN_SEEDS").map_or(self.by_default, |seeds| seeds.parse().expect("a number"))
        };
        let seeds = if one.is_some() { 1 } else { most() };
        let (next, add) = (AtomicU64::new(0), Mutex::new(add));
        let player = || {
            let mut failed = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= seeds {
                    return failed;
                }
                let seed = one.unwrap_or_else(|| chance::seed(self.base, index));
                match catch_unwind(AssertUnwindSafe(|| play(seed))) {
                    Ok(played) => (add.lock().expect("no player panics while it adds up"))(played),
                    Err(_) => {
                        self.tell(seed);
                        failed.push(seed);
                    }
                }
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, |most| most.get() as u64).min(seeds);
        let failed = std::thread::scope(|scope| {
            let players: Vec<_> = (0..threads).map(|_| scope.spawn(player)).collect();
            players.into_iter().flat_map(|player| player.join().expect("a player never panics")).collect()
        });
        Ended { seeds, failed }
    }

    fn tell(&self, seed: u64) {
        eprintln!(
            "seed {seed} broke a promise (above); play it again with\n  \
             CAMPAIGN_SEED={seed} cargo test --release --test campaigns {} -- --nocapture",
            self.test
        );
    }
}
