//! Outputs over inputs: whatever a command writes, by whatever name, it never replaces what it reads.

use crate::process::server::Server;
use crate::process::site::Site;

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
    // A report of before is replaced, as is a file of another purpose that the user names.
    for _ in 0..2 {
        site.run(&["report", "-o", "report.csv"]).exits(0);
    }
}
