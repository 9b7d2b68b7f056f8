//! Dates and times as people write them, as instants. What can be read in two ways is refused, never guessed.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use thiserror::Error;

use crate::domain::unix_millis::UnixMillis;

/// Which instant a text stands for where zones or clocks leave several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The first of them: of an end.
    Earliest,
    /// The last of them: of a beginning.
    Latest,
}

/// Why a text is no moment. Without the text, which may be personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MomentRejection {
    /// It is none.
    #[error("the date cannot be read; write it as 2026-12-01 09:00")]
    Unreadable,
    /// Day and month can be either way round, or the year has two digits.
    #[error("the date can be read in two ways; write the year first, as in 2026-12-01 09:00")]
    Ambiguous,
    /// It says two things: a weekday that its date is not, or an offset that its zone does not have then.
    #[error(
        "the time contradicts itself: its weekday is not that of its date, or its offset not that of its zone then"
    )]
    Contradictory,
    /// Nothing says in which zone it is.
    #[error("the time has no zone, and the row has none; write it as 2026-12-01T09:00[America/New_York]")]
    NoZone,
}

impl MomentRejection {
    /// A stable word for scripts.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Unreadable => "time-unreadable",
            Self::Ambiguous => "time-ambiguous",
            Self::Contradictory => "time-contradictory",
            Self::NoZone => "time-no-zone",
        }
    }
}

/// In English, in lower case.
pub(in crate::domain) const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The moment that a text stands for. A text without a zone of its own is in each of `zones`; a date without a time is its
/// beginning.
///
/// # Errors
/// Where it cannot be read, can be read in two ways, or is in no zone.
pub fn parse(text: &str, zones: &[TimeZone], side: Side) -> Result<UnixMillis, MomentRejection> {
    let text = text.trim();
    let millis = |at: Timestamp| UnixMillis::from_millis(at.as_millisecond());
    let (wall, zone) = match text.strip_suffix(']').and_then(|text| text.rsplit_once('[')) {
        Some((wall, zone)) => (wall, Some(TimeZone::get(zone).map_err(|_| MomentRejection::Unreadable)?)),
        None => (text, None),
    };
    if let Ok(at) = wall.parse::<Timestamp>() {
        // With an offset of its own, which is that of the zone then, or `Z`.
        let agrees = zone.is_none() || wall.ends_with(['Z', 'z']) || text.parse::<Zoned>().is_ok();
        return if agrees { Ok(millis(at)) } else { Err(MomentRejection::Contradictory) };
    }
    // What people and programs write for "never", whatever time of the day it has. Not all of it is a moment in every zone.
    let never = wall.get(..10).filter(|date| date.starts_with("9999-"));
    let wall = civil(never.unwrap_or(wall))?;
    if wall.year() == Date::MAX.year() {
        return Ok(UnixMillis::from_millis(Timestamp::MAX.as_second() * 1_000));
    }
    let zones = zone.as_ref().map_or(zones, std::slice::from_ref);
    let instants = zones.iter().filter_map(|zone| {
        let ambiguous = zone.to_ambiguous_timestamp(wall);
        match side {
            Side::Earliest => ambiguous.earlier().ok(),
            Side::Latest => ambiguous.later().ok(),
        }
    });
    let chosen = match side {
        Side::Earliest => instants.min(),
        Side::Latest => instants.max(),
    };
    chosen.map(millis).ok_or(MomentRejection::NoZone)
}

/// A date, or a date and a time, as the clock on a wall shows them.
fn civil(text: &str) -> Result<DateTime, MomentRejection> {
    let lower = text.to_lowercase().replace(',', " ");
    // The T of ISO 8601 stands between two digits.
    let spaced: String = match lower.split_once('t') {
        Some((date, time)) if ends_with_digit(date) && time.starts_with(|c: char| c.is_ascii_digit()) => {
            format!("{date} {time}")
        }
        _ => lower,
    };
    let mut date: Vec<&str> = Vec::new();
    let mut time: Option<String> = None;
    let mut weekday = None;
    for token in spaced.split_whitespace().filter(|token| *token != "at") {
        if let Some(name) = WEEKDAYS.iter().position(|name| is_name(token, &[*name])) {
            weekday = Some(name);
            continue;
        }
        let token = match token.split_once('.') {
            Some((clock, fraction)) if clock.contains(':') && number(fraction, 9).is_some() => clock,
            _ => token,
        };
        let half = matches!(token.replace('.', "").as_str(), "am" | "pm");
        let clock = token.contains(':')
            || token.trim_end_matches('.').strip_suffix(['m']).is_some_and(|token| {
                token.trim_end_matches(['.', 'a', 'p']).bytes().all(|byte| byte.is_ascii_digit())
            });
        match &mut time {
            // `9 am`: the hour was taken for a part of the date.
            None if half && date.last().is_some_and(|last| number(last, 2).is_some()) => {
                time = date.pop().map(|hour| hour.to_owned() + &token.replace('.', ""));
            }
            Some(time) if half && !time.ends_with('m') => time.push_str(&token.replace('.', "")),
            None if clock && !half => time = Some(token.replace('.', "")),
            _ if half || clock => return Err(MomentRejection::Unreadable),
            _ => date.push(token),
        }
    }
    let time = time.map_or(Ok(Time::midnight()), |time| clock_time(&time))?;
    let date = date_of(&date)?;
    // Monday is 0 here and there.
    if weekday.is_some_and(|weekday| i8::try_from(weekday) != Ok(date.weekday().to_monday_zero_offset())) {
        return Err(MomentRejection::Contradictory);
    }
    Ok(date.to_datetime(time))
}

fn ends_with_digit(text: &str) -> bool {
    text.ends_with(|last: char| last.is_ascii_digit())
}

fn is_name(token: &str, names: &[&str]) -> bool {
    let token = token.trim_end_matches('.');
    token.len() >= 3 && names.iter().any(|name| name.starts_with(token))
}

/// `9:00`, `09:00:30`, `9:00pm`, `9am`.
fn clock_time(text: &str) -> Result<Time, MomentRejection> {
    let (digits, afternoon) = match text.strip_suffix("am") {
        Some(digits) => (digits, Some(false)),
        None => text.strip_suffix("pm").map_or((text, None), |digits| (digits, Some(true))),
    };
    let mut parts = [0_i8; 3];
    let mut count = 0;
    for part in digits.split(':') {
        let slot = parts.get_mut(count).ok_or(MomentRejection::Unreadable)?;
        *slot =
            number(part, 2).and_then(|part| i8::try_from(part).ok()).ok_or(MomentRejection::Unreadable)?;
        count += 1;
    }
    let hour = match (afternoon, parts[0]) {
        (None, hour) if count >= 2 => hour,
        (Some(false), 12) => 0,
        (Some(true), 12) => 12,
        (Some(afternoon), hour @ 1..=11) => hour + if afternoon { 12 } else { 0 },
        _ => return Err(MomentRejection::Unreadable),
    };
    Time::new(hour, parts[1], parts[2], 0).map_err(|_| MomentRejection::Unreadable)
}

fn date_of(tokens: &[&str]) -> Result<Date, MomentRejection> {
    let parts: Vec<&str> = match tokens {
        [one] if number(one, 8).is_some() && one.len() == 8 => vec![&one[..4], &one[4..6], &one[6..]],
        [one] => one.split(['-', '/', '.']).collect(),
        [_, _, _] => tokens.to_vec(),
        _ => return Err(MomentRejection::Unreadable),
    };
    let [first, second, third] = parts[..] else { return Err(MomentRejection::Unreadable) };
    let dotted = tokens.len() == 1 && tokens[0].contains('.');
    let day = |text: &str| {
        let digits = ["st", "nd", "rd", "th"].iter().find_map(|ending| text.strip_suffix(ending));
        number(digits.unwrap_or(text).trim_end_matches('.'), 2)
    };
    let (year, month, day) = if first.len() == 4 && number(first, 4).is_some() {
        (number(first, 4), month_of(second).or(number(second, 2)), day(third))
    } else if third.len() != 4 {
        let digits = parts.iter().all(|part| day(part).is_some() || month_of(part).is_some());
        return Err(if digits { MomentRejection::Ambiguous } else { MomentRejection::Unreadable });
    } else if let Some(month) = month_of(second) {
        (number(third, 4), Some(month), day(first))
    } else if let Some(month) = month_of(first) {
        (number(third, 4), Some(month), day(second))
    } else {
        match (number(first, 2), number(second, 2)) {
            (first, second) if dotted => (number(third, 4), second, first),
            (Some(first), Some(second)) if first > 12 || first == second => {
                (number(third, 4), Some(second), Some(first))
            }
            (Some(first), Some(second)) if second > 12 => (number(third, 4), Some(first), Some(second)),
            (Some(_), Some(_)) => return Err(MomentRejection::Ambiguous),
            _ => return Err(MomentRejection::Unreadable),
        }
    };
    let small = |part: Option<i16>| part.and_then(|part| i8::try_from(part).ok());
    match (year, small(month), small(day)) {
        (Some(year), Some(month), Some(day)) => {
            Date::new(year, month, day).map_err(|_| MomentRejection::Unreadable)
        }
        _ => Err(MomentRejection::Unreadable),
    }
}

fn month_of(text: &str) -> Option<i16> {
    let at = MONTHS.iter().position(|month| is_name(text, &[*month]))?;
    i16::try_from(at + 1).ok()
}

/// Digits and nothing else, at most so many. Eight of them are only asked whether they are digits.
fn number(text: &str, most: usize) -> Option<i16> {
    let digits = !text.is_empty() && text.len() <= most && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, zone: &str, side: Side) -> String {
        let zones: Vec<TimeZone> = zone.split_whitespace().map(|zone| TimeZone::get(zone).unwrap()).collect();
        parse(text, &zones, side).map_or_else(|rejection| rejection.code().to_owned(), |at| at.to_string())
    }

    #[test]
    fn dates_are_read_as_people_write_them() {
        for text in [
            "2026-12-01T09:00:00-05:00",
            "2026-12-01T14:00Z",
            "2026-12-01T09:00[America/New_York]",
            "2026-12-01 09:00",
            "2026/12/01 9:00 AM",
            "Tue, Dec 1, 2026 9:00 am",
            "December 1st 2026 at 9am",
            "1 Dec 2026, 9:00 a.m.",
            "1-Dec-2026 9 am",
            "1.12.2026 09:00:00",
            "20261201 09:00",
        ] {
            assert_eq!(told(text, "America/New_York", Side::Latest), "2026-12-01T14:00:00.000Z", "{text}");
        }
        assert_eq!(told("13/12/2026", "Europe/Paris", Side::Latest), "2026-12-12T23:00:00.000Z");
        assert_eq!(told("12/13/2026", "Europe/Paris", Side::Latest), "2026-12-12T23:00:00.000Z");
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for (text, code) in [
            ("03/04/2026 9:00", "time-ambiguous"),
            ("3-4-2026", "time-ambiguous"),
            ("01/02/26", "time-ambiguous"),
            ("", "time-unreadable"),
            ("tomorrow", "time-unreadable"),
            ("46357.375", "time-unreadable"),
            ("2026-13-01", "time-unreadable"),
            ("2026-12-01 25:00", "time-unreadable"),
            ("2026-12-01 13:00 pm", "time-unreadable"),
            ("9:00", "time-unreadable"),
            ("2026-12-01 09:00[Mars/Base]", "time-unreadable"),
        ] {
            assert_eq!(told(text, "America/New_York", Side::Latest), code, "{text}");
        }
        assert_eq!(told("2026-12-01 09:00", "", Side::Latest), "time-no-zone");
    }

    #[test]
    fn what_says_two_things_is_refused() {
        for (text, at) in [
            ("2026-11-29T10:00-05:00[America/New_York]", "2026-11-29T15:00:00.000Z"),
            ("2026-11-29T10:00Z[America/New_York]", "2026-11-29T10:00:00.000Z"),
            ("2026-11-29T10:00-08:00[America/New_York]", "time-contradictory"),
            // In summer it would be that.
            ("2026-11-29T10:00-04:00[America/New_York]", "time-contradictory"),
            ("2026-11-29T10:00-05:00[Mars/Base]", "time-unreadable"),
            ("Sun 2026-11-29", "2026-11-29T05:00:00.000Z"),
            ("Sunday, Nov 29, 2026", "2026-11-29T05:00:00.000Z"),
            ("Mon 2026-11-29", "time-contradictory"),
            ("Tue, Nov 29, 2026 9:00 am", "time-contradictory"),
            ("2026-11-29 Saturday[America/New_York]", "time-contradictory"),
        ] {
            assert_eq!(told(text, "America/New_York", Side::Latest), at, "{text}");
        }
    }

    /// The last day of the calendar stands for none, wherever it is.
    #[test]
    fn the_year_9999_is_later_than_anything() {
        for text in [
            "9999-12-31",
            "9999-12-31 23:59:59",
            "9999-12-31T23:59:59Z",
            "9999-12-31T23:59:59+00:00",
            "12/31/9999",
            "9999-12-31T23:59[Pacific/Honolulu]",
            "9999-01-01",
        ] {
            for side in [Side::Earliest, Side::Latest] {
                assert_eq!(told(text, "America/New_York", side), "9999-12-30T22:00:00.000Z", "{text}");
            }
        }
        assert_eq!(told("9998-12-31", "America/New_York", Side::Latest), "9998-12-31T05:00:00.000Z");
    }

    #[test]
    fn of_several_instants_a_beginning_is_the_last_and_an_end_the_first() {
        let zones = "America/Chicago America/New_York";
        assert_eq!(told("2026-12-01 09:00", zones, Side::Latest), "2026-12-01T15:00:00.000Z");
        assert_eq!(told("2026-12-01 09:00", zones, Side::Earliest), "2026-12-01T14:00:00.000Z");
        // The hour that comes twice, and the one that is skipped.
        assert_eq!(told("2026-11-01 01:30", "America/New_York", Side::Earliest), "2026-11-01T05:30:00.000Z");
        assert_eq!(told("2026-11-01 01:30", "America/New_York", Side::Latest), "2026-11-01T06:30:00.000Z");
        assert_eq!(told("2026-03-08 02:30", "America/New_York", Side::Earliest), "2026-03-08T06:30:00.000Z");
        assert_eq!(told("2026-03-08 02:30", "America/New_York", Side::Latest), "2026-03-08T07:30:00.000Z");
    }
}
