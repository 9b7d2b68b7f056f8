//! The journal held against the account: what is only in the one, and what is only in the other.

use campaign::simulator::WorldConfig;
use serde_json::Value;

use crate::process::doubts::TimedServer;
use crate::process::ran::Ran;
use crate::process::site::{Site, phone};

/// Contacts of three pages.
const PEOPLE: usize = 240;

fn check(site: &Site, server: &TimedServer, more: &[&str]) -> Ran {
    let args = ["deliveries", "check", "--rate", "5000", "--endpoint-url", &server.endpoint];
    site.run(&[&args[..], more].concat())
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap()
}

/// The figures say all of this.
fn tells(ran: &Ran, words: &[&str]) {
    for words in words {
        assert!(ran.stdout.contains(words), "no {words:?} in:\n{}", ran.stdout);
    }
}

fn whose(result: &Value) -> Vec<&str> {
    let unknown = result["unknown"].as_array().unwrap().iter();
    unknown.map(|contact| contact["whose"].as_str().unwrap()).collect()
}

/// A campaign that was sent an hour ago.
fn sent(people: usize, config: WorldConfig) -> (Site, TimedServer) {
    let (site, server) = (Site::with_people(people), TimedServer::start(config));
    site.send(&server.endpoint).exits(0);
    (site, server)
}

/// Another tool with a journal of its own, which sends to the people of these numbers.
fn another_tool(server: &TimedServer, people: std::ops::Range<usize>, edit: impl Fn(String) -> String) {
    let other = Site::new();
    let definition = other.read("campaign.toml").replace("name = \"spring\"", "name = \"autumn\"");
    other.write("campaign.toml", &edit(definition));
    let rows = people.map(|n| format!("X-{n},Somebody,{}", phone(n)));
    other.write("people.csv", &super::site::csv(rows));
    other.send(&server.endpoint).exits(0);
}

#[test]
fn a_campaign_whose_contacts_are_all_known_agrees_over_several_pages() {
    let (site, server) = sent(PEOPLE, WorldConfig::default());
    let ran = check(&site, &server, &["--json"]).exits(0);
    let result = json(&ran);
    assert_eq!((&result["contacts"], &result["exit"]), (&PEOPLE.into(), &0.into()), "{result}");
    assert_eq!((whose(&result), &result["missing"]), (vec![], &Value::Array(vec![])));
    // Who is known is not looked at.
    let looked_at = |name: &str| {
        let requests = server.simulator.requests();
        requests.iter().filter(|request| request.operation.name() == name).count()
    };
    assert_eq!((looked_at("SearchContacts"), looked_at("DescribeContact")), (3, 0));
    let told = check(&site, &server, &[]).exits(0);
    tells(&told, &["240 contacts begun from", "journal and account agree", "15 min"]);
}

#[test]
fn contacts_of_other_tools_and_journals_are_named_and_those_of_other_numbers_only_counted() {
    let (site, server) = sent(20, WorldConfig::default());
    let untraced = |text: String| text.replace("[contact]\n", "[contact]\ntrace = false\n");
    let elsewhere = |text: String| text.replace("aaaaaaaa-bbbb", "99999999-bbbb");
    // From this campaign's number, to a recipient and to somebody else.
    another_tool(&server, 5..6, untraced);
    another_tool(&server, 50..51, untraced);
    // The same with a client token.
    another_tool(&server, 60..62, |text| text);
    // From another number: to two recipients, and to somebody else.
    another_tool(&server, 7..9, |text| untraced(elsewhere(text)));
    let before = json(&check(&site, &server, &["--json"]).exits(3));
    let others = |result: &Value| -> usize {
        whose(result).into_iter().filter(|whose| *whose == "other-tool").count()
    };
    assert_eq!((others(&before), whose(&before).len()), (4, 6), "{before}");
    let mut lines: Vec<_> =
        before["unknown"].as_array().unwrap().iter().map(|one| one["line"].as_u64()).collect();
    lines.sort();
    assert_eq!(lines, [None, None, None, Some(7), Some(9), Some(10)]);
    assert!(before["unknown"].as_array().unwrap().iter().all(|one| one["concern"] == true));
    let told = check(&site, &server, &[]).exits(3);
    tells(
        &told,
        &[
            "4  contacts without a client token",
            "2  contacts with a client token of no row",
            "to the number of line 7",
        ],
    );
    // What others do with other numbers is theirs.
    let (site, server) = sent(20, WorldConfig::default());
    another_tool(&server, 70..75, |text| untraced(elsewhere(text)));
    let result = json(&check(&site, &server, &["--json"]).exits(0));
    assert_eq!((others(&result), &result["unknown"][0]["from_source"]), (5, &false.into()), "{result}");
    let told = check(&site, &server, &[]).exits(0);
    tells(&told, &["from other numbers to other people", "journal and account agree"]);
}

#[test]
fn a_contact_that_the_account_does_not_have_is_named_and_so_is_one_with_a_rows_token() {
    let (site, server) = sent(PEOPLE, WorldConfig::default());
    let journal = rusqlite::Connection::open(site.path("journal.db")).unwrap();
    let made_up = "UPDATE row SET contact_id = x'00000000000040008000000000000001' WHERE line = 4";
    assert_eq!(journal.execute(made_up, []).unwrap(), 1);
    drop(journal);
    let result = json(&check(&site, &server, &["--json"]).exits(3));
    assert_eq!(whose(&result), ["of-row"], "{result}");
    assert_eq!(result["unknown"][0]["line"], 4);
    let missing = result["missing"].as_array().unwrap();
    assert_eq!((missing.len(), &missing[0]["line"]), (1, &4.into()));
    assert_eq!(missing[0]["contact_id"], "00000000-0000-4000-8000-000000000001");
    let told = check(&site, &server, &[]).exits(3);
    tells(
        &told,
        &[
            "1  contacts with the client token of a row",
            "1  started rows whose contacts the account does not have",
            "line 4: 00000000-0000-4000-8000-000000000001",
        ],
    );
    // An account that has none of them.
    let other = TimedServer::start(WorldConfig::default());
    let result = json(&check(&site, &other, &["--json"]).exits(3));
    assert_eq!((&result["contacts"], result["missing"].as_array().unwrap().len()), (&0.into(), PEOPLE));
}

#[test]
fn what_the_index_does_not_have_yet_is_asked_for_by_id_and_too_many_of_them_are_left_for_later() {
    let late = || {
        let mut config = WorldConfig::default();
        config.account.index_delay = 600;
        config
    };
    let (site, server) = sent(PEOPLE, late());
    let result = json(&check(&site, &server, &["--json"]).exits(0));
    assert_eq!((&result["contacts"], &result["too_young"]), (&0.into(), &0.into()), "{result}");
    let (site, server) = sent(1_100, late());
    let result = json(&check(&site, &server, &["--json"]).exits(3));
    assert_eq!((&result["too_young"], &result["missing"]), (&1_100.into(), &Value::Array(vec![])));
    let told = check(&site, &server, &[]).exits(3);
    tells(&told, &["1,100  started rows that the index does not have yet"]);
}

#[test]
fn rows_in_doubt_are_known_as_such_and_a_comparison_that_is_killed_changes_nothing() {
    let (site, server) = (Site::with_people(PEOPLE), TimedServer::start(WorldConfig::default()));
    server.simulator.with(|world| {
        for n in 0..10 {
            world.faults_mut().destination(phone(n), campaign::simulator::Fault::HangAfter);
        }
    });
    let mut run = site.start(&["run", "people.csv", "--yes", "--endpoint-url", &server.endpoint]);
    while server.simulator.contacts().len() < PEOPLE {
        std::thread::yield_now();
    }
    run.kill().unwrap();
    run.wait().unwrap();
    let result = json(&check(&site, &server, &["--json"]).exits(3));
    let whose = whose(&result);
    assert!(whose.len() >= 10 && whose.iter().all(|whose| *whose == "in-doubt"), "{result}");
    let slow = ["deliveries", "check", "--rate", "1", "--endpoint-url", &server.endpoint];
    let mut child = site.start(&slow);
    while server.simulator.requests().iter().all(|request| request.operation.name() != "SearchContacts") {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let again = json(&check(&site, &server, &["--json"]).exits(3));
    assert_eq!(again["unknown"], result["unknown"]);
    site.run(&["journal", "check"]).exits(0);
}

#[test]
fn an_account_that_may_not_be_searched_agrees_to_nothing() {
    let (site, server) = sent(20, WorldConfig::default());
    another_tool(&server, 3..4, |text| text);
    let deny = |action: &str| {
        server.simulator.with(|world| {
            world.account_mut().denied.clear();
            world.account_mut().denied.insert(action.to_owned());
        });
    };
    deny("connect:SearchContacts");
    check(&site, &server, &[]).exits(1).says(&["could not be searched to the end", "connect:SearchContacts"]);
    deny("connect:DescribeContact");
    let result = json(&check(&site, &server, &["--json"]).exits(3));
    assert_eq!(whose(&result), ["unseen"], "{result}");
    let told = check(&site, &server, &[]).exits(3);
    tells(&told, &["could not be looked at", "campaign iam-policy --search"]);
    // Not the account of the campaign's contacts.
    let text = site.read("campaign.toml").replace("11111111-2222", "99999999-2222");
    site.write("campaign.toml", &text);
    check(&site, &server, &[]).exits(2).says(&["are of the instance"]);
}
