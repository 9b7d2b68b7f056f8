//! While a campaign is paused its rows wait in the journal, not in the run: whoever looks sees that nothing is attempted.

use std::time::Duration;

use campaign::domain::delivery::control::Control;
use campaign::domain::delivery::ending::{Ending, Signal};
use campaign::domain::delivery::state::State;
use campaign::domain::delivery::verdict::TOKEN_SAFE;
use campaign::engine::{PlanProgress, RunEvent, Stop};
use campaign::simulator::{Fault, Latency, WorldConfig};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::virtual_time::stage::{Options, Seen, Stage, in_flight};
use crate::virtual_time::steering::Person;

/// A campaign that is paused before anybody runs it.
async fn paused(recipients: u64) -> (Stage, Person) {
    let stage = Stage::with_recipients(WorldConfig::default(), recipients);
    let person = Person::of(&stage);
    person.ask_all(&[(0.0, Control::Pause)]).await;
    (stage, person)
}

/// Somebody lets it go on and thinks better of it at once: by then the run is claiming rows.
#[tokio::test(start_paused = true)]
async fn rows_whose_claim_was_under_way_when_the_pause_came_go_back() {
    let mut stage = Stage::with_recipients(WorldConfig::default(), 60);
    let person = Person::of(&stage);
    let asking = async {
        person.ask_all(&[(2.0, Control::Pause), (5.1, Control::Go), (5.1, Control::Pause)]).await;
        sleep(Duration::from_secs(3)).await;
        let tally = person.reader().tally(person.campaign).unwrap();
        person.ask_all(&[(0.0, Control::Go)]).await;
        tally
    };
    let options = Options::default();
    let (outcome, tally) = tokio::join!(stage.run(&options), asking);
    assert_eq!(tally[State::Attempting], 0);
    assert_eq!(tally[State::Queued] + tally[State::Started], 60);
    assert!(tally[State::Started] > 0, "it was sending before");
    assert_eq!(outcome.unwrap().ending, Ending::Complete);
    stage.check_promises(&options);
}

/// Whether anything is left to do, a paused run finds out by a claim; not while it knows of rows.
#[tokio::test(start_paused = true)]
async fn a_paused_run_claims_nobody_whatever_is_read_meanwhile() {
    let (mut stage, person) = paused(3).await;
    let (feeder, feed) = watch::channel(PlanProgress::Reading { queued: 0 });
    let options = Options { feed, ..Options::default() };
    let feeding = async {
        for queued in [3, 3, 4] {
            sleep(Duration::from_secs(2)).await;
            feeder.send_replace(PlanProgress::Reading { queued });
        }
        sleep(Duration::from_secs(2)).await;
        feeder.send_replace(PlanProgress::Read { queued: 4 });
    };
    let (mut planned, mut moved) = (Vec::new(), 0);
    let mut see = |event: &RunEvent| match event {
        RunEvent::Planned(more) => planned.push(*more),
        RunEvent::Moved { .. } => moved += 1,
        _ => {}
    };
    let mut seen = Seen(&mut see);
    let stopping = person.ask_all(&[(20.0, Control::Stop)]);
    let (outcome, (), ()) = tokio::join!(stage.run_watched(&options, &mut seen), feeding, stopping);
    assert_eq!(outcome.unwrap().ending, Ending::Stopped);
    assert_eq!((planned, moved), (vec![3, 0, 1, 0], 0));
}

/// Rows that came back from a pause wait still: that nothing is left is no question then.
#[tokio::test(start_paused = true)]
async fn rows_that_were_given_back_twice_are_not_claimed_while_the_pause_lasts() {
    let latency = Latency { base: Duration::from_secs(20), jitter: Duration::ZERO };
    let mut stage = Stage::with_recipients(WorldConfig { latency, ..WorldConfig::default() }, 3);
    let person = Person::of(&stage);
    let options = Options { rate: 4.0, bounds: in_flight(1), ..Options::default() };
    let began = Instant::now();
    let mut moved = Vec::new();
    let mut see = |event: &RunEvent| {
        if let RunEvent::Moved { to, .. } = event {
            moved.push((began.elapsed().as_secs(), *to));
        }
    };
    let mut seen = Seen(&mut see);
    let wishes = [(2.0, Control::Pause), (4.0, Control::Go), (6.0, Control::Pause), (10.0, Control::Stop)];
    let (outcome, ()) = tokio::join!(stage.run_watched(&options, &mut seen), person.ask_all(&wishes));
    assert_eq!(outcome.unwrap().ending, Ending::Stopped);
    let twice = |at, to| [(at, to); 2];
    let expected = [
        &[(0, State::Attempting); 3][..],
        &twice(2, State::Queued),
        &twice(4, State::Attempting),
        &twice(6, State::Queued),
        &[(20, State::Started)],
    ];
    assert_eq!(moved, expected.concat());
}

/// What was in doubt when a pause began may be too old to be replayed when it ends. Then nobody but a person can tell.
#[tokio::test(start_paused = true)]
async fn a_row_in_doubt_that_becomes_too_old_in_a_pause_is_not_replayed() {
    let mut stage = Stage::with_recipients(WorldConfig::default(), 1);
    stage.simulator.with(|world| {
        world.faults_mut().chance(Fault::LostAnswer, 1.0);
    });
    let (sender, stop) = watch::channel(Stop::No);
    let options = Options { stop, ..Options::default() };
    let stopping = async {
        sleep(Duration::from_secs(1)).await;
        sender.send_replace(Stop::Drain(Signal::Interrupt));
    };
    let (outcome, ()) = tokio::join!(stage.run(&options), stopping);
    assert_eq!(outcome.unwrap().ending, Ending::Interrupted(Signal::Interrupt));
    let requests = stage.simulator.requests().len();
    assert!(requests > 0 && stage.tally()[State::Attempting] == 1);

    stage.pass(TOKEN_SAFE - Duration::from_secs(120)).await;
    let person = Person::of(&stage);
    person.ask_all(&[(0.0, Control::Pause)]).await;
    let options = Options::default();
    let going_on = person.ask_all(&[(180.0, Control::Go)]);
    let (outcome, ()) = tokio::join!(stage.run(&options), going_on);
    assert_eq!(outcome.unwrap().ending, Ending::Complete);
    assert_eq!((stage.tally()[State::Uncertain], stage.simulator.requests().len()), (1, requests));
}
