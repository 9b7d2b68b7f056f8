//! The pre-flight: what a recipients file and a definition come to, before anything is sent. A fold over the rows.
//!
//! It is told what the file has, what became of each row, and what is to be sent; it finds out nothing by itself.

mod json;
mod messages;
mod repeats;
mod text;

use std::collections::BTreeMap;
use std::time::Duration;

use messages::Messages;
pub use repeats::FirstLines;
use repeats::SharedNumbers;

use super::definition::{Definition, Rate};
use super::figures::{Grouped, counted};
use super::phone::Region;
use crate::domain::delivery::gate;
use crate::domain::delivery::gate::Fraction;
use crate::domain::delivery::state::State;
use crate::domain::delivery::tally::Tally;
use crate::domain::row::binding::Binding;
use crate::domain::row::recipient::{Recipient, Rejection};
use crate::domain::row::suppression::Suppressed;
use crate::domain::table::detected_format::DetectedFormat;

/// Rejections, duplicates and the like that are told one by one.
pub const TOLD: usize = 20;
/// A contact's life where neither flow nor definition end it. Source: `ChatDurationInMinutes` in the API reference.
const LONGEST_LIFE: Duration = Duration::from_secs(25 * 3600);

/// What is known before sending.
#[derive(Debug)]
pub struct Preflight {
    limits: Limits,
    /// Whether the simulator answers, which has no quota of active chats.
    simulated: bool,
    most: u64,
    read_as: Option<DetectedFormat>,
    tally: Tally,
    rejected: BTreeMap<&'static str, u64>,
    rejections: Vec<Rejection>,
    suppressed: BTreeMap<Suppressed, u64>,
    lists: Vec<List>,
    duplicates: Vec<Duplicate>,
    numbers: SharedNumbers,
    messages: Messages,
    unused_columns: Vec<String>,
    /// What in the texts looks like a placeholder and is none.
    mistaken: Vec<String>,
    /// Attempted rows of which the file now says something else.
    frozen: u64,
    /// Rows of earlier files that wait no longer, because the file does not have them.
    withdrawn: u64,
    /// Corrected rows whose lines the file has uncorrected: how many waited, and how many were attempted.
    undone: (u64, u64),
    notes: Vec<String>,
}

/// What a campaign keeps to.
#[derive(Debug, Clone, Copy)]
struct Limits {
    rate: f64,
    /// Nobody stated the rate; this is what a new account has.
    unknown: bool,
    burst: u32,
    active_contacts: u32,
    contact_life: Option<Duration>,
    chat_duration: Option<Duration>,
    max_rejected: Fraction,
}

/// A suppression list of the definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// The file.
    pub file: String,
    /// Lines with a number.
    pub numbers: u64,
    /// Lines with a key.
    pub keys: u64,
    /// Rows of the recipients file that are on it.
    pub rows: u64,
}

/// A line with the key of another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duplicate {
    /// Its line.
    pub line: u64,
    /// The line that has the key first.
    pub of: Option<u64>,
    /// Whether that line is known to have another number.
    pub differs: bool,
}

/// When active chats hold a campaign up.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stall {
    /// How long a contact lives.
    life: Duration,
    /// Until then the pace is kept.
    after: Duration,
    /// Contacts per second from then on.
    then: f64,
    /// The user has said how long it is, and the run keeps within the quota.
    is_stated: bool,
}

impl Preflight {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(definition: &Definition) -> Self {
        let rate = match definition.pace.rate {
            Rate::PerSecond(rate) => rate.get(),
            Rate::Auto => 2.0,
        };
        let minutes = definition.request.chat_duration_minutes;
        let limits = Limits {
            rate,
            unknown: definition.pace.rate == Rate::Auto,
            burst: definition.pace.burst.get(),
            active_contacts: definition.pace.max_active_contacts,
            contact_life: definition.pace.contact_life,
            chat_duration: minutes.map(|minutes| Duration::from_secs(u64::from(minutes) * 60)),
            max_rejected: Fraction::from_percent(definition.safety.max_rejected * 100.0)
                .expect("a resolved definition has shares between 0 and 1"),
        };
        Self {
            limits,
            simulated: false,
            most: u64::MAX,
            read_as: None,
            tally: Tally::default(),
            rejected: BTreeMap::new(),
            rejections: Vec::new(),
            suppressed: BTreeMap::new(),
            lists: Vec::new(),
            duplicates: Vec::new(),
            numbers: SharedNumbers::new(definition.recipients.key.is_some()),
            messages: Messages::new(definition),
            unused_columns: Vec::new(),
            mistaken: Vec::new(),
            frozen: 0,
            withdrawn: 0,
            undone: (0, 0),
            notes: Vec::new(),
        }
    }

    /// Takes note of the file's columns.
    pub fn columns(&mut self, binding: &Binding) {
        self.unused_columns = binding.unused_columns();
        self.mistaken = binding.mistaken().to_vec();
    }

    /// Takes note of what the file was taken for.
    pub fn read_as(&mut self, read_as: DetectedFormat) {
        self.read_as = Some(read_as);
    }

    /// Takes note of something that was found out besides.
    pub fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// The simulator is to answer.
    pub fn simulated(&mut self) {
        self.simulated = true;
    }

    /// Takes note of a row that is planned in this state.
    pub fn see(&mut self, row: &Result<Recipient, Rejection>, state: State) {
        self.tally[state] += 1;
        match row {
            Err(rejection) => {
                *self.rejected.entry(rejection.reason.code()).or_default() += 1;
                if self.rejections.len() < TOLD {
                    self.rejections.push(rejection.clone());
                }
            }
            Ok(recipient) if state == State::Queued => self.numbers.see(recipient),
            Ok(_) => {}
        }
    }

    /// Takes note of why a row is suppressed.
    pub fn left_out(&mut self, why: Suppressed) {
        *self.suppressed.entry(why).or_default() += 1;
    }

    /// Takes note of a suppression list.
    pub fn list(&mut self, list: List) {
        self.lists.push(list);
    }

    /// Takes note of a row that is on the lists with these numbers, from 0.
    pub fn on_lists(&mut self, lists: impl Iterator<Item = usize>) {
        for at in lists {
            if let Some(list) = self.lists.get_mut(at) {
                list.rows += 1;
            }
        }
    }

    /// Takes note of a line with the number of another line, which is in an earlier file, under another key.
    pub fn shared_number(&mut self, line: u64, of: u64) {
        self.numbers.also(line, of);
    }

    /// Takes note of a duplicate. Those behind the first [`TOLD`] are only counted.
    pub fn duplicate(&mut self, duplicate: Duplicate) {
        if self.duplicates.len() < TOLD {
            self.duplicates.push(duplicate);
        }
    }

    /// Takes note of what a recipient of the file is to be sent.
    pub fn weigh(&mut self, binding: &Binding, recipient: &Recipient) {
        if self.messages.recipients < self.most {
            self.messages.saved(u64::from(recipient.saved_segments));
            self.messages.add(Some(recipient.line), recipient.region, binding.message(recipient));
        }
    }

    /// Forgets what is to be sent, because the journal knows better: it is told again with [`Self::weigh_frozen`].
    pub fn weigh_anew(&mut self) {
        self.messages.clear();
    }

    /// Takes note of what a row of the journal is to be sent, frozen or not.
    pub fn weigh_frozen(&mut self, line: Option<u64>, region: Option<Region>, message: Option<&str>) {
        self.messages.add(line, region, message);
    }

    /// Recipients that were weighed.
    #[must_use]
    pub fn weighed(&self) -> u64 {
        self.messages.recipients
    }

    /// Whether what was weighed is what these counts of the journal say is to be sent.
    #[must_use]
    pub fn is_exact(&self, journal: &Tally) -> bool {
        self.frozen == 0 && self.most == u64::MAX && self.messages.recipients == journal.unsettled()
    }

    /// Rows that were attempted before, and of which the file now says something that is not sent.
    pub fn frozen(&mut self, rows: u64) {
        self.frozen = rows;
    }

    /// Rows of earlier files that are not in this one, and were withdrawn.
    pub fn withdrawn(&mut self, rows: u64) {
        self.withdrawn = rows;
    }

    /// Corrected rows whose lines the file has uncorrected: how many waited, and how many were attempted.
    pub fn undone(&mut self, corrections: (u64, u64)) {
        self.undone = corrections;
    }

    /// The counts as the journal has them, with what was sent before.
    pub fn tally(&mut self, tally: Tally) {
        self.tally = tally;
    }

    /// At most so many contacts are to be started.
    pub fn limit(&mut self, most: u64) {
        self.most = self.most.min(most);
    }

    /// What was weighed are those of a sample that wait; the others of it are done with, as these counts say.
    pub fn sampled(&mut self, sample: u64, journal: &Tally) {
        let settled = [State::Started, State::Failed, State::Uncertain].map(|state| journal[state]);
        let eligible = journal.unsettled() + settled.iter().sum::<u64>();
        let before = sample.min(eligible).saturating_sub(self.weighed());
        if before > 0 {
            let were = if before == 1 { "was" } else { "were" };
            self.note(format!("of the sample of {sample}, {before} {were} requested before"));
        }
        self.limit(self.weighed());
    }

    /// Contacts that are to be started.
    #[must_use]
    pub fn to_send(&self) -> u64 {
        self.tally.unsettled().min(self.most)
    }

    /// Rows seen.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tally.rows()
    }

    /// Rows that cannot be sent to.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.tally[State::Rejected]
    }

    /// The contacts to be started, in words.
    #[must_use]
    pub fn contacts(&self) -> String {
        counted(self.to_send(), "contact", "contacts")
    }

    /// Why nothing is to be sent, where too much of the file is rejected.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        let rejected = self.tally[State::Rejected];
        let most = self.limits.max_rejected;
        gate::too_many_rejected(rejected, self.tally.rows(), most).then(|| {
            format!(
                "{} of {} are rejected, more than max_rejected = {}% allows",
                Grouped(rejected),
                counted(self.tally.rows(), "row", "rows"),
                most.percent()
            )
        })
    }

    /// How long sending takes at this pace, and with no more contacts alive than there may be where their life is stated.
    fn duration(&self) -> Duration {
        let behind_the_burst = self.to_send().saturating_sub(u64::from(self.limits.burst));
        let paced = Duration::from_secs_f64(behind_the_burst as f64 / self.limits.rate);
        let Some(stall) = self.stall().filter(|stall| stall.is_stated) else { return paced };
        let behind_the_first = self.to_send().saturating_sub(u64::from(self.limits.active_contacts));
        paced.max(stall.after + Duration::from_secs_f64(behind_the_first as f64 / stall.then))
    }

    /// Whether contacts that the flow does not disconnect use up the active chats before the end.
    fn stall(&self) -> Option<Stall> {
        let Limits { rate, active_contacts, contact_life, chat_duration, .. } = self.limits;
        let life = contact_life.or(chat_duration).unwrap_or(LONGEST_LIFE);
        let most = f64::from(active_contacts);
        // Contacts alive at once: as many as start within a life.
        let alive = (rate * life.as_secs_f64()).min(self.to_send() as f64);
        (alive > most).then(|| Stall {
            life,
            after: Duration::from_secs_f64(most / rate),
            then: most / life.as_secs_f64(),
            is_stated: contact_life.is_some(),
        })
    }
}

#[cfg(test)]
mod tests;
