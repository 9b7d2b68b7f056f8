//! Values of a workbook as its spreadsheet shows them: `15%`, `$34.30`, `00042`, by their number formats.
//!
//! Formats are those of ECMA-376 Part 1, 18.8.31; the crate `ssfmt` renders them. What has no format is written in full, where
//! a spreadsheet would fit it to the width of its column.

use std::fmt;

use super::serial_date::Epoch;

/// Longest code of a format, in characters. Source: Excel's limits.
const LONGEST: usize = 255;

/// A format as a spreadsheet applies it.
#[derive(Clone)]
pub struct ShownFormat(ssfmt::NumberFormat);

impl fmt::Debug for ShownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShownFormat")
    }
}

impl ShownFormat {
    /// The format with this code; `None` for one that shows a value as it is, and for what is no format.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        let plain = code.trim();
        if plain.is_empty()
            || plain.eq_ignore_ascii_case("general")
            || plain == "@"
            || code.len() > 4 * LONGEST
        {
            return None;
        }
        ssfmt::NumberFormat::parse(&without_padding(plain)).ok().map(Self)
    }

    /// A built-in format by its number, as the United States have it.
    #[must_use]
    pub fn built_in(id: u32) -> Option<Self> {
        let code = match id {
            5 | 6 => "$#,##0;($#,##0)",
            7 | 8 => "$#,##0.00;($#,##0.00)",
            14 => "m/d/yyyy",
            22 => "m/d/yyyy h:mm",
            37 | 38 => "#,##0;(#,##0)",
            39 | 40 => "#,##0.00;(#,##0.00)",
            41 => "#,##0;(#,##0);-",
            42 => "$#,##0;($#,##0);$-",
            43 => "#,##0.00;(#,##0.00);-",
            44 => "$#,##0.00;($#,##0.00);$-",
            47 => "mm:ss.0",
            other => ssfmt::format_code_from_id(other)?,
        };
        Self::parse(code)
    }

    /// A number as it is shown, without the spaces that align it.
    #[must_use]
    pub fn number(&self, value: f64, epoch: Epoch) -> Option<String> {
        let mut options = ssfmt::FormatOptions::default();
        if epoch == Epoch::Year1904 {
            options.date_system = ssfmt::DateSystem::Date1904;
        }
        let text = self.0.try_format(value, &options).ok()?;
        Some(text.trim().to_owned())
    }

    /// A text as it is shown, where the format has a section for texts.
    #[must_use]
    pub fn text(&self, text: &str) -> Option<String> {
        (self.0.sections().len() >= 4)
            .then(|| self.0.format_text(text, &ssfmt::FormatOptions::default()).trim().to_owned())
    }
}

/// The code with what is no letter of a format in quotes, and without what only fills or aligns: `_x` leaves the width of a character, `*x` repeats one.
fn without_padding(code: &str) -> String {
    let mut plain = String::with_capacity(code.len());
    let (mut quoted, mut bracket) = (false, false);
    let mut characters = code.chars();
    while let Some(c) = characters.next() {
        match c {
            '"' => quoted = !quoted,
            '[' if !quoted => bracket = true,
            ']' if !quoted && !bracket => {
                plain.extend(['\\', c]);
                continue;
            }
            ']' if !quoted => bracket = false,
            '\\' if !quoted => {
                plain.push(c);
                plain.extend(characters.next());
                continue;
            }
            '_' | '*' if !quoted && !bracket => {
                characters.next();
                continue;
            }
            // Signs and letters beyond ASCII stand for themselves, and so does a bracket that closes nothing.
            c if !c.is_ascii() && !quoted && !bracket => {
                plain.extend(['"', c, '"']);
                continue;
            }
            _ => {}
        }
        plain.push(c);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(code: &str, value: f64) -> String {
        ShownFormat::parse(code).and_then(|format| format.number(value, Epoch::Year1900)).unwrap_or_default()
    }

    #[test]
    fn numbers_are_shown_by_their_formats() {
        for (code, value, text) in [
            ("0%", 0.15, "15%"),
            ("0.00%", 0.1234, "12.34%"),
            ("\"$\"#,##0.00", 34.3, "$34.30"),
            ("[$€-407] #,##0.00", 1234.5, "€ 1,234.50"),
            ("#,##0.00\\ \"€\"", 1234.5, "1,234.50 €"),
            ("_($* #,##0.00_);_($* (#,##0.00);_($* \"-\"??_);_(@_)", 34.3, "$34.30"),
            ("_($* #,##0.00_);_($* (#,##0.00);_($* \"-\"??_);_(@_)", -34.3, "$(34.30)"),
            ("00000", 42.0, "00042"),
            ("#,##0", 1_234_567.0, "1,234,567"),
            ("# ?/?", 0.5, "1/2"),
            ("0.00E+00", 12345.0, "1.23E+04"),
            ("yyyy-mm-dd", 46_143.0, "2026-05-01"),
            ("dddd, mmmm d, yyyy", 46_143.0, "Friday, May 1, 2026"),
            ("h:mm AM/PM", 0.395_833_333_333_333_3, "9:30 AM"),
            ("[h]:mm", 1.5, "36:00"),
            ("0;\"minus \"0;\"none\"", 0.0, "none"),
            ("0;\"minus \"0;\"none\"", -5.0, "minus 5"),
            ("[<=9999999]###-####;(###) ###-####", 2_025_550_143.0, "(202) 555-0143"),
            ("0.0,,\"M\"", 12_345_678.0, "12.3M"),
            ("0 \"pcs\"", 3.0, "3 pcs"),
        ] {
            assert_eq!(shown(code, value), text, "{code} for {value}");
        }
        assert!(ShownFormat::parse("General").is_none() && ShownFormat::parse("@").is_none());
        assert_eq!(
            ShownFormat::parse("0;0;0;\"Dr. \"@").and_then(|format| format.text("Ann")).as_deref(),
            Some("Dr. Ann")
        );
        assert_eq!(ShownFormat::parse("0").and_then(|format| format.text("Ann")), None);
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(5_000))]

        #[test]
        fn no_code_makes_it_panic(
            code in "([0#?.,%_*\"\\\\@;/E+ymdhsAMP\\[\\]$<>=-]|General|\\[h\\]|AM/PM|[a-zé€ 1-9]){0,20}",
            value in proptest::num::f64::ANY,
        ) {
            if let Some(format) = ShownFormat::parse(&code) {
                let _ = format.number(value, Epoch::Year1900);
                let _ = format.number(value, Epoch::Year1904);
                let _ = format.text("Ann");
            }
        }
    }
}
