//! A section of a number format that shows a date, a time or a duration: `dddd, d. mmmm yyyy`, `h:mm AM/PM`, `[h]:mm`.
//!
//! Names of months and days are those of the language that the section asks for, and English without one. Where a calendar or
//! digits of another kind are asked for that are not known here, nothing is shown: the caller then has the plain date.
//! Sources: ECMA-376 Part 1, 18.8.31; [MS-LCID] for the numbers of languages.

use std::fmt::Write as _;

use jiff::civil::Date;

use super::serial_date::{Epoch, LAST_DAY, day, whole_days};
use crate::domain::message::language::Language;

/// A section, cut into what it shows.
#[derive(Debug, Clone)]
pub(super) struct DateSection {
    pieces: Vec<DatePiece>,
    language: Language,
    calendar: ShownCalendar,
}

/// What a section shows, with how many letters.
#[derive(Debug, Clone, PartialEq)]
enum DatePiece {
    Literal(String),
    Year(usize),
    /// As the calendar of Thailand counts.
    ThaiYear(usize),
    /// The era of the calendar, and the year in it.
    Era(usize),
    EraYear(usize),
    Month(usize),
    Day(usize),
    /// As East Asia writes it: `aaa`, `aaaa`.
    Weekday(usize),
    Hour(usize),
    Minute(usize),
    Second(usize),
    /// With the point before it.
    Fraction(usize),
    /// `AM/PM`, or `A/P`.
    Period {
        short: bool,
    },
    /// Hours, minutes or seconds that go on counting: how long one of them is, in seconds.
    Elapsed(u64, usize),
}

/// How years are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ShownCalendar {
    Common,
    Thai,
    Japan,
    Taiwan,
}

impl DateSection {
    /// The section with this code; `None` where it has something that is not known here.
    pub(super) fn parse(code: &str) -> Option<Self> {
        let english = Language::parse("en")?;
        let mut section = Self { pieces: Vec::new(), language: english, calendar: ShownCalendar::Common };
        let mut rest = code;
        while let Some(c) = rest.chars().next() {
            let length = match c {
                '"' => {
                    let end = rest[1..].find('"')?;
                    section.literal(&rest[1..=end]);
                    end + 2
                }
                '\\' => {
                    let next = rest[1..].chars().next()?;
                    section.literal(&rest[1..=next.len_utf8()]);
                    1 + next.len_utf8()
                }
                '[' => {
                    let end = rest.find(']')?;
                    match section.bracket(&rest[1..end])? {
                        Bracket::Read => {}
                        // What the system shows; here that of the United States, as built-in formats have it.
                        Bracket::System(code) => return Self::parse(code),
                    }
                    end + 1
                }
                'A' | 'a' if starts_with(rest, "am/pm") => {
                    section.push(DatePiece::Period { short: false }, 5)
                }
                'A' | 'a' if starts_with(rest, "a/p") => section.push(DatePiece::Period { short: true }, 3),
                '.' if rest[1..].starts_with('0')
                    && matches!(
                        section.pieces.last(),
                        Some(DatePiece::Second(_) | DatePiece::Elapsed(1, _))
                    ) =>
                {
                    let places = rest[1..].bytes().take_while(|byte| *byte == b'0').count();
                    section.push(DatePiece::Fraction(places), 1 + places)
                }
                c if c.is_ascii_alphabetic() => section.letters(rest, c)?,
                '0' | '#' | '?' | '@' => return None,
                c => {
                    section.literal(&rest[..c.len_utf8()]);
                    c.len_utf8()
                }
            };
            rest = &rest[length..];
        }
        section.tell_minutes();
        let shows = section.pieces.iter().any(|piece| !matches!(piece, DatePiece::Literal(_)));
        shows.then_some(section)
    }

    fn literal(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(DatePiece::Literal(before)) => before.push_str(text),
            _ => self.pieces.push(DatePiece::Literal(text.to_owned())),
        }
    }

    fn push(&mut self, piece: DatePiece, length: usize) -> usize {
        self.pieces.push(piece);
        length
    }

    /// A run of one letter; its length.
    fn letters(&mut self, rest: &str, letter: char) -> Option<usize> {
        let length = rest.chars().take_while(|c| c.eq_ignore_ascii_case(&letter)).count();
        let piece = match (letter.to_ascii_lowercase(), length) {
            ('y', ..) => DatePiece::Year(length),
            ('m', ..) => DatePiece::Month(length),
            ('d', ..) => DatePiece::Day(length),
            ('h', 1..=2) => DatePiece::Hour(length),
            ('s', 1..=2) => DatePiece::Second(length),
            ('g', 1..=3) => DatePiece::Era(length),
            ('e', 1..=2) => DatePiece::EraYear(length),
            ('a', 3..=4) => DatePiece::Weekday(length),
            ('b', 1..=4) if !rest[1..].starts_with(['1', '2']) => DatePiece::ThaiYear(length),
            _ => return None,
        };
        Some(self.push(piece, length))
    }

    /// What is between brackets: a length of time, a language, a colour.
    fn bracket(&mut self, inner: &str) -> Option<Bracket> {
        if let Some(currency) = inner.strip_prefix('$') {
            let (sign, language) = currency.split_once('-').unwrap_or((currency, ""));
            self.literal(sign);
            return self.speak(language);
        }
        let first = inner.chars().next()?.to_ascii_lowercase();
        let seconds = match first {
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => 0,
        };
        if seconds > 0 && inner.chars().all(|c| c.eq_ignore_ascii_case(&first)) {
            self.pieces.push(DatePiece::Elapsed(seconds, inner.len()));
            return Some(Bracket::Read);
        }
        // A colour.
        inner.bytes().all(|byte| byte.is_ascii_alphanumeric()).then_some(Bracket::Read)
    }

    /// Takes the language of `[$-40C]`, or of `[$-fr-FR]`, and its calendar.
    fn speak(&mut self, code: &str) -> Option<Bracket> {
        if code.is_empty() {
            return Some(Bracket::Read);
        }
        let Ok(number) = u32::from_str_radix(code, 16) else {
            let code = code.split(',').next()?;
            self.language = Language::exactly(code).or_else(|| Language::parse(code))?;
            return Some(Bracket::Read);
        };
        match number & 0xffff {
            0xf800 => return Some(Bracket::System("dddd, mmmm d, yyyy")),
            0xf400 => return Some(Bracket::System("h:mm:ss AM/PM")),
            0 => {}
            known => self.language = Language::parse(language(known)?)?,
        }
        self.calendar = match (number >> 16 & 0xff, number & 0xffff) {
            (7, _) => ShownCalendar::Thai,
            (0 | 1, 0x411) | (3, _) => ShownCalendar::Japan,
            (0 | 1, 0x404) | (4, _) => ShownCalendar::Taiwan,
            (0 | 1, _) => ShownCalendar::Common,
            _ => return None,
        };
        // Digits of other scripts.
        matches!(number >> 24, 0 | 1).then_some(Bracket::Read)
    }

    /// An `m` behind hours or before seconds is of minutes.
    fn tell_minutes(&mut self) {
        let shown: Vec<usize> = (0..self.pieces.len())
            .filter(|at| !matches!(self.pieces[*at], DatePiece::Literal(_) | DatePiece::Period { .. }))
            .collect();
        for (place, at) in shown.iter().enumerate() {
            let DatePiece::Month(length @ 1..=2) = self.pieces[*at] else { continue };
            let behind = place.checked_sub(1).map(|before| &self.pieces[shown[before]]);
            let before = shown.get(place + 1).map(|next| &self.pieces[*next]);
            let is_minute = matches!(behind, Some(DatePiece::Hour(_) | DatePiece::Elapsed(3600, _)))
                || matches!(before, Some(DatePiece::Second(_) | DatePiece::Elapsed(1, _)));
            if is_minute {
                self.pieces[*at] = DatePiece::Minute(length);
            }
        }
    }

    /// What it shows; `None` where a spreadsheet has no such day, as before 1900.
    pub(super) fn text(&self, value: f64, epoch: Epoch) -> Option<String> {
        if !(0.0..LAST_DAY + 1.0).contains(&value) {
            return None;
        }
        let places = self.pieces.iter().find_map(|piece| match piece {
            DatePiece::Fraction(places) => Some(*places),
            _ => None,
        });
        let has_time = self.pieces.iter().any(|piece| {
            matches!(
                piece,
                DatePiece::Hour(_) | DatePiece::Minute(_) | DatePiece::Second(_) | DatePiece::Elapsed(..)
            )
        });
        // A time is rounded to what is shown of its seconds, and may be the next day's then; a day alone is the one that
        // has begun.
        let scale = 10_u64.pow(u32::try_from(places.unwrap_or(0).min(6)).ok()?);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "bounded above, and not negative"
        )]
        let mut ticks = match has_time {
            true => (value * 86_400.0 * scale as f64).round() as u64,
            false => whole_days(value) as u64 * 86_400 * scale,
        };
        let has_day = self.pieces.iter().any(DatePiece::is_of_day);
        let counts_on = self.pieces.iter().any(|piece| matches!(piece, DatePiece::Elapsed(..)));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "bounded above, and not negative"
        )]
        let midnight = (whole_days(value) as u64 + 1) * 86_400 * scale;
        if !has_day && !counts_on && ticks == midnight {
            // Without a day to go with it, a time at the end of one is not shown as its beginning.
            ticks -= 1;
        }
        let (seconds, fraction) = (ticks / scale, ticks % scale);
        let (days, second) = (seconds / 86_400, seconds % 86_400);
        let date = match has_day {
            true => Some(day(i64::try_from(days).ok()?, epoch)?),
            false => None,
        };
        let moment = ShownMoment { date, seconds, second, fraction };
        let mut text = String::new();
        for piece in &self.pieces {
            self.write(piece, &moment, &mut text)?;
        }
        Some(text.trim().to_owned())
    }

    fn write(&self, piece: &DatePiece, moment: &ShownMoment, text: &mut String) -> Option<()> {
        let ShownMoment { date, seconds, second, fraction } = *moment;
        let half = self.pieces.iter().any(|piece| matches!(piece, DatePiece::Period { .. }));
        let hour = second / 3600;
        let hour = if half { (hour + 11) % 12 + 1 } else { hour };
        let number = |text: &mut String, number: u64, length: usize| {
            let _ = write!(text, "{number:0length$}");
        };
        match piece {
            DatePiece::Literal(literal) => text.push_str(literal),
            DatePiece::Hour(length) => number(text, hour, *length),
            DatePiece::Minute(length) => number(text, second / 60 % 60, *length),
            DatePiece::Second(length) => number(text, second % 60, *length),
            DatePiece::Fraction(places) => {
                let _ = write!(text, ".{fraction:0places$}");
            }
            DatePiece::Elapsed(unit, length) => number(text, seconds / unit, *length),
            DatePiece::Period { short } => {
                let period = if second < 43_200 { "AM" } else { "PM" };
                text.push_str(&period[..if *short { 1 } else { 2 }]);
            }
            of_day => self.write_day(of_day, date?, text)?,
        }
        Some(())
    }

    fn write_day(&self, piece: &DatePiece, date: Date, text: &mut String) -> Option<()> {
        let language = self.language;
        let year = i64::from(date.year());
        let weekday = date.weekday().to_monday_zero_offset();
        let plain = |name: &str| name.trim_end_matches('.').to_owned();
        let written = match *piece {
            DatePiece::Year(length) | DatePiece::EraYear(length) if self.calendar == ShownCalendar::Thai => {
                years(year + 543, length)
            }
            DatePiece::ThaiYear(length) => years(year + 543, length),
            DatePiece::Year(length) => years(year, length),
            DatePiece::Era(length) => self.era(date)?.0.get(length - 1).map(|name| (*name).to_owned())?,
            DatePiece::EraYear(length) => format!("{:0length$}", self.era(date)?.1),
            DatePiece::Month(length @ 1..=2) => format!("{:0length$}", date.month()),
            DatePiece::Month(3) => plain(language.short_month(date.month())),
            DatePiece::Month(5) => language.month(date.month(), false).chars().take(1).collect(),
            // Windows writes numbers out that CLDR does not.
            DatePiece::Month(_) if language.code() == "vi" => return None,
            DatePiece::Month(_) => {
                let beside_day = self.pieces.iter().any(|piece| matches!(piece, DatePiece::Day(1..=2)));
                let (language, genitive) = match language.code() {
                    // Their months are words to spreadsheets, and numbers in CLDR.
                    "zh-TW" | "zh-HK" => (Language::parse("zh")?, beside_day),
                    // "de" is in the form of the date already.
                    "ca" => (language, false),
                    _ => (language, beside_day),
                };
                language.month(date.month(), genitive).to_owned()
            }
            DatePiece::Day(length @ 1..=2) => format!("{:0length$}", date.day()),
            DatePiece::Day(3) => plain(language.short_day(weekday)),
            // CLDR has "on Monday" for Finnish, where it has "Monday" for the others.
            DatePiece::Day(_) | DatePiece::Weekday(4) if language.code() == "fi" => {
                language.day(weekday).trim_end_matches("na").to_owned()
            }
            // Spreadsheets leave out the word for day in Thai.
            DatePiece::Day(_) | DatePiece::Weekday(4) if language.code() == "th" => {
                language.day(weekday).trim_start_matches("วัน").to_owned()
            }
            DatePiece::Day(_) | DatePiece::Weekday(4) => language.day(weekday).to_owned(),
            // Chinese leaves out what its days have in common.
            DatePiece::Weekday(_) => {
                plain(language.short_day(weekday)).trim_start_matches(['周', '週']).to_owned()
            }
            _ => return None,
        };
        // Windows and LibreOffice write the letter of CLDR's Ukrainian as a straight apostrophe.
        let written = written.replace('\u{2bc}', "'");
        text.push_str(&written);
        Some(())
    }

    /// The era of a day: its name with a letter, short and long, and the year in it.
    fn era(&self, date: Date) -> Option<([&'static str; 3], i64)> {
        let year = i64::from(date.year());
        match self.calendar {
            ShownCalendar::Japan => {
                let (names, first, _) = JAPAN
                    .iter()
                    .find(|(_, _, (year, month, day))| date >= jiff::civil::date(*year, *month, *day))?;
                Some((*names, year - first + 1))
            }
            ShownCalendar::Taiwan if year > 1911 => Some((["民國", "民國", "中華民國"], year - 1911)),
            ShownCalendar::Taiwan | ShownCalendar::Thai | ShownCalendar::Common => None,
        }
    }
}

/// What brackets came to.
enum Bracket {
    Read,
    /// The whole section is another one.
    System(&'static str),
}

/// A moment, cut as sections show it.
#[derive(Debug, Clone, Copy)]
struct ShownMoment {
    /// The day, where one is shown.
    date: Option<Date>,
    /// Of all, and of the day.
    seconds: u64,
    second: u64,
    /// In the unit of what is shown of it.
    fraction: u64,
}

impl DatePiece {
    fn is_of_day(&self) -> bool {
        matches!(
            self,
            Self::Year(_)
                | Self::ThaiYear(_)
                | Self::Era(_)
                | Self::EraYear(_)
                | Self::Month(_)
                | Self::Day(_)
                | Self::Weekday(_)
        )
    }
}

/// Two digits of a year, or all.
fn years(year: i64, length: usize) -> String {
    if length <= 2 { format!("{:02}", year % 100) } else { format!("{year:04}") }
}

/// An era of Japan: its names, its first year, its first day.
type JapaneseEra = ([&'static str; 3], i64, (i16, i8, i8));

/// The latest first. Source: the Cabinet's orders on eras.
const JAPAN: [JapaneseEra; 5] = [
    (["R", "令", "令和"], 2019, (2019, 5, 1)),
    (["H", "平", "平成"], 1989, (1989, 1, 8)),
    (["S", "昭", "昭和"], 1926, (1926, 12, 25)),
    (["T", "大", "大正"], 1912, (1912, 7, 30)),
    (["M", "明", "明治"], 1868, (1868, 1, 1)),
];

/// The code of a language by its number. Source: [MS-LCID], section 2.2.
fn language(number: u32) -> Option<&'static str> {
    Some(match number {
        0x41a | 0x101a => "hr",
        0x404 => "zh-TW",
        0xc04 | 0x1404 => "zh-HK",
        0x807 => "de-CH",
        0xc07 => "de-AT",
        0x809 => "en-GB",
        0xc09 => "en-AU",
        0x1009 => "en-CA",
        0x1409 => "en-NZ",
        0x1809 => "en-IE",
        0x1c09 => "en-ZA",
        0x4009 => "en-IN",
        0x80a => "es-MX",
        0x140a => "es-CR",
        0x240a => "es-CO",
        0x280a => "es-PE",
        0x2c0a => "es-AR",
        0x340a => "es-CL",
        0x540a => "es-US",
        // Guatemala, Panama, the Dominican Republic, Venezuela, Ecuador, Uruguay, Paraguay, Bolivia, El Salvador, Honduras,
        // Nicaragua, Puerto Rico, Latin America, Cuba.
        0x100a | 0x180a | 0x1c0a | 0x200a | 0x300a | 0x380a | 0x3c0a | 0x400a | 0x440a | 0x480a | 0x4c0a
        | 0x500a | 0x580a | 0x5c0a => "es-419",
        0x80c => "fr-BE",
        0xc0c => "fr-CA",
        0x100c => "fr-CH",
        0x810 => "it-CH",
        0x813 => "nl-BE",
        0x816 => "pt-PT",
        _ => match number & 0x3ff {
            0x01 => "ar",
            0x02 => "bg",
            0x03 => "ca",
            0x04 => "zh",
            0x05 => "cs",
            0x06 => "da",
            0x07 => "de",
            0x08 => "el",
            0x09 => "en",
            0x0a => "es",
            0x0b => "fi",
            0x0c => "fr",
            0x0d => "he",
            0x0e => "hu",
            0x10 => "it",
            0x11 => "ja",
            0x12 => "ko",
            0x13 => "nl",
            0x14 => "nb",
            0x15 => "pl",
            0x16 => "pt",
            0x18 => "ro",
            0x19 => "ru",
            0x1b => "sk",
            0x1d => "sv",
            0x1e => "th",
            0x1f => "tr",
            0x21 => "id",
            0x22 => "uk",
            0x24 => "sl",
            0x25 => "et",
            0x26 => "lv",
            0x27 => "lt",
            0x2a => "vi",
            0x39 => "hi",
            0x3e => "ms",
            _ => return None,
        },
    })
}

fn starts_with(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word))
}
