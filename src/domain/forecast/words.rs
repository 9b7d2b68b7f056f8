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
            let rest = days.values().skip(DAYS).sum();
            let _ = write!(text, "\n  and {}", rest_of(more, ("day", "days"), rest));
        }
        let zones = self.by_zone.iter().filter(|zone| zone.contacts() > 0);
        for zone in zones.clone().take(ZONES) {
            write_zone(text, zone);
        }
        if let Some(more @ 1..) = zones.clone().count().checked_sub(ZONES) {
            let rest = zones.skip(ZONES).map(ZoneCourse::contacts).sum();
            let _ = write!(text, "\n  and {}", rest_of(more, ("set of zones", "sets of zones"), rest));
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

/// `3 more days: 1,203`.
fn rest_of(more: usize, (one, many): (&str, &str), contacts: u64) -> String {
    format!(
        "{}: {}",
        counted(more as u64, &format!("more {one}"), &format!("more {many}")),
        Grouped(contacts)
    )
}

/// As many days as a line has room for, and what the others come to.
fn write_zone(text: &mut String, zone: &ZoneCourse) {
    let mut line = format!("  {:<NAME$}", name(zone));
    let (mut days, mut left) = (zone.by_day.len(), zone.contacts());
    for (index, (day, contacts)) in zone.by_day.iter().enumerate() {
        let next = format!("{} {} {}", if index == 0 { "" } else { "," }, date(*day), Grouped(*contacts));
        let behind = match days - 1 {
            0 => String::new(),
            more => format!(", {}", rest_of(more, ("day", "days"), left - contacts)),
        };
        if index > 0 && line.chars().count() + next.len() + behind.len() > LINE {
            break;
        }
        line += &next;
        (days, left) = (days - 1, left - contacts);
    }
    if days > 0 {
        line += &format!(", {}", rest_of(days, ("day", "days"), left));
    }
    let _ = write!(text, "\n{line}");
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn zone(name: String, days: &[u64]) -> ZoneCourse {
        let first = Date::constant(2026, 12, 1);
        let day = |(day, contacts): (usize, &u64)| {
            (first.saturating_add(jiff::Span::new().days(i64::try_from(day).unwrap())), *contacts)
        };
        let by_day: BTreeMap<Date, u64> = days.iter().enumerate().map(day).collect();
        ZoneCourse { zones: vec![name], between: None, by_day, expired: 0 }
    }

    /// Every contact is in a figure, however many zones and days there are, in lines of 80 columns.
    #[test]
    fn what_is_not_told_one_by_one_is_told_together() {
        let by_zone: Vec<ZoneCourse> = (0..20_u64)
            .map(|n| zone(format!("Zone/{n}"), &vec![2_000 - n; if n == 1 { 1 } else { 17 }]))
            .collect();
        let at = UnixMillis::from_millis(1_796_083_200_000);
        let forecast = Forecast { between: Some((at, at)), by_zone, ..Forecast::default() };
        let mut text = String::new();
        forecast.write(&mut text, "forecast");
        assert!(text.lines().all(|line| line.chars().count() <= LINE), "{text}");
        assert!(
            text.contains(
                "\n  Zone/0                           Tue 2026-12-01 2,000, 16 more days: 32,000\n"
            ),
            "{text}"
        );
        assert!(text.contains("\n  Zone/1                           Tue 2026-12-01 1,999\n"), "{text}");
        let rest = (8..20).map(|n| (2_000 - n) * 17).sum::<u64>();
        assert!(text.ends_with(&format!("\n  and 12 more sets of zones: {}", Grouped(rest))), "{text}");
        let late = (0..20).filter(|n| *n != 1).map(|n| (2_000 - n) * 3).sum::<u64>();
        assert!(text.contains(&format!("\n  and 3 more days: {}\n", Grouped(late))), "{text}");
        let mut two = String::new();
        write_zone(&mut two, &zone("UTC".to_owned(), &[5, 7]));
        assert!(two.ends_with("Tue 2026-12-01 5, Wed 2026-12-02 7"), "{two}");
    }
}
