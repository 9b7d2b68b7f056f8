//! A simulation has a journal of its own, and never stands in the way of the first real run.

use crate::process::server::Server;
use crate::process::site::Site;

#[test]
fn what_was_simulated_does_not_block_the_first_real_run() {
    let (site, server) = (Site::with_people(3), Server::start(&[]));
    site.run(&["run", "people.csv", "--simulate", "--limit", "1"])
        .exits(4)
        .says(&["campaign resume -j campaign.simulated.db"]);
    assert!(site.path("campaign.simulated.db").exists() && !site.path("journal.db").exists());
    assert_eq!(site.report().len(), 3, "without a real journal, the rehearsal is what there is to look at");
    site.run(&["resume", "--simulate"]).exits(0);
    site.send(server.endpoint()).exits(0);
    server.has_each_once(&site.report());
    assert_eq!(server.requests(), 3);
    let rehearsed = site.run(&["run", "people.csv", "--simulate", "--json"]).exits(0).json();
    assert_eq!(
        (&rehearsed["started"], &rehearsed["requests"]),
        (&3.into(), &0.into()),
        "it is remembered apart"
    );
    assert_eq!(site.run(&["status", "--json"]).exits(0).json()["requests"], 3, "the real one is what counts");
}
