//! Files that other tools of this kind get wrong, each a small one of its kind: what becomes of each row.
//!
//! The values stand in this file, since each was decided; they are no snapshots.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::{Path, PathBuf};

use campaign::domain::definition::{Definition, parse};
use campaign::recipients::{FileError, Recipients, Source};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

fn definition(recipients: &str, message: &str) -> Definition {
    let text = format!(
        "connect = {{ instance_id = \"i\", contact_flow_id = \"f\", \
         source = \"arn:aws:connect:us-west-2:123456789012:phone-number/p\" }}\n\
         contact = {{ message = {message:?} }}\n[recipients]\ndefault_region = \"US\"\n{recipients}"
    );
    parse(&text, "c.toml", "c").unwrap()
}

fn rows(file: &str, definition: &Definition) -> Result<Vec<String>, FileError> {
    let mut recipients = Recipients::open(&Source::File(folder().join(file)), &definition.recipients)?;
    let binding =
        definition.bind(recipients.header()).unwrap_or_else(|problems| panic!("{file}: {problems}"));
    recipients
        .rows(&binding)
        .map(|row| {
            Ok(row?.outcome.map_or_else(
                |rejection| format!("{}: {}", rejection.line, rejection.reason.code()),
                |recipient| format!("{}: {}", recipient.line, recipient.slots.join("|")),
            ))
        })
        .collect()
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
