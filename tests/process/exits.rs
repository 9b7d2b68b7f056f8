//! Every documented exit code, from a situation that gives it.

use crate::process::server::Server;
use crate::process::site::{INSTANCE, NAME, Site, csv, definition, row};

/// `run people.csv --yes` against that endpoint, with more arguments.
fn run(site: &Site, endpoint: &str, more: &[&str]) -> crate::process::ran::Ran {
    site.run(&[&["run", "people.csv", "--yes", "--json", "--endpoint-url", endpoint], more].concat())
}

#[test]
fn without_a_definition_or_with_several_the_user_chooses() {
    let site = Site::with_people(1);
    std::fs::remove_file(site.path("campaign.toml")).unwrap();
    site.run(&["run", "people.csv", "--yes"]).exits(2).says(&["campaign init NAME"]);
    for name in ["spring", "autumn"] {
        site.write(&format!("campaigns/{name}.toml"), &definition());
    }
    site.run(&["run", "people.csv", "--yes"]).exits(2).says(&["several definitions", "-c autumn, -c spring"]);
    site.run(&["run", "people.csv", "--yes", "--simulate", "-c", "spring"]).exits(0);
    site.run(&["run", "people.csv", "--yes", "-c", "winter"]).exits(2).says(&["campaigns/winter.toml"]);
}

#[test]
fn every_mistake_of_a_definition_is_told_at_once() {
    let site = Site::with_people(1);
    let wrong = definition()
        .replace("phone-number/", "telephone/")
        .replace("rate =", "ratte =")
        .replace("key = \"customer_id\"", "key = \"customer_id\"\ndefault_region = \"Utopia\"");
    site.write("campaign.toml", &wrong);
    let said = ["3 mistakes", "campaign.toml:6", "campaign.toml:11", "campaign.toml:18", "`rate`"];
    site.run(&["run", "people.csv", "--yes"]).exits(2).says(&said);
    assert!(!site.path("journal.db").exists());
}

#[test]
fn a_file_that_is_missing_or_lacks_a_column_is_a_usage_error() {
    let site = Site::with_people(1);
    site.run(&["run", "peple.csv", "--yes"]).exits(2).says(&["peple.csv"]);
    site.write("people.csv", "customer_id,frist_name,phone\n");
    let ran = site.run(&["run", "people.csv", "--yes", "--simulate"]).exits(2);
    ran.says(&["first_name", "did you mean", "frist_name"]);
}

#[test]
fn rejected_rows_are_3_a_limit_is_4_and_running_again_goes_on() {
    let (site, server) = (Site::new(), Server::start(&[]));
    site.write("people.csv", &csv((0..9).map(row).chain(["C-9,Someone,12".to_owned()])));
    let result = run(&site, server.endpoint(), &["--limit", "4"]).exits(4).json();
    assert_eq!((&result["started"], &result["queued"], &result["exit"]), (&4.into(), &5.into(), &4.into()));
    let result = run(&site, server.endpoint(), &[]).exits(3).json();
    assert_eq!((&result["started"], &result["rejected"]), (&9.into(), &1.into()));
    server.has_each_once(&site.report());
}

#[test]
fn what_the_service_refuses_for_everybody_is_5_and_fails_nobody() {
    for (refusing, advice) in [
        (["--instance-id", "99999999-0000-4000-8000-000000000000"], "check instance_id"),
        (["--credentials", "OTHER:secret"], "renew the credentials"),
        (["--credentials", "test:other"], "renew the credentials"),
        (["--credential-life", "0s"], "renew the credentials"),
        (["--access-denied", "1"], "allow connect:StartOutboundChatContact"),
    ] {
        let (site, server) = (Site::with_people(20), Server::start(&refusing));
        let result = run(&site, server.endpoint(), &["--max-in-flight", "3"]).exits(5).says(&[advice]).json();
        assert_eq!((&result["queued"], &result["failed"]), (&20.into(), &0.into()), "{refusing:?}");
        assert!(server.requests() <= 3, "{} requests after the first refusal", server.requests());

        let mended = Server::start(&["--instance-id", INSTANCE]);
        run(&site, mended.endpoint(), &[]).exits(0);
        mended.has_each_once(&site.report());
    }
}

#[test]
fn without_credentials_nothing_is_tried() {
    let site = Site::with_people(3);
    let mut command = site.command(&["run", "people.csv", "--yes", "--endpoint-url", "http://127.0.0.1:9"]);
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    site.finish(command).exits(5).says(&["unable to locate credentials", "--profile"]);
    assert!(!site.path("journal.db").exists(), "no journal before there is something to write");
}

#[test]
fn too_many_rejected_rows_are_5_and_nothing_is_sent() {
    let (site, server) = (Site::new(), Server::start(&[]));
    let wrong = (0..12).map(|n| format!("W-{n},{NAME},12"));
    site.write("people.csv", &csv((0..30).map(row).chain(wrong)));
    run(&site, server.endpoint(), &[]).exits(5).says(&["max_rejected", "nothing was sent"]);
    assert_eq!(server.requests(), 0);
}

#[test]
fn what_would_need_a_question_or_leave_the_machine_in_the_clear_is_2() {
    let (site, server) = (Site::with_people(3), Server::start(&[]));
    let said = ["3 contacts would be started", "--yes"];
    site.run(&["run", "people.csv", "--endpoint-url", server.endpoint()]).exits(2).says(&said);
    run(&site, "http://192.0.2.1:80", &[]).exits(2).says(&["https"]);
    let mut command = site.command(&["run", "people.csv", "--yes"]);
    command.env("AWS_ENDPOINT_URL_CONNECT", "http://192.0.2.1:80");
    site.finish(command).exits(2).says(&["http://192.0.2.1:80", "https"]);
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_port_that_nobody_listens_at_is_5_within_seconds() {
    let site = Site::with_people(20);
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let ran = run(&site, &format!("http://127.0.0.1:{port}"), &[]).exits(5);
    let result = ran.says(&["the service does not answer", "check the network, the endpoint"]).json();
    assert_eq!(result["queued"], 20, "nobody is in doubt");
    assert!(result["elapsed_s"].as_f64().unwrap() < 60.0, "{result}");
}
