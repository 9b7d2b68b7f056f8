//! Campaigns that run over PostgreSQL: every command, from several machines. A folder of its own, and so a replica of its own, makes a
//! machine.

use std::fs;
use std::io::{BufRead as _, BufReader};

use rusqlite::Connection;
use rusqlite::types::Value;

use crate::process::postgres::cluster::Cluster;
use crate::process::server::Server;
use crate::process::site::{Record, Site, csv, definition, phone, row};

/// Another machine with the same definitions and files.
pub(super) fn machine(site: &Site) -> Site {
    let other = Site::new();
    for entry in fs::read_dir(site.folder()).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            let name = entry.file_name().into_string().unwrap();
            if !name.contains(".db") {
                other.write(&name, &site.read(&name));
            }
        }
    }
    other
}

/// The report of a journal there.
pub(super) fn report(site: &Site, address: &str) -> Vec<Record> {
    let ran = site.run(&["report", "--format", "csv", "-j", address]).exits(0);
    csv::Reader::from_reader(ran.stdout.as_bytes()).deserialize().map(Result::unwrap).collect()
}

/// The replica of a machine.
fn replica(site: &Site) -> Connection {
    let files = fs::read_dir(site.path(".cache/campaign")).unwrap().map(|entry| entry.unwrap().path());
    let found: Vec<_> = files.filter(|path| path.extension().is_some_and(|ending| ending == "db")).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    Connection::open(&found[0]).unwrap()
}

/// All that a replica has, but the space that SQLite keeps in rows.
fn contents(site: &Site) -> Vec<(String, Vec<Vec<Value>>)> {
    let connection = replica(site);
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'replica%'
               AND name <> 'refinery_schema_history' ORDER BY name";
    let mut names = connection.prepare(sql).unwrap();
    let names = names.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap);
    let table = |name: String| {
        let mut statement = connection.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
        let kept: Vec<usize> = (0..statement.column_count())
            .filter(|at| statement.column_name(*at).unwrap() != "room")
            .collect();
        let read = |row: &rusqlite::Row<'_>| kept.iter().map(|at| row.get(*at)).collect();
        let mut rows: Vec<Vec<Value>> = statement.query_map([], read).unwrap().map(Result::unwrap).collect();
        rows.sort_by_key(|row| format!("{row:?}"));
        (name, rows)
    };
    names.map(table).collect()
}

/// What PostgreSQL has is what this replica has, as a copy of it shows.
fn holds_to_postgresql(site: &Site, address: &str) {
    site.run(&["status", "-j", address]);
    let fresh = machine(site);
    fresh.run(&["status", "-j", address]);
    for ((table, here), (_, there)) in contents(site).into_iter().zip(contents(&fresh)) {
        assert_eq!(here, there, "{table}");
    }
    fresh.run(&["journal", "copy", address, "fetched.db"]).exits(0);
    fresh.run(&["journal", "check", "-j", "fetched.db"]).exits(0);
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_campaign_lives_there_from_its_check_to_its_purge() {
    let cluster = Cluster::start("");
    let address = cluster.address("");
    let site = Site::with_people(60);
    let run = |args: &[&str]| site.run(&[args, &["-j", &address]].concat());
    run(&["status"]).exits(2).says(&["there is no journal at postgres://"]);
    run(&["check", "people.csv"]).exits(0);
    assert_eq!(
        cluster.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'campaign'"),
        "0",
        "who looks makes none"
    );
    run(&["run", "people.csv", "--simulate", "--yes", "--limit=20"]).exits(4);
    run(&["suppress", "add", &phone(59)]).exits(0);
    let other = machine(&site);
    let elsewhere = |args: &[&str]| other.run(&[args, &["-j", &address]].concat());
    let status = elsewhere(&["status", "--json"]).exits(0).json();
    assert_eq!((&status["started"], &status["queued"]), (&20.into(), &40.into()));
    elsewhere(&["resume", "--simulate"]).exits(0);
    let states = |state: &str| report(&site, &address).iter().filter(|record| record.state == state).count();
    assert_eq!((states("started"), states("suppressed")), (59, 1));
    run(&["journal", "check"]).exits(0).says(&["60 rows, all accounted for"]);
    run(&["journal", "backup", "backup.db"]).exits(0);
    site.run(&["journal", "check", "-j", "backup.db"]).exits(0);
    site.run(&["suppress", "add", &phone(58), "-j", "backup.db"]).exits(0);
    assert!(run(&["suppress", "list"]).exits(0).stdout.contains(&phone(59)));
    holds_to_postgresql(&site, &address);
    run(&["journal", "purge", "--yes", "--even-if-open"]).exits(0);
    assert_eq!(cluster.sql("SELECT count(*) FROM campaign.\"row\" WHERE destination IS NOT NULL"), "0");
    assert_eq!(cluster.sql("SELECT count(*) FROM campaign.commit_log"), "1", "the log tells of nobody");
    holds_to_postgresql(&other, &address);
    // A replica is none of its own.
    let file = replica(&site).path().unwrap().to_owned();
    site.run(&["suppress", "add", &phone(1), "-j", &file]).exits(2).says(&["is the replica of a journal"]);
    site.run(&["rebuild", "people.csv", "--since", "2026-01-01", "-j", &address]).exits(2);
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_run_is_steered_from_another_machine() {
    let (cluster, server) = (Cluster::start(""), Server::start(&[]));
    let address = cluster.address("");
    let site = Site::with_people(400);
    let args = ["run", "people.csv", "--yes", "--rate=40", "--burst=1", "--endpoint-url", server.endpoint()];
    let run = site.start(&[&args[..], &["-j", &address]].concat());
    server.wait_for_requests(5);
    let other = machine(&site);
    let elsewhere = |args: &[&str]| other.run(&[args, &["-j", &address]].concat());
    elsewhere(&["pause"]).exits(0).says(&["paused: run 1", "has stopped sending"]);
    let requests = server.requests();
    let status = elsewhere(&["status", "--json"]).exits(0).json();
    assert!(status["running"] == true && status["paused_at"].is_string(), "{status}");
    elsewhere(&["run", "people.csv", "--yes", "--endpoint-url", server.endpoint()])
        .exits(6)
        .says(&["another process is running this campaign: process ", ", on "]);
    assert_eq!(server.requests(), requests, "a pause is a pause");
    elsewhere(&["go"]).exits(0).says(&["goes on: run 1"]);
    server.wait_for_requests(requests + 5);
    elsewhere(&["stop"]).exits(0).says(&["stopping: run 1"]);
    site.wait(run).exits(4).says(&["stopped by `campaign stop`"]);
    holds_to_postgresql(&other, &address);
}

/// Promises 7 and 8.
#[test]
#[ignore = "needs PostgreSQL"]
fn what_a_machine_left_goes_on_on_another_with_one_contact_each() {
    let (cluster, server) = (Cluster::start(""), Server::start(&[]));
    let address = cluster.address("");
    let site = Site::with_people(400);
    let args = ["run", "people.csv", "--yes", "--rate=60", "--burst=1", "--endpoint-url", server.endpoint()];
    let args = [&args[..], &["-j", &address]].concat();
    let mut first = site.start(&args);
    server.wait_for_requests(30);
    // One that waits for it, and goes on when it is gone.
    let second = machine(&site);
    let mut standby = second.start(&[&args[..], &["--standby"]].concat());
    let mut told = BufReader::new(standby.stderr.take().unwrap()).lines().map_while(Result::ok);
    told.by_ref().find(|line| line.contains("standing by: process ")).unwrap();
    let requests = server.requests();
    assert!(requests < 400);
    server.wait_for_requests(requests + 20);
    first.kill().unwrap();
    first.wait().unwrap();
    drop(site);
    let rest: Vec<String> = told.collect();
    assert!(second.wait(standby).code == 0, "{rest:?}");
    server.has_each_once(&report(&second, &address));
    holds_to_postgresql(&second, &address);
}

#[test]
#[ignore = "needs PostgreSQL"]
fn two_campaigns_on_two_machines_keep_a_limit_and_a_pace_together() {
    two_campaigns(false);
}

/// Both work in one replica.
#[test]
#[ignore = "needs PostgreSQL"]
fn two_campaigns_on_one_machine_keep_a_limit_and_a_pace_together() {
    two_campaigns(true);
}

fn two_campaigns(on_one_machine: bool) {
    let (cluster, server) = (Cluster::start(""), Server::start(&[]));
    let address = cluster.address("");
    let site = Site::new();
    for name in ["spring", "autumn"] {
        let text = definition()
            .replace("name = \"spring\"", &format!("name = \"{name}\""))
            .replace("rate = 1000.0\nburst = 100", "rate = 50.0\nburst = 1\nshare = \"account\"");
        site.write(&format!("{name}.toml"), &format!("{text}\n[limits]\nper_recipient = [\"1 in 24h\"]\n"));
    }
    site.write("people.csv", &csv((0..60).map(row)));
    site.write("others.csv", &csv((30..90).map(row)));
    let second = machine(&site);
    let other = if on_one_machine { &site } else { &second };
    let args = |file, campaign| {
        let args = ["run", file, "-c", campaign, "--yes", "--json", "--no-wait", "-j", &address];
        [&args[..], &["--endpoint-url", server.endpoint()]].concat()
    };
    let both =
        [site.start(&args("people.csv", "spring.toml")), other.start(&args("others.csv", "autumn.toml"))];
    let [one, two] = both;
    let ran = [site.wait(one), other.wait(two)];
    let started: u64 = ran.iter().map(|ran| ran.json()["started"].as_u64().unwrap()).sum();
    let queued: u64 = ran.iter().map(|ran| ran.json()["queued"].as_u64().unwrap()).sum();
    assert_eq!((started, queued, server.requests()), (90, 30, 90), "nobody twice, and nobody is forgotten");
    // One after the other at 50 a second; each with a pace of its own would have been done in 1.2 s.
    let took = cluster.sql("SELECT max(requested_at) - min(requested_at) FROM campaign.\"row\"");
    assert!(took.parse::<u64>().unwrap() > 1_500, "90 requests took {took} ms");
    holds_to_postgresql(&site, &address);
}
