//! Days and spans on which it is closed, as the clock on the wall of a place shows them: dates, spans of dates, holidays.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::{Span, ToSpan};
use serde::{Deserialize, Serialize};

use super::week::day;

/// A span of local time, its end not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closing {
    /// The first moment.
    pub begin: DateTime,
    /// The first moment after it.
    pub end: DateTime,
}

impl Closing {
    /// `2026-12-25`, `2026-12-24/2026-12-26` (both days included) or `2026-12-24T12:00/2026-12-27T00:00`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (begin, end) = text.split_once('/').unwrap_or((text, text));
        let (begin, end) = (moment(begin.trim(), false)?, moment(end.trim(), true)?);
        (begin < end).then_some(Self { begin, end })
    }

    /// Whether a moment is within.
    #[must_use]
    pub fn contains(&self, moment: DateTime) -> bool {
        self.begin <= moment && moment < self.end
    }
}

/// A date is its beginning, and as an end its end.
fn moment(text: &str, is_end: bool) -> Option<DateTime> {
    if text.contains('T') {
        // `DateTime` would read a text with an offset and drop it.
        let local = text.bytes().all(|byte| byte.is_ascii_digit() || b"-:.T".contains(&byte));
        return local.then(|| text.parse().ok()).flatten();
    }
    let date: Date = (text.len() == 10).then(|| text.parse().ok()).flatten()?;
    if is_end {
        date.tomorrow().ok().map(|date| date.to_datetime(jiff::civil::Time::midnight()))
    } else {
        Some(date.into())
    }
}

/// A day that comes every year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holiday {
    base: Base,
    /// Days after it.
    after: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Base {
    Fixed {
        month: i8,
        day: i8,
    },
    /// The nth such weekday of a month, from its end where negative.
    Nth {
        month: i8,
        #[serde(with = "weekday")]
        day: Weekday,
        nth: i8,
    },
    /// Easter Sunday of the Gregorian calendar.
    Easter,
}

/// A weekday as its number, Monday 0.
mod weekday {
    use jiff::civil::Weekday;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(day: &Weekday, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i8(day.to_monday_zero_offset())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Weekday, D::Error> {
        let day = i8::deserialize(deserializer)?;
        Weekday::from_monday_zero_offset(day).map_err(serde::de::Error::custom)
    }
}

impl Holiday {
    /// `12-25`, `11-thu-4`, `05-mon-last`, `easter`, each with days before or after it: `easter+39`, `11-thu-4+1`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (base, after) = match text.rsplit_once('+') {
            Some((base, days)) => (base, days.parse().ok()?),
            None => match text.strip_prefix("easter-") {
                Some(days) => ("easter", -days.parse::<i32>().ok()?),
                None => (text, 0),
            },
        };
        let parts: Vec<&str> = base.split('-').collect();
        let base = match parts[..] {
            ["easter"] => Base::Easter,
            [month, number] => {
                let (month, number) = (month.parse().ok()?, number.parse().ok()?);
                // 2024 has every day that a year may have.
                Date::new(2024, month, number).ok()?;
                Base::Fixed { month, day: number }
            }
            [month, name, nth] => {
                let nth =
                    if nth == "last" { -1 } else { nth.parse().ok().filter(|nth| (1..=4).contains(nth))? };
                Base::Nth {
                    month: month.parse().ok().filter(|month| (1..=12).contains(month))?,
                    day: day(name)?,
                    nth,
                }
            }
            _ => return None,
        };
        (after.abs() <= 100).then_some(Self { base, after })
    }

    /// Its date in a year; `None` where that year has none.
    #[must_use]
    pub fn in_year(&self, year: i16) -> Option<Date> {
        let base = match self.base {
            Base::Fixed { month, day } => Date::new(year, month, day).ok()?,
            Base::Nth { month, day, nth } => {
                Date::new(year, month, 1).ok()?.nth_weekday_of_month(nth, day).ok()?
            }
            Base::Easter => easter(year)?,
        };
        base.checked_add(days(self.after)).ok()
    }

    /// Whether a date is one. Where such days are kept on a working day (`observed`), the Friday before a Saturday and
    /// the Monday after a Sunday are closed as well as the day itself.
    #[must_use]
    pub fn is_on(&self, date: Date, observed: bool) -> bool {
        let is = |shift: i32| {
            let day = date.checked_add(days(shift)).ok();
            day.is_some_and(|day| self.in_year(day.year()) == Some(day))
        };
        is(0)
            || (observed && date.weekday() == Weekday::Friday && is(1))
            || (observed && date.weekday() == Weekday::Monday && is(-1))
    }
}

fn days(count: i32) -> Span {
    i64::from(count).days()
}

/// Easter Sunday, by the algorithm of Meeus, Jones and Butcher (Nature, 1876).
fn easter(year: i16) -> Option<Date> {
    let y = i32::from(year);
    let (a, b, c) = (y % 19, y / 100, y % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (b - (b + 8) / 25 + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let n = h + l - 7 * m + 114;
    Date::new(year, i8::try_from(n / 31).ok()?, i8::try_from(n % 31 + 1).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn closings_are_dates_and_spans_of_local_time() {
        let whole = Closing::parse("2026-12-25").unwrap();
        assert!(whole.contains(date(2026, 12, 25).at(0, 0, 0, 0)));
        assert!(whole.contains(date(2026, 12, 25).at(23, 59, 59, 999_999_999)));
        assert!(!whole.contains(date(2026, 12, 26).at(0, 0, 0, 0)));
        let days = Closing::parse("2026-12-24/2026-12-26").unwrap();
        assert!(days.contains(date(2026, 12, 26).at(12, 0, 0, 0)), "the last day is in it");
        let span = Closing::parse("2026-12-24T12:00/2026-12-27T00:00").unwrap();
        assert!(!span.contains(date(2026, 12, 24).at(11, 59, 59, 0)));
        assert!(span.contains(date(2026, 12, 24).at(12, 0, 0, 0)));
        assert!(!span.contains(date(2026, 12, 27).at(0, 0, 0, 0)));
        for text in [
            "",
            "25.12.2026",
            "2026-13-01",
            "2026-12-26/2026-12-24",
            "2026-12-24T12:00",
            "12-25",
            "2026-12-24T12:00Z/2026-12-27T00:00Z",
            "2026-12-24T12:00+01:00/2026-12-27T00:00+01:00",
        ] {
            assert_eq!(Closing::parse(text), None, "{text}");
        }
    }

    #[test]
    fn easter_is_on_its_days() {
        for (year, month, day) in
            [(2019, 4, 21), (2024, 3, 31), (2025, 4, 20), (2026, 4, 5), (2027, 3, 28), (2038, 4, 25)]
        {
            assert_eq!(easter(year), Some(date(year, month, day)));
        }
    }

    #[test]
    fn holidays_come_every_year() {
        for (text, found) in [
            ("12-25", date(2026, 12, 25)),
            ("11-thu-4", date(2026, 11, 26)),
            ("11-thu-4+1", date(2026, 11, 27)),
            ("05-mon-last", date(2026, 5, 25)),
            ("easter+39", date(2026, 5, 14)),
            ("easter-47", date(2026, 2, 17)),
        ] {
            let holiday = Holiday::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(holiday.in_year(2026), Some(found), "{text}");
        }
        assert_eq!(Holiday::parse("02-29").and_then(|leap| leap.in_year(2027)), None);
        for text in [
            "",
            "13-01",
            "02-30",
            "11-thu-5",
            "11-thu",
            "13-mon-1",
            "easter+",
            "easter+999",
            "xmas",
            "12-25-1",
        ] {
            assert_eq!(Holiday::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_holiday_of_a_weekend_is_kept_on_a_working_day() {
        // A Saturday in 2026, a Sunday in 2027.
        let fourth = Holiday::parse("07-04").unwrap();
        for (day, plain, observed) in [
            (date(2026, 7, 4), true, true),
            (date(2026, 7, 3), false, true),
            (date(2026, 7, 6), false, false),
            (date(2027, 7, 5), false, true),
            (date(2027, 7, 2), false, false),
        ] {
            assert_eq!(fourth.is_on(day, false), plain, "{day}");
            assert_eq!(fourth.is_on(day, true), observed, "{day}");
        }
        assert!(Holiday::parse("01-01").unwrap().is_on(date(2027, 12, 31), true), "of the next year");
    }
}
