//! How many SMS segments carriers make of a text.
//!
//! GSM-7: 160 septets in one segment, 153 in each of several; an escape and its character stay together. Everything
//! else is UCS-2: 70 code units in one, 67 in each of several; a surrogate pair stays together.
//! Source: 3GPP TS 23.040 (concatenation), TS 23.038 (alphabets); "SMS character limits" of AWS End User Messaging.

use crate::domain::message::gsm::{is_plain, septets};

/// How a text goes over the air.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// The GSM 7-bit default alphabet with its extension table.
    Gsm7,
    /// UTF-16 code units.
    Ucs2,
}

impl Encoding {
    /// Units (septets or code units) in the only segment, and in each of several.
    fn capacity(self) -> (usize, usize) {
        match self {
            Self::Gsm7 => (160, 153),
            Self::Ucs2 => (70, 67),
        }
    }

    fn units(self, c: char) -> usize {
        match self {
            Self::Gsm7 => septets(c).unwrap_or(1),
            Self::Ucs2 => c.len_utf16(),
        }
    }
}

/// What a text costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segments {
    /// The alphabet that the whole text needs.
    pub encoding: Encoding,
    /// Length in septets (GSM-7) or UTF-16 code units (UCS-2).
    pub units: usize,
    /// Segments; an empty text is one.
    pub count: usize,
    /// The first character outside GSM-7, with its index in characters from 0.
    pub forced_by: Option<(char, usize)>,
}

impl Segments {
    /// Counts.
    #[must_use]
    pub fn of(text: &str) -> Self {
        if is_plain(text) {
            let units = text.len();
            let (single, each) = Encoding::Gsm7.capacity();
            let count = if units <= single { 1 } else { units.div_ceil(each) };
            return Self { encoding: Encoding::Gsm7, units, count, forced_by: None };
        }
        let forced_by = text.chars().enumerate().find(|(_, c)| septets(*c).is_none()).map(|(at, c)| (c, at));
        let encoding = if forced_by.is_some() { Encoding::Ucs2 } else { Encoding::Gsm7 };
        let (single, each) = encoding.capacity();
        let units: usize = text.chars().map(|c| encoding.units(c)).sum();
        let count = if units <= single { 1 } else { split(text, encoding, each) };
        Self { encoding, units, count, forced_by }
    }
}

fn split(text: &str, encoding: Encoding, capacity: usize) -> usize {
    let mut count = 1;
    let mut used = 0;
    for units in text.chars().map(|c| encoding.units(c)) {
        if used + units > capacity {
            count += 1;
            used = 0;
        }
        used += units;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_as_carriers_do() {
        use Encoding::{Gsm7, Ucs2};
        let n = |c: &str, n: usize| c.repeat(n);
        for (text, encoding, units, count) in [
            (String::new(), Gsm7, 0, 1),
            (n("a", 160), Gsm7, 160, 1),
            (n("a", 161), Gsm7, 161, 2),
            (n("a", 306), Gsm7, 306, 2),
            (n("a", 307), Gsm7, 307, 3),
            (n("€", 80), Gsm7, 160, 1),
            // 152 + an escape that does not fit into the 153rd septet.
            (n("a", 152) + "€" + &n("a", 152), Gsm7, 306, 3),
            (n("ж", 70), Ucs2, 70, 1),
            (n("ж", 71), Ucs2, 71, 2),
            (n("ж", 134), Ucs2, 134, 2),
            // A surrogate pair that does not fit into the 67th code unit.
            (n("ж", 66) + "😀" + &n("ж", 66), Ucs2, 134, 3),
            (n("a", 159) + "’", Ucs2, 160, 3),
        ] {
            let segments = Segments::of(&text);
            assert_eq!(
                (segments.encoding, segments.units, segments.count),
                (encoding, units, count),
                "{text}"
            );
        }
    }

    #[test]
    fn names_the_character_that_forces_ucs2() {
        assert_eq!(Segments::of("It’s “here”").forced_by, Some(('’', 2)));
        assert_eq!(Segments::of("It's [here] for 5 €").forced_by, None);
    }
}
