//! A campaign on trial: the real journal on disk, the real engine, the real SDK over the simulator's in-process door.
//! A process is a runtime of its own; when it dies, the runtime and all that lives in it is dropped at once: the engine
//! in the middle of whatever it waits for, the writer's words that are not committed. What is being committed at that
//! moment lands, or it had not begun.

use std::future::{Future, poll_fn};
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use campaign::clock::Clock;
use campaign::connect::{Client, Settings};
use campaign::domain::delivery::control::Control;
use campaign::domain::delivery::gate::{FailureGate, Fraction};
use campaign::domain::message::request::RequestTemplate;
use campaign::engine::{Bounds, Engine, Outcome, PlanProgress, Stop};
use campaign::journal::{
    CampaignId, FileLine, Identity, Journal, NewRun, Plan, RunEnd, RunId, Service, Writer, WriterError,
};
use campaign::pace::{RateLimit, RateLimiter};
use campaign::simulator::{Simulator, WorldConfig};
use tokio::sync::watch;

use crate::seeds::clocks::Clocks;
use crate::seeds::people::{CAMPAIGN, People};
use crate::seeds::sentinel::{Crash, Sentinel, Watcher};
use crate::seeds::shapes::INSTANCE;
use crate::seeds::worlds::READ_TIMEOUT;

/// Everything that outlives a process.
pub(crate) struct Trial {
    folder: tempfile::TempDir,
    pub(crate) simulator: Simulator,
    pub(crate) clocks: Clocks,
    pub(crate) sentinel: Sentinel,
    pub(crate) people: People,
    pub(crate) shape: RequestTemplate,
    pub(crate) campaign: CampaignId,
    /// The file that was planned to its end; `None` where the process died over the last one.
    pub(crate) planned: Option<Vec<FileLine>>,
    pub(crate) fastest: RateLimit,
    runs: u64,
}

/// How a process is run.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) asked: RateLimit,
    pub(crate) max_in_flight: usize,
    pub(crate) most: Option<u64>,
    pub(crate) max_failures: f64,
    /// Signals, and how many milliseconds after the start they come.
    pub(crate) stops: Vec<(u64, Stop)>,
    /// What people ask from elsewhere, and how many milliseconds after the one before. While the campaign is paused, the last
    /// word is that it goes on.
    pub(crate) wishes: Vec<(u64, Control)>,
    pub(crate) retry_failed: bool,
    /// The file is read while the campaign is sent, a batch every so many milliseconds.
    pub(crate) stream: Option<u64>,
    pub(crate) crash: Crash,
}

/// What became of a process.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ended {
    Dead,
    Alive(Outcome),
}

impl Trial {
    pub(crate) fn new(world: WorldConfig, people: People, shape: RequestTemplate) -> Self {
        let clocks = Clocks::new();
        let sentinel = Sentinel::new();
        let simulator = Simulator::new(world, clocks.truth());
        let mut trial = Self {
            folder: folder(),
            simulator,
            clocks,
            sentinel,
            people,
            shape,
            campaign: CampaignId::default(),
            planned: None,
            fastest: RateLimit { rate: f64::MIN_POSITIVE, burst: NonZeroU32::MIN },
            runs: 0,
        };
        trial.watch();
        let now = trial.clocks.wall().now();
        trial.campaign = trial.journal().campaign(&identity(), now).expect("a campaign");
        trial
    }

    /// The sentinel sees every request, whatever goes wrong with it.
    pub(crate) fn watch(&self) {
        let script = self.sentinel.script();
        self.simulator.with(|world| {
            world.faults_mut().script(script);
        });
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("journal.db")
    }

    fn journal(&self) -> Journal {
        Journal::open(&self.path()).expect("the journal opens")
    }

    /// Reads the file into the journal, or only so many batches of it, because the process dies.
    pub(crate) fn plan(&mut self, batches: Option<usize>) {
        let mut journal = self.journal();
        let mut plan = self.begin_plan(&mut journal);
        let lines = self.people.lines();
        for batch in lines.chunks(7).take(batches.unwrap_or(usize::MAX)) {
            journal.plan(&mut plan, batch).expect("lines are planned");
        }
        self.planned = None;
        if batches.is_none() {
            journal.finish_plan(plan).expect("a plan ends");
            self.planned = Some(lines);
        }
    }

    fn begin_plan(&self, journal: &mut Journal) -> Plan {
        let columns = ["key", "edition"].map(str::to_owned);
        journal.begin_plan(self.campaign, &self.shape, &columns).expect("a plan begins")
    }

    /// One process.
    pub(crate) fn run(&mut self, options: &Options) -> Ended {
        self.fastest.rate = self.fastest.rate.max(options.asked.rate);
        self.fastest.burst = self.fastest.burst.max(options.asked.burst);
        for (rate, burst) in options.wishes.iter().map(|(_, wish)| wish.pace()) {
            self.fastest.rate = self.fastest.rate.max(rate.unwrap_or_default());
            self.fastest.burst = self.fastest.burst.max(burst.unwrap_or(NonZeroU32::MIN));
        }
        self.runs += 1;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.expect("a runtime");
        self.sentinel.begin(&self.path(), options.crash);
        let lines = self.people.lines();
        if options.stream.is_some() {
            self.planned = None;
        }
        let read = Arc::new(AtomicBool::new(false));
        let ended = runtime.block_on(async {
            self.clocks.begin();
            let ended = self.process(options, &lines, &read).await;
            self.clocks.end();
            ended
        });
        // Waits for the commit that is on its way, and drops everything else.
        drop(runtime);
        self.sentinel.end();
        if read.load(Ordering::Relaxed) {
            self.planned = Some(lines);
        }
        ended
    }

    async fn process(&self, options: &Options, lines: &[FileLine], read: &Arc<AtomicBool>) -> Ended {
        let mut journal = self.journal();
        let clock = self.clocks.wall();
        if options.retry_failed {
            journal.retry_failed(self.campaign).expect("failed rows are queued");
        }
        journal.expire(self.campaign, clock.now()).expect("rows expire");
        let new = NewRun { rate: Some(options.asked.rate), ..NewRun::default() };
        let (run, past) = journal.begin_run(self.campaign, &new, clock.now()).expect("a run begins");
        let tally = journal.verified_tally(self.campaign).expect("the counts add up");
        let plan = options.stream.map(|_| self.begin_plan(&mut journal));
        let (writer, handle) = Writer::spawn(journal, self.campaign);
        let (feed, reading) = match (plan, options.stream) {
            (Some(plan), Some(gap)) => {
                let (sender, feed) = watch::channel(PlanProgress::Reading { queued: 0 });
                let task = feeding((plan, lines.to_vec()), gap, writer.clone(), sender, Arc::clone(read));
                (feed, Some(tokio::spawn(task)))
            }
            _ => (PlanProgress::read_before(), None),
        };
        let engine = Engine {
            writer,
            run,
            client: self.client(),
            pace: RateLimiter::new(options.asked, past),
            clock: clock.clone(),
            chance: fastrand::Rng::with_seed(self.runs),
            bounds: Bounds { max_in_flight: NonZeroUsize::new(options.max_in_flight), ..Bounds::default() },
            most: options.most.map(|most| NonZeroU64::new(most).expect("some")),
            gate: FailureGate::new(Fraction::from_percent(options.max_failures).expect("a share")),
            feed,
            stop: signals(options.stops.clone()),
            tally,
        };
        let asking = self.asking(options.wishes.clone(), run, clock.clone());
        let asking = tokio::spawn(asking);
        let mut watcher = Watcher::new(self.sentinel.clone(), options);
        let engine = engine.send(&mut watcher);
        let Some(outcome) = self.until_death(engine, options.crash).await else { return Ended::Dead };
        let outcome = outcome.expect("the journal can be written");
        asking.abort();
        let _ = asking.await;
        if let Some(reading) = reading {
            reading.abort();
            let _ = reading.await;
        }
        let journal = handle.await.expect("the writer ends").expect("the journal can be written");
        if options.crash == Crash::End {
            return Ended::Dead;
        }
        self.conclude(journal, run, &outcome);
        Ended::Alive(outcome)
    }

    /// Somebody at another terminal, who asks through a handle of the journal of their own.
    fn asking(
        &self,
        wishes: Vec<(u64, Control)>,
        run: RunId,
        clock: Clock,
    ) -> impl Future<Output = ()> + Send + use<> {
        let (path, campaign) = (self.path(), self.campaign);
        async move {
            for (after, wish) in wishes {
                tokio::time::sleep(Duration::from_millis(after)).await;
                let run = (!matches!(wish, Control::Pause | Control::Go)).then_some(run);
                let mut journal = Journal::open(&path).expect("the journal opens");
                journal.ask(campaign, wish, run, "a person", clock.now()).expect("it is asked");
            }
        }
    }

    fn conclude(&self, mut journal: Journal, run: RunId, outcome: &Outcome) {
        let tally = journal.verified_tally(self.campaign).expect("the counts add up");
        let end = RunEnd { exit: outcome.ending.exit(&tally).code(), reason: None };
        journal.end_run(run, outcome.counters, &end, self.clocks.wall().now()).expect("a run ends");
    }

    /// Polls the engine to its end, or to the moment of the crash.
    async fn until_death(
        &self,
        engine: impl Future<Output = Result<Outcome, WriterError>>,
        crash: Crash,
    ) -> Option<Result<Outcome, WriterError>> {
        let mut engine = pin!(engine);
        let mut polls = 0;
        let alive = poll_fn(|context| {
            polls += 1;
            if crash == Crash::Poll(polls) {
                return Poll::Ready(None);
            }
            match engine.as_mut().poll(context) {
                Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
                Poll::Pending if self.sentinel.is_dead() => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        });
        let Crash::Instant(at) = crash else { return alive.await };
        tokio::select! {
            biased;
            () = tokio::time::sleep(Duration::from_millis(at)) => None,
            outcome = alive => outcome,
        }
    }

    fn client(&self) -> Client {
        let settings = Settings {
            region: Some("us-west-2".to_owned()),
            profile: None,
            endpoint_url: None,
            ca_bundle: None,
            connect_timeout: Duration::from_secs(5),
            read_timeout: READ_TIMEOUT,
        };
        Client::simulated(self.simulator.http_client(), ("test", "test"), &settings, &self.clocks.wall())
    }
}

/// Reads the file while the campaign is sent.
async fn feeding(
    (plan, lines): (Plan, Vec<FileLine>),
    gap: u64,
    writer: Writer,
    feed: watch::Sender<PlanProgress>,
    read: Arc<AtomicBool>,
) {
    let (mut plan, mut queued) = (Box::new(plan), 0);
    for batch in lines.chunks(5) {
        tokio::time::sleep(Duration::from_millis(gap)).await;
        let (same_plan, summary) =
            writer.plan(plan, batch.to_vec()).await.expect("the journal can be written");
        plan = same_plan;
        queued += summary.added;
        feed.send_replace(PlanProgress::Reading { queued });
    }
    writer.finish_plan(plan).await.expect("the journal can be written");
    read.store(true, Ordering::Relaxed);
    feed.send_replace(PlanProgress::Read { queued });
}

/// Signals that come at their times.
fn signals(stops: Vec<(u64, Stop)>) -> watch::Receiver<Stop> {
    let (sender, receiver) = watch::channel(Stop::No);
    tokio::spawn(async move {
        for (after, stop) in stops {
            tokio::time::sleep(Duration::from_millis(after)).await;
            sender.send_replace(stop);
        }
    });
    receiver
}

/// In memory where there is such a place: what a disk does with a journal is tested elsewhere, and an fsync is dear.
fn folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a folder")
}

fn identity() -> Identity {
    Identity {
        name: CAMPAIGN.to_owned(),
        instance_id: INSTANCE.to_owned(),
        key_column: Some("key".to_owned()),
        service: Service::Simulated,
    }
}
