//! `campaign journal copy`: a journal goes to a real PostgreSQL and comes back, and nobody is contacted twice for it. Campaigns that
//! run over one are in [`campaigns`] and [`outages`].

mod campaigns;
mod cluster;
mod outages;
mod proxy;
mod ways;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use rusqlite::Connection;
use rusqlite::types::Value;

use crate::process::postgres::cluster::Cluster;
use crate::process::server::Server;
use crate::process::site::{NAME, Site, csv, definition, phone, row};

/// Rows by table, each with its number and as SQLite has them: `room`, too.
fn contents(site: &Site, journal: &str) -> BTreeMap<String, Vec<Vec<Value>>> {
    let connection = Connection::open(site.path(journal)).unwrap();
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'refinery_schema_history'";
    let mut names = connection.prepare(sql).unwrap();
    let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut contents = BTreeMap::new();
    for name in names {
        let mut statement = connection.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| (0..columns).map(|at| row.get(at)).collect()).unwrap();
        contents.insert(name, rows.map(Result::unwrap).collect());
    }
    let header = ["user_version", "application_id"];
    let numbers =
        header.map(|name| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0)).unwrap());
    contents.insert("header".to_owned(), vec![numbers.into()]);
    contents
}

/// A campaign with rows in most states, senders, a list, and something in every table that a run does not write.
fn full(server: &Server) -> Site {
    let site = Site::new();
    let with_lists = "key = \"customer_id\"\nsuppress = [\"opt-outs.csv\"]";
    site.write("campaign.toml", &definition().replace("key = \"customer_id\"", with_lists));
    site.write("opt-outs.csv", &format!("phone\n{}\n", phone(3)));
    let people = (0..40).map(row).chain([format!("C-80,{NAME}80,+1202555"), row(5)]);
    site.write("people.csv", &csv(people));
    site.run(&["run", "people.csv", "--yes", "--limit=20", "--endpoint-url", server.endpoint()]).exits(4);
    site.run(&["suppress", "add", &phone(77)]).exits(0);
    let connection = Connection::open(site.path("journal.db")).unwrap();
    connection
        .execute_batch(
            "PRAGMA foreign_keys = off;
             INSERT INTO pace VALUES ('Zoë ''s \\ account', -9223372036854775808);
             INSERT INTO throttle SELECT id, 1, 9223372036854775807 FROM run LIMIT 1;
             INSERT INTO pause SELECT id, 1, 1, NULL FROM run LIMIT 1;
             INSERT INTO steering (campaign_id, at, what, rate, who) VALUES (1, 1, 'pace', 0.1, '');
             INSERT INTO decision (row_id, at, decision, contact_id) VALUES (1, 1, 'started', 'x');
             INSERT INTO purge VALUES (99, 1);
             DELETE FROM purge;
             INSERT INTO opt_out_list (owner, name, next) VALUES ('a', 'b', '');
             INSERT INTO opt_out VALUES ('+12025550199', 1, 2, 3);
             INSERT INTO message (message_id, trail, final, price, row_id, joined)
                 VALUES (x'00112233445566778899aabbccddeeff', 1, 0, 1e-300, 1, 2);
             INSERT INTO message (message_id, trail, contact_id, price) VALUES ('no uuid', 0, 'neither', -0.0);
             INSERT INTO contact_event (contact_id, replied, row_id) VALUES (x'ff112233445566778899aabbccddeeff', 1, 1);
             INSERT INTO contact_event (contact_id, replied) VALUES ('C', 0);
             INSERT INTO delivery (row_id, campaign_id, delivery, messages, price, replied) VALUES (1, 1, 3, 2, 0.1, NULL);
             INSERT INTO source_number VALUES ('arn', '+12025550100');
             INSERT INTO contact_life VALUES (1, 5);
             INSERT INTO contacts_before VALUES (1, 2, 3);
             INSERT INTO purged_fold VALUES (1, x'00112233445566778899aabbccddeeff', 2, 1);
             INSERT INTO account_answers VALUES ('a', 'b', 1, '{\"é\": \"\t\n\u{1f600}\"}');
             INSERT INTO sender (campaign_id, name, source) VALUES (1, 'us', 'arn:1');
             INSERT INTO run_sender (run_id, sender_id, messages, parts) SELECT id, 1, 2, 3 FROM run LIMIT 1;
             INSERT INTO sender_tally VALUES (1, 0, 0);
             INSERT INTO lane (campaign_id, zones, jurisdiction) VALUES (1, 'Europe/Berlin', 'DE');
             INSERT INTO request VALUES (1, 1);
             INSERT OR IGNORE INTO terms (terms) VALUES ('{}');
             INSERT INTO earlier_attempt (row_id, nth, client_token, attempts) VALUES (99, 0, zeroblob(16), 1);
             DELETE FROM earlier_attempt",
        )
        .unwrap();
    site
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_journal_goes_there_and_comes_back_the_same() {
    let (cluster, server) = (Cluster::start(""), Server::start(&[]));
    let site = full(&server);
    let address = cluster.address("");
    let there = site.run(&["journal", "copy", "journal.db", &address, "--json"]).exits(0);
    let result: serde_json::Value = serde_json::from_str(&there.stdout).unwrap();
    assert_eq!((&result["campaigns"], &result["rows"]), (&1.into(), &42.into()));
    assert_eq!(cluster.sql("SELECT count(*) FROM campaign.row WHERE state = 2"), "20");
    let types =
        "SELECT string_agg(DISTINCT data_type, ',' ORDER BY data_type) FROM information_schema.columns
                 WHERE table_schema = 'campaign' AND table_name NOT IN ('refinery_schema_history', 'journal', 'commit_log', 'runner')";
    assert_eq!(cluster.sql(types), "bigint,boolean,double precision,smallint,text,uuid");

    site.run(&["journal", "copy", &address, "fetched.db"])
        .exits(0)
        .says(&["Copied and verified: 1 campaign, 42 rows, in fetched.db", "as it was at"]);
    let mode = fs::metadata(site.path("fetched.db")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let (before, after) = (contents(&site, "journal.db"), contents(&site, "fetched.db"));
    for (table, rows) in &before {
        assert_eq!(after.get(table), Some(rows), "{table}");
    }
    let empty: Vec<_> =
        before.iter().filter(|(_, rows)| rows.is_empty()).map(|(table, _)| table.as_str()).collect();
    assert_eq!(empty, ["earlier_attempt", "purge"], "tables of which the test tells nothing");
    site.run(&["journal", "check", "-j", "fetched.db"]).exits(0).says(&["42 rows, all accounted for"]);
    let report = |journal: &str| site.run(&["report", "-j", journal, "--format", "csv"]).exits(0).stdout;
    assert_eq!(report("journal.db"), report("fetched.db"));
}

/// The folder of another machine: the same definition and file, and no journal, lock or mark.
fn elsewhere(site: &Site) -> Site {
    let other = Site::new();
    for file in ["campaign.toml", "people.csv"] {
        other.write(file, &site.read(file));
    }
    other
}

/// Promise 7: what a run did after the copy is not in it, and is asked for again with the same tokens.
#[test]
#[ignore = "needs PostgreSQL"]
fn a_copy_that_others_went_beyond_goes_on_elsewhere_and_everybody_has_one_contact() {
    let (cluster, server) = (Cluster::start(""), Server::start(&[]));
    let site = Site::with_people(30);
    let send = ["run", "people.csv", "--yes", "--endpoint-url", server.endpoint()];
    site.run(&[&send[..], &["--limit=10"]].concat()).exits(4);
    site.run(&["journal", "copy", "journal.db", &cluster.address("")]).exits(0);
    site.run(&[&send[..], &["--limit=10"]].concat()).exits(4);
    let other = elsewhere(&site);
    // That machine is lost.
    drop(site);
    other.run(&["journal", "copy", &cluster.address(""), "journal.db"]).exits(0);
    other.run(&send).exits(0);
    let report = other.report();
    assert_eq!(report.iter().filter(|record| record.state == "started").count(), 30);
    server.has_each_once(&report);
    let twice = server.attempts().values().filter(|attempts| **attempts > 1).count();
    assert_eq!(twice, 10, "those that the copy did not know were asked for again, with the same tokens");
}

/// The same of a copy that is made while a run goes on, which is killed then.
#[test]
#[ignore = "needs PostgreSQL"]
fn a_copy_made_while_a_run_writes_is_one_instant_of_it() {
    let (cluster, server) = (Cluster::start(""), Server::start(&[]));
    let site = Site::with_people(400);
    let args = ["run", "people.csv", "--yes", "--rate=400", "--burst=1", "--endpoint-url", server.endpoint()];
    let mut child = site.start(&args);
    server.wait_for_requests(20);
    site.run(&["journal", "copy", "journal.db", &cluster.address("")]).exits(0);
    server.wait_for_requests(server.requests() + 20);
    child.kill().unwrap();
    child.wait().unwrap();
    let other = elsewhere(&site);
    drop(site);
    other.run(&["journal", "copy", &cluster.address(""), "journal.db"]).exits(0);
    other.run(&["resume", "--rate=400", "--endpoint-url", server.endpoint()]).exits(0);
    server.has_each_once(&other.report());
}

#[test]
#[ignore = "needs PostgreSQL"]
fn an_older_copy_is_noticed_as_a_backup_is() {
    let (cluster, server) = (Cluster::start(""), Server::start(&[]));
    let site = Site::with_people(30);
    let send = ["run", "people.csv", "--yes", "--endpoint-url", server.endpoint()];
    site.run(&[&send[..], &["--limit=10"]].concat()).exits(4);
    site.run(&["journal", "copy", "journal.db", &cluster.address("")]).exits(0);
    site.run(&[&send[..], &["--limit=10"]].concat()).exits(4);
    // Beside its original, which went on.
    site.run(&["journal", "copy", &cluster.address(""), "fetched.db"]).exits(0);
    site.run(&[&send[..], &["-j", "fetched.db"]].concat()).exits(1).says(&[
        "fetched.db is a copy of",
        "lacks the latest",
        "go on with",
    ]);
    // In the place of its original, whose mark is there.
    fs::remove_file(site.path("journal.db")).unwrap();
    fs::rename(site.path("fetched.db"), site.path("journal.db")).unwrap();
    site.run(&send).exits(1).says(&["an older copy", "journal.db.mark"]);
    assert_eq!(server.requests(), 20);

    // Of a run that has no end, when its tokens may be forgotten, and that machine is lost.
    let other = elsewhere(&site);
    drop(site);
    let days = 6 * 24 * 3600 * 1000;
    cluster.sql(&format!("UPDATE campaign.run SET ended_at = NULL, seen_at = seen_at - {days}"));
    other.run(&["journal", "copy", &cluster.address(""), "journal.db"]).exits(0);
    other.run(&send).exits(1).says(&["was copied while a run was going", "7 days only"]);
    assert_eq!(server.requests(), 20);
}
