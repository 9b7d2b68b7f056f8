//! Keys that differ only by what spreadsheets do to them when a file is opened and saved.

/// Digits that a spreadsheet keeps of a number; behind them it writes zeros.
const DIGITS: usize = 15;

/// What a key comes to after one kind of rewriting.
type Shape = fn(&str) -> String;

/// How a key came to be another one, where a spreadsheet may have rewritten it; in words that follow "key 101, was 00101: ".
/// `None` where they are two keys.
#[must_use]
pub fn rewritten(before: &str, after: &str) -> Option<&'static str> {
    let [a, b] = [before, after].map(bare);
    let cases: [(&str, Shape); 5] = [
        ("blanks or quotes around it", str::to_owned),
        ("upper and lower case", str::to_lowercase),
        ("zeros in front", without_zeros),
        ("\".0\" at its end", without_fraction),
        ("rounded to 15 digits", rounded),
    ];
    let alone = cases.iter().find(|(_, shape)| shape(&a) == shape(&b)).map(|(words, _)| *words);
    let all = |key: &str| rounded(&without_zeros(&without_fraction(&key.to_lowercase())));
    alone.or_else(|| (all(&a) == all(&b)).then_some("several of: case, zeros in front, \".0\", 15 digits"))
}

/// Without blanks around it, and without the formula that keeps a spreadsheet from reading a number: `="0017"`.
fn bare(key: &str) -> String {
    let key = key.trim().trim_matches('\u{a0}');
    let key = key.strip_prefix('=').unwrap_or(key);
    let key = key.strip_prefix('\'').unwrap_or(key);
    key.strip_prefix('"').and_then(|key| key.strip_suffix('"')).unwrap_or(key).trim().to_owned()
}

fn is_number(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit())
}

fn without_zeros(key: &str) -> String {
    let bare = key.trim_start_matches('0');
    if is_number(key) && !bare.is_empty() { bare.to_owned() } else { key.to_owned() }
}

fn without_fraction(key: &str) -> String {
    match key.split_once('.') {
        Some((whole, fraction)) if is_number(whole) && fraction.bytes().all(|byte| byte == b'0') => {
            whole.to_owned()
        }
        _ => key.to_owned(),
    }
}

fn rounded(key: &str) -> String {
    match key.split_at_checked(DIGITS) {
        Some((kept, rest)) if is_number(key) && !rest.is_empty() => {
            format!("{kept}{}", "0".repeat(rest.len()))
        }
        _ => key.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_spreadsheets_do_is_named_and_two_keys_are_two() {
        for (before, after, words) in [
            ("0017", "17", Some("zeros in front")),
            ("17", "17.0", Some("\".0\" at its end")),
            ("1234567890123456", "1234567890123450", Some("rounded to 15 digits")),
            ("A-1", "a-1", Some("upper and lower case")),
            ("17", " 17\u{a0}", Some("blanks or quotes around it")),
            ("0017", "=\"0017\"", Some("blanks or quotes around it")),
            ("0017", "17.00", Some("several of: case, zeros in front, \".0\", 15 digits")),
            ("17", "18", None),
            ("A17", "17", None),
            ("", "0", None),
            ("1.5", "1", None),
            ("0", "00", None),
        ] {
            assert_eq!(rewritten(before, after), words, "{before:?} {after:?}");
            assert_eq!(rewritten(after, before), words, "{after:?} {before:?}");
        }
    }
}
