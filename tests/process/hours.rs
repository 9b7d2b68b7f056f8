//! `campaign hours`: when numbers may be contacted, and how rows stand by zone.

use crate::process::server::Server;
use crate::process::site::{Site, definition};

const HOURS: &str = "\n[hours]\nopen = { mon-fri = \"09:00-20:00\", sat = \"10:00-13:00\" }\nmargin = \"5m\"\n\
                     rules = [\"us-federal\", \"own.toml\"]\ndefault_zone = \"Europe/Berlin\"\n";

fn with_hours(site: &Site) {
    site.write("campaign.toml", &(definition() + HOURS));
    site.write("own.toml", "country = \"US\"\nholidays = [\"11-thu-4\"]\n");
}

#[test]
fn numbers_have_zones_and_a_moment_when_they_open() {
    let site = Site::new();
    with_hours(&site);
    // A Wednesday evening in New York, before Thanksgiving.
    let at = ["--at", "2026-11-26T00:56:00Z"];
    let numbers = ["hours", "+12025550104", "+14235550104", "+883510001234"];
    let told = site.run(&[&numbers[..], &at[..]].concat()).exits(0);
    insta::assert_snapshot!(told.stdout);
    let json = site.run(&[&numbers[..], &at[..], &["--json"]].concat()).exits(0);
    insta::assert_snapshot!(json.stdout);
}

#[test]
fn a_schedule_counts_as_hours_do() {
    let site = Site::new();
    let schedule = "\n[schedule]\nstart = \"2026-12-03T09:00[America/New_York]\"\nend = \"2026-12-03T18:00[America/New_York]\"\n";
    let mut told = String::new();
    for (hours, when) in [
        ("", "2026-12-01T15:00:00Z"),
        (HOURS, "2026-12-01T15:00:00Z"),
        ("", "2026-12-03T15:00:00Z"),
        (HOURS, "2026-12-04T15:00:00Z"),
    ] {
        let hours = hours.replace("09:00-20:00", "09:05-20:00");
        site.write("campaign.toml", &(definition() + &hours + schedule));
        site.write("own.toml", "country = \"US\"\nholidays = [\"11-thu-4\"]\n");
        told += &site.run(&["hours", "+12125550104", "--at", when]).exits(0).stdout;
    }
    insta::assert_snapshot!(told);
}

#[test]
fn rows_that_wait_are_told_by_zone() {
    let site = Site::with_people(250);
    with_hours(&site);
    site.run(&["run", "people.csv", "--yes", "--simulate", "--limit", "1"]).exits(4);
    let told = site.run(&["hours", "--at", "2026-11-27T15:30:00Z"]).exits(0);
    insta::assert_snapshot!(told.stdout);
}

/// Whatever hour it is: what never opens is not waited for, and what is always open is sent.
#[test]
fn a_run_keeps_hours() {
    let (site, server) = (Site::with_people(3), Server::start(&[]));
    let hours = |text: &str| site.write("campaign.toml", &(definition() + "\n[hours]\n" + text + "\n"));
    hours("open = { mon-sun = [] }");
    let closed = site.send(server.endpoint()).exits(4);
    let lines = closed.stderr.lines().filter(|line| !line.contains(" in 0."));
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n").replace(server.endpoint(), "ENDPOINT"));
    let waits = site.run(&["run", "people.csv", "--yes", "--no-wait", "--endpoint-url", server.endpoint()]);
    waits.exits(4);
    assert_eq!(server.stats()["contacts"], 0);
    hours("open = \"00:00-24:00\"");
    site.send(server.endpoint()).exits(0);
    assert_eq!(server.stats()["contacts"], 3);
}

#[test]
fn rows_that_were_planned_without_hours_are_not_sent_under_them() {
    let (site, server) = (Site::with_people(3), Server::start(&[]));
    let limited = ["run", "people.csv", "--yes", "--limit", "1", "--endpoint-url", server.endpoint()];
    site.run(&limited).exits(4);
    site.write("campaign.toml", &(definition() + "\n[hours]\nopen = \"00:00-24:00\"\n"));
    let refused = site.run(&["resume", "--endpoint-url", server.endpoint()]).exits(2);
    insta::assert_snapshot!(refused.stderr.replace(server.endpoint(), "ENDPOINT"));
    site.send(server.endpoint()).exits(0);
    assert_eq!(server.stats()["contacts"], 3, "the file gives them their zones");
}

#[test]
fn without_hours_any_hour_is_open() {
    let site = Site::new();
    let told = site.run(&["hours", "+12025550104", "--at", "2026-11-26T06:00:00Z"]).exits(0);
    insta::assert_snapshot!(told.stdout);
}
