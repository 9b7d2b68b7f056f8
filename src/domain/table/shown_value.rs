//! Values of a workbook as its spreadsheet shows them: `15%`, `$34.30`, `00042`, by their number formats.
//!
//! Formats are those of ECMA-376 Part 1, 18.8.31; the crate `ssfmt` renders them, but for what stands around an exponent
//! or a fraction, which it drops, and numbers in thousands, which it cuts. What has no format is written in full, where a
//! spreadsheet would fit it to the width of its column. `tests/long.sh shown` holds all of it against LibreOffice.

use std::fmt;

use super::serial_date::Epoch;
use super::shown_date::DateSection;

/// Longest code of a format, in characters. Source: Excel's limits.
const LONGEST: usize = 255;

/// A format as a spreadsheet applies it.
#[derive(Clone)]
pub struct ShownFormat {
    whole: ssfmt::NumberFormat,
    /// Its sections for numbers; none where a condition chooses among them.
    sections: Vec<ShownSection>,
    /// What stands around a text, where it has a section for texts.
    around_text: Option<Vec<TextPiece>>,
}

/// A section of a format.
#[derive(Clone)]
enum ShownSection {
    /// It shows nothing.
    Empty,
    Number(NumberSection),
    /// A number as it is, with something before and behind it.
    General(String, String),
    Date(DateSection),
    /// It has something that is not known here.
    Unknown,
}

/// A piece of a section for texts.
#[derive(Clone)]
enum TextPiece {
    Literal(String),
    Text,
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
        let mut codes = sections(&plain);
        // The fourth is for texts, and so is the last one with their mark.
        let text = match codes.len() {
            4.. => {
                codes.truncate(4);
                codes.pop()
            }
            _ => codes.pop_if(|code| has_text(code)),
        };
        let around_text = text.map(text_pieces);
        let has_condition = codes.iter().any(|code| ShownSection::has_condition(code));
        let sections = if has_condition {
            Vec::new()
        } else {
            codes.iter().map(|code| ShownSection::parse(code)).collect()
        };
        if has_condition && codes.iter().any(|code| DateSection::parse(code).is_some() && code.contains("[$"))
        {
            return None;
        }
        Some(Self { whole, sections, around_text })
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
        if self.sections.is_empty() && self.around_text.is_some() {
            // The mark is for texts; a number is shown as it is.
            return general(value);
        }
        let Some((section, sign)) = self.section(value) else {
            return Some(self.whole.try_format(value, &options).ok()?.trim().to_owned());
        };
        let section = match section {
            ShownSection::Number(section) => section,
            ShownSection::Empty => return Some(String::new()),
            ShownSection::General(before, after) => {
                return Some(format!("{sign}{before}{}{after}", general(value.abs())?).trim().to_owned());
            }
            ShownSection::Date(section) => return section.text(value, epoch),
            ShownSection::Unknown => return None,
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
    fn section(&self, value: f64) -> Option<(&ShownSection, &'static str)> {
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
        self.around_text.is_some().then(|| self.text_around(text))
    }

    fn text_around(&self, text: &str) -> String {
        let pieces = self.around_text.iter().flatten().map(|piece| match piece {
            TextPiece::Literal(literal) => literal,
            TextPiece::Text => text,
        });
        pieces.collect::<String>().trim().to_owned()
    }
}

/// A number as it is shown without a format: with fifteen digits. `None` where it would have an exponent.
fn general(value: f64) -> Option<String> {
    let rounded: f64 = format!("{value:.14e}").parse().ok()?;
    let plain = rounded == 0.0 || (1e-9..1e15).contains(&rounded.abs());
    plain.then(|| rounded.to_string())
}

impl ShownSection {
    fn parse(code: &str) -> Self {
        if code.is_empty() {
            return Self::Empty;
        }
        match pieces(code) {
            Some(pieces) => match NumberSection::general(&pieces) {
                Some((before, after)) => Self::General(before, after),
                None => Self::Number(NumberSection { places: places(&pieces), around: Around::of(&pieces) }),
            },
            None => DateSection::parse(code).map_or(Self::Unknown, Self::Date),
        }
    }

    /// Whether a section has a condition, such as `[>=100]`.
    fn has_condition(code: &str) -> bool {
        parts(code).any(|part| part.starts_with('[') && part[1..].starts_with(['<', '>', '=']))
    }
}

/// A code cut into quoted texts, brackets and single characters; an escape stays with what it escapes.
fn parts(code: &str) -> impl Iterator<Item = &str> {
    let mut rest = code;
    std::iter::from_fn(move || {
        let c = rest.chars().next()?;
        let up_to = |end: char| rest[1..].find(end).map_or(rest.len(), |at| at + 2);
        let length = match c {
            '"' => up_to('"'),
            '[' => up_to(']'),
            '\\' => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            c => c.len_utf8(),
        };
        let (part, behind) = rest.split_at(length);
        rest = behind;
        Some(part)
    })
}

/// The sections of a code.
fn sections(code: &str) -> Vec<&str> {
    let (mut sections, mut begin, mut at) = (Vec::new(), 0, 0);
    for part in parts(code) {
        if part == ";" {
            sections.push(&code[begin..at]);
            begin = at + 1;
        }
        at += part.len();
    }
    sections.push(&code[begin..]);
    sections
}

fn has_text(code: &str) -> bool {
    parts(code).any(|part| part == "@")
}

/// What a section for texts shows.
fn text_pieces(code: &str) -> Vec<TextPiece> {
    let pieces = parts(code).filter_map(|part| {
        Some(match part.as_bytes()[0] {
            b'@' => TextPiece::Text,
            b'"' => TextPiece::Literal(part.trim_matches('"').to_owned()),
            b'\\' => TextPiece::Literal(part[1..].to_owned()),
            // A colour, or a currency without an amount.
            b'[' => return None,
            _ => TextPiece::Literal(part.to_owned()),
        })
    });
    pieces.collect()
}

/// A piece of a section's code.
enum FormatPiece<'c> {
    /// What is written as it is.
    Literal(&'c str),
    /// A code of digits: `0`, `#`, `?`, `.`, `,`, `/`, `%`, `E+`.
    Digits(&'c str),
    /// The number as it is.
    General,
    /// A colour: nothing is written.
    Nothing,
}

impl NumberSection {
    /// What stands before and behind a number that is shown as it is.
    fn general(pieces: &[FormatPiece<'_>]) -> Option<(String, String)> {
        let at = pieces.iter().position(|piece| matches!(piece, FormatPiece::General))?;
        let literal = |piece: &FormatPiece<'_>| match piece {
            FormatPiece::Literal(text) | FormatPiece::Digits(text) => (*text).to_owned(),
            FormatPiece::General | FormatPiece::Nothing => String::new(),
        };
        let of = |pieces: &[FormatPiece<'_>]| pieces.iter().map(literal).collect::<String>();
        Some((of(&pieces[..at]), of(&pieces[at + 1..])))
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
            FormatPiece::General | FormatPiece::Nothing => String::new(),
        };
        let code = |piece: &FormatPiece<'_>| match piece {
            FormatPiece::Literal(" ") => " ".to_owned(),
            FormatPiece::Literal(text) => format!("\"{text}\""),
            FormatPiece::Digits(code) => (*code).to_owned(),
            FormatPiece::General | FormatPiece::Nothing => String::new(),
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

/// The largest number with as many digits as a fraction's denominator has places: 9 of `?/?`. A fraction of eighths has
/// its own.
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

/// The pieces of a section. `None` for one of dates or of text.
fn pieces(code: &str) -> Option<Vec<FormatPiece<'_>>> {
    let mut pieces = Vec::new();
    let mut rest = code;
    while let Some(c) = rest.chars().next() {
        let length = match c {
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
            'G' | 'g' if rest.get(..7).is_some_and(|word| word.eq_ignore_ascii_case("general")) => {
                pieces.push(FormatPiece::General);
                7
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
    Some(pieces)
}

/// The code with what is no letter of a format in quotes, and without what only fills or aligns: `_x` leaves the width of
/// a character, `*x` repeats one.
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
mod tests;
