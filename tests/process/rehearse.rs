//! `campaign rehearse`: days in seconds, with the hours kept, in a journal apart.

use std::fs;
use std::path::PathBuf;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::process::server::Server;
use crate::process::site::{Site, csv, definition, phone, row};

const ARGS: [&str; 6] =
    ["rehearse", "people.csv", "--from", "2026-11-30T15:00[America/New_York]", "--seed", "7"];

fn slow(site: &Site) {
    let pace = definition().replace("rate = 1000.0", "rate = 0.002").replace("burst = 100", "burst = 1");
    site.write("campaign.toml", &(pace + "\n[hours]\nopen = \"09:00-17:00\"\n"));
}

#[test]
fn days_pass_in_seconds_and_hours_are_kept() {
    let site = Site::with_people(40);
    slow(&site);
    let told = rehearsed(&site);
    assert_eq!((&told["summary"]["started"], &told["summary"]["rows"]), (&40.into(), &40.into()), "{told}");
    let days: Vec<(&str, u64)> = told["by_day"].as_object().unwrap().iter().map(day).collect();
    // All are in New York: two hours of the first day are left, eight of the second are open, from 14:00 UTC on.
    assert_eq!(days.iter().map(|(_, contacts)| contacts).sum::<u64>(), 40);
    assert_eq!(days.iter().map(|(day, _)| *day).collect::<Vec<_>>(), ["2026-11-30", "2026-12-01"]);
    assert!((14..=16).contains(&days[0].1), "{days:?}");
    assert_eq!(told["by_zone"][0]["zones"], json!(["America/New_York"]));
    assert!(told["ends_at"].as_str().unwrap() > "2026-12-01T14:00", "{told}");
    assert!(!site.path("journal.db").exists(), "a rehearsal has a journal of its own");
    let again = rehearsed(&site);
    assert_eq!(again["by_day"], told["by_day"], "chance takes the same course");
    let text = site.run(&ARGS).exits(0);
    let told = [
        "rehearsed: Mon 2026-11-30 20:00 UTC to Tue 2026-12-01 17:",
        "contacts: Mon 2026-11-30 20:00 UTC to Tue 2026-12-01 17:",
        "by day, where the recipient is:",
        "America/New_York                 Mon 2026-11-30 15, Tue 2026-12-01 25",
    ];
    told.into_iter().for_each(|told| assert!(text.stdout.contains(told), "{}", text.stdout));
}

/// A day that is full ends a run, and the rehearsal goes on with the next, as a scheduler would.
#[test]
fn full_days_are_followed_by_the_next() {
    let site = Site::with_people(40);
    let limits = "\n[limits]\nper_day = 15\nzone = \"America/New_York\"\n";
    site.write("campaign.toml", &(definition() + limits));
    let told = rehearsed(&site);
    assert_eq!(
        (&told["by_day"], &told["summary"]["started"]),
        (&json!({ "2026-11-30": 15, "2026-12-01": 15, "2026-12-02": 10 }), &40.into()),
        "{told}"
    );
    let runs = told["runs"].as_array().unwrap();
    let began: Vec<_> = runs.iter().map(|run| &run["began_at"].as_str().unwrap()[..19]).collect();
    assert_eq!(
        began,
        ["2026-11-30T20:00:00", "2026-12-01T05:00:00", "2026-12-02T05:00:00"],
        "the days of New York"
    );
    assert!(runs[0]["ended"].as_str().unwrap().contains("per_day = 15"), "{told}");
    assert_eq!((&runs[2]["ended"], &told["summary"]["requests"]), (&Value::Null, &40.into()));
    site.run(&ARGS).exits(0);
    // Where the campaign ends on the second day, the rest expires then.
    let end = "\n[schedule]\nend = \"2026-12-01T18:00[America/New_York]\"\n";
    site.write("campaign.toml", &(definition() + limits + end));
    let told = rehearsed_with(&site, 3);
    assert_eq!(
        (&told["summary"]["started"], &told["summary"]["expired"]),
        (&30.into(), &10.into()),
        "{told}"
    );
    assert_eq!(&told["ended_at"].as_str().unwrap()[..19], "2026-12-01T23:00:00");
}

/// Contacts of other campaigns, lists and a half-sent campaign bind a rehearsal as they bind a run, and it changes none
/// of them.
#[test]
fn it_keeps_to_what_the_real_journal_knows() {
    let (site, server) = (Site::with_people(40), Server::start(&[]));
    let endpoint = format!("[connect]\nendpoint_url = \"{}\"", server.endpoint());
    let spring = definition().replace("[connect]", &endpoint);
    site.write("spring.toml", &spring);
    let run = ["run", "people.csv", "-c", "spring.toml", "-j", "journal.db", "--yes", "--json"];
    site.run(&run).exits(0);
    site.write("more.csv", &csv((20..60).map(|n| row(n).replace("C-", "D-"))));
    site.run(&["suppress", "add", &phone(59), "-j", "journal.db"]).exits(0);
    let before = fs::read(site.path("journal.db")).unwrap();
    let autumn = |lines: &str, more: &str| {
        let text = spring.replace("name = \"spring\"", "name = \"autumn\"");
        let text = text.replace("key = \"customer_id\"", &format!("key = \"customer_id\"\n{lines}"));
        site.write("autumn.toml", &(text + more));
        let args = ["rehearse", "more.csv", "-c", "autumn.toml", "-j", "journal.db", "--json"];
        let told: Value = serde_json::from_str(&site.run(&args).exits(0).stdout).unwrap();
        let checked = ["check", "more.csv", "-c", "autumn.toml", "-j", "journal.db", "--json"];
        let checked = site.run(&checked).exits(0).stdout;
        let checked: Value = serde_json::from_str(checked.lines().last().unwrap()).unwrap();
        let left_out = checked["forecast"]["left_out_by_limits"]["rows"].as_u64().unwrap()
            + checked["suppressed"].as_u64().unwrap();
        let summary = &told["summary"];
        assert_eq!((&summary["suppressed"], &summary["queued"]), (&left_out.into(), &0.into()), "{told}");
        (summary["started"].as_u64().unwrap(), summary["suppressed"].as_u64().unwrap(), told)
    };
    let (started, suppressed, _) = autumn("not_in = [\"spring\"]", "");
    assert_eq!((started, suppressed), (19, 21), "twenty were in spring, one is on the list");
    let (started, suppressed, _) =
        autumn("", "\n[limits]\nper_recipient = [\"1 in 7d\"]\nover = \"suppress\"\n");
    assert_eq!((started, suppressed), (19, 21));
    // An earlier contact of the same sender may be open for 25 hours, and a rehearsal waits for that in its own time.
    let (started, suppressed, told) = autumn("", "");
    assert_eq!((started, suppressed), (39, 1));
    assert_eq!(told["by_day"].as_object().unwrap().len(), 2, "{told}");
    // What is half sent goes on.
    site.write("people.csv", &csv((0..50).map(row)));
    let again =
        ["rehearse", "people.csv", "-c", "spring.toml", "-j", "journal.db", "--json", "--keep", "kept.db"];
    let told: Value = serde_json::from_str(&site.run(&again).exits(0).stdout).unwrap();
    let summary = &told["summary"];
    assert_eq!((&summary["started"], &summary["already_started"]), (&50.into(), &40.into()));
    let of_day = told["by_day"].as_object().unwrap().values().map(|of_day| of_day.as_u64().unwrap());
    assert_eq!(of_day.sum::<u64>(), 10, "{told}");
    assert_eq!(
        (fs::read(site.path("journal.db")).unwrap() == before, server.requests()),
        (true, 40),
        "it is only looked at"
    );
    // The journal of a rehearsal is nothing to send by.
    let mut kept = run;
    kept[5] = "kept.db";
    site.run(&kept).exits(2).says(&["the built-in simulator"]);
    assert_eq!(server.requests(), 40);
}

/// A paused campaign is rehearsed as if it were let go on: nobody is there to do that in virtual time.
#[test]
fn a_pause_holds_up_no_rehearsal() {
    let (site, server) = (Site::with_people(20), Server::start(&[]));
    site.run(&["run", "people.csv", "--yes", "--limit", "5", "--endpoint-url", server.endpoint()]).exits(4);
    site.run(&["pause"]).exits(0);
    let told = rehearsed(&site);
    assert_eq!((&told["summary"]["started"], server.requests()), (&20.into(), 5), "{told}");
}

fn rehearsed(site: &Site) -> Value {
    rehearsed_with(site, 0)
}

fn rehearsed_with(site: &Site, exit: i32) -> Value {
    serde_json::from_str(&site.run(&[&ARGS[..], &["--json"]].concat()).exits(exit).stdout).unwrap()
}

fn day<'a>((day, contacts): (&'a String, &'a Value)) -> (&'a str, u64) {
    (day, contacts.as_u64().unwrap())
}

#[test]
fn its_journal_can_be_kept_and_replaces_nothing() {
    let site = Site::with_people(3);
    site.run(&["rehearse", "people.csv", "--keep", "kept.db"]).exits(0);
    assert_eq!(site.run(&["report", "-j", "kept.db"]).exits(0).stdout.matches(",started,").count(), 3);
    site.write("campaign.toml", &(definition() + "\n[hours]\nopen = \"08:00-21:00\"\n"));
    site.run(&["rehearse", "people.csv", "--keep", "zoned.db"]).exits(0);
    let report = site.run(&["report", "-j", "zoned.db"]).exits(0).stdout;
    assert_eq!(report.matches(",America/New_York,").count(), 3, "{report}");
    site.run(&["rehearse", "people.csv", "--keep", "kept.db"]).exits(2).says(&["there is a file already"]);
}

/// What goes wrong is the person's choice, and strikes the same rows each time.
#[test]
fn faults_of_choice_take_the_same_course_again() {
    let site = Site::with_people(200);
    let faults = ["--throttle", "0.2", "--lost-answers", "0.05", "--failing-numbers", "0.04", "--json"];
    let rehearse = |more: &[&str]| {
        let output =
            site.run(&[&["rehearse", "people.csv", "--seed", "3"][..], &faults, more].concat()).exits(3);
        serde_json::from_str::<Value>(&output.stdout).unwrap()["summary"].clone()
    };
    let told = rehearse(&[]);
    let count = |name: &str| told[name].as_u64().unwrap();
    assert!((1..=20).contains(&count("failed")), "{told}");
    assert_eq!((count("started") + count("failed"), count("attempting")), (200, 0), "{told}");
    assert!(count("throttled") > 20 && count("retried") > count("throttled"), "{told}");
    let again = rehearse(&[]);
    assert_eq!(again["failed"], told["failed"]);
    site.run(&["rehearse", "people.csv", "--throttle", "0.8", "--errors", "0.3"])
        .exits(2)
        .says(&["1.1, more than 1"]);
}

/// The folders of a process's rehearsals.
fn folders_of(process: u32) -> Vec<PathBuf> {
    let places = [PathBuf::from("/dev/shm"), std::env::temp_dir()];
    let entries = places.iter().flat_map(|place| fs::read_dir(place).into_iter().flatten().flatten());
    let of_it = |folder: &PathBuf| {
        fs::read_to_string(folder.join("in-use")).is_ok_and(|id| id.trim() == process.to_string())
    };
    entries.map(|entry| entry.path()).filter(of_it).collect()
}

/// A signal ends a rehearsal, and its journal goes with it; what a killed one left, the next removes.
#[test]
fn nothing_is_left_of_a_rehearsal_that_is_ended() {
    let site = Site::with_people(1_200);
    slow(&site);
    for (signal, exit) in [(Signal::INT, Some(130)), (Signal::TERM, Some(143)), (Signal::KILL, None)] {
        let mut child = site.start(&ARGS);
        let process = child.id();
        let folders = loop {
            let folders = folders_of(process);
            let planned = |folder: &PathBuf| folder.join("rehearsal.db").exists();
            if folders.iter().any(planned) {
                break folders;
            }
            assert_eq!(child.try_wait().unwrap(), None, "it goes on for long");
            std::thread::yield_now();
        };
        kill_process(Pid::from_child(&child), signal).unwrap();
        let ran = child.wait_with_output().unwrap();
        assert_eq!(ran.status.code(), exit, "{signal:?}");
        let is_left = |folder: &PathBuf| folder.exists();
        if signal == Signal::KILL {
            site.write("few.csv", &csv((0..1).map(row)));
            site.run(&["rehearse", "few.csv", "--from", "2026-11-30T15:00[America/New_York]"]);
        }
        assert!(!folders.iter().any(is_left), "{signal:?}");
    }
}
