//! One contact per recipient, over runs, reordered, longer, shorter and corrected files.

use std::collections::HashSet;

use crate::process::server::Server;
use crate::process::site::{Site, csv, row};

/// Runs the campaign, and holds result, server and report against each other: so many requests more, that exit code,
/// and one record for each line of the file.
fn run(site: &Site, server: &Server, requests: u64, code: i32) -> serde_json::Value {
    let before = server.requests();
    let result = site.send(server.endpoint()).exits(code).json();
    assert_eq!(result["requests"], requests, "{result}");
    assert_eq!(server.requests() - before, requests);
    let report = site.report();
    server.has_each_once(&report);
    let lines: Vec<u64> = report.iter().filter_map(|record| record.line).collect();
    assert_eq!(lines.iter().collect::<HashSet<_>>().len(), lines.len(), "no line twice");
    assert_eq!(lines.len(), site.read("people.csv").lines().count() - 1, "a record for each line");
    assert_eq!(report.len() as u64, result["rows"]);
    result
}

#[test]
fn a_thousand_rows_give_a_thousand_contacts_and_ten_more_give_ten() {
    let (site, server) = (Site::with_people(1_000), Server::start(&[]));
    assert_eq!(run(&site, &server, 1_000, 0)["started"], 1_000);
    assert_eq!(run(&site, &server, 0, 0)["started"], 1_000);

    let mut rows: Vec<String> = (0..1_010).map(row).collect();
    fastrand::Rng::with_seed(7).shuffle(&mut rows);
    site.write("people.csv", &csv(rows));
    assert_eq!(run(&site, &server, 10, 0)["started"], 1_010);
    assert_eq!(server.stats()["contacts"], 1_010);
    assert_eq!(server.stats()["replays"], 0);
}

#[test]
fn a_corrected_row_is_sent_and_a_removed_one_is_withdrawn() {
    let (site, server) = (Site::new(), Server::start(&[]));
    let mut rows: Vec<String> = (0..20).map(row).collect();
    rows[4] = "C-4,Someone,12".to_owned();
    site.write("people.csv", &csv(rows.clone()));
    let result = run(&site, &server, 19, 3);
    assert_eq!((&result["started"], &result["rejected"]), (&19.into(), &1.into()));

    rows[4] = row(4);
    rows.push("C-20,Someone,13".to_owned());
    site.write("people.csv", &csv(rows.clone()));
    assert_eq!(run(&site, &server, 1, 3)["started"], 20);

    rows.pop();
    site.write("people.csv", &csv(rows));
    let result = site.send(server.endpoint()).json();
    assert_eq!((&result["requests"], &result["started"]), (&0.into(), &20.into()));
    assert_eq!(server.stats()["contacts"], 20);
}

#[test]
fn queued_rows_that_leave_the_file_are_withdrawn_and_come_back() {
    let (site, server) = (Site::with_people(10), Server::start(&[]));
    let endpoint = ["--yes", "--json", "--endpoint-url", server.endpoint()];
    site.run(&[&["run", "people.csv", "--limit", "4"], &endpoint[..]].concat()).exits(4);
    site.write("people.csv", &csv((0..7).map(row)));
    let result = site.send(server.endpoint()).exits(0).json();
    assert_eq!((&result["started"], &result["withdrawn"]), (&7.into(), &3.into()));
    let withdrawn = site.report().into_iter().filter(|record| record.state == "withdrawn");
    assert_eq!(withdrawn.map(|record| record.key).collect::<Vec<_>>(), ["C-7", "C-8", "C-9"]);
    server.has_each_once(&site.report());

    site.write("people.csv", &csv((0..10).map(row)));
    let result = run(&site, &server, 3, 0);
    assert_eq!((&result["started"], &result["withdrawn"]), (&10.into(), &0.into()));
}
