//! The course of contacts in words, with a small chart, and for scripts: as it is foretold, and as it went in a rehearsal. Both
//! are told alike, so that one can be held against the other.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::{Forecast, NamedRows, ZoneCourse};
use crate::domain::figures::{Grouped, Span, counted};
use crate::domain::unix_millis::UnixMillis;

/// The longest bar of the chart, in characters.
const WIDEST: u64 = 36;
/// Zones and days that are told one by one.
const ZONES: usize = 8;
const DAYS: usize = 14;
/// The width of the names of zones.
const NAME: usize = 32;
/// The width of a line.
const LINE: usize = 80;

impl Forecast {
    /// When contacts start, by day and by zone, below what it is called: each line behind a line feed.
    pub fn write(&self, text: &mut String, called: &str) {
        let Some((begins, ends)) = self.between else {
            let _ = write!(text, "\n{called}: no contact can start");
            return;
        };
        let _ = write!(text, "\n{called}: {} to {} ({})", at(begins), at(ends), Span(ends.since(begins)));
        let days = self.by_day();
        let most = days.values().copied().max().unwrap_or(1).max(1);
        text.push_str("\n  by day, where the recipient is:");
        for (day, contacts) in days.iter().take(DAYS) {
            let bar = "#".repeat(usize::try_from((contacts * WIDEST).div_ceil(most)).unwrap_or(0));
            let _ = write!(text, "\n  {} {:>11}  {bar}", date(*day), Grouped(*contacts).to_string());
        }
        if let Some(more @ 1..) = days.len().checked_sub(DAYS) {
            let _ = write!(text, "\n  and {}", counted(more as u64, "day more", "days more"));
        }
        let zones = self.by_zone.iter().filter(|zone| zone.contacts() > 0);
        for zone in zones.clone().take(ZONES) {
            write_zone(text, zone);
        }
        if let Some(more @ 1..) = zones.count().checked_sub(ZONES) {
            let _ = write!(text, "\n  and {} more", counted(more as u64, "set of zones", "sets of zones"));
        }
    }

    /// When contacts start, for scripts: in full.
    #[must_use]
    pub fn course_as_json(&self) -> Map<String, Value> {
        let zones = self.by_zone.iter().map(|zone| {
            json!({
                "zones": zone.zones,
                "contacts": zone.contacts(),
                "begins_at": begins(zone.between),
                "ends_at": ends(zone.between),
                "by_day": days(zone.by_day.iter().map(|(day, contacts)| (*day, *contacts))),
                "expired": zone.expired,
            })
        });
        let course = [
            ("begins_at", json!(begins(self.between))),
            ("ends_at", json!(ends(self.between))),
            ("by_day", Value::Object(days(self.by_day().into_iter()))),
            ("by_zone", Value::Array(zones.collect())),
        ];
        course.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// All of it, for scripts.
    #[must_use]
    pub fn as_json(&self) -> Value {
        let senders: Vec<Value> = match self.by_sender.as_slice() {
            [] => vec![json!({ "sender": Value::Null, "contacts": self.contacts() })],
            several => several
                .iter()
                .map(|sender| {
                    json!({
                        "sender": sender.name,
                        "contacts": sender.contacts,
                        "parts": sender.parts,
                        "begins_at": begins(sender.between),
                        "ends_at": ends(sender.between),
                    })
                })
                .collect(),
        };
        let named = |rows: &NamedRows| json!({ "rows": rows.rows, "lines": rows.lines });
        let rest = [
            ("by_sender", json!(senders)),
            ("expired", named(&self.expired)),
            ("never_open", named(&self.never)),
            ("unsent_by_limits", named(&self.left)),
            ("left_out_by_limits", named(&self.left_out)),
        ];
        let mut all = self.course_as_json();
        all.extend(rest.into_iter().map(|(name, value)| (name.to_owned(), value)));
        Value::Object(all)
    }
}

/// `Tue 2026-12-01 14:00 UTC`.
#[must_use]
pub fn at(moment: UnixMillis) -> String {
    let moment = Timestamp::from_millisecond(moment.millis()).unwrap_or_default().to_zoned(TimeZone::UTC);
    moment.strftime("%a %Y-%m-%d %H:%M UTC").to_string()
}

/// `Tue 2026-12-01`.
fn date(day: Date) -> String {
    day.strftime("%a %Y-%m-%d").to_string()
}

/// As many days as a line has room for.
fn write_zone(text: &mut String, zone: &ZoneCourse) {
    let mut line = format!("  {:<NAME$}", name(zone));
    let (days, mut told) = (zone.by_day.len(), 0);
    for (day, contacts) in &zone.by_day {
        let next = format!("{} {} {}", if told == 0 { "" } else { "," }, date(*day), Grouped(*contacts));
        let more = if told + 1 < days { ", …".len() } else { 0 };
        if told > 0 && line.chars().count() + next.len() + more > LINE {
            break;
        }
        line += &next;
        told += 1;
    }
    let _ = write!(text, "\n{line}{}", if told < days { ", …" } else { "" });
}

/// As much of the names as fits.
fn name(zone: &ZoneCourse) -> String {
    let Some(first) = zone.zones.first() else { return "no zone known".to_owned() };
    match zone.zones.len() {
        1 => first.clone(),
        count => format!("{first} and {} more", count - 1),
    }
}

fn begins(between: Option<(UnixMillis, UnixMillis)>) -> Option<String> {
    between.map(|(begins, _)| begins.to_string())
}

fn ends(between: Option<(UnixMillis, UnixMillis)>) -> Option<String> {
    between.map(|(_, ends)| ends.to_string())
}

fn days(by_day: impl Iterator<Item = (Date, u64)>) -> Map<String, Value> {
    by_day.map(|(day, contacts)| (day.to_string(), json!(contacts))).collect()
}
