//! The pre-flight for scripts: the counts, then everything that was found, in full.

use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::account_loads::AccountLoad;
use super::messages::Messages;
use super::{Preflight, Stall};
use crate::domain::delivery::summary::rounded;
use crate::domain::forecast::Forecast;
use crate::domain::foreign::ForeignText;

impl Serialize for Preflight {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("rows", &self.facts.tally.rows())?;
        for (state, rows) in self.facts.tally.iter() {
            map.serialize_entry(state.name(), &rows)?;
        }
        map.serialize_entry("to_start", &self.to_send())?;
        map.serialize_entry("will_start", &will_start(self))?;
        map.serialize_entry("already_started", &self.facts.already_started)?;
        map.serialize_entry("read_as", &self.found.read_as)?;
        map.serialize_entry("unused_columns", &self.found.binding.unused_columns())?;
        let mistaken: Vec<&str> =
            self.found.binding.foreign().iter().map(|(_, mark)| mark.as_str()).collect();
        map.serialize_entry("mistaken_placeholders", &mistaken)?;
        map.serialize_entry("rejections", &self.found.rejected)?;
        let rejections = self.found.rejections.iter().map(|rejection| {
            json!({
                "line": rejection.line,
                "row": rejection.row.unwrap_or(rejection.line),
                "column": rejection.column.as_ref().map(ForeignText::raw),
                "code": rejection.reason.code(),
                "reason": rejection.reason.to_string(),
            })
        });
        map.serialize_entry("rejected_lines", &rejections.collect::<Vec<_>>())?;
        let duplicates = self
            .found
            .duplicates
            .iter()
            .map(|told| json!({ "line": told.line, "of": told.of, "another_number": told.differs }));
        map.serialize_entry("duplicate_lines", &duplicates.collect::<Vec<_>>())?;
        let mut suppressions: BTreeMap<String, u64> = BTreeMap::new();
        for (code, _, rows) in self.suppressions() {
            *suppressions.entry(code).or_default() += rows;
        }
        map.serialize_entry("suppressions", &suppressions)?;
        let lists = self.found.lists.iter().map(|list| {
            json!({ "file": list.file, "numbers": list.numbers, "keys": list.keys, "rows": list.rows })
        });
        map.serialize_entry("suppression_lists", &lists.collect::<Vec<_>>())?;
        let lines: Vec<u64> = self.found.numbers.lines.iter().map(|(line, _)| *line).collect();
        let of: Vec<Option<u64>> = self.found.numbers.lines.iter().map(|(_, of)| *of).collect();
        let shared = json!({ "rows": self.found.numbers.rows, "lines": lines, "of": of });
        map.serialize_entry("numbers_under_two_keys", &shared)?;
        map.serialize_entry("contacted_lately", &self.held())?;
        map.serialize_entry("attempted_and_changed", &self.facts.frozen)?;
        map.serialize_entry("failed_and_corrected", &self.facts.corrected)?;
        map.serialize_entry("withdrawn_by_this_file", &self.facts.withdrawn)?;
        let (waiting, attempted) = self.facts.undone;
        let undone = json!({ "waiting": waiting, "attempted": attempted, "kept": self.facts.stay_corrected });
        map.serialize_entry("corrections_undone", &undone)?;
        map.serialize_entry("countries", &countries(&self.found.messages))?;
        map.serialize_entry("messages", &messages(&self.found.messages))?;
        map.serialize_entry("trace", &self.found.traces.as_json())?;
        map.serialize_entry("cost", &cost(&self.found.messages))?;
        map.serialize_entry("duration_s", &rounded(self.duration().as_secs_f64()))?;
        if let Some(senders) = self.found.senders.as_json() {
            map.serialize_entry("senders", &senders)?;
        }
        let accounts = self.account_loads();
        if accounts.iter().any(|load| load.account.is_some()) {
            let accounts: Vec<Value> = accounts.iter().map(AccountLoad::as_json).collect();
            map.serialize_entry("accounts", &accounts)?;
        }
        map.serialize_entry("active_chats", &self.stall().map(|stall| stalls(self, &stall)))?;
        map.serialize_entry("forecast", &self.forecast().map(Forecast::as_json))?;
        map.serialize_entry("refusal", &self.refusal())?;
        map.serialize_entry("warnings", &self.warnings())?;
        map.serialize_entry("notes", &self.found.notes)?;
        map.end()
    }
}

fn countries(messages: &Messages) -> Value {
    let countries = messages.by_country().into_iter().map(|(region, country)| {
        let code = region.map(|region| region.to_string());
        let mut value =
            json!({ "country": code, "recipients": country.recipients, "segments": country.segments });
        if messages.is_priced() {
            value["cost"] = json!(money(country.cost));
        }
        value
    });
    Value::Array(countries.collect())
}

fn messages(messages: &Messages) -> Value {
    let shown = messages.shown.iter().map(|(line, text)| json!({ "line": line, "text": text }));
    let mut value = json!({ "count": messages.count, "first": shown.collect::<Vec<_>>() });
    if !messages.is_sms() {
        return value;
    }
    let forced = messages.by_character().into_iter().map(|(character, forced)| {
        json!({
            "character": character,
            "code_point": code_point(character),
            "messages": forced.messages,
            "first_line": forced.line,
        })
    });
    let lines =
        messages.ucs2_lines.iter().map(|(line, character)| json!({ "line": line, "character": character }));
    value["segments"] = json!({
        "all": messages.segments,
        "least": if messages.count == 0 { 0 } else { messages.least },
        "mean": rounded(messages.mean()),
        "most": messages.most,
    });
    value["ucs2"] = json!({
        "messages": messages.ucs2,
        "forced_by": forced.collect::<Vec<_>>(),
        "lines": lines.collect::<Vec<_>>(),
    });
    let saving = if messages.is_gsm() { "gsm_saved_segments" } else { "gsm_would_save_segments" };
    value[saving] = json!(messages.saving);
    value
}

/// What is sent with the contacts that start, without the rows that have no turn.
fn will_start(preflight: &Preflight) -> Value {
    let messages = preflight.sent();
    let mut value = json!({ "contacts": preflight.will_start(), "messages": messages.count });
    if messages.is_sms() {
        value["segments"] = json!(messages.segments);
    }
    value["cost"] = cost(messages);
    value
}

fn cost(messages: &Messages) -> Value {
    if !messages.is_priced() {
        return Value::Null;
    }
    json!({ "total": money(messages.cost), "currency": messages.currency(), "without_price": messages.unpriced })
}

fn stalls(preflight: &Preflight, stall: &Stall) -> Value {
    let mut told = json!({
        "quota": stall.quota,
        "contact_life_s": stall.life.as_secs(),
        "stalls_after_s": rounded(stall.after.as_secs_f64()),
        "then_per_second": stall.then,
        "kept_within": stall.is_stated,
        "in_this_run": !preflight.options.simulated,
    });
    if let Some(id) = &stall.instance {
        told["instance_id"] = json!(id);
    }
    told
}

/// To a millionth: sums of prices such as 0.00581 have no more that counts.
fn money(sum: f64) -> f64 {
    (sum * 1e6).round() / 1e6
}

/// `U+2019`.
pub(super) fn code_point(character: char) -> String {
    format!("U+{:04X}", u32::from(character))
}
