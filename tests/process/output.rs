//! What scripts read: the result is the last line of stdout, progress is lines on stderr, and
//! `status` and `report` look on while another process runs.

use serde_json::Value;

use crate::process::server::Server;
use crate::process::site::Site;

#[test]
fn the_last_line_of_stdout_is_the_result() {
    let (site, server) = (Site::with_people(30), Server::start(&[]));
    let ran = site.send(server.endpoint()).exits(0);
    let result = ran.json();
    for (member, value) in [
        ("message_type", Value::from("summary")),
        ("campaign", "spring".into()),
        ("run", 1.into()),
        ("rows", 30.into()),
        ("started", 30.into()),
        ("requests", 30.into()),
        ("throttled", 0.into()),
        ("retried", 0.into()),
        ("exit", 0.into()),
    ] {
        assert_eq!(result[member], value, "{member}");
    }
    assert!(result["achieved_rate"].as_f64().unwrap() > 0.0 && result["elapsed_s"].as_f64().unwrap() > 0.0);
    let quiet = site.run(&["run", "people.csv", "--yes", "-q", "--endpoint-url", server.endpoint()]).exits(0);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
}

#[test]
fn progress_off_a_terminal_is_plain_lines() {
    let (site, server) = (Site::with_people(60), Server::start(&[]));
    // Seven seconds, and a line every five.
    let args =
        ["run", "people.csv", "--yes", "--rate", "8", "--burst", "1", "--endpoint-url", server.endpoint()];
    let ran = site.run(&args).exits(0);
    let progress: Vec<&str> = ran.stderr.lines().filter(|line| line.contains(" of 60 (")).collect();
    assert_eq!(progress.len(), 1, "{}", ran.stderr);
    assert!(progress[0].contains("in flight"), "{progress:?}");
    assert!(!ran.stderr.contains(['\r', '\x1b']), "no control characters");
}

#[test]
fn status_and_report_look_on_while_a_run_goes_on() {
    let (site, server) = (Site::with_people(60), Server::start(&["--latency", "1s"]));
    let args = ["run", "people.csv", "--yes", "--json", "--rate", "20", "--burst", "1", "--endpoint-url"];
    let child = site.start(&[&args[..], &[server.endpoint()]].concat());
    let pid = child.id();
    server.wait_for_requests(25);
    let status = site.run(&["status", "--json"]).exits(0).json();
    assert_eq!(
        (&status["running"], &status["pid"], &status["exit"]),
        (&true.into(), &pid.into(), &Value::Null)
    );
    assert_eq!(status["rows"], 60);
    let report = site.report();
    assert_eq!(report.len(), 60);
    let attempted = report.iter().filter(|record| record.attempts > 0).count();
    assert!((25..60).contains(&attempted), "{attempted}");
    site.run(&["status"]).exits(0).says(&[]);

    assert_eq!(site.wait(child).exits(0).json()["started"], 60);
    let status = site.run(&["status", "--json"]).exits(0).json();
    assert_eq!((&status["running"], &status["exit"]), (&false.into(), &0.into()));
    server.has_each_once(&site.report());
}
