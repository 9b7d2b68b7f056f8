//! One number under two keys: nobody is contacted twice because a spreadsheet rewrote the keys of the file.

use crate::process::server::Server;
use crate::process::site::{Site, definition};

const MONDAY: &str = "\
id,phone,name
0017,+12025550101,Ann
0018,+12025550102,Bob
0019,+12025550103,Cid
";
/// The same people, as a spreadsheet saves them.
const TUESDAY: &str = "\
id,phone,name
17,12025550101,Ann
18,12025550102,Bob
19,12025550103,Cid
";

/// A campaign that contacted everybody of monday's file.
fn contacted(same_number: &str) -> (Site, Server) {
    let (site, server) = (Site::new(), Server::start(&[]));
    site.write("campaign.toml", &with(same_number));
    site.write("monday.csv", MONDAY);
    site.write("tuesday.csv", TUESDAY);
    send(&site, &server, "monday.csv").exits(0);
    assert_eq!(server.requests(), 3);
    (site, server)
}

fn with(same_number: &str) -> String {
    let recipients = format!("key = \"id\"\ndefault_region = \"US\"\n{same_number}");
    definition()
        .replace("burst = 100\n", "burst = 100\ncontact_life = \"1ms\"\n")
        .replace("key = \"customer_id\"", &recipients)
        .replace("first_name", "name")
        .replace("{{ customer_id }}", "{{ id }}")
}

fn send(site: &Site, server: &Server, file: &str) -> crate::process::ran::Ran {
    site.run(&["run", file, "--yes", "--json", "--endpoint-url", server.endpoint()])
}

#[test]
fn people_who_were_contacted_under_another_key_are_not_contacted_again() {
    let (site, server) = contacted("");
    for _ in 0..2 {
        send(&site, &server, "tuesday.csv").exits(2).says(&[
            "3 rows have a number that this campaign contacted under another key, first line 2 (key 17, was 0017)",
            "line 4 (key 19, was 0019): zeros in front, as spreadsheets change it",
            "same_number = \"first\"",
        ]);
        // What was refused is not agreed to, and the journal alone does not send it either.
        let resumed = site.run(&["resume", "--yes", "--json", "--endpoint-url", server.endpoint()]);
        resumed.exits(2).says(&["was not agreed to"]);
    }
    assert_eq!(server.requests(), 3, "nothing was sent");
    // The keys as they were: the same people, all of them done.
    send(&site, &server, "monday.csv").exits(0);
    assert_eq!(server.requests(), 3);
}

#[test]
fn the_definition_says_what_several_rows_with_one_number_are() {
    let (site, server) = contacted("");
    site.write("campaign.toml", &with("same_number = \"first\"\n"));
    site.write("tuesday.csv", &format!("{TUESDAY}20,+12025550104,Dot\n21,+12025550104,Dot\n"));
    let said =
        ["3 rows have a number that this campaign contacted under another key, and will not be sent to"];
    send(&site, &server, "tuesday.csv").says(&said);
    assert_eq!(server.requests(), 4, "one of the two who share a number");
    site.write("campaign.toml", &with("same_number = \"all\"\n"));
    send(&site, &server, "tuesday.csv").exits(0);
    assert_eq!(server.requests(), 8);
}

#[test]
fn a_file_that_names_one_number_twice_is_refused_before_anything_is_sent() {
    let (site, server) = (Site::new(), Server::start(&[]));
    site.write("campaign.toml", &with(""));
    site.write("twice.csv", "id,phone,name\na,+12025550101,Ann\nb,+12025550101,Bob\n");
    let said = ["1 row has a number that an earlier row of the file has under another key, first line 3"];
    send(&site, &server, "twice.csv").exits(2).says(&said);
    site.run(&["check", "twice.csv"]).exits(2).says(&said);
    assert_eq!(server.requests(), 0);
}

/// With a file that is sent while it is read, nobody can be asked: the first of a number is sent to.
#[test]
fn a_streamed_file_keeps_to_those_who_were_not_contacted() {
    let (site, server) = contacted("");
    site.write("tuesday.csv", &format!("{TUESDAY}20,+12025550104,Dot\n"));
    let args = ["run", "tuesday.csv", "--stream", "--yes", "--json", "--endpoint-url", server.endpoint()];
    site.run(&args);
    assert_eq!(server.requests(), 4);
}

/// Every way in which a spreadsheet rewrites keys, each with another number: only the key says that it is the same person.
#[test]
fn keys_that_only_a_spreadsheet_tells_apart_are_named_though_the_numbers_changed() {
    let rewritten = [
        ("0017", "17", "zeros in front"),
        ("18", "18.0", "\".0\" at its end"),
        ("1234567890123456", "1234567890123450", "rounded to 15 digits"),
        ("Ab-9", "AB-9", "upper and lower case"),
        ("Zo\u{eb}", "Zoe\u{308}", "letters with their accents in one character or two (NFC, NFD)"),
        ("x  1", "x 1", "blanks or quotes around it"),
    ];
    let file = |key: fn(&(&'static str, &'static str, &'static str)) -> &'static str, number: usize| {
        let rows = rewritten.iter().enumerate();
        let rows = rows.map(|(at, keys)| format!("{},+12025550{:03},Ann\n", key(keys), number + at));
        format!("id,phone,name\n{}", rows.collect::<String>())
    };
    let (site, server) = (Site::new(), Server::start(&[]));
    site.write("campaign.toml", &with(""));
    site.write("monday.csv", &file(|keys| keys.0, 100));
    site.write("tuesday.csv", &file(|keys| keys.1, 110));
    send(&site, &server, "monday.csv").exits(0);
    let mut refused = send(&site, &server, "tuesday.csv").exits(2).says(&[
        "6 rows have another number, and a key that a spreadsheet made of one that this campaign contacted",
        "line 2 (key 17, was 0017)",
    ]);
    for (_, _, how) in rewritten {
        refused = refused.says(&[&format!(": {how}, as spreadsheets change it")]);
    }
    assert_eq!(server.requests(), 6, "nothing was sent");
    site.write("campaign.toml", &with("same_number = \"first\"\n"));
    send(&site, &server, "tuesday.csv").exits(0).says(&["6 rows have another number, and a key"]);
    assert_eq!(server.requests(), 6, "they were contacted");
    site.write("campaign.toml", &with("same_number = \"all\"\n"));
    send(&site, &server, "tuesday.csv").exits(0);
    assert_eq!(server.requests(), 12, "the definition says that all are meant");
}

/// What a purge keeps of keys finds whoever was contacted, though not by which number.
#[test]
fn keys_that_a_spreadsheet_rewrote_are_known_after_a_purge() {
    let (site, server) = contacted("");
    site.run(&["journal", "purge", "--yes", "--even-if-open"]).exits(0);
    send(&site, &server, "tuesday.csv").exits(2).says(&[
        "3 rows have a key that a spreadsheet made of one that this campaign contacted, first line 2 (key 17, was one that has been purged)",
        "same_number = \"first\"",
    ]);
    site.write("campaign.toml", &with("same_number = \"first\""));
    let first = send(&site, &server, "tuesday.csv").exits(0).json();
    assert_eq!((&first["duplicate"], server.requests()), (&3.into(), 3), "nothing was sent");
    send(&site, &server, "monday.csv").exits(0);
    assert_eq!(server.requests(), 3);
    site.run(&["journal", "check"]).exits(0);
}

/// How long a contact lives is what the definition says now, to a check as to a run.
#[test]
fn what_earlier_contacts_hold_up_is_told_by_the_definition_as_it_is() {
    let (site, _server) = contacted("same_number = \"all\"");
    site.write("again.csv", "id,phone,name\nx,+12025550101,Ann\n");
    for (life, rows) in [("1ms", 0), ("20h", 1), ("1ms", 0)] {
        let text = with("same_number = \"all\"").replace("\"1ms\"", &format!("\"{life}\""));
        site.write("campaign.toml", &text);
        let told = site.run(&["check", "again.csv", "--json"]).stdout;
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["contacted_lately"]["contact_open"], rows, "{life}: {told}");
    }
}

/// Before there is a journal the figures are those of the run, too.
#[test]
fn the_first_of_each_number_counts_before_there_is_a_journal() {
    let site = Site::new();
    site.write("campaign.toml", &with("same_number = \"first\""));
    let people: String = (0..30).map(|n| format!("K{n},+120255501{:02},Ann\n", n % 10)).collect();
    site.write("people.csv", &format!("id,phone,name\n{people}"));
    let told = "30 rows, 10 contacts to start";
    for before in [&["check", "people.csv"][..], &["run", "people.csv", "--dry-run"]] {
        let ran = site.run(before).exits(0);
        assert!(format!("{}{}", ran.stdout, ran.stderr).contains(told), "{before:?}");
    }
    site.run(&["run", "people.csv", "--simulate", "--yes"]).says(&[told, "duplicate"]);
}

/// A visit's day in a key is rewritten by whatever opens the file, and that is told.
#[test]
fn a_day_in_a_key_that_a_spreadsheet_rewrote_is_known() {
    let (site, server) = (Site::new(), Server::start(&[]));
    let definition = with("same_number = \"all\"").replace("key = \"id\"", "key = [\"id\", \"day\"]");
    site.write("campaign.toml", &definition);
    let file =
        |day: &str| format!("id,day,phone,name\nC1,{day},+12025550101,Ann\nC2,{day},+12025550102,Bob\n");
    site.write("people.csv", &file("2026-12-05"));
    send(&site, &server, "people.csv").exits(0);
    for day in ["12/5/2026", "12/05/26", "5-Dec-2026", "5.12.2026"] {
        site.write("people.csv", &file(day));
        let told = site.run(&["check", "people.csv"]);
        assert!(told.stdout.contains("warning (rewritten-key): 2 rows"), "{day}: {}", told.stdout);
    }
    site.write("people.csv", &file("2026-12-12"));
    assert!(!site.run(&["check", "people.csv"]).stdout.contains("rewritten-key"), "another visit");
}
