//! The workbook (xlsx): a ZIP of XML that spreadsheets take, with every text a text.

use std::io::Read;

use campaign::cli::commands::report::{ReportArgs, write};
use campaign::domain::delivery::state::State;
use campaign::report::{Format, ReportError};

use crate::report::fixture::{Place, line, plan, rejected, to};

/// The entries of an archive by its directory, inflated, each held against its checksum and lengths.
fn unzip(bytes: &[u8]) -> Vec<(String, String)> {
    let short = |at: usize| usize::from(u16::from_le_bytes(bytes[at..at + 2].try_into().expect("two bytes")));
    let long = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    let end = bytes.len() - 22;
    assert_eq!(long(end), 0x0605_4b50);
    let mut at = long(end + 16) as usize;
    (0..short(end + 10))
        .map(|_| {
            assert_eq!(long(at), 0x0201_4b50);
            let (crc, packed, length, name) = (long(at + 16), long(at + 20), long(at + 24), short(at + 28));
            let name_text =
                String::from_utf8(bytes[at + 46..at + 46 + name].to_vec()).expect("a name in UTF-8");
            let local = long(at + 42) as usize;
            assert_eq!(
                (long(local), &bytes[local + 30..local + 30 + name]),
                (0x0403_4b50, name_text.as_bytes())
            );
            let data = local + 30 + name;
            let packed_end = data + packed as usize;
            assert_eq!(
                [long(packed_end), long(packed_end + 4), long(packed_end + 8), long(packed_end + 12)],
                [0x0807_4b50, crc, packed, length]
            );
            let mut text = String::new();
            flate2::read::DeflateDecoder::new(&bytes[data..packed_end])
                .read_to_string(&mut text)
                .expect("XML");
            let mut sum = flate2::Crc::new();
            sum.update(text.as_bytes());
            assert_eq!((sum.sum(), text.len()), (crc, length as usize));
            at += 46 + name;
            (name_text, text)
        })
        .collect()
}

fn workbook(place: &Place, args: &ReportArgs) -> Result<Vec<(String, String)>, ReportError> {
    let mut out = Vec::new();
    write(args, &place.asked(), &mut out, &mut Vec::new())?;
    Ok(unzip(&out))
}

fn three_rows(note: &str) -> Place {
    let place = Place::new();
    let (mut journal, id) = place.open();
    plan(
        &mut journal,
        id,
        &["id", "phone", "note"],
        &[
            line(2, &["007", "+12025550101", "=1+1"]),
            line(3, &["8", "+12025550102", note]),
            rejected(4, &["9", "12", "\u{1}<&>"], "phone-too-short", "too short"),
        ],
    );
    place
}

#[test]
fn every_text_is_a_text_and_every_part_is_there() {
    let place = three_rows("two\nlines");
    let columns = ["line", "id", "destination", "attempts", "note"].map(str::to_owned).to_vec();
    let parts = workbook(&place, &ReportArgs { columns, ..to(Format::Xlsx, None) }).unwrap();
    let names: Vec<&str> = parts.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "xl/worksheets/sheet1.xml",
            "xl/workbook.xml",
            "xl/_rels/workbook.xml.rels",
            "xl/styles.xml",
            "_rels/.rels",
            "[Content_Types].xml"
        ]
    );
    insta::assert_snapshot!(parts[0].1.replace("<row>", "\n<row>").replace("<c", "\n  <c"));
}

#[test]
fn states_choose_rows_and_what_does_not_fit_is_refused() {
    let place = three_rows("short");
    let args = ReportArgs { states: vec![State::Rejected], ..to(Format::Xlsx, None) };
    assert_eq!(workbook(&place, &args).unwrap()[0].1.matches("<row>").count(), 2, "a header and a row");
    let long = three_rows(&"x".repeat(32_768));
    let error = workbook(&long, &to(Format::Xlsx, None)).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    insta::assert_snapshot!(
        format!("{error}\n{}", error.hint().unwrap()),
        @"
    the report does not fit into a workbook: line 3, note: a cell has 32767 characters at most
    write a .csv, or fewer rows and columns (<States>, <Columns>)
    ");
    workbook(&three_rows(&"x".repeat(32_767)), &to(Format::Xlsx, None)).unwrap();
}
