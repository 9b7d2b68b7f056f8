//! What `run` and `resume` share: from a planned journal to a result.

use std::future::pending;
use std::io;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use clap::Args;
use tokio::sync::watch;

use crate::cli::commands::failure::Failure;
use crate::cli::commands::hooks::Ended;
use crate::cli::commands::place::Place;
use crate::cli::commands::streaming::Stream;
use crate::cli::commands::{Session, earlier, numbers, pacing, signals, streaming, telling};
use crate::clock::Clock;
use crate::connect::{Client, Settings};
use crate::domain::definition::{self, Definition, EndpointUrl, Rate, RequestRate};
use crate::domain::delivery::ending::{Ending, Exit};
use crate::domain::delivery::gate::{FailureGate, Fraction};
use crate::domain::delivery::state::State;
use crate::domain::delivery::summary::Summary;
use crate::domain::row::suppression::Suppression;
use crate::domain::warning::WarningCode;
use crate::engine::{Engine, Outcome, PlanProgress};
use crate::journal::{
    Admission, CampaignId, CampaignLock, Identity, IntegrityCheck, Journal, JournalError, NewRun, Planned,
    RunEnd, RunId, Service, Writer, WriterError,
};
use crate::progress::{About, Events, Progress, ProgressKind};
use crate::simulator::{Latency, Simulator, WorldConfig, WorldTime};

/// Off a terminal, a line of progress comes this often.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Options of the commands that send. Each wins over the definition.
#[derive(Debug, Clone, Default, Args)]
pub(in crate::cli::commands) struct SendArgs {
    /// Send to the simulator in this process: no AWS account, no contact
    #[arg(long)]
    pub simulate: bool,
    /// Do not ask before sending
    #[arg(short, long)]
    pub yes: bool,
    /// Send although a text looks wrong in this way; may be given several times
    #[arg(long, value_name = "CODE", value_parser = warning)]
    pub accept: Vec<WarningCode>,
    /// Requests per second, retries included; "auto" finds out what the account allows
    #[arg(long, value_name = "N", value_parser = rate)]
    pub rate: Option<Rate>,
    /// Requests that may leave at once after a while of silence
    #[arg(long, value_name = "N", value_parser = numbers::whole::<NonZeroU32>)]
    pub burst: Option<NonZeroU32>,
    /// Requests without an answer, at most
    #[arg(long, value_name = "N", value_parser = numbers::whole::<NonZeroUsize>)]
    pub max_in_flight: Option<NonZeroUsize>,
    /// Start at most N contacts in this run
    #[arg(long, value_name = "N", value_parser = numbers::whole::<NonZeroU64>)]
    pub limit: Option<NonZeroU64>,
    /// Start contacts for N of the recipients only, chosen at random, and the same ones every time
    #[arg(long, value_name = "N", value_parser = numbers::whole::<NonZeroU64>)]
    pub sample: Option<NonZeroU64>,
    /// Try failed rows again, with their tokens and payloads as they were
    #[arg(long)]
    pub retry_failed: bool,
    /// AWS Region
    #[arg(long)]
    pub region: Option<String>,
    /// Profile of the AWS configuration files
    #[arg(long)]
    pub profile: Option<String>,
    /// Another endpoint: https, or http on this machine
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    pub endpoint_url: Option<EndpointUrl>,
}

fn warning(text: &str) -> Result<WarningCode, String> {
    WarningCode::parse(text).ok_or_else(|| {
        let codes: Vec<&str> = WarningCode::ALL.iter().map(|code| code.name()).collect();
        format!("the codes are {}", codes.join(", "))
    })
}

fn rate(text: &str) -> Result<Rate, String> {
    if text == "auto" {
        return Ok(Rate::Auto);
    }
    text.parse()
        .ok()
        .and_then(RequestRate::new)
        .map(Rate::PerSecond)
        .ok_or_else(|| format!("a rate is above 0 and at most {} per second, or \"auto\"", RequestRate::MOST))
}

fn endpoint(text: &str) -> Result<EndpointUrl, String> {
    EndpointUrl::parse(text).map_err(|error| format!("the endpoint {error}"))
}

impl SendArgs {
    /// The definition as it is for this run.
    ///
    /// # Errors
    /// Where it asks for what this version cannot do.
    pub(in crate::cli::commands) fn apply(&self, definition: &mut Definition) -> Result<(), Failure> {
        if let Some(rate) = self.rate {
            definition.pace.rate = rate;
        }
        if let Some(burst) = self.burst {
            definition.pace.burst = burst;
        }
        definition.pace.max_in_flight = self.max_in_flight.or(definition.pace.max_in_flight);
        if let Some(region) = &self.region {
            definition.in_region(region)?;
        }
        definition.connect.profile = self.profile.clone().or(definition.connect.profile.take());
        definition.connect.endpoint_url =
            self.endpoint_url.clone().or(definition.connect.endpoint_url.take());
        if definition.pace.share == definition::PaceShare::Account && definition.pace.rate == Rate::Auto {
            return Err(Failure::usage(
                "[pace] has share = \"account\" and rate = \"auto\": runs can share only a rate that is stated",
                "state the account's rate, or leave out the share: each run then finds out what is left to it",
            ));
        }
        Ok(())
    }
}

/// The journal of a campaign, held by this process.
pub(in crate::cli::commands) struct Held {
    pub(in crate::cli::commands) journal: Journal,
    pub(in crate::cli::commands) campaign: CampaignId,
    pub(in crate::cli::commands) client: Client,
    service: Service,
    examination: IntegrityCheck,
    _lock: CampaignLock,
}

impl Held {
    /// Leaves out, from here on, whoever is on one of the lists or not in the sample that was asked for. Where no file
    /// was `read`, rows that wait already are held against the lists first.
    pub(in crate::cli::commands) fn admit(
        &mut self,
        suppression: Suppression,
        sample: Option<NonZeroU64>,
        read: bool,
    ) -> Result<(), Failure> {
        if !read {
            self.journal.sweep_suppressed(self.campaign, &suppression)?;
        }
        let sample = match sample {
            Some(recipients) => self.journal.sample(self.campaign, recipients.get())?,
            None => None,
        };
        self.journal.admit(Admission { suppression, sample });
        Ok(())
    }
}

/// Tasks that have a turn before timers and sockets are looked at again: as many as there are connections that bring an
/// answer at once. Whoever sends next finds theirs free, see [`Client::start`].
const TURNS: u32 = 256;

/// The runtime of a run: one thread, which is fastest for this work, and the blocking pool for the journal.
pub(in crate::cli::commands) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .event_interval(TURNS)
        .enable_all()
        .build()
        .map_err(|error| cannot("start the runtime", &error))
}

/// Takes the campaign's lock, makes the client, and opens the journal.
pub(in crate::cli::commands) async fn hold(
    args: &SendArgs,
    definition: &Definition,
    place: &Place,
    session: &Session<'_>,
    patience: Duration,
) -> Result<Held, Failure> {
    let clock = &session.clock;
    signals::tell_when_asked(place.journal.clone(), definition.name.clone(), session)
        .map_err(|error| cannot("listen for signals", &error))?;
    let lock = CampaignLock::take(&place.journal, &definition.name, clock.now())?;
    let settings = settings(definition, place);
    if !args.simulate && settings.endpoint_url.is_none() {
        // Whoever has no credentials either would be told of them only.
        earlier::refuse_simulated(place, definition)?;
    }
    let (client, service) = if args.simulate {
        let simulator = simulator(definition, clock);
        (Client::simulated(simulator.http_client(), ("test", "test"), &settings, clock), Service::Simulated)
    } else {
        let client = Client::connect(&settings, clock).await?;
        let service = if client.is_loopback() { Service::Loopback } else { Service::Aws };
        (client, service)
    };
    let mut journal = Journal::open(&place.journal)?;
    let mut examination = journal.examine(&definition.name);
    journal.examined(&mut examination, patience).await?;
    let identity = Identity {
        name: definition.name.clone(),
        instance_id: definition.connect.instance_id.clone(),
        key_column: definition.recipients.key.as_deref().map(crate::domain::table::header::fold),
        service,
    };
    let campaign = journal.campaign(&identity, clock.now())?;
    Ok(Held { journal, campaign, client, service, examination, _lock: lock })
}

fn settings(definition: &Definition, place: &Place) -> Settings {
    let connect = &definition.connect;
    Settings {
        region: connect.region.clone(),
        profile: connect.profile.clone(),
        endpoint_url: connect.endpoint_url.as_ref().map(|url| url.as_str().to_owned()),
        ca_bundle: connect.ca_bundle.as_ref().map(|path| place.folder().join(path)),
        connect_timeout: connect.connect_timeout,
        read_timeout: connect.read_timeout,
    }
}

/// A world that knows the definition's instance, and answers as fast as a service nearby does.
fn simulator(definition: &Definition, clock: &Clock) -> Simulator {
    let clock = clock.clone();
    let config = WorldConfig {
        instance_ids: vec![definition.connect.instance_id.clone()],
        // Ids that differ from run to run, or a rehearsal's report would look as if people shared contacts.
        seed: fastrand::u64(..),
        latency: Latency { base: Duration::from_millis(40), jitter: Duration::from_millis(20) },
        log: crate::simulator::LogDetail::Counts,
        ..WorldConfig::default()
    };
    Simulator::new(config, move || WorldTime(u64::try_from(clock.now().millis()).unwrap_or(0)))
}

/// What is to be sent, besides what the journal has.
pub(in crate::cli::commands) struct Job<'a> {
    pub(in crate::cli::commands) args: &'a SendArgs,
    pub(in crate::cli::commands) definition: &'a Definition,
    /// The recipients file, for the run's record.
    pub(in crate::cli::commands) file: Option<&'a Path>,
    /// The file again, where it is to be read while sending.
    pub(in crate::cli::commands) stream: Option<Stream>,
    /// The command that goes on.
    pub(in crate::cli::commands) next: String,
    /// The file of rejected rows, and how they come back.
    pub(in crate::cli::commands) rejected: Option<String>,
}

/// Sends, settles the run's record, and tells the result.
pub(in crate::cli::commands) async fn send(
    held: Held,
    mut job: Job<'_>,
    session: &Session<'_>,
) -> Result<Ended, Failure> {
    let Held { mut journal, campaign, client, service, mut examination, _lock } = held;
    let clock = &session.clock;
    if job.args.retry_failed {
        journal.retry_failed(campaign)?;
    }
    journal.expire(campaign, clock.now())?;
    let file = job.file.map(|file| file.display().to_string());
    let new = NewRun { file, rate: pacing::rate(job.definition), settings: pacing::told(&job) };
    let bounds = pacing::bounds(job.definition, &journal, campaign, service, clock.now())?;
    let (run, past) = journal.begin_run(campaign, &new, clock.now())?;
    let tally = journal.tally(campaign)?;
    let about = pacing::about(job.definition, run);
    let (writer, journal) = Writer::spawn(journal, campaign);
    let (feeder, feed) = match job.stream.take() {
        None => (None, PlanProgress::read_before()),
        Some(stream) => {
            let (sender, feed) = watch::channel(PlanProgress::Reading { queued: 0 });
            (Some(streaming::feed(stream, writer.clone(), sender)), feed)
        }
    };
    let engine = Engine {
        writer,
        run,
        client,
        pace: pacing::pace(job.definition, past),
        clock: clock.clone(),
        chance: fastrand::Rng::new(),
        bounds,
        most: job.args.limit,
        gate: FailureGate::new(share(job.definition.safety.max_failures)),
        feed,
        stop: signals::listen().map_err(|error| cannot("listen for signals", &error))?,
        tally,
    };
    let driven = drive(engine, feeder, &mut examination, about, session).await;
    // Where the journal failed, the writer knows why; the engine may only know that it is gone.
    let journal = journal.await.map_err(|_| JournalError::WriterGone)??;
    let (outcome, read) = driven.inspect_err(|_| journal.leave_alone())?;
    let outcome = outcome?;
    let ended = conclude(journal, (campaign, run), &job, outcome, session)?;
    // What was read before the file could not be read any further is sent and told of; now the failure is.
    read.map(|()| ended)
}

/// Runs the engine, and the reading of the file beside it. A run that ends stops the reading.
///
/// # Errors
/// Where the journal turns out to be damaged: nothing more is sent, and what is in flight stays in doubt.
async fn drive(
    engine: Engine,
    feeder: Option<impl Future<Output = Result<(), Failure>>>,
    examination: &mut IntegrityCheck,
    about: About,
    session: &Session<'_>,
) -> Result<(Result<Outcome, WriterError>, Result<(), Failure>), JournalError> {
    let shared = session.shared;
    let events = (shared.json && !shared.quiet).then(Events::stdout);
    let kind = ProgressKind::for_stderr(shared.quiet, events.is_some());
    let mut progress = Progress::new(kind, LINE_EVERY, events, about, &session.screen, &session.clock);
    let result = {
        let mut sending = pin!(engine.send(&mut progress));
        let feeder = async {
            match feeder {
                Some(feeder) => feeder.await,
                None => pending().await,
            }
        };
        let both = async {
            tokio::select! {
                biased;
                outcome = &mut sending => (outcome, Ok(())),
                read = feeder => (sending.await, read),
            }
        };
        tokio::select! {
            biased;
            result = both => Ok(result),
            damage = examination.failed() => Err(damage),
        }
    };
    progress.finish().await;
    result
}

fn cannot(what: &str, error: &io::Error) -> Failure {
    let hint = "end other programs, then run again".to_owned();
    Failure { message: format!("failed to {what}: {error}"), hint: Some(hint), exit: Exit::Failure }
}

fn share(share: f64) -> Fraction {
    Fraction::from_percent(share * 100.0).expect("a resolved definition has shares between 0 and 1")
}

fn conclude(
    mut journal: Journal,
    (campaign, run): (CampaignId, RunId),
    job: &Job<'_>,
    mut outcome: Outcome,
    session: &Session<'_>,
) -> Result<Ended, Failure> {
    let tally = journal.verified_tally(campaign)?;
    // A stream may end before its file does: then there are lines that the journal does not know of yet.
    if matches!(outcome.ending, Ending::Rejections { .. }) {
        journal.set_planned(campaign, Planned::Begun)?;
    }
    if job.args.sample.is_some() && outcome.ending == Ending::Complete && tally[State::Queued] > 0 {
        // The engine saw nobody but the sample.
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
    let next = (tally.unsettled() > 0 || !whole).then_some(job.next.as_str());
    let reason = (outcome.ending != Ending::Complete).then(|| outcome.ending.to_string());
    let end = RunEnd { exit: exit.code(), reason };
    journal.end_run(run, outcome.counters, &end, session.clock.now())?;
    journal.close()?;
    let summary = Summary {
        campaign: job.definition.name.clone(),
        run: Some(run.number()),
        tally,
        requests: outcome.counters.requests,
        throttled: outcome.counters.throttled,
        retried: outcome.counters.retried,
        elapsed: outcome.elapsed,
        asked_rate: pacing::rate(job.definition),
        limited_by: outcome.limited_by,
        exit: Some(exit.code()),
    };
    telling::tell(&summary, &outcome.ending, (next, job.rejected.as_deref()), session.shared).map_err(
        |error| Failure {
            message: format!("failed to write the result: {error}"),
            hint: Some("`campaign status` has it".to_owned()),
            exit: Exit::Failure,
        },
    )?;
    Ok(Ended { exit, summary, ending: outcome.ending })
}
