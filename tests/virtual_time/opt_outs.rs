//! The account's opt-outs, while a campaign runs: what is read before anything is sent, how often it is read again, and what
//! becomes of a run that cannot read it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::time::Duration;

use campaign::domain::account::opt_outs::{OptOutRule, OptOutSettings, OptOutState};
use campaign::domain::delivery::ending::Ending;
use campaign::domain::delivery::state::State;
use campaign::engine::RunEvent;
use campaign::simulator::{Operation, Outcome, RequestRecord, WorldConfig, WorldTime};

use crate::virtual_time::stage::{EPOCH, Options, Seen, Stage};

const MINUTE: u64 = 60;

fn reading(rule: OptOutRule) -> Options {
    let settings = OptOutSettings { rule, max_age: Duration::from_secs(15 * MINUTE) };
    Options { opt_outs: Some(settings), ..Options::default() }
}

fn number(recipient: u64) -> String {
    format!("+120255501{recipient:02}")
}

/// So many seconds after the beginning.
fn after(seconds: u64) -> WorldTime {
    WorldTime(u64::try_from(EPOCH).unwrap() + seconds * 1000)
}

fn world(opted_out_more: u32) -> WorldConfig {
    let mut world = WorldConfig::default();
    world.account.opted_out_more = opted_out_more;
    world.account.rates = true;
    world
}

fn asked(stage: &Stage) -> Vec<RequestRecord> {
    let is_page = |record: &RequestRecord| {
        record.operation.name() == "DescribeOptedOutNumbers" && record.outcome == Outcome::Answered
    };
    stage.simulator.requests().into_iter().filter(is_page).collect()
}

fn sent(stage: &Stage) -> Vec<RequestRecord> {
    let sends = |record: &RequestRecord| record.operation == Operation::StartOutboundChatContact;
    stage.simulator.requests().into_iter().filter(sends).collect()
}

/// Runs, and gathers what is told of the opt-outs.
async fn watched(stage: &mut Stage, options: &Options) -> (Ending, Vec<OptOutState>) {
    let mut told = Vec::new();
    let mut watch = |event: &RunEvent| {
        if let RunEvent::OptOuts(state) = event {
            told.push(state.clone());
        }
    };
    let outcome = stage.run_watched(options, &mut Seen(&mut watch)).await.expect("a run");
    (outcome.ending, told)
}

#[tokio::test(start_paused = true)]
async fn the_list_is_read_before_the_first_request_and_its_numbers_are_left_out() {
    let mut world = world(150);
    world.account.opted_out = vec![number(3), number(7)];
    let mut stage = Stage::with_recipients(world, 10);
    let options = reading(OptOutRule::Required);
    let (ending, told) = watched(&mut stage, &options).await;
    assert_eq!(ending, Ending::Complete);
    stage.check_promises(&options);
    assert_eq!((stage.tally()[State::Started], stage.tally()[State::Suppressed]), (8, 2));
    let row = stage.rows().into_iter().find(|row| row.line == Some(5)).expect("the fourth row");
    assert_eq!((row.state, row.code.as_deref()), (State::Suppressed, Some("opted-out")));
    let pages = asked(&stage);
    assert_eq!(pages.len(), 2, "152 numbers");
    assert!(sent(&stage)[0].at >= pages[1].at);
    assert!(told.contains(&OptOutState::Reading { numbers: 100 }), "{told:?}");
    assert_eq!(told.last(), Some(&OptOutState::Current));
    let lists = stage.reader().opt_out_lists().expect("it can be read");
    assert_eq!((lists.len(), lists[0].1.numbers, lists[0].1.name.as_str()), (1, 152, "Default"));
}

/// Half an hour of sending. Whom somebody's STOP takes out is left out after the bound at the latest, and mostly sooner.
#[tokio::test(start_paused = true)]
async fn who_opts_out_while_a_run_lasts_is_left_out_within_the_bound() {
    let mut world = world(0);
    for (recipient, minute) in [(95, 1), (96, 3), (97, 9), (98, 12), (99, 29)] {
        world.account.opt_out(number(recipient), after(minute * MINUTE));
    }
    let mut stage = Stage::with_recipients(world, 100);
    let options = Options { rate: 1.0 / 18.0, burst: 1, ..reading(OptOutRule::Required) };
    let (_, told) = watched(&mut stage, &options).await;
    stage.check_promises(&options);
    let suppressed: Vec<_> = stage.rows().into_iter().filter(|row| row.state == State::Suppressed).collect();
    assert_eq!(suppressed.len(), 4, "the last opted out shortly before its turn");
    assert!(suppressed.iter().all(|row| row.code.as_deref() == Some("opted-out") && row.attempts == 0));
    let pages = asked(&stage);
    let gaps = pages.windows(2).map(|pair| pair[1].at.since(pair[0].at)).max().expect("several");
    assert!(gaps <= Duration::from_secs(15 * MINUTE / 2 + 1), "{gaps:?}");
    assert!(!told.iter().any(|state| matches!(state, OptOutState::Stale { .. })), "{told:?}");
}

/// 50,000 numbers take 500 s. Killed half-way, the reading goes on where it was: no page is asked for twice, but the one of
/// which the answer was not in the journal.
#[tokio::test(start_paused = true)]
async fn a_reading_that_is_killed_goes_on_where_it_was() {
    let mut stage = Stage::with_recipients(world(50_000), 1_000);
    let options = Options { rate: 50.0, ..reading(OptOutRule::Required) };
    let killed = tokio::time::timeout(Duration::from_secs(250), stage.run(&options)).await;
    assert!(killed.is_err(), "it was still reading");
    let before = asked(&stage).len();
    assert!((245..=251).contains(&before), "{before}");
    assert_eq!(sent(&stage).len(), 0, "nothing is sent before the list is known");
    tokio::time::sleep(Duration::from_secs(30)).await;
    let began = stage.simulator.now();
    stage.run(&options).await.expect("a run");
    stage.check_promises(&options);
    let first = sent(&stage)[0].at;
    let pages = asked(&stage).iter().filter(|page| page.at < first).count();
    assert!((500..=501).contains(&pages), "{pages}");
    assert!(first.since(began) < Duration::from_secs(280));
    assert_eq!(stage.tally()[State::Started], 1_000);
}

/// One page would be enough to know that asking about each row is cheaper.
#[tokio::test(start_paused = true)]
async fn a_list_that_is_larger_than_the_file_is_asked_by_number() {
    let mut world = world(50_000);
    world.account.opt_out(number(4), after(0));
    let mut stage = Stage::with_recipients(world, 6);
    let options = reading(OptOutRule::Required);
    stage.run(&options).await.expect("a run");
    stage.check_promises(&options);
    assert_eq!((stage.tally()[State::Started], stage.tally()[State::Suppressed]), (5, 1));
    assert!(asked(&stage).len() <= 7 + 6, "{}", asked(&stage).len());
}

/// Each row is asked about, and the list is deleted meanwhile: the service's answer is nearly the one for a number that
/// is not on it.
#[tokio::test(start_paused = true)]
async fn a_list_that_is_deleted_is_no_empty_list() {
    for rule in [OptOutRule::Required, OptOutRule::IfPossible] {
        let mut world = world(50_000);
        world.account.opt_out(number(4), after(0));
        let mut stage = Stage::with_recipients(world, 6);
        let simulator = stage.simulator.clone();
        let deleting = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(4)).await;
            simulator.with(|world| world.account_mut().number.opt_out_list = "Other".to_owned());
        });
        let (ending, told) = watched(&mut stage, &reading(rule)).await;
        deleting.await.expect("it ends");
        let started = stage.tally()[State::Started];
        if rule == OptOutRule::Required {
            let Ending::OptOuts(why) = ending else { panic!("{ending:?}") };
            assert!(why.starts_with("the account has no opt-out list Default any more"), "{why}");
            assert_eq!(started, 0, "who opted out is not known");
        } else {
            assert_eq!(ending, Ending::Complete);
            assert!(matches!(told.last(), Some(OptOutState::NotRead(Some(_)))), "{told:?}");
        }
    }
}

/// The service fails for an hour in the middle of a run.
#[tokio::test(start_paused = true)]
async fn a_copy_that_grows_too_old_holds_a_run_that_needs_it_and_is_told_by_others() {
    for rule in [OptOutRule::Required, OptOutRule::IfPossible] {
        let mut stage = Stage::with_recipients(world(0), 100);
        let simulator = stage.simulator.clone();
        let failing = tokio::spawn(async move {
            let throttled = "sms-voice:DescribeOptedOutNumbers".to_owned();
            tokio::time::sleep(Duration::from_secs(MINUTE)).await;
            simulator.with(|world| world.account_mut().throttled.insert(throttled.clone()));
            tokio::time::sleep(Duration::from_secs(25 * MINUTE)).await;
            simulator.with(|world| world.account_mut().throttled.remove(&throttled));
        });
        let options = Options { rate: 1.0 / 60.0, burst: 1, ..reading(rule) };
        let (ending, told) = watched(&mut stage, &options).await;
        failing.await.expect("it ends");
        assert_eq!(ending, Ending::Complete);
        stage.check_promises(&options);
        assert_eq!(stage.tally()[State::Started], 100);
        let holds = rule == OptOutRule::Required;
        let stale = told.iter().filter(|state| matches!(state, OptOutState::Stale { .. })).count();
        assert_eq!(stale, 1, "{told:?}");
        assert!(
            told.iter().all(|state| !state.holds() || holds || matches!(state, OptOutState::Reading { .. }))
        );
        let gap = sent(&stage).windows(2).map(|pair| pair[1].at.since(pair[0].at)).max().expect("several");
        assert_eq!(gap > Duration::from_secs(5 * MINUTE), holds, "{gap:?}");
        // Nothing leaves with a copy that is older than the bound.
        let read: Vec<_> = asked(&stage)
            .iter()
            .filter(|page| page.outcome == Outcome::Answered)
            .map(|page| page.at)
            .collect();
        let age = |request: &RequestRecord| {
            let read = read.iter().rev().find(|read| **read <= request.at).expect("it was read before");
            request.at.since(*read)
        };
        let oldest = sent(&stage).iter().map(age).max().expect("several");
        assert_eq!(oldest <= Duration::from_secs(15 * MINUTE + 1), holds, "{oldest:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_right_to_read_them_only_a_run_that_needs_them_ends() {
    for rule in [OptOutRule::Required, OptOutRule::IfPossible] {
        let mut world = world(0);
        world.account.denied.insert("sms-voice:DescribeOptedOutNumbers".to_owned());
        let mut stage = Stage::with_recipients(world, 5);
        let (ending, told) = watched(&mut stage, &reading(rule)).await;
        let words = "these credentials may not use sms-voice:DescribeOptedOutNumbers".to_owned();
        let started = stage.tally()[State::Started];
        if rule == OptOutRule::Required {
            assert_eq!((ending, started), (Ending::OptOuts(words), 0));
        } else {
            assert_eq!((ending, started), (Ending::Complete, 5));
            assert_eq!(told.last(), Some(&OptOutState::NotRead(Some(words))));
        }
    }
}

/// A list that cannot be read within the bound: to wait for it would be to wait for ever.
#[tokio::test(start_paused = true)]
async fn a_list_that_takes_longer_than_the_bound_is_said_to() {
    let mut stage = Stage::with_recipients(world(100_000), 5_000);
    let (ending, _) = watched(&mut stage, &reading(OptOutRule::Required)).await;
    let Ending::OptOuts(why) = ending else { panic!("{ending:?}") };
    assert!(why.contains("opt_outs_max_age") && why.contains("16 min 39 s"), "{why}");
    assert_eq!(sent(&stage).len(), 0);
}

/// A second campaign of the journal finds the list read, and does not read it again.
#[tokio::test(start_paused = true)]
async fn a_copy_of_a_short_while_ago_is_good_enough_for_the_next_run() {
    let mut stage = Stage::with_recipients(world(1_000), 50);
    let options = reading(OptOutRule::Required);
    stage.run(&options).await.expect("a run");
    let before = asked(&stage).len();
    assert_eq!(before, 10);
    let mut beside = stage.beside("other", 50);
    beside.run(&options).await.expect("a run");
    assert_eq!(asked(&stage).len(), before);
}
