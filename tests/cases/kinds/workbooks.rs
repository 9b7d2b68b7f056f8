//! Workbooks of more programs: dates in more formats, rows and columns that cannot be seen, merged cells, sheets, errors,
//! texts. The parts are written here as those programs write them.

use std::io::{Cursor, Write as _};

use campaign::domain::definition::parse;
use campaign::recipients::{FileError, Lists, Recipients, Source};
use zip::write::SimpleFileOptions;

use super::super::{definition_text, fate};
use super::{all_right, unless};

/// A workbook with these sheets: name, attributes of its entry, its XML.
#[derive(Default)]
pub(super) struct Made<'a> {
    pub(super) sheets: Vec<(&'a str, &'a str, String)>,
    pub(super) formats: Vec<String>,
    pub(super) texts: &'a str,
    pub(super) properties: &'a str,
    /// Names of parts with backslashes, without folders.
    pub(super) backslashes: bool,
    pub(super) prefix: bool,
}

/// A cell with a text in it.
fn text(text: &str) -> String {
    format!("<c t=\"inlineStr\"><is><t xml:space=\"preserve\">{text}</t></is></c>")
}

/// A sheet of rows: each its attributes and the cells behind the phone's and the name's.
pub(super) fn sheet(rows: &[(&str, &str)]) -> String {
    let mut xml = format!("<sheetData><row r=\"1\">{}{}{}</row>", text("phone"), text("name"), text("value"));
    for (at, (attributes, cells)) in rows.iter().enumerate() {
        let phone = text(&format!("+1202555{:04}", 101 + at));
        xml += &format!("<row r=\"{}\" {attributes}>{phone}{}{cells}</row>", at + 2, text(&format!("n{at}")));
    }
    xml + "</sheetData>"
}

impl Made<'_> {
    pub(super) fn one(sheet: String) -> Self {
        Self { sheets: vec![("People", "", sheet)], ..Self::default() }
    }

    fn save(&self) -> tempfile::NamedTempFile {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let mut part = |name: &str, content: String| {
            let name = if self.backslashes { name.replace('/', "\\") } else { name.to_owned() };
            zip.start_file(name, SimpleFileOptions::default()).unwrap();
            let content = if self.prefix {
                content
                    .replace("</", "</x:")
                    .replace('<', "<x:")
                    .replace("<x:/x:", "</x:")
                    .replace("<x:?", "<?")
            } else {
                content
            };
            zip.write_all(content.as_bytes()).unwrap();
        };
        let (mut sheets, mut relations) = (String::new(), String::new());
        for (at, (name, attributes, _)) in self.sheets.iter().enumerate() {
            sheets += &format!("<sheet name=\"{name}\" sheetId=\"{0}\" {attributes} r:id=\"r{0}\"/>", at + 1);
            relations += &format!(
                "<Relationship Id=\"r{0}\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" Target=\"worksheets/sheet{0}.xml\"/>",
                at + 1
            );
        }
        relations += "<Relationship Id=\"s\" Type=\"http://x/sharedStrings\" Target=\"sharedStrings.xml\"/><Relationship Id=\"f\" Type=\"http://x/styles\" Target=\"styles.xml\"/>";
        part("_rels/.rels", "<Relationships><Relationship Id=\"a\" Type=\"http://x/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>".to_owned());
        part(
            "xl/workbook.xml",
            format!(
                "<?xml version=\"1.0\"?><workbook xmlns:r=\"r\"><workbookPr {}/><sheets>{sheets}</sheets></workbook>",
                self.properties
            ),
        );
        part("xl/_rels/workbook.xml.rels", format!("<Relationships>{relations}</Relationships>"));
        let (mut formats, mut styles) = (String::new(), "<xf numFmtId=\"0\"/>".to_owned());
        for (at, format) in self.formats.iter().enumerate() {
            match format.parse::<u32>() {
                Ok(built_in) => styles += &format!("<xf numFmtId=\"{built_in}\"/>"),
                Err(_) => {
                    let code = format
                        .replace('&', "&amp;")
                        .replace('"', "&quot;")
                        .replace('<', "&lt;")
                        .replace('>', "&gt;");
                    formats += &format!("<numFmt numFmtId=\"{}\" formatCode=\"{code}\"/>", 164 + at);
                    styles += &format!("<xf numFmtId=\"{}\"/>", 164 + at);
                }
            }
        }
        part(
            "xl/styles.xml",
            format!("<styleSheet><numFmts>{formats}</numFmts><cellXfs>{styles}</cellXfs></styleSheet>"),
        );
        part("xl/sharedStrings.xml", format!("<sst>{}</sst>", self.texts));
        for (at, (.., xml)) in self.sheets.iter().enumerate() {
            part(&format!("xl/worksheets/sheet{}.xml", at + 1), format!("<worksheet>{xml}</worksheet>"));
        }
        let file = tempfile::NamedTempFile::with_suffix(".xlsx").unwrap();
        std::fs::write(file.path(), zip.finish().unwrap().into_inner()).unwrap();
        file
    }
}

/// What becomes of the rows of a workbook, what was told of it, or why it cannot be read.
pub(super) fn read(made: &Made<'_>, recipients: &str, message: &str) -> (String, String) {
    let file = made.save();
    let definition = parse(&definition_text(recipients, message), "c.toml", "c").unwrap();
    let said = |error: FileError| format!("{} | {}", error.problem, error.hint().unwrap_or_default());
    let mut recipients = match Recipients::open(&Source::File(file.path().to_owned()), &definition.recipients)
    {
        Ok(recipients) => recipients,
        Err(error) => return (said(error), String::new()),
    };
    let binding = match definition.bind(recipients.header()) {
        Ok(binding) => binding,
        Err(problems) => return (format!("not bound: {problems}"), recipients.read_as().to_string()),
    };
    let rows: Result<Vec<String>, FileError> =
        recipients.rows(&binding).map(|row| Ok(fate(&row?.outcome))).collect();
    (rows.map_or_else(said, |rows| rows.join(" / ")), recipients.read_as().to_string())
}

/// What comes of one cell: its text, or the code of why there is none.
pub(super) fn of_cell(format: &str, cell: &str, recipients: &str) -> String {
    let made = Made { formats: vec![format.to_owned()], ..Made::one(sheet(&[("", cell)])) };
    read(&made, recipients, "{{ value }}").0.trim_start_matches("2: ").to_owned()
}

#[test]
#[rustfmt::skip]
fn dates_in_more_formats() {
    let day = [
        // Of languages, with their calendars and eras.
        "[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", "[$-409]d\\-mmm\\-yy;@", "[$-411]ggge\"年\"m\"月\"d\"日\";@",
        "[$-411]e.m.d", "[$-1070000]d/mm/yyyy;@", "[$-D07041E]d mmmm yyyy", "[$-D000000]d/mm/yyyy", "d/m/bbbb",
        "[$-107041E]d mmmm bbbb", "[$-804]yyyy\"年\"m\"月\"d\"日\"", "[$-404]e/m/d;@", "[$-404]ggge\"年\"m\"月\"d\"日\"",
        "[$-412]yyyy\"년\" m\"월\" d\"일\";@", "[DBNum1][$-804]yyyy\"年\"m\"月\"d\"日\"", "[$-30411]ge.m.d;@",
        "[$-407]d. mmmm yyyy;@", "[$-FC19]dd mmmm yyyy г\\.;@", "[$-419]d mmm;@", "[$-2010401]d/mm/yyyy;@",
        "[$-1060000]yyyy/mm/dd", "[$-60D]d mmmm", "B1dd/mm/yyyy", "B2yyyy-mm-dd", "[$-C0A]mmmm-yy",
        "[$-816]d \"de\" mmmm \"de\" yyyy", "[$-40C]d mmm yyyy", "[$-1010409]m/d/yyyy",
        // Orders, parts, literals.
        "yyyy/mm/dd", "dd.mm.yyyy", "dd\\.mm\\.yy", "mm-dd-yy", "m/d", "mmm-yy", "mmmm", "mmmmm", "yyyy", "yy",
        "dddd", "ddd d", "d", "dd\" of \"mmmm", "\"Due: \"dd/mm/yy", "yyyy\\-mm\\-dd;@", "yyyymmdd", "d\"st\" mmmm",
        "dd/mm/yyyy;;", "dd/mm/yyyy;\"none\"", "[Red]dd/mm/yyyy", "[Color10]d-m-yy", "[>40000]dd/mm/yyyy;0",
        "_(dd/mm/yy_)", "*-d/m/yy", "YYYY-MM-DD", "DD/MM/YYYY", "aaaa", "aaa", "ddd\\,\\ d\\.\\ mmm", "TT.MM.JJJJ",
        "[ENG][$-409]d\\-mmm;@", "yyyy\"Q\"", "\"[\"d/m/y\"]\"", "d\\hm\\m", "dd-mmm-yyyy\\ ", "[$-en-US]d mmm yyyy",
        "[$-ja-JP-x-gannen]ggge\"年\"m\"月\"d\"日\"", "[$-x-sysdate]dddd, mmmm dd, yyyy",
        // Built-in, with those of East Asia and Thailand.
        "14", "15", "16", "17", "22", "27", "28", "29", "30", "31", "36", "50", "51", "52", "53", "54", "57", "58",
        "71", "72", "73", "74", "81",
    ];
    let mut wrong = Vec::new();
    for format in day {
        let is = of_cell(format, "<c s=\"1\"><v>46143</v></c>", "");
        wrong.extend(unless(is == "2026-05-01", || format!("{format}: {is}")));
    }
    let moments: &[(&str, &str, &str)] = &[
        ("yyyy-mm-dd hh:mm", "46143.395833333", "2026-05-01 09:30"),
        ("yyyy\\-mm\\-dd\\Thh:mm:ss", "46143.395833333", "2026-05-01 09:30"),
        ("[$-409]m/d/yy h:mm AM/PM;@", "46143.395833333", "2026-05-01 09:30"),
        ("d.m.yyyy \"um\" h:mm \"Uhr\"", "46143.395833333", "2026-05-01 09:30"),
        ("[$-F400]h:mm:ss\\ AM/PM", "0.395833333", "09:30"), ("hh:mm:ss.000", "0.39585", "09:30:01"),
        ("h\"h\"mm", "0.395833333", "09:30"), ("上午/下午h\"时\"mm\"分\"", "0.395833333", "09:30"),
        ("h:mm A/P", "0.5", "12:00"), ("mm:ss", "0.0069444444", "00:10"), ("[h]:mm:ss", "1.5104166667", "36:15"),
        ("[hh]:mm", "0.25", "6:00"), ("[mm]:ss", "0.0069444444", "0:10"), ("[ss]", "0.0069444444", "0:10"),
        ("[m]", "0.0416666667", "1:00"), ("[H]:MM", "1.5", "36:00"), ("\"Day \"[h]", "2", "48:00"),
        ("18", "0.5", "12:00"), ("20", "0.25", "06:00"), ("21", "0.25", "06:00"), ("45", "0.0069444444", "00:10"),
        ("46", "1.5", "36:00"), ("47", "0.0069444444", "00:10"), ("33", "0.25", "06:00"),
        ("yyyy-mm-dd", "60", "1900-02-29"), ("yyyy-mm-dd", "1", "1900-01-01"),
        ("yyyy-mm-dd", "2958465", "9999-12-31"), ("yyyy-mm-dd", "46143.9999999", "2026-05-01 23:59:59"), ("yyyy-mm-dd", "46143.999999999", "2026-05-02"),
        ("yyyy-mm-dd", "4.6143E4", "2026-05-01"), ("yyyy-mm-dd", "2958466", "cell-no-date"),
        ("yyyy-mm-dd", "-1", "cell-no-date"), ("yyyy-mm-dd", "20260501", "cell-no-date"),
    ];
    for (format, value, expected) in moments {
        let is = of_cell(format, &format!("<c s=\"1\"><v>{value}</v></c>"), "");
        wrong.extend(unless(is == *expected, || format!("{format} of {value}: {is}, not {expected}")));
    }
    let numbers = [
        "General", "0", "0.00", "#,##0", "0%", "@", "0.00E+00", "##0.0E+0", "# ?/?", "\"day \"0", "0\" days\"",
        "[Red]0", "[Blue]General", "[Color10]0", "[DBNum1]General", "[$€-407] #,##0.00", "[$USD] 0", "[$-409]0",
        "_(* #,##0_)", "\\d0", "0\\m", "[<1]\"half day\";0", "0.0,\"k\"", "[>=1000]0.0,\"thousand\";0", "00000",
        "000\\-00\\-0000", "\"yyyy\"0", "0_d", "0*d", "!d0", "\"m\"#", "[Magenta]0", "[$£-809]#,##0.00", "GENERAL",
        "Standard", "0;[Red]-0;\"d\"", "[$kr-41D] 0", "[$CHF-807] 0", "0\"h\"", "1", "9", "11", "37", "38", "44",
        "48", "49", "59", "67",
    ];
    for format in numbers {
        let is = of_cell(format, "<c s=\"1\"><v>46143</v></c>", "");
        wrong.extend(unless(is == "46143", || format!("{format}: {is}, not a number")));
    }
    all_right(&wrong);
}

#[test]
#[rustfmt::skip]
fn dates_of_other_days_and_texts() {
    let made = |properties| Made {
        formats: vec!["d/m/yy".to_owned()],
        properties,
        ..Made::one(sheet(&[("", "<c s=\"1\"><v>44681</v></c>")]))
    };
    let of = |properties| read(&made(properties), "", "{{ value }}").0;
    for properties in ["date1904=\"1\"", "date1904=\"true\"", "date1904=\"on\" "] {
        assert!(
            of(properties) == "2: 2026-05-01" || properties.contains("on"),
            "{properties}: {}",
            of(properties)
        );
    }
    for properties in ["", "date1904=\"0\"", "date1904=\"false\""] {
        assert_eq!(of(properties), "2: 2022-04-30", "{properties}");
    }
    let mut wrong = Vec::new();
    for (iso, expected) in [
        ("2026-05-01", "2026-05-01"), ("2026-05-01T09:30:00Z", "2026-05-01 09:30"),
        ("2026-05-01T09:30:00.000", "2026-05-01 09:30"), ("2026-05-01T09:30", "2026-05-01 09:30"),
        ("2026-05-01T00:00:00.000Z", "2026-05-01"), ("2026-05-01 09:30:00", "2026-05-01 09:30"),
        ("2026-05-01T09:30:00+02:00", "2026-05-01 09:30"), ("T09:30:00", "09:30"), ("09:30", "09:30"),
        ("20260501T093000", "2026-05-01 09:30"),
    ] {
        let is = of_cell("0", &format!("<c t=\"d\"><v>{iso}</v></c>"), "");
        wrong.extend(unless(is == expected, || format!("{iso}: {is}, not {expected}")));
    }
    all_right(&wrong);
}

#[test]
#[rustfmt::skip]
fn cells_of_more_kinds() {
    let mut wrong = Vec::new();
    for (cell, expected) in [
        // Formulas without a value, of libraries and of spreadsheets that were told not to calculate.
        ("<c><f>A1&amp;B1</f></c>", "cell-no-value"), ("<c><f>A1</f><v></v></c>", "cell-no-value"),
        ("<c><f>A1</f><v/></c>", "cell-no-value"), ("<c t=\"n\"><f>A1</f><v> </v></c>", "cell-no-value"),
        ("<c t=\"b\"><f>A1</f></c>", "cell-no-value"), ("<c t=\"e\"><f>A1</f></c>", "cell-no-value"),
        ("<c><f t=\"shared\" si=\"0\"/></c>", "cell-no-value"),
        ("<c><f t=\"array\" ref=\"C2\">A1</f></c>", "cell-no-value"), ("<c t=\"s\"><f>A1</f></c>", "cell-no-value"),
        ("<c t=\"str\"><f>A1</f></c>", "cell-no-value"),
        // A formula whose result is an empty text has one.
        ("<c t=\"str\"><f>\"\"</f><v></v></c>", "cell-empty"), ("<c t=\"str\"><f>A1</f><v>May 1</v></c>", "May 1"),
        ("<c><f>A1</f><v>5</v></c>", "5"), ("<c><f>1=1</f><v>1</v></c>", "1"), ("<c t=\"b\"><v>1</v></c>", "TRUE"),
        ("<c t=\"b\"><v>0</v></c>", "FALSE"),
        // Errors, of formulas and of texts that look like them.
        ("<c t=\"e\"><v>#N/A</v></c>", "cell-error"), ("<c t=\"e\"><v>#REF!</v></c>", "cell-error"),
        ("<c t=\"e\"><v>#VALUE!</v></c>", "cell-error"), ("<c t=\"e\"><f>1/0</f><v>#DIV/0!</v></c>", "cell-error"),
        ("<c t=\"e\"><v>#SPILL!</v></c>", "cell-error"), ("<c t=\"e\"><v>#GETTING_DATA</v></c>", "cell-error"),
        ("<c t=\"e\"><v></v></c>", "cell-error"), ("<c t=\"e\"/>", "cell-error"),
        ("<c t=\"str\"><f>A1</f><v>#N/A</v></c>", "cell-error"),
        ("<c t=\"inlineStr\"><is><t>#NAME?</t></is></c>", "cell-error"),
        ("<c t=\"str\"><f>x</f><v>Err:502</v></c>", "cell-error"),
        ("<c t=\"str\"><v>Loading...</v></c>", "cell-error"),
        ("<c t=\"inlineStr\"><is><t>=A1</t></is></c>", "cell-formula"),
        ("<c t=\"str\"><v>=VLOOKUP(A1,B:C,2)</v></c>", "cell-formula"),
        // Escapes, in all places that have them; rich texts; phonetic ones left out.
        ("<c t=\"inlineStr\"><is><t>a_x000D_\nb</t></is></c>", "a\nb"),
        ("<c t=\"str\"><f>x</f><v>a_x000a_b</v></c>", "a\nb"),
        ("<c t=\"inlineStr\"><is><t>_x005F_x000D_</t></is></c>", "_x000D_"),
        ("<c t=\"str\"><v>_x0009_a_x00E9_</v></c>", "aé"),
        ("<c t=\"inlineStr\"><is><t>a_xD83D__xDE00_</t></is></c>", "a😀"),
        ("<c t=\"inlineStr\"><is><t>a&#13;&#10;b</t></is></c>", "a\nb"),
        ("<c t=\"inlineStr\"><is><t>a&#xD;b</t></is></c>", "a\nb"),
        ("<c t=\"inlineStr\"><is><t>snake_x_case</t></is></c>", "snake_x_case"),
        ("<c t=\"inlineStr\"><is><t>a_x0000_b</t></is></c>", "cell-control"),
        ("<c t=\"inlineStr\"><is><t>a_x001B_[2Jb</t></is></c>", "cell-control"),
        (
            "<c t=\"inlineStr\"><is><r><t>May</t></r><r><rPr><b/></rPr><t xml:space=\"preserve\"> 1</t></r></is></c>",
            "May 1",
        ),
        ("<c t=\"inlineStr\"><is><t>山田</t><rPh sb=\"0\" eb=\"2\"><t>ヤマダ</t></rPh></is></c>", "山田"),
        ("<c t=\"inlineStr\"><t>May 1</t></c>", "May 1"),
        ("<c t=\"inlineStr\"><is><t>a &amp;amp; b</t></is></c>", "a &amp; b"),
        ("<c t=\"inlineStr\"><is><t><![CDATA[a < b]]></t></is></c>", "a < b"),
        ("<c t=\"s\"><v>0</v></c>", "first\nline"), ("<c t=\"s\"><v>1</v></c>", "rich text"),
        ("<c t=\"s\"><v>2</v></c>", "cell-empty"), ("<c/>", "cell-empty"), ("<c><v></v></c>", "cell-empty"),
        // Numbers as they were meant.
        ("<c><v>0.1</v></c>", "0.1"), ("<c><v>0.30000000000000004</v></c>", "0.3"), ("<c><v>1E2</v></c>", "100"),
        ("<c><v>1.2025550101E10</v></c>", "12025550101"), ("<c><v>5.0</v></c>", "5"), ("<c><v>-3</v></c>", "-3"),
        ("<c><v>1234567890123456</v></c>", "cell-rounded"), ("<c t=\"n\"><v>007</v></c>", "7"),
        ("<c><v>1e-7</v></c>", "0.0000001"),
    ] {
        let made = Made {
            texts: "<si><t>first_x000D_\nline</t></si><si><r><t>rich</t></r><r><t xml:space=\"preserve\"> text</t></r><rPh sb=\"0\" eb=\"1\"><t>x</t></rPh></si><si><t/></si>",
            ..Made::one(sheet(&[("", cell)]))
        };
        let is = read(&made, "", "{{ value }}").0.trim_start_matches("2: ").to_owned();
        wrong.extend(unless(is == expected, || format!("{cell}: {is:?}, not {expected:?}")));
    }
    all_right(&wrong);
}

#[test]
#[rustfmt::skip]
fn more_rows_and_columns_that_cannot_be_seen() {
    let value = text("v");
    for attributes in [
        "hidden=\"1\"", "hidden=\"true\"", "hidden=\"1\" outlineLevel=\"1\"", "ht=\"0\" customHeight=\"1\"",
        "ht=\"0.0\" customHeight=\"true\"", "ht=\"0\"", "spans=\"1:3\" hidden=\"1\" ht=\"15\"",
        "collapsed=\"1\" hidden=\"1\"", "outlineLevel=\"2\" hidden=\"1\" s=\"3\" customFormat=\"1\"",
    ] {
        let made =
            Made::one(sheet(&[("", &value), (attributes, &value), ("", &value), (attributes, &value)]));
        let told = read(&made, "", "{{ name }}").0;
        assert!(told.contains("2 rows that cannot be seen, first row 3"), "{attributes}: {told}");
        assert_eq!(read(&made, "hidden_rows = \"skip\"", "{{ name }}").0, "2: n0 / 4: n2", "{attributes}");
        assert_eq!(
            read(&made, "hidden_rows = \"send\"", "{{ name }}").0,
            "2: n0 / 3: n1 / 4: n2 / 5: n3",
            "{attributes}"
        );
    }
    // A filter hides rows; one that hides none is no matter. Rows are seen that have another height, are grouped, or are
    // empty and hidden.
    let filter = "<autoFilter ref=\"A1:C4\"><filterColumn colId=\"2\"><filters><filter val=\"yes\"/></filters></filterColumn></autoFilter>";
    let made = Made::one(sheet(&[("", &value), ("hidden=\"1\"", &value)]) + filter);
    assert!(
        read(&made, "", "{{ name }}").0.contains("1 row that cannot be seen, first row 3"),
        "{}",
        read(&made, "", "{{ name }}").0
    );
    for attributes in [
        "hidden=\"0\"", "hidden=\"false\"", "ht=\"30\" customHeight=\"1\"", "outlineLevel=\"1\"", "collapsed=\"1\"",
        "",
    ] {
        let made = Made::one(sheet(&[("", &value), (attributes, &value)]) + "<autoFilter ref=\"A1:C3\"/>");
        assert_eq!(read(&made, "", "{{ name }}").0, "2: n0 / 3: n1", "{attributes}");
    }
    // Rows behind one that only has a formula without a value; the header itself hidden; all hidden.
    let made = Made::one(
        "<sheetData><row r=\"1\" hidden=\"1\">".to_owned()
            + &text("phone")
            + &text("name")
            + "</row><row r=\"2\">"
            + &text("+12025550101")
            + &text("Ann")
            + "</row></sheetData>",
    );
    assert_eq!(read(&made, "", "{{ name }}").0, "2: Ann");
    let made = Made::one(sheet(&[("hidden=\"1\"", &value)]));
    assert_eq!(read(&made, "hidden_rows = \"skip\"", "{{ name }}").0, "");
    // Columns.
    for columns in [
        "<cols><col min=\"2\" max=\"2\" hidden=\"1\"/></cols>",
        "<cols><col min=\"2\" max=\"2\" width=\"0\" customWidth=\"1\"/></cols>",
        "<cols><col min=\"2\" max=\"16384\" hidden=\"true\" width=\"9\"/></cols>",
        "<cols><col min=\"1\" max=\"1\"/><col min=\"2\" max=\"3\" hidden=\"1\" outlineLevel=\"1\"/></cols>",
        "<cols><col min=\"2\" max=\"2\" width=\"0\"/></cols>",
    ] {
        let made = Made::one(columns.to_owned() + &sheet(&[("", &value)]));
        let (rows, told) = read(&made, "", "{{ name }}");
        assert!(
            rows == "2: n0" && told.contains("hidden") && told.contains("name"),
            "{columns}: {rows}; {told}"
        );
    }
}

#[test]
fn more_merged_cells() {
    let (a, none) = (text("a"), String::new());
    let rows = sheet(&[("", &a), ("", &none), ("", &none), ("", &text("b"))]);
    let merged = |areas: &str| Made::one(rows.clone() + "<mergeCells>" + areas + "</mergeCells>");
    for (areas, filled) in [
        ("<mergeCell ref=\"C2:C4\"/>", "2: a / 3: a / 4: a / 5: b"),
        ("<mergeCell ref=\"$C$2:$C$4\"/>", "2: a / 3: a / 4: a / 5: b"),
        ("<mergeCell ref=\"c2:c4\"/>", "2: a / 3: a / 4: a / 5: b"),
        ("<mergeCell ref=\"C2:C3\"/>", "2: a / 3: a / 4: - / 5: b"),
        ("<mergeCell ref=\"C2:D4\"/>", "2: a / 3: a / 4: a / 5: b"),
        ("<mergeCell ref=\"C2:C2\"/>", "2: a / 3: - / 4: - / 5: b"),
        ("<mergeCell ref=\"C5:C9\"/>", "2: a / 3: - / 4: - / 5: b"),
        ("<mergeCell ref=\"C2:C3\"/><mergeCell ref=\"C4:C5\"/>", "2: a / 3: a / 4: - / 5: -"),
        ("<mergeCell ref=\"C2:XFD4\"/>", "2: a / 3: a / 4: a / 5: b"),
        ("<mergeCell ref=\"C1:D1\"/>", "2: a / 3: - / 4: - / 5: b"),
    ] {
        let made = merged(areas);
        assert_eq!(read(&made, "merged = \"fill\"", "{{ value | default('-') }}").0, filled, "{areas}");
        let (rows, told) = read(&made, "", "{{ value | default('-') }}");
        assert_eq!(rows, "2: a / 3: - / 4: - / 5: b", "{areas}");
        let silent = areas.contains("C2:C2") || areas.contains("C1:D1");
        assert!(silent || told.contains("merged"), "{areas}: {told}");
    }
    // Titles above the header, a header over two rows, and a header over two columns.
    let titled = "<sheetData><row r=\"1\">".to_owned()
        + &text("Attendees")
        + "</row><row r=\"2\">"
        + &text("phone")
        + &text("name")
        + "</row><row r=\"3\">"
        + &text("+12025550101")
        + &text("Ann")
        + "</row></sheetData><mergeCells><mergeCell ref=\"A1:B1\"/></mergeCells>";
    assert!(read(&Made::one(titled.clone()), "", "{{ name }}").0.contains("header_row = 2"));
    for recipients in ["header_row = 2", "header_row = 2\nmerged = \"fill\""] {
        assert_eq!(read(&Made::one(titled.clone()), recipients, "{{ name }}").0, "3: Ann");
    }
    let tall = "<sheetData><row r=\"1\">".to_owned()
        + &text("phone")
        + &text("name")
        + "</row><row r=\"2\"/><row r=\"3\">"
        + &text("+12025550101")
        + &text("Ann")
        + "</row></sheetData><mergeCells><mergeCell ref=\"A1:A2\"/><mergeCell ref=\"B1:B2\"/></mergeCells>";
    assert_eq!(read(&Made::one(tall), "", "{{ name }}").0, "3: Ann");
    // Numbers too.
    let phones = "<sheetData><row r=\"1\">".to_owned()
        + &text("phone")
        + &text("name")
        + "</row><row r=\"2\">"
        + &text("+12025550101")
        + &text("Ann")
        + "</row><row r=\"3\"><c/>"
        + &text("Bob")
        + "</row></sheetData><mergeCells><mergeCell ref=\"A2:A3\"/></mergeCells>";
    assert_eq!(read(&Made::one(phones.clone()), "", "{{ name }}").0, "2: Ann / 3: phone-empty");
    assert_eq!(read(&Made::one(phones), "merged = \"fill\"", "{{ name }}").0, "2: Ann / 3: Bob");
}

#[test]
#[rustfmt::skip]
fn more_sheets() {
    let people = sheet(&[("", "")]);
    let other = "<sheetData><row r=\"1\">".to_owned()
        + &text("Total")
        + "</row><row r=\"2\"><c><v>5</v></c></row></sheetData>";
    let made = |sheets: &[(&'static str, &'static str, &String)]| Made {
        sheets: sheets.iter().map(|(name, state, xml)| (*name, *state, (*xml).clone())).collect(),
        ..Made::default()
    };
    for (sheets, says) in [
        (vec![("Summary", "", &other), ("People", "", &people)], vec!["\"Summary\"", "\"People\" has it"]),
        (
            vec![("Summary", "", &other), ("A", "", &people), ("B", "", &people)],
            vec!["\"Summary\"", "A", "B", "these sheets have it"],
        ),
        (vec![("Summary", "", &other), ("Notes", "", &other)], vec!["\"Summary\"", "Notes"]),
        (
            vec![("Summary", "", &other), ("People", "state=\"hidden\"", &people)],
            vec!["\"Summary\"", "\"People\", which is hidden, has it"],
        ),
        (
            vec![("Summary", "", &other), ("People", "state=\"veryHidden\"", &people)],
            vec!["\"Summary\"", "\"People\", which is hidden, has it"],
        ),
        (vec![("Summary", "", &other)], vec!["column `phone`", "the file has: Total"]),
        (
            vec![("Übersicht &amp; mehr", "", &other), ("Leute", "", &people)],
            vec!["\"Übersicht & mehr\"", "\"Leute\" has it"],
        ),
    ] {
        let is = read(&made(&sheets), "", "{{ name }}").0;
        assert!(says.iter().all(|part| is.contains(part)), "{is}, not {says:?}");
    }
    let both = made(&[
        ("Old", "state=\"hidden\"", &other),
        ("Very", "state=\"veryHidden\"", &other),
        ("People", "", &people),
        ("Later", "", &people),
    ]);
    let (rows, told) = read(&both, "", "{{ name }}");
    assert!(rows == "2: n0" && told.contains("\"People\"") && told.contains("Later"), "{rows} {told}");
    for name in ["People", "people", " PEOPLE "] {
        assert_eq!(read(&both, &format!("sheet = \"{name}\""), "{{ name }}").0, "2: n0", "{name}");
    }
    let is = read(&both, "sheet = \"Nobody\"", "{{ name }}").0;
    assert!(is.contains("Nobody") && is.contains("People"), "{is}");
    assert!(
        read(&both, "sheet = \"Old\"", "{{ name }}").0.contains("People"),
        "{}",
        read(&both, "sheet = \"Old\"", "{{ name }}").0
    );
}

#[test]
#[rustfmt::skip]
fn parts_as_more_programs_name_them() {
    let value = text("v");
    for made in [
        Made { backslashes: true, ..Made::one(sheet(&[("", &value)])) },
        Made { prefix: true, ..Made::one(sheet(&[("", &value)])) },
        Made::one(sheet(&[("", &value)]).replace(" r=\"1\"", "").replace(" r=\"2\"", "")),
        Made::one("<dimension ref=\"A1\"/>".to_owned() + &sheet(&[("", &value)])),
    ] {
        let is = read(&made, "", "{{ name }}").0;
        assert_eq!(is, "2: n0");
    }
}

/// A library that knows no results writes 0 for them, and asks the spreadsheet to calculate all when it is opened.
#[test]
fn zeros_of_formulas_that_nobody_calculated_are_no_values() {
    let zero = "<c><f>A1*2</f><v>0</v></c>";
    let calculated = |properties, cell: &str| {
        let made = Made { properties, ..Made::one(sheet(&[("", cell)])) };
        read(&made, "", "{{ value }}").0
    };
    let on_load = "/><calcPr calcId=\"124519\" fullCalcOnLoad=\"1\"";
    assert_eq!(calculated(on_load, zero), "2: cell-no-value");
    assert_eq!(calculated(on_load, "<c><f>A1*2</f><v>12.5</v></c>"), "2: 12.5", "a result that it was given");
    assert_eq!(calculated(on_load, "<c><v>0</v></c>"), "2: 0", "no formula");
    assert_eq!(calculated("/><calcPr calcId=\"191029\"", zero), "2: 0", "calculated");
}

/// A list of whom nothing is sent to: what is in another sheet would be left out, and a cell without a value names
/// somebody whom nobody can read.
#[test]
fn a_list_in_a_workbook_is_read_whole_or_not_at_all() {
    let one = || sheet(&[("", "")]);
    let read = |made: &Made<'_>| {
        let file = made.save();
        let definition = definition_text(&format!("suppress = [{:?}]", file.path()), "Hi");
        let settings = parse(&definition, "c.toml", "c").unwrap().recipients;
        Lists::read(&settings, std::path::Path::new("/")).map(|lists| lists.suppression.len())
    };
    let sheets =
        |other: String| Made { sheets: vec![("People", "", one()), ("More", "", other)], ..Made::default() };
    assert_eq!(read(&Made::one(one())).unwrap(), 1);
    assert_eq!(read(&sheets("<sheetData/>".to_owned())).unwrap(), 1, "an empty sheet has nobody");
    let refused = |made: &Made<'_>, words: &str| {
        let error = read(made).unwrap_err();
        assert!(error.to_string().contains(words) && error.hint().is_some(), "{error}");
    };
    refused(&sheets(one()), "there is something in 1 other sheet");
    let hidden =
        Made { sheets: vec![("People", "", one()), ("More", "state=\"hidden\"", one())], ..Made::default() };
    refused(&hidden, "there is something in 1 other sheet");
    for (cell, words) in [
        ("<c t=\"e\"><f>NA()</f><v>#N/A</v></c>", "an error of a formula"),
        ("<c t=\"e\"><v>#REF!</v></c>", "an error of a formula"),
        ("<c><f>A2+1</f></c>", "a formula without a value"),
    ] {
        let rows = format!(
            "<sheetData><row r=\"1\">{}</row><row r=\"2\">{}</row><row r=\"3\">{cell}</row></sheetData>",
            text("phone"),
            text("+12025550101")
        );
        refused(&Made::one(rows), words);
    }
}
