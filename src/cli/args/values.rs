//! Numbers and times of the command line, with words for what is none: clap's own are made for programmers.

use std::str::FromStr;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::domain::hours::moment::{self, Side};
use crate::domain::hours::zones::parse_zone;
use crate::domain::unix_millis::UnixMillis;

/// A time zone.
///
/// # Errors
/// What is taken instead.
pub fn zone(text: &str) -> Result<TimeZone, String> {
    if text.eq_ignore_ascii_case("UTC") {
        return Ok(TimeZone::UTC);
    }
    let zones = parse_zone(text).map_err(|reason| reason.to_string())?;
    zones.zones().next().ok_or_else(|| "such as America/New_York".to_owned())
}

/// A whole number in the range of its type, which has no zero where zero means nothing.
///
/// # Errors
/// What is taken instead.
pub fn whole<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "a whole number of 1 or more, in digits alone".to_owned())
}

/// A moment; one without a zone is in that of this machine. Where its clocks show it twice, the later one.
///
/// # Errors
/// What is taken instead.
pub fn moment(text: &str) -> Result<UnixMillis, String> {
    moment_in(text, TimeZone::try_system().unwrap_or(TimeZone::UTC), Side::Latest)
}

/// The same, and the earlier one where clocks show it twice: what is looked at begins there.
///
/// # Errors
/// What is taken instead.
pub fn moment_or_before(text: &str) -> Result<UnixMillis, String> {
    moment_in(text, TimeZone::try_system().unwrap_or(TimeZone::UTC), Side::Earliest)
}

/// The moment that is meant; one without a zone is in this one.
fn moment_in(text: &str, zone: TimeZone, side: Side) -> Result<UnixMillis, String> {
    moment::parse(text, &[zone], side).map_err(|reason| {
        format!(
            "{reason}. A date with a time or without is taken, in the zone of this machine or in its own: 2026-12-01, \
             \"2026-12-01 09:00\", 2026-12-01T09:00[America/New_York], 2026-12-01T09:00-05:00"
        )
    })
}

/// A length of time.
///
/// # Errors
/// What is taken instead.
pub fn time(text: &str) -> Result<Duration, String> {
    let duration: jiff::SignedDuration =
        text.parse().map_err(|_| "not a time such as 30ms or 4m".to_owned())?;
    duration.try_into().map_err(|_| "must not be negative".to_owned())
}

/// Requests per second to the account.
///
/// # Errors
/// What is taken instead.
pub fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    (0.1..=10_000.0).contains(&rate).then_some(rate).ok_or_else(|| "must be from 0.1 to 10000".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_date_with_a_time_or_without_in_its_zone_or_that_of_the_machine() {
        let zone = || TimeZone::get("America/New_York").unwrap();
        for (text, begins) in [
            ("2026-12-01", "2026-12-01T05:00:00.000Z"),
            ("2026-12-01 09:00", "2026-12-01T14:00:00.000Z"),
            ("2026-12-01T09:00", "2026-12-01T14:00:00.000Z"),
            ("2026-12-01[Europe/Berlin]", "2026-11-30T23:00:00.000Z"),
            ("2026-12-01T09:00[Europe/Berlin]", "2026-12-01T08:00:00.000Z"),
            ("2026-12-01T09:00-05:00", "2026-12-01T14:00:00.000Z"),
            ("2026-12-01T09:00Z", "2026-12-01T09:00:00.000Z"),
        ] {
            assert_eq!(
                moment_in(text, zone(), Side::Latest).map(|at| at.to_string()).as_deref(),
                Ok(begins),
                "{text}"
            );
        }
        for wrong in [
            "soon",
            "12/01/2026",
            "2026-12-01T09:00[Nowhere]",
            "2026-13-01",
            "2026-12-01T09:00+05:00[Europe/Berlin]",
        ] {
            let told = moment_in(wrong, zone(), Side::Latest).unwrap_err();
            let forms = "2026-12-01, \"2026-12-01 09:00\", 2026-12-01T09:00[America/New_York], 2026-12-01T09:00-05:00";
            assert!(told.ends_with(forms), "{wrong}: {told}");
        }
    }

    #[test]
    fn what_clocks_show_twice_is_the_later_one_or_where_looking_begins() {
        let of =
            |side| moment_in("2026-11-01 01:30", TimeZone::get("America/New_York").unwrap(), side).unwrap();
        assert_eq!(of(Side::Earliest).to_string(), "2026-11-01T05:30:00.000Z");
        assert_eq!(of(Side::Latest).to_string(), "2026-11-01T06:30:00.000Z");
    }
}
