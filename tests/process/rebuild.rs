//! The disk is gone, and the journal with it: the account tells who was contacted.

use campaign::simulator::WorldConfig;
use serde_json::Value;

use crate::process::doubts::TimedServer;
use crate::process::site::Site;

const PEOPLE: usize = 1_400;
/// Before everything.
const SINCE: &str = "2026-01-01T00:00Z";

fn forget(site: &Site) {
    for entry in site.folder().read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().starts_with("journal.db") {
            std::fs::remove_file(path).unwrap();
        }
    }
}

fn rebuild<'a>(server: &'a TimedServer, more: &[&'a str]) -> Vec<&'a str> {
    let args =
        ["rebuild", "people.csv", "--since", SINCE, "--rate", "5000", "--endpoint-url", &server.endpoint];
    [&args[..], more].concat()
}

/// A campaign that was killed in its middle, eight days ago: no client token of it is honoured any more.
fn killed_in_the_middle() -> (Site, TimedServer) {
    let (site, server) = (Site::with_people(PEOPLE), TimedServer::start(WorldConfig::default()));
    server.set_behind(8);
    let mut run = site.start(&["run", "people.csv", "--yes", "--endpoint-url", &server.endpoint]);
    while server.simulator.contacts().len() < PEOPLE / 2 {
        std::thread::yield_now();
    }
    run.kill().unwrap();
    run.wait().unwrap();
    server.set_behind(0);
    assert!(server.simulator.contacts().len() < PEOPLE);
    (site, server)
}

#[test]
fn a_journal_that_is_gone_in_the_middle_of_a_campaign_is_made_anew_and_nobody_gets_a_second_contact() {
    let (site, server) = killed_in_the_middle();
    let contacts = server.simulator.contacts().len();
    // A journal that has the campaign is not touched.
    site.run(&rebuild(&server, &[])).exits(2).says(&["has this campaign already"]);
    forget(&site);
    let ran = site.run(&rebuild(&server, &["--json"])).exits(0);
    let result: Value = ran.json();
    assert_eq!(
        (&result["found"], &result["others"], &result["untraced"]),
        (&contacts.into(), &0.into(), &0.into())
    );
    assert_eq!((&result["started"], &result["queued"]), (&contacts.into(), &(PEOPLE - contacts).into()));
    ran.says(&["looked at one by one", "next: `campaign run people.csv", "within six days"]);
    site.run(&["journal", "check"]).exits(0);

    // What is to be sent is agreed to first.
    site.run(&["resume", "--yes", "--endpoint-url", &server.endpoint]).exits(2);
    let sent = site.send(&server.endpoint).exits(0).json();
    assert_eq!((&sent["started"], &sent["requests"]), (&PEOPLE.into(), &(PEOPLE - contacts).into()));
    server.has_each_once(PEOPLE);
    let report = site.report();
    let ids: std::collections::HashMap<_, _> = server
        .simulator
        .contacts()
        .into_iter()
        .map(|contact| (contact.client_token.unwrap(), contact.id.to_string()))
        .collect();
    assert!(report.iter().all(|record| ids.get(&record.client_token) == Some(&record.contact_id)));
}

#[test]
fn nothing_is_sent_by_a_rebuild_that_did_not_come_to_its_end() {
    let (site, server) = killed_in_the_middle();
    forget(&site);
    for denied in ["connect:SearchContacts", "connect:DescribeContact"] {
        server.simulator.with(|world| _ = world.account_mut().denied.insert(denied.to_owned()));
        site.run(&rebuild(&server, &[])).exits(1).says(&["could not be searched to the end"]);
        assert!(!site.path("journal.db.rebuild").exists(), "no row was planned");
        server.simulator.with(|world| world.account_mut().denied.clear());
        assert!(server.simulator.with(|world| world.account_mut().denied.is_empty()));
    }
    // Killed while it wrote: what is there knows of nobody.
    site.write("journal.db.rebuild", "");
    let requests = server.simulator.requests().len();
    site.send(&server.endpoint).exits(2).says(&["has not come to its end", "campaign rebuild"]);
    assert_eq!(server.simulator.requests().len(), requests);
    site.run(&rebuild(&server, &[])).exits(0);
    site.send(&server.endpoint).exits(0);
    server.has_each_once(PEOPLE);
}

/// The journal is there before the account was searched: whoever runs the file then would send to everybody again.
#[test]
fn nothing_is_sent_after_a_rebuild_that_was_killed_while_it_searched() {
    let (site, server) = killed_in_the_middle();
    forget(&site);
    let mut slow = site.start(&[
        "rebuild",
        "people.csv",
        "--since",
        SINCE,
        "--rate",
        "1",
        "--endpoint-url",
        &server.endpoint,
    ]);
    while !site.path("journal.db").exists() {
        assert!(slow.try_wait().unwrap().is_none(), "it searches");
        std::thread::yield_now();
    }
    slow.kill().unwrap();
    slow.wait().unwrap();
    site.send(&server.endpoint).exits(2).says(&["has not come to its end", "campaign rebuild"]);
    site.run(&rebuild(&server, &[])).exits(0);
    site.send(&server.endpoint).exits(0);
    server.has_each_once(PEOPLE);
}

#[test]
fn contacts_without_a_client_token_are_for_a_person_to_tell() {
    let site = Site::with_people(20);
    let server = TimedServer::start(WorldConfig::default());
    server.set_behind(8);
    let text = site.read("campaign.toml");
    let untraced = text.replace("[contact]\n", "[contact]\ntrace = false\n");
    site.write("campaign.toml", &untraced);
    site.send(&server.endpoint).exits(0);
    server.set_behind(0);
    forget(&site);
    site.run(&rebuild(&server, &[])).exits(2).says(&["carry no client tokens"]);
    site.write("campaign.toml", &text);
    site.run(&rebuild(&server, &[]))
        .exits(2)
        .says(&["20 contacts carry no client token", "--untraced others"]);
    site.send(&server.endpoint).exits(2);
    assert_eq!(server.simulator.contacts().len(), 20);
    let result = site.run(&rebuild(&server, &["--untraced", "others", "--json"])).exits(0).json();
    assert_eq!((&result["untraced"], &result["queued"]), (&20.into(), &20.into()));
}
