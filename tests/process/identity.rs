//! What makes a campaign the same campaign cannot change once somebody was attempted.

use crate::process::server::Server;
use crate::process::site::{INSTANCE, Site, definition};

#[test]
fn simulated_and_other_contacts_never_share_a_journal() {
    let (site, server) = (Site::with_people(4), Server::start(&[]));
    site.run(&["run", "people.csv", "--simulate", "-j", "journal.db"]).exits(0);
    let said = [
        "\"spring\" was begun with contacts started by the built-in simulator",
        "a journal of its own with -j",
    ];
    site.send(server.endpoint()).exits(2).says(&said);
    assert_eq!(server.requests(), 0);

    let site = Site::with_people(4);
    site.send(server.endpoint()).exits(0);
    let rehearsed = site.run(&["run", "people.csv", "--simulate", "-j", "journal.db"]);
    rehearsed.exits(2).says(&["a server on this machine"]);
    // Amazon Connect itself: refused before a connection is tried, or this would take a minute.
    site.run(&["resume"]).exits(2).says(&["a server on this machine, and now has Amazon Connect"]);
    assert_eq!(server.requests(), 4);
}

#[test]
fn another_key_column_or_instance_is_refused_after_an_attempt_and_taken_before() {
    let other = INSTANCE.replace('1', "9");
    for (before, after, said) in [
        ("key = \"customer_id\"", "key = \"phone\"", "begun with the key column"),
        ("key = \"customer_id\"", "", "now has the number as key"),
        (INSTANCE, other.as_str(), "begun with the instance"),
    ] {
        let (site, server) = (Site::with_people(4), Server::start(&[]));
        let changed = definition().replace(before, after);
        // Planned, but nobody attempted: there was no --yes.
        site.run(&["run", "people.csv", "--endpoint-url", server.endpoint()]).exits(2);
        site.write("campaign.toml", &changed);
        let args = ["run", "people.csv", "--yes", "--limit=1", "--endpoint-url", server.endpoint()];
        site.run(&args).exits(4);
        site.write("campaign.toml", &definition());
        site.send(server.endpoint()).exits(2).says(&["could be contacted twice"]);
        site.write("campaign.toml", &changed);
        site.send(server.endpoint()).exits(0);
        server.has_each_once(&site.report());

        let (site, server) = (Site::with_people(4), Server::start(&[]));
        site.send(server.endpoint()).exits(0);
        site.write("campaign.toml", &changed);
        site.send(server.endpoint()).exits(2).says(&[said]);
        assert_eq!(server.requests(), 4);
    }
}

/// A wrong instance refuses everybody; nobody has a contact, so the definition may be put right.
#[test]
fn a_wrong_instance_can_be_put_right() {
    let (site, server) = (Site::with_people(4), Server::start(&["--instance-id", INSTANCE]));
    site.write("campaign.toml", &definition().replace(INSTANCE, &INSTANCE.replace('1', "9")));
    site.send(server.endpoint()).exits(5);
    site.write("campaign.toml", &definition());
    site.send(server.endpoint()).exits(0);
    assert_eq!(server.contacts().len(), 4);
}
