//! Files that other tools of this kind get wrong, each a small one of its kind: what becomes of each row.
//!
//! The values stand in this file, since each was decided; they are no snapshots.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod kinds;

use std::fs;
use std::path::{Path, PathBuf};

use campaign::domain::definition::{Definition, parse};
use campaign::domain::preflight::{Fate, Findings, Observation, Options, Preflight};
use campaign::domain::row::recipient::{Recipient, Rejection};
use campaign::recipients::{FileError, Recipients, Source};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

fn definition_text(recipients: &str, message: &str) -> String {
    format!(
        "connect = {{ instance_id = \"11111111-2222-3333-4444-555555555555\", contact_flow_id = \"66666666-7777-8888-9999-000000000000\", \
         source = \"arn:aws:connect:us-west-2:123456789012:phone-number/p\" }}\n\
         contact = {{ message = {} }}\n[recipients]\ndefault_region = \"US\"\n{recipients}",
        toml_string(message)
    )
}

/// A text as a definition has it.
fn toml_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn definition(recipients: &str, message: &str) -> Definition {
    parse(&definition_text(recipients, message), "c.toml", "c").unwrap()
}

/// The line of a row, with its texts or with the code of why it has none.
fn fate(outcome: &Result<Recipient, Rejection>) -> String {
    match outcome {
        Ok(recipient) => format!("{}: {}", recipient.line, recipient.slots.join("|")),
        Err(rejection) => format!("{}: {}", rejection.line, rejection.reason.code()),
    }
}

fn rows(file: &str, definition: &Definition) -> Result<Vec<String>, FileError> {
    let mut recipients = Recipients::open(&Source::File(folder().join(file)), &definition.recipients)?;
    let binding =
        definition.bind(recipients.header()).unwrap_or_else(|problems| panic!("{file}: {problems}"));
    recipients.rows(&binding).map(|row| Ok(fate(&row?.outcome))).collect()
}

fn read(file: &str, recipients: &str, message: &str) -> Vec<String> {
    rows(file, &definition(recipients, message)).unwrap_or_else(|error| panic!("{error}: {:?}", error.hint()))
}

fn refused(file: &str, recipients: &str) -> String {
    let error = rows(file, &definition(recipients, "Hi {{ name }}")).unwrap_err();
    format!("{} | {}", error.problem, error.hint().unwrap_or_default())
}

#[test]
fn dates_are_dates_in_every_format() {
    let cjk = read("dates-cjk/people.xlsx", "", "{{ date }}");
    assert_eq!(cjk, (2..=12).map(|line| format!("{line}: 2026-05-01")).collect::<Vec<_>>());
    let quoted = read("dates-quoted/people.xlsx", "", "{{ date }}");
    assert_eq!(quoted, (2..=8).map(|line| format!("{line}: 2026-05-01 09:30")).collect::<Vec<_>>());
    let iso = read("dates-iso/people.xlsx", "", "{{ date }}");
    assert_eq!(iso, ["2: 2026-05-01", "3: 2026-05-01", "4: 2026-05-01 09:30"]);
}

#[test]
fn workbooks_are_read_as_people_see_them() {
    let formulas = read("formula-without-value/people.xlsx", "", "Hi {{ name | default('you') }}");
    assert_eq!(formulas, ["2: cell-no-value", "3: cell-no-value", "4: cell-no-value"]);
    assert_eq!(read("error-cell/people.xlsx", "", "{{ date }}"), ["2: May 1", "3: cell-error", "4: May 2"]);
    assert_eq!(read("error-cell/people.xlsx", "", "Hi"), ["2: ", "3: ", "4: "], "where the column is used");
    let escapes = read("escapes-x000d/people.xlsx", "", "{{ date }}");
    assert_eq!(escapes, ["2: Bring ID.\nPark behind.", "3: Bring ID.\nPark behind."]);
    assert!(!read("backslashes/people.xlsx", "", "Hi").is_empty());
}

#[test]
fn hidden_rows_are_for_a_person_to_decide() {
    let told = refused("hidden-rows/people.xlsx", "");
    assert!(
        told.contains("2 rows that cannot be seen, first row 3") && told.contains("hidden_rows"),
        "{told}"
    );
    let skipped = read("hidden-rows/people.xlsx", "hidden_rows = \"skip\"", "Hi {{ name }}");
    assert_eq!(skipped, ["2: Hi Ann", "4: Hi Cid"]);
    assert_eq!(read("hidden-rows/people.xlsx", "hidden_rows = \"send\"", "Hi {{ name }}").len(), 4);
}

#[test]
fn merged_cells_are_told_or_filled() {
    let filled = read("merged/people.xlsx", "merged = \"fill\"", "{{ clinic | default('-') }}");
    assert_eq!(filled, ["2: North", "3: North", "4: North"]);
    let definition = definition("", "Hi");
    let recipients =
        Recipients::open(&Source::File(folder().join("merged/people.xlsx")), &definition.recipients).unwrap();
    assert!(recipients.read_as().to_string().contains("C2:C4"), "{}", recipients.read_as());
}

#[test]
fn the_sheet_with_the_columns_is_named() {
    let told = refused("second-sheet/numbers.xlsx", "");
    assert!(told.contains("\"Export Summary\"") && told.contains("\"Contacts\" has it"), "{told}");
}

#[test]
fn texts_are_read_as_their_programs_mean_them() {
    assert_eq!(read("blank-before-quote/people.csv", "", "{{ name }}"), ["2: Ann", "3: Lee, Bob"]);
    let mysql = read("mysql-quotes/people.csv", "", "{{ name }}");
    assert_eq!(mysql, ["2: Ann \"The Boss\" Lee", "3: Bob, \"Bobby\""]);
    assert_eq!(read("control-characters/near.csv", "", "Hi {{ name }}"), ["2: cell-control"]);
    let far = read("control-characters/far.csv", "", "Hi {{ name }}");
    assert_eq!(far.iter().filter(|row| row.ends_with("cell-control")).count(), 1);
    let formulas = read("formulas-in-csv/people.csv", "key = \"id\"", "{{ name }} {{ code }}");
    assert_eq!(formulas, ["2: Ann 0042", "3: cell-formula"]);
    assert_eq!(read("formulas-in-csv/phone.csv", "", "{{ name }}"), ["2: Cid"]);
    let invisible = read("invisible/people.csv", "", "Dear {{ name }}");
    assert!(invisible.iter().all(|row| row.ends_with("cell-empty")), "{invisible:?}");
    assert_eq!(read("own-column-names/people.csv", "", "{{ name }}"), ["2: Ann"]);
    assert_eq!(read("nfd-header/people.csv", "", "Hi {{ Prénom }}"), ["2: Hi Ann"]);
    let errors = read("spreadsheet-errors/people.csv", "", "Dear {{ name }}");
    assert!(errors.len() == 22 && errors.iter().all(|row| row.ends_with("cell-error")), "{errors:?}");
}

#[test]
fn words_for_nothing_are_empty_where_the_definition_says_so() {
    let empty = "empty = [\"NULL\", \"\\\\N\", \"nan\", \"None\", \"undefined\", \"N/A\", \"(null)\", \"-\"]";
    let rows = read("words-for-nothing/people.csv", empty, "Dear {{ name }}");
    assert!(rows.len() == 10 && rows.iter().all(|row| row.ends_with("cell-empty")), "{rows:?}");
}

#[test]
fn files_that_are_no_tables_say_what_to_do() {
    let titled = refused("title-lines/people.csv", "");
    assert!(titled.contains("line 4 does") && titled.contains("header_row = 4"), "{titled}");
    assert_eq!(read("title-lines/people.csv", "header_row = 4", "Hi {{ name }}"), ["5: Hi Ann"]);
    // `header_row` below the line that names them.
    let file = tempfile::NamedTempFile::with_suffix(".csv").unwrap();
    fs::write(file.path(), "\nphone,name\n+12025550101,Ann\n+12025550102,Bob\n").unwrap();
    let low = refused(file.path().to_str().unwrap(), "header_row = 3");
    assert!(low.contains("line 3 does not name the column phone, and line 2 does"), "{low}");
    assert!(low.contains("set `header_row = 2` in [recipients]; without it"), "{low}");
    assert!(refused("title-lines/people.csv", "header_row = 9").contains("line 9, which should name"));
    assert!(refused("wholly-quoted/people.csv", "").contains("each line is in quotes"));
    for (file, reading) in [("mac-dos/mac.csv", "macintosh"), ("mac-dos/dos850.csv", "ibm850")] {
        let told = refused(file, "");
        assert!(told.contains(&format!("{reading} reads \"José\"")), "{told}");
        let rows = read(file, &format!("encoding = \"{reading}\""), "{{ name }}");
        assert_eq!(rows[0], "2: José", "{rows:?}");
    }
}

#[test]
fn numbers_are_the_cells_own() {
    let several = read("several-numbers/people.csv", "", "Hi");
    let codes: Vec<&str> = several.iter().map(|row| row.split(": ").nth(1).unwrap()).collect();
    assert!(codes[..7].iter().all(|code| *code == "phone-several"), "{several:?}");
    assert_eq!(codes[7..], ["phone-extension", "phone-word", "phone-word"]);
    let invisible = read("invisible-in-numbers/people.csv", "", "{{ name }}");
    assert_eq!(invisible[..10].iter().filter(|row| row.contains(": n")).count(), 10, "{invisible:?}");
    assert_eq!(invisible[10], "12: cell-control");
}

#[test]
fn values_come_as_the_sheet_shows_them() {
    let shown =
        read("number-formats/people.xlsx", "values = \"shown\"", "{{ discount }} {{ fee }} {{ ref }}");
    assert_eq!(shown, ["2: 15% $34.30 00042"]);
    let shown = read("shown/people.xlsx", "values = \"shown\"", "{{ value }}");
    let values: Vec<&str> = shown.iter().map(|row| row.split_once(": ").unwrap().1).collect();
    assert_eq!(
        values,
        [
            "15%",
            "12.34%",
            "$34.30",
            "1,234.50 €",
            "00042",
            "1,234,567",
            "-5",
            "none",
            "1/2",
            "1.23E+04",
            "1 May 2026",
            "Friday, May 1",
            "5/1/2026 9:30 AM",
            "36:15",
            "(202) 555-0143",
            "Dr. Ann",
            "12025550143",
            "3 pcs",
            "1,234.50 €",
            "TRUE",
        ]
    );
    let stored = read("shown/people.xlsx", "", "{{ value }}");
    assert!(stored[0] == "2: 0.15" && stored[10] == "12: 2026-05-01", "{stored:?}");
    assert!(refused("old-kind/people.xls", "values = \"shown\"").contains("save it as .xlsx"));
    assert_eq!(read("old-kind/people.xls", "", "{{ name }} {{ date }}"), ["2: Ann 2026-05-01"]);
}

/// What becomes of one cell, in a csv of its own.
fn of_cell(cell: &str) -> String {
    let file = tempfile::NamedTempFile::with_suffix(".csv").unwrap();
    fs::write(file.path(), format!("phone,name\n+12025550101,\"{}\"\n", cell.replace('"', "\"\""))).unwrap();
    read(file.path().to_str().unwrap(), "", "{{ name }}").remove(0)
}

#[test]
fn others_of_each_kind_are_rejected_too() {
    for cell in [
        "#VALEUR !",
        "#N/B",
        "#Δ/Υ",
        "#UNPARSEABLE",
        "#NO MATCH",
        "#N/A N/A",
        "#NENÍ_K_DISPOZICI",
        "Fehler:502",
        "Erreur : 508",
        "エラー:504",
        "Wird geladen...",
        "読み込んでいます…",
        "#¡VALOR!",
        "#ЗНАЧ!",
        "#值!",
        "#DIV/0\u{202f}!",
        "Ann #REF!",
    ] {
        assert_eq!(of_cell(cell), "2: cell-error", "{cell}");
    }
    for cell in ["+SUM(A1:A2)", "@SUM(A1)", "-A1", "{=A1}", "＝A1", "=1+1", "=\"a\"&\"b\"", "=T(\"x\")"] {
        assert_eq!(of_cell(cell), "2: cell-formula", "{cell}");
    }
    for (cell, text) in [("=\"00101\"", "00101"), (" =\"Ann\" ", "Ann"), ("=\"a \"\"b\"\"\"", "a \"b\"")] {
        assert_eq!(of_cell(cell), format!("2: {text}"));
    }
    for cell in ["\u{200b}", "\u{2800}", "\u{3164}", "\u{ad}\u{a0}", "\u{e0020}", "\u{180e}\u{2060}"] {
        assert_eq!(of_cell(cell), "2: cell-empty", "{cell:?}");
    }
    for cell in ["a\u{0}b", "a\u{7f}", "\u{1b}[1mAnn", "a\u{8}b", "\u{9b}x"] {
        assert_eq!(of_cell(cell), "2: cell-control", "{cell:?}");
    }
}

#[test]
fn other_encodings_are_read_or_refused_with_their_names() {
    let file = tempfile::NamedTempFile::with_suffix(".csv").unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    let latin1 = |text: &str| text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect::<Vec<u8>>();
    let write = |names: &[Vec<u8>]| {
        let mut bytes = b"phone,name\n".to_vec();
        for (at, name) in names.iter().enumerate() {
            bytes.extend(format!("+1202555010{at},").into_bytes());
            bytes.extend(name);
            bytes.push(b'\n');
        }
        fs::write(&path, bytes).unwrap();
    };
    // Jürgen Weiß and Käthe, Peña and Muñoz of an old Mac; José of EBCDIC's neighbours is refused as well.
    write(&[b"J\x9frgen Wei\xa7".to_vec(), b"K\x8athe".to_vec()]);
    assert!(refused(&path, "").contains("macintosh reads \"Jürgen\""));
    assert_eq!(read(&path, "encoding = \"macintosh\"", "{{ name }}")[0], "2: Jürgen Weiß");
    write(&[b"Pe\x96a".to_vec(), b"Mu\x96oz".to_vec()]);
    assert!(refused(&path, "").contains("macintosh reads \"Peña\""));
    write(&[b"\x8c\x99\x8d\x9a\xa8".to_vec()]);
    assert!(read(&path, "encoding = \"ibm737\"", "{{ name }}")[0].starts_with("2: "));
    write(&[b"Dvo\xde\x87k".to_vec(), b"\xe1\xe9astn\xf9".to_vec()]);
    assert!(refused(&path, "").contains("x-mac-ce"), "{}", refused(&path, ""));
    assert_eq!(read(&path, "encoding = \"mac-latin2\"", "{{ name }}")[0], "2: Dvořák");
    write(&[latin1("José"), latin1("Zoë")]);
    assert_eq!(read(&path, "", "{{ name }}"), ["2: José", "3: Zoë"]);
    write(&[b"\x1b$B;3ED\x1b(B".to_vec()]);
    assert_eq!(read(&path, "", "{{ name }}"), ["2: 山田"]);
}

/// The codes of the warnings, and what they say, of a file and a message.
fn warned(file: &str, message: &str) -> Vec<(String, String)> {
    let definition = definition("", message);
    let mut recipients =
        Recipients::open(&Source::File(folder().join(file)), &definition.recipients).unwrap();
    let binding = definition.bind(recipients.header()).unwrap();
    let mut findings = Findings::new(&definition, &binding);
    for row in recipients.rows(&binding) {
        let row = row.unwrap();
        let fate = if row.outcome.is_ok() { Fate::Queued } else { Fate::Rejected };
        findings.observe(Observation::Row { row: &row.outcome, cells: &row.cells, fate });
    }
    let warnings = Preflight::new(findings, None, Options::default()).warnings();
    warnings.into_iter().map(|warning| (warning.code.name().to_owned(), warning.summary)).collect()
}

#[test]
fn what_only_looks_right_is_told() {
    let twice = warned("twice-encoded/people.csv", "Hi {{ name }}");
    assert!(twice.len() == 4 && twice.iter().all(|(code, _)| code == "twice-encoded"), "{twice:?}");
    for (at, quotes) in ["“”", "«»", "‘’", "''", "„“"].iter().enumerate() {
        let [begin, end] = [0, 1].map(|at| quotes.chars().nth(at).unwrap());
        let file = tempfile::NamedTempFile::with_suffix(".csv").unwrap();
        let phone = |last: u8| format!("+120255501{last:02}");
        let cell = |text: &str| format!("{begin}{text}{end}");
        let phone = |last| if at > 0 { phone(last) } else { cell(&phone(last)) };
        let rows = [(1, "Ann"), (2, "Bob")].map(|(last, name)| format!("{},{}\n", phone(last), cell(name)));
        fs::write(file.path(), format!("phone,name\n{}", rows.concat())).unwrap();
        let told = warned(file.path().to_str().unwrap(), "Hi {{ name }}");
        assert!(
            matches!(&told[..], [(code, what)] if code == "twice-encoded" && what.contains("in quotes")),
            "{told:?}"
        );
    }
    assert_eq!(warned("words-for-nothing/people.csv", "Hi {{ name }}").len(), 10);
    for message in [
        "Hi #NAME#",
        "Hi *|NAME|*",
        "Hi @contact.name",
        "Hi %%name%%",
        "Hi $name",
        "Hi :name:",
        "Hi ｛｛ name ｝｝",
        "Hi name }}",
        "Hi {name|there}",
        "Hi [Your name]",
        "Hi 【name】",
        "Hi {{ name }}}",
        "Hi ((name??you))",
        "Hi %(name)s",
        "Hi {}",
        "Hi ${name}",
        "Hi &lt;name&gt;",
        "Hi ＜name＞",
    ] {
        let told = warned("foreign-placeholders/people.csv", message);
        assert!(told.iter().any(|(code, _)| code == "foreign-placeholder"), "{message}: {told:?}");
    }
}

#[test]
fn columns_that_no_expression_can_name_are_named_all_the_same() {
    for at in 0..=5 {
        let text = fs::read_to_string(folder().join(format!("columns/c0{at}.toml"))).unwrap();
        let definition = parse(&text, "c.toml", "c").unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(rows(&format!("columns/p0{at}.csv"), &definition).unwrap(), ["2: Hi VALUE"]);
    }
    assert_eq!(read("columns/p01.csv", "", "{{ column(\"Amount ($)\") | lower }}"), ["2: value"]);
}

#[test]
fn the_first_column_that_can_take_a_message_counts() {
    let file = tempfile::NamedTempFile::with_suffix(".csv").unwrap();
    fs::write(
        file.path(),
        "mobile,phone,name\n,2025550101,a\n2025550102,2025550103,b\n12,2025550104,c\n,,d\n",
    )
    .unwrap();
    let definition = definition("phone = [\"mobile\", \"phone\"]", "{{ name }}");
    let path = file.path().to_str().unwrap();
    assert_eq!(rows(path, &definition).unwrap(), ["2: a", "3: b", "4: c", "5: phone-empty"]);
}

#[test]
fn nothing_of_a_cell_or_a_header_moves_the_cursor() {
    let definition = definition("", "Hi {{ name }}");
    let path = folder().join("terminal-escapes/people.csv");
    let mut recipients = Recipients::open(&Source::File(path), &definition.recipients).unwrap();
    let binding = definition.bind(recipients.header()).unwrap();
    let row = recipients.next_row(&binding).unwrap().unwrap();
    let rejection = row.outcome.unwrap_err();
    assert!(rejection.to_string().contains("U+001B"), "{rejection}");
    assert!(!recipients.header().told().contains('\u{1b}'));
}

/// A definition as editors save it, and a recipients file in its place, whose people nothing shows.
#[test]
fn definitions_are_read_in_the_encodings_that_editors_save() {
    let check = |definition: &str| {
        let folder = folder().join("definition-encoding");
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_campaign"))
            .args(["check", "people.csv", "-c", definition])
            .current_dir(folder)
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for definition in ["utf16.toml", "bom.toml"] {
        assert_eq!(check(definition), (Some(0), String::new()), "{definition}");
    }
    let (code, words) = check("ansi.toml");
    assert!(code == Some(2) && words.contains("line ") && words.contains("save it as UTF-8"), "{words}");
    let (code, words) = check("people.csv");
    assert!(code == Some(2) && words.contains("people.csv is not a definition"), "{words}");
    let people = fs::read_to_string(folder().join("definition-encoding/people.csv")).unwrap();
    let names = people.lines().skip(1).flat_map(|line| line.split(',').skip(1));
    for name in names.filter(|name| !name.is_empty()) {
        assert!(!words.contains(name), "{words}");
    }
}
