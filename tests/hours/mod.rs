//! Zones and hours against Python's `phonenumbers` and `zoneinfo`: the same zones of a number, and open at the same instants.
//!
//! `CAMPAIGN_HOURS=1000000 tests/all outside::hours` compares that many, `CAMPAIGN_SEED` other ones.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use campaign::domain::definition::rules;
use campaign::domain::hours::zones::zones_of_number;
use campaign::domain::hours::{Hours, Jurisdiction, Lane};
use campaign::domain::phone;
use jiff::Timestamp;

/// How many are compared where nobody says.
const TRIPLES: &str = "100000";

fn python() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hours");
    let install = Command::new("sh")
        .arg(root.join("tests/clients/install.sh"))
        .arg(&venv)
        .arg(root.join("tests/hours/requirements.txt"))
        .output()
        .unwrap();
    assert!(install.status.success(), "{}", String::from_utf8_lossy(&install.stderr));
    venv.join("bin/python")
}

/// What is compared, and how it came out.
#[derive(Default)]
struct Compared {
    triples: usize,
    open: usize,
    /// Open in the second of two equal hours.
    repeated: usize,
    several_zones: usize,
    without_zones: usize,
    /// Numbers that one of the two does not take for valid: their metadata are not of one day.
    not_ours: usize,
    wrong: Vec<String>,
}

impl Compared {
    fn add(&mut self, entry: &str) {
        let [number, zones, at, week, verdict, once] = entry.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{entry:?}");
        };
        self.triples += 1;
        let Ok(phone) = phone::parse(number, None) else {
            self.not_ours += 1;
            return;
        };
        let ours = zones_of_number(&phone);
        if ours.as_ref().map_or("-", |zones| zones.as_str()) != zones {
            self.wrong.push(format!("{number}: {ours:?}, and Python has {zones}"));
            return;
        }
        let Some(zones) = ours else {
            self.without_zones += 1;
            return;
        };
        self.several_zones += usize::from(zones.names().count() > 1);
        let rules = rules::parse(week, "week", "week").unwrap_or_else(|problems| panic!("{problems}"));
        let hours = Hours { rules: rules.into_iter().map(Arc::new).collect(), ..Hours::default() };
        let calendar = hours.of(&Lane { zones, jurisdiction: Jurisdiction::default() });
        let instant = Timestamp::from_second(at.parse().unwrap()).unwrap();
        let open = calendar.at(instant).is_open();
        self.open += usize::from(open);
        self.repeated += usize::from(verdict != once);
        if open != (verdict == "1") {
            self.wrong.push(format!("{number} at {instant}: open is {open} by {week}"));
        }
    }
}

#[test]
#[ignore = "needs Python and PyPI"]
#[expect(clippy::print_stdout, reason = "--nocapture shows what was compared")]
fn zones_and_hours_are_what_python_says() {
    let count = std::env::var("CAMPAIGN_HOURS").unwrap_or_else(|_| TRIPLES.to_owned());
    let seed = std::env::var("CAMPAIGN_SEED").unwrap_or_else(|_| "1".to_owned());
    let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hours/oracle.py");
    let output = Command::new(python()).arg(oracle).args([&count, &seed]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut compared = Compared::default();
    String::from_utf8(output.stdout).unwrap().lines().for_each(|entry| compared.add(entry));
    let Compared { triples, open, repeated, several_zones, without_zones, not_ours, wrong } = compared;
    println!(
        "{triples} triples: {open} open, {repeated} of them in the second of two equal hours; {several_zones} in several \
         zones, {without_zones} in none; {not_ours} numbers that the metadata of the other day did not have"
    );
    assert_eq!(triples.to_string(), count);
    assert!(
        open > triples / 20 && several_zones > triples / 10 && repeated > triples / 1000,
        "the triples say little"
    );
    assert!(not_ours <= triples / 200, "{not_ours} numbers could not be compared");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong[..wrong.len().min(30)].join("\n"));
}
