//! The account's opt-outs at the command line: `campaign run` against the simulator's account, and `campaign suppress push`.

use crate::process::server::Server;
use crate::process::site::{Site, definition, phone};

fn site(people: usize, account: &str) -> Site {
    let site = Site::with_people(people);
    site.write("campaign.toml", &definition().replace("opt_outs = false\n", account));
    site
}

/// A simulator whose account is this.
fn server(site: &Site, account: &str) -> Server {
    site.write("account.toml", account);
    Server::start(&["--account", &site.path("account.toml").display().to_string()])
}

fn codes(site: &Site) -> Vec<(String, String)> {
    site.report().into_iter().map(|record| (record.state, record.reason)).collect()
}

#[test]
fn who_opted_out_is_suppressed_with_the_time_without_a_word_in_the_definition() {
    let site = site(4, "");
    let server = server(&site, &format!("opted_out = [\"{}\"]\nopted_out_more = 50\n", phone(2)));
    site.send(server.endpoint()).exits(0);
    let left_out = (
        "suppressed".to_owned(),
        "opted out of the account's messages at 2026-01-01T00:00:00.000Z".to_owned(),
    );
    let started = ("started".to_owned(), String::new());
    assert_eq!(codes(&site), [started.clone(), started.clone(), left_out, started]);
}

#[test]
fn a_number_that_the_account_names_without_its_plus_opted_out_all_the_same() {
    let site = site(4, "");
    let bare = phone(2).trim_start_matches('+').to_owned();
    site.send(server(&site, &format!("opted_out = [\"{bare}\"]\n")).endpoint()).exits(0);
    let states: Vec<String> = codes(&site).into_iter().map(|(state, _)| state).collect();
    assert_eq!(states, ["started", "started", "suppressed", "started"]);
}

#[test]
fn without_the_rights_a_run_says_so_and_one_that_needs_the_lists_sends_nothing() {
    let denied = "denied = [\"connect:DescribePhoneNumber\"]\n";
    let asking = site(2, "");
    let asked = server(&asking, denied);
    let ran = asking.send(asked.endpoint()).exits(0);
    insta::assert_snapshot!(ran.stderr.lines().filter(|line| line.starts_with("note")).collect::<String>());
    let needing = site(2, "opt_outs = true\n");
    let refused = needing.send(server(&needing, denied).endpoint()).exits(5);
    insta::assert_snapshot!(
        refused
            .stderr
            .lines()
            .filter(|line| !line.starts_with("  ") || line.contains("hint"))
            .collect::<Vec<_>>()
            .join("\n")
    );
    let needing = site(2, "opt_outs = true\n");
    let denied = server(&needing, "denied = [\"sms-voice:DescribeOptedOutNumbers\"]\n");
    let halted = needing.send(denied.endpoint()).exits(5);
    assert!(
        halted.stderr.contains("these credentials may not use sms-voice:DescribeOptedOutNumbers"),
        "{}",
        halted.stderr
    );
    assert_eq!(codes(&needing)[0].0, "queued");
}

#[test]
fn a_list_that_is_not_the_whole_truth_is_said_not_to_be() {
    for number in ["self_managed_opt_outs = true", "kind = \"TOLL_FREE\""] {
        let site = site(1, "");
        let server = server(&site, &format!("[number]\n{number}\n"));
        let ran = site.send(server.endpoint()).exits(0);
        let note = ran.stderr.lines().find(|line| line.starts_with("note")).expect("a note").to_owned();
        insta::allow_duplicates! {
            assert!(note.contains("does not have all of them") || note.contains("may not have all of them"), "{note}");
        }
    }
}

#[test]
fn numbers_are_pushed_onto_the_accounts_list_and_left_out_by_everybody() {
    let site = site(3, "");
    let server = server(&site, "");
    let endpoint = definition()
        .replace("[recipients]", &format!("endpoint_url = \"{}\"\n\n[recipients]", server.endpoint()));
    site.write(
        "campaign.toml",
        &endpoint.replace("check = \"off\"\nopt_outs = false\n", "check = \"off\"\n"),
    );
    site.run(&["suppress", "add", &phone(0)]).exits(0);
    let pushed = site.run(&["suppress", "push", "--all", "--json"]).exits(0);
    insta::assert_snapshot!(format!("{}\n{}", pushed.stderr.trim(), pushed.stdout.trim()));
    site.run(&["suppress", "push", &phone(2)]).exits(0);
    site.run(&["suppress", "remove", &phone(0)]).exits(0);
    site.run(&["run", "people.csv", "--yes"]).exits(0);
    let states: Vec<String> = codes(&site).into_iter().map(|(state, _)| state).collect();
    assert_eq!(states, ["suppressed", "started", "suppressed"]);
    site.run(&["suppress", "push"]).exits(2);
}

#[test]
fn a_push_that_the_credentials_may_not_make_says_what_they_lack() {
    let site = site(1, "");
    let server = server(&site, "denied = [\"sms-voice:PutOptedOutNumber\"]\n");
    let endpoint = format!("endpoint_url = \"{}\"\n\n[recipients]", server.endpoint());
    site.write("campaign.toml", &definition().replace("[recipients]", &endpoint));
    insta::assert_snapshot!(site.run(&["suppress", "push", &phone(0)]).exits(5).stderr);
}

/// A streamed file's senders are not known before it is read.
#[test]
fn senders_that_come_with_the_rows_of_a_stream_have_lists_that_are_not_known() {
    for (account, exit) in [("", 0), ("opt_outs = true\n", 5)] {
        let site = site(1, account);
        let definition = site.read("campaign.toml");
        let (_, rest) = definition.split_once("source = \"").unwrap();
        let (source, _) = rest.split_once('"').unwrap();
        site.write(
            "people.csv",
            &format!("customer_id,first_name,phone,source\nC-1,Ada,{},{source}\n", phone(0)),
        );
        site.write("campaign.toml", &definition.replace(source, "{{ source }}"));
        let server = Server::start(&[]);
        let place = ["--endpoint-url", server.endpoint(), "--region", "us-west-2"];
        let args = [&["run", "people.csv", "--stream", "--yes"][..], &place].concat();
        let ran = site.run(&args).exits(exit);
        let about = ran.stderr.lines().filter(|line| line.contains("senders") || line.contains("hint"));
        insta::assert_snapshot!(about.collect::<Vec<_>>().join("\n"));
    }
}
