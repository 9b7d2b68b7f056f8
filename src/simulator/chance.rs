//! Chance from a seed: SplitMix64 (Steele, Lea, Flood 2014), whose results never change between versions.
//!
//! Not for secrets.

/// A seeded sequence of pseudo-random numbers.
#[derive(Debug, Clone)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The sequence that belongs to `ordinal`, whatever was drawn before.
    pub(super) fn at(seed: u64, ordinal: u64) -> Self {
        Self(mix(seed ^ mix(ordinal)))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number in `0.0..1.0`.
    pub(super) fn unit(&mut self) -> f64 {
        const SCALE: f64 = 1.0 / (1_u64 << 53) as f64;
        (self.next() >> 11) as f64 * SCALE
    }
}

/// SplitMix64's finalizer: a bijection that spreads every bit of its input.
pub(super) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_the_published_sequence() {
        let mut chance = Chance::new(1_234_567);
        let drawn = [chance.next(), chance.next(), chance.next()];
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn unit_is_uniform_enough() {
        let mut chance = Chance::new(7);
        let below = (0..100_000).filter(|_| chance.unit() < 0.1).count();
        assert!((9_700..10_300).contains(&below), "{below} of 100,000 below 0.1");
    }
}
