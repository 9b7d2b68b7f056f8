//! Days and times of the day as people and spreadsheets write them in keys: `2026-12-05` is `12/5/2026` to a spreadsheet
//! that opened it, and `9:30` is `09:30:00`.

use crate::domain::hours::moment::MONTHS;

/// The longest text that is looked at: `september 30, 2026`, and midnight behind it.
const LONGEST: usize = 30;

/// A day with its year, in a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct KeyDate {
    /// As it is written: with four digits or two.
    year: u32,
    /// The two numbers beside the year.
    pair: (u32, u32),
    order: Order,
}

/// Which of the two numbers is the month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    MonthFirst,
    DayFirst,
    /// `12/5/2026`: that depends on the country.
    Either,
}

/// By which a day or a time of the day is found among others.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DateFolds {
    /// One text for all that is surely the same.
    pub(super) plain: String,
    /// The plain texts of all that it may be as well, in another country or century.
    pub(super) others: Vec<String>,
}

/// The folds of a key in lower case; `None` where it is no day and no time. Of two keys that [`is_same`], the plain fold
/// of one is the plain one or another one of the other. Two days that are not the same have none in common so.
pub(super) fn folds(key: &str) -> Option<DateFolds> {
    if key.len() > LONGEST || !key.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    if let Some(date) = date(key) {
        return Some(date.folds());
    }
    let [hours, minutes, seconds] = time(key)?;
    Some(DateFolds { plain: format!("{hours:02}:{minutes:02}:{seconds:02}"), others: Vec::new() })
}

/// Whether two keys in lower case may be the same day or time, written in two ways.
pub(super) fn is_same(a: &str, b: &str) -> bool {
    match (date(a), date(b)) {
        (Some(a), Some(b)) => a.may_be(b),
        (None, None) => time(a).is_some() && time(a) == time(b),
        _ => false,
    }
}

impl KeyDate {
    fn folds(self) -> DateFolds {
        let (a, b) = self.pair;
        let sure = |year: u32, (month, day): (u32, u32)| format!("{year:02}-{month:02}-{day:02}");
        let open = |year: u32, (a, b): (u32, u32)| format!("{year:02}-{a}/{b}");
        let is_short = self.year < 100;
        let years = [self.year, 1900 + self.year, 2000 + self.year];
        let years = &years[..if is_short { 3 } else { 1 }];
        let (plain, mut others) = match self.order {
            Order::Either => {
                let all = years
                    .iter()
                    .flat_map(|year| [open(*year, (a, b)), sure(*year, (a, b)), sure(*year, (b, a))]);
                (open(self.year, (a, b)), all.collect::<Vec<_>>())
            }
            order => {
                let day = if order == Order::MonthFirst { (a, b) } else { (b, a) };
                // With two digits of the year it is no nearer to the form of a country than that is to it.
                let all = years
                    .iter()
                    .skip(1)
                    .flat_map(|year| [sure(*year, day), open(*year, (a, b)), open(*year, (b, a))]);
                (sure(self.year, day), all.collect())
            }
        };
        others.sort_unstable();
        others.dedup();
        others.retain(|other| *other != plain);
        DateFolds { plain, others }
    }

    fn may_be(self, other: Self) -> bool {
        let short = self.year.min(other.year) < 100;
        let same_year = if short { self.year % 100 == other.year % 100 } else { self.year == other.year };
        let swapped = (other.pair.1, other.pair.0);
        same_year
            && match (self.order, other.order) {
                // One file has one way to write dates.
                (Order::Either, Order::Either) => self.pair == other.pair,
                (Order::Either, _) | (_, Order::Either) => self.pair == other.pair || self.pair == swapped,
                (one, two) if one == two => self.pair == other.pair,
                _ => self.pair == swapped,
            }
    }
}

fn date(key: &str) -> Option<KeyDate> {
    let key = [" 00:00:00", "t00:00:00", " 00:00", "t00:00", " 0:00"]
        .iter()
        .find_map(|end| key.strip_suffix(end))
        .unwrap_or(key);
    let apart = |c: char| matches!(c, '-' | '/' | '.' | ' ' | ',');
    let parts: Vec<&str> = key.split(apart).filter(|part| !part.is_empty()).collect();
    let [one, two, three] = parts[..] else { return None };
    let day = |text: &str| number(text, 2).filter(|day| (1..=31).contains(day));
    let month = |text: &str| month(text).or_else(|| day(text).filter(|month| *month <= 12));
    let year = |text: &str| number(text, 4).filter(|_| text.len() == 4 || text.len() == 2);
    if one.len() == 4 && number(one, 4).is_some() {
        return Some(KeyDate {
            year: year(one)?,
            pair: (month(two)?, day(three)?),
            order: Order::MonthFirst,
        });
    }
    let year = year(three)?;
    let named = [one, two].map(|text| self::month(text).is_some());
    let (pair, order) = match named {
        [true, false] => ((month(one)?, day(two)?), Order::MonthFirst),
        [false, true] => ((day(one)?, month(two)?), Order::DayFirst),
        [true, true] => return None,
        [false, false] => {
            let pair = (day(one)?, day(two)?);
            let order = match (key.contains('.'), pair) {
                (true, _) => Order::DayFirst,
                (_, (13.., _)) => Order::DayFirst,
                (_, (_, 13..)) => Order::MonthFirst,
                (_, (one, two)) if one == two => Order::MonthFirst,
                _ => Order::Either,
            };
            let month = if order == Order::DayFirst { pair.1 } else { pair.0 };
            (month <= 12).then_some((pair, order))?
        }
    };
    Some(KeyDate { year, pair, order })
}

fn month(text: &str) -> Option<u32> {
    let named = |name: &&str| {
        text.len() >= 3
            && (name[..3] == *text || **name == *text || text == "sept" && name.starts_with("sept"))
    };
    let at = MONTHS.iter().position(named)?;
    u32::try_from(at + 1).ok()
}

fn number(text: &str, most: usize) -> Option<u32> {
    let digits = !text.is_empty() && text.len() <= most && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// Hours, minutes and seconds of `9:30`, `09:30:00`, `9:30:00 am`.
fn time(key: &str) -> Option<[u32; 3]> {
    let halves = [("am", 'a'), ("a.m.", 'a'), ("pm", 'p'), ("p.m.", 'p')];
    let (clock, half) = halves
        .iter()
        .find_map(|(end, half)| Some((key.strip_suffix(end)?.trim_end(), Some(*half))))
        .unwrap_or((key, None));
    let mut parts = clock.split(':');
    let (hours, minutes) = (number(parts.next()?, 2)?, parts.next()?);
    let minutes = number(minutes, 2).filter(|_| minutes.len() == 2)?;
    let seconds = match parts.next() {
        None => 0,
        Some(seconds) => number(seconds, 2).filter(|_| seconds.len() == 2)?,
    };
    let hours = match half {
        None => hours,
        Some(half) if (1..=12).contains(&hours) => hours % 12 + if half == 'p' { 12 } else { 0 },
        Some(_) => return None,
    };
    (parts.next().is_none() && hours < 24 && minutes < 60 && seconds < 60)
        .then_some([hours, minutes, seconds])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether one is found by the other's folds.
    fn are_found(one: &str, other: &str) -> bool {
        let [one, other] = [one, other].map(|key| folds(key).unwrap());
        one.plain == other.plain || one.others.contains(&other.plain) || other.others.contains(&one.plain)
    }

    #[test]
    fn a_day_is_known_in_every_form_that_a_spreadsheet_shows() {
        let forms = [
            "2026-12-05",
            "12/5/2026",
            "12/05/2026",
            "12/5/26",
            "5-dec-26",
            "5-dec-2026",
            "5.12.2026",
            "05.12.26",
            "dec 5, 2026",
            "december 5 2026",
            "2026/12/5",
            "2026-12-05 00:00",
            "2026-12-05t00:00:00",
            "5 december 2026",
        ];
        for one in forms {
            for other in forms {
                assert!(is_same(one, other) && are_found(one, other), "{one} {other}");
            }
        }
        assert!(is_same("2026-05-12", "12/5/2026"), "in another country");
    }

    #[test]
    fn two_days_are_two() {
        for (one, other) in [
            ("2026-12-05", "2026-05-12"),
            ("12/5/2026", "5/12/2026"),
            ("2026-12-05", "2026-12-06"),
            ("2026-12-05", "12/5/2025"),
            ("1926-12-05", "2026-12-05"),
            ("13.1.2026", "1.12.2026"),
            ("9:30", "21:30"),
            ("9:30 am", "9:30 pm"),
            ("2026-12-05", "9:30"),
        ] {
            assert!(!is_same(one, other) && !are_found(one, other), "{one} {other}");
        }
        for none in [
            "",
            "1-2",
            "12-34-567",
            "2026-13-05",
            "32/1/2026",
            "1.2.3",
            "a-1-2026",
            "24:00",
            "9:3",
            "1234567",
            "12:30:60",
            "am",
        ] {
            assert_eq!(folds(none), None, "{none}");
        }
    }

    #[test]
    fn a_time_is_known_with_seconds_and_in_halves_of_a_day() {
        for (one, other) in
            [("9:30", "09:30:00"), ("12:30", "12:30:00 pm"), ("0:30", "12:30 am"), ("21:30", "9:30 p.m.")]
        {
            assert!(is_same(one, other) && are_found(one, other), "{one} {other}");
        }
    }
}
