//! One run, as a state machine: each event has its function, and one `select!` orders them all.

mod ahead;
mod answers;
mod closed;
mod deliveries;
mod limits;
mod opt_outs;
mod senders;
mod steering;

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::Engine;
use super::account_bucket::AccountBucket;
use super::accounts::{AccountGate, InstanceGate};
use super::commits::{AfterCommit, Commits, PendingCommit};
use super::events::{Observer, RunEvent};
use super::gate::{AccountTurn, SendGate, SendState};
use super::lanes::AllClosed;
use super::metrics::RunMetrics;
use super::plan_progress::PlanProgress;
use super::queue::{Queue, Step};
use super::retry::RetryQueue;
use crate::connect::Attempt;
use crate::domain::delivery::ending::{Ending, HaltedSender};
use crate::domain::delivery::refusal::Refusal;
use crate::domain::delivery::state::{Doubt, Event, State};
use crate::domain::delivery::summary::Bottleneck;
use crate::domain::delivery::verdict;
use crate::domain::forecast::Heartbeat;
use crate::domain::limits::LimitReached;
use crate::domain::senders::figures::SenderFigures;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{
    Claim, Claimed, ControlRequest, Counters, JournalError, RowId, RunActivity, Settlement, WriterError,
};

type Pending<T> = FuturesUnordered<Pin<Box<dyn Future<Output = T> + Send>>>;

/// How often the run's record is brought up to date: with a group that is written anyway, and in any case.
const RECORD_EVERY: Duration = Duration::from_secs(1);
/// ...and while requests wait for their answers, so that a run whose answers hang is seen to be alive.
const HEARTBEAT_IN_FLIGHT: Duration = Duration::from_secs(5);
/// ...and while nothing happens.
const HEARTBEAT_IDLE: Duration = Duration::from_secs(20);
const HEARTBEAT_REHEARSED: Duration = Duration::from_secs(3_600);
/// The shortest interval between two searches for rows whose time is over.
const EXPIRE_EVERY: Duration = Duration::from_secs(1);
/// How often the wall clock is read while hours keep every row waiting: it may be set, and the machine may sleep.
const CLOCK_POLL: Duration = Duration::from_millis(500);

pub(super) struct Dispatcher<'a> {
    engine: Engine,
    observer: &'a mut dyn Observer,
    began: Instant,
    queue: Queue,
    /// Each is a separate task, so a request can leave while this one waits for the journal.
    in_flight: JoinSet<(Claimed, usize, Instant, Attempt)>,
    commits: Commits,
    retries: RetryQueue,
    /// Attempts in this run of rows that had one and may have more.
    tries: HashMap<RowId, u32>,
    send_gate: SendGate,
    ending: Option<Ending>,
    abandon: bool,
    /// All remaining rows wait only for their hours.
    closed: Option<AllClosed>,
    /// The campaign's own limit that left rows unclaimed, and whether a row has given its place back since.
    limited: Option<(LimitReached, bool)>,
    /// The senders that the service refused for good.
    halted: Vec<HaltedSender>,
    /// Rows of such a sender may have to go to others.
    reassigns: bool,
    /// The last moment that rows were moved at.
    reassigned_at: UnixMillis,
    /// When the time of the next row is over; looked up at once.
    expires_at: Option<UnixMillis>,
    /// What people ask from elsewhere.
    asks: mpsc::Receiver<ControlRequest>,
    /// Numbers that were added to the copy of the opt-outs, as far as claims know.
    opted_out: u64,
    /// Rows that have no outcome yet, as far as is known.
    unsettled: u64,
    /// Rows queued since the run began, as far as was told.
    planned: u64,
    /// Rows whose refusal is on its way to the journal, and which are tried again after that.
    returning: usize,
    /// Contacts that this run has started, durable or not yet, or may have started: what a limit has left is less.
    spent: u64,
    counters: Counters,
    metrics: RunMetrics,
    recorded_at: Instant,
    /// A value of the heartbeat changed.
    record_now: bool,
    /// Heartbeats that are on their way into the journal.
    heartbeats: Pending<Option<(Heartbeat, Vec<SenderFigures>)>>,
}

impl<'a> Dispatcher<'a> {
    pub(super) fn new(
        mut engine: Engine,
        observer: &'a mut dyn Observer,
        asks: mpsc::Receiver<ControlRequest>,
        began: Instant,
    ) -> Self {
        let now = engine.clock.now();
        let lanes = std::mem::take(&mut engine.lanes);
        let expires_at = engine.expires_at;
        let bucket = || AccountBucket { writer: engine.writer.clone(), clock: engine.clock.clone() };
        let accounts = std::mem::take(&mut engine.accounts).into_iter();
        let accounts = accounts.map(|account| AccountGate::new(account, bucket(), now)).collect();
        let instances = std::mem::take(&mut engine.instances).into_iter();
        let instances = instances.map(|instance| InstanceGate::new(instance, engine.max_in_flight, began));
        let most = engine.max_in_flight.map(Into::into);
        Self {
            asks,
            opted_out: 0,
            unsettled: engine.tally.unsettled(),
            send_gate: SendGate::new(accounts, instances.collect(), most, began),
            queue: Queue::new(engine.feed.clone(), engine.admittance.clone(), lanes, (&engine.senders, now)),
            engine,
            observer,
            began,
            in_flight: JoinSet::new(),
            commits: Commits::default(),
            retries: RetryQueue::default(),
            tries: HashMap::new(),
            ending: None,
            abandon: false,
            closed: None,
            limited: None,
            halted: Vec::new(),
            reassigns: false,
            reassigned_at: now,
            expires_at,
            planned: 0,
            returning: 0,
            spent: 0,
            counters: Counters::default(),
            metrics: RunMetrics::new(now),
            recorded_at: began,
            record_now: false,
            heartbeats: FuturesUnordered::new(),
        }
    }

    pub(super) async fn run(
        mut self,
        paused: Option<ControlRequest>,
    ) -> Result<(Ending, Counters, Option<Bottleneck>), WriterError> {
        self.observer.on_event(&RunEvent::Began(self.engine.tally));
        if let Some(ask) = paused {
            self.on_asked(&ask).await;
        }
        self.on_opt_outs();
        loop {
            self.expire().await?;
            self.reassign().await?;
            self.top_up();
            self.look_for_closed();
            self.look_for_limit();
            if self.abandon || self.is_done() {
                if self.ending.is_none() && self.queue.sweep() {
                    continue;
                }
                self.record().await;
                let limited_by = self.send_gate.limited_by();
                return Ok((self.ended(), self.counters, limited_by));
            }
            let wake = self.next_wake();
            let turns = self.turns();
            tokio::select! {
                biased;
                Ok(()) = self.engine.stop.changed() => self.on_stop(),
                Some(ask) = self.asks.recv() => self.on_asked(&ask).await,
                Ok(()) = self.engine.opt_outs.changed() => self.on_opt_outs(),
                Some(words) = self.engine.last_words.recv() => self.on_last_words(words).await?,
                Some(attempt) = self.in_flight.join_next() => {
                    let (row, instance, left, answer) = attempt.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
                    self.on_answer(&row, instance, left, answer);
                }
                Some((settling, state)) = self.commits.next() => self.on_settled(settling, state?).await,
                Some(heartbeat) = self.heartbeats.next() => self.on_heartbeat(heartbeat),
                step = self.queue.next() => match step? {
                    Step::Claimed(claim) => self.on_claimed(claim),
                    Step::News(feed) => self.on_news(feed).await?,
                },
                error = self.engine.writer.failed() => return Err(error),
                () = sleep_until(wake.unwrap_or(self.began)), if wake.is_some() => self.on_wake().await,
                account = self.send_gate.permit(&turns), if !turns.is_empty() => account.and_then(|account| self.launch(account))?,
            }
        }
    }

    /// How the run ended. If senders halted and rows of theirs are left, that is the reason.
    fn ended(&mut self) -> Ending {
        match self.ending.take() {
            Some(ending) => ending,
            None if self.halted.is_empty() || self.unsettled == 0 => Ending::Complete,
            None => Ending::SendersHalted(std::mem::take(&mut self.halted)),
        }
    }

    fn is_done(&self) -> bool {
        let quiet = self.in_flight.is_empty() && self.commits.is_empty() && !self.queue.is_claiming();
        let drained = self.ending.is_some() && self.queue.ready.is_empty();
        quiet && (drained || (self.queue.is_exhausted() && self.retries.is_empty()))
    }

    /// The accounts whose next request may leave as soon as their pace allows it.
    fn turns(&mut self) -> Vec<AccountTurn> {
        let supply = SendState {
            open: self.ending.is_none() && !self.send_gate.is_held(),
            waits_for_file: self.queue.waits_for_file(),
            claiming: self.queue.is_claiming(),
            in_flight: self.in_flight.len(),
        };
        let turns = self.send_gate.turns(supply, &self.queue.ready.instances());
        self.send_gate
            .news()
            .into_iter()
            .for_each(|gauges| self.observer.on_event(&RunEvent::Gauges(gauges)));
        turns
    }

    /// How many more rows this run may begin with. A row that it began with may have a contact, answered or not, until
    /// the journal says otherwise.
    fn allowance(&self) -> usize {
        if self.limited.is_some() {
            return 0;
        }
        let Some(most) = self.engine.most else { return usize::MAX };
        let begun = self.in_flight.len() + self.queue.held() + self.retries.len() + self.returning;
        let left = most.get().saturating_sub(self.spent).saturating_sub(begun as u64);
        usize::try_from(left).unwrap_or(usize::MAX)
    }

    /// A contact was started, or this run will not learn whether one was.
    fn spend(&mut self) {
        self.spent += 1;
        debug_assert!(
            self.engine.most.is_none_or(|most| self.spent <= most.get()),
            "no more contacts are started than the limit allows"
        );
        if self.engine.most.is_some_and(|most| most.get() == self.spent) {
            self.end(Ending::Limit);
        }
    }

    fn top_up(&mut self) {
        let instances = 0..self.send_gate.instances.len();
        let ahead: Vec<usize> = match &self.ending {
            Some(_) => vec![0; instances.len()],
            // Whether anything waits at all, it may find out: a run that has nothing to do waits for nobody.
            None if self.send_gate.is_held() => vec![usize::from(self.unsettled == 0); instances.len()],
            None => instances.map(|instance| self.send_gate.second(instance)).collect(),
        };
        let allowance = self.allowance();
        self.queue.top_up(&self.engine.writer, &self.engine.clock, &ahead, allowance);
    }

    fn next_wake(&mut self) -> Option<Instant> {
        let record = self.heartbeat_at();
        if self.ending.is_some() {
            return Some(record);
        }
        let brakes = self.send_gate.wake();
        let look = self.closed.as_ref().map(|closed| Instant::now() + self.next_look(closed));
        let now = self.engine.clock.now();
        let opens = self.queue.next_turn(now).map(|at| Instant::now() + at.since(now));
        self.retries.next().into_iter().chain(brakes).chain(look).chain(opens).chain([record]).min()
    }

    /// How long nothing can change while hours keep every row waiting.
    fn next_look(&self, closed: &AllClosed) -> Duration {
        let now = self.engine.clock.now();
        let changes = closed.opens_at.into_iter().chain(self.expires_at).min();
        match changes.filter(|_| self.engine.steady_clock) {
            Some(at) => at.since(now).max(Duration::from_millis(1)),
            None => CLOCK_POLL,
        }
    }

    /// When the run's record is to be written next if nothing else happens.
    fn heartbeat_at(&self) -> Instant {
        let every = match self.in_flight.is_empty() {
            // Nobody watches a rehearsal's night.
            true if self.engine.steady_clock => HEARTBEAT_REHEARSED,
            true => HEARTBEAT_IDLE,
            false => HEARTBEAT_IN_FLIGHT,
        };
        self.recorded_at + if self.record_now { Duration::ZERO } else { every }
    }

    async fn on_wake(&mut self) {
        let now = Instant::now();
        if now >= self.heartbeat_at() {
            self.record().await;
        }
        self.retries.take_due(now, &mut self.queue.due);
        self.look_for_room(now);
    }

    async fn on_news(&mut self, feed: PlanProgress) -> Result<(), WriterError> {
        // Also where hours are not kept: rows of a simulation have their lanes all the same.
        let lanes = self.engine.writer.new_lanes(self.queue.newest_lane()).await?;
        self.queue.extend_lanes(lanes);
        if self.engine.admittance.windows {
            self.expires_at = Some(self.engine.clock.now());
        }
        match feed {
            PlanProgress::Reading { queued } | PlanProgress::Read { queued } => {
                let more = queued.saturating_sub(self.planned);
                self.planned = queued;
                self.unsettled += more;
                self.observer.on_event(&RunEvent::Planned(more));
            }
            PlanProgress::Refused { rejected, of } => self.end(Ending::Rejections { rejected, of }),
        }
        Ok(())
    }

    /// Rows whose time is over leave the queue: also those that no claim will ever meet, in lanes that are closed.
    async fn expire(&mut self) -> Result<(), WriterError> {
        let now = self.engine.clock.now();
        if self.ending.is_some() || self.expires_at.is_none_or(|at| now < at) {
            return Ok(());
        }
        let schedule = self.engine.admittance.schedule;
        let expiry = self.engine.writer.expire(schedule, now).await?;
        self.on_expired(expiry.lines);
        self.expires_at = expiry.next.map(|next| next.max(now.plus(EXPIRE_EVERY)));
        Ok(())
    }

    fn on_expired(&mut self, lines: Vec<Option<u64>>) {
        self.unsettled = self.unsettled.saturating_sub(lines.len() as u64);
        for line in lines {
            self.observer.on_event(&RunEvent::Moved { line, from: State::Queued, to: State::Expired });
        }
    }

    fn on_claimed(&mut self, Claim { rows, suppressed, expired, limited, .. }: Claim) {
        self.on_expired(expired);
        self.on_limited(limited);
        self.unsettled = self.unsettled.saturating_sub(suppressed.len() as u64).max(rows.len() as u64);
        for line in suppressed {
            self.observer.on_event(&RunEvent::Moved { line, from: State::Queued, to: State::Suppressed });
        }
        for row in &rows {
            if row.earlier == Doubt::None {
                self.observer.on_event(&RunEvent::Moved {
                    line: row.line,
                    from: State::Queued,
                    to: State::Attempting,
                });
            }
        }
        self.queue.ready.extend(rows);
        self.give_back_halted();
        if self.ending.is_some() || self.send_gate.is_held() {
            self.give_back();
        }
        self.park_paused();
    }

    /// A permit of an account was taken for its next row: its request leaves.
    fn launch(&mut self, account: usize) -> Result<(), WriterError> {
        let now = self.engine.clock.now();
        let Some(mut row) = self.next_open(account, now) else { return Ok(()) };
        let over = row.not_after.is_some_and(|end| end <= now);
        if row.earlier == Doubt::Earlier && (over || !verdict::token_is_safe(row.doubt_at, now)) {
            let event = if over { Event::TimeOver } else { Event::TokenExpired };
            self.settle(&row, event, None, None, AfterCommit::Nothing);
            if self.tries.remove(&row.id).is_some() {
                self.spend();
            }
            return Ok(());
        }
        let body = row
            .frozen
            .body()
            .map_err(|error| WriterError::from(std::sync::Arc::new(JournalError::Slot(error))))?;
        let again = self.tries.contains_key(&row.id);
        self.counters.requests += 1;
        self.counters.retried += u64::from(again);
        let instance = self.queue.ready.instance(row.sender);
        let client = self.send_gate.client(instance);
        row.requested_at = Some(now);
        self.on_left(&row);
        self.send_gate.left(instance);
        let left = Instant::now();
        self.in_flight.spawn(async move {
            let attempt = client.start(row.frozen.client_token, body).await;
            (row, instance, left, attempt)
        });
        self.check_in_flight(instance);
        self.observer.on_event(&RunEvent::Requested { again, in_flight: self.in_flight.len() });
        Ok(())
    }

    /// A request leaves only through an open gate: within the limit of requests in flight, and never once the run is ending
    /// or paused. Cheap, and so always on: what breaks it would contact people who are not to be contacted now.
    fn check_in_flight(&self, instance: usize) {
        let (in_flight, limit) = self.send_gate.instances[instance].in_flight();
        assert!(in_flight <= limit, "{in_flight} requests in flight, and the limit is {limit}");
        let most = self.engine.max_in_flight.map_or(usize::MAX, Into::into);
        assert!(
            self.in_flight.len() <= most,
            "{} requests in flight, and {most} are allowed",
            self.in_flight.len()
        );
        assert!(
            self.ending.is_none() && !self.send_gate.is_held(),
            "a request left while nothing is to be sent"
        );
    }

    /// The next row of an account that may be requested now. Since it was claimed its hours may have closed, or the clock
    /// was set back behind its moment; then it waits for them again.
    fn next_open(&mut self, account: usize, now: UnixMillis) -> Option<Claimed> {
        let rate = self.send_gate.accounts[account].pace.rate();
        let gates = &self.send_gate.instances;
        let open: Vec<bool> = gates.iter().map(|gate| gate.account == account && gate.is_open).collect();
        while let Some(row) = self.queue.pop(rate, |instance| open[instance]) {
            let over = row.earlier == Doubt::None && row.not_after.is_some_and(|end| end <= now);
            let early = row.waited_until.filter(|moment| now < *moment);
            if !over && early.is_none() && self.queue.is_open(row.lane, now) {
                return Some(row);
            }
            if over {
                self.expires_at = Some(now);
            }
            self.returning += 1;
            let then = AfterCommit::Hold(row.lane, early);
            self.settle(&row, Event::GivenBack(row.earlier), None, None, then);
        }
        None
    }

    /// Sends no new request from here on, and waits for those in flight. The first reason stays the reason.
    fn end(&mut self, ending: Ending) {
        if self.ending.is_none() {
            self.ending = Some(ending.clone());
            self.observer.on_event(&RunEvent::Draining { in_flight: self.in_flight.len(), ending });
        }
        self.retries.clear();
        self.queue.forget_due();
        self.queue.forget_held();
        self.give_back();
    }

    /// Undoes claims for which no request left.
    fn give_back(&mut self) {
        for row in self.queue.ready.take_all() {
            if self.ending.is_none() {
                self.queue.due.push(row.id);
            }
            self.settle(&row, Event::GivenBack(row.earlier), None, None, AfterCommit::Nothing);
        }
    }

    fn settle(
        &mut self,
        row: &Claimed,
        event: Event,
        contact_id: Option<String>,
        refusal: Option<Refusal>,
        then: AfterCommit,
    ) {
        let settlement = Settlement {
            id: row.id,
            event,
            contact_id,
            refusal: refusal.map(|refusal| (refusal.code.raw().to_owned(), refusal.message.raw().to_owned())),
            requested_at: row.requested_at,
            at: self.engine.clock.now(),
        };
        self.commits.push(&self.engine.writer, settlement, (row.line, row.lane), then);
    }

    /// The outcome is durable: now it may be published.
    async fn on_settled(&mut self, settling: PendingCommit, state: State) {
        let PendingCommit { row, line, lane, then } = settling;
        self.on_place_given_back(lane, state);
        if !matches!(state, State::Attempting | State::Queued) {
            self.unsettled = self.unsettled.saturating_sub(1);
        }
        if state == State::Queued {
            self.on_row_back(lane);
        }
        if state != State::Attempting {
            self.observer.on_event(&RunEvent::Moved { line, from: State::Attempting, to: state });
        }
        match then {
            AfterCommit::Nothing => {}
            AfterCommit::Started(_) if state != State::Started => {
                self.end(Ending::Refused(Refusal::repeated_contact_id(
                    "a contact id was given that another row of this campaign has".to_owned(),
                )));
            }
            AfterCommit::Started(told) => {
                self.counters.started += 1;
                told.into_iter().for_each(|told| self.observer.on_event(&RunEvent::Answered(*told)));
                self.gate(false);
            }
            AfterCommit::Hold(lane, from) => {
                self.returning -= 1;
                if self.ending.is_none() {
                    self.queue.hold(lane, row, from);
                }
            }
            AfterCommit::Refused(told, due) => {
                if state == State::Failed {
                    self.gate(true);
                }
                self.observer.on_event(&RunEvent::Refused(told));
                self.returning = self
                    .returning
                    .checked_sub(usize::from(due.is_some()))
                    .expect("a row returns only once after each refusal");
                if let (Some(due), None) = (due, &self.ending) {
                    self.retries.push(due, row);
                }
            }
        }
        if self.recorded_at.elapsed() >= RECORD_EVERY {
            self.record().await;
        }
    }

    async fn record(&mut self) {
        (self.recorded_at, self.record_now) = (Instant::now(), false);
        let now = self.engine.clock.now();
        self.engine.writer.counters(self.engine.run, self.counters, now).await;
        let heartbeat = self.heartbeat(now);
        let activity = RunActivity { senders: self.sender_beats(now), ..self.metrics.take(heartbeat) };
        let written = self.engine.writer.activity(self.engine.run, activity).await;
        self.heartbeats.push(Box::pin(async move { Some((heartbeat, written.await.ok()?.ok()?)) }));
    }

    fn on_heartbeat(&mut self, heartbeat: Option<(Heartbeat, Vec<SenderFigures>)>) {
        let Some((heartbeat, senders)) = heartbeat else { return };
        self.observer.on_event(&RunEvent::Heartbeat(heartbeat));
        if !senders.is_empty() {
            self.observer.on_event(&RunEvent::Senders(senders.into()));
        }
    }

    fn gate(&mut self, failed: bool) {
        if let Some((failed, of)) = self.engine.gate.settled(failed) {
            self.end(Ending::Failures { failed, of });
        }
    }
}
