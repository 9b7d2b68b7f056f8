//! The parts of a workbook: entries of a zip archive, read as XML within bounds.
//!
//! Bounded is what is read, never what is declared: the bytes of a part against those that it is packed into, the length
//! of a tag or of a text between two tags, the depth of nesting.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::sync::Arc;

use memchr::{memchr, memchr3};
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use crate::recipients::error::FileProblem;
use crate::recipients::reading_budget::ReadingBudget;

/// Most bytes of a part that is packed into little.
const PART_BYTES: u64 = 256 * 1024 * 1024;
/// How much longer than it is packed a longer part may be.
const RATIO: u64 = 100;
/// Longest tag, comment or text between tags, in bytes. A cell of Excel has at most 32,767 characters.
const TOKEN_BYTES: usize = 1024 * 1024;
/// Deepest nesting of elements.
const DEEPEST: usize = 200;
/// Most parts.
const PARTS: usize = 100_000;

/// The parts by their names.
pub(in crate::recipients) struct Container {
    zip: ZipArchive<BufReader<File>>,
    /// In lower case and with slashes.
    names: Vec<String>,
    budget: Arc<ReadingBudget>,
}

impl Container {
    pub(in crate::recipients) fn open(file: File) -> Result<Self, FileProblem> {
        let budget = Arc::new(ReadingBudget::of_file(file.metadata()?.len()));
        let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|error| broken(&error))?;
        if zip.len() > PARTS {
            return Err(FileProblem::WorkbookTooLarge);
        }
        let mut names = Vec::with_capacity(zip.len());
        for at in 0..zip.len() {
            let entry = zip.by_index_raw(at).map_err(|error| broken(&error))?;
            let name = entry.name().map_err(|error| broken(&error))?;
            names.push(normal(&name));
        }
        Ok(Self { zip, names, budget })
    }

    /// From here on only the first rows of sheets are looked at.
    pub(super) fn search(&mut self) {
        self.budget = Arc::new(ReadingBudget::of_search());
    }

    /// The names of all parts: lower case, slashes.
    pub(in crate::recipients) fn names(&self) -> &[String] {
        &self.names
    }

    /// The bytes of a part.
    pub(in crate::recipients) fn bytes(&mut self, name: &str) -> Result<Option<impl Read + '_>, FileProblem> {
        let name = normal(name);
        let Some(at) = self.names.iter().position(|known| *known == name) else { return Ok(None) };
        let entry = self.zip.by_index(at).map_err(|error| broken(&error))?;
        let most = PART_BYTES.max(entry.compressed_size().saturating_mul(RATIO));
        Ok(Some(BoundedReader { inner: entry, left: most, budget: Arc::clone(&self.budget) }))
    }

    /// A part as XML.
    pub(super) fn xml(&mut self, name: &str) -> Result<Option<Xml<impl Read + '_>>, FileProblem> {
        let budget = Arc::clone(&self.budget);
        let tokens = |inner| Tokens { inner, within: Within::Text, run: 0, tail: [0; 2] };
        Ok(self.bytes(name)?.map(|bytes| Xml::new(tokens(bytes), budget)))
    }
}

fn normal(name: &str) -> String {
    let slashes = name.replace('\\', "/").to_lowercase();
    let mut parts: Vec<&str> = Vec::new();
    for part in slashes.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn broken(error: &zip::result::ZipError) -> FileProblem {
    match error {
        zip::result::ZipError::UnsupportedArchive(why) if why.contains("assword") => {
            FileProblem::Archive("protected by a password")
        }
        other => FileProblem::Workbook(other.to_string().into()),
    }
}

fn too_large() -> io::Error {
    io::Error::from(io::ErrorKind::FileTooLarge)
}

/// A reader that ends with an error where there is more than there may be.
struct BoundedReader<R> {
    inner: R,
    left: u64,
    /// What all parts together may have.
    budget: Arc<ReadingBudget>,
}

impl<R: Read> Read for BoundedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(length as u64).ok_or_else(too_large)?;
        self.budget.take_bytes(length).map_err(|_| too_large())?;
        Ok(length)
    }
}

/// Where in XML a byte is.
#[derive(Clone, Copy, PartialEq)]
enum Within {
    Text,
    Tag,
    Quote(u8),
    /// A comment, a piece of character data, or a declaration.
    Markup,
}

/// XML whose tags and texts are bounded.
struct Tokens<R> {
    inner: R,
    within: Within,
    /// Bytes of the tag or text so far.
    run: usize,
    /// The last two bytes of a comment.
    tail: [u8; 2],
}

impl<R> Tokens<R> {
    fn pass(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let (found, next) = match self.within {
                Within::Text => (memchr(b'<', bytes), Within::Tag),
                Within::Quote(quote) => (memchr(quote, bytes), Within::Tag),
                Within::Markup => (memchr(b'>', bytes), Within::Text),
                Within::Tag if self.run == 0 && bytes[0] == b'!' => {
                    (self.within, self.run, self.tail) = (Within::Markup, 1, [0; 2]);
                    continue;
                }
                Within::Tag => {
                    let found = memchr3(b'>', b'"', b'\'', bytes);
                    let next = match found.map(|at| bytes[at]) {
                        Some(b'>') | None => Within::Text,
                        Some(quote) => Within::Quote(quote),
                    };
                    (found, next)
                }
            };
            let passed = found.map_or(bytes.len(), |at| at + 1);
            self.run += passed;
            if self.run > TOKEN_BYTES {
                return Err(too_large());
            }
            if found.is_some() {
                let starts_over = self.within == Within::Text || next == Within::Text;
                if self.within != Within::Markup || self.ends_markup(&bytes[..passed]) {
                    self.within = next;
                    self.run = if starts_over { 0 } else { self.run };
                }
            }
            if self.within == Within::Markup {
                for byte in &bytes[passed.saturating_sub(2)..passed] {
                    self.tail = [self.tail[1], *byte];
                }
            }
            bytes = &bytes[passed..];
        }
        Ok(())
    }

    /// Whether the `>` at the end of `bytes` ends a comment or character data; a declaration has neither dashes nor
    /// brackets in workbooks, and what looks like one is bounded all the same.
    fn ends_markup(&self, bytes: &[u8]) -> bool {
        let at = bytes.len() - 1;
        let before = |back: usize| if at >= back { bytes[at - back] } else { self.tail[2 - (back - at)] };
        matches!((before(2), before(1)), (b'-', b'-') | (b']', b']'))
    }
}

impl<R: Read> Read for Tokens<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.pass(&buffer[..length])?;
        Ok(length)
    }
}

/// What comes next in a part.
pub(super) enum Node<'x> {
    Start(BytesStart<'x>),
    /// The local name of the element that ends.
    End(Cow<'x, str>),
    Text(Cow<'x, str>),
    Other,
    Eof,
}

/// XML, element after element; an empty one starts and ends.
pub(super) struct Xml<R: Read> {
    reader: quick_xml::Reader<BufReader<R>>,
    buffer: Vec<u8>,
    depth: usize,
    budget: Arc<ReadingBudget>,
}

impl<R: Read> Xml<R> {
    fn new(inner: R, budget: Arc<ReadingBudget>) -> Self {
        let mut reader = quick_xml::Reader::from_reader(BufReader::with_capacity(64 * 1024, inner));
        reader.config_mut().expand_empty_elements = true;
        Self { reader, buffer: Vec::new(), depth: 0, budget }
    }

    /// What else may be read and kept of the workbook.
    pub(super) fn budget(&self) -> Arc<ReadingBudget> {
        Arc::clone(&self.budget)
    }

    pub(super) fn next(&mut self) -> Result<Node<'_>, FileProblem> {
        self.buffer.clear();
        self.budget.take_event()?;
        let event = self.reader.read_event_into(&mut self.buffer).map_err(|error| malformed(&error))?;
        Ok(match event {
            Event::Start(start) => {
                self.depth += 1;
                if self.depth > DEEPEST {
                    return Err(FileProblem::WorkbookTooLarge);
                }
                Node::Start(start)
            }
            Event::End(end) => {
                self.depth = self.depth.saturating_sub(1);
                Node::End(Cow::Owned(end.local_name().into_inner().to_owned()))
            }
            Event::Text(text) => Node::Text(text.xml10_content()),
            Event::CData(text) => Node::Text(text.xml10_content()),
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().map_err(|error| malformed(&error))?;
                let name = reference.into_inner();
                match (character, quick_xml::escape::resolve_predefined_entity(&name)) {
                    (Some(character), _) => Node::Text(Cow::Owned(character.to_string())),
                    (None, Some(text)) => Node::Text(Cow::Borrowed(text)),
                    (None, None) => {
                        return Err(FileProblem::Workbook(
                            format!("it has an unknown entity &{name};").into(),
                        ));
                    }
                }
            }
            Event::Eof => Node::Eof,
            _ => Node::Other,
        })
    }
}

fn malformed(error: &quick_xml::Error) -> FileProblem {
    match error {
        quick_xml::Error::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            FileProblem::WorkbookTooLarge
        }
        other => FileProblem::Workbook(other.to_string().into()),
    }
}

/// The value of an attribute, whatever its prefix.
pub(super) fn attribute<'s>(start: &'s BytesStart<'_>, name: &str) -> Option<Cow<'s, str>> {
    let mut attributes = start.attributes();
    attributes.with_checks(false);
    attributes
        .flatten()
        .find(|attribute| attribute.key.local_name().into_inner() == name)
        .and_then(|attribute| attribute.normalized_value(XmlVersion::Implicit1_0).ok())
        .map(|value| Cow::Owned(value.into_owned()))
}

/// Whether an attribute says yes.
pub(super) fn flag(start: &BytesStart<'_>, name: &str) -> bool {
    attribute(start, name).is_some_and(|value| matches!(&*value, "1" | "true" | "on"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(xml: &str) -> bool {
        let mut tokens = Tokens { inner: io::empty(), within: Within::Text, run: 0, tail: [0; 2] };
        // In small pieces: no ending may be missed between two of them.
        xml.as_bytes().chunks(3).all(|piece| tokens.pass(piece).is_ok())
    }

    #[test]
    fn tags_texts_and_comments_are_bounded() {
        let long = "x".repeat(TOKEN_BYTES);
        let marks = ">".repeat(TOKEN_BYTES);
        for (xml, passed) in [
            ("<a b=\"c\">text</a>".repeat(100_000), true),
            ("<!-- a > b --><a/>".repeat(100_000), true),
            ("<![CDATA[a > b]]><a/>".repeat(100_000), true),
            (format!("<a>{long}</a>"), false),
            (format!("<a b=\"{long}\">"), false),
            (format!("<a b=\"{marks}\">"), false),
            (format!("<a b='{marks}'>"), false),
            (format!("<!--{marks}-->"), false),
            (format!("<![CDATA[{marks}]]>"), false),
            (format!("<?{long}?>"), false),
            (format!("<a {long}>"), false),
        ] {
            assert_eq!(passes(&xml), passed, "{}", &xml[..12]);
        }
    }

    #[test]
    fn names_are_compared_as_paths() {
        assert_eq!(normal("xl\\Worksheets/../sharedStrings.xml"), "xl/sharedstrings.xml");
        assert_eq!(normal("/xl/workbook.xml"), "xl/workbook.xml");
    }
}
