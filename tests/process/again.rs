//! A report of the rows that need a person, corrected and fed in again.

use std::fs;

use crate::process::site::{Site, definition};

/// Three recipients, one with a number that is too short, in a file whose columns are called as those of a report.
fn site() -> Site {
    let site = Site::new();
    let with_state = "attributes = { home = \"{{ state }}\", ";
    site.write("campaign.toml", &definition().replace("attributes = { ", with_state));
    site.write(
        "list.csv",
        "customer_id,first_name,phone,state,key\n\
         C1,Ada,+12025550101,WA,=x\n\
         C2,Bo,+1202555010,OR,=y\n\
         C3,Cy,+12025550103,CA,z\n",
    );
    site
}

#[test]
fn a_report_that_is_corrected_is_a_recipients_file() {
    let site = site();
    site.run(&["run", "list.csv", "--simulate"]).exits(3);
    site.run(&["report", "--state", "failed,rejected", "-o", "again.csv"]).exits(0);
    let again = site.read("again.csv");
    assert_eq!(again.lines().count(), 2, "a header, and the row that was rejected:\n{again}");
    site.write("again.csv", &again.replace("+1202555010,", "+12025550102,"));

    // What is sent is of the file's own columns, not of the report's.
    let dry = site.run(&["run", "again.csv", "--dry-run", "--json"]).exits(0);
    assert!(dry.stdout.contains("\"home\":\"OR\"") && dry.stdout.contains("Hi Bo"), "{}", dry.stdout);

    let result = site.run(&["run", "again.csv", "--simulate", "--json"]).exits(0).json();
    assert_eq!((&result["started"], &result["rows"]), (&3.into(), &3.into()));
    let report = site.run(&["report", "--columns", "customer_id,file.state,file.key,state"]).exits(0).stdout;
    let mut lines: Vec<&str> = report.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "C1,WA,'=x,started",
            "C2,OR,'=y,started",
            "C3,CA,z,started",
            "customer_id,file.state,file.key,state"
        ]
    );
}

/// Nobody who waits is withdrawn because a report of some rows was run.
#[test]
fn a_report_is_refused_while_rows_wait_that_it_may_not_have() {
    let site = site();
    site.run(&["run", "list.csv", "--simulate", "--limit", "1"]).exits(4);
    site.run(&["report", "--state", "rejected", "-o", "again.csv"]).exits(0);
    let before = fs::read(site.path("campaign.simulated.db")).unwrap();
    let said = ["1 row of the campaign waits", "would be withdrawn", "campaign resume"];
    site.run(&["run", "again.csv", "--simulate"]).exits(2).says(&said);
    site.run(&["run", "again.csv", "--simulate", "--stream", "--yes"]).exits(2).says(&said);
    assert!(fs::read(site.path("campaign.simulated.db")).unwrap() == before, "nothing was changed");
    site.run(&["resume", "--simulate"]).exits(3);
    site.run(&["run", "again.csv", "--simulate"]).exits(3);
    assert_eq!(site.run(&["status", "--json"]).exits(0).json()["started"], 2);
}
