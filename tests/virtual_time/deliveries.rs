//! What becomes of contacts, told by a world that knows the truth: every event that can be joined is, none wrongly.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use campaign::domain::delivery::state::State;
use campaign::domain::events::{AccountEvent, parse};
use campaign::domain::phone::E164;
use campaign::journal::{CampaignId, DeliveryCounts, MessageRecord};
use campaign::simulator::{EventConfig, Fault, WorldConfig, WorldTime};
use serde_json::{Value, json};

use crate::virtual_time::stage::{EPOCH, Options, SOURCE, Stage, in_flight};

/// The number of the simulator's sources.
const SENDER: &str = "+12025550199";

/// Longer than any event takes.
const ALL: WorldTime = WorldTime(u64::MAX);

fn read(records: &[Value]) -> Vec<AccountEvent> {
    let mut events = Vec::new();
    for record in records {
        let parsed = parse(record.to_string().as_bytes());
        assert!(parsed.bad.is_empty(), "{record}: {:?}", parsed.bad);
        events.extend(parsed.events);
    }
    events
}

/// What other tools of the account send: to the same numbers from another sender at the same time, from this sender at other
/// times, and to other people.
fn noise(stage: &Stage) -> Vec<Value> {
    let mut told = Vec::new();
    let mut tell = |id: String, from: &str, to: &str, at: u64| {
        told.push(json!({
            "eventType": "TEXT_DELIVERED", "eventTimestamp": at + 900, "isFinal": true, "messageId": id,
            "originationPhoneNumber": from, "destinationPhoneNumber": to, "messageRequestTimestamp": at,
            "messageStatus": "DELIVERED", "totalMessageParts": 9, "totalMessagePrice": 9.0,
        }));
    };
    for (at, contact) in stage.simulator.contacts().iter().enumerate() {
        let (to, began) = (&contact.destination, contact.created_at.0);
        match at % 4 {
            0 => tell(format!("other-sender-{at}"), "+12025550198", to, began + 400),
            1 => tell(format!("before-{at}"), SENDER, to, began - 7_200_000),
            2 => tell(format!("after-{at}"), SENDER, to, began + 86_400_000),
            _ => tell(format!("other-person-{at}"), SENDER, &format!("+4479460{at:05}"), began + 400),
        }
    }
    told
}

/// Message by message: which contact it is of, and its last word.
fn truth(stage: &Stage) -> BTreeMap<String, (String, String)> {
    let contacts = stage.simulator.contacts();
    stage.simulator.with(|world| {
        let texts = contacts.iter().flat_map(|contact| {
            let texts = world.texts(contact);
            texts.into_iter().map(|text| (text, contact.id.to_string()))
        });
        texts.map(|(text, contact)| (text.message_id, (contact, text.status.to_owned()))).collect()
    })
}

fn joined(stage: &Stage, campaign: CampaignId) -> BTreeMap<String, (String, String)> {
    let reader = stage.reader();
    let mut found = BTreeMap::new();
    let each = |message: &MessageRecord<'_>| {
        let facts = (message.contact_id.unwrap().to_owned(), message.status.unwrap_or_default().to_owned());
        found.insert(message.message_id.to_owned(), facts);
    };
    reader.snapshot().unwrap().each_message(campaign, each).unwrap();
    found
}

fn deliveries(stage: &Stage) -> DeliveryCounts {
    stage.reader().deliveries(stage.campaign).unwrap()
}

/// Takes the records in, in groups of a random size and order, some of them twice; a process is killed between groups.
fn import(stage: &Stage, mut records: Vec<Value>, chance: &mut fastrand::Rng) {
    chance.shuffle(&mut records);
    let mut journal = stage.journal();
    journal.note_source_number(SOURCE, &E164::parse(SENDER).unwrap()).unwrap();
    drop(journal);
    let mut rest = &records[..];
    let most = 400.max(records.len() / 20);
    while !rest.is_empty() {
        let group = chance.usize(1..most).min(rest.len());
        let mut journal = stage.journal();
        let mut intake = journal.intake().unwrap();
        intake.take(&read(&rest[..group])).unwrap();
        if chance.u8(..8) == 0 {
            intake.take(&read(&rest[..group])).unwrap();
            intake.join_again().unwrap();
        }
        rest = &rest[group..];
    }
    stage.journal().intake().unwrap().join_again().unwrap();
}

fn world(seed: u64) -> WorldConfig {
    let mut world = WorldConfig {
        seed,
        events: EventConfig::HARD,
        contact_life: Some(Duration::from_secs(600)),
        ..WorldConfig::default()
    };
    world
        .faults
        .chance(Fault::LostAnswer, 0.05)
        .chance(Fault::InternalAfter, 0.05)
        .chance(Fault::Throttling, 0.05);
    world
}

fn fast() -> Options {
    Options { rate: 50.0, burst: 20, bounds: in_flight(64), ..Options::default() }
}

/// All that is told, and the noise of other tools: in parts of the time in which it comes, parts and what is in them in
/// any order.
fn import_all(stage: &Stage, from: WorldTime, chance: &mut fastrand::Rng) {
    let contacts = stage.simulator.contacts();
    let last = contacts.last().unwrap().created_at;
    // What is told of 15,000 contacts takes half a gigabyte.
    let parts = u32::try_from(contacts.len() / 15_000).unwrap().max(1);
    let part = last.since(from) / parts + Duration::from_secs(1);
    let mut bounds: Vec<WorldTime> = (0..=parts).map(|nth| from + part * nth).collect();
    bounds.extend([last + Duration::from_secs(7 * 3_600), ALL]);
    let mut parts: Vec<(WorldTime, WorldTime)> = bounds.windows(2).map(|pair| (pair[0], pair[1])).collect();
    chance.shuffle(&mut parts);
    import(stage, noise(stage), chance);
    for (after, until) in parts {
        let told = stage.simulator.with(|world| world.events(after, until));
        import(stage, told.into_iter().map(|told| told.record).collect(), chance);
    }
}

/// `CAMPAIGN_CONTACTS` sets how many rows the first campaign has.
#[tokio::test(start_paused = true)]
async fn every_event_that_can_be_joined_is_and_none_wrongly() {
    let rows = std::env::var("CAMPAIGN_CONTACTS").map_or(1_500, |rows| rows.parse().expect("a number"));
    let mut stage = Stage::with_recipients(world(7), rows);
    let from = stage.simulator.now();
    stage.run(&fast()).await.unwrap();
    // The same people in another campaign a while later, from the same number.
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    let mut second = stage.beside("second", 700);
    second.run(&fast()).await.unwrap();
    let states = || (stage.rows().len(), stage.tally(), second.tally());
    let before = states();
    let truth = truth(&stage);
    let mut chance = fastrand::Rng::with_seed(7);
    import_all(&stage, from, &mut chance);
    let mut all = joined(&stage, stage.campaign);
    all.extend(joined(&second, second.campaign));
    assert_eq!(all.len(), truth.len(), "every message has its row");
    assert_eq!(all, truth, "and its own");
    assert!(truth.len() as u64 > rows + 800, "some contacts have a second message: {}", truth.len());
    assert_eq!(states(), before, "no row has moved");
    for stage in [&stage, &second] {
        let counts = deliveries(stage);
        let told = counts.delivered + counts.undelivered + counts.pending + counts.unknown + counts.waiting;
        assert_eq!(told, stage.tally()[State::Started]);
        assert_eq!(
            (counts.waiting, counts.pending, counts.unmatched),
            (0, 0, rows + 700),
            "noise stays noise"
        );
        assert!(counts.undelivered > 20 && counts.unknown > 5, "{counts:?}");
    }
    // Once more, in another order: the same.
    let counts = (deliveries(&stage), deliveries(&second));
    import_all(&stage, from, &mut chance);
    assert_eq!((deliveries(&stage), deliveries(&second)), counts);
}

/// Without CloudTrail, messages whose events have no number stay without a row; the others are joined all the same.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_known_is_counted_as_such() {
    let events = EventConfig { nameless: 0.25, ..EventConfig::default() };
    let mut stage = Stage::with_recipients(WorldConfig { events, ..world(11) }, 400);
    stage.run(&fast()).await.unwrap();
    let truth = truth(&stage);
    let at = |millis: i64| WorldTime(u64::try_from(EPOCH + millis).unwrap());
    // At first only what has come within a minute.
    let soon = stage.simulator.with(|world| world.events(WorldTime(0), at(60_000)));
    import(&stage, soon.into_iter().map(|told| told.record).collect(), &mut fastrand::Rng::with_seed(1));
    let early = deliveries(&stage);
    assert!(early.pending > 0 && early.delivered > 0, "{early:?}");
    let told = stage.simulator.with(|world| world.events(WorldTime(0), ALL));
    import(&stage, told.into_iter().map(|told| told.record).collect(), &mut fastrand::Rng::with_seed(2));
    let found = joined(&stage, stage.campaign);
    let counts = deliveries(&stage);
    assert_eq!(found.len() as u64 + counts.unmatched, truth.len() as u64);
    assert_eq!(counts.waiting, counts.unmatched);
    assert!((60..140).contains(&counts.unmatched), "a quarter of 400: {counts:?}");
    assert!(found.iter().all(|(id, facts)| truth.get(id) == Some(facts)));
    let told: BTreeSet<&String> = found.keys().collect();
    assert_eq!(told.len(), found.len());
}
