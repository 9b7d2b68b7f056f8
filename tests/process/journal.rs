//! `campaign journal`: copies while a run writes, a look at everything, and the end of personal data.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::process::server::Server;
use crate::process::site::{NAME, Site, csv, definition, phone, row};

/// Whatever lies in the site's folder and begins with the journal's name, read as bytes.
fn bytes_of_the_journal(site: &Site) -> Vec<(String, Vec<u8>)> {
    let files = fs::read_dir(site.folder()).unwrap().map(Result::unwrap);
    files
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("journal.db"))
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).unwrap()))
        .collect()
}

/// The files of the journal that have one of these texts.
fn files_with(site: &Site, texts: &[&str]) -> Vec<String> {
    let has = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    let files = bytes_of_the_journal(site).into_iter();
    files.filter(|(_, bytes)| texts.iter().any(|text| has(bytes, text))).map(|(name, _)| name).collect()
}

/// A finished campaign with rows in every state that a finished one has.
fn finished(server: &Server) -> Site {
    let site = Site::new();
    let with_lists = "key = \"customer_id\"\nsuppress = [\"opt-outs.csv\"]";
    site.write("campaign.toml", &definition().replace("key = \"customer_id\"", with_lists));
    site.write("opt-outs.csv", &format!("phone\n{}\n", phone(3)));
    let all: Vec<String> = (0..40).map(row).collect();
    site.write("people.csv", &csv(all.iter().cloned()));
    site.run(&["run", "people.csv", "--yes", "--limit=2", "--endpoint-url", server.endpoint()]).exits(4);
    // One leaves the file, one is wrong, one is there twice.
    let rest = all.iter().filter(|row| !row.starts_with("C-9,")).cloned();
    let more = [format!("C-80,{NAME}80,+1202555"), row(5)];
    site.write("people.csv", &csv(rest.chain(more)));
    site.send(server.endpoint()).exits(3);
    site
}

#[test]
fn a_copy_made_while_a_run_writes_is_whole() {
    let (site, server) = (Site::with_people(400), Server::start(&[]));
    let args = ["run", "people.csv", "--yes", "--rate=400", "--burst=1", "--endpoint-url", server.endpoint()];
    let child = site.start(&args);
    server.wait_for_requests(20);
    let copied = site.run(&["journal", "backup", "copy.db", "--json"]).exits(0);
    let result: serde_json::Value = serde_json::from_str(&copied.stdout).unwrap();
    assert_eq!(
        (&result["backup"], &result["campaigns"], &result["rows"]),
        (&"copy.db".into(), &1.into(), &400.into())
    );
    site.run(&["journal", "check"]).exits(0);
    site.wait(child).exits(0);

    let mode = fs::metadata(site.path("copy.db")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    site.run(&["journal", "check", "-j", "copy.db"])
        .exits(0)
        .says(&["400 rows, all accounted for", "is sound"]);
    site.run(&["journal", "backup", "copy.db"])
        .exits(2)
        .says(&["copy.db is there already", "name another file"]);

    // The copy in the journal's place is an older one, which its mark notices; knowingly, it goes on, and whoever was
    // started meanwhile is not started again.
    for ending in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(site.path(&format!("journal.db{ending}")));
    }
    fs::copy(site.path("copy.db"), site.path("journal.db")).unwrap();
    site.run(&["journal", "check"])
        .exits(1)
        .says(&["its latest results are lost", "restore the newest backup"]);
    site.run(&["resume", "--endpoint-url", server.endpoint()])
        .exits(1)
        .says(&["an older copy", "journal.db.mark"]);
    fs::remove_file(site.path("journal.db.mark")).unwrap();
    site.run(&["resume", "--endpoint-url", server.endpoint()]).exits(0);
    server.has_each_once(&site.report());
}

#[test]
fn a_copy_in_a_folder_is_named_after_the_time() {
    let (site, server) = (Site::with_people(3), Server::start(&[]));
    site.run(&["journal", "backup", "copy.db"]).exits(2).says(&["there is no journal at journal.db"]);
    site.send(server.endpoint()).exits(0);
    fs::create_dir(site.path("copies")).unwrap();
    site.run(&["journal", "backup", "copies"])
        .exits(0)
        .says(&["copies/journal-20", "Backup written and verified: 1 campaign, 3 rows"]);
    let copy = fs::read_dir(site.path("copies")).unwrap().map(Result::unwrap).next().unwrap();
    let copy = copy.path();
    site.run(&["report", "-j", copy.to_str().unwrap()]).exits(0);
    site.run(&["journal", "backup", "nowhere/copy.db"])
        .exits(1)
        .says(&["failed to copy the journal to nowhere/copy.db"]);
}

#[test]
fn what_is_wrong_with_a_journal_is_told() {
    let server = Server::start(&[]);
    for (damage, words) in [
        (
            "UPDATE tally SET rows = rows + 1 WHERE state = 2",
            "its counts do not add up: 6 rows are said to be started, 5 are",
        ),
        ("UPDATE row SET state = 12 WHERE line = 4", "1 row: a state that does not exist"),
        ("UPDATE row SET key = 'C-7' WHERE line = 4", "1 row: a client token that is not that of its key"),
        ("UPDATE row SET contact_id = NULL", "5 rows: started, without a contact id"),
        ("UPDATE row SET slots = '[]' WHERE line = 2", "1 row: a request with a text missing"),
        ("UPDATE row SET cells = '[' WHERE line = 2", "1 row: cannot be read"),
        ("UPDATE row SET destination = '12' WHERE line = 2", "1 row: a number that is none"),
        ("DELETE FROM recipient WHERE key = 'C-1'", "5 recipients, 4 keys to find them by"),
        ("DELETE FROM header", "5 rows of the table row belong to no row of the table header"),
        ("UPDATE row SET attempts = 0", "5 rows: requests without a time, or a time without requests"),
    ] {
        let site = Site::with_people(5);
        site.send(server.endpoint()).exits(0);
        site.run(&["journal", "check"]).exits(0);
        let journal = rusqlite::Connection::open(site.path("journal.db")).unwrap();
        journal.pragma_update(None, "foreign_keys", false).unwrap();
        journal.execute(damage, []).unwrap();
        drop(journal);
        let before = fs::read(site.path("journal.db")).unwrap();
        site.run(&["journal", "check"]).exits(1).says(&[
            "the journal journal.db is not sound",
            words,
            "restore",
        ]);
        let told = site.run(&["journal", "check", "--json", "-q"]).exits(1).stdout;
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["sound"], false, "{told}");
        // What does not add up is not copied as if it did.
        if words.contains("add up") {
            site.run(&["journal", "backup", "copy.db"]).exits(1);
            assert!(!site.path("copy.db").exists());
        }
        assert_eq!(fs::read(site.path("journal.db")).unwrap(), before, "it only looks");
    }
}

#[test]
fn a_purge_leaves_counts_tokens_and_contact_ids_and_no_personal_byte() {
    let server = Server::start(&["--lost-answers", "0.05"]);
    let site = finished(&server);
    let journal = rusqlite::Connection::open(site.path("journal.db")).unwrap();
    let told = format!("destination {} is blocked", phone(12));
    journal.execute("UPDATE run SET reason = ?1", [&told]).unwrap();
    drop(journal);
    let before = site.report();
    let counts = site.run(&["report", "--format", "json"]).exits(0).json();
    for state in ["started", "rejected", "duplicate", "suppressed", "withdrawn"] {
        assert!(counts[state].as_u64().unwrap() > 0, "{state}: {counts}");
    }
    let texts = ["55501", "1202555", NAME, "C-1", "see you"];
    for text in texts {
        assert!(!files_with(&site, &[text]).is_empty(), "{text} was never there");
    }

    site.run(&["journal", "purge", "--even-if-open"])
        .exits(2)
        .says(&["there is no terminal to ask on", "--yes"]);
    site.run(&["journal", "purge", "--yes", "--even-if-open"])
        .exits(0)
        .says(&["spring: 42 of 42 rows purged", "are kept"]);
    assert_eq!(files_with(&site, &texts), Vec::<String>::new());

    site.run(&["journal", "check"]).exits(0);
    site.run(&["status"]).exits(0).says(&[]);
    let status = site.run(&["status"]).exits(0).stdout;
    assert!(
        status.contains("purged") && status.contains("numbers, keys and messages were removed"),
        "{status}"
    );
    let after = site.run(&["report"]).exits(0).says(&["note: purged at "]).stdout;
    assert!(!after.contains("55501") && !after.contains(NAME), "{after}");
    for (before, after) in before.iter().zip(site.report()) {
        assert_eq!((before.line, &before.state, before.attempts), (after.line, &after.state, after.attempts));
        assert_eq!((&before.contact_id, &before.client_token), (&after.contact_id, &after.client_token));
        assert_eq!((after.key.as_str(), after.reason.as_str()), ("", ""));
    }
    let now = site.run(&["report", "--format", "json"]).exits(0).json();
    assert!(
        now["purged_at"].is_string() && now["rows"] == counts["rows"] && now["started"] == counts["started"]
    );
    assert_eq!(now["runs"][0]["reason"], "destination +1…12 is blocked");
    site.run(&["report", "-o", "report.html"]).exits(0);
    assert!(site.read("report.html").contains("numbers, keys and messages were removed"));
    assert!(site.read("report.html").contains("aaaaaaaa-bbbb"), "the source is ours, and stays");
}

#[test]
fn the_same_file_after_a_purge_sends_nothing_and_a_longer_one_only_what_is_new() {
    let server = Server::start(&[]);
    let site = finished(&server);
    let (before, requests) = (site.report(), server.requests());
    site.run(&["journal", "purge", "--yes", "--even-if-open"]).exits(0);
    let again = site.send(server.endpoint()).exits(3).json();
    assert_eq!((server.requests(), &again["requests"]), (requests, &0.into()), "nothing was sent");
    for (before, after) in before.iter().zip(site.report()) {
        assert_eq!((before.line, &before.state), (after.line, &after.state));
        assert_eq!(before.client_token, after.client_token);
        assert_eq!(before.contact_id, after.contact_id);
    }
    site.run(&["run", "people.csv", "--yes", "--retry-failed", "--endpoint-url", server.endpoint()]).exits(3);
    assert_eq!(server.requests(), requests);
    site.run(&["journal", "check"]).exits(0);

    // Whoever comes back, off the list or into the file, is contacted; whoever is new, too.
    site.write("opt-outs.csv", "phone\n");
    let rows = site.read("people.csv");
    site.write("people.csv", &format!("{rows}{}\n{}\n", row(9), row(60)));
    let more = site.send(server.endpoint()).exits(3).json();
    assert_eq!((server.requests() - requests, &more["started"]), (3, &41.into()));
    server.has_each_once(&site.report());
    site.run(&["journal", "check"]).exits(0);
    site.run(&["journal", "purge", "--yes", "--even-if-open"]).exits(0);
    assert_eq!(files_with(&site, &["55501", NAME]), Vec::<String>::new());
    site.send(server.endpoint()).exits(3);
    assert_eq!(server.requests() - requests, 3);
}

#[test]
fn a_failed_row_that_was_purged_stays_failed() {
    let (site, server) = (Site::with_people(5), Server::start(&[]));
    site.send(server.endpoint()).exits(0);
    let journal = rusqlite::Connection::open(site.path("journal.db")).unwrap();
    journal
        .execute_batch(
            "UPDATE row SET state = 3, contact_id = NULL, code = 'InvalidRequestException', reason = 'blocked' WHERE line = 4;
             UPDATE tally SET rows = 4 WHERE state = 2; INSERT INTO tally VALUES (1, 3, 1)",
        )
        .unwrap();
    drop(journal);
    site.run(&["journal", "purge", "--yes", "--even-if-open"]).exits(0);
    let args =
        ["run", "people.csv", "--yes", "--json", "--retry-failed", "--endpoint-url", server.endpoint()];
    let ran = site.run(&args).exits(3).json();
    assert_eq!((&ran["failed"], &ran["started"], server.requests()), (&1.into(), &4.into(), 5));
    let report = site.run(&["report", "--state", "failed"]).exits(0).stdout;
    assert!(report.contains("InvalidRequestException") && !report.contains("blocked"), "{report}");
}

#[test]
fn what_is_not_finished_or_runs_is_not_purged() {
    let (site, server) = (Site::with_people(40), Server::start(&[]));
    site.run(&["run", "people.csv", "--yes", "--limit=3", "--endpoint-url", server.endpoint()]).exits(4);
    let refused = site.run(&["journal", "purge", "--yes"]).exits(2);
    refused.says(&["the campaign \"spring\" is not finished: 37 rows wait", "campaign resume"]);
    site.run(&["journal", "purge", "--yes", "--all"]).exits(0).says(&["no campaign to purge"]);
    server.freeze();
    let child = site.start(&["resume", "--endpoint-url", server.endpoint()]);
    // By status, which holds nobody up: a purge that came first would have the run's lock.
    while !site.run(&["status"]).stdout.contains("going on") {
        std::thread::yield_now();
    }
    site.run(&["journal", "purge", "--yes", "--even-if-open"]).exits(6);
    server.thaw();
    site.wait(child).exits(0);
    site.run(&["journal", "purge", "--yes", "--older-than=1"]).exits(0).says(&["no campaign to purge"]);

    let journal = rusqlite::Connection::open(site.path("journal.db")).unwrap();
    let uncertain = "UPDATE row SET state = 4, contact_id = NULL WHERE line = 2; UPDATE tally SET rows = 39 WHERE state = 2;
         INSERT OR REPLACE INTO tally VALUES (1, 4, 1)";
    journal.execute_batch(uncertain).unwrap();
    drop(journal);
    site.run(&["journal", "purge", "--yes"]).exits(2).says(&["1 row is uncertain", "campaign resolve"]);
    assert_eq!(
        site.report().iter().filter(|record| !record.key.is_empty()).count(),
        40,
        "nothing was removed"
    );
}

/// A second contact of the same number could begin beside one that is open, were the number gone.
#[test]
fn a_purge_waits_until_no_contact_can_be_open() {
    let (site, server) = (Site::with_people(5), Server::start(&[]));
    site.send(server.endpoint()).exits(0);
    let refused = site.run(&["journal", "purge", "--yes"]).exits(2);
    refused.says(&["5 contacts may be open until 20", "--even-if-open"]);
    let all = site.run(&["journal", "purge", "--yes", "--all"]).exits(0);
    all.says(&["spring: left as it is: 5 contacts may be open until 20", "no campaign to purge"]);
    let told = site.run(&["journal", "purge", "--yes", "--all", "--json"]).exits(0).stdout;
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((told["purged"].as_array().unwrap().len(), &told["left"][0]["open"]), (0, &5.into()));
    assert!(!files_with(&site, &["55501"]).is_empty(), "nothing was removed");
    // 25 hours where neither the request nor the definition says how long a contact lives.
    let journal = rusqlite::Connection::open(site.path("journal.db")).unwrap();
    journal.execute("UPDATE row SET settled_at = settled_at - 25 * 3600 * 1000", []).unwrap();
    drop(journal);
    site.run(&["journal", "purge", "--yes"]).exits(0).says(&["spring: 5 of 5 rows purged"]);
}

/// A reader keeps the log from being emptied. That is said, and the next purge ends it.
#[test]
fn what_is_still_in_the_log_is_told() {
    let (site, server) = (Site::with_people(5), Server::start(&[]));
    site.send(server.endpoint()).exits(0);
    let reader = rusqlite::Connection::open(site.path("journal.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM row").unwrap();
    let refused = site.run(&["journal", "purge", "--yes", "--even-if-open"]).exits(1);
    refused.says(&["still in the write-ahead log", "another program reads the journal", "purge again"]);
    assert!(!files_with(&site, &["55501"]).is_empty());
    drop(reader);
    site.run(&["journal", "purge", "--yes", "--even-if-open"]).exits(0).says(&["spring: 0 of 5 rows purged"]);
    assert_eq!(files_with(&site, &["55501", NAME]), Vec::<String>::new());
}
