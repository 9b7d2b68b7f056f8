//! A single contact in a journal: its attempt is durable before its request, and the same token meets the same row.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{campaign, command, contacts, folder, server};

fn run(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_campaign")).args(args).current_dir(folder).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn status(folder: &Path) -> Value {
    let (code, stdout, stderr) = run(folder, &["status", "-c", "by-hand", "-j", "journal.db", "--json"]);
    assert_eq!(code, Some(0), "{stderr}");
    serde_json::from_str(&stdout).unwrap()
}

#[test]
fn a_contact_by_hand_is_a_row_and_its_token_meets_it_again() {
    let (server, folder) = (server(&[]), folder());
    let ask = |more: &[&str]| {
        campaign(
            folder.path(),
            &server.endpoint,
            &[&["-j", "journal.db", "--client-token", "mine"], more].concat(),
        )
    };
    let first = ask(&[]);
    assert!(first.status.success(), "{first:?}");
    assert_eq!((&status(folder.path())["started"], &status(folder.path())["rows"]), (&1.into(), &1.into()));
    let before = server.get("/_simulator/stats");
    let again = ask(&[]);
    assert_eq!(again.stdout, first.stdout, "{again:?}");
    assert_eq!(server.get("/_simulator/stats"), before, "the journal knows");
    // Another request under the token of this one is none that may leave.
    let other = ask(&["--chat-duration-in-minutes", "90"]);
    assert_eq!(other.status.code(), Some(0), "it is started, and what is asked for is that contact");
    let another = campaign(folder.path(), &server.endpoint, &["-j", "journal.db"]);
    assert!(another.status.success(), "{another:?}");
    assert_eq!(status(folder.path())["started"], 2);
    assert_eq!(contacts(&server).len(), 2);
    let (code, report, stderr) = run(folder.path(), &["report", "-c", "by-hand", "-j", "journal.db"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(
        report.contains("mine") && report.contains("+12025550143") && report.contains(",request"),
        "{report}"
    );
    let (code, _, stderr) = run(folder.path(), &["journal", "check", "-j", "journal.db", "-c", "by-hand"]);
    assert_eq!(code, Some(0), "{stderr}");
}

#[test]
fn a_suppressed_number_is_refused_and_nothing_is_written() {
    let (server, folder) = (server(&[]), folder());
    assert!(campaign(folder.path(), &server.endpoint, &["-j", "journal.db"]).status.success());
    let (code, _, stderr) = run(folder.path(), &["suppress", "add", "+12025550143", "-j", "journal.db"]);
    assert_eq!(code, Some(0), "{stderr}");
    let refused = campaign(folder.path(), &server.endpoint, &["-j", "journal.db"]);
    let stderr = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("suppression list"), "{stderr}");
    assert_eq!((contacts(&server).len(), &status(folder.path())["rows"]), (1, &1.into()));
}

#[test]
fn a_refused_contact_is_failed_and_may_be_asked_for_again_as_it_was() {
    let (server, folder) = (server(&["--access-denied", "1"]), folder());
    let ask = |more: &[&str]| {
        campaign(
            folder.path(),
            &server.endpoint,
            &[&["-j", "journal.db", "--client-token", "mine"], more].concat(),
        )
    };
    let refused = ask(&[]);
    assert_eq!(refused.status.code(), Some(5), "{refused:?}");
    let before = status(folder.path());
    assert_eq!(
        (&before["rows"], &before["started"], &before["attempting"]),
        (&1.into(), &0.into(), &0.into())
    );
    let other = ask(&["--chat-duration-in-minutes", "90"]);
    assert_eq!(other.status.code(), Some(2), "{other:?}");
    assert_eq!(ask(&[]).status.code(), Some(5));
    assert_eq!(status(folder.path())["rows"], 1);
}

/// Promises 2 and 7: what a request may have started is in the journal whatever happens to the process, and its token meets it.
#[test]
fn a_contact_whose_process_was_killed_is_in_doubt_and_met_again() {
    let (slow, good, folder) = (server(&["--latency", "10m"]), server(&[]), folder());
    let args = ["-j", "journal.db", "--client-token", "mine"];
    let mut child = command(folder.path(), &slow.endpoint, &args).spawn().unwrap();
    while !contacts(&slow).iter().any(|contact| contact["destination"] == "+12025550143") {
        assert!(child.try_wait().unwrap().is_none(), "it waits for its answer");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(
        (&status(folder.path())["rows"], &status(folder.path())["attempting"]),
        (&1.into(), &1.into())
    );
    // What is in doubt is not changed: the same token, another request.
    let other =
        campaign(folder.path(), &good.endpoint, &[&args[..], &["--chat-duration-in-minutes", "90"]].concat());
    assert_eq!(other.status.code(), Some(2), "{other:?}");
    let again = campaign(folder.path(), &good.endpoint, &args);
    assert!(again.status.success(), "{again:?}");
    assert_eq!((&status(folder.path())["rows"], &status(folder.path())["started"]), (&1.into(), &1.into()));
}

/// A contact that was started and cannot be shown is told all the same: the same command again would start another one.
#[test]
#[cfg(target_os = "linux")]
fn a_contact_that_cannot_be_shown_is_told() {
    let (server, folder) = (server(&[]), folder());
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ended = command(folder.path(), &server.endpoint, &[]).stdout(full).output().unwrap();
    let told = String::from_utf8(ended.stderr).unwrap();
    let begun = contacts(&server);
    let contact = begun[0]["contact_id"].as_str().unwrap().to_owned();
    assert_eq!((ended.status.code(), begun.len()), (Some(1), 1), "{told}");
    assert!(
        told.contains(&format!("the contact {contact} was started")) && told.contains("client token: "),
        "{told}"
    );
}
