//! A run that follows the account's events while it sends: it learns what became of its messages, and sends the same as
//! without.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeMap;
use std::time::Duration;

use campaign::app::error::ErrorKind;
use campaign::app::follow::FollowEvent;
use campaign::domain::delivery::control::Control;
use campaign::domain::delivery::ending::{Ending, Signal};
use campaign::domain::delivery::state::State;
use campaign::engine::{RunEvent, Stop};
use campaign::journal::Journal;
use campaign::simulator::{EventConfig, Fault, Operation, WorldConfig, WorldTime};
use tokio::sync::watch;

use crate::virtual_time::stage::{EPOCH, Options, SOURCE, Seen, Stage, in_flight};
use crate::virtual_time::told;

fn calm(seed: u64) -> WorldConfig {
    WorldConfig {
        seed,
        events: EventConfig { twice: 0.3, bare: 0.2, second: 0.2, ..EventConfig::default() },
        contact_life: Some(Duration::from_secs(300)),
        ..WorldConfig::default()
    }
}

fn world(seed: u64) -> WorldConfig {
    let mut world = calm(seed);
    world
        .faults
        .chance(Fault::LostAnswer, 0.05)
        .chance(Fault::InternalAfter, 0.05)
        .chance(Fault::Throttling, 0.05);
    world
}

fn following() -> Options {
    Options { rate: 5.0, burst: 5, bounds: in_flight(64), queue: true, ..Options::default() }
}

fn stage_of(world: WorldConfig, recipients: u64) -> Stage {
    let stage = Stage::with_recipients(world, recipients);
    told::know_sender(&mut stage.journal(), SOURCE);
    stage
}

fn truth(stage: &Stage) -> BTreeMap<String, String> {
    told::truth(&stage.simulator)
}

fn joined(stage: &Stage) -> BTreeMap<String, String> {
    told::joined(&stage.reader(), stage.campaign)
}

/// How long a run takes.
async fn timed(stage: &mut Stage, options: &Options) -> Duration {
    let began = stage.clock.now();
    stage.run(options).await.unwrap();
    stage.clock.now().since(began)
}

/// What is left in the queue after a run, taken in as `deliveries follow` does.
async fn follow_the_rest(stage: &Stage) {
    told::follow_to_the_end(&stage.simulator, &stage.clock, &mut stage.journal()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_run_learns_what_became_of_its_messages_and_sends_the_same() {
    let mut stage = stage_of(calm(3), 600);
    let took = timed(&mut stage, &following()).await;
    stage.check_promises(&following());
    let alone = timed(&mut stage_of(calm(3), 600), &Options { queue: false, ..following() }).await;
    assert!(took.mul_f64(0.95) <= alone, "following costs no time: {took:?}, and without it {alone:?}");
    let (known, truth) = (joined(&stage), truth(&stage));
    assert!(known.len() > 500, "most messages have their rows while the run sends: {}", known.len());
    assert!(known.iter().all(|(message, contact)| truth.get(message) == Some(contact)), "and their own");
    assert_eq!(stage.tally()[State::Started], 600);
    // The rest comes after the run. What was deleted is in the journal: nothing is missing.
    stage.pass(Duration::from_secs(80 * 3_600)).await;
    follow_the_rest(&stage).await;
    assert_eq!(joined(&stage), truth);
    let counts = stage.reader().deliveries(stage.campaign).unwrap();
    assert_eq!((counts.waiting, counts.pending, counts.unmatched), (0, 0, 0), "{counts:?}");
}

/// A run that ends at once, again and again, loses no message: each is deleted after the commit that holds it.
#[tokio::test(start_paused = true)]
async fn nothing_is_lost_where_runs_are_cut_off() {
    let mut stage = stage_of(world(5), 300);
    for cut in 1..=12 {
        let (stop, receiver) = watch::channel(Stop::No);
        let cut_off = async {
            tokio::time::sleep(Duration::from_millis(4_700 + cut * 37)).await;
            let _ = stop.send(Stop::Now(Signal::Terminate));
            std::future::pending::<()>().await;
        };
        let options = Options { stop: receiver, ..following() };
        tokio::select! {
            outcome = stage.run(&options) => { outcome.unwrap(); }
            () = cut_off => {}
        }
    }
    stage.run(&following()).await.unwrap();
    stage.check_promises(&Options { burst: 100, ..following() });
    stage.pass(Duration::from_secs(80 * 3_600)).await;
    follow_the_rest(&stage).await;
    assert_eq!(joined(&stage), truth(&stage));
}

/// A cron job must not hang because of a queue that is no queue, and what is told names it.
#[tokio::test(start_paused = true)]
async fn a_queue_without_an_answer_is_not_followed_for_ever() {
    let stage = stage_of(calm(3), 1);
    for (answer, words) in
        [((500, ""), "127.0.0.1 answers with status 500"), ((200, "<html>"), "status 200 and something")]
    {
        let began = stage.clock.now();
        let (error, told) = told::follow_broken(answer, &stage.clock, &mut stage.journal()).await;
        let took = stage.clock.now().since(began);
        assert!(took >= Duration::from_secs(120) && took < Duration::from_secs(200), "{took:?}");
        assert_eq!(error.kind, ErrorKind::System);
        assert!(error.message.contains(words), "{error}");
        assert!(matches!(&told[0], FollowEvent::Unanswered(why) if why.contains(words)), "{told:?}");
        assert!(format!("{:?}", error.next_step).contains("the queue's URL and its host"), "{error:?}");
    }
    let gone =
        r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}"#;
    let (error, _) = told::follow_broken((400, gone), &stage.clock, &mut stage.journal()).await;
    assert_eq!(error.kind, ErrorKind::Usage);
    assert!(
        error.message.starts_with("there is no such queue: 127.0.0.1 answers with status 400"),
        "{error}"
    );
    assert!(format!("{:?}", error.next_step).contains("the Region and the account"), "{error:?}");
}

/// Numbers that opted out: what is sent to them is BLOCKED.
fn deaf(share: u64, recipients: u64) -> WorldConfig {
    let mut world = WorldConfig { contact_life: Some(Duration::from_secs(300)), ..WorldConfig::default() };
    let numbers = (0..recipients).filter(|n| n * 37 % 100 < share);
    world.account.opted_out =
        numbers.map(|n| format!("+1{:03}55501{:02}", 202 + n / 100 % 700, n % 100)).collect();
    world
}

#[tokio::test(start_paused = true)]
async fn too_many_messages_that_do_not_arrive_pause_the_campaign_until_somebody_lets_it_go_on() {
    let mut stage = stage_of(deaf(60, 900), 900);
    let options = Options { max_undelivered: 30.0, ..following() };
    let (path, campaign, clock) = (stage.path(), stage.campaign, stage.clock.clone());
    let (held, mut when) = watch::channel(false);
    let (mut alarms, mut pauses) = (Vec::new(), Vec::new());
    let person = async {
        loop {
            when.wait_for(|held| *held).await.unwrap();
            tokio::time::sleep(Duration::from_secs(600)).await;
            let mut journal = Journal::open(&path).unwrap();
            journal.ask(campaign, Control::Go, None, "somebody", clock.now()).unwrap();
            when.wait_for(|held| !*held).await.unwrap();
        }
    };
    let ending = {
        let mut watch = |event: &RunEvent| match event {
            RunEvent::Undelivered(alarm) => alarms.push(alarm.clone()),
            RunEvent::Held { since, gate } => {
                assert_eq!(gate.as_deref(), alarms.last().map(ToString::to_string).as_deref());
                pauses.push(*since);
                held.send_replace(true);
            }
            RunEvent::Released => {
                held.send_replace(false);
            }
            _ => {}
        };
        let mut seen = Seen(&mut watch);
        tokio::select! {
            outcome = stage.run_watched(&options, &mut seen) => outcome.unwrap().ending,
            never = person => never,
        }
    };
    assert_eq!(ending, Ending::Complete);
    assert!((2..60).contains(&pauses.len()), "it pauses again where no more arrive: {pauses:?}");
    assert_eq!(alarms.len(), pauses.len());
    let first = &alarms[0];
    assert_eq!((first.status.as_str(), first.undelivered), ("BLOCKED", 20), "{first:?}");
    assert!((20..66).contains(&first.of), "{first:?}");
    let reader = stage.reader();
    let asks = reader.asks(stage.campaign, 100).unwrap();
    let pause = asks.iter().rfind(|ask| ask.wish == Control::Pause).unwrap();
    assert!(pause.who.raw().starts_with("max_undelivered: "), "{:?}", pause.who);
    assert!(pause.who.raw().contains("most of them BLOCKED (the phone"), "{:?}", pause.who);
    // Nothing leaves while it is paused, but what was on its way.
    let mut requests = stage.simulator.requests();
    requests.retain(|request| request.operation == Operation::StartOutboundChatContact);
    for since in &pauses {
        let from = u64::try_from(since.millis()).unwrap();
        let quiet = WorldTime(from + 1)..WorldTime(from + 590_000);
        assert!(!requests.iter().any(|request| quiet.contains(&request.at)), "a request left in a pause");
    }
    assert_eq!(stage.tally()[State::Started], 900, "everybody has a contact in the end");
    stage.check_promises(&options);
}

#[tokio::test(start_paused = true)]
async fn a_few_that_do_not_arrive_pause_nothing() {
    let mut stage = stage_of(deaf(15, 600), 600);
    let options = Options { max_undelivered: 30.0, ..following() };
    let outcome =
        tokio::time::timeout(Duration::from_secs(3_600), stage.run(&options)).await.unwrap().unwrap();
    assert_eq!(outcome.ending, Ending::Complete);
    assert!(stage.reader().asks(stage.campaign, 10).unwrap().is_empty());
    assert!(stage.reader().deliveries(stage.campaign).unwrap().undelivered > 50);
}

/// A queue that refuses, or does not answer, changes nothing.
#[tokio::test(start_paused = true)]
async fn a_queue_that_cannot_be_read_holds_nothing_up() {
    let mut world = world(9);
    world.account.denied.insert("sqs:ReceiveMessage".to_owned());
    let mut stage = stage_of(world, 100);
    let began = stage.clock.now();
    stage.run(&following()).await.unwrap();
    assert!(stage.clock.now().since(began) < Duration::from_secs(60));
    assert_eq!(stage.tally()[State::Started], 100);
    assert!(stage.clock.now().millis() > EPOCH);
    stage.check_promises(&following());
}
