//! Permits of a pace that several runs share.

use std::num::NonZeroU32;

use super::*;
use crate::domain::delivery::bucket_history::BucketHistory;
use crate::domain::delivery::shared_rate::SharedRate;
use crate::engine::account_bucket::AccountBucket;
use crate::engine::accounts::AccountGate;
use crate::pace::{RateLimit, RateLimiter, SharedPermits};

const MS: Duration = Duration::from_millis(1);

fn shared(rate: f64, burst: u32) -> SharedRate {
    SharedRate { owner: "account".to_owned(), rate, burst }
}

fn bucket(desk: &Desk) -> AccountBucket {
    AccountBucket { writer: desk.writer.clone(), clock: desk.clock.clone() }
}

/// When each of so many requests leaves, in milliseconds, one as soon as it may after the other.
async fn left(permits: &mut SharedPermits<AccountBucket>, requests: usize) -> Vec<u128> {
    let (began, mut at) = (Instant::now(), Vec::new());
    for _ in 0..requests {
        permits.permit(10.0).await.unwrap();
        permits.take();
        at.push(began.elapsed().as_millis());
    }
    at
}

/// The writer gathers words for 20 ms, and a permit may be used so long after its time.
#[tokio::test(start_paused = true)]
async fn a_run_takes_its_permits_a_fifth_of_a_second_ahead_and_uses_each_in_its_time() {
    let desk = Desk::new(0);
    let pace = shared(10.0, 4);
    let mut permits = SharedPermits::new(pace.clone(), bucket(&desk));
    assert_eq!(left(&mut permits, 8).await, [20, 20, 40, 100, 200, 300, 400, 500]);
    let next = desk.writer.reserve(pace, 1, desk.clock.now()).await.unwrap();
    assert_eq!(next, [100 * MS], "two at a time, and none of them in vain");
}

/// At 100 a second, permits that are asked for when there are none left would come too late for their time. Those that are
/// due already are used first: who comes so late has no need of more.
#[tokio::test(start_paused = true)]
async fn a_run_asks_for_more_before_it_has_none() {
    let desk = Desk::new(0);
    for (used, late, taken) in [(15, 0, 20), (16, 0, 40), (10, 100, 20)] {
        let pace = SharedRate { owner: format!("account of {used}"), ..shared(100.0, 3) };
        let (began, mut permits) = (Instant::now(), SharedPermits::new(pace.clone(), bucket(&desk)));
        for _ in 0..used {
            permits.permit(100.0).await.unwrap();
            permits.take();
        }
        tokio::time::advance(MS * late).await;
        let now = began.elapsed();
        assert_eq!(now, 10 * MS * (used - 1) + MS * late);
        if late > 0 {
            permits.permit(100.0).await.unwrap();
            assert_eq!(began.elapsed(), now, "the last is due now");
        }
        let next = desk.writer.reserve(pace, 1, desk.clock.now()).await.unwrap();
        assert_eq!(now + next[0], 10 * MS * taken, "after {used}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_permit_that_is_not_used_in_its_time_is_lost() {
    let desk = Desk::new(0);
    let mut permits = SharedPermits::new(shared(10.0, 4), bucket(&desk));
    left(&mut permits, 3).await;
    let began = Instant::now();
    let at = |millis: u32| began + MS * (millis - 40);
    permits.permit(10.0).await.unwrap();
    assert_eq!(Instant::now(), at(100), "it is not taken");
    tokio::time::advance(SharedRate::GRACE).await;
    permits.permit(10.0).await.unwrap();
    assert_eq!(Instant::now(), at(120), "still in its time");
    tokio::time::advance(MS).await;
    permits.permit(10.0).await.unwrap();
    assert_eq!(Instant::now(), at(200), "the next one");
    permits.take();
    permits.permit(10.0).await.unwrap();
    assert_eq!(Instant::now(), at(300));
}

/// When each of so many requests leaves, as soon as both paces allow it. Whoever waits is called away every 30 ms.
async fn left_by(desk: &Desk, shared: Option<SharedRate>, requests: usize) -> Vec<u128> {
    let asked = RateLimit { rate: 2.0, burst: NonZeroU32::MIN };
    let pace = RateLimiter::new(asked, BucketHistory::Fresh);
    let account = RunAccount { pace, shared, states_pace: false };
    let mut gate = AccountGate::new(account, bucket(desk), UnixMillis::from_millis(0));
    let (began, mut at) = (Instant::now(), Vec::new());
    while at.len() < requests {
        let permit = gate.permit(None);
        if let Ok(permit) = tokio::time::timeout(30 * MS, permit).await {
            permit.unwrap();
            gate.left();
            at.push(began.elapsed().as_millis());
        }
    }
    at
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_for_its_own_pace_and_for_the_shared_one_and_loses_neither_permit() {
    let desk = Desk::new(0);
    assert_eq!(left_by(&desk, None, 3).await, [0, 500, 1_000]);
    assert_eq!(
        left_by(&desk, Some(shared(100.0, 9)), 3).await,
        [20, 540, 1_060],
        "asked for as the own one is there"
    );
    let slow = SharedRate { owner: "slow".to_owned(), ..shared(1.0, 1) };
    assert_eq!(left_by(&desk, Some(slow), 3).await, [20, 1_000, 2_000]);
}
