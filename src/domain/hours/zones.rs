//! The time zones that a phone number may be in, by libphonenumber's table, and those that a file names.
//!
//! A number's zones are where it may have been assigned, not where its owner is: a column of the file knows better. The
//! table (`zones.txt`) is made by `make_zones.py`; the zones' own rules are in the time zone database of `jiff`, built in.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, LazyLock};

use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::domain::phone::Phone;

/// Longest prefix of the table, in digits.
const LONGEST_PREFIX: usize = 9;
/// The country code and area code of a North American number, in digits.
const AREA_CODE: usize = 4;

/// A set of IANA time zones, never empty: what a row may be in. Cheap to clone and to compare.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Zones(Arc<str>);

impl Zones {
    fn of<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let names: BTreeSet<&str> = names.into_iter().collect();
        Self(names.into_iter().collect::<Vec<_>>().join(" ").into())
    }

    /// The set that [`as_str`](Self::as_str) gave. `None` where it has a zone that this version does not know.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let known = text.split(' ').all(|name| DATABASE.get(name).is_ok());
        known.then(|| Self::of(text.split(' ')))
    }

    /// The names, sorted, with one space between them.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ')
    }

    /// The zones themselves.
    pub fn zones(&self) -> impl Iterator<Item = TimeZone> {
        self.names().map(|name| DATABASE.get(name).expect("a set has only zones of the database"))
    }
}

impl fmt::Debug for Zones {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ZoneRejection {
    /// Such as `-05:00`, `UTC+1`, `Etc/GMT+5`.
    #[error(
        "the time zone is an offset from UTC, which does not tell when the clocks change; use a name such as America/New_York"
    )]
    Offset,
    /// No zone of the database.
    #[error("the time zone is not known; use an IANA name such as America/New_York")]
    Unknown,
}

impl ZoneRejection {
    /// A stable word for scripts.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Offset => "zone-offset",
            Self::Unknown => "zone-unknown",
        }
    }
}

/// Zones by their names: the IANA database's, backward links included, in any case.
///
/// # Errors
/// Why the text is none.
pub fn parse_zone(text: &str) -> Result<Zones, ZoneRejection> {
    let text = text.trim();
    if is_offset(text) || FIXED.iter().any(|name| text.eq_ignore_ascii_case(name)) {
        return Err(ZoneRejection::Offset);
    }
    let zone = DATABASE.get(text).map_err(|_| ZoneRejection::Unknown)?;
    zone.iana_name().map(|name| Zones::of([name])).ok_or(ZoneRejection::Unknown)
}

/// Names of the database that are no place's: of one offset all the year round, and two that only say that nothing is known.
const FIXED: [&str; 8] = ["EST", "MST", "HST", "Zulu", "Greenwich", "Universal", "Factory", "Etc/Unknown"];

/// Whether the text is an offset from UTC, in one of the forms in which people write them.
fn is_offset(text: &str) -> bool {
    let text = text.to_ascii_uppercase();
    let text = text.strip_prefix("ETC/").unwrap_or(&text);
    let bare = ["UTC", "GMT", "UCT"].iter().find_map(|name| text.strip_prefix(name)).unwrap_or(text).trim();
    let digits = bare.trim_start_matches(['+', '-', '\u{2212}']);
    let has_sign = digits.len() < bare.len();
    let numeric = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, ':' | '.'));
    numeric && (has_sign || bare.len() < text.len()) || ["UTC", "GMT", "UCT", "Z", "ZULU"].contains(&text)
}

/// The zones that a number may be in: North American ones all zones of the area code; others those of the longest prefix
/// of the table, or all of the country where the number is not tied to a place. `None` where the table has none.
#[must_use]
pub fn zones_of_number(phone: &Phone) -> Option<Zones> {
    let digits = &phone.number.as_str()[1..];
    if phone.is_geographical {
        if digits.starts_with('1')
            && let Some(zones) = digits.get(..AREA_CODE).and_then(|area| TABLE.areas.get(area))
        {
            return Some(zones.clone());
        }
        return longest(digits);
    }
    longest(phone.country_code.to_string().as_str())
}

fn longest(digits: &str) -> Option<Zones> {
    let lengths = (1..=LONGEST_PREFIX.min(digits.len())).rev();
    lengths.into_iter().find_map(|length| TABLE.prefixes.get(&digits[..length])).cloned()
}

/// The time zone database that is built in, whatever the machine has.
static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(include_str!("zones.txt")));

struct Table {
    prefixes: HashMap<&'static str, Zones>,
    /// The union over each North American area code, with the country code in front.
    areas: HashMap<&'static str, Zones>,
}

impl Table {
    fn read(text: &'static str) -> Self {
        let mut prefixes = HashMap::new();
        let mut areas: HashMap<&str, BTreeSet<&str>> = HashMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (names, list) = line.split_once(": ").expect("make_zones.py writes a colon");
            let zones = Zones::of(names.split(' '));
            for prefix in list.split(' ') {
                prefixes.insert(prefix, zones.clone());
                if prefix.starts_with('1')
                    && let Some(area) = prefix.get(..AREA_CODE)
                {
                    areas.entry(area).or_default().extend(names.split(' '));
                }
            }
        }
        let areas = areas.into_iter().map(|(area, names)| (area, Zones::of(names))).collect();
        Self { prefixes, areas }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::phone;

    fn zones(number: &str) -> String {
        let phone = phone::parse(number, None).unwrap_or_else(|reason| panic!("{number}: {reason}"));
        zones_of_number(&phone).map(|zones| zones.as_str().to_owned()).unwrap_or_default()
    }

    #[test]
    fn a_north_american_number_has_all_zones_of_its_area_code() {
        for (number, expected) in [
            ("+12025550101", "America/New_York"),
            // The prefix alone would be Chicago: most of 423 is Eastern.
            ("+14232345678", "America/Chicago America/New_York"),
            ("+18504321234", "America/Chicago America/New_York"),
            ("+19285550101", "America/Denver America/Phoenix"),
            ("+18085550101", "Pacific/Honolulu"),
        ] {
            assert_eq!(zones(number), expected, "{number}");
        }
    }

    #[test]
    fn a_number_without_a_place_has_all_zones_of_its_country() {
        assert_eq!(zones("+18005550101").split(' ').count(), 42, "toll-free");
        assert_eq!(zones("+61412345678").split(' ').count(), 8, "an Australian mobile");
        assert_eq!(zones("+79161234567").split(' ').count(), 16, "a Russian mobile");
        assert_eq!(zones("+33612345678"), "Europe/Paris");
        assert_eq!(zones("+919812345678"), "Asia/Calcutta");
        // Mobile numbers of Brazil have area codes.
        assert_eq!(zones("+5511961234567"), "America/Sao_Paulo");
    }

    #[test]
    fn every_zone_of_the_table_is_in_the_database() {
        let names: BTreeSet<String> = TABLE
            .prefixes
            .values()
            .flat_map(|zones| zones.names().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        assert_eq!((TABLE.prefixes.len(), names.len()), (3240, 285));
        for name in &names {
            assert!(DATABASE.get(name).is_ok(), "{name}");
        }
        assert_eq!(TABLE.prefixes.keys().map(|prefix| prefix.len()).max(), Some(LONGEST_PREFIX));
        let several = TABLE.areas.values().filter(|zones| zones.names().count() > 1).count();
        assert_eq!(several, 25, "area codes of several zones");
    }

    #[test]
    fn zones_have_names_and_offsets_are_none() {
        for (text, name) in [
            (" America/New_York ", "America/New_York"),
            ("america/new_york", "America/New_York"),
            ("Asia/Calcutta", "Asia/Calcutta"),
            ("US/Eastern", "US/Eastern"),
            ("EST5EDT", "EST5EDT"),
        ] {
            let zones = parse_zone(text).unwrap_or_else(|reason| panic!("{text}: {reason}"));
            assert_eq!(zones.as_str(), name, "{text}");
            assert_eq!(Zones::parse(zones.as_str()), Some(zones));
        }
        for text in
            ["+05:00", "-5", "UTC+1", "GMT -3", "Etc/GMT+5", "UTC", "etc/utc", "Z", "GMT0", "\u{2212}03:30"]
        {
            assert_eq!(parse_zone(text), Err(ZoneRejection::Offset), "{text}");
        }
        for text in FIXED {
            assert_eq!(parse_zone(&text.to_lowercase()), Err(ZoneRejection::Offset), "{text}");
        }
        // Whatever else has one offset all the year round is a place's.
        let year: Vec<_> = (1..13).map(|month| jiff::civil::date(2026, month, 15).at(12, 0, 0, 0)).collect();
        for name in DATABASE.available().filter(|name| !name.as_str().contains('/')) {
            let name = name.as_str();
            let Ok(zones) = parse_zone(name) else { continue };
            let zone = zones.zones().next().unwrap();
            let offsets: BTreeSet<_> = year
                .iter()
                .map(|at| zone.to_offset(at.to_zoned(zone.clone()).unwrap().timestamp()))
                .collect();
            let places = [
                "Cuba",
                "Egypt",
                "Eire",
                "GB",
                "GB-Eire",
                "Hongkong",
                "Iceland",
                "Iran",
                "Israel",
                "Jamaica",
                "Japan",
                "Kwajalein",
                "Libya",
                "NZ",
                "NZ-CHAT",
                "Navajo",
                "PRC",
                "Poland",
                "Portugal",
                "ROC",
                "ROK",
                "Singapore",
                "Turkey",
                "W-SU",
            ];
            assert!(offsets.len() > 1 || places.contains(&name), "{name} is no place");
        }
        for text in ["", "Eastern", "America/Nowhere", "5", "America/New_York x"] {
            assert_eq!(parse_zone(text), Err(ZoneRejection::Unknown), "{text}");
        }
        assert_eq!(Zones::parse("America/New_York Mars/Olympus"), None);
    }
}
