//! What the first bytes of a recipients file tell: whether it is text, and what is between its cells.

use std::io::{self, Read};

use super::error::FileProblem;
use super::open::whole;
use crate::domain::definition::Delimiter;
use crate::domain::table::header::fold;

/// How much is looked at, at most.
const HEAD_BYTES: usize = 64 * 1024;

/// The first bytes, at least the header if it fits, and a reader of all bytes from there. A
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
    let whole = whole(&head, reader);
    Ok((head, whole))
}

/// How a workbook begins, as every zip archive does.
pub(super) const WORKBOOK: &[u8] = b"PK\x03\x04";
/// How a workbook of the old kind (.xls) begins, and one with a password.
pub(super) const OLD_WORKBOOK: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1";

/// Tells what is no table at all by its first bytes.
pub(super) fn is_table(head: &[u8]) -> Result<(), FileProblem> {
    const MAGIC: [(&[u8], &str); 7] = [
        (b"\x1f\x8b", "compressed twice"),
        (b"\x28\xb5\x2f\xfd", "compressed twice"),
        (b"BZh", "compressed with bzip2"),
        (b"\xfd7zXZ\0", "compressed with xz"),
        (b"%PDF", "a PDF"),
        (b"{\\rtf", "a text with formats (RTF)"),
        (b"Rar!", "a rar archive"),
    ];
    if let Some((_, what)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(FileProblem::Archive(what));
    }
    let start = head.trim_ascii_start();
    let begins = |tag: &[u8]| start.get(..tag.len()).is_some_and(|text| text.eq_ignore_ascii_case(tag));
    if [&b"<!doctype html"[..], b"<html", b"<table", b"<?xml"].into_iter().any(begins) {
        return Err(FileProblem::Archive("a web page or XML, whatever its name says"));
    }
    if [&b"[{"[..], b"{\""].into_iter().any(begins) {
        return Err(FileProblem::Archive("JSON"));
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

/// What a first line such as `sep=;` says, which Excel writes and reads, and its length with the line end. Programs put it
/// in quotes, blanks into it, or delimiters behind it.
pub(super) fn separator_line(head: &[u8]) -> Option<(Delimiter, usize)> {
    const LONGEST: usize = 80;
    let end = head.iter().take(LONGEST).position(|byte| matches!(byte, b'\r' | b'\n'))?;
    let length = if head[end..].starts_with(b"\r\n") { end + 2 } else { end + 1 };
    let line = head[..end].trim_ascii_start();
    let line = line.strip_prefix(b"\"").unwrap_or(line);
    let is_named = line.get(..3).is_some_and(|text| text.eq_ignore_ascii_case(b"sep"));
    let said = line.get(3..).filter(|_| is_named)?.trim_ascii_start().strip_prefix(b"=")?;
    // A blank that is said is a tab; any other is beside what is said.
    let said = if said.starts_with(b"\t") { said } else { said.trim_ascii_start() };
    let (delimiter, rest) = match said.strip_prefix(b"\\t") {
        Some(rest) => (Delimiter::Tab, rest),
        None => {
            let first = said.first()?;
            (Delimiter::ALL.into_iter().find(|delimiter| delimiter.byte() == *first)?, &said[1..])
        }
    };
    let nothing = |byte: &u8| matches!(byte, b'"' | b' ' | b'\t' | b',' | b';' | b'|');
    rest.iter().all(nothing).then_some((delimiter, length))
}

/// Whether the names of the columns have apostrophes around them, each, as SQL writes texts.
pub(super) fn has_apostrophes(head: &[u8], delimiter: Delimiter) -> bool {
    let line = head.trim_ascii_start();
    let line = &line[..line.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(line.len())];
    let quoted = |name: &[u8]| {
        let name = name.trim_ascii();
        name.len() > 2 && name.starts_with(b"'") && name.ends_with(b"'")
    };
    line.contains(&delimiter.byte()) && line.split(|byte| *byte == delimiter.byte()).all(quoted)
}

/// The delimiter: the one that finds the column `phone` in the header; else the one that is as often in the header as
/// in most lines behind it; else the one that is in the header most often. A comma if there is none.
pub(super) fn delimiter(head: &[u8], phones: &[String]) -> Delimiter {
    const LINES: usize = 20;
    let mut rest = head;
    let mut lines = Vec::new();
    while lines.len() < LINES
        && let Some(end) = header_end(rest)
    {
        lines.push(&rest[..end]);
        rest = &rest[end..];
    }
    if lines.is_empty() {
        lines.push(head);
    }
    let wanted: Vec<String> = phones.iter().map(|name| fold(name)).collect();
    let names_phone = |line: &[u8], delimiter: Delimiter| {
        let name = |cell: &Vec<u8>| fold(String::from_utf8_lossy(cell).trim().trim_matches('\''));
        cells(line, delimiter).iter().any(|cell| wanted.contains(&name(cell)))
    };
    // Titles may stand above the line that names the columns.
    let header = lines.iter().position(|line| Delimiter::ALL.iter().any(|by| names_phone(line, *by)));
    lines.drain(..header.unwrap_or_default());
    let score = |delimiter: Delimiter| {
        let header = cells(lines[0], delimiter);
        let has_phone = names_phone(lines[0], delimiter);
        let alike = lines[1..].iter().filter(|line| cells(line, delimiter).len() == header.len()).count();
        let split = header.len() > 1;
        (split && has_phone, if split { alike } else { 0 }, header.len())
    };
    let mut best = Delimiter::ALL[0];
    for other in &Delimiter::ALL[1..] {
        if score(*other) > score(best) {
            best = *other;
        }
    }
    best
}

/// The cells of a line, without the quotes around them.
fn cells(line: &[u8], delimiter: Delimiter) -> Vec<Vec<u8>> {
    let (mut cells, mut quoted) = (vec![Vec::new()], false);
    for byte in line {
        match byte {
            b'"' => quoted = !quoted,
            byte if *byte == delimiter.byte() && !quoted => cells.push(Vec::new()),
            byte => cells.last_mut().expect("there is one from the beginning").push(*byte),
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_by_the_header() {
        for (head, expected) in [
            ("a,b;c,d\n1;2;3;4;5\n", Delimiter::Comma),
            ("name, first;phone\nAda;1\n", Delimiter::Semicolon),
            ("a,b;c\n1,x;2\n1;2\n1;2\n", Delimiter::Semicolon),
            ("a;b;c\n1,5;2,5;3,5", Delimiter::Semicolon),
            ("\r\n\na\tb, c\td\r\n", Delimiter::Tab),
            ("a|b", Delimiter::Pipe),
            ("\"a,b,c\";d\n", Delimiter::Semicolon),
            ("phone\n+12025550143;x", Delimiter::Comma),
            ("", Delimiter::Comma),
        ] {
            assert_eq!(delimiter(head.as_bytes(), &["phone".to_owned()]), expected, "{head:?}");
        }
    }
}
