//! Chance from a seed. It decides nothing; it only draws.

use std::ops::Range;
use std::time::Duration;

/// A seeded sequence of draws.
#[derive(Debug, Clone)]
pub(crate) struct Chance(fastrand::Rng);

/// The seed of this place among all that derive from `base`.
pub(crate) fn seed(base: u64, index: u64) -> u64 {
    fastrand::Rng::with_seed(base ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15)).u64(..1 << 48)
}

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// True with this probability.
    pub(crate) fn odds(&mut self, probability: f64) -> bool {
        self.0.f64() < probability
    }

    pub(crate) fn within(&mut self, range: Range<u64>) -> u64 {
        self.0.u64(range)
    }

    pub(crate) fn index(&mut self, length: usize) -> usize {
        self.0.usize(..length)
    }

    /// Between two numbers, small ones as often as large ones.
    pub(crate) fn scale(&mut self, least: f64, most: f64) -> f64 {
        least * (most / least).powf(self.0.f64())
    }

    pub(crate) fn millis(&mut self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.within(range))
    }

    pub(crate) fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.index(of.len())].clone()
    }

    pub(crate) fn shuffle<T>(&mut self, of: &mut [T]) {
        self.0.shuffle(of);
    }
}
