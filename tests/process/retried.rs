//! Failed rows that are tried again: corrected ones with what the file says now and a token of their own, the others as
//! they were.

use crate::process::ran::Ran;
use crate::process::server::Server;
use crate::process::site::{Record, Site, csv, definition, phone, row};

/// Made with Python's `uuid.uuid5`, of the keys `C-0`, `C-1` and `C-2`: first, and after one and two corrections.
const TOKENS: [[&str; 3]; 3] = [
    [
        "f3b91f95-f380-507c-958f-03a0e860f99d",
        "68a21ca1-11a6-5a0f-b9f8-5c28b6e74a20",
        "78481838-12ae-50ac-b5a2-04ebc6eb99a4",
    ],
    [
        "b4f0dc67-4cfe-599f-836f-8170914be2ce",
        "3b0c0e2b-39a4-50ad-aee3-0f2eb2983cc2",
        "d3466a4c-ad7f-5f4c-b315-847fac40b669",
    ],
    [
        "8eaf44fa-8bbd-5091-98cc-58bd0cd4629b",
        "de25dffa-3544-59c5-8ac7-575cda4fb828",
        "90652e9b-f8cf-50e6-99cd-5b5e59bf8703",
    ],
];

fn send(site: &Site, server: &Server, more: &[&str]) -> Ran {
    let args = ["run", "people.csv", "--yes", "--json", "--endpoint-url", server.endpoint()];
    site.run(&[&args[..], more].concat())
}

/// Three people whose first attempts failed.
fn failed() -> Site {
    let (site, server) = (Site::with_people(3), Server::start(&["--failing-numbers", "1"]));
    let failed = send(&site, &server, &[]).exits(3).json();
    assert_eq!((&failed["failed"], server.requests()), (&3.into(), 3));
    site
}

/// The file with another number for the first and another text for the second.
fn correct(site: &Site) {
    let rows = [row(0).replace(&phone(0), &phone(50)), row(1).replace("Quill", "Bill"), row(2)];
    site.write("people.csv", &csv(rows));
}

fn of<'a>(report: &'a [Record], key: &str) -> &'a Record {
    report.iter().find(|record| record.key == key).unwrap()
}

#[test]
fn what_was_corrected_has_a_token_of_its_own_and_its_first_attempt_is_kept() {
    let site = failed();
    let server = Server::start(&[]);
    correct(&site);
    let as_it_was = send(&site, &server, &[]).exits(3).says(&["2 rows were attempted before"]);
    assert_eq!((&as_it_was.json()["failed"], server.requests()), (&3.into(), 0), "nobody asked for more");
    let told = "2 rows that failed are tried again with what this file says now";
    let dry =
        site.run(&["run", "people.csv", "--dry-run", "--retry-failed", "--json"]).exits(0).says(&[told]);
    assert_eq!(dry.stdout.lines().count(), 3, "as many requests as the run makes");
    let sent = send(&site, &server, &["--retry-failed"]).exits(0).says(&[told]).json();
    assert_eq!((&sent["started"], &sent["failed"], server.requests()), (&3.into(), &0.into(), 3));
    let report = site.report();
    for (n, tries) in [(0, 1), (1, 1), (2, 0)] {
        let record = of(&report, &format!("C-{n}"));
        assert_eq!((record.client_token.as_str(), record.attempts), (TOKENS[n][tries], 2), "{record:?}");
        let kept = record.reason.contains("before that it failed at ")
            && record.reason.contains("InvalidRequestException");
        assert_eq!(kept, tries > 0, "{record:?}");
    }
    let contacts = server.contacts_in_full();
    let texts = |number: &str| contacts.iter().any(|contact| contact["destination"] == number);
    assert!(texts(&phone(50)) && !texts(&phone(0)), "{contacts:?}");
    send(&site, &server, &["--retry-failed"]).exits(0);
    assert_eq!(server.requests(), 3, "the same again is nothing");
    site.run(&["journal", "check"]).exits(0);
}

#[test]
fn a_row_may_fail_and_be_corrected_again_and_be_left_out_for_its_new_number() {
    let site = failed();
    let failing = Server::start(&["--failing-numbers", "1"]);
    correct(&site);
    send(&site, &failing, &["--retry-failed"]).exits(3);
    assert_eq!(failing.requests(), 3);
    let twice = of(&site.report(), "C-0").clone();
    assert_eq!((twice.client_token.as_str(), twice.attempts), (TOKENS[0][1], 2));
    // Corrected once more: the first to a number of its own, the second to the one of the third.
    let server = Server::start(&[]);
    let rows = [row(0).replace(&phone(0), &phone(51)), row(1).replace(&phone(1), &phone(2)), row(2)];
    site.write("people.csv", &csv(rows));
    send(&site, &server, &["--retry-failed"])
        .exits(2)
        .says(&["a number that an earlier row of the file has"]);
    let first = definition().replace("key =", "same_number = \"first\"\nkey =");
    site.write("campaign.toml", &first);
    let sent = send(&site, &server, &["--retry-failed"]).exits(0).json();
    assert_eq!((&sent["started"], &sent["suppressed"], server.requests()), (&2.into(), &1.into(), 2));
    let report = site.report();
    assert_eq!(of(&report, "C-0").client_token, TOKENS[0][2]);
    assert_eq!((of(&report, "C-0").attempts, of(&report, "C-2").state.as_str()), (3, "suppressed"));
    // Whoever was contacted is known by the first token of its key when everything else is gone.
    site.run(&["journal", "purge", "--yes", "--even-if-open"]).exits(0);
    site.run(&["journal", "check"]).exits(0);
    site.write(
        "people.csv",
        &csv([row(0).replace(&phone(0), &phone(51)), row(1).replace(&phone(1), &phone(2))]),
    );
    let again = send(&site, &server, &["--retry-failed"]);
    assert_eq!(server.requests(), 2, "{}", again.stderr);
}

#[test]
fn a_stream_tries_again_what_it_names() {
    let site = failed();
    let server = Server::start(&[]);
    correct(&site);
    let two = site.read("people.csv").lines().take(3).collect::<Vec<_>>().join("\n");
    site.write("people.csv", &two);
    let sent = send(&site, &server, &["--retry-failed", "--stream"]);
    assert_eq!((&sent.json()["started"], server.requests()), (&2.into(), 2), "{}", sent.stderr);
    let report = site.report();
    assert_eq!(of(&report, "C-0").client_token, TOKENS[0][1]);
    assert_eq!(of(&report, "C-2").state, "failed", "the stream does not have it");
}

/// Whoever says no to the figures of a retry has said no to it, whatever is sent next.
#[test]
fn a_retry_that_was_not_agreed_to_leaves_failed_rows_failed() {
    let site = failed();
    let before = site.report();
    correct(&site);
    let server = Server::start(&[]);
    let proposed = ["run", "people.csv", "--retry-failed", "--json", "--endpoint-url", server.endpoint()];
    site.run(&proposed).exits(2).says(&["--yes"]);
    site.run(&["resume", "--json", "--endpoint-url", server.endpoint()]).exits(2);
    // A fourth person, who was never tried.
    site.write("people.csv", &format!("{}{}\n", site.read("people.csv"), row(3)));
    let sent = send(&site, &server, &[]).exits(3).json();
    assert_eq!((&sent["started"], &sent["failed"], server.requests()), (&1.into(), &3.into(), 1));
    let report = site.report();
    for key in ["C-0", "C-1", "C-2"] {
        let (then, now) = (of(&before, key), of(&report, key));
        let facts = |record: &Record| (record.client_token.clone(), record.attempts, record.reason.clone());
        assert_eq!((facts(then), "failed"), (facts(now), now.state.as_str()), "{key}");
    }
    site.run(&["journal", "check"]).exits(0);
    // Agreed to and stopped by a limit, it goes on without being asked for again.
    let limited = send(&site, &server, &["--retry-failed", "--limit", "1"]).exits(4).json();
    assert_eq!((&limited["started"], server.requests()), (&2.into(), 2));
    let rest = send(&site, &server, &[]).exits(0).json();
    assert_eq!((&rest["started"], server.requests()), (&4.into(), 4));
    assert_eq!(of(&site.report(), "C-0").client_token, TOKENS[0][1]);
    site.run(&["journal", "check"]).exits(0);
}
