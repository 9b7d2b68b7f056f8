//! Journals of earlier versions, kept as text: this version opens each, finds everything that was in it, and goes on.
//!
//! `v1.sql` is what the first version writes, with a row in every state. Its note of the migration that was applied has the
//! migration's checksum, and a journal whose migrations are not those of this program is refused: so these tests fail
//! where `migrations/V1__journal.sql` was changed. Until the first release that is put right by writing the fixture anew,
//! with `tests/upgrade/make.sh`. After a release its fixture is history, and a change is a new migration with a fixture of
//! its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod dump;
mod first;

use std::path::Path;
use std::process::Command;

use campaign::domain::delivery::state::State;
use campaign::journal::{Reader, Selection};
use rusqlite::Connection;

const FIXTURE: &str = include_str!("v1.sql");

/// The journal of the fixture, as its version left it.
fn restored(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("journal.db");
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "journal_mode", "wal").unwrap();
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    connection.execute_batch(FIXTURE).unwrap();
    path
}

fn run(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_campaign"));
    command.args(args).current_dir(folder).env("AWS_EC2_METADATA_DISABLED", "true");
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// Every row as a report shows it, but for what a run may change of a row that waits.
fn settled(path: &Path) -> Vec<String> {
    let reader = Reader::open(path).unwrap();
    let campaign = reader.campaign(first::NAME).unwrap();
    let mut rows = Vec::new();
    let selection =
        Selection { states: vec![State::Started, State::Failed, State::Rejected, State::Duplicate] };
    let each = |record: &campaign::journal::Record<'_>| {
        rows.push(format!("{record:?}"));
        Ok::<_, campaign::journal::JournalError>(())
    };
    reader.snapshot().unwrap().each_record(campaign.id, &selection, each).unwrap();
    rows
}

#[test]
fn the_first_versions_journal_is_opened_and_everything_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = restored(folder.path());
    let reader = Reader::open(&path).unwrap();
    let campaign = reader.campaign(first::NAME).unwrap();
    let tally = reader.verified_tally(campaign.id).unwrap();
    // That version knew no rows that expire.
    for state in State::ALL.into_iter().filter(|state| *state != State::Expired) {
        assert!(tally[state] > 0, "{state} is not in the fixture: {tally:?}");
    }
    drop(reader);
    let (code, _, stderr) = run(folder.path(), &["journal", "check", "-j", "journal.db"]);
    assert_eq!(code, 0, "{stderr}");
    for args in [&["status", "-j", "journal.db"][..], &["report", "-j", "journal.db"]] {
        let (code, stdout, stderr) = run(folder.path(), args);
        assert_eq!(code, 0, "{stderr}");
        assert!(stdout.contains("started"), "{stdout}");
    }
    let listed = run(folder.path(), &["suppress", "list", "-j", "journal.db"]).1;
    assert!(listed.contains("+12025550190") && listed.contains("asked"), "{listed}");
}

#[test]
fn a_campaign_of_the_first_version_goes_on_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = restored(folder.path());
    std::fs::write(folder.path().join("campaign.toml"), first::DEFINITION).unwrap();
    let before = settled(&path);
    assert!(before.len() >= 5);
    let (code, stdout, stderr) = run(folder.path(), &["resume", "--simulate", "--json", "-j", "journal.db"]);
    assert_eq!(code, 3, "{stderr}");
    let result: serde_json::Value = serde_json::from_str(stdout.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&result["queued"], &result["attempting"], &result["run"]),
        (&0.into(), &0.into(), &2.into()),
        "{result}"
    );
    let after = settled(&path);
    for row in &before {
        assert!(after.contains(row), "what was settled has changed: {row}");
    }
    assert_eq!(run(folder.path(), &["journal", "check"]).0, 0);
    assert_eq!(run(folder.path(), &["resolve", "--all", "--mark-failed"]).0, 0);
    assert_eq!(run(folder.path(), &["journal", "purge", "--yes"]).0, 0);
    assert_eq!(run(folder.path(), &["journal", "check"]).0, 0);
}

/// While the first version is the newest, the fixture is what it writes: one schema, not two.
#[test]
fn the_fixture_is_what_the_first_version_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    first::write(&path);
    let connection = Connection::open(&path).unwrap();
    let version: i64 = connection
        .query_row("SELECT max(version) FROM refinery_schema_history", [], |row| row.get(0))
        .unwrap();
    if version == 1 {
        let same = dump::dump(&connection) == FIXTURE;
        assert!(same, "run tests/upgrade/make.sh: the first version was changed, and is not released");
    }
}

#[test]
#[ignore = "writes the fixture anew; tests/upgrade/make.sh runs it"]
fn tool_writes_the_fixture() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    first::write(&path);
    let text = dump::dump(&Connection::open(&path).unwrap());
    std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/upgrade/v1.sql"), text).unwrap();
}
