//! Numbers of a workbook as text: as a spreadsheet shows them without a format.

use crate::domain::row::binding::CellDamage;

/// Whole numbers from here on have more digits than Excel keeps.
const DIGITS_LOST: f64 = 1e15;

/// As Excel shows it without a format: 15 digits. Where a whole number had more, they are lost, and the number is
/// written as Excel does then, which rejects the row if the cell is used.
pub(super) fn number(float: f64) -> String {
    if float.fract() == 0.0 {
        return if float.abs() < DIGITS_LOST { format!("{:.0}", float + 0.0) } else { scientific(float) };
    }
    // Fifteen digits, without those that only come from binary fractions: 0.1 + 0.2 is 0.3.
    format!("{float:.14e}").parse::<f64>().unwrap_or(float).to_string()
}

/// A number as it is shown, and whether that says less than the number. Whole numbers that have more digits than a spreadsheet
/// keeps are written as in [`number`], whatever their format: the shown digits are not those that were entered.
pub(super) fn shown_number(float: f64, shown: String) -> (String, Option<CellDamage>) {
    if float.fract() == 0.0 && float.abs() >= DIGITS_LOST {
        return (number(float), None);
    }
    let damage = (!says_all(float, &shown)).then_some(CellDamage::Shown);
    (shown, damage)
}

/// Whether the digits that are shown are all that the number has: `00042` and `42.00` say 42, and `1.23E+06` and `4K` do not.
fn says_all(float: f64, shown: &str) -> bool {
    if shown.contains("E+") || shown.contains("E-") {
        return false;
    }
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (stored, seen) = (digits(&number(float)), digits(shown));
    let (stored, seen) = (stored.trim_start_matches('0'), seen.trim_start_matches('0'));
    if float.fract() == 0.0 {
        let has_decimals = shown.contains(['.', ',']);
        return seen
            .strip_prefix(stored)
            .is_some_and(|rest| rest.is_empty() || (has_decimals && rest.bytes().all(|byte| byte == b'0')));
    }
    stored.trim_end_matches('0') == seen.trim_end_matches('0')
}

fn scientific(float: f64) -> String {
    let text = format!("{float:.14e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    format!("{}E+{exponent:0>2}", mantissa.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_says_all_or_less() {
        for (float, shown) in [
            (42.0, "00042"),
            (42.0, "42.00"),
            (1_234.0, "1,234"),
            (34.3, "$34.30"),
            (0.15, "15 %"),
            (-3.5, "(3.5)"),
            (0.0, "0"),
        ] {
            assert_eq!(shown_number(float, shown.to_owned()), (shown.to_owned(), None), "{float}");
        }
        for (float, shown) in [
            (1_234_001.0, "1.23E+06"),
            (4_100.0, "4K"),
            (1_000.0, "1"),
            (0.154, "15%"),
            (34.26, "34.3"),
            (7.0, ""),
        ] {
            assert_eq!(
                shown_number(float, shown.to_owned()),
                (shown.to_owned(), Some(CellDamage::Shown)),
                "{float}"
            );
        }
        for (float, shown) in
            [(98_765_432_109_876_543_210.0, "18446744073709551615"), (1e15, "1000000000000000")]
        {
            assert_eq!(shown_number(float, shown.to_owned()), (number(float), None), "{float}");
        }
    }

    #[test]
    fn numbers_are_restored_where_no_digit_is_lost() {
        for (float, expected) in [
            (12_025_550_143.0, "12025550143"),
            (0.0, "0"),
            (-0.0, "0"),
            (-3.5, "-3.5"),
            (0.1 + 0.2, "0.3"),
            (19.99, "19.99"),
            (999_999_999_999_999.0, "999999999999999"),
            (1_234_567_890_123_450_000.0, "1.23456789012345E+18"),
            (1e15, "1E+15"),
        ] {
            assert_eq!(number(float), expected);
        }
    }
}
