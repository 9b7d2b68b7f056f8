//! Cells that a spreadsheet has spoiled.

use crate::domain::row::recipient::RejectionReason;
use crate::domain::table::visible::is_invisible;

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
    // Nearly every cell begins with a letter that begins none of these.
    let cell = if cell.is_ascii() { cell.trim() } else { cell.trim_matches(is_invisible) };
    let first = cell.bytes().next()?;
    let error = || Some(RejectionReason::SheetError(cell.into()));
    match first {
        b'#' if is_error(cell) => error(),
        // The sign of a Japanese keyboard; and what programs put around a value.
        0xEF if cell.strip_prefix('＃').is_some_and(|rest| is_error(&format!("#{rest}"))) => error(),
        b'\'' | b'"' | b'(' | b'[' if is_error(cell.trim_matches(['\'', '"', '(', ')', '[', ']'])) => error(),
        b'\'' if cell.len() > 2 && cell[1..].starts_with('=') => Some(RejectionReason::Formula),
        b'o' if cell.starts_with("of:=") || cell.starts_with("oooc:=") => Some(RejectionReason::Formula),
        b'=' if cell.len() > 1 => Some(RejectionReason::Formula),
        b'+' | b'-' | b'@' if is_formula(&cell[1..]) => Some(RejectionReason::Formula),
        // An array formula; and the sign of a Japanese keyboard, which spreadsheets take for the other.
        b'{' if cell.starts_with("{=") && cell.ends_with('}') => Some(RejectionReason::Formula),
        0xEF if cell.strip_prefix('＝').is_some_and(is_formula) => Some(RejectionReason::Formula),
        b'0'..=b'9' | b'-' if is_rounded(cell.trim_start_matches('-')) => {
            Some(RejectionReason::Rounded(cell.into()))
        }
        // What Excel on the web copies before it has the values.
        b'R' if cell.starts_with("Retrieving data. ") => error(),
        _ if cell.len() <= LONGEST && (is_error_code(cell) || is_loading(cell) || has_error(cell)) => error(),
        _ => None,
    }
}

/// Longest error of a spreadsheet, in bytes.
const LONGEST: usize = 60;

fn is_error(cell: &str) -> bool {
    if !cell.starts_with('#') {
        return false;
    }
    // A number that is wider than its column, saved as it is seen.
    if cell.len() > 2 && cell.bytes().all(|byte| byte == b'#') {
        return true;
    }
    // `#N/A Requesting Data...` of data feeds.
    if cell.len() > LONGEST {
        return cell.starts_with("#N/A ");
    }
    // Marks of Spanish, and the spaces of French in front of a mark.
    let upper: String = cell.chars().filter(|c| !matches!(c, '¡' | '¿')).collect::<String>().to_uppercase();
    let upper = upper.replace([' ', '\u{a0}', '\u{202f}'], " ").replace(" !", "!").replace(" ?", "?");
    let is_upper = !cell.chars().any(char::is_lowercase);
    let upper = upper.trim_end_matches('.');
    let word = upper.trim_start_matches('#').trim_end_matches(['!', '?']);
    is_known(upper)
        || is_unavailable(word)
        || OF_DATABASES.contains(&word)
        || upper.starts_with("#N/A ")
        || (is_upper && (WORDS.contains(&word) || looks_like_one(upper, word)))
}

fn is_known(upper: &str) -> bool {
    ERRORS.contains(&upper) || MORE.contains(&upper)
}

/// Errors that are written without a mark as well: of Smartsheet, Airtable, pandas, and of the languages without one.
const WORDS: [&str; 26] = [
    "NA",
    "N.A.",
    "N.V.",
    "NV",
    "NULL",
    "REF",
    "VALUE",
    "ERROR",
    "DIV/0",
    "NUM",
    "OVERFLOW",
    "UNPARSEABLE",
    "BLOCKED",
    "CALCULATING",
    "CIRCULAR",
    "NODATA",
    "SPILL",
    "CALC",
    "PUUTTUU",
    "PUUDUB",
    "SAKNAS",
    "NEDOSTUPNÝ",
    "NEDOSTUPNÉ",
    "НЯМА",
    "LOADING",
    "TIMEOUT",
];

/// What Access and forms write in a field in any case, in their languages.
const OF_DATABASES: [&str; 10] = [
    "ERROR",
    "FEHLER",
    "ERREUR",
    "DELETED",
    "GELÖSCHT",
    "SUPPRIMÉ",
    "ELIMINADO",
    "EXCLUÍDO",
    "ELIMINATO",
    "УДАЛЕНО",
];

/// *Not available*: a letter, `/`, a letter or more, as in `#N/B`, `#Δ/Υ`, `#N/DISP`.
fn is_unavailable(word: &str) -> bool {
    let letters = |text: &str| !text.is_empty() && text.chars().all(char::is_alphabetic);
    word.split_once('/')
        .is_some_and(|(first, second)| first.chars().count() == 1 && letters(first) && letters(second))
}

/// An error in a language that the lists do not have: capitals with a mark at the end, with `_` or with a space in them.
fn looks_like_one(upper: &str, word: &str) -> bool {
    let marked = upper.ends_with(['!', '?']);
    let plain = |c: char| c.is_alphabetic() || matches!(c, '/' | '0' | '_' | '.' | ' ' | '-');
    (marked || word.contains([' ', '_']))
        && upper.matches('#').count() == 1
        && word.starts_with(char::is_alphabetic)
        && word.chars().all(plain)
}

/// An error of a spreadsheet as a word of a longer text, which something put together: `Dear #N/A`.
fn has_error(cell: &str) -> bool {
    cell.contains('#')
        && cell.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '(' | ')' | '"')).any(
            |word| {
                word.len() > 3 && word.contains(['!', '?', '/']) && word.starts_with('#') && is_known(word)
            },
        )
}

/// *Error* in the languages of LibreOffice.
const ERROR: [&str; 34] = [
    "err",
    "error",
    "fehler",
    "erreur",
    "errore",
    "erro",
    "fout",
    "fel",
    "feil",
    "fejl",
    "virhe",
    "błąd",
    "bł",
    "chyba",
    "hiba",
    "eroare",
    "hata",
    "σφάλμα",
    "ошибка",
    "помилка",
    "грешка",
    "エラー",
    "錯誤",
    "错误",
    "오류",
    "greška",
    "napaka",
    "viga",
    "klaida",
    "kļūda",
    "errada",
    "خطأ",
    "שגיאה",
    "lỗi",
];

/// `Err:502`, `Fehler:508`, `Erreur : 504`.
fn is_error_code(cell: &str) -> bool {
    let Some((word, code)) = cell.split_once([':', '：']) else { return false };
    let code = code.trim();
    code.len() == 3
        && code.bytes().all(|byte| byte.is_ascii_digit())
        && ERROR.contains(&word.trim().to_lowercase().as_str())
}

/// *Loading*, as Google Sheets shows it in its languages while a cell has no value yet.
const LOADING: [&str; 46] = [
    "loading",
    "fetching",
    "calculating",
    "importing",
    "retrieving",
    "requesting",
    "กำลังโหลด",
    "جارٍ التحميل",
    "جار التحميل",
    "טוען",
    "ielādē",
    "caricamento",
    "caricamento in corso",
    "chargement",
    "chargement en cours",
    "wird geladen",
    "lädt",
    "cargando",
    "carregando",
    "a carregar",
    "загрузка",
    "завантаження",
    "laden",
    "bezig met laden",
    "ładowanie",
    "wczytywanie",
    "načítání",
    "načítava sa",
    "laddar",
    "läser in",
    "indlæser",
    "laster",
    "laster inn",
    "ladataan",
    "yükleniyor",
    "読み込んでいます",
    "読み込み中",
    "正在加载",
    "正在載入",
    "載入中",
    "로드 중",
    "로딩 중",
    "memuat",
    "đang tải",
    "φόρτωση",
    "betöltés",
];

fn is_loading(cell: &str) -> bool {
    const DATA: [&str; 9] =
        ["data", "daten", "données", "datos", "dados", "dati", "gegevens", "danych", "данных"];
    let Some(words) = cell.strip_suffix("...").or_else(|| cell.strip_suffix('…')) else { return false };
    let words = words.trim().to_lowercase();
    let bare =
        words.rsplit_once(' ').filter(|(_, last)| DATA.contains(last)).map_or(&*words, |(bare, _)| bare);
    LOADING.contains(&bare.trim_end_matches([' ', '\u{a0}']))
}

/// Whether what is behind `+`, `-`, `@` or `＝` is something that a spreadsheet calls or refers to: `SUM(A1)`, `A1`, `$B$2*3`.
fn is_formula(text: &str) -> bool {
    // `Sheet1!A1`
    if let Some((sheet, place)) = text.rsplit_once('!')
        && sheet.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | ' ' | '\'' | '$'))
        && !place.contains(' ')
        && is_formula(place)
    {
        return true;
    }
    let letters = text.trim_start_matches('$').bytes().take_while(u8::is_ascii_alphabetic).count();
    let name = &text.trim_start_matches('$')[..letters];
    let rest = &text.trim_start_matches('$')[letters..];
    if letters == 0 || name.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return false;
    }
    let call = rest
        .trim_start_matches(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '.' | '_'));
    if call.starts_with('(') {
        return text.ends_with(')') || text.contains(")+") || text.contains(")-");
    }
    let digits = rest.trim_start_matches('$');
    let behind = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    letters <= 3
        && behind.len() < digits.len()
        && (behind.is_empty() || behind.starts_with(['+', '-', '*', '/', '&', ':', '^']))
}

/// `4.41E+11` of Excel, `1.0E+5` of Google Sheets, `1e+05` of R.
fn is_rounded(cell: &str) -> bool {
    cell.len() < 24
        && cell.split_once("E+").or_else(|| cell.split_once("e+")).is_some_and(|(mantissa, exponent)| {
            !exponent.is_empty()
                && exponent.bytes().all(|byte| byte.is_ascii_digit())
                && mantissa.starts_with(|c: char| c.is_ascii_digit())
                && mantissa.bytes().skip(1).all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::too_many_lines, reason = "a list")]
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
            "#N/B",
            "#Δ/Υ",
            "#N/DISP",
            "#VALEUR !",
            "#DIV/0\u{202f}!",
            "#UNPARSEABLE",
            "#NO MATCH",
            "#N/A Requesting Data...",
            "#NENÍ_K_DISPOZICI",
            "#PUUTTUU",
            "Fehler:508",
            "Erreur : 504",
            "エラー：502",
            "Wird geladen...",
            "読み込んでいます…",
            "Dear #N/A",
            "Room 5, #REF!",
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
            "Error",
            "Loading dock",
            "E+",
            "12",
            "-3",
            "a=b",
            "=",
            "#name",
            "#Sale!",
            "#ad",
            "Room: 502",
            "Terror:502",
            "Loading bay...",
            "C# or F#",
            "Suite #NV",
            "@home",
            "+1 for lunch",
            "-A",
            "+49",
            "+A",
            "{name}",
        ] {
            assert_eq!(damage(cell), None, "{cell}");
        }
        assert_eq!(damage("=VLOOKUP(A3,Names!A:B,2,FALSE)"), Some(RejectionReason::Formula));
        for cell in [
            "+SUM(A1:A2)",
            "@SUM(A1)",
            "-A1",
            "+$B$2*3",
            "{=A1:A3}",
            "＝A1",
            "+VLOOKUP(A3,Names!A:B,2,FALSE)",
        ] {
            assert_eq!(damage(cell), Some(RejectionReason::Formula), "{cell}");
        }
        assert!(matches!(damage("4.41E+11"), Some(RejectionReason::Rounded(_))));
    }
}
