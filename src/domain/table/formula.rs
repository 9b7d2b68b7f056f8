//! Cells that a spreadsheet would run as a formula, made harmless without damaging numbers.
//!
//! The rule: a cell whose first visible character is `=`, `+`, `-` or `@` (or a full-width or small variant of one), or
//! that begins with a tab or a line break, gets an apostrophe in front. Plain numbers stay as they are, however they
//! are signed: `+12025550104`, `-3.5`, `+1 (202) 555-0104`, `-1.5e3`. Something made of a sign, digits, spaces and
//! `. , - ( ) %` alone has nothing that a spreadsheet could call or refer to.
//!
//! The rule can be undone: where a cell begins with an apostrophe and the rest is a cell that the rule would change,
//! the apostrophe is ours. (That is why apostrophes in front are looked through as well.)
//!
//! Source: "CSV Injection", OWASP.

use std::borrow::Cow;

/// The cell as it may stand in a CSV that a spreadsheet opens.
#[must_use]
pub fn harmless(cell: &str) -> Cow<'_, str> {
    if runs(cell) { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

/// The cell as it was before [`harmless`].
#[must_use]
pub fn original(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| runs(rest)).unwrap_or(cell)
}

/// The text of a cell that is a formula of a text and nothing else, as programs write it for a spreadsheet to keep it:
/// `="00101"` is `00101`. Any other cell is as it is.
#[must_use]
pub fn text(cell: &str) -> Cow<'_, str> {
    let inner = cell.trim().strip_prefix('=').map(str::trim_start);
    let inner = inner.and_then(|rest| rest.strip_prefix('"')?.strip_suffix('"'));
    let Some(inner) = inner else { return Cow::Borrowed(cell) };
    let text = inner.replace("\"\"", "\u{0}");
    // A quote that is not doubled ends the text: then there is more than a text.
    if text.contains('"') || inner.contains('\u{0}') {
        return Cow::Borrowed(cell);
    }
    Cow::Owned(text.replace('\u{0}', "\""))
}

fn runs(cell: &str) -> bool {
    // Nearly every cell begins with a letter or a digit: decided by one byte.
    if cell.as_bytes().first().is_none_or(u8::is_ascii_alphanumeric) {
        return false;
    }
    let begins_with_break = cell.trim_start_matches('\'').starts_with(['\t', '\r', '\n']);
    let visible = cell.trim_start_matches(unseen);
    let Some(first) = visible.chars().next() else { return begins_with_break };
    match first {
        '=' | '@' | '＝' | '＠' | '﹦' | '﹫' | '＋' | '－' | '﹢' | '﹣' => true,
        '+' | '-' if !is_number(&visible[1..]) => true,
        _ => begins_with_break,
    }
}

/// What a spreadsheet does not show, or takes away, in front of a formula.
fn unseen(c: char) -> bool {
    let zero_width = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}');
    c.is_whitespace() || c.is_control() || zero_width || c == '\''
}

/// Whether this, behind a sign, is a number or a phone number, as people write them.
fn is_number(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '.' | ',' | '-' | '(' | ')' | '%');
    text.chars().all(plain) || is_scientific(text)
}

fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    digits(whole) && digits(part) && digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_words_stay_as_they_are() {
        for cell in [
            "",
            " ",
            "Zoë",
            "a=b",
            "1-2",
            "+12025550104",
            " +12025550104",
            "+1 (202) 555-0104",
            "-3",
            "-3.5",
            "+0,5",
            "-12 %",
            "-1.5e3",
            "+1E-10",
            "-",
            "'tis",
            "'+12025550104",
            "(=1)",
            "\u{feff}x",
            "#1",
        ] {
            assert_eq!(harmless(cell), cell);
        }
    }

    #[test]
    fn formulas_get_an_apostrophe() {
        for cell in [
            "=1+1",
            "=HYPERLINK(\"http://x\";\"y\")",
            "+A1",
            "+e1",
            "-e1",
            "-2+3+cmd|' /C calc'!A0",
            "+1+HYPERLINK()",
            "@SUM(A1)",
            " =1",
            "\u{a0}=1",
            "\u{feff}=1",
            "\u{200b}@x",
            "\0=1",
            "\t=1",
            "\tx",
            "\r\nx",
            "\n",
            "＝1",
            "＋A1",
            "－1",
            "＠x",
            "﹦1",
            "'=1",
            "'\t",
            "-1e",
            "-1.e5",
        ] {
            assert_eq!(harmless(cell), format!("'{cell}"), "{cell:?}");
        }
    }

    #[test]
    fn a_formula_of_a_text_is_its_text() {
        for (cell, expected) in [
            ("=\"00101\"", "00101"),
            (" =\"Ann\" ", "Ann"),
            ("= \"a \"\"b\"\" c\"", "a \"b\" c"),
            ("=\"\"", ""),
            ("=\"a\"&\"b\"", "=\"a\"&\"b\""),
            ("=A1", "=A1"),
            ("=\"a", "=\"a"),
            ("\"a\"", "\"a\""),
        ] {
            assert_eq!(text(cell), expected);
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(20_000))]

        /// The apostrophe is ours exactly where the rest would be changed.
        #[test]
        fn the_rule_can_be_undone(cell in "['=+@e1 \t\u{ff1d}x-]{0,5}") {
            let undo = |cell: &str| match cell.strip_prefix('\'') {
                Some(rest) if harmless(rest) != rest => rest.to_owned(),
                _ => cell.to_owned(),
            };
            proptest::prop_assert_eq!(undo(&harmless(&cell)), cell);
        }
    }
}
