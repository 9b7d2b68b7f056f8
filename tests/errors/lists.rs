//! Suppression lists, and decisions on uncertain rows.

use crate::errors::area::{Area, Case};

/// Lists that leave a doubt about whom they mean.
#[test]
fn of_the_definition() {
    let mut area = Area::new("lists_of_the_definition");
    let listed = |area: &mut Area, title: &str, list: &str| {
        area.case(title)
            .with("key =", "suppress = [\"opt-outs.csv\"]\ndefault_region = \"US\"\nkey =")
            .file("opt-outs.csv", list)
            .says(2, "run people.csv --simulate -j journal.db");
    };
    listed(&mut area, "a list with columns that nobody knows", "Name;Telefon\nMeier;(202) 555-0101\n");
    listed(&mut area, "a list with its column twice", "phone;Phone\n(202) 555-0101;\n");
    listed(
        &mut area,
        "a list with a number beside its keys",
        "customer_id;mobile\nC-1;\nC-2;(202) 555-0102\n",
    );
    listed(&mut area, "a list with a longer line", "phone\n1,20255E+10\n");
    listed(&mut area, "a list with a key that a spreadsheet cut", "customer_id\nC-1\n1.23457E+15\n");
    listed(&mut area, "a list with a number as it is dialled nearby", "phone\n+12025550101\n555-0102\n");
    listed(
        &mut area,
        "a list with a quote that is not closed",
        "phone,note\n+12025550101,\"asked\n+12025550102,\n",
    );
    listed(
        &mut area,
        "a page of the account's list",
        "{\"OptedOutNumbers\":[{\"OptedOutNumber\":\"+12025550101\"}],\"NextToken\":\"A\"}",
    );
    listed(&mut area, "a list that is empty", "");
    listed(&mut area, "a list whose lines mean nobody", "phone\n0555\nabc\n");
    listed(&mut area, "a list of numbers with something else in it", "(202) 555-0101\nC-1\n");
    area.end();
}

#[test]
fn of_the_journal() {
    let mut area = Area::new("lists");
    area.case("a number that is none").says(2, "suppress add 12");
    area.case("several that are none").says(2, "suppress add 12 +12025550101 abc");
    area.case("a number without its country").says(2, "suppress add 2025550101");
    area.case("a list that is not there").says(2, "suppress import opt-outs.csv");
    area.case("a list with a number that may be read wrongly")
        .file("opt-outs.csv", "phone\n+12025550101\n2025550102\n202-555-0103\n2025550104\n")
        .says(2, "suppress import opt-outs.csv");
    area.case("a list that is imported, with columns that nobody knows")
        .file("opt-outs.csv", "Name;Telefon\nMeier;(202) 555-0101\n")
        .says(2, "suppress import opt-outs.csv");
    area.case("nothing to take a number off").says(2, "suppress remove +12025550101");
    area.case("no journal to look into").says(2, "suppress list");
    area.case("neither a journal nor a definition").without("campaign.toml").says(2, "suppress list");
    area.case("a list of the definition with a number that may be read wrongly")
        .with("key =", "suppress = [\"opt-outs.csv\"]\nkey =")
        .file("opt-outs.csv", "phone\n+12025550101\n2025550102\n")
        .says(2, "run people.csv --simulate -j journal.db");
    by(&mut area, "a campaign that the journal does not have", "not_in = [\"sprnig\"]")
        .says(2, "check people.csv -c campaign.toml -j journal.db");
    by(&mut area, "a campaign, and no journal", "only_in = { campaign = \"spring\" }")
        .says(2, "run people.csv --simulate -j none.db -c campaign.toml");
    by(&mut area, "a campaign that is left out of itself", "not_in = [\"autumn\"]")
        .says(2, "check people.csv -c campaign.toml -j journal.db");
    by(&mut area, "a campaign whose numbers were purged", "not_in = [\"spring\"]")
        .says(2, "check people.csv -c campaign.toml -j purged.db");
    by(&mut area, "a campaign whose file was not read to its end", "not_in = [\"spring\"]")
        .says(2, "check people.csv -c campaign.toml -j half.db");
    area.case("a row that is not uncertain")
        .after("run people.csv --simulate -j journal.db")
        .says(2, "resolve --key C-1 --resend -c campaign.toml");
    area.case("one contact id for several rows")
        .after("run people.csv --simulate -j journal.db")
        .made(|case| uncertain(&case.path("journal.db")))
        .says(2, "resolve --all --mark-started e220a839-7b1d-4daf-ae78-9e6aa1b965f4");
    area.case("the contact id of another row")
        .after("run people.csv --simulate -j journal.db")
        .made(|case| uncertain(&case.path("journal.db")))
        .after("resolve --line 2 --mark-started e220a839-7b1d-4daf-ae78-9e6aa1b965f4 -j journal.db")
        .says(2, "resolve --line 3 --mark-started e220a839-7b1d-4daf-ae78-9e6aa1b965f4 -j journal.db");
    area.case("a search where the contacts are not")
        .after("run people.csv --simulate -j journal.db")
        .made(|case| uncertain(&case.path("journal.db")))
        .says(2, "resolve --search -j journal.db --endpoint-url http://127.0.0.1:1");
    area.case("rows that are uncertain after a run")
        .after("run people.csv --simulate -j journal.db")
        .made(|case| uncertain(&case.path("journal.db")))
        .says(3, "run people.csv -j journal.db --simulate");
    area.end();
}

/// A campaign with these lines in `[recipients]`, and journals in which another one is as it should be, purged, and half
/// planned.
fn by<'a>(area: &'a mut Area, title: &str, lines: &str) -> Case<'a> {
    area.case(title)
        .with("key =", &format!("{lines}\nkey ="))
        .with("name = \"spring\"", "name = \"autumn\"")
        .file("spring.toml", crate::errors::area::DEFINITION)
        .after("run people.csv --simulate -j journal.db -c spring.toml")
        .after("run people.csv --simulate -j half.db -c spring.toml")
        .made(|case| {
            let journal = rusqlite::Connection::open(case.path("half.db")).unwrap();
            journal.execute_batch("UPDATE campaign SET indexed = 0").unwrap();
        })
        .after("run people.csv --simulate -j purged.db -c spring.toml")
        .after("journal purge --yes -j purged.db -c spring.toml")
}

/// Makes every row an uncertain one, as if nobody had answered for six days.
fn uncertain(journal: &std::path::Path) {
    let journal = rusqlite::Connection::open(journal).unwrap();
    let uncertain = "UPDATE row SET state = 4, contact_id = NULL; DELETE FROM tally;
        INSERT INTO tally SELECT campaign_id, state, count(*) FROM row GROUP BY campaign_id, state";
    journal.execute_batch(uncertain).unwrap();
}
