//! Damaged copies of sound files, through the entries of the fuzz targets: whatever is broken, nothing panics, and rows come in
//! their order. `CAMPAIGN_BROKEN=1000000` breaks that many, `CAMPAIGN_SEED` others.

#[path = "../../../fuzz/entries/container.rs"]
mod container;
#[path = "../../../fuzz/entries/dialect.rs"]
mod dialect;

use fastrand::Rng;

/// Pieces that make files what they are, put in where they do not belong.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "\"", "\"\"", "'", "\\\"", ",", ";", "\t", "|", "\r", "\n", "\r\n", "\u{feff}", "\0", "=", "=\"x\"", "#N/A",
    "+12025550101", "é", "\u{200b}", "<row r=\"3\" hidden=\"1\">", "</row>", "<c r=\"B3\" t=\"s\"><v>1</v></c>",
    "<c t=\"inlineStr\"><is><t>x</t></is></c>", "<mergeCell ref=\"A1:XFD1048576\"/>",
    "<col min=\"1\" max=\"99999\" hidden=\"1\"/>", "r=\"ZZZ9999999\"", "t=\"d\"", "t=\"e\"", "s=\"99\"",
    "<v>1E400</v>", "<v>-1</v>", "&amp;", "&#x10FFFF;", "&#0;", "<![CDATA[", "]]>", "<!--", "_x000D_", "_xD83D_",
    "formatCode=\"[h]:mm;@\"", "formatCode=\"[<\"", "numFmtId=\"4294967296\"", "number-rows-repeated=\"9999999\"",
    "number-columns-repeated=\"99999\"", "table:visibility=\"collapse\"",
];

const SHEETS: &[&str] = &[
    "<worksheet><cols><col min=\"2\" max=\"2\" hidden=\"1\"/></cols><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" t=\"s\"><v>1</v></c></row><row r=\"2\" hidden=\"1\"><c r=\"A2\" t=\"s\"><v>2</v></c><c r=\"B2\" s=\"1\"><v>46143.4</v></c></row></sheetData><mergeCells><mergeCell ref=\"A2:B3\"/></mergeCells></worksheet>",
    "<sst><si><t>phone</t></si><si><r><t>na</t></r><r><t>me</t></r><rPh><t>x</t></rPh></si><si><t>+12025550101</t></si></sst>",
    "<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"[$-411]ggge&quot;y&quot;m/d;@\"/></numFmts><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"164\"/></cellXfs></styleSheet>",
    "<office:document-content><table:table table:name=\"S\"><table:table-column/><table:table-row><table:table-cell office:value-type=\"string\"><text:p>phone</text:p></table:table-cell><table:table-cell><text:p>name</text:p></table:table-cell></table:table-row><table:table-row table:number-rows-repeated=\"2\"><table:table-cell office:value-type=\"date\" office:date-value=\"2026-05-01\"/></table:table-row></table:table></office:document-content>",
];

const ROWS: &[&str] = &[
    "+12025550101,Ann\n+12025550102,\"Lee, \"\"Bob\"\"\"\n,\n\"+12025550103\",'x'\n",
    "+12025550101;Ann\r\n\"+12025550102\";\"a\\\"b\\\"\"\r\n",
    "2,phone,x,+12025550101,Ann\n3,,,12,\n",
];

fn damaged(sound: &[u8], random: &mut Rng) -> Vec<u8> {
    let mut bytes = sound.to_vec();
    for _ in 0..random.usize(..6) {
        let at = random.usize(..=bytes.len());
        let to = random.usize(at..=bytes.len().min(at + 30));
        match random.u8(..5) {
            0 => drop(bytes.drain(at..to)),
            1 => {
                let piece = bytes[at..to].to_vec();
                bytes.splice(at..at, piece);
            }
            2 => {
                let piece = PIECES[random.usize(..PIECES.len())];
                bytes.splice(at..at, piece.bytes());
            }
            3 if at < bytes.len() => bytes[at] = random.u8(..),
            _ => bytes.truncate(to),
        }
    }
    bytes
}

#[test]
fn nothing_that_is_broken_makes_it_panic() {
    let number = |name: &str, usual: u64| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    let mut random = Rng::with_seed(number("CAMPAIGN_SEED", 1));
    for _ in 0..number("CAMPAIGN_BROKEN", 1_000) {
        let part = random.u8(..4);
        let mut bytes = vec![(part + 1) << 1 | random.u8(..2)];
        bytes.extend(damaged(SHEETS[usize::from(part)].as_bytes(), &mut random));
        container::run(&bytes);
        let mut bytes = vec![random.u8(..)];
        bytes.extend(damaged(ROWS[random.usize(..ROWS.len())].as_bytes(), &mut random));
        dialect::run(&bytes);
    }
}
