//! `run --dry-run --json`: the requests as the API takes them, and nothing else happens.

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use crate::process::server::Server;
use crate::process::site::{INSTANCE, Site, csv, definition, phone, row};

/// Five rows, of which three are sent to: line 4 repeats a key, line 6 is suppressed.
fn site() -> Site {
    let site = Site::new();
    site.write("people.csv", &csv([row(0), row(1), row(1), row(2), row(3)]));
    site.write("opt-outs.csv", &format!("phone\n{}\n", phone(3)));
    let suppress = "key = \"customer_id\"\nsuppress = [\"opt-outs.csv\"]";
    site.write("campaign.toml", &definition().replace("key = \"customer_id\"", suppress));
    site
}

fn requests(site: &Site) -> Vec<Value> {
    let ran = site.run(&["run", "people.csv", "--dry-run", "--json"]).exits(0);
    ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// `uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_URL, "campaign:INSTANCE/spring"), KEY)` in Python.
const TOKENS: [&str; 3] = [
    "f3b91f95-f380-507c-958f-03a0e860f99d",
    "b4f0dc67-4cfe-599f-836f-8170914be2ce",
    "8eaf44fa-8bbd-5091-98cc-58bd0cd4629b",
];

#[test]
fn it_prints_what_a_run_then_sends_and_leaves_nothing_behind() {
    let (site, server) = (site(), Server::start(&[]));
    let printed: BTreeMap<String, Value> = requests(&site)
        .into_iter()
        .map(|request| (request["ClientToken"].as_str().unwrap().to_owned(), request))
        .collect();
    assert_eq!(printed.keys().map(String::as_str).collect::<Vec<_>>(), sorted(TOKENS));
    assert_eq!(printed[TOKENS[1]]["DestinationEndpoint"]["Address"], phone(1));
    assert!(!site.path("journal.db").exists());

    site.send(server.endpoint()).exits(0);
    assert_eq!(server.requests(), 3);
    for contact in server.contacts_in_full() {
        let token = contact["client_token"].as_str().unwrap();
        assert_eq!(contact["request"], printed[token], "{token}");
    }
}

fn sorted<const N: usize>(mut texts: [&str; N]) -> [&str; N] {
    texts.sort_unstable();
    texts
}

#[test]
fn tokens_are_what_anybody_can_compute() {
    let space = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("campaign:{INSTANCE}/spring").as_bytes());
    for (n, token) in TOKENS.into_iter().enumerate() {
        assert_eq!(Uuid::new_v5(&space, format!("C-{n}").as_bytes()).to_string(), token);
    }
}

/// The model of the service, as botocore ships it, is the strictest reader of a request.
#[test]
#[ignore = "needs Python and PyPI"]
fn boto3_takes_each_line_as_it_is() {
    let (site, server) = (site(), Server::start(&[]));
    for request in requests(&site) {
        let answer =
            crate::process::boto3::call(&site, server.endpoint(), "start_outbound_chat_contact", &request);
        assert!(answer["ContactId"].is_string(), "{answer}");
    }
    assert_eq!(server.stats()["contacts"], 3);
    // The same tokens, and bytes that differ in form only: the campaign meets the contacts that are there.
    let result = site.send(server.endpoint()).exits(0).json();
    assert_eq!((&result["started"], &server.stats()["contacts"]), (&3.into(), &3.into()));
}
