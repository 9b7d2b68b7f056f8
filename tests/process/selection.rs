//! Whom of a file a campaign is for: by its columns, and by what other campaigns of the journal did.

use serde_json::Value;

use crate::process::ran::Ran;
use crate::process::server::Server;
use crate::process::site::{Site, csv, definition, phone, row};

/// `spring`, sent to 40 people, and `autumn`, whose `[recipients]` has these lines.
fn after_spring(lines: &str) -> (Site, Server) {
    let (site, server) = (Site::new(), Server::start(&["--hard-events", "--contact-life", "1ms"]));
    site.write("people.csv", &csv((0..40).map(row)));
    autumn(&site, lines);
    let spring = definition().replace("burst = 100\n", "burst = 100\ncontact_life = \"1ms\"\n");
    site.write("spring.toml", &spring);
    run(&site, &server, "spring", "people.csv").exits(0);
    (site, server)
}

fn autumn(site: &Site, lines: &str) {
    let text = definition()
        .replace("name = \"spring\"", "name = \"autumn\"")
        .replace("burst = 100\n", "burst = 100\ncontact_life = \"1ms\"\n")
        .replace("key = \"customer_id\"", &format!("key = \"customer_id\"\n{lines}"));
    site.write("autumn.toml", &text);
}

fn run(site: &Site, server: &Server, campaign: &str, file: &str) -> Ran {
    let definition = format!("{campaign}.toml");
    let args = ["run", file, "-c", &definition, "--yes", "--json", "-j", "journal.db", "--endpoint-url"];
    site.run(&[&args[..], &[server.endpoint()]].concat())
}

/// What `check`, `run --dry-run` and `run` say of the file before anything is sent: all the same.
fn figures(site: &Site, server: &Server, file: &str) -> Value {
    let rest = [file, "-c", "autumn.toml", "--json", "-j", "journal.db"];
    let checked = site.run(&[&["check"], &rest[..]].concat());
    let checked: Value = serde_json::from_str(checked.stdout.lines().last().unwrap()).unwrap();
    // Each line is a request that would be made.
    let dry = site.run(&[&["run", "--dry-run"], &rest[..]].concat()).exits(0);
    assert_eq!(checked["to_start"], dry.stdout.lines().count());
    let sent = run(site, server, "autumn", file).exits(0);
    let (to_start, started) = (&checked["to_start"], &sent.json()["started"]);
    assert_eq!(to_start, started, "{}", sent.stderr);
    assert_eq!(checked["suppressed"], sent.json()["suppressed"]);
    checked
}

#[test]
fn whom_another_campaign_contacted_is_left_out_whatever_the_key() {
    let (site, server) = after_spring("not_in = [\"spring\"]");
    // Twenty who were in spring, under other keys, and ten who were not.
    site.write("more.csv", &csv((20..50).map(|n| row(n).replace("C-", "D-"))));
    let figures = figures(&site, &server, "more.csv");
    assert_eq!(figures["suppressions"], serde_json::json!({ "contacted-elsewhere": 20 }));
    assert_eq!((&figures["to_start"], server.requests()), (&10.into(), 50));
    let again = run(&site, &server, "autumn", "more.csv").exits(0);
    again.says(&["20 contacted by the campaign spring"]);
    assert_eq!(server.requests(), 50);
    // Off the definition again, they come back.
    autumn(&site, "");
    run(&site, &server, "autumn", "more.csv").exits(0);
    assert_eq!(server.requests(), 70);
}

#[test]
fn only_rows_of_another_campaign_are_sent_to_and_reports_have_the_same_ones() {
    let (site, server) =
        after_spring("only_in = { campaign = \"spring\", delivery = [\"undelivered\", \"unknown\"] }");
    site.write("events.jsonl", &server.events());
    let import =
        ["deliveries", "import", "events.jsonl", "-j", "journal.db", "--origination", "+12025550199"];
    site.run(&[&import[..], &["-c", "spring.toml"]].concat()).exits(0);
    let report =
        ["report", "-c", "spring.toml", "-j", "journal.db", "--columns", "destination", "--delivery"];
    let report = site.run(&[&report[..], &["undelivered,unknown"]].concat()).exits(0);
    let wanted: Vec<&str> = report.stdout.lines().skip(1).collect();
    assert!((1..40).contains(&wanted.len()), "some of them: {}", wanted.len());
    site.write("more.csv", &csv((0..50).map(|n| row(n).replace("C-", "D-"))));
    let figures = figures(&site, &server, "more.csv");
    assert_eq!(figures["to_start"], wanted.len());
    assert_eq!(figures["suppressions"], serde_json::json!({ "not-in-campaign": 50 - wanted.len() }));
    let started =
        ["report", "-c", "autumn.toml", "-j", "journal.db", "--columns", "destination", "--state", "started"];
    let started = site.run(&started).exits(0);
    assert_eq!(started.stdout.lines().skip(1).collect::<Vec<_>>(), wanted, "the same numbers, no others");
}

#[test]
fn whom_another_campaign_contacts_meanwhile_is_left_out_by_the_claim() {
    let (site, server) = after_spring("");
    autumn(&site, "not_in = [\"spring\"]");
    site.write("more.csv", &csv((40..60).map(row)));
    let limited = ["run", "more.csv", "-c", "autumn.toml", "--yes", "-j", "journal.db", "--limit", "5"];
    site.run(&[&limited[..], &["--endpoint-url", server.endpoint()]].concat()).exits(4);
    // Planned by autumn, then contacted by spring, then resumed from the journal alone.
    site.write("people.csv", &csv((0..50).map(row)));
    let first_five = 5;
    run(&site, &server, "spring", "people.csv").exits(0);
    let resume = ["resume", "-c", "autumn.toml", "--yes", "--json", "-j", "journal.db", "--endpoint-url"];
    let resumed = site.run(&[&resume[..], &[server.endpoint()]].concat()).exits(0).json();
    let left_out = 10 - first_five;
    assert_eq!((&resumed["suppressed"], &resumed["started"]), (&left_out.into(), &(20 - left_out).into()));
    assert_eq!(server.requests(), 40 + first_five + 10 + 10);
}

#[test]
fn an_expression_says_which_rows_and_the_others_take_nobodys_place() {
    let (site, server) = (Site::new(), Server::start(&[]));
    autumn(&site, "where = \"consent | lower == 'yes' and column('Visit Day') != ''\"");
    // The second row of C-1 is the one that is meant; C-3 is not, and its number is none; C-4 has a wrong one.
    let number = phone;
    let people = format!(
        "customer_id,first_name,phone,consent,Visit Day\nC-1,Ann,{0},no,mon\nC-1,Ann,{0},Yes,tue\nC-2,Bob,{1},YES,mon\n\
         C-3,Cid,nowhere,no,mon\nC-4,Dan,12,yes,mon\nC-5,Eve,{2},no,mon\nC-5,Eve,{2},no,tue\n",
        number(1),
        number(2),
        number(3)
    );
    site.write("more.csv", &people);
    let args = ["check", "more.csv", "-c", "autumn.toml", "--json", "-j", "journal.db"];
    let checked = site.run(&args).exits(3).json();
    assert_eq!(checked["suppressions"], serde_json::json!({ "not-selected": 4 }));
    assert_eq!((&checked["to_start"], &checked["rejected"]), (&2.into(), &1.into()));
    for _ in 0..2 {
        let sent =
            run(&site, &server, "autumn", "more.csv").exits(3).says(&["4 not selected by recipients.where"]);
        let told = sent.json();
        assert_eq!(
            (&told["started"], &told["suppressed"], &told["rejected"]),
            (&2.into(), &4.into(), &1.into())
        );
        assert_eq!((&told["duplicate"], &told["rows"], server.requests()), (&0.into(), &7.into(), 2));
    }
    // Who was contacted and is not meant any more stays contacted, on the line of the file.
    site.write("more.csv", &people.replace("C-2,Bob,", "C-2,Bea,").replace("YES", "no"));
    let again = run(&site, &server, "autumn", "more.csv").exits(3).json();
    assert_eq!((&again["started"], &again["suppressed"], server.requests()), (&2.into(), &4.into(), 2));
    site.run(&["journal", "check", "-j", "journal.db"]).exits(0);
}

#[test]
fn a_row_that_an_expression_says_nothing_of_is_rejected() {
    let (site, server) = (Site::new(), Server::start(&[]));
    autumn(&site, "where = \"consent\"");
    let people = format!(
        "customer_id,first_name,phone,consent\nC-1,Ann,{},TRUE\nC-2,Bob,{},false\nC-3,Cid,{},yes\nC-4,Dan,{},\n",
        phone(1),
        phone(2),
        phone(3),
        phone(4)
    );
    site.write("more.csv", &people);
    let told = run(&site, &server, "autumn", "more.csv").exits(3).says(&["neither true nor false"]).json();
    assert_eq!((&told["started"], &told["suppressed"], &told["rejected"]), (&1.into(), &1.into(), &2.into()));
    assert_eq!(server.requests(), 1);
}
