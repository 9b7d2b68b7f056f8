//! What people and spreadsheets put between, before and behind the digits of a number.

use super::PhoneRejection;
use crate::domain::table::visible::is_invisible;

/// Longest text that is looked at, in bytes: a cell with more is not a number.
const LONGEST: usize = 100;

/// Plain digits, perhaps with a `+` in front: without separators, invisible characters and `tel:`.
pub(super) fn tidy(text: &str) -> Result<String, PhoneRejection> {
    let text = text.trim_matches(is_invisible).trim_start_matches(['\'', '’', '‘', '`', '´']);
    let text = without_scheme(text.trim_start_matches(is_invisible));
    // What remains of a list of one, and quotes around it.
    let text = text.trim_end_matches(|c: char| is_invisible(c) || matches!(c, ',' | ';' | '/' | '|'));
    let around = [('"', '"'), ('<', '>'), ('“', '”')];
    let quoted = around.iter().find_map(|(open, close)| text.strip_prefix(*open)?.strip_suffix(*close));
    let text = quoted.unwrap_or(text);
    if text.is_empty() {
        return Err(PhoneRejection::Empty);
    }
    let text = without_decimals(text);
    if text.len() > LONGEST {
        return Err(PhoneRejection::TooLong);
    }
    if text.starts_with('=') {
        return Err(PhoneRejection::Formula);
    }
    if is_scientific(text) {
        return Err(PhoneRejection::Scientific);
    }
    if has_several(text) {
        return Err(PhoneRejection::Several);
    }
    let mut tidy = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match c {
            '+' | '＋' | '﹢' | ',' | ';' if tidy.len() >= 7 && digits(&text[at..]) >= 7 => {
                return Err(PhoneRejection::Several);
            }
            '0'..='9' => tidy.push(c),
            '+' | '＋' | '﹢' | '⁺' if tidy.is_empty() => tidy.push('+'),
            _ if is_separator(c) => {}
            'e' | 'E' if tidy.len() >= 7 && text[at..].to_lowercase().starts_with("ext") => {
                return Err(PhoneRejection::Extension);
            }
            'x' | 'X' | '#' | ';' if tidy.len() >= 7 => return Err(PhoneRejection::Extension),
            _ => match digit_value(c) {
                Some(digit) => tidy.push(char::from(b'0' + digit)),
                None if !text.chars().any(|c| digit_value(c).is_some()) => {
                    return Err(PhoneRejection::NoDigits);
                }
                None if is_word(&text[at..]) => return Err(PhoneRejection::Word),
                None => return Err(PhoneRejection::Unexpected(c)),
            },
        }
    }
    if tidy.trim_start_matches('+').is_empty() { Err(PhoneRejection::NoDigits) } else { Ok(tidy) }
}

/// Whether two parts of the text have enough digits to be a number each, by whatever stands between them: a sign that no
/// number has, a word, a line end, a second `+`.
fn has_several(text: &str) -> bool {
    if text.is_ascii() && text.bytes().filter(u8::is_ascii_digit).count() < 14 {
        return false;
    }
    let between = |c: char| {
        !is_separator(c) && digit_value(c).is_none()
            || matches!(c, '/' | '／' | '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' | '·' | '・' | '•' | '_')
    };
    text.split(between).filter(|part| digits(part) >= 7).count() >= 2
}

/// A number, and behind `/`, `,`, `&` and the like a few digits that only make sense beside it: `202-555-0101/02`.
pub(super) fn with_short_tail(text: &str) -> Option<&str> {
    let mark = |c: char| matches!(c, '/' | '／' | ';' | '\\' | '&' | '|' | '+');
    let may_be = |byte: u8| matches!(byte, b'/' | b';' | b'\\' | b'&' | b'|' | b'+') || !byte.is_ascii();
    if !text.bytes().skip(1).any(may_be) {
        return None;
    }
    let (head, tail) = text.rsplit_once(mark)?;
    let few =
        (1..=4).contains(&digits(tail)) && tail.chars().all(|c| digit_value(c).is_some() || is_invisible(c));
    // `+598/2113/3669`: here the mark stands between groups of one number.
    (few && digits(head) >= 7 && !head.contains(mark)).then_some(head)
}

/// A number of many digits in one group, and behind a mark one or two that only make sense beside it: `0664 1234567-12`.
/// Says what stands in front, and how many they are.
pub(super) fn with_odd_tail(text: &str) -> Option<(&str, usize)> {
    let is_digit = |c: char| digit_value(c).is_some();
    let text = text.trim_end_matches(is_invisible);
    let before = text.trim_end_matches(is_digit);
    let tail = digits(&text[before.len()..]);
    if !(1..=2).contains(&tail) {
        return None;
    }
    let head = before.trim_end_matches(is_separator);
    let is_mark = |c: char| !is_invisible(c) && !matches!(c, '(' | ')' | '[' | ']');
    let group = head.chars().rev().take_while(|c| is_digit(*c)).count();
    // `12025550143.0` is a number that a program held as a fraction.
    let is_fraction =
        before.ends_with('.') && text[before.len()..].chars().all(|c| digit_value(c) == Some(0));
    (group >= 5 && before[head.len()..].chars().any(is_mark) && !is_fraction).then_some((head, tail))
}

/// Whether there are more digits than any number has, with what a country dials in front of it, in more than one group.
pub(super) fn is_too_long_for_one(text: &str, tidy: &str) -> bool {
    const LONGEST: usize = 15 + 4;
    let is_digit = |c: char| digit_value(c).is_some();
    tidy.len() > LONGEST
        && text.trim_start_matches('+').trim_matches(|c| !is_digit(c)).contains(|c| !is_digit(c))
}

/// Whether a word begins here.
fn is_word(text: &str) -> bool {
    text.chars().take_while(|c| c.is_alphabetic()).count() >= 2
}

fn digits(text: &str) -> usize {
    text.chars().filter(|c| digit_value(*c).is_some()).count()
}

/// Spaces and dashes of every kind, dots, brackets, and characters that nobody sees.
pub(super) fn is_separator(c: char) -> bool {
    if c.is_ascii() {
        return is_invisible(c) || matches!(c, '~' | '-' | '.' | '(' | ')' | '/' | '[' | ']' | '_');
    }
    is_invisible(c)
        || matches!(
            c,
            '~' | '～'
                | '〜'
                | '∼'
                | '⁓'
                | '⁃'
                | '﹘'
                | '﹣'
                | 'ー'
                | '／'
                | '［'
                | '］'
                | '\u{180e}'
                | '\u{fe0f}'
                | '·'
                | '・'
                | '•'
                | '\u{ad}'
                | '−'
                | '－'
                | '．'
                | '（'
                | '）'
        )
        || ('\u{2010}'..='\u{2015}').contains(&c)
        || ('\u{200b}'..='\u{200f}').contains(&c)
        || ('\u{202a}'..='\u{202e}').contains(&c)
        || ('\u{2060}'..='\u{2069}').contains(&c)
        || c == '\u{feff}'
}

/// Decimal digits of the scripts that spreadsheets hold phone numbers in. Source: Unicode, general category Nd.
pub(super) fn digit_value(c: char) -> Option<u8> {
    const ZEROS: [u32; 30] = [
        0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50,
        0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0xa9d0, 0xff10, 0x11136, 0x1d7ce,
        0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6,
    ];
    if c.is_ascii() {
        return c.is_ascii_digit().then(|| c as u8 - b'0');
    }
    let code = u32::from(c);
    ZEROS.iter().find_map(|zero| code.checked_sub(*zero).filter(|digit| *digit < 10)).map(|digit| digit as u8)
}

/// Without what a link or a program puts in front: `tel:`, `whatsapp:`, and the `p:` of lead forms.
fn without_scheme(text: &str) -> &str {
    const SCHEMES: [&str; 7] = ["tel", "sms", "smsto", "whatsapp", "callto", "facetime", "p"];
    text.split_once(':')
        .filter(|(scheme, _)| SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known)))
        .map_or(text, |(_, rest)| rest.trim_start_matches('/'))
}

/// A number that a program held as a fraction, `12025550143.0`: the zeros are no digits of it.
fn without_decimals(text: &str) -> &str {
    let Some((whole, decimals)) = text.rsplit_once(['.', ',']) else { return text };
    let digits = whole.strip_prefix('+').unwrap_or(whole);
    let fraction = digits.len() >= 7
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !decimals.is_empty()
        && decimals.bytes().all(|byte| byte == b'0');
    if fraction { whole } else { text }
}

fn is_scientific(text: &str) -> bool {
    text.split_once(['E', 'e']).is_some_and(|(mantissa, exponent)| {
        let exponent = exponent.trim_start_matches('+');
        !exponent.is_empty()
            && exponent.bytes().all(|byte| byte.is_ascii_digit())
            && mantissa.starts_with(|c: char| c.is_ascii_digit())
            && mantissa.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','))
    })
}
