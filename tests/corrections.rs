//! `--rejects`: rejected rows come back corrected, and nothing else of the campaign moves.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const FILE: &str = "customer_id;first_name;phone;date;time;tier\n\
    C-1;Ada;+12025550101;May 1;9:00 am;gold\n\
    C-2;Grace;202555;May 2;9:00 am;gold\n\
    C-3;Alan;+12025550103;;9:00 am;gold\n\
    C-4;Edsger;+12025550104;May 4;9:00 am\n\
    C-5;Barbara;+12025550105;May 5;9:00 am;gold\n";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("campaigns")).unwrap();
    let sample = include_str!("../campaigns/sample.toml");
    fs::write(folder.path().join("campaigns/sample.toml"), sample).unwrap();
    fs::write(folder.path().join("people.csv"), FILE).unwrap();
    folder
}

fn campaign(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_campaign"));
    command.current_dir(folder).env("AWS_EC2_METADATA_DISABLED", "true").args(args);
    command.output().unwrap()
}

fn run(folder: &Path, args: &[&str]) -> Value {
    let output = campaign(folder, &[&["run", "--simulate", "--json"], args].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(text.lines().last().unwrap_or_default())
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// Line, key and state of every record of the report.
fn report(folder: &Path) -> Vec<String> {
    let output = campaign(folder, &["report", "--format", "jsonl"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let told = |line: &str| {
        let record: Value = serde_json::from_str(line).unwrap();
        format!(
            "{} {} {}",
            record["line"],
            record["key"].as_str().unwrap_or("-"),
            record["state"].as_str().unwrap()
        )
    };
    text.lines().map(told).collect()
}

#[test]
fn rejected_rows_are_corrected_and_take_the_place_of_their_lines() {
    let folder = folder();
    let folder = folder.path();
    let first = run(folder, &["people.csv", "--limit", "1", "--rejects", "wrong.csv"]);
    assert_eq!((&first["started"], &first["queued"], &first["rejected"]), (&1.into(), &1.into(), &3.into()));
    assert_eq!(fs::metadata(folder.join("wrong.csv")).unwrap().permissions().mode() & 0o777, 0o600);
    let wrong = fs::read_to_string(folder.join("wrong.csv")).unwrap();
    insta::assert_snapshot!(wrong.trim_start_matches('\u{feff}'));

    // One is corrected, one is corrected into somebody else, one stays wrong.
    let corrected = wrong
        .replace("C-2;Grace;202555", "C-2;Grace;+12025550102")
        .replace("C-3;Alan;+12025550103;;", "C-1;Alan;+12025550103;May 3;");
    fs::write(folder.join("wrong.csv"), corrected).unwrap();
    let second = run(folder, &["wrong.csv", "--rejects", "still-wrong.csv"]);
    assert_eq!(
        (&second["started"], &second["withdrawn"], &second["rows"]),
        (&3.into(), &0.into(), &5.into())
    );
    let told = ["2 C-1 started", "3 C-2 started", "4 C-1 duplicate", "5 C-4 rejected", "6 C-5 started"];
    assert_eq!(report(folder), told);

    // The same again changes nothing.
    let third = run(folder, &["wrong.csv"]);
    assert_eq!((&third["requests"], report(folder)), (&0.into(), told.map(str::to_owned).to_vec()));

    // What is left of it goes on in the same way.
    let left = fs::read_to_string(folder.join("still-wrong.csv")).unwrap();
    fs::write(folder.join("still-wrong.csv"), left.replace("9:00 am", "9:00 am;gold")).unwrap();
    let last = run(folder, &["still-wrong.csv"]);
    assert_eq!((&last["started"], &last["rejected"], &last["duplicate"]), (&4.into(), &0.into(), &1.into()));
}

#[test]
fn rows_that_do_not_say_what_they_replace_are_refused() {
    let folder = folder();
    let folder = folder.path();
    run(folder, &["people.csv", "--limit", "1", "--rejects", "wrong.csv"]);
    let before = report(folder);
    let wrong = fs::read_to_string(folder.join("wrong.csv")).unwrap();
    for (row, told) in [
        (
            ";;;C-9;Ken;+12025550109;May 9;9:00 am;gold\r\n",
            "rejected_line must be a line number, and is \"\"",
        ),
        ("3;;;C-9;Ken;+12025550109;May 9;9:00 am;gold\r\n", "an earlier row has the rejected_line 3, too"),
    ] {
        fs::write(folder.join("wrong.csv"), format!("{wrong}{row}")).unwrap();
        let output = campaign(folder, &["run", "wrong.csv", "--simulate"]);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(told), "{text}");
        assert_eq!(report(folder), before);
    }
}

#[test]
fn the_file_itself_is_not_overwritten_and_a_header_withdraws_nobody() {
    let folder = folder();
    let folder = folder.path();
    let output = campaign(folder, &["check", "people.csv", "--rejects", "./people.csv"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(fs::read_to_string(folder.join("people.csv")).unwrap(), FILE);
    run(folder, &["people.csv", "--limit", "1"]);
    fs::write(folder.join("people.csv"), FILE.lines().next().unwrap()).unwrap();
    let output = campaign(folder, &["run", "people.csv", "--simulate"]);
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    let status = campaign(folder, &["status", "--json"]);
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!((&status["queued"], &status["withdrawn"]), (&1.into(), &0.into()), "{status}");
}

#[test]
fn a_file_that_is_not_there_is_looked_for() {
    let folder = folder();
    let output = campaign(folder.path(), &["check", "poeple.csv"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(text.contains("there is no such file") && text.contains("did you mean people.csv?"), "{text}");
}

#[test]
fn mistakes_in_the_definition_and_columns_are_told_at_once() {
    let folder = folder();
    let path = folder.path().join("campaigns/sample.toml");
    let text = fs::read_to_string(&path).unwrap();
    let text = text.replace("{{ first_name", "{{ frist_name").replace("[pace]", "[pace]\nspeed = 3");
    fs::write(&path, text).unwrap();
    let output = campaign(folder.path(), &["check", "people.csv"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(text.contains("did you mean `first_name`?") && text.contains("speed"), "{text}");
}
