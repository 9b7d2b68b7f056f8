//! Whom not to send to: the lists of a definition, the journal's own, trials and samples, at the command line.

use crate::process::server::Server;
use crate::process::site::{Site, definition, phone};

fn site(people: usize, recipients: &str) -> Site {
    let site = Site::with_people(people);
    site.write(
        "campaign.toml",
        &definition().replace("key = \"customer_id\"", &format!("key = \"customer_id\"\n{recipients}")),
    );
    site
}

#[test]
fn a_list_is_kept_changed_and_read_back() {
    let site = site(1, "");
    let added =
        site.run(&["suppress", "add", "+1 202-555-0100", "+12025550101", "--note", "asked, twice"]).exits(0);
    insta::assert_snapshot!(added.stderr, @"2 numbers added to the list of journal.db (new)");
    site.write("more.csv", "why,Phone\nx,+12025550101\ny,+1 (202) 555 0102\nz,+112\n");
    let imported = site.run(&["suppress", "import", "more.csv", "--json"]).exits(0);
    insta::assert_snapshot!(imported.stderr, @r"
    note: more.csv: 1 line names nobody who can be sent to, first line 4: the phone number is too short
    1 number added to the list of journal.db, 1 on it already
    ");
    assert_eq!(imported.stdout.trim(), r#"{"added":1,"given":2,"skipped":1}"#);
    let listed = site.run(&["suppress", "list"]).exits(0).stdout;
    let rows: Vec<Vec<&str>> = listed.lines().map(|line| line.splitn(3, ',').collect()).collect();
    assert_eq!(rows[0], ["phone", "added_at", "note"]);
    assert_eq!((rows[1][0], rows[1][2]), ("+12025550100", "\"asked, twice\""));
    assert_eq!((rows[3][0], rows[3][2], rows.len()), ("+12025550102", "", 4));

    insta::assert_snapshot!(site.run(&["suppress", "remove", "+12025550100", "+12025550199"]).exits(0).stderr, @"1 number removed from the list of journal.db, 1 not on it");
    site.write("list.csv", &site.run(&["suppress", "list"]).exits(0).stdout);
    insta::assert_snapshot!(site.run(&["suppress", "import", "list.csv"]).exits(0).stderr, @"0 numbers added to the list of journal.db, 2 on it already");
}

#[test]
fn what_cannot_be_read_changes_nothing() {
    let site = site(1, "");
    let refused = site.run(&["suppress", "add", "+12025550100", "5550101", "call me"]).exits(2);
    insta::assert_snapshot!(refused.stderr, @r"
    error: number 2 (*****01): the phone number has no country code; write it with + in front, or set recipients.default_region (phone-no-country)
      number 3 (call me): the phone number has no digits (phone-no-digits)
      hint: nothing was changed; write numbers with + and the country
    ");
    // A digit too few, or a country that there is none of, is no number here either.
    let short = site.run(&["suppress", "add", "+1202555010", "+441", "+99912345"]).exits(2);
    assert_eq!(short.stderr.matches("(phone-too-short)").count(), 2, "{}", short.stderr);
    assert_eq!(short.stderr.matches("(phone-unknown-country)").count(), 1, "{}", short.stderr);
    site.write("list.csv", "+12025550100\n5550101\n5550102\n");
    insta::assert_snapshot!(site.run(&["suppress", "import", "list.csv"]).exits(2).stderr, @r"
    error: list.csv: line 2: the phone number has no country code; write it with + in front, or set recipients.default_region; 1 more line like it
      hint: whoever it means would be sent to: write it with + and the country, or set default_region in [recipients]
    ");
    assert!(!site.path("journal.db").exists());
}

/// The definition's list, the journal's own, and a trial; what `check` says is what `run` does.
#[test]
fn nobody_on_a_list_is_requested() {
    let (site, server) = (site(8, "suppress = [\"opt-outs.csv\"]"), Server::start(&[]));
    site.write("opt-outs.csv", &format!("phone\n{}\n", phone(3)));
    site.run(&["suppress", "add", &phone(5)]).exits(0);
    let checked = site.run(&["check", "people.csv", "--json"]).exits(0).json();
    assert_eq!((&checked["queued"], &checked["suppressed"]), (&6.into(), &2.into()));
    let text = site.run(&["check", "people.csv"]).exits(0).stdout;
    assert!(
        text.contains("suppression list opt-outs.csv: 1 number, 0 keys; 1 row of this file on it"),
        "{text}"
    );
    let result = site.send(server.endpoint()).exits(0).json();
    assert_eq!((&result["started"], &result["suppressed"]), (&6.into(), &2.into()));
    assert_eq!(server.requests(), 6);
}

/// A list that is written after the plan holds for `resume`, which reads no recipients file.
#[test]
fn resume_reads_the_lists_again() {
    let (site, server) = (site(6, "suppress = [\"opt-outs.csv\"]"), Server::start(&[]));
    site.write("opt-outs.csv", "phone\n");
    let send = |args: &[&str]| {
        let endpoint = ["--yes", "--json", "--endpoint-url", server.endpoint()];
        site.run(&[args, &endpoint].concat())
    };
    send(&["run", "people.csv", "--limit", "2"]).exits(4);
    site.write("opt-outs.csv", &format!("phone\n{}\n{}\n", phone(0), phone(4)));
    let result = send(&["resume"]).exits(0).json();
    assert_eq!((&result["started"], &result["suppressed"]), (&5.into(), &1.into()));
}

#[test]
fn a_sample_is_sent_once_and_the_rest_without_it() {
    let (site, server) = (Site::with_people(40), Server::start(&[]));
    let send = |args: &[&str]| {
        let endpoint = ["--yes", "--json", "--endpoint-url", server.endpoint()];
        site.run(&[args, &endpoint].concat())
    };
    for _ in 0..2 {
        let sampled = send(&["run", "people.csv", "--sample", "7"]).exits(4);
        assert_eq!((&sampled.json()["started"], server.requests()), (&7.into(), 7), "{}", sampled.stderr);
    }
    let more = send(&["run", "people.csv", "--sample", "8"]).exits(4);
    more.says(&["of the sample of 8, 7 were requested before", "1 contact to start"]);
    assert_eq!(server.requests(), 8);
    assert_eq!(send(&["resume", "--sample", "9", "--limit", "1"]).exits(4).json()["started"], 9);
    assert_eq!(send(&["resume"]).exits(0).json()["started"], 40);
    assert_eq!(server.requests(), 40);
}

/// Another process changes the list while this one runs: neither waits for the other, and nobody who was added is
/// requested from then on.
#[test]
fn the_list_is_changed_while_a_campaign_runs() {
    let (site, server) = (Site::with_people(60), Server::start(&[]));
    let args = ["run", "people.csv", "--yes", "--json", "--rate", "10", "--burst", "1", "--endpoint-url"];
    let child = site.start(&[&args[..], &[server.endpoint()]].concat());
    server.wait_for_requests(3);
    site.run(&["suppress", "add", &phone(57), &phone(58), &phone(59)])
        .exits(0)
        .says(&["3 numbers added to the list of journal.db"]);
    assert!(server.requests() < 50, "the list was changed too late to tell");
    let result = site.wait(child).exits(0).json();
    assert_eq!((&result["started"], &result["suppressed"]), (&57.into(), &3.into()));
    assert_eq!(server.requests(), 57);
}

/// A list comes through a pipe, under another name of its column, and a number that was contacted is told as that.
#[test]
fn a_list_is_taken_from_a_pipe_and_contacts_of_before_are_told() {
    let (site, server) = (site(2, ""), Server::start(&[]));
    site.send(server.endpoint()).exits(0);
    let added = site.run(&["suppress", "add", &phone(0), "+12025550199"]).exits(0);
    let added = added.says(&[
        "was contacted before, on ",
        "by \"spring\": what was sent is not undone",
        "2 numbers added",
    ]);
    assert!(!added.stderr.contains(&phone(0)), "numbers are masked: {}", added.stderr);
    let import = |text: &str, more: &[&str]| {
        site.write("piped.csv", text);
        let mut command = site.command(&[&["suppress", "import", "-"], more].concat());
        command.stdin(std::fs::File::open(site.path("piped.csv")).unwrap());
        site.finish(command)
    };
    import("phone\n+12025550150\n", &[]).exits(0).says(&["1 number added"]);
    import("Mobile,phone\n+12025550151,+12025550150\n", &["--column", "mobile"])
        .exits(0)
        .says(&["1 number added"]);
    import("name\nAnn\n", &[]).exits(2).says(&["standard input"]);
    // The list is the journal's, whichever of its campaigns is meant.
    std::fs::create_dir(site.path("campaigns")).unwrap();
    std::fs::rename(site.path("campaign.toml"), site.path("campaigns/a.toml")).unwrap();
    std::fs::copy(site.path("campaigns/a.toml"), site.path("campaigns/b.toml")).unwrap();
    assert_eq!(site.run(&["suppress", "list"]).exits(0).stdout.lines().count(), 5);
}

/// A list went through a spreadsheet, or the file did: whoever asked not to be contacted is not, in any way to send, and
/// the run is held up with both keys.
#[test]
fn a_key_that_a_spreadsheet_rewrote_suppresses_and_holds_the_run_up() {
    let (site, server) = (site(0, "suppress = [\"out.csv\"]"), Server::start(&[]));
    site.write(
        "people.csv",
        "customer_id,first_name,phone\n0017,Ann,+12025550101\nA-9,Bob,+12025550102\n0019,Cid,+12025550103\n",
    );
    site.write("out.csv", "customer_id\n17\na-9\n");
    let send = |args: &[&str]| {
        let endpoint = ["--yes", "--json", "--endpoint-url", server.endpoint()];
        site.run(&[args, &endpoint].concat())
    };
    let held = send(&["run", "people.csv"]).exits(2);
    insta::assert_snapshot!(held.stderr.replace(server.endpoint(), "ENDPOINT"));
    assert_eq!(server.requests(), 0, "nothing was sent");
    // Who accepts that leaves them out, and so do those who are asked nothing.
    let accepted = send(&["run", "people.csv", "--accept", "listed-rewritten"]).exits(0).json();
    assert_eq!((&accepted["started"], &accepted["suppressed"]), (&1.into(), &2.into()));
    let reasons = site.run(&["report", "--format", "csv"]).exits(0).stdout;
    assert_eq!(reasons.matches("suppressed-rewritten").count(), 2, "{reasons}");
    send(&["run", "people.csv", "--stream", "-j", "streamed.db"]).exits(0);
    assert_eq!(server.requests(), 2, "Cid, once in each journal");
    // The list as the file has it.
    site.write("out.csv", "customer_id\n0017\nA-9\n");
    let exact = send(&["run", "people.csv", "-j", "exact.db"]).exits(0).json();
    assert_eq!((&exact["started"], &exact["suppressed"]), (&1.into(), &2.into()));
}

/// A list that a spreadsheet rewrote after the plan holds for `resume` too.
#[test]
fn resume_knows_rewritten_keys_of_a_list() {
    let (site, server) = (site(6, "suppress = [\"out.csv\"]"), Server::start(&[]));
    site.write("out.csv", "customer_id\n");
    let send = |args: &[&str]| {
        let endpoint = ["--yes", "--json", "--endpoint-url", server.endpoint()];
        site.run(&[args, &endpoint].concat())
    };
    send(&["run", "people.csv", "--limit", "2"]).exits(4);
    let keys: Vec<String> = site.report().into_iter().map(|record| record.key.to_uppercase()).collect();
    site.write("out.csv", &format!("customer_id\n{}\n", keys.join("\n")));
    let result = send(&["resume"]).exits(0).json();
    assert_eq!((&result["started"], &result["suppressed"]), (&2.into(), &4.into()));
}
