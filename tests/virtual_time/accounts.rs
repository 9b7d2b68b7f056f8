//! Senders with instances and accounts of their own: each account at its pace, none in the way of another, and everybody
//! with one contact, whatever becomes of one of them. Each instance is a world of its own.

use std::num::NonZeroU32;
use std::time::Duration;

use campaign::domain::delivery::control::{Control, NewAccountPace, NewPace, NewRate};
use campaign::domain::delivery::ending::Ending;
use campaign::domain::delivery::state::State;
use campaign::domain::message::request::Leaf;
use campaign::domain::row::token::TokenSpace;
use campaign::domain::senders::{HaltRule, Sender, SenderAccount};
use campaign::engine::{ActiveContacts, RunEvent};
use campaign::journal::{Content, FileLine, IfOpen};
use campaign::pace::RateLimit;
use campaign::simulator::{Effect, Fault, FaultPlan, Phase, Simulator, WorldConfig, WorldTime};

use crate::virtual_time::senders::sender;
use crate::virtual_time::stage::{
    CAMPAIGN, EPOCH, FLOW, INSTANCE, Options, OtherWorld, Seen, Stage, check_pace, in_flight, line, shape,
};
use crate::virtual_time::steering::Person;

const MINUTE: Duration = Duration::from_secs(60);

/// The account with this number; the first is that of the campaign.
fn account(n: usize) -> SenderAccount {
    if n == 0 {
        return SenderAccount {
            contact_flow_id: FLOW.to_owned(),
            ..SenderAccount::of_instance(INSTANCE.to_owned())
        };
    }
    SenderAccount {
        contact_flow_id: FLOW.replace("99999999", &format!("{n:08}")),
        region: Some("eu-west-2".to_owned()),
        account: Some(format!("{n:012}")),
        profile: Some(format!("account-{n}")),
        rate: Some(1.0),
        ..SenderAccount::of_instance(INSTANCE.replace("11111111", &format!("{n:08}")))
    }
}

/// A sender of each account, as fast as its account.
fn one_each(accounts: usize) -> Vec<Sender> {
    (0..accounts).map(|n| Sender { rate: None, account: Some(account(n)), ..sender(n, 1.0) }).collect()
}

fn row(recipient: u64, senders: &[Sender], of: usize) -> FileLine {
    let mut line = line(recipient + 2, recipient);
    if let Content::Recipient { slots, sender, key, client_token, .. } = &mut line.content {
        slots.extend(senders[of].texts().map(str::to_owned));
        *client_token = senders[of].tokens(CAMPAIGN).expect("an instance of its own").token(key);
        *sender = Some(of);
    }
    line
}

fn plan(stage: &Stage, senders: &[Sender], lines: &[FileLine]) {
    let mut journal = stage.journal();
    let mut shape = shape();
    shape.contact_flow_id = Leaf::Slot(2);
    shape.sender_instance_id = Some(Leaf::Slot(3));
    shape.source = Leaf::Slot(4);
    let columns = ["customer_id", "first_name", "phone"].map(str::to_owned);
    let plan = journal.begin_plan(stage.campaign, &shape, &columns).expect("a plan begins");
    let mut plan = journal.plan_senders(plan, senders).expect("the senders are known");
    for batch in lines.chunks(10_000) {
        journal.plan(&mut plan, batch).expect("lines are planned");
    }
    journal.finish_plan(plan).expect("a plan ends");
}

fn world(n: usize, config: WorldConfig) -> WorldConfig {
    let SenderAccount { instance_id, contact_flow_id, .. } = account(n);
    let seed = n as u64;
    WorldConfig { instance_ids: vec![instance_id], contact_flow_ids: vec![contact_flow_id], seed, ..config }
}

/// A stage whose accounts are worlds like these, at these paces.
fn stage(paces: &[(f64, u32)], mut config: impl FnMut(usize) -> WorldConfig) -> Stage {
    let mut stage = Stage::new(world(0, config(0)));
    for (n, (rate, burst)) in paces.iter().enumerate().skip(1) {
        let clock = stage.clock.clone();
        let now = move || WorldTime(u64::try_from(clock.now().millis()).expect("after 1970"));
        stage.others.push(OtherWorld {
            account: account(n),
            simulator: Simulator::new(world(n, config(n)), now),
            limit: RateLimit { rate: *rate, burst: NonZeroU32::new(*burst).expect("a burst") },
            active: None,
        });
    }
    stage
}

fn simulator(stage: &Stage, n: usize) -> &Simulator {
    n.checked_sub(1).map_or(&stage.simulator, |other| &stage.others[other].simulator)
}

fn options((rate, burst): (f64, u32), senders: &[Sender]) -> Options {
    Options { rate, burst, bounds: in_flight(512), senders: senders.to_vec(), ..Options::default() }
}

/// Everybody has one contact, in the instance of their sender, by a token of that instance.
fn check_everybody(stage: &Stage, accounts: usize, rows: u64) {
    assert_eq!(stage.tally()[State::Started], rows);
    let mut contacts = 0;
    for n in 0..accounts {
        let tokens = TokenSpace::new(&account(n).instance_id, CAMPAIGN);
        for contact in simulator(stage, n).contacts() {
            let body: serde_json::Value = serde_json::from_slice(&contact.body).expect("JSON");
            let key = body["Attributes"]["first_name"].as_str().expect("a name").replace("Name ", "C-");
            assert_eq!(contact.client_token, Some(tokens.token(&key).to_string()), "{n}");
            contacts += 1;
        }
        assert_eq!(simulator(stage, n).payload_violations(), []);
    }
    assert_eq!(contacts, rows);
    let findings = stage.reader().look_over(&stage.path()).expect("the journal can be read").findings;
    assert!(findings.is_empty(), "{findings:?}");
}

/// One that has much to send at a slow pace sends on after the others: it tells the end, and not the sum of all paces.
#[tokio::test(start_paused = true)]
async fn the_end_that_a_run_tells_is_that_of_the_account_that_takes_longest() {
    for [slow, fast] in [[300, 500], [30, 3_000]] {
        let senders = one_each(2);
        let mut stage = stage(&[(0.5, 1), (5.0, 1)], |_| WorldConfig::default());
        let lines: Vec<FileLine> =
            (0..slow + fast).map(|n| row(n, &senders, usize::from(n >= slow))).collect();
        plan(&stage, &senders, &lines);
        let mut told = Vec::new();
        let mut watch = |event: &RunEvent| {
            if let RunEvent::Heartbeat(heartbeat) = event {
                let ahead = heartbeat.ahead.expect("several accounts");
                told.push((heartbeat.now.at, ahead.ends_at.expect("it has an end")));
                assert_eq!((ahead.closed_rows, ahead.opens_at), (0, None));
            }
        };
        let own = options((0.5, 1), &senders);
        let outcome = stage.run_watched(&own, &mut Seen(&mut watch)).await.expect("a run");
        assert_eq!(outcome.ending, Ending::Complete);
        let requests = (0..2).flat_map(|n| simulator(&stage, n).requests());
        let last = requests.map(|request| request.at.0).max().expect("requests");
        assert!(told.len() > 50, "{}", told.len());
        for (at, end) in told {
            let off = end.millis().abs_diff(i64::try_from(last).expect("a time"));
            // Three permits of the slow one.
            assert!(off <= 6_000, "{slow} and {fast}, at {at}: {end} was told, {off} ms off");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_account_reaches_its_pace_and_none_exceeds_it() {
    for accounts in [2, 10] {
        let paces: Vec<(f64, u32)> =
            (0..accounts).map(|n| (0.5 + 3.0 * n as f64, 1 + n as u32 % 4)).collect();
        let senders = one_each(accounts);
        let mut stage = stage(&paces, |_| WorldConfig::default());
        // Some two minutes of each, the slowest in front.
        let mut lines = Vec::new();
        for (of, (rate, _)) in paces.iter().enumerate() {
            for _ in 0..(rate * 120.0) as u64 {
                lines.push(row(lines.len() as u64, &senders, of));
            }
        }
        plan(&stage, &senders, &lines);
        let own = options(paces[0], &senders);
        let outcome = stage.run(&own).await.expect("a run");
        assert_eq!(outcome.ending, Ending::Complete);
        for (n, (rate, burst)) in paces.iter().enumerate() {
            let at: Vec<u64> = simulator(&stage, n).requests().iter().map(|request| request.at.0).collect();
            check_pace(at.iter().copied(), &Options { rate: *rate, burst: *burst, ..own.clone() });
            let took = (at[at.len() - 1] - at[0]) as f64 / 1_000.0;
            let reached = (at.len() - *burst as usize) as f64 / took / rate;
            assert!(reached >= 0.99, "account {n} of {accounts}: {reached} of {rate}/s");
        }
        stage.check_promises(&own);
        check_everybody(&stage, accounts, lines.len() as u64);
        assert!(outcome.elapsed < Duration::from_secs(125), "{:?}", outcome.elapsed);
    }
}

/// A person slows one account down, lets it go faster, and takes that back: no other goes faster or slower, whether it states
/// its pace or not, and the next run knows nothing of it.
#[tokio::test(start_paused = true)]
async fn a_person_paces_one_account_and_no_other() {
    let senders = one_each(3);
    let mut stage = stage(&[(4.0, 1); 3], |_| WorldConfig::default());
    let lines: Vec<FileLine> = (0..900).map(|n| row(n, &senders, (n % 3) as usize)).collect();
    plan(&stage, &senders, &lines);
    let pace = |of: usize, rate, burst| {
        let name = format!("sender-{of}");
        Control::AccountPace(NewAccountPace { name, pace: NewPace { rate, burst: NonZeroU32::new(burst) } })
    };
    let person = Person::of(&stage);
    let wishes = [
        (10.0, pace(1, NewRate::PerSecond(1.0), 0)),
        (20.0, pace(0, NewRate::PerSecond(8.0), 2)),
        (30.0, pace(1, NewRate::Default, 0)),
        (30.5, pace(0, NewRate::PerSecond(2.0), 0)),
    ];
    let own = options((4.0, 1), &senders);
    let first = Options { most: Some(500), ..own.clone() };
    let mut told = Vec::new();
    let mut watch = |event: &RunEvent| {
        if let RunEvent::Repaced { rate, burst } = event {
            told.push((*rate, *burst));
        }
    };
    let mut seen = Seen(&mut watch);
    let (outcome, ()) = tokio::join!(stage.run_watched(&first, &mut seen), person.ask_all(&wishes));
    assert_eq!(outcome.expect("a run").ending, Ending::Limit);
    // What all accounts are asked for together.
    assert_eq!(told, [(Some(9.0), 3), (Some(13.0), 4), (Some(16.0), 4), (Some(10.0), 4)]);
    let left = |stage: &Stage, of: usize, from: f64, to: f64| {
        let window =
            EPOCH.unsigned_abs() + (from * 1_000.0) as u64..EPOCH.unsigned_abs() + (to * 1_000.0) as u64;
        simulator(stage, of).requests().iter().filter(|request| window.contains(&request.at.0)).count()
    };
    let of = |at: usize| {
        [(1.0, 9.0), (11.0, 19.0), (21.0, 29.0), (31.0, 35.0)].map(|(from, to)| left(&stage, at, from, to))
    };
    assert_eq!([of(0), of(1), of(2)], [[32, 32, 64, 8], [32, 8, 8, 16], [32, 32, 32, 16]]);
    let asks = stage.reader().asks(stage.campaign, 9).expect("asks");
    assert!(asks.iter().all(|ask| ask.taken.is_some()), "{asks:?}");
    let asked = [0, 1, 2].map(|n| simulator(&stage, n).requests().len());
    let paces = stage.journal().sender_paces(stage.campaign).expect("paces");
    assert_eq!(paces.rates.len(), 0, "no sender is paced");
    stage.pass(MINUTE).await;
    let outcome = stage.run(&own).await.expect("a run");
    assert_eq!(outcome.ending, Ending::Complete);
    for (n, before) in asked.into_iter().enumerate() {
        let at: Vec<u64> =
            simulator(&stage, n).requests().iter().skip(before).map(|request| request.at.0).collect();
        check_pace(at.iter().copied(), &own);
        let took = (at[at.len() - 1] - at[0]) as f64 / 1_000.0;
        assert!((at.len() - 1) as f64 / took >= 3.96, "{n}: {} in {took} s", at.len());
    }
    check_everybody(&stage, 3, 900);
}

/// The account in the middle cannot be reached for an hour: the others are sent to, its rows wait for the next run.
#[tokio::test(start_paused = true)]
async fn an_account_that_is_down_halts_alone_and_everybody_has_one_contact_in_the_end() {
    for fault in [Fault::Unavailable, Fault::LostAnswer, Fault::ConnectFailed, Fault::AccessDenied] {
        let paces = [(5.0, 5); 3];
        let senders = one_each(3);
        let down = |n| {
            let mut faults = FaultPlan::default();
            let from = WorldTime(EPOCH.unsigned_abs() + 10_000);
            let until = WorldTime(EPOCH.unsigned_abs() + 3_600_000);
            if n == 1 {
                faults.phase(Phase { from, until, fault });
            }
            WorldConfig { faults, ..WorldConfig::default() }
        };
        let mut stage = stage(&paces, down);
        let lines: Vec<FileLine> = (0..3_000).map(|n| row(n, &senders, (n % 3) as usize)).collect();
        plan(&stage, &senders, &lines);
        let own = options(paces[0], &senders);
        let outcome = stage.run(&own).await.expect("a run");
        let Ending::SendersHalted(halted) = &outcome.ending else { panic!("{fault}: {:?}", outcome.ending) };
        assert_eq!(
            halted.iter().map(|halted| halted.name.as_str()).collect::<Vec<_>>(),
            ["sender-1"],
            "{fault}"
        );
        let started = [0, 1, 2].map(|n| simulator(&stage, n).contacts().len());
        assert_eq!(
            (started[0], started[2]),
            (1_000, 1_000),
            "{fault}: nobody waits for the one that is down"
        );
        assert!((50..500).contains(&started[1]), "{fault}: {started:?}");
        assert!(outcome.elapsed < 5 * MINUTE, "{fault}: {:?}", outcome.elapsed);
        tokio::time::advance(60 * MINUTE).await;
        let outcome = stage.run(&own).await.expect("a run");
        assert_eq!(outcome.ending, Ending::Complete, "{fault}");
        check_everybody(&stage, 3, 3_000);
    }
}

/// They wait for the next run, and the end of this one is that of the others.
#[tokio::test(start_paused = true)]
async fn rows_of_an_account_that_halted_are_not_ahead_of_the_run() {
    let senders = one_each(2);
    let mut stage = stage(&[(5.0, 1); 2], |n| {
        let mut faults = FaultPlan::default();
        if n == 1 {
            let from = WorldTime(EPOCH.unsigned_abs() + 10_000);
            faults.phase(Phase { from, until: WorldTime(u64::MAX), fault: Fault::AccessDenied });
        }
        WorldConfig { faults, ..WorldConfig::default() }
    });
    let lines: Vec<FileLine> = (0..2_000).map(|n| row(n, &senders, (n % 2) as usize)).collect();
    plan(&stage, &senders, &lines);
    let mut told = Vec::new();
    let mut watch = |event: &RunEvent| {
        if let RunEvent::Heartbeat(heartbeat) = event {
            let ahead = heartbeat.ahead.expect("several accounts");
            told.push((heartbeat.now.at, ahead.ends_at.expect("it has an end")));
        }
    };
    let outcome =
        stage.run_watched(&options((5.0, 1), &senders), &mut Seen(&mut watch)).await.expect("a run");
    assert!(matches!(outcome.ending, Ending::SendersHalted(_)), "{:?}", outcome.ending);
    let last = simulator(&stage, 0).requests().last().expect("requests").at.0;
    told.retain(|(at, _)| at.millis() > EPOCH + 20_000);
    assert!(told.len() > 50, "{}", told.len());
    for (at, end) in told {
        let off = end.millis().abs_diff(i64::try_from(last).expect("a time"));
        assert!(off <= 2_000, "at {at}: {end} was told, {off} ms off");
    }
}

/// One instance has room for three contacts of ten minutes: it fills up, is asked now and then, and holds up nobody.
#[tokio::test(start_paused = true)]
async fn an_instance_whose_quota_of_contacts_is_full_holds_up_no_other() {
    for known in [false, true] {
        let paces = [(5.0, 5); 2];
        let senders = one_each(2);
        let small = |n| WorldConfig {
            active_chats: (n == 1).then_some(3),
            contact_life: Some(10 * MINUTE),
            ..WorldConfig::default()
        };
        let mut stage = stage(&paces, small);
        if known {
            stage.others[0].active = Some(ActiveContacts { most: 3, life: 10 * MINUTE, ages: Vec::new() });
        }
        let lines: Vec<FileLine> = (0..612).map(|n| row(n, &senders, usize::from(n < 12))).collect();
        plan(&stage, &senders, &lines);
        let own = options(paces[0], &senders);
        let (mut paused, began) = (Vec::new(), tokio::time::Instant::now());
        let mut watch = |event: &RunEvent| {
            if matches!(event, RunEvent::Paused(_)) {
                paused.push(began.elapsed());
            }
        };
        let outcome = stage.run_watched(&own, &mut Seen(&mut watch)).await.expect("a run");
        assert_eq!(outcome.ending, Ending::Complete);
        // The campaign is paused where nothing else is left to be sent to, and not before.
        assert!(paused.iter().all(|at| *at >= Duration::from_secs(119)), "{paused:?}");
        assert_eq!(paused.is_empty(), known, "{paused:?}");
        let last = stage.simulator.requests().last().expect("requests").at.0 - EPOCH.unsigned_abs();
        assert!(last < 121_000, "600 at 5/s are not held up: {last} ms");
        let refused = simulator(&stage, 1).requests().len() - 12;
        assert!(if known { refused == 0 } else { (1..200).contains(&refused) }, "{known}: {refused} refused");
        assert!((30 * MINUTE..36 * MINUTE).contains(&outcome.elapsed), "{:?}", outcome.elapsed);
        check_everybody(&stage, 2, 612);
    }
}

/// Rows of an account that refuses go to the others, with their instance and a token of it; those that were attempted stay.
#[tokio::test(start_paused = true)]
async fn rows_that_go_to_another_account_have_its_instance_and_its_token() {
    let paces = [(5.0, 5); 2];
    let mut senders = one_each(2);
    senders[1].on_halt = HaltRule::Reassign;
    let denied = |n| {
        let mut faults = FaultPlan::default();
        if n == 1 {
            let until = WorldTime(EPOCH.unsigned_abs() + 3_600_000);
            faults.phase(Phase {
                from: WorldTime(EPOCH.unsigned_abs() + 10_000),
                until,
                fault: Fault::AccessDenied,
            });
        }
        WorldConfig { faults, ..WorldConfig::default() }
    };
    let mut stage = stage(&paces, denied);
    let lines: Vec<FileLine> = (0..400).map(|n| row(n, &senders, (n % 2) as usize)).collect();
    plan(&stage, &senders, &lines);
    let own = options(paces[0], &senders);
    let outcome = stage.run(&own).await.expect("a run");
    assert!(matches!(outcome.ending, Ending::SendersHalted(_)), "{:?}", outcome.ending);
    let refused = simulator(&stage, 1)
        .requests()
        .iter()
        .filter(|request| !matches!(request.effect, Effect::Started(_)))
        .count() as u64;
    assert!((1..20).contains(&refused), "{refused}");
    assert_eq!((stage.tally()[State::Started], stage.tally()[State::Queued]), (400 - refused, refused));
    tokio::time::advance(60 * MINUTE).await;
    assert_eq!(stage.run(&own).await.expect("a run").ending, Ending::Complete);
    check_everybody(&stage, 2, 400);
    let [home, other] = [0, 1].map(|n| simulator(&stage, n).contacts().len());
    assert!(home > 300 && other < 100, "{home} and {other}");
}

/// The file again, with the senders in another order and one more, contacts nobody again, though the campaign was purged.
#[tokio::test(start_paused = true)]
async fn a_person_stays_the_same_whatever_instance_sends() {
    let paces = [(50.0, 5); 3];
    let senders = one_each(3);
    let mut stage = stage(&paces, |_| WorldConfig::default());
    let lines: Vec<FileLine> = (0..90).map(|n| row(n, &senders, (n % 2) as usize)).collect();
    plan(&stage, &senders, &lines);
    let own = options(paces[0], &senders);
    assert_eq!(stage.run(&own).await.expect("a run").ending, Ending::Complete);
    // Everybody has moved to the third sender, as far as the file is concerned.
    let moved: Vec<FileLine> = (0..90).map(|n| row(n, &senders, 2)).collect();
    plan(&stage, &senders, &moved);
    assert_eq!((stage.tally()[State::Started], stage.tally()[State::Queued]), (90, 0));
    let mut journal = stage.journal();
    let campaign = stage.reader().campaign(CAMPAIGN).expect("the campaign");
    journal.purge(&campaign, IfOpen::Purge, stage.clock.now()).expect("it is purged");
    drop(journal);
    plan(&stage, &senders, &moved);
    assert_eq!((stage.tally()[State::Started], stage.tally()[State::Queued]), (90, 0));
    // Two lines with one key are one recipient, though they have two numbers and two senders.
    let mut twice = vec![row(200, &senders, 0), row(201, &senders, 1)];
    let key_of_first = "C-200".to_owned();
    if let Content::Recipient { key, client_token, .. } = &mut twice[1].content {
        *client_token = senders[1].tokens(CAMPAIGN).expect("its own").token(&key_of_first);
        *key = key_of_first;
    }
    let other = self::stage(&paces, |_| WorldConfig::default());
    plan(&other, &senders, &twice);
    assert_eq!((other.tally()[State::Queued], other.tally()[State::Duplicate]), (1, 1));
}

/// The campaign's own account is asked about and sends nothing, where every sender has another: no figure counts its pace.
#[tokio::test(start_paused = true)]
async fn the_pace_of_an_account_without_senders_is_in_no_figure() {
    let senders: Vec<Sender> = one_each(2).split_off(1);
    let mut stage = stage(&[(50.0, 9), (4.0, 2)], |_| WorldConfig::default());
    let lines: Vec<FileLine> = (0..40).map(|n| row(n, &senders, 0)).collect();
    plan(&stage, &senders, &lines);
    let mut rates = Vec::new();
    let mut watch = |event: &RunEvent| match event {
        RunEvent::Gauges(gauges) => rates.push(gauges.rate),
        RunEvent::Heartbeat(beat) => assert_eq!((beat.rate, beat.asked, beat.burst), (4.0, Some(4.0), 2)),
        _ => {}
    };
    let own = options((50.0, 9), &senders);
    assert_eq!(stage.run_watched(&own, &mut Seen(&mut watch)).await.expect("a run").ending, Ending::Complete);
    assert!(!rates.is_empty() && rates.iter().all(|rate| *rate == 4.0), "{rates:?}");
    let run = stage.reader().runs(stage.campaign, 1).expect("the journal can be read").pop().expect("a run");
    assert_eq!(run.rate, Some(4.0));
}

/// Where all that send state their paces, a person's is for all of them: the campaign's own account sends nothing.
#[tokio::test(start_paused = true)]
async fn a_person_paces_those_that_send() {
    let senders: Vec<Sender> = one_each(2).split_off(1);
    let mut stage = stage(&[(50.0, 9), (4.0, 2)], |_| WorldConfig::default());
    let lines: Vec<FileLine> = (0..60).map(|n| row(n, &senders, 0)).collect();
    plan(&stage, &senders, &lines);
    let person = Person::of(&stage);
    let pace = NewPace { rate: NewRate::PerSecond(1.0), burst: None };
    let wishes = [(5.0, Control::Pace(pace))];
    let own = options((50.0, 9), &senders);
    let (outcome, ()) = tokio::join!(stage.run(&own), person.ask_all(&wishes));
    let took = outcome.expect("a run").elapsed;
    assert!((Duration::from_secs(38)..Duration::from_secs(48)).contains(&took), "{took:?}");
}
