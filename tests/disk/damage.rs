//! Journals damaged at random: bytes flipped, blocks zeroed, files cut. The next run works with all that was known, or
//! refuses and says what to do; it never panics, never repairs in silence, and never contacts anybody twice.
//!
//! Not noticed, for SQLite keeps no checksum of its pages: bytes changed inside a text. See `tests/README.md`.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::disk::image::Told;
use crate::disk::place::{self, Place, scaled};
use crate::simulator_process::Process;

/// A campaign of which a part was sent, and then the process was killed: its journal is in two files.
struct Killed {
    place: Place,
    server: Process,
    requests: Told,
    contacts: HashMap<String, String>,
    files: BTreeMap<String, Vec<u8>>,
}

impl Killed {
    fn new() -> Self {
        let (place, server) = (Place::new(60), Process::start(&["--latency", "3ms"]));
        let csv = place.csv();
        let limited = place.watched(&server, &["run", &csv, "--limit", "20"]).output().unwrap();
        assert_eq!(limited.status.code(), Some(4), "{}", String::from_utf8_lossy(&limited.stderr));
        let mut command = place.watched(&server, &["run", &csv, "--rate", "50", "--burst", "1"]);
        let mut killed = command.stderr(std::process::Stdio::null()).spawn().unwrap();
        while place::contacts(&server).len() < 35 {
            crate::disk::power_loss::pause(Duration::from_millis(20));
        }
        killed.kill().unwrap();
        killed.wait().unwrap();
        let mut requests = Told::default();
        place.calls().iter().for_each(|event| requests.hear(event));
        let contacts = place::contacts(&server);
        let files = place.files();
        Self { place, server, requests, contacts, files }
    }

    /// Puts the journal back as the kill left it.
    fn restore(&self) {
        self.place.hold(&self.files);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.journal_folder().join(name)
    }

    fn resume(&self) -> (Option<i32>, String) {
        let output = self.place.resume(&self.server);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// The journal's own files with their bytes.
    fn journal(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.place.files();
        files.retain(|name, _| matches!(name.as_str(), "journal.db" | "journal.db-wal"));
        files
    }

    /// Whether everybody who was contacted still has that one contact.
    fn has_no_second_contact(&self, words: &str) {
        let now = place::contacts(&self.server);
        for (token, contact) in &self.contacts {
            assert_eq!(now.get(token), Some(contact), "{words}");
        }
        assert!(now.len() <= 60, "{} tokens, 60 recipients: {words}", now.len());
    }
}

/// Does something to a file, and says what.
fn damage(path: &Path, chance: &mut fastrand::Rng) -> String {
    let mut bytes = std::fs::read(path).unwrap();
    let at = chance.usize(..bytes.len());
    let what = match chance.u8(..5) {
        0 | 1 => {
            bytes[at] ^= 1 << chance.u8(..8);
            "a bit flipped"
        }
        2 => {
            let end = (at + 512).min(bytes.len());
            bytes[at..end].fill(0);
            "512 bytes zeroed"
        }
        3 => {
            let (page, end) = (at / 4096 * 4096, (at / 4096 * 4096 + 4096).min(bytes.len()));
            chance.fill(&mut bytes[page..end]);
            "a page of garbage"
        }
        _ => {
            bytes.truncate(at);
            "cut off"
        }
    };
    std::fs::write(path, bytes).unwrap();
    format!("{} {what} at {at}", path.file_name().unwrap().display())
}

#[test]
fn a_damaged_journal_is_used_in_full_or_refused() {
    let killed = Killed::new();
    let mut chance = fastrand::Rng::with_seed(scaled("CAMPAIGN_SEED", 1) as u64);
    let (mut refused, mut worked, mut mute) = (0, 0, Vec::new());
    for _ in 0..scaled("CAMPAIGN_DAMAGES", 60) {
        killed.restore();
        let name = if chance.bool() { "journal.db" } else { "journal.db-wal" };
        let what = damage(&killed.path(name), &mut chance);
        let before = killed.journal();
        let (exit, words) = killed.resume();
        let words = format!("{what}: {words}");
        assert!(!words.contains("panicked"), "{words}");
        killed.has_no_second_contact(&words);
        match exit {
            Some(0 | 3) => worked += 1,
            Some(1) => {
                refused += 1;
                if !words.contains("error: ") || !words.contains("  hint: ") {
                    mute.push(words.clone());
                }
                if words.contains("nothing was changed") {
                    assert!(before == killed.journal(), "and yet something was: {words}");
                }
            }
            other => panic!("{other:?}: {words}"),
        }
    }
    assert!(mute.is_empty(), "refusals without a word on what to do:\n{}", mute.join("\n"));
    assert!(refused > 0 && worked > 0, "{refused} refused, {worked} worked");
}

/// A log that ends too early is one that SQLite is content with.
#[test]
fn a_lost_log_and_an_older_copy_are_noticed() {
    let killed = Killed::new();
    assert!(killed.requests.requests.len() >= 35);
    std::fs::remove_file(killed.path("journal.db-wal")).unwrap();
    let (exit, words) = killed.resume();
    assert_eq!(exit, Some(1), "{words}");
    assert!(words.contains("has lost its latest results"), "{words}");
    let mark = killed.path("journal.db.mark");
    assert!(words.contains(mark.to_str().unwrap()), "{words}");
    std::fs::remove_file(&mark).unwrap();
    let (exit, words) = killed.resume();
    assert_eq!(exit, Some(0), "{words}");
    killed.has_no_second_contact(&words);
}

#[test]
fn an_emptied_journal_is_not_begun_anew() {
    let killed = Killed::new();
    std::fs::write(killed.path("journal.db"), "").unwrap();
    let (exit, words) = killed.resume();
    assert_eq!(exit, Some(1), "{words}");
    assert!(words.contains("it is empty"), "{words}");
    assert_eq!(std::fs::metadata(killed.path("journal.db")).unwrap().len(), 0);
    assert!(killed.path("journal.db-wal").metadata().unwrap().len() > 0, "the log is left as it was");
}

/// A journal that takes long to look over is looked over while it is sent. Here one page takes long, and is damaged.
#[test]
fn damage_that_is_found_while_sending_ends_the_run_and_nobody_gets_a_second_contact() {
    const ROWS: usize = 300;
    let (place, server) = (Place::new(ROWS), Process::start(&["--latency", "3ms"]));
    let limited = place.command(&server, &["run", &place.csv(), "--limit", "5"]).output().unwrap();
    assert_eq!(limited.status.code(), Some(4), "{}", String::from_utf8_lossy(&limited.stderr));
    // The page with the rows that would be sent last.
    let sound = std::fs::read(place.journal()).unwrap();
    let last = format!("Name {}", ROWS - 2);
    let page = sound.windows(last.len()).position(|bytes| bytes == last.as_bytes()).unwrap() / 4096 * 4096;
    let mut damaged = sound.clone();
    damaged[page..page + 512].fill(0);
    std::fs::write(place.journal(), damaged).unwrap();

    let mut resumed = place.watched(&server, &["resume", "--rate", "20", "--burst", "1"]);
    let resumed = resumed.env("CAMPAIGN_DISK_STALL", format!("{page}:4")).output().unwrap();
    let words = String::from_utf8_lossy(&resumed.stderr).into_owned();
    assert_eq!(resumed.status.code(), Some(1), "{words}");
    assert!(words.contains("is damaged: ") && words.contains("  hint: "), "{words}");
    assert!(!words.contains("panicked"), "{words}");
    let first = place::contacts(&server);
    assert!((6..ROWS / 2).contains(&first.len()), "{} are started: {words}", first.len());

    // The damage is as it was found. Mended, the journal knows of every request.
    let mut journal = std::fs::read(place.journal()).unwrap();
    assert!(journal[page..page + 512].iter().all(|byte| *byte == 0));
    journal[page..page + 512].copy_from_slice(&sound[page..page + 512]);
    std::fs::write(place.journal(), journal).unwrap();
    let resumed = place.resume(&server);
    assert_eq!(resumed.status.code(), Some(0), "{}", String::from_utf8_lossy(&resumed.stderr));
    let all = place::contacts(&server);
    assert_eq!(all.len(), ROWS);
    assert!(first.iter().all(|(token, contact)| all.get(token) == Some(contact)));
}
