//! The clock that a page's times are read off: one zone for all of them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::unix_millis::UnixMillis;

/// A clock in a time zone.
#[derive(Debug, Clone, PartialEq)]
pub struct WallClock {
    zone: TimeZone,
}

impl Default for WallClock {
    /// UTC: the same for every reader of the report.
    fn default() -> Self {
        Self { zone: TimeZone::UTC }
    }
}

impl WallClock {
    /// In a zone.
    #[must_use]
    pub fn new(zone: TimeZone) -> Self {
        Self { zone }
    }

    /// The name of the zone.
    pub(super) fn name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// A moment, in a form of `strftime`.
    pub(super) fn show(&self, millis: i64, form: &str) -> String {
        let shown = |time: Timestamp| time.to_zoned(self.zone.clone()).strftime(form).to_string();
        Timestamp::from_millisecond(millis).map(shown).unwrap_or_default()
    }

    /// A moment for people, to the second.
    pub(super) fn time(&self, stamp: UnixMillis) -> String {
        self.show(stamp.millis(), "%Y-%m-%d %H:%M:%S")
    }

    /// The local time at a moment, as milliseconds: its days begin at multiples of a day.
    pub(super) fn local(&self, millis: i64) -> i64 {
        let offset = |time: Timestamp| i64::from(self.zone.to_offset(time).seconds()) * 1_000;
        millis + Timestamp::from_millisecond(millis).map_or(0, offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_at_midnight_of_the_zone_before_and_after_its_clocks_change() {
        let zone = WallClock::new(TimeZone::get("Europe/Berlin").unwrap());
        for (time, shown) in [
            ("2026-10-24T22:00:00Z", "2026-10-25 00:00:00"),
            ("2026-10-25T00:30:00Z", "2026-10-25 02:30:00"),
            ("2026-10-25T01:30:00Z", "2026-10-25 02:30:00"),
            ("2026-10-25T23:00:00Z", "2026-10-26 00:00:00"),
        ] {
            let millis = time.parse::<Timestamp>().unwrap().as_millisecond();
            assert_eq!(zone.show(millis, "%Y-%m-%d %H:%M:%S"), shown);
            assert_eq!(WallClock::default().show(zone.local(millis), "%Y-%m-%d %H:%M:%S"), shown);
        }
        assert_eq!((zone.name(), WallClock::default().name()), ("Europe/Berlin", "UTC"));
    }
}
