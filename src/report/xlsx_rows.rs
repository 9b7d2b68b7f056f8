//! Records as a workbook: every text a text, so that no number loses a digit or its `+` and no cell is a formula; lines,
//! attempts, parts and prices numbers. A sheet has at most 1,048,576 rows; further rows go into the next one.
//!
//! Written in one go and constant memory, to a pipe too. Source: ECMA-376, part 1, SpreadsheetML.

use std::fmt::Write as _;
use std::io::{self, Write};

use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::columns::{CellValue, Columns};
use super::error::ReportError;
use crate::journal::Record;

/// The length of a sheet at which the next one begins, in bytes before compression. Entries of 4 GiB and archives of 4 GiB
/// take ZIP64, which spreadsheets refuse in an archive that is written in one go.
const FULL: u64 = 0xE000_0000;

/// Rows of a sheet, the header included.
const MOST_ROWS: u64 = 1_048_576;
/// Columns of a sheet.
const MOST_COLUMNS: usize = 16_384;
/// Characters of a cell, in UTF-16.
const MOST_CHARACTERS: usize = 32_767;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";

/// Style 1 is text, style 2 the header.
const STYLES: &str = "<fonts count=\"2\"><font><sz val=\"11\"/><name val=\"Calibri\"/></font>\
    <font><b/><sz val=\"11\"/><name val=\"Calibri\"/></font></fonts>\
    <fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill><fill><patternFill patternType=\"gray125\"/></fill></fills>\
    <borders count=\"1\"><border/></borders><cellStyleXfs count=\"1\"><xf/></cellStyleXfs>\
    <cellXfs count=\"3\"><xf/><xf numFmtId=\"49\" applyNumberFormat=\"1\"/>\
    <xf numFmtId=\"49\" fontId=\"1\" applyNumberFormat=\"1\" applyFont=\"1\"/></cellXfs>\
    <cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" builtinId=\"0\"/></cellStyles>";

/// Writes records as rows of a workbook.
pub(super) struct XlsxRows<W: Write> {
    zip: ZipWriter<StreamWriter<BoundedWriter<W>>>,
    columns: Columns,
    /// The row on its way.
    xml: String,
    sheets: u64,
    rows: u64,
    bytes: u64,
    most_rows: u64,
}

impl<W: Write> XlsxRows<W> {
    /// Begins the first sheet.
    pub(super) fn begin(columns: Columns, out: W) -> Result<Self, ReportError> {
        Self::with_rows(columns, out, MOST_ROWS)
    }

    fn with_rows(columns: Columns, out: W, most_rows: u64) -> Result<Self, ReportError> {
        if columns.names().len() > MOST_COLUMNS {
            return Err(ReportError::Workbook(format!(
                "{} columns; a sheet has {MOST_COLUMNS}",
                columns.names().len()
            )));
        }
        let zip = ZipWriter::new_stream(BoundedWriter { out, left: u64::from(u32::MAX) });
        let mut rows = Self { zip, columns, xml: String::new(), sheets: 0, rows: 0, bytes: 0, most_rows };
        rows.sheet()?;
        Ok(rows)
    }

    fn sheet(&mut self) -> Result<(), ReportError> {
        self.sheets += 1;
        (self.rows, self.bytes) = (0, 0);
        self.part(&format!("xl/worksheets/sheet{}.xml", self.sheets))?;
        let _ = write!(
            self.xml,
            "{HEAD}<worksheet xmlns=\"{MAIN}\"><sheetViews><sheetView workbookViewId=\"0\"><pane ySplit=\"1\" \
             topLeftCell=\"A2\" activePane=\"bottomLeft\" state=\"frozen\"/></sheetView></sheetViews><cols>"
        );
        for (index, name) in self.columns.names().iter().enumerate() {
            let _ = write!(
                self.xml,
                "<col min=\"{0}\" max=\"{0}\" width=\"{1}\" customWidth=\"1\"/>",
                index + 1,
                width(name)
            );
        }
        self.xml.push_str("</cols><sheetData><row>");
        for name in self.columns.names() {
            cell(&mut self.xml, 2, name);
        }
        self.xml.push_str("</row>");
        self.flush_row()
    }

    /// Begins a part of the workbook. Its date is fixed: a journal has one workbook, to the byte.
    fn part(&mut self, name: &str) -> Result<(), ReportError> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(1))
            .last_modified_time(DateTime::default());
        self.zip.start_file(name, options).map_err(|error| failed(error.into()))
    }

    fn flush_row(&mut self) -> Result<(), ReportError> {
        self.rows += 1;
        self.bytes += self.xml.len() as u64;
        self.zip.write_all(self.xml.as_bytes()).map_err(failed)?;
        self.xml.clear();
        Ok(())
    }

    fn end_sheet(&mut self) -> Result<(), ReportError> {
        let last = column_letters(self.columns.names().len());
        let end = format!(
            "</sheetData><autoFilter ref=\"A1:{last}{rows}\"/><ignoredErrors><ignoredError \
             sqref=\"A1:{last}{rows}\" numberStoredAsText=\"1\"/></ignoredErrors></worksheet>",
            rows = self.rows
        );
        self.zip.write_all(end.as_bytes()).map_err(failed)
    }

    /// Ends the workbook.
    pub(super) fn end(mut self) -> Result<(), ReportError> {
        self.end_sheet()?;
        let mut sheets = String::new();
        let mut relations = String::new();
        let mut types = String::new();
        for sheet in 1..=self.sheets {
            let name = if sheet == 1 { "report".to_owned() } else { format!("report {sheet}") };
            let _ = write!(sheets, "<sheet name=\"{name}\" sheetId=\"{sheet}\" r:id=\"s{sheet}\"/>");
            let _ = write!(
                relations,
                "<Relationship Id=\"s{sheet}\" Type=\"{RELATIONS}/worksheet\" Target=\"worksheets/sheet{sheet}.xml\"/>"
            );
            let _ = write!(
                types,
                "<Override PartName=\"/xl/worksheets/sheet{sheet}.xml\" {}/>",
                kind("worksheet")
            );
        }
        let parts = [
            (
                "xl/workbook.xml",
                format!(
                    "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{RELATIONS}\"><sheets>{sheets}</sheets></workbook>"
                ),
            ),
            (
                "xl/_rels/workbook.xml.rels",
                format!(
                    "<Relationships xmlns=\"{PACKAGE}/relationships\">{relations}<Relationship Id=\"styles\" \
                     Type=\"{RELATIONS}/styles\" Target=\"styles.xml\"/></Relationships>"
                ),
            ),
            ("xl/styles.xml", format!("<styleSheet xmlns=\"{MAIN}\">{STYLES}</styleSheet>")),
            (
                "_rels/.rels",
                format!(
                    "<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"book\" \
                     Type=\"{RELATIONS}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
                ),
            ),
            (
                "[Content_Types].xml",
                format!(
                    "<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"rels\" \
                     ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" \
                     ContentType=\"application/xml\"/><Override PartName=\"/xl/workbook.xml\" {}/>\
                     <Override PartName=\"/xl/styles.xml\" {}/>{types}</Types>",
                    kind("sheet.main"),
                    kind("styles")
                ),
            ),
        ];
        for (name, xml) in parts {
            self.part(name)?;
            self.zip.write_all(HEAD.as_bytes()).map_err(failed)?;
            self.zip.write_all(xml.as_bytes()).map_err(failed)?;
        }
        let out = self.zip.finish().map_err(|error| failed(error.into()))?;
        out.into_inner().flush().map_err(failed)
    }
}

/// Refuses to write more than an archive without ZIP64 can hold.
struct BoundedWriter<W> {
    out: W,
    left: u64,
}

impl<W: Write> Write for BoundedWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() as u64 > self.left {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let written = self.out.write(bytes)?;
        self.left -= written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn kind(part: &str) -> String {
    format!("ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.{part}+xml\"")
}

impl<W: Write> super::Rows for XlsxRows<W> {
    fn record(&mut self, record: &Record<'_>) -> Result<(), ReportError> {
        if self.rows == self.most_rows || self.bytes > FULL {
            self.end_sheet()?;
            self.sheet()?;
        }
        let Self { columns, xml, .. } = self;
        xml.push_str("<row>");
        for (name, value) in columns.names().iter().zip(columns.values(record)) {
            match value {
                CellValue::Nothing | CellValue::Text("") => xml.push_str("<c/>"),
                CellValue::Text(text)
                    if text.len() > MOST_CHARACTERS && text.encode_utf16().count() > MOST_CHARACTERS =>
                {
                    let line = record.line.map_or_else(String::new, |line| format!("line {line}, "));
                    let what = format!("{line}{name}: a cell has {MOST_CHARACTERS} characters at most");
                    return Err(ReportError::Workbook(what));
                }
                CellValue::Text(text) => cell(xml, 1, text),
                CellValue::Number(number) => {
                    // Writing to a string cannot fail.
                    let _ = write!(xml, "<c><v>{number}</v></c>");
                }
                CellValue::Amount(amount) => {
                    let _ = write!(xml, "<c><v>{amount}</v></c>");
                }
                CellValue::Token(token) => {
                    let _ = write!(xml, "<c s=\"1\" t=\"inlineStr\"><is><t>{token}</t></is></c>");
                }
                CellValue::Time(time) => {
                    let _ = write!(xml, "<c s=\"1\" t=\"inlineStr\"><is><t>{time}</t></is></c>");
                }
            }
        }
        xml.push_str("</row>");
        self.flush_row()
    }
}

fn cell(xml: &mut String, style: u8, text: &str) {
    let _ = write!(xml, "<c s=\"{style}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">");
    escape(xml, text);
    xml.push_str("</t></is></c>");
}

/// Characters that XML cannot have are written as `_xHHHH_`, and so is an underscore that would look like the start of
/// one.
fn escape(xml: &mut String, text: &str) {
    for (at, c) in text.char_indices() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '_' if text[at..].starts_with("_x") => xml.push_str("_x005F_"),
            '\t' | '\n' => xml.push(c),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(xml, "_x{:04X}_", u32::from(c));
            }
            c => xml.push(c),
        }
    }
}

/// The letters of a column, from 1: `A`, ..., `Z`, `AA`.
fn column_letters(mut column: usize) -> String {
    let mut letters = Vec::new();
    while column > 0 {
        column -= 1;
        letters.insert(0, b'A' + u8::try_from(column % 26).unwrap_or(0));
        column /= 26;
    }
    String::from_utf8(letters).unwrap_or_default()
}

/// A width that fits most cells of a column.
fn width(name: &str) -> usize {
    match name {
        "contact_id" | "client_token" => 38,
        "reason" | "source" => 50,
        "first_attempt_at" | "settled_at" | "delivery_at" | "ended_at" => 26,
        "code" => 26,
        "destination" | "key" => 18,
        other => other.chars().count().clamp(10, 30) + 2,
    }
}

fn failed(error: io::Error) -> ReportError {
    if error.kind() == io::ErrorKind::FileTooLarge {
        return ReportError::Workbook("a workbook has less than 4 GiB".to_owned());
    }
    ReportError::Stream(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_have_is_written_as_spreadsheets_do() {
        let mut xml = String::new();
        escape(&mut xml, "a<b>&\"c\"\r\n\u{1}_x000D_ _y é");
        assert_eq!(xml, "a&lt;b&gt;&amp;\"c\"_x000D_\n_x0001__x005F_x000D_ _y é");
    }

    #[test]
    fn an_archive_that_spreadsheets_refuse_is_not_written() {
        let mut out = Vec::new();
        let mut bounded = BoundedWriter { out: &mut out, left: 4 };
        bounded.write_all(b"four").unwrap();
        let error = bounded.write_all(b"!").unwrap_err();
        assert!(matches!(failed(error), ReportError::Workbook(_)));
        assert_eq!(out, b"four");
    }

    #[test]
    fn columns_have_letters() {
        let letters = [1, 26, 27, 702, 703, 16_384].map(column_letters);
        assert_eq!(letters, ["A", "Z", "AA", "ZZ", "AAA", "XFD"]);
    }
}
