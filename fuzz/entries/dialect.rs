//! Any bytes as the rows of a csv: behind a header in one of the delimiters, with and without quotes, in one of the encodings, below
//! titles or a line that names the separator. No panic, rows in their order, and the same rows whatever the size of the pieces that
//! they come in.

use std::io::{Cursor, Read};
use std::sync::LazyLock;

use campaign::domain::definition::{Definition, parse};
use campaign::recipients::Recipients;

const HEADERS: [&str; 10] = [
    "phone,name\n",
    "phone;name\r\n",
    "\"phone\"\t\"name\"\r",
    "phone|name\n",
    "'phone','name'\n",
    "sep=;\nphone;name\n",
    "\u{feff}phone, \"name\"\n",
    "Title\n\nphone,name\n",
    "rejected_line,rejected_column,rejected_reason,phone,name\n",
    "\"phone,name\"\n",
];

fn definition(recipients: &str) -> Definition {
    let text = format!(
        "connect = {{ instance_id = \"11111111-2222-3333-4444-555555555555\", \
         contact_flow_id = \"66666666-7777-8888-9999-000000000000\", \
         source = \"arn:aws:connect:us-west-2:123456789012:phone-number/p\" }}\n\
         contact = {{ message = \"Hi {{{{ name }}}}\" }}\n[recipients]\ndefault_region = \"US\"\n{recipients}"
    );
    parse(&text, "c.toml", "c").expect("the definition is right")
}

static DEFINITIONS: LazyLock<Vec<Definition>> = LazyLock::new(|| {
    [
        "",
        "header_row = 3",
        "encoding = \"windows-1252\"",
        "encoding = \"ibm850\"",
        "encoding = \"utf-16le\"",
        "empty = [\"NULL\"]",
    ]
    .map(definition)
    .into()
});

/// Gives out so many bytes at once.
struct Pieces(Cursor<Vec<u8>>, usize);

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = buffer.len().min(self.1);
        self.0.read(&mut buffer[..most])
    }
}

fn rows(bytes: &[u8], definition: &Definition, piece: usize) -> Vec<String> {
    let reader = Pieces(Cursor::new(bytes.to_vec()), piece);
    let Ok(mut recipients) = Recipients::from_reader(reader, "fuzz", &definition.recipients) else {
        return Vec::new();
    };
    let Ok(binding) = definition.bind(recipients.header()) else { return Vec::new() };
    let is_correction = recipients.is_correction();
    let (mut last, mut rows) = (0, Vec::new());
    for row in recipients.rows(&binding) {
        let Ok(row) = row else { break };
        assert!(is_correction || row.line > last, "line {} behind line {last}", row.line);
        last = row.line;
        rows.push(format!("{}: {:?}", row.line, row.outcome));
    }
    let _ = recipients.read_as().to_string();
    rows
}

/// Reads the bytes as what their first one says.
pub(super) fn run(bytes: &[u8]) {
    let Some((which, bytes)) = bytes.split_first() else { return };
    let header = HEADERS[usize::from(*which) % HEADERS.len()];
    let definition = &DEFINITIONS[usize::from(*which) / HEADERS.len() % DEFINITIONS.len()];
    let mut text = header.as_bytes().to_vec();
    text.extend_from_slice(bytes);
    // A pipe is judged by its first block, so that pieces are as large as that.
    let whole = rows(&text, definition, usize::MAX);
    assert_eq!(rows(&text, definition, 64 * 1024 - 1), whole);
}
