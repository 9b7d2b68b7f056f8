//! Halts in the middle of a campaign, and credentials that expire there, with the options of the simulator that anybody
//! can try them with.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::process::ran::Ran;
use crate::process::server::Server;
use crate::process::site::Site;

const PEOPLE: usize = 60;

/// Every now and then the service denies access. Each run halts there, fails nobody, says what to fix, and the next one
/// goes on, until nobody is left.
#[test]
fn a_run_that_was_denied_access_goes_on_when_it_is_run_again() {
    let site = Site::with_people(PEOPLE);
    let server = Server::start(&["--access-denied", "0.1", "--latency", "20ms", "--seed", "3"]);
    let mut halts = 0;
    loop {
        let args = ["run", "people.csv", "--yes", "--json", "--max-in-flight", "4", "--endpoint-url"];
        let ran = site.run(&[&args[..], &[server.endpoint()]].concat());
        let result = ran.json();
        assert_eq!((&result["failed"], &result["attempting"]), (&0.into(), &0.into()), "{result}");
        if ran.code == 0 {
            break;
        }
        halts += 1;
        let said =
            ["AccessDeniedException", "allow connect:StartOutboundChatContact", "next: campaign resume"];
        ran.exits(5).says(&said);
    }
    assert!(halts > 1, "{halts} halts");
    let report = site.report();
    assert_eq!(report.len(), PEOPLE);
    server.has_each_once(&report);
}

/// At 20 a second, the last ones after the keys that the run began with have expired.
fn run(site: &Site, server: &Server, profile: &[&str], credentials: impl FnOnce(&mut Command)) -> Ran {
    let mut command = site.command(&["run", "people.csv", "--yes", "--json", "--rate", "20", "--burst", "1"]);
    command.args(profile).args(["--endpoint-url", server.endpoint()]);
    credentials(&mut command);
    site.finish(command)
}

/// Temporary credentials of a `credential_process`, which gives others each time that it is asked.
#[test]
fn credentials_that_expire_are_renewed_where_that_is_possible() {
    let keys: Vec<String> = (1..10).map(|n| format!("KEY{n}:secret")).collect();
    let accepted: Vec<&str> = keys.iter().flat_map(|key| ["--credentials", key]).collect();
    let args = [&["--credential-life", "4s", "--credentials", "test:test"], &accepted[..]].concat();
    let server = Server::start(&args);
    let site = Site::with_people(90);
    let process = site.path("issue.sh");
    site.write("issue.sh", ISSUE);
    fs::set_permissions(&process, Permissions::from_mode(0o755)).unwrap();
    site.write("config", &format!("[profile temporary]\ncredential_process = {}\n", process.display()));

    // Keys of the environment, which nobody can renew.
    run(&site, &server, &[], |_| {}).exits(5).says(&["ExpiredTokenException", "renew the credentials"]);
    let started = site.report().iter().filter(|record| record.state == "started").count();
    assert!((1..90).contains(&started), "{started}");

    site.write("people.csv", &crate::process::site::csv((0..90 + started).map(crate::process::site::row)));
    // A profile that is named wins over them.
    let ran = run(&site, &server, &["--profile", "temporary"], |command| {
        command.env("AWS_CONFIG_FILE", site.path("config"));
    });
    let result = ran.exits(0).json();
    assert!(result["retried"].as_u64() > Some(0), "nothing expired: {result}");
    assert_eq!(site.read("issued").trim(), "2", "asked once for what it began with, once for what followed");
    server.has_each_once(&site.report());
}

const ISSUE: &str = r#"#!/bin/sh
cd "$(dirname "$0")" || exit 1
number=$(($(cat issued 2>/dev/null || echo 0) + 1))
echo "$number" >issued
printf '{"Version": 1, "AccessKeyId": "KEY%s", "SecretAccessKey": "secret", "SessionToken": "t"}' "$number"
"#;
