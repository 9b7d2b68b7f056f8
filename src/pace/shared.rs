//! Permits of a rate that several runs share: taken a few at a time out of a bucket that all of them can reach, each with the
//! time at which its request may leave.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::select;
use tokio::time::{Instant, sleep_until};

use crate::domain::delivery::shared_rate::SharedRate;

/// Permits are reserved at most this far ahead.
const AHEAD: Duration = Duration::from_millis(200);
/// New permits are asked for this long before the last one is due: the keeper of the bucket may gather, commit and sync
/// before it answers, and a permit that arrives too late is lost.
const EARLY: Duration = Duration::from_millis(60);

/// How long to wait before each permit is used, counted from the call of [`SharedBucket::reserve`].
pub type Reserving<E> = Pin<Box<dyn Future<Output = Result<Vec<Duration>, E>> + Send>>;

/// The bucket that all runs of an account take their permits from.
pub trait SharedBucket {
    /// Its error.
    type Error;

    /// Takes this many permits for this run.
    fn reserve(&self, shared: &SharedRate, permits: u32) -> Reserving<Self::Error>;
}

/// The permits that this run has taken from the shared bucket.
pub struct SharedPermits<B: SharedBucket> {
    shared: SharedRate,
    bucket: B,
    permits: VecDeque<Instant>,
    asking: Option<Asking<B::Error>>,
}

struct Asking<E> {
    reserving: Reserving<E>,
    /// The waits are counted from here.
    asked_at: Instant,
    permits: usize,
}

impl<B: SharedBucket> SharedPermits<B> {
    /// No permits yet.
    pub fn new(shared: SharedRate, bucket: B) -> Self {
        Self { shared, bucket, permits: VecDeque::new(), asking: None }
    }

    /// The rate that the runs share.
    pub fn shared(&self) -> &SharedRate {
        &self.shared
    }

    /// Waits until a request may leave, as far as other runs are concerned. `rate` is this run's own: no more permits are
    /// taken ahead than it can use. Cancel-safe: it does not use the permit, [`SharedPermits::take`] does.
    ///
    /// # Errors
    /// When the bucket gives none.
    pub async fn permit(&mut self, rate: f64) -> Result<(), B::Error> {
        loop {
            self.drop_expired(Instant::now());
            self.ask(rate);
            let waits = select! {
                biased;
                // Before the permits at hand: the future is polled at once, so that it asks at the time it was told.
                Some(waits) = answered(&mut self.asking) => waits,
                Some(()) = due(self.permits.front().copied()) => {
                    if self.permits.front().is_some_and(|at| Instant::now() <= *at + SharedRate::GRACE) {
                        return Ok(());
                    }
                    continue;
                }
            };
            if let Some(asking) = self.asking.take() {
                let waits = waits?;
                debug_assert!(waits.len() <= asking.permits, "more permits than were asked for");
                self.permits.extend(waits.into_iter().map(|wait| asking.asked_at + wait));
                debug_assert!(
                    self.permits.iter().is_sorted(),
                    "permits are used in the order of their times"
                );
            }
        }
    }

    /// A request leaves: the permit is used.
    pub fn take(&mut self) {
        let permit = self.permits.pop_front();
        debug_assert!(permit.is_some(), "a request left without a permit");
    }

    /// A permit that was not used in its time is lost: together with the next ones it would be too many at once.
    fn drop_expired(&mut self, now: Instant) {
        while self.permits.front().is_some_and(|at| *at + SharedRate::GRACE < now) {
            self.permits.pop_front();
        }
    }

    /// Asks for more before the last permit at hand is used.
    fn ask(&mut self, rate: f64) {
        let now = Instant::now();
        let runs_out = self.permits.back().is_none_or(|at| *at > now && *at < now + EARLY);
        if self.asking.is_none() && runs_out {
            let permits =
                (self.shared.rate.min(rate) * AHEAD.as_secs_f64()).ceil().clamp(1.0, 1_000.0) as u32;
            let reserving = self.bucket.reserve(&self.shared, permits);
            self.asking = Some(Asking { reserving, asked_at: now, permits: permits as usize });
        }
    }
}

/// The time of the next permit, if there is one.
async fn due(at: Option<Instant>) -> Option<()> {
    sleep_until(at?).await;
    Some(())
}

/// The bucket's answer, if it was asked.
async fn answered<E>(asking: &mut Option<Asking<E>>) -> Option<Result<Vec<Duration>, E>> {
    Some(asking.as_mut()?.reserving.as_mut().await)
}

impl<B: SharedBucket> std::fmt::Debug for SharedPermits<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedPermits").field("permits", &self.permits.len()).finish_non_exhaustive()
    }
}
