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
        if status["started"] == started {
            return;
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
