//! Hours by weekday, as the clock on the wall of a place shows them.
//!
//! Spans include their beginning and not their end. One that runs over midnight belongs to the day that it begins on.

use jiff::civil::{Time, Weekday};
use serde::{Deserialize, Serialize};

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// When it is open in a week: spans of each day from Monday on, in minutes, sorted and apart.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Week([Vec<(u16, u16)>; 7]);

/// Why a text is no span of a day, or a name no day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WeekMistake {
    /// Not `HH:MM-HH:MM`.
    #[error("{0:?} is no span of a day")]
    Span(String),
    /// As long as it is: nothing.
    #[error("{0:?} begins when it ends")]
    Empty(String),
    /// No day, and no range of days.
    #[error("{0:?} is no day of the week")]
    Days(String),
}

impl WeekMistake {
    /// What to write instead.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Span(_) => "such as \"09:00-20:00\", or \"22:00-02:00\" over midnight",
            Self::Empty(_) => "a whole day is \"00:00-24:00\", and a day without hours is []",
            Self::Days(_) => "mon, tue, wed, thu, fri, sat, sun, or a range such as mon-fri",
        }
    }
}

impl Week {
    /// Adds a span such as `09:00-20:00` to a day.
    ///
    /// # Errors
    /// Where the text is none.
    pub fn add(&mut self, day: Weekday, span: &str) -> Result<(), WeekMistake> {
        let mistake = || WeekMistake::Span(span.to_owned());
        let (begin, end) = span.split_once(['-', '\u{2013}']).ok_or_else(mistake)?;
        let (begin, end) = (minutes(begin).ok_or_else(mistake)?, minutes(end).ok_or_else(mistake)?);
        if begin == end || begin == DAY {
            return Err(WeekMistake::Empty(span.to_owned()));
        }
        let today = index(day);
        if begin < end {
            self.insert(today, (begin, end));
        } else {
            self.insert(today, (begin, DAY));
            if end > 0 {
                self.insert((today + 1) % 7, (0, end));
            }
        }
        Ok(())
    }

    fn insert(&mut self, day: usize, span: (u16, u16)) {
        let spans = &mut self.0[day];
        spans.push(span);
        spans.sort_unstable();
        let mut merged: Vec<(u16, u16)> = Vec::with_capacity(spans.len());
        for (begin, end) in spans.drain(..) {
            match merged.last_mut() {
                Some(last) if begin <= last.1 => last.1 = last.1.max(end),
                _ => merged.push((begin, end)),
            }
        }
        *spans = merged;
    }

    /// Whether it is open at that time of such a day.
    #[must_use]
    pub fn is_open(&self, day: Weekday, time: Time) -> bool {
        let minute = minute_of(time);
        self.0[index(day)].iter().any(|(begin, end)| (*begin..*end).contains(&minute))
    }

    /// The times at which it opens or closes on such a day, midnight at its end left out.
    pub fn boundaries(&self, day: Weekday) -> impl Iterator<Item = Time> {
        let minutes = self.0[index(day)].iter().flat_map(|(begin, end)| [*begin, *end]);
        minutes.filter(|minute| *minute < DAY).filter_map(time_of)
    }

    /// Whether it is never open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Vec::is_empty)
    }
}

/// The days of `mon`, `mon-fri`, `sat-mon`.
///
/// # Errors
/// Where the text names none.
pub fn days(text: &str) -> Result<Vec<Weekday>, WeekMistake> {
    let mistake = || WeekMistake::Days(text.to_owned());
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (day(first).ok_or_else(mistake)?, day(last).ok_or_else(mistake)?);
    let mut days = vec![first];
    while days.last() != Some(&last) {
        days.push(days[days.len() - 1].next());
    }
    Ok(days)
}

/// All days, from Monday on.
pub const DAYS: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

/// A day by its first three letters.
pub(super) fn day(text: &str) -> Option<Weekday> {
    let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let at = names.iter().position(|name| text.trim().eq_ignore_ascii_case(name))?;
    Some(DAYS[at])
}

fn index(day: Weekday) -> usize {
    usize::from(day.to_monday_zero_offset().unsigned_abs())
}

fn minute_of(time: Time) -> u16 {
    u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs())
}

fn time_of(minute: u16) -> Option<Time> {
    Time::new(i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?, 0, 0).ok()
}

/// `09:00` or `9:00` in minutes; `24:00` is the end of the day.
fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let number = |text: &str, longest: usize| {
        let plain = (1..=longest).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| text.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = (number(hour, 2)?, number(minute, 2).filter(|_| minute.len() == 2)?);
    (minute < 60 && hour * 60 + minute <= DAY).then_some(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;

    fn week(spans: &[(&str, &str)]) -> Week {
        let mut week = Week::default();
        for (names, span) in spans {
            for day in days(names).unwrap() {
                week.add(day, span).unwrap();
            }
        }
        week
    }

    #[test]
    fn spans_include_their_beginning_and_not_their_end() {
        let week = week(&[("mon-fri", "09:00-12:00"), ("mon-fri", "14:00-20:30"), ("sat", "00:00-24:00")]);
        for (day, hour, minute, open) in [
            (Weekday::Monday, 8, 59, false),
            (Weekday::Monday, 9, 0, true),
            (Weekday::Friday, 11, 59, true),
            (Weekday::Friday, 12, 0, false),
            (Weekday::Friday, 20, 29, true),
            (Weekday::Friday, 20, 30, false),
            (Weekday::Saturday, 0, 0, true),
            (Weekday::Saturday, 23, 59, true),
            (Weekday::Sunday, 0, 0, false),
        ] {
            assert_eq!(week.is_open(day, time(hour, minute, 59, 0)), open, "{day:?} {hour}:{minute}");
        }
    }

    #[test]
    fn a_span_over_midnight_runs_into_the_next_day() {
        let week = week(&[("sun", "22:00-02:00")]);
        assert!(week.is_open(Weekday::Sunday, time(23, 0, 0, 0)));
        assert!(week.is_open(Weekday::Monday, time(1, 59, 0, 0)));
        assert!(!week.is_open(Weekday::Monday, time(2, 0, 0, 0)));
        assert!(!week.is_open(Weekday::Sunday, time(1, 0, 0, 0)));
        assert_eq!(week.boundaries(Weekday::Sunday).collect::<Vec<_>>(), [time(22, 0, 0, 0)]);
    }

    #[test]
    fn spans_that_meet_are_one() {
        let week = week(&[("mon", "09:00-12:00"), ("mon", "11:00-13:00"), ("mon", "13:00-14:00")]);
        assert_eq!(
            week.boundaries(Weekday::Monday).collect::<Vec<_>>(),
            [time(9, 0, 0, 0), time(14, 0, 0, 0)]
        );
    }

    #[test]
    fn ranges_of_days_may_run_over_the_end_of_the_week() {
        assert_eq!(days("sat-mon"), Ok(vec![Weekday::Saturday, Weekday::Sunday, Weekday::Monday]));
        assert_eq!(days("Mon").map(|days| days.len()), Ok(1));
        assert_eq!(days("mon-sun").map(|days| days.len()), Ok(7));
        for text in ["", "monday", "mon-", "-fri", "mon-fri-sat", "weekend"] {
            assert_eq!(days(text), Err(WeekMistake::Days(text.to_owned())));
        }
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for text in
            ["", "9-5", "09:00", "09:00-25:00", "09:60-10:00", "24:01-24:02", "a:00-b:00", "+9:00-10:00"]
        {
            assert_eq!(Week::default().add(Weekday::Monday, text), Err(WeekMistake::Span(text.to_owned())));
        }
        for text in ["09:00-09:00", "24:00-08:00", "00:00-00:00"] {
            assert_eq!(Week::default().add(Weekday::Monday, text), Err(WeekMistake::Empty(text.to_owned())));
        }
        assert_eq!(Week::default().add(Weekday::Monday, "9:00\u{2013}24:00"), Ok(()));
    }
}
