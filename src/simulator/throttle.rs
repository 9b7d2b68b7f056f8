//! The request quota: a token bucket, kept as the one number of a GCRA (the theoretical arrival time).

use super::clock::WorldTime;
use super::config::Throttle;

/// A token bucket that starts full. In any window of w seconds it lets at most `burst + rate × w` requests pass.
#[derive(Debug)]
pub(super) struct Bucket {
    interval_ns: u64,
    tolerance_ns: u64,
    full_at_ns: u64,
}

impl Bucket {
    pub(super) fn new(throttle: Throttle) -> Self {
        let interval_ns = (1e9 / throttle.rate).ceil() as u64;
        let tolerance_ns = interval_ns.saturating_mul(u64::from(throttle.burst.get() - 1));
        Self { interval_ns, tolerance_ns, full_at_ns: 0 }
    }

    /// Takes a token, if there is one.
    pub(super) fn take(&mut self, now: WorldTime) -> bool {
        let now_ns = now.0.saturating_mul(1_000_000);
        let full_at = self.full_at_ns.max(now_ns);
        if full_at - now_ns > self.tolerance_ns {
            return false;
        }
        self.full_at_ns = full_at.saturating_add(self.interval_ns);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn bucket(rate: f64, burst: u32) -> Bucket {
        Bucket::new(Throttle { rate, burst: NonZeroU32::new(burst).unwrap() })
    }

    #[test]
    fn a_burst_then_the_rate() {
        let mut bucket = bucket(2.0, 5);
        let at = |bucket: &mut Bucket, ms| (0..10).filter(|_| bucket.take(WorldTime(ms))).count();
        assert_eq!(at(&mut bucket, 1_000_000), 5);
        assert_eq!(at(&mut bucket, 1_000_499), 0);
        assert_eq!(at(&mut bucket, 1_000_500), 1);
        assert_eq!(at(&mut bucket, 1_002_000), 3);
        assert_eq!(at(&mut bucket, 9_000_000), 5);
    }

    #[test]
    fn a_rate_that_does_not_divide_a_second_is_never_exceeded() {
        let mut bucket = bucket(3.0, 1);
        let passed = (0..60_000).filter(|ms| bucket.take(WorldTime(*ms))).count();
        assert!((178..=181).contains(&passed), "{passed} in a minute at 3/s, burst 1");
    }
}
