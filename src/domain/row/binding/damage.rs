//! Cells that a spreadsheet has spoiled.

use crate::domain::row::recipient::RejectionReason;

/// What a spreadsheet leaves where a value was: nothing to send to anybody.
pub(super) fn damage(cell: &str) -> Option<RejectionReason> {
    const ERRORS: [&str; 10] =
        ["#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#DATA!"];
    let first = cell.trim_start().bytes().next()?;
    if first == b'#' {
        let cell = cell.trim();
        return ERRORS.contains(&cell).then(|| RejectionReason::SheetError(cell.to_owned()));
    }
    (first.is_ascii_digit() && is_rounded(cell.trim()))
        .then(|| RejectionReason::Rounded(cell.trim().to_owned()))
}

/// `4.41E+11`, exactly as Excel writes it.
fn is_rounded(cell: &str) -> bool {
    cell.len() < 24
        && cell.split_once("E+").is_some_and(|(mantissa, exponent)| {
            exponent.len() >= 2
                && exponent.bytes().all(|byte| byte.is_ascii_digit())
                && mantissa.bytes().skip(1).all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','))
        })
}
