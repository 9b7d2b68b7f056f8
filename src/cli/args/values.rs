//! Numbers of the command line, with words for what is none: clap's own are made for programmers.

use std::str::FromStr;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::domain::hours::zones::parse_zone;

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
