//! The accounts that a run sends through, and their instances: each has a pace, and what else keeps its requests from
//! leaving. One holds up no other.

use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::account_bucket::AccountBucket;
use super::live_contacts::{ActiveContacts, LiveContacts};
use super::quota_pause::QuotaPause;
use crate::connect::Client;
use crate::domain::delivery::concurrency_limit::ConcurrencyLimit;
use crate::domain::delivery::shared_rate::SharedRate;
use crate::domain::delivery::verdict::OutageDetector;
use crate::domain::forecast::{Milestone, Outlook};
use crate::domain::unix_millis::UnixMillis;
use crate::engine::throughput::Throughput;
use crate::journal::WriterError;
use crate::pace::{PaceMode, RateLimiter, SharedPermits};

/// An account in a Region, whose quota is requests per second.
#[derive(Debug)]
pub struct RunAccount {
    /// When its requests may leave.
    pub pace: RateLimiter,
    /// The pace of the account, where other runs have a part in it.
    pub shared: Option<SharedRate>,
    /// Whether its pace is its own, and not that of the campaign.
    pub states_pace: bool,
}

/// An instance, reached with one set of credentials.
#[derive(Debug)]
pub struct RunInstance {
    /// Where requests go.
    pub client: Client,
    /// The place of its account among the run's.
    pub account: usize,
    /// Contacts that are alive, at most, where it is known how long one lives.
    pub active: Option<ActiveContacts>,
    /// Whether a sender belongs to it, or the campaign has one source for all. The campaign's own may have none.
    pub is_used: bool,
}

/// When an account may send.
#[derive(Debug)]
pub(super) struct AccountGate {
    pub(super) pace: RateLimiter,
    /// The pace that the run began with.
    began_with: PaceMode,
    pub(super) states_pace: bool,
    shared: Option<SharedPermits<AccountBucket>>,
    /// A permit of this run's own pace, while one of the shared pace is waited for.
    in_hand: bool,
    /// Contacts started through it.
    started: u64,
    throughput: Throughput,
}

/// When an instance may be sent to.
#[derive(Debug)]
pub(super) struct InstanceGate {
    pub(super) client: Client,
    pub(super) account: usize,
    pub(super) pause: QuotaPause,
    pub(super) outage: OutageDetector,
    /// Whether anything is sent to it: a sender belongs to it, and it was not halted.
    pub(super) is_used: bool,
    room: ConcurrencyLimit,
    active: LiveContacts,
    /// Requests without an answer.
    in_flight: usize,
    /// How many these may be, as of the last look.
    limit: usize,
    /// Whether a row that is ready may leave for it, as of the last look: a permit changes the pace, and not this.
    pub(super) is_open: bool,
}

/// Why an instance is not sent to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// Contacts that are alive.
    ActiveChats,
    /// Requests without an answer.
    Latency,
}

impl AccountGate {
    pub(super) fn new(mut account: RunAccount, bucket: AccountBucket, now: UnixMillis) -> Self {
        let shared = account.shared.take().map(|shared| SharedPermits::new(shared, bucket));
        Self { shared, ..Self::alone(account, now) }
    }

    /// One that no other run has a part in.
    pub(super) fn alone(account: RunAccount, now: UnixMillis) -> Self {
        Self {
            began_with: account.pace.tempo(),
            pace: account.pace,
            states_pace: account.states_pace,
            shared: None,
            in_hand: false,
            started: 0,
            throughput: Throughput::new(now),
        }
    }

    /// The pace that the run began with.
    pub(super) fn began_with(&self) -> PaceMode {
        self.began_with
    }

    /// The pace that other runs have a part in.
    pub(super) fn shared(&self) -> Option<&SharedRate> {
        self.shared.as_ref().map(SharedPermits::shared)
    }

    /// Goes on at another pace: a permit of the one before is not used.
    pub(super) fn change(&mut self, tempo: PaceMode) {
        self.pace.change(tempo);
        self.in_hand = false;
    }

    /// A contact was started through it.
    pub(super) fn started(&mut self) {
        self.started += 1;
    }

    /// Measures anew how fast contacts are started through it.
    pub(super) fn measure_anew(&mut self, at: UnixMillis) {
        self.throughput.measure_anew(Milestone { at, started: self.started });
    }

    /// Contacts are started through it in bursts from now on.
    pub(super) fn in_bursts(&mut self) {
        self.throughput.in_bursts();
    }

    /// Contacts per second of the rest, while anything is open; `None` where nothing tells.
    pub(super) fn speed(&mut self, at: UnixMillis, is_closed: bool) -> Option<f64> {
        let now = Milestone { at, started: self.started };
        let reached = self.throughput.measured_since(now).throughput(now);
        let allowed = Some(self.pace.rate()).filter(|rate| *rate > 0.0);
        let outlook = Outlook { left: 0, reached, allowed, burst: 0, active: None };
        self.throughput.speed_when_open(outlook, is_closed)
    }

    /// Waits until the first row is due, as far as its sender is concerned, and then until the pace allows a request,
    /// this run's own and the one that it shares. Cancel-safe.
    ///
    /// # Errors
    /// Where the journal, which keeps the shared one, cannot be written.
    pub(super) async fn permit(&mut self, due: Option<Instant>) -> Result<(), WriterError> {
        if let Some(due) = due {
            sleep_until(due).await;
        }
        if !self.in_hand {
            self.pace.permit().await;
        }
        if let Some(shared) = &mut self.shared {
            self.in_hand = true;
            shared.permit(self.pace.rate()).await?;
        }
        Ok(())
    }

    /// A request leaves.
    pub(super) fn left(&mut self) {
        self.pace.leave();
        self.in_hand = false;
        if let Some(shared) = &mut self.shared {
            shared.take();
        }
    }
}

impl InstanceGate {
    pub(super) fn new(instance: RunInstance, max_in_flight: Option<NonZeroUsize>, now: Instant) -> Self {
        Self {
            client: instance.client,
            account: instance.account,
            pause: QuotaPause::default(),
            outage: OutageDetector::default(),
            is_used: instance.is_used,
            room: ConcurrencyLimit::new(max_in_flight.map(Into::into)),
            active: LiveContacts::new(instance.active, now),
            in_flight: 0,
            limit: 0,
            is_open: false,
        }
    }

    /// Why nothing may be sent to it now, at this pace of its account.
    pub(super) fn obstacle(&mut self, rate: f64) -> Option<Obstacle> {
        self.active.pass(Instant::now());
        self.limit = self.pause.limit(self.room.at(rate));
        if self.pause.is_on() || !self.active.has_room(self.in_flight) {
            return Some(Obstacle::ActiveChats);
        }
        if self.in_flight < self.limit {
            return None;
        }
        // A pause lets one request find out whether it is over.
        Some(if self.pause == QuotaPause::Off { Obstacle::Latency } else { Obstacle::ActiveChats })
    }

    /// Requests without an answer, and how many they may be.
    pub(super) fn in_flight(&self) -> (usize, usize) {
        (self.in_flight, self.limit)
    }

    /// A request leaves.
    pub(super) fn left(&mut self) {
        self.in_flight += 1;
    }

    /// An answer came, after so long.
    pub(super) fn answered(&mut self, took: Duration) {
        self.in_flight -= 1;
        self.room.answered(took);
    }

    /// A contact was started, or may have been.
    pub(super) fn started(&mut self) {
        self.active.started(Instant::now());
    }

    /// Contacts that are alive.
    pub(super) fn active(&mut self) -> &LiveContacts {
        self.active.pass(Instant::now());
        &self.active
    }

    /// How many of them there may be, where that is known.
    pub(super) fn alive(&self) -> Option<usize> {
        self.active.alive()
    }

    /// When something ends by itself that keeps requests from leaving.
    pub(super) fn wake(&self) -> Option<Instant> {
        self.pause.ends_at().into_iter().chain(self.active.wake(self.in_flight)).min()
    }
}
