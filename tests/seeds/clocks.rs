//! Two clocks: the true one, which the simulator keeps, and the wall clock of the machine, which may jump both ways.
//! Both go on from run to run, while each run has a runtime, and with it a paused time, of its own.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use campaign::clock::Clock;
use campaign::domain::unix_millis::UnixMillis;
use campaign::simulator::WorldTime;
use tokio::time::Instant;

/// 2026-03-01T09:30:00Z.
const EPOCH: i64 = 1_772_357_400_000;

/// The true time, and how far off the wall clock is.
#[derive(Debug, Clone)]
pub(crate) struct Clocks(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    /// The true time when the runtime began, or now where there is none.
    base: i64,
    start: Option<Instant>,
    /// From when on the wall clock is how far off, in milliseconds, in order.
    offsets: Vec<(i64, i64)>,
}

impl Inner {
    fn now(&self) -> i64 {
        self.base + self.start.map_or(0, |start| start.elapsed().as_millis() as i64)
    }

    fn offset(&self, at: i64) -> i64 {
        self.offsets.iter().rev().find(|(from, _)| *from <= at).map_or(0, |(_, offset)| *offset)
    }
}

impl Clocks {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Inner { base: EPOCH, start: None, offsets: Vec::new() })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("no clock panics")
    }

    /// A runtime begins: time is its time. Called inside of it.
    pub(crate) fn begin(&self) {
        self.inner().start = Some(Instant::now());
    }

    /// The runtime ends. Called inside of it.
    pub(crate) fn end(&self) {
        let mut inner = self.inner();
        inner.base = inner.now();
        inner.start = None;
    }

    /// Time passes between two runs.
    pub(crate) fn pass(&self, time: Duration) {
        self.inner().base += time.as_millis() as i64;
    }

    /// The true time in milliseconds.
    pub(crate) fn now(&self) -> i64 {
        self.inner().now()
    }

    /// How much time has passed since the beginning.
    pub(crate) fn passed(&self) -> Duration {
        Duration::from_millis((self.now() - EPOCH) as u64)
    }

    /// The wall clock jumps by so many milliseconds, in a while.
    pub(crate) fn jump(&self, after: Duration, by: i64) {
        let mut inner = self.inner();
        let at = (inner.now() + after.as_millis() as i64).max(inner.offsets.last().map_or(0, |last| last.0));
        let offset = inner.offset(i64::MAX) + by;
        inner.offsets.push((at, offset));
    }

    /// How much time the wall clock lost in all its jumps backwards.
    pub(crate) fn lost(&self) -> Duration {
        self.jumps().filter(|by| *by < 0).map(|by| Duration::from_millis(by.unsigned_abs())).sum()
    }

    /// How much time the wall clock made up in all its jumps forwards, and how many there were.
    pub(crate) fn gained(&self) -> (Duration, u64) {
        let forward: Vec<i64> = self.jumps().filter(|by| *by > 0).collect();
        (Duration::from_millis(forward.iter().map(|by| by.unsigned_abs()).sum()), forward.len() as u64)
    }

    fn jumps(&self) -> impl Iterator<Item = i64> + use<> {
        let mut before = 0;
        let offsets = self.inner().offsets.clone();
        offsets.into_iter().map(move |(_, offset)| offset - std::mem::replace(&mut before, offset))
    }

    /// What the wall clock showed at a true moment.
    pub(crate) fn wall_at(&self, at: i64) -> UnixMillis {
        UnixMillis::from_millis(at + self.inner().offset(at))
    }

    /// The wall clock, as the program is handed it.
    pub(crate) fn wall(&self) -> Clock {
        let clocks = self.clone();
        Clock::from_fn(move || {
            let inner = clocks.inner();
            let now = inner.now();
            UnixMillis::from_millis(now + inner.offset(now))
        })
    }

    /// The true clock, as the simulator is handed it.
    pub(crate) fn truth(&self) -> impl Fn() -> WorldTime + Send + Sync + use<> {
        let clocks = self.clone();
        move || WorldTime(clocks.now() as u64)
    }
}
