//! The loop that sends a campaign: claims, permits, requests, verdicts, settlements.
//!
//! One task orders everything. It holds no policy of its own: what a refusal leads to is decided in
//! [`crate::domain::delivery::verdict`], when a request may leave in [`crate::pace`], what is durable in [`crate::journal`].
//! Deliberately absent: SQL, AWS, wall-clock time that is not injected, and any waiting but tokio's.

mod account_bucket;
mod accounts;
mod bottleneck;
mod commits;
mod deliveries;
mod dispatcher;
mod events;
mod gate;
mod lanes;
mod live_contacts;
mod metrics;
mod opt_outs;
mod plan_progress;
mod queue;
mod quota_pause;
mod ready;
mod retry;
mod sender_meter;
#[cfg(test)]
mod tests;
mod throughput;

use std::num::{NonZeroU64, NonZeroUsize};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

pub use accounts::{RunAccount, RunInstance};
pub use deliveries::LastWords;
pub use events::{AnsweredAttempt, FirstOpening, Gauges, Observer, RefusedAttempt, RunEvent, Unobserved};
pub use lanes::Admittance;
pub use live_contacts::ActiveContacts;
pub use opt_outs::OptOutProgress;
pub use plan_progress::PlanProgress;
pub use ready::RunSender;

use crate::clock::Clock;
use crate::domain::delivery::ending::{Ending, Signal};
use crate::domain::delivery::gate::FailureGate;
use crate::domain::delivery::summary::Bottleneck;
use crate::domain::delivery::tally::Tally;
use crate::domain::delivery::undelivered::UndeliveredGate;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{ControlState, Counters, OpenLane, RunId, Writer, WriterError};

/// What a run is asked from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stop {
    /// Nothing: go on.
    #[default]
    No,
    /// No new requests; wait for the answers to those in flight.
    Drain(Signal),
    /// Now. Requests in flight stay in doubt, and the next run replays them.
    Now(Signal),
}

/// Everything a run needs.
#[derive(Debug)]
pub struct Engine {
    /// Where attempts and outcomes are made durable.
    pub writer: Writer,
    /// The run's record in the journal.
    pub run: RunId,
    /// The accounts whose quotas count; the first is that of the campaign.
    pub accounts: Vec<RunAccount>,
    /// Where requests go; the first is the instance of the campaign.
    pub instances: Vec<RunInstance>,
    /// The wall clock.
    pub clock: Clock,
    /// Chance, for jitter.
    pub chance: fastrand::Rng,
    /// Requests without an answer, at most; `None`: what pace and answer times need, and no more than 512.
    pub max_in_flight: Option<NonZeroUsize>,
    /// The lanes of the rows that have no outcome yet.
    pub lanes: Vec<OpenLane>,
    /// The numbers that send, where they are several.
    pub senders: Vec<RunSender>,
    /// When rows may be requested.
    pub admittance: Admittance,
    /// The wall clock cannot be set, nor the machine sleep, while the run waits: it is a rehearsal's.
    pub steady_clock: bool,
    /// When the time of the first row is over, or of the campaign; `None`: never, as far as was planned.
    pub expires_at: Option<UnixMillis>,
    /// Whether to end where nothing is left but rows whose hours are closed, instead of waiting for them.
    pub no_wait: bool,
    /// Contacts to start in this run, at most.
    pub most: Option<NonZeroU64>,
    /// When too many rows fail.
    pub gate: FailureGate,
    /// How far the recipients file is read; [`PlanProgress::read_before`] where it was planned before.
    pub feed: watch::Receiver<PlanProgress>,
    /// How the copy of the account's opt-outs stands; [`OptOutProgress::none`] where none is kept.
    pub opt_outs: watch::Receiver<OptOutProgress>,
    /// What becomes of messages, where the account's events are followed; [`LastWords::none`] where they are not.
    pub last_words: mpsc::Receiver<LastWords>,
    /// When too many of them do not arrive.
    pub undelivered: UndeliveredGate,
    /// What is asked from outside.
    pub stop: watch::Receiver<Stop>,
    /// The campaign's counts before the run.
    pub tally: Tally,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Why it ended.
    pub ending: Ending,
    /// What it did.
    pub counters: Counters,
    /// How long it took.
    pub elapsed: Duration,
    /// What kept it from being faster for the longest time.
    pub limited_by: Option<Bottleneck>,
}

impl Engine {
    /// Sends until nothing is left to do, or something ends it.
    ///
    /// # Errors
    /// Where the journal cannot be written: nothing more is sent, and what was acknowledged stays.
    pub async fn send(self, observer: &mut dyn Observer) -> Result<Outcome, WriterError> {
        let began = Instant::now();
        // Before anything else: a campaign may be paused.
        let ControlState { paused, mut news } = self.writer.listen(self.run).await?;
        if self.steady_clock {
            // Nobody asks a rehearsal, whose journal is its own: looking four times a second is most of what its nights cost.
            news = mpsc::channel(1).1;
        }
        let flow = dispatcher::Dispatcher::new(self, observer, news, began);
        let (ending, counters, limited_by) = flow.run(paused).await?;
        Ok(Outcome { ending, counters, elapsed: began.elapsed(), limited_by })
    }
}
