//! `campaign deliveries`: events of the account come into the journal, and out of every report.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::process::server::Server;
use crate::process::site::Site;

fn json(text: &str) -> Value {
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

fn column(site: &Site, name: &str) -> Vec<String> {
    let report = site.run(&["report", "--columns", name]).exits(0);
    report.stdout.lines().skip(1).map(str::to_owned).collect()
}

#[test]
fn events_are_imported_and_told_everywhere() {
    let (site, server) = (Site::with_people(60), Server::start(&["--hard-events", "--contact-life", "10m"]));
    site.send(server.endpoint()).exits(0);
    let before = site.run(&["deliveries", "--json"]).exits(0);
    assert_eq!(json(&before.stdout)["waiting"], 60);
    site.write("events.jsonl", &server.events());
    let unknown = site.run(&["deliveries", "import", "events.jsonl"]).exits(0);
    assert!(unknown.stderr.contains("--origination NUMBER"), "{}", unknown.stderr);
    let import = ["deliveries", "import", "events.jsonl", "--json", "--origination", "+12025550199"];
    let counts = json(&site.run(&import).exits(0).stdout);
    let count = |name: &str| counts[name].as_u64().unwrap();
    assert_eq!(count("delivered") + count("undelivered") + count("unknown"), 60, "{counts}");
    assert_eq!((count("pending"), count("unmatched"), count("waiting")), (0, 0, 0), "{counts}");
    assert_eq!(json(&site.run(&import[..4]).exits(0).stdout), counts, "imported again");
    assert_eq!(json(&site.run(&["status", "--json"]).exits(0).stdout)["deliveries"], counts);
    let delivered = column(&site, "delivery").iter().filter(|cell| *cell == "delivered").count();
    assert_eq!(delivered as u64, count("delivered"));
    assert!(column(&site, "ended_at").iter().all(|cell| cell.ends_with('Z')));
    assert!(column(&site, "price").iter().all(|cell| cell.parse::<f64>().unwrap() > 0.0));
    let rest = site.run(&["report", "--delivery", "undelivered,unknown,pending", "-o", "again.csv"]).exits(0);
    assert!(rest.stderr.contains(&format!("{} row", 60 - delivered)), "{}", rest.stderr);
    site.run(&["report", "-o", "page.html"]).exits(0);
    let page = site.read("page.html");
    assert!(page.contains("Example Mobile") && page.contains("the phone has confirmed the message"));
    let told = site.run(&["deliveries"]).exits(0);
    assert!(told.stdout.starts_with("spring: of 60 started contacts, "), "{}", told.stdout);
}

#[test]
fn what_cannot_be_read_is_told_and_skipped() {
    let (site, server) = (Site::with_people(5), Server::start(&["--contact-life", "1s"]));
    site.send(server.endpoint()).exits(0);
    let events = server.events();
    let broken = format!("2026-03-01T18:20:41Z {{\"messageId\": \n{events}garbage\n{{\"a\":1}}\n");
    site.write("logs/a.txt", &broken);
    let told = site.run(&["deliveries", "import", "logs", "--origination", "+12025550199"]).exits(3);
    assert!(told.stderr.contains("skipped: logs/a.txt at byte 21: "), "{}", told.stderr);
    assert!(told.stderr.contains("not JSON"), "{}", told.stderr);
    assert_eq!(json(&site.run(&["deliveries", "--json"]).exits(0).stdout)["waiting"], 0);
    // The same through a pipe.
    let mut command: Command = site.command(&["deliveries", "import", "-", "--json"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(events.as_bytes()).unwrap();
    let piped = site.wait(child).exits(0);
    assert_eq!(json(&piped.stdout)["waiting"], 0);
    // Records, and no event among them.
    site.write("other.jsonl", "{\"a\":1}\n{\"b\":2}\n");
    let none = site.run(&["deliveries", "import", "other.jsonl"]).exits(3);
    assert!(none.stderr.contains("none of the records is an event"), "{}", none.stderr);
    // A place of nine digits is no number of anybody.
    let long = format!("{}{{\"a\" \n", "\n".repeat(100_000_000));
    site.write("long.jsonl", &long);
    let told = site.run(&["deliveries", "import", "long.jsonl"]).exits(3);
    assert!(told.stderr.contains("long.jsonl at byte 100000000: "), "{}", told.stderr);
    let missing = site.run(&["deliveries", "import", "none.jsonl"]).exits(2);
    assert!(missing.stderr.contains("failed to read none.jsonl"), "{}", missing.stderr);
}

#[test]
fn a_queue_is_followed_and_what_cannot_be_read_stays_in_it() {
    let (site, server) = (Site::with_people(40), Server::start(&["--contact-life", "10m"]));
    site.send(server.endpoint()).exits(0);
    let queue = format!("{}/123456789012/events", server.endpoint());
    let follow = [
        "deliveries",
        "follow",
        "--queue",
        &queue,
        "--until-empty",
        "--json",
        "--origination",
        "+12025550199",
        "--endpoint-url",
        server.endpoint(),
    ];
    // The first events of each contact come within a second.
    let mut waiting = 40;
    while waiting > 0 {
        let counts = json(&site.run(&follow).exits(0).stdout);
        assert_eq!(counts["unmatched"], 0, "{counts}");
        waiting = counts["waiting"].as_u64().unwrap();
    }
    assert_eq!(json(&site.run(&follow).exits(0).stdout)["unmatched"], 0);
    // The host of the URL is asked where no endpoint is named. Nothing else could be reached.
    let mut command: Command = site.command(&follow[..6]);
    command.env("HTTPS_PROXY", "http://127.0.0.1:1").stdout(Stdio::piped()).stderr(Stdio::piped());
    let told = site.wait(command.spawn().unwrap()).exits(0);
    assert_eq!(json(&told.stdout)["unmatched"], 0);
}

/// Killed in the middle of an import, and imported again: as if nothing had been.
#[test]
fn an_import_that_is_killed_is_imported_again() {
    let (site, server) = (Site::with_people(300), Server::start(&["--hard-events", "--contact-life", "10m"]));
    site.send(server.endpoint()).exits(0);
    site.write("events.jsonl", &server.events());
    let import = ["deliveries", "import", "events.jsonl", "--json", "--origination", "+12025550199"];
    for _ in 0..5 {
        let mut child = site.start(&import);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let counts = json(&site.run(&import).exits(0).stdout);
    assert_eq!((&counts["waiting"], &counts["unmatched"]), (&Value::from(0), &Value::from(0)), "{counts}");
    site.run(&["journal", "check"]).exits(0);
}

/// Numbers that cannot take messages are offered to the list, taken onto it once, and not contacted again.
#[test]
fn numbers_that_cannot_take_messages_are_offered_to_the_list() {
    let (site, server) = (Site::with_people(400), Server::start(&["--contact-life", "1s"]));
    site.send(server.endpoint()).exits(0);
    site.write("events.jsonl", &server.events());
    let import = ["deliveries", "import", "events.jsonl", "--origination", "+12025550199"];
    let told = site.run(&import).exits(0);
    assert!(told.stderr.contains("`campaign suppress undelivered`"), "{}", told.stderr);
    let report = site.run(&["report", "--columns", "destination,delivery_status"]).exits(0).stdout;
    let words = report.lines().skip(1).map(|line| line.split_once(',').unwrap());
    let mut blamed: Vec<&str> = words
        .filter(|(_, word)| ["INVALID", "UNREACHABLE"].contains(word))
        .map(|(number, _)| number)
        .collect();
    blamed.sort_unstable();
    assert!(blamed.len() > 2, "{report}");
    let added = json(&site.run(&["suppress", "undelivered", "--json"]).exits(0).stdout);
    assert_eq!(added["added"], blamed.len(), "{added}");
    let list = site.run(&["suppress", "list"]).exits(0).stdout;
    let listed: Vec<&str> = list.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(listed, blamed);
    assert!(list.contains("its message did not arrive"), "{list}");
    // Once: there is nothing more to offer.
    let again = site.run(&["deliveries"]).exits(0);
    assert!(!again.stderr.contains("suppress undelivered"), "{}", again.stderr);
    assert_eq!(json(&site.run(&["suppress", "undelivered", "--json"]).exits(0).stdout)["added"], 0);
    let next = site.run(&[
        "run",
        "people.csv",
        "--yes",
        "--json",
        "--name",
        "may",
        "--endpoint-url",
        server.endpoint(),
    ]);
    assert_eq!(next.exits(0).json()["suppressed"], blamed.len());
}
