//! Campaigns whose files a spreadsheet opens and saves between runs, from one seed each: keys lose zeros, digits, case
//! and blanks, people get new numbers, runs die. After every run nobody has two contacts, whatever their keys look like
//! by then; and a run is refused where somebody was contacted under a key that is gone, and nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use campaign::app::run::{PreparedRun, RunContext, open_file};
use campaign::app::{CampaignOptions, CampaignPaths, FileOptions, SendOptions};
use campaign::clock::Clock;
use campaign::engine::{Stop, Unobserved};
use campaign::recipients::Source;
use campaign::simulator::{Fault, FaultShares};
use tokio::sync::watch;

use crate::seeds::chance::Chance;
use crate::seeds::players::Stories;

/// Stories of a run without `CAMPAIGN_SEEDS`.
const STORIES: u64 = 60;
const BASE: u64 = 0x5eed_2026_1130;
/// States of rows that have a contact, or may have one.
const CONTACTED: &str = "1, 2, 4";

/// Somebody, as the clinic knows them.
#[derive(Debug, Clone)]
struct Person {
    key: String,
    number: u64,
}

/// What a spreadsheet does to the column of keys when it opens and saves a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rewriting {
    None,
    Zeros,
    Fraction,
    Rounded,
    UpperCase,
    Decomposed,
    Blanks,
    Formula,
    Dashes,
}

const REWRITINGS: [Rewriting; 9] = [
    Rewriting::None,
    Rewriting::Zeros,
    Rewriting::Fraction,
    Rewriting::Rounded,
    Rewriting::UpperCase,
    Rewriting::Decomposed,
    Rewriting::Blanks,
    Rewriting::Formula,
    Rewriting::Dashes,
];

/// What a run came to.
#[derive(Debug, PartialEq, Eq)]
enum Came {
    Refused(String),
    Dead,
    Done,
}

impl Rewriting {
    /// The cell that it makes of this one.
    fn of(self, key: &str) -> String {
        let number = key.bytes().all(|byte| byte.is_ascii_digit());
        match self {
            Self::Zeros if number && key.len() <= 15 => key.trim_start_matches('0').to_owned(),
            Self::Fraction if number && key.len() <= 15 => format!("{}.0", key.trim_start_matches('0')),
            Self::Rounded if number && key.len() > 15 => {
                format!("{}{}", &key[..15], "0".repeat(key.len() - 15))
            }
            Self::UpperCase => key.to_uppercase(),
            Self::Decomposed => key.replace('é', "e\u{301}"),
            Self::Blanks => format!("\u{a0}{} ", key.replace(' ', "  ")),
            Self::Formula if number => format!("=\"\"{key}\"\""),
            Self::Dashes => key.replace('-', "\u{2013}"),
            _ => key.to_owned(),
        }
    }
}

struct Story {
    folder: tempfile::TempDir,
    chance: Chance,
    people: Vec<Person>,
    /// The person of each number and of each key that a file has ever had.
    of_number: BTreeMap<String, usize>,
    first: bool,
    runs: u64,
}

impl Story {
    fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let memory = std::path::Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let style = chance.index(4);
        let people = (0..chance.within(2..9))
            .map(|n| {
                let key = match style {
                    0 => format!("{:05}", n * 7 + 1),
                    1 => format!("12345678901{:07}", n * 1_011_000 + 4_321),
                    2 => format!("andré-{n} b"),
                    _ => format!("ab{n}"),
                };
                Person { key, number: n }
            })
            .collect();
        let first = chance.odds(0.5);
        Self { folder: folder.expect("a folder"), chance, people, of_number: BTreeMap::new(), first, runs: 0 }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes definition and file. Gives back who is in the file, by the cell of the key.
    fn write(&mut self, rewriting: Rewriting, whole: bool) -> BTreeMap<usize, String> {
        let rule = if self.first { "first" } else { "refuse" };
        let definition = format!(
            r#"
name = "weekly"
[connect]
instance_id = "11111111-2222-3333-4444-555555555555"
contact_flow_id = "99999999-8888-7777-6666-555555555555"
source = "arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
[recipients]
phone = "phone"
key = "id"
same_number = "{rule}"
[contact]
message = "Hello, see you soon."
[pace]
rate = 50
"#
        );
        std::fs::write(self.path("campaign.toml"), definition).expect("a definition");
        let (mut csv, mut listed) = ("id,phone\n".to_owned(), BTreeMap::new());
        for (nth, person) in self.people.iter().enumerate() {
            if !whole && self.chance.odds(0.2) {
                continue;
            }
            let key = rewriting.of(&person.key);
            let number = format!("+1202555{:04}", 100 + person.number);
            let _ = writeln!(
                csv,
                "{},{number}",
                if key.contains('"') { format!("\"{key}\"") } else { key.clone() }
            );
            self.of_number.insert(number, nth);
            listed.insert(nth, key);
        }
        if listed.is_empty() {
            return self.write(rewriting, true);
        }
        std::fs::write(self.path("people.csv"), csv).expect("a file");
        listed
    }

    /// Runs the file, to its end or until the process dies.
    fn run(&mut self, dies_after: Option<Duration>) -> Came {
        self.runs += 1;
        let campaign = CampaignOptions {
            campaign: Some(self.path("campaign.toml").display().to_string()),
            name: None,
            journal: Some(self.path("journal.db")),
        };
        let faults = FaultShares {
            chances: vec![(Fault::Throttling, 0.1), (Fault::ResetBefore, 0.1)],
            failing_numbers: 0.0,
        };
        let options = SendOptions { simulate: true, seed: Some(self.runs), faults, ..SendOptions::default() };
        let file = self.path("people.csv");
        let source = Source::named(&file).expect("a file");
        let (how, clock) = (FileOptions::default(), Clock::system());
        let (paths, mut definition) = CampaignPaths::of_file(&campaign, &source, &how).expect("a definition");
        options.apply(&mut definition).expect("options");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(async {
            let rows =
                open_file(&source, &definition, &paths, &how, &clock).expect("a file that can be read");
            let context =
                RunContext { definition: &definition, paths: &paths, options: &options, clock: &clock };
            let mut prepared = match PreparedRun::with_file(rows, context).await {
                Ok(prepared) => prepared,
                Err(refused) => return Came::Refused(refused.message),
            };
            if prepared.preflight().is_some_and(|preflight| preflight.refusal().is_some()) {
                return Came::Refused("the gate".to_owned());
            }
            prepared.agree().expect("an agreement");
            let (_stop, stopping) = watch::channel(Stop::No);
            let run = prepared.begin(stopping).expect("a run begins");
            let mut nobody = Unobserved;
            let sent = run.send(&mut nobody);
            match dies_after {
                Some(after) => match tokio::time::timeout(after, sent).await {
                    Ok(ended) => ended.map(|_| Came::Done).expect("a run ends"),
                    Err(_) => Came::Dead,
                },
                None => sent.await.map(|_| Came::Done).expect("a run ends"),
            }
        })
    }

    /// Rows that have a contact or may have one: the key, and whose number it is.
    fn contacted(&self) -> Vec<(String, usize)> {
        let path = self.path("journal.db");
        if !path.exists() {
            return Vec::new();
        }
        let connection = rusqlite::Connection::open(path).expect("the journal");
        let sql = format!("SELECT key, destination FROM row WHERE state IN ({CONTACTED}) ORDER BY id");
        let mut statement = connection.prepare(&sql).expect("a statement");
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?))).expect("rows");
        rows.map(|row| row.map(|(key, number)| (key, self.of_number[&number])).expect("a row")).collect()
    }

    fn check(&self, told: &str) {
        let mut people = BTreeSet::new();
        for (key, person) in self.contacted() {
            assert!(people.insert(person), "{told}: {person} has two contacts, the second under {key:?}");
        }
    }

    fn chapter(&mut self, rewriting: Rewriting, whole: bool) -> Came {
        let before: BTreeMap<usize, String> =
            self.contacted().into_iter().map(|(key, person)| (person, key)).collect();
        let listed = self.write(rewriting, whole);
        let dies_after = (!whole && self.chance.odds(0.4)).then(|| self.chance.millis(1..400));
        let came = self.run(dies_after);
        let told = format!("{rewriting:?} {listed:?} after {before:?}: {came:?}");
        self.check(&told);
        // Under another key than the one that was contacted: blanks and a formula around a cell are none of it.
        let bare = |key: &str| key.trim().trim_start_matches('=').trim_matches('"').to_owned();
        let respelled = listed
            .iter()
            .any(|(person, key)| before.get(person).is_some_and(|known| bare(known) != bare(key)));
        let cells: BTreeSet<String> = listed.values().map(|key| bare(key)).collect();
        let rounded_together = cells.len() < listed.len();
        if !rounded_together {
            let refused = matches!(came, Came::Refused(_));
            assert_eq!(refused, respelled && !self.first, "{told}");
        }
        if came == Came::Done {
            let reached: BTreeSet<usize> = self.contacted().into_iter().map(|(_, person)| person).collect();
            for person in listed.keys() {
                assert!(reached.contains(person), "{told}: {person} is forgotten");
            }
        }
        came
    }
}

fn play(seed: u64) {
    let mut story = Story::new(seed);
    for _ in 0..story.chance.within(2..6) {
        let rewriting = if story.chance.odds(0.4) { Rewriting::None } else { story.chance.pick(&REWRITINGS) };
        if story.chance.odds(0.3) {
            let who = story.chance.index(story.people.len());
            // A new number, which nobody had before.
            story.people[who].number += 20;
        }
        story.chapter(rewriting, false);
    }
    // As the clinic has them, and with the first of each number: everybody is reached once.
    story.first = true;
    story.chapter(Rewriting::None, true);
}

#[test]
fn nobody_is_contacted_twice_whatever_a_spreadsheet_makes_of_keys() {
    let stories = Stories { test: "nobody_is_contacted_twice", base: BASE, by_default: STORIES };
    stories.play(play, |()| ()).none_broke_a_promise();
}
