//! Opening a recipients file: layer after layer is recognised by its first bytes and taken off.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek};
use std::path::Path;

use super::encoding::{self, Decoded, Found, Scan};
use super::error::{FileError, FileProblem};
use super::records::Records;
use super::rejects::Extra;
use super::unpack::{compression, unpack};
use super::{Recipients, Source, Table, sniff, workbook};
use crate::domain::definition::RecipientsSettings;
use crate::domain::table::detected_format::DetectedFormat;
use crate::domain::table::header::Header;
use crate::domain::table::report_format::own_columns;

/// The byte order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

impl Recipients {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// [`FileError`] where there is no file, no header, or nothing that can be read as a table.
    pub fn open(source: &Source, settings: &RecipientsSettings) -> Result<Self, FileError> {
        let name = source.to_string();
        match source {
            Source::Stdin => Self::from_reader(io::stdin(), &name, settings),
            Source::File(path) => {
                Self::from_file(path, &name, settings).map_err(|problem| FileError::new(&name, problem))
            }
        }
    }

    /// The same from anything that can be read; `name` is what errors are told under.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_reader(
        reader: impl Read + Send + 'static,
        name: &str,
        settings: &RecipientsSettings,
    ) -> Result<Self, FileError> {
        Layers { settings, again: None }
            .open(Box::new(reader), name)
            .map_err(|problem| FileError::new(name, problem))
    }

    fn from_file(path: &Path, name: &str, settings: &RecipientsSettings) -> Result<Self, FileProblem> {
        if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml")) {
            return Err(FileProblem::Definition);
        }
        let file = open(path)?;
        // A pipe with a name cannot be read twice.
        let again = file.metadata()?.is_file().then_some(path);
        Layers { settings, again }.open(Box::new(file), name)
    }
}

fn open(path: &Path) -> Result<File, FileProblem> {
    let file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => FileProblem::missing(path),
        _ => error.into(),
    })?;
    if file.metadata()?.is_dir() {
        return Err(FileProblem::Directory);
    }
    Ok(file)
}

struct Layers<'a> {
    settings: &'a RecipientsSettings,
    /// The file, where it can be read a second time.
    again: Option<&'a Path>,
}

impl Layers<'_> {
    fn open(&self, reader: Box<dyn Read + Send>, name: &str) -> Result<Recipients, FileProblem> {
        let mut read_as = DetectedFormat::default();
        let (mut head, mut reader) = sniff::head(reader)?;
        if let Some(packed) = compression(&head) {
            read_as.compression = Some(packed);
            (head, reader) = sniff::head(unpack(packed, reader))?;
        }
        sniff::is_table(&head)?;
        let mut decoded = false;
        let table = if head.starts_with(sniff::WORKBOOK) {
            let file = self.seekable(reader, read_as.compression.is_some())?;
            let (rows, sheet) = workbook::Rows::open(file, self.settings.sheet.as_deref())?;
            read_as.sheet = Some(sheet);
            Table::Sheet(rows)
        } else {
            if let Some(sheet) = &self.settings.sheet {
                return Err(FileProblem::NoSheet { wanted: sheet.clone(), there: Vec::new() });
            }
            let found = self.encoding(&head)?;
            decoded = found.encoding != encoding_rs::UTF_8;
            if decoded {
                (head, reader) = sniff::head(Decoded::new(reader, found.encoding))?;
            }
            read_as.encoding = Some(found.encoding.name().to_owned());
            read_as.guess = found.guess;
            Table::Text(Box::new(self.records(head, reader, &mut read_as)?))
        };
        let header = Header::new(Vec::<String>::new());
        let (name, extra, reported, replaced) = (name.to_owned(), None, false, HashSet::new());
        let mut recipients = Recipients {
            name,
            header,
            table,
            read_as,
            decoded,
            extra,
            reported,
            replaced,
            blank: 0,
            broken: 0,
        };
        recipients.read_header()?;
        Ok(recipients)
    }

    fn encoding(&self, head: &[u8]) -> Result<Found, FileProblem> {
        if let Some(name) = &self.settings.encoding {
            return encoding::named(name).map(Found::sure);
        }
        if let Some(certain) = encoding::certain(head)? {
            return Ok(Found::sure(certain));
        }
        match self.again {
            Some(path) => scan(path),
            // What comes through a pipe is judged by what has come.
            None => {
                let mut scan = Scan::new();
                scan.see(head);
                scan.found(false)
            }
        }
    }

    fn records(
        &self,
        mut head: Vec<u8>,
        reader: Box<dyn Read + Send>,
        read_as: &mut DetectedFormat,
    ) -> Result<Records, FileProblem> {
        let mut reader = reader;
        let (mut line, mut said) = (1, None);
        let mut skip = if head.starts_with(MARK) { MARK.len() } else { 0 };
        if let Some((delimiter, length)) = sniff::separator_line(&head[skip..]) {
            (line, said) = (2, Some(delimiter));
            skip += length;
        }
        io::copy(&mut (&mut reader).take(skip as u64), &mut io::sink())?;
        head.drain(..skip);
        let delimiter = self.settings.delimiter.or(said);
        let delimiter = delimiter.unwrap_or_else(|| sniff::delimiter(&head, &self.settings.phone));
        read_as.delimiter = Some(delimiter.words());
        Ok(Records::new(reader, delimiter, line))
    }

    /// The workbook as a file: itself, or a copy that goes with the process.
    fn seekable(&self, mut reader: Box<dyn Read + Send>, packed: bool) -> Result<File, FileProblem> {
        if let (Some(path), false) = (self.again, packed) {
            return Ok(File::open(path)?);
        }
        let mut copy = tempfile::tempfile()?;
        io::copy(&mut reader, &mut copy)?;
        copy.rewind()?;
        Ok(copy)
    }
}

fn first_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(4).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Recipients {
    fn read_header(&mut self) -> Result<(), FileProblem> {
        let read = self.next_filled()?.ok_or(FileProblem::Empty)?;
        if read.wrong.is_some() {
            return Err(FileProblem::NotText { line: read.lines.first });
        }
        let names: Vec<&str> = read.record.iter().collect();
        let own = own_columns(&names);
        self.reported = own.is_some();
        let header = own.map_or_else(|| Header::new(names), Header::new);
        self.extra = Extra::find(&header)?;
        self.header = match &self.extra {
            Some(extra) => {
                let own = header.names().iter().enumerate().filter(|(at, _)| !extra.has(*at));
                Header::new(own.map(|(_, name)| name))
            }
            None => header,
        };
        Ok(())
    }
}

/// The records of a list: a text that is no workbook, whose encoding and delimiter are its own.
pub(super) fn list(path: &Path, settings: &RecipientsSettings) -> Result<Records, FileProblem> {
    let (mut head, mut reader) = sniff::head(open(path)?)?;
    if let Some(packed) = compression(&head) {
        (head, reader) = sniff::head(unpack(packed, reader))?;
    }
    sniff::is_table(&head)?;
    if head.starts_with(sniff::WORKBOOK) {
        return Err(FileProblem::Archive("a workbook"));
    }
    let encoding = match encoding::certain(&head)? {
        Some(certain) => certain,
        None => scan(path)?.encoding,
    };
    if encoding != encoding_rs::UTF_8 {
        (head, reader) = sniff::head(Decoded::new(reader, encoding))?;
    }
    let settings = &RecipientsSettings { delimiter: None, ..settings.clone() };
    Layers { settings, again: None }.records(head, reader, &mut DetectedFormat::default())
}

/// Reads a whole file to find out what its characters are.
fn scan(path: &Path) -> Result<Found, FileProblem> {
    let file = File::open(path)?;
    match compression(&first_bytes(path)?) {
        Some(packed) => Scan::new().read(unpack(packed, file)),
        None => Scan::new().read(file),
    }
}

/// Bytes that were looked at, and what follows them.
pub(super) fn whole(head: &[u8], rest: impl Read + Send + 'static) -> Box<dyn Read + Send> {
    Box::new(Cursor::new(head.to_vec()).chain(rest))
}
