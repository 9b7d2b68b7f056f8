//! Journals that are missing, held, damaged, of another campaign, or on disks that do not work.

use std::fs;
use std::path::Path;

use crate::errors::area::{Area, Case};

/// A case after a campaign of three rows, one of which was sent.
fn begun<'a>(area: &'a mut Area, title: &str) -> Case<'a> {
    area.case(title).after("run people.csv --simulate --limit 1 -j journal.db")
}

/// Changes a journal behind the program's back.
fn edit(sql: &'static str) -> impl FnOnce(&Case<'_>) {
    move |case| open(&case.path("journal.db")).execute_batch(sql).unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap();
}

fn open(journal: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(journal).unwrap()
}

#[test]
fn that_cannot_be_used() {
    let mut area = Area::new("journal");
    area.case("none yet").says(2, "status");
    area.case("none where it was said to be").says(2, "report -j other.db");
    area.case("no folder for it").says(1, "run people.csv --simulate -j out/journal.db");
    area.case("a folder in its place")
        .folder("journal.db")
        .says(1, "run people.csv --simulate -j journal.db");
    area.case("a folder in the place of its log")
        .folder("journal.db-wal")
        .says(1, "run people.csv --simulate -j journal.db");
    area.case("a folder that cannot be written")
        .read_only()
        .says(1, "run people.csv --simulate -j journal.db");
    area.case("a full disk").on_a_full_disk(0).says(1, "run people.csv --simulate -j journal.db");
    area.case("a disk that is full soon")
        .on_a_full_disk(64)
        .says(1, "run people.csv --simulate -j journal.db");
    area.case("a text")
        .file("journal.db", "line,key\n".repeat(1_000))
        .says(1, "run people.csv --simulate -j journal.db");
    area.case("a text, looked at").file("journal.db", "line,key\n".repeat(1_000)).says(1, "status");
    begun(&mut area, "of somebody else").read_only().says(1, "status -j journal.db");
    begun(&mut area, "a copy in the place of its log").says(2, "journal backup journal.db-wal -j journal.db");
    begun(&mut area, "held by another process").made(hold).says(6, "run people.csv --simulate -j journal.db");
    begun(&mut area, "of a newer version")
        .made(edit(
            "INSERT INTO refinery_schema_history SELECT 999, name, applied_on, checksum FROM refinery_schema_history \
             LIMIT 1",
        ))
        .says(2, "run people.csv --simulate -j journal.db");
    begun(&mut area, "of a version that never was")
        .made(edit("UPDATE refinery_schema_history SET checksum = '1'"))
        .says(1, "run people.csv --simulate -j journal.db");
    begun(&mut area, "damaged in the middle")
        .made(|case| {
            let path = case.path("journal.db");
            let mut bytes = fs::read(&path).unwrap();
            bytes[4_096..].fill(0x55);
            fs::write(path, bytes).unwrap();
        })
        .says(1, "run people.csv --simulate -j journal.db");
    begun(&mut area, "damaged in the middle, looked at")
        .made(|case| {
            let path = case.path("journal.db");
            let mut bytes = fs::read(&path).unwrap();
            bytes[4_096..].fill(0x55);
            fs::write(path, bytes).unwrap();
        })
        .says(1, "report");
    begun(&mut area, "cut off to nothing")
        .made(|case| fs::write(case.path("journal.db"), "").unwrap())
        .says(1, "resume --simulate -j journal.db");
    begun(&mut area, "an older copy")
        .made(|case| copy(&case.path("journal.db"), &case.path("old.db")))
        .after("resume --simulate -j journal.db")
        .made(|case| copy(&case.path("old.db"), &case.path("journal.db")))
        .says(1, "resume --simulate -j journal.db");
    begun(&mut area, "counts that were edited")
        .made(edit("UPDATE tally SET rows = rows + 1"))
        .says(1, "resume --simulate -j journal.db");
    begun(&mut area, "rows that were edited")
        .made(edit("UPDATE row SET slots = 'nothing'"))
        .says(1, "resume --simulate -j journal.db");
    begun(&mut area, "cells that were edited")
        .made(edit("UPDATE row SET cells = 'nothing'"))
        .says(1, "report");
    begun(&mut area, "a table that is gone")
        .made(edit("DROP TABLE run"))
        .says(1, "resume --simulate -j journal.db");
    area.end();
}

#[test]
fn that_are_not_the_file_they_should_be() {
    let mut area = Area::new("journal_files");
    begun(&mut area, "with two names")
        .made(|case| fs::hard_link(case.path("journal.db"), case.path("other.db")).unwrap())
        .says(2, "run people.csv --simulate -j other.db");
    area.case("no name of a file").says(2, "run people.csv --simulate -j :memory:");
    area.case("a database of another program")
        .made(|case| open(&case.path("journal.db")).execute_batch("CREATE TABLE theirs (a)").unwrap())
        .says(2, "run people.csv --simulate -j journal.db");
    begun(&mut area, "a copy, while the original runs")
        .made(|case| copy(&case.path("journal.db"), &case.path("copy.db")))
        .made(hold)
        .says(6, "run people.csv --simulate -j copy.db");
    begun(&mut area, "a copy, and its original went on")
        .made(|case| copy(&case.path("journal.db"), &case.path("copy.db")))
        .after("resume --simulate -j journal.db")
        .says(1, "resume --simulate -j copy.db");
    begun(&mut area, "a copy of a run that has no end, seven days later")
        .made(edit("UPDATE run SET ended_at = NULL, seen_at = 1772357400000"))
        .made(|case| {
            copy(&case.path("journal.db"), &case.path("copy.db"));
            fs::remove_file(case.path("journal.db")).unwrap();
            fs::remove_file(case.path("journal.db.mark")).unwrap();
        })
        .says(1, "resume --simulate -j copy.db");
    begun(&mut area, "the table of its migrations is gone")
        .made(edit("DROP TABLE refinery_schema_history"))
        .says(1, "run people.csv --simulate -j journal.db");
    area.end();
}

#[test]
fn that_are_kept() {
    let mut area = Area::new("journal_keep");
    begun(&mut area, "a copy over another one")
        .after("journal backup copy.db")
        .says(2, "journal backup copy.db");
    begun(&mut area, "a copy where no folder is").says(1, "journal backup copies/copy.db");
    begun(&mut area, "a look at counts that were edited")
        .made(edit("UPDATE tally SET rows = rows + 1"))
        .says(1, "journal check");
    let never = "INSERT INTO terms (terms) VALUES ('{\"rules\": [{\"name\": \"hours.open\", \"for\": \"\", \"open\": [[], [], [], [], [], [], []]}]}');
        UPDATE run SET started_at = 0, terms_id = (SELECT max(id) FROM terms);";
    let all = Box::leak(format!("{never} UPDATE row SET requested_at = 1772357400000").into_boxed_str());
    begun(&mut area, "a look at requests that left in closed hours").made(edit(all)).says(1, "journal check");
    let one = "UPDATE row SET requested_at = NULL; UPDATE row SET requested_at = 1772357400000, line = NULL
        WHERE id = (SELECT min(id) FROM row WHERE state = 2)";
    let over = "INSERT INTO terms (terms) VALUES ('{\"end\": 1}');
        UPDATE run SET started_at = 0, terms_id = (SELECT max(id) FROM terms);";
    let one = Box::leak(format!("{over} {one}").into_boxed_str());
    begun(&mut area, "a look at one that did, of a row that left the file")
        .made(edit(one))
        .says(1, "journal check");
    begun(&mut area, "an end to the data of a campaign that is not finished").says(2, "journal purge --yes");
    area.case("an end to data with nobody to ask")
        .after("run people.csv --simulate -j journal.db")
        .says(2, "journal purge");
    area.case("manual pages where nobody may write").read_only().says(1, "man pages");
    area.end();
}

#[test]
fn that_nothing_runs_from() {
    let mut area = Area::new("steering");
    begun(&mut area, "a run to be stopped, and there is none").says(2, "stop");
    begun(&mut area, "a run to be paced, and there is none").says(2, "pace 5");
    begun(&mut area, "a pace for a sender, and the campaign has one source").says(2, "pace --sender us 2");
    area.case("a pace for a sender that the campaign does not have")
        .with("source = ", "# source = ")
        .with("[pace]", SENDERS)
        .after("run people.csv --simulate -j journal.db --yes")
        .says(2, "pace --sender moon 2");
    begun(&mut area, "a run that has not begun to send").made(hold).says(2, "stop");
    area.case("a campaign that was never begun").says(2, "pause");
    area.end();
}

/// Two senders.
const SENDERS: &str = "[[senders]]\nname = \"short-code\"\nsource = \"arn:aws:connect:us-west-2:123456789012:phone-number/1\"\n\n\
    [[senders]]\nname = \"toll-free\"\nsource = \"arn:aws:connect:us-west-2:123456789012:phone-number/2\"\n\n[pace]";

/// Holds the campaign as a process of an earlier version does, until the test's process ends.
fn hold(case: &Case<'_>) {
    let path = case.path("journal.db.spring.lock");
    let held = fs::File::options().read(true).write(true).create(true).truncate(false).open(&path).unwrap();
    fs::write(&path, "process 4711, since 2026-05-01T09:00:00Z").unwrap();
    held.try_lock().unwrap();
    std::mem::forget(held);
}

#[test]
fn of_another_campaign() {
    let mut area = Area::new("other_campaign");
    begun(&mut area, "another instance")
        .with("11111111-2222", "99999999-2222")
        .says(2, "run people.csv --simulate -j journal.db");
    begun(&mut area, "another key column")
        .with("key = \"customer_id\"", "key = \"first_name\"")
        .says(2, "run people.csv --simulate -j journal.db");
    begun(&mut area, "no key column any more")
        .with("key = \"customer_id\"\n", "")
        .says(2, "run people.csv --simulate -j journal.db");
    begun(&mut area, "from the simulator to a server").says(2, "run people.csv --yes");
    begun(&mut area, "a name that the journal does not have")
        .with("\"spring\"", "\"autumn\"")
        .says(2, "report");
    begun(&mut area, "no name, and the journal has several")
        .with("\"spring\"", "\"autumn\"")
        .after("run people.csv --simulate --limit 1 -j journal.db")
        .without("campaign.toml")
        .says(2, "report -j journal.db");
    area.case("no name, and the journal has none")
        .after("suppress add +12025550109")
        .without("campaign.toml")
        .says(2, "status -j journal.db");
    area.end();
}

#[test]
#[ignore = "SQLite waits for half a minute before it says so"]
fn locked_by_another_program() {
    let mut area = Area::new("locked_journal");
    let mut held = None;
    begun(&mut area, "a browser of databases has it open and writes")
        .made(|case| {
            let browser = open(&case.path("journal.db"));
            browser.execute_batch("BEGIN IMMEDIATE").unwrap();
            held = Some(browser);
        })
        .says(1, "run people.csv --simulate -j journal.db");
    drop(held);
    area.end();
}
