//! A run's own permits: a token bucket (governor's GCRA) on tokio's clock.
//!
//! governor's own waiting is not used: `until_ready` sleeps on a timer thread in real time, also under paused time.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::Quota;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use tokio::time::Instant;

use super::adaptive::Adaptive;
use super::clock::{TokioClock, TokioInstant};
use crate::domain::delivery::bucket_history::BucketHistory;

type TokenBucket = governor::RateLimiter<NotKeyed, BucketState, TokioClock, NoOpMiddleware<TokioInstant>>;

/// Governor's state of a bucket, and its state before the last permit, so that a permit that is used later can be
/// retaken.
#[derive(Debug, Clone, Default)]
struct BucketState(Arc<Mutex<Permits>>);

#[derive(Debug, Default)]
struct Permits {
    now: Option<Nanos>,
    /// Before the permit that no request has used yet.
    before: Option<Option<Nanos>>,
}

impl BucketState {
    fn permits(&self) -> MutexGuard<'_, Permits> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StateStore for BucketState {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _: &NotKeyed, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut permits = self.permits();
        let (given, after) = decide(permits.now)?;
        *permits = Permits { now: Some(after), before: Some(permits.now) };
        Ok(given)
    }
}

/// How fast requests may leave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateLimit {
    /// Requests per second, above zero.
    pub rate: f64,
    /// Requests that may leave at once after a while of silence.
    pub burst: NonZeroU32,
}

/// A tempo and its origin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PaceMode {
    /// Stated by the user; slower if the service does not accept it.
    Stated(RateLimit),
    /// As fast as the service accepts, at most this fast.
    Auto(RateLimit),
}

impl PaceMode {
    fn taken_up(self) -> (RateLimit, bool, Adaptive) {
        match self {
            Self::Stated(asked) => (asked, false, Adaptive::stated(asked.rate)),
            Self::Auto(most) => (most, true, Adaptive::unknown(most.rate)),
        }
    }
}

/// Gives permits. One task asks.
#[derive(Debug)]
pub struct RateLimiter {
    asked: RateLimit,
    /// Whether what is asked is only the most.
    unknown: bool,
    adaptive: Adaptive,
    bucket: TokenBucket,
    state: BucketState,
    /// The rate of the bucket.
    rate: f64,
    given_at: Instant,
    /// Answers to requests that left before say nothing about the pace since.
    changed_at: Option<Instant>,
}

/// The bucket follows the rate in steps of at least this much of it...
const STEP: f64 = 0.005;
/// A permit that comes so many periods after the one before was not waited for.
const PATIENCE: f64 = 2.0;
/// ...or so long, for tokio's timers have a grain.
const GRAIN: Duration = Duration::from_millis(4);

impl RateLimiter {
    /// A pace with the part of its burst that its past allows.
    #[must_use]
    pub fn new(asked: RateLimit, past: BucketHistory) -> Self {
        Self::following(PaceMode::Stated(asked), past)
    }

    /// A pace that begins low and finds the rate that the service accepts, up to the stated one.
    #[must_use]
    pub fn auto(most: RateLimit, past: BucketHistory) -> Self {
        Self::following(PaceMode::Auto(most), past)
    }

    fn following(tempo: PaceMode, past: BucketHistory) -> Self {
        let (asked, unknown, adaptive) = tempo.taken_up();
        let rate = adaptive.rate();
        let at_hand = match past {
            BucketHistory::Fresh => asked.burst.get(),
            BucketHistory::Quiet(quiet) => {
                (quiet.as_secs_f64() * rate).min(f64::from(asked.burst.get())) as u32
            }
            BucketHistory::Unknown => 0,
        };
        let (bucket, state) = bucket(rate, asked.burst, asked.burst.get().saturating_sub(at_hand));
        Self { asked, unknown, adaptive, bucket, state, rate, given_at: Instant::now(), changed_at: None }
    }

    /// Changes the tempo. In a window over the change, at most as many permits are given as the burst before it and both
    /// rates, each in its time, allow: the new bucket begins empty.
    pub fn change(&mut self, tempo: PaceMode) {
        let now = Instant::now();
        (self.asked, self.unknown, self.adaptive) = tempo.taken_up();
        self.rate = self.adaptive.rate();
        (self.bucket, self.state) = bucket(self.rate, self.asked.burst, self.asked.burst.get());
        (self.given_at, self.changed_at) = (now, Some(now));
    }

    /// How fast it is to be.
    #[must_use]
    pub fn tempo(&self) -> PaceMode {
        if self.unknown { PaceMode::Auto(self.asked) } else { PaceMode::Stated(self.asked) }
    }

    /// The rate as it is now, in requests per second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// Waits until a request may leave. Dropping the future before it is ready takes no permit.
    pub async fn permit(&mut self) {
        loop {
            match self.bucket.check() {
                Ok(()) => return self.follow(),
                Err(not_yet) => tokio::time::sleep_until(not_yet.earliest_possible().instant()).await,
            }
        }
    }

    /// The request leaves that the last permit was for. Where it waited for something else meanwhile, the permit is one of now:
    /// with that of then, the bucket may have filled while nothing left.
    pub fn leave(&mut self) {
        let before = self.state.permits().before.take();
        let Some(before) = before else { return };
        self.state.permits().now = before;
        self.bucket.check().expect("what was allowed then is allowed now");
        self.state.permits().before = None;
    }

    /// Takes note of an answer to a request that left at that time. Throttled requests slow the pace; those that were in
    /// flight together count once.
    pub fn answered(&mut self, left: Instant, throttled: bool) {
        // The new bucket was empty: what left in the very instant of the change, left before it.
        if self.changed_at.is_some_and(|changed| left <= changed) {
            return;
        }
        self.adaptive.answered(left, Instant::now(), throttled);
    }

    /// After a permit, and only then: the next one is due a period from now, at whatever rate.
    fn follow(&mut self) {
        let (now, most) = (Instant::now(), GRAIN.max(Duration::from_secs_f64(PATIENCE / self.rate)));
        self.adaptive.used((now - self.given_at).min(most));
        self.given_at = now;
        let rate = self.adaptive.rate();
        let last_step = rate >= self.asked.rate && self.rate < self.asked.rate;
        if last_step || (rate / self.rate - 1.0).abs() >= STEP {
            self.rate = rate;
            // A fresh bucket is full. Emptied, it cannot give what the old one gave already.
            (self.bucket, self.state) = bucket(rate, self.asked.burst, self.asked.burst.get());
        }
    }
}

/// A bucket that lacks so many permits.
fn bucket(rate: f64, burst: NonZeroU32, taken: u32) -> (TokenBucket, BucketState) {
    // Rounded up, so that the rate is never above what was asked.
    let period = Duration::from_nanos((1e9 / rate).ceil() as u64);
    let quota = Quota::with_period(period).expect("a rate has a period").allow_burst(burst);
    let state = BucketState::default();
    let bucket = governor::RateLimiter::new(quota, state.clone(), TokioClock);
    if let Some(taken) = NonZeroU32::new(taken) {
        bucket.check_n(taken).ok().and_then(Result::ok).expect("a full bucket holds its burst");
        state.permits().before = None;
    }
    (bucket, state)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(rate: f64, burst: u32) -> RateLimit {
        RateLimit { rate, burst: NonZeroU32::new(burst).unwrap() }
    }

    /// The worst excess over `burst + rate * w` of any window of the permits, and the time that they took.
    fn excess(asked: RateLimit, at: &[Duration]) -> f64 {
        let mut worst = f64::MIN;
        for (first, start) in at.iter().enumerate() {
            for (last, end) in at.iter().enumerate().skip(first) {
                let window = (*end - *start).as_secs_f64();
                let permits = (last - first + 1) as f64;
                worst = worst.max(permits - f64::from(asked.burst.get()) - asked.rate * window);
            }
        }
        worst
    }

    async fn permits(pace: &mut RateLimiter, count: usize) -> Vec<Duration> {
        let start = Instant::now();
        let mut at = Vec::with_capacity(count);
        for _ in 0..count {
            pace.permit().await;
            at.push(start.elapsed());
        }
        at
    }

    /// Promise 6, and the other side of it: not slower than asked either.
    #[tokio::test(start_paused = true)]
    async fn no_window_has_more_than_burst_and_rate_allow() {
        for (rate, burst) in
            [(0.1, 1), (0.3, 2), (2.0, 5), (3.0, 1), (100.0, 200), (2000.0, 20), (5000.0, 50)]
        {
            let asked = asked(rate, burst);
            let mut pace = RateLimiter::new(asked, BucketHistory::Fresh);
            let at = permits(&mut pace, 1_500).await;
            assert!(excess(asked, &at) <= 1e-6, "{rate}/{burst}: {}", excess(asked, &at));
            let ideal = (1_500 - f64::from(burst).min(1_499.0) as usize) as f64 / rate;
            let took = at.last().unwrap().as_secs_f64();
            assert!(took <= ideal * 1.005 + 0.002, "{rate}/{burst}: {took} s instead of {ideal} s");
        }
    }

    /// Promise 6, where requests wait for something else between their permit and their leaving.
    #[tokio::test(start_paused = true)]
    async fn a_permit_that_is_used_later_is_one_of_then() {
        let mut chance = fastrand::Rng::with_seed(6);
        for (rate, burst) in [(44.6, 5), (3.0, 1), (200.0, 20), (10.0, 2)] {
            let asked = asked(rate, burst);
            let mut pace = RateLimiter::new(asked, BucketHistory::Fresh);
            let (start, mut left) = (Instant::now(), Vec::new());
            for _ in 0..500 {
                pace.permit().await;
                if chance.u8(..10) == 0 {
                    tokio::time::advance(Duration::from_secs_f64(chance.f64() * 8.0 / rate)).await;
                }
                pace.leave();
                left.push(start.elapsed());
            }
            assert!(excess(asked, &left) <= 1e-6, "{rate}/{burst}: {}", excess(asked, &left));
        }
    }

    /// Promise 6, over restarts.
    #[tokio::test(start_paused = true)]
    async fn a_new_run_does_not_get_its_burst_again() {
        let asked = asked(2.0, 5);
        for quiet in [0, 400, 1_000, 2_499, 2_500, 60_000] {
            let mut at = permits(&mut RateLimiter::new(asked, BucketHistory::Fresh), 20).await;
            let quiet = Duration::from_millis(quiet);
            tokio::time::sleep(quiet).await;
            let resumed = *at.last().unwrap() + quiet;
            let mut pace = RateLimiter::new(asked, BucketHistory::Quiet(quiet));
            at.extend(permits(&mut pace, 20).await.into_iter().map(|after| resumed + after));
            assert!(excess(asked, &at) <= 1e-6, "{quiet:?}: {}", excess(asked, &at));
        }
        let mut pace = RateLimiter::new(asked, BucketHistory::Unknown);
        assert_eq!(permits(&mut pace, 1).await, [Duration::from_millis(500)]);
        // Nor less of it than there is.
        for (quiet, at_once) in [(999, 1), (1_000, 2), (2_500, 5), (60_000, 5)] {
            let mut pace = RateLimiter::new(asked, BucketHistory::Quiet(Duration::from_millis(quiet)));
            let at = permits(&mut pace, 6).await;
            let immediate = at.iter().filter(|after| after.is_zero()).count();
            assert_eq!(immediate, at_once, "after {quiet} ms: {at:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn throttling_slows_and_the_bound_holds_through_every_change() {
        let asked = asked(50.0, 10);
        let mut pace = RateLimiter::new(asked, BucketHistory::Fresh);
        let start = Instant::now();
        let mut at = Vec::new();
        let mut slowest = f64::MAX;
        for permit in 0..2_000 {
            pace.permit().await;
            at.push(start.elapsed());
            pace.answered(Instant::now(), permit < 1_000 && permit % 3 == 0);
            slowest = slowest.min(pace.rate());
        }
        assert!(excess(asked, &at) <= 1e-6, "{}", excess(asked, &at));
        assert!(slowest < 10.0, "{slowest}");
        assert!(pace.rate() > slowest);
    }

    /// Promise 6, through whatever people do to the pace: from every request on, the rates in their times and one burst.
    #[tokio::test(start_paused = true)]
    async fn no_change_of_the_pace_gives_more_than_the_paces_allow() {
        let changes = [
            (7, PaceMode::Stated(asked(50.0, 40))),
            (300, PaceMode::Stated(asked(0.5, 2))),
            (3, PaceMode::Stated(asked(0.5, 2))),
            (1, PaceMode::Stated(asked(1_000.0, 1))),
            (900, PaceMode::Auto(asked(20.0, 3))),
            (200, PaceMode::Stated(asked(2.0, 5))),
        ];
        let start = Instant::now();
        let mut pace = RateLimiter::new(asked(2.0, 5), BucketHistory::Fresh);
        let (mut rates, mut at) = (vec![(Duration::ZERO, 2.0)], Vec::new());
        for (permits, tempo) in changes.iter().cycle().take(24) {
            for permit in 0..*permits {
                pace.permit().await;
                at.push(start.elapsed());
                // Now and then nobody wants to send, and a burst is there after.
                if permit == 2 {
                    tokio::time::sleep(Duration::from_secs(9)).await;
                }
            }
            pace.change(*tempo);
            let (PaceMode::Stated(asked) | PaceMode::Auto(asked)) = tempo;
            rates.push((start.elapsed(), asked.rate));
        }
        // What may have left up to a time at the rates alone.
        let allowed = |until: Duration| -> f64 {
            let ends = rates.iter().skip(1).map(|rate| rate.0).chain([Duration::MAX]);
            rates
                .iter()
                .zip(ends)
                .map(|((from, rate), end)| end.min(until).saturating_sub(*from).as_secs_f64() * rate)
                .sum()
        };
        let levels: Vec<f64> = at.iter().map(|at| allowed(*at)).collect();
        let burst = |at: &Duration| {
            let change = rates.iter().rposition(|(from, _)| from < at).unwrap_or(0);
            let tempo = change.checked_sub(1).map(|change| changes[change % changes.len()].1);
            tempo.map_or(5.0, |tempo| f64::from(tempo.taken_up().0.burst.get()))
        };
        for (first, begin) in at.iter().enumerate() {
            for last in first..at.len().min(first + 2_000) {
                let excess =
                    (last - first + 1) as f64 - (levels[last] - levels[first]) - burst(begin).max(1.0);
                assert!(excess <= 1e-6, "{excess} from {begin:?} to {:?}", at[last]);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_changed_pace_is_as_fast_as_asked_and_forgets_what_was_before() {
        let mut pace = RateLimiter::new(asked(0.1, 1), BucketHistory::Fresh);
        pace.permit().await;
        let left = Instant::now();
        pace.change(PaceMode::Stated(asked(20.0, 4)));
        for left in [left - Duration::from_millis(1), left] {
            pace.answered(left, true);
        }
        assert_eq!(pace.rate(), 20.0, "those requests left at the pace before");
        let at = permits(&mut pace, 21).await;
        assert_eq!((at[0], at[20]), (Duration::from_millis(50), Duration::from_millis(1_050)));
        pace.change(PaceMode::Auto(asked(100_000.0, 4)));
        assert_eq!(pace.rate(), 1.0, "found out from below");
        pace.change(PaceMode::Stated(asked(0.5, 1)));
        assert_eq!(permits(&mut pace, 1).await, [Duration::from_secs(2)]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_pace_comes_back_after_throttling_ends() {
        let mut pace = RateLimiter::new(asked(20.0, 2), BucketHistory::Fresh);
        let left = Instant::now();
        pace.answered(left, true);
        pace.permit().await;
        assert!((pace.rate() - 18.6).abs() < 1e-9);
        tokio::time::sleep(Duration::from_millis(1)).await;
        pace.answered(left, true);
        pace.permit().await;
        assert!((pace.rate() - 18.6).abs() < 1e-9, "requests that were in flight together count once");
        permits(&mut pace, 2_000).await;
        assert!((pace.rate() - 20.0).abs() < 1e-9);
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_at_hand_again_after_a_while_of_silence() {
        let mut pace = RateLimiter::new(asked(2.0, 5), BucketHistory::Fresh);
        permits(&mut pace, 20).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(permits(&mut pace, 6).await[3..], [0, 0, 500].map(Duration::from_millis));
    }

    #[tokio::test(start_paused = true)]
    async fn a_permit_that_nobody_waits_for_any_more_is_not_taken() {
        let mut pace = RateLimiter::new(asked(1.0, 1), BucketHistory::Fresh);
        pace.permit().await;
        let start = Instant::now();
        for _ in 0..9 {
            let waited = tokio::time::timeout(Duration::from_millis(100), pace.permit()).await;
            assert!(waited.is_err());
        }
        pace.permit().await;
        assert_eq!(start.elapsed(), Duration::from_secs(1));
    }

    /// An unused rate proves nothing.
    #[tokio::test(start_paused = true)]
    async fn time_in_which_nobody_asks_for_permits_does_not_raise_the_rate() {
        let mut pace = RateLimiter::auto(asked(10_000.0, 1), BucketHistory::Fresh);
        permits(&mut pace, 20).await;
        let before = pace.rate();
        assert!(before > 4.0, "{before}");
        tokio::time::sleep(Duration::from_secs(60)).await;
        pace.permit().await;
        // Two periods of it count: at most a quarter of the time in which it doubles.
        assert!(pace.rate() <= before * 1.2, "{} after {before}", pace.rate());
    }
}
