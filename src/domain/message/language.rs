//! How languages write dates and numbers: names of months and days, the forms of dates, the signs within numbers.
//!
//! The data is Unicode CLDR's, cut by `make_languages.py`.

/// A line a language; see `make_languages.py` for its parts.
const TABLE: &str = include_str!("languages.txt");

/// A language.
#[derive(Debug, Clone, Copy)]
pub struct Language {
    line: &'static str,
}

/// The regions that a language without one is written as in. Source: Unicode CLDR, likely subtags.
const HOMES: [(&str, &str); 39] = [
    ("bg", "BG"),
    ("ca", "ES"),
    ("cs", "CZ"),
    ("da", "DK"),
    ("de", "DE"),
    ("el", "GR"),
    ("en", "US"),
    ("es", "ES"),
    ("et", "EE"),
    ("fi", "FI"),
    ("fr", "FR"),
    ("he", "IL"),
    ("hi", "IN"),
    ("hr", "HR"),
    ("hu", "HU"),
    ("id", "ID"),
    ("it", "IT"),
    ("ja", "JP"),
    ("ko", "KR"),
    ("lt", "LT"),
    ("lv", "LV"),
    ("ms", "MY"),
    ("nb", "NO"),
    ("no", "NO"),
    ("nn", "NO"),
    ("nl", "NL"),
    ("pl", "PL"),
    ("pt", "BR"),
    ("ro", "RO"),
    ("ru", "RU"),
    ("sk", "SK"),
    ("sl", "SI"),
    ("sr", "RS"),
    ("sv", "SE"),
    ("th", "TH"),
    ("tr", "TR"),
    ("uk", "UA"),
    ("vi", "VN"),
    ("zh", "CN"),
];

/// Regions that write Spanish as the Americas do, and have no line of their own.
const AMERICAS: [&str; 6] = ["GT", "HN", "NI", "PA", "PR", "SV"];

/// Where the sign of a currency stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignPlace {
    /// `$34.30`
    Before,
    /// `R$ 34,30`
    BeforeWithSpace,
    /// `34,30 €`
    Behind,
}

impl Language {
    /// The language with this code, such as `de` or `pt-PT`; with a region that is not known, the language alone.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        let code = code.trim().replace('_', "-");
        let find = |wanted: &str| {
            TABLE
                .lines()
                .find(|line| line.split('\t').next().is_some_and(|is| is.eq_ignore_ascii_case(wanted)))
        };
        // Norwegian and its written form are one here.
        let alone = code.split('-').next().unwrap_or(&code);
        let alone = if matches!(alone, "no" | "nn") { "nb" } else { alone };
        find(&code).or_else(|| find(alone)).map(|line| Self { line })
    }

    /// The same, unless another region may write numbers and dates otherwise: `None` for `es-XX`, and for `de-LI`.
    #[must_use]
    pub fn exactly(code: &str) -> Option<Self> {
        let code = code.trim().replace('_', "-");
        let language = Self::parse(&code)?;
        let (alone, region) = match code.split_once('-') {
            None => return Some(language),
            Some((alone, region)) => (alone, region.to_ascii_uppercase()),
        };
        let is_home = HOMES.iter().any(|(known, home)| alone.eq_ignore_ascii_case(known) && region == *home);
        // Latin America, as far as it has nothing of its own. Source: Unicode CLDR, parentLocales.
        if alone.eq_ignore_ascii_case("es") && AMERICAS.contains(&region.as_str()) {
            return Self::parse("es-419");
        }
        (is_home || language.code().eq_ignore_ascii_case(&code)).then_some(language)
    }

    /// The codes of all.
    #[must_use]
    pub fn codes() -> Vec<&'static str> {
        TABLE.lines().filter_map(|line| line.split('\t').next()).collect()
    }

    /// Its code.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.part(0)
    }

    fn part(self, at: usize) -> &'static str {
        self.line.split('\t').nth(at).unwrap_or_default()
    }

    fn name(self, part: usize, at: i8) -> &'static str {
        usize::try_from(at).ok().and_then(|at| self.part(part).split('|').nth(at)).unwrap_or_default()
    }

    /// The name of a month from 1, beside a day or alone.
    #[must_use]
    pub fn month(self, month: i8, beside_day: bool) -> &'static str {
        self.name(if beside_day { 1 } else { 2 }, month - 1)
    }

    /// The short name of a month from 1.
    #[must_use]
    pub fn short_month(self, month: i8) -> &'static str {
        self.name(3, month - 1)
    }

    /// The name of a day from 0, Monday.
    #[must_use]
    pub fn day(self, day: i8) -> &'static str {
        self.name(4, day)
    }

    /// The short name of a day from 0, Monday.
    #[must_use]
    pub fn short_day(self, day: i8) -> &'static str {
        self.name(5, day)
    }

    /// AM or PM.
    #[must_use]
    pub fn period(self, afternoon: bool) -> &'static str {
        self.name(6, i8::from(afternoon))
    }

    /// `%-d. %B %Y`
    #[must_use]
    pub fn long_date(self) -> &'static str {
        self.part(7)
    }

    /// `%A, %-d. %B %Y`
    #[must_use]
    pub fn full_date(self) -> &'static str {
        self.part(8)
    }

    /// The decimal sign, and the sign between thousands.
    #[must_use]
    pub fn signs(self) -> (&'static str, &'static str) {
        (self.part(9), self.part(10))
    }

    /// Digits between two signs beyond the first thousand: 3, and 2 in India.
    #[must_use]
    pub fn grouping(self) -> usize {
        if self.part(12) == "2" { 2 } else { 3 }
    }

    /// Where the sign of a currency stands.
    #[must_use]
    pub fn sign_place(self) -> SignPlace {
        match self.part(11) {
            "before" => SignPlace::Before,
            "before-space" => SignPlace::BeforeWithSpace,
            _ => SignPlace::Behind,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_is_whole() {
        assert!(Language::codes().len() >= 40);
        for code in Language::codes() {
            let language = Language::parse(code).expect(code);
            for month in 1..=12 {
                assert!(
                    !language.month(month, true).is_empty() && !language.month(month, false).is_empty(),
                    "{code}"
                );
                assert!(!language.short_month(month).is_empty(), "{code}");
            }
            for day in 0..7 {
                assert!(!language.day(day).is_empty() && !language.short_day(day).is_empty(), "{code}");
            }
            assert!(language.long_date().contains("%Y") && language.full_date().contains("%A"), "{code}");
            assert!(!language.signs().0.is_empty() && !language.period(true).is_empty(), "{code}");
        }
        assert_eq!(Language::parse("de_AT").map(|language| language.month(5, true)), Some("Mai"));
        assert_eq!(Language::parse("ru").map(|language| language.month(5, true)), Some("мая"));
        assert_eq!(Language::parse("ru").map(|language| language.month(5, false)), Some("май"));
        assert!(Language::parse("klingon").is_none());
        for (code, known) in [
            ("de", Some("de")),
            ("de-DE", Some("de")),
            ("de_ch", Some("de-CH")),
            ("es-MX", Some("es-MX")),
            ("es-GT", Some("es-419")),
            ("pt-BR", Some("pt")),
            ("en-US", Some("en")),
            ("no", Some("nb")),
            ("de-LI", None),
            ("sv-FI", None),
            ("es-XX", None),
        ] {
            assert_eq!(Language::exactly(code).map(Language::code), known, "{code}");
        }
    }
}
