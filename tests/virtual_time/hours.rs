//! Promise 10: no request leaves while the hours are closed in a zone that the recipient may be in. The judge works them
//! out from its own rules, on the simulator's log.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use campaign::app::send::Bounds;
use campaign::domain::delivery::ending::Ending;
use campaign::domain::delivery::state::State;
use campaign::domain::hours::week::{Week, days};
use campaign::domain::hours::zones::Zones;
use campaign::domain::hours::{Hours, Jurisdiction, Lane, Rule};
use campaign::engine::{ActiveContacts, RunEvent};
use campaign::journal::{Content, FileLine};
use campaign::simulator::{Fault, WorldConfig};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::virtual_time::stage::{self, Options, Seen, Stage, in_flight};

/// The zones of a line, by its number: of one, of several, and of both sides of the ocean.
fn zones_of(line: u64) -> &'static str {
    [
        "America/New_York",
        "America/Denver Pacific/Honolulu",
        "Europe/Paris",
        "America/Chicago America/New_York",
    ][usize::try_from(line % 4).expect("small")]
}

fn in_lane(mut line: FileLine) -> FileLine {
    let zones = Zones::parse(zones_of(line.number)).expect("zones");
    if let Content::Recipient { lane, .. } = &mut line.content {
        *lane = Some(Lane { zones, jurisdiction: Jurisdiction::default() });
    }
    line
}

fn stage(world: WorldConfig, recipients: u64) -> Stage {
    let stage = Stage::new(world);
    stage.plan(&(0..recipients).map(|n| in_lane(stage::line(n + 2, n))).collect::<Vec<_>>());
    stage
}

/// Open from `from` to `to`, each day.
fn hours(from: u8, to: u8) -> Hours {
    let mut week = Week::default();
    let span = format!("{from:02}:00-{to:02}:00");
    days("mon-sun").expect("days").into_iter().for_each(|day| week.add(day, &span).expect("a span"));
    let rule = Rule { name: "hours.open".to_owned(), week: Some(week), ..Rule::default() };
    Hours { rules: vec![Arc::new(rule)], ..Hours::default() }
}

/// The judge: every request of the log, in each zone of its row, by the clock on the wall there. The journal proves the same.
fn check_hours(stage: &Stage, from: i8, to: i8) {
    let lines: HashMap<String, u64> =
        stage.rows().into_iter().filter_map(|row| Some((row.client_token?, row.line?))).collect();
    for request in stage.simulator.requests() {
        let line = lines[request.client_token.as_deref().expect("a token")];
        let at = Timestamp::from_millisecond(i64::try_from(request.at.0).expect("a time")).expect("a time");
        for name in zones_of(line).split(' ') {
            let hour = at.to_zoned(TimeZone::get(name).expect("a zone")).hour();
            assert!((from..to).contains(&hour), "promise 10: line {line} at {at}, {hour} h in {name}");
        }
    }
    let audit = stage.reader().look_over(&stage.path()).expect("the journal can be read");
    let (_, kept) = audit.hours.first().expect("its runs keep hours");
    let requests = stage.simulator.requests().len() as u64;
    assert_eq!((kept.requests, kept.outside, audit.findings), (requests, 0, Vec::new()), "{kept:?}");
}

#[tokio::test(start_paused = true)]
async fn no_request_leaves_in_closed_hours_and_every_row_has_its_turn() {
    let mut stage = stage(WorldConfig::default(), 400);
    let options = Options { hours: Some(hours(8, 21)), rate: 0.05, burst: 1, ..Options::default() };
    let mut closed = Vec::new();
    let mut watch = |event: &RunEvent| {
        if let RunEvent::Closed { rows, until, .. } = event {
            closed.push((*rows, until.to_string()));
        }
    };
    let outcome = stage.run_watched(&options, &mut Seen(&mut watch)).await.expect("a run");
    assert_eq!(outcome.ending, Ending::Complete);
    assert_eq!(stage.tally()[State::Started], 400);
    stage.check_promises(&options);
    check_hours(&stage, 8, 21);
}

/// Closed or open, by day and by night: whenever an end is told, the last request leaves then.
#[tokio::test(start_paused = true)]
async fn the_end_that_a_run_tells_is_its_end() {
    let mut stage = stage(WorldConfig::default(), 60);
    // One each 400 s: Paris from 9:30Z on, New York with Chicago from 14:00Z on, Hawaii from 18:00Z on, and nothing
    // between them.
    let options = Options { hours: Some(hours(8, 21)), rate: 0.0025, burst: 1, ..Options::default() };
    let mut told = Vec::new();
    let mut watch = |event: &RunEvent| {
        if let RunEvent::Heartbeat(heartbeat) = event {
            let ahead = heartbeat.ahead.expect("it keeps hours");
            told.push((heartbeat.now.at, ahead.ends_at.expect("it has an end"), ahead.closed_rows));
        }
    };
    stage.run_watched(&options, &mut Seen(&mut watch)).await.expect("a run");
    let last = stage.simulator.requests().last().expect("requests").at.0;
    let all_closed = told.iter().filter(|(.., closed)| *closed > 0).count();
    assert!(told.len() > 1_000 && all_closed > 300, "{} told, {all_closed} with closed rows", told.len());
    for (at, end, closed) in told {
        let off = end.millis().abs_diff(i64::try_from(last).expect("a time"));
        // A permit may be lost each time that hours change.
        assert!(off <= 3 * 400_000, "at {at}, {closed} rows closed: {end} was told, {off} ms off");
    }
}

/// Five contacts may be alive, each for ten minutes: hours that are open all the time do not make that faster.
#[tokio::test(start_paused = true)]
async fn the_end_that_a_run_tells_knows_how_many_contacts_may_be_alive() {
    let mut stage = stage(WorldConfig::default(), 60);
    let life = Duration::from_secs(600);
    let active = ActiveContacts { most: 5, life, ages: Vec::new() };
    let bounds = Bounds { active: Some(active), ..in_flight(512) };
    let options = Options { hours: Some(hours(0, 24)), rate: 1.0, burst: 1, bounds, ..Options::default() };
    let mut told = Vec::new();
    let mut watch = |event: &RunEvent| {
        if let RunEvent::Heartbeat(heartbeat) = event {
            let ahead = heartbeat.ahead.expect("it keeps hours");
            told.push((heartbeat.now.at, ahead.ends_at.expect("it has an end")));
        }
    };
    stage.run_watched(&options, &mut Seen(&mut watch)).await.expect("a run");
    let last = stage.simulator.requests().last().expect("requests").at.0;
    assert!(told.len() > 50, "{}", told.len());
    for (at, end) in told {
        let off = end.millis().abs_diff(i64::try_from(last).expect("a time"));
        // When the oldest of them ends within its ten minutes is not looked at.
        assert!(off <= life.as_millis() as u64, "at {at}: {end} was told, {off} ms off");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_not_to_wait_ends_with_the_moment_to_come_back() {
    // Sunday, 2026-03-01, 09:30Z: open in Paris, closed in America.
    let mut stage = stage(WorldConfig::default(), 40);
    let options = Options { hours: Some(hours(8, 21)), no_wait: true, ..Options::default() };
    let outcome = stage.run(&options).await.expect("a run");
    let Ending::Closed { opens_at: Some(opens_at) } = outcome.ending else { panic!("{:?}", outcome.ending) };
    assert_eq!(opens_at.to_string(), "2026-03-01T13:00:00.000Z", "eight in New York");
    assert_eq!((stage.tally()[State::Started], stage.tally()[State::Queued]), (10, 30));
    let rows = stage.rows();
    assert!(rows.iter().all(|row| row.state == State::Started || row.attempts == 0), "claims leave no trace");
    check_hours(&stage, 8, 21);
}

/// Of open lanes the one that ends soonest goes first, whatever the order of the file.
#[tokio::test(start_paused = true)]
async fn lanes_that_close_soonest_go_first_and_in_a_lane_the_order_of_the_file_holds() {
    // Half past nine in Greenwich: 18:30 in Tokyo, 10:30 in Paris, 15:00 in Calcutta, all open until 21:00.
    let zones = ["Europe/Paris", "Asia/Kolkata", "Asia/Tokyo"];
    let zone_of = |line: u64| zones[usize::try_from(line % 3).expect("small")];
    let mut stage = Stage::new(WorldConfig::default());
    let lines = (0..30).map(|n| {
        let mut line = stage::line(n + 2, n);
        if let Content::Recipient { lane, window, .. } = &mut line.content {
            let zones = Zones::parse(zone_of(n + 2)).expect("zones");
            *lane = Some(Lane { zones, jurisdiction: Jurisdiction::default() });
            if n + 2 == 6 {
                // A row of Paris whose own time is over before Tokyo closes: its lane ends soonest until it is gone.
                window.not_after = Some(stage.clock.now().plus(Duration::from_secs(3_600)));
            }
        }
        line
    });
    stage.plan(&lines.collect::<Vec<_>>());
    let options = Options { hours: Some(hours(8, 21)), rate: 0.1, burst: 1, ..Options::default() };
    let outcome = stage.run(&options).await.expect("a run");
    assert_eq!((outcome.ending, stage.tally()[State::Started]), (Ending::Complete, 30));
    let lines: HashMap<String, u64> =
        stage.rows().into_iter().filter_map(|row| Some((row.client_token?, row.line?))).collect();
    let requests = stage.simulator.requests();
    let order: Vec<u64> =
        requests.iter().map(|request| lines[request.client_token.as_deref().expect("a token")]).collect();
    let of = |zone: &str| (2..32).filter(|line| zone_of(*line) == zone).collect::<Vec<u64>>();
    let paris = of("Europe/Paris");
    let (first, rest) = paris.split_at(paris.iter().position(|line| *line == 6).expect("its row") + 1);
    let expected = [first.to_vec(), of("Asia/Tokyo"), of("Asia/Kolkata"), rest.to_vec()].concat();
    assert_eq!(order, expected);
}

/// Between the claim and the permit hours may close: the row waits for the next day.
#[tokio::test(start_paused = true)]
async fn hours_are_asked_again_after_the_permit() {
    let mut stage = stage(WorldConfig::default(), 24);
    // One request in 21 minutes: each row is claimed that long before its permit, and days go by.
    let options = Options { hours: Some(hours(8, 13)), rate: 0.0008, burst: 1, ..Options::default() };
    let outcome = stage.run(&options).await.expect("a run");
    assert_eq!((outcome.ending, stage.tally()[State::Started]), (Ending::Complete, 24));
    stage.check_promises(&options);
    check_hours(&stage, 8, 13);
}

/// Rows in doubt wait for hours too.
#[tokio::test(start_paused = true)]
async fn replays_wait_for_hours() {
    let mut world = WorldConfig::default();
    world.faults.destination("+12025550102", Fault::LostAnswer);
    // Line 4, of New York.
    let mut stage = stage(world, 20);
    let options = Options { hours: Some(hours(0, 24)), ..Options::default() };
    stage.run(&options).await.expect("a run");
    assert_eq!(stage.tally()[State::Attempting], 1);
    let requests = stage.simulator.requests().len();
    let closed = Options { hours: Some(hours(3, 4)), no_wait: true, ..Options::default() };
    stage.run(&closed).await.expect("a run");
    assert_eq!(stage.simulator.requests().len(), requests, "its hours are closed");
    assert_eq!(stage.tally()[State::Attempting], 1);
    stage.simulator.with(|world| {
        world.faults_mut().clear();
    });
    let waits = Options { hours: Some(hours(3, 4)), ..Options::default() };
    stage.run(&waits).await.expect("a run");
    assert_eq!(stage.tally()[State::Started], 20, "it was replayed when they opened");
}
