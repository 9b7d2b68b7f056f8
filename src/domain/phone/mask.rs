//! Phone numbers made unreadable for logs, progress and errors: country code and last two digits at most.
//!
//! In full they are only in the journal and in reports, which do not come through here.

use std::borrow::Cow;

use super::tidy::{digit_value, is_separator};

/// The country calling codes of two digits; `1` and `7` have one, all others three. Source: ITU-T E.164, list of 2016.
const TWO_DIGITS: [&str; 44] = [
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48",
    "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81",
    "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
];

/// How many of an international number's digits are its country calling code.
fn country_code_length(digits: &str) -> usize {
    match digits.get(..2) {
        Some(two) if two.starts_with(['1', '7']) => 1,
        Some(two) if TWO_DIGITS.contains(&two) => 2,
        _ => 3,
    }
}

/// `+12025550143` becomes `+1…43`. `digits` are those of an international number, without the `+`.
#[must_use]
pub fn mask_number(digits: &str) -> String {
    let code = digits.get(..country_code_length(digits)).unwrap_or_default();
    let end = digits.len().checked_sub(2).and_then(|start| digits.get(start..)).unwrap_or_default();
    format!("+{code}…{end}")
}

/// Fewest digits of a phone number: those of a national one without its area code.
const SHORTEST: usize = 7;
/// Fewest digits that are taken for a phone number where nothing else speaks for it: no `+`, and no groups.
const SHORTEST_PLAIN: usize = 9;
/// Fewest digits that are taken for a phone number in a word with letters in it, such as `tel-202-555-0143`.
const SHORTEST_IN_WORD: usize = 10;
/// Longest gap between two digits of a number, in characters.
const GAP: usize = 4;

/// Masks whatever may be a phone number in free text, whoever's it is. Time stamps, dates, UUIDs, ids with letters in
/// them and the account ids of ARNs stay: they tell nothing about a recipient, and engineers need them.
///
/// Where the recipient is known, [`mask_own`] finds the number in any grouping and leaves everything else.
#[must_use]
pub fn mask_text(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| is_plus(c) || digit_value(c).is_some()) {
        masked.push_str(&rest[..start]);
        rest = &rest[start..];
        let kept = kept_length(rest, &masked);
        if kept > 0 {
            masked.push_str(&rest[..kept]);
            rest = &rest[kept..];
            continue;
        }
        let run = DigitRun::of(rest);
        if run.is_number(&masked, &rest[run.length..]) {
            masked.push_str(&run.masked());
        } else {
            masked.push_str(&rest[..run.length]);
        }
        rest = &rest[run.length..];
    }
    masked.push_str(rest);
    masked
}

/// Masks the recipient's own number (`+12025550143`) wherever a text has it: in any grouping, in digits of any script, with or
/// without the country's code. Everything else stays.
#[must_use]
pub fn mask_own<'t>(text: &'t str, number: &str) -> Cow<'t, str> {
    let international: Vec<u8> = number.chars().filter_map(digit_value).collect();
    let digits: String = international.iter().map(|digit| char::from(b'0' + digit)).collect();
    let national = international.get(country_code_length(&digits)..).unwrap_or_default();
    if national.len() < SHORTEST - 1 {
        return Cow::Borrowed(text);
    }
    let placed: Vec<(usize, usize, u8)> =
        text.char_indices().filter_map(|(at, c)| Some((at, at + c.len_utf8(), digit_value(c)?))).collect();
    let mut masked = String::new();
    let (mut done, mut at) = (0, 0);
    while at < placed.len() {
        let found =
            [&international[..], national].into_iter().find(|number| is_at(text, &placed[at..], number));
        let Some(found) = found else {
            at += 1;
            continue;
        };
        let (start, end) = (placed[at].0, placed[at + found.len() - 1].1);
        let before = &text[done..start];
        if found.len() == international.len() {
            masked.push_str(before.strip_suffix(is_plus).unwrap_or(before));
            masked.push_str(&mask_number(&digits));
        } else {
            masked.push_str(before);
            masked.push('…');
            masked.push_str(&digits[digits.len() - 2..]);
        }
        done = end;
        at += found.len();
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    masked.push_str(&text[done..]);
    Cow::Owned(masked)
}

/// Whether these digits begin with the number, with nothing but separators between them.
fn is_at(text: &str, placed: &[(usize, usize, u8)], number: &[u8]) -> bool {
    placed.len() >= number.len()
        && placed.iter().zip(number).all(|(placed, digit)| placed.2 == *digit)
        && placed[..number.len()].windows(2).all(|pair| {
            let between = &text[pair[0].1..pair[1].0];
            between.chars().count() <= GAP && !between.contains(char::is_alphabetic)
        })
}

/// Masks a text that is a phone number, or was meant for one.
#[must_use]
pub fn mask_meant(text: &str) -> String {
    let digits = text.chars().filter(|c| digit_value(*c).is_some()).count();
    let mut left = digits.saturating_sub(2);
    text.chars()
        .map(|c| {
            if digit_value(c).is_none() {
                return c;
            }
            let hidden = left > 0;
            left = left.saturating_sub(1);
            if hidden { '*' } else { c }
        })
        .collect()
}

fn is_plus(c: char) -> bool {
    matches!(c, '+' | '＋')
}

/// A run of digits with what people write between them; it ends with a digit.
#[derive(Debug)]
struct DigitRun {
    /// Its length in bytes.
    length: usize,
    digits: String,
    international: bool,
    grouped: bool,
}

impl DigitRun {
    fn of(text: &str) -> Self {
        let mut run = Self { length: 1, digits: String::new(), international: false, grouped: false };
        let mut gap = 0;
        for (at, c) in text.char_indices() {
            if let Some(digit) = digit_value(c) {
                run.digits.push(char::from(b'0' + digit));
                run.length = at + c.len_utf8();
                run.grouped |= gap > 0 && run.digits.len() > 1;
                gap = 0;
            } else if at == 0 && is_plus(c) {
                run.international = true;
                run.length = c.len_utf8();
            } else if (is_separator(c) || c == '_') && !matches!(c, '\n' | '\r' | '\t') && gap < GAP {
                gap += 1;
            } else {
                break;
            }
        }
        run
    }

    fn is_number(&self, before: &str, after: &str) -> bool {
        let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let tail = &after[..after.find(|c| !part(c)).unwrap_or(after.len())];
        let head = &before[before.trim_end_matches(part).len()..];
        let in_word = [head, tail].iter().any(|text| text.contains(|c: char| c.is_ascii_alphabetic()));
        let fewest = match (self.international, in_word, self.grouped) {
            (true, _, _) => SHORTEST,
            (false, true, _) => SHORTEST_IN_WORD,
            (false, false, true) => SHORTEST,
            (false, false, false) => SHORTEST_PLAIN,
        };
        self.digits.len() >= fewest
    }

    fn masked(&self) -> String {
        if self.international {
            return mask_number(&self.digits);
        }
        format!("…{}", &self.digits[self.digits.len() - 2..])
    }
}

/// The length of a UUID that `text` continues or begins, of a time stamp, or of an ARN's account id: what is not masked.
/// Else 0.
fn kept_length(text: &str, before: &str) -> usize {
    let stamp = stamp_length(text);
    if stamp > 0 && !before.ends_with(|c: char| c.is_ascii_digit() || c == '+') {
        return stamp;
    }
    let is_part = |c: char| c.is_ascii_hexdigit() || c == '-';
    let head = before.len() - before.trim_end_matches(is_part).len();
    let tail = text.find(|c| !is_part(c)).unwrap_or(text.len());
    let word = format!("{}{}", &before[before.len() - head..], &text[..tail]);
    let groups: Vec<usize> = word.split('-').map(str::len).collect();
    if groups == [8, 4, 4, 4, 12] {
        return tail;
    }
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let account = digits == 12
        && (before.ends_with(':') && text[digits..].starts_with(':') || before.ends_with("of account "));
    if account { digits } else { 0 }
}

/// The length of a time stamp that `text` begins with: as logs and AWS signatures have it, or a date. Else 0.
fn stamp_length(text: &str) -> usize {
    const FORMS: [&str; 5] =
        ["dddd-dd-ddTdd:dd:dd", "dddd-dd-dd dd:dd:dd", "ddddddddTddddddZ", "dddd-dd-dd", "dddd/dd/dd"];
    let matches = |form: &&&str| {
        text.len() >= form.len()
            && text.bytes().zip(form.bytes()).all(|(byte, form)| match form {
                b'd' => byte.is_ascii_digit(),
                other => byte == other,
            })
    };
    let Some(form) = FORMS.iter().find(matches) else { return 0 };
    let has_time = form.contains(':');
    let fraction = text[form.len()..]
        .strip_prefix('.')
        .filter(|_| has_time)
        .map_or(0, |rest| 1 + rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
    let end = form.len() + fraction;
    // A year and a month of this century, and nothing that goes on: else it is a number that happens to look so.
    let century = text.starts_with("20") || text.starts_with("19");
    let goes_on = text[end..].starts_with(|c: char| c.is_ascii_digit() || c == '-');
    if century && !goes_on { end } else { 0 }
}

/// Masks international numbers, and quoted ones of ten digits and more, digit by digit, so that columns stay where they
/// are: for lines of a user's own file.
#[must_use]
pub fn mask_digits(text: &str) -> String {
    let mut masked: Vec<char> = text.chars().collect();
    let mut at = 0;
    while at < masked.len() {
        let digits = masked[at + 1..].iter().take_while(|c| c.is_ascii_digit()).count();
        let international = masked[at] == '+' && digits >= SHORTEST;
        if international || (masked[at] == '"' && digits >= 10) {
            let code = match masked[at + 1..=at + digits].iter().collect::<String>() {
                number if international => country_code_length(&number),
                _ => 0,
            };
            masked[at + 1 + code..at + digits - 1].fill('*');
            at += digits;
        }
        at += 1;
    }
    masked.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn free_text_keeps_what_is_not_a_phone_number() {
        for (text, masked) in [
            ("Destination +12025550143 is invalid", "Destination +1…43 is invalid"),
            ("to 442079460123, then", "to …23, then"),
            ("+44 20 7946 0123", "+44…23"),
            ("(202) 555-0143", "(…43"),
            ("tel:+353-1-555-0199.", "tel:+353…99."),
            ("retry in 60000 ms, limit 10080", "retry in 60000 ms, limit 10080"),
            ("contact 12345678-1234-1234-1234-123456789012", "contact 12345678-1234-1234-1234-123456789012"),
            ("id a1b2c3d4-1111-2222-3333-444455556666!", "id a1b2c3d4-1111-2222-3333-444455556666!"),
            (
                "arn:aws:connect:us-west-2:123456789012:instance",
                "arn:aws:connect:us-west-2:123456789012:instance",
            ),
            ("é+12025550143é", "é+1…43é"),
            ("2026-03-01T09:30:00.123456Z INFO +12025550143", "2026-03-01T09:30:00.123456Z INFO +1…43"),
            ("2026-03-01T09:30:00", "2026-03-01T09:30:00"),
            ("Signature expired: 20261105T145352Z", "Signature expired: 20261105T145352Z"),
            ("at 2026-11-05 14:53:52.5, or 2026/11/05", "at 2026-11-05 14:53:52.5, or 2026/11/05"),
            ("advisory RUSTSEC-2026-0194", "advisory RUSTSEC-2026-0194"),
            ("request 79104EXAMPLEB723, 10000000 bytes", "request 79104EXAMPLEB723, 10000000 bytes"),
            ("+1_202_555_0145", "+1…45"),
            ("+1\u{202f}202\u{202f}555\u{202f}0148", "+1…48"),
            ("+1 202·555·0144 / 2 202–555–0143", "+1…43"),
            ("٢٠٢٥٥٥٠١٤٧", "…47"),
            ("tel-202-555-0143", "tel-…43"),
            ("2025-550-0143-1", "…31"),
            ("a\n12025550143\n7 rows", "a\n…43\n7 rows"),
            ("+", "+"),
        ] {
            assert_eq!(mask_text(text), masked, "{text}");
        }
    }

    #[test]
    fn the_rows_own_number_is_found_in_any_grouping_and_everything_else_stays() {
        for (text, masked) in [
            ("we have +12025550143 on file", "we have +1…43 on file"),
            ("12025550143", "+1…43"),
            ("202.555.0143", "…43"),
            ("(202) 555-0143", "(…43"),
            ("+1_202_555_0143", "+1…43"),
            ("1\u{202f}202\u{a0}555\u{2011}0143", "+1…43"),
            ("２０２ ٥٥٥ 0143", "…43"),
            ("+1 (202) - 555 0143!", "+1…43!"),
            ("x2025550143y", "x…43y"),
            ("call +1 202 555 0199", "call +1 202 555 0199"),
            (
                "20261105T145352Z id 442079460123 of 123456789012",
                "20261105T145352Z id 442079460123 of 123456789012",
            ),
            ("202 at 555 on 0143", "202 at 555 on 0143"),
        ] {
            assert_eq!(mask_own(text, "+12025550143"), masked, "{text}");
        }
        assert_eq!(mask_own("+44 (0)20 7946 0123", "+442079460123"), "+44 (0)…23");
    }

    #[test]
    fn what_was_meant_for_a_number_keeps_two_digits() {
        assert_eq!(mask_meant("20123456 x"), "******56 x");
        assert_eq!(mask_meant("+1 555"), "+* *55");
    }

    #[test]
    fn digit_by_digit_the_length_stays() {
        assert_eq!(mask_digits("only = [\"+12025550104\", \"é\"]"), "only = [\"+1********04\", \"é\"]");
        assert_eq!(mask_digits("a +447700900123+447700900124"), "a +44********23+44********24");
        assert_eq!(mask_digits("1 + 12345678, \"2025550104\""), "1 + 12345678, \"********04\"");
    }

    proptest! {
        #[test]
        fn no_number_survives(number in "[1-9][0-9]{9,13}", before in "[a-z é:]{0,9}", after in "[a-z ,é]{0,9}") {
            let text = format!("{before}+{number}{after}");
            let masked = mask_text(&text);
            prop_assert!(!masked.contains(&number[3..number.len() - 2]), "{masked}");
            prop_assert!(!mask_digits(&text).contains(&number[3..number.len() - 2]));
        }

        #[test]
        fn any_text_is_taken(text in any::<String>()) {
            prop_assert_eq!(mask_digits(&text).chars().count(), text.chars().count());
            prop_assert!(mask_text(&text).chars().count() <= text.chars().count() + 3);
            let _ = mask_own(&text, "+12025550143");
        }

        #[test]
        fn the_own_number_does_not_survive(
            number in "[1-9][0-9]{9,13}",
            gaps in proptest::collection::vec("[ ._/()\u{a0}\u{202f}–-]{0,3}", 14),
            around in any::<String>(),
        ) {
            let grouped: String = number.chars().zip(&gaps).flat_map(|(c, gap)| [c.to_string(), gap.clone()]).collect();
            let masked = mask_own(&format!("{around} {grouped} {around}"), &format!("+{number}")).into_owned();
            let left: String = masked.chars().filter(char::is_ascii_digit).collect();
            let foreign: String = around.chars().filter(char::is_ascii_digit).collect();
            prop_assert!(foreign.contains(&number) || !left.contains(&number), "{masked}");
        }
    }
}
