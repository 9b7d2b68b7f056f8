//! `campaign rehearse`: days in seconds, with the hours kept, in a journal apart.

use serde_json::Value;

use crate::process::site::{Site, definition};

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
    assert!(told["ends_at"].as_str().unwrap() > "2026-12-01T14:00", "{told}");
    assert!(!site.path("journal.db").exists(), "a rehearsal has a journal of its own");
    let again = rehearsed(&site);
    assert_eq!(again["by_day"], told["by_day"], "chance takes the same course");
    let text = site.run(&ARGS).exits(0);
    assert!(text.stdout.contains("rehearsed from 2026-11-30T20:00:00.000Z"), "{}", text.stdout);
    assert!(text.stdout.contains("2026-12-01 UTC"), "{}", text.stdout);
}

fn rehearsed(site: &Site) -> Value {
    serde_json::from_str(&site.run(&[&ARGS[..], &["--json"]].concat()).exits(0).stdout).unwrap()
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
