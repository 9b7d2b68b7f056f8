//! Numbers of a workbook as text: as a spreadsheet shows them without a format.

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

fn scientific(float: f64) -> String {
    let text = format!("{float:.14e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    format!("{}E+{exponent:0>2}", mantissa.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

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
