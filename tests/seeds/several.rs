//! Several campaigns of one journal that reach the same people, from one seed each: run one after another, at once, and killed.
//! After every run, limits and open contacts are held against the simulator's own log.

use std::collections::{BTreeMap, HashMap};
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use campaign::app::send::{Bounds, Run, RunParts, RunSettings};
use campaign::domain::delivery::ending::Ending;
use campaign::domain::delivery::state::State;
use campaign::domain::limits::{Budget, ContactLimits, LimitReached, OverLimit, RecipientLimit};
use campaign::domain::message::request::{Leaf, RequestTemplate};
use campaign::domain::prices::Prices;
use campaign::domain::row::token::TokenSpace;
use campaign::engine::Stop;
use campaign::journal::{Admission, CampaignId, ClaimLimits, Content, FileLine, Identity, Journal, Service};
use campaign::pace::RateLimit;
use campaign::simulator::{Contact, Latency, Simulator, WorldConfig};
use tokio::sync::watch;

use crate::seeds::chance::Chance;
use crate::seeds::clocks::Clocks;
use crate::seeds::players::Stories;
use crate::seeds::shapes::{self, INSTANCE, SLOTS, SOURCE};
use crate::seeds::worlds;

/// Stories of a run without `CAMPAIGN_SEEDS`.
const STORIES: u64 = 60;
const BASE: u64 = 0x5eed_2026_1129;
const DAY: u64 = 24 * 3_600_000;
/// What a message costs.
const PRICE: f64 = 0.01;

/// A campaign of the journal.
struct Mailing {
    name: String,
    id: CampaignId,
    shape: RequestTemplate,
    limits: ClaimLimits,
    contact_life: Option<Duration>,
    lines: Vec<FileLine>,
}

impl Mailing {
    /// How long each of its contacts may be open.
    fn life(&self) -> u64 {
        let asked = self.shape.chat_duration_minutes.map(|minutes| u64::from(minutes) * 60_000);
        let stated = self.contact_life.map(|life| life.as_millis() as u64);
        asked.or(stated).unwrap_or(25 * 3_600_000)
    }

    fn source(&self) -> &str {
        match &self.shape.source {
            Leaf::Fixed(source) => source,
            Leaf::Slot(_) | Leaf::Token => panic!("the senders are fixed"),
        }
    }
}

struct Several {
    folder: tempfile::TempDir,
    simulator: Simulator,
    clocks: Clocks,
    chance: Chance,
    mailings: Vec<Mailing>,
}

/// How a process is run.
struct Process {
    which: usize,
    no_wait: bool,
    dies_after: Option<Duration>,
}

/// What all campaigns of a story keep to: a limit of numbers binds those whose definitions have it.
fn shared_limits(chance: &mut Chance) -> ClaimLimits {
    let windows = [(1, 60), (1, 900), (2, 600), (3, 3_600), (2, 5_400)];
    let limit = |(most, seconds): (u32, u64)| RecipientLimit {
        most: NonZeroU32::new(most).expect("some"),
        within: Duration::from_secs(seconds),
    };
    let limits = ContactLimits {
        per_recipient: (0..chance.pick(&[0, 1, 1, 2])).map(|_| limit(chance.pick(&windows))).collect(),
        ..ContactLimits::default()
    };
    ClaimLimits { limits, one_open: chance.odds(0.8) }
}

fn limits(chance: &mut Chance, ClaimLimits { limits, one_open }: &ClaimLimits) -> ClaimLimits {
    let limits = ContactLimits {
        per_recipient: limits.per_recipient.clone(),
        over: chance.pick(&[OverLimit::Wait, OverLimit::Wait, OverLimit::Suppress]),
        contacts: chance.odds(0.2).then(|| chance.within(2..12)),
        per_day: chance.odds(0.2).then(|| chance.within(2..6)),
        zone: None,
        cost: chance.odds(0.2).then(|| Budget {
            most: chance.within(2..20) as f64 * PRICE,
            prices: Prices::Flat(PRICE),
            takes_real_prices: true,
        }),
    };
    ClaimLimits { limits, one_open: *one_open }
}

/// Rows whose numbers are some of a few people's, now and then one of them twice.
fn lines(chance: &mut Chance, name: &str, people: u64) -> Vec<FileLine> {
    let space = TokenSpace::new(INSTANCE, name);
    let mut lines = Vec::new();
    for person in 0..people {
        for nth in 0..chance.pick(&[0, 1, 1, 1, 2]) {
            let key = format!("{person}-{nth}");
            let content = Content::Recipient {
                client_token: space.token(&key),
                destination: format!("+1202555{:04}", 100 + person),
                slots: vec!["Hi".to_owned(); SLOTS],
                key: key.clone(),
                lane: None,
                sender: None,
                window: Default::default(),
                suppressed: None,
            };
            lines.push(FileLine {
                number: 2 + lines.len() as u64,
                rejected: None,
                cells: vec![key],
                content,
            });
        }
    }
    lines
}

impl Several {
    fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let base = Duration::from_millis(chance.pick(&[1, 40, 300]));
        let world = WorldConfig { seed, latency: Latency { base, jitter: base }, ..WorldConfig::default() };
        let clocks = Clocks::new();
        let simulator = Simulator::new(world, clocks.truth());
        let memory = std::path::Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let mut story =
            Self { folder: folder.expect("a folder"), simulator, clocks, chance, mailings: Vec::new() };
        let (people, shared) = (story.chance.within(3..9), shared_limits(&mut story.chance));
        for nth in 0..story.chance.within(2..5) {
            story.begin_mailing(format!("mailing-{nth}"), people, &shared);
        }
        story
    }

    fn journal(&self) -> Journal {
        Journal::open(&self.folder.path().join("journal.db")).expect("the journal opens")
    }

    fn begin_mailing(&mut self, name: String, people: u64, shared: &ClaimLimits) {
        let chance = &mut self.chance;
        let other = SOURCE.replace("aaaaaaaa", "ffffffff");
        let source = chance.pick(&[SOURCE.to_owned(), SOURCE.to_owned(), other]);
        let asked = chance.odds(0.4).then_some(60);
        let life = chance.millis(1_000..1_800_000);
        let shape = RequestTemplate {
            source: Leaf::Fixed(source),
            chat_duration_minutes: asked,
            ..shapes::shape(chance)
        };
        let contact_life = (asked.is_none() || chance.odds(0.3)).then_some(life);
        let (limits, lines) = (limits(chance, shared), lines(chance, &name, people));
        let identity = Identity {
            name: name.clone(),
            instance_id: INSTANCE.to_owned(),
            key_column: Some("key".to_owned()),
            service: Service::Simulated,
        };
        let mut journal = self.journal();
        let id = journal.campaign(&identity, self.clocks.wall().now()).expect("a campaign");
        self.mailings.push(Mailing { name, id, shape, limits, contact_life, lines });
    }

    fn plan(&self, mailing: &Mailing) {
        let mut journal = self.journal();
        let mut plan = journal.begin_plan(mailing.id, &mailing.shape, &["key".to_owned()]).expect("a plan");
        journal.plan(&mut plan, &mailing.lines).expect("lines");
        journal.finish_plan(plan).expect("a plan ends");
    }

    /// Processes that run at once, until each has ended or died.
    fn run(&self, processes: &[Process]) -> Vec<Option<Ending>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.expect("a runtime");
        let endings = runtime.block_on(async {
            self.clocks.begin();
            let all = processes.iter().map(|process| Box::pin(self.process(process)));
            let endings = futures_util::future::join_all(all).await;
            self.clocks.end();
            endings
        });
        drop(runtime);
        self.check();
        endings
    }

    async fn process(&self, Process { which, no_wait, dies_after }: &Process) -> Option<Ending> {
        let mailing = &self.mailings[*which];
        let mut journal = self.journal();
        journal.set_contact_life(mailing.id, mailing.contact_life).expect("a journal");
        journal.admit(Admission { limits: mailing.limits.clone(), ..Admission::default() });
        let rate = RateLimit { rate: 20.0, burst: NonZeroU32::new(4).expect("some") };
        let settings = RunSettings {
            bounds: Bounds { max_in_flight: NonZeroUsize::new(4), ..Bounds::default() },
            no_wait: *no_wait,
            chance: fastrand::Rng::with_seed(7),
            ..RunSettings::at_pace(&mailing.name, rate)
        };
        let (_sender, stop) = watch::channel(Stop::No);
        let parts = RunParts {
            journal,
            campaign: mailing.id,
            client: worlds::client(&self.simulator, &self.clocks.wall()),
            instances: Vec::new(),
            clock: self.clocks.wall(),
            stop,
        };
        let run = Run::begin(parts, settings).expect("a run begins");
        worlds::until_death(run, *dies_after).await
    }

    /// Some mailings run, at once or alone, each to its end or to its death; then time passes.
    fn chapter(&mut self) {
        let chance = &mut self.chance;
        self.simulator.with(|world| {
            let faults = world.faults_mut().clear();
            worlds::chances(chance, faults);
        });
        let all: Vec<usize> = (0..self.mailings.len()).filter(|_| chance.odds(0.6)).collect();
        let processes: Vec<Process> = all
            .into_iter()
            .map(|which| Process {
                which,
                no_wait: chance.odds(0.5),
                dies_after: chance.odds(0.4).then(|| chance.millis(0..20_000)),
            })
            .collect();
        for process in &processes {
            if self.chance.odds(0.3) {
                self.plan(&self.mailings[process.which]);
            }
        }
        if self.chance.odds(0.5) {
            self.run(&processes);
        } else {
            processes.chunks(1).for_each(|process| drop(self.run(process)));
        }
        let range = self.chance.pick(&[0..1, 1_000..600_000, 600_000..DAY]);
        self.clocks.pass(self.chance.millis(range));
    }

    /// Nothing goes wrong any more: whoever may be contacted is.
    fn finale(&mut self) {
        self.simulator.with(|world| {
            world.faults_mut().clear();
        });
        for which in 0..self.mailings.len() {
            self.plan(&self.mailings[which]);
            for day in 0.. {
                assert!(day < 20, "a day brings some more");
                let ending = self.run(&[Process { which, no_wait: false, dies_after: None }]).remove(0);
                let mailing = &self.mailings[which];
                let limits = &mailing.limits.limits;
                let tally = self.journal().verified_tally(mailing.id).expect("the counts add up");
                match ending.expect("nobody kills it") {
                    Ending::Complete => {
                        assert_eq!(tally[State::Queued] + tally[State::Attempting], 0, "liveness of {which}");
                        break;
                    }
                    Ending::LimitReached(LimitReached::PerDay(most, _)) => {
                        assert_eq!(Some(most), limits.per_day);
                        self.clocks.pass(Duration::from_millis(DAY));
                    }
                    Ending::LimitReached(LimitReached::Contacts(most)) => {
                        assert_eq!(Some(most), limits.contacts);
                        let contacted = tally[State::Started] + tally[State::Uncertain];
                        assert_eq!(contacted, most, "as many as there may be");
                        break;
                    }
                    Ending::LimitReached(LimitReached::Cost(most)) => {
                        assert_eq!(Some(most), limits.cost.as_ref().map(|cost| cost.most));
                        let contacted = (tally[State::Started] + tally[State::Uncertain]) as f64;
                        assert!(contacted * PRICE > most - PRICE - 1e-9, "as many as the budget allows");
                        break;
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    }

    /// Promises 11 and 13, and nobody twice.
    fn check(&self) {
        let mut of: HashMap<String, &Mailing> = HashMap::new();
        for mailing in &self.mailings {
            for line in &mailing.lines {
                if let Content::Recipient { client_token, .. } = &line.content {
                    of.insert(client_token.to_string(), mailing);
                }
            }
        }
        let contacts = self.simulator.contacts();
        let mut by_number: BTreeMap<&str, Vec<(u64, &Mailing)>> = BTreeMap::new();
        let mut by_mailing: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for Contact { client_token, destination, created_at, .. } in &contacts {
            let mailing = of[client_token.as_ref().expect("each has one")];
            by_number.entry(destination).or_default().push((created_at.0, mailing));
            by_mailing.entry(&mailing.name).or_default().push(created_at.0);
        }
        by_number.iter_mut().for_each(|(number, contacts)| check_number(number, contacts));
        for mailing in &self.mailings {
            let at = by_mailing.remove(mailing.name.as_str()).unwrap_or_default();
            check_mailing(mailing, &at);
            self.journal().verified_tally(mailing.id).expect("the counts add up");
        }
    }
}

fn check_number(number: &str, contacts: &mut [(u64, &Mailing)]) {
    contacts.sort_by_key(|(at, _)| *at);
    for (nth, (at, mailing)) in contacts.iter().enumerate() {
        for RecipientLimit { most, within } in &mailing.limits.limits.per_recipient {
            let within = within.as_millis() as u64;
            let inside = contacts[..=nth].iter().filter(|(earlier, _)| earlier + within > *at).count();
            assert!(
                inside <= most.get() as usize,
                "promise 11: {number} has {inside} contacts in {within} ms at {at}, of which {} allows {most}",
                mailing.name
            );
        }
        if !mailing.limits.one_open {
            continue;
        }
        for (earlier, by) in contacts[..nth].iter().filter(|(_, by)| by.source() == mailing.source()) {
            assert!(
                earlier + by.life() <= *at,
                "promise 13: {number} was contacted at {earlier} by {}, and again at {at} by {}",
                by.name,
                mailing.name
            );
        }
    }
}

fn check_mailing(mailing: &Mailing, contacts: &[u64]) {
    let limits = &mailing.limits.limits;
    let count = contacts.len() as u64;
    assert!(limits.contacts.is_none_or(|most| count <= most), "{}: {count} contacts", mailing.name);
    if let Some(Budget { most, .. }) = &limits.cost {
        assert!(
            count as f64 * PRICE <= most + 1e-9,
            "{}: {count} contacts cost more than {most}",
            mailing.name
        );
    }
    let mut days: BTreeMap<u64, u64> = BTreeMap::new();
    contacts.iter().for_each(|at| *days.entry(at / DAY).or_default() += 1);
    if let (Some(most), Some(busiest)) = (limits.per_day, days.values().max()) {
        assert!(*busiest <= most, "{}: {busiest} contacts in a day", mailing.name);
    }
}

#[test]
fn campaigns_with_the_same_people_keep_limits_and_open_contacts_together() {
    let stories = Stories { test: "campaigns_with_the_same_people", base: BASE, by_default: STORIES };
    stories.play(play, |()| ()).none_broke_a_promise();
}

fn play(seed: u64) {
    let mut story = Several::new(seed);
    for mailing in &story.mailings {
        story.plan(mailing);
    }
    for _ in 0..story.chance.within(1..5) {
        story.chapter();
    }
    story.finale();
}
