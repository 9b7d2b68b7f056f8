//! What may keep the next request from leaving: the pace, the answers that are still out, the contacts that are alive.

use std::time::Duration;

use tokio::time::Instant;

use super::Bounds;
use super::account_bucket::AccountBucket;
use super::bottleneck::BottleneckTimes;
use super::events::Gauges;
use super::live_contacts::LiveContacts;
use super::quota_pause::QuotaPause;
use crate::domain::delivery::concurrency_limit::ConcurrencyLimit;
use crate::domain::delivery::shared_rate::SharedRate;
use crate::domain::delivery::summary::Bottleneck;
use crate::domain::forecast::ActiveBound;
use crate::journal::WriterError;
use crate::pace::{RateLimiter, SharedPermits};

/// What may keep a request from leaving: a pause, the pace, and contacts that are still active.
#[derive(Debug)]
pub(super) struct SendGate {
    pub(super) pause: QuotaPause,
    /// Whether a person, or a gate of the run, has paused the campaign.
    held: bool,
    /// Whether the account's opt-outs are not known well enough.
    opt_outs_hold: bool,
    room: ConcurrencyLimit,
    active: LiveContacts,
    shared: Option<SharedPermits<AccountBucket>>,
    in_flight_limit: usize,
    /// A permit of this run's own pace, while one of the shared pace is waited for.
    in_hand: bool,
    limits: BottleneckTimes,
    told: Option<Gauges>,
}

/// What the engine sends from.
#[derive(Debug, Clone, Copy)]
pub(super) struct SendState {
    /// Whether requests are to leave at all.
    pub(super) open: bool,
    /// Whether a row is claimed and waits.
    pub(super) ready: bool,
    /// Whether more can come only from the file.
    pub(super) waits_for_file: bool,
    /// Whether more are being claimed.
    pub(super) claiming: bool,
    /// Requests without an answer.
    pub(super) in_flight: usize,
    /// Whether no row may leave yet as far as its sender is concerned.
    pub(super) senders_wait: bool,
}

impl SendGate {
    pub(super) fn new(bounds: Bounds, shared: Option<SharedPermits<AccountBucket>>, now: Instant) -> Self {
        Self {
            pause: QuotaPause::default(),
            held: false,
            opt_outs_hold: false,
            room: ConcurrencyLimit::new(bounds.max_in_flight.map(Into::into)),
            active: LiveContacts::new(bounds.active, now),
            shared,
            in_flight_limit: 0,
            in_hand: false,
            limits: BottleneckTimes::new(now),
            told: None,
        }
    }

    /// How many requests may be without an answer, as of the last [`SendGate::may_send`].
    pub(super) fn in_flight_limit(&self) -> usize {
        self.in_flight_limit
    }

    /// Whether the campaign is paused, or the account's opt-outs are waited for.
    pub(super) fn is_held(&self) -> bool {
        self.held || self.opt_outs_hold
    }

    /// Whether a person, or the run itself, has paused the campaign.
    pub(super) fn is_paused(&self) -> bool {
        self.held
    }

    /// The account's opt-outs are waited for, or not any more.
    pub(super) fn wait_for_opt_outs(&mut self, wait: bool) {
        self.opt_outs_hold = wait;
    }

    /// A person or a gate pauses the campaign. Says whether it was not paused.
    pub(super) fn hold(&mut self) -> bool {
        !std::mem::replace(&mut self.held, true)
    }

    /// A person lets it go on. Says whether it was paused.
    pub(super) fn release(&mut self) -> bool {
        std::mem::replace(&mut self.held, false)
    }

    /// The pace that other runs have a part in.
    pub(super) fn shared(&self) -> Option<&SharedRate> {
        self.shared.as_ref().map(SharedPermits::shared)
    }

    /// The pace is another one: a permit of the one before is not used.
    pub(super) fn forget_permit(&mut self) {
        self.in_hand = false;
    }

    /// Whether the next request may leave as soon as the pace allows it; takes note of what it waits for.
    pub(super) fn may_send(&mut self, supply: SendState, rate: f64) -> bool {
        self.active.pass(Instant::now());
        let room = self.pause.limit(self.room.at(rate));
        self.in_flight_limit = room;
        let alive = self.active.has_room(supply.in_flight);
        let limit = match supply {
            SendState { open: false, .. } => None,
            _ if self.pause != QuotaPause::Off || (supply.ready && !alive) => Some(Bottleneck::ActiveChats),
            SendState { ready: false, waits_for_file: true, .. } => Some(Bottleneck::File),
            SendState { ready: false, claiming: true, .. } => Some(Bottleneck::Journal),
            SendState { ready: false, .. } => None,
            _ if supply.in_flight >= room => Some(Bottleneck::Latency),
            SendState { senders_wait: true, .. } => Some(Bottleneck::Senders),
            _ => Some(Bottleneck::Pace),
        };
        self.limits.are(limit);
        supply.open && supply.ready && alive && supply.in_flight < room
    }

    /// Waits until the pace allows a request, this run's own and the one that it shares. Cancel-safe.
    ///
    /// # Errors
    /// Where the journal, which keeps the shared one, cannot be written.
    pub(super) async fn permit(&mut self, limiter: &mut RateLimiter) -> Result<(), WriterError> {
        if !self.in_hand {
            limiter.permit().await;
        }
        if let Some(shared) = &mut self.shared {
            self.in_hand = true;
            shared.permit(limiter.rate()).await?;
        }
        Ok(())
    }

    /// A request leaves.
    pub(super) fn left(&mut self) {
        self.in_hand = false;
        if let Some(shared) = &mut self.shared {
            shared.take();
        }
    }

    /// An answer came, after so long.
    pub(super) fn answered(&mut self, took: Duration) {
        self.room.answered(took);
    }

    /// A contact was started, or may have been.
    pub(super) fn started(&mut self) {
        self.active.started(Instant::now());
    }

    /// When something ends by itself that keeps requests from leaving.
    pub(super) fn wake(&self, in_flight: usize) -> Option<Instant> {
        self.pause.ends_at().into_iter().chain(self.active.wake(in_flight)).min()
    }

    /// How it stands at this pace, where that is news.
    pub(super) fn news(&mut self, rate: f64) -> Option<Gauges> {
        let gauges = Gauges { limit: self.limits.now(), rate, alive: self.active.alive() };
        (self.told.replace(gauges) != Some(gauges)).then_some(gauges)
    }

    /// The bound on contacts that are alive at once, where there is one.
    pub(super) fn active_bound(&mut self) -> Option<ActiveBound> {
        self.active.pass(Instant::now());
        self.active.bound()
    }

    /// What kept the run from being faster for the longest time.
    pub(super) fn limited_by(&mut self) -> Option<Bottleneck> {
        self.limits.longest()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::engine::ActiveContacts;

    const SECOND: Duration = Duration::from_secs(1);

    const READY: SendState = SendState {
        open: true,
        ready: true,
        waits_for_file: false,
        claiming: false,
        in_flight: 0,
        senders_wait: false,
    };

    fn gate(in_flight: usize, active: Option<usize>) -> SendGate {
        let active = active.map(|most| ActiveContacts { most, life: 60 * SECOND, ages: Vec::new() });
        let bounds = Bounds { max_in_flight: NonZeroUsize::new(in_flight), active, shared: None };
        SendGate::new(bounds, None, Instant::now())
    }

    /// Whether a request may leave, and what the next second is said to be limited by.
    async fn told(mut gate: SendGate, supply: SendState) -> (bool, Option<Bottleneck>) {
        let may = gate.may_send(supply, 1.0);
        tokio::time::advance(SECOND).await;
        (may, gate.limited_by())
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_leaves_where_nothing_is_in_its_way_and_what_is_in_its_way_is_told() {
        assert_eq!(told(gate(2, None), READY).await, (true, Some(Bottleneck::Pace)));
        let idle = SendState { ready: false, ..READY };
        for (supply, expected) in [
            (SendState { in_flight: 1, ..READY }, (true, Some(Bottleneck::Pace))),
            (SendState { in_flight: 2, ..READY }, (false, Some(Bottleneck::Latency))),
            (SendState { senders_wait: true, ..READY }, (true, Some(Bottleneck::Senders))),
            (SendState { open: false, ..READY }, (false, None)),
            (idle, (false, None)),
            (SendState { claiming: true, ..idle }, (false, Some(Bottleneck::Journal))),
            (SendState { waits_for_file: true, ..idle }, (false, Some(Bottleneck::File))),
            (SendState { waits_for_file: true, claiming: true, ..idle }, (false, Some(Bottleneck::File))),
            // Nobody waits for rows that are there.
            (SendState { waits_for_file: true, claiming: true, ..READY }, (true, Some(Bottleneck::Pace))),
        ] {
            assert_eq!(told(gate(2, None), supply).await, expected, "{supply:?}");
        }
        let mut paused = gate(2, None);
        let pause = paused.pause.begin(Instant::now(), 0.5).expect("it begins");
        assert_eq!(paused.wake(0), Some(Instant::now() + pause));
        assert_eq!(told(paused, READY).await, (false, Some(Bottleneck::ActiveChats)));
    }

    #[tokio::test(start_paused = true)]
    async fn contacts_that_live_and_those_in_flight_stay_within_the_quota() {
        let full = |started: usize| {
            let mut gate = gate(9, Some(2));
            (0..started).for_each(|_| gate.started());
            gate
        };
        assert_eq!(told(full(1), READY).await, (true, Some(Bottleneck::Pace)));
        assert_eq!(
            told(full(1), SendState { in_flight: 1, ..READY }).await,
            (false, Some(Bottleneck::ActiveChats))
        );
        assert_eq!(told(full(2), READY).await, (false, Some(Bottleneck::ActiveChats)));
        assert_eq!(told(full(2), SendState { ready: false, ..READY }).await, (false, None));
        let mut gate = full(2);
        assert_eq!(gate.wake(0), Some(Instant::now() + 60 * SECOND));
        tokio::time::advance(60 * SECOND).await;
        assert!(gate.may_send(READY, 1.0), "they have ended");
    }

    #[tokio::test(start_paused = true)]
    async fn answers_that_take_longer_leave_room_for_more_requests() {
        let mut gate = gate(0, None);
        let many = SendState { in_flight: 30, ..READY };
        assert!(!gate.may_send(many, 10.0), "a guess: twenty");
        for _ in 0..20 {
            gate.answered(4 * SECOND);
        }
        assert!(gate.may_send(many, 10.0));
    }
}
