//! `campaign simulator`: Amazon Connect's stand-in on loopback, for any client.
//!
//! It is the one place where the simulator meets the wall clock and the process's signals.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::args::faults::FaultArgs;
use crate::cli::args::values;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::session::Session;
use crate::clock::Clock;
use crate::domain::delivery::ending::Exit;
use crate::domain::foreign;
use crate::files;
use crate::simulator::{
    AccountConfig, Credential, EventConfig, EventFeed, Latency, LogDetail, Server, ServerError, Signatures,
    Simulator, Throttle, WorldConfig, WorldTime,
};

const LONG_ABOUT: &str = "\
Amazon Connect's stand-in on loopback: StartOutboundChatContact, StopContact, and what describes, lists and searches \
contacts, instances, flows and numbers. By the scope of a signature it answers for its neighbours too: STS, Service \
Quotas and End User Messaging. It validates requests as the service does, checks \
signatures, honours client tokens for 7 days, and can be told to throttle, fail, hang and cut connections. Nothing \
leaves this machine.

The first line on stdout says where it listens. GET /_simulator/contacts, /_simulator/requests (JSON lines) and \
/_simulator/stats tell what it has seen, and /_simulator/events what the account has told of the contacts: delivery \
events, contact events, CloudTrail's records. Ctrl-C ends it.";

const EXAMPLES: &str = "\
Examples:
  Amazon Connect's default quotas, a flow that disconnects after 4 minutes,
  and 1 % of the answers lost:
    campaign simulator --listen 127.0.0.1:8080 --rate 2 --burst 5 \\
      --active-chats 500 --contact-life 4m --lost-answers 0.01

  A contact started with the AWS CLI:
    export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
    number=arn:aws:connect:us-west-2:123456789012:phone-number/1
    aws connect start-outbound-chat-contact --region us-west-2 \\
      --endpoint-url http://127.0.0.1:8080 \\
      --instance-id 11111111-1111-4111-8111-111111111111 \\
      --contact-flow-id 22222222-2222-4222-8222-222222222222 \\
      --source-endpoint Type=CONNECT_PHONENUMBER_ARN,Address=$number \\
      --destination-endpoint Type=TELEPHONE_NUMBER,Address=+12025550100 \\
      --segment-attributes \\
        '{\"connect:Subtype\": {\"ValueString\": \"connect:SMS\"}}' \\
      --initial-system-message ContentType=text/plain,Content=Hello

  The same with boto3:
    connect = boto3.client(
        'connect', region_name='us-west-2',
        endpoint_url='http://127.0.0.1:8080',
        aws_access_key_id='test', aws_secret_access_key='test')
    connect.start_outbound_chat_contact(
        InstanceId='11111111-1111-4111-8111-111111111111', ...)";

/// Amazon Connect's stand-in on loopback
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_long_help = EXAMPLES)]
pub struct SimulatorArgs {
    /// Loopback address to listen on; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", value_parser = address)]
    pub listen: SocketAddr,
    /// Append every request to this file, as JSON lines
    #[arg(long, value_name = "PATH")]
    pub log: Option<PathBuf>,
    /// Write what the account tells of the contacts into this folder, as `campaign deliveries import` reads it; at the end also
    /// what would come later
    #[arg(long, value_name = "DIR", conflicts_with = "counts_only")]
    pub events: Option<PathBuf>,
    /// Tell it late, twice, out of order, and partly without numbers, which CloudTrail then has
    #[arg(long)]
    pub hard_events: bool,
    /// Remember counts only: for runs of millions; DescribeContact and /_simulator/contacts find nothing
    #[arg(long)]
    pub counts_only: bool,

    #[command(flatten)]
    service: ServiceArgs,
    #[command(flatten)]
    faults: FaultArgs,
    /// Seed that contact ids, latencies and faults follow from
    #[arg(long, value_name = "N", default_value = "0")]
    seed: u64,
}

/// What exists, and within which limits.
#[derive(Debug, Args)]
#[command(next_help_heading = "The service")]
struct ServiceArgs {
    /// Requests per second of StartOutboundChatContact (Amazon Connect: 2) [default: unlimited]
    #[arg(long, value_name = "N", value_parser = positive)]
    rate: Option<f64>,
    /// Requests that may come at once (Amazon Connect: 5) [default: the rate, rounded up]
    #[arg(long, value_name = "N", requires = "rate", value_parser = values::whole::<NonZeroU32>)]
    burst: Option<NonZeroU32>,
    /// Quota of concurrent active chats (Amazon Connect: 500) [default: unlimited]
    #[arg(long, value_name = "N")]
    active_chats: Option<u32>,
    /// Time after which the flow disconnects a contact, such as 4m [default: the request's chat duration, or 25h]
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    contact_life: Option<Duration>,
    /// Time that every answer takes
    #[arg(long, value_name = "TIME", default_value = "0ms", value_parser = values::time)]
    latency: Duration,
    /// Up to this much more, drawn for each answer
    #[arg(long, value_name = "TIME", default_value = "0ms", value_parser = values::time)]
    latency_jitter: Duration,
    /// Instance that exists; repeatable [default: every UUID]
    #[arg(long, value_name = "ID")]
    instance_id: Vec<String>,
    /// Flow that exists; repeatable [default: every UUID]
    #[arg(long, value_name = "ID")]
    contact_flow_id: Vec<String>,
    /// Phone number ARN that exists; repeatable [default: every well-formed one]
    #[arg(long, value_name = "ARN")]
    source: Vec<String>,
    /// The account around the contacts, as TOML: what is not in order there [default: everything is in order]
    #[arg(long, value_name = "PATH")]
    account: Option<PathBuf>,
    /// Access key that is accepted, with a TOKEN for this session token only; repeatable [default: test:test, and the one
    /// of this environment's AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY]
    #[arg(long, value_name = "ID:SECRET[:TOKEN]", value_parser = credential)]
    credentials: Vec<Credential>,
    /// Time after which an access key expires, counted from its first request, as temporary credentials do
    /// [default: never]
    #[arg(long, value_name = "TIME", value_parser = values::time, conflicts_with = "no_verify")]
    credential_life: Option<Duration>,
    /// Do not check signatures
    #[arg(long, conflicts_with = "credentials")]
    no_verify: bool,
}

/// Why the simulator does not run.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorCommandError {
    /// The shares of the faults make more than everything.
    #[error("failed to set the faults: their shares add up to {0}, more than 1")]
    TooManyFaults(f64),
    /// The account cannot be read.
    #[error("failed to read the account {}: {reason}", foreign::path(path))]
    Account {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The server.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// Something of the system's.
    #[error("failed to {what}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What the system says.
        source: io::Error,
    },
}

impl SimulatorCommandError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::TooManyFaults(_) => "lower them: of 100 requests, each can be struck by one fault",
            Self::Account { .. } => "name a TOML file with --account; docs/simulator.md has its keys",
            Self::Server(ServerError::NotLoopback(_)) => {
                "`--listen 127.0.0.1:8080`, or port 0 for a free one"
            }
            Self::Server(ServerError::Listen { .. }) => "`--listen 127.0.0.1:0` finds a free port",
            Self::Server(ServerError::Log { .. }) => "name a file in a folder that is there with --log",
            Self::System { .. } => "try again; nothing was started",
        }
    }
}

impl From<SimulatorCommandError> for Failure {
    fn from(error: SimulatorCommandError) -> Self {
        let exit =
            if matches!(error, SimulatorCommandError::System { .. }) { Exit::Failure } else { Exit::Usage };
        Self::of(&error, Some(error.hint().into()), exit)
    }
}

/// Runs the simulator until SIGINT or SIGTERM.
///
/// # Errors
/// What the user is told.
pub fn run(args: &SimulatorArgs, _session: &Session<'_>) -> Result<Exit, Failure> {
    simulate(args)?;
    Ok(Exit::Done)
}

fn simulate(args: &SimulatorArgs) -> Result<(), SimulatorCommandError> {
    let simulator = Simulator::new(world(args)?, wall_clock());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(system("start the runtime"))?.block_on(serve(args, simulator))
}

async fn serve(args: &SimulatorArgs, simulator: Simulator) -> Result<(), SimulatorCommandError> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(system("listen for SIGINT"))?;
    let mut terminate = signal(SignalKind::terminate()).map_err(system("listen for SIGTERM"))?;
    let mut events = args.events.as_deref().map(EventFile::create).transpose()?;
    let server = Server::bind(args.listen, simulator.clone(), args.log.as_deref()).await?;
    announce(server.address()).map_err(system("write to stdout"))?;
    let told = async {
        loop {
            let Some(events) = &mut events else { return std::future::pending().await };
            tokio::time::sleep(Duration::from_secs(1)).await;
            if let Err(error) = events.write(&simulator, simulator.now()) {
                return error;
            }
        }
    };
    let mut failed = None;
    server
        .run(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                error = told => failed = Some(error),
            }
        })
        .await?;
    if let Some(error) = failed {
        return Err(error);
    }
    if let Some(mut events) = events {
        events.write(&simulator, WorldTime(u64::MAX))?;
    }
    let stats = simulator.stats();
    let (requests, contacts, replays) = (stats.requests, stats.contacts, stats.replays);
    output::note(&format!("{requests} requests, {contacts} contacts started, {replays} tokens met again"));
    Ok(())
}

/// What the account tells, in a file that grows.
struct EventFile {
    file: std::fs::File,
    feed: EventFeed,
}

impl EventFile {
    fn create(folder: &Path) -> Result<Self, SimulatorCommandError> {
        let made = std::fs::create_dir_all(folder).and_then(|()| {
            use std::os::unix::fs::OpenOptionsExt as _;
            files::refuse_output(&folder.join("events.jsonl"))?;
            let mut options = std::fs::OpenOptions::new();
            // Only its owner reads it: it has numbers.
            options.create(true).append(true).mode(0o600).open(folder.join("events.jsonl"))
        });
        Ok(Self { file: made.map_err(system("write the events"))?, feed: EventFeed::default() })
    }

    /// Adds what has come until then.
    fn write(&mut self, simulator: &Simulator, until: WorldTime) -> Result<(), SimulatorCommandError> {
        let told = simulator.with(|world| world.news(&mut self.feed, until));
        let lines: String = told.iter().map(|told| format!("{}\n", told.record)).collect();
        self.file.write_all(lines.as_bytes()).map_err(system("write the events"))
    }
}

fn announce(address: SocketAddr) -> io::Result<()> {
    let mut out = output::stdout();
    writeln!(out, "listening on http://{address}")?;
    out.flush()
}

fn system(what: &'static str) -> impl Fn(io::Error) -> SimulatorCommandError {
    move |source| SimulatorCommandError::System { what, source }
}

fn wall_clock() -> impl Fn() -> WorldTime {
    let clock = Clock::system();
    move || WorldTime(u64::try_from(clock.now().millis()).unwrap_or(0))
}

fn world(args: &SimulatorArgs) -> Result<WorldConfig, SimulatorCommandError> {
    let service = &args.service;
    let throttle = service.rate.map(|rate| {
        let burst = service.burst.or(NonZeroU32::new(rate.ceil() as u32)).unwrap_or(NonZeroU32::MIN);
        Throttle { rate, burst }
    });
    Ok(WorldConfig {
        seed: args.seed,
        instance_ids: service.instance_id.clone(),
        contact_flow_ids: service.contact_flow_id.clone(),
        sources: service.source.clone(),
        throttle,
        active_chats: service.active_chats,
        contact_life: service.contact_life,
        latency: Latency { base: service.latency, jitter: service.latency_jitter },
        faults: args.faults.shares().map_err(SimulatorCommandError::TooManyFaults)?.plan(),
        credentials: credentials(&service.credentials),
        credential_life: service.credential_life,
        account: service.account.as_deref().map_or_else(|| Ok(AccountConfig::default()), account)?,
        signatures: if service.no_verify { Signatures::Ignored } else { Signatures::Verified },
        events: if args.hard_events { EventConfig::HARD } else { EventConfig::default() },
        log: if args.counts_only { LogDetail::Counts } else { LogDetail::Full },
        ..WorldConfig::default()
    })
}

fn account(path: &Path) -> Result<AccountConfig, SimulatorCommandError> {
    let failed = |reason: String| SimulatorCommandError::Account { path: path.to_owned(), reason };
    let text = files::read_regular_to_string(path).map_err(|error| failed(error.to_string()))?;
    AccountConfig::parse(&text).map_err(|reason| failed(reason.trim_end().to_owned()))
}

/// The given access keys, or `test:test` and the environment's.
fn credentials(given: &[Credential]) -> Vec<Credential> {
    if !given.is_empty() {
        return given.to_vec();
    }
    let id = std::env::var("AWS_ACCESS_KEY_ID").ok();
    let secret = std::env::var("AWS_SECRET_ACCESS_KEY").ok();
    let from_environment = id.zip(secret).map(|(id, secret)| Credential::new(id, secret));
    [Credential::new("test", "test")].into_iter().chain(from_environment).collect()
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "an address and a port, such as 127.0.0.1:8080".to_owned())
}

fn positive(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    let usable = number.is_finite() && number > 0.0;
    usable.then_some(number).ok_or_else(|| "must be more than 0".to_owned())
}

fn credential(text: &str) -> Result<Credential, String> {
    let (id, rest) = text.split_once(':').ok_or_else(|| "must be ID:SECRET or ID:SECRET:TOKEN".to_owned())?;
    Ok(match rest.split_once(':') {
        Some((secret, token)) => Credential::new(id, secret).with_session_token(token),
        None => Credential::new(id, rest),
    })
}
