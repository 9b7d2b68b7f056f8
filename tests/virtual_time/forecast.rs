//! One forecast: the live view of a run and `status` say the same time left at the same moment.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::io::Write;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use campaign::app::send::Bounds;
use campaign::app::status::Status;
use campaign::domain::hours::schedule::Schedule;
use campaign::domain::unix_millis::UnixMillis;
use campaign::engine::ActiveContacts;
use campaign::progress::{About, Events, Progress, ProgressKind, Screen};
use campaign::simulator::{Latency, Throttle, WorldConfig};
use serde_json::Value;
use tokio::time::sleep;

use crate::virtual_time::stage::{CAMPAIGN, EPOCH, Options, Stage, in_flight};

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// The time and the seconds left of the latest status of the run.
    fn latest(&self) -> Option<(String, Option<u64>)> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let event: Value = serde_json::from_str(text.lines().last()?).unwrap();
        Some((event["time"].as_str()?.to_owned(), event["time_left_s"].as_u64()))
    }
}

/// Holds each event of the run, as it comes, against the status at that moment. Says how many had a time left.
async fn compare(journal: &Path, events: &Lines) -> usize {
    let (mut compared, mut last) = (0, String::new());
    while compared < 150 {
        sleep(MILLISECOND).await;
        let Some((time, shown)) = events.latest().filter(|(time, _)| *time != last) else { continue };
        let at = time.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        let status = Status::of(journal, CAMPAIGN, UnixMillis::from_millis(at)).unwrap();
        let left = status.time_left().map(|left| left.as_secs());
        assert_eq!(shown, left, "at {time}: the live view is on the left, the status on the right");
        compared += usize::from(left.is_some());
        last = time;
    }
    compared
}

async fn same_for(world: WorldConfig, options: Options) {
    // No answer is committed at the instant of an event, where either may come first.
    let latency = Latency { base: Duration::from_millis(43), jitter: Duration::ZERO };
    let mut stage = Stage::with_recipients(WorldConfig { latency, ..world }, 1_500);
    let (journal, clock, lines) = (stage.path(), stage.clock.clone(), Lines::default());
    let events = Some(Events::to(lines.clone()));
    let screen = Screen::stderr();
    let mut progress = Progress::new(ProgressKind::Quiet, SECOND, events, About::default(), &screen, &clock);
    let compared = tokio::select! {
        ended = Box::pin(stage.run_watched(&options, &mut progress)) => panic!("the run ended early: {ended:?}"),
        compared = compare(&journal, &lines) => compared,
    };
    assert_eq!(compared, 150);
}

#[tokio::test(start_paused = true)]
async fn at_a_stated_pace() {
    same_for(WorldConfig::default(), Options { rate: 4.0, burst: 50, ..Options::default() }).await;
}

#[tokio::test(start_paused = true)]
async fn while_the_run_finds_the_pace_of_the_service() {
    let throttle = Throttle { rate: 3.0, burst: NonZeroU32::new(5).unwrap() };
    let world = WorldConfig { throttle: Some(throttle), ..WorldConfig::default() };
    same_for(world, Options { rate: 20.0, auto: true, ..Options::default() }).await;
}

#[tokio::test(start_paused = true)]
async fn with_contacts_that_have_to_end_first() {
    let active = ActiveContacts { most: 100, life: 60 * SECOND, ages: vec![30 * SECOND; 20] };
    let bounds = Bounds { active: Some(active), ..in_flight(16) };
    same_for(WorldConfig::default(), Options { rate: 10.0, bounds, ..Options::default() }).await;
}

/// The service's quota is full again and again, which the run finds out by its answers.
#[tokio::test(start_paused = true)]
async fn with_a_quota_that_is_full() {
    let world =
        WorldConfig { active_chats: Some(50), contact_life: Some(20 * SECOND), ..WorldConfig::default() };
    same_for(world, Options { rate: 10.0, ..Options::default() }).await;
}

#[tokio::test(start_paused = true)]
async fn where_the_campaign_ends_first() {
    let end = Some(UnixMillis::from_millis(EPOCH + 300_000));
    let schedule = Schedule { start: None, end };
    same_for(WorldConfig::default(), Options { rate: 4.0, schedule, ..Options::default() }).await;
}
