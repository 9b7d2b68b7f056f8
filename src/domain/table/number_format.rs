//! Number formats of spreadsheets, as far as they decide what a number is: a number, a date, or a duration.
//!
//! Sources: ECMA-376 Part 1, 18.8.30 (built-in formats, the East Asian and Thai ones included) and 18.8.31 (codes).

use super::serial_date::Moment;

/// A format code, cut into its sections.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NumberFormat {
    sections: Vec<FormatSection>,
}

#[derive(Debug, Clone, PartialEq, Default)]
struct FormatSection {
    condition: Option<(Comparison, f64)>,
    moment: Option<Moment>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Comparison {
    Less,
    AtMost,
    Equal,
    Unequal,
    AtLeast,
    More,
}

/// Sections of a format, at most: a code has four that count.
const SECTIONS: usize = 8;

impl NumberFormat {
    /// The format with this code. Whatever it is, it is a format: what it does not say of dates makes numbers.
    #[must_use]
    pub fn parse(code: &str) -> Self {
        if code.trim().eq_ignore_ascii_case("standard") {
            return Self::default();
        }
        let mut sections = Vec::new();
        let mut rest = code;
        while sections.len() < SECTIONS {
            let (section, after) = FormatSection::parse(rest);
            sections.push(section);
            match after {
                Some(after) => rest = after,
                None => break,
            }
        }
        Self { sections }
    }

    /// A built-in format by its number. Source: ECMA-376 Part 1, 18.8.30, with all its languages.
    #[must_use]
    pub fn built_in(id: u32) -> Self {
        let moment = match id {
            14..=17 | 22 | 27..=31 | 36 | 50..=54 | 57..=58 | 71..=75 | 81 => Some(Moment::Date),
            // In some languages these are dates, in others times: the value shows which.
            18..=21 | 32..=35 | 45 | 47 | 55..=56 | 76..=78 | 80 => Some(Moment::Time),
            46 | 79 => Some(Moment::Duration),
            _ => None,
        };
        Self { sections: vec![FormatSection { condition: None, moment }] }
    }

    /// What a number is in this format; `None` for a number.
    #[must_use]
    pub fn moment(&self, value: f64) -> Option<Moment> {
        self.section(value).and_then(|section| section.moment)
    }

    fn section(&self, value: f64) -> Option<&FormatSection> {
        let numbers = &self.sections[..self.sections.len().min(3)];
        if numbers.iter().any(|section| section.condition.is_some()) {
            let fits =
                |section: &&FormatSection| section.condition.is_some_and(|(is, than)| is.holds(value, than));
            let otherwise = || numbers.iter().find(|section| section.condition.is_none());
            return numbers.iter().find(fits).or_else(otherwise);
        }
        let at = match numbers.len() {
            2.. if value < 0.0 => 1,
            3.. if value == 0.0 => 2,
            _ => 0,
        };
        numbers.get(at)
    }
}

impl Comparison {
    fn holds(self, value: f64, than: f64) -> bool {
        match self {
            Self::Less => value < than,
            Self::AtMost => value <= than,
            Self::Equal => value == than,
            Self::Unequal => value != than,
            Self::AtLeast => value >= than,
            Self::More => value > than,
        }
    }
}

impl FormatSection {
    /// The first section of a code, and what is behind its semicolon.
    fn parse(code: &str) -> (Self, Option<&str>) {
        let mut section = Self::default();
        let (mut days, mut times, mut duration, mut places, mut era) = (false, false, false, false, false);
        let mut characters = code.char_indices();
        let mut after = None;
        while let Some((at, c)) = characters.next() {
            let rest = &code[at + c.len_utf8()..];
            match c {
                '"' => skip_past(&mut characters, '"'),
                '\\' | '_' | '*' | '!' => {
                    characters.next();
                }
                '[' => {
                    let inner = rest.split(']').next().unwrap_or_default();
                    if is_elapsed(inner) {
                        duration = true;
                    }
                    section.condition = section.condition.or_else(|| condition(inner));
                    skip_past(&mut characters, ']');
                }
                ';' => {
                    after = Some(rest);
                    break;
                }
                'G' | 'g' if starts_with(&code[at..], "general") => (0..6).for_each(|_| {
                    characters.next();
                }),
                'A' | 'a' if starts_with(&code[at..], "am/pm") || starts_with(&code[at..], "a/p") => {
                    times = true;
                }
                'y' | 'Y' | 'd' | 'D' | 'b' | 'B' => days = true,
                'a' | 'A' if starts_with(&code[at..], "aaa") => days = true,
                // Beside days or alone months, beside hours or seconds minutes: both are told by the value.
                'm' | 'M' => times = true,
                'h' | 'H' | 's' | 'S' => times = true,
                'g' | 'G' | 'e' | 'E' if !rest.starts_with(['+', '-']) => era = true,
                '0' | '#' | '?' => places = true,
                _ => {}
            }
        }
        section.moment = match (duration, days || (era && !places), times) {
            (true, ..) => Some(Moment::Duration),
            (_, true, _) => Some(Moment::Date),
            (.., true) => Some(Moment::Time),
            _ => None,
        };
        (section, after)
    }
}

fn skip_past(characters: &mut std::str::CharIndices<'_>, end: char) {
    for (_, c) in characters.by_ref() {
        if c == end {
            return;
        }
    }
}

fn starts_with(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word))
}

/// `[h]`, `[mm]`, `[ss]`: hours, minutes or seconds that go on counting.
fn is_elapsed(inner: &str) -> bool {
    ['h', 'm', 's']
        .into_iter()
        .any(|unit| !inner.is_empty() && inner.chars().all(|c| c.eq_ignore_ascii_case(&unit)))
}

/// `[>=100]`.
fn condition(inner: &str) -> Option<(Comparison, f64)> {
    const SIGNS: [(&str, Comparison); 6] = [
        ("<=", Comparison::AtMost),
        (">=", Comparison::AtLeast),
        ("<>", Comparison::Unequal),
        ("<", Comparison::Less),
        (">", Comparison::More),
        ("=", Comparison::Equal),
    ];
    SIGNS.into_iter().find_map(|(sign, comparison)| {
        let number = inner.strip_prefix(sign)?.trim().parse().ok()?;
        Some((comparison, number))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_dates_times_durations_or_numbers() {
        for (code, value, moment) in [
            ("General", 46143.0, None),
            ("0.00", 46143.0, None),
            ("#,##0\\ \"days\"", 3.0, None),
            ("0.00E+00", 46143.0, None),
            ("[Red]0;[$-409]0", 46143.0, None),
            ("\"dd/mm\" 0", 46143.0, None),
            ("\\d0", 46143.0, None),
            ("@", 46143.0, None),
            ("[$€-407] #,##0.00", 46143.0, None),
            ("_-* #,##0_-;-* #,##0_-;_-* \"-\"_-;_-@_-", 3.0, None),
            ("d mmm", 46143.0, Some(Moment::Date)),
            ("DD\\.MM\\.YYYY", 46143.0, Some(Moment::Date)),
            ("\"on\" d mmm", 46143.0, Some(Moment::Date)),
            ("\"Due \"dd/mm/yyyy;@", 46143.0, Some(Moment::Date)),
            ("[$-409]\"on\" d", 46143.0, Some(Moment::Date)),
            ("[$-411]ggge\"年\"m\"月\"d\"日\"", 46143.0, Some(Moment::Date)),
            ("[$-411]ge.m.d", 46143.0, Some(Moment::Date)),
            ("[$-D07041E]d mmm bbbb", 46143.0, Some(Moment::Date)),
            ("aaaa", 46143.0, Some(Moment::Date)),
            ("mmmm", 46143.0, Some(Moment::Time)),
            ("\"um \"hh:mm\" Uhr\"", 46143.4, Some(Moment::Time)),
            ("h:mm AM/PM", 0.4, Some(Moment::Time)),
            ("mm:ss.0", 0.4, Some(Moment::Time)),
            ("[h]:mm:ss", 1.5, Some(Moment::Duration)),
            ("[mm]:ss", 1.5, Some(Moment::Duration)),
            ("[=0]\"\";d mmm", 46143.0, Some(Moment::Date)),
            ("[=0]\"\";d mmm", 0.0, None),
            ("[<1]h:mm;yyyy-mm-dd", 46143.0, Some(Moment::Date)),
            ("0;d mmm", 46143.0, None),
            ("[DBNum1][$-804]yyyy\"年\"m\"月\"", 46143.0, Some(Moment::Date)),
            ("", 46143.0, None),
            ("\"open", 46143.0, None),
            ("[open", 46143.0, None),
        ] {
            assert_eq!(NumberFormat::parse(code).moment(value), moment, "{code} for {value}");
        }
    }

    #[test]
    fn built_in_formats() {
        let kind = |id| NumberFormat::built_in(id).moment(46143.0);
        let dates = (14..=22).chain(27..=36).chain(45..=47).chain(50..=58);
        assert!(dates.into_iter().all(|id| kind(id).is_some()));
        assert!(
            [0, 1, 2, 3, 4, 9, 10, 11, 12, 13, 23, 26, 37, 40, 44, 48, 49, 59, 164]
                .map(kind)
                .iter()
                .all(Option::is_none)
        );
        assert_eq!(kind(46), Some(Moment::Duration));
    }
}
