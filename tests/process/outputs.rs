//! Outputs over inputs: whatever a command writes, by whatever name, it never replaces what it reads.

use std::process::Command;

use crate::process::server::Server;
use crate::process::site::{BINARY, Site, definition};

#[test]
fn rejected_rows_never_replace_the_journal_and_nothing_is_sent() {
    let (site, server) = (Site::with_people(5), Server::start(&[]));
    std::fs::hard_link(site.path("campaign.toml"), site.path("same.toml")).unwrap();
    for (output, input) in [
        ("journal.db", "it is the journal"),
        ("./journal.db-wal", "it is a file of the journal"),
        ("same.toml", "it is the definition"),
        ("people.csv", "it is the recipients file itself"),
    ] {
        let args = ["run", "people.csv", "--yes", "--endpoint-url", server.endpoint(), "--rejects", output];
        site.run(&args).exits(2).says(&["the rejected rows cannot go to", input, "name another file"]);
    }
    assert_eq!(server.stats()["contacts"], 0);
    site.send(server.endpoint()).exits(0);
}

#[test]
fn a_report_or_a_log_never_replaces_what_the_campaign_reads() {
    let (site, server) = (Site::with_people(5), Server::start(&[]));
    site.send(server.endpoint()).exits(0);
    std::os::unix::fs::symlink("people.csv", site.path("link.csv")).unwrap();
    let before = ["people.csv", "campaign.toml"].map(|name| site.read(name));
    for (output, input) in [
        ("people.csv", "it is the recipients file itself"),
        ("link.csv", "it is the recipients file itself"),
        ("campaign.toml", "it is the definition"),
        ("journal.db", "it is the journal"),
        ("journal.db-wal", "it is a file of the journal"),
    ] {
        let report = ["report", "--format", "csv", "-o", output];
        site.run(&report).exits(2).says(&["the report cannot go to", input]);
        let log = ["run", "people.csv", "--yes", "--endpoint-url", server.endpoint(), "--log-file", output];
        site.run(&log).exits(2).says(&["the log cannot go to", input, "nothing was done"]);
    }
    assert_eq!(["people.csv", "campaign.toml"].map(|name| site.read(name)), before);
    site.run(&["journal", "check"]).exits(0);
    // Mistakes in the definition do not lay the file open.
    site.write("broken.toml", "nonsense = 1\n");
    let log = ["run", "people.csv", "-c", "broken.toml", "--log-file", "people.csv"];
    site.run(&log).exits(2).says(&["the log cannot go to people.csv"]);
    assert_eq!(site.read("people.csv"), before[0]);
    // A report of before is replaced, a file of another purpose only on demand.
    for _ in 0..2 {
        for report in ["report.csv", "report.jsonl", "report.json", "report.html", "report.xlsx"] {
            site.run(&["report", "-o", report]).exits(0);
        }
    }
    site.write("mine.csv", "my,own\n");
    site.run(&["report", "-o", "mine.csv"]).exits(2).says(&["is no report of this program", "--force"]);
    assert_eq!(site.read("mine.csv"), "my,own\n");
    site.run(&["report", "-o", "mine.csv", "--force"]).exits(0);
}

/// Descriptors are names of files, too.
#[test]
fn a_descriptor_or_stdin_is_a_name_like_any_other() {
    let site = Site::with_people(5);
    let shell = |script: &str| {
        let mut shell = Command::new("sh");
        shell.args(["-c", script, BINARY]).current_dir(site.folder()).env_clear().envs(site.environment());
        site.finish(shell)
    };
    let people = site.read("people.csv");
    for script in [
        "$0 check people.csv --rejects /dev/fd/7 7<>people.csv",
        "$0 check people.csv --rejects /proc/self/fd/7 7<>campaign.toml",
        "$0 check people.csv --log-file /dev/fd/7 7<>campaign.toml",
        "$0 check people.csv --log-file /dev/stdin <people.csv",
        "$0 check - --log-file people.csv <people.csv",
        "$0 check - --rejects ./people.csv <people.csv",
        "$0 check /dev/stdin --rejects people.csv <people.csv",
    ] {
        shell(script).exits(2).says(&["cannot go to"]);
        assert_eq!(site.read("people.csv"), people, "{script}");
    }
}

#[test]
fn outputs_of_one_command_are_several_files() {
    let site = Site::with_people(5);
    let shell = |script: &str| {
        let mut shell = Command::new("sh");
        shell.args(["-c", script, BINARY]).current_dir(site.folder()).env_clear().envs(site.environment());
        site.finish(shell)
    };
    for (script, other) in [
        ("$0 check people.csv --rejects out --log-file ./out", "it is where the rejected rows go"),
        ("$0 check people.csv --rejects out --json >out", "it is where stdout goes"),
        ("$0 rehearse people.csv --rejects out --keep ./out", "it is where the rejected rows go"),
        ("$0 rehearse people.csv --rejects out --log-file out", "it is where the rejected rows go"),
        ("$0 rehearse people.csv --keep out --log-file out", "it is where the rehearsal's journal goes"),
        ("$0 report -o out.csv --log-file out.csv", "it is where the report goes"),
        ("$0 check people.csv --log-file err 2>err; cat err >&2; exit 2", "it is where stderr goes"),
    ] {
        shell(script).exits(2).says(&["cannot go to", other]);
    }
}

/// The lists of the definition are inputs of every command, and whatever else is there already is not spoiled.
#[test]
fn lists_and_other_files_are_not_spoiled() {
    let (site, server) = (Site::with_people(5), Server::start(&[]));
    site.write("stop.csv", "phone\n+12025559999\n");
    site.write(
        "stop.toml",
        &definition().replacen("phone = \"phone\"", "phone = \"phone\"\nsuppress = [\"stop.csv\"]", 1),
    );
    site.write("request.json", "{}");
    let send = ["run", "people.csv", "-c", "stop.toml", "--yes", "--endpoint-url", server.endpoint()];
    let with = |more: &[&'static str]| site.run(&[&send[..], more].concat());
    with(&["--log-file", "stop.csv"]).exits(2).says(&["it is a suppression list"]);
    with(&["--rejects", "stop.csv"]).exits(2).says(&["it is a suppression list"]);
    assert_eq!(server.stats()["contacts"], 0);
    with(&[]).exits(0);
    site.run(&["report", "-c", "stop.toml", "-o", "stop.csv"]).exits(2).says(&["it is a suppression list"]);
    assert_eq!(site.read("stop.csv"), "phone\n+12025559999\n");
    let skeleton = ["contact", "--generate-cli-skeleton", "--log-file", "request.json"];
    site.run(&skeleton).exits(2).says(&["is no log of this program"]);
    site.run(&["simulator", "--log", "journal.db"]).exits(2).says(&["is no log of requests"]);
    site.run(&["journal", "check", "-c", "stop.toml"]).exits(0);
    assert!(Command::new("mkfifo").arg(site.path("pipe")).status().unwrap().success());
    with(&["--log-file", "pipe"]).exits(2).says(&["nothing reads the pipe"]);
}

/// The page has the segments of what was started, and what they cost by the definition that is there.
#[test]
fn a_page_tells_segments_and_cost() {
    let (site, server) = (Site::with_people(3), Server::start(&[]));
    let long = "a".repeat(160);
    let priced = definition().replace(", see you.", &format!(" {long}"));
    site.write("campaign.toml", &(priced + "[cost]\nper_segment = { US = 0.5 }\ncurrency = \"USD\"\n"));
    site.send(server.endpoint()).exits(0);
    site.run(&["report", "-o", "page.html"]).exits(0);
    let told = "3 messages of started contacts, 6 segments, about 3.00 USD by the prices of the definition";
    assert!(site.read("page.html").contains(told), "{}", site.read("page.html"));
    assert!(site.read("page.html").contains("What it did with them is not known here."));
}

/// What a command makes anew must not become a file of the journal either.
#[test]
fn nothing_is_made_where_the_journal_has_its_files() {
    let (site, server) = (Site::with_people(3), Server::start(&[]));
    site.send(server.endpoint()).exits(0);
    let mark = site.read("journal.db.mark");
    std::fs::hard_link(site.path("journal.db.mark"), site.path("hard")).unwrap();
    for name in ["journal.db-wal", "journal.db-journal", "./journal.db.lock", "journal.db.mark", "hard"] {
        for args in [
            &["journal", "backup", name][..],
            &["rehearse", "people.csv", "--rejects", name],
            &["rehearse", "people.csv", "--keep", name],
            &["serve", "--token-file", name],
            &["check", "people.csv", "--rejects", name],
            &["report", "--rejects", name],
            &["report", "-o", name],
            &["status", "--log-file", name],
        ] {
            site.run(args).exits(2).says(&["cannot go to", "it is a file of the journal"]);
        }
    }
    site.run(&["journal", "check"]).exits(0);
    assert_eq!(site.read("journal.db.mark"), mark);
}

/// Rules, certificates, the files that the environment names, and the journal of real runs beside a simulation's.
#[test]
fn no_output_replaces_what_the_definition_or_the_environment_names() {
    let (site, server) = (Site::with_people(3), Server::start(&[]));
    let rules = "open = \"00:00-24:00\"\n";
    site.write("rules.toml", rules);
    let certificates = include_str!("ca.pem");
    site.write("ca.pem", certificates);
    site.write("aws.ini", "[default]\n");
    site.write("kept.toml", &format!("{}[hours]\nrules = [\"rules.toml\"]\n", definition()));
    let text = site.read("kept.toml").replacen("[connect]\n", "[connect]\nca_bundle = \"ca.pem\"\n", 1);
    site.write("kept.toml", &text);
    site.send(server.endpoint()).exits(0);
    let with = |args: &[&str]| {
        let mut command = site.command(&[args, &["-c", "kept.toml"]].concat());
        command.env("AWS_CONFIG_FILE", site.path("aws.ini"));
        site.finish(command)
    };
    with(&["run", "people.csv", "--simulate", "--yes", "-j", "trial.db"]).exits(0);
    for (output, input) in [
        ("rules.toml", "it is a file of rules for the hours"),
        ("./ca.pem", "it is a file of certificates that are trusted"),
        ("aws.ini", "it is the configuration of the AWS CLI"),
        ("journal.db", "it is the journal"),
        ("journal.db.mark", "it is a file of the journal"),
    ] {
        for args in [
            &["report", "-j", "trial.db", "--force", "-o", output][..],
            &["report", "-j", "trial.db", "--evidence", output],
            &["report", "-j", "trial.db", "--rejects", output],
            &["run", "people.csv", "-j", "trial.db", "--rejects", output],
            &["rehearse", "people.csv", "-j", "trial.db", "--rejects", output],
            &["journal", "backup", "-j", "trial.db", output],
            &["status", "-j", "trial.db", "--log-file", output],
            &["serve", "-j", "trial.db", "--token-file", output],
        ] {
            with(args).exits(2).says(&["cannot go to", input]);
        }
    }
    assert_eq!((site.read("rules.toml"), site.read("ca.pem")), (rules.to_owned(), certificates.to_owned()));
    let token = ["serve", "--tls-cert", "ca.pem", "--tls-key", "aws.ini", "--token-file", "ca.pem"];
    site.run(&token).exits(2).says(&["the token cannot go to ca.pem"]);
}
