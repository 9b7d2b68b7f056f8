//! A campaign on trial: the real journal on disk, the real engine, the real SDK over the simulator's in-process door.
//! A process is a runtime of its own; when it dies, the runtime and all that lives in it is dropped at once: the engine
//! in the middle of whatever it waits for, the writer's words that are not committed. What is being committed at that
//! moment lands, or it had not begun.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use campaign::app::error::Error;
use campaign::app::opt_outs::{self, ListSenders, OptOuts};
use campaign::app::send::{Bounds, DrivenRun, Run, RunParts, RunSettings};
use campaign::app::stream::StreamItem;
use campaign::clock::Clock;
use campaign::connect::Account;
use campaign::domain::account::opt_outs::OptOutSettings;
use campaign::domain::delivery::control::Control;
use campaign::domain::delivery::gate::{FailureGate, Fraction};
use campaign::domain::message::request::RequestTemplate;
use campaign::engine::{Outcome, PlanProgress, Stop};
use campaign::journal::{CampaignId, FileLine, Identity, Journal, Plan, Retries, RunId, Service};
use campaign::pace::RateLimit;
use campaign::simulator::{Operation, RequestRecord, Simulator, WorldConfig};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::seeds::clocks::Clocks;
use crate::seeds::people::{CAMPAIGN, People};
use crate::seeds::sentinel::{Crash, Sentinel, Watcher};
use crate::seeds::shapes::{INSTANCE, SOURCE};
use crate::seeds::worlds;
use crate::virtual_time::told;

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
    /// How the account's opt-outs are read, if they are.
    pub(crate) opt_outs: Option<OptOutSettings>,
    /// The file is read while the campaign is sent, a batch every so many milliseconds.
    pub(crate) stream: Option<u64>,
    /// A queue of the account's events is followed beside the run.
    pub(crate) follows: bool,
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
        let (now, mut journal) = (trial.clocks.wall().now(), trial.journal());
        trial.campaign = journal.campaign(&identity(), now).expect("a campaign");
        told::know_sender(&mut journal, SOURCE);
        trial
    }

    /// Requests for contacts, and none of the questions beside them.
    pub(crate) fn requests(&self) -> Vec<RequestRecord> {
        let mut requests = self.simulator.requests();
        requests.retain(|request| request.operation == Operation::StartOutboundChatContact);
        requests
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

    pub(crate) fn journal(&self) -> Journal {
        Journal::open(&self.path()).expect("the journal opens")
    }

    /// Reads the file into the journal, or only so many batches of it, because the process dies.
    pub(crate) fn plan(&mut self, batches: Option<usize>, retries: bool) {
        let mut journal = self.journal();
        let mut plan = self.begin_plan(&mut journal, retries);
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

    /// With or without another attempt for failed rows, with what the file says of them now.
    fn begin_plan(&self, journal: &mut Journal, retries: bool) -> Plan {
        let columns = ["key", "edition"].map(str::to_owned);
        let plan = journal.begin_plan(self.campaign, &self.shape, &columns).expect("a plan begins");
        if retries { plan.retry_failed(Retries::Agreed) } else { plan }
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
        self.sentinel.begin(&self.path(), options);
        let lines = self.people.lines();
        if options.stream.is_some() {
            self.planned = None;
        }
        let read = Arc::new(AtomicBool::new(false));
        let ended = runtime.block_on(async {
            self.clocks.begin();
            let ended = Box::pin(self.process(options, &lines, &read)).await;
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
        let opt_outs = match options.opt_outs {
            Some(settings) => match self.opt_outs(settings, &mut journal).await {
                Ok(lists) => lists,
                // Nothing was sent.
                Err(_) => return Ended::Dead,
            },
            None => None,
        };
        let plan = options.stream.map(|_| self.begin_plan(&mut journal, options.retry_failed));
        let settings = RunSettings {
            bounds: Bounds { max_in_flight: NonZeroUsize::new(options.max_in_flight), ..Bounds::default() },
            most: options.most.map(|most| NonZeroU64::new(most).expect("some")),
            gate: FailureGate::new(Fraction::from_percent(options.max_failures).expect("a share")),
            chance: fastrand::Rng::with_seed(self.runs),
            // A stream's plan does so, row by row.
            retry_failed: options.retry_failed && options.stream.is_none(),
            ..RunSettings::at_pace(CAMPAIGN, options.asked)
        };
        let parts = RunParts {
            journal,
            campaign: self.campaign,
            client: worlds::client(&self.simulator, &self.clocks.wall()),
            instances: Vec::new(),
            clock: clock.clone(),
            stop: signals(options.stops.clone()),
        };
        let mut run = Run::begin(parts, settings).expect("a run begins");
        if let (Some(plan), Some(gap)) = (plan, options.stream) {
            run.stream(plan, reading(lines.to_vec(), gap));
        }
        let streams = options.stream.is_some();
        if let Some(opt_outs) = opt_outs {
            run.keep(opt_outs.streaming(streams));
        }
        if options.follows {
            run.follow_deliveries(told::follower(&self.simulator, &clock));
        }
        let progress = run.plan_progress();
        let asking = tokio::spawn(self.asking(options.wishes.clone(), run.id(), clock));
        let mut watcher = Watcher::new(self.sentinel.clone(), options);
        let driven = Box::pin(self.until_death(run.drive(&mut watcher), options.crash)).await;
        let whole = streams && matches!(*progress.borrow(), PlanProgress::Read { .. });
        read.store(whole, Ordering::Relaxed);
        let Some(driven) = driven else { return Ended::Dead };
        let driven = driven.expect("the journal can be written");
        asking.abort();
        let _ = asking.await;
        if options.crash == Crash::End {
            return Ended::Dead;
        }
        let result = driven.conclude().expect("the counts add up, and the run ends");
        result.read.expect("the file is read");
        Ended::Alive(result.outcome)
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

    /// Polls the run to its end, or to the moment of the crash.
    async fn until_death(
        &self,
        run: impl Future<Output = Result<DrivenRun, Error>>,
        crash: Crash,
    ) -> Option<Result<DrivenRun, Error>> {
        let mut run = pin!(run);
        // How often a run is polled in one instant depends on how fast the thread of its commits is: instants do not.
        let (mut polls, mut instants, mut latest) = (0, 0, None);
        let alive = poll_fn(|context| {
            let now = Instant::now();
            polls += 1;
            instants += u64::from(latest.replace(now) != Some(now));
            if crash == Crash::Poll(polls) || crash == Crash::Wake(instants) {
                return Poll::Ready(None);
            }
            match run.as_mut().poll(context) {
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

    /// The list behind the campaign's number; `None` where it is not found out, and need not be.
    async fn opt_outs(
        &self,
        settings: OptOutSettings,
        journal: &mut Journal,
    ) -> Result<Option<OptOuts>, Error> {
        let http = self.simulator.http_client();
        let clock = self.clocks.wall();
        let account = Account::simulated(http, ("test", "test"), "us-west-2", &clock).expect("an account");
        let sources = [SOURCE.to_owned()];
        let lists = opt_outs::find(
            &account,
            ListSenders { sources: &sources, known: &BTreeMap::new(), owner: "seeds" },
            settings,
            journal,
        )
        .await?
        .lists;
        journal.admit_opt_outs(lists.iter().flat_map(OptOuts::ids).collect());
        Ok(lists)
    }
}

/// Reads the file while the campaign is sent, five lines every `gap` milliseconds.
fn reading(lines: Vec<FileLine>, gap: u64) -> mpsc::Receiver<StreamItem> {
    let (sender, items) = mpsc::channel(5);
    tokio::spawn(async move {
        for batch in lines.chunks(5) {
            tokio::time::sleep(Duration::from_millis(gap)).await;
            for line in batch {
                if sender.send(StreamItem::Line(line.clone())).await.is_err() {
                    return;
                }
            }
        }
    });
    items
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
