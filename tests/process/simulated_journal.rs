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

/// What is typed next as advice says it goes to the same place: the simulator, its journal, the endpoint, the profile.
#[test]
fn advice_stays_in_the_simulation_and_with_the_service_that_was_named() {
    let (site, server) = (Site::with_people(3), Server::start(&[]));
    site.run(&["resume", "--simulate", "--name", "may"])
        .exits(2)
        .says(&["`campaign run FILE --name may -j campaign.simulated.db --simulate`"]);
    let to = ["--endpoint-url", server.endpoint()];
    site.run(
        &[&["run", "people.csv", "--yes", "--no-wait", "--limit", "1", "--name", "may"][..], &to].concat(),
    )
    .exits(4)
    .says(&[&format!("next: campaign resume --name may --endpoint-url {} --no-wait", server.endpoint())]);
    site.run(&[&["resume", "--name", "june"][..], &to].concat())
        .exits(2)
        .says(&[&format!("`campaign run FILE --name june --endpoint-url {}`", server.endpoint())]);
}

/// The file that advice names for rejected rows is none that is there.
#[test]
fn rejected_rows_go_to_a_file_that_is_not_there_yet() {
    let site = Site::with_people(2);
    site.write("wrong.csv", &site.read("people.csv").replace("+1", "+999"));
    site.run(&["check", "wrong.csv"]).says(&["`--rejects wrong-2.csv`"]);
}

/// What became of the messages is known without any set-up, and is the same again: it follows from the numbers.
#[test]
fn a_simulation_tells_what_became_of_its_messages_and_so_does_a_rehearsal() {
    let site = Site::with_people(400);
    let ran = site.run(&["run", "people.csv", "--simulate", "--json"]).exits(0).json();
    let count = |result: &serde_json::Value, name: &str| result["deliveries"][name].as_u64().unwrap();
    let of = |result: &serde_json::Value| {
        ["delivered", "undelivered", "unknown", "pending", "waiting", "unmatched"]
            .map(|name| count(result, name))
    };
    let [delivered, undelivered, unknown, pending, waiting, unmatched] = of(&ran);
    assert_eq!(delivered + undelivered + pending, 400, "{ran}");
    assert_eq!((unknown, waiting, unmatched), (0, 0, 0), "the last words were waited for: {ran}");
    assert!((350..400).contains(&delivered) && undelivered > 5 && (1..20).contains(&pending), "{ran}");
    // Everywhere else.
    let report = site.run(&["report", "-j", "campaign.simulated.db", "--format", "json"]).exits(0);
    let report: serde_json::Value = serde_json::from_str(&report.stdout).unwrap();
    assert_eq!(report["deliveries"], ran["deliveries"]);
    let rows =
        site.run(&["report", "-j", "campaign.simulated.db", "--columns", "delivery,price"]).exits(0).stdout;
    assert_eq!(rows.matches("undelivered,0.00581").count() as u64, undelivered, "{rows}");
    // A rehearsal, in days that pass in seconds, and twice.
    for _ in 0..2 {
        let rehearsed = site.run(&["rehearse", "people.csv", "--json"]).exits(0);
        let rehearsed: serde_json::Value = serde_json::from_str(&rehearsed.stdout).unwrap();
        assert_eq!(of(&rehearsed["summary"]), of(&ran));
    }
    // The simulator's number is nowhere kept: it is not that of the source.
    let journal = rusqlite::Connection::open(site.path("campaign.simulated.db")).unwrap();
    let kept: i64 = journal.query_row("SELECT count(*) FROM source_number", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 0);
    let text = Site::with_people(40).run(&["run", "people.csv", "--simulate"]).exits(0);
    text.says(&[" delivered, ", " undelivered, ", " waiting for word"]);
}
