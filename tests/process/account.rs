//! What a run asks the account before anything is sent.

use serde_json::Value;

use crate::process::ran::Ran;
use crate::process::server::Server;
use crate::process::site::{Site, definition};

/// A campaign of three whose definition has this `[account]`.
fn site(account: &str) -> Site {
    let site = Site::with_people(3);
    let definition = definition().replace("check = \"off\"\nopt_outs = false\n", account);
    site.write("campaign.toml", &definition.replace("rate = 1000.0", "rate = 2.0"));
    site
}

/// A simulator whose account is this.
fn server(site: &Site, account: &str) -> Server {
    site.write("account.toml", account);
    Server::start(&["--account", &site.path("account.toml").display().to_string()])
}

/// The lines about the account, each with its advice.
fn told(ran: &Ran) -> String {
    let lines = ran.stderr.lines();
    let told = lines.scan(false, |about, line| {
        *about =
            line.contains("account") && !line.starts_with("reading") || *about && line.starts_with("  hint");
        Some(about.then_some(line))
    });
    told.flatten().collect::<Vec<_>>().join("\n")
}

/// Questions that the services were asked.
fn questions(server: &Server) -> u64 {
    let operations = &server.stats()["operations"];
    let all: u64 = operations.as_object().unwrap().values().filter_map(Value::as_u64).sum();
    all - server.requests()
}

#[test]
fn what_is_not_in_order_is_told_and_keeps_nobody_from_sending() {
    let site = site("");
    let server = server(
        &site,
        "spend_limit = 1\ndenied = [\"connect:DescribeContactFlow\"]\n[number]\ntwo_way = false\n",
    );
    let ran = site.send(server.endpoint()).exits(0);
    insta::assert_snapshot!(told(&ran).replace(server.endpoint(), "ENDPOINT"));
    server.has_each_once(&site.report());
}

#[test]
fn a_finding_that_failed_keeps_a_run_from_sending_where_the_definition_says_so() {
    let site = site("check = \"refuse\"\n");
    let draft = server(&site, "[flow]\nstatus = \"SAVED\"\n");
    let ran = site.send(draft.endpoint()).exits(5);
    insta::assert_snapshot!(told(&ran).replace(draft.endpoint(), "ENDPOINT"));
    assert_eq!(draft.requests(), 0);
    let mended = server(&site, "");
    let ran = site.send(mended.endpoint()).exits(0);
    assert_eq!(told(&ran), "", "what failed is asked again at once");
    assert_eq!(mended.requests(), 3);
}

#[test]
fn answers_are_good_for_a_while_and_their_age_is_told() {
    let site = site("");
    let server = server(&site, "spend_limit = 100\n[number]\nself_managed_opt_outs = true\n");
    site.run(&["run", "people.csv", "--yes", "--limit", "1", "--endpoint-url", server.endpoint()]).exits(4);
    let asked = questions(&server);
    assert!(asked > 5, "{asked}");
    site.run(&["resume", "--limit", "1", "--endpoint-url", server.endpoint()]).exits(4);
    let again = questions(&server) - asked;
    assert!(again <= 2, "{again} questions, besides the opt-outs");
    let asked = questions(&server);
    let ran = site.send(server.endpoint()).exits(0);
    assert_eq!(ran.json()["started"], 3);
    let asked_after = questions(&server);
    site.send(server.endpoint()).exits(0);
    assert_eq!(questions(&server), asked_after, "where nothing waits, nothing is asked ({asked})");
}

#[test]
fn quotas_are_the_pace_where_the_definition_states_none() {
    let site = site("");
    let stated = site.read("campaign.toml");
    let server = server(&site, "requests_per_second = 50.0\nactive_chats = 700.0\napplied_quotas = true\n");
    let unstated = stated.replace("rate = 2.0\n", "");
    assert_ne!(stated, unstated);
    site.write("campaign.toml", &unstated);
    let args = ["run", "people.csv", "--yes", "--limit", "1", "--endpoint-url", server.endpoint()];
    let ran = site.run(&args).exits(4);
    insta::assert_snapshot!(told(&ran));
    ran.says(&["at 50/s"]);
    let ran =
        site.run(&["resume", "--rate", "7", "--limit", "1", "--endpoint-url", server.endpoint()]).exits(4);
    assert!(!ran.stderr.contains("states no rate"), "an option states it: {}", ran.stderr);
    site.write("campaign.toml", &unstated.replace("[account]\n", "[account]\nquotas = false\n"));
    let ran = site.send(server.endpoint()).exits(0);
    assert_eq!(told(&ran), "");
}

#[test]
fn nothing_is_asked_where_the_definition_says_so() {
    let site = site("check = \"off\"\nopt_outs = false\n");
    let server = server(&site, "spend_limit = 1\n");
    let ran = site.send(server.endpoint()).exits(0);
    assert_eq!((told(&ran), questions(&server)), (String::new(), 0));
}
