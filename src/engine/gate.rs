//! What may keep the next request from leaving: the pace, the answers that are still out, the contacts that are alive.

use futures_util::future::select_all;
use tokio::time::Instant;

use super::accounts::{AccountGate, InstanceGate, Obstacle};
use super::bottleneck::BottleneckTimes;
use super::events::Gauges;
use super::quota_pause::QuotaPause;
use crate::connect::Client;
use crate::domain::delivery::summary::Bottleneck;
use crate::domain::forecast::ActiveBound;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::WriterError;
use crate::pace::PaceMode;

/// What may keep a request from leaving: a pause, the pace, and contacts that are still active.
#[derive(Debug)]
pub(super) struct SendGate {
    pub(super) accounts: Vec<AccountGate>,
    pub(super) instances: Vec<InstanceGate>,
    /// The account after the one that had the last permit.
    next: usize,
    /// Whether a person, or a gate of the run, has paused the campaign.
    held: bool,
    /// Whether the account's opt-outs are not known well enough.
    opt_outs_hold: bool,
    /// Requests without an answer over all instances, at most.
    max_in_flight: Option<usize>,
    limits: BottleneckTimes,
    told: Option<Gauges>,
}

/// What the engine sends from.
#[derive(Debug, Clone, Copy)]
pub(super) struct SendState {
    /// Whether requests are to leave at all.
    pub(super) open: bool,
    /// Whether more can come only from the file.
    pub(super) waits_for_file: bool,
    /// Whether more are being claimed.
    pub(super) claiming: bool,
    /// Requests without an answer.
    pub(super) in_flight: usize,
}

/// Rows of an instance that are claimed and wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReadyInstance {
    /// Its place among the run's.
    pub(super) instance: usize,
    /// When the first row may leave, as far as its sender is concerned; `None`: at once.
    pub(super) due: Option<Instant>,
}

/// An account whose next request may leave as soon as its pace allows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AccountTurn {
    pub(super) account: usize,
    pub(super) due: Option<Instant>,
}

impl SendGate {
    pub(super) fn new(
        accounts: Vec<AccountGate>,
        instances: Vec<InstanceGate>,
        max_in_flight: Option<usize>,
        now: Instant,
    ) -> Self {
        Self {
            accounts,
            instances,
            next: 0,
            held: false,
            opt_outs_hold: false,
            max_in_flight,
            limits: BottleneckTimes::new(now),
            told: None,
        }
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

    /// The accounts whose next request may leave as soon as their pace allows it; takes note of what the run waits for.
    pub(super) fn turns(&mut self, supply: SendState, ready: &[ReadyInstance]) -> Vec<AccountTurn> {
        let Self { accounts, instances, .. } = self;
        let full = self.max_in_flight.is_some_and(|most| supply.in_flight >= most);
        // Also where nothing is ready: what has ended wakes nobody.
        for gate in instances.iter_mut() {
            gate.active();
            gate.is_open = false;
        }
        let mut turns: Vec<AccountTurn> = Vec::new();
        let mut obstacle = None;
        for ReadyInstance { instance, due } in ready {
            let gate = &mut instances[*instance];
            let found = gate.obstacle(accounts[gate.account].pace.rate());
            let found = found.or(full.then_some(Obstacle::Latency));
            gate.is_open = found.is_none();
            match found {
                Some(found) => obstacle = obstacle.or(Some(found)),
                None => match turns.iter_mut().find(|turn| turn.account == gate.account) {
                    Some(turn) => turn.due = turn.due.min(*due),
                    None => turns.push(AccountTurn { account: gate.account, due: *due }),
                },
            }
        }
        let now = Instant::now();
        let mut paused = instances.iter().map(|gate| gate.pause != QuotaPause::Off);
        let mut used = instances.iter().filter(|gate| gate.is_used);
        let all_full = used.all(|gate| gate.pause != QuotaPause::Off);
        let limit = match (supply, obstacle) {
            (SendState { open: false, .. }, _) => None,
            _ if all_full => Some(Bottleneck::ActiveChats),
            _ if !turns.is_empty() => {
                Some(match turns.iter().all(|turn| turn.due.is_some_and(|due| due > now)) {
                    true => Bottleneck::Senders,
                    false => Bottleneck::Pace,
                })
            }
            (_, Some(Obstacle::ActiveChats)) => Some(Bottleneck::ActiveChats),
            (_, Some(Obstacle::Latency)) => Some(Bottleneck::Latency),
            _ if paused.any(|paused| paused) => Some(Bottleneck::ActiveChats),
            (SendState { waits_for_file: true, .. }, None) => Some(Bottleneck::File),
            (SendState { claiming: true, .. }, None) => Some(Bottleneck::Journal),
            _ => None,
        };
        self.limits.are(limit);
        if !supply.open {
            turns.clear();
        }
        turns
    }

    /// Waits until the pace of one of the accounts allows a request, and says which. Cancel-safe.
    ///
    /// # Errors
    /// Where the journal, which keeps the shared ones, cannot be written.
    pub(super) async fn permit(&mut self, turns: &[AccountTurn]) -> Result<usize, WriterError> {
        if let [turn] = turns {
            return self.accounts[turn.account].permit(turn.due).await.map(|()| turn.account);
        }
        let mut waits: Vec<_> = self
            .accounts
            .iter_mut()
            .enumerate()
            .filter_map(|(at, gate)| Some((at, gate, turns.iter().find(|turn| turn.account == at)?.due)))
            .collect();
        // None has the first look each time: one whose pace is never the bottleneck would leave the others none.
        let first = waits.iter().position(|(at, ..)| *at >= self.next).unwrap_or(0);
        waits.rotate_left(first);
        let waits = waits
            .into_iter()
            .map(|(at, gate, due)| Box::pin(async move { gate.permit(due).await.map(|()| at) }));
        let (first, ..) = select_all(waits).await;
        self.next = first.as_ref().map_or(0, |at| at + 1);
        first
    }

    /// A request to an instance leaves.
    pub(super) fn left(&mut self, instance: usize) {
        self.accounts[self.instances[instance].account].left();
        self.instances[instance].left();
    }

    /// Where requests to an instance go.
    pub(super) fn client(&self, instance: usize) -> Client {
        self.instances[instance].client.clone()
    }

    /// When something ends by itself that keeps requests from leaving.
    pub(super) fn wake(&self) -> Option<Instant> {
        self.instances.iter().filter_map(InstanceGate::wake).min()
    }

    /// How it stands, where that is news.
    pub(super) fn news(&mut self) -> Option<Gauges> {
        let alive = self.instances.iter().filter_map(InstanceGate::alive).reduce(|a, b| a + b);
        let gauges = Gauges { limit: self.limits.now(), rate: self.rate(), alive };
        (self.told.replace(gauges) != Some(gauges)).then_some(gauges)
    }

    /// The places of the accounts that something is sent through.
    pub(super) fn used_accounts(&self) -> Vec<usize> {
        let is_used = |at: &usize| self.instances.iter().any(|gate| gate.is_used && gate.account == *at);
        (0..self.accounts.len()).filter(is_used).collect()
    }

    /// The accounts that something is sent through.
    fn used(&self) -> impl Iterator<Item = &AccountGate> {
        self.used_accounts().into_iter().map(|at| &self.accounts[at])
    }

    /// Requests per second that the paces of all accounts allow now.
    pub(super) fn rate(&self) -> f64 {
        self.used().map(|gate| gate.pace.rate()).sum()
    }

    /// What is asked of all accounts: the rate, `None` where a run finds out that of one of them, and the burst.
    pub(super) fn asked(&self) -> (Option<f64>, u32) {
        self.used().fold((Some(0.0), 0), |(rate, burst), gate| match gate.pace.tempo() {
            PaceMode::Stated(asked) => {
                (rate.map(|rate: f64| rate + asked.rate), burst.saturating_add(asked.burst.get()))
            }
            PaceMode::Auto(most) => (None, burst.saturating_add(most.burst.get())),
        })
    }

    /// How many requests of an instance leave in about a second; none while its quota of contacts is full.
    pub(super) fn second(&self, instance: usize) -> usize {
        let gate = &self.instances[instance];
        gate.pause.limit(self.accounts[gate.account].pace.rate().ceil().max(1.0) as usize)
    }

    /// The bound on contacts that are alive at once, where there is one: over all instances.
    pub(super) fn active_bound(&mut self) -> Option<ActiveBound> {
        let used = self.instances.iter_mut().filter(|gate| gate.is_used);
        let bounds = used.filter_map(|gate| gate.active().bound());
        bounds.reduce(|a, b| ActiveBound {
            most: a.most + b.most,
            alive: a.alive + b.alive,
            life: a.life.max(b.life),
        })
    }

    /// When the first credentials end that are in use, where that is known.
    pub(super) fn credentials_end(&self) -> Option<UnixMillis> {
        self.instances.iter().filter_map(|gate| gate.client.credentials_end()).min()
    }

    /// What kept the run from being faster for the longest time.
    pub(super) fn limited_by(&mut self) -> Option<Bottleneck> {
        self.limits.longest()
    }
}

#[cfg(test)]
mod tests {
    use std::num::{NonZeroU32, NonZeroUsize};
    use std::time::Duration;

    use super::*;
    use crate::clock::Clock;
    use crate::connect::Settings;
    use crate::domain::definition::EndpointUrl;
    use crate::domain::delivery::bucket_history::BucketHistory;
    use crate::engine::{ActiveContacts, RunAccount, RunInstance};
    use crate::pace::{RateLimit, RateLimiter};

    const SECOND: Duration = Duration::from_secs(1);

    const OPEN: SendState = SendState { open: true, waits_for_file: false, claiming: false, in_flight: 0 };
    const READY: &[ReadyInstance] = &[ReadyInstance { instance: 0, due: None }];

    fn client() -> Client {
        let settings = Settings {
            region: None,
            profile: None,
            endpoint_url: None,
            ca_bundle: None,
            connect_timeout: SECOND,
            read_timeout: SECOND,
        };
        let nowhere = EndpointUrl::parse("http://127.0.0.1:9").unwrap();
        Client::unsigned(&nowhere, &settings, &Clock::from_tokio(UnixMillis::from_millis(0))).unwrap()
    }

    fn account(rate: f64) -> AccountGate {
        let limit = RateLimit { rate, burst: NonZeroU32::MIN };
        let pace = RateLimiter::new(limit, BucketHistory::Fresh);
        AccountGate::alone(RunAccount { pace, shared: None, states_pace: false }, UnixMillis::from_millis(0))
    }

    fn instance(account: usize, in_flight: usize, active: Option<usize>) -> InstanceGate {
        let active = active.map(|most| ActiveContacts { most, life: 60 * SECOND, ages: Vec::new() });
        let instance = RunInstance { client: client(), account, active, is_used: true };
        InstanceGate::new(instance, NonZeroUsize::new(in_flight), Instant::now())
    }

    /// One account with one instance, at a request a second.
    fn gate(in_flight: usize, active: Option<usize>) -> SendGate {
        let most = NonZeroUsize::new(in_flight).map(Into::into);
        SendGate::new(vec![account(1.0)], vec![instance(0, in_flight, active)], most, Instant::now())
    }

    /// Whether a request may leave, and what the next second is said to be limited by.
    async fn told(
        mut gate: SendGate,
        in_flight: usize,
        (supply, ready): (SendState, &[ReadyInstance]),
    ) -> (bool, Option<Bottleneck>) {
        (0..in_flight).for_each(|_| gate.instances[0].left());
        let may = !gate.turns(SendState { in_flight, ..supply }, ready).is_empty();
        tokio::time::advance(SECOND).await;
        (may, gate.limited_by())
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_leaves_where_nothing_is_in_its_way_and_what_is_in_its_way_is_told() {
        let later = [ReadyInstance { instance: 0, due: Some(Instant::now() + 60 * SECOND) }];
        let waits = SendState { waits_for_file: true, ..OPEN };
        let claims = SendState { claiming: true, ..OPEN };
        let both = SendState { claiming: true, ..waits };
        for (in_flight, supply, ready, expected) in [
            (0, OPEN, READY, (true, Some(Bottleneck::Pace))),
            (1, OPEN, READY, (true, Some(Bottleneck::Pace))),
            (2, OPEN, READY, (false, Some(Bottleneck::Latency))),
            (0, OPEN, &later, (true, Some(Bottleneck::Senders))),
            (0, SendState { open: false, ..OPEN }, READY, (false, None)),
            (0, OPEN, &[], (false, None)),
            (0, claims, &[], (false, Some(Bottleneck::Journal))),
            (0, waits, &[], (false, Some(Bottleneck::File))),
            (0, both, &[], (false, Some(Bottleneck::File))),
            // Nobody waits for rows that are there.
            (0, both, READY, (true, Some(Bottleneck::Pace))),
        ] {
            assert_eq!(
                told(gate(2, None), in_flight, (supply, ready)).await,
                expected,
                "{supply:?} {ready:?}"
            );
        }
        let mut paused = gate(2, None);
        let pause = paused.instances[0].pause.begin(Instant::now(), 0.5).expect("it begins");
        assert_eq!(paused.wake(), Some(Instant::now() + pause));
        assert_eq!(told(paused, 0, (OPEN, READY)).await, (false, Some(Bottleneck::ActiveChats)));
    }

    #[tokio::test(start_paused = true)]
    async fn contacts_that_live_and_those_in_flight_stay_within_the_quota() {
        let full = |started: usize| {
            let mut gate = gate(9, Some(2));
            (0..started).for_each(|_| gate.instances[0].started());
            gate
        };
        assert_eq!(told(full(1), 0, (OPEN, READY)).await, (true, Some(Bottleneck::Pace)));
        assert_eq!(told(full(1), 1, (OPEN, READY)).await, (false, Some(Bottleneck::ActiveChats)));
        assert_eq!(told(full(2), 0, (OPEN, READY)).await, (false, Some(Bottleneck::ActiveChats)));
        assert_eq!(told(full(2), 0, (OPEN, &[])).await, (false, None));
        let mut gate = full(2);
        assert_eq!(gate.wake(), Some(Instant::now() + 60 * SECOND));
        tokio::time::advance(60 * SECOND).await;
        assert!(!gate.turns(OPEN, READY).is_empty(), "they have ended");
    }

    #[tokio::test(start_paused = true)]
    async fn answers_that_take_longer_leave_room_for_more_requests() {
        let mut gate = SendGate::new(vec![account(10.0)], vec![instance(0, 0, None)], None, Instant::now());
        (0..30).for_each(|_| gate.instances[0].left());
        let supply = SendState { in_flight: 30, ..OPEN };
        assert!(gate.turns(supply, READY).is_empty(), "a guess: twenty");
        for _ in 0..20 {
            gate.instances[0].answered(4 * SECOND);
            gate.instances[0].left();
        }
        assert!(!gate.turns(supply, READY).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_that_waits_holds_up_no_other_and_each_has_its_own_pace() {
        let instances = vec![instance(0, 0, Some(1)), instance(1, 0, None), instance(2, 0, None)];
        let accounts = vec![account(5.0), account(2.0), account(1_000.0)];
        let mut gate = SendGate::new(accounts, instances, None, Instant::now());
        gate.instances[0].started();
        let ready: Vec<_> = (0..3).map(|instance| ReadyInstance { instance, due: None }).collect();
        let mut left = [0; 3];
        let began = Instant::now();
        while began.elapsed() < 10 * SECOND {
            let turns = gate.turns(OPEN, &ready);
            assert!(turns.iter().all(|turn| turn.account != 0), "its contact is alive");
            let account = gate.permit(&turns).await.unwrap();
            gate.left(account);
            gate.instances[account].answered(Duration::ZERO);
            left[account] += 1;
        }
        assert!((20..=21).contains(&left[1]) && (9_000..=10_001).contains(&left[2]), "{left:?}");
        // The one that was full has room, and the fastest leaves it its turns.
        tokio::time::advance(60 * SECOND).await;
        assert_eq!(gate.turns(OPEN, &ready).len(), 3);
    }

    /// A moment that has passed wakes a run for ever, where nothing is ready that would look at it.
    #[tokio::test(start_paused = true)]
    async fn contacts_that_have_ended_wake_nobody() {
        let mut gate = gate(9, Some(1));
        gate.instances[0].started();
        assert!(gate.turns(OPEN, &[]).is_empty() && gate.wake().is_some());
        tokio::time::advance(60 * SECOND).await;
        assert!(gate.turns(OPEN, &[]).is_empty());
        assert_eq!(gate.wake(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_bound_on_requests_in_flight_is_that_of_the_run() {
        let instances = vec![instance(0, 3, None), instance(1, 3, None)];
        let mut gate = SendGate::new(vec![account(1.0), account(1.0)], instances, Some(3), Instant::now());
        let ready: Vec<_> = (0..2).map(|instance| ReadyInstance { instance, due: None }).collect();
        gate.instances[0].left();
        gate.instances[0].left();
        assert_eq!(gate.turns(SendState { in_flight: 2, ..OPEN }, &ready).len(), 2);
        gate.instances[1].left();
        assert!(gate.turns(SendState { in_flight: 3, ..OPEN }, &ready).is_empty());
    }
}
