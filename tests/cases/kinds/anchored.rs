//! What a workbook shows beside or instead of what it stores: boxes over cells, and numbers whose format leaves digits out.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;

use super::workbooks::{Made, of_cell, read, sheet};
use super::{all_right, unless};

/// The rows of an OpenDocument spreadsheet with these cells of names: each its text and what is anchored in it.
fn of_ods(cells: &[String], recipients: &str) -> String {
    let cell =
        |inner: &str| format!("<table:table-cell office:value-type=\"string\">{inner}</table:table-cell>");
    let paragraph = |text: &str| cell(&format!("<text:p>{text}</text:p>"));
    let mut rows = format!("<table:table-row>{}{}</table:table-row>", paragraph("phone"), paragraph("name"));
    for (at, content) in cells.iter().enumerate() {
        let phone = paragraph(&format!("+1202555{:04}", 101 + at));
        rows += &format!("<table:table-row>{phone}{content}</table:table-row>");
    }
    let content = format!(
        "<office:document-content xmlns:office=\"o\" xmlns:table=\"t\" xmlns:text=\"x\" xmlns:draw=\"d\" xmlns:svg=\"s\">\
         <office:body><office:spreadsheet><table:table table:name=\"S\">{rows}</table:table></office:spreadsheet></office:body>\
         </office:document-content>"
    );
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in
        [("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", &content)]
    {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    let file = tempfile::NamedTempFile::with_suffix(".ods").unwrap();
    std::fs::write(file.path(), zip.finish().unwrap().into_inner()).unwrap();
    super::of_opened(file.path(), recipients, "{{ name }}")
}

#[test]
fn what_is_anchored_in_a_cell_is_no_text_of_it() {
    let anchored = [
        "<draw:frame><draw:text-box><text:p>call back</text:p></draw:text-box></draw:frame>",
        "<draw:custom-shape><text:p>DRAFT</text:p></draw:custom-shape>",
        "<draw:frame><draw:image/><svg:title>logo.png</svg:title><svg:desc>Our logo</svg:desc></draw:frame>",
        "<draw:g><draw:rect><text:p>x</text:p></draw:rect><draw:line><text:p>y</text:p></draw:line></draw:g>",
        "<draw:a><draw:frame><draw:text-box><text:p>z</text:p></draw:text-box></draw:frame></draw:a>",
        "<draw:connector><text:p>c</text:p></draw:connector><draw:caption><text:p>d</text:p></draw:caption>",
        "<office:annotation><text:p>a note</text:p></office:annotation>",
    ];
    let wrong = anchored.iter().flat_map(|what| {
        [
            format!("<text:p>Ann</text:p>{what}"),
            format!("{what}<text:p>Ann</text:p>"),
            format!("<text:p>An{what}n</text:p>"),
        ]
        .into_iter()
        .filter_map(move |inner| {
            let is = of_ods(
                &[format!("<table:table-cell office:value-type=\"string\">{inner}</table:table-cell>")],
                "",
            );
            unless(is == "2: Ann", || format!("{inner}: {is}"))
        })
    });
    all_right(&wrong.collect::<Vec<_>>());
}

const SHOWN: &str = "values = \"shown\"";

/// Whole numbers beyond what a spreadsheet keeps are rejected, as with stored values.
#[test]
fn long_numbers_are_rejected_whatever_their_format() {
    let mut wrong = Vec::new();
    for format in ["0", "#,##0", "0.00", "General", "00000000000000000000", "0 \"pcs\""] {
        for value in
            ["98765432109876543210", "123456789012345678", "1234567890123456", "-1234567890123456789"]
        {
            let is = of_cell(format, &format!("<c s=\"1\"><v>{value}</v></c>"), SHOWN);
            wrong.extend(unless(is == "cell-rounded", || format!("{value} as {format}: {is}")));
        }
        let is = of_cell(format, "<c s=\"1\"><v>123456789012345</v></c>", SHOWN);
        wrong.extend(unless(is != "cell-rounded", || format!("15 digits as {format}: {is}")));
    }
    let cell = |value: &str, shown: &str| {
        format!(
            "<table:table-cell office:value-type=\"float\" office:value=\"{value}\"><text:p>{shown}</text:p></table:table-cell>"
        )
    };
    let is = of_ods(&[cell("98765432109876543210", "98765432109876543000"), cell("42", "00042")], SHOWN);
    wrong.extend(unless(is == "2: cell-rounded / 3: 00042", || is.clone()));
    all_right(&wrong);
}

/// Keys that are shown with fewer digits than they have are no keys: two people must not become one.
#[test]
fn keys_are_not_taken_from_what_hides_their_digits() {
    let keys = format!("{SHOWN}\nkey = \"value\"");
    let rows = |format: &str, values: [&str; 3]| {
        let cells = values.map(|value| format!("<c s=\"1\"><v>{value}</v></c>"));
        let rows = cells.each_ref().map(|cell| ("", cell.as_str()));
        read(&Made { formats: vec![format.to_owned()], ..Made::one(sheet(&rows)) }, &keys, "{{ name }}").0
    };
    let rejected = "2: cell-rounded / 3: cell-rounded / 4: cell-rounded";
    assert_eq!(rows("0.00E+00", ["1234001", "1234002", "1234003"]), rejected);
    assert_eq!(rows("0,\"K\"", ["1234001", "1234002", "1234003"]), rejected);
    assert_eq!(rows("#0", ["1.1", "1.2", "1.3"]), rejected);
    assert_eq!(rows("00000", ["17", "18", "19"]), "2: n0 / 3: n1 / 4: n2");
    assert_eq!(rows("#,##0.00", ["1017", "18", "19.5"]), "2: n0 / 3: n1 / 4: n2");
    // Where it is a text, it is meant.
    assert_eq!(of_cell("0.00E+00", "<c s=\"1\"><v>1234001</v></c>", SHOWN), "1.23E+06");
    let ods = |value: &str| {
        format!(
            "<table:table-cell office:value-type=\"float\" office:value=\"{value}\"><text:p>1.23E+06</text:p></table:table-cell>"
        )
    };
    let is = of_ods(&[ods("1234001"), ods("1234002")], &format!("{SHOWN}\nkey = \"name\""));
    assert_eq!(is, "2: cell-rounded / 3: cell-rounded");
}
