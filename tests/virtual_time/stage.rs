//! A campaign on a stage: the real journal on disk, the real engine, the real SDK over the simulator's in-process
//! connector, and tokio's virtual time. After a run the simulator's own log and the journal are held against each
//! other, promise by promise.

use std::collections::{BTreeMap, HashMap};
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use campaign::app::error::Error;
use campaign::app::opt_outs::{self, ListSenders, OptOuts};
use campaign::app::routes::SenderInstance;
use campaign::app::send::{Bounds, Run, RunParts, RunSettings};
use campaign::clock::Clock;
use campaign::connect::{Account, Client, Settings};
use campaign::domain::account::opt_outs::OptOutSettings;
use campaign::domain::delivery::gate::{FailureGate, Fraction};
use campaign::domain::delivery::state::State;
use campaign::domain::delivery::tally::Tally;
use campaign::domain::delivery::undelivered::UndeliveredGate;
use campaign::domain::delivery::verdict::TOKEN_SAFE;
use campaign::domain::hours::Hours;
use campaign::domain::hours::schedule::Schedule;
use campaign::domain::message::request::{Leaf, Message, Request, RequestTemplate, SegmentValue};
use campaign::domain::row::token::TokenSpace;
use campaign::domain::senders::{Sender, SenderAccount};
use campaign::domain::unix_millis::UnixMillis;
use campaign::engine::{
    ActiveContacts, Admittance, Observer, Outcome, PlanProgress, RunEvent, Stop, Unobserved,
};
use campaign::journal::{
    Admission, CampaignId, Content, FileLine, Identity, Journal, JournalError, Reader, Record, Selection,
    Service,
};
use campaign::pace::RateLimit;
use campaign::simulator::{Effect, Operation, Simulator, WorldConfig, WorldTime};
use tokio::sync::watch;

use crate::virtual_time::told;

pub(crate) const INSTANCE: &str = "11111111-2222-3333-4444-555555555555";
pub(crate) const FLOW: &str = "99999999-8888-7777-6666-555555555555";
pub(crate) const SOURCE: &str =
    "arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
pub(crate) const CAMPAIGN: &str = "stage";
/// 2026-03-01T09:30:00Z.
pub(crate) const EPOCH: i64 = 1_772_357_400_000;

/// Everything that outlives a run.
pub(crate) struct Stage {
    pub(crate) folder: Arc<tempfile::TempDir>,
    pub(crate) simulator: Simulator,
    pub(crate) clock: Clock,
    pub(crate) campaign: CampaignId,
    /// Who may be claimed.
    pub(crate) admission: Admission,
    /// Worlds of instances that senders have of their own, and how fast their accounts are sent to.
    pub(crate) others: Vec<OtherWorld>,
    runs: u64,
}

/// The world of an instance that senders have of their own.
pub(crate) struct OtherWorld {
    pub(crate) account: SenderAccount,
    pub(crate) simulator: Simulator,
    pub(crate) limit: RateLimit,
    pub(crate) active: Option<ActiveContacts>,
}

/// A row as the journal has it.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) line: Option<u64>,
    pub(crate) state: State,
    pub(crate) attempts: u32,
    pub(crate) client_token: Option<String>,
    pub(crate) contact_id: Option<String>,
    pub(crate) code: Option<String>,
}

/// How a run is made.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) rate: f64,
    pub(crate) burst: u32,
    /// The rate is only the most, and the run finds out what the service takes.
    pub(crate) auto: bool,
    pub(crate) bounds: Bounds,
    /// The numbers that send, where they are several.
    pub(crate) senders: Vec<Sender>,
    pub(crate) hours: Option<Hours>,
    pub(crate) schedule: Schedule,
    pub(crate) no_wait: bool,
    /// The wall clock is not looked at while the run waits: nobody sets it.
    pub(crate) steady_clock: bool,
    pub(crate) most: Option<u64>,
    pub(crate) feed: watch::Receiver<PlanProgress>,
    pub(crate) stop: watch::Receiver<Stop>,
    pub(crate) max_failures: f64,
    pub(crate) max_undelivered: f64,
    /// Whether the run follows a queue of the account's events.
    pub(crate) queue: bool,
    pub(crate) read_timeout: Duration,
    /// How the account's opt-outs are read, if they are.
    pub(crate) opt_outs: Option<OptOutSettings>,
    pub(crate) credentials: SharedCredentialsProvider,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rate: 2.0,
            burst: 5,
            auto: false,
            bounds: in_flight(16),
            senders: Vec::new(),
            hours: None,
            schedule: Schedule::default(),
            no_wait: false,
            steady_clock: false,
            most: None,
            feed: PlanProgress::read_before(),
            stop: watch::channel(Stop::No).1,
            max_failures: 100.0,
            max_undelivered: 100.0,
            queue: false,
            read_timeout: Duration::from_secs(30),
            opt_outs: None,
            credentials: SharedCredentialsProvider::new(Credentials::new(
                "test", "test", None, None, "stage",
            )),
        }
    }
}

impl Options {
    /// Requests without an answer, at most.
    pub(crate) fn in_flight(&self) -> usize {
        self.bounds.max_in_flight.expect("a stated bound").get()
    }

    fn asked(&self) -> RateLimit {
        RateLimit { rate: self.rate, burst: NonZeroU32::new(self.burst).expect("a burst") }
    }
}

/// At most so many requests without an answer.
pub(crate) fn in_flight(most: usize) -> Bounds {
    Bounds { max_in_flight: NonZeroUsize::new(most), ..Bounds::default() }
}

/// The shape of the stage's requests: two attributes and a message that differ from row to row.
pub(crate) fn shape() -> RequestTemplate {
    let fixed = |text: &str| Leaf::Fixed(text.to_owned());
    Request {
        instance_id: INSTANCE.to_owned(),
        sender_instance_id: None,
        contact_flow_id: fixed(FLOW),
        source: fixed(SOURCE),
        segment_attributes: BTreeMap::from([(
            "connect:Subtype".to_owned(),
            SegmentValue::String(fixed("connect:SMS")),
        )]),
        attributes: BTreeMap::from([
            ("first_name".to_owned(), Leaf::Slot(0)),
            ("tier".to_owned(), fixed("gold")),
            ("zone".to_owned(), fixed("north")),
        ]),
        chat_duration_minutes: Some(60),
        display_name: None,
        message: Some(Message::Text { content_type: "text/plain".to_owned(), content: Leaf::Slot(1) }),
        related_contact_id: None,
        supported_content_types: Vec::new(),
    }
}

/// Watches with a function.
pub(crate) struct Seen<'a, F>(pub(crate) &'a mut F);

impl<F: FnMut(&RunEvent)> Observer for Seen<'_, F> {
    fn on_event(&mut self, event: &RunEvent) {
        (self.0)(event);
    }
}

/// The recipient with this number: a fictional number, a name, a message.
pub(crate) fn line(number: u64, recipient: u64) -> FileLine {
    line_of(CAMPAIGN, number, recipient)
}

fn line_of(campaign: &str, number: u64, recipient: u64) -> FileLine {
    let key = format!("C-{recipient}");
    let name = format!("Name {recipient}");
    let destination = format!("+1{:03}55501{:02}", 202 + recipient / 100 % 700, recipient % 100);
    FileLine {
        number,
        rejected: None,
        cells: vec![key.clone(), name.clone(), destination.clone()],
        content: Content::Recipient {
            client_token: TokenSpace::new(INSTANCE, campaign).token(&key),
            slots: vec![name.clone(), format!("Hi {name}, see you.")],
            key,
            destination,
            lane: None,
            sender: None,
            window: Default::default(),
            suppressed: None,
        },
    }
}

impl Stage {
    /// A stage in the given world, at a fixed time of day. Call it inside the runtime.
    pub(crate) fn new(world: WorldConfig) -> Self {
        let folder = Arc::new(tempfile::tempdir().expect("a folder for the journal"));
        let clock = Clock::from_tokio(UnixMillis::from_millis(EPOCH));
        let of_world = clock.clone();
        let simulator = Simulator::new(world, move || {
            WorldTime(u64::try_from(of_world.now().millis()).expect("after 1970"))
        });
        let mut stage = Self {
            folder,
            simulator,
            clock,
            campaign: CampaignId::default(),
            admission: Admission::default(),
            others: Vec::new(),
            runs: 0,
        };
        stage.campaign = stage.journal().campaign(&identity(), stage.clock.now()).expect("a campaign");
        stage
    }

    /// A stage with a planned file of so many recipients.
    pub(crate) fn with_recipients(world: WorldConfig, recipients: u64) -> Self {
        let stage = Self::new(world);
        stage.plan(&(0..recipients).map(|recipient| line(recipient + 2, recipient)).collect::<Vec<_>>());
        stage
    }

    /// Another campaign of the same journal, in the same world, with a planned file of so many recipients.
    pub(crate) fn beside(&self, name: &str, recipients: u64) -> Self {
        let mut stage = Self {
            folder: Arc::clone(&self.folder),
            simulator: self.simulator.clone(),
            clock: self.clock.clone(),
            campaign: self.campaign,
            admission: self.admission.clone(),
            others: Vec::new(),
            runs: 1_000,
        };
        let identity = Identity { name: name.to_owned(), ..identity() };
        stage.campaign = stage.journal().campaign(&identity, stage.clock.now()).expect("a campaign");
        stage.plan(&(0..recipients).map(|n| line_of(name, n + 2, n)).collect::<Vec<_>>());
        stage
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("journal.db")
    }

    pub(crate) fn journal(&self) -> Journal {
        Journal::open(&self.path()).expect("the journal opens")
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::open(&self.path()).expect("the journal opens")
    }

    /// Reads a file of these lines into the journal.
    pub(crate) fn plan(&self, lines: &[FileLine]) {
        let mut journal = self.journal();
        let columns = ["customer_id", "first_name", "phone"].map(str::to_owned);
        let mut plan = journal.begin_plan(self.campaign, &shape(), &columns).expect("a plan begins");
        for batch in lines.chunks(10_000) {
            journal.plan(&mut plan, batch).expect("lines are planned");
        }
        journal.finish_plan(plan).expect("a plan ends");
    }

    /// One run to its end, with its record in the journal.
    pub(crate) async fn run(&mut self, options: &Options) -> Result<Outcome, Error> {
        self.run_watched(options, &mut Unobserved).await
    }

    /// The same, watched.
    pub(crate) async fn run_watched(
        &mut self,
        options: &Options,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, Error> {
        let mut journal = self.journal();
        journal.admit(self.admission.clone());
        let opt_outs = match options.opt_outs {
            Some(settings) => self.opt_outs(settings, &mut journal).await,
            None => None,
        };
        self.runs += 1;
        let settings = RunSettings {
            auto: options.auto,
            bounds: options.bounds.clone(),
            senders: options.senders.clone(),
            account: SenderAccount::of_instance(INSTANCE.to_owned()),
            admittance: Admittance {
                hours: options.hours.clone(),
                schedule: options.schedule,
                windows: false,
            },
            steady_clock: options.steady_clock,
            no_wait: options.no_wait,
            most: options.most.map(|most| NonZeroU64::new(most).expect("some")),
            gate: FailureGate::new(Fraction::from_percent(options.max_failures).expect("a share")),
            undelivered: UndeliveredGate::new(
                Fraction::from_percent(options.max_undelivered).expect("a share"),
            ),
            chance: fastrand::Rng::with_seed(self.runs),
            ..RunSettings::at_pace(CAMPAIGN, options.asked())
        };
        let parts = RunParts {
            journal,
            campaign: self.campaign,
            client: self.client(options),
            instances: self.others.iter().map(|world| self.instance(world, options)).collect(),
            clock: self.clock.clone(),
            stop: options.stop.clone(),
        };
        let mut run = Run::begin(parts, settings)?;
        run.follow(options.feed.clone());
        if let Some(opt_outs) = opt_outs {
            run.keep(opt_outs);
        }
        if options.queue {
            run.follow_deliveries(told::follower(&self.simulator, &self.clock));
        }
        Ok(run.send(observer).await?.outcome)
    }

    async fn opt_outs(&self, settings: OptOutSettings, journal: &mut Journal) -> Option<OptOuts> {
        let http = self.simulator.http_client();
        let account =
            Account::simulated(http, ("test", "test"), "us-west-2", &self.clock).expect("an account");
        let sources = journal.sources(self.campaign).expect("the journal can be read");
        let found = opt_outs::find(
            &account,
            ListSenders { sources: &sources, known: &BTreeMap::new(), owner: "simulated" },
            settings,
            journal,
        )
        .await;
        let lists = found.expect("the lists are found").lists;
        if let Some(lists) = &lists {
            journal.admit_opt_outs(lists.ids());
        }
        lists
    }

    fn instance(&self, world: &OtherWorld, options: &Options) -> SenderInstance {
        SenderInstance {
            account: world.account.clone(),
            client: self.client_of(&world.simulator, options),
            limit: world.limit,
            auto: false,
            active: world.active.clone(),
            shared: None,
        }
    }

    pub(crate) fn client(&self, options: &Options) -> Client {
        self.client_of(&self.simulator, options)
    }

    fn client_of(&self, simulator: &Simulator, options: &Options) -> Client {
        let settings = Settings {
            region: Some("us-west-2".to_owned()),
            profile: None,
            endpoint_url: None,
            ca_bundle: None,
            connect_timeout: Duration::from_secs(5),
            read_timeout: options.read_timeout,
        };
        let http = simulator.http_client();
        Client::simulated_with(http, options.credentials.clone(), &settings, &self.clock)
    }

    pub(crate) fn tally(&self) -> Tally {
        self.reader().verified_tally(self.campaign).expect("the counts add up")
    }

    pub(crate) fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        let reader = self.reader();
        let each = |record: &Record<'_>| {
            rows.push(Row {
                line: record.line,
                state: record.state,
                attempts: record.attempts,
                client_token: record.client_token.map(|token| token.to_string()),
                contact_id: record.contact_id.map(str::to_owned),
                code: record.code.map(str::to_owned),
            });
            Ok::<_, JournalError>(())
        };
        reader
            .snapshot()
            .and_then(|snapshot| snapshot.each_record(self.campaign, &Selection::default(), each))
            .expect("the journal can be read");
        rows
    }

    /// Holds the simulator's log against the journal.
    pub(crate) fn check_promises(&self, options: &Options) {
        let rows = self.rows();
        assert_eq!(self.tally(), Tally::of(rows.iter().map(|row| row.state)), "promise 1");
        assert_eq!(self.simulator.payload_violations(), [], "promise 3: same token, same bytes");
        let mut requests = self.simulator.requests();
        requests.retain(|request| request.operation == Operation::StartOutboundChatContact);
        let attempts: u64 = rows.iter().map(|row| u64::from(row.attempts)).sum();
        assert!(requests.len() as u64 <= attempts, "promise 2: more requests than attempts in the journal");
        self.check_contacts(&rows);
        check_pace(requests.iter().map(|request| request.at.0), options);
    }

    /// Promises 4, 5 and 7: who has a contact, and who is said to have one.
    fn check_contacts(&self, rows: &[Row]) {
        let mut contacts: HashMap<String, Vec<String>> = HashMap::new();
        let others = self.others.iter().flat_map(|world| world.simulator.contacts());
        for contact in self.simulator.contacts().into_iter().chain(others) {
            let token = contact.client_token.expect("every request has a token");
            contacts.entry(token).or_default().push(contact.id.to_string());
        }
        for row in rows {
            let Some(token) = &row.client_token else { continue };
            let started = contacts.remove(token).unwrap_or_default();
            match row.state {
                State::Started => assert_eq!(started, [row.contact_id.clone().expect("its id")]),
                State::Failed | State::Queued => assert!(started.is_empty(), "{row:?} has {started:?}"),
                State::Attempting | State::Uncertain => {
                    assert!(started.len() <= 1, "{row:?}: {started:?}");
                }
                _ => assert!(started.is_empty() && row.attempts == 0, "{row:?} has {started:?}"),
            }
        }
        assert!(contacts.is_empty(), "contacts of nobody in the journal: {contacts:?}");
    }

    /// Effects of the requests: how many started a contact, and how many met one that was there.
    pub(crate) fn effects(&self) -> (usize, usize) {
        let requests = self.simulator.requests();
        let count =
            |wanted: fn(&Effect) -> bool| requests.iter().filter(|request| wanted(&request.effect)).count();
        (
            count(|effect| matches!(effect, Effect::Started(_))),
            count(|effect| matches!(effect, Effect::Replayed(_))),
        )
    }

    /// Lets so much time pass between runs.
    pub(crate) async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// Promise 6, for every window that begins and ends with a request. Times are whole milliseconds, hence the slack.
pub(crate) fn check_pace(at: impl Iterator<Item = u64>, options: &Options) {
    // The excess of a window is a difference of two sums, so the worst window ends where a running maximum is largest.
    let mut worst = f64::MIN;
    let mut least = f64::MAX;
    for (before, at) in at.enumerate() {
        let level = before as f64 - options.rate * at as f64 / 1000.0;
        least = least.min(level);
        worst = worst.max(level + 1.0 - least);
    }
    let allowed = f64::from(options.burst) + options.rate * 0.002 + 1e-3;
    assert!(
        worst <= allowed,
        "promise 6: a window has {worst} requests more than its share, {allowed} are allowed"
    );
}

pub(crate) fn identity() -> Identity {
    Identity {
        name: CAMPAIGN.to_owned(),
        instance_id: INSTANCE.to_owned(),
        key_column: Some("customer_id".to_owned()),
        service: Service::Simulated,
    }
}

/// Longer than any token may be replayed.
pub(crate) fn past_the_token() -> Duration {
    TOKEN_SAFE + Duration::from_secs(60)
}
