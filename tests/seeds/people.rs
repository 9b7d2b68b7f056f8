//! Random recipients files, and what people do to a file between two runs.

use campaign::domain::row::token::TokenSpace;
use campaign::journal::{Content, FileLine};

use crate::seeds::chance::Chance;
use crate::seeds::shapes::{INSTANCE, SLOTS};

pub(crate) const CAMPAIGN: &str = "seeds";

/// One line of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    Person { number: u64, edition: u64 },
    Suppressed { number: u64 },
    Rejected,
}

/// The recipients file.
#[derive(Debug, Clone)]
pub(crate) struct People {
    file: Vec<Entry>,
    next: u64,
}

impl People {
    pub(crate) fn new(chance: &mut Chance) -> Self {
        let most = chance.pick(&[8, 15, 30, 60]);
        let mut people = Self { file: Vec::new(), next: 0 };
        let count = chance.within(3..most);
        people.grow(chance, count);
        people
    }

    /// So many people, nothing else.
    pub(crate) fn plain(count: u64) -> Self {
        Self { file: (0..count).map(|number| Entry::Person { number, edition: 0 }).collect(), next: count }
    }

    fn grow(&mut self, chance: &mut Chance, by: u64) {
        for _ in 0..by {
            let entry = match chance.index(20) {
                0 => Entry::Rejected,
                1 => Entry::Suppressed { number: self.next },
                2 if self.next > 0 => Entry::Person { number: chance.within(0..self.next), edition: 0 },
                _ => Entry::Person { number: self.next, edition: 0 },
            };
            self.next += 1;
            self.file.push(entry);
        }
    }

    /// What a person does to the file before the next run.
    pub(crate) fn edit(&mut self, chance: &mut Chance) -> &'static str {
        match chance.index(7) {
            0 => {
                chance.shuffle(&mut self.file);
                "reordered"
            }
            1 => {
                let by = chance.within(1..10);
                self.grow(chance, by);
                "longer"
            }
            2 => {
                self.file.retain(|_| !chance.odds(0.2));
                "shorter"
            }
            3 => {
                let again: Vec<Entry> = self.file.iter().filter(|_| chance.odds(0.3)).copied().collect();
                self.file.extend(again);
                "duplicated"
            }
            4 => {
                for entry in &mut self.file {
                    if let (Entry::Person { edition, .. }, true) = (entry, chance.odds(0.3)) {
                        *edition += 1;
                    }
                }
                "corrected"
            }
            5 => {
                for entry in &mut self.file {
                    if chance.odds(0.2) {
                        match *entry {
                            Entry::Person { number, .. } => *entry = Entry::Suppressed { number },
                            Entry::Suppressed { number } => *entry = Entry::Person { number, edition: 0 },
                            Entry::Rejected => {}
                        }
                    }
                }
                "other opt-outs"
            }
            _ => "the same",
        }
    }

    /// The number of somebody who is in the file, or was.
    pub(crate) fn number(&self, chance: &mut Chance) -> String {
        destination(chance.within(0..self.next.max(1)), 0)
    }

    /// The file as the program reads it.
    pub(crate) fn lines(&self) -> Vec<FileLine> {
        self.file.iter().zip(2..).map(|(entry, number)| line(*entry, number)).collect()
    }
}

fn line(entry: Entry, number: u64) -> FileLine {
    let (person, edition, suppressed) = match entry {
        Entry::Person { number, edition } => (number, edition, None),
        Entry::Suppressed { number } => {
            (number, 0, Some(("opt-out".to_owned(), "is on the list".to_owned())))
        }
        Entry::Rejected => {
            let content = Content::Rejected {
                code: "no-number".to_owned(),
                reason: "is no number".to_owned(),
                key: None,
            };
            return FileLine { number, rejected: None, cells: vec!["?".to_owned(), "?".to_owned()], content };
        }
    };
    let key = format!("K-{person}");
    let slots: Vec<String> = (0..SLOTS).map(|slot| format!("text {slot} of {person}, {edition}")).collect();
    let content = Content::Recipient {
        client_token: TokenSpace::new(INSTANCE, CAMPAIGN).token(&key),
        destination: destination(person, edition),
        slots,
        key: key.clone(),
        lane: None,
        sender: None,
        window: Default::default(),
        suppressed,
    };
    FileLine { number, rejected: None, cells: vec![key, edition.to_string()], content }
}

fn destination(person: u64, edition: u64) -> String {
    format!("+1202{:07}", person * 10 + edition % 10)
}
