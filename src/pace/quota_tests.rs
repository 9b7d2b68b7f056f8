//! The pace against a service with a quota, in virtual time: how much of it is used, and what is throttled for that.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::Instant;

use super::{RateLimit, RateLimiter};
use crate::domain::delivery::bucket_history::BucketHistory;

/// A token bucket like those of AWS.
struct Bucket {
    rate: f64,
    burst: f64,
    tokens: f64,
    at: Instant,
}

impl Bucket {
    fn new(rate: f64, burst: f64) -> Self {
        Self { rate, burst, tokens: burst, at: Instant::now() }
    }

    fn take(&mut self) -> bool {
        let now = Instant::now();
        self.tokens = (self.tokens + self.rate * (now - self.at).as_secs_f64()).min(self.burst);
        self.at = now;
        let has = self.tokens >= 1.0;
        self.tokens -= f64::from(u8::from(has));
        has
    }
}

/// What came of a script.
#[derive(Debug)]
struct Outcome {
    /// Of the quota that there was, the burst included.
    used: f64,
    /// Of our requests.
    throttled: f64,
    /// Of the other client's requests.
    theirs_throttled: f64,
}

/// Sends as fast as the pace allows for the length of the script. Each part says how long it is, the quota that the
/// service has, and the requests per second that somebody else makes with it.
async fn play(mut pace: RateLimiter, burst: f64, script: &[(u64, f64, f64)]) -> Outcome {
    const LATENCY: Duration = Duration::from_millis(80);
    let mut bucket = Bucket::new(script[0].1, burst);
    let mut answers: VecDeque<(Instant, Instant, bool)> = VecDeque::new();
    let (mut accepted, mut requests, mut quota) = (0_u32, 0_u32, burst);
    let (mut theirs_accepted, mut their_requests, mut rng) = (0_u32, 0_u32, fastrand::Rng::with_seed(7));
    for (seconds, rate, others) in script {
        let begin = Instant::now();
        let end = begin + Duration::from_secs(*seconds);
        bucket.take();
        bucket.rate = *rate;
        quota += rate * *seconds as f64;
        let mut theirs = begin;
        while Instant::now() < end {
            let answer = answers.front().map_or(end, |(at, ..)| *at);
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(theirs), if *others > 0.0 => {
                    their_requests += 1;
                    theirs_accepted += u32::from(bucket.take());
                    theirs += Duration::from_secs_f64((0.5 + rng.f64()) / others);
                }
                () = tokio::time::sleep_until(answer) => {
                    if let Some((_, left, throttled)) = answers.pop_front() {
                        pace.answered(left, throttled);
                    }
                }
                () = pace.permit() => {
                    let has = bucket.take();
                    requests += 1;
                    accepted += u32::from(has);
                    answers.push_back((Instant::now() + LATENCY, Instant::now(), !has));
                }
            }
        }
    }
    Outcome {
        used: f64::from(accepted + theirs_accepted) / quota,
        throttled: f64::from(requests - accepted) / f64::from(requests),
        theirs_throttled: f64::from(their_requests - theirs_accepted) / f64::from(their_requests.max(1)),
    }
}

fn auto() -> RateLimiter {
    RateLimiter::auto(RateLimit { rate: 100_000.0, burst: NonZeroU32::new(2).unwrap() }, BucketHistory::Fresh)
}

/// Three sizes of a quota: what is documented, and what larger accounts have.
const QUOTAS: [(f64, f64); 3] = [(2.0, 5.0), (10.0, 15.0), (100.0, 200.0)];

fn good(what: &str, outcome: &Outcome) {
    assert!(outcome.used >= 0.95, "{what}: {outcome:?}");
    assert!(outcome.throttled <= 0.02, "{what}: {outcome:?}");
    assert!(outcome.theirs_throttled <= 0.03, "{what}: {outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_quota_is_found_and_used() {
    for (rate, burst) in QUOTAS {
        good("auto", &play(auto(), burst, &[(1_800, rate, 0.0)]).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_is_half_of_what_was_stated_is_used() {
    for (rate, burst) in QUOTAS {
        let asked = RateLimit { rate: 2.0 * rate, burst: NonZeroU32::new(burst as u32).unwrap() };
        good(
            "stated",
            &play(RateLimiter::new(asked, BucketHistory::Fresh), burst, &[(1_800, rate, 0.0)]).await,
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_halves_and_doubles_is_followed() {
    for (rate, burst) in QUOTAS {
        let script = [(1_800, rate, 0.0), (1_800, rate / 2.0, 0.0), (1_800, rate, 0.0)];
        good("auto", &play(auto(), burst, &script).await);
    }
}

/// Ten minutes of a service that throttles everything leave a rate that says nothing of the quota.
#[tokio::test(start_paused = true)]
async fn after_an_outage_the_quota_is_soon_used_again() {
    for (rate, burst) in QUOTAS {
        let most = RateLimit { rate, burst: NonZeroU32::new(2).unwrap() };
        for pace in [auto(), RateLimiter::new(most, BucketHistory::Fresh)] {
            let outcome = play(pace, burst, &[(300, rate, 0.0), (600, 0.0, 0.0), (300, rate, 0.0)]).await;
            assert!(outcome.used >= 0.85, "{rate}: {outcome:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn half_of_a_quota_is_left_to_another_client() {
    for (rate, burst) in QUOTAS {
        let script = [(1_800, rate, 0.0), (1_800, rate, rate / 2.0)];
        let outcome = play(auto(), burst, &script).await;
        good("auto", &outcome);
    }
}
