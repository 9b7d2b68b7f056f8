//! Before and instead of sending: questions, gates, and what is left after a run.

use std::fmt::Write as _;

use crate::errors::area::{Area, PEOPLE};

/// Twelve rows with a number, and twelve with none.
fn half_wrong() -> String {
    let mut people = "customer_id,first_name,phone\n".to_owned();
    for n in 10..22 {
        let _ = writeln!(people, "C-{n},Ada,+120255501{n}\nW-{n},Ada,12");
    }
    people
}

fn edit(journal: &std::path::Path, sql: &str) {
    rusqlite::Connection::open(journal).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn before_anything_is_sent() {
    let mut area = Area::new("gates");
    area.case("nobody to ask").says(2, "run people.csv");
    area.case("nobody to ask, and nothing to look at").says(2, "run people.csv -q -c campaign.toml");
    area.case("texts that look wrong")
        .file("people.csv", "customer_id,first_name,phone\nC-1,NULL,+12025550101\nC-2,#NAME#,+12025550102\n")
        .says(2, "run people.csv --yes");
    area.case("a list with a key that a spreadsheet rewrote")
        .with("key = \"customer_id\"", "key = \"customer_id\"\nsuppress = [\"out.csv\"]")
        .file("out.csv", "customer_id\nc-1\n")
        .says(2, "run people.csv --yes");
    area.case("a stream without --yes").says(2, "run people.csv --stream");
    area.case("too many rejected rows, in check")
        .file("people.csv", half_wrong())
        .says(5, "check people.csv -q");
    area.case("too many rejected rows")
        .file("people.csv", half_wrong())
        .says(5, "run people.csv -q --simulate -j journal.db");
    area.case("too many rejected rows, in a file of their own")
        .file("people.csv", half_wrong())
        .says(5, "run people.csv -q --simulate --rejects wrong.csv -j rehearsal.db");
    area.case("too many rejected rows, in a stream")
        .file("people.csv", half_wrong())
        .says(5, "run people.csv -q --simulate --stream -j journal.db");
    area.case("nothing to go on with").says(2, "resume --simulate -j journal.db");
    area.case("nothing of this campaign in the journal")
        .after("run people.csv --simulate -j journal.db")
        .with("\"spring\"", "\"autumn\"")
        .says(2, "resume --simulate -j journal.db");
    area.case("a rehearsal that goes on without the simulator, and without credentials")
        .after("run people.csv --simulate --limit 1 -j journal.db")
        .without_env("AWS_ACCESS_KEY_ID")
        .without_env("AWS_SECRET_ACCESS_KEY")
        .without_env("AWS_ENDPOINT_URL")
        .says(2, "resume --region us-west-2");
    area.case("what nobody agreed to")
        .after("run people.csv --simulate --limit 1 -j journal.db")
        .file("people.csv", format!("{PEOPLE}{}", half_wrong().split_once('\n').unwrap().1))
        .after("run people.csv --simulate -j journal.db")
        .says(2, "resume --simulate -j journal.db");
    area.case("a file that was not read to its end")
        .after("run people.csv --simulate --limit 1 -j journal.db")
        .made(|case| edit(&case.path("journal.db"), "UPDATE campaign SET plan = 0"))
        .says(2, "resume --simulate -j journal.db");
    area.case("rows that were planned without hours")
        .after("run people.csv --simulate --limit 1 -j journal.db")
        .made(|case| edit(&case.path("journal.db"), "UPDATE campaign SET service = 'loopback'"))
        .with("[pace]", "[hours]\nopen = \"00:00-24:00\"\n\n[pace]")
        .says(2, "resume");
    area.case("hours that never open")
        .with("[pace]", "[hours]\nopen = { mon-sun = [] }\n\n[pace]")
        .says(4, "run people.csv -q --yes");
    area.case("a limit that was reached").says(4, "run people.csv -q --simulate --limit 1 -j rehearsal.db");
    area.case("contacts of the definition that are used up")
        .with("[pace]", "[limits]\ncontacts = 1\n\n[pace]")
        .says(4, "run people.csv -q --simulate -j rehearsal.db");
    area.case("nobody to read the result")
        .without_room()
        .says(1, "run people.csv -q --simulate --json -j journal.db");
    area.case("nobody to read the figures").without_room().says(1, "check people.csv");
    area.end();
}

#[test]
fn numbers_under_several_keys() {
    let mut area = Area::new("same_numbers");
    let rewritten =
        "customer_id,first_name,phone\n00,Ada,+12025550101\n1,Grace,+12025550102\n02,Edith,+12025550103\n";
    let begun = "customer_id,first_name,phone\n001,Grace,+12025550102\n2,Edith,+12025550103\n";
    area.case("contacted under the keys of an earlier file")
        .file("people.csv", begun)
        .after("run people.csv --simulate -j journal.db")
        .file("people.csv", rewritten)
        .says(2, "run people.csv --simulate -j journal.db");
    let twice = "customer_id,first_name,phone\nC-1,Ada,+12025550101\nC-2,Grace,+12025550101\n";
    area.case("twice in one file")
        .file("people.csv", twice)
        .says(2, "run people.csv --simulate -j journal.db");
    area.case("twice in one file, looked at").file("people.csv", twice).says(2, "check people.csv");
    area.end();
}
