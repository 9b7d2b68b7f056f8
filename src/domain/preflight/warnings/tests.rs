//! What looks wrong, mark by mark, and what does not.

use super::*;

#[test]
fn text_that_was_encoded_twice_is_found() {
    for cell in [
        "JosÃ©",
        "Oâ€™Brien",
        "O&#039;Brien",
        "O&#x27;Brien",
        "Tom &amp; Co",
        "Jos&eacute;",
        "Jos\u{fffd}",
        "Dvo?ák",
        "MÃ¼ller",
        "ÐŸÑ€Ð¸Ð²ÐµÑ‚",
        "Å\u{81}ukasz",
        "Â£5",
        "ðŸ˜€",
        "Ã\u{a0} bientÃ´t",
        "MichaÅ‚",
        "PaweÅ‚ i Ann",
        "Å‚",
        "JosÃƒÂ©",
        "cittÃ",
        "Â« oui Â»",
        "á»…",
        "Há»“ng",
        "MÉ™mmÉ™d",
        "RENÃ‰",
        "Ã–rfiye",
        "å¼\u{a0}ä¼Ÿ",
        "เธชเธกเธชเธฒเธข",
        "„JosÃ©“",
    ] {
        assert!(twice_encoded::find(cell).is_some(), "{cell}");
    }
}

#[test]
fn the_mark_of_a_text_is_found_and_names_with_apostrophes_are_not() {
    for cell in ["'Ann", "'0017", "'Élodie"] {
        assert!(twice_encoded::find(cell).is_some(), "{cell}");
    }
    for cell in [
        "'t Hooft",
        "'s-Hertogenbosch",
        "O'Brien",
        "’t Hart",
        "'Tis the Season'",
        "the “Old” Mill",
        "“Ann”",
        "5'",
    ] {
        assert_eq!(twice_encoded::find(cell), None, "{cell}");
    }
}

#[test]
fn utf_8_that_was_read_in_any_code_page_is_found() {
    for cell in [
        "Jos√©",
        "O‚ÄôBrien",
        "M√ºller",
        "≈Åukasz",
        "Dvo≈ô√°k",
        "–ò–≤–∞–Ω",
        "ŒìŒπœéœÅŒ≥ŒøœÇ",
        "50 ‚Ç¨",
        "√áaƒülar",
        "Pe√±a",
        "S√∏ren",
        "Jos├⌐",
        "OΓÇÖBrien",
        "M├╝ller",
        "┼üukasz",
        "Dvo┼Ö├ík",
        "╨ÿ╨▓╨░╨╜",
        "╬ô╬╣╧Ä╧ü╬│╬┐╧é",
        "50 Γé¼",
        "├ça─ƒlar",
        "Pe├▒a",
        "S├╕ren",
        "Jos├®",
        "OÔÇÖBrien",
        "M├╝ller",
        "┼üukasz",
        "Dvo┼Ö├ík",
        "ðÿð▓ð░ð¢",
        "╬ô╬╣¤Ä¤ü╬│╬┐¤é",
        "50 Ôé¼",
        "├ça─ƒlar",
        "Pe├▒a",
        "S├©ren",
        "JosĂ©",
        "Oâ€™Brien",
        "MĂĽller",
        "DvoĹ™Ăˇk",
        "50 â‚¬",
        "Ă‡aÄźlar",
        "PeĂ±a",
        "SĂ¸ren",
        "JosГ©",
        "OвЂ™Brien",
        "MГјller",
        "ЕЃukasz",
        "DvoЕ™ГЎk",
        "О“О№ПЋПЃОіОїП‚",
        "50 в‚¬",
        "Г‡aДџlar",
        "PeГ±a",
        "SГёren",
        "Jos茅",
        "O鈥橞rien",
        "M眉ller",
        "艁ukasz",
        "Dvo艡谩k",
        "脟a臒lar",
        "Pe帽a",
        "S酶ren",
        "Josﾃｩ",
        "O窶傳rien",
        "Mﾃｼller",
        "50 竄ｬ",
        "Peﾃｱa",
        "Sﾃｸren",
    ] {
        assert!(twice_encoded::find(cell).is_some(), "{cell}");
    }
}

/// Names and words as people write them, a language a line.
const WRITTEN: [&str; 24] = [
    "Michał Paweł Łukasz Małgorzata Świętek Żółw Grażyna Wąż Zieliński ŁÓDŹ",
    "Dvořák Jiří Černý Šárka Růžena Žižka Ťuhýk Kateřina ČAPEK Škoda",
    "Győr Erzsébet Ágnes Szőke Zsófia Tűz Őrs KŐVÁRI",
    "Müller Jürgen Größe Weiß Ärzte Übung Österreich STRAßE MÜLLER",
    "François Hélène Noël Gaëlle Benoît Cœur RENÉ Élodie Ève",
    "José Núñez Peña María Ángel Iñaki MUÑOZ MUñOZ ¿Qué?",
    "João Conceição Inês Antônio Gonçalves IRMÃ Ângela CAMÕES",
    "Søren Åse Jørgensen Kærgaard Ærø Björn SJÖSTRÖM",
    "Þórdís Guðrún Sigurður Ægir",
    "Şahin Gülşen İbrahim Çağlar Işık Yıldız Doğan ÖZGE IŞIK",
    "Ştefan Ioniță Mărgineanu Ţepeş Brâncuși Ăsta",
    "Jānis Bērziņš Ķemeri Ģirts Ļaudona Šķēle",
    "Žydrūnas Čiurlionis Gražvydas Ąžuolas Šarūnas",
    "Nguyễn Hồng Phượng Đặng Thị Ánh Trần ĐỖ",
    "Məmməd Əliyev Gülnarə Şəhriyar",
    "Иван Мария Екатерина Алексей Щукин Юлия Пётр СПбГУ «КИПиА»",
    "Рівне Київ Їжак М’ясоєдовська Євген Ґонта Надії",
    "Ђорђе Његош Џаја Ћирић Љиљана",
    "Γιώργος Μαρία Αθήνα Ελένη Άννα Όλγα ΚΏΣΤΑΣ",
    "محمد فاطمة علي پروین گلناز کریم",
    "דוד שרה יעקב „שלום”",
    "สมชาย สมหญิง เธอ เน็ต กรุงเทพ",
    "山田 太郎 さくら 李明 김철수 王小明",
    "O’Brien “Ann” «Ann» „Ann“ Ann™ 5°C N°5 1ª 20€ £5 l’«ami» Wien–Österreich CAFÉ™ CAFÉ» Seán hÉireann",
];

/// All code pages of the Encoding Standard with one byte for a character, and those of DOS and the Mac: what they make of
/// UTF-8.
#[test]
fn whatever_code_page_utf_8_was_read_in_is_found_and_what_people_write_is_not() {
    let (mut words, mut missed) = (0, Vec::new());
    for word in WRITTEN.iter().flat_map(|line| line.split(' ')) {
        assert_eq!(twice_encoded::find(word), None, "{word}");
        for (page, read) in mojibake::readings(word) {
            // A character that has no reading is lost, and told as that.
            if !word.is_ascii() && !read.contains(['\u{fffd}']) && read.chars().all(|c| !c.is_control()) {
                words += 1;
                if twice_encoded::find(&read).is_none() {
                    missed.push(format!("{page} {word} {read}"));
                }
            }
        }
    }
    assert!(missed.len() * 50 < words, "{} of {words}: {missed:#?}", missed.len());
}

#[test]
fn marks_that_turn_what_follows_and_characters_without_a_meaning_are_found() {
    for (cell, code) in [
        ("Ann\u{202e}", "202E"),
        ("\u{202d}Ann\u{202c}", "202D"),
        ("Ann\u{202a}", "202A"),
        ("\u{202b}Ann", "202B"),
        ("\u{2066}Ann", "2066"),
        ("\u{2067}Ann\u{202c}", "2067"),
        ("\u{2068}\u{2067}Ann\u{2069}", "2068"),
        ("\u{fffc}", "FFFC"),
        ("Ann \u{fff9}", "FFF9"),
        ("\u{f8ff}", "F8FF"),
        ("Ann\u{e000}", "E000"),
        ("\u{f0001}", "F0001"),
        ("\u{10fffd}", "10FFFD"),
        ("a\u{ffff}", "FFFF"),
        ("a\u{fdd0}", "FDD0"),
    ] {
        let found = twice_encoded::find_in_cell(cell).unwrap_or_default();
        assert!(found.contains(&format!("U+{code})")), "{cell:?}: {found}");
    }
    for cell in [
        "\u{2067}שלום\u{2069}",
        "\u{202b}שלום\u{202c} Ann",
        "\u{2068}\u{2067}שלום\u{2069}\u{2069}",
        "Ann\u{202c}",
        "\u{200f}שלום\u{200e}",
        "👩\u{200d}🔧 ❤\u{fe0f}",
        "🏴\u{e0067}\u{e0062}\u{e007f}",
        "𠮷野家",
    ] {
        assert_eq!(twice_encoded::find_in_cell(cell), None, "{cell:?}");
    }
    // The definition may have its pair around a placeholder.
    assert_eq!(twice_encoded::find("Hi \u{2068}"), None);
}

#[test]
fn escapes_and_tags_are_found() {
    for cell in [
        "Jos%C3%A9",
        "Ann%20Lee",
        "Jos\\u00e9",
        "Jos\\xe9",
        "O\\'Brien",
        "Line one\\nLine two",
        "Jos=C3=A9",
        "<b>Ann</b>",
        "Ann<br/>Bob",
        "<a href=\"x\">Ann</a>",
        "[object Object] \\",
        "O?Brien",
    ] {
        assert!(twice_encoded::find(cell).is_some(), "{cell}");
    }
}

#[test]
fn text_that_is_as_it_should_be_is_not() {
    for cell in [
        "José",
        "O’Brien",
        "Tom & Co; Ltd",
        "AT&T;",
        "„MENÜ“",
        "CAFÉ – Bar",
        "IRMÃ”",
        "ÎLE",
        "Ñandú",
        "Где?",
        "ok?",
        "https://example.com/?a=b&c=d;",
        "São João",
        "Ærøskøbing",
        "50 €",
        "",
        "100%",
        "5 < 6 > 4",
        "Ann <ann@example.com>",
        "C:\\new\\folder",
        "x=1",
        "Пётр Сёмин",
        "Софії надії Київ",
        "Ђорђе Њежић Џепарац",
        "Wien–Österreich",
        "BĂŞCOV Ăşti Ştefan",
        "Μαρία Γιώργος",
        "Привет, мир – «да»",
        "РОССИЯ СССР Россия",
        "iPhone手机 T恤 A股",
        "ﾄﾛﾄ アンナ",
        "√2 ≈ 1.41",
        "ÖĞÜN Ğ Şükrü İğdır",
        "Łódź Żółć Ärger",
        "ÑANDÚ ÎLE-DE-FRANCE",
        "naïveté œuvre cœur",
        "https://example.com/a%20b%C3%A9",
    ] {
        assert_eq!(twice_encoded::find(cell), None, "{cell}");
    }
}

#[test]
fn words_for_nothing_are_known_and_names_are_none() {
    for cell in [
        "NULL",
        "null",
        "\\N",
        "nan",
        "NaN",
        "None",
        "undefined",
        "N/A",
        "(null)",
        "-",
        "n.a.",
        "[NULL]",
        "NA",
        "?",
        "Unbekannt",
        "нет данных",
        "なし",
        "Aucun",
        "null null",
        "Ann undefined",
        "<NA>",
        "0000-00-00",
        "-nan",
        "No Name",
        "S/D",
        "УКАЗАНО НЕ: NaN",
    ] {
        assert!(means_nothing(cell), "{cell}");
    }
    for cell in ["", "Nan Li", "Na", "Nulla", "0", "no", "Nonna", "A", "X Æ", "Undine"] {
        assert!(!means_nothing(cell), "{cell}");
    }
}

#[test]
fn rows_of_totals_are_known() {
    for cell in ["Total", "TOTAL:", "Summe", "Grand Total", "Gesamt", "合计"] {
        assert!(is_total(cell), "{cell}");
    }
    for cell in ["Totally", "Sum Wong", "total 5 people", "", "Somme, rue"] {
        assert!(!is_total(cell), "{cell}");
    }
}

#[test]
fn each_code_is_found_by_its_name() {
    for code in WarningCode::ALL {
        assert_eq!(WarningCode::parse(code.name()), Some(code));
    }
    assert_eq!(WarningCode::parse("foreign"), None);
}
