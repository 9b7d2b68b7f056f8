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

/// FileLine, key and state of every record of the report.
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
            ";;;;C-9;Ken;+12025550109;May 9;9:00 am;gold\r\n",
            "rejected_line must be a line number, and is \"\"",
        ),
        ("3;;;;C-9;Ken;+12025550109;May 9;9:00 am;gold\r\n", "an earlier row has the rejected_line 3, too"),
        ("99;;;;C-9;Ken;+12025550109;May 9;9:00 am;gold\r\n", "rejected_id must be as it was written"),
        (
            "99;;;r0123456789abcdef;C-9;Ken;+12025550109;May 9;9:00 am;gold\r\n",
            "the correction of line 99 fits no row",
        ),
    ] {
        fs::write(folder.join("wrong.csv"), format!("{wrong}{row}")).unwrap();
        // What is right is not corrected either, whichever comes first.
        corrected(folder);
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
    let text = text.replace("{{ first_name", "{{ frist_name").replace("\n[pace]\n", "\n[pace]\nspeed = 3\n");
    fs::write(&path, text).unwrap();
    let output = campaign(folder.path(), &["check", "people.csv"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(text.contains("did you mean `first_name`?") && text.contains("speed"), "{text}");
}

/// Exit code and what was said.
fn told(folder: &Path, line: &str) -> (i32, String) {
    let output = campaign(folder, &line.split(' ').collect::<Vec<_>>());
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

fn corrected(folder: &Path) {
    let wrong = fs::read_to_string(folder.join("wrong.csv")).unwrap();
    let wrong =
        wrong.replace("C-2;Grace;202555", "C-2;Grace;+12025550102").replace("0103;;9:00", "0103;May 3;9:00");
    fs::write(folder.join("wrong.csv"), wrong).unwrap();
}

#[test]
fn corrections_are_not_overwritten_by_the_same_command_again() {
    let folder = folder();
    let folder = folder.path();
    for line in
        ["check people.csv --rejects wrong.csv", "run people.csv --simulate --limit 1 --rejects wrong.csv"]
    {
        assert_ne!(told(folder, line).0, 2, "what is there is what it would be: {line}");
    }
    corrected(folder);
    let (file, before) = (fs::read(folder.join("wrong.csv")).unwrap(), report(folder));
    for line in [
        "run people.csv --simulate --limit 1 --rejects wrong.csv",
        "check people.csv --rejects wrong.csv",
        "report --rejects wrong.csv",
    ] {
        let (code, text) = told(folder, line);
        assert_eq!(code, 2, "{text}");
        assert!(
            text.contains("wrong.csv is there already") && text.contains("`campaign run wrong.csv"),
            "{text}"
        );
        assert_eq!(
            (fs::read(folder.join("wrong.csv")).unwrap(), report(folder)),
            (file.clone(), before.clone())
        );
    }
}

/// The command that is printed leads to the same journal and service; what it is for is said at the end.
#[test]
fn rejected_rows_are_told_last_with_the_command_that_takes_them_back() {
    let folder = folder();
    let folder = folder.path();
    let command = "`campaign run wrong.csv -j rehearsal.db --simulate`";
    let (code, text) = told(folder, "run people.csv --simulate -j rehearsal.db --rejects wrong.csv");
    assert_eq!(code, 3, "{text}");
    let (_, checked) = told(folder, "check wrong.csv -j rehearsal.db");
    assert!(checked.contains("rejected in this file: 1 cell-empty"), "{checked}");
    assert!(checked.contains("those that wait are sent to as well"), "{checked}");
    let last = text.trim_end().lines().last().unwrap();
    assert!(last.contains("wrong.csv has 3 rejected rows") && last.contains(command), "{text}");
    corrected(folder);
    let (code, text) = told(folder, "run wrong.csv --simulate -j other.db");
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("this journal has no first file"), "{text}");
    assert_eq!(run(folder, &["wrong.csv", "-j", "rehearsal.db"])["started"], 4);
    // Corrected once more, when it is too late.
    let late = fs::read_to_string(folder.join("wrong.csv")).unwrap().replace("5550102", "5550199");
    fs::write(folder.join("late.csv"), late).unwrap();
    let (_, text) = told(folder, "run late.csv --simulate -j rehearsal.db");
    assert!(
        text.contains(
            "1 row was attempted before; what the file or the definition now says of it is not sent"
        ),
        "{text}"
    );
    let (_, text) = told(folder, "check people.csv --rejects again.csv");
    assert!(
        text.contains(
            "`campaign run people.csv` leaves them out; correct them there, then `campaign run again.csv`"
        ),
        "{text}"
    );
}

#[test]
fn rejected_rows_come_whole_out_of_the_journal_and_a_report_of_them_stays_rejected() {
    let folder = folder();
    let folder = folder.path();
    fs::write(folder.join("people.csv"), format!("{FILE}C-6;Tony;+12025550106;May;6;9:00 am;gold\n"))
        .unwrap();
    run(folder, &["people.csv", "--rejects", "wrong.csv"]);
    let (code, text) = told(folder, "report --rejects later.csv");
    assert_eq!((code, text.trim()), (0, "4 rows in later.csv"));
    let later = fs::read_to_string(folder.join("later.csv")).unwrap();
    let wrong = fs::read_to_string(folder.join("wrong.csv")).unwrap();
    let plain = |text: &str| text.replace(',', ";").replace('"', "");
    assert_eq!(plain(&later), plain(&wrong));
    assert_eq!(told(folder, "report --state rejected -o part.csv").0, 0);
    let again = run(folder, &["part.csv"]);
    assert_eq!((&again["started"], &again["rejected"]), (&2.into(), &4.into()), "{again}");
    let (_, text) = told(folder, "check part.csv -j campaigns/sample.simulated.db");
    assert!(text.contains("line 5: a report does not have the whole of this row"), "{text}");
}

#[test]
fn a_file_that_withdraws_who_waits_says_so() {
    let folder = folder();
    let folder = folder.path();
    run(folder, &["people.csv", "--limit", "1", "--rejects", "wrong.csv"]);
    corrected(folder);
    let wrong = fs::read_to_string(folder.join("wrong.csv")).unwrap();
    // Without one of the columns, and without all of them.
    let without = |columns: usize| -> String {
        wrong.lines().map(|line| line.splitn(columns + 1, ';').last().unwrap().to_owned() + "\n").collect()
    };
    fs::write(folder.join("part.csv"), without(1)).unwrap();
    let before = report(folder);
    let (code, text) = told(folder, "run part.csv --simulate");
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("and not rejected_line"), "{text}");
    assert_eq!(report(folder), before);
    fs::write(folder.join("part.csv"), without(4)).unwrap();
    let (_, text) = told(folder, "check part.csv -j campaigns/sample.simulated.db");
    let withdrawn = "warning: 1 row of before that was not sent to is not in this file, and withdrawn";
    assert!(text.contains(withdrawn), "{text}");
    assert_eq!(report(folder), before, "a check changes nothing");
    let (_, text) = told(folder, "check part.csv --fresh -j campaigns/sample.simulated.db");
    assert!(!text.contains(withdrawn), "{text}");
    let (_, text) = told(folder, "run part.csv --simulate");
    assert!(text.contains(withdrawn), "{text}");
}

/// The first file again, as it was, when corrections of it wait and when they are sent.
#[test]
fn the_uncorrected_file_again_leaves_every_correction_in_its_place() {
    let folder = folder();
    let folder = folder.path();
    run(folder, &["people.csv", "--limit", "2", "--rejects", "wrong.csv"]);
    corrected(folder);
    run(folder, &["wrong.csv", "--limit", "1"]);
    let (_, text) = told(folder, "run people.csv --simulate --limit 1");
    assert!(text.contains("note: 1 line is rejected here, and stays as it was corrected before"), "{text}");
    assert!(!text.contains("not in this file"), "{text}");
    run(folder, &["wrong.csv"]);
    let sent = ["2 C-1 started", "3 C-2 started", "4 C-3 started", "5 C-4 rejected", "6 C-5 started"];
    assert_eq!(report(folder), sent);
    for _ in 0..2 {
        let again = run(folder, &["people.csv"]);
        assert_eq!(
            (&again["rows"], &again["started"], &again["rejected"]),
            (&5.into(), &4.into(), &1.into())
        );
        assert_eq!(report(folder), sent);
    }
}

#[test]
fn rows_behind_a_line_break_in_a_cell_are_named_as_a_spreadsheet_does() {
    let folder = folder();
    let folder = folder.path();
    let file = FILE.replace("May 1", "\"May\n\n1\"");
    fs::write(folder.join("people.csv"), &file).unwrap();
    let (_, text) = told(folder, "check people.csv");
    assert!(text.contains("line 5 (row 3 in a spreadsheet), phone: the phone number is too short"), "{text}");
    fs::write(folder.join("people.csv"), FILE).unwrap();
    let (_, text) = told(folder, "check people.csv");
    assert!(text.contains("line 3, phone: "), "{text}");
}

/// A placeholder of another program is sent as it stands.
#[test]
fn placeholders_of_other_programs_are_warned_of() {
    let folder = folder();
    let path = folder.path().join("campaigns/sample.toml");
    let text = fs::read_to_string(&path).unwrap().replace("{{ date }}", "[Date]");
    fs::write(&path, text).unwrap();
    let (_, text) = told(folder.path(), "check people.csv");
    assert!(text.contains("have \"[Date]\", which nothing replaces"), "{text}");
}

#[test]
fn a_correction_with_the_number_of_another_row_is_warned_of() {
    let folder = folder();
    let folder = folder.path();
    let definition = folder.join("campaigns/sample.toml");
    let all = fs::read_to_string(&definition)
        .unwrap()
        .replace("# same_number = \"refuse\"", "same_number = \"all\"");
    fs::write(&definition, all).unwrap();
    run(folder, &["people.csv", "--rejects", "wrong.csv"]);
    let wrong = fs::read_to_string(folder.join("wrong.csv")).unwrap();
    // Barbara's number, and Ada's key.
    let wrong = wrong
        .replace("C-2;Grace;202555", "C-2;Grace;+12025550105")
        .replace("C-3;Alan;+12025550103;;", "C-1;Alan;+12025550103;May 3;");
    fs::write(folder.join("wrong.csv"), wrong).unwrap();
    let (_, text) = told(folder, "run wrong.csv --simulate");
    assert!(
        text.contains("another row has under another key, and each is sent to: line 3 (as line 6)"),
        "{text}"
    );
    assert!(text.contains("line 4: has the key of line 2, and another number"), "{text}");
}

/// Lines were added to the first file, and it was run, before its corrections are.
#[test]
fn corrections_find_their_rows_after_lines_were_added_to_the_file() {
    for without_ids in [false, true] {
        let folder = folder();
        let folder = folder.path();
        run(folder, &["people.csv", "--limit", "1", "--rejects", "wrong.csv"]);
        let more = FILE.replacen(
            '\n',
            "\nC-8;Alan;+12025550108;May 8;9:00 am;gold\nC-9;Ken;+12025550109;May 9;9:00 am;gold\n",
            1,
        );
        fs::write(folder.join("people.csv"), more).unwrap();
        run(folder, &["people.csv", "--limit", "1"]);
        corrected(folder);
        let before = report(folder);
        let waits = [
            "2 C-8 queued",
            "3 C-9 queued",
            "4 C-1 started",
            "5 C-2 rejected",
            "6 C-3 rejected",
            "7 C-4 rejected",
            "8 C-5 started",
        ];
        assert_eq!(before, waits);
        if without_ids {
            // Rejected lines are other rows' lines by now, and nothing says whose the corrections are.
            let wrong = fs::read_to_string(folder.join("wrong.csv")).unwrap();
            let without = wrong.lines().map(|line| {
                let mut cells: Vec<&str> = line.split(';').collect();
                cells.remove(3);
                cells.join(";") + "\n"
            });
            fs::write(folder.join("wrong.csv"), without.collect::<String>()).unwrap();
            let (code, text) = told(folder, "run wrong.csv --simulate");
            assert_eq!(code, 2, "{text}");
            assert!(text.contains("the column rejected_id is missing"), "{text}");
            assert_eq!(report(folder), before);
            continue;
        }
        let (_, text) = told(folder, "run wrong.csv --simulate");
        assert!(!text.contains("withdrawn:"), "{text}");
        let sent = [
            "2 C-8 started",
            "3 C-9 started",
            "4 C-1 started",
            "5 C-2 started",
            "6 C-3 started",
            "7 C-4 rejected",
            "8 C-5 started",
        ];
        assert_eq!(report(folder), sent);
        // The first file as it was at first, and the same corrections again: the lines are the old ones, the people the same.
        fs::write(folder.join("people.csv"), FILE).unwrap();
        for file in ["people.csv", "wrong.csv"] {
            run(folder, &[file]);
            let sent = ["2 C-1 started", "3 C-2 started", "4 C-3 started", "5 C-4 rejected", "6 C-5 started"];
            assert_eq!(report(folder)[..5], sent, "{file}");
        }
        // And what the journal has of rejected rows is known by the same ids.
        assert_eq!(told(folder, "report --rejects left.csv").0, 0);
        let wrong = fs::read_to_string(folder.join("left.csv")).unwrap();
        fs::write(folder.join("left.csv"), wrong.replace("9:00 am", "9:00 am,gold")).unwrap();
        let last = run(folder, &["left.csv"]);
        assert_eq!((&last["rejected"], &last["started"]), (&0.into(), &7.into()), "{last}");
    }
}
