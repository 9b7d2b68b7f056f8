//! The commands of `[hooks]`: which end calls which, what they are told, and that nothing they do changes the result.

use std::fs;

use crate::process::server::Server;
use crate::process::site::{NAME, Site, csv, definition, phone, row};

/// What a hook leaves behind: what it was told, by environment and on stdin.
const RECORD: &str = r#"{ echo "$CAMPAIGN_EVENT $CAMPAIGN_NAME $CAMPAIGN_EXIT"; echo "$CAMPAIGN_MESSAGE"; echo "$CAMPAIGN_JOURNAL $CAMPAIGN_DEFINITION"; cat; } >> told"#;

fn site(people: usize, hooks: &str) -> Site {
    let site = Site::with_people(people);
    site.write("campaign.toml", &format!("{}[hooks]\n{hooks}\n", definition()));
    site
}

fn recording(people: usize) -> Site {
    site(people, &format!("on_finish = ['sh', '-c', '{RECORD}']\non_halt = '{RECORD}'"))
}

/// What the hook was told, if one was called: its first lines, and the result.
fn told(site: &Site) -> Option<(String, String, serde_json::Value)> {
    let text = fs::read_to_string(site.path("told")).ok()?;
    fs::remove_file(site.path("told")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "it is called once: {text}");
    assert!(!text.contains("55501") && !text.contains(NAME), "personal data: {text}");
    let folder = site.folder().canonicalize().unwrap();
    let paths = format!("{0}/journal.db {0}/campaign.toml", folder.display());
    assert_eq!(lines[2], paths);
    Some((lines[0].to_owned(), lines[1].to_owned(), serde_json::from_str(lines[3]).unwrap()))
}

#[test]
fn each_end_calls_its_hook_with_the_result() {
    let server = Server::start(&[]);
    let site = recording(10);
    let endpoint = server.endpoint();

    // Stopped by a limit that a person set: nobody is told.
    site.run(&["run", "people.csv", "--yes", "--limit=3", "--endpoint-url", endpoint]).exits(4);
    assert_eq!(told(&site), None);
    // Finished: the same object as on stdout.
    let result = site.send(endpoint).exits(0).json();
    let (event, message, told_result) = told(&site).unwrap();
    assert_eq!((event.as_str(), message.as_str()), ("on_finish spring 0", "finished"));
    assert_eq!(told_result, result);
    // Finished, and somebody is left out; from the journal alone too.
    site.write("people.csv", &csv((0..11).map(row).chain([format!("C-99,{NAME}99,+1202555")])));
    assert_eq!(site.send(endpoint).exits(3).json(), told(&site).unwrap().2);
    site.run(&["resume", "--endpoint-url", endpoint]).exits(3);
    assert_eq!(told(&site).unwrap().0, "on_finish spring 3");
    // A file that is not there: whoever typed it reads that.
    site.run(&["run", "nobody.csv", "--yes", "--endpoint-url", endpoint]).exits(2);
    assert_eq!(told(&site), None);
    // Only looked at, or only pretended.
    site.run(&["check", "people.csv"]).exits(3);
    site.run(&["run", "people.csv", "--dry-run"]).exits(3);
    let ran = site.run(&["run", "people.csv", "--simulate", "-v", "-j", "rehearsal.db"]).exits(3);
    ran.says(&["on_finish is not run: it was a simulation"]);
    assert_eq!(told(&site), None);
}

#[test]
fn what_halts_calls_on_halt() {
    let site = recording(5);
    let denied = Server::start(&["--access-denied", "1"]);
    let result = site.send(denied.endpoint()).exits(5).json();
    let (event, message, told_result) = told(&site).unwrap();
    assert_eq!((event.as_str(), &told_result), ("on_halt spring 5", &result));
    assert!(message.starts_with("halted: the service refuses the campaign"), "{message}");

    // A gate that trips before anything is sent: the counts are the journal's, and there was no run.
    let site = recording(0);
    site.write(
        "people.csv",
        &csv((0..40).map(|n| format!("C-{n},{NAME}{n},{}", if n < 20 { "12" } else { "x" }))),
    );
    let ran = site.send(denied.endpoint()).exits(5);
    assert_eq!(ran.stderr.matches("error: ").count(), 1, "told once: {}", ran.stderr);
    let (event, message, result) = told(&site).unwrap();
    assert_eq!(
        (event.as_str(), &result["rows"], &result["run"]),
        ("on_halt spring 5", &40.into(), &serde_json::Value::Null)
    );
    assert!(message.contains("40 of 40"), "{message}");

    // The machine fails.
    let site = recording(5);
    fs::create_dir(site.path("journal.db")).unwrap();
    site.send(denied.endpoint()).exits(1);
    let (event, message, result) = told(&site).unwrap();
    assert_eq!(
        (event.as_str(), &result["rows"], &result["exit"]),
        ("on_halt spring 1", &0.into(), &1.into())
    );
    assert!(message.contains("failed to open"), "{message}");
}

#[test]
fn signals_and_a_campaign_that_runs_elsewhere_call_nobody() {
    let (site, server) = (recording(50), Server::start(&[]));
    server.freeze();
    let child = site.start(&["run", "people.csv", "--yes", "--endpoint-url", server.endpoint()]);
    while site.run(&["resume", "--endpoint-url", server.endpoint()]).code != 6 {
        std::thread::yield_now();
    }
    assert_eq!(told(&site), None);
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    server.thaw();
    site.wait(child).exits(143);
    assert_eq!(told(&site), None);
}

#[test]
fn a_hook_that_fails_or_hangs_is_told_and_changes_nothing() {
    let server = Server::start(&[]);
    for (hook, words) in [
        (
            "on_finish = \"echo from the hook; exit 7\"",
            "warning: on_finish failed (exit status: 7); the result stands",
        ),
        ("on_finish = [\"no such program\"]", "warning: on_finish could not be started: "),
        // Children too are ended, and one that does not want to.
        (
            "on_finish = \"trap '' TERM; sleep 1000 & echo $! > child; sleep 1000 & wait; wait\"\ntimeout = \"200ms\"",
            "warning: on_finish took longer than 0.2 s and was ended",
        ),
        // One that does not read is no failure, nor is one that leaves its input open.
        ("on_finish = \"exec <&-; exit 0\"", "spring, run 1"),
    ] {
        let site = site(3, hook);
        let ran =
            site.run(&["run", "people.csv", "--yes", "--json", "--endpoint-url", server.endpoint()]).exits(0);
        assert_eq!(ran.json()["started"], 3);
        let events = ran.stdout.lines().all(|line| line.starts_with("{\"message_type\":\""));
        assert!(events, "a hook's words are no result: {}", ran.stdout);
        ran.says(&[words]);
        if let Ok(child) = fs::read_to_string(site.path("child")) {
            let pid = rustix::process::Pid::from_raw(child.trim().parse().unwrap()).unwrap();
            // A zombie that nobody has waited for yet counts as ended.
            let stat = fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
            let gone = rustix::process::test_kill_process(pid).is_err() || stat.contains(") Z ");
            assert!(gone, "its child is still there: {stat}");
        }
        site.run(&["journal", "check"]).exits(0);
        assert_eq!(site.run(&["report", "--format", "json"]).exits(0).json()["runs"][0]["exit"], 0);
    }
}

/// The lock is free by then: a hook can look, copy and go on.
#[test]
fn a_hook_can_use_this_program() {
    let server = Server::start(&[]);
    let binary = crate::process::site::BINARY;
    let line = format!(
        "'{binary}' report -o report.csv && '{binary}' journal backup copy.db && '{binary}' resume --simulate -j journal.db"
    );
    let site = site(3, &format!("on_finish = \"\"\"{line}\"\"\""));
    let ran = site.run(&["run", "people.csv", "--yes", "--endpoint-url", server.endpoint()]).exits(0);
    // The campaign is not the simulator's, which the inner run says; it was not told that somebody else runs it.
    ran.says(&["contacts started by", "warning: on_finish failed (exit status: 2)"]);
    assert!(site.read("report.csv").contains(&phone(2)) && site.path("copy.db").exists());
}
