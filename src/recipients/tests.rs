//! Files as people have them, and the rows that come out.

use std::io;

use super::*;
use crate::domain::definition::{Definition, parse};

fn definition(recipients: &str) -> Definition {
    let text = format!(
        "connect = {{ instance_id = \"11111111-2222-3333-4444-555555555555\", contact_flow_id = \"66666666-7777-8888-9999-000000000000\", \
         source = \"arn:aws:connect:us-west-2:123456789012:phone-number/p\" }}\n\
         contact = {{ message = \"Hi {{{{ name }}}}\" }}\n[recipients]\n{recipients}"
    );
    parse(&text, "c.toml", "c").unwrap()
}

fn read(bytes: impl Into<Vec<u8>>) -> Result<Vec<Row>, FileError> {
    let definition = definition("");
    let mut recipients =
        Recipients::from_reader(io::Cursor::new(bytes.into()), "r.csv", &definition.recipients)?;
    let binding = definition.bind(recipients.header()).unwrap();
    recipients.rows(&binding).collect()
}

/// One line per row: where it stands, and its number or why not.
fn told(bytes: impl Into<Vec<u8>>) -> String {
    let rows = match read(bytes) {
        Ok(rows) => rows,
        Err(error) => {
            return format!("{error} | {}", error.hint().map_or("-".to_owned(), |hint| hint.to_string()));
        }
    };
    let line = |row: &Row| match &row.outcome {
        Ok(recipient) => {
            assert_eq!(recipient.line, row.line);
            format!("{} {} {:?}", row.line, recipient.phone.as_str(), recipient.slots)
        }
        Err(rejection) => {
            assert_eq!(rejection.line, row.line);
            format!("{} {}: {}", row.line, rejection.reason.code(), rejection.reason)
        }
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

const A: &str = "+12025550143";
const B: &str = "+12025550144";

#[test]
fn lines_are_physical_whatever_ends_them() {
    let text = format!("phone,name\n\n{A},Ann\n \n,\n{B},\"two\nlines\"\n\n\n{A},C\n{B},D");
    let expected =
        format!("3 {A} [\"Hi Ann\"]\n6 {B} [\"Hi two\\nlines\"]\n10 {A} [\"Hi C\"]\n11 {B} [\"Hi D\"]");
    assert_eq!(told(text.as_str()), expected);
    assert_eq!(told(text.replace('\n', "\r\n")), expected.replace("two\\n", "two\\r\\n"));
    assert_eq!(told(text.replace('\n', "\r")), expected.replace("two\\n", "two\\r"));
    assert_eq!(told(format!("\u{feff}{text}")), expected);
}

#[test]
fn delimiters_are_found_or_given() {
    for delimiter in [",", ";", "\t", "|"] {
        let text =
            format!("phone{delimiter}name{delimiter}{delimiter}\n{A}{delimiter}Ann{delimiter}{delimiter}\n");
        assert_eq!(told(text), format!("2 {A} [\"Hi Ann\"]"), "{delimiter:?}");
    }
    let text = format!("phone|na,me|name\n{A}|x|Ann\n");
    let definition = definition("delimiter = \"|\"");
    let recipients = Recipients::from_reader(io::Cursor::new(text), "r.csv", &definition.recipients).unwrap();
    assert_eq!(recipients.read_as().delimiter, Some("pipes"));
    assert_eq!(recipients.header().names().len(), 3);
}

#[test]
fn rows_that_are_wrong_are_rejected_by_line() {
    let mut bytes = format!("phone,name\n{A}\n{A},Ann,x\n{B},").into_bytes();
    bytes.extend("Renée\n".repeat(2).replace('\n', &format!("\n{B},")).into_bytes());
    bytes.extend(b"Ren\xe9e\n");
    bytes.extend(format!("{B},Bob\n{B},\"open\nnever closed,\n").as_bytes());
    insta::assert_snapshot!(told(bytes));
}

#[test]
fn every_row_keeps_its_cells() {
    let rows = read(format!("phone,name\n{A},Ann\nx,\"a \"\"b\"\"\"\n")).unwrap();
    let cells: Vec<Vec<&str>> = rows.iter().map(|row| row.cells.iter().collect()).collect();
    assert_eq!(cells, [[A, "Ann"], ["x", "a \"b\""]]);
}

/// Longer than a record may be, longer than any buffer: rows do not add up in memory, lines do not go astray.
#[test]
fn a_long_file_is_read_to_its_end() {
    let row = format!("{A},\"Ann\nAnn\"\r\n");
    let rows = RECORD_BYTES / row.len() + 5000;
    let text = format!("phone,name\r\n{}", row.repeat(rows));
    let definition = definition("");
    let mut recipients =
        Recipients::from_reader(io::Cursor::new(text), "r.csv", &definition.recipients).unwrap();
    let binding = definition.bind(recipients.header()).unwrap();
    let lines: Vec<u64> = recipients.rows(&binding).map(|row| row.unwrap().line).collect();
    assert_eq!(lines, (0..rows as u64).map(|at| 2 + 2 * at).collect::<Vec<_>>());
}

#[test]
fn an_encoding_that_is_said_wins_over_what_would_be_guessed() {
    let settings = |encoding| definition(&format!("encoding = \"{encoding}\"")).recipients;
    let open = |encoding| {
        let bytes = [b"phone,name\n+12025550143,Ren", &b"\x8e\n"[..]].concat();
        Recipients::from_reader(io::Cursor::new(bytes), "r.csv", &settings(encoding))
    };
    let mut recipients = open("Mac Roman").unwrap();
    let binding = definition("").bind(recipients.header()).unwrap();
    assert_eq!(recipients.next_row(&binding).unwrap().unwrap().cells.iter().last(), Some("René"));
    assert_eq!(recipients.read_as().to_string(), "macintosh, commas between cells");
    let error = open("klingon").err().unwrap();
    assert_eq!(error.to_string(), "r.csv: cannot be read as \"klingon\": there is no such encoding");
}

#[test]
fn files_that_cannot_be_read_say_why() {
    let endless = format!("phone,name\n{A},\"{}", "x\n".repeat(600_000));
    let files: [&[u8]; 10] = [
        b"",
        b"\n \n",
        b"phone,n\xe9\xff,\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\n",
        b"\xff\xfe\0\0p\0\0\0",
        b"phone\0\0\0,name",
        b"PK\x03\x04 and so on",
        b"\xd0\xcf\x11\xe0\xa1\xb1",
        b"\x1f\x8b\x08",
        b"<!DOCTYPE html><html>",
        endless.as_bytes(),
    ];
    let told: Vec<String> = files.iter().map(|bytes| told(*bytes)).collect();
    insta::assert_snapshot!(told.join("\n"));
    assert_eq!(read("phone,name\n").unwrap(), [], "a header only is a file of no rows");
}

#[test]
fn paths_that_are_no_files_say_why() {
    let settings = definition("").recipients;
    let directory = tempfile::tempdir().unwrap();
    let missing = Source::File(directory.path().join("missing.csv"));
    let error = |source| Recipients::open(&source, &settings).err().unwrap().problem.to_string();
    assert_eq!(error(missing), "there is no such file");
    assert_eq!(error(Source::File(directory.path().to_owned())), "is a directory, not a file");
    let path = directory.path().join("r.csv");
    std::fs::write(&path, "phone,name\n").unwrap();
    assert_eq!(Recipients::open(&Source::File(path), &settings).unwrap().header().names(), ["phone", "name"]);
}

/// How the first file is written says nothing of a file that this program wrote.
#[test]
fn a_file_of_rejected_rows_is_read_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.csv");
    let rows = "rejected_line,rejected_column,rejected_reason,phone,name\n7,phone,x,+12025550101,José\n";
    for keys in ["sheet = \"People\"", "header_row = 2", "encoding = \"windows-1252\"", "delimiter = \";\""] {
        let definition = definition(keys);
        for mark in ["", "\u{feff}"] {
            std::fs::write(&path, format!("{mark}{rows}")).unwrap();
            let mut recipients =
                Recipients::open(&Source::File(path.clone()), &definition.recipients).unwrap();
            assert!(recipients.is_correction(), "{keys}");
            let binding = definition.bind(recipients.header()).unwrap();
            let row = recipients.next_row(&binding).unwrap().unwrap();
            assert!(
                row.cells.iter().any(|cell| cell == "José"),
                "{keys}: {:?}",
                row.cells.iter().collect::<Vec<_>>()
            );
        }
    }
}

proptest::proptest! {
    /// Lines read are rows out, whatever is in them, and nothing panics.
    #[test]
    fn no_row_is_lost(lines in proptest::collection::vec("[a-z0-9+,; é]{0,20}x", 0..20), end in "\r?\n|\r") {
        let rows = read(format!("phone,name{end}{}", lines.join(&end))).unwrap();
        let numbers: Vec<u64> = rows.iter().map(|row| row.line).collect();
        proptest::prop_assert_eq!(numbers, (2..2 + lines.len() as u64).collect::<Vec<_>>());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        let _ = read([b"phone,name\n".to_vec(), bytes].concat());
    }
}
