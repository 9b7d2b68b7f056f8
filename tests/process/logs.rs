//! The log: each attempt with `-v`, as text and as JSON, on stderr and in a file.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::process::server::Server;
use crate::process::site::{Site, phone};

#[test]
fn each_attempt_is_logged_with_line_masked_number_time_and_request_id() {
    let (site, server) = (Site::with_people(20), Server::start(&["--errors", "0.3"]));
    let args = ["run", "people.csv", "--yes", "--json", "-v", "--log-format", "json", "--endpoint-url"];
    let ran = site.run(&[&args[..], &[server.endpoint()]].concat()).exits(0);
    let logged = ran.stderr.lines().filter(|line| line.starts_with('{'));
    let logged = logged.map(|line| serde_json::from_str::<Value>(line).expect(line));
    let fields = logged.map(|event| event["fields"].clone());
    let attempts: Vec<Value> = fields.filter(|fields| fields["attempt"].is_u64()).collect();
    assert_eq!(attempts.len() as u64, ran.json()["requests"].as_u64().unwrap(), "{}", ran.stderr);
    for attempt in &attempts {
        let text = |name: &str| attempt[name].as_str().unwrap_or_else(|| panic!("no {name}: {attempt}"));
        assert!(attempt["line"].as_u64().is_some_and(|line| (2..22).contains(&line)), "{attempt}");
        assert!(text("destination").starts_with("+1…"), "{attempt}");
        assert_eq!(text("request_id").len(), 36, "{attempt}");
        assert!(attempt["took_ms"].is_u64(), "{attempt}");
    }
}

#[test]
fn a_log_file_is_private_is_added_to_and_leaves_the_screen_alone() {
    let (site, server) = (Site::with_people(20), Server::start(&[]));
    let args = ["run", "people.csv", "--yes", "--limit", "10", "--log-file", "run.log", "--endpoint-url"];
    for exit in [4, 0] {
        let ran = site.run(&[&args[..], &[server.endpoint()]].concat()).exits(exit);
        assert!(!ran.stderr.contains("INFO"), "{}", ran.stderr);
    }
    let log = site.read("run.log");
    assert_eq!(
        log.lines().filter(|line| line.contains(" started ")).count(),
        20,
        "both runs, without -v:\n{log}"
    );
    assert!(!(0..20).any(|n| log.contains(&phone(n)[2..])), "no number:\n{log}");
    let mode = std::fs::metadata(site.path("run.log")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_log_that_cannot_be_opened_is_said_and_one_that_cannot_be_written_stops_nothing() {
    let (site, server) = (Site::with_people(20), Server::start(&[]));
    let run = ["run", "people.csv", "--yes", "--endpoint-url", server.endpoint(), "--log-file"];
    let ran = site.run(&[&run[..], &["nowhere/run.log"]].concat()).exits(2);
    ran.says(&["failed to open the log file nowhere/run.log", "hint: "]);
    assert_eq!(server.requests(), 0);
    if cfg!(target_os = "linux") {
        let ran = site.run(&[&run[..], &["/dev/full"]].concat()).exits(0);
        assert_eq!(ran.stderr.matches("cannot be written any more").count(), 1, "{}", ran.stderr);
    }
}
