//! Words that programs and people write where there is nothing, in their languages, and signs that say nothing.

mod no_date;

use std::collections::HashSet;
use std::sync::LazyLock;

/// What programs and people write where there is nothing.
const NOTHING: &[&str] = &[
    "null",
    "nil",
    "none",
    "nan",
    "nat",
    "undefined",
    "void",
    "missing",
    "empty",
    "blank",
    "unknown",
    "n/a",
    "n.a.",
    "n.a",
    "#n/a",
    "n/d",
    "n.d.",
    "s/d",
    "k.a.",
    "k. a.",
    "n.v.t.",
    "not available",
    "not applicable",
    "keine angabe",
    "sin datos",
    "no data",
    "\\n",
    "-",
    "--",
    "---",
    "–",
    "—",
    "?",
    "??",
    "???",
    ".",
    "*",
    "tbd",
    "tbc",
    "tba",
    "t.b.d.",
    "t.b.a.",
    "to be confirmed",
    "to be determined",
    "to be announced",
    "default",
    "anonymous",
    "unset",
    "unspecified",
    "invalid",
    "invalid date",
    "not found",
    "noname",
    "no first name",
    "no last name",
    "no answer",
    "n/c",
    "n/i",
    "n.n.",
    "s/n",
    "н/д",
    "inf",
    "infinity",
    "-infinity",
    "1.#inf",
    "\\0",
    "system.dbnull",
    "01/01/1900",
    "01.01.1900",
    "1900-01-01",
    "1970-01-01 00:00:00",
    "1970-01-01t00:00:00",
    "0001-01-01 00:00:00",
    "0001-01-01t00:00:00",
    "9999-12-31",
    "en blanco",
    "em branco",
    "ohne",
    "ohne namen",
    "nicht bekannt",
    "kein name",
    "non communiqué",
    "non précisé",
    "sans nom",
    "no consta",
    "sem nome",
    "senza nome",
    "nieznane",
    "bez imienia",
    "není",
    "neuvedeno",
    "neznámé",
    "uten navn",
    "utan namn",
    "ei tiedossa",
    "belirtilmemiş",
    "без имени",
    "todo",
    "xxx",
    "xxxx",
    "''",
    "\"\"",
    "'",
    "\"",
    "\u{fffc}",
    // Of databases and programs.
    "0000-00-00",
    "0000-00-00 00:00:00",
    "00/00/0000",
    "00.00.0000",
    "0001-01-01",
    "1899-12-30",
    "1900-01-00",
    "-nan",
    "nan(ind)",
    "-nan(ind)",
    "n\\a",
    "array",
    // The name of the column in the place of what it is of.
    "fname",
    "lname",
    "first name",
    "last name",
    "full name",
    "firstname",
    "lastname",
    "first_name",
    "last_name",
    "1.#ind",
    "1.#qnan",
    "dbnull",
    "nothing",
    "no value",
    "no name",
    "not set",
    "not provided",
    "not specified",
    "not known",
    // Of people, in their languages.
    "unbekannt",
    "keine",
    "keiner",
    "leer",
    "entfällt",
    "nicht angegeben",
    "nicht verfügbar",
    "inconnu",
    "inconnue",
    "vide",
    "aucun",
    "aucune",
    "néant",
    "non renseigné",
    "sans objet",
    "s.o.",
    "ninguno",
    "ninguna",
    "nulo",
    "vacío",
    "desconocido",
    "sin nombre",
    "no aplica",
    "no disponible",
    "nessuno",
    "vuoto",
    "sconosciuto",
    "non disponibile",
    "nenhum",
    "nenhuma",
    "vazio",
    "desconhecido",
    "não informado",
    "onbekend",
    "geen",
    "leeg",
    "nvt",
    "brak",
    "brak danych",
    "nie dotyczy",
    "nieznany",
    "neznámý",
    "žádný",
    "okänd",
    "saknas",
    "ingen",
    "ukendt",
    "ukjent",
    "tuntematon",
    "tyhjä",
    "ismeretlen",
    "nincs",
    "necunoscut",
    "bilinmiyor",
    "boş",
    "yok",
    "нет",
    "нет данных",
    "пусто",
    "неизвестно",
    "не указано",
    "невідомо",
    "немає",
    "άγνωστο",
    "κενό",
    "なし",
    "無し",
    "該当なし",
    "未設定",
    "不明",
    "空白",
    "無",
    "无",
    "没有",
    "未知",
    "未填写",
    "空",
    "없음",
    "해당없음",
    "미상",
    "لا يوجد",
    "غير معروف",
    "לא ידוע",
    "אין",
];

/// The same, to be found at once: each cell of a file is looked up.
static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| NOTHING.iter().copied().collect());

/// Which letters of ASCII, small, words of so many bytes begin with: a bit for each byte.
static BEGINNINGS: LazyLock<[u128; LONGEST + 1]> = LazyLock::new(|| {
    let mut beginnings = [0; LONGEST + 1];
    for word in NOTHING {
        let first = word.as_bytes()[0];
        if first.is_ascii() {
            beginnings[word.len()] |= 1 << first;
        }
    }
    beginnings
});

/// The longest of the words, with brackets, in bytes.
const LONGEST: usize = 48;

/// Whether it is surely none: letters and digits of ASCII at both ends, and no word begins like this and is as long. Nearly
/// every cell is decided here.
fn is_plain(cell: &str) -> bool {
    let bytes = cell.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return true };
    let begins = || BEGINNINGS[bytes.len()] & (1 << first.to_ascii_lowercase()) != 0;
    // All words of programs have an n.
    let suspicious = |byte: &u8| matches!(byte, b'n' | b'N' | b'/') || !byte.is_ascii();
    let is_dated = || (first.is_ascii_digit() || last.is_ascii_digit()) && no_date::has_year(cell);
    first.is_ascii_alphanumeric()
        && last.is_ascii_alphanumeric()
        && !bytes.iter().any(suspicious)
        && !begins()
        && !is_dated()
}

/// Whether a cell has a word for nothing in it, or signs that are none.
pub(in crate::domain) fn means_nothing(cell: &str) -> bool {
    if cell.is_empty() || cell.len() > LONGEST || is_plain(cell) {
        return false;
    }
    let cell = cell.trim();
    if !cell.contains(char::is_alphanumeric) {
        return cell.chars().all(is_filler);
    }
    let inner = cell.trim_matches(|c: char| "()<>[]{}'\"`_-–—*".contains(c) || c.is_whitespace());
    // `Na` and `Nd` are names.
    if matches!(inner, "NA" | "na" | "ND" | "nd") || no_date::is_one(cell) {
        return true;
    }
    let folded = inner.to_lowercase();
    let is_word = |word: &str| WORDS.contains(word);
    // Blanks around a stroke: `N / A`.
    let is_close = || folded.contains(" / ") && is_word(&folded.replace(" / ", "/"));
    is_word(&folded)
        || is_close()
        || (inner.len() < cell.len() && is_word(&cell.to_lowercase()))
        || cell.split_whitespace().any(is_of_a_program)
        || is_of_python(cell)
}

/// A sign that people put where nothing is to be said. Signs of money and the like are texts of their own.
fn is_filler(c: char) -> bool {
    c.is_whitespace() || "-_.…–—−‐•·*/\\?~,;:'\"`´’()[]{}<>|=×".contains(c)
}

/// What a program puts together with other text, where it has nothing: `Ann undefined`.
fn is_of_a_program(word: &str) -> bool {
    matches!(word, "undefined" | "null" | "NULL" | "NaN" | "nan" | "(null)" | "<NULL>" | "\\N")
}

/// `Ann None`: a word more would be a sentence.
fn is_of_python(cell: &str) -> bool {
    let words: Vec<&str> = cell.split_whitespace().collect();
    words.len() == 2 && words.contains(&"None")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What decides nearly every cell at once says of no cell that it is plain which has a word.
    #[test]
    fn a_cell_with_a_word_is_not_plain() {
        let capital = |word: &str| word.to_uppercase();
        let title = |word: &str| word[..1].to_uppercase() + &word[1..];
        for word in NOTHING.iter().filter(|word| word.is_ascii()) {
            for cell in [(*word).to_owned(), capital(word), title(word), format!("Ann {word}")] {
                assert!(means_nothing(&cell) == means_nothing(&format!(" {cell}")), "{cell}");
                assert!(cell.starts_with("Ann") || means_nothing(&cell), "{cell}");
            }
        }
        for cell in ["Ann undefined", "Ann null", "NULL Lee", "nan x", "Ann NaN", "a (null) b", "Ann None"] {
            assert!(means_nothing(cell), "{cell}");
        }
    }

    #[test]
    fn signs_that_are_texts_are_no_fillers() {
        for cell in ["$", "%", "€", "+", "&", "❤", "5", "a/b", "No. 5"] {
            assert!(!means_nothing(cell), "{cell}");
        }
        for cell in ["Na", "Nd", "Array Lee", "Last Namesson"] {
            assert!(!means_nothing(cell), "{cell}");
        }
        for cell in ["ND", "na", "N\\A", "-nan(ind)", "FNAME", "First Name", "Array"] {
            assert!(means_nothing(cell), "{cell}");
        }
        for cell in ["-", "[ ]", "N / A", "--None--", "Ann None", "(en blanco)"] {
            assert!(means_nothing(cell), "{cell}");
        }
    }
}
