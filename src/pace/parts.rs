//! The budget of one sender: a bucket of message parts (GCRA) on tokio's clock.
//!
//! In any window of `w` seconds at most `max(burst, parts of the longest message) + rate * w` parts leave, over restarts
//! as well. It never waits itself: it says when a message may leave, and its caller reports each that did.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::delivery::bucket_history::BucketHistory;
use crate::domain::senders::PartRate;

/// The most parts that a message has: what an earlier run sent last may have been one of these.
/// Source: End User Messaging takes at most 1,530 GSM or 630 other characters, which is ten parts of 153 or 67.
const MOST_PARTS: u64 = 10;

/// The parts of a sender.
#[derive(Debug, Clone)]
pub struct PartBucket {
    rate: PartRate,
    /// Nanoseconds a part, rounded up, so that the rate is never above what was asked.
    period: u64,
    origin: Instant,
    /// When the bucket is full again, in nanoseconds from the origin. Before that it lacks a part for each period.
    full_at: i128,
}

impl PartBucket {
    /// A bucket with the part of its burst that its past allows.
    #[must_use]
    pub fn new(rate: PartRate, past: BucketHistory) -> Self {
        let mut bucket = Self { rate, period: period(rate), origin: Instant::now(), full_at: 0 };
        let longest = bucket.nanos(u64::from(rate.burst.get()).max(MOST_PARTS));
        bucket.full_at = match past {
            BucketHistory::Fresh => 0,
            BucketHistory::Quiet(quiet) => longest - i128::try_from(quiet.as_nanos()).unwrap_or(i128::MAX),
            BucketHistory::Unknown => longest,
        };
        bucket
    }

    /// The rate.
    #[must_use]
    pub fn rate(&self) -> PartRate {
        self.rate
    }

    /// When a message of so many parts may leave. One that is longer than the burst waits until the bucket is full.
    #[must_use]
    pub fn due(&self, parts: u32) -> Instant {
        let spare = u64::from(self.rate.burst.get()).saturating_sub(u64::from(parts));
        self.at(self.full_at - self.nanos(spare))
    }

    /// A message of so many parts leaves now.
    pub fn take(&mut self, parts: u32) {
        debug_assert!(self.due(parts) <= Instant::now(), "a message left before its parts were at hand");
        self.full_at = self.full_at.max(self.now()) + self.nanos(parts.into());
    }

    /// Another rate from now on. The parts that it lacks stay lacking: over any changes no more leave than the largest
    /// burst and the rates allow.
    pub fn change(&mut self, rate: PartRate) {
        let lacking = (self.full_at - self.now()).max(0);
        let before = i128::from(self.period);
        (self.rate, self.period) = (rate, period(rate));
        // As many parts, rounded up, in nanoseconds of the new period.
        let lacking = (lacking * i128::from(self.period) + before - 1).div_euclid(before);
        self.full_at = self.now() + lacking;
    }

    fn now(&self) -> i128 {
        i128::try_from(self.origin.elapsed().as_nanos()).unwrap_or(i128::MAX)
    }

    fn at(&self, nanos: i128) -> Instant {
        self.origin + Duration::from_nanos(u64::try_from(nanos.max(0)).unwrap_or(u64::MAX))
    }

    fn nanos(&self, parts: u64) -> i128 {
        i128::from(parts) * i128::from(self.period)
    }
}

fn period(rate: PartRate) -> u64 {
    (1e9 / rate.per_second).ceil() as u64
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn rate(per_second: f64, burst: u32) -> PartRate {
        PartRate::of(per_second, NonZeroU32::new(burst))
    }

    /// Sends messages of these parts as soon as each may leave: when each left, and its parts.
    async fn sent(bucket: &mut PartBucket, parts: impl Iterator<Item = u32>) -> Vec<(Instant, u32)> {
        let mut sent = Vec::new();
        for parts in parts {
            tokio::time::sleep_until(bucket.due(parts)).await;
            bucket.take(parts);
            sent.push((Instant::now(), parts));
        }
        sent
    }

    /// The worst excess of any window over the rate, in parts.
    fn excess(per_second: f64, sent: &[(Instant, u32)]) -> f64 {
        let mut worst = f64::MIN;
        for (first, (begin, _)) in sent.iter().enumerate() {
            let mut parts = 0;
            for (end, own) in &sent[first..] {
                parts += own;
                worst = worst.max(f64::from(parts) - per_second * (*end - *begin).as_secs_f64());
            }
        }
        worst
    }

    #[tokio::test(start_paused = true)]
    async fn no_window_has_more_parts_than_burst_and_rate_allow_and_the_rate_is_reached() {
        for (per_second, burst) in [(0.5, 1), (1.0, 3), (3.0, 1), (10.0, 2), (100.0, 20), (100.0, 3)] {
            let mut bucket = PartBucket::new(rate(per_second, burst), BucketHistory::Fresh);
            let sent = sent(&mut bucket, (0..400).map(|n| 1 + n * 5 % 7)).await;
            let allowed = f64::from(burst.max(7));
            assert!(excess(per_second, &sent) <= allowed + 1e-6, "{per_second}/{burst}");
            let parts: u32 = sent.iter().map(|message| message.1).sum();
            let took = (sent[399].0 - sent[0].0).as_secs_f64();
            let reached = (f64::from(parts) - 2.0 * allowed) / took;
            assert!(reached >= per_second * 0.97, "{per_second}/{burst}: {reached}");
        }
    }

    /// Up, down, and with other bursts: no window has more than the largest burst and the rates in it allow.
    #[tokio::test(start_paused = true)]
    async fn no_change_of_the_rate_gives_more_than_the_rates_allow() {
        let mut chance = fastrand::Rng::with_seed(7);
        for _ in 0..20 {
            let mut bucket = PartBucket::new(rate(5.0, 3), BucketHistory::Fresh);
            // What was allowed since the beginning, and what has left, at each message.
            let (mut allowed, mut since, mut left, mut all) = (0.0, Instant::now(), 0_u32, vec![]);
            for _ in 0..400 {
                if chance.u8(..) < 40 {
                    allowed += bucket.rate().per_second * since.elapsed().as_secs_f64();
                    since = Instant::now();
                    bucket.change(rate(chance.f64() * 40.0 + 0.5, chance.u32(1..=8)));
                }
                let parts = chance.u32(1..=7);
                let wait = bucket.due(parts).saturating_duration_since(Instant::now());
                if chance.bool() && wait > Duration::from_millis(300) {
                    tokio::time::sleep(Duration::from_millis(chance.u64(1..300))).await;
                    continue;
                }
                tokio::time::sleep(wait).await;
                bucket.take(parts);
                left += parts;
                let rates = allowed + bucket.rate().per_second * since.elapsed().as_secs_f64();
                all.push((rates, f64::from(left), f64::from(parts)));
            }
            let mut least = f64::MAX;
            for (rates, left, parts) in all {
                least = least.min(left - parts - rates);
                assert!(left - rates - least <= 8.0 + 1e-3, "{} parts", left - rates - least);
            }
        }
    }

    /// Over the end of one run and the start of the next.
    #[tokio::test(start_paused = true)]
    async fn a_new_run_does_not_get_its_burst_again() {
        for quiet in [0, 500, 3_000, 9_999, 10_000, 60_000] {
            let of = rate(1.0, 4);
            let mut all = sent(&mut PartBucket::new(of, BucketHistory::Fresh), [7, 1, 10].into_iter()).await;
            let quiet = Duration::from_millis(quiet);
            tokio::time::sleep(quiet).await;
            let mut next = PartBucket::new(of, BucketHistory::Quiet(quiet));
            all.extend(sent(&mut next, [1, 1, 1, 1, 7].into_iter()).await);
            assert!(excess(1.0, &all) <= 10.0 + 1e-6, "{quiet:?}: {}", excess(1.0, &all));
        }
        let unknown = PartBucket::new(rate(2.0, 4), BucketHistory::Unknown);
        assert_eq!(unknown.due(4) - Instant::now(), Duration::from_secs(5), "ten parts may just have left");
        let quiet = PartBucket::new(rate(2.0, 4), BucketHistory::Quiet(Duration::from_secs(60)));
        assert_eq!(quiet.due(4), Instant::now(), "and all of it is at hand after a while");
    }
}
