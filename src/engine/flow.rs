//! One run, as a state machine: each thing that can happen has its function, and one `select!` orders them all.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until};

use super::brakes::{Brakes, Supply};
use super::chronicle::Chronicle;
use super::feed::Feed;
use super::notice::{Notice, Observer, Refused, attempted, masked, told};
use super::queue::{Queue, Step};
use super::settling::{Settlements, Settling, Then};
use super::timers::Timers;
use super::{Engine, Stop};
use crate::connect::Attempt;
use crate::domain::ending::Ending;
use crate::domain::refusal::{Refusal, RefusalKind};
use crate::domain::state::{Doubt, Event, State};
use crate::domain::summary::Limit;
use crate::domain::verdict::{self, Silence, Situation, Verdict};
use crate::journal::{Claim, Claimed, Counters, JournalError, RowId, WriterError};

type Pending<T> = FuturesUnordered<Pin<Box<dyn Future<Output = T> + Send>>>;

/// How often the run's record is brought up to date: with a group that is written anyway, and in any case.
const RECORD_EVERY: Duration = Duration::from_secs(1);
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);

pub(super) struct Flow<'a> {
    engine: Engine,
    observer: &'a mut dyn Observer,
    began: Instant,
    queue: Queue,
    in_flight: Pending<(Claimed, Instant, Attempt)>,
    settling: Settlements,
    timers: Timers,
    /// Attempts in this run of rows that had one and may have more.
    tries: HashMap<RowId, u32>,
    brakes: Brakes,
    silence: Silence,
    ending: Option<Ending>,
    abandon: bool,
    /// Rows queued since the run began, as far as was told.
    planned: u64,
    /// Rows whose refusal is on its way to the journal, and which are tried again after that.
    returning: usize,
    /// Contacts that this run has started, durable or not yet, or may have started: what a limit has left is less.
    spent: u64,
    counters: Counters,
    chronicle: Chronicle,
    recorded_at: Instant,
}

impl<'a> Flow<'a> {
    pub(super) fn new(mut engine: Engine, observer: &'a mut dyn Observer, began: Instant) -> Self {
        Self {
            brakes: Brakes::new(std::mem::take(&mut engine.bounds), began),
            queue: Queue::new(engine.feed.clone()),
            engine,
            observer,
            began,
            in_flight: FuturesUnordered::new(),
            settling: Settlements::default(),
            timers: Timers::default(),
            tries: HashMap::new(),
            silence: Silence::default(),
            ending: None,
            abandon: false,
            planned: 0,
            returning: 0,
            spent: 0,
            counters: Counters::default(),
            chronicle: Chronicle::default(),
            recorded_at: began,
        }
    }

    pub(super) async fn run(mut self) -> Result<(Ending, Counters, Option<Limit>), WriterError> {
        self.observer.see(&Notice::Began(self.engine.tally));
        loop {
            self.top_up();
            if self.abandon || self.is_done() {
                if self.ending.is_none() && self.queue.sweep() {
                    continue;
                }
                self.record().await;
                let limited_by = self.brakes.limited_by();
                return Ok((self.ending.unwrap_or(Ending::Complete), self.counters, limited_by));
            }
            let wake = self.next_wake();
            let may_send = self.may_send();
            tokio::select! {
                biased;
                Ok(()) = self.engine.stop.changed() => self.on_stop(),
                Some((row, left, answer)) = self.in_flight.next() => self.on_answer(&row, left, answer),
                Some((settling, state)) = self.settling.next() => self.on_settled(settling, state?).await,
                step = self.queue.next() => match step? {
                    Step::Claimed(claim) => self.on_claimed(claim),
                    Step::News(feed) => self.on_news(feed),
                },
                error = self.engine.writer.failed() => return Err(error),
                () = sleep_until(wake.unwrap_or(self.began)), if wake.is_some() => self.on_wake().await,
                permit = self.brakes.permit(&mut self.engine.pace, &self.engine.writer, &self.engine.clock),
                    if may_send => permit.and_then(|()| self.launch())?,
            }
        }
    }

    fn is_done(&self) -> bool {
        let quiet = self.in_flight.is_empty() && self.settling.is_empty() && !self.queue.is_claiming();
        let drained = self.ending.is_some() && self.queue.ready.is_empty();
        quiet && (drained || (self.queue.is_exhausted() && self.timers.is_empty()))
    }

    fn may_send(&mut self) -> bool {
        let supply = Supply {
            open: self.ending.is_none(),
            ready: !self.queue.ready.is_empty(),
            waits_for_file: self.queue.waits_for_file(),
            claiming: self.queue.is_claiming(),
            in_flight: self.in_flight.len(),
        };
        let rate = self.engine.pace.rate();
        let may_send = self.brakes.may_send(supply, rate);
        self.brakes.news(rate).into_iter().for_each(|gauges| self.observer.see(&Notice::Gauges(gauges)));
        may_send
    }

    /// How many more rows this run may begin with. A row that it began with may have a contact, answered or not, until
    /// the journal says otherwise.
    fn allowance(&self) -> usize {
        let Some(most) = self.engine.most else { return usize::MAX };
        let begun = self.in_flight.len() + self.queue.held() + self.timers.len() + self.returning;
        let left = most.get().saturating_sub(self.spent).saturating_sub(begun as u64);
        usize::try_from(left).unwrap_or(usize::MAX)
    }

    /// A contact was started, or nobody will know in this run.
    fn spend(&mut self) {
        self.spent += 1;
        if self.engine.most.is_some_and(|most| most.get() == self.spent) {
            self.end(Ending::Limit);
        }
    }

    fn top_up(&mut self) {
        // About a second of the pace.
        let second = self.engine.pace.rate().ceil().max(1.0) as usize;
        let ahead = if self.ending.is_some() { 0 } else { self.brakes.pause.limit(second) };
        let allowance = self.allowance();
        self.queue.top_up(&self.engine.writer, &self.engine.clock, ahead, allowance);
    }

    fn next_wake(&self) -> Option<Instant> {
        if self.ending.is_some() {
            return None;
        }
        let record = self.recorded_at + SIGN_OF_LIFE;
        let brakes = self.brakes.wake(self.in_flight.len());
        self.timers.next().into_iter().chain(brakes).chain([record]).min()
    }

    async fn on_wake(&mut self) {
        let now = Instant::now();
        if now >= self.recorded_at + SIGN_OF_LIFE {
            self.record().await;
        }
        self.timers.take_due(now, &mut self.queue.due);
        self.brakes.pause.wake(now);
    }

    fn on_news(&mut self, feed: Feed) {
        match feed {
            Feed::Reading { queued } | Feed::Read { queued } => {
                let more = queued.saturating_sub(self.planned);
                self.planned = queued;
                self.observer.see(&Notice::Planned(more));
            }
            Feed::Refused { rejected, of } => self.end(Ending::Rejections { rejected, of }),
        }
    }

    fn on_claimed(&mut self, Claim { rows, suppressed }: Claim) {
        for line in suppressed {
            self.observer.see(&Notice::Moved { line, from: State::Queued, to: State::Suppressed });
        }
        for &Claimed { line, .. } in rows.iter().filter(|row| row.earlier == Doubt::None) {
            self.observer.see(&Notice::Moved { line, from: State::Queued, to: State::Attempting });
        }
        self.queue.ready.extend(rows);
        if self.ending.is_some() || self.brakes.pause.is_on() {
            self.give_back();
        }
    }

    /// A permit was taken for the next row: its request leaves.
    fn launch(&mut self) -> Result<(), WriterError> {
        let Some(row) = self.queue.ready.pop_front() else { return Ok(()) };
        let now = self.engine.clock.now();
        if row.earlier == Doubt::Earlier && !verdict::token_is_safe(row.doubt_at, now) {
            self.settle(&row, Event::TokenExpired, None, None, Then::Nothing);
            if self.tries.remove(&row.id).is_some() {
                self.spend();
            }
            return Ok(());
        }
        let request = row
            .frozen
            .request()
            .map_err(|error| WriterError::from(std::sync::Arc::new(JournalError::Slot(error))))?;
        let again = self.tries.contains_key(&row.id);
        self.counters.requests += 1;
        self.counters.retried += u64::from(again);
        let client = self.engine.client.clone();
        self.brakes.left();
        let left = Instant::now();
        self.in_flight.push(Box::pin(async move {
            let attempt = client.attempt(&request).await;
            (row, left, attempt)
        }));
        self.observer.see(&Notice::Requested { again, in_flight: self.in_flight.len() });
        Ok(())
    }

    fn on_answer(&mut self, row: &Claimed, left: Instant, Attempt { answer, request_id }: Attempt) {
        let throttled = answer.as_ref().is_err_and(|refusal| refusal.kind == RefusalKind::Throttled);
        let took = left.elapsed();
        self.engine.pace.answered(left, throttled);
        self.brakes.answered(took);
        self.chronicle.answered(&answer, took, self.engine.clock.now());
        match answer {
            Ok(contact_id) => {
                self.silence.broken();
                if self.brakes.pause.started() {
                    self.observer.see(&Notice::Resumed);
                }
                self.tries.remove(&row.id);
                self.brakes.started();
                let follows = self.observer.follows_attempts();
                let told = follows.then(|| Box::new(attempted(row, took, request_id)));
                self.settle(row, Event::Answered, Some(contact_id), None, Then::Started(told));
                self.spend();
            }
            Err(refusal) => {
                let told = told(row, &refusal, took, request_id);
                self.on_refusal(row, refusal, told);
            }
        }
    }

    fn on_refusal(&mut self, row: &Claimed, refusal: Refusal, mut told: Refused) {
        let attempts = self.tries.get(&row.id).copied().unwrap_or(0) + 1;
        let situation = Situation {
            kind: refusal.kind,
            attempts,
            earlier: row.earlier,
            token_age: self.engine.clock.now().since(row.doubt_at),
        };
        let verdict = verdict::decide(situation, self.engine.chance.f64());
        self.listen(&refusal);
        if refusal.kind == RefusalKind::Unknown {
            self.brakes.started();
        }
        let mut due = None;
        match verdict {
            Verdict::Retry(_, delay) => {
                self.tries.insert(row.id, attempts);
                told.retry_in = Some(delay);
                due = Some(Instant::now() + delay);
            }
            Verdict::Pause(_) => {
                // Not the row's fault: it is tried again first of all, and its attempts are not counted against it.
                due = Some(Instant::now());
                self.pause();
            }
            Verdict::Halt(_) => self.end(Ending::Refused(masked(refusal.clone()))),
            Verdict::Settle(_) | Verdict::Leave(_) => {
                self.tries.remove(&row.id);
            }
        }
        self.returning += usize::from(due.is_some());
        self.settle(row, verdict.event(), None, Some(refusal), Then::Refused(told, due));
        if verdict.leaves_doubt() {
            self.spend();
        }
    }

    /// What a refusal says about everybody, not only about its row.
    fn listen(&mut self, refusal: &Refusal) {
        if refusal.kind == RefusalKind::Throttled {
            self.counters.throttled += 1;
        }
        if self.silence.listen(refusal.kind, self.began.elapsed()) {
            self.end(Ending::Silent(masked(refusal.clone())));
        }
    }

    /// The active chats quota is full: claimed rows go back to the queue, and a while later one request finds out.
    fn pause(&mut self) {
        let Some(length) = self.brakes.pause.begin(Instant::now(), self.engine.chance.f64()) else { return };
        self.chronicle.paused(self.engine.clock.now(), length);
        self.observer.see(&Notice::Paused(length));
        self.give_back();
    }

    fn on_stop(&mut self) {
        let stop = *self.engine.stop.borrow_and_update();
        match stop {
            Stop::No => {}
            Stop::Drain(signal) => self.end(Ending::Interrupted(signal)),
            Stop::Now(signal) => {
                self.ending = Some(Ending::Interrupted(signal));
                self.abandon = true;
            }
        }
    }

    /// No new requests from here on; what is in flight is waited for. The first reason stays the reason.
    fn end(&mut self, ending: Ending) {
        if self.ending.is_none() {
            self.ending = Some(ending.clone());
            self.observer.see(&Notice::Draining { in_flight: self.in_flight.len(), ending });
        }
        self.timers.clear();
        self.queue.due.clear();
        self.give_back();
    }

    /// Undoes claims for which no request left.
    fn give_back(&mut self) {
        for row in std::mem::take(&mut self.queue.ready) {
            if self.ending.is_none() {
                self.queue.due.push(row.id);
            }
            self.settle(&row, Event::GivenBack(row.earlier), None, None, Then::Nothing);
        }
    }

    fn settle(
        &mut self,
        row: &Claimed,
        event: Event,
        contact_id: Option<String>,
        refusal: Option<Refusal>,
        then: Then,
    ) {
        self.settling.push(&self.engine, row, event, contact_id, refusal, then);
    }

    /// The outcome is durable: now others may know of it.
    async fn on_settled(&mut self, settling: Settling, state: State) {
        let Settling { row, line, then } = settling;
        if state != State::Attempting {
            self.observer.see(&Notice::Moved { line, from: State::Attempting, to: state });
        }
        match then {
            Then::Nothing => {}
            Then::Started(told) => {
                self.counters.started += 1;
                told.into_iter().for_each(|told| self.observer.see(&Notice::Answered(*told)));
                self.gate(false);
            }
            Then::Refused(told, due) => {
                if state == State::Failed {
                    self.gate(true);
                }
                self.observer.see(&Notice::Refused(told));
                self.returning -= usize::from(due.is_some());
                if let (Some(due), None) = (due, &self.ending) {
                    self.timers.push(due, row);
                }
            }
        }
        if self.recorded_at.elapsed() >= RECORD_EVERY {
            self.record().await;
        }
    }

    async fn record(&mut self) {
        self.recorded_at = Instant::now();
        let now = self.engine.clock.now();
        self.engine.writer.counters(self.engine.run, self.counters, now).await;
        self.engine.writer.activity(self.engine.run, self.chronicle.take()).await;
    }

    fn gate(&mut self, failed: bool) {
        if let Some((failed, of)) = self.engine.gate.settled(failed) {
            self.end(Ending::Failures { failed, of });
        }
    }
}
