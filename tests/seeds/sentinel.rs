//! Stands at the door of the world and beside the engine, looks into the journal through a connection of its own, and
//! writes down what is not as promised. It also says when the process is to die.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use campaign::domain::delivery::state::State;
use campaign::engine::{Observer, RunEvent};
use campaign::simulator::{Fault, RequestFacts};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use uuid::Uuid;

use crate::seeds::trial::Options;

/// When a process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crash {
    Never,
    /// Before the engine's future is polled for this time.
    Poll(u64),
    /// In this of the instants in which the engine's future is polled: the same one every time a seed is played.
    Wake(u64),
    /// So many milliseconds after its start.
    Instant(u64),
    /// With this request, when the world has done what it does with it.
    Request(u64),
    /// With this event.
    RunEvent(u64),
    /// After the last commit of the engine, before the end of the run is written.
    End,
}

#[derive(Debug, Clone)]
pub(crate) struct Sentinel(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    journal: Mutex<Option<Connection>>,
    violations: Mutex<Vec<String>>,
    die: AtomicBool,
    requests: AtomicU64,
    dies_at_request: AtomicU64,
    /// Whether the run keeps a copy of the account's opt-outs.
    keeps: AtomicBool,
}

impl Sentinel {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Inner {
            journal: Mutex::new(None),
            violations: Mutex::default(),
            die: AtomicBool::new(false),
            requests: AtomicU64::new(0),
            dies_at_request: AtomicU64::new(u64::MAX),
            keeps: AtomicBool::new(false),
        }))
    }

    /// A run begins.
    pub(crate) fn begin(&self, path: &Path, options: &Options) {
        let crash = options.crash;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).expect("the journal can be read");
        *self.0.journal.lock().expect("a journal") = Some(connection);
        self.0.die.store(false, Ordering::Relaxed);
        self.0.requests.store(0, Ordering::Relaxed);
        self.0.keeps.store(options.opt_outs.is_some(), Ordering::Relaxed);
        let at = if let Crash::Request(at) = crash { at } else { u64::MAX };
        self.0.dies_at_request.store(at, Ordering::Relaxed);
    }

    /// The run is over.
    pub(crate) fn end(&self) {
        *self.0.journal.lock().expect("a journal") = None;
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.0.die.load(Ordering::Relaxed)
    }

    /// Requests of this run.
    pub(crate) fn requests(&self) -> u64 {
        self.0.requests.load(Ordering::Relaxed)
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.violations.lock().expect("a list"))
    }

    fn violated(&self, what: String) {
        self.0.violations.lock().expect("a list").push(what);
    }

    fn look<T>(&self, look: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> T {
        let journal = self.0.journal.lock().expect("a journal");
        look(journal.as_ref().expect("requests and events come in a run only")).expect("the journal answers")
    }

    /// Contact ids in the journal.
    fn started(&self) -> u64 {
        let sql = "SELECT count(*) FROM row WHERE state = 2 AND contact_id IS NOT NULL";
        self.look(|journal| journal.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0))) as u64
    }

    /// What the world asks before it does anything with a request. Promise 2.
    pub(crate) fn script(&self) -> impl FnMut(&RequestFacts<'_>) -> Option<Fault> + Send + 'static + use<> {
        let sentinel = self.clone();
        move |facts| {
            let request = sentinel.0.requests.fetch_add(1, Ordering::Relaxed) + 1;
            if request == sentinel.0.dies_at_request.load(Ordering::Relaxed) {
                sentinel.0.die.store(true, Ordering::Relaxed);
            }
            sentinel.check(facts);
            None
        }
    }

    fn check(&self, facts: &RequestFacts<'_>) {
        let Some(token) = facts.client_token.and_then(|token| Uuid::try_parse(token).ok()) else {
            return self.violated(format!("promise 3: a request without a token: {facts:?}"));
        };
        let row: Option<(u8, u32, Option<i64>)> = self.look(|journal| {
            journal
                .prepare_cached(
                    "SELECT state, attempts, doubt_at FROM row WHERE client_token = ?1 AND state <> 6",
                )?
                .query_row([&token.as_bytes()[..]], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .optional()
        });
        let attempting = State::Attempting.code();
        let durable = matches!(row, Some((state, attempts, Some(_)))
            if state == attempting && attempts >= facts.attempt);
        if !durable {
            self.violated(format!("promise 2: {facts:?} left, and the journal has {row:?}"));
        }
        // A row in doubt is asked about all the same.
        let first = row.is_some_and(|(_, attempts, _)| attempts == 1);
        if first && self.0.keeps.load(Ordering::Relaxed) && self.is_opted_out(facts.destination) {
            self.violated(format!("promise 12: {facts:?}, and the journal has the opt-out"));
        }
    }
}

impl Sentinel {
    /// Whether the copy of the account's opt-outs has the number.
    fn is_opted_out(&self, destination: Option<&str>) -> bool {
        let sql = "SELECT EXISTS (SELECT 1 FROM opt_out WHERE destination = ?1)";
        self.look(|journal| journal.prepare_cached(sql)?.query_row([destination], |row| row.get(0)))
    }
}

/// Sees what the engine says. Promise 4.
#[derive(Debug)]
pub(crate) struct Watcher {
    sentinel: Sentinel,
    events: u64,
    dies_at: u64,
    most_in_flight: usize,
    /// Whether lines keep their numbers during the run.
    still: bool,
    started: u64,
    /// Whether a person has paused the campaign.
    held: bool,
}

impl Watcher {
    pub(crate) fn new(sentinel: Sentinel, options: &Options) -> Self {
        let dies_at = if let Crash::RunEvent(at) = options.crash { at } else { u64::MAX };
        let (most_in_flight, still) = (options.max_in_flight, options.stream.is_none());
        let started = sentinel.started();
        Self { sentinel, events: 0, dies_at, most_in_flight, still, started, held: false }
    }

    /// As many contact ids are in the journal as were told of, and this row's is one of them.
    fn check(&mut self, event: &RunEvent, line: u64, to: State) {
        self.started += u64::from(to == State::Started);
        let so: bool = self.sentinel.look(|journal| {
            journal
                .prepare_cached("SELECT count(*) > 0 FROM row WHERE line = ?1 AND state = ?2")?
                .query_row(params![line as i64, to.code()], |row| row.get(0))
        });
        if (self.still && !so) || self.sentinel.started() < self.started {
            self.sentinel.violated(format!("promise 4: {event:?}, and the journal does not have it"));
        }
    }
}

impl Observer for Watcher {
    fn on_event(&mut self, event: &RunEvent) {
        self.events += 1;
        if self.events == self.dies_at {
            self.sentinel.0.die.store(true, Ordering::Relaxed);
        }
        match event {
            RunEvent::Held { .. } => self.held = true,
            RunEvent::Released => self.held = false,
            RunEvent::Requested { .. } if self.held => {
                self.sentinel.violated("a request left while the campaign was paused".to_owned());
            }
            RunEvent::Requested { in_flight, .. } if *in_flight > self.most_in_flight => {
                self.sentinel.violated(format!("{in_flight} requests in flight"));
            }
            RunEvent::Moved { line: Some(line), to, .. }
                if matches!(to, State::Started | State::Failed | State::Uncertain) =>
            {
                self.check(event, *line, *to);
            }
            _ => {}
        }
    }
}
