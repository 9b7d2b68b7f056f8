//! Limits over the campaigns of one journal, and what a journal knows of one person.

use campaign::domain::figures::UtcTime;
use campaign::domain::unix_millis::UnixMillis;
use jiff::Timestamp;

use crate::process::server::Server;
use crate::process::site::{Site, csv, definition, phone, row};

/// Two campaigns with one journal, each with these limits, and people of whom the second half is in both.
fn two_campaigns(limits: &str) -> (Site, Server) {
    let (site, server) = (Site::new(), Server::start(&[]));
    for name in ["spring", "autumn"] {
        let text = definition().replace("name = \"spring\"", &format!("name = \"{name}\""));
        site.write(&format!("{name}.toml"), &format!("{text}\n[limits]\n{limits}\n"));
    }
    site.write("people.csv", &csv((0..40).map(row)));
    site.write("others.csv", &csv((20..60).map(row)));
    (site, server)
}

const COMMON: &[&str] = &["--yes", "--json", "--no-wait", "-j", "journal.db", "--endpoint-url"];

fn args<'a>(file: &'a str, campaign: &'a str, server: &'a Server) -> Vec<&'a str> {
    [&["run", file, "-c", campaign], COMMON, &[server.endpoint()]].concat()
}

#[test]
fn two_runs_of_two_campaigns_at_once_keep_a_limit_together() {
    let (site, server) = two_campaigns("per_recipient = [\"1 in 24h\"]");
    let both = [args("people.csv", "spring.toml", &server), args("others.csv", "autumn.toml", &server)];
    let running = both.each_ref().map(|args| site.start(args));
    let ran = running.map(|child| site.wait(child));
    let started: u64 = ran.iter().map(|ran| ran.json()["started"].as_u64().unwrap()).sum();
    let queued: u64 = ran.iter().map(|ran| ran.json()["queued"].as_u64().unwrap()).sum();
    assert_eq!((started, queued, server.requests()), (60, 20, 60), "nobody twice, and nobody is forgotten");
    let held = ran.iter().filter(|ran| ran.code == 4).inspect(|ran| {
        assert!(
            ran.stderr.contains("wait for [limits]") && ran.stderr.contains("run again from "),
            "{}",
            ran.stderr
        );
    });
    assert!(held.count() >= 1);
}

#[test]
fn a_limit_is_told_before_sending_and_a_row_over_it_may_be_left_out() {
    let (site, server) = two_campaigns("per_recipient = [\"1 in 24h\"]\nover = \"suppress\"");
    site.run(&args("people.csv", "spring.toml", &server)).exits(0);
    let told = "limits: 20 rows have numbers with as many contacts as per_recipient allows, and are left out";
    // What another campaign did is known before this one has anything in the journal, as it is in its run.
    let dry = ["run", "others.csv", "--dry-run", "-c", "autumn.toml", "-j", "journal.db", "--endpoint-url"];
    site.run(&[&dry[..], &[server.endpoint()]].concat()).exits(0).says(&[told]);
    let second = site.run(&args("others.csv", "autumn.toml", &server)).exits(0).says(&[told]).json();
    assert_eq!((&second["started"], &second["suppressed"]), (&20.into(), &20.into()));
    assert_eq!(server.requests(), 60);
    // The statement for one person, who was in both.
    let number = phone(25);
    let status = site.run(&["status", "--number", &number, "--json", "-j", "journal.db"]).exits(0);
    let told: serde_json::Value = serde_json::from_str(status.stdout.trim()).unwrap();
    let rows = told["rows"].as_array().unwrap();
    let states: Vec<_> =
        rows.iter().map(|row| (row["campaign"].as_str().unwrap(), row["state"].as_str().unwrap())).collect();
    assert_eq!(states, [("spring", "started"), ("autumn", "suppressed")]);
    assert_eq!((&rows[1]["code"], rows[0]["contact_id"].is_string()), (&"too-often".into(), true));
    let by_key = site.run(&["status", "--key", "C-25", "-j", "journal.db"]).exits(0).stdout;
    assert!(
        by_key.contains("spring  started")
            && by_key.contains("as many contacts as limits.per_recipient allows"),
        "{by_key}"
    );
    // Who asks by a key may not know the number: it is shown to whoever typed it.
    let by_number = site.run(&["status", "--number", &number, "-j", "journal.db"]).exits(0).stdout;
    assert!(by_number.contains(&number) && !by_key.contains(&number[4..]), "{by_key}");
    let by_key = site.run(&["status", "--key", "C-25", "-j", "journal.db", "--json"]).exits(0).stdout;
    assert!(by_key.contains("+1") && !by_key.contains(&number[4..]), "{by_key}");
    let nobody = site.run(&["status", "--key", "C-999", "-j", "journal.db"]).exits(0).stdout;
    assert!(nobody.contains("no campaign of this journal has it"), "{nobody}");
    site.run(&["status", "--number", "12", "-j", "journal.db"]).exits(2).says(&["write it with +"]);
}

#[test]
fn contacts_and_a_day_have_their_limits_and_exit_4_says_which() {
    let (site, server) = two_campaigns("contacts = 10\nper_day = 4");
    let first = site
        .run(&args("people.csv", "spring.toml", &server))
        .exits(4)
        .says(&["stopped at per_day = 4 in [limits]; run again from "]);
    assert_eq!((&first.json()["started"], server.requests()), (&4.into(), 4));
    let goes_on_at = first.json()["goes_on_at"].as_str().unwrap().to_owned();
    let goes_on_at: Timestamp = goes_on_at.parse().unwrap();
    let moment = UtcTime(UnixMillis::from_millis(goes_on_at.as_millisecond()));
    assert!(first.stderr.contains(&format!("run again from {moment} on")), "{}", first.stderr);
    site.run(&args("people.csv", "spring.toml", &server)).exits(4).says(&["stopped at per_day = 4"]);
    assert_eq!(server.requests(), 4, "the day is not over");
    let text = site.read("spring.toml").replace("per_day = 4\n", "");
    site.write("spring.toml", &text);
    let rest = site.run(&args("people.csv", "spring.toml", &server)).exits(4);
    assert_eq!((&rest.json()["started"], server.requests()), (&10.into(), 10));
    assert!(rest.json().get("goes_on_at").is_none(), "no moment gives it more");
    rest.says(&["stopped at contacts = 10", "allow more with contacts in [limits]"]);
}
