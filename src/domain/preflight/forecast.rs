//! The forecast before a run: for people, with a small chart, and for scripts.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use crate::domain::figures::{Grouped, Span, counted};
use crate::domain::forecast::{Forecast, NamedRows, ZoneCourse};
use crate::domain::unix_millis::UnixMillis;

/// The longest bar of the chart, in characters.
const WIDEST: u64 = 36;
/// Zones and days that are told one by one.
const ZONES: usize = 8;
const DAYS: usize = 14;
const DAYS_OF_ZONE: usize = 4;
/// The width of the names of zones.
const NAME: usize = 32;

/// When contacts start, by day and by zone.
pub(super) fn write(text: &mut String, forecast: &Forecast) {
    let Some((begins, ends)) = forecast.between else {
        text.push_str("\nforecast: no contact can start");
        return;
    };
    let _ = write!(text, "\nforecast: {} to {} ({})", at(begins), at(ends), Span(ends.since(begins)));
    let days = forecast.by_day();
    let most = days.values().copied().max().unwrap_or(1).max(1);
    for (day, contacts) in days.iter().take(DAYS) {
        let bar = "#".repeat(usize::try_from((contacts * WIDEST).div_ceil(most)).unwrap_or(0));
        let _ =
            write!(text, "\n  {} {:>11}  {bar}", day.strftime("%a %Y-%m-%d"), Grouped(*contacts).to_string());
    }
    if let Some(more @ 1..) = days.len().checked_sub(DAYS) {
        let _ = write!(text, "\n  and {}", counted(more as u64, "day more", "days more"));
    }
    let zones = forecast.by_zone.iter().filter(|zone| zone.contacts() > 0);
    for zone in zones.clone().take(ZONES) {
        write_zone(text, zone);
    }
    if let Some(more @ 1..) = zones.count().checked_sub(ZONES) {
        let _ = write!(text, "\n  and {} more", counted(more as u64, "set of zones", "sets of zones"));
    }
}

fn write_zone(text: &mut String, zone: &ZoneCourse) {
    let name = name(zone);
    let days: Vec<String> = zone
        .by_day
        .iter()
        .take(DAYS_OF_ZONE)
        .map(|(day, contacts)| format!("{} {}", day.strftime("%a"), Grouped(*contacts)))
        .collect();
    let etc = if zone.by_day.len() > DAYS_OF_ZONE { ", …" } else { "" };
    let _ = write!(text, "\n  {name:<NAME$} {}{etc}", days.join(", "));
}

/// As much of the names as fits.
fn name(zone: &ZoneCourse) -> String {
    let Some(first) = zone.zones.first() else { return "no zone known".to_owned() };
    match zone.zones.len() {
        1 => first.clone(),
        count => format!("{first} and {} more", count - 1),
    }
}

/// `Tue 2026-12-01 14:00 UTC`.
fn at(moment: UnixMillis) -> String {
    let moment = Timestamp::from_millisecond(moment.millis()).unwrap_or_default().to_zoned(TimeZone::UTC);
    moment.strftime("%a %Y-%m-%d %H:%M UTC").to_string()
}

/// For scripts: in full.
pub(super) fn as_json(forecast: &Forecast) -> Value {
    let begins = |between: Option<(UnixMillis, UnixMillis)>| between.map(|(begins, _)| begins.to_string());
    let ends = |between: Option<(UnixMillis, UnixMillis)>| between.map(|(_, ends)| ends.to_string());
    let zones = forecast.by_zone.iter().map(|zone| {
        let days: Map<String, Value> =
            zone.by_day.iter().map(|(day, contacts)| (day.to_string(), json!(contacts))).collect();
        json!({
            "zones": zone.zones,
            "contacts": zone.contacts(),
            "begins_at": begins(zone.between),
            "ends_at": ends(zone.between),
            "by_day": days,
            "expired": zone.expired,
        })
    });
    let senders: Vec<Value> = match forecast.by_sender.as_slice() {
        [] => vec![json!({ "sender": Value::Null, "contacts": forecast.contacts() })],
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
    json!({
        "begins_at": begins(forecast.between),
        "ends_at": ends(forecast.between),
        "by_zone": zones.collect::<Vec<_>>(),
        "by_sender": senders,
        "expired": named(&forecast.expired),
        "never_open": named(&forecast.never),
        "unsent_by_limits": named(&forecast.left),
        "left_out_by_limits": named(&forecast.left_out),
    })
}
