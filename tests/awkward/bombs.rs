//! Small files that would take much of the machine: each is refused in bounded memory, whatever it declares, repeats or nests.
//! The longest of those that were found are made here, small enough for every run of the tests.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use std::process::Command;

use zip::write::SimpleFileOptions;

/// Address space for one check, in KiB: a bomb that went off would take gigabytes.
const MEMORY: &str = "393216";

fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A workbook with these parts in place of the usual ones.
fn xlsx(parts: &[(&str, &str)]) -> Vec<u8> {
    let relations = "<Relationships><Relationship Id=\"a\" Type=\"x/worksheet\" Target=\"s.xml\"/>\
                     <Relationship Id=\"b\" Type=\"x/sharedStrings\" Target=\"t.xml\"/>\
                     <Relationship Id=\"c\" Type=\"x/styles\" Target=\"f.xml\"/></Relationships>";
    let usual = [
        (
            "xl/workbook.xml",
            "<workbook xmlns:r=\"r\"><sheets><sheet name=\"S\" r:id=\"a\"/></sheets></workbook>".to_owned(),
        ),
        ("xl/_rels/workbook.xml.rels", relations.to_owned()),
        ("xl/s.xml", sheet("")),
        ("xl/t.xml", "<sst></sst>".to_owned()),
        ("xl/f.xml", "<styleSheet/>".to_owned()),
    ];
    let all: Vec<(&str, &[u8])> = usual
        .iter()
        .map(|(name, text)| {
            let other = parts.iter().find(|(part, _)| part == name);
            (*name, other.map_or(text.as_bytes(), |(_, text)| text.as_bytes()))
        })
        .collect();
    zipped(&all)
}

/// A sheet with the two columns, and these rows below.
fn sheet(rows: &str) -> String {
    let cell =
        |place: &str, text: &str| format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{text}</t></is></c>");
    format!(
        "<worksheet><sheetData><row r=\"1\">{}{}</row>{rows}</sheetData></worksheet>",
        cell("A1", "phone"),
        cell("B1", "name")
    )
}

/// An OpenDocument sheet with the two columns, and these rows below.
fn ods(rows: &str) -> Vec<u8> {
    let text = format!(
        "<d xmlns:t=\"t\" xmlns:x=\"x\" xmlns:o=\"o\"><t:table t:name=\"S\"><t:table-row>\
         <t:table-cell o:value-type=\"string\"><x:p>phone</x:p></t:table-cell>\
         <t:table-cell o:value-type=\"string\"><x:p>name</x:p></t:table-cell></t:table-row>{rows}</t:table></d>"
    );
    zipped(&[("content.xml", text.as_bytes())])
}

fn ods_cell(text: &str, columns: u32, rows: u32) -> String {
    format!(
        "<t:table-row t:number-rows-repeated=\"{rows}\"><t:table-cell o:value-type=\"string\" \
         t:number-columns-repeated=\"{columns}\"><x:p>{text}</x:p></t:table-cell></t:table-row>"
    )
}

fn gzipped(head: &[u8], block: &[u8], times: usize) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(head).unwrap();
    for _ in 0..times {
        out.write_all(block).unwrap();
    }
    out.finish().unwrap()
}

/// A compound file with one stream, `Workbook`; `chain` is where its second sector goes on.
fn compound(workbook: &[u8], length: u32, chain: Option<u32>) -> Vec<u8> {
    let mut stream = workbook.to_vec();
    stream.resize(stream.len().max(4096).next_multiple_of(512), 0);
    let sectors = u32::try_from(stream.len() / 512).unwrap();
    let mut next = vec![0xffff_fffd_u32, 0xffff_fffe];
    next.extend((1..sectors).map(|at| at + 2).chain([chain.unwrap_or(0xffff_fffe)]));
    next.resize(128, 0xffff_ffff);
    let mut header = vec![0_u8; 512];
    header[..8].copy_from_slice(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    for (at, short) in [(24, 0x3e_u16), (26, 3), (28, 0xfffe), (30, 9), (32, 6)] {
        header[at..at + 2].copy_from_slice(&short.to_le_bytes());
    }
    for (at, long) in [(44, 1_u32), (48, 1), (56, 4096), (60, 0xffff_fffe), (68, 0xffff_fffe)] {
        header[at..at + 4].copy_from_slice(&long.to_le_bytes());
    }
    header[76..512].fill(0xff);
    header[76..80].copy_from_slice(&0_u32.to_le_bytes());
    let entry = |name: &str, kind: u8, start: u32, length: u32| {
        let mut entry = vec![0_u8; 128];
        for (at, unit) in name.encode_utf16().enumerate() {
            entry[at * 2..at * 2 + 2].copy_from_slice(&unit.to_le_bytes());
        }
        entry[64] = u8::try_from(name.len() * 2 + 2).unwrap();
        entry[66] = kind;
        entry[68..80].fill(0xff);
        entry[116..120].copy_from_slice(&start.to_le_bytes());
        entry[120..124].copy_from_slice(&length.to_le_bytes());
        entry
    };
    let folder =
        [entry("Root Entry", 5, 0xffff_fffe, 0), entry("Workbook", 2, 2, length), vec![0; 256]].concat();
    let table: Vec<u8> = next.iter().flat_map(|next| next.to_le_bytes()).collect();
    [header, table, folder, stream].concat()
}

fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &u16::try_from(data.len()).unwrap().to_le_bytes(), data].concat()
}

/// An `.xls` with these records of cells in each of so many sheets, which all begin at the same place.
fn xls(shared: &[u8], cells: &[u8], sheets: usize) -> Vec<u8> {
    let begin = record(0x0809, &[0, 6, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let globals = |at: u32| {
        let sheet = record(0x0085, &[&at.to_le_bytes()[..], &[0, 0, 1, 0, b'S']].concat());
        [begin.clone(), sheet.repeat(sheets), shared.to_vec(), record(0x000a, &[])].concat()
    };
    let at = u32::try_from(globals(0).len()).unwrap();
    let workbook = [globals(at), begin.clone(), cells.to_vec(), record(0x000a, &[])].concat();
    let length = u32::try_from(workbook.len().max(4096)).unwrap();
    compound(&workbook, length, None)
}

fn xls_cell(kind: u16, row: u16, column: u16, rest: &[u8]) -> Vec<u8> {
    record(kind, &[&row.to_le_bytes()[..], &column.to_le_bytes(), &[0, 0], rest].concat())
}

fn workbooks() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let long = "x".repeat(100_000);
    let (large, record_too_long) = ("more in it than is read", "is longer than 1 MiB");
    let mut wide = "<row r=\"2\">".to_owned();
    (0..16_384).for_each(|_| wide.push_str("<c t=\"s\"><v>0</v></c>"));
    let wide = sheet(&(wide + "</row>"));
    let shared = format!("<sst><si><t>{long}</t></si></sst>");
    let mut tall = String::new();
    (2..4_000)
        .for_each(|row| _ = write!(tall, "<row r=\"{row}\">{}</row>", "<c t=\"s\"><v>0</v></c>".repeat(8)));
    let far = (2..2_500).fold(String::new(), |mut rows, row| {
        _ = write!(rows, "<row r=\"{row}\"><c r=\"XFD{row}\"><v>1</v></c></row>");
        rows
    });
    let relations = (0..200).fold(String::new(), |mut all, at| {
        _ = write!(all, "<Relationship Id=\"{at}\" Type=\"x\" Target=\"{long}\"/>");
        all
    });
    let format = format!(
        "<styleSheet><numFmts><numFmt numFmtId=\"200\" formatCode=\"0&quot;{long}&quot;\"/></numFmts><cellXfs>{}</cellXfs></styleSheet>",
        "<xf numFmtId=\"200\"/>".repeat(9_000)
    );
    let formats = (0..9_000).fold("<styleSheet><numFmts>".to_owned(), |mut all, at| {
        _ = write!(all, "<numFmt numFmtId=\"{}\" formatCode=\"yyyy{}\"/>", at + 200, "d;".repeat(200));
        all
    });
    let names = (0..200).fold(String::new(), |mut all, at| {
        _ = write!(all, "</t:table><t:table t:name=\"{at}{long}\">");
        all
    });
    vec![
        ("a text in all columns.xlsx", xlsx(&[("xl/s.xml", &wide), ("xl/t.xml", &shared)]), record_too_long),
        ("a text in all rows.xlsx", xlsx(&[("xl/s.xml", &sheet(&tall)), ("xl/t.xml", &shared)]), large),
        ("the last column of each row.xlsx", xlsx(&[("xl/s.xml", &sheet(&far))]), large),
        (
            "long relations.xlsx",
            xlsx(&[("xl/_rels/workbook.xml.rels", &format!("<R>{relations}</R>"))]),
            large,
        ),
        ("a long format.xlsx", xlsx(&[("xl/f.xml", &format)]), large),
        ("many formats.xlsx", xlsx(&[("xl/f.xml", &(formats + "</numFmts></styleSheet>"))]), large),
        ("elements in elements.xlsx", xlsx(&[("xl/s.xml", &sheet(&"<a>".repeat(100_000)))]), large),
        ("a text in all columns.ods", ods(&ods_cell(&long, 16_384, 1)), record_too_long),
        ("a text in all rows.ods", ods(&ods_cell(&long, 5, 800_000)), large),
        ("long names of sheets.ods", ods(&names), large),
    ]
}

fn binary_workbooks() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let large = "more in it than is read";
    let number = |row, column| xls_cell(0x0203, row, column, &1.5_f64.to_le_bytes());
    let rows = [0_u32.to_le_bytes(), 200_000_000_u32.to_le_bytes()].concat();
    let declared = record(0x0200, &[&rows[..], &[0, 0, 16, 0, 0, 0]].concat());
    let backwards =
        record(0x0200, &[&10_u32.to_le_bytes()[..], &1_u32.to_le_bytes(), &[0, 0, 255, 255, 0, 0]].concat());
    let text = "x".repeat(18_000);
    let shared = record(0x00fc, &[&[1, 0, 0, 0, 1, 0, 0, 0, 80, 70, 0][..], text.as_bytes()].concat());
    let labels: Vec<u8> = (0..2_600).flat_map(|row| xls_cell(0x00fd, row, 0, &0_u32.to_le_bytes())).collect();
    let circle = compound(&number(0, 0), 0x7fff_ffff, Some(2));
    vec![
        ("rows that are declared.xls", xls(&[], &declared, 1), large),
        ("rows that end before they begin.xls", xls(&[], &backwards, 1), large),
        (
            "two cells in opposite corners.xls",
            xls(&[], &[number(0, 0), number(65_535, 65_535)].concat(), 1),
            large,
        ),
        ("a text in all rows.xls", xls(&shared, &labels, 1), large),
        ("one sheet many times.xls", xls(&[], &number(0, 0), 500), large),
        ("a stream in a circle.xls", circle, "go round, or end too early"),
    ]
}

fn packed() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let much = "more than a hundred times its size comes out of it";
    let nested =
        (0..2_000).fold(b"phone,name\n+12025550143,Ann\n".to_vec(), |inner, _| zipped(&[("a.csv", &inner)]));
    let blank = [b'\n'; 1 << 16];
    vec![
        ("archives in archives.zip", nested, "an archive within an archive"),
        ("blank lines.csv.gz", gzipped(b"phone,name\n", &blank, 4_200), much),
        ("a workbook of nothing.xlsx.gz", gzipped(b"PK\x03\x04", &[0; 1 << 16], 4_200), much),
        ("an archive of much.zip", zipped(&[("a.csv", &gzipped(b"phone,name\n", &blank, 4_200))]), much),
    ]
}

#[test]
fn a_small_file_takes_little_whatever_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, words) in [workbooks(), binary_workbooks(), packed()].concat() {
        let path = folder.path().join(name);
        std::fs::write(&path, &bytes).unwrap();
        assert!(bytes.len() < 5_000_000, "{name}: {} bytes", bytes.len());
        let output = Command::new("sh")
            .args(["-c", "ulimit -v \"$0\"; exec \"$@\"", MEMORY, env!("CARGO_BIN_EXE_campaign"), "check"])
            .arg(&path)
            .args(["-c", "campaign.toml"])
            .current_dir(super::root())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        assert!(said.contains(words) && !said.contains("panicked"), "{name}: {said}");
    }
}
