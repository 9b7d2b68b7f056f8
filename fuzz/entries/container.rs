//! Any bytes as a workbook, and as the parts of one: the sheet, the texts, the styles of an `.xlsx`, the content of an `.ods`.
//! No panic, rows in their order, with cells as they are stored and as they are shown.

use std::io::{Cursor, Write as _};
use std::sync::LazyLock;

use campaign::domain::definition::{Definition, parse};
use campaign::recipients::Recipients;
use zip::write::SimpleFileOptions;

const WORKBOOK: &str =
    r#"<workbook xmlns:r="r"><sheets><sheet name="S" sheetId="1" r:id="a"/></sheets></workbook>"#;
const RELATIONS: &str = r#"<Relationships><Relationship Id="a" Type="x/worksheet" Target="s.xml"/>
<Relationship Id="b" Type="x/sharedStrings" Target="t.xml"/><Relationship Id="c" Type="x/styles" Target="f.xml"/></Relationships>"#;
const TEXTS: &str = "<sst><si><t>phone</t></si><si><t>name</t></si><si><t>+12025550101</t></si></sst>";

fn definition(values: &str) -> Definition {
    let text = format!(
        "connect = {{ instance_id = \"11111111-2222-3333-4444-555555555555\", \
         contact_flow_id = \"66666666-7777-8888-9999-000000000000\", \
         source = \"arn:aws:connect:us-west-2:123456789012:phone-number/p\" }}\n\
         contact = {{ message = \"Hi {{{{ name }}}}\" }}\n[recipients]\ndefault_region = \"US\"\nhidden_rows = \"send\"\n\
         merged = \"fill\"\nvalues = \"{values}\"\n"
    );
    parse(&text, "c.toml", "c").expect("the definition is right")
}

static STORED: LazyLock<Definition> = LazyLock::new(|| definition("stored"));
static SHOWN: LazyLock<Definition> = LazyLock::new(|| definition("shown"));

fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in parts {
        zip.start_file(*name, options).expect("a name");
        zip.write_all(bytes).expect("room in memory");
    }
    zip.finish().expect("an archive").into_inner()
}

fn read(bytes: &[u8], definition: &Definition) {
    let Ok(mut recipients) =
        Recipients::from_reader(Cursor::new(bytes.to_vec()), "fuzz", &definition.recipients)
    else {
        return;
    };
    let Ok(binding) = definition.bind(recipients.header()) else { return };
    let mut last = 0;
    let is_correction = recipients.is_correction();
    for row in recipients.rows(&binding) {
        let Ok(row) = row else { break };
        assert!(is_correction || row.line > last);
        last = row.line;
    }
    let _ = recipients.read_as().to_string();
}

/// Reads the bytes as what their first one says.
pub(super) fn run(bytes: &[u8]) {
    let Some((which, bytes)) = bytes.split_first() else { return };
    let definition = if which & 1 == 0 { &*STORED } else { &*SHOWN };
    let sheet =
        br#"<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>
<row r="2"><c r="A2" t="s"><v>2</v></c><c r="B2" s="1"><v>46143.4</v></c></row></sheetData></worksheet>"#;
    let xlsx = |sheet: &[u8], texts: &[u8], styles: &[u8]| {
        archive(&[
            ("xl/workbook.xml", WORKBOOK.as_bytes()),
            ("xl/_rels/workbook.xml.rels", RELATIONS.as_bytes()),
            ("xl/s.xml", sheet),
            ("xl/t.xml", texts),
            ("xl/f.xml", styles),
        ])
    };
    let made = match (which >> 1) % 6 {
        0 => bytes.to_vec(),
        1 => xlsx(bytes, TEXTS.as_bytes(), b"<styleSheet/>"),
        2 => xlsx(sheet, bytes, b"<styleSheet/>"),
        3 => xlsx(sheet, TEXTS.as_bytes(), bytes),
        4 => archive(&[("content.xml", bytes)]),
        // The head of a compound file, and what comes.
        _ => [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", bytes].concat(),
    };
    read(&made, definition);
}
