//! Several senders in one campaign, as the simulator's own log has them: each at its rate in message parts, none over it in any
//! window, none in the way of another.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use campaign::app::error::Error;
use campaign::domain::delivery::control::{Control, NewSenderPace};
use campaign::domain::delivery::ending::Ending;
use campaign::domain::delivery::state::State;
use campaign::domain::message::request::Leaf;
use campaign::domain::senders::{DailyCap, HaltRule, PartRate, Sender};
use campaign::engine::{Outcome, RunEvent};
use campaign::journal::{Content, FileLine, Reader};
use campaign::simulator::{Effect, Outcome as Answer, Throttle, WorldConfig};
use jiff::tz::TimeZone;
use proptest::prelude::*;

use crate::virtual_time::stage::{Options, Seen, Stage, in_flight, line, shape};
use crate::virtual_time::steering::Person;

/// The sender with this number, as fast as its carrier takes.
pub(crate) fn sender(n: usize, per_second: f64) -> Sender {
    Sender {
        name: format!("sender-{n}"),
        source: format!(
            "arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-cccc-dddd-{n:012}"
        ),
        rate: Some(PartRate::of(per_second, None)),
        per_day: None,
        countries: Vec::new(),
        weight: 1.0,
        on_halt: HaltRule::Wait,
        account: None,
    }
}

/// The recipient with this number, sent to by this sender a text of so many parts.
pub(crate) fn row(recipient: u64, senders: &[Sender], of: usize, parts: usize) -> FileLine {
    let mut line = line(recipient + 2, recipient);
    if let Content::Recipient { slots, sender, .. } = &mut line.content {
        slots[1] = if parts == 1 { "x".repeat(100) } else { "x".repeat(153 * (parts - 1) + 50) };
        slots.push(senders[of].source.clone());
        *sender = Some(of);
    }
    line
}

pub(crate) fn plan(stage: &Stage, senders: &[Sender], lines: &[FileLine]) {
    let mut journal = stage.journal();
    let mut shape = shape();
    shape.source = Leaf::Slot(2);
    if senders.iter().any(|sender| sender.account.is_some()) {
        // In the order of a sender's texts.
        shape.contact_flow_id = Leaf::Slot(2);
        shape.sender_instance_id = Some(Leaf::Slot(3));
        shape.source = Leaf::Slot(4);
    }
    let columns = ["customer_id", "first_name", "phone"].map(str::to_owned);
    let plan = journal.begin_plan(stage.campaign, &shape, &columns).expect("a plan begins");
    let mut plan = journal.plan_senders(plan, senders).expect("the senders are known");
    for batch in lines.chunks(10_000) {
        journal.plan(&mut plan, batch).expect("lines are planned");
    }
    journal.finish_plan(plan).expect("a plan ends");
}

pub(crate) fn options(rate: f64, burst: u32, senders: &[Sender]) -> Options {
    Options { rate, burst, bounds: in_flight(512), senders: senders.to_vec(), ..Options::default() }
}

/// Of each sender, when its requests left in milliseconds, with their parts.
pub(crate) fn requests(stage: &Stage) -> BTreeMap<String, Vec<(u64, u32)>> {
    let mut sources: BTreeMap<String, (String, u32)> = BTreeMap::new();
    for contact in stage.simulator.contacts() {
        let body: serde_json::Value = serde_json::from_slice(&contact.body).expect("JSON");
        let text = body["InitialSystemMessage"]["Content"].as_str().expect("a text").len();
        let parts = if text <= 160 { 1 } else { text.div_ceil(153) };
        let source = body["SourceEndpoint"]["Address"].as_str().expect("a source").to_owned();
        sources.insert(contact.client_token.expect("a token"), (source, u32::try_from(parts).expect("few")));
    }
    let mut all: BTreeMap<String, Vec<(u64, u32)>> = BTreeMap::new();
    for request in stage.simulator.requests() {
        let token = request.client_token.expect("a token");
        if let Some((source, parts)) = sources.get(&token) {
            all.entry(source.clone()).or_default().push((request.at.0, *parts));
        }
    }
    all
}

/// No window of a sender has more parts than its burst, or its longest message, and its rate allow.
pub(crate) fn check_bound(sender: &Sender, sent: &[(u64, u32)]) {
    let rate = sender.rate.expect("a rate");
    let longest = sent.iter().map(|message| message.1).max().unwrap_or(0);
    let allowed = f64::from(rate.burst.get().max(longest)) + rate.per_second * 0.002 + 1e-3;
    let (mut before, mut least, mut worst) = (0.0, f64::MAX, f64::MIN);
    for (at, parts) in sent {
        let level = before - rate.per_second * *at as f64 / 1000.0;
        least = f64::min(least, level);
        before += f64::from(*parts);
        worst = f64::max(worst, level + f64::from(*parts) - least);
    }
    assert!(worst <= allowed, "{}: {worst} parts in a window, {allowed} are allowed", sender.name);
}

/// What a sender reached of its rate from its first request to its last, in which it always had rows: the last message,
/// and what it had at hand in the beginning, say nothing.
pub(crate) fn reached(sender: &Sender, sent: &[(u64, u32)]) -> f64 {
    let rate = sender.rate.expect("a rate");
    let parts: u32 = sent.iter().map(|message| message.1).sum();
    let took = (sent[sent.len() - 1].0 - sent[0].0) as f64 / 1000.0;
    let at_hand = f64::from(rate.burst.get().max(sent[sent.len() - 1].1));
    (f64::from(parts) - at_hand) / took / rate.per_second
}

async fn run(stage: &mut Stage, options: &Options) -> Result<Outcome, Error> {
    stage.run(options).await
}

/// A sender for whom the account has room sends as fast as it may, whatever the others do.
async fn each_at_its_rate(rates: &[f64], seed: u64) {
    let mut chance = fastrand::Rng::with_seed(seed);
    let senders: Vec<Sender> = rates.iter().enumerate().map(|(n, rate)| sender(n, *rate)).collect();
    let mut stage = Stage::new(WorldConfig::default());
    let mut lines = Vec::new();
    for (of, rate) in rates.iter().enumerate() {
        // Some forty seconds of each, in one piece: no order of the file brings one to a stand.
        let mut parts = 0.0;
        while parts < rate * 40.0 || parts < 20.0 {
            let own = chance.usize(1..=7);
            lines.push(row(lines.len() as u64, &senders, of, own));
            parts += own as f64;
        }
    }
    plan(&stage, &senders, &lines);
    let options = options(rates.iter().sum::<f64>().mul_add(1.5, 20.0), 20, &senders);
    let outcome = run(&mut stage, &options).await.expect("a run");
    assert_eq!((outcome.ending, stage.tally()[State::Started]), (Ending::Complete, lines.len() as u64));
    let sent = requests(&stage);
    for sender in &senders {
        let sent = &sent[&sender.source];
        check_bound(sender, sent);
        let reached = reached(sender, sent);
        assert!(reached >= 0.99, "{} of {rates:?}: {reached}", sender.rate.expect("a rate").per_second);
    }
    stage.check_promises(&options);
}

#[tokio::test(start_paused = true)]
async fn each_sender_reaches_its_rate_and_none_exceeds_it() {
    each_at_its_rate(&[3.0], 1).await;
    each_at_its_rate(&[0.5, 100.0, 3.0, 10.0], 2).await;
}

#[tokio::test(start_paused = true)]
async fn fifty_senders_reach_their_rates() {
    let rates: Vec<f64> = (0..50).map(|n| [0.5, 1.0, 3.0, 10.0, 7.5][n % 5]).collect();
    each_at_its_rate(&rates, 3).await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]

    #[test]
    fn any_senders_reach_their_rates(
        rates in prop::collection::vec((0.5_f64..100.0).prop_map(|rate| (rate * 10.0).round() / 10.0), 1..6),
        seed in any::<u64>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.expect("a runtime").block_on(each_at_its_rate(&rates, seed));
    }
}

/// A person slows one sender down, lets it go faster, and takes that back: in a run, between two, and over the next one.
#[tokio::test(start_paused = true)]
async fn a_person_paces_one_sender_and_no_other() {
    let senders = [sender(0, 4.0), sender(1, 4.0)];
    let mut stage = Stage::new(WorldConfig::default());
    let lines: Vec<FileLine> = (0..800).map(|n| row(n, &senders, (n % 2) as usize, 1)).collect();
    plan(&stage, &senders, &lines);
    let base = options(40.0, 5, &senders);
    let pace = |rate| Control::SenderPace(NewSenderPace { name: "sender-0".to_owned(), rate });
    let person = Person::of(&stage);
    // Before a run begins, and what is taken back is not done.
    person.ask(pace(Some(30.0)));
    person.ask(pace(Some(1.0)));
    let first = Options { most: Some(230), ..base.clone() };
    let wishes = [(10.0, pace(Some(8.0))), (20.0, pace(None)), (24.0, pace(Some(0.5)))];
    let (outcome, ()) = tokio::join!(stage.run(&first), person.ask_all(&wishes));
    assert_eq!(outcome.expect("a run").ending, Ending::Limit);
    let begun = requests(&stage)[&senders[0].source][0].0;
    let (sent, other) =
        (requests(&stage)[&senders[0].source].clone(), requests(&stage)[&senders[1].source].clone());
    let between = |sent: &[(u64, u32)], from: f64, to: f64| {
        let window = begun + (from * 1000.0) as u64..begun + (to * 1000.0) as u64;
        sent.iter().filter(|(at, _)| window.contains(at)).count()
    };
    assert_eq!(
        [between(&sent, 1.0, 9.0), between(&sent, 11.0, 19.0), between(&sent, 21.0, 23.5)],
        [8, 64, 10]
    );
    assert!(between(&sent, 25.0, 27.0) <= 1, "{sent:?}");
    assert!((31..=33).contains(&between(&other, 11.0, 19.0)), "nobody has paced this one");
    // The next run begins with it.
    stage.pass(Duration::from_secs(60)).await;
    let before = stage.simulator.requests().len();
    run(&mut stage, &Options { most: Some(40), ..base.clone() }).await.expect("a run");
    let sent: Vec<(u64, u32)> = requests(&stage)[&senders[0].source].clone();
    let since = stage.simulator.requests()[before].at.0;
    let late = sent.iter().filter(|(at, _)| *at >= since).count();
    assert!((4..=6).contains(&late), "{late} at 0.5/s, beside 35 of the other at 4/s");
    let asks = stage.reader().asks(stage.campaign, 9).expect("asks");
    assert!(asks.iter().all(|ask| ask.taken.is_some()), "{asks:?}");
    let figures = stage.reader().sender_figures(stage.campaign).expect("figures");
    let asked = |at: usize| figures[at].beat.as_ref().and_then(|beat| beat.asked);
    assert_eq!((asked(0), asked(1)), (Some(0.5), Some(4.0)));
    person.ask(pace(None));
    run(&mut stage, &base).await.expect("a run");
    assert_eq!(stage.tally()[State::Started], 800);
    let fastest = Sender { rate: Some(PartRate::of(8.0, None)), ..senders[0].clone() };
    check_bound(&fastest, &requests(&stage)[&senders[0].source]);
}

/// What the journal tells of each sender is what the simulator saw of it: rows, messages, parts, speed, and the day.
#[tokio::test(start_paused = true)]
async fn what_is_told_of_a_sender_is_what_the_service_saw() {
    let cap = DailyCap { most: 40, zone: TimeZone::get("America/Los_Angeles").expect("a zone") };
    let senders = [
        Sender { per_day: Some(cap), ..sender(0, 2.0) },
        sender(1, 10.0),
        Sender { rate: None, ..sender(2, 1.0) },
        sender(3, 5.0),
    ];
    let world = WorldConfig {
        sources: senders[..3].iter().map(|sender| sender.source.clone()).collect(),
        ..WorldConfig::default()
    };
    let mut stage = Stage::new(world);
    let lines: Vec<FileLine> =
        (0..400).map(|n| row(n, &senders, (n % 4) as usize, 1 + (n % 3) as usize)).collect();
    plan(&stage, &senders, &lines);
    let options = Options { no_wait: true, ..options(40.0, 5, &senders) };
    run(&mut stage, &options).await.expect("a run");
    let figures = stage.reader().sender_figures(stage.campaign).expect("figures");
    let sent = requests(&stage);
    let names: Vec<&str> = figures.iter().map(|figures| figures.name.as_str()).collect();
    assert_eq!(names, ["sender-0", "sender-1", "sender-2", "sender-3"]);
    for (sender, figures) in senders[..3].iter().zip(&figures) {
        let (beat, sent) = (figures.beat.as_ref().expect("a beat"), &sent[&sender.source]);
        let parts: u64 = sent.iter().map(|message| u64::from(message.1)).sum();
        assert_eq!((beat.messages, beat.parts), (sent.len() as u64, parts), "{}", sender.name);
        assert_eq!((figures.tally.rows(), figures.tally[State::Started]), (100, sent.len() as u64));
        assert_eq!(beat.asked, sender.rate.map(|rate| rate.per_second));
        if let Some(rate) = sender.rate {
            let reached = beat.reached.expect("a speed") / rate.per_second;
            assert!((0.97..1.03).contains(&reached), "{}: {reached}", sender.name);
        }
        assert_eq!(beat.halted, None);
    }
    let day = figures[0].beat.as_ref().and_then(|beat| beat.day).expect("a day");
    assert_eq!((day.most, day.sent, sent[&senders[0].source].len()), (40, 40, 40));
    assert!(
        day.is_full(stage.clock.now()) && figures[1].beat.as_ref().is_some_and(|beat| beat.day.is_none())
    );
    let halted = figures[3].halted().expect("a halt");
    assert!(halted.contains("ResourceNotFoundException"), "{halted}");
    assert_eq!(figures[3].tally[State::Queued], 100);
}

/// The account is the bottleneck: everything takes as long as the account needs, or the slowest sender.
#[tokio::test(start_paused = true)]
async fn a_slow_sender_and_a_scarce_account_end_together() {
    // Rows, parts of each, and rates; 4 requests a second over all.
    for (of_rows, rates, least) in [
        // 900 requests take 225 s, and no sender needs longer.
        (&[300_u64, 600][..], &[3.0, 10.0][..], 224.0),
        // The slow one needs 300 s, in which all others fit.
        (&[300, 500, 200], &[1.0, 20.0, 2.0], 299.0),
    ] {
        let senders: Vec<Sender> = rates.iter().enumerate().map(|(n, rate)| sender(n, *rate)).collect();
        let mut stage = Stage::new(WorldConfig::default());
        let mut lines = Vec::new();
        for (of, rows) in of_rows.iter().enumerate() {
            lines
                .extend((0..*rows).map(|n| row(lines.len() as u64 + n, &senders, of, 1)).collect::<Vec<_>>());
        }
        plan(&stage, &senders, &lines);
        let options = options(4.0, 5, &senders);
        let outcome = run(&mut stage, &options).await.expect("a run");
        let took = outcome.elapsed.as_secs_f64();
        assert!(took <= least * 1.01, "{rates:?}: {took} s, {least} s are possible");
        let sent = requests(&stage);
        senders.iter().for_each(|sender| check_bound(sender, &sent[&sender.source]));
        stage.check_promises(&options);
    }
}

/// Over the end of one run and the start of the next.
#[tokio::test(start_paused = true)]
async fn no_restart_gives_a_sender_its_burst_again() {
    let senders =
        [Sender { rate: Some(PartRate::of(2.0, NonZeroU32::new(8))), ..sender(0, 2.0) }, sender(1, 50.0)];
    let mut stage = Stage::new(WorldConfig::default());
    let lines: Vec<FileLine> =
        (0..120).map(|n| row(n, &senders, (n % 2) as usize, 1 + (n % 3) as usize)).collect();
    plan(&stage, &senders, &lines);
    let base = options(100.0, 20, &senders);
    for _ in 0..8 {
        let options = Options { most: Some(12), ..base.clone() };
        run(&mut stage, &options).await.expect("a run");
        stage.pass(Duration::from_millis(700)).await;
    }
    run(&mut stage, &base).await.expect("a run");
    assert_eq!(stage.tally()[State::Started], 120);
    let sent = requests(&stage);
    for sender in &senders {
        // What left last in a run is taken to have been of ten parts.
        check_bound(sender, &sent[&sender.source]);
    }
}

/// A retry costs what the first request did.
#[tokio::test(start_paused = true)]
async fn retries_cost_parts_too() {
    let senders = [sender(0, 5.0), sender(1, 20.0)];
    let throttle = Some(Throttle { rate: 4.0, burst: NonZeroU32::MIN });
    let world = WorldConfig { throttle, ..WorldConfig::default() };
    let mut stage = Stage::new(world);
    let lines: Vec<FileLine> = (0..200).map(|n| row(n, &senders, (n % 2) as usize, 2)).collect();
    plan(&stage, &senders, &lines);
    let options = options(30.0, 10, &senders);
    run(&mut stage, &options).await.expect("a run");
    assert_eq!(stage.tally()[State::Started], 200);
    let refused = stage.simulator.requests().len() - 200;
    assert!(refused > 3, "{refused} were throttled");
    let sent = requests(&stage);
    senders.iter().for_each(|sender| check_bound(sender, &sent[&sender.source]));
    stage.check_promises(&options);
}

/// A day's cap holds over runs and days, counts what may have been sent, and holds up nobody else.
#[tokio::test(start_paused = true)]
async fn no_day_of_a_sender_has_more_messages_than_its_cap_and_the_run_waits_for_the_next() {
    let zone = TimeZone::get("America/Los_Angeles").expect("a zone");
    let cap = DailyCap { most: 20, zone };
    let senders = [Sender { per_day: Some(cap.clone()), ..sender(0, 10.0) }, sender(1, 10.0)];
    let mut stage = Stage::new(WorldConfig::default());
    let lines: Vec<FileLine> = (0..110).map(|n| row(n, &senders, usize::from(n % 2 == 1), 1)).collect();
    plan(&stage, &senders, &lines);
    let waits = Options { no_wait: true, ..options(20.0, 5, &senders) };
    let first = Options { most: Some(15), ..waits.clone() };
    run(&mut stage, &first).await.expect("a run");
    let outcome = run(&mut stage, &waits).await.expect("a run");
    assert!(
        matches!(&outcome.ending, Ending::SenderDay { name, .. } if name == "sender-0"),
        "{:?}",
        outcome.ending
    );
    assert_eq!(
        (stage.tally()[State::Started], stage.tally()[State::Queued]),
        (75, 35),
        "all of the other one"
    );
    let options = options(20.0, 5, &senders);
    let outcome = run(&mut stage, &options).await.expect("a run");
    assert_eq!((outcome.ending, stage.tally()[State::Started]), (Ending::Complete, 110));
    let mut days: BTreeMap<u64, u32> = BTreeMap::new();
    for (at, _) in &requests(&stage)[&senders[0].source] {
        // Midnight in Los Angeles is 08:00 UTC in these days.
        *days.entry((at / 1000 - 8 * 3600) / 86_400).or_default() += 1;
    }
    assert_eq!(days.values().copied().collect::<Vec<_>>(), [20, 20, 15], "day by day");
    stage.check_promises(&options);
}

/// A number that is gone halts its own sender.
async fn one_is_gone(rule: HaltRule) -> (Stage, Outcome, [Sender; 3]) {
    let senders = [
        Sender { on_halt: rule, ..sender(0, 10.0) },
        sender(1, 10.0),
        Sender {
            countries: vec![campaign::domain::phone::Region::parse("FR").expect("a country")],
            ..sender(2, 10.0)
        },
    ];
    let world = WorldConfig {
        sources: senders[1..].iter().map(|sender| sender.source.clone()).collect(),
        ..WorldConfig::default()
    };
    let mut stage = Stage::new(world);
    let lines: Vec<FileLine> = (0..60).map(|n| row(n, &senders, (n % 2) as usize, 1)).collect();
    plan(&stage, &senders, &lines);
    let options = options(20.0, 5, &senders);
    let outcome = run(&mut stage, &options).await.expect("a run");
    stage.check_promises(&options);
    (stage, outcome, senders)
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_is_refused_halts_alone_and_its_rows_wait() {
    let (stage, outcome, _) = one_is_gone(HaltRule::Wait).await;
    assert!(
        matches!(&outcome.ending, Ending::SendersHalted(halted) if halted.len() == 1 && halted[0].name == "sender-0"),
        "{:?}",
        outcome.ending
    );
    assert_eq!((stage.tally()[State::Started], stage.tally()[State::Queued]), (30, 30));
}

#[tokio::test(start_paused = true)]
async fn rows_of_a_sender_that_is_refused_go_to_others_but_for_those_that_were_attempted() {
    let (stage, outcome, senders) = one_is_gone(HaltRule::Reassign).await;
    assert!(matches!(&outcome.ending, Ending::SendersHalted(_)), "{:?}", outcome.ending);
    let refused = stage.simulator.requests();
    let refused =
        refused.iter().filter(|request| matches!(request.outcome, Answer::Refused(_))).count() as u64;
    assert!((1..15).contains(&refused), "{refused}");
    assert_eq!((stage.tally()[State::Started], stage.tally()[State::Queued]), (60 - refused, refused));
    let sent = requests(&stage);
    assert_eq!(sent.keys().collect::<Vec<_>>(), [&senders[1].source], "nobody of this country has the third");
    assert!(
        stage
            .rows()
            .iter()
            .all(|row| (row.state == State::Queued) == (row.attempts > 0 && row.contact_id.is_none()))
    );
    let started = stage.simulator.requests();
    assert_eq!(
        started.iter().filter(|request| matches!(request.effect, Effect::Started(_))).count() as u64,
        60 - refused
    );
}

/// All are refused: that is the instance, the flow or the account, and the campaign halts.
#[tokio::test(start_paused = true)]
async fn where_every_sender_is_refused_the_campaign_halts() {
    let senders = [sender(0, 10.0), sender(1, 10.0)];
    let gone = "arn:aws:connect:us-west-2:123456789012:phone-number/ffffffff-bbbb-cccc-dddd-000000000000";
    let mut stage = Stage::new(WorldConfig { sources: vec![gone.to_owned()], ..WorldConfig::default() });
    let lines: Vec<FileLine> = (0..60).map(|n| row(n, &senders, (n % 2) as usize, 1)).collect();
    plan(&stage, &senders, &lines);
    let outcome = run(&mut stage, &options(20.0, 5, &senders)).await.expect("a run");
    assert!(matches!(outcome.ending, Ending::Refused(_)), "{:?}", outcome.ending);
    assert_eq!(stage.tally()[State::Queued], 60);
}

/// The flow or the instance is gone: no sender can do anything about that, and none asks a second time.
#[tokio::test(start_paused = true)]
async fn where_the_flow_or_the_instance_is_gone_the_campaign_halts_at_once() {
    let other = || vec!["11111111-8888-4777-8666-000000000000".to_owned()];
    for world in [
        WorldConfig { contact_flow_ids: other(), ..WorldConfig::default() },
        WorldConfig { instance_ids: other(), ..WorldConfig::default() },
    ] {
        let senders: Vec<Sender> = (0..5).map(|n| sender(n, 1.0)).collect();
        let mut stage = Stage::new(world);
        let lines: Vec<FileLine> = (0..60).map(|n| row(n, &senders, (n % 5) as usize, 1)).collect();
        plan(&stage, &senders, &lines);
        let outcome = run(&mut stage, &options(1.0, 1, &senders)).await.expect("a run");
        assert!(matches!(outcome.ending, Ending::Refused(_)), "{:?}", outcome.ending);
        assert_eq!((stage.simulator.requests().len(), stage.tally()[State::Queued]), (1, 60));
    }
}

/// None of them has a rate of its own: what the account allows is not one sender's, and then the next one's.
#[tokio::test(start_paused = true)]
async fn senders_without_a_rate_get_on_alike() {
    let rows = [600_u64, 300, 100];
    let senders = [0, 1, 2].map(|n| Sender { rate: None, ..sender(n, 1.0) });
    let mut stage = Stage::new(WorldConfig::default());
    let of = |n| if n < rows[0] { 0 } else { 1 + usize::from(n >= rows[0] + rows[1]) };
    let lines: Vec<FileLine> = (0..rows.iter().sum()).map(|n| row(n, &senders, of(n), 1)).collect();
    plan(&stage, &senders, &lines);
    // How many rows were claimed ahead: what was requested by then, and what the journal says.
    let mut ahead = 0;
    let (path, campaign) = (stage.path(), stage.campaign);
    let mut watch = |event: &RunEvent| {
        if let RunEvent::Heartbeat(heartbeat) = event {
            let tally = Reader::open(&path).and_then(|reader| reader.tally(campaign)).expect("a tally");
            ahead = ahead.max(tally[State::Attempting]);
            assert!(heartbeat.now.started <= 1_000);
        }
    };
    let outcome = stage.run_watched(&options(50.0, 1, &senders), &mut Seen(&mut watch)).await.expect("a run");
    assert_eq!(outcome.ending, Ending::Complete);
    assert!((25..=60).contains(&ahead), "{ahead} claimed ahead: a second of the account's pace is 50");
    let mut all: Vec<(u64, usize)> = Vec::new();
    for (source, sent) in requests(&stage) {
        let of = senders.iter().position(|sender| sender.source == source).expect("a sender");
        all.extend(sent.iter().map(|(at, _)| (*at, of)));
    }
    all.sort_unstable();
    let mut sent = [0_u64; 3];
    for (n, (_, of)) in (1_u64..).zip(all) {
        sent[of] += 1;
        for (sent, rows) in sent.iter().zip(rows) {
            let share = n as f64 * rows as f64 / 1_000.0;
            assert!((*sent as f64 - share).abs() <= 3.0, "of the first {n}: {sent} instead of {share}");
        }
    }
}
