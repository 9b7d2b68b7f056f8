//! Values of a workbook as its spreadsheet shows them: `15%`, `$34.30`, `00042`, by their number formats.
//!
//! Formats are those of ECMA-376 Part 1, 18.8.31; the crate `ssfmt` renders them, but for what stands around an exponent or a
//! fraction, which it drops, and numbers in thousands, which it cuts. What has no format is written in full, where a spreadsheet
//! would fit it to the width of its column. `tests/long.sh shown` holds all of it against LibreOffice.

use std::fmt;

use super::serial_date::Epoch;

/// Longest code of a format, in characters. Source: Excel's limits.
const LONGEST: usize = 255;

/// A format as a spreadsheet applies it.
#[derive(Clone)]
pub struct ShownFormat {
    whole: ssfmt::NumberFormat,
    /// Its sections for numbers; none where it has dates, or a condition chooses among them.
    sections: Vec<NumberSection>,
}

/// A section of a format for numbers.
#[derive(Clone)]
struct NumberSection {
    /// To how many places a number is rounded, percentages as parts of one; `None` for an exponent and a fraction.
    places: Option<usize>,
    /// Where it has an exponent, a fraction or thousands.
    around: Option<Around>,
}

/// A section of a format: what stands around the digits, and the digits' own format.
#[derive(Clone)]
struct Around {
    before: String,
    digits: ssfmt::NumberFormat,
    /// How many times a number is divided by a thousand.
    thousands: i32,
    /// The largest denominator of a fraction, where its digits alone bound it.
    denominator: Option<u32>,
    after: String,
}

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
        let plain = without_padding(plain);
        let whole = ssfmt::NumberFormat::parse(&plain).ok()?;
        Some(Self { whole, sections: NumberSection::all(&plain).unwrap_or_default() })
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
        let Some((section, sign)) = self.section(value) else {
            return Some(self.whole.try_format(value, &options).ok()?.trim().to_owned());
        };
        // What is rounded to nothing is still shown by the section of its sign.
        let places = |number: f64| section.places.map(|places| round_half_up(number, places));
        let rounded = |number: f64| places(number).filter(|rounded| *rounded != 0.0).unwrap_or(number);
        let Some(around) = &section.around else {
            return Some(self.whole.try_format(rounded(value), &options).ok()?.trim().to_owned());
        };
        let number = rounded(value.abs() / 1000_f64.powi(around.thousands));
        let number = around.denominator.map_or(number, |most| nearest_fraction(number, most));
        let digits = around.digits.try_format(number, &options).ok()?;
        let text = format!("{sign}{}{}{}", around.before, digits.trim(), around.after);
        Some(text.trim().to_owned())
    }

    /// The section for a number, and the sign that it does not write itself.
    fn section(&self, value: f64) -> Option<(&NumberSection, &'static str)> {
        let negative = value < 0.0;
        let at = match self.sections.len() {
            0 => return None,
            1 => 0,
            2 => usize::from(negative),
            _ if value == 0.0 => 2,
            _ => usize::from(negative),
        };
        let sign = if negative && at == 0 { "-" } else { "" };
        self.sections.get(at).map(|section| (section, sign))
    }

    /// A text as it is shown, where the format has a section for texts.
    #[must_use]
    pub fn text(&self, text: &str) -> Option<String> {
        (self.whole.sections().len() >= 4)
            .then(|| self.whole.format_text(text, &ssfmt::FormatOptions::default()).trim().to_owned())
    }
}

/// A piece of a section's code.
enum FormatPiece<'c> {
    /// What is written as it is.
    Literal(&'c str),
    /// A code of digits: `0`, `#`, `?`, `.`, `,`, `/`, `%`, `E+`.
    Digits(&'c str),
    /// A colour: nothing is written.
    Nothing,
}

impl NumberSection {
    /// The sections for numbers of a code. `None` where it has dates, or a condition chooses among them.
    fn all(code: &str) -> Option<Vec<Self>> {
        let mut sections = Vec::new();
        let mut rest = Some(code);
        while let Some(code) = rest
            && sections.len() < 3
        {
            let (pieces, behind) = pieces(code)?;
            sections.push(Self { places: places(&pieces), around: Around::of(&pieces) });
            rest = behind;
        }
        Some(sections)
    }
}

/// To how many places a section rounds; `None` for an exponent and a fraction.
fn places(pieces: &[FormatPiece<'_>]) -> Option<usize> {
    let digits: Vec<&str> = pieces
        .iter()
        .filter_map(|piece| match piece {
            FormatPiece::Digits(code) => Some(*code),
            _ => None,
        })
        .collect();
    let has_other = digits.iter().any(|code| *code == "/" || code.starts_with('E'));
    let percents = digits.iter().filter(|code| **code == "%").count();
    let behind =
        digits.iter().skip_while(|code| **code != ".").filter(|code| matches!(**code, "0" | "#" | "?"));
    (!has_other && !digits.is_empty()).then(|| behind.count() + 2 * percents)
}

/// A number rounded as it is written, halves away from zero: 2530.365 is 2530.37, though the nearest binary number is less.
fn round_half_up(number: f64, places: usize) -> f64 {
    let written = number.to_string();
    let Some((whole, fraction)) = written.split_once('.') else { return number };
    let Some(next) = fraction.as_bytes().get(places).filter(|_| places < 18) else { return number };
    let cut: f64 = format!("{whole}.{}", &fraction[..places]).parse().unwrap_or(number);
    let step = if *next >= b'5' { 10_f64.powi(-i32::try_from(places).unwrap_or(0)) } else { 0.0 };
    let sum = cut + step.copysign(number);
    format!("{sum:.places$}").parse().unwrap_or(number)
}

impl Around {
    fn of(pieces: &[FormatPiece<'_>]) -> Option<Self> {
        let is_digit = |piece: &FormatPiece<'_>| matches!(piece, FormatPiece::Digits(code) if *code != ",");
        let first = pieces.iter().position(is_digit)?;
        let last = pieces.iter().rposition(is_digit)?;
        let is_comma = |piece: &&FormatPiece<'_>| matches!(piece, FormatPiece::Digits(","));
        let thousands = pieces[last + 1..].iter().take_while(is_comma).count();
        let special = |piece: &FormatPiece<'_>| matches!(piece, FormatPiece::Digits(code) if *code == "/" || code.starts_with('E'));
        if thousands == 0 && !pieces[first..=last].iter().any(special) {
            return None;
        }
        let literal = |piece: &FormatPiece<'_>| match piece {
            FormatPiece::Literal(text) | FormatPiece::Digits(text) => (*text).to_owned(),
            FormatPiece::Nothing => String::new(),
        };
        let code = |piece: &FormatPiece<'_>| match piece {
            FormatPiece::Literal(" ") => " ".to_owned(),
            FormatPiece::Literal(text) => format!("\"{text}\""),
            FormatPiece::Digits(code) => (*code).to_owned(),
            FormatPiece::Nothing => String::new(),
        };
        let digits: String = pieces[first..=last].iter().map(code).collect();
        Some(Self {
            before: pieces[..first].iter().map(literal).collect(),
            digits: ssfmt::NumberFormat::parse(&digits).ok()?,
            thousands: i32::try_from(thousands).ok()?,
            denominator: denominator(&pieces[first..=last]),
            after: pieces[last + 1 + thousands..].iter().map(literal).collect(),
        })
    }
}

/// The largest number with as many digits as a fraction's denominator has places: 9 of `?/?`. A fraction of eighths has its own.
fn denominator(digits: &[FormatPiece<'_>]) -> Option<u32> {
    let at = digits.iter().position(|piece| matches!(piece, FormatPiece::Digits("/")))?;
    let places = digits[at + 1..].iter().map(|piece| match piece {
        FormatPiece::Digits(place @ ("?" | "#" | "0")) => Some(*place),
        _ => None,
    });
    let places = places.collect::<Option<Vec<_>>>()?.len();
    (1..=4).contains(&places).then(|| 10_u32.pow(u32::try_from(places).unwrap_or(1)) - 1)
}

/// The number of halves, thirds and so on up to this denominator that is nearest to a positive number.
fn nearest_fraction(number: f64, most: u32) -> f64 {
    let fraction = |denominator: u32| (number * f64::from(denominator)).round() / f64::from(denominator);
    let off = |denominator: &u32| (fraction(*denominator) - number).abs();
    let best = (1..=most).min_by(|a, b| off(a).total_cmp(&off(b)));
    best.map_or(number, fraction)
}

/// The pieces of the first section of a code, and the code behind it. `None` for a section of dates, of text, or with a condition.
fn pieces(code: &str) -> Option<(Vec<FormatPiece<'_>>, Option<&str>)> {
    let mut pieces = Vec::new();
    let mut rest = code;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            ';' => return Some((pieces, Some(&rest[1..]))),
            '"' => {
                let end = rest[1..].find('"')?;
                pieces.push(FormatPiece::Literal(&rest[1..=end]));
                end + 2
            }
            '\\' => {
                let next = rest[1..].chars().next()?;
                pieces.push(FormatPiece::Literal(&rest[1..=next.len_utf8()]));
                1 + next.len_utf8()
            }
            '[' => {
                let end = rest.find(']')?;
                let inner = &rest[1..end];
                pieces.push(match inner.strip_prefix('$') {
                    Some(currency) => FormatPiece::Literal(currency.split('-').next().unwrap_or_default()),
                    None if inner.bytes().all(|byte| byte.is_ascii_alphanumeric()) => FormatPiece::Nothing,
                    None => return None,
                });
                end + 1
            }
            'E' | 'e' if rest[1..].starts_with(['+', '-']) => {
                pieces.push(FormatPiece::Digits(&rest[..2]));
                2
            }
            '0'..='9' | '#' | '?' | '.' | ',' | '/' | '%' => {
                pieces.push(FormatPiece::Digits(&rest[..1]));
                1
            }
            c if c.is_ascii_alphabetic() || c == '@' => return None,
            c => {
                pieces.push(FormatPiece::Literal(&rest[..c.len_utf8()]));
                c.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    Some((pieces, None))
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
            ("$0.0E+0\"x\"", 12345.0, "$1.2E+4x"),
            ("0.00E+00;\"minus \"0.00E+00", -2288.82, "minus 2.29E+03"),
            ("[$£-809]# ?/?\" km\"", -1234.5, "-£1234 1/2 km"),
            ("# ?/? €", 7.0, "7 €"),
            ("# ?/?", 8805.46, "8805 4/9"),
            ("# ??/??", 0.312, "29/93"),
            ("# ?/8", 0.312, "2/8"),
            ("0.00", 2530.365, "2530.37"),
            ("0.00;-0.00", -1.005, "-1.01"),
            ("0%", 0.285, "29%"),
            ("0.0;-0.0;\"none\"", 0.04, "0.0"),
            ("$#,##0", 999_999.5, "$1,000,000"),
            ("#,##0,", 12_345_678.0, "12,346"),
            ("#,##0, €;-#,##0, €;\"none\"", 77_942.0, "78 €"),
            ("[Red]0.00,,\"M\"", -12_345_678.0, "-12.35M"),
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
