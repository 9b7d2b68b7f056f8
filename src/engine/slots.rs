//! Permits of a pace that several runs share: the journal gives them, a few at a time, each with the time at which its
//! request may leave.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::select;
use tokio::time::{Instant, sleep_until};

use crate::clock::Clock;
use crate::journal::{SharedPace, Writer, WriterError};

/// Permits are asked for so far ahead, at most.
const AHEAD: Duration = Duration::from_millis(200);
/// And so long before the last one's time, where there is one to be waited for: the journal's writer gathers, commits and
/// syncs before it gives any, and what it gives late is lost.
const EARLY: Duration = Duration::from_millis(60);

type Asking = Pin<Box<dyn Future<Output = Result<Vec<Duration>, WriterError>> + Send>>;

/// The permits that this run has.
#[derive(Default)]
pub(super) struct Slots {
    shared: Option<SharedPace>,
    permits: VecDeque<Instant>,
    asking: Option<(Asking, Instant)>,
}

impl Slots {
    pub(super) fn new(shared: Option<SharedPace>) -> Self {
        Self { shared, ..Self::default() }
    }

    /// The pace that other runs have a part in.
    pub(super) fn shared(&self) -> Option<&SharedPace> {
        self.shared.as_ref()
    }

    /// Whether other runs have a part in the pace.
    pub(super) fn are_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// Waits until a request may leave, as far as other runs are concerned. `rate` is this run's own: no more is taken ahead
    /// than it can use. Cancel-safe: it takes nothing, see [`Slots::take`].
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub(super) async fn permit(
        &mut self,
        rate: f64,
        writer: &Writer,
        clock: &Clock,
    ) -> Result<(), WriterError> {
        let Some(shared) = &self.shared else { return Ok(()) };
        loop {
            let now = Instant::now();
            // One that nobody used in its time is lost: together with the next ones it would be too many at once.
            while self.permits.front().is_some_and(|at| *at + SharedPace::GRACE < now) {
                self.permits.pop_front();
            }
            let last = self.permits.back();
            if self.asking.is_none() && last.is_none_or(|at| *at > now && *at < now + EARLY) {
                let (writer, shared, asked_at) = (writer.clone(), shared.clone(), clock.now());
                let many = (shared.rate.min(rate) * AHEAD.as_secs_f64()).ceil().clamp(1.0, 1_000.0) as u32;
                let asking = Box::pin(async move { writer.reserve(shared, many, asked_at).await });
                self.asking = Some((asking, now));
            }
            let waits = select! {
                biased;
                // First of all, for it is asked only once this is polled, and the time of asking is known already.
                Some(waits) = answered(&mut self.asking) => waits,
                Some(()) = due(self.permits.front().copied()) => {
                    if self.permits.front().is_some_and(|at| Instant::now() <= *at + SharedPace::GRACE) {
                        return Ok(());
                    }
                    continue;
                }
            };
            if let Some((_, since)) = self.asking.take() {
                self.permits.extend(waits?.into_iter().map(|wait| since + wait));
            }
        }
    }

    /// The permit is used.
    pub(super) fn take(&mut self) {
        self.permits.pop_front();
    }
}

/// The time of the next permit, if there is one.
async fn due(at: Option<Instant>) -> Option<()> {
    sleep_until(at?).await;
    Some(())
}

/// What the journal gives, if it was asked.
async fn answered(asking: &mut Option<(Asking, Instant)>) -> Option<Result<Vec<Duration>, WriterError>> {
    Some(asking.as_mut()?.0.as_mut().await)
}

impl std::fmt::Debug for Slots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slots").field("permits", &self.permits.len()).finish_non_exhaustive()
    }
}
