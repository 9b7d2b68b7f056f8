//! Phone numbers made unreadable for logs, progress and errors: country code and last two digits at most.
//!
//! In full they are only in the journal and in reports, which do not come through here.

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

/// Fewest digits that are taken for a phone number.
const SHORTEST: usize = 7;

/// Masks whatever may be a phone number in free text, such as a service's message. UUIDs and the account ids of ARNs
/// stay, as they tell nothing about a recipient.
#[must_use]
pub fn mask_text(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit() || c == '+') {
        masked.push_str(&rest[..start]);
        rest = &rest[start..];
        let kept = kept_length(rest, &masked);
        if kept > 0 {
            masked.push_str(&rest[..kept]);
            rest = &rest[kept..];
            continue;
        }
        let length = run_length(rest);
        let run = &rest[..length];
        let digits: String = run.chars().filter(char::is_ascii_digit).collect();
        match (digits.len() >= SHORTEST, run.starts_with('+')) {
            (true, true) => masked.push_str(&mask_number(&digits)),
            (true, false) => {
                masked.push('…');
                masked.push_str(&digits[digits.len() - 2..]);
            }
            (false, _) => masked.push_str(run),
        }
        rest = &rest[length..];
    }
    masked.push_str(rest);
    masked
}

/// The length of a run of digits with what people write between them; it ends with a digit.
fn run_length(text: &str) -> usize {
    let mut end = 1;
    let mut gap = 0;
    for (at, c) in text.char_indices().skip(1) {
        if c.is_ascii_digit() {
            end = at + 1;
            gap = 0;
        } else if matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}') && gap < 3 {
            gap += 1;
        } else {
            break;
        }
    }
    end
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

/// The length of an RFC 3339 time stamp in UTC, as logs begin with, that `text` begins with. Else 0.
fn stamp_length(text: &str) -> usize {
    const FORM: &str = "dddd-dd-ddTdd:dd:dd";
    let matches = text.len() >= FORM.len()
        && text.bytes().zip(FORM.bytes()).all(|(byte, form)| match form {
            b'd' => byte.is_ascii_digit(),
            other => byte == other,
        });
    if !matches {
        return 0;
    }
    let fraction = text[FORM.len()..].find(|c: char| c != '.' && !c.is_ascii_digit());
    match fraction {
        Some(end) if text[FORM.len() + end..].starts_with('Z') => FORM.len() + end + 1,
        _ => 0,
    }
}

/// Masks international numbers, and quoted ones of ten digits and more, digit by digit, so that columns stay where they are: for lines of a user's own file.
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
            ("2026-03-01T09:30:00", "…01T09:30:00"),
            ("+", "+"),
        ] {
            assert_eq!(mask_text(text), masked, "{text}");
        }
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
        }
    }
}
