//! The same definition week after week: who is contacted again is what the name and the key say, and never a surprise.

use crate::process::ran::Ran;
use crate::process::server::Server;
use crate::process::site::{Site, definition};

const WEEK_1: &str = "\
customer_id,first_name,phone,visit
0017,Ann,+12025550101,2026-12-01
0018,Bob,+12025550102,2026-12-02
";
/// Ann comes again, Bob does not, and Cid is new.
const WEEK_2: &str = "\
customer_id,first_name,phone,visit
0017,Ann,+12025550101,2026-12-08
0019,Cid,+12025550103,2026-12-09
";

struct Clinic {
    site: Site,
    server: Server,
}

impl Clinic {
    fn new(changes: &[(&str, &str)]) -> Self {
        let (site, server) = (Site::new(), Server::start(&[]));
        let mut text = definition().replace("see you", "see you {{ visit }}");
        // A second contact of one number waits until the first is over.
        text = text.replace("burst = 100", "burst = 100\ncontact_life = \"1s\"");
        for (before, after) in changes {
            assert!(text.contains(before));
            text = text.replace(before, after);
        }
        site.write("campaign.toml", &text);
        site.write("week1.csv", WEEK_1);
        site.write("week2.csv", WEEK_2);
        Self { site, server }
    }

    fn send(&self, file: &str, options: &[&str]) -> Ran {
        let args = ["run", file, "--yes", "--json", "--endpoint-url", self.server.endpoint()];
        self.site.run(&[&args[..], options].concat())
    }
}

/// Nobody is asked about a stream: whoever stands under a contacted key now is rejected, and not taken for contacted.
#[test]
fn a_stream_in_which_somebody_else_has_a_contacted_key_is_not_whole() {
    let clinic = Clinic::new(&[]);
    clinic.send("week1.csv", &["--stream"]).exits(0);
    clinic.site.write("other.csv", &WEEK_1.replace("Ann,+12025550101", "Xen,+12025550109"));
    for week in ["other.csv", "week2.csv", "week2.csv"] {
        let sent = clinic.send(week, &["--stream"]).exits(3).json();
        assert_eq!((&sent["rejected"], &sent["exit"]), (&1.into(), &3.into()), "{week}");
    }
    assert_eq!(clinic.server.requests(), 3, "Cid is new");
    let report = clinic.site.run(&["report", "--state", "rejected"]).exits(0).stdout;
    assert!(report.contains("changed-after-contact"), "{report}");
    let accepted =
        clinic.send("week2.csv", &["--stream", "--accept", "changed-after-contact"]).exits(0).json();
    assert_eq!((&accepted["rejected"], &accepted["started"]), (&0.into(), &3.into()));
    assert_eq!(clinic.server.requests(), 3);
}

#[test]
fn next_weeks_date_for_the_same_person_is_not_left_unsent_without_a_word() {
    let clinic = Clinic::new(&[]);
    clinic.send("week1.csv", &[]).exits(0);
    let held = clinic.send("week2.csv", &[]).exits(2);
    insta::assert_snapshot!(held.stderr.replace(clinic.server.endpoint(), "ENDPOINT"));
    assert_eq!(clinic.server.requests(), 2, "nothing was sent");
    // The first way out: another name.
    let again = clinic.send("week2.csv", &["--name", "week 2"]).exits(0).json();
    assert_eq!(
        (&again["campaign"], &again["started"], &again["already_started"]),
        (&"week 2".into(), &2.into(), &0.into())
    );
    assert_eq!(clinic.server.requests(), 4);
    // No second message is meant.
    let accepted = clinic.send("week2.csv", &["--accept", "changed-after-contact"]).exits(0).json();
    assert_eq!((&accepted["already_started"], &accepted["requests"]), (&1.into(), &1.into()));
}

#[test]
fn nobody_new_and_something_else_to_say_is_held_up_too_and_the_same_file_again_is_nothing_to_do() {
    let clinic = Clinic::new(&[]);
    clinic.send("week1.csv", &[]).exits(0);
    let again = clinic.send("week1.csv", &[]).exits(0);
    assert_eq!((&again.json()["already_started"], &again.json()["requests"]), (&2.into(), &0.into()));
    again.says(&[
        "2 rows, 0 contacts to start, 2 already started",
        "2 rows of the file were started before this run",
    ]);
    // Another text for the same cells is no news of anybody.
    let text = clinic.site.read("campaign.toml").replace("Hi {{", "Dear {{");
    clinic.site.write("campaign.toml", &text);
    clinic.send("week1.csv", &[]).exits(0);
    clinic.site.write("moved.csv", &WEEK_1.replace("2026-12-02", "2026-12-03"));
    clinic.send("moved.csv", &[]).exits(2).says(&["changed-after-contact", "line 3"]);
    let accepting = format!("{text}\n[safety]\naccept = [\"changed-after-contact\"]\n");
    clinic.site.write("campaign.toml", &accepting);
    clinic.send("moved.csv", &[]).exits(0);
    assert_eq!(clinic.server.requests(), 2);
}

#[test]
fn a_key_of_several_columns_makes_each_visit_a_row_of_its_own() {
    let key = "key = [\"customer_id\", \"visit\"]\nsame_number = \"all\"";
    let clinic = Clinic::new(&[("key = \"customer_id\"", key)]);
    clinic.send("week1.csv", &[]).exits(0);
    let second = clinic.send("week2.csv", &[]).exits(0).json();
    assert_eq!((&second["requests"], &second["already_started"]), (&2.into(), &0.into()));
    let mut keys: Vec<String> = clinic.site.report().into_iter().map(|record| record.key).collect();
    keys.sort();
    let visit = |id: &str, day: &str| format!("4:{id} 10:2026-12-{day}");
    assert_eq!(keys, [visit("0017", "01"), visit("0017", "08"), visit("0018", "02"), visit("0019", "09")]);
    // An opt-out by the column that says who it is.
    clinic.site.write("out.csv", "customer_id\n0019\n");
    let text = clinic
        .site
        .read("campaign.toml")
        .replace("phone = \"phone\"", "phone = \"phone\"\nsuppress = [\"out.csv\"]");
    clinic.site.write("campaign.toml", &text);
    clinic.site.write("week3.csv", &WEEK_2.replace("2026-12-0", "2026-12-1"));
    let third = clinic.send("week3.csv", &[]).exits(0).json();
    assert_eq!((&third["requests"], &third["suppressed"]), (&1.into(), &1.into()));
}

#[test]
fn a_name_with_the_file_or_the_day_makes_each_mailing_a_campaign_of_its_own() {
    let clinic = Clinic::new(&[("name = \"spring\"", "name = \"reminder-{file}\"")]);
    let first = clinic.send("week1.csv", &["--limit", "1"]).exits(4);
    assert!(first.next().starts_with("campaign resume --name reminder-week1 "), "{}", first.next());
    let week2 = clinic.send("week2.csv", &[]).exits(0).json();
    assert_eq!((&week2["campaign"], &week2["started"]), (&"reminder-week2".into(), &2.into()));
    // Without the file, the journal says which it can be.
    let which = clinic.site.run(&["resume"]).exits(2);
    which.says(&["which campaign?", "--name reminder-week1, --name reminder-week2"]);
    // Who only looks sees all of them.
    let all = clinic.site.run(&["status", "-c", "campaign.toml"]).exits(0).stdout;
    assert!(all.contains("reminder-week1") && all.contains("reminder-week2"), "{all}");
    let one = clinic.site.run(&["status", "-c", "campaign.toml", "--key", "0017"]).exits(0).stdout;
    assert!(one.contains("reminder-week1") && one.contains("started"), "{one}");
    let endpoint = ["--endpoint-url", clinic.server.endpoint()];
    clinic.site.run(&[&["resume", "--name", "reminder-week1"], &endpoint[..]].concat()).exits(0);
    assert_eq!(clinic.server.requests(), 4);
    assert_eq!(
        clinic
            .site
            .run(&["report", "--name", "reminder-week1", "--format", "csv"])
            .exits(0)
            .stdout
            .lines()
            .count(),
        3
    );
    clinic.site.run(&["run", "-", "--yes"]).exits(2).says(&["standard input", "--name NAME"]);

    let text = clinic.site.read("campaign.toml").replace("{file}", "{date}");
    clinic.site.write("campaign.toml", &text);
    let begun = clinic.send("week1.csv", &["--limit", "1"]).exits(4).json();
    let name = begun["campaign"].as_str().unwrap().to_owned();
    assert!(name.starts_with("reminder-20") && name.len() == "reminder-2026-12-01".len(), "{name}");
    // What is begun goes on under its name, whatever the day.
    let day_before = rusqlite::Connection::open(clinic.site.path("journal.db")).unwrap();
    let renamed =
        day_before.execute("UPDATE campaign SET name = 'reminder-2026-01-31' WHERE name = ?1", [&name]);
    assert_eq!(renamed, Ok(1));
    let check = clinic.site.run(&["run", "week1.csv", "--endpoint-url", clinic.server.endpoint()]).exits(2);
    check.says(&["1 contact would be started"]);
    // Next week's file is the next mailing: nobody is left out of it for what an earlier one left behind.
    let next =
        clinic.site.run(&["run", "week2.csv", "--yes", "--endpoint-url", clinic.server.endpoint()]).exits(2);
    next.says(&["week2.csv is another file of another day", "--name reminder-2026-01-31", "week1.csv"]);
    clinic.site.write("campaign.toml", &text.replace("-{date}", "-{day}"));
    clinic.site.run(&["check", "week1.csv"]).exits(2).says(&["`name` has {day}, which stands for nothing"]);
}

/// Several visits of a person are meant; the same visit under a key that a spreadsheet rewrote hardly is: it is named as such.
#[test]
fn a_rewritten_key_is_told_also_where_people_may_have_several_rows() {
    let key = ("key = \"customer_id\"", "key = [\"customer_id\", \"visit\"]\nsame_number = \"all\"");
    let clinic = Clinic::new(&[key]);
    clinic.send("week1.csv", &[]).exits(0);
    clinic.site.write("week2.csv", &format!("{WEEK_1}0017,Ann,+12025550101,2026-12-08\n"));
    clinic.send("week2.csv", &[]).exits(0);
    assert_eq!(clinic.server.requests(), 3, "another visit of Ann");
    // The zeros are gone, and so is the form of a date.
    let rewritten = "customer_id,first_name,phone,visit\n17,Ann,+12025550101,2026-12-01\n0018,Bob,+12025550102,2026-12-02\n";
    clinic.site.write("week3.csv", rewritten);
    let told = clinic.send("week3.csv", &[]).exits(0);
    told.says(&["warning (rewritten-key): 1 row has a key that a spreadsheet made of one", "second message"]);
    assert_eq!(clinic.server.requests(), 4, "the definition says that all are meant");
}
