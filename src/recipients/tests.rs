//! Files as people have them, and the rows that come out.

use super::*;
use crate::domain::definition::{Definition, parse};

fn definition(recipients: &str) -> Definition {
    let text = format!(
        "connect = {{ instance_id = \"i\", contact_flow_id = \"f\", \
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
        Err(error) => return format!("{error} | {}", error.hint().unwrap_or("-")),
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
    assert_eq!((recipients.delimiter(), recipients.header().names().len()), (Delimiter::Pipe, 3));
}

#[test]
fn rows_that_are_wrong_are_rejected_by_line() {
    let mut bytes = format!("phone,name\n{A}\n{A},Ann,x\n{B},").into_bytes();
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
    let rows = RECORD_BYTES as usize / row.len() + 5000;
    let text = format!("phone,name\r\n{}", row.repeat(rows));
    let definition = definition("");
    let mut recipients =
        Recipients::from_reader(io::Cursor::new(text), "r.csv", &definition.recipients).unwrap();
    let binding = definition.bind(recipients.header()).unwrap();
    let lines: Vec<u64> = recipients.rows(&binding).map(|row| row.unwrap().line).collect();
    assert_eq!(lines, (0..rows as u64).map(|at| 2 + 2 * at).collect::<Vec<_>>());
}

#[test]
fn other_encodings_are_refused_by_name() {
    let settings = |encoding| definition(&format!("encoding = \"{encoding}\"")).recipients;
    let open = |encoding| Recipients::from_reader(io::Cursor::new("phone\n"), "r.csv", &settings(encoding));
    assert!(open("UTF-8").is_ok());
    let error = open("windows-1252").err().unwrap();
    assert_eq!(error.to_string(), "r.csv: cannot be read as \"windows-1252\": only UTF-8 is");
}

#[test]
fn files_that_cannot_be_read_say_why() {
    let endless = format!("phone,name\n{A},\"{}", "x\n".repeat(600_000));
    let files: [&[u8]; 8] = [
        b"",
        b"\n \n",
        b"phone,n\xe9\n",
        b"\xff\xfep\0h\0",
        b"p\0h\0o\0",
        b"PK\x03\x04 and so on",
        b"\x1f\x8b\x08",
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
    assert_eq!(error(missing), "No such file or directory (os error 2)");
    assert_eq!(error(Source::File(directory.path().to_owned())), "is a directory, not a file");
    let path = directory.path().join("r.csv");
    std::fs::write(&path, "phone,name\n").unwrap();
    assert_eq!(Recipients::open(&Source::File(path), &settings).unwrap().header().names(), ["phone", "name"]);
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
