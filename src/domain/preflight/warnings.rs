//! What only looks right: texts that would go out and that a person who saw them would have stopped.
//!
//! A fold over the rows that are to be sent to, in constant memory. Each kind has a code; those that would send a wrong text
//! hold up a run that nobody looks at, unless the code is accepted.

mod mojibake;
mod objects;
mod quoted_cells;
mod twice_encoded;

use std::collections::BTreeMap;

use serde::Serialize;

use quoted_cells::{QuotedColumn, is_row_quoted};

use super::TOLD;
use super::repeats::RespelledRows;
use crate::domain::figures::{Grouped, counted};
use crate::domain::forecast::NamedRows;
use crate::domain::foreign::shown;
use crate::domain::message::foreign;
use crate::domain::message::limits::Member;
use crate::domain::phone::PhoneDoubt;
use crate::domain::row::binding::{Binding, Cells};
use crate::domain::row::recipient::{Recipient, RejectionReason};
use crate::domain::table::header::fold;
use crate::domain::table::nothing_words::means_nothing;
use crate::domain::table::quote_marks::is_quoted;
use crate::domain::warning::WarningCode;

/// Marks, words and the like that are told apart; more of a kind are counted as one.
const KINDS: usize = 24;
/// Lines that are named of the longest and of the shortest texts.
const EXTREMES: usize = 3;
/// Fewest texts of which one can be far from the others, or all can be alike by mistake.
const FEWEST: u64 = 10;
/// Lengths that are told apart; longer texts count as this long.
const LONGEST: usize = 2_048;

/// What looks wrong, with the rows that have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The kind.
    #[serde(serialize_with = "as_name")]
    pub code: WarningCode,
    /// How many rows have it.
    pub rows: u64,
    /// The lines of the first of them.
    pub lines: Vec<u64>,
    /// What it is, in words.
    pub summary: String,
}

impl Warning {
    /// The file says something else of so many contacted recipients, the first of them in these lines.
    pub(super) fn changed_after_contact((rows, lines): &(u64, Vec<u64>)) -> Option<Self> {
        let were = if *rows == 1 { "1 row was" } else { &format!("{} rows were", Grouped(*rows)) };
        let summary = format!(
            "{were} contacted before, and the file now says something else of {}: no message with that will come, for this \
             campaign contacts each recipient once",
            if *rows == 1 { "it" } else { "them" }
        );
        let code = WarningCode::ChangedAfterContact;
        (*rows > 0).then(|| Self { code, rows: *rows, lines: lines.clone(), summary })
    }

    /// Recipients who would be contacted a second time, as their keys were spelled otherwise before.
    pub(super) fn respelled(respelled: &RespelledRows) -> Self {
        let summary = format!(
            "{} a key that a spreadsheet made of one that this campaign contacted, and would be a second message",
            counted(respelled.rows, "row has", "rows have"),
        );
        let code = WarningCode::RewrittenKey;
        Self { code, rows: respelled.rows, lines: respelled.lines.clone(), summary }
    }

    /// Contacts that would start at night where their recipients are, because nothing keeps hours.
    pub(super) fn night(night: &NamedRows) -> Option<Self> {
        let summary = format!(
            "{} between 21:00 and 8:00 where the recipient is; [hours] in the definition keeps to the day",
            counted(night.rows, "contact would start", "contacts would start")
        );
        (night.rows > 0).then(|| Self {
            code: WarningCode::Night,
            rows: night.rows,
            lines: night.lines.clone(),
            summary,
        })
    }

    /// Rows that would not be sent to, because their time, or the campaign's, is over before their turn.
    pub(super) fn expired(expired: &NamedRows) -> Option<Self> {
        let rows = counted(expired.rows, "row expires before its turn", "rows expire before their turn");
        Self::without_turn(WarningCode::Expires, expired, rows)
    }

    /// Rows that would wait for ever.
    pub(super) fn never_open(never: &NamedRows) -> Option<Self> {
        let rows = counted(never.rows, "row waits for hours", "rows wait for hours");
        Self::without_turn(WarningCode::NeverOpen, never, format!("{rows} that do not open within a year"))
    }

    fn without_turn(code: WarningCode, named: &NamedRows, summary: String) -> Option<Self> {
        (named.rows > 0).then(|| Self { code, rows: named.rows, lines: named.lines.clone(), summary })
    }
}

fn as_name<S: serde::Serializer>(code: &WarningCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(code.name())
}

/// Rows that have something, and the first lines of them.
#[derive(Debug, Clone, Default)]
struct SuspectRows {
    rows: u64,
    lines: Vec<u64>,
}

impl SuspectRows {
    fn add(&mut self, line: u64) {
        if self.lines.last() == Some(&line) {
            return;
        }
        self.rows += 1;
        if self.lines.len() < TOLD {
            self.lines.push(line);
        }
    }

    fn warning(&self, code: WarningCode, summary: String) -> Warning {
        Warning { code, rows: self.rows, lines: self.lines.clone(), summary }
    }
}

/// Rows by what they have; what there is no room for is under the empty text.
#[derive(Debug, Clone, Default)]
struct ByKind(BTreeMap<String, SuspectRows>);

impl ByKind {
    fn add(&mut self, kind: &str, line: u64) {
        let full = self.0.len() >= KINDS && !self.0.contains_key(kind);
        let kind = if full { "" } else { kind };
        match self.0.get_mut(kind) {
            Some(rows) => rows.add(line),
            None => self.0.entry(kind.to_owned()).or_default().add(line),
        }
    }
}

/// A text of the request, as far as it was the same in all rows.
#[derive(Debug, Clone)]
struct SlotTexts {
    member: String,
    columns: Vec<usize>,
    first: Option<String>,
    cells: Vec<String>,
    texts_differ: bool,
    cells_differ: bool,
    rows: u64,
}

/// The fold.
#[derive(Debug, Clone)]
pub(super) struct Suspicions {
    names: Vec<String>,
    /// The columns that texts are made of.
    used: Vec<(usize, String)>,
    known: foreign::Names,
    /// Marks of the definition's own texts.
    marks: Vec<String>,
    /// What is wrong with the definition's own texts: HTML, escapes, text that was encoded twice.
    own: Vec<String>,
    slots: Vec<SlotTexts>,
    foreign: ByKind,
    nothing: BTreeMap<usize, ByKind>,
    twice: ByKind,
    /// For each of `used`.
    quoted: Vec<QuotedColumn>,
    total: SuspectRows,
    added_plus: SuspectRows,
    toll_free: SuspectRows,
    /// Messages by length.
    lengths: Vec<u64>,
    messages: u64,
    longest: Vec<(usize, u64)>,
    shortest: Vec<(usize, u64)>,
}

impl Suspicions {
    pub(super) fn new(binding: &Binding) -> Self {
        let names = binding.header().names();
        let slots: Vec<SlotTexts> = binding
            .slots()
            .map(|(member, columns)| SlotTexts {
                member: member.to_string(),
                columns: columns.to_vec(),
                first: None,
                cells: Vec::new(),
                texts_differ: false,
                cells_differ: false,
                rows: 0,
            })
            .collect();
        let is_used = |at: &usize| slots.iter().any(|slot| slot.columns.contains(at));
        let used = (0..names.len()).filter(is_used).map(|at| (at, names[at].clone())).collect::<Vec<_>>();
        Self {
            names: names.to_vec(),
            quoted: vec![QuotedColumn::default(); used.len()],
            used,
            known: foreign::Names::new(names),
            marks: binding.foreign().iter().map(|(_, mark)| mark.clone()).collect(),
            own: own_damage(binding),
            slots,
            foreign: ByKind::default(),
            nothing: BTreeMap::new(),
            twice: ByKind::default(),
            total: SuspectRows::default(),
            added_plus: SuspectRows::default(),
            toll_free: SuspectRows::default(),
            lengths: vec![0; LONGEST + 1],
            messages: 0,
            longest: Vec::new(),
            shortest: Vec::new(),
        }
    }

    /// Takes note of a row that is to be sent to.
    pub(super) fn see<C: Cells + ?Sized>(&mut self, recipient: &Recipient, message: Option<&str>, cells: &C) {
        let line = recipient.line;
        let row_is_quoted = is_row_quoted(cells);
        for ((at, name), quoted) in self.used.iter().zip(&mut self.quoted) {
            let cell = cells.cell(*at);
            quoted.see(cell, row_is_quoted, line);
            if means_nothing(cell) {
                self.nothing.entry(*at).or_default().add(cell.trim(), line);
            }
            if let Some(damage) = twice_encoded::find_in_cell(cell) {
                self.twice.add(&format!("{name} has {damage}"), line);
            }
        }
        let in_slots = |message: &str| recipient.slots.iter().any(|slot| slot == message);
        let apart = message.filter(|message| !in_slots(message));
        for mark in &self.marks {
            self.foreign.add(mark, line);
        }
        for damage in &self.own {
            self.twice.add(damage, line);
        }
        for text in recipient.slots.iter().map(String::as_str).chain(apart) {
            for mark in foreign::find(text, &self.known) {
                self.foreign.add(mark, line);
            }
        }
        if (0..cells.count().min(self.names.len())).any(|at| is_total(cells.cell(at))) {
            self.total.add(line);
        }
        match recipient.doubt {
            Some(PhoneDoubt::AddedPlus) => self.added_plus.add(line),
            Some(PhoneDoubt::TollFree) => self.toll_free.add(line),
            None => {}
        }
        for (slot, text) in self.slots.iter_mut().zip(&recipient.slots) {
            slot.see(text, cells);
        }
        if let Some(message) = message {
            self.length(message.chars().count(), line);
        }
    }

    fn length(&mut self, length: usize, line: u64) {
        self.messages += 1;
        self.lengths[length.min(LONGEST)] += 1;
        keep(&mut self.longest, (length, line), |a, b| a > b);
        keep(&mut self.shortest, (length, line), |a, b| a < b);
    }

    /// What was found, the worst first.
    pub(super) fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for (mark, rows) in &self.foreign.0 {
            let mark = if mark.is_empty() {
                "more placeholders of other programs".to_owned()
            } else {
                format!("{mark:?}")
            };
            let summary = format!("{} {mark}, which nothing replaces", texts_have(rows.rows));
            warnings.push(rows.warning(WarningCode::ForeignPlaceholder, summary));
        }
        for (at, words) in &self.nothing {
            let name = &self.names[*at];
            for (word, rows) in &words.0 {
                let word =
                    if word.is_empty() { "other words for nothing".to_owned() } else { format!("{word:?}") };
                let summary = format!("{name} is {word} in {}", counted(rows.rows, "row", "rows"));
                warnings.push(rows.warning(WarningCode::NothingWords, summary));
            }
        }
        for (what, rows) in &self.twice.0 {
            let what = if what.is_empty() { "cells have more text that was encoded twice" } else { what };
            let summary = format!("{what} in {}", counted(rows.rows, "row", "rows"));
            warnings.push(rows.warning(WarningCode::TwiceEncoded, summary));
        }
        for ((_, name), quoted) in self.used.iter().zip(&self.quoted) {
            if let Some((rows, first)) = quoted.wrong() {
                let cells = counted(rows.rows, "row", "rows");
                let summary =
                    format!("{name} is in quotes ({}), which the text would have, in {cells}", shown(first));
                warnings.push(rows.warning(WarningCode::TwiceEncoded, summary));
            }
        }
        if self.total.rows > 0 {
            let summary = format!("{} like a total and not like a person", looks(self.total.rows));
            warnings.push(self.total.warning(WarningCode::TotalRow, summary));
        }
        for (rows, code, what) in [
            (
                &self.added_plus,
                WarningCode::AddedPlus,
                "of another country with the + in front, and of the default region without it",
            ),
            (
                &self.toll_free,
                WarningCode::TollFree,
                "free for the caller: hardly anybody reads messages there",
            ),
        ] {
            if rows.rows > 0 {
                let numbers = match rows.rows {
                    1 => "1 number is".to_owned(),
                    several => format!("{} numbers are", Grouped(several)),
                };
                warnings.push(rows.warning(code, format!("{numbers} {what}")));
            }
        }
        warnings.extend(self.slots.iter().filter_map(SlotTexts::warning));
        warnings.extend(self.far_lengths());
        warnings
    }

    /// Texts that are far from the one in the middle.
    fn far_lengths(&self) -> Option<Warning> {
        if self.messages < FEWEST {
            return None;
        }
        let mut below = 0;
        let middle = self.lengths.iter().position(|count| {
            below += count;
            below * 2 >= self.messages
        })?;
        let far = |length: usize| length >= middle * 2 + 60 || (length * 3 <= middle && middle >= 30);
        let rows =
            self.lengths.iter().enumerate().filter(|(length, _)| far(*length)).map(|(_, rows)| rows).sum();
        if rows == 0 {
            return None;
        }
        let extremes = self.longest.iter().chain(&self.shortest);
        let told: Vec<(usize, u64)> =
            extremes.copied().filter(|(length, _)| far(length.to_owned().min(LONGEST))).collect();
        let mut lines: Vec<u64> = told.iter().map(|(_, line)| *line).collect();
        lines.sort_unstable();
        lines.dedup();
        let (least, most) = (self.shortest.first()?.0, self.longest.first()?.0);
        let summary = format!(
            "{} far longer or shorter than the others: half have at most {middle} characters, the shortest has {least}, the longest {}",
            if rows == 1 { "1 message is".to_owned() } else { format!("{} messages are", Grouped(rows)) },
            Grouped(most as u64)
        );
        Some(Warning { code: WarningCode::TextLength, rows, lines, summary })
    }
}

/// What looks wrong in a row by itself: for files that nobody sees before they are sent.
#[derive(Debug)]
pub struct Looks {
    suspicions: Suspicions,
    accepted: Vec<WarningCode>,
}

impl Looks {
    /// For rows of this binding; the `accepted` kinds pass.
    #[must_use]
    pub fn new(binding: &Binding, accepted: Vec<WarningCode>) -> Self {
        Self { suspicions: Suspicions::new(binding), accepted }
    }

    /// Whether this kind passes.
    #[must_use]
    pub fn accepts(&self, code: WarningCode) -> bool {
        self.accepted.contains(&code)
    }

    /// Why a row is not to be sent to.
    #[must_use]
    pub fn wrong<C: Cells + ?Sized>(&self, recipient: &Recipient, cells: &C) -> Option<RejectionReason> {
        let Suspicions { used, known, names, .. } = &self.suspicions;
        let row_is_quoted = is_row_quoted(cells);
        let cells_wrong = used.iter().find_map(|(at, name)| {
            let cell = cells.cell(*at);
            if means_nothing(cell) {
                return Some((WarningCode::NothingWords, format!("{name} is {:?}", cell.trim())));
            }
            if row_is_quoted && is_quoted(cell) {
                return Some((
                    WarningCode::TwiceEncoded,
                    format!("{name} is in quotes, which the text would have"),
                ));
            }
            Some((WarningCode::TwiceEncoded, format!("{name} has {}", twice_encoded::find_in_cell(cell)?)))
        });
        let marks = || {
            let mark =
                recipient.slots.iter().find_map(|text| foreign::find(text, known).into_iter().next())?;
            Some((WarningCode::ForeignPlaceholder, format!("it has {mark:?}, which nothing replaces")))
        };
        let total = || {
            let is = (0..cells.count().min(names.len())).any(|at| is_total(cells.cell(at)));
            is.then(|| (WarningCode::TotalRow, "the row looks like a total and not like a person".to_owned()))
        };
        let own = self.suspicions.own.first().map(|damage| (WarningCode::TwiceEncoded, damage.clone()));
        [cells_wrong, own, marks(), total()]
            .into_iter()
            .flatten()
            .find(|(code, _)| !self.accepted.contains(code))
            .map(|(code, what)| RejectionReason::LooksWrong { code, what })
    }
}

impl SlotTexts {
    fn see<C: Cells + ?Sized>(&mut self, text: &str, cells: &C) {
        self.rows += 1;
        match &self.first {
            _ if self.texts_differ => {}
            None => {
                self.first = Some(text.to_owned());
                self.cells = self.columns.iter().map(|at| cells.cell(*at).to_owned()).collect();
            }
            Some(first) if first != text => self.texts_differ = true,
            Some(_) => {
                self.cells_differ |=
                    self.columns.iter().zip(&self.cells).any(|(at, first)| cells.cell(*at) != first);
            }
        }
    }

    fn warning(&self) -> Option<Warning> {
        let all_alike = !self.texts_differ && self.cells_differ && self.rows >= FEWEST;
        all_alike.then(|| Warning {
            code: WarningCode::SameText,
            rows: self.rows,
            lines: Vec::new(),
            summary: format!(
                "`{}` is the same in all {} rows, and the cells that it is made of are not",
                self.member,
                Grouped(self.rows)
            ),
        })
    }
}

/// What is wrong with the definition's own texts, each with its member.
fn own_damage(binding: &Binding) -> Vec<String> {
    // What another program would replace is told as that.
    let is_foreign = |member: &Member| binding.foreign().iter().any(|(known, _)| known == member);
    let mut damages: Vec<String> = binding
        .own_texts()
        .into_iter()
        .filter(|(member, _)| !is_foreign(member))
        .filter_map(|(member, piece)| Some(format!("`{member}` has {}", own(piece)?)))
        .collect();
    damages.dedup();
    damages
}

/// The same as in a cell, and line ends that stayed letters: TOML's single quotes leave `\n` as it is.
fn own(text: &str) -> Option<String> {
    let line_end =
        || ["\\r\\n", "\\n", "\\t"].into_iter().find(|end| text.contains(end) && !text.contains(":\\"));
    twice_encoded::find(text).or_else(|| line_end().map(|end| format!("an escape ({end})")))
}

fn texts_have(rows: u64) -> String {
    if rows == 1 {
        "the text of 1 row has".to_owned()
    } else {
        format!("the texts of {} rows have", Grouped(rows))
    }
}

fn looks(rows: u64) -> String {
    if rows == 1 { "1 row looks".to_owned() } else { format!("{} rows look", Grouped(rows)) }
}

/// Keeps the first few in order.
fn keep(kept: &mut Vec<(usize, u64)>, new: (usize, u64), before: impl Fn(usize, usize) -> bool) {
    if kept.len() == EXTREMES && !before(new.0, kept[EXTREMES - 1].0) {
        return;
    }
    let at = kept.iter().position(|old| before(new.0, old.0)).unwrap_or(kept.len());
    kept.insert(at, new);
    kept.truncate(EXTREMES);
}

/// How the row below the others begins, in the languages of spreadsheets.
const TOTALS: &[&str] = &[
    "total",
    "totals",
    "grandtotal",
    "subtotal",
    "sum",
    "summe",
    "gesamt",
    "gesamtsumme",
    "zwischensumme",
    "somme",
    "totale",
    "totaal",
    "suma",
    "soma",
    "totalgeneral",
    "yhteensä",
    "итого",
    "合计",
    "合計",
    "총계",
];

fn is_total(cell: &str) -> bool {
    if cell.is_empty() || cell.len() > 24 {
        return false;
    }
    // Each cell of a file comes here, and nearly all begin with a letter or a digit that begins none of the words.
    let first = cell.as_bytes()[0].to_ascii_lowercase();
    if first.is_ascii_alphanumeric() && !TOTALS.iter().any(|word| word.as_bytes()[0] == first) {
        return false;
    }
    if cell.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return TOTALS.iter().any(|word| word.eq_ignore_ascii_case(cell));
    }
    let folded = fold(cell.trim().trim_end_matches(':'));
    TOTALS.contains(&folded.as_str())
}

#[cfg(test)]
mod tests;
