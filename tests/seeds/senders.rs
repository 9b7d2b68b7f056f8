//! Campaigns with several senders of different rates, caps and countries, from one seed each: runs that fail, are killed
//! and go on, another file for the same people, another sender. What each sender did is worked out from the simulator's
//! log alone.

use std::collections::{BTreeMap, HashMap};
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use campaign::app::send::{Bounds, Run, RunParts, RunSettings};
use campaign::domain::delivery::ending::Ending;
use campaign::domain::message::request::{Leaf, Message, Request, RequestTemplate};
use campaign::domain::phone::Region;
use campaign::domain::row::token::TokenSpace;
use campaign::domain::senders::{DailyCap, HaltRule, PartRate, Sender, assign};
use campaign::engine::Stop;
use campaign::journal::{CampaignId, Content, FileLine, Identity, Journal, Service};
use campaign::pace::RateLimit;
use campaign::simulator::{Latency, Simulator, WorldConfig};
use jiff::tz::TimeZone;
use tokio::sync::watch;

use crate::seeds::chance::Chance;
use crate::seeds::clocks::Clocks;
use crate::seeds::players::Stories;
use crate::seeds::shapes::{self, INSTANCE};
use crate::seeds::worlds;

/// Stories of a run without `CAMPAIGN_SEEDS`.
const STORIES: u64 = 40;
const BASE: u64 = 0x5eed_2026_5e4d;
const HOUR: u64 = 3_600_000;
/// What the account takes: far more than its senders.
const ACCOUNT: f64 = 400.0;
/// The most parts that a message has, which a run takes the last one of an earlier run to have had.
const MOST_PARTS: u32 = 10;

fn source(n: u64) -> String {
    format!("arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-cccc-dddd-{n:012}")
}

fn sender(chance: &mut Chance, n: u64) -> Sender {
    let region = |code| Region::parse(code).expect("a country");
    let rate = chance.pick(&[Some(0.5), Some(1.0), Some(3.0), Some(10.0), Some(40.0), None]);
    let burst = chance.odds(0.3).then(|| NonZeroU32::new(chance.within(1..9) as u32).expect("some"));
    let zone = TimeZone::get("Etc/GMT+8").expect("a zone");
    let cap = chance.odds(0.25).then(|| DailyCap { most: chance.within(8..30), zone });
    Sender {
        name: format!("sender-{n}"),
        source: source(n),
        rate: rate.map(|rate| PartRate::of(rate, burst)),
        per_day: cap,
        countries: match chance.index(5) {
            0 => vec![region("US")],
            1 => vec![region("CA")],
            2 => vec![region("CA"), region("US")],
            _ => Vec::new(),
        },
        weight: chance.pick(&[0.2, 1.0, 1.0, 3.0]),
        on_halt: if chance.odds(0.3) { HaltRule::Reassign } else { HaltRule::Wait },
        account: None,
    }
}

/// A person: a number in the United States or Canada.
fn number(person: u64) -> (String, &'static str) {
    let (area, country) =
        [(202, "US"), (604, "CA"), (305, "US"), (416, "CA"), (212, "US")][(person % 5) as usize];
    (format!("+1{area}555{:04}", 100 + person / 5), country)
}

/// What the judge knows of who may send to a country.
fn serves(senders: &[Sender], sender: &Sender, country: &str) -> bool {
    let names = |sender: &Sender| sender.countries.iter().any(|named| named.to_string() == country);
    if senders.iter().any(names) { names(sender) } else { sender.countries.is_empty() }
}

/// The parts of a text of plain letters.
fn parts(text: &str) -> u32 {
    if text.len() <= 160 { 1 } else { text.len().div_ceil(153) as u32 }
}

struct Mailing {
    name: String,
    id: CampaignId,
    senders: Vec<Sender>,
    lines: Vec<FileLine>,
}

struct Story {
    folder: tempfile::TempDir,
    simulator: Simulator,
    clocks: Clocks,
    chance: Chance,
    /// The source that the service does not know, in some stories.
    gone: Option<String>,
}

/// A message that a sender started, as the simulator saw it.
struct Sent {
    at: u64,
    parts: u32,
}

fn shape() -> RequestTemplate {
    let plain = shapes::shape(&mut Chance::new(1));
    let content = Leaf::Slot(0);
    let message = Some(Message::Text { content_type: "text/plain".to_owned(), content });
    Request {
        message,
        source: Leaf::Slot(1),
        attributes: BTreeMap::new(),
        display_name: None,
        related_contact_id: None,
        ..plain
    }
}

impl Story {
    fn new(mut chance: Chance, seed: u64, known: &[Sender], gone: bool) -> Self {
        let gone = (gone && known.len() > 1).then(|| known[0].source.clone());
        let sources = match &gone {
            Some(gone) => (0..9).map(source).filter(|source| source != gone).collect(),
            None => Vec::new(),
        };
        let base = Duration::from_millis(chance.pick(&[1, 40, 300]));
        let latency = Latency { base, jitter: base };
        let world = WorldConfig { seed, latency, sources, ..WorldConfig::default() };
        let clocks = Clocks::new();
        let simulator = Simulator::new(world, clocks.truth());
        let memory = std::path::Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        Self { folder: folder.expect("a folder"), simulator, clocks, chance, gone }
    }

    fn journal(&self) -> Journal {
        Journal::open(&self.folder.path().join("journal.db")).expect("the journal opens")
    }

    /// A campaign to these people, whose senders are as the definition has them.
    fn mailing(&mut self, name: &str, senders: &[Sender], people: u64) -> Mailing {
        let space = TokenSpace::new(INSTANCE, name);
        let identity = Identity {
            name: name.to_owned(),
            instance_id: INSTANCE.to_owned(),
            key_column: Some("key".to_owned()),
            service: Service::Simulated,
        };
        let id = self.journal().campaign(&identity, self.clocks.wall().now()).expect("a campaign");
        let mut lines = Vec::new();
        for person in 0..people {
            let (destination, country) = number(person);
            let of = self.chance.within(1..8) as usize;
            let text = "x".repeat(if of == 1 { 100 } else { 153 * (of - 1) + 50 });
            let Some(at) = assign(senders, &destination, Region::parse(country), |_| true) else { continue };
            let key = person.to_string();
            let content = Content::Recipient {
                client_token: space.token(&key),
                destination,
                slots: vec![text, senders[at].source.clone()],
                key: key.clone(),
                lane: None,
                sender: Some(at),
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
        let mailing = Mailing { name: name.to_owned(), id, senders: senders.to_vec(), lines };
        self.plan(&mailing);
        mailing
    }

    fn plan(&self, mailing: &Mailing) {
        let mut journal = self.journal();
        let plan = journal.begin_plan(mailing.id, &shape(), &["key".to_owned()]).expect("a plan");
        let mut plan = journal.plan_senders(plan, &mailing.senders).expect("senders");
        journal.plan(&mut plan, &mailing.lines).expect("lines");
        journal.finish_plan(plan).expect("a plan ends");
    }

    /// One run, to its end or its death.
    fn run(&self, mailing: &Mailing, no_wait: bool, dies_after: Option<Duration>) -> Option<Ending> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.expect("a runtime");
        let ending = runtime.block_on(async {
            self.clocks.begin();
            let ending = self.process(mailing, no_wait, dies_after).await;
            self.clocks.end();
            ending
        });
        drop(runtime);
        self.journal().verified_tally(mailing.id).expect("the counts add up");
        ending
    }

    async fn process(
        &self,
        mailing: &Mailing,
        no_wait: bool,
        dies_after: Option<Duration>,
    ) -> Option<Ending> {
        let limit = RateLimit { rate: ACCOUNT, burst: NonZeroU32::new(40).expect("some") };
        let settings = RunSettings {
            bounds: Bounds { max_in_flight: NonZeroUsize::new(256), ..Bounds::default() },
            senders: mailing.senders.clone(),
            // Nobody sets the clock, and days of waiting cost nothing.
            steady_clock: true,
            no_wait,
            chance: fastrand::Rng::with_seed(7),
            ..RunSettings::at_pace(&mailing.name, limit)
        };
        let (_sender, stop) = watch::channel(Stop::No);
        let (client, clock) = (worlds::client(&self.simulator, &self.clocks.wall()), self.clocks.wall());
        let parts = RunParts {
            journal: self.journal(),
            campaign: mailing.id,
            client,
            instances: Vec::new(),
            clock,
            stop,
        };
        let run = Run::begin(parts, settings).expect("a run begins");
        worlds::until_death(run, dies_after).await
    }

    /// Runs in which things go wrong, and that are killed.
    fn chapters(&mut self, mailing: &Mailing) {
        for _ in 0..self.chance.within(0..4) {
            let chance = &mut self.chance;
            self.simulator.with(|world| worlds::chances(chance, world.faults_mut().clear()));
            let no_wait = chance.odds(0.7);
            let dies_after = (!no_wait || chance.odds(0.6)).then(|| chance.millis(0..40_000));
            if chance.odds(0.3) {
                self.plan(mailing);
            }
            self.run(mailing, no_wait, dies_after);
            let range = self.chance.pick(&[0..1, 100..5_000, HOUR..9 * HOUR]);
            self.clocks.pass(self.chance.millis(range));
        }
    }

    /// Nothing goes wrong any more: everybody who has a sender is sent to, and no sender waits for another.
    fn finale(&mut self, mailing: &Mailing) {
        self.simulator.with(|world| {
            world.faults_mut().clear();
        });
        self.clocks.pass(Duration::from_millis(2 * HOUR));
        let before = self.simulator.requests().len();
        let begun = self.clocks.now() as u64;
        let ending = self.run(mailing, false, None).expect("nobody kills it");
        let tally = self.journal().verified_tally(mailing.id).expect("the counts add up");
        match ending {
            Ending::Complete => assert_eq!(tally.unsettled(), 0, "liveness"),
            Ending::SendersHalted(halted) => {
                let gone = mailing.senders.iter().filter(|sender| Some(&sender.source) == self.gone.as_ref());
                let names: Vec<&str> = gone.map(|sender| sender.name.as_str()).collect();
                assert!(halted.iter().all(|halted| names.contains(&halted.name.as_str())), "{halted:?}");
            }
            other => panic!("{other:?}"),
        }
        self.judge_starvation(mailing, before, begun);
        self.judge_rates(mailing);
    }

    /// What left, by source, from the request with this number on.
    fn sent(&self, since: usize) -> BTreeMap<String, Vec<Sent>> {
        let mut of: HashMap<String, (String, u32)> = HashMap::new();
        for contact in self.simulator.contacts() {
            let body: serde_json::Value = serde_json::from_slice(&contact.body).expect("JSON");
            let text = parts(body["InitialSystemMessage"]["Content"].as_str().expect("a text"));
            let source = body["SourceEndpoint"]["Address"].as_str().expect("a source").to_owned();
            of.insert(contact.client_token.expect("a token"), (source, text));
        }
        let mut all: BTreeMap<String, Vec<Sent>> = BTreeMap::new();
        for request in self.simulator.requests().iter().skip(since) {
            let known = request.client_token.as_ref().and_then(|token| of.get(token));
            if let Some((source, parts)) = known {
                all.entry(source.clone()).or_default().push(Sent { at: request.at.0, parts: *parts });
            }
        }
        all
    }

    /// In any window a sender's parts are within burst and rate, and in any day its messages within its cap.
    fn judge_rates(&self, mailing: &Mailing) {
        let sent = self.sent(0);
        for sender in &mailing.senders {
            let messages = sent.get(&sender.source).map_or(&[][..], Vec::as_slice);
            if let Some(rate) = sender.rate {
                let allowed = f64::from(rate.burst.get().max(MOST_PARTS)) + rate.per_second * 0.002 + 1e-3;
                let (mut before, mut least) = (0.0, f64::MAX);
                for Sent { at, parts } in messages {
                    let level = before - rate.per_second * *at as f64 / 1_000.0;
                    least = f64::min(least, level);
                    before += f64::from(*parts);
                    let window = level + f64::from(*parts) - least;
                    assert!(
                        window <= allowed,
                        "promise 6: {} sent {window} parts above its rate, {allowed} are allowed",
                        sender.name
                    );
                }
            }
            if let Some(cap) = &sender.per_day {
                let mut days: BTreeMap<u64, u64> = BTreeMap::new();
                for contact in self.simulator.contacts() {
                    let body: serde_json::Value = serde_json::from_slice(&contact.body).expect("JSON");
                    if body["SourceEndpoint"]["Address"] == sender.source {
                        *days.entry((contact.created_at.0 - 8 * HOUR) / (24 * HOUR)).or_default() += 1;
                    }
                }
                let busiest = days.values().copied().max().unwrap_or(0);
                assert!(
                    busiest <= cap.most,
                    "{} sent {busiest} messages on a day, of {}",
                    sender.name,
                    cap.most
                );
            }
        }
    }

    /// A sender without a cap is done when its own rate lets it be, whatever keeps the others.
    fn judge_starvation(&self, mailing: &Mailing, since: usize, begun: u64) {
        let sent = self.sent(since);
        for sender in mailing.senders.iter().filter(|sender| sender.per_day.is_none()) {
            let Some(messages) = sent.get(&sender.source) else { continue };
            let parts: u32 = messages.iter().map(|message| message.parts).sum();
            let own = sender.rate.map_or(0.0, |rate| f64::from(parts + MOST_PARTS) / rate.per_second);
            let took = (messages[messages.len() - 1].at - begun) as f64 / 1_000.0;
            let possible = own * 1.01 + 4.0;
            assert!(
                took <= possible,
                "{} took {took} s for {parts} parts, {possible} s are enough",
                sender.name
            );
        }
    }

    /// The source of each person's contact, by mailing.
    fn who(&self, mailing: &Mailing) -> BTreeMap<String, String> {
        let tokens: HashMap<String, ()> = mailing
            .lines
            .iter()
            .filter_map(|line| match &line.content {
                Content::Recipient { client_token, .. } => Some((client_token.to_string(), ())),
                _ => None,
            })
            .collect();
        let mut who = BTreeMap::new();
        for contact in self.simulator.contacts() {
            if tokens.contains_key(contact.client_token.as_deref().expect("a token")) {
                let body: serde_json::Value = serde_json::from_slice(&contact.body).expect("JSON");
                let source = body["SourceEndpoint"]["Address"].as_str().expect("a source").to_owned();
                let earlier = who.insert(contact.destination.clone(), source);
                assert_eq!(earlier, None, "promise 7: {} has two contacts", contact.destination);
            }
        }
        who
    }
}

fn play(seed: u64) {
    let mut chance = Chance::new(seed);
    let count = chance.within(2..6);
    let senders: Vec<Sender> = (0..count).map(|n| sender(&mut chance, n)).collect();
    let (people, gone) = (chance.within(20..90), chance.odds(0.25));
    let mut story = Story::new(chance, seed, &senders, gone);
    let first = story.mailing("spring", &senders, people);
    story.chapters(&first);
    story.finale(&first);
    let contacted = story.who(&first);
    // Another file, in another order of senders, with one that is new; in some stories one is not there any more.
    let mut later = senders.clone();
    later.push(sender(&mut story.chance, count));
    story.chance.shuffle(&mut later);
    if story.chance.odds(0.3) {
        later.pop();
    }
    let second = story.mailing("autumn", &later, people + 5);
    story.chapters(&second);
    story.finale(&second);
    for (number, source) in story.who(&second) {
        let country = if number.starts_with("+1604") || number.starts_with("+1416") { "CA" } else { "US" };
        let before =
            contacted.get(&number).and_then(|before| later.iter().find(|sender| sender.source == *before));
        let stays =
            before.filter(|sender| sender.on_halt == HaltRule::Wait && serves(&later, sender, country));
        if let Some(sender) = stays {
            assert_eq!(source, sender.source, "{number} had {}", sender.name);
        }
    }
}

/// Two journals that know nothing of each other, the second with one more sender: who moves, moves to that one.
fn one_more(seed: u64) {
    let mut chance = Chance::new(seed);
    let mut senders: Vec<Sender> = (0..chance.within(1..6)).map(|n| sender(&mut chance, n)).collect();
    let people = chance.within(20..90);
    let mut sources = Vec::new();
    for more in [false, true] {
        if more {
            senders.push(sender(&mut Chance::new(seed ^ 1), 8));
        }
        let mut story = Story::new(Chance::new(seed), seed, &senders, false);
        let mailing = story.mailing("spring", &senders, people);
        assert_eq!(story.run(&mailing, false, None), Some(Ending::Complete));
        sources.push(story.who(&mailing));
    }
    let (new, fewer) = (source(8), &sources[0]);
    for (number, now) in &sources[1] {
        let same = fewer.get(number).is_none_or(|before| before == now || *now == new);
        assert!(same, "{number} had {:?} and has {now}", fewer.get(number));
    }
}

#[test]
fn senders_keep_their_rates_days_and_people_and_wait_for_no_other() {
    let stories = Stories { test: "senders_keep_their_rates", base: BASE, by_default: STORIES };
    stories.play(play, |()| ()).none_broke_a_promise();
}

#[test]
fn one_more_sender_takes_its_share_and_moves_nobody_else() {
    let stories = Stories { test: "one_more_sender", base: BASE, by_default: STORIES };
    stories.play(one_more, |()| ()).none_broke_a_promise();
}
