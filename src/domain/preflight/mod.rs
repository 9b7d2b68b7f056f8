//! The pre-flight: what a recipients file and a definition come to, before anything is sent.
//!
//! [`Findings`] fold what is observed in the file, row by row. A [`Preflight`] is a pure function of the findings, of what the
//! journal knows, and of how the run was asked for.

mod account_loads;
mod earlier_contacts;
mod exit;
mod fate;
mod json;
mod limits;
mod lines;
mod listed;
mod messages;
mod repeats;
mod senders;
mod text;
mod trace;
mod waiting;
mod warnings;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use account_loads::AccountLoad;
pub use fate::Fate;
use limits::Limits;
pub use listed::List;
use listed::RewrittenListings;
use messages::Messages;
pub use repeats::{FirstLines, FirstNumbers, RespelledRows, SharedNumbers};
use senders::SenderLoads;
use trace::Traces;
pub use waiting::Waiting;
use warnings::Suspicions;
pub use warnings::{Looks, Warning};

use super::definition::{Definition, SameNumberRule};
use super::figures::{Grouped, counted};
use crate::domain::account::facts::FileFacts;
use crate::domain::delivery::gate;
use crate::domain::delivery::gate::Fraction;
use crate::domain::delivery::state::State;
use crate::domain::delivery::tally::Tally;
use crate::domain::forecast::{Agenda, AgendaRow, EarlierContacts, Forecast, ForeseenSender, NumberBook};
use crate::domain::hours::schedule::Schedule;
use crate::domain::limits::{ContactLimits, HeldRows};
use crate::domain::row::binding::{Binding, Cells};
use crate::domain::row::recipient::{Recipient, Rejection};
use crate::domain::row::suppression::Suppressed;
use crate::domain::senders::InstancePace;
use crate::domain::table::detected_format::DetectedFormat;
use crate::domain::unix_millis::UnixMillis;
use crate::domain::warning::WarningCode;

/// Rejections, duplicates and the like that are told one by one.
pub const TOLD: usize = 20;
/// A contact's life where neither flow nor definition end it. Source: `ChatDurationInMinutes` in the API reference.
const LONGEST_LIFE: Duration = Duration::from_secs(25 * 3600);

/// Something that is observed while a file is read.
pub enum Observation<'a> {
    /// What the file was taken for. All of it is known at the end of the file.
    Format(DetectedFormat),
    /// A suppression list. All are observed before the first row.
    List(List),
    /// Something that was found out besides.
    Note(String),
    /// A row and what is planned for it.
    Row {
        /// What became of the row.
        row: &'a Result<Recipient, Rejection>,
        /// Its cells.
        cells: &'a dyn Cells,
        /// What is planned.
        fate: Fate,
    },
    /// A recipient that was observed as [`Fate::Candidate`] is chosen.
    Chosen(&'a Recipient),
    /// A line with the number of an earlier one, which is given where it is known, under another key.
    SharedNumber(u64, Option<u64>),
}

/// What a file came to: a fold over [`Observation`]s, in constant memory.
#[derive(Debug)]
pub struct Findings {
    binding: Binding,
    limits: Limits,
    contact_limits: ContactLimits,
    read_as: Option<DetectedFormat>,
    tally: Tally,
    rejected: BTreeMap<&'static str, u64>,
    rejections: Vec<Rejection>,
    suppressed: BTreeMap<Suppressed, u64>,
    lists: Vec<List>,
    /// Rows that are on them as a spreadsheet rewrites their keys.
    listed_rewritten: RewrittenListings,
    duplicates: Vec<Duplicate>,
    numbers: SharedNumbers,
    same_number: SameNumberRule,
    messages: Messages,
    senders: SenderLoads,
    traces: Traces,
    suspicions: Suspicions,
    /// When rows would be sent to, where that is asked for.
    agenda: Option<Agenda>,
    /// Whether what waits is to be looked at once more for that: something was found out after the rows were read.
    again: bool,
    notes: Vec<String>,
}

/// What the journal knows once the file is planned.
#[derive(Debug, Default)]
pub struct JournalFacts {
    /// The counts, with what was sent before.
    pub tally: Tally,
    /// Attempted rows of which the file now says something else.
    pub frozen: u64,
    /// Rows that failed, were corrected in the file, and are to be tried again.
    pub corrected: u64,
    /// Corrected rows, not requested yet, whose lines the file has as they were rejected: they stay.
    pub stay_corrected: u64,
    /// Rows of the file whose recipients were started before.
    pub already_started: u64,
    /// Rows of the file whose recipients were contacted before, while its cells said something else of them; and the first
    /// lines.
    pub changed: (u64, Vec<u64>),
    /// Rows of earlier files that wait no longer, because the file does not have them.
    pub withdrawn: u64,
    /// Corrected rows whose lines the file has uncorrected: how many waited, and how many were attempted.
    pub undone: (u64, u64),
    /// Rows that wait, with the number of another row under another key.
    pub shared_numbers: SharedNumbers,
    /// The first [`TOLD`] duplicates.
    pub duplicates: Vec<Duplicate>,
    /// Rows that wait, and whose numbers were contacted lately.
    pub held: HeldRows,
    /// Why rows are suppressed, where the file's own rows are not all of them: code, words, rows.
    pub suppressed: Option<Vec<(String, String, u64)>>,
    /// What waits, weighed in the journal; `None` where the file's own rows are exactly that.
    pub waiting: Option<Waiting>,
}

/// How a run was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Contacts to be started, at most.
    pub most: u64,
    /// Whether the simulator answers, which has no quota of active chats.
    pub simulated: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { most: u64::MAX, simulated: false }
    }
}

/// What is known before sending.
#[derive(Debug)]
pub struct Preflight {
    found: Findings,
    facts: JournalFacts,
    options: Options,
    /// When what is to be sent will be, and whether hours, a schedule or times of rows have a part in that.
    forecast: Option<(bool, Forecast)>,
    /// What is sent with the contacts that start, where the forecast has rows that do not.
    sent: Option<Messages>,
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
#[derive(Debug, Clone, PartialEq)]
struct Stall {
    /// How long a contact lives.
    life: Duration,
    /// Until then the pace is kept.
    after: Duration,
    /// Contacts per second from then on.
    then: f64,
    /// The user has said how long it is, and the run keeps within the quota.
    is_stated: bool,
    /// The id of the instance whose they are, where there are several.
    instance: Option<String>,
    /// Its quota of active chats.
    quota: u32,
}

impl Findings {
    /// Nothing observed yet.
    #[must_use]
    pub fn new(definition: &Definition, binding: &Binding) -> Self {
        Self {
            binding: binding.clone(),
            limits: Limits::of(definition),
            contact_limits: definition.limits.clone(),
            read_as: None,
            tally: Tally::default(),
            rejected: BTreeMap::new(),
            rejections: Vec::new(),
            suppressed: BTreeMap::new(),
            lists: Vec::new(),
            listed_rewritten: RewrittenListings::default(),
            duplicates: Vec::new(),
            numbers: SharedNumbers::default(),
            same_number: definition.recipients.same_number,
            messages: Messages::new(definition),
            senders: SenderLoads::new(definition),
            traces: Traces::new(binding.shape()),
            suspicions: Suspicions::new(binding),
            agenda: None,
            again: false,
            notes: Vec::new(),
        }
    }

    /// With a forecast of a run that begins at this moment, and that keeps hours and schedule or not.
    #[must_use]
    pub fn forecasting(mut self, definition: &Definition, from: UnixMillis, keeps_hours: bool) -> Self {
        let schedule = if keeps_hours { definition.schedule } else { Schedule::default() };
        let hours = definition.hours.clone().filter(|_| keeps_hours);
        let windows = keeps_hours && definition.row_schedule.any();
        let conditions = self.limits.conditions(from, schedule);
        let mut agenda = Agenda::new(hours, windows, definition.limits.clone(), conditions);
        if keeps_hours && definition.recipients.same_number == SameNumberRule::All {
            let life = self.limits.chat_duration.or(self.limits.contact_life).unwrap_or(LONGEST_LIFE);
            agenda = agenda.sharing(NumberBook::new(Some(life)));
        }
        self.agenda = Some(agenda.sent_by(definition.senders.iter().map(ForeseenSender::fresh).collect()));
        self
    }

    /// What the journal knows of the senders, those of the definition first. `stay`: some rows may have others than the file
    /// gives them.
    pub fn keep_senders(&mut self, senders: Vec<ForeseenSender>, stay: bool) {
        self.again |= stay;
        self.senders.know(&senders);
        if let Some(agenda) = &mut self.agenda {
            agenda.know(senders);
        }
    }

    /// What the journal knows of earlier contacts, once the file is planned.
    pub fn keep_limits(&mut self, earlier: EarlierContacts, numbers: NumberBook) {
        let Some(mut agenda) = self.agenda.take() else { return };
        if !numbers.is_empty() {
            if agenda.is_at_once() {
                // Rows were taken to wait for nothing but their turn.
                agenda = agenda.cleared();
                self.again = true;
            }
            agenda = agenda.sharing(numbers);
        }
        agenda.after(earlier);
        self.agenda = Some(agenda);
    }

    /// Takes note of what was observed.
    pub fn observe(&mut self, observation: Observation<'_>) {
        match observation {
            Observation::Format(read_as) => self.read_as = Some(read_as),
            Observation::List(list) => self.lists.push(list),
            Observation::Note(note) => self.notes.push(note),
            Observation::Row { row, cells, fate } => self.row(row, cells, fate),
            Observation::Chosen(recipient) => self.weigh(recipient),
            Observation::SharedNumber(line, of) => {
                self.numbers.add(line, of);
                if let (Some(agenda), Some(of)) = (&mut self.agenda, of) {
                    agenda.share(line, of);
                }
            }
        }
    }

    fn row(&mut self, row: &Result<Recipient, Rejection>, cells: &dyn Cells, fate: Fate) {
        self.tally[fate.state()] += 1;
        let recipient = match row {
            Ok(recipient) => recipient,
            Err(rejection) if rejection.is_left_out() => {
                *self.suppressed.entry(Suppressed::NotSelected).or_default() += 1;
                return;
            }
            Err(rejection) => {
                *self.rejected.entry(rejection.reason.code()).or_default() += 1;
                if self.rejections.len() < TOLD {
                    self.rejections.push(rejection.clone());
                }
                return;
            }
        };
        match fate {
            Fate::Rejected => {}
            Fate::Duplicate { of, differs } => {
                if self.duplicates.len() < TOLD {
                    self.duplicates.push(Duplicate { line: recipient.line, of, differs });
                }
            }
            Fate::Suppressed { why, lists, rewritten } => {
                if let Some(listing) = &rewritten {
                    self.listed_rewritten.add(recipient, listing);
                }
                *self.suppressed.entry(why).or_default() += 1;
                for at in lists {
                    if let Some(list) = self.lists.get_mut(at) {
                        list.rows += 1;
                    }
                }
            }
            Fate::Queued | Fate::Candidate => {
                self.suspicions.see(recipient, self.binding.message(recipient), cells);
                if fate == Fate::Queued {
                    self.weigh(recipient);
                }
            }
        }
    }

    fn weigh(&mut self, recipient: &Recipient) {
        self.messages.saved(u64::from(recipient.saved_segments));
        let said = (recipient.phone.as_str(), self.binding.message(recipient));
        self.messages.add(Some(recipient.line), recipient.region, said);
        self.senders.add(recipient.sender, said.1);
        self.traces.add(self.binding.shape(), recipient);
        if let Some(agenda) = &mut self.agenda {
            let budget = self.contact_limits.cost.as_ref();
            let cost = budget.map_or(0.0, |budget| budget.prices.contact(recipient.region, said.1));
            agenda.add(AgendaRow {
                line: Some(recipient.line),
                lane: recipient.lane.as_ref(),
                window: recipient.window,
                cost,
                sender: recipient.sender,
                message: said.1,
                region: recipient.region,
            });
        }
    }

    /// For what waits in the journal, with the prices and the encoding of the definition. The run starts `most` contacts.
    #[must_use]
    pub fn waiting(&self, most: Option<u64>) -> Waiting {
        let mut messages = self.messages.clone();
        messages.clear();
        let budget = self.contact_limits.cost.as_ref().map(|budget| budget.prices.clone());
        Waiting {
            messages,
            agenda: self.agenda.as_ref().map(|agenda| agenda.cleared().at_most(most)),
            budget,
        }
    }

    /// Whether the rows of the file that are to be sent to are the ones that wait in the journal.
    #[must_use]
    pub fn are_all_that_waits(&self, facts: &JournalFacts) -> bool {
        !self.again && facts.frozen == 0 && self.messages.recipients == facts.tally.unsettled()
    }

    /// Rows observed.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tally.rows()
    }

    /// The pace is another one than the definition's by itself, and so may be the rates of its senders and the paces of accounts
    /// and instances that these have of their own.
    pub fn keep_pace(&mut self, definition: &Definition, others: &[InstancePace]) {
        self.limits = Limits::of(definition);
        self.senders.know_paces(&definition.senders, others);
        if let Some(agenda) = &mut self.agenda {
            agenda.know_paces(&definition.senders, others);
        }
        let conditions = self.limits.conditions(UnixMillis::NEVER, Schedule::default());
        if let Some(repaced) = self.agenda.as_ref().and_then(|agenda| agenda.repaced(conditions)) {
            self.agenda = Some(repaced);
            self.again = true;
        }
    }

    /// Rows that cannot be sent to.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.tally[State::Rejected]
    }

    /// Why nothing is to be sent, where too much of what was read so far is rejected.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        refusal(&self.tally, self.limits.max_rejected)
    }
}

/// Of a sample, those that were requested before: the others of it are done with, as the journal's counts say.
#[must_use]
pub fn sampled_before(sample: u64, waiting: u64, journal: &Tally) -> Option<String> {
    let settled = [State::Started, State::Failed, State::Uncertain].map(|state| journal[state]);
    let eligible = journal.unsettled() + settled.iter().sum::<u64>();
    let before = sample.min(eligible).saturating_sub(waiting);
    let were = if before == 1 { "was" } else { "were" };
    (before > 0).then(|| format!("of the sample of {sample}, {before} {were} requested before"))
}

/// Rows that have no turn, for whatever reason.
fn without_turn(forecast: &Forecast) -> u64 {
    [&forecast.expired, &forecast.never, &forecast.left, &forecast.left_out]
        .map(|named| named.rows)
        .iter()
        .sum()
}

fn refusal(tally: &Tally, most: Fraction) -> Option<String> {
    let rejected = tally[State::Rejected];
    gate::too_many_rejected(rejected, tally.rows(), most).then(|| {
        format!(
            "{} of {} are rejected, more than max_rejected = {}% allows",
            Grouped(rejected),
            counted(tally.rows(), "row", "rows"),
            most.percent()
        )
    })
}

impl Preflight {
    /// What the findings come to. Without a journal, the file is all there is.
    #[must_use]
    pub fn new(mut found: Findings, facts: Option<JournalFacts>, options: Options) -> Self {
        let mut facts =
            facts.unwrap_or_else(|| JournalFacts { tally: found.tally, ..JournalFacts::default() });
        if let Some(Waiting { messages, agenda, .. }) = facts.waiting.take() {
            (found.messages, found.agenda) = (messages, agenda);
        }
        let mut sent = None;
        let forecast = found.agenda.take().map(|agenda| {
            let waits = agenda.waits();
            let (forecast, started) = agenda.forecast_with_messages();
            found.senders.follow(&forecast.by_sender);
            sent = (without_turn(&forecast) > 0).then(|| found.messages.of_started(&started));
            (waits, forecast)
        });
        if facts.shared_numbers.rows > 0 || facts.shared_numbers.respelled.is_some() {
            found.numbers = std::mem::take(&mut facts.shared_numbers);
        }
        found.duplicates.append(&mut facts.duplicates);
        Self { found, facts, options, forecast, sent }
    }

    /// Contacts that are to be started, whether their rows have a turn or not.
    #[must_use]
    pub fn to_send(&self) -> u64 {
        self.facts.tally.unsettled().min(self.options.most)
    }

    /// Contacts that start, as the forecast has it: without rows that expire before their turn or never have one.
    fn will_start(&self) -> u64 {
        let without = self.forecast().map_or(0, without_turn);
        self.facts.tally.unsettled().saturating_sub(without).min(self.options.most)
    }

    /// What is sent with them.
    fn sent(&self) -> &Messages {
        self.sent.as_ref().unwrap_or(&self.found.messages)
    }

    /// Rows that cannot be sent to.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.facts.tally[State::Rejected]
    }

    /// What the file comes to for the account that sends it, without the recipients' numbers.
    #[must_use]
    pub fn file_facts(&self) -> FileFacts {
        let messages = self.sent();
        let countries = messages.by_country().into_iter();
        let countries =
            countries.filter_map(|(region, country)| Some((region?.to_string(), country.recipients)));
        FileFacts {
            contacts: self.will_start(),
            countries: countries.collect(),
            numbers: BTreeSet::new(),
            cost: messages.is_priced().then_some(messages.cost),
            longest: messages.most,
        }
    }

    /// The contacts that start, in words.
    #[must_use]
    pub fn contacts(&self) -> String {
        counted(self.will_start(), "contact", "contacts")
    }

    /// ` (of 3,500; 120 expire before their turn)`; empty where all that are to be started will be.
    fn of_all(&self) -> String {
        let to_send = self.to_send();
        let Some(forecast) = self.forecast().filter(|_| self.will_start() < to_send) else {
            return String::new();
        };
        let kinds = [
            (&forecast.expired, "expires before its turn", "expire before their turn"),
            (&forecast.never, "waits for hours that do not open", "wait for hours that do not open"),
            (&forecast.left, "is left by a limit", "are left by a limit"),
            (&forecast.left_out, "is left out by a limit", "are left out by a limit"),
        ];
        let told = kinds.iter().filter(|(named, ..)| named.rows > 0);
        let told: Vec<String> = told.map(|(named, one, many)| counted(named.rows, one, many)).collect();
        format!(" (of {}; {})", Grouped(to_send), told.join(", "))
    }

    /// Why nothing is to be sent, where too much of the file is rejected.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        refusal(&self.facts.tally, self.found.limits.max_rejected)
    }

    /// What only looks right, the worst first.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = self.found.suspicions.warnings();
        warnings.extend(self.found.listed_rewritten.warning());
        warnings.extend(Warning::changed_after_contact(&self.facts.changed));
        warnings.extend(self.found.numbers.respelled.as_ref().map(Warning::respelled));
        let told = self.forecast().filter(|_| !self.options.simulated);
        warnings.extend(told.and_then(|forecast| Warning::night(&forecast.night)));
        warnings.extend(told.and_then(|forecast| Warning::expired(&forecast.expired)));
        warnings.extend(told.and_then(|forecast| Warning::never_open(&forecast.never)));
        warnings
    }

    /// Rows of the file whose recipients were started before.
    #[must_use]
    pub fn already_started(&self) -> u64 {
        self.facts.already_started
    }

    /// When what is to be sent will be; `None` where that was not asked for.
    #[must_use]
    pub fn forecast(&self) -> Option<&Forecast> {
        self.forecast.as_ref().map(|(_, forecast)| forecast)
    }

    /// The kinds of warnings that hold up a run, without those that are accepted.
    #[must_use]
    pub fn unaccepted(&self, accepted: &[WarningCode]) -> Vec<WarningCode> {
        let mut codes: Vec<WarningCode> = self
            .warnings()
            .iter()
            .map(|warning| warning.code)
            .filter(|code| code.holds_up() && !accepted.contains(code))
            .collect();
        codes.dedup();
        codes
    }

    /// Why nothing is to be sent, where the definition wants one row a number and the file has several.
    #[must_use]
    pub fn same_number_refusal(&self) -> Option<String> {
        let (line, of) = self.found.numbers.lines.first()?;
        let has = of.map_or_else(String::new, |of| format!(" (line {of} has it)"));
        (self.found.same_number == SameNumberRule::Refuse).then(|| {
            format!(
                "{} a number that an earlier row of the file has under another key, first line {line}{has}",
                counted(self.found.numbers.rows, "row has", "rows have")
            )
        })
    }

    /// How long sending takes at this pace, and by its slowest sender.
    fn duration(&self) -> Duration {
        let accounts = self.account_loads().iter().map(AccountLoad::time).max().unwrap_or_default();
        accounts.max(self.found.senders.time())
    }
}

#[cfg(test)]
mod tests;
