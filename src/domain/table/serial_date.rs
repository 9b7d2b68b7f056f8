//! Dates, times and durations as spreadsheets store them, as text: `2026-05-01`, `2026-05-01 09:30`, `09:30`, `36:15`.
//!
//! A spreadsheet counts days from 1899-12-31, and counts a 29 February 1900 that never was; or from 1904-01-01.

/// What a number in a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A day, perhaps with a time.
    Date,
    /// A time of day, or a day whose format shows a part only: the value shows which.
    Time,
    /// A length of time.
    Duration,
}

/// The day from which a workbook counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Epoch {
    /// 1 is 1900-01-01.
    #[default]
    Year1900,
    /// 0 is 1904-01-01.
    Year1904,
}

/// Days to 9999-12-31, with which spreadsheets end.
pub(super) const LAST_DAY: f64 = 2_958_465.0;
const DAY: i64 = 86_400;

/// The text of a date, time or duration; `None` where a spreadsheet could not show it either, or shows a day 0.
#[must_use]
pub fn text(moment: Moment, value: f64, epoch: Epoch) -> Option<String> {
    if !value.is_finite() || value.abs() >= LAST_DAY + 1.0 {
        return None;
    }
    // Whole seconds: fractions of a day are rarely exact.
    #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
    let mut seconds = (value * DAY as f64).round() as i64;
    #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
    let next_day = (whole_days(value) as i64 + 1) * DAY;
    if moment != Moment::Duration && seconds == next_day {
        // A second is not rounded to another day than the one that a spreadsheet shows.
        seconds -= 1;
    }
    if moment == Moment::Duration {
        let sign = if seconds < 0 { "-" } else { "" };
        let (minutes, second) = (seconds.abs() / 60, seconds.abs() % 60);
        return Some(format!("{sign}{}:{:02}{}", minutes / 60, minutes % 60, seconds_text(second)));
    }
    if seconds < 0 {
        return None;
    }
    let (day, second) = (seconds / DAY, seconds % DAY);
    let time = || format!("{:02}:{:02}{}", second / 3600, second / 60 % 60, seconds_text(second % 60));
    match (day, epoch) {
        (0, Epoch::Year1900) if moment == Moment::Date && second == 0 => return None,
        (0, Epoch::Year1900) => return Some(time()),
        (0, Epoch::Year1904) if moment == Moment::Time => return Some(time()),
        _ => {}
    }
    let date = date(day, epoch)?;
    Some(if second == 0 { date } else { format!("{date} {}", time()) })
}

fn seconds_text(seconds: i64) -> String {
    if seconds == 0 { String::new() } else { format!(":{seconds:02}") }
}

fn date(number: i64, epoch: Epoch) -> Option<String> {
    if (number, epoch) == (60, Epoch::Year1900) {
        return Some("1900-02-29".to_owned());
    }
    let date = first(number, epoch).checked_add(jiff::Span::new().try_days(number).ok()?);
    date.ok().map(|date| date.to_string())
}

/// The day with this number; `None` for a day that never was, and for day 0 of 1900.
pub(super) fn day(number: i64, epoch: Epoch) -> Option<jiff::civil::Date> {
    if epoch == Epoch::Year1900 && matches!(number, 0 | 60) {
        return None;
    }
    first(number, epoch).checked_add(jiff::Span::new().try_days(number).ok()?).ok()
}

/// The day from which the others are counted.
fn first(number: i64, epoch: Epoch) -> jiff::civil::Date {
    match epoch {
        Epoch::Year1904 => jiff::civil::date(1904, 1, 1),
        Epoch::Year1900 if number <= 60 => jiff::civil::date(1899, 12, 31),
        Epoch::Year1900 => jiff::civil::date(1899, 12, 30),
    }
}

/// The days that have begun. What lacks less than a thousandth of a second to the next day is that day: fractions of a day are
/// rarely exact.
pub(super) fn whole_days(value: f64) -> f64 {
    (value + 0.000_5 / DAY as f64).floor()
}

/// A date, time or duration that a workbook holds as ISO 8601 text, in the same forms; other text as it is.
#[must_use]
pub fn iso(text: &str) -> String {
    let text = text.trim();
    if text.starts_with(['P', '-'])
        && text.contains('P')
        && let Ok(duration) = text.parse::<jiff::SignedDuration>()
    {
        return self::text(Moment::Duration, duration.as_secs_f64() / DAY as f64, Epoch::Year1900)
            .unwrap_or_else(|| text.to_owned());
    }
    let time_text = |time: jiff::civil::Time| {
        format!("{:02}:{:02}{}", time.hour(), time.minute(), seconds_text(i64::from(time.second())))
    };
    // What a spreadsheet holds has no zone; where one is written, its time is that of the wall.
    let wall = text.trim_end_matches('Z');
    if wall.contains(['T', ' '])
        && let Ok(both) = wall.parse::<jiff::civil::DateTime>()
    {
        let both = both.date().to_datetime(to_second(both.time()));
        let midnight = (both.hour(), both.minute(), both.second()) == (0, 0, 0);
        return if midnight {
            both.date().to_string()
        } else {
            format!("{} {}", both.date(), time_text(both.time()))
        };
    }
    match (wall.parse::<jiff::civil::Date>(), wall.parse::<jiff::civil::Time>()) {
        (Ok(date), _) if wall.len() == 10 => date.to_string(),
        (Err(_), Ok(time)) if wall.contains(':') => time_text(to_second(time)),
        _ => text.to_owned(),
    }
}

/// A time rounded to whole seconds, on the same day.
fn to_second(time: jiff::civil::Time) -> jiff::civil::Time {
    let half = time.subsec_nanosecond() >= 500_000_000;
    let whole = time.with().subsec_nanosecond(0).build().unwrap_or(time);
    if half {
        whole
            .saturating_add(jiff::SignedDuration::from_secs(1))
            .with()
            .subsec_nanosecond(0)
            .build()
            .unwrap_or(whole)
    } else {
        whole
    }
}

/// A length of time that an OpenDocument holds for a cell with a time: where the sheet shows other hours than all of it
/// has, it is a day, counted as spreadsheets do, whose format shows its time.
#[must_use]
pub fn clock(iso: &str, shown: &str) -> String {
    let told = self::iso(iso);
    let Some((hours, _)) = told.split_once(':') else { return told };
    let Ok(length) = iso.trim().parse::<jiff::SignedDuration>() else { return told };
    let shows_all = shown.trim().trim_start_matches('0').starts_with(hours.trim_start_matches('0'));
    if hours.len() > 2 && !shown.trim().is_empty() && !shows_all {
        return text(Moment::Time, length.as_secs_f64() / DAY as f64, Epoch::Year1900).unwrap_or(told);
    }
    // A clock has two digits for hours.
    if hours.len() == 1 { format!("0{told}") } else { told }
}

/// The days from 1900 of a date that a workbook holds as ISO 8601 text.
#[must_use]
pub fn serial(iso: &str) -> Option<f64> {
    let wall = iso.trim().trim_end_matches('Z');
    let both = match wall.parse::<jiff::civil::DateTime>() {
        Ok(both) => both,
        Err(_) => wall.parse::<jiff::civil::Date>().ok()?.at(0, 0, 0, 0),
    };
    let since = jiff::civil::date(1899, 12, 30).at(0, 0, 0, 0).until(both).ok()?;
    Some(since.total((jiff::Unit::Second, jiff::SpanRelativeTo::days_are_24_hours())).ok()? / DAY as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_are_days_from_1900_or_1904() {
        use Moment::{Date, Duration, Time};
        for (moment, value, expected) in [
            (Date, 46_143.0, "2026-05-01"),
            (Date, 46_143.395_833_333_336, "2026-05-01 09:30"),
            (Time, 46_143.395_833_333_336, "2026-05-01 09:30"),
            (Time, 0.395_833_333_3, "09:30"),
            (Time, 0.0, "00:00"),
            (Date, 0.5, "12:00"),
            (Date, 1.0, "1900-01-01"),
            (Date, 59.0, "1900-02-28"),
            (Date, 60.0, "1900-02-29"),
            (Date, 61.0, "1900-03-01"),
            (Date, 2_958_465.0, "9999-12-31"),
            (Date, 2_958_465.5, "9999-12-31 12:00"),
            (Date, 46_143.999_999_999, "2026-05-02"),
            (Date, 46_143.999_999, "2026-05-01 23:59:59"),
            (Date, 46_143.0 - 1e-9, "2026-05-01"),
            (Duration, 1.5, "36:00"),
            (Duration, 1.510_416_666_7, "36:15"),
            (Duration, 0.000_694_444_4 + 5.0 / 86_400.0, "0:01:05"),
            (Duration, -0.5, "-12:00"),
        ] {
            assert_eq!(text(moment, value, Epoch::Year1900).as_deref(), Some(expected), "{moment:?} {value}");
        }
        assert_eq!(text(Date, 44681.0, Epoch::Year1904).as_deref(), Some("2026-05-01"));
        assert_eq!(text(Date, 0.0, Epoch::Year1904).as_deref(), Some("1904-01-01"));
        for value in [-1.0, 2_958_466.0, f64::NAN, f64::INFINITY, 0.0] {
            assert_eq!(text(Date, value, Epoch::Year1900), None, "{value}");
        }
    }

    #[test]
    fn iso_texts_take_the_same_forms() {
        for (iso, text) in [
            ("2026-05-01", "2026-05-01"),
            ("2026-05-01T00:00:00", "2026-05-01"),
            ("2026-05-01T09:30:00", "2026-05-01 09:30"),
            ("2026-05-01T09:30:15.000Z", "2026-05-01 09:30:15"),
            ("09:30:00", "09:30"),
            ("PT36H15M", "36:15"),
            ("PT01H30M00S", "1:30"),
            ("2026-05-01T09:29:59.999999", "2026-05-01 09:30"),
            ("2026-05-01T23:59:59.999", "2026-05-01 23:59:59"),
            ("2026-05-01T00:00:00.4", "2026-05-01"),
            ("09:30:15.7", "09:30:16"),
            ("PT9H29M59.9999S", "9:30"),
            ("soon", "soon"),
            ("", ""),
        ] {
            assert_eq!(super::iso(iso), text);
        }
    }

    #[test]
    fn a_time_of_an_open_document_is_a_day_where_it_is_shown_as_one() {
        for (iso, shown, text) in [
            ("PT09H30M00S", "09:30:00", "09:30"),
            ("PT00H05M30S", "0:05", "00:05:30"),
            ("PT1107441H30M", "09:30", "2026-05-01 09:30"),
            ("PT1107441H30M00S", "9:30 AM", "2026-05-01 09:30"),
            ("PT1107441H30M", "1107441:30", "1107441:30"),
            ("PT1107441H30M", "", "1107441:30"),
            ("PT36H15M", "36:15", "36:15"),
            ("PT36H15M", "12:15", "36:15"),
        ] {
            assert_eq!(clock(iso, shown), text, "{iso} shown as {shown}");
        }
    }
}
