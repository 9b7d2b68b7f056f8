//! `--stream`: sending begins while the file is still being read, and ends with it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::Write;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Output, Stdio};

use serde_json::Value;

const HEADER: &str = "customer_id,first_name,phone,date,time,tier\n";

fn campaign(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_campaign"));
    command.current_dir(folder).env("AWS_EC2_METADATA_DISABLED", "true").stdin(Stdio::null());
    command
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("campaigns")).unwrap();
    std::fs::write(folder.path().join("campaigns/sample.toml"), include_str!("../campaigns/sample.toml"))
        .unwrap();
    folder
}

fn streaming(folder: &Path) -> (Child, ChildStdin) {
    let mut child = campaign(folder)
        .args(["run", "-", "--stream", "--simulate", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdin = child.stdin.take().unwrap();
    (child, stdin)
}

fn rows(numbers: std::ops::Range<u32>) -> String {
    numbers.map(|n| format!("C-{n},Ada,+1202555{:04},May 1,9:00 am,gold\n", 100 + n)).collect()
}

fn result(output: &Output) -> Value {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    serde_json::from_str(text.lines().last().unwrap_or_default())
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// Asks until so many are started; the test's time limit is the only one.
fn wait_for_started(folder: &Path, started: u64) {
    loop {
        let output = campaign(folder).args(["status", "--json"]).output().unwrap();
        let status: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        match status["started"].as_u64().unwrap_or_default() {
            now if now == started => return,
            now => assert!(now < started, "{now} are started, not {started}"),
        }
    }
}

#[test]
fn rows_are_sent_before_the_file_ends() {
    let folder = folder();
    let (child, mut file) = streaming(folder.path());
    write!(file, "{HEADER}{}", rows(0..20)).unwrap();
    file.flush().unwrap();
    wait_for_started(folder.path(), 20);
    write!(
        file,
        "{}C-5,Twice,+12025550105,May 1,9:00 am,gold\nC-99,No number,,May 1,9:00 am,gold\n",
        rows(20..30)
    )
    .unwrap();
    drop(file);
    let output = child.wait_with_output().unwrap();
    let result = result(&output);
    assert_eq!((&result["started"], &result["requests"]), (&30.into(), &30.into()), "{result}");
    assert_eq!(
        (&result["rejected"], &result["duplicate"], &result["rows"]),
        (&1.into(), &1.into(), &32.into())
    );
    assert_eq!(output.status.code(), Some(3));
}

/// A campaign of which one recipient is started and five wait.
fn begun() -> tempfile::TempDir {
    let folder = folder();
    std::fs::write(folder.path().join("a.csv"), format!("{HEADER}{}", rows(0..6))).unwrap();
    let output = campaign(folder.path())
        .args(["run", "a.csv", "--simulate", "--json", "--limit", "1"])
        .output()
        .unwrap();
    assert_eq!((&result(&output)["started"], &result(&output)["queued"]), (&1.into(), &5.into()));
    folder
}

/// Key and state of every record of the report, in the order of the lines.
fn report(folder: &Path) -> Vec<String> {
    let output = campaign(folder).args(["report", "--format", "jsonl"]).output().unwrap();
    let told = |line: &str| {
        let record: Value = serde_json::from_str(line).unwrap();
        format!("{} {}", record["key"].as_str().unwrap(), record["state"].as_str().unwrap())
    };
    String::from_utf8(output.stdout).unwrap().lines().map(told).collect()
}

#[test]
fn what_an_earlier_file_had_is_sent_when_this_one_has_it_too() {
    let folder = begun();
    let (child, mut file) = streaming(folder.path());
    write!(file, "{HEADER}{}{}", rows(1..3), rows(6..8)).unwrap();
    file.flush().unwrap();
    wait_for_started(folder.path(), 5);
    // One that is behind what was sent already comes at the end.
    write!(file, "{}", rows(4..5)).unwrap();
    drop(file);
    let output = child.wait_with_output().unwrap();
    let result = result(&output);
    assert_eq!((&result["started"], &result["requests"]), (&6.into(), &5.into()), "{result}");
    assert_eq!((&result["withdrawn"], &result["queued"]), (&2.into(), &0.into()), "{result}");
    let told = ["C-1", "C-2", "C-6", "C-7", "C-4", "C-0"].map(|key| format!("{key} started"));
    let gone = ["C-3", "C-5"].map(|key| format!("{key} withdrawn"));
    assert_eq!(report(folder.path()), [&told[..], &gone[..]].concat());
}

#[test]
fn a_stream_that_breaks_off_sends_nobody_whom_it_did_not_name_and_the_file_brings_them_back() {
    let folder = begun();
    let (mut child, mut file) = streaming(folder.path());
    write!(file, "{HEADER}{}", rows(1..3)).unwrap();
    file.flush().unwrap();
    wait_for_started(folder.path(), 3);
    child.kill().unwrap();
    child.wait().unwrap();
    let resumed = campaign(folder.path()).args(["resume", "--simulate"]).output().unwrap();
    assert_eq!(resumed.status.code(), Some(2), "{}", String::from_utf8_lossy(&resumed.stderr));
    assert_eq!(report(folder.path())[3..], ["C-3 withdrawn", "C-4 withdrawn", "C-5 withdrawn"]);
    let output = campaign(folder.path()).args(["run", "a.csv", "--simulate", "--json"]).output().unwrap();
    assert_eq!((&result(&output)["started"], &result(&output)["requests"]), (&6.into(), &3.into()));
}

#[test]
fn corrections_can_be_streamed_and_leave_the_others_in_the_queue() {
    let folder = folder();
    let text = format!("{HEADER}{}", rows(0..4)).replace("+12025550102", "2025550");
    std::fs::write(folder.path().join("a.csv"), text).unwrap();
    let arguments = ["run", "a.csv", "--simulate", "--json", "--limit", "1", "--rejects", "wrong.csv"];
    let first = result(&campaign(folder.path()).args(arguments).output().unwrap());
    assert_eq!((&first["started"], &first["queued"], &first["rejected"]), (&1.into(), &2.into(), &1.into()));
    let wrong = std::fs::read_to_string(folder.path().join("wrong.csv")).unwrap();
    let (child, mut file) = streaming(folder.path());
    write!(file, "{}", wrong.replace("2025550,", "+12025550102,")).unwrap();
    drop(file);
    let output = child.wait_with_output().unwrap();
    let second = result(&output);
    assert_eq!((&second["started"], &second["requests"]), (&4.into(), &3.into()), "{second}");
    assert_eq!((&second["withdrawn"], &second["rows"]), (&0.into(), &4.into()), "{second}");
    let told = ["C-0", "C-1", "C-2", "C-3"].map(|key| format!("{key} started"));
    assert_eq!(report(folder.path()), told);
    // It is a whole campaign again, for `resume` too.
    let resumed = campaign(folder.path()).args(["resume", "--simulate"]).output().unwrap();
    assert_eq!(resumed.status.code(), Some(0), "{}", String::from_utf8_lossy(&resumed.stderr));
}

#[test]
fn a_bad_file_stops_the_run_as_soon_as_that_is_clear() {
    let folder = folder();
    let (child, mut file) = streaming(folder.path());
    write!(file, "{HEADER}{}", "C-1,No number,,May 1,9:00 am,gold\n".repeat(10)).unwrap();
    file.flush().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(result(&output)["requests"], 0);
    drop(file);
}

#[test]
fn without_a_look_at_the_file_it_wants_a_yes() {
    let folder = folder();
    std::fs::write(folder.path().join("a.csv"), format!("{HEADER}{}", rows(0..1))).unwrap();
    let mut command = campaign(folder.path());
    command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
    let output =
        command.args(["run", "a.csv", "--stream", "--endpoint-url", "http://127.0.0.1:9"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
}
