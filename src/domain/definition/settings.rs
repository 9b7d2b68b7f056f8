//! `[recipients]`, `[pace]`, `[safety]` and `[cost]`.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};

use super::document::{Node, Value};
use super::reader::{Reader, number};
use super::selection;
use super::{
    Cost, Delimiter, HiddenRows, PaceSettings, PaceShare, Rate, RecipientsSettings, RequestRate,
    SafetySettings, SameNumberRule, StatedPace,
};
use crate::domain::phone::{E164, Region};
use crate::domain::problem::Problem;
use crate::domain::warning::WarningCode;

pub(super) fn recipients(reader: &mut Reader<'_>) -> RecipientsSettings {
    let default_region = reader.text("recipients.default_region").and_then(|code| {
        let region = Region::parse(&code);
        if region.is_none() {
            let place = reader.place("recipients.default_region");
            let problem = Problem::new(place, format!("`recipients.default_region` is no country: {code:?}"));
            reader.problems.push(problem.hint("two letters, such as US or GB"));
        }
        region
    });
    let mut only = Vec::new();
    for (text, place) in reader.texts("recipients.only") {
        match crate::domain::phone::parse(&text, default_region) {
            Ok(phone) => only.push(phone.number),
            // A number that is reserved is good enough to name in a trial.
            Err(reason) => match E164::parse(&text) {
                Some(number) => only.push(number),
                None => {
                    let hint = "it takes phone numbers, not keys: write it with + and the country, in digits";
                    reader.mistake(place, format!("`recipients.only`: {reason}"), hint);
                }
            },
        }
    }
    RecipientsSettings {
        phone: columns(reader, "recipients.phone"),
        key: columns(reader, "recipients.key"),
        same_number: SameNumberRule::named(&reader.text("recipients.same_number").unwrap_or_default()),
        zone: reader.text("recipients.zone"),
        state: reader.text("recipients.state"),
        default_region,
        suppress: reader.texts("recipients.suppress").into_iter().map(|(file, _)| file).collect(),
        only,
        by_campaigns: selection::by_campaigns(reader),
        allow_landlines: reader.flag("recipients.allow_landlines"),
        sheet: reader.text("recipients.sheet"),
        encoding: reader.text("recipients.encoding"),
        delimiter: delimiter(reader),
        header_row: reader.integer("recipients.header_row").and_then(|row| u64::try_from(row).ok()),
        hidden_rows: reader.text("recipients.hidden_rows").map(|word| match word.as_str() {
            "send" => HiddenRows::Send,
            _ => HiddenRows::Skip,
        }),
        fill_merged: reader.text("recipients.merged").as_deref() == Some("fill"),
        values_shown: reader.text("recipients.values").as_deref() == Some("shown"),
        empty: reader.texts("recipients.empty").into_iter().map(|(word, _)| word).collect(),
    }
}

/// The names of columns: one, or a list.
fn columns(reader: &mut Reader<'_>, path: &'static str) -> Vec<String> {
    match reader.node(path).map(|node| node.value) {
        Some(Value::List(_)) => {
            let names = reader.texts(path).into_iter();
            names.map(|(name, _)| name.trim().to_owned()).collect()
        }
        _ => reader.text(path).into_iter().collect(),
    }
}

fn delimiter(reader: &Reader<'_>) -> Option<Delimiter> {
    match reader.node("recipients.delimiter")?.value {
        Value::Text(text) => Delimiter::parse(&text),
        _ => None,
    }
}

/// `None` where rate or burst is wrong.
pub(super) fn pace(reader: &Reader<'_>) -> Option<PaceSettings> {
    let rate = match reader.node("pace.rate")?.value {
        Value::Text(_) => Rate::Auto,
        value => Rate::PerSecond(number(&value).and_then(RequestRate::new)?),
    };
    let positive = |path| reader.integer(path).and_then(|integer| u32::try_from(integer).ok());
    let share = match reader.node("pace.share")?.value {
        Value::Text(text) if text == "account" => PaceShare::Account,
        _ => PaceShare::Campaign,
    };
    Some(PaceSettings {
        rate,
        burst: positive("pace.burst").and_then(NonZeroU32::new)?,
        max_in_flight: positive("pace.max_in_flight").and_then(|most| NonZeroUsize::new(most as usize)),
        max_active_contacts: positive("pace.max_active_contacts")?,
        contact_life: reader.duration("pace.contact_life"),
        share,
        states: StatedPace {
            rate: reader.has("pace.rate"),
            max_active_contacts: reader.has("pace.max_active_contacts"),
        },
    })
}

pub(super) fn safety(reader: &mut Reader<'_>) -> SafetySettings {
    let mut accept = Vec::new();
    for (name, place) in reader.texts("safety.accept") {
        match WarningCode::parse(&name) {
            Some(code) => accept.push(code),
            None => {
                let codes: Vec<&str> = WarningCode::ALL.iter().map(|code| code.name()).collect();
                let message = format!("`safety.accept`: {name:?} is no code of a warning");
                reader.mistake(place, message, format!("the codes are {}", codes.join(", ")));
            }
        }
    }
    SafetySettings {
        max_rejected: reader.fraction("safety.max_rejected"),
        max_failures: reader.fraction("safety.max_failures"),
        accept,
    }
}

pub(super) fn cost(reader: &mut Reader<'_>) -> Option<Cost> {
    let Node { value, .. } = reader.node("cost.per_segment")?;
    let Value::Table(entries) = value else { return number(&value).map(Cost::Flat) };
    let mut prices = BTreeMap::new();
    for entry in entries {
        match (Region::parse(&entry.name), number(&entry.node.value)) {
            (Some(region), Some(price)) => {
                prices.insert(region.to_string(), price);
            }
            _ => {
                let message = format!("`cost.per_segment`: {:?} is no country", entry.name);
                reader.mistake(entry.place, message, "two letters, such as US or GB");
            }
        }
    }
    Some(Cost::ByCountry(prices))
}
