//! The pre-flight: what a recipients file and a definition come to, before anything is sent. A fold over the rows.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::binding::Binding;
use super::definition::{Cost, Definition, Rate};
use super::figures::{Grouped, PerSecond, Span, counted};
use super::gate::{self, Share};
use super::phone::{self, E164};
use super::read_as::ReadAs;
use super::recipient::{Recipient, Rejection};
use super::segments::{Encoding, Segments};
use super::state::State;
use super::tally::Tally;

/// Rejections that are told one by one.
const TOLD: usize = 20;
/// Messages that are shown in full.
const SHOWN: usize = 3;
/// A contact's life where neither flow nor definition end it. Source: `ChatDurationInMinutes` in the API reference.
const LONGEST_LIFE: Duration = Duration::from_secs(25 * 3600);

/// What is known before sending.
#[derive(Debug, Clone)]
pub struct Preflight {
    pace: (f64, u32),
    active_contacts: u32,
    contact_life: Option<Duration>,
    chat_duration: Option<Duration>,
    max_rejected: Share,
    cost: Option<Cost>,
    sms: bool,
    limit: u64,
    tally: Tally,
    messages: Messages,
    rejected: BTreeMap<&'static str, u64>,
    told: Vec<String>,
    /// Lines with the key of an earlier one: the first of them.
    duplicates: Vec<u64>,
    shown: Vec<String>,
    read_as: Option<ReadAs>,
}

/// What the messages come to.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Messages {
    count: u64,
    segments: u64,
    least: u64,
    most: u64,
    ucs2: u64,
    cost: f64,
    /// Messages to countries that the definition has no price for.
    unpriced: u64,
}

impl Preflight {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(definition: &Definition) -> Self {
        let rate = match definition.pace.rate {
            Rate::PerSecond(rate) => rate.get(),
            Rate::Auto => 2.0,
        };
        Self {
            pace: (rate, definition.pace.burst.get()),
            active_contacts: definition.pace.max_active_contacts,
            contact_life: definition.pace.contact_life,
            chat_duration: definition
                .request
                .chat_duration_minutes
                .map(|minutes| Duration::from_secs(u64::from(minutes) * 60)),
            max_rejected: Share::from_percent(definition.safety.max_rejected * 100.0)
                .expect("a resolved definition has shares between 0 and 1"),
            cost: definition.cost.clone(),
            sms: definition.channel == super::content::Channel::Sms,
            limit: u64::MAX,
            tally: Tally::default(),
            messages: Messages::default(),
            rejected: BTreeMap::new(),
            told: Vec::new(),
            duplicates: Vec::new(),
            shown: Vec::new(),
            read_as: None,
        }
    }

    /// Takes note of a row that is planned in this state.
    pub fn see(&mut self, binding: &Binding, row: &Result<Recipient, Rejection>, state: State) {
        self.tally[state] += 1;
        match row {
            Err(rejection) => {
                *self.rejected.entry(rejection.reason.code()).or_default() += 1;
                if self.told.len() < TOLD {
                    self.told.push(rejection.to_string());
                }
            }
            Ok(recipient) if state == State::Queued => {
                if let Some(message) = binding.message(recipient).filter(|_| self.sms) {
                    self.message(recipient, message);
                }
            }
            Ok(recipient) if state == State::Duplicate && self.duplicates.len() < TOLD => {
                self.duplicates.push(recipient.line);
            }
            Ok(_) => {}
        }
    }

    /// What the file was taken for.
    pub fn read_as(&mut self, read_as: ReadAs) {
        self.read_as = Some(read_as);
    }

    fn message(&mut self, recipient: &Recipient, message: &str) {
        let segments = Segments::of(message);
        let messages = &mut self.messages;
        let count = segments.count as u64;
        messages.least = if messages.count == 0 { count } else { messages.least.min(count) };
        messages.most = messages.most.max(count);
        messages.count += 1;
        messages.segments += count;
        messages.ucs2 += u64::from(segments.encoding == Encoding::Ucs2);
        match price(self.cost.as_ref(), &recipient.phone) {
            Some(price) => messages.cost += price * count as f64,
            None => messages.unpriced += 1,
        }
        if self.shown.len() < SHOWN {
            self.shown.push(format!("line {}: {message}", recipient.line));
        }
    }

    /// The counts as the journal has them, with what was sent before.
    pub fn tally(&mut self, tally: Tally) {
        self.tally = tally;
    }

    /// At most so many contacts are to be started.
    pub fn limit(&mut self, most: u64) {
        self.limit = most;
    }

    /// Contacts that are to be started.
    #[must_use]
    pub fn to_send(&self) -> u64 {
        self.tally.unsettled().min(self.limit)
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

    /// The same in words.
    #[must_use]
    pub fn contacts(&self) -> String {
        counted(self.to_send(), "contact", "contacts")
    }

    /// Why nothing is to be sent, where too much of the file is rejected.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        let rejected = self.tally[State::Rejected];
        gate::too_many_rejected(rejected, self.tally.rows(), self.max_rejected).then(|| {
            format!(
                "{} of {} are rejected, more than max_rejected = {}% allows",
                Grouped(rejected),
                counted(self.tally.rows(), "row", "rows"),
                self.max_rejected.percent()
            )
        })
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = write!(text, "{}, {} to start", counted(self.tally.rows(), "row", "rows"), self.contacts());
        for (state, rows) in self.tally.iter().filter(|(_, rows)| *rows > 0) {
            let _ = write!(text, "\n  {:<11} {}", state.name(), Grouped(rows));
        }
        if let Some(read_as) = &self.read_as {
            let _ = write!(text, "\nfile: {read_as}");
        }
        self.write_duplicates(&mut text);
        self.write_rejections(&mut text);
        self.write_messages(&mut text);
        self.write_duration(&mut text);
        text
    }

    fn write_duplicates(&self, text: &mut String) {
        if self.duplicates.is_empty() {
            return;
        }
        let lines: Vec<String> = self.duplicates.iter().map(u64::to_string).collect();
        let more = self.tally[State::Duplicate] > self.duplicates.len() as u64;
        let (word, more) = (if lines.len() > 1 { "lines" } else { "line" }, if more { " …" } else { "" });
        let _ =
            write!(text, "\nduplicate, with the key of an earlier line: {word} {}{more}", lines.join(", "));
    }

    fn write_rejections(&self, text: &mut String) {
        if self.rejected.is_empty() {
            return;
        }
        text.push_str("\nrejected:");
        for told in &self.told {
            let _ = write!(text, "\n  {told}");
        }
        let all: u64 = self.rejected.values().sum();
        if all > self.told.len() as u64 {
            let reasons: Vec<String> =
                self.rejected.iter().map(|(code, rows)| format!("{} {code}", Grouped(*rows))).collect();
            let _ = write!(text, "\n  … and more: {}", reasons.join(", "));
        }
    }

    fn write_messages(&self, text: &mut String) {
        let messages = &self.messages;
        if messages.count == 0 {
            return;
        }
        let mean = messages.segments as f64 / messages.count as f64;
        let _ = write!(
            text,
            "\nmessages: {} of {} to {} segments (mean {mean:.2}), {} in all",
            Grouped(messages.count),
            messages.least,
            messages.most,
            counted(messages.segments, "segment", "segments")
        );
        if messages.ucs2 > 0 {
            let _ = write!(text, "; {} need UCS-2, 70 characters a segment", Grouped(messages.ucs2));
        }
        if self.cost.is_some() {
            let _ = write!(text, "\ncost: {:.2}", messages.cost);
            if messages.unpriced > 0 {
                let _ =
                    write!(text, ", without {} to countries that have no price", Grouped(messages.unpriced));
            }
        }
        for shown in &self.shown {
            let _ = write!(text, "\n  {shown}");
        }
    }

    /// How long sending takes at this pace, if nothing else holds it back.
    fn duration(&self) -> Duration {
        let (rate, burst) = self.pace;
        Duration::from_secs_f64(self.to_send().saturating_sub(u64::from(burst)) as f64 / rate)
    }

    fn write_duration(&self, text: &mut String) {
        let (rate, _) = self.pace;
        let _ = write!(text, "\nduration: {} at {}", Span(self.duration()), PerSecond(rate));
        let life = self.contact_life.or(self.chat_duration).unwrap_or(LONGEST_LIFE);
        // Contacts alive at once: as many as start within a life.
        let alive = (rate * life.as_secs_f64()).min(self.to_send() as f64);
        if alive > f64::from(self.active_contacts) {
            let stalls = Duration::from_secs_f64(f64::from(self.active_contacts) / rate);
            let then = f64::from(self.active_contacts) / life.as_secs_f64();
            let _ = write!(
                text,
                "\nwarning: if the flow does not disconnect, a contact lives {}, and the {} active chats that the \
                 instance allows are used up after {}; from then on {} can start.\n  Disconnect in the flow, set a \
                 shorter chat_duration_minutes, or ask for more of quota L-D4BA6F6E. If the flow does disconnect, say \
                 after how long with contact_life in [pace].",
                Span(life),
                self.active_contacts,
                Span(stalls),
                PerSecond(then)
            );
        }
    }
}

/// The price of a segment to this number; `None` where the definition has none.
fn price(cost: Option<&Cost>, phone: &E164) -> Option<f64> {
    match cost? {
        Cost::Flat(price) => Some(*price),
        Cost::ByCountry(prices) => {
            let region = phone::parse(phone.as_str(), None).ok()?.region?;
            prices.get(&region.to_string()).copied()
        }
    }
}

/// For scripts: the counts, then what was found.
impl Serialize for Preflight {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("rows", &self.tally.rows())?;
        for (state, rows) in self.tally.iter() {
            map.serialize_entry(state.name(), &rows)?;
        }
        map.serialize_entry("rejections", &self.rejected)?;
        map.serialize_entry("rejected_lines", &self.told)?;
        map.serialize_entry("duplicate_lines", &self.duplicates)?;
        map.serialize_entry("read_as", &self.read_as)?;
        map.serialize_entry("messages", &self.messages.count)?;
        map.serialize_entry("segments", &self.messages.segments)?;
        map.serialize_entry("ucs2_messages", &self.messages.ucs2)?;
        map.serialize_entry("cost", &self.cost.as_ref().map(|_| self.messages.cost))?;
        map.serialize_entry("duration_s", &self.duration().as_secs())?;
        map.end()
    }
}
