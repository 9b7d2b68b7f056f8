//! What people ask of a run from elsewhere: it pauses, goes on, stops and changes its pace within a quarter of a second, and
//! every promise holds.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use campaign::app::send::Bounds;
use campaign::clock::Clock;
use campaign::domain::delivery::control::{Control, NewPace, NewRate};
use campaign::domain::delivery::ending::{Ending, Signal};
use campaign::domain::delivery::shared_rate::SharedRate;
use campaign::domain::delivery::state::State;
use campaign::engine::{PlanProgress, RunEvent, Stop};
use campaign::journal::{CampaignId, ControlRequest, Journal, PauseKind, PauseSpan, Reader, RunId};
use campaign::simulator::{Fault, Latency, Throttle, WorldConfig};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::virtual_time::stage::{EPOCH, Options, Seen, Stage, in_flight};

/// A look, what is in the way of an answer, and a group.
const AT_ONCE: Duration = Duration::from_millis(300);
const SECOND: Duration = Duration::from_secs(1);

/// Somebody at another terminal.
pub(crate) struct Person {
    path: PathBuf,
    pub(crate) campaign: CampaignId,
    clock: Clock,
}

impl Person {
    pub(crate) fn of(stage: &Stage) -> Self {
        Self { path: stage.path(), campaign: stage.campaign, clock: stage.clock.clone() }
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::open(&self.path).expect("the journal opens")
    }

    fn run(&self) -> Option<RunId> {
        self.reader().runs(self.campaign, 1).expect("the runs").pop().map(|run| run.id)
    }

    /// Asks as the commands do: what is for a run is for the one that goes on.
    pub(crate) fn ask(&self, wish: Control) {
        let run = self.run().filter(|_| wish.is_of_run());
        let mut journal = Journal::open(&self.path).expect("the journal opens");
        journal.ask(self.campaign, wish, run, "somebody, process 1", self.clock.now()).expect("it is asked");
    }

    /// Asks each of these so long after the beginning.
    pub(crate) async fn ask_all(&self, wishes: &[(f64, Control)]) {
        let began = Instant::now();
        for (after, wish) in wishes {
            sleep_until(began + SECOND.mul_f64(*after)).await;
            self.ask(wish.clone());
        }
    }

    fn asks(&self) -> Vec<ControlRequest> {
        let mut asks = self.reader().asks(self.campaign, 100).expect("what was asked");
        asks.reverse();
        asks
    }
}

fn world() -> WorldConfig {
    let latency = Latency { base: Duration::from_millis(60), jitter: Duration::from_millis(40) };
    WorldConfig { latency, ..WorldConfig::default() }
}

pub(crate) fn pace(rate: NewRate, burst: Option<u32>) -> Control {
    Control::Pace(NewPace { rate, burst: burst.and_then(NonZeroU32::new) })
}

/// When requests left, since the stage was set.
fn left(stage: &Stage) -> Vec<Duration> {
    let since = |at: u64| Duration::from_millis(at - EPOCH as u64);
    stage.simulator.requests().iter().map(|request| since(request.at.0)).collect()
}

/// How many requests left between these times.
fn between(stage: &Stage, from: f64, to: f64) -> usize {
    left(stage).iter().filter(|at| (from..to).contains(&at.as_secs_f64())).count()
}

fn pauses(stage: &Stage, kind: PauseKind) -> Vec<PauseSpan> {
    let mut pauses = Vec::new();
    let each = |pause: PauseSpan| pauses.extend((pause.kind == kind).then_some(pause));
    stage.reader().each_pause(stage.campaign, each).expect("the pauses");
    pauses
}

/// In worlds where rows are retried, replayed, and wait for a quota: no request leaves while the campaign is paused, and
/// after that everything goes on as if nothing had been.
#[tokio::test(start_paused = true)]
async fn nothing_leaves_while_a_campaign_is_paused_and_everything_does_after() {
    let throttle = Throttle { rate: 4.0, burst: NonZeroU32::new(3).expect("a burst") };
    let worlds = || {
        [
            world(),
            WorldConfig { throttle: Some(throttle), ..world() },
            WorldConfig { active_chats: Some(5), contact_life: Some(20 * SECOND), ..world() },
            WorldConfig { latency: Latency { base: 5 * SECOND, jitter: SECOND }, ..world() },
        ]
    };
    for lost in [0.0, 0.2] {
        for (number, config) in worlds().into_iter().enumerate() {
            let options = Options { rate: 8.0, burst: 3, ..Options::default() };
            let mut stage = Stage::with_recipients(config, 120);
            stage.simulator.with(|world| {
                world.faults_mut().chance(Fault::LostAnswer, lost);
            });
            let person = Person::of(&stage);
            let mut held = Vec::new();
            let mut see = |event: &RunEvent| match event {
                RunEvent::Held { since, .. } => held.push(Some(*since)),
                RunEvent::Released => held.push(None),
                _ => {}
            };
            let asking = async {
                person.ask_all(&[(6.0, Control::Pause)]).await;
                sleep(24 * SECOND).await;
                let attempting = person.reader().tally(person.campaign).unwrap()[State::Attempting];
                let paused = person.reader().paused(person.campaign).unwrap().expect("it is paused");
                person.ask_all(&[(30.0, Control::Pause), (60.0, Control::Go), (61.0, Control::Go)]).await;
                (attempting, paused)
            };
            let mut seen = Seen(&mut see);
            let (outcome, (attempting, paused)) =
                tokio::join!(stage.run_watched(&options, &mut seen), asking);
            let told = format!("world {number}, {lost} lost");
            assert_eq!(outcome.unwrap().ending, Ending::Complete, "{told}");
            assert!(between(&stage, 0.0, 6.0) >= 5, "{told}");
            assert_eq!(between(&stage, 6.0 + AT_ONCE.as_secs_f64(), 90.0), 0, "{told}");
            assert!(between(&stage, 90.0, 91.0) > 0, "{told}");
            // Those in doubt stay attempting: their replay waits as well.
            assert!(lost > 0.0 || attempting == 0, "{told}: {attempting} claimed and not requested");
            assert_eq!(held, [Some(paused.at), None], "{told}");
            stage.check_promises(&options);
            let asks = person.asks();
            for ask in &asks {
                let taken = ask.taken.unwrap_or_else(|| panic!("{told}: nobody did {ask:?}"));
                assert!(taken.at.since(ask.at) <= AT_ONCE, "{told}: {ask:?}");
            }
            let [pause] = pauses(&stage, PauseKind::Held)[..] else { panic!("{told}: one pause") };
            assert!(
                pause.began_at.since(asks[0].at) <= AT_ONCE && pause.ends_at.since(asks[2].at) <= AT_ONCE
            );
        }
    }
}

/// The pause belongs to the campaign: a run that begins while it is paused waits for somebody to let it go on.
#[tokio::test(start_paused = true)]
async fn a_run_that_begins_paused_waits_and_goes_on_or_ends_as_told() {
    let mut stage = Stage::with_recipients(world(), 30);
    let person = Person::of(&stage);
    person.ask(Control::Pause);
    assert_eq!(person.asks()[0].taken, None, "nobody runs it");
    stage.pass(60 * SECOND).await;

    // A signal ends it at once, and a person as well; it stays paused.
    let (sender, stop) = watch::channel(Stop::No);
    let options = Options { stop, ..Options::default() };
    let interrupting = async {
        sleep(100 * SECOND).await;
        sender.send_replace(Stop::Drain(Signal::Interrupt));
    };
    let (outcome, ()) = tokio::join!(stage.run(&options), interrupting);
    let outcome = outcome.unwrap();
    assert_eq!(outcome.ending, Ending::Interrupted(Signal::Interrupt));
    assert!(outcome.elapsed < 101 * SECOND, "{:?}", outcome.elapsed);
    assert!(person.asks()[0].taken.is_some(), "the first run that found it paused said so");
    let options = Options::default();
    let (outcome, ()) = tokio::join!(stage.run(&options), person.ask_all(&[(5.0, Control::Stop)]));
    let outcome = outcome.unwrap();
    assert_eq!((outcome.ending, outcome.counters.requests), (Ending::Stopped, 0));
    assert!(outcome.elapsed < 6 * SECOND);
    assert!(person.reader().paused(person.campaign).unwrap().is_some());
    assert_eq!(pauses(&stage, PauseKind::Held).len(), 2, "each run was paused to its end");

    let began = stage.clock.now();
    let (outcome, ()) = tokio::join!(stage.run(&options), person.ask_all(&[(500.0, Control::Go)]));
    assert_eq!(outcome.unwrap().ending, Ending::Complete);
    let first = left(&stage)[0] - began.since(campaign::domain::unix_millis::UnixMillis::from_millis(EPOCH));
    assert!((500 * SECOND..500 * SECOND + AT_ONCE).contains(&first), "{first:?}");
    stage.check_promises(&options);

    // Where nothing is left to do, nobody is waited for.
    person.ask(Control::Pause);
    let outcome = stage.run(&options).await.unwrap();
    assert_eq!((outcome.ending, outcome.counters.requests), (Ending::Complete, 0));
    assert!(outcome.elapsed < SECOND, "{:?}", outcome.elapsed);
}

/// A campaign whose last answers come while it is paused has nothing to wait for.
#[tokio::test(start_paused = true)]
async fn a_run_that_has_nothing_left_ends_though_it_is_paused() {
    let slow = WorldConfig { latency: Latency { base: 5 * SECOND, jitter: Duration::ZERO }, ..world() };
    // As many as one claim takes, so that the run has not yet seen that nobody waits behind them.
    let options = Options { rate: 4.0, burst: 4, ..Options::default() };
    let mut stage = Stage::with_recipients(slow, 4);
    let person = Person::of(&stage);
    let (outcome, ()) = tokio::join!(stage.run(&options), person.ask_all(&[(1.0, Control::Pause)]));
    let outcome = outcome.unwrap();
    assert_eq!((outcome.ending, outcome.counters.started), (Ending::Complete, 4));
    assert!(outcome.elapsed < 7 * SECOND, "{:?}", outcome.elapsed);
}

#[tokio::test(start_paused = true)]
async fn a_stop_drains_this_run_and_no_other() {
    let slow = WorldConfig { latency: Latency { base: SECOND, jitter: Duration::ZERO }, ..world() };
    let options = Options { rate: 10.0, ..Options::default() };
    let mut stage = Stage::with_recipients(slow, 200);
    let person = Person::of(&stage);
    let (outcome, ()) = tokio::join!(stage.run(&options), person.ask_all(&[(5.0, Control::Stop)]));
    let outcome = outcome.unwrap();
    assert_eq!(outcome.ending, Ending::Stopped);
    assert!(outcome.elapsed < 7 * SECOND, "{:?}", outcome.elapsed);
    let tally = stage.tally();
    assert_eq!((tally[State::Attempting], tally[State::Started]), (0, outcome.counters.requests));
    assert!(tally[State::Queued] > 100);
    let taken = person.asks()[0].taken.expect("it is done");
    assert_eq!((Some(taken.run), taken.in_flight), (person.run(), 10));
    // Another one comes too late for that run, and is not for the next one.
    person.ask(Control::Stop);
    assert_eq!(stage.run(&options).await.unwrap().ending, Ending::Complete);
    assert_eq!(person.asks()[1].taken, None);
    stage.check_promises(&options);
}

/// Requests in ten seconds of each pace.
#[tokio::test(start_paused = true)]
async fn a_new_pace_is_the_pace_of_this_run() {
    let mut stage = Stage::with_recipients(world(), 6_000);
    let person = Person::of(&stage);
    let options = Options { rate: 2.0, burst: 1, bounds: Bounds::default(), ..Options::default() };
    let per_second = |rate| NewRate::PerSecond(rate);
    let wishes = [
        (20.0, pace(per_second(50.0), Some(10))),
        (40.0, pace(per_second(0.5), None)),
        (60.0, pace(NewRate::Default, None)),
        (80.0, pace(NewRate::Auto, None)),
        (100.0, pace(per_second(20.0), Some(1))),
        (120.0, Control::Stop),
    ];
    let mut told = Vec::new();
    let mut see = |event: &RunEvent| {
        if let RunEvent::Repaced { rate, burst } = event {
            told.push((*rate, *burst));
        }
    };
    let mut seen = Seen(&mut see);
    let (outcome, ()) = tokio::join!(stage.run_watched(&options, &mut seen), person.ask_all(&wishes));
    assert_eq!(outcome.unwrap().ending, Ending::Stopped);
    let counts = [8.0, 28.0, 48.0, 68.0, 108.0].map(|from| between(&stage, from, from + 10.0));
    assert!((19..=21).contains(&counts[0]), "{counts:?}");
    assert!((499..=501).contains(&counts[1]), "{counts:?}");
    assert!((4..=6).contains(&counts[2]), "{counts:?}");
    assert!((19..=21).contains(&counts[3]), "{counts:?}");
    assert!((199..=201).contains(&counts[4]), "{counts:?}");
    assert!(between(&stage, 90.0, 100.0) > 200, "nobody throttles, and it doubles every two seconds");
    assert_eq!(told, [(Some(50.0), 10), (Some(0.5), 10), (Some(2.0), 1), (None, 1), (Some(20.0), 1)]);
    // At the lower pace, no row is attempting for longer than it takes.
    let options = Options { rate: 100_000.0, ..options };
    stage.check_promises(&options);
    let outcome = stage.run(&Options { rate: 1_000.0, ..options.clone() }).await.unwrap();
    assert_eq!((outcome.ending, &person.asks()[4].wish), (Ending::Complete, &wishes[4].1));
    stage.check_promises(&options);
}

/// Promise 6 through every change: what leaves in a window is one burst and what the rates allow, each in its time.
#[tokio::test(start_paused = true)]
async fn the_bound_holds_through_every_change_of_the_pace() {
    let throttle = Throttle { rate: 40.0, burst: NonZeroU32::new(20).expect("a burst") };
    for config in [world(), WorldConfig { throttle: Some(throttle), ..world() }] {
        let mut stage = Stage::with_recipients(config, 3_000);
        let person = Person::of(&stage);
        let options = Options { rate: 30.0, burst: 5, bounds: Bounds::default(), ..Options::default() };
        let rates = [3.0, 100.0, 7.0, 100.0, 0.5, 60.0];
        let mut wishes: Vec<(f64, Control)> = rates
            .iter()
            .enumerate()
            .map(|(n, rate)| (5.0 + 7.3 * n as f64, pace(NewRate::PerSecond(*rate), None)))
            .collect();
        // A pause fills the bucket, and a change empties it.
        wishes.insert(2, (14.0, Control::Pause));
        wishes.insert(3, (17.0, Control::Go));
        wishes.push((50.0, Control::Stop));
        let (outcome, ()) = tokio::join!(stage.run(&options), person.ask_all(&wishes));
        assert_eq!(outcome.unwrap().ending, Ending::Stopped);
        let changes: Vec<(f64, f64)> = person
            .asks()
            .iter()
            .filter_map(|ask| {
                let at = ask.taken.expect("it is done").at.millis() - EPOCH;
                Some((at as f64 / 1000.0, ask.wish.pace().0?))
            })
            .collect();
        let level = |until: f64| -> f64 {
            let mut level = 0.0;
            let (mut from, mut rate) = (0.0, 30.0);
            for (at, next) in changes.iter().copied().chain([(f64::MAX, 0.0)]) {
                level += rate * (at.min(until) - from).max(0.0);
                (from, rate) = (at, next);
            }
            level
        };
        let levels: Vec<f64> = left(&stage).iter().map(|at| level(at.as_secs_f64())).collect();
        let (mut worst, mut least) = (f64::MIN, f64::MAX);
        for (before, level) in levels.iter().enumerate() {
            least = least.min(before as f64 - level);
            worst = worst.max(before as f64 + 1.0 - level - least);
        }
        // Times are whole milliseconds.
        assert!(worst <= 5.0 + 100.0 * 0.002, "promise 6: {worst} requests more than their share");
        assert!(levels.len() > 500, "{}", levels.len());
        stage.check_promises(&Options { rate: 100.0, ..options });
    }
}

/// Whoever shares the account's pace can take less of it, and no more.
#[tokio::test(start_paused = true)]
async fn a_run_that_shares_a_pace_stays_within_it_whatever_is_asked() {
    let shared = Some(SharedRate { owner: "account".to_owned(), rate: 20.0, burst: 4 });
    let bounds = Bounds { shared, ..Bounds::default() };
    let options = Options { rate: 20.0, burst: 4, bounds, ..Options::default() };
    let mut first = Stage::with_recipients(world(), 1_000);
    let mut second = first.beside("second", 600);
    let people = [Person::of(&first), Person::of(&second)];
    let asking = async {
        let wishes = [
            (5.0, pace(NewRate::PerSecond(500.0), Some(100))),
            (20.0, pace(NewRate::PerSecond(1.0), None)),
            (40.0, Control::Stop),
        ];
        people[0].ask_all(&wishes).await;
    };
    let (one, other, ()) = tokio::join!(first.run(&options), second.run(&options), asking);
    assert_eq!((one.unwrap().ending, other.unwrap().ending), (Ending::Stopped, Ending::Complete));
    crate::virtual_time::stage::check_pace(
        first.simulator.requests().iter().map(|request| request.at.0),
        &options,
    );
    assert!(between(&first, 25.0, 35.0) >= 190, "what one does not take, the other has");
    assert!(first.tally()[State::Started] < 250 && second.tally()[State::Started] == 600);
}

/// Limits, files that are still read, and pauses of both kinds in one run.
#[tokio::test(start_paused = true)]
async fn a_pause_composes_with_a_limit_a_stream_and_a_full_quota() {
    let config = WorldConfig { active_chats: Some(10), contact_life: Some(30 * SECOND), ..world() };
    let mut stage = Stage::with_recipients(config, 60);
    let person = Person::of(&stage);
    let (feeder, feed) = watch::channel(PlanProgress::Reading { queued: 0 });
    let options = Options { rate: 20.0, most: Some(40), bounds: in_flight(4), feed, ..Options::default() };
    let feeding = async {
        sleep(45 * SECOND).await;
        feeder.send_replace(PlanProgress::Read { queued: 0 });
    };
    let wishes = [(2.0, Control::Pause), (50.0, Control::Go), (55.0, Control::Pause), (300.0, Control::Go)];
    let (outcome, (), ()) = tokio::join!(stage.run(&options), feeding, person.ask_all(&wishes));
    let outcome = outcome.unwrap();
    assert_eq!((outcome.ending, outcome.counters.started), (Ending::Limit, 40));
    assert_eq!(between(&stage, 2.3, 50.0) + between(&stage, 55.3, 300.0), 0);
    assert_eq!(pauses(&stage, PauseKind::Held).len(), 2);
    assert!(!pauses(&stage, PauseKind::ActiveChats).is_empty());
    stage.check_promises(&options);
    assert_eq!(
        stage.run(&Options { rate: 20.0, ..Options::default() }).await.unwrap().ending,
        Ending::Complete
    );
}

/// Half of a minute of silence before a pause and one lost answer after it are no minute of silence.
#[tokio::test(start_paused = true)]
async fn silence_before_a_pause_is_not_held_against_what_comes_after() {
    let options = Options { rate: 2.0, read_timeout: 5 * SECOND, ..Options::default() };
    let mut stage = Stage::with_recipients(world(), 60);
    stage.simulator.with(|world| {
        world.faults_mut().chance(Fault::HangBefore, 1.0);
    });
    let person = Person::of(&stage);
    let simulator = stage.simulator.clone();
    let asking = async {
        person.ask_all(&[(35.0, Control::Pause), (600.0, Control::Go)]).await;
        sleep(10 * SECOND).await;
        simulator.with(|world| {
            world.faults_mut().clear();
        });
    };
    let (outcome, ()) = tokio::join!(stage.run(&options), asking);
    assert_eq!(outcome.unwrap().ending, Ending::Complete);
    stage.check_promises(&options);
}
