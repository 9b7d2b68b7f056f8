//! One pass over the rows of a campaign: everything that the page counts, in constant memory.

use std::collections::{BTreeMap, HashMap};

use super::timeline::Timeline;
use crate::domain::delivery::state::State;
use crate::domain::delivery::tally::Tally;
use crate::domain::message::segments::Segments;
use crate::domain::phone::country::{Countries, Country};
use crate::domain::phone::{self, Region};
use crate::domain::prices::Prices;
use crate::journal::{Record, RowOutcome};

/// The most reasons, and the most sources, that are counted separately: a journal can hold any number of them.
const MOST_KINDS: usize = 200;
/// Rows of a state that are listed where numbers are asked for, at most.
pub(super) const MOST_LISTED: usize = 200;
/// The name under which all further kinds are counted.
pub(super) const OTHERS: &str = "others";
/// Attempts for a row: 1, 2, 3, 4, 5 to 9, 10 and more.
pub(super) const ATTEMPTS: [(u32, &str); 6] =
    [(1, "1"), (2, "2"), (3, "3"), (4, "4"), (5, "5 to 9"), (10, "10 and more")];

/// A row that is listed by name: personal data, only on request.
#[derive(Debug, serde::Serialize)]
pub(super) struct ListedRow {
    pub(super) line: Option<u64>,
    pub(super) key: String,
    pub(super) number: String,
    pub(super) code: String,
    pub(super) reason: String,
}

/// The totals of the rows.
#[derive(Debug)]
pub(super) struct Fold {
    pub(super) tally: Tally,
    /// By state, then by code; the rows without a code are the rest of the state's.
    pub(super) reasons: Vec<HashMap<String, u64>>,
    pub(super) sources: HashMap<String, Tally>,
    pub(super) countries: BTreeMap<Option<Country>, Tally>,
    pub(super) attempts: [u64; ATTEMPTS.len()],
    /// The chart in two resolutions: for wide and for narrow screens.
    pub(super) timelines: [Timeline; 2],
    pub(super) listed: Option<BTreeMap<u8, Vec<ListedRow>>>,
    pub(super) messages: StartedMessages,
    prices: Option<Prices>,
    known: Countries,
}

/// The totals of the messages of started contacts.
#[derive(Debug, Default)]
pub(super) struct StartedMessages {
    pub(super) count: u64,
    pub(super) segments: u64,
    pub(super) cost: f64,
    /// Messages to countries without a price.
    pub(super) unpriced: u64,
}

impl Fold {
    /// Nothing yet. `with_numbers` asks for rows by name.
    pub(super) fn new(timelines: [Timeline; 2], with_numbers: bool, prices: Option<Prices>) -> Self {
        Self {
            tally: Tally::default(),
            reasons: vec![HashMap::new(); State::ALL.len()],
            sources: HashMap::new(),
            countries: BTreeMap::new(),
            attempts: [0; ATTEMPTS.len()],
            timelines,
            listed: with_numbers.then(BTreeMap::new),
            messages: StartedMessages::default(),
            prices,
            known: Countries::default(),
        }
    }

    /// Takes note of one row.
    pub(super) fn see(&mut self, row: &RowOutcome<'_>) {
        self.tally[row.state] += 1;
        if let Some(code) = row.code {
            count(&mut self.reasons[usize::from(row.state.code())], code, |rows: &mut u64| *rows += 1);
        }
        count(&mut self.sources, row.source.unwrap_or(""), |tally: &mut Tally| tally[row.state] += 1);
        let country = row.destination.and_then(|number| self.known.of(number));
        self.countries.entry(country).or_default()[row.state] += 1;
        if let (State::Started, Some(message)) = (row.state, row.message) {
            self.weigh(message, country);
        }
        if row.attempts > 0 {
            let class = ATTEMPTS.iter().rposition(|(least, _)| row.attempts >= *least).unwrap_or(0);
            self.attempts[class] += 1;
        }
        if let (State::Started | State::Failed, Some(at)) = (row.state, row.settled_at) {
            for timeline in &mut self.timelines {
                timeline.settled(row.state, at);
            }
        }
        self.list(row);
    }

    fn weigh(&mut self, message: &str, country: Option<Country>) {
        let segments = Segments::of(message).count as u64;
        let region = country.and_then(|country| Region::parse(country.code()));
        let messages = &mut self.messages;
        messages.count += 1;
        messages.segments += segments;
        match self.prices.as_ref().map(|prices| prices.segment(region)) {
            Some(Some(price)) => messages.cost += price * segments as f64,
            Some(None) => messages.unpriced += 1,
            None => {}
        }
    }

    /// What a rejected row that is listed has for a number, as the file has it: the cell at fault, where the number is, else
    /// the first cell that is one.
    pub(super) fn number_of_rejected(&mut self, record: &Record<'_>, headers: &[(i64, Vec<String>)]) {
        let Some(rows) = self.listed.as_mut().and_then(|listed| listed.get_mut(&State::Rejected.code()))
        else {
            return;
        };
        let Some(row) = rows.iter_mut().find(|row| row.line.is_some() && row.line == record.line) else {
            return;
        };
        let names = headers.iter().find(|(id, _)| *id == record.header).map_or(&[][..], |(_, names)| names);
        let reason = record.reason.unwrap_or_default();
        let is_at_fault =
            |name: &String| reason.strip_prefix(name.as_str()).is_some_and(|behind| behind.starts_with(": "));
        let cell = if record.code.is_some_and(|code| code.starts_with("phone-")) {
            names.iter().position(is_at_fault).and_then(|at| record.cells.get(at))
        } else {
            record.cells.iter().find(|cell| phone::parse(cell, None).is_ok())
        };
        row.number = cell.unwrap_or_default().chars().take(60).collect();
    }

    fn list(&mut self, row: &RowOutcome<'_>) {
        let Some(listed) = &mut self.listed else { return };
        if !matches!(row.state, State::Uncertain | State::Failed | State::Rejected) {
            return;
        }
        let rows = listed.entry(row.state.code()).or_default();
        if rows.len() < MOST_LISTED {
            let text = |text: Option<&str>| text.unwrap_or_default().chars().take(300).collect();
            rows.push(ListedRow {
                line: row.line,
                key: text(row.key),
                number: text(row.destination),
                code: text(row.code),
                reason: text(row.reason),
            });
        }
    }
}

/// Counts under a name, without a copy of it where it is known.
fn count<T: Default>(counts: &mut HashMap<String, T>, name: &str, add: impl FnOnce(&mut T)) {
    if let Some(known) = counts.get_mut(name) {
        return add(known);
    }
    let name = if counts.len() < MOST_KINDS { name } else { OTHERS };
    add(counts.entry(name.to_owned()).or_default());
}
