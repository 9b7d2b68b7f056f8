//! The pre-flight for people: columns first, then rows, messages, and what limits the run.

use std::fmt::Write as _;

use super::json::code_point;
use super::lines::Detail;
use super::{Findings, Preflight};
use crate::domain::delivery::state::State;
use crate::domain::figures::{Grouped, PerSecond, Span, counted};

/// Characters that are told one by one.
const CHARACTERS: usize = 5;
/// Lines that are named with a warning.
const LINES: usize = 5;
/// Countries that are told one by one.
const COUNTRIES: usize = 12;

impl Findings {
    /// Rows of the file that are left out.
    #[must_use]
    pub fn suppressed(&self) -> u64 {
        self.suppressed.values().sum()
    }
}

impl Preflight {
    /// A few lines without a line feed at the end: where many rows have the same thing, their lines are together.
    #[must_use]
    pub fn text(&self) -> String {
        self.told(Detail::Brief)
    }

    /// The same, line by line.
    #[must_use]
    pub fn text_in_full(&self) -> String {
        self.told(Detail::Full)
    }

    /// Writing to a string cannot fail, so its results are let go.
    fn told(&self, detail: Detail) -> String {
        let mut text = String::new();
        if let Some(read_as) = &self.found.read_as {
            let _ = writeln!(text, "file: {read_as}");
        }
        self.write_columns(&mut text);
        self.write_rows(&mut text);
        self.write_lists(&mut text);
        self.write_rejections(&mut text, detail);
        self.write_repeats(&mut text, detail);
        self.write_countries(&mut text);
        self.write_messages(&mut text);
        self.write_ucs2(&mut text);
        self.write_cost(&mut text);
        self.write_duration(&mut text);
        self.found.senders.write(&mut text, &self.account_loads());
        self.found.traces.write(&mut text);
        if let Some((true, forecast)) = &self.forecast {
            forecast.write(&mut text, "forecast");
        }
        self.write_earlier_contacts(&mut text);
        self.write_limits(&mut text);
        for note in &self.found.notes {
            let _ = write!(text, "\nnote: {note}");
        }
        self.write_shown(&mut text, detail);
        self.write_warnings(&mut text);
        text
    }

    /// What a person agrees to, in one line: how many contacts, segments, at what cost, and how long it takes.
    #[must_use]
    pub fn agreement(&self) -> String {
        let messages = self.sent();
        let mut text = self.contacts() + &self.of_all();
        if messages.is_sms() && messages.count > 0 {
            let _ = write!(text, ", {}", counted(messages.segments, "segment", "segments"));
        }
        if messages.is_priced() && messages.count > 0 {
            let _ = write!(text, ", cost {}", money(messages.cost));
            let _ = messages.currency().map_or(Ok(()), |currency| write!(text, " {currency}"));
        }
        let _ = write!(text, ", {} at this pace", Span(self.duration()));
        text
    }

    /// Last, because a person has to decide.
    fn write_warnings(&self, text: &mut String) {
        for warning in self.warnings() {
            let _ = write!(text, "\nwarning ({}): {}", warning.code.name(), warning.summary);
            let lines: Vec<String> = warning.lines.iter().take(LINES).map(u64::to_string).collect();
            if !lines.is_empty() {
                let noun = if lines.len() == 1 { "line" } else { "lines" };
                let etc = if warning.rows > lines.len() as u64 { ", …" } else { "" };
                let _ = write!(text, "; {noun} {}{etc}", lines.join(", "));
            }
        }
    }

    fn write_columns(&self, text: &mut String) {
        let unused = self.found.binding.unused_columns();
        if !unused.is_empty() {
            let _ = writeln!(text, "unused columns: {}", unused.join(", "));
        }
    }

    /// Why rows are suppressed: code, words, rows.
    pub(super) fn suppressions(&self) -> Vec<(String, String, u64)> {
        self.facts.suppressed.clone().unwrap_or_else(|| {
            let found = self.found.suppressed.iter();
            found.map(|(why, rows)| (why.code().to_owned(), why.to_string(), *rows)).collect()
        })
    }

    fn write_rows(&self, text: &mut String) {
        let rows = counted(self.facts.tally.rows(), "row", "rows");
        let _ = write!(text, "{rows}, {} to start{}", self.contacts(), self.of_all());
        if self.facts.already_started > 0 {
            let _ = write!(text, ", {} already started", Grouped(self.facts.already_started));
        }
        for (state, rows) in self.facts.tally.iter().filter(|(_, rows)| *rows > 0) {
            let _ = write!(text, "\n  {:<11} {}", state.name(), Grouped(rows));
            if state == State::Suppressed {
                let reasons = self.suppressions();
                let reasons = reasons.iter().map(|(_, why, rows)| format!("{} {why}", Grouped(*rows)));
                let _ = write!(text, ": {}", reasons.collect::<Vec<_>>().join(", "));
            }
        }
    }

    fn write_lists(&self, text: &mut String) {
        for list in &self.found.lists {
            let _ = write!(
                text,
                "\nsuppression list {}: {}, {}; {} of this file on it",
                list.file,
                counted(list.numbers, "number", "numbers"),
                counted(list.keys, "key", "keys"),
                counted(list.rows, "row", "rows"),
            );
        }
    }

    /// What earlier files have to do with this one.
    pub(super) fn write_earlier(&self, text: &mut String) {
        if self.facts.frozen > 0 {
            let _ = write!(
                text,
                "\nnote: {} attempted before; what the file or the definition now says of {} is not sent",
                counted(self.facts.frozen, "row was", "rows were"),
                if self.facts.frozen == 1 { "it" } else { "them" }
            );
        }
        if self.facts.corrected > 0 {
            let _ = write!(
                text,
                "\nnote: {} what this file says now",
                counted(
                    self.facts.corrected,
                    "row that failed is tried again with",
                    "rows that failed are tried again with"
                ),
            );
        }
        if self.facts.stay_corrected > 0 {
            let _ = write!(
                text,
                "\nnote: {} rejected here, and {} corrected before",
                counted(self.facts.stay_corrected, "line is", "lines are"),
                if self.facts.stay_corrected == 1 { "stays as it was" } else { "stay as they were" },
            );
        }
        let (waiting, attempted) = self.facts.undone;
        if waiting > 0 {
            let _ = write!(
                text,
                "\nwarning: {} replaced by {} uncorrected here: run the corrections again after this, or correct this file",
                counted(waiting, "corrected row that waits is", "corrected rows that wait are"),
                if waiting == 1 { "its line, which is" } else { "their lines, which are" },
            );
        }
        if attempted > 0 {
            let _ = write!(
                text,
                "\nnote: {} rejected here, and a correction of {} was sent to before",
                counted(attempted, "line is", "lines are"),
                if attempted == 1 { "it" } else { "each" }
            );
        }
        if let Some(missing @ 1..) = self.facts.withdrawn.checked_sub(waiting) {
            let _ = write!(
                text,
                "\nwarning: {} not in this file, and withdrawn: nothing is sent to {} unless a file that has {} is run again",
                counted(
                    missing,
                    "row of before that was not sent to is",
                    "rows of before that were not sent to are"
                ),
                if missing == 1 { "it" } else { "them" },
                if missing == 1 { "it" } else { "them" }
            );
        }
    }

    fn write_countries(&self, text: &mut String) {
        let countries = self.sent().by_country();
        if countries.is_empty() {
            return;
        }
        let told = countries.iter().take(COUNTRIES).map(|(region, country)| {
            let name = region.map_or_else(|| "no country".to_owned(), |region| region.to_string());
            format!("{name} {}", Grouped(country.recipients))
        });
        let _ = write!(text, "\ncountries: {}", told.collect::<Vec<_>>().join(", "));
        if let Some(others @ 1..) = countries.len().checked_sub(COUNTRIES) {
            let _ = write!(text, " and {others} more");
        }
    }

    fn write_messages(&self, text: &mut String) {
        let messages = self.sent();
        if messages.count == 0 {
            return;
        }
        if !messages.is_sms() {
            let _ = write!(text, "\nmessages: {}", Grouped(messages.count));
            return;
        }
        let range = if messages.least == messages.most {
            counted(messages.most, "segment each", "segments each")
        } else {
            format!("{} to {} segments (mean {:.2})", messages.least, messages.most, messages.mean())
        };
        let _ = write!(
            text,
            "\nmessages: {} of {range}, {} in all",
            Grouped(messages.count),
            counted(messages.segments, "segment", "segments")
        );
        if messages.is_gsm() && messages.saving > 0 {
            let _ = write!(text, "; encoding = \"gsm\" saved {}", Grouped(messages.saving));
        }
    }

    fn write_ucs2(&self, text: &mut String) {
        let messages = &self.found.messages;
        if messages.ucs2 == 0 {
            return;
        }
        let _ =
            write!(text, "\nUCS-2, with 70 characters a segment instead of 160: {}", Grouped(messages.ucs2));
        let characters = messages.by_character();
        for (character, forced) in characters.iter().take(CHARACTERS) {
            let shown = if character.is_control() || character.is_whitespace() { ' ' } else { *character };
            let _ = write!(
                text,
                "\n  {shown} ({}) in {}",
                code_point(*character),
                counted(forced.messages, "message", "messages")
            );
            if let Some(line) = forced.line {
                let _ = write!(text, ", first line {line}");
            }
        }
        if let Some(others @ 1..) = characters.len().checked_sub(CHARACTERS) {
            let _ = write!(text, "\n  … and {}", counted(others as u64, "more character", "more characters"));
        }
        if !messages.is_gsm() && messages.saving > 0 {
            let _ = write!(
                text,
                "\n  hint: encoding = \"gsm\" in [contact] replaces what has an equivalent, and would save {}",
                counted(messages.saving, "segment", "segments")
            );
        }
    }

    fn write_cost(&self, text: &mut String) {
        let messages = self.sent();
        if !messages.is_priced() || messages.count == 0 {
            return;
        }
        let _ = write!(text, "\ncost: {}", money(messages.cost));
        let _ = match messages.currency() {
            Some(currency) => write!(text, " {currency}"),
            None => write!(text, ", in the currency of per_segment"),
        };
        let countries: Vec<String> = messages
            .by_country()
            .into_iter()
            .filter(|(_, country)| country.cost > 0.0)
            .take(COUNTRIES)
            .filter_map(|(region, country)| Some(format!("{} {}", region?, money(country.cost))))
            .collect();
        if messages.has_prices_by_country() && countries.len() > 1 {
            let _ = write!(text, " ({})", countries.join(", "));
        }
        if messages.unpriced > 0 {
            let without = counted(messages.unpriced, "message", "messages");
            let _ = write!(text, ", without {without} to countries that have no price");
        }
    }

    fn write_duration(&self, text: &mut String) {
        self.write_pace(text);
        let Some(stall) = self.stall() else { return };
        let (quota, after, then) = (stall.quota, Span(stall.after), PerSecond(stall.then));
        let life = Span(stall.life);
        let of = stall.instance.as_ref().map(|id| format!("instance {}", id.get(..8).unwrap_or(id)));
        if stall.is_stated {
            let of = of.map_or_else(String::new, |of| format!(", in {of}"));
            let _ = write!(
                text,
                ": contacts live {life}, and no more than {quota} of them are kept alive at once{of}, so that {then} can start \
                 after the first {after}"
            );
            return;
        }
        if self.options.simulated {
            let at = of.map_or_else(String::new, |of| format!(", at {of}"));
            let _ = write!(
                text,
                "\nnote: the simulator has no quota of active chats. Amazon Connect has: with contacts that live {life}, \
                 {quota} of them would be used up after {after}, and {then} could start from then on{at}."
            );
            return;
        }
        let of = of.unwrap_or_else(|| "the instance".to_owned());
        let _ = write!(
            text,
            "\nwarning: if the flow does not disconnect, a contact lives {life}, and the {quota} active chats that \
             {of} allows are used up after {after}; from then on {then} can start.\n  Disconnect in the flow, set a \
             shorter chat_duration_minutes, or ask for more of quota L-D4BA6F6E. If the flow does disconnect, say \
             after how long with contact_life in [pace]."
        );
    }

    /// One is enough where there is more to decide on.
    fn write_shown(&self, text: &mut String, detail: Detail) {
        let shown = &self.found.messages.shown;
        let decides = !self.found.rejected.is_empty() || !self.unaccepted(&[]).is_empty();
        let most = if detail == Detail::Brief && decides { 1 } else { shown.len() };
        if shown.is_empty() {
            return;
        }
        text.push_str("\nthe first messages:");
        for (line, message) in shown.iter().take(most) {
            let place =
                line.map_or_else(|| "a row of an earlier file".to_owned(), |line| format!("line {line}"));
            let _ = write!(text, "\n  {place}: {}", message.replace('\n', "\n  line  | "));
        }
    }
}

fn money(sum: f64) -> String {
    if sum < 1.0 {
        return format!("{sum:.4}");
    }
    let cents = format!("{sum:.2}");
    let (whole, fraction) = cents.split_once('.').unwrap_or((&cents, "00"));
    format!("{}.{fraction}", Grouped(whole.parse().unwrap_or_default()))
}
