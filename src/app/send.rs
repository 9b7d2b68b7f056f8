//! One run over a planned journal: it begins the run's record, drives the engine, and concludes the record. Production and
//! the tests in virtual time all send through here.

use std::convert::Infallible;
use std::future::pending;
use std::num::{NonZeroU64, NonZeroUsize};
use std::pin::{Pin, pin};

use futures_util::FutureExt;
use futures_util::future::{Fuse, FusedFuture};
use serde::Serialize;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::app::error::Error;
use crate::app::live_deliveries::QueueFollower;
use crate::app::opt_outs::OptOuts;
use crate::app::routes::{Routes, SenderInstance};
use crate::app::run_senders::run_senders;
use crate::app::simulated_deliveries::SimulatedFollower;
use crate::app::stream::{self, StreamItem};
use crate::clock::Clock;
use crate::connect::Client;
use crate::domain::delivery::ending::{Ending, Exit};
use crate::domain::delivery::gate::FailureGate;
use crate::domain::delivery::shared_rate::SharedRate;
use crate::domain::delivery::state::State;
use crate::domain::delivery::summary::Summary;
use crate::domain::delivery::undelivered::UndeliveredGate;
use crate::domain::events::DeliveryCounts;
use crate::domain::hours::schedule::Schedule;
use crate::domain::hours::terms::Terms;
use crate::domain::senders::{Sender, SenderAccount};
use crate::domain::unix_millis::UnixMillis;
use crate::engine::{
    ActiveContacts, Admittance, Engine, LastWords, Observer, OptOutProgress, Outcome, PlanProgress, Stop,
};
use crate::journal::{
    CampaignId, CampaignLock, IntegrityCheck, Journal, JournalError, NewRun, Plan, Planned, RunEnd, RunId,
    Writer, WriterError,
};
use crate::pace::RateLimit;

/// How a run is made, once options and definition are resolved.
#[derive(Debug)]
pub struct RunSettings {
    /// The campaign's name.
    pub name: String,
    /// The run's record.
    pub record: NewRun,
    /// How fast, at most.
    pub limit: RateLimit,
    /// The run finds out what the service takes, up to `limit`.
    pub auto: bool,
    /// What bounds it besides.
    pub bounds: Bounds,
    /// The numbers that send, where they are several.
    pub senders: Vec<Sender>,
    /// The campaign's own instance and account, as a sender's.
    pub account: SenderAccount,
    /// When rows may be requested.
    pub admittance: Admittance,
    /// The wall clock cannot be set, nor the machine sleep, while the run goes on: it is a rehearsal's.
    pub steady_clock: bool,
    /// The run ends where nothing is left but rows whose hours are closed, instead of waiting for them.
    pub no_wait: bool,
    /// Contacts to start, at most.
    pub most: Option<NonZeroU64>,
    /// When too many rows fail.
    pub gate: FailureGate,
    /// When too many messages do not arrive.
    pub undelivered: UndeliveredGate,
    /// Chance, for jitter.
    pub chance: fastrand::Rng,
    /// Failed rows are queued again first.
    pub retry_failed: bool,
    /// Only a sample of the rows is admitted.
    pub sampled: bool,
}

impl RunSettings {
    /// A run of the campaign `name` at this pace, and nothing else that bounds, holds or ends it.
    #[must_use]
    pub fn at_pace(name: impl Into<String>, limit: RateLimit) -> Self {
        Self {
            name: name.into(),
            record: NewRun { rate: Some(limit.rate), ..NewRun::default() },
            limit,
            auto: false,
            bounds: Bounds::default(),
            senders: Vec::new(),
            account: SenderAccount::of_instance(String::new()),
            admittance: Admittance::default(),
            steady_clock: false,
            no_wait: false,
            most: None,
            gate: FailureGate::off(),
            undelivered: UndeliveredGate::off(),
            chance: fastrand::Rng::new(),
            retry_failed: false,
            sampled: false,
        }
    }
}

/// What bounds the requests of a campaign's own account and instance besides its pace.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bounds {
    /// Requests without an answer, at most; `None`: what pace and answer times need, and no more than 512.
    pub max_in_flight: Option<NonZeroUsize>,
    /// Contacts that are alive, at most, where it is known how long one lives.
    pub active: Option<ActiveContacts>,
    /// The pace of the account, where other runs have a part in it.
    pub shared: Option<SharedRate>,
}

/// The journal and the service of a run.
pub struct RunParts {
    /// The journal.
    pub journal: Journal,
    /// The campaign in it.
    pub campaign: CampaignId,
    /// Where requests go.
    pub client: Client,
    /// Where those of senders go that have instances of their own.
    pub instances: Vec<SenderInstance>,
    /// The wall clock.
    pub clock: Clock,
    /// What asks the run to stop.
    pub stop: watch::Receiver<Stop>,
}

type Keeping = Pin<Box<dyn Future<Output = ()> + Send>>;
type Reading = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// Groups of final words that wait for the engine, at most.
const NEWS: usize = 64;

/// A run whose record is in the journal, ready to send.
pub struct Run {
    engine: Engine,
    writer: JoinHandle<Result<Journal, WriterError>>,
    reading: Option<Reading>,
    keeping: Option<Keeping>,
    following: Option<Fuse<Keeping>>,
    /// Tells a simulation that the run has ended: its last words are waited for.
    last_words: Option<watch::Sender<bool>>,
    about: RunAbout,
    examination: Option<IntegrityCheck>,
    lock: Option<CampaignLock>,
}

/// What a run's conclusion needs to know of it.
struct RunAbout {
    campaign: CampaignId,
    clock: Clock,
    name: String,
    schedule: Schedule,
    asked_rate: Option<f64>,
    burst: u32,
    sampled: bool,
    already_started: Option<u64>,
    /// What has no row is tried again when the run has ended.
    joins_again: bool,
}

impl RunAbout {
    fn of(settings: &RunSettings, routes: &Routes, campaign: CampaignId, clock: &Clock) -> Self {
        let (asked_rate, burst) = routes.asked();
        Self {
            campaign,
            clock: clock.clone(),
            name: settings.name.clone(),
            schedule: settings.admittance.schedule,
            asked_rate,
            burst,
            sampled: settings.sampled,
            already_started: None,
            joins_again: false,
        }
    }
}

impl Run {
    /// Begins the run's record. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// Where the journal cannot be written, or its counts do not add up.
    pub fn begin(parts: RunParts, mut settings: RunSettings) -> Result<Self, Error> {
        let RunParts { mut journal, campaign, client, instances: others, clock, stop } = parts;
        if settings.retry_failed {
            journal.retry_failed(campaign)?;
        }
        journal.expire(campaign, clock.now())?;
        journal.release_held(campaign)?;
        let expires_at = journal.keep_schedule(campaign, settings.admittance.schedule, clock.now())?;
        let (mut senders, paces) = run_senders(&mut journal, campaign, &settings.senders, clock.now())?;
        let own = SenderInstance {
            account: settings.account.clone(),
            client,
            limit: settings.limit,
            auto: settings.auto,
            active: settings.bounds.active.take(),
            shared: settings.bounds.shared.take(),
        };
        let routes = Routes::new(own, others, &mut senders);
        let about = RunAbout::of(&settings, &routes, campaign, &clock);
        let Admittance { hours, schedule, .. } = &settings.admittance;
        let terms = Terms { hours: hours.clone(), schedule: *schedule };
        let record = NewRun { terms, rate: about.asked_rate, ..settings.record };
        let (run, past) = journal.begin_run(campaign, &record, clock.now())?;
        if !senders.is_empty() {
            journal.begin_with_paces(campaign, &paces, (run, clock.now()))?;
        }
        let tally = journal.tally(campaign)?;
        let lanes = journal.lanes(campaign)?;
        let (writer, handle) = match settings.steady_clock {
            true => Writer::spawn_in_virtual_time(journal, campaign),
            false => Writer::spawn(journal, campaign),
        };
        let engine = Engine {
            writer,
            run,
            accounts: routes.accounts.into_iter().map(|account| account.begin(past)).collect(),
            instances: routes.instances,
            clock: clock.clone(),
            chance: settings.chance,
            max_in_flight: settings.bounds.max_in_flight,
            lanes,
            senders,
            admittance: settings.admittance,
            steady_clock: settings.steady_clock,
            expires_at,
            no_wait: settings.no_wait,
            most: settings.most,
            gate: settings.gate,
            feed: PlanProgress::read_before(),
            opt_outs: OptOutProgress::none(),
            last_words: LastWords::none(),
            undelivered: settings.undelivered,
            stop,
            tally,
        };
        Ok(Self {
            engine,
            writer: handle,
            reading: None,
            keeping: None,
            following: None,
            last_words: None,
            about,
            examination: None,
            lock: None,
        })
    }

    /// The run's id in the journal.
    #[must_use]
    pub fn id(&self) -> RunId {
        self.engine.run
    }

    /// Requests per second as asked, of all accounts together; `None` where the run finds out that of one.
    #[must_use]
    pub fn asked_rate(&self) -> Option<f64> {
        self.about.asked_rate
    }

    /// How far the recipients file is read and planned.
    #[must_use]
    pub fn plan_progress(&self) -> watch::Receiver<PlanProgress> {
        self.engine.feed.clone()
    }

    /// The result tells how many rows of the file were started before.
    pub(super) fn read_before(&mut self, already_started: u64) {
        self.about.already_started = Some(already_started);
    }

    /// Takes the progress of a plan that somebody else makes.
    pub fn follow(&mut self, progress: watch::Receiver<PlanProgress>) {
        self.engine.feed = progress;
    }

    /// Plans what comes through `items` while the run sends.
    pub fn stream(&mut self, plan: Plan, items: mpsc::Receiver<StreamItem>) {
        let (sender, progress) = watch::channel(PlanProgress::Reading { queued: 0 });
        self.reading = Some(Box::pin(stream::plan(plan, items, self.engine.writer.clone(), sender)));
        self.engine.feed = progress;
    }

    /// Keeps the copies of these opt-out lists current while the run sends. Nothing is sent before they are read.
    pub fn keep(&mut self, opt_outs: OptOuts) {
        let (sender, progress) = opt_outs.begin();
        let (writer, clock) = (self.engine.writer.clone(), self.about.clock.clone());
        self.keeping = Some(Box::pin(opt_outs.keep(writer, clock, sender)));
        self.engine.opt_outs = progress;
    }

    /// Follows the account's events while the run sends: each is durable before its message is deleted.
    pub fn follow_deliveries(&mut self, follower: QueueFollower) {
        let (news, last_words) = mpsc::channel(NEWS);
        let following: Keeping = Box::pin(follower.follow(self.engine.writer.clone(), news));
        self.following = Some(following.fuse());
        self.engine.last_words = last_words;
        self.about.joins_again = true;
    }

    /// Takes in what a simulation tells of its messages, while the run sends and a moment longer.
    pub(super) fn follow_simulation(&mut self, follower: SimulatedFollower) {
        let (news, last_words) = mpsc::channel(NEWS);
        let (ended, ends) = watch::channel(false);
        let following: Keeping = Box::pin(follower.follow(self.engine.writer.clone(), news, ends));
        self.following = Some(following.fuse());
        self.engine.last_words = last_words;
        self.last_words = Some(ended);
    }

    /// The campaign's lock, and the check of the journal that still goes on: a finding stops the run.
    pub(super) fn guard(&mut self, lock: CampaignLock, examination: IntegrityCheck) {
        self.lock = Some(lock);
        self.examination = Some(examination);
    }

    /// Sends, and concludes the run's record.
    ///
    /// # Errors
    /// As [`drive`](Self::drive) and [`DrivenRun::conclude`].
    pub async fn send(self, observer: &mut dyn Observer) -> Result<RunResult, Error> {
        self.drive(observer).await?.conclude()
    }

    /// Runs the engine, and the reading of the file beside it. A run that ends stops the reading.
    ///
    /// # Errors
    /// Where the journal cannot be written or turns out to be damaged: nothing more is sent, and requests in flight stay
    /// in doubt.
    pub async fn drive(mut self, observer: &mut dyn Observer) -> Result<DrivenRun, Error> {
        let id = self.id();
        let mut following = self.following.take();
        let driven = {
            let mut sending = pin!(self.engine.send(observer));
            let reading = async {
                match self.reading.take() {
                    Some(reading) => reading.await,
                    None => pending().await,
                }
            };
            let both = async {
                tokio::select! {
                    biased;
                    outcome = &mut sending => (outcome, Ok(())),
                    read = reading => (sending.await, read),
                }
            };
            let damage = async {
                match &mut self.examination {
                    Some(examination) => examination.failed().await,
                    None => pending().await,
                }
            };
            let keeping = async {
                if let Some(keeping) = self.keeping.take() {
                    keeping.await;
                }
                pending::<Infallible>().await
            };
            let following = async {
                if let Some(following) = &mut following {
                    following.await;
                }
                pending::<Infallible>().await
            };
            tokio::select! {
                biased;
                result = both => Ok(result),
                damage = damage => Err(damage),
                never = keeping => match never {},
                never = following => match never {},
            }
        };
        let ended_at = self.about.clock.now();
        if matches!(&driven, Ok((Ok(outcome), _)) if !matches!(outcome.ending, Ending::Interrupted(_))) {
            last_words(self.last_words, &mut following).await;
        }
        drop(following);
        // Where the journal failed, the writer has the reason; the engine may only know that the writer is gone.
        let journal = self.writer.await.map_err(|_| JournalError::WriterGone)??;
        let (outcome, read) = driven.inspect_err(|_| journal.leave_alone())?;
        Ok(DrivenRun { journal, id, about: self.about, ended_at, outcome: outcome?, read, _lock: self.lock })
    }
}

/// Waits for the last words of a simulation, a moment: the run has ended.
async fn last_words(ended: Option<watch::Sender<bool>>, following: &mut Option<Fuse<Keeping>>) {
    if let (Some(ended), Some(following)) = (ended, following.as_mut().filter(|one| !one.is_terminated())) {
        ended.send_replace(true);
        following.await;
    }
}

/// A run whose engine has ended, and whose record has not.
pub struct DrivenRun {
    journal: Journal,
    id: RunId,
    about: RunAbout,
    ended_at: UnixMillis,
    outcome: Outcome,
    read: Result<(), Error>,
    _lock: Option<CampaignLock>,
}

/// What came of a run.
#[derive(Debug)]
pub struct RunResult {
    /// What it did, as every caller shows it.
    pub summary: Summary,
    /// How the engine ended.
    pub outcome: Outcome,
    /// The exit code that its record has.
    pub exit: Exit,
    /// Rows are left: another run goes on with them.
    pub goes_on: bool,
    /// When the engine ended.
    pub ended_at: UnixMillis,
    /// Why a streamed file could not be read to its end, if it could not. What was read of it was sent.
    pub read: Result<(), Error>,
}

impl RunResult {
    /// The result of this run and of one that went on after it: what they did together, and how the last one ended.
    #[must_use]
    pub(super) fn then(self, mut next: Self) -> Self {
        let (earlier, counters) = (&self.summary, self.outcome.counters);
        next.summary.already_started = earlier.already_started;
        next.summary.requests += earlier.requests;
        next.summary.throttled += earlier.throttled;
        next.summary.retried += earlier.retried;
        next.summary.elapsed += earlier.elapsed;
        let all = &mut next.outcome.counters;
        all.started += counters.started;
        all.requests += counters.requests;
        all.throttled += counters.throttled;
        all.retried += counters.retried;
        next.outcome.elapsed += self.outcome.elapsed;
        if self.outcome.elapsed > next.outcome.elapsed - self.outcome.elapsed {
            next.outcome.limited_by = self.outcome.limited_by;
            next.summary.limited_by = earlier.limited_by;
        }
        next
    }
}

impl DrivenRun {
    /// Holds the counts against the journal, and ends the run's record.
    ///
    /// # Errors
    /// Where the counts do not add up, or the journal cannot be written.
    pub fn conclude(self) -> Result<RunResult, Error> {
        let Self { mut journal, id, about, ended_at, mut outcome, .. } = self;
        let campaign = about.campaign;
        if about.joins_again {
            journal.intake()?.join_again()?;
        }
        let now = about.clock.now();
        if about.schedule.is_over(now) {
            // Rows in doubt may not be replayed any more.
            journal.keep_schedule(campaign, about.schedule, now)?;
        }
        let tally = journal.verified_tally(campaign)?;
        // A stream may end before its file does: then there are lines that the journal does not know of yet.
        if matches!(outcome.ending, Ending::Rejections { .. }) {
            journal.set_planned(campaign, Planned::Begun)?;
        }
        if about.sampled && outcome.ending == Ending::Complete && tally[State::Queued] > 0 {
            // The engine saw the sample only.
            outcome.ending = Ending::Limit;
        }
        let whole = journal.planned(campaign)? == Planned::Agreed;
        let exit = match outcome.ending.exit(&tally) {
            Exit::Done | Exit::Incomplete
                if matches!(outcome.ending, Ending::Limit | Ending::Stopped) && !whole =>
            {
                Exit::Limit
            }
            exit => exit,
        };
        let goes_on = tally.unsettled() > 0 || !whole;
        let reason = (outcome.ending != Ending::Complete).then(|| outcome.ending.to_string());
        let end = RunEnd { exit: exit.code(), reason };
        journal.end_run(id, outcome.counters, &end, ended_at)?;
        let deliveries = Some(journal.deliveries(campaign)?).filter(DeliveryCounts::is_told);
        journal.close()?;
        let summary = Summary {
            campaign: about.name,
            run: Some(id.number()),
            tally,
            already_started: about.already_started,
            deliveries,
            requests: outcome.counters.requests,
            throttled: outcome.counters.throttled,
            retried: outcome.counters.retried,
            elapsed: outcome.elapsed,
            asked_rate: about.asked_rate,
            burst: Some(about.burst),
            limited_by: outcome.limited_by,
            goes_on_at: outcome.ending.goes_on_at().filter(|_| goes_on),
            exit: Some(exit.code()),
        };
        Ok(RunResult { summary, outcome, exit, goes_on, ended_at, read: self.read })
    }
}

/// The last of a run's events: its result.
#[derive(Serialize)]
pub struct LastEvent<'a> {
    message_type: &'static str,
    #[serde(flatten)]
    summary: &'a Summary,
}

impl<'a> LastEvent<'a> {
    /// The result as an event.
    #[must_use]
    pub fn of(summary: &'a Summary) -> Self {
        Self { message_type: "summary", summary }
    }
}
