//! A story from a seed: what happens to a campaign, run after run, until nothing goes wrong any more.

use std::num::NonZeroU32;
use std::time::Duration;

use campaign::domain::account::opt_outs::{OptOutRule, OptOutSettings};
use campaign::domain::delivery::control::{Control, NewPace, NewRate};
use campaign::domain::delivery::ending::Signal;
use campaign::domain::delivery::state::State;
use campaign::domain::delivery::verdict::TOKEN_SAFE;
use campaign::engine::Stop;
use campaign::pace::RateLimit;
use campaign::simulator::{RequestRecord, WorldTime};

use crate::seeds::chance::Chance;
use crate::seeds::people::People;
use crate::seeds::sentinel::Crash;
use crate::seeds::trial::{Ended, Options, Trial};
use crate::seeds::worlds::{self, Lies};
use crate::seeds::{deliveries, promises, shapes};

/// Whether the story is told while it is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Telling {
    Aloud,
    Silent,
}

/// What was played.
#[derive(Debug, Default)]
pub(crate) struct Played {
    pub(crate) runs: usize,
    pub(crate) deaths: usize,
    pub(crate) requests: Vec<RequestRecord>,
    pub(crate) contacts: usize,
    pub(crate) replays: usize,
    pub(crate) uncertain: usize,
    pub(crate) messages: usize,
    pub(crate) days: u64,
}

struct Story {
    played: Played,
    chance: Chance,
    trial: Trial,
    lies: Lies,
    asked: RateLimit,
    /// What small lies may still take back.
    deceit: i64,
    /// The next run reads the file while it sends.
    streams: bool,
    /// How the account's opt-outs are read, in most runs.
    opt_outs: Option<OptOutSettings>,
    /// What the account tells of its messages, where it tells anything.
    listening: Option<Chance>,
    telling: Telling,
}

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// Plays the story of a seed.
///
/// # Panics
/// Where a promise is broken.
pub(crate) fn play(seed: u64, telling: Telling) -> Played {
    let mut story = Story::new(seed, telling);
    story.plan();
    for _ in 0..story.chance.within(1..6) {
        story.chapter();
    }
    story.finale();
    let stats = story.trial.simulator.stats();
    let uncertain = promises::rows(&story.trial).iter().filter(|row| row.state == State::Uncertain).count();
    Played {
        requests: story.trial.requests(),
        contacts: stats.contacts as usize,
        replays: stats.replays as usize,
        uncertain,
        days: story.trial.clocks.passed().as_secs() / 86_400,
        ..story.played
    }
}

impl Story {
    fn new(seed: u64, telling: Telling) -> Self {
        let mut chance = Chance::new(seed);
        let lies = chance.pick(&[
            Lies::None,
            Lies::None,
            Lies::None,
            Lies::None,
            Lies::Small,
            Lies::Small,
            Lies::Large,
        ]);
        let mut world = worlds::world(&mut chance, seed, lies);
        let listening = deliveries::listening(seed, &mut world);
        let (people, shape) = (People::new(&mut chance), shapes::shape(&mut chance));
        let asked = asked(&mut chance);
        let opt_outs = opt_outs(&mut chance);
        let trial = Trial::new(world, people, shape);
        let story = Self {
            played: Played::default(),
            trial,
            chance,
            lies,
            asked,
            deceit: 20 * HOUR,
            streams: false,
            opt_outs,
            listening,
            telling,
        };
        let listens = story.listening.is_some();
        story.tell(|| format!("seed {seed}, clock lies: {lies:?}, {asked:?}, told of messages: {listens}"));
        story
    }

    fn tell(&self, words: impl FnOnce() -> String) {
        if self.telling == Telling::Aloud {
            eprintln!("{:>13} {}", self.trial.clocks.now(), words());
        }
    }

    /// The file is read, now and then not to its end.
    fn plan(&mut self) {
        let cut = self.chance.odds(0.05).then(|| self.chance.index(4));
        let retries = self.chance.odds(0.3);
        self.trial.plan(cut, retries);
        self.tell(|| match (cut, &self.trial.planned) {
            (Some(batches), _) => format!("dies over the file after {batches} batches"),
            (None, lines) => format!("reads the file: {} lines", lines.as_ref().map_or(0, Vec::len)),
        });
    }

    /// A run, what goes wrong in it, and what happens before it.
    fn chapter(&mut self) {
        let now = self.trial.clocks.now();
        self.trial.simulator.with(|world| {
            let faults = world.faults_mut().clear();
            worlds::chances(&mut self.chance, faults);
            worlds::phases(&mut self.chance, faults, now);
        });
        self.trial.watch();
        self.opt_out();
        self.lie();
        let options = self.options();
        self.run(&options);
        let pause = self.pause();
        self.trial.clocks.pass(pause);
        self.tell(|| format!("{pause:?} pass"));
        if self.listening.as_mut().is_some_and(|chance| chance.odds(0.2)) {
            let heard = deliveries::hear(&self.trial);
            self.tell(|| format!("hears of messages: {heard:?}"));
        }
        if self.chance.odds(0.5) {
            let edited = self.trial.people.edit(&mut self.chance);
            if self.chance.odds(0.2) {
                self.trial.shape = shapes::shape(&mut self.chance);
            }
            self.tell(|| format!("the file is now {edited}"));
            if self.chance.odds(0.3) {
                self.streams = true;
            } else {
                self.plan();
            }
        }
    }

    fn run(&mut self, options: &Options) -> Ended {
        self.tell(|| format!("runs with {options:?}"));
        let before = promises::before(&self.trial);
        let ended = self.trial.run(options);
        let requests = self.trial.sentinel.requests();
        self.tell(|| format!("{requests} requests, {ended:?}"));
        promises::check(&self.trial, options, &ended, &before);
        self.played.runs += 1;
        self.played.deaths += usize::from(ended == Ended::Dead);
        ended
    }

    /// People answer STOP, now or while the next run lasts.
    fn opt_out(&mut self) {
        let now = self.trial.clocks.now() as u64;
        for _ in 0..self.chance.pick(&[0, 0, 1, 3]) {
            let number = self.trial.people.number(&mut self.chance);
            let after = self.chance.pick(&[1, 30_000, 900_000]);
            let at = WorldTime(now + self.chance.within(0..after));
            self.trial.simulator.with(|world| world.account_mut().opt_out(number, at));
        }
    }

    /// The wall clock jumps, now or during the next run.
    fn lie(&mut self) {
        if self.lies == Lies::None || self.chance.odds(0.4) {
            return;
        }
        let most = match self.lies {
            Lies::Large => 10 * DAY,
            _ => self.deceit,
        };
        let mut by = self.chance.scale(1.0, most as f64) as i64;
        if self.chance.odds(0.5) {
            by = -by;
            self.deceit = (self.deceit + by).max(1);
        }
        let after = self.chance.pick(&[0, 0, 500, 5_000, 50_000]);
        let after = self.chance.millis(0..after + 1);
        self.trial.clocks.jump(after, by);
        self.tell(|| format!("in {after:?} the clock jumps by {by} ms"));
    }

    fn pause(&mut self) -> Duration {
        let safe = TOKEN_SAFE.as_millis() as u64;
        let day = DAY as u64;
        let range = self.chance.pick(&[
            0..1,
            1..3_000,
            1_000..600_000,
            600_000..day,
            day..5 * day,
            safe - 20_000..safe + 1_000,
            safe..7 * day,
            7 * day..9 * day,
        ]);
        self.chance.millis(range)
    }

    fn options(&mut self) -> Options {
        let streams = std::mem::take(&mut self.streams);
        let chance = &mut self.chance;
        let horizon = chance.scale(10.0, 60_000.0) as u64 + 1;
        let crash = match chance.index(9) {
            0 => Crash::Wake(chance.within(1..40)),
            1 => Crash::Wake(chance.within(1..400)),
            2 => Crash::Instant(chance.within(0..horizon)),
            3 => Crash::Request(chance.within(1..30)),
            4 => Crash::RunEvent(chance.within(1..80)),
            5 => Crash::End,
            _ => Crash::Never,
        };
        let mut stops = Vec::new();
        if chance.odds(0.25) {
            let signal = chance.pick(&[Signal::Interrupt, Signal::Terminate]);
            stops.push((chance.within(0..horizon), Stop::Drain(signal)));
            if chance.odds(0.4) {
                stops.push((chance.within(0..2_000), Stop::Now(signal)));
            }
        }
        let asked = if chance.odds(0.2) { asked(chance) } else { self.asked };
        let wishes = wishes(chance, horizon);
        let follows = self.listening.as_mut().is_some_and(|chance| chance.odds(0.8));
        Options {
            asked,
            max_in_flight: chance.pick(&[1, 2, 4, 8, 32]),
            most: chance.odds(0.25).then(|| chance.within(1..15)),
            max_failures: chance.pick(&[100.0, 100.0, 20.0, 0.0]),
            stops,
            wishes,
            retry_failed: chance.odds(0.2),
            opt_outs: self.opt_outs.filter(|_| chance.odds(0.8)),
            stream: streams.then(|| chance.scale(1.0, 10_000.0) as u64),
            follows,
            crash,
        }
    }

    /// Nothing goes wrong any more.
    fn finale(&mut self) {
        self.trial.simulator.with(|world| {
            world.faults_mut().clear();
            world.set_active_chats(None);
        });
        self.trial.watch();
        let retries = self.chance.odds(0.5);
        self.trial.plan(None, retries);
        let mut options = Options {
            asked: self.asked,
            max_in_flight: 8,
            most: None,
            max_failures: 100.0,
            stops: Vec::new(),
            // A campaign that was paused when its process died waits for that.
            wishes: vec![(self.chance.within(0..5_000), Control::Go)],
            retry_failed: self.chance.odds(0.5),
            opt_outs: self.opt_outs,
            stream: None,
            follows: self.listening.is_some(),
            crash: Crash::Never,
        };
        let ended = self.run(&options);
        promises::check_completed(&self.trial, &ended);
        options.retry_failed = false;
        self.run(&options);
        assert_eq!(self.trial.sentinel.requests(), 0, "a campaign that is complete sends nothing");
        if self.listening.is_some() {
            self.played.messages = deliveries::hear_the_rest(&self.trial, self.lies);
        }
    }
}

/// What people at other terminals ask of the run, and in the end that it goes on.
fn wishes(chance: &mut Chance, horizon: u64) -> Vec<(u64, Control)> {
    let mut wishes = Vec::new();
    if chance.odds(0.5) {
        for _ in 0..chance.within(1..6) {
            let (rate, burst) = (asked(chance).rate, asked(chance).burst);
            let burst = chance.odds(0.5).then_some(burst);
            let wish = match chance.index(10) {
                0..4 => Control::Pause,
                4..6 => Control::Go,
                6 => Control::Pace(NewPace { rate: NewRate::Default, burst: None }),
                7..9 => Control::Pace(NewPace { rate: NewRate::PerSecond(rate), burst }),
                _ => Control::Stop,
            };
            wishes.push((chance.within(0..horizon), wish));
        }
    }
    wishes.push((chance.within(0..horizon), Control::Go));
    wishes
}

fn opt_outs(chance: &mut Chance) -> Option<OptOutSettings> {
    let rule = chance.pick(&[OptOutRule::Required, OptOutRule::Required, OptOutRule::IfPossible]);
    let max_age = Duration::from_secs(chance.pick(&[300, 600, 900]));
    chance.odds(0.6).then_some(OptOutSettings { rule, max_age })
}

fn asked(chance: &mut Chance) -> RateLimit {
    let burst = chance.within(1..12) as u32;
    RateLimit { rate: chance.scale(0.3, 60.0), burst: NonZeroU32::new(burst).expect("above zero") }
}
