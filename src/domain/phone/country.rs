//! Which country a number belongs to, for counts: millions of numbers, so that most are told by their beginning.
//!
//! Beside `phone`, the only file that names the phone library. What a number is was decided when it was read.

use std::collections::HashMap;

use rlibphonenumber::{PHONE_NUMBER_UTIL, Region};

/// A country (or territory with a code of its own): ISO 3166-1 alpha-2, such as `US`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country([u8; 2]);

impl Country {
    fn of(region: Region) -> Option<Self> {
        format!("{region:?}").into_bytes().try_into().ok().map(Self)
    }

    /// Its two letters.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Its name in English, where the code has one.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        celes::Country::from_alpha2(self.code()).ok().map(|country| country.long_name)
    }
}

/// Beginnings that are remembered, at most; then it begins anew.
const MOST: usize = 1 << 16;

/// Tells countries, and remembers by what beginnings.
#[derive(Debug, Default)]
pub struct Countries {
    known: HashMap<[u8; 12], Option<Country>>,
}

impl Countries {
    /// The country of an E.164 number; `None` where it belongs to none.
    pub fn of(&mut self, number: &str) -> Option<Country> {
        let beginning = beginning(number)?;
        if let Some(country) = self.known.get(&beginning) {
            return *country;
        }
        let parsed = PHONE_NUMBER_UTIL.parse(number, None).ok()?;
        let country = PHONE_NUMBER_UTIL
            .get_region_for_number(&parsed)
            .or_else(|| PHONE_NUMBER_UTIL.get_region_for_country_code(parsed.country_code))
            .and_then(Country::of);
        if self.known.len() >= MOST {
            self.known.clear();
        }
        self.known.insert(beginning, country);
        country
    }
}

/// The digits that decide: the area code in North America, where each belongs to one country; elsewhere all but the last
/// four, for no numbering plan gives half of ten thousand numbers to another country.
fn beginning(number: &str) -> Option<[u8; 12]> {
    let digits = number.strip_prefix('+')?.as_bytes();
    let decisive = if digits.first() == Some(&b'1') { 4 } else { digits.len().saturating_sub(4) };
    let mut beginning = [0; 12];
    let some = digits.get(..decisive.min(beginning.len() - 1))?;
    beginning[..some.len()].copy_from_slice(some);
    // Numbers of different lengths may belong to different plans.
    beginning[11] = u8::try_from(digits.len()).unwrap_or(u8::MAX);
    Some(beginning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_country_codes_are_told_apart() {
        let mut countries = Countries::default();
        for (number, country) in [
            ("+12025550101", Some("US")),
            ("+12025559999", Some("US")),
            ("+14165550101", Some("CA")),
            ("+18765550101", Some("JM")),
            ("+447400123456", Some("GB")),
            ("+447911123456", Some("GG")),
            ("+447781123456", Some("GG")),
            ("+447797712345", Some("JE")),
            ("+79161234567", Some("RU")),
            ("+77011234567", Some("KZ")),
            ("+358412345678", Some("FI")),
            ("+33612345678", Some("FR")),
            ("+88213123456", None),
            ("12025550101", None),
            ("", None),
        ] {
            let code = |countries: &mut Countries| countries.of(number).map(|found| found.code().to_owned());
            assert_eq!(code(&mut countries).as_deref(), country, "{number}");
            assert_eq!(code(&mut countries).as_deref(), country, "{number} again");
        }
    }

    #[test]
    fn codes_have_names() {
        let name = |code: &[u8; 2]| Country(*code).name();
        assert_eq!(name(b"FR"), Some("France"));
        assert_eq!(name(b"US"), Some("The United States Of America"));
        assert_eq!(name(b"AC"), None);
    }
}
