//! What the first bytes of a recipients file tell: whether it is text, and what is between its cells.

use std::io::{self, Cursor, Read};

use super::error::FileProblem;
use crate::domain::definition::Delimiter;

/// How much is looked at, at most.
const HEAD_BYTES: usize = 64 * 1024;

/// The first bytes, at least the header if it fits, without the byte order mark, and a reader of all bytes from there. A
/// pipe is not waited for any longer than its header takes.
pub(super) fn head(mut reader: impl Read + Send + 'static) -> io::Result<(Vec<u8>, Box<dyn Read + Send>)> {
    let mut head = Vec::new();
    let mut piece = [0; 8 * 1024];
    while head.len() < HEAD_BYTES && header_end(&head).is_none() {
        match reader.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => head.extend_from_slice(&piece[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if head.starts_with(b"\xef\xbb\xbf") {
        head.drain(..3);
    }
    let whole = Cursor::new(head.clone()).chain(reader);
    Ok((head, Box::new(whole)))
}

/// Tells what is no UTF-8 text at all by its first bytes.
pub(super) fn is_text(head: &[u8]) -> Result<(), FileProblem> {
    const MAGIC: [(&[u8], &str); 5] = [
        (b"PK\x03\x04", "a workbook or a zip archive"),
        (b"\xd0\xcf\x11\xe0", "an old workbook (.xls)"),
        (b"\x1f\x8b", "compressed (gzip)"),
        (b"\x28\xb5\x2f\xfd", "compressed (zstd)"),
        (b"%PDF", "a PDF"),
    ];
    if let Some((_, what)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(FileProblem::Archive(what));
    }
    let utf16 = head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff");
    if utf16 || head.iter().take(1024).any(|byte| *byte == 0) {
        return Err(FileProblem::Utf16);
    }
    Ok(())
}

/// Where the first line that is not blank ends, if it does. A line break in quotes ends no line.
fn header_end(head: &[u8]) -> Option<usize> {
    let mut quoted = false;
    let mut begun = false;
    for (at, byte) in head.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'\r' | b'\n' if !quoted && begun => return Some(at),
            _ => {}
        }
        begun |= !byte.is_ascii_whitespace();
    }
    None
}

/// The delimiter that is in the header most often, outside quotes; a comma if none is.
pub(super) fn delimiter(head: &[u8]) -> Delimiter {
    let mut counts = [0_usize; Delimiter::ALL.len()];
    let mut quoted = false;
    for byte in &head[..header_end(head).unwrap_or(head.len())] {
        quoted ^= *byte == b'"';
        if let (false, Some(at)) =
            (quoted, Delimiter::ALL.iter().position(|delimiter| delimiter.byte() == *byte))
        {
            counts[at] += 1;
        }
    }
    let mut best = 0;
    for (at, count) in counts.iter().enumerate() {
        if *count > counts[best] {
            best = at;
        }
    }
    Delimiter::ALL[best]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_by_the_header() {
        for (head, expected) in [
            ("a,b;c,d\n1;2;3;4;5", Delimiter::Comma),
            ("a;b;c\n1,5;2,5;3,5", Delimiter::Semicolon),
            ("\r\n\na\tb, c\td\r\n", Delimiter::Tab),
            ("a|b", Delimiter::Pipe),
            ("\"a,b,c\";d\n", Delimiter::Semicolon),
            ("phone\n+12025550143;x", Delimiter::Comma),
            ("", Delimiter::Comma),
        ] {
            assert_eq!(delimiter(head.as_bytes()), expected, "{head:?}");
        }
    }
}
