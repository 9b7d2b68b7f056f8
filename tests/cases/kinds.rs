//! More instances of each kind of damage, each with its verdict: what spreadsheets, databases, mail-merge tools, exports and
//! operating systems of other makes and languages write.

mod anchored;
mod broken;
mod encodings;
mod keys;
mod numbers;
mod texts;
mod workbooks;

use std::fs;
use std::path::Path;

use campaign::domain::definition::{Definition, parse};
use campaign::recipients::{FileError, Recipients, Source};

use super::{definition_text, fate, of_cell};

/// A file with these bytes, read as a csv.
fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::with_suffix(".csv").unwrap();
    fs::write(file.path(), bytes).unwrap();
    file
}

/// What becomes of the rows of a csv with these bytes, or why it cannot be read.
fn of_file(bytes: &[u8], recipients: &str, message: &str) -> String {
    let file = file(bytes);
    let definition = match parse(&definition_text(recipients, message), "c.toml", "c") {
        Ok(definition) => definition,
        Err(problems) => return format!("no definition: {problems}"),
    };
    of_definition(file.path(), &definition)
}

/// The same of a file that is there.
fn of_opened(path: &Path, recipients: &str, message: &str) -> String {
    of_definition(path, &parse(&definition_text(recipients, message), "c.toml", "c").unwrap())
}

fn of_definition(path: &Path, definition: &Definition) -> String {
    let opened = Recipients::open(&Source::File(path.to_owned()), &definition.recipients);
    let said = |error: FileError| format!("{} | {}", error.problem, error.hint().unwrap_or_default());
    let mut recipients = match opened {
        Ok(recipients) => recipients,
        Err(error) => return said(error),
    };
    let binding = match definition.bind(recipients.header()) {
        Ok(binding) => binding,
        Err(problems) => return format!("not bound: {problems}"),
    };
    let rows: Result<Vec<String>, FileError> =
        recipients.rows(&binding).map(|row| Ok(fate(&row?.outcome))).collect();
    rows.map_or_else(said, |rows| rows.join(" / "))
}

/// Fails with all that is not as it should be, and not with the first alone.
#[track_caller]
fn all_right(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// What is not so.
fn unless(is_so: bool, told: impl FnOnce() -> String) -> Option<String> {
    (!is_so).then(told)
}

/// The verdicts of cells that are not the expected one.
#[track_caller]
fn each_cell_is(verdict: &str, cells: &[&str]) {
    let wrong = cells.iter().filter_map(|cell| {
        let is = of_cell(cell);
        (is != verdict).then(|| format!("{cell:?} is {is:?}, not {verdict:?}"))
    });
    all_right(&wrong.collect::<Vec<_>>());
}

#[test]
#[rustfmt::skip]
fn errors_of_more_spreadsheets_and_languages() {
    each_cell_is(
        "2: cell-error",
        &[
            // Excel in Danish, Norwegian, Swedish, Finnish, Polish, Czech, Slovak, Hungarian, Turkish, Russian, Greek.
            "#DIVISION/0!", "#REFERENCE!", "#NAVN?", "#VERDI!", "#NULL!", "#IKKE_TILGJENGELIG", "#SPILD!",
            "#OVERFLYT!", "#SPILL!", "#VÄRDEFEL!", "#REFERENS!", "#NAMN?", "#SAKNAS!", "#SKÄRNING!", "#OGILTIGT!",
            "#ARVO!", "#VIITTAUS!", "#NIMI?", "#LUKU!", "#TYHJÄ!", "#JAKO/0!", "#ARG!", "#ADR!", "#NAZWA?",
            "#LICZBA!", "#ZERO!", "#DZIEL/0!", "#ROZLANIE!", "#HODNOTA!", "#ODKAZ!", "#NÁZEV?", "#NÁZOV?", "#ČÍSLO!",
            "#DĚLENÍ_NULOU!", "#DELENIENULOU!", "#NENÍ_K_DISPOZICI", "#PŘESAH!", "#NEDOSTUPNÝ", "#ÉRTÉK!", "#HIV!",
            "#NÉV?", "#SZÁM!", "#ZÉRÓOSZTÓ!", "#KIBONTÁS!", "#HIÁNYZIK", "#DEĞER!", "#BAŞV!", "#AD?", "#SAYI!",
            "#SAYI/0!", "#YOK", "#TAŞMA!", "#ЗНАЧ!", "#ССЫЛКА!", "#ИМЯ?", "#ЧИСЛО!", "#Н/Д", "#ДЕЛ/0!", "#ПУСТО!",
            "#ПЕРЕНОС!", "#ВЫЧИСЛ!", "#ΤΙΜΗ!", "#ΑΝΑΦ!", "#ΟΝΟΜΑ?", "#ΑΡΙΘ!", "#ΔΙΑΙΡ./0!", "#Δ/Υ", "#ΔΕΝ_ΥΠΑΡΧΕΙ",
            // Dutch, Portuguese of Portugal, Catalan, Romanian, Croatian, Slovenian, Bulgarian, Ukrainian, Chinese, Korean.
            "#WAARDE!", "#VERW!", "#NAAM?", "#GETAL!", "#LEEG!", "#DEEL/0!", "#N/B", "#OVERLOOP!", "#N/D", "#REF!",
            "#NOME?", "#DIV/0!", "#NÚM!", "#NULO!", "#TRANSPOR!", "#DESBORDAMENT!", "#VALOARE!", "#NUME?", "#VRIJ!",
            "#VREDN!", "#IME?", "#ŠTEV!", "#СТОЙН!", "#ИМЕ?", "#НЯМА", "#溢出!", "#名稱?", "#数值!", "#값!", "#이름?", "#참조!",
            "#値!", "#名前?", "#スピル!",
            // Of spreadsheets on the web, of Numbers, of data tools.
            "#ERROR", "#ERROR!", "#error", "#CIRCULAR REFERENCE", "#INVALID OPERATION", "#INVALID DATA TYPE",
            "#BLOCKED", "#INCORRECT ARGUMENT SET", "#PERMISSION ERROR", "#CALCULATING", "#UNPARSEABLE", "#NO MATCH",
            "#OVERFLOW", "#IMPRECISE DECIMAL", "#N/A Field Not Applicable", "#N/A Invalid Security", "#RTD!",
            "#EXTERNAL!", "#GETTING_DATA", "#AUTH!", "#CONNECT!", "#UNKNOWN!", "#FIELD!", "#SERVICE!", "#Error",
            "#Ref!", "#Name?", "#Value!", "#N/a", "#Deleted", "#Num!", "#Div/0!", "#GELÖSCHT", "#Gelöscht",
            "#Supprimé",
            // LibreOffice writes a number after the word, and these words.
            "Err:501", "Err:504", "Err:509", "Err:511", "Err:519", "Err:522", "Err:523", "Err:532", "Err:540",
            "#MACRO?", "Fehler:504", "Erreur :522", "Fout:508", "Błąd:508", "Chyba:502", "Ошибка:502", "Hiba:502",
            "Error:522", "Eroare:502", "エラー:522", "错误:522", "오류:502", "Σφάλμα:502", "Hata:502", "Virhe:502",
            "Klaida:508",
            // Loading, and results that came from elsewhere.
            "Loading...", "Loading…", "loading...", "Loading data...", "Chargement…", "Chargement en cours...",
            "Cargando...", "Cargando datos...", "Carregando…", "Wird geladen…", "Загрузка...", "Caricamento...",
            "กำลังโหลด...", "جارٍ التحميل...", "טוען...", "正在加载...", "Fetching data...", "Calculating...",
            "Importing...", "Retrieving data. Wait a few seconds and try to cut or copy again.",
            // In a longer text.
            "Dear #N/A", "Ann #REF!", "#N/A #N/A", "#NAME?, Ann", "(#VALUE!)", "Mr. #WERT!", "#N/A;#N/A",
            "Hi:#DIV/0!",
            // With what people and programs put around it.
            "'#N/A", " #N/A ", "\"#N/A\"", "\u{a0}#REF!\u{a0}", "#N/A.", "＃N/A", "#Ｎ/Ａ", "#VALUE\u{a0}!", "####",
            "###########",
        ],
    );
    let sent = [
        "#1", "#42", "# of guests", "#winning", "Suite #12", "C#", "#StayHome", "Apt #N", "Error", "Err", "Loading",
        "N/A Street", "#hashtag", "#Sale!", "Ref. 502", "#MeToo", "Zone:502", "#A1",
    ];
    let wrong =
        sent.iter().map(|cell| of_cell(cell)).zip(sent).filter(|(is, cell)| *is != format!("2: {cell}"));
    all_right(&wrong.map(|(is, cell)| format!("{cell:?} is {is:?}, and is a text")).collect::<Vec<_>>());
}

#[test]
#[rustfmt::skip]
fn more_formulas_that_came_out_as_their_text() {
    each_cell_is(
        "2: cell-formula",
        &[
            "=A1", "=Sheet1!B2", "='My Sheet'!A1", "=SUM(A1:A9)", "=IF(A1=\"\",\"\",B1)",
            "=IFERROR(VLOOKUP(A2;Tab!A:B;2;0);\"\")", "=SVERWEIS(A2;Tab!A:B;2;FALSCH)", "=RECHERCHEV(A1;B:C;2;0)",
            "=@A1", "=[@Name]", "=Table1[Name]", "=R[-1]C", "=RC[-2]", "=XLOOKUP(A1,B:B,C:C)",
            "=CONCATENATE(A1,\" \",B1)", "=TODAY()", "=HYPERLINK(\"https://example.com\",\"Ann\")",
            "=IMPORTRANGE(\"x\",\"y\")", "=QUERY(A:B)", "=1+1", "=-A1", "=+A1", "= A1", "=\"a\"&A1",
            "=\"Ann\" & \" \" & B1", "=#REF!", "=NA()", "{=SUM(A1:A2*B1:B2)}", "=LAMBDA(x,x)(1)", "=LET(a,1,a)",
            "=_xlfn.XLOOKUP(1,2,3)", "=SI(A1;B1)", "=ЕСЛИ(A1;B1)", "+A1", "+SUM(A1:A2)", "-SUM(A1)", "@SUM(A1)",
            "+Sheet1!A1", "=cmd|' /C calc'!A0", "@IF(A1,1,2)", "＝SUM(A1)", "=TRUE", "=of:A1", "of:=SUM([.A1])",
            "=DDE(\"a\";\"b\")", "=\u{a0}A1", "\u{feff}=A1", "\u{200b}=A1", "'=A1",
        ],
    );
    let texts: &[(&str, &str)] = &[
        ("=\"00101\"", "00101"), ("=\"\"", ""), ("= \"x\"", "x"), ("=\"Lee, \"\"Bob\"\"\"", "Lee, \"Bob\""),
        ("=\"+12025550101\"", "+12025550101"), ("=\"=A1\"", "=A1"), ("=T(\"0017\")", "0017"), ("=CHAR(65)", ""),
    ];
    for (cell, text) in &texts[..5] {
        let expected = if text.is_empty() { "2: cell-empty".to_owned() } else { format!("2: {text}") };
        assert_eq!(of_cell(cell), expected, "{cell}");
    }
    // Signs that people write in front of words are no formulas.
    for cell in [
        "+1 guest", "-", "--", "- Ann", "@ann", "@home", "+49", "-5", "+", "a=b", "=)", "=D", "- 5 %", "-Bob",
    ] {
        let is = of_cell(cell);
        assert!(is == format!("2: {cell}") || cell.starts_with('='), "{cell}: {is}");
    }
}

#[test]
#[rustfmt::skip]
fn more_that_cannot_be_seen() {
    each_cell_is(
        "2: cell-empty",
        &[
            "\u{200c}", "\u{200d}", "\u{200e}", "\u{200f}", "\u{202a}\u{202c}", "\u{2066}\u{2069}", "\u{feff}",
            "\u{2060}", "\u{2063}", "\u{34f}", "\u{61c}", "\u{115f}", "\u{1160}", "\u{ffa0}", "\u{3164}", "\u{3000}",
            "\u{1680}", "\u{2007}", "\u{202f}", "\u{205f}", "\u{2028}", "\u{2029}", "\u{85}", "\u{180e}", "\u{fe0f}",
            "\u{e0100}", "\u{2800}", "\u{17b4}", "\u{ad}", "\t", "\n", "\r\n", " \u{a0} ", "\u{1d173}", "\u{2061}",
            "\u{e0061}\u{e007f}",
        ],
    );
}

#[test]
#[rustfmt::skip]
fn more_control_characters() {
    each_cell_is(
        "2: cell-control",
        &[
            "A\u{1}", "A\u{7}nn", "A\u{8}", "A\u{b}nn", "A\u{c}", "A\u{e}", "A\u{f}", "A\u{1a}", "A\u{1b}[2J",
            "A\u{1c}B", "A\u{1d}B", "A\u{1e}B", "A\u{1f}B", "A\u{7f}", "A\u{80}", "A\u{90}", "A\u{9b}31m", "A\u{9d}",
            "A\u{9f}", "\u{1}", "\u{1b}",
        ],
    );
    for cell in ["A\tnn", "A\nnn", "Ann\u{ad}e", "👩\u{200d}🔧", "❤\u{fe0f}"] {
        assert_eq!(of_cell(cell), format!("2: {cell}"));
    }
}

#[test]
#[rustfmt::skip]
fn quotes_as_more_programs_write_them() {
    let cases: &[(&str, &str)] = &[
        // SELECT … INTO OUTFILE and its kin: a backslash in front of quotes, at the ends of a cell, twice.
        (
            "phone,name\n\"+12025550101\",\"\\\"Ann\\\"\"\n\"+12025550102\",\"Bo \\\"x\\\" Y\"\n",
            "2: \"Ann\" / 3: Bo \"x\" Y",
        ),
        (
            "phone,name\n\"+12025550101\",\"Ann \\\\\"\n\"+12025550102\",\"Bo \\\"B\\\" Y\"\n",
            "2: Ann \\ / 3: Bo \"B\" Y",
        ),
        ("\"phone\";\"name\"\n\"+12025550101\";\"Bob; \\\"Bobby\\\"\"\n", "2: Bob; \"Bobby\""),
        ("\"phone\"\t\"name\"\n\"+12025550101\"\t\"Bob\t\\\"B\\\" x\"\n", "2: Bob\t\"B\" x"),
        ("phone,name\n\"+12025550101\",\"She said \\\"hi\\\"\"\n", "2: She said \"hi\""),
        ("phone,name\n\"+12025550101\",\"Line \\\"one\\\"\nline two\"\n", "2: Line \"one\"\nline two"),
        (
            "phone,name\n\"+12025550101\",\"\\\"Bob\\\", Bobby\"\n\"+12025550102\",\"C\"\n",
            "2: \"Bob\", Bobby / 3: C",
        ),
        // A backslash at the end of a quoted cell is one where quotes are doubled.
        (
            "phone,name\n\"+12025550101\",\"C:\\\"\n\"+12025550102\",\"a \"\"b\"\" c\"\n",
            "2: C:\\ / 3: a \"b\" c",
        ),
        ("phone,name\n+12025550101,C:\\dir\n", "2: C:\\dir"),
        // Blanks and tabs on either side of quotes.
        ("phone , name\n \"+12025550101\" , \"Lee, Bob\" \n", "2: Lee, Bob"),
        ("phone,\t\"name\"\n+12025550101,\t\"Lee, Bob\"\n", "2: Lee, Bob"),
        ("\"phone\", \"name\"\r\n\"+12025550101\", \"Lee, \"\"B\"\" Bob\"\r\n", "2: Lee, \"B\" Bob"),
        ("phone; name\n+12025550101; \"Lee; Bob\"\n", "2: Lee; Bob"),
        ("phone,   name\n+12025550101,     \"Lee, Bob\"\n", "2: Lee, Bob"),
        ("\"phone\" ,\"name\"\n\"+12025550101\"  ,\"Lee, Bob\"\n", "2: Lee, Bob"),
        ("phone|name\n+12025550101| \"Lee | Bob\"\n", "2: Lee | Bob"),
        ("phone,name\n+12025550101,\u{a0}\"Lee, Bob\"\n", "2: row-long"),
        // Quotes within a bare cell are its own; quotes of typography too.
        ("phone,name\n+12025550101,Ann \"The Boss\" Lee\n", "2: Ann \"The Boss\" Lee"),
        ("phone,name\n+12025550101,5\" pipe\n+12025550102,6\" pipe\n", "2: 5\" pipe / 3: 6\" pipe"),
        ("phone,name\n+12025550101,“Ann”\n", "2: “Ann”"),
        // An apostrophe around each cell, as SQL has it.
        (
            "'phone','name'\n'+12025550101','Lee, Bob'\n'+12025550102','O''Brien'\n",
            "2: Lee, Bob / 3: O'Brien",
        ),
        // A quote in the middle that nobody doubled.
        ("phone,name\n\"+12025550101\",\"Ann \"The Boss\" Lee\"\n", "2: quote-stray"),
        ("phone,name\n+12025550101,\"Ann\" Lee\n", "2: quote-stray"),
    ];
    let wrong = cases.iter().filter_map(|(text, expected)| {
        let is = of_file(text.as_bytes(), "", "{{ name }}");
        (is != *expected).then(|| format!("{text:?} is {is:?}, not {expected:?}"))
    });
    all_right(&wrong.collect::<Vec<_>>());
}

#[test]
fn more_lines_that_are_quoted_as_a_whole() {
    let texts = [
        "\"phone,name\"\n\"+12025550101,Ann\"\n",
        "\"phone;name\"\r\n\"+12025550101;Ann\"\r\n",
        "\"phone\tname\"\n\"+12025550101\tAnn\"\n",
        "\"phone|name\"\n\"+12025550101|Ann\"\n",
        "\"name,phone,id\"\n\"Ann,+12025550101,7\"\n",
        "\"phone,name\",\n\"+12025550101,Ann\",\n",
        "\"phone,name\";;;\n\"+12025550101,Ann\";;;\n",
        "\"phone,\"\"name\"\"\"\n\"+12025550101,\"\"Ann\"\"\"\n",
        "\"\"\"phone\"\",\"\"name\"\"\"\n\"\"\"+12025550101\"\",\"\"Ann\"\"\"\n",
        "\u{feff}\"Phone,Name\"\n\"+12025550101,Ann\"\n",
        "'phone,name'\n'+12025550101,Ann'\n",
        " \"phone,name\" \n \"+12025550101,Ann\" \n",
        "sep=,\n\"phone,name\"\n\"+12025550101,Ann\"\n",
    ];
    let wrong = texts.iter().filter_map(|text| {
        let is = of_file(text.as_bytes(), "", "{{ name }}");
        unless(is.contains("in quotes as a whole"), || format!("{text:?}: {is}"))
    });
    all_right(&wrong.collect::<Vec<_>>());
    // The header is right and rows are not.
    let is = of_file(b"phone,name\n\"+12025550101,Ann\"\n+12025550102,Bob\n", "", "{{ name }}");
    assert_eq!(is, "2: row-short / 3: Bob");
}

#[test]
fn columns_that_are_named_in_marks() {
    let marks = [("“", "”"), ("„", "“"), ("”", "”"), ("«", "»"), ("‘", "’"), ("＂", "＂"), ("`", "´")];
    let plain = ["phone", "name"];
    let wrong = marks.iter().flat_map(|(begin, end)| [",", ";", "\t"].map(|between| (begin, end, between)));
    let wrong = wrong.filter_map(|(begin, end, between)| {
        let line = |cells: [&str; 2]| cells.map(|cell| format!("{begin}{cell}{end}")).join(between);
        let text = format!("{}\n{}\n", line(plain), line(["+12025550101", "Ann"]));
        let is = of_file(text.as_bytes(), "", "{{ name }}");
        unless(is.contains("belong to the names"), || format!("{text:?}: {is}"))
    });
    all_right(&wrong.collect::<Vec<_>>());
    // Two quotes within quotes are one of the cell.
    let is = of_file(b"\"\"\"phone\"\"\",\"\"\"name\"\"\"\n+12025550101,Ann\n", "", "{{ name }}");
    assert!(is.contains("belong to the names: \"phone\""), "{is}");
    // A column may be named in quotes where the phone is not.
    let is = of_file("phone,“city”,name\n+12025550101,Rome,Ann\n".as_bytes(), "", "{{ name }}");
    assert_eq!(is, "2: Ann");
}

#[test]
fn more_titles_above_the_header() {
    let texts = [
        ("Report\nphone,name\n+12025550101,Ann\n", 2),
        ("Clinic North\nPrinted 2026-05-01\n\nphone,name\n+12025550101,Ann\n", 4),
        (",,\nAttendees,,\n,phone,name\n,+12025550101,Ann\n", 3),
        ("\"Report, of today\"\n\"\"\nphone;name\n+12025550101;Ann\n", 3),
        ("Export;;\r\nDate;2026;\r\nphone;name;\r\n+12025550101;Ann;\r\n", 3),
        ("# made by a program\n# version 2\nphone,name\n+12025550101,Ann\n", 3),
        ("\u{feff}Kunden\n\nphone\tname\n+12025550101\tAnn\n", 3),
        ("sep=;\nListe;\nphone;name\n+12025550101;Ann\n", 3),
        ("A,B\n1,2\nPhone,Name\n+12025550101,Ann\n", 3),
        ("Page 1 of 1\r\rphone,name\r+12025550101,Ann\r", 3),
    ];
    let wrong = texts.iter().filter_map(|(text, line)| {
        let is = of_file(text.as_bytes(), "", "{{ name }}");
        let told = is.contains(&format!("line {line} does")) && is.contains(&format!("header_row = {line}"));
        let read = of_file(text.as_bytes(), &format!("header_row = {line}"), "{{ name }}");
        unless(told && read == format!("{}: Ann", line + 1), || format!("{text:?}: {is}; {read}"))
    });
    all_right(&wrong.collect::<Vec<_>>());
}

#[test]
fn more_lines_that_name_the_separator() {
    let texts = [
        "sep=;\nphone;name\n+12025550101;Ann\n",
        "SEP=,\r\nphone,name\r\n+12025550101,Ann\r\n",
        "sep=\t\nphone\tname\n+12025550101\tAnn\n",
        "\"sep=;\"\nphone;name\n+12025550101;Ann\n",
        "\u{feff}sep=|\nphone|name\n+12025550101|Ann\n",
        "sep =;\nphone;name\n+12025550101;Ann\n",
        "sep=; \nphone;name\n+12025550101;Ann\n",
        "sep=;;\nphone;name\n+12025550101;Ann\n",
        "sep=^\nphone^name\n+12025550101^Ann\n",
        "sep=\\t\nphone\tname\n+12025550101\tAnn\n",
    ];
    let wrong = texts.iter().filter_map(|text| {
        let is = of_file(text.as_bytes(), "", "{{ name }}");
        unless(is == "3: Ann" || text.contains('^') && is.contains("sep="), || format!("{text:?}: {is}"))
    });
    all_right(&wrong.collect::<Vec<_>>());
    let utf_16: Vec<u8> =
        "sep=;\r\nphone;name\r\n+12025550101;Zoë\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(of_file(&[b"\xff\xfe", &utf_16[..]].concat(), "", "{{ name }}"), "3: Zoë");
    assert_eq!(of_file(&utf_16, "", "{{ name }}"), "3: Zoë");
}

#[test]
#[rustfmt::skip]
fn columns_of_the_users_own_and_more_names_of_columns() {
    // Columns whose names are like those of a file of rejected rows, or of a report.
    for own in [
        "Rejected reason", "rejected", "Rejected Line", "REJECTED_REASON", "rejected column", "reason", "line",
        "state", "key", "destination", "code", "contact_id", "Rejected-Line",
    ] {
        let text = format!("phone,name,{own}\n+12025550101,Ann,x\n");
        assert_eq!(of_file(text.as_bytes(), "", "{{ name }}"), "2: Ann", "{own}");
    }
    // One that is a file of rejected rows without a column is refused, for it would withdraw everybody else.
    let is = of_file(b"rejected_line,rejected_reason,phone,name\n2,x,+12025550101,Ann\n", "", "{{ name }}");
    assert!(is.contains("rejected_column"), "{is}");
    // Names that no expression can have.
    let mut wrong = Vec::new();
    for name in [
        "Date/time", "Amount ($)", "What's your name?", "Phone (from Contacts)", "Contact: First Name", "D.O.B.",
        "1st name", "2026", "e-mail", "First-Name", "%", "Name*", "Name #", "Name & Co", "Ünïcode näme", "名前", "Имя",
        "a|b", "name\u{a0}x", "x,y", "a\"b", "100%", "if", "for", "not", "true", "none", "in", "and", "is", "loop",
        "column", "range", "self", "name!", "a + b", "a[0]", "a == b", "[x]", "(x)", "{x}", "<x>", "@x", "x'y",
        "a~b", "π", "x²", "№", "Größe (cm)", "日 付", "a\tb", "order.id", "Nom / Prénom", "$name", "name?", "#",
        "Q1: How are you?", "Amount, $", "naïve—dash", "a:b", "a;b", "\u{1f600}",
    ] {
        let header = format!("phone,\"{}\"\n+12025550101,VALUE\n", name.replace('"', "\"\""));
        let by_function = format!("{{{{ column({}) }}}}", serde_json::to_string(name).unwrap());
        let mut is = |template: &str, text: &str| {
            let is = of_file(header.as_bytes(), "", template);
            wrong.extend(unless(is == format!("2: {text}"), || format!("{template} of {name:?}: {is}")));
        };
        is(&by_function, "VALUE");
        let word = ["if", "for", "not", "true", "none", "in", "and", "is", "loop", "column", "range", "self"]
            .contains(&name);
        if word || name.contains(['|', '{', '}', '"']) || name == "2026" {
            continue;
        }
        let by_name = format!("{{{{ {name} }}}}");
        is(&by_name, "VALUE");
        let filtered = format!("{{{{ {name} | lower }}}}");
        is(&filtered, "value");
    }
    all_right(&wrong);
}

#[test]
#[rustfmt::skip]
fn the_same_name_written_otherwise() {
    let mut wrong = Vec::new();
    for (header, named) in [
        ("Pre\u{301}nom", "Prénom"), ("Prénom", "pre\u{301}nom"), ("Stra\u{df}e", "STRASSE"),
        ("Größe", "gro\u{308}ße"), ("Nom\u{200b}", "nom"), ("\u{feff}nom", "nom"), ("first\u{a0}name", "first_name"),
        ("First Name", "first_name"), ("first–name", "first_name"), ("ﬁrst", "first"), ("Ｎａｍｅ", "name"),
        ("ﾅﾏｴ", "ナマエ"), ("カ\u{3099}", "ガ"), ("İsim", "İSİM"), ("ΌΝΟΜΑ", "όνομα"),
        ("이름", "\u{110b}\u{1175}\u{1105}\u{1173}\u{11b7}"), ("Nom\u{ad}bre", "nombre"), ("Å", "A\u{30a}"),
        ("Ångström", "\u{212b}ngström"),
    ] {
        let text = format!("phone,{header}\n+12025550101,Ann\n");
        let is = of_file(text.as_bytes(), "", &format!("{{{{ {named} }}}}"));
        wrong.extend(unless(is == "2: Ann", || format!("{header} {named}: {is}")));
    }
    all_right(&wrong);
}
