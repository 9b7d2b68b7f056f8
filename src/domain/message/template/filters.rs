//! Filters for people: dates, numbers, sums of money, texts that are cut, parts of addresses.
//!
//! A cell that is not what a filter wants is an error, which rejects the row; an argument that is wrong is one of the
//! definition.

mod currencies;

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime;
use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{Error, ErrorKind};

use crate::domain::message::language::{Language, SignPlace};

/// A filter as the reference shows it: name, what it does, an example with what comes of it.
#[derive(Debug, Clone, Copy)]
pub struct FilterDoc {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub does: &'static str,
    /// A template. Its cells: `name` is "ann lee", `date` "2026-05-01 09:30", `us_date` "05/01/2026", `amount` "1234.5",
    /// `count` "3", `tags` "a, b", `empty` is empty.
    pub example: &'static str,
    /// What the template comes to.
    pub text: &'static str,
}

const fn doc(name: &'static str, does: &'static str, example: &'static str, text: &'static str) -> FilterDoc {
    FilterDoc { name, does, example, text }
}

/// Every filter.
pub const FILTERS: &[FilterDoc] = &[
    doc("default", "another text where the cell is empty", "{{ empty | default('there') }}", "there"),
    doc("upper", "capitals", "{{ name | upper }}", "ANN LEE"),
    doc("lower", "small letters", "{{ name | lower }}", "ann lee"),
    doc("title", "each word with a capital", "{{ name | title }}", "Ann Lee"),
    doc("capitalize", "the first letter as a capital", "{{ name | capitalize }}", "Ann lee"),
    doc("trim", "without these characters at the ends", "{{ tags | trim('ab') }}", ", "),
    doc("replace", "one text for another", "{{ name | replace('lee', 'Smith') }}", "ann Smith"),
    doc("truncate", "at most so many characters, cut behind a word", "{{ name | truncate(6) }}", "ann..."),
    doc(
        "urlencode",
        "as a part of an address",
        "https://example.com/?n={{ name | urlencode }}",
        "https://example.com/?n=ann%20lee",
    ),
    doc(
        "date",
        "a date, long, full or in a form of your own (%d %-d %m %-m %B %b %Y %y %A %a %H %-H %I %-I %M %S %p), in a language; \
         `from` is the form that the cell has where it is not 2026-05-01",
        "{{ date | date('%A %-d %B, %H:%M', language='fr') }} / {{ us_date | date('long', from='%m/%d/%Y', language='de') }}",
        "vendredi 1 mai, 09:30 / 1. Mai 2026",
    ),
    doc(
        "number",
        "a number with the signs of a language, with so many decimals; `from` is the decimal sign that the cell has",
        "{{ amount | number(2, language='de') }} / {{ amount | number(0) }}",
        "1.234,50 / 1,235",
    ),
    doc(
        "currency",
        "a sum of money as a language writes it",
        "{{ amount | currency('EUR', language='de') }} / {{ amount | currency('USD') }}",
        "1.234,50 € / $1,234.50",
    ),
    doc("int", "a whole number, to compare and to count with", "{{ count | int + 1 }}", "4"),
    doc("float", "a number, to compare and to count with", "{{ amount | float * 2 }}", "2469"),
    doc("round", "a number, rounded", "{{ amount | float | round }}", "1234"),
    doc("abs", "a number without its sign", "{{ (2 - (count | int)) | abs }}", "1"),
    doc("length", "how many characters or items", "{{ name | length }}", "7"),
    doc("split", "a list of what stands between", "{{ (tags | split(', '))[1] }}", "b"),
    doc("first", "the first item or character", "{{ name | split(' ') | first }}", "ann"),
    doc("last", "the last item or character", "{{ name | split(' ') | last }}", "lee"),
    doc("join", "a list as a text", "{{ tags | split(', ') | join(' and ') }}", "a and b"),
];

/// Whether an error is one of these filters' own, about an argument.
pub(super) fn is_ours(detail: &str) -> bool {
    detail.starts_with('`')
}

/// A mistake in the definition, which shows when it is read.
fn mistake(words: impl Into<String>) -> Error {
    Error::new(ErrorKind::SyntaxError, words.into())
}

/// A cell that is not what the filter wants.
fn unfit(words: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, words.into())
}

/// What a filter is handed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FilterInput {
    /// A text: of a number, its digits.
    Text,
    /// A number to be written for people: one that was counted, or the text of a cell.
    Amount,
    /// A number, or a text that is one.
    Number,
    /// Anything.
    Any,
}

/// What a filter is handed.
pub(super) fn takes(filter: &str) -> FilterInput {
    match filter {
        "int" | "float" | "abs" | "round" => FilterInput::Number,
        "length" | "first" | "last" => FilterInput::Any,
        "number" | "currency" => FilterInput::Amount,
        _ => FilterInput::Text,
    }
}

/// Refuses the text of a cell that is no number, with the way to one.
pub(super) fn is_countable(filter: &str, values: &[Value]) -> Result<(), Error> {
    let Some(text) = values.first().and_then(Value::as_str) else { return Ok(()) };
    if matches!(filter, "int" | "float") {
        // `int(default=0)` says itself what counts instead.
        if values.len() > 1 {
            return Ok(());
        }
        // What they take has digits alone: with signs of a language it may be a thousand or a fraction.
        if text.trim().parse::<f64>().is_ok_and(f64::is_finite) || text.trim().parse::<i128>().is_ok() {
            return Ok(());
        }
        let next = match text.chars().any(|c| c.is_ascii_digit()) {
            true => format!(
                "`number` writes it as it is meant, or take its signs out before: replace(\",\", \"\") | {filter}"
            ),
            false => {
                format!("correct it, or say what counts instead where it is empty: default(0) | {filter}")
            }
        };
        return Err(unfit(format!("{text:?} is no number such as 1234.5, which `{filter}` takes; {next}")));
    }
    Err(unfit(format!("{text:?} is text, and `{filter}` takes a number: write `float` before it")))
}

/// Whether an error is of [`is_countable`], and of this cell.
pub(super) fn is_of_cell(error: &Error, cell: &str) -> bool {
    !cell.is_empty() && error.detail().is_some_and(|detail| detail.starts_with(&format!("{cell:?} is ")))
}

/// A number with a fraction as a person writes it: with the 15 digits that a spreadsheet knows, and `55` for 55.0. Items
/// of lists too; any other value is what it was.
pub(super) fn tidy(value: Value) -> Result<Value, Error> {
    if value.kind() == ValueKind::Number && !value.is_integer() {
        let number = f64::try_from(value)?;
        if !number.is_finite() {
            return Err(unfit(
                "what comes of an expression is no number: it is divided by nothing, or too large",
            ));
        }
        let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
        return Ok(Value::from(if rounded == 0.0 { "0".to_owned() } else { rounded.to_string() }));
    }
    if value.kind() == ValueKind::Seq {
        let items = value.try_iter()?.map(tidy).collect::<Result<Vec<_>, _>>()?;
        return Ok(Value::from(items));
    }
    Ok(value)
}

fn language(named: &Kwargs) -> Result<Language, Error> {
    let code: Option<String> = named.get("language")?;
    let code = code.unwrap_or_else(|| "en".to_owned());
    Language::exactly(&code).ok_or_else(|| {
        let codes = Language::codes().join(", ");
        let alone = code.split(['-', '_']).next().unwrap_or_default();
        mistake(match Language::parse(alone) {
            Some(_) => format!(
                "`language` {code:?} is not known with its region, which may write dates and numbers otherwise; if that of {alone:?} \
                 is right, write {alone:?}; there are {codes}"
            ),
            None => format!("`language` {code:?} is not known; there are {codes}"),
        })
    })
}

/// `{{ visit | date("%d.%m.%Y", from="%m/%d/%Y", language="de") }}`
#[expect(clippy::needless_pass_by_value, reason = "the form of a filter")]
pub(super) fn date(text: String, form: Option<String>, named: Kwargs) -> Result<String, Error> {
    let form = match form {
        Some(form) => form,
        None => named.get::<Option<String>>("format")?.unwrap_or_else(|| "long".to_owned()),
    };
    let from: Option<String> = named.get("from")?;
    let language = language(&named)?;
    named.assert_all_used()?;
    let form = match form.as_str() {
        "long" => language.long_date().to_owned(),
        "full" => language.full_date().to_owned(),
        "iso" => "%Y-%m-%d".to_owned(),
        _ => form,
    };
    if !form.contains('%') {
        return Err(mistake(format!(
            "{form:?} is no form of a date: write it with %d, %m, %Y and the like, or long, full, iso"
        )));
    }
    // What the form is, is known before the cell is.
    let asked = FormParts::of(&form);
    written(&form, DateTime::constant(2026, 1, 1, 0, 0, 0, 0), language)?;
    let (date, time) = match &from {
        Some(from) => read(&text, from)?,
        None => iso(&text).ok_or_else(|| {
            unfit(
                "the cell is no date such as 2026-05-01; say what its form is: date(..., from=\"%d/%m/%Y\")",
            )
        })?,
    };
    // A time that nobody wrote is not midnight, and a day that nobody wrote is none.
    let date = match date {
        Some(date) => date,
        None if asked.day => return Err(unfit("the cell has a time and no date, and the form asks for one")),
        None => Date::constant(2026, 1, 1),
    };
    let time = match time {
        Some(time) => time,
        None if asked.time => {
            return Err(unfit("the cell has a date and no time, and the form asks for one"));
        }
        None => Time::midnight(),
    };
    written(&form, date.to_datetime(time), language)
}

/// What a form asks of a cell.
struct FormParts {
    day: bool,
    time: bool,
}

impl FormParts {
    fn of(form: &str) -> Self {
        let letters: Vec<char> =
            form.replace("%-", "%").split('%').skip(1).filter_map(|part| part.chars().next()).collect();
        let has = |known: &str| letters.iter().any(|letter| known.contains(*letter));
        Self { day: has("YymdeBbAa"), time: has("HIMSp") }
    }
}

/// What a cell says of a day and of a time.
type DayAndTime = (Option<Date>, Option<Time>);

/// `2026-05-01`, `2026-05-01 09:30`, `2026-05-01T09:30:00Z`, `09:30`; the time is that of the wall.
fn iso(text: &str) -> Option<DayAndTime> {
    let text = text.trim();
    if let Ok(date) = text.parse::<Date>()
        && text.len() == 10
    {
        return Some((Some(date), None));
    }
    if text.as_bytes().get(2) == Some(&b':')
        && let Ok(time) = text.parse::<Time>()
    {
        return Some((None, Some(time)));
    }
    let (date, time) = text.split_once(['T', ' '])?;
    let time = time.trim().trim_end_matches('Z');
    let zone = time.find(['+', '-']).unwrap_or(time.len());
    let time = time[..zone].trim().parse::<Time>().ok()?;
    Some((Some(date.parse::<Date>().ok().filter(|_| date.len() == 10)?), Some(time)))
}

fn read(text: &str, from: &str) -> Result<DayAndTime, Error> {
    // A form that no text has is a mistake of the definition.
    let epoch = jiff::Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC);
    if strtime::format(from, &epoch).is_err() {
        return Err(mistake(format!("`from` {from:?} is no form of a date, such as %d/%m/%Y")));
    }
    let no_date = || unfit(format!("the cell is no date of the form {from:?}"));
    let parsed = strtime::parse(from, text.trim()).map_err(|_| no_date())?;
    let date = parsed.to_date().ok();
    let time = parsed.hour().and_then(|_| parsed.to_time().ok());
    // Nobody writes of the first thousand years: 26 is a year of two digits.
    if date.is_some_and(|date| date.year() < 1000) {
        return Err(unfit(format!(
            "the year of the cell has fewer than four digits, and `from` {from:?} says that it has four: %Y; two are %y"
        )));
    }
    if date.is_none() && time.is_none() { Err(no_date()) } else { Ok((date, time)) }
}

fn written(form: &str, moment: DateTime, language: Language) -> Result<String, Error> {
    let beside_day = ["%d", "%-d", "%e"].iter().any(|day| form.contains(day));
    let hour = if moment.hour() % 12 == 0 { 12 } else { moment.hour() % 12 };
    let weekday = moment.weekday().to_monday_zero_offset();
    let mut text = String::new();
    let mut characters = form.chars();
    while let Some(c) = characters.next() {
        if c != '%' {
            text.push(c);
            continue;
        }
        let mut letter = characters.next();
        let plain = letter == Some('-');
        if plain {
            letter = characters.next();
        }
        let two = |number: i8| if plain { number.to_string() } else { format!("{number:02}") };
        match letter {
            Some('Y') => text.push_str(&moment.year().to_string()),
            Some('y') => text.push_str(&format!("{:02}", moment.year() % 100)),
            Some('m') => text.push_str(&two(moment.month())),
            Some('d') => text.push_str(&two(moment.day())),
            Some('e') => text.push_str(&moment.day().to_string()),
            Some('B') => text.push_str(language.month(moment.month(), beside_day)),
            Some('b') => text.push_str(language.short_month(moment.month())),
            Some('A') => text.push_str(language.day(weekday)),
            Some('a') => text.push_str(language.short_day(weekday)),
            Some('H') => text.push_str(&two(moment.hour())),
            Some('I') => text.push_str(&two(hour)),
            Some('M') => text.push_str(&two(moment.minute())),
            Some('S') => text.push_str(&two(moment.second())),
            Some('p') => text.push_str(language.period(moment.hour() >= 12)),
            Some('%') => text.push('%'),
            other => {
                let letter = other.map(String::from).unwrap_or_default();
                return Err(mistake(format!(
                    "`date` does not know %{letter}; it knows %d %-d %m %-m %B %b %Y %y %A %a %H %-H %I %-I %M %S %p"
                )));
            }
        }
    }
    Ok(text)
}

/// `{{ points | number(2, language="de") }}`
#[expect(clippy::needless_pass_by_value, reason = "the form of a filter")]
pub(super) fn number(value: Value, decimals: Option<i64>, named: Kwargs) -> Result<String, Error> {
    let language = language(&named)?;
    let from: Option<String> = named.get("from")?;
    named.assert_all_used()?;
    let decimal = Decimal::of(value, from.as_deref(), language)?;
    let places = match decimals.map(usize::try_from) {
        None => decimal.fraction.len(),
        Some(Ok(places)) => places,
        Some(Err(_)) => return Err(mistake("`number` writes 0 decimals or more, and at most 12")),
    };
    if places > 12 {
        return Err(mistake("`number` writes at most 12 decimals"));
    }
    Ok(decimal.rounded(places).written(language))
}

/// `{{ amount | currency("EUR", language="de") }}`
#[expect(clippy::needless_pass_by_value, reason = "the form of a filter")]
pub(super) fn currency(value: Value, code: String, named: Kwargs) -> Result<String, Error> {
    let language = language(&named)?;
    let from: Option<String> = named.get("from")?;
    named.assert_all_used()?;
    let code = code.trim().to_ascii_uppercase();
    if let Some(wrong) = currencies::wrong(&code) {
        return Err(mistake(wrong));
    }
    let amount = Decimal::of(value, from.as_deref(), language)?.rounded(minor_digits(&code));
    let negative = if amount.negative { "-" } else { "" };
    let digits = Decimal { negative: false, ..amount }.written(language);
    Ok(match (sign(&code), language.sign_place()) {
        (Some(sign), SignPlace::Before) => format!("{negative}{sign}{digits}"),
        (Some(sign), SignPlace::BeforeWithSpace) => format!("{negative}{sign} {digits}"),
        (None, SignPlace::Before | SignPlace::BeforeWithSpace) => format!("{negative}{code} {digits}"),
        (sign, SignPlace::Behind) => format!("{negative}{digits} {}", sign.unwrap_or(&code)),
    })
}

/// Digits behind the decimal sign. Source: ISO 4217.
fn minor_digits(code: &str) -> usize {
    match code {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "VND"
        | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// The sign of a currency that its own country uses. Source: Unicode CLDR, narrow symbols where they are not shared.
fn sign(code: &str) -> Option<&'static str> {
    Some(match code {
        "USD" => "$",
        "EUR" => "€",
        "GBP" => "£",
        "JPY" => "¥",
        "CNY" => "CN¥",
        "INR" => "₹",
        "KRW" => "₩",
        "BRL" => "R$",
        "CAD" => "CA$",
        "AUD" => "A$",
        "NZD" => "NZ$",
        "MXN" => "MX$",
        "ILS" => "₪",
        "VND" => "₫",
        "PHP" => "₱",
        "UAH" => "₴",
        "TRY" => "₺",
        "PLN" => "zł",
        "CZK" => "Kč",
        "HUF" => "Ft",
        "SEK" | "NOK" | "DKK" => "kr",
        _ => return None,
    })
}

/// A number in digits: exact, whatever its length.
#[derive(Debug, Clone)]
struct Decimal {
    negative: bool,
    whole: Vec<u8>,
    fraction: Vec<u8>,
}

impl Decimal {
    /// Most digits.
    const MOST: usize = 40;

    /// A number that was counted, or the text of a cell; with `from` as the cell's decimal sign.
    fn of(value: Value, from: Option<&str>, language: Language) -> Result<Self, Error> {
        let is_counted = value.kind() == ValueKind::Number;
        let text = tidy(value)?.to_string();
        let decimal = Self::read(&text, if is_counted { None } else { from })?;
        if from.is_none() && !is_counted && language.signs().1 == "." && is_thousands(text.trim()) {
            return Err(unfit(format!(
                "{text:?} is unclear in language {:?}: write from=\".\" or from=\",\" for its decimal sign",
                language.code()
            )));
        }
        Ok(decimal)
    }

    /// `1234.5`, `-1,234.50`; with `from` as the decimal sign.
    fn read(text: &str, from: Option<&str>) -> Result<Self, Error> {
        let point = match from {
            None | Some(".") => '.',
            Some(",") => ',',
            Some(_) => return Err(mistake("`from` takes the decimal sign of the cell, \".\" or \",\"")),
        };
        let group = if point == '.' { ',' } else { '.' };
        let no_number = || {
            unfit(
                "the cell is no number such as 1234.50; where its decimal sign is a comma, say so: number(2, from=\",\")",
            )
        };
        let trimmed = text.trim();
        let (negative, digits) = match trimmed.strip_prefix(['-', '−']) {
            Some(digits) => (true, digits),
            None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
        };
        let (whole, fraction) = digits.split_once(point).unwrap_or((digits, ""));
        let groups: Vec<&str> = whole.split([group, ' ', '\u{a0}', '\u{202f}', '\'', '’']).collect();
        let grouped = groups.len() > 1;
        let groups_fit =
            groups.iter().skip(1).all(|part| part.len() == 3) && (1..=3).contains(&groups[0].len());
        // `1,234` alone is a thousand in one country and a fraction in another.
        let unclear = from.is_none() && groups.len() == 2 && whole.contains(group) && !digits.contains(point);
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let whole: String = groups.concat();
        if whole.is_empty()
            || (grouped && !groups_fit)
            || unclear
            || !is_digits(&whole)
            || !is_digits(fraction)
            || whole.len() + fraction.len() > Self::MOST
        {
            return Err(no_number());
        }
        let value = |text: &str| text.bytes().map(|byte| byte - b'0').collect::<Vec<u8>>();
        let whole = value(whole.trim_start_matches('0'));
        Ok(Self { negative, whole, fraction: value(fraction) })
    }

    /// With so many decimals; a half goes up.
    fn rounded(mut self, places: usize) -> Self {
        let up = self.fraction.get(places).is_some_and(|digit| *digit >= 5);
        self.fraction.resize(places, 0);
        if up {
            let mut carry = true;
            for digit in self.fraction.iter_mut().rev().chain(self.whole.iter_mut().rev()) {
                if !carry {
                    break;
                }
                carry = *digit == 9;
                *digit = if carry { 0 } else { *digit + 1 };
            }
            if carry {
                self.whole.insert(0, 1);
            }
        }
        let is_zero = self.whole.iter().chain(&self.fraction).all(|digit| *digit == 0);
        self.negative &= !is_zero;
        self
    }

    fn written(&self, language: Language) -> String {
        let (point, group) = language.signs();
        let mut text = String::new();
        if self.negative {
            text.push('-');
        }
        if self.whole.is_empty() {
            text.push('0');
        }
        for (at, digit) in self.whole.iter().enumerate() {
            let left = self.whole.len() - at;
            // The last three stand together; those before them by two in India.
            let is_border = left == 3 || (left > 3 && (left - 3).is_multiple_of(language.grouping()));
            if at > 0 && is_border {
                text.push_str(group);
            }
            text.push(char::from(b'0' + digit));
        }
        if !self.fraction.is_empty() {
            text.push_str(point);
            text.extend(self.fraction.iter().map(|digit| char::from(b'0' + digit)));
        }
        text
    }
}

/// Whether a text is `1.234`, which is a thousand where a point stands between thousands.
fn is_thousands(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '−', '+']).unwrap_or(text);
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    digits.split_once('.').is_some_and(|(whole, fraction)| {
        (1..=3).contains(&whole.len())
            && !whole.starts_with('0')
            && is_digits(whole)
            && fraction.len() == 3
            && is_digits(fraction)
    })
}

/// `{{ note | truncate(40) }}`: at most so many characters with the end, cut behind a word where there is one.
#[expect(clippy::needless_pass_by_value, reason = "the form of a filter")]
pub(super) fn truncate(text: String, length: usize, named: Kwargs) -> Result<String, Error> {
    let end: Option<String> = named.get("end")?;
    named.assert_all_used()?;
    let end = end.unwrap_or_else(|| "...".to_owned());
    let end_length = end.chars().count();
    if length <= end_length {
        return Err(mistake(format!("`truncate` needs room for more than {end:?}")));
    }
    if text.chars().count() <= length {
        return Ok(text);
    }
    let kept: String = text.chars().take(length - end_length).collect();
    let next = text.chars().nth(length - end_length);
    let cut = match next.is_some_and(char::is_whitespace) {
        true => kept.as_str(),
        false => kept.rfind(char::is_whitespace).map_or(kept.as_str(), |at| &kept[..at]),
    };
    Ok(format!("{}{end}", cut.trim_end()))
}

/// `{{ name | urlencode }}`: all but the characters that need no escape in any part of an address. Source: RFC 3986, 2.3.
#[expect(clippy::needless_pass_by_value, reason = "the form of a filter")]
pub(super) fn urlencode(text: String) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests;
