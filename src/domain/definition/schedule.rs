//! `[schedule]`: when the campaign, and each row of it, may start at all.

use std::time::Duration;

use super::Text;
use super::document::{Node, TableEntry, Value};
use super::reader::{Reader, parse_duration};
use crate::domain::hours::moment::{self, MomentRejection, Side};
use crate::domain::hours::schedule::Schedule;
use crate::domain::message::limits::{Member, Rules};
use crate::domain::unix_millis::UnixMillis;

/// The times of each row, as the definition says where they come from.
#[derive(Debug, Clone, Default)]
pub struct RowSchedule {
    /// It does not start before.
    pub not_before: Option<RowTime>,
    /// It does not start from then on.
    pub not_after: Option<RowTime>,
}

impl RowSchedule {
    /// Whether rows have times of their own.
    #[must_use]
    pub fn any(&self) -> bool {
        self.not_before.is_some() || self.not_after.is_some()
    }
}

/// A time of a row: a text with its columns, and how far it is moved.
#[derive(Debug, Clone)]
pub struct RowTime {
    /// The text.
    pub text: Text,
    /// So much earlier...
    pub minus: Duration,
    /// ...and so much later.
    pub plus: Duration,
}

impl RowTime {
    /// The moment, moved.
    #[must_use]
    pub fn moved(&self, at: UnixMillis) -> UnixMillis {
        at.minus(self.minus).plus(self.plus)
    }
}

/// The campaign's own beginning and end.
pub(super) fn campaign(reader: &mut Reader<'_>) -> Schedule {
    let start = moment(reader, "schedule.start", Side::Latest);
    let end = moment(reader, "schedule.end", Side::Earliest);
    if let (Some(from), Some(to)) = (start, end)
        && to <= from
    {
        let place = reader.place("schedule.end");
        reader.mistake(place, "`schedule.end` is not after `schedule.start`", "nothing would ever start");
    }
    Schedule { start, end }
}

fn moment(reader: &mut Reader<'_>, path: &str, side: Side) -> Option<UnixMillis> {
    let text = reader.text(path)?;
    let place = reader.place(path);
    // A campaign has no zone of its own: its times name theirs.
    match moment::parse(&text, &[], side) {
        Ok(at) => Some(at),
        Err(reason) => {
            let message = match reason {
                MomentRejection::Ambiguous => format!("`{path}` can be read in two ways: {text:?}"),
                MomentRejection::Unreadable => format!("`{path}` is no time: {text:?}"),
                MomentRejection::Contradictory => format!("`{path}` contradicts itself: {text:?}"),
                MomentRejection::NoZone => format!("`{path}` has no zone: {text:?}"),
            };
            let hint = match reason {
                MomentRejection::Contradictory => {
                    "its weekday is not that of its date, or its offset not that of its zone then: leave one of them out"
                }
                _ => "write its zone behind it, such as [America/New_York], or an offset",
            };
            reader.mistake(place, message, hint);
            None
        }
    }
}

/// Where the times of rows come from.
pub(super) fn rows(reader: &mut Reader<'_>, rules: &Rules) -> RowSchedule {
    RowSchedule {
        not_before: row_time(reader, ("schedule.not_before", Member::NotBefore), rules),
        not_after: row_time(reader, ("schedule.not_after", Member::NotAfter), rules),
    }
}

fn row_time(reader: &mut Reader<'_>, (path, member): (&str, Member), rules: &Rules) -> Option<RowTime> {
    let node = reader.node(path)?;
    let (at, minus, plus) = match &node.value {
        Value::Table(_) => (node.get("at")?.clone(), duration(&node, "minus"), duration(&node, "plus")),
        _ => (node, Duration::ZERO, Duration::ZERO),
    };
    let text = reader.compile(&at, member, rules)?;
    if let Some(fixed) = text.template.as_fixed() {
        // A time has digits: what has none was meant for a column.
        let hint = match fixed.chars().any(|c| c.is_ascii_digit()) {
            true => "name a column in it; a time for all rows is schedule.start or schedule.end".to_owned(),
            false => format!("a column stands in braces: \"{{{{ {} }}}}\"", fixed.trim()),
        };
        reader.mistake(at.place, format!("`{path}` is the same in every row"), hint);
        return None;
    }
    Some(RowTime { text, minus, plus })
}

fn duration(node: &Node, name: &str) -> Duration {
    let text = node.get(name).and_then(|node| match &node.value {
        Value::Text(text) => parse_duration(text),
        _ => None,
    });
    text.unwrap_or_default()
}

/// Whether a value can be the time of a row: a text, or a table of `at` and `minus` or `plus`.
pub(super) fn is_row_time(value: &Value) -> bool {
    let fits = |entry: &TableEntry| match (entry.name.as_str(), &entry.node.value) {
        ("at", Value::Text(_)) => true,
        ("minus" | "plus", Value::Text(text)) => parse_duration(text).is_some(),
        _ => false,
    };
    match value {
        Value::Text(_) => true,
        Value::Table(entries) => entries.iter().any(|entry| entry.name == "at") && entries.iter().all(fits),
        _ => false,
    }
}
