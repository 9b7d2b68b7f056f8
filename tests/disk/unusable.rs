//! Places where no journal can be: each refusal says what to do, and nothing is sent.

use std::process::Command;

use crate::disk::place::{self, Place};
use crate::simulator_process::Process;

/// Runs the campaign after something was done to its place; the words on stderr.
fn refused(spoil: impl FnOnce(&Place, &mut Command)) -> String {
    refused_with(1, spoil)
}

fn refused_with(exit: i32, spoil: impl FnOnce(&Place, &mut Command)) -> String {
    let (place, server) = (Place::new(3), Process::start(&[]));
    let csv = place.csv();
    let mut command = place.watched(&server, &["run", &csv]);
    spoil(&place, &mut command);
    let output = command.output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(exit), "{words}");
    assert_eq!(place::contacts(&server).len(), 0, "{words}");
    assert!(
        words.contains("error: ") && words.contains("  hint: ") && !words.contains("panicked"),
        "{words}"
    );
    words
}

fn fail(command: &mut Command, fault: &str) {
    command.env("CAMPAIGN_DISK_FAULT", fault);
}

#[test]
fn a_folder_in_the_journal_s_place() {
    let words = refused(|place, _| std::fs::create_dir(place.journal()).unwrap());
    assert!(words.contains("a folder is in its place"), "{words}");
}

#[test]
fn no_folder_for_the_journal() {
    let words = refused(|place, _| std::fs::remove_dir(place.journal_folder()).unwrap());
    assert!(words.contains("make the folder"), "{words}");
}

#[test]
fn a_lock_file_that_cannot_be_made() {
    for lock in ["journal.db.lock", "journal.db.mark"] {
        let words = refused(|place, _| std::fs::create_dir(place.journal_folder().join(lock)).unwrap());
        assert!(words.contains(lock), "{words}");
    }
}

/// Permissions do not apply to root, so the disk says it: EROFS.
#[test]
fn a_folder_that_cannot_be_written() {
    let words = refused(|_, command| fail(command, "1:30:on:ow"));
    assert!(words.contains("can be written"), "{words}");
}

#[test]
fn a_disk_that_is_full_at_the_start() {
    let words = refused(|_, command| fail(command, "1:28:on:w"));
    assert!(words.contains("make room"), "{words}");
}

/// A limit on the size of files, as shells and services set it.
#[test]
fn a_journal_that_may_not_grow() {
    let words = refused(|_, command| {
        let mut limited = Command::new("sh");
        limited.args(["-c", "trap '' XFSZ; ulimit -f 40; exec \"$0\" \"$@\""]).arg(command.get_program());
        limited.args(command.get_args());
        for (name, value) in command.get_envs() {
            if let Some(value) = value
                && !name.to_str().unwrap().starts_with("CAMPAIGN_DISK")
                && name != "LD_PRELOAD"
            {
                limited.env(name, value);
            }
        }
        *command = limited;
    });
    assert!(words.contains("disk"), "{words}");
}

#[test]
fn a_journal_of_a_newer_version() {
    let words = refused_with(2, |place, _| {
        drop(campaign::journal::Journal::open(&place.journal()).unwrap());
        let journal = rusqlite::Connection::open(place.journal()).unwrap();
        let newer = "INSERT INTO refinery_schema_history SELECT 999, name, applied_on, checksum \
                         FROM refinery_schema_history LIMIT 1";
        journal.execute(newer, []).unwrap();
    });
    assert!(words.contains("newer version of campaign"), "{words}");
}
