//! Failing disks: every call on the journal's files made to fail in turn. The run stops and says why, sends nothing
//! further, and the next run ends with one contact per recipient.

use std::fmt;
use std::io::Write as _;
use std::process::Output;

use crate::disk::image::{self, Told};
use crate::disk::place::{self, Place, scaled};
use crate::disk::recording::{Event, Kind};
use crate::simulator_process::Process;

const RECIPIENTS: usize = 6;

/// Which calls fail, from which one on, and how.
#[derive(Debug, Clone, Copy)]
struct Fault {
    kind: char,
    errno: u32,
    how: &'static str,
    nth: usize,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}:{}", self.nth, self.errno, self.how, self.kind)
    }
}

const EIO: u32 = 5;
const EACCES: u32 = 13;
const ENOSPC: u32 = 28;

const FAULTS: [(char, u32, &str); 11] = [
    ('w', ENOSPC, "on"),
    ('w', ENOSPC, "short"),
    ('w', EIO, "once"),
    ('s', EIO, "once"),
    ('s', EIO, "on"),
    ('t', EIO, "once"),
    ('o', EACCES, "once"),
    ('o', ENOSPC, "on"),
    ('u', EIO, "once"),
    ('r', EIO, "once"),
    ('r', EIO, "on"),
];

fn kind_of(kind: char) -> Kind {
    match kind {
        'w' => Kind::Write,
        's' => Kind::Sync,
        't' => Kind::Truncate,
        'o' => Kind::Open,
        'u' => Kind::Unlink,
        _ => Kind::Read,
    }
}

/// Every call of every kind, as many as a run without faults makes.
fn every_fault() -> Vec<Fault> {
    let (place, server) = (Place::new(RECIPIENTS), Process::start(&[]));
    let csv = place.csv();
    assert_eq!(place.watched(&server, &["run", &csv]).output().unwrap().status.code(), Some(0));
    let calls = place.calls();
    let mut faults = Vec::new();
    for (kind, errno, how) in FAULTS {
        let made = calls.iter().filter(|event| event.kind == kind_of(kind) && !event.begins).count();
        // Reads are not written down; a run of this size makes about thirty.
        let made = if kind == 'r' { 30 } else { made };
        faults.extend((1..=made).map(|nth| Fault { kind, errno, how, nth }));
    }
    faults
}

/// What may fail without harm, and SQLite does not tell: a log that is not deleted is read again, empty or not; a probe
/// for a file that is not there; the sync of the folder, which some file systems refuse; a read that goes well the second
/// time; a log that SQLite then opens for reading only, which is enough for who reads, and which a writer notices.
fn is_harmless(event: &Event, how: &str) -> bool {
    event.kind == Kind::Unlink
        || event.name.is_empty()
        || event.name.ends_with("-journal")
        || (event.kind == Kind::Read && how == "once")
        || (event.kind == Kind::Open && how == "once" && event.name.ends_with("-wal"))
}

struct Case {
    place: Place,
    server: Process,
    fault: Fault,
    output: Output,
    calls: Vec<Event>,
}

impl Case {
    fn run(fault: Fault) -> Self {
        let (place, server) = (Place::new(RECIPIENTS), Process::start(&["--latency", "2ms"]));
        let csv = place.csv();
        let mut command = place.watched(&server, &["run", &csv, "--rate", "100", "--burst", "1"]);
        let output = command.env("CAMPAIGN_DISK_FAULT", fault.to_string()).output().unwrap();
        let calls = place.calls();
        Self { place, server, fault, output, calls }
    }

    fn words(&self) -> String {
        format!("{}: {}", self.fault, String::from_utf8_lossy(&self.output.stderr))
    }

    /// Says whether the fault struck.
    fn check(&self) -> bool {
        let words = self.words();
        assert!(!words.contains("panicked"), "{words}");
        let struck = self.calls.iter().position(|event| event.error == self.fault.errno && !event.begins);
        let Some(struck) = struck else {
            assert_eq!(self.output.status.code(), Some(0), "{words}");
            return false;
        };
        if self.output.status.code() == Some(0) {
            assert!(
                is_harmless(&self.calls[struck], self.fault.how),
                "{:?} went unnoticed: {words}",
                self.calls[struck]
            );
        } else {
            assert_eq!(self.output.status.code(), Some(1), "{words}");
            assert!(words.contains("error: ") && words.contains("  hint: "), "{words}");
            self.sent_nothing_further(struck);
        }
        self.knows_everything();
        self.goes_on();
        true
    }

    /// One request may leave while the writer finds out.
    fn sent_nothing_further(&self, struck: usize) {
        let mut told = Told::default();
        self.calls[struck..].iter().for_each(|event| told.hear(event));
        let requests: u32 = told.requests.values().sum();
        assert!(requests <= 1, "{requests} requests left after the failure: {}", self.words());
    }

    /// What the failed run left behind has every request.
    fn knows_everything(&self) {
        let mut told = Told::default();
        self.calls.iter().for_each(|event| told.hear(event));
        if told.requests.is_empty() {
            return;
        }
        let copy = place::folder();
        for entry in self.place.journal_folder().read_dir().unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
        let checked = image::check(copy.path(), &told, &place::contacts(&self.server));
        assert_eq!(checked, Ok(()), "{}", self.words());
    }

    /// The disk is well again.
    fn goes_on(&self) {
        let csv = self.place.csv();
        let output = self.place.command(&self.server, &["run", &csv]).output().unwrap();
        let words = format!("{}\nthen {}", self.words(), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{words}");
        assert_eq!(place::contacts(&self.server).len(), RECIPIENTS, "{words}");
    }
}

#[test]
fn every_call_that_fails_stops_the_run_and_the_next_one_completes() {
    let mut faults = every_fault();
    let most = scaled("CAMPAIGN_FAULTS", 60);
    fastrand::Rng::with_seed(scaled("CAMPAIGN_SEED", 1) as u64).shuffle(&mut faults);
    let all = faults.len();
    faults.truncate(most);
    let tried = faults.len();
    let struck = faults.into_iter().filter(|fault| Case::run(*fault).check()).count();
    writeln!(std::io::stderr(), "{struck} of {tried} faults struck; there are {all}").unwrap();
    assert!(struck * 10 >= tried * 7, "only {struck} of {tried} faults struck (there are {all})");
}
