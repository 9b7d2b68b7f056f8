//! Numbers and durations as people read them. Machines get them raw.

use std::fmt;
use std::time::Duration;

use super::unix_millis::UnixMillis;

/// A count with its thousands set apart: `1,234,567`.
#[derive(Debug, Clone, Copy)]
pub struct Grouped(pub u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        f.pad(&grouped)
    }
}

/// A count with its noun: `1 retry`, `1,234 retries`.
#[must_use]
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", Grouped(count), if count == 1 { one } else { many })
}

/// How long something took or takes, to two units: `4.2 s`, `8 min 30 s`, `3 h 20 min`, `2 d 4 h`.
#[derive(Debug, Clone, Copy)]
pub struct Span(pub Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
        f.pad(&match seconds {
            0..10 => format!("{}.{} s", seconds, self.0.subsec_millis() / 100),
            10..60 => format!("{seconds} s"),
            60..3_600 => two((minutes, "min"), (seconds % 60, "s")),
            3_600..86_400 => two((hours, "h"), (minutes, "min")),
            _ => two((days, "d"), (hours, "h")),
        })
    }
}

fn two((large, large_unit): (u64, &str), (small, small_unit): (u64, &str)) -> String {
    if small == 0 {
        format!("{large} {large_unit}")
    } else {
        format!("{large} {large_unit} {small} {small_unit}")
    }
}

/// A moment in a sentence: `Sun 2026-03-01 09:30 UTC`, with its seconds where it has some. Machines get RFC 3339.
#[derive(Debug, Clone, Copy)]
pub struct UtcTime(pub UnixMillis);

impl fmt::Display for UtcTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(at) = jiff::Timestamp::from_millisecond(self.0.millis()) else {
            return write!(f, "{}", self.0);
        };
        let form =
            if at.as_second() % 60 == 0 { "%a %Y-%m-%d %H:%M UTC" } else { "%a %Y-%m-%d %H:%M:%S UTC" };
        f.pad(&at.to_zoned(jiff::tz::TimeZone::UTC).strftime(form).to_string())
    }
}

/// A pace: `0.0042/s`, `0.5/s`, `1.98/s`, `120/s`.
#[derive(Debug, Clone, Copy)]
pub struct PerSecond(pub f64);

impl fmt::Display for PerSecond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = if self.0 > 0.0 && self.0 < 0.0995 {
            // Two figures that tell, as far as a contact a week.
            let decimals = (2..=7).find(|decimals| self.0 >= 0.1_f64.powi(decimals - 1)).unwrap_or(7);
            format!("{:.*}", decimals as usize, self.0)
        } else if self.0 < 9.995 {
            format!("{:.2}", self.0)
        } else if self.0 < 99.95 {
            format!("{:.1}", self.0)
        } else {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a float to integer cast saturates, and a pace is not negative"
            )]
            let whole = self.0.round() as u64;
            Grouped(whole).to_string()
        };
        if digits.contains('.') {
            digits.truncate(digits.trim_end_matches('0').trim_end_matches('.').len());
        }
        f.pad(&format!("{digits}/s"))
    }
}

/// `count` per second of `elapsed`; zero where no time passed.
#[must_use]
pub fn per_second(count: u64, elapsed: Duration) -> f64 {
    let seconds = elapsed.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    let count = count as f64;
    if seconds > 0.0 { count / seconds } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_their_thousands_apart() {
        let all = [0, 7, 999, 1_000, 12_345, 1_234_567].map(|count| Grouped(count).to_string());
        assert_eq!(all, ["0", "7", "999", "1,000", "12,345", "1,234,567"]);
        assert_eq!(format!("{:>7}", Grouped(1_000)), "  1,000");
        assert_eq!((counted(1, "row", "rows"), counted(0, "row", "rows")), ("1 row".into(), "0 rows".into()));
    }

    #[test]
    fn spans_have_two_units() {
        let spans = [0, 450, 9_990, 59_900, 60_000, 510_000, 12_000_000, 187_200_000]
            .map(|millis| Span(Duration::from_millis(millis)).to_string());
        let expected = ["0.0 s", "0.4 s", "9.9 s", "59 s", "1 min", "8 min 30 s", "3 h 20 min", "2 d 4 h"];
        assert_eq!(spans, expected);
    }

    #[test]
    fn moments_in_sentences_have_a_weekday_a_zone_and_no_fraction() {
        let moments = [0, 1_772_357_400_120, 1_772_357_415_999, -1_500]
            .map(|millis| UtcTime(UnixMillis::from_millis(millis)).to_string());
        let expected = [
            "Thu 1970-01-01 00:00 UTC",
            "Sun 2026-03-01 09:30 UTC",
            "Sun 2026-03-01 09:30:15 UTC",
            "Wed 1969-12-31 23:59:58 UTC",
        ];
        assert_eq!(moments, expected);
        assert_eq!(UtcTime(UnixMillis::NEVER).to_string(), "9223372036854775807 ms");
    }

    #[test]
    fn a_slow_pace_is_not_none() {
        let paces = [0.0961, 0.05, 0.016, 0.0042, 0.004, 0.000_25].map(|pace| PerSecond(pace).to_string());
        assert_eq!(paces, ["0.096/s", "0.05/s", "0.016/s", "0.0042/s", "0.004/s", "0.00025/s"]);
    }

    #[test]
    fn paces_have_three_digits() {
        let paces =
            [0.0, 0.5, 1.984, 2.0, 20.0, 33.333, 99.96, 1234.5].map(|pace| PerSecond(pace).to_string());
        assert_eq!(paces, ["0/s", "0.5/s", "1.98/s", "2/s", "20/s", "33.3/s", "100/s", "1,235/s"]);
    }
}
