//! Whom nothing is sent to, while a campaign runs: the list is looked up before every attempt, from whichever process it
//! was changed.

use std::time::Duration;

use campaign::domain::delivery::state::State;
use campaign::domain::phone::E164;
use campaign::domain::row::suppression::Suppression;
use campaign::journal::Admission;
use campaign::simulator::{Fault, WorldConfig};

use crate::virtual_time::stage::{Options, Stage};

fn number(recipient: u64) -> E164 {
    E164::parse(&format!("+120255501{recipient:02}")).expect("a number")
}

fn requests_to(stage: &Stage, number: &E164) -> usize {
    stage
        .simulator
        .requests()
        .iter()
        .filter(|request| request.destination.as_deref() == Some(number.as_str()))
        .count()
}

/// Another handle of the journal, as another process has it, takes numbers onto the list while a campaign runs.
#[tokio::test(start_paused = true)]
async fn a_number_added_during_a_run_is_not_requested_any_more() {
    let mut stage = Stage::with_recipients(WorldConfig::default(), 60);
    let path = stage.path();
    let now = stage.clock.now();
    let adding = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(10)).await;
        let mut journal = campaign::journal::Journal::open(&path).expect("the journal opens");
        journal.suppress(&[number(2), number(58), number(59)], Some("asked"), now).expect("it is written")
    });
    let options = Options::default();
    stage.run(&options).await.expect("a run");
    assert_eq!(adding.await.expect("it ends"), 3);
    stage.check_promises(&options);
    let tally = stage.tally();
    assert_eq!(
        (tally[State::Started], tally[State::Suppressed]),
        (58, 2),
        "the first had its contact by then"
    );
    assert_eq!([2, 58, 59].map(|recipient| requests_to(&stage, &number(recipient))), [1, 0, 0]);
    let row = stage.rows().into_iter().find(|row| row.line == Some(60)).expect("its row");
    assert_eq!((row.state, row.attempts, row.code.as_deref()), (State::Suppressed, 0, Some("suppressed")));
}

/// Off the list again, a row comes back when the file is read again, and is contacted once.
#[tokio::test(start_paused = true)]
async fn a_row_off_the_list_comes_back_with_the_file() {
    let mut stage = Stage::with_recipients(WorldConfig::default(), 5);
    let now = stage.clock.now();
    stage.journal().suppress(&[number(3)], None, now).expect("it is written");
    stage.run(&Options::default()).await.expect("a run");
    assert_eq!(stage.tally()[State::Suppressed], 1);
    assert_eq!(stage.journal().unsuppress(&[number(3), number(4)]).expect("it is written"), 1);
    stage.plan(
        &(0..5)
            .map(|recipient| crate::virtual_time::stage::line(recipient + 2, recipient))
            .collect::<Vec<_>>(),
    );
    stage.run(&Options::default()).await.expect("a run");
    stage.check_promises(&Options::default());
    assert_eq!(stage.tally()[State::Started], 5);
}

/// A row that was throttled waits again, and its number may be on the list by then. One in doubt is asked about all the
/// same: only that can find out what became of it.
#[tokio::test(start_paused = true)]
async fn refused_rows_are_left_out_and_rows_in_doubt_are_replayed() {
    let mut config = WorldConfig::default();
    config.faults.destination("+12025550101", Fault::LostAnswer);
    let mut stage = Stage::with_recipients(config, 3);
    stage.run(&Options::default()).await.expect("a run");
    assert_eq!(stage.tally()[State::Attempting], 1);
    stage.simulator.with(|world| {
        world.faults_mut().clear();
    });
    let now = stage.clock.now();
    stage.journal().suppress(&[number(1)], None, now).expect("it is written");
    stage.run(&Options::default()).await.expect("a run");
    stage.check_promises(&Options::default());
    assert_eq!(stage.tally()[State::Started], 3, "it had its contact already, and now that is known");
    assert_eq!(stage.simulator.contacts().len(), 3);
}

/// More rows on the list than a claim takes: the claim looks on, and the run goes on to the end of the queue.
#[tokio::test(start_paused = true)]
async fn a_claim_looks_past_rows_on_the_list() {
    let mut stage = Stage::with_recipients(WorldConfig::default(), 90);
    let now = stage.clock.now();
    let listed: Vec<E164> = (3..80).map(number).collect();
    stage.journal().suppress(&listed, None, now).expect("it is written");
    let options = Options::default();
    stage.run(&options).await.expect("a run");
    stage.check_promises(&options);
    let tally = stage.tally();
    assert_eq!((tally[State::Started], tally[State::Suppressed], tally[State::Queued]), (13, 77, 0));
}

/// The lists of a definition are held against rows that were planned before they were written.
#[tokio::test(start_paused = true)]
async fn a_run_without_a_file_knows_the_definitions_lists() {
    let mut stage = Stage::with_recipients(WorldConfig::default(), 10);
    let mut lists = Suppression::default();
    lists.add_key("C-4");
    lists.add_number(number(7).as_str());
    let campaign = stage.campaign;
    assert_eq!(stage.journal().sweep_suppressed(campaign, &lists).expect("it is written"), 2);
    assert_eq!(stage.journal().sweep_suppressed(campaign, &lists).expect("it is written"), 0);
    stage.run(&Options::default()).await.expect("a run");
    assert_eq!(stage.tally()[State::Started], 8);
}

/// A sample is the same one every time, and what is not in it is left for a run without.
#[tokio::test(start_paused = true)]
async fn a_sample_is_the_same_one_every_time_and_the_rest_follows() {
    let mut stage = Stage::with_recipients(WorldConfig::default(), 50);
    let sampled = |stage: &Stage| stage.journal().sample(stage.campaign, 12).expect("it is read");
    let bound = sampled(&stage);
    stage.admission = Admission { sample: bound, ..Admission::default() };
    for _ in 0..2 {
        stage.run(&Options::default()).await.expect("a run");
        let tally = stage.tally();
        assert_eq!((tally[State::Started], tally[State::Queued]), (12, 38));
        assert_eq!(sampled(&stage), bound, "those who have a contact belong to it still");
    }
    let lines: Vec<_> =
        stage.rows().iter().filter(|row| row.state == State::Started).map(|row| row.line).collect();
    assert!(lines != (2..14).map(Some).collect::<Vec<_>>(), "not just the first");
    stage.admission = Admission::default();
    stage.run(&Options::default()).await.expect("a run");
    stage.check_promises(&Options::default());
    assert_eq!((stage.tally()[State::Started], stage.simulator.contacts().len()), (50, 50));
    assert_eq!(stage.journal().sample(stage.campaign, 51).expect("it is read"), None);
}
