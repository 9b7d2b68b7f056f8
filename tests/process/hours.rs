//! `campaign hours`: when numbers may be contacted, and how rows stand by zone.

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
fn rows_that_wait_are_told_by_zone_and_a_real_run_of_them_is_refused() {
    let site = Site::with_people(250);
    with_hours(&site);
    site.run(&["run", "people.csv", "--yes", "--simulate", "--limit", "1"]).exits(4);
    let told = site.run(&["hours", "--at", "2026-11-27T15:30:00Z"]).exits(0);
    insta::assert_snapshot!(told.stdout);
    let refused = site.run(&["run", "people.csv", "--yes", "-j", "real.db"]).exits(2);
    insta::assert_snapshot!(refused.stderr);
    assert!(!site.path("real.db").exists(), "nothing was begun");
}

#[test]
fn without_hours_any_hour_is_open() {
    let site = Site::new();
    let told = site.run(&["hours", "+12025550104", "--at", "2026-11-26T06:00:00Z"]).exits(0);
    insta::assert_snapshot!(told.stdout);
}
