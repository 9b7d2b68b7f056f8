//! What is told before anything is sent: in `check`, in a dry run and before a run, always about what would be sent.

use crate::process::server::Server;
use crate::process::site::{Site, csv, definition, phone, row};
use crate::process::terminal::Terminal;

fn sent(site: &Site, endpoint: &str, more: &[&str]) -> crate::process::ran::Ran {
    site.run(&[&["run", "people.csv", "--yes", "--json", "--endpoint-url", endpoint], more].concat())
}

/// A second run tells of the rows that are left, with the text that they will get, and says what it does not send.
#[test]
fn a_second_run_counts_what_it_sends_and_nothing_else() {
    let (site, server) = (Site::new(), Server::start(&[]));
    site.write("people.csv", &csv([row(0), row(1), row(1), row(2), row(3), row(4)]));
    let first = sent(&site, server.endpoint(), &["--limit", "2"]).exits(4);
    first.says(&["2 contacts to start", "messages: 2 of 1 segment each", "line 4: has the key of line 3"]);
    site.write("campaign.toml", &definition().replace("see you.", "see you on Monday."));
    let second = sent(&site, server.endpoint(), &[]).exits(0).says(&[
        "6 rows, 3 contacts to start",
        "messages: 3 of 1 segment each",
        "note: 2 rows were attempted before; what the file or the definition now says of them is not sent",
        "  line 5: Hi Quillfeather2, see you on Monday.",
    ]);
    assert!(!second.stderr.contains("line 2: Hi"), "line 2 has its contact:\n{}", second.stderr);
    let third = sent(&site, server.endpoint(), &[]).exits(0).says(&["6 rows, 0 contacts to start"]);
    assert!(!third.stderr.contains("messages:"), "{}", third.stderr);
}

#[test]
fn a_sample_is_counted_in_the_run_and_in_the_dry_run() {
    let (site, server) = (Site::with_people(20), Server::start(&[]));
    let dry = site.run(&["run", "people.csv", "--dry-run", "--json", "--sample", "3"]).exits(4);
    dry.says(&["20 rows, 3 contacts to start", "messages: 3 of"]);
    let mut tokens: Vec<String> = dry_tokens(&site, &["--sample", "3"]);
    let run = sent(&site, server.endpoint(), &["--sample", "3"]).exits(4);
    run.says(&["20 rows, 3 contacts to start", "messages: 3 of"]);
    let mut started: Vec<String> =
        site.report().into_iter().filter(|row| row.state == "started").map(|row| row.client_token).collect();
    tokens.sort();
    started.sort();
    assert_eq!(tokens, started, "the dry run shows whom the run contacts");
    assert_eq!(dry_tokens(&site, &["--limit", "5"]).len(), 5);
}

fn dry_tokens(site: &Site, more: &[&str]) -> Vec<String> {
    let ran = site.run(&[&["run", "people.csv", "--dry-run", "--json", "-q"], more].concat()).exits(4);
    let token = |line| {
        serde_json::from_str::<serde_json::Value>(line).unwrap()["ClientToken"].as_str().unwrap().to_owned()
    };
    ran.stdout.lines().map(token).collect()
}

/// Both are what a run would end with.
#[test]
fn check_and_dry_run_exit_alike() {
    for (rejected, exit) in [(0, 0), (1, 3), (12, 5)] {
        let site = Site::new();
        let wrong = (0..rejected).map(|n| format!("X-{n},Someone,12"));
        site.write("people.csv", &csv((0..20).map(row).chain(wrong)));
        site.run(&["check", "people.csv"]).exits(exit);
        site.run(&["run", "people.csv", "--dry-run"]).exits(exit);
        let hint = match exit {
            3 => "hint: the rejected rows, to be corrected and fed in again",
            5 => "hint: correct the file, or have the rejected rows in a file of their own",
            _ => "",
        };
        site.run(&["run", "people.csv", "--yes", "--simulate"]).exits(exit).says(&[hint]);
        site.run(&["check", "people.csv", "-q"]).exits(exit);
    }
}

/// What keeps rows from being sent, and what the run ends with.
#[test]
fn check_and_dry_run_exit_as_the_run_where_limits_hours_or_an_end_leave_rows() {
    let never = "[hours]\nopen = { mon-sun = [] }\n";
    let over = "[schedule]\nend = \"2020-01-01T00:00Z\"\n";
    for (more, rejected, exit) in [
        ("[limits]\ncontacts = 5\n", 0, 4),
        ("[limits]\ncontacts = 12\n", 0, 0),
        ("[limits]\ncontacts = 5\n", 1, 4),
        ("[limits]\nper_day = 5\n", 0, 4),
        ("[limits]\ncost = 0.05\n[cost]\nper_segment = 0.01\n", 0, 4),
        ("[limits]\ncost = 0.05\n[cost]\nper_segment = { FR = 0.01 }\n", 0, 4),
        ("[limits]\ncost = 0.13\n[cost]\nper_segment = 0.01\n", 1, 3),
        (never, 0, 4),
        (over, 0, 3),
    ] {
        let (site, server) = (Site::new(), Server::start(&[]));
        site.write("campaign.toml", &format!("{}\n{more}", definition()));
        let wrong = (0..rejected).map(|n| format!("X-{n},Someone,12"));
        site.write("people.csv", &csv((0..12).map(row).chain(wrong)));
        let check = site.run(&["check", "people.csv", "--json"]);
        let dry = site.run(&["run", "people.csv", "--dry-run"]);
        let run = site.send(server.endpoint());
        assert_eq!((check.code, dry.code, run.code), (exit, exit, exit), "{more}{}", run.stderr);
        let told =
            |code| check.json()["warnings"].as_array().unwrap().iter().any(|told| told["code"] == code);
        assert_eq!((told("expires"), told("never-open")), (more == over, more == never), "{}", check.stdout);
        let by_cost = more.contains("cost = 0.05");
        assert_eq!(dry.stderr.contains("limits: cost = 0.05 is less than"), by_cost, "{more}{}", dry.stderr);
        // As before, when nothing is left or the rest may not be sent today.
        let (check, run) = (site.run(&["check", "people.csv"]), site.send(server.endpoint()));
        assert_eq!(check.code, run.code, "{more}{}\n{}", check.stdout, run.stderr);
    }
}

/// What is wrong with the definition and with the file's columns is told together, in the order of the definition.
#[test]
fn a_column_that_is_missing_is_told_with_the_definitions_mistakes() {
    let site = Site::with_people(1);
    let wrong =
        definition().replace("rate = 1000.0", "ratte = 1000.0").replace("first_name }}", "frist_name }}");
    site.write("campaign.toml", &wrong);
    let ran = site.run(&["check", "people.csv"]).exits(2);
    insta::assert_snapshot!(ran.stderr);
    let ran = site.run(&["run", "nobody.csv", "--yes"]).exits(2);
    ran.says(&["ratte", "nobody.csv"]);
}

/// `head` takes what it wants and goes.
#[test]
fn a_reader_that_leaves_is_no_error() {
    let site = Site::with_people(900);
    for args in [&["run", "people.csv", "--dry-run", "--json", "-q"][..], &["check", "people.csv", "--json"]]
    {
        let mut child = site.start(args);
        drop(child.stdout.take());
        let ran = site.wait(child).exits(0);
        assert_eq!(ran.stderr, "", "{args:?}");
    }
}

/// A number under two keys gets two messages: that is allowed, and said.
#[test]
fn a_number_under_two_keys_is_said() {
    let site = Site::new();
    site.write("people.csv", &csv([row(0), row(1), format!("C-9,Ann,{}", phone(1))]));
    let all = definition().replace("key = \"customer_id\"", "key = \"customer_id\"\nsame_number = \"all\"");
    site.write("campaign.toml", &all);
    let told = site.run(&["check", "people.csv", "--json"]).exits(0).json();
    assert_eq!(told["numbers_under_two_keys"], serde_json::json!({ "rows": 1, "lines": [4], "of": [3] }));
    site.run(&["run", "people.csv", "--yes", "--simulate"])
        .exits(0)
        .says(&["under another key", "line 4 (as line 3)"]);
}

/// What only looks right holds up a run that nobody looks at, until the kind is accepted by its code.
#[test]
fn texts_that_look_wrong_are_not_sent_with_yes_alone() {
    for (message, name, code) in [
        ("Hi #NAME#", "Ann", "foreign-placeholder"),
        ("Hi {{ first_name }}", "NULL", "nothing-words"),
        ("Hi {{ first_name }}", "JosÃ©", "twice-encoded"),
        ("Hi {{ first_name }}", "Total", "total-row"),
    ] {
        let (site, server) = (Site::new(), Server::start(&[]));
        let text = "Hi {{ first_name }}, see you.";
        assert!(definition().contains(text), "{}", definition());
        site.write("campaign.toml", &definition().replace(text, message));
        site.write("people.csv", &csv([row(0), format!("C-1,{name},{}", phone(1))]));
        let rows = if code == "foreign-placeholder" { 2 } else { 1 };
        let check = site.run(&["check", "people.csv", "--json"]).exits(2).json();
        site.run(&["check", "people.csv", "--accept", code]).exits(0);
        site.run(&["run", "people.csv", "--dry-run"]).exits(2);
        assert_eq!(check["warnings"][0]["code"], code);
        assert_eq!(check["warnings"][0]["rows"], rows);
        let accept = format!("--accept {code}");
        let refused = sent(&site, server.endpoint(), &[]).exits(2);
        refused.says(&[&format!("warning ({code}): "), &accept, "nothing was sent"]);
        site.run(&["resume", "--yes", "--endpoint-url", server.endpoint()]).exits(2);
        assert_eq!(server.requests(), 0, "{code}");
        sent(&site, server.endpoint(), &["--accept", "text-length"]).exits(2);
        sent(&site, server.endpoint(), &["--accept", code, "--limit", "1"]).exits(4);
        let accepts = format!("[safety]\naccept = [\"{code}\"]\n[pace]");
        let accepting = definition().replace(text, message).replacen("[pace]", &accepts, 1);
        site.write("campaign.toml", &accepting);
        sent(&site, server.endpoint(), &[]).exits(0);
        assert_eq!(server.requests(), 2, "{code}");
    }
}

/// What only may be another person's number is told, and holds nothing up.
#[test]
fn a_plus_that_may_have_been_added_is_told() {
    let site = Site::new();
    let region = definition().replace("[recipients]", "[recipients]\ndefault_region = \"US\"");
    site.write("campaign.toml", &region);
    site.write("people.csv", &csv([row(0), "C-1,Ann,+4795550143".to_owned()]));
    let check = site.run(&["check", "people.csv", "--json"]).exits(0).json();
    let warnings = check["warnings"].as_array().unwrap();
    let told = warnings.iter().find(|warning| warning["code"] == "added-plus").unwrap();
    assert_eq!((&told["rows"], &told["lines"]), (&1.into(), &serde_json::json!([3])));
}

/// A company's free number is nobody's phone: told, and no more, for a person may mean it.
#[test]
fn numbers_that_are_free_for_the_caller_are_told() {
    let site = Site::new();
    let rows = ["C-1,Ann,+18005550143", "C-2,Bea,+448081570192", "C-3,Cy,+12025550143"];
    site.write("people.csv", &csv(rows.map(str::to_owned)));
    let check = site.run(&["check", "people.csv", "--json"]).exits(0).json();
    let warnings = check["warnings"].as_array().unwrap();
    let told = warnings.iter().find(|warning| warning["code"] == "toll-free").unwrap();
    assert_eq!((&told["rows"], &told["lines"]), (&2.into(), &serde_json::json!([2, 3])));
}

/// What check and a dry run say before a run is what the run says; nothing of them is kept.
#[test]
fn check_and_a_dry_run_count_what_the_journal_has() {
    let (site, server) = (Site::new(), Server::start(&[]));
    site.write("people.csv", &csv([row(0), row(1), row(2)]));
    sent(&site, server.endpoint(), &["--limit", "1"]).exits(4);
    let journal = std::fs::read(site.path("journal.db")).unwrap();
    let check = site.run(&["check", "people.csv", "--json"]).exits(0).json();
    assert_eq!((&check["started"], &check["to_start"]), (&1.into(), &2.into()));
    let dry = site.run(&["run", "people.csv", "--dry-run", "--json"]).exits(0);
    assert_eq!(dry.stdout.lines().count(), 2, "{}", dry.stdout);
    let fresh = site.run(&["check", "people.csv", "--fresh", "--json"]).exits(0).json();
    assert_eq!((&fresh["started"], &fresh["to_start"]), (&0.into(), &3.into()));
    let fresh = site.run(&["run", "people.csv", "--dry-run", "--fresh", "--json"]).exits(0);
    assert_eq!(fresh.stdout.lines().count(), 3);
    assert_eq!(std::fs::read(site.path("journal.db")).unwrap(), journal, "nothing is kept");
    // One row left the file.
    site.write("people.csv", &csv([row(0), row(2)]));
    let check = site.run(&["check", "people.csv", "--json"]).exits(0).json();
    assert_eq!((&check["withdrawn"], &check["to_start"]), (&1.into(), &1.into()));
    let run = sent(&site, server.endpoint(), &[]).exits(0).json();
    assert_eq!((&run["withdrawn"], &run["started"]), (&1.into(), &2.into()));
    site.run(&["run", "people.csv", "--fresh"]).exits(2);
}

#[test]
fn keys_that_a_spreadsheet_rounded_are_refused_and_other_numbers_of_a_key_are_told() {
    let (site, server) = (Site::new(), Server::start(&[]));
    let people = |keys: [&str; 3]| {
        let rows = keys.iter().enumerate().map(|(n, key)| format!("{key},Ann,{}", phone(n)));
        csv(rows.collect::<Vec<_>>())
    };
    site.write("people.csv", &people(["1234567890120000"; 3]));
    for command in [vec!["check", "people.csv"], vec!["run", "people.csv", "--dry-run"]] {
        site.run(&command).exits(2).says(&["rounded to 15 digits", "line 3 has the key of line 2"]);
    }
    sent(&site, server.endpoint(), &[]).exits(2).says(&["rounded to 15 digits", "another phone number"]);
    assert_eq!(server.requests(), 0);

    site.write("people.csv", &people(["C-1", "C-2", "C-1"]));
    let check = site.run(&["check", "people.csv", "--fresh"]).exits(0);
    assert!(check.stdout.contains("line 4: has the key of line 2, and another number"), "{}", check.stdout);
    let check = site.run(&["check", "people.csv", "--fresh", "--json"]).exits(0).json();
    assert_eq!(check["duplicate_lines"][0]["another_number"], true);
    sent(&site, server.endpoint(), &[]).exits(0).says(&["and another number"]);
    let report = site.run(&["report", "--state", "duplicate", "--format", "csv"]).exits(0);
    assert!(report.stdout.contains("the same key, and another number"), "{}", report.stdout);
}

#[test]
fn a_stream_sends_no_text_that_looks_wrong() {
    let (site, server) = (Site::new(), Server::start(&[]));
    let rows = [row(0), format!("C-1,NULL,{}", phone(1)), format!("C-2,JosÃ©,{}", phone(2))];
    site.write("people.csv", &csv(rows));
    let result = sent(&site, server.endpoint(), &["--stream"]).exits(3).json();
    assert_eq!((&result["started"], &result["rejected"]), (&1.into(), &2.into()));
    let report = site.run(&["report", "--state", "rejected", "--format", "csv"]).exits(0);
    let told = report.stdout.contains("looks-wrong") && report.stdout.contains("nothing-words");
    assert!(told, "{}", report.stdout);
    let other = Site::new();
    other.write(
        "campaign.toml",
        &definition().replace("Hi {{ first_name }}, see you.", "Hi [Name], see you."),
    );
    other.write("people.csv", &csv([row(0)]));
    sent(&other, server.endpoint(), &["--stream"])
        .exits(2)
        .says(&["[Name]", "name foreign-placeholder in accept"]);
    sent(&other, server.endpoint(), &["--stream", "--accept", "foreign-placeholder"]).exits(0);
}

/// A terminal of 24 lines and 80 columns has all that a person agrees to, and no word is broken.
#[test]
fn the_question_and_what_it_is_about_fit_a_small_terminal() {
    let (site, server) = (Site::new(), Server::start(&[]));
    let people = (0..60).map(|n| match n {
        3 | 9 | 15 | 21 | 27 | 33 => format!("C-{n},Ann,+442071838750"),
        5 | 11 => format!("C-{n},Ann,12"),
        _ => row(n),
    });
    site.write("people.csv", &csv(people));
    site.write(
        "campaign.toml",
        &(definition()
            + "[safety]\nmax_rejected = \"50%\"\n[cost]\nper_segment = 0.01\ncurrency = \"USD\"\n"),
    );
    let args = ["run", "people.csv", "--endpoint-url", server.endpoint()];
    let mut terminal = Terminal::sized(&site, &args, 80, &[]);
    let question = "Start 52 contacts of \"spring\"?";
    let screen = terminal.until(question);
    terminal.press("n\r");
    let ran = terminal.end(&site).exits(2);
    assert!(ran.stderr.contains("nothing was sent"), "{}", ran.stderr);
    assert_eq!(server.requests(), 0);
    let lines: Vec<&str> = screen.lines().map(str::trim_end).collect();
    assert!(lines.len() <= 24, "{} lines:\n{screen}", lines.len());
    assert!(lines[..lines.len() - 1].iter().all(|line| line.chars().count() <= 80), "{screen}");
    let unbroken = screen.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "rejected: 6 phone-landline, 2 phone-no-country",
        "lines 5, 11, 17, 23, 29, …, phone: the phone number is a landline",
        "account 123456789012, Region us-west-2, sender aaaaaaaa-",
        "52 contacts, 52 segments, cost 0.52",
        "at this pace",
    ] {
        assert!(unbroken.contains(words), "no {words:?} in:\n{screen}");
    }
}

/// What a kind of workbook does not tell, its reader says, and of the others it does not.
#[test]
fn a_workbook_that_does_not_tell_its_hidden_rows_is_said_to_be_one() {
    let site = Site::new();
    let sentence = "a workbook of this kind does not tell hidden rows and merged cells: save it as .xlsx to have them told";
    for (file, is_told) in [("old-kind/people.xls", true), ("shown/people.xlsx", false)] {
        let path = format!("{}/tests/cases/{file}", env!("CARGO_MANIFEST_DIR"));
        let definition = definition()
            .replace("key = \"customer_id\"\n", "")
            .replace("{{ first_name }}", "all")
            .replace("attributes = { customer_id = \"{{ customer_id }}\" }\n", "");
        site.write("campaign.toml", &definition);
        let checked = site.run(&["check", &path]);
        let words = format!("{}{}", checked.stdout, checked.stderr).replace('\n', " ");
        assert!(checked.code == 0 || checked.code == 3, "{words}");
        assert_eq!(words.contains(sentence), is_told, "{file}: {words}");
        let json = site.run(&["check", &path, "--json"]).json();
        assert_eq!(json["read_as"]["sheet"]["blind"] == true, is_told, "{json}");
    }
}
