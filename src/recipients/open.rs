//! Opening a recipients file: layer after layer is recognised by its first bytes and taken off.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::encoding::{self, Charset, Decoded, Found, Scan};
use super::error::{FileError, FileProblem};
use super::quotes::Dialect;
use super::records::Records;
use super::rejects::{self, Extra};
use super::unpack::{compression, unpack};
use super::workbook::Container;
use super::{Read as Row, Recipients, RecordTable, Source, sniff, workbook};
use crate::domain::definition::{Delimiter, HiddenRows, RecipientsSettings};
use crate::domain::table::detected_format::{Compression, DetectedFormat};
use crate::domain::table::formula::original;
use crate::domain::table::header::Header;
use crate::domain::table::quote_marks::{is_quoted, within_quotes};
use crate::domain::table::report_format::own_columns;
use crate::files;
use crate::files::unpacking::Unpacking;

/// The byte order mark of UTF-8, and what a program makes of it that takes it for text and writes that as UTF-8.
const MARKS: [&[u8]; 2] = [b"\xef\xbb\xbf", b"\xc3\xaf\xc2\xbb\xc2\xbf"];

impl Recipients {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// [`FileError`] where there is no file, no header, or nothing that can be read as a table; where it is an object, which
    /// must be fetched first.
    pub fn open(source: &Source, settings: &RecipientsSettings) -> Result<Self, FileError> {
        let name = source.to_string();
        match source {
            Source::Stdin => {
                files::refuse_endless_stdin().map_err(|error| FileError::new(&name, error.into()))?;
                Self::from_reader(io::stdin(), &name, settings)
            }
            Source::File(path) => {
                Self::from_file(path, &name, settings).map_err(|problem| FileError::new(&name, problem))
            }
            Source::Object(_) => Err(FileError::new(&name, FileProblem::missing(&source.path()))),
        }
    }

    /// Opens the copy of a file that is called `name` as the file itself would be opened. The copy may have no path any more.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_copy(copy: &File, name: &str, settings: &RecipientsSettings) -> Result<Self, FileError> {
        Self::from_copy(copy, name, settings).map_err(|problem| FileError::new(name, problem))
    }

    fn from_copy(copy: &File, name: &str, settings: &RecipientsSettings) -> Result<Self, FileProblem> {
        refuse_definition(Path::new(name))?;
        let own = rejects::are_in(copy).then(|| as_rejects_are(settings));
        let (again, reader) = (FileAgain::Copy(copy), CopyReader::of(copy)?);
        let unpacking = Unpacking::of_file(copy.metadata()?.len());
        let layers =
            Layers { settings: own.as_ref().unwrap_or(settings), again, unpacking, in_archive: false };
        layers.open(Box::new(reader), name)
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
        let (unpacking, reader) = Unpacking::of_pipe(reader);
        Layers { settings, again: FileAgain::Never, unpacking, in_archive: false }
            .open(reader, name)
            .map_err(|problem| FileError::new(name, problem))
    }

    fn from_file(path: &Path, name: &str, settings: &RecipientsSettings) -> Result<Self, FileProblem> {
        refuse_definition(path)?;
        let file = open(path)?;
        let own = rejects::are_in(&file).then(|| as_rejects_are(settings));
        // A pipe with a name cannot be read twice.
        let (layers, reader) = Layers::of(path, file, own.as_ref().unwrap_or(settings))?;
        layers.open(reader, name)
    }
}

/// The settings for a file of rejected rows: what the definition says of how the first file is written does not hold for
/// what this program wrote.
fn as_rejects_are(settings: &RecipientsSettings) -> RecipientsSettings {
    RecipientsSettings { encoding: None, delimiter: None, sheet: None, header_row: None, ..settings.clone() }
}

fn refuse_definition(path: &Path) -> Result<(), FileProblem> {
    let is_definition = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml"));
    if is_definition { Err(FileProblem::Definition) } else { Ok(()) }
}

fn open(path: &Path) -> Result<File, FileProblem> {
    files::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => FileProblem::missing(path),
        io::ErrorKind::IsADirectory => FileProblem::Directory,
        _ => error.into(),
    })
}

/// How a file is read a second time.
#[derive(Clone, Copy)]
enum FileAgain<'a> {
    /// It cannot be.
    Never,
    /// By its path.
    Path(&'a Path),
    /// It is a copy, whose descriptors share one position.
    Copy(&'a File),
}

impl FileAgain<'_> {
    /// From its beginning, whoever else reads it.
    fn reader(self) -> io::Result<Option<Box<dyn Read + Send>>> {
        Ok(match self {
            Self::Never => None,
            Self::Path(path) => Some(Box::new(File::open(path)?)),
            Self::Copy(copy) => Some(Box::new(CopyReader::of(copy)?)),
        })
    }

    /// A file with a position of its own.
    fn file(self) -> io::Result<Option<File>> {
        match self {
            Self::Path(path) => File::open(path).map(Some),
            other => other.reader()?.map(spooled).transpose(),
        }
    }
}

/// Reads a copy at a position of its own.
struct CopyReader {
    copy: File,
    at: u64,
}

impl CopyReader {
    fn of(copy: &File) -> io::Result<Self> {
        Ok(Self { copy: copy.try_clone()?, at: 0 })
    }
}

impl Read for CopyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.copy.read_at(buffer, self.at)?;
        self.at += length as u64;
        Ok(length)
    }
}

/// A copy that goes with the process.
fn spooled(mut reader: Box<dyn Read + Send>) -> io::Result<File> {
    let mut copy = tempfile::tempfile()?;
    io::copy(&mut reader, &mut copy)?;
    copy.rewind()?;
    Ok(copy)
}

struct Layers<'a> {
    settings: &'a RecipientsSettings,
    /// The file, where it can be read a second time.
    again: FileAgain<'a>,
    /// How much may come out of it.
    unpacking: Unpacking,
    /// Whether it came out of an archive: another one in it is not opened.
    in_archive: bool,
}

/// A table below all layers.
struct Opened {
    table: RecordTable,
    read_as: DetectedFormat,
    /// Whether the text was decoded.
    decoded: bool,
    /// Lines that a spreadsheet does not count.
    uncounted: u64,
}

impl<'a> Layers<'a> {
    /// The layers of a file, and the file as it must be read. A pipe with a name cannot be read twice.
    fn of(
        path: &'a Path,
        file: File,
        settings: &'a RecipientsSettings,
    ) -> Result<(Self, Box<dyn Read + Send>), FileProblem> {
        let metadata = file.metadata()?;
        let (again, (unpacking, reader)) = if metadata.is_file() {
            let reader = Box::new(file) as Box<dyn Read + Send>;
            (FileAgain::Path(path), (Unpacking::of_file(metadata.len()), reader))
        } else {
            (FileAgain::Never, Unpacking::of_pipe(file))
        };
        Ok((Self { settings, again, unpacking, in_archive: false }, reader))
    }
    fn open(&self, reader: Box<dyn Read + Send>, name: &str) -> Result<Recipients, FileProblem> {
        let Opened { table, read_as, decoded, uncounted } = self.table(reader)?;
        let mut recipients = Recipients {
            name: name.to_owned(),
            settings: self.settings.clone(),
            header: Header::new(Vec::<String>::new()),
            table,
            read_as,
            decoded,
            extra: None,
            reported: false,
            replaced: HashSet::new(),
            blank: 0,
            broken: uncounted,
        };
        recipients.read_header().map_err(|problem| self.other_sheets(problem))?;
        Ok(recipients)
    }

    fn table(&self, reader: Box<dyn Read + Send>) -> Result<Opened, FileProblem> {
        let mut read_as = DetectedFormat::default();
        let (mut head, mut reader) = sniff::head(reader)?;
        if let Some(packed) = compression(&head) {
            read_as.compression = Some(packed);
            (head, reader) = sniff::head(self.unpacking.bounded(unpack(packed, reader)))?;
        }
        sniff::is_table(&head)?;
        if head.starts_with(sniff::WORKBOOK) || head.starts_with(sniff::OLD_WORKBOOK) {
            let file = self.seekable(reader, read_as.compression.is_some())?;
            if head.starts_with(sniff::WORKBOOK)
                && let Some(opened) = self.zipped_text(file.try_clone()?)?
            {
                return Ok(opened);
            }
            let (rows, sheet) = workbook::Rows::open(file, self.settings)?;
            read_as.sheet = Some(sheet);
            return Ok(Opened { table: RecordTable::Sheet(rows), read_as, decoded: false, uncounted: 0 });
        }
        if let Some(sheet) = &self.settings.sheet {
            return Err(FileProblem::NoSheet { wanted: sheet.as_str().into(), there: Vec::new() });
        }
        let found = self.encoding(&head)?;
        let decoded = !found.charset.is_utf_8();
        if decoded {
            (head, reader) = sniff::head(Decoded::new(reader, found.charset))?;
        }
        read_as.encoding = Some(found.charset.name().to_owned());
        read_as.guess = found.guess;
        let (records, uncounted) = self.records(head, reader, &mut read_as, found.backslashes)?;
        Ok(Opened { table: RecordTable::Text(Box::new(records)), read_as, decoded, uncounted })
    }

    /// The text in a zip archive that has one text and nothing else.
    fn zipped_text(&self, file: File) -> Result<Option<Opened>, FileProblem> {
        let mut container = Container::open(file)?;
        let of_nobody = |name: &&String| name.starts_with("__macosx/") || name.ends_with(".ds_store");
        let names: Vec<String> = container.names().iter().filter(|name| !of_nobody(name)).cloned().collect();
        let is_text = |name: &String| [".csv", ".tsv", ".txt"].iter().any(|ending| name.ends_with(ending));
        let texts: Vec<&String> = names.iter().filter(|name| is_text(name)).collect();
        if names
            .iter()
            .any(|name| name == "[content_types].xml" || name == "content.xml" || name.starts_with("xl/"))
        {
            return Ok(None);
        }
        let [text] = texts[..] else {
            let several = "a zip archive with more than one text file";
            return if texts.len() > 1 { Err(FileProblem::Archive(several)) } else { Ok(None) };
        };
        if self.in_archive {
            return Err(FileProblem::Archive("an archive within an archive"));
        }
        let mut copy = tempfile::NamedTempFile::new()?;
        if let Some(mut bytes) = container.bytes(text)? {
            io::copy(&mut bytes, &mut copy)?;
        }
        let inner = Layers {
            settings: self.settings,
            again: FileAgain::Path(copy.path()),
            unpacking: self.unpacking.clone(),
            in_archive: true,
        };
        let opened = inner.table(Box::new(File::open(copy.path())?))?;
        Ok(Some(Opened {
            read_as: DetectedFormat { compression: Some(Compression::Zip), ..opened.read_as },
            ..opened
        }))
    }

    /// A sheet without the columns, with those that have them.
    fn other_sheets(&self, problem: FileProblem) -> FileProblem {
        let FileProblem::OtherSheets { read, others, hidden, .. } = problem else { return problem };
        let file = self.again.file().ok().flatten();
        let with = file
            .map(|file| workbook::sheets_with(file, read.raw(), |header| self.settings.has_phone(header)));
        FileProblem::OtherSheets {
            read,
            others,
            hidden,
            with: with.unwrap_or_default().into_iter().map(Into::into).collect(),
            wanted: self.settings.phone.join(", "),
        }
    }

    fn encoding(&self, head: &[u8]) -> Result<Found, FileProblem> {
        let sure = match &self.settings.encoding {
            Some(name) => Some(encoding::named(name)?),
            None => encoding::certain(head)?.map(Charset::Standard),
        };
        let Some(charset) = sure else {
            return match self.again.reader()? {
                Some(reader) => self.scan(reader, None),
                // What comes through a pipe is judged by what has come.
                None => {
                    let mut scan = Scan::new();
                    scan.see(head);
                    scan.found(false)
                }
            };
        };
        // How quotes are written is to be found out all the same.
        let decoded = (!charset.is_ascii_like()).then_some(charset);
        let quotes = self.again.reader()?.and_then(|reader| self.scan(reader, decoded).ok());
        // A byte order mark does not keep a program from writing surrogates.
        let surrogates =
            quotes.as_ref().is_some_and(|found| charset.is_utf_8() && found.charset == Charset::Cesu8);
        let charset = if surrogates { Charset::Cesu8 } else { charset };
        Ok(Found { backslashes: quotes.is_some_and(|found| found.backslashes), ..Found::sure(charset) })
    }

    /// Reads a whole file to find out what its characters are. `charset` is for text that is not even ASCII where it is.
    fn scan(&self, file: Box<dyn Read + Send>, charset: Option<Charset>) -> Result<Found, FileProblem> {
        let (first, file) = first_bytes(file)?;
        let reader = match compression(&first) {
            Some(packed) => self.unpacking.bounded(unpack(packed, file)),
            None => file,
        };
        match charset {
            Some(charset) => Scan::new().read(Decoded::new(reader, charset)),
            None => Scan::new().read(reader),
        }
    }

    /// The records, and how many lines before them a spreadsheet does not count.
    fn records(
        &self,
        mut head: Vec<u8>,
        reader: Box<dyn Read + Send>,
        read_as: &mut DetectedFormat,
        backslashes: bool,
    ) -> Result<(Records, u64), FileProblem> {
        let mut reader = reader;
        let (mut line, mut said) = (1, None);
        let mut skip = 0;
        while let Some(mark) = MARKS.iter().find(|mark| head[skip..].starts_with(mark)) {
            skip += mark.len();
        }
        if let Some((delimiter, length)) = sniff::separator_line(&head[skip..]) {
            (line, said) = (2, Some(delimiter));
            skip += length;
        }
        io::copy(&mut (&mut reader).take(skip as u64), &mut io::sink())?;
        head.drain(..skip);
        let delimiter = self.settings.delimiter.or(said);
        let delimiter = delimiter.unwrap_or_else(|| sniff::delimiter(&head, &self.settings.phone));
        read_as.delimiter = Some(delimiter.words());
        let quote = if sniff::has_apostrophes(&head, delimiter) { b'\'' } else { b'"' };
        let dialect = Dialect { quote, backslashes, ..Dialect::usual(delimiter) };
        Ok((Records::with(reader, dialect, line), line - 1))
    }

    /// The workbook as a file: itself, or a copy that goes with the process.
    fn seekable(&self, reader: Box<dyn Read + Send>, packed: bool) -> Result<File, FileProblem> {
        match self.again {
            FileAgain::Path(path) if !packed => Ok(File::open(path)?),
            _ => Ok(spooled(reader)?),
        }
    }
}

/// The first bytes of a file, and the file with them.
fn first_bytes(mut file: Box<dyn Read + Send>) -> io::Result<(Vec<u8>, Box<dyn Read + Send>)> {
    let mut bytes = Vec::new();
    (&mut file).take(4).read_to_end(&mut bytes)?;
    let whole = whole(&bytes, file);
    Ok((bytes, whole))
}

/// Rows below a first line without the columns that are looked at for them.
const LOOKED_AT: usize = 20;

impl Recipients {
    fn read_header(&mut self) -> Result<(), FileProblem> {
        let (read, above) = self.header_record()?;
        if read.wrong.is_some() {
            return Err(FileProblem::NotText { line: read.lines.first });
        }
        if let RecordTable::Sheet(rows) = &mut self.table {
            rows.header_has(read.record.len());
        }
        let names: Vec<&str> = read.record.iter().collect();
        let own = own_columns(&names);
        self.reported = own.is_some();
        let header = own.map_or_else(|| Header::new(&names), Header::new);
        self.extra = Extra::find(&header)?;
        self.header = match &self.extra {
            Some(extra) => {
                let own = header.names().iter().enumerate().filter(|(at, _)| !extra.has(*at));
                Header::new(own.map(|(_, name)| original(name)))
            }
            None => header,
        };
        let found = |name: &String| self.header.find(name).is_ok();
        if self.settings.phone.is_empty() || self.settings.phone.iter().any(found) {
            return Ok(());
        }
        if let Some(above) = above {
            let wanted = self.settings.phone.join(", ");
            return Err(FileProblem::HeaderBelow { line: read.lines.first, below: above, wanted });
        }
        self.wholly_quoted()?;
        self.in_marks()?;
        self.below(read.lines.first)?;
        match &self.read_as.sheet {
            Some(sheet) if !(sheet.others.is_empty() && sheet.hidden_sheets.is_empty()) => {
                Err(FileProblem::OtherSheets {
                    read: sheet.name.as_str().into(),
                    others: sheet
                        .others
                        .iter()
                        .chain(&sheet.hidden_sheets)
                        .map(|name| name.as_str().into())
                        .collect(),
                    hidden: sheet.hidden_sheets.iter().map(|name| name.as_str().into()).collect(),
                    with: Box::default(),
                    wanted: String::new(),
                })
            }
            _ => Ok(()),
        }
    }

    /// The record that names the columns, and the line above it that has the phone column, if one has.
    fn header_record(&mut self) -> Result<(Row, Option<u64>), FileProblem> {
        let mut above = None;
        loop {
            let Some(read) = self.next_filled()? else {
                let line = self.settings.header_row;
                return Err(line.map_or(FileProblem::Empty, |line| FileProblem::NoHeaderRow { line }));
            };
            match self.settings.header_row {
                Some(line) if read.lines.first > line => return Err(FileProblem::NoHeaderRow { line }),
                Some(line) if read.lines.last < line => {
                    let names_phone = self.settings.has_phone(&Header::new(read.record.iter()));
                    above = above.or(names_phone.then_some(read.lines.first));
                }
                _ => return Ok((read, above)),
            }
        }
    }

    /// Refuses a file whose lines are in quotes as a whole: to a spreadsheet each is one cell.
    fn wholly_quoted(&self) -> Result<(), FileProblem> {
        let names: Vec<&str> = self.header.names().iter().map(String::as_str).collect();
        let [only] = names[..] else {
            // Apostrophes around lines keep no delimiter together.
            let whole = |name: &str, next: &str| name.starts_with('\'') && next.ends_with('\'');
            let quoted = names.first().zip(names.last()).is_some_and(|(first, last)| {
                let bare = names.iter().map(|name| name.trim_matches('\''));
                whole(first, last) && self.settings.has_phone(&Header::new(bare))
            });
            return if quoted { Err(FileProblem::WhollyQuoted) } else { Ok(()) };
        };
        let bare = |name: &str| name.trim_matches(['"', '\'']).to_owned();
        let split = |delimiter: &Delimiter| Header::new(only.split(char::from(delimiter.byte())).map(bare));
        let quoted = Delimiter::ALL.iter().any(|delimiter| {
            let header = split(delimiter);
            header.names().len() > 1 && !self.settings.phone.is_empty() && self.settings.has_phone(&header)
        });
        if quoted { Err(FileProblem::WhollyQuoted) } else { Ok(()) }
    }

    /// Refuses a file whose columns are named in quotes that a CSV does not have.
    fn in_marks(&self) -> Result<(), FileProblem> {
        let bare = self.header.names().iter().map(|name| within_quotes(name).unwrap_or(name));
        match self.header.names().iter().find(|name| is_quoted(name)) {
            Some(name) if self.settings.has_phone(&Header::new(bare)) => {
                Err(FileProblem::NamesInMarks { name: name.as_str().into() })
            }
            _ => Ok(()),
        }
    }

    /// Refuses a file with titles above the line that names the columns.
    fn below(&mut self, line: u64) -> Result<(), FileProblem> {
        if self.settings.header_row.is_some() || self.settings.phone.is_empty() {
            return Ok(());
        }
        for _ in 0..LOOKED_AT {
            // A file that cannot be read on is told as that when it comes to it.
            let Ok(Some(read)) = self.next_filled() else { return Ok(()) };
            if self.settings.has_phone(&Header::new(read.record.iter())) {
                let below = read.lines.first;
                return Err(FileProblem::HeaderBelow { line, below, wanted: self.settings.phone.join(", ") });
            }
        }
        Ok(())
    }
}

/// A list, record after record.
pub(super) struct List {
    table: RecordTable,
}

impl List {
    pub(super) fn next(&mut self) -> Result<Option<Row>, FileProblem> {
        self.table.next()
    }
}

/// The records of a list: a text or a workbook whose encoding and delimiter are its own, or the numbers that opted out as
/// AWS describes them in JSON.
pub(super) fn list(path: &Path, settings: &RecipientsSettings) -> Result<List, FileProblem> {
    let settings = &RecipientsSettings {
        phone: settings.phone.clone(),
        hidden_rows: Some(HiddenRows::Send),
        ..RecipientsSettings::default()
    };
    let (layers, reader) = Layers::of(path, open(path)?, settings)?;
    let (head, reader) = sniff::head(reader)?;
    if head.trim_ascii_start().starts_with(b"{") {
        let numbers = opted_out(reader)?;
        let text: Box<dyn Read + Send> = Box::new(Cursor::new(numbers.into_bytes()));
        return Ok(List { table: RecordTable::Text(Box::new(Records::new(text, Delimiter::Comma, 1))) });
    }
    let opened = layers.table(reader)?;
    if let Some(sheet) = &opened.read_as.sheet
        && let Ok(file) = File::open(path)
    {
        let others = workbook::sheets_with(file, &sheet.name, |header| !header.names().is_empty());
        if !others.is_empty() {
            let read = sheet.name.as_str().into();
            return Err(FileProblem::ListSheets {
                read,
                others: others.into_iter().map(Into::into).collect(),
            });
        }
    }
    Ok(List { table: opened.table })
}

/// The answer of `describe-opted-out-numbers`, as a list of numbers.
fn opted_out(reader: impl Read) -> Result<String, FileProblem> {
    #[derive(serde::Deserialize)]
    struct Answer {
        #[serde(rename = "OptedOutNumbers")]
        numbers: Vec<Entry>,
        #[serde(rename = "NextToken")]
        next: Option<String>,
    }
    #[derive(serde::Deserialize)]
    struct Entry {
        #[serde(rename = "OptedOutNumber")]
        number: String,
    }
    let bounded = io::BufReader::new(reader.take(64 * 1024 * 1024));
    let answer: Answer = serde_json::from_reader(bounded).map_err(|_| {
        FileProblem::Archive("JSON, and not that of `aws pinpoint-sms-voice-v2 describe-opted-out-numbers`")
    })?;
    if answer.next.is_some() {
        return Err(FileProblem::ListPage);
    }
    let lines = answer.numbers.iter().map(|entry| format!("\"{}\"\n", entry.number.replace('"', "\"\"")));
    Ok(std::iter::once("phone\n".to_owned()).chain(lines).collect())
}

/// Bytes that were looked at, and what follows them.
pub(super) fn whole(head: &[u8], rest: impl Read + Send + 'static) -> Box<dyn Read + Send> {
    Box::new(Cursor::new(head.to_vec()).chain(rest))
}
