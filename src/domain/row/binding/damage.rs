//! Cells that a spreadsheet has spoiled.

use crate::domain::row::recipient::RejectionReason;

/// Error values of Excel, LibreOffice, Google Sheets and Numbers in the languages that translate them, in upper case and
/// without the inverted mark of Spanish. Sources: the function translations of Excel and the error codes of LibreOffice.
const ERRORS: [&str; 62] = [
    "#N/A",
    "#REF!",
    "#NAME?",
    "#VALUE!",
    "#DIV/0!",
    "#NUM!",
    "#NULL!",
    "#SPILL!",
    "#CALC!",
    "#DATA!",
    "#ERROR!",
    "#FIELD!",
    "#BUSY!",
    "#CONNECT!",
    "#UNKNOWN!",
    "#BLOCKED!",
    "#PYTHON!",
    "#EXTERNAL!",
    "#TIMEOUT!",
    "#GETTING_DATA",
    "#CIRCULAR!",
    "#LOADING...",
    "#MACRO?",
    "#SPLIT!",
    "#CIRC!",
    // German, French, Spanish, Italian, Portuguese.
    "#NV",
    "#WERT!",
    "#BEZUG!",
    "#ZAHL!",
    "#ÜBERLAUF!",
    "#KALK!",
    "#FELD!",
    "#NOM?",
    "#VALEUR!",
    "#NOMBRE!",
    "#NUL!",
    "#PROPAGATION!",
    "#CALCUL!",
    "#VALOR!",
    "#NOMBRE?",
    "#DESBORDAMIENTO!",
    "#NULO!",
    "#N/D",
    "#VALORE!",
    "#RIF!",
    "#NOME?",
    "#ESPANSIONE!",
    "#DESPEJAR!",
    "#NÚM!",
    // Dutch, Nordic, Polish, Czech, Hungarian, Turkish, Russian.
    "#WAARDE!",
    "#VERW!",
    "#NAAM?",
    "#GETAL!",
    "#VÄRDEFEL!",
    "#REFERENS!",
    "#NAMN?",
    "#ADR!",
    "#ARG!",
    "#LICZBA!",
    "#HODNOTA!",
    "#ODKAZ!",
    "#NÉV?",
];

/// More of them, which would make the list above too long for a line each.
const MORE: [&str; 34] = [
    "#ÉRTÉK!",
    "#HIV!",
    "#SZÁM!",
    "#ZÉRÓOSZTÓ!",
    "#HIÁNYZIK",
    "#NULLA!",
    "#DEĞER!",
    "#BAŞV!",
    "#AD?",
    "#SAYI!",
    "#YOK",
    "#BÖL/0!",
    "#S/0!",
    "#SAYI/0!",
    "#BOŞ!",
    "#ЗНАЧ!",
    "#ССЫЛКА!",
    "#ИМЯ?",
    "#ЧИСЛО!",
    "#Н/Д",
    "#ДЕЛ/0!",
    "#ПУСТО!",
    "#VERDI!",
    "#NAVN?",
    "#I/T",
    "#VÆRDI!",
    "#REFERENCE!",
    "#SAKNAS!",
    "#DIVISION/0!",
    "#OGILTIGT!",
    "#PUUTTUU!",
    "#ARVO!",
    "#VIITTAUS!",
    "#NIMI?",
];

/// What a spreadsheet leaves where a value was: nothing to send to anybody.
pub(super) fn damage(cell: &str) -> Option<RejectionReason> {
    let cell = cell.trim();
    let reason = |is: bool, reason: fn(String) -> RejectionReason| is.then(|| reason(cell.to_owned()));
    match cell.bytes().next()? {
        b'#' => reason(is_error(cell), RejectionReason::SheetError),
        b'=' if cell.len() > 1 => Some(RejectionReason::Formula),
        // LibreOffice: Err:502. Google Sheets: Loading...
        b'E' | b'e' => reason(is_error_code(cell), RejectionReason::SheetError),
        b'L' => reason(matches!(cell, "Loading..." | "Loading…"), RejectionReason::SheetError),
        b'0'..=b'9' | b'-' => reason(is_rounded(cell.trim_start_matches('-')), RejectionReason::Rounded),
        _ => None,
    }
}

fn is_error(cell: &str) -> bool {
    if cell.len() > 40 {
        return false;
    }
    // A number that is wider than its column, saved as it is seen.
    if cell.len() > 2 && cell.bytes().all(|byte| byte == b'#') {
        return true;
    }
    let upper = cell.replace(['¡', '¿'], "").to_uppercase();
    ERRORS.contains(&upper.as_str()) || MORE.contains(&upper.as_str()) || looks_like_one(cell)
}

/// An error in a language that the lists do not have: `#`, one word in capitals, and `!` or `?`.
fn looks_like_one(cell: &str) -> bool {
    let word = cell.trim_start_matches('#').trim_end_matches(['!', '?']);
    let marked = cell.ends_with(['!', '?']);
    marked
        && cell.matches('#').count() == 1
        && !word.is_empty()
        && word
            .chars()
            .all(|c| (c.is_alphabetic() && !c.is_lowercase()) || matches!(c, '/' | '0' | '_' | '.'))
}

/// `Err:502`, `err:508`.
fn is_error_code(cell: &str) -> bool {
    let code = cell.get(..4).filter(|head| head.eq_ignore_ascii_case("err:")).map(|_| &cell[4..]);
    code.is_some_and(|code| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit()))
}

/// `4.41E+11`, exactly as Excel writes it.
fn is_rounded(cell: &str) -> bool {
    cell.len() < 24
        && cell.split_once("E+").is_some_and(|(mantissa, exponent)| {
            exponent.len() >= 2
                && exponent.bytes().all(|byte| byte.is_ascii_digit())
                && mantissa.starts_with(|c: char| c.is_ascii_digit())
                && mantissa.bytes().skip(1).all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_every_spreadsheet_and_language() {
        for cell in [
            "#N/A",
            "#n/a",
            " #REF! ",
            "#NV",
            "#WERT!",
            "#¡VALOR!",
            "#¿NOMBRE?",
            "#ÜBERLAUF!",
            "#HIÁNYZIK",
            "#Н/Д",
            "#GETTING_DATA",
            "Err:502",
            "err:508",
            "Loading...",
            "#PYTHON!",
            "########",
            "#値!",
            "#ЗНАЧ!",
            "#I/T",
            "#DZIEL/0!",
        ] {
            assert!(matches!(damage(cell), Some(RejectionReason::SheetError(_))), "{cell}");
        }
        for cell in [
            "",
            "#",
            "##",
            "#1",
            "#blessed",
            "# 5",
            "#42!",
            "Err: 502",
            "Error",
            "Loading dock",
            "E+",
            "12",
            "-3",
            "a=b",
            "=",
        ] {
            assert_eq!(damage(cell), None, "{cell}");
        }
        assert_eq!(damage("=VLOOKUP(A3,Names!A:B,2,FALSE)"), Some(RejectionReason::Formula));
        assert!(matches!(damage("4.41E+11"), Some(RejectionReason::Rounded(_))));
    }
}
