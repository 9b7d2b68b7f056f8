//! `[schedule]`: rows start inside their windows and the campaign's, and expire outside of them. The judge reads the
//! simulator's log.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use campaign::domain::delivery::ending::{Ending, Exit};
use campaign::domain::delivery::state::State;
use campaign::domain::hours::schedule::{Schedule, Window};
use campaign::domain::hours::week::{Week, days};
use campaign::domain::hours::zones::Zones;
use campaign::domain::hours::{Hours, Jurisdiction, Lane, Rule};
use campaign::domain::unix_millis::UnixMillis;
use campaign::engine::{FirstOpening, RunEvent};
use campaign::journal::{Content, FileLine, PauseKind};
use campaign::simulator::{Fault, WorldConfig};

use crate::virtual_time::stage::{self, EPOCH, Options, Seen, Stage};

const MINUTE: i64 = 60_000;

fn after(minutes: i64) -> UnixMillis {
    UnixMillis::from_millis(EPOCH + minutes * MINUTE)
}

/// Every third row has no window, every third waits for a while, every third has little time.
fn window_of(line: u64) -> Window {
    let at = i64::try_from(line).expect("small");
    match line % 3 {
        0 => Window::default(),
        1 => Window { not_before: Some(after(at * 7 % 90)), not_after: None },
        _ => Window { not_before: Some(after(at % 5)), not_after: Some(after(at * 11 % 40)) },
    }
}

fn windowed(mut line: FileLine) -> FileLine {
    if let Content::Recipient { window, .. } = &mut line.content {
        *window = window_of(line.number);
    }
    line
}

fn stage(world: WorldConfig, recipients: u64) -> Stage {
    let stage = Stage::new(world);
    stage.plan(&(0..recipients).map(|n| windowed(stage::line(n + 2, n))).collect::<Vec<_>>());
    stage
}

/// Every request of the log was made inside the window of its row, and inside the schedule.
fn check_windows(stage: &Stage, schedule: Schedule) {
    let lines: HashMap<String, u64> =
        stage.rows().into_iter().filter_map(|row| Some((row.client_token?, row.line?))).collect();
    for request in stage.simulator.requests() {
        let line = lines[request.client_token.as_deref().expect("a token")];
        let at = UnixMillis::from_millis(i64::try_from(request.at.0).expect("a time"));
        let Window { not_before, not_after } = window_of(line);
        assert!(not_before.is_none_or(|start| start <= at), "line {line} at {at}, before {not_before:?}");
        assert!(not_after.is_none_or(|end| at < end), "line {line} at {at}, after {not_after:?}");
        assert!(schedule.is_open(at), "line {line} at {at}, outside the campaign's schedule");
    }
}

#[tokio::test(start_paused = true)]
async fn rows_start_inside_their_windows_and_expire_outside() {
    let mut stage = stage(WorldConfig::default(), 120);
    let options = Options { rate: 0.05, burst: 1, ..Options::default() };
    let outcome = stage.run(&options).await.expect("a run");
    assert_eq!(outcome.ending, Ending::Complete);
    check_windows(&stage, Schedule::default());
    let tally = stage.tally();
    assert!(tally[State::Expired] > 5 && tally[State::Started] > 60, "{tally:?}");
    assert_eq!(tally.rows(), 120);
    for row in stage.rows() {
        let over = window_of(row.line.expect("a line")).not_after.is_some();
        assert!(row.state != State::Expired || (over && row.attempts == 0), "{row:?}");
    }
    // Nothing comes back by itself.
    let requests = stage.simulator.requests().len();
    stage.run(&options).await.expect("a run");
    assert_eq!((stage.simulator.requests().len(), stage.tally()), (requests, tally));
}

#[tokio::test(start_paused = true)]
async fn a_campaign_starts_and_ends_when_it_is_said_to_and_goes_on_where_the_end_is_moved() {
    let mut stage = stage(WorldConfig::default(), 90);
    let schedule = Schedule { start: Some(after(30)), end: Some(after(50)) };
    let no_wait = Options { schedule, no_wait: true, ..Options::default() };
    let outcome = stage.run(&no_wait).await.expect("a run");
    assert_eq!(outcome.ending, Ending::Closed { opens_at: Some(after(30)) });
    assert_eq!(stage.simulator.requests().len(), 0);
    let options = Options { schedule, rate: 0.02, burst: 1, ..Options::default() };
    let outcome = stage.run(&options).await.expect("a run");
    assert_eq!(outcome.ending, Ending::Complete, "nothing is left that may start");
    check_windows(&stage, schedule);
    let tally = stage.tally();
    assert!(tally[State::Started] > 10 && tally[State::Expired] > 40, "{tally:?}");
    assert_eq!(tally[State::Started] + tally[State::Expired], 90);
    // With another end, those come back whose own time is not over.
    let schedule = Schedule { end: None, ..schedule };
    stage.run(&Options { schedule, ..Options::default() }).await.expect("a run");
    check_windows(&stage, schedule);
    let expired = stage.rows().into_iter().filter(|row| row.state == State::Expired);
    assert!(expired.map(|row| row.line.expect("a line")).all(|line| window_of(line).not_after.is_some()));
}

/// Rows whose hours do not open before the campaign's end: the run waits for it, tells so, and then they are expired.
#[tokio::test(start_paused = true)]
async fn rows_that_no_hours_open_for_before_the_end_expire_when_it_has_passed() {
    let mut stage = Stage::new(WorldConfig::default());
    let lines = (0..9).map(|n| {
        let mut line = stage::line(n + 2, n);
        if let Content::Recipient { lane, .. } = &mut line.content {
            // It is half past nine in Greenwich: eight to nine is over in Paris, and comes in New York.
            let zone = if n % 3 == 0 { "America/New_York" } else { "Europe/Paris" };
            let zones = Zones::parse(zone).expect("a zone");
            *lane = Some(Lane { zones, jurisdiction: Jurisdiction::default() });
        }
        line
    });
    stage.plan(&lines.collect::<Vec<_>>());
    let mut week = Week::default();
    days("mon-sun").expect("days").into_iter().for_each(|day| week.add(day, "08:00-09:00").expect("a span"));
    let rule = Rule { name: "hours.open".to_owned(), week: Some(week), ..Rule::default() };
    let hours = Hours { rules: vec![Arc::new(rule)], ..Hours::default() };
    let schedule = Schedule { start: None, end: Some(after(12 * 60)) };
    let no_wait = Options { hours: Some(hours), schedule, no_wait: true, ..Options::default() };
    tokio::time::advance(Duration::from_secs(4 * 3_600)).await;
    let outcome = stage.run(&no_wait).await.expect("a run");
    let ends_at = schedule.end.expect("an end");
    assert_eq!(outcome.ending, Ending::ClosedToTheEnd { ends_at }, "New York was open, Paris never is");
    let tally = stage.tally();
    assert_eq!(
        (tally[State::Started], tally[State::Queued], outcome.ending.exit(&tally)),
        (3, 6, Exit::Limit)
    );
    let mut told = Vec::new();
    let mut watch = |event: &RunEvent| {
        if let RunEvent::Closed { rows, until, first } = event {
            told.push((*rows, *until, first.clone()));
        }
    };
    let waits = Options { no_wait: false, ..no_wait };
    let outcome = stage.run_watched(&waits, &mut Seen(&mut watch)).await.expect("a run");
    assert_eq!(told, [(6, ends_at, FirstOpening::None)]);
    let tally = stage.tally();
    assert_eq!((outcome.ending, tally[State::Expired], tally[State::Queued]), (Ending::Complete, 6, 0));
    let late = stage.clock.now().since(ends_at);
    assert!(late < Duration::from_secs(2) && stage.clock.now() >= ends_at, "{late:?} after the end");
    // The report shows the time in which everything was closed.
    let mut closed = Vec::new();
    stage
        .reader()
        .each_pause(stage.campaign, |pause| closed.push((pause.kind, pause.ends_at)))
        .expect("the journal can be read");
    assert_eq!(closed.last().map(|(kind, _)| *kind), Some(PauseKind::Closed), "{closed:?}");
    assert!(closed.last().is_some_and(|(_, until)| *until >= ends_at), "{closed:?}");
}

/// Nothing of a lane is claimed while it is closed: that rows of it wait longer than for its hours is known all the same.
#[tokio::test(start_paused = true)]
async fn a_run_that_does_not_wait_tells_the_moment_of_the_first_row_and_not_that_of_its_hours() {
    // It is half past nine in Greenwich. All places open at ten: London in half an hour, the Azores an hour later.
    let hours = || {
        let mut week = Week::default();
        days("mon-sun")
            .expect("days")
            .into_iter()
            .for_each(|day| week.add(day, "10:00-20:00").expect("a span"));
        let rule = Rule { name: "hours.open".to_owned(), week: Some(week), ..Rule::default() };
        Some(Hours { rules: vec![Arc::new(rule)], ..Hours::default() })
    };
    let noon = after(150);
    let lane = |zone: &str| Lane {
        zones: Zones::parse(zone).expect("a zone"),
        jurisdiction: Jurisdiction::default(),
    };
    let rows = |zones: &[Option<&str>], waits: &[bool]| {
        let rows = zones.iter().zip(waits).enumerate().map(|(n, (zone, waits))| {
            let mut line = stage::line(n as u64 + 2, n as u64);
            if let Content::Recipient { lane: of, window, .. } = &mut line.content {
                *of = zone.map(lane);
                window.not_before = waits.then_some(noon);
            }
            line
        });
        rows.collect::<Vec<_>>()
    };
    let start = Schedule { start: Some(after(30)), end: None };
    let cases = [
        ("hours open before its rows begin", rows(&[Some("Europe/London"); 3], &[true; 3]), hours(), noon),
        ("one row is ready", rows(&[Some("Europe/London"); 3], &[true, false, true]), hours(), after(30)),
        (
            // Ten in New York is fifteen in Greenwich.
            "another place has rows that are ready later",
            rows(&[Some("Europe/London"), Some("America/New_York")], &[true, false]),
            hours(),
            noon,
        ),
        (
            "another place has rows that are ready before",
            rows(
                &[Some("Europe/London"), Some("Europe/Lisbon"), Some("Atlantic/Azores")],
                &[true, true, false],
            ),
            hours(),
            after(90),
        ),
        ("without hours, before the campaign starts", rows(&[None; 2], &[true; 2]), None, noon),
    ];
    for (what, lines, hours, opens_at) in cases {
        let mut stage = Stage::new(WorldConfig::default());
        stage.plan(&lines);
        let options = Options { hours, schedule: start, no_wait: true, ..Options::default() };
        let outcome = stage.run(&options).await.expect("a run");
        assert_eq!(outcome.ending, Ending::Closed { opens_at: Some(opens_at) }, "{what}");
        let mut told = Vec::new();
        let mut watch = |event: &RunEvent| {
            if let RunEvent::Closed { until, .. } = event {
                told.push(*until);
            }
        };
        let waits = Options { no_wait: false, ..options };
        let outcome = stage.run_watched(&waits, &mut Seen(&mut watch)).await.expect("a run");
        assert_eq!((outcome.ending, told.first()), (Ending::Complete, Some(&opens_at)), "{what}");
        let first = stage.simulator.requests().iter().map(|request| request.at.0).min().expect("a request");
        let first = UnixMillis::from_millis(i64::try_from(first).expect("a time"));
        let late = first.since(opens_at);
        assert!(first >= opens_at && late < Duration::from_secs(2), "{what}: {late:?} after the moment");
    }
}

/// A row in doubt whose time is over may have a contact: it is neither replayed nor called expired.
#[tokio::test(start_paused = true)]
async fn what_is_in_doubt_when_its_time_is_over_is_uncertain() {
    let mut world = WorldConfig::default();
    world.faults.destination("+12025550100", Fault::LostAnswer);
    let mut stage = Stage::new(world);
    let mut line = stage::line(2, 0);
    if let Content::Recipient { window, .. } = &mut line.content {
        window.not_after = Some(after(10));
    }
    stage.plan(&[line]);
    stage.run(&Options::default()).await.expect("a run");
    assert_eq!(stage.tally()[State::Attempting], 1);
    let requests = stage.simulator.requests().len();
    tokio::time::advance(Duration::from_secs(3_600)).await;
    stage.run(&Options::default()).await.expect("a run");
    assert_eq!((stage.tally()[State::Uncertain], stage.simulator.requests().len()), (1, requests));
}

/// Who has nothing left to do waits for no opening: neither once the campaign is over, nor before it begins again.
#[tokio::test(start_paused = true)]
async fn a_run_that_has_nothing_left_ends_outside_of_the_schedule_too() {
    let mut stage = Stage::new(WorldConfig::default());
    stage.plan(&(0..5).map(|n| stage::line(n + 2, n)).collect::<Vec<_>>());
    let first = stage.run(&Options::default()).await.expect("a run");
    assert_eq!((first.ending, stage.tally()[State::Started]), (Ending::Complete, 5));
    for (start, end) in [(None, Some(after(0))), (Some(after(60 * 24 * 7)), None)] {
        let options = Options { schedule: Schedule { start, end }, ..Options::default() };
        let again = tokio::time::timeout(Duration::from_secs(60), stage.run(&options)).await;
        let again = again.expect("the run ends").expect("a run");
        assert_eq!(again.ending, Ending::Complete, "from {start:?} to {end:?}");
    }
    assert_eq!(stage.simulator.requests().len(), 5, "and sends nothing");
}
