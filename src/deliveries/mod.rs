//! Files, folders and pipes of the account's events become events, streamed: gzip or not, in whatever arrangement
//! [`Splitter`] knows. What is no event is handed on with its place, and never ends the reading. Nothing is joined here.

use std::collections::VecDeque;
use std::fmt;
use std::fs;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::domain::events::{self, AccountEvent, Splitter, StreamPiece};
use crate::domain::foreign;
use crate::files;
use crate::files::unpacking::{TooMuchUnpacked, Unpacking};

/// Bytes that are read at once.
const CHUNK: usize = 1 << 16;
/// How often one compression may be in another: Firehose packs what CloudWatch Logs has packed.
const LAYERS: usize = 2;
/// Folders in folders, at most.
const DEEPEST: usize = 16;

/// Where events are read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Standard input.
    Stdin,
    /// A file, or a folder with all files below it.
    Path(PathBuf),
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("-"),
            Self::Path(path) => f.write_str(&foreign::path(path)),
        }
    }
}

/// A record that is no event, or a file that ends early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRecord {
    /// The file.
    pub file: String,
    /// Where in its unpacked bytes it begins.
    pub at: u64,
    /// Why.
    pub why: String,
}

impl fmt::Display for BadRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}: {}", self.file, self.at, self.why)
    }
}

/// What was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Files.
    pub files: u64,
    /// Events of messages and contacts.
    pub events: u64,
    /// Sound records of other kinds.
    pub other: u64,
    /// Records that could not be read.
    pub bad: u64,
}

/// An input that cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[error("failed to read {input}")]
pub struct ReadError {
    /// The file or folder.
    pub input: String,
    source: io::Error,
}

/// The files of the inputs, in order; those of a folder by name.
///
/// # Errors
/// Where a file or folder does not exist or cannot be listed; nothing was read then.
pub fn files(inputs: &[Input]) -> Result<Vec<Input>, ReadError> {
    let mut found = Vec::new();
    for input in inputs {
        match input {
            Input::Stdin => found.push(Input::Stdin),
            Input::Path(path) => list(path, 0, &mut found)
                .map_err(|source| ReadError { input: foreign::path(path), source })?,
        }
    }
    Ok(found)
}

fn list(path: &Path, depth: usize, found: &mut Vec<Input>) -> io::Result<()> {
    if !fs::metadata(path)?.is_dir() {
        if depth > 0 {
            // A pipe or a device among files is none of the account's.
            files::open_regular(path).map_err(|error| in_folder(path, &error))?;
        }
        found.push(Input::Path(path.to_owned()));
        return Ok(());
    }
    if depth == DEEPEST {
        return Err(io::Error::other("folders in it are nested too deep"));
    }
    let mut inner = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // An export of CloudWatch Logs leaves this file to see whether it may write.
        let is_event_file = !name.starts_with('.') && name != "aws-logs-write-test";
        // A link to a folder may lead back.
        let is_loop = entry.file_type()?.is_symlink() && entry.path().is_dir();
        if is_event_file && !is_loop {
            inner.push(entry.path());
        }
    }
    inner.sort();
    inner.iter().try_for_each(|path| list(path, depth + 1, found))
}

/// What is wrong with something in a folder, with its name.
fn in_folder(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", foreign::path(path)))
}

/// What reading ends with before the end.
#[derive(Debug)]
pub enum Stopped<E> {
    /// The file could not be opened.
    Unopened(ReadError),
    /// The one who takes the events wants no more.
    Refused(E),
}

/// Reads a file and hands over its events in order. What cannot be read of it is a bad record.
///
/// # Errors
/// [`Stopped`]; events before are handed over.
pub fn read<E>(
    input: &Input,
    totals: &mut Totals,
    mut event: impl FnMut(AccountEvent) -> Result<(), E>,
    mut bad: impl FnMut(BadRecord),
) -> Result<(), Stopped<E>> {
    let file = input.to_string();
    let reader = match input {
        Input::Stdin => files::refuse_endless_stdin().map(|()| Box::new(io::stdin()) as Box<dyn Read + Send>),
        Input::Path(path) => files::open(path).map(|file| Box::new(file) as Box<dyn Read + Send>),
    }
    .map_err(|source| Stopped::Unopened(ReadError { input: file.clone(), source }))?;
    totals.files += 1;
    let (unpacking, reader) = Unpacking::of_pipe(reader);
    let mut found: VecDeque<AccountEvent> = VecDeque::new();
    let mut splitter = Splitter::default();
    let mut at = 0;
    let mut chunk = vec![0; CHUNK];
    let mut unpacked = unpack(reader, LAYERS).map(|reader| unpacking.bounded(reader));
    loop {
        let length = match unpacked.as_mut().map(|reader| reader.read(&mut chunk)) {
            Ok(Ok(length)) => length,
            Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => continue,
            Ok(Err(error)) => {
                totals.bad += 1;
                bad(BadRecord {
                    file: file.clone(),
                    at,
                    why: match TooMuchUnpacked::is_in(&error) {
                        true => format!("{error}: the rest is not read"),
                        false => format!("the file cannot be read on: {error}"),
                    },
                });
                0
            }
            Err(error) => {
                totals.bad += 1;
                bad(BadRecord { file: file.clone(), at, why: format!("the file cannot be read: {error}") });
                0
            }
        };
        let mut each = |piece: StreamPiece<'_>| sort(piece, &file, totals, &mut found, &mut bad);
        if length == 0 {
            splitter.end(&mut each);
        } else {
            splitter.push(&chunk[..length], &mut each);
        }
        at += length as u64;
        for found in found.drain(..) {
            event(found).map_err(Stopped::Refused)?;
        }
        if length == 0 {
            return Ok(());
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "a piece is sorted once")]
fn sort(
    piece: StreamPiece<'_>,
    file: &str,
    totals: &mut Totals,
    found: &mut VecDeque<AccountEvent>,
    bad: &mut impl FnMut(BadRecord),
) {
    let mut no_event = |at, why: String| {
        totals.bad += 1;
        bad(BadRecord { file: file.to_owned(), at, why });
    };
    match piece {
        StreamPiece::Bad(at, why) => no_event(at, why.to_owned()),
        StreamPiece::Record(at, record) => {
            let parsed = events::parse(record);
            parsed.bad.iter().for_each(|why| no_event(at, why.to_string()));
            totals.other += parsed.other;
            totals.events += parsed.events.len() as u64;
            found.extend(parsed.events);
        }
    }
}

/// The text in a file, told by its first bytes.
fn unpack(mut reader: Box<dyn Read + Send>, layers: usize) -> io::Result<Box<dyn Read + Send>> {
    let mut head = Vec::new();
    reader.by_ref().take(2).read_to_end(&mut head)?;
    let packed = head == b"\x1f\x8b";
    let whole: Box<dyn Read + Send> = Box::new(io::Cursor::new(head).chain(reader));
    if packed && layers > 0 {
        return unpack(Box::new(MultiGzDecoder::new(BufReader::new(whole))), layers - 1);
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use crate::files::unpacking::UNPACKED;

    fn event(id: &str) -> String {
        format!(
            r#"{{"eventType":"TEXT_SENT","eventTimestamp":1759342841377,"messageId":"{id}","messageStatus":"SENT"}}"#
        )
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    }

    fn all(input: &Input) -> (Vec<String>, Vec<String>, Totals) {
        let (mut ids, mut told, mut totals) = (Vec::new(), Vec::new(), Totals::default());
        for file in files(std::slice::from_ref(input)).unwrap() {
            let event = |event| {
                if let AccountEvent::Message(event) = event {
                    ids.push(event.message_id);
                }
                Ok::<_, ()>(())
            };
            read(&file, &mut totals, event, |bad| told.push(bad.to_string())).unwrap();
        }
        (ids, told, totals)
    }

    #[test]
    fn a_folder_is_read_with_everything_below_it() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        write("2026/03/01/firehose-1", (event("a") + &event("b")).as_bytes());
        write("2026/03/02/trail.json.gz", &packed(format!("{{\"Records\":[{}]}}", event("c")).as_bytes()));
        // Firehose appends to what CloudWatch Logs has packed, and packs it again.
        let logs = [packed(event("d").as_bytes()), packed(event("e").as_bytes())].concat();
        write("logs.gz", &packed(&logs));
        write("zz.jsonl", format!("{}\n{{\"messageId\": }}\n{}\n", event("f"), event("g")).as_bytes());
        write("aws-logs-write-test", b"Permission Check Successful");
        write(".hidden", b"nothing of ours");
        let (ids, told, totals) = all(&Input::Path(folder.path().to_owned()));
        assert_eq!(ids, ["a", "b", "c", "d", "e", "f", "g"]);
        assert_eq!(totals, Totals { files: 4, events: 7, other: 0, bad: 1 });
        let place =
            format!("{}/zz.jsonl at byte {}: ", folder.path().to_string_lossy(), event("f").len() + 1);
        assert!(told[0].starts_with(&place) && told[0].contains("expected value"), "{told:?}");
    }

    #[test]
    fn a_file_that_breaks_off_gives_what_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cut.gz");
        let records: String = (0..2_000).map(|id| event(&id.to_string()) + "\n").collect();
        let packed = packed(records.as_bytes());
        fs::write(&path, &packed[..packed.len() / 2]).unwrap();
        let (ids, told, totals) = all(&Input::Path(path));
        assert!(ids.len() > 100 && ids.len() < 2_000, "{}", ids.len());
        assert!(told[0].contains("the file cannot be read on"), "{told:?}");
        assert!(totals.bad >= 1);
        let missing = files(&[Input::Path(folder.path().join("none"))]).unwrap_err();
        assert!(missing.to_string().ends_with("none"));
        let empty = folder.path().join("empty");
        fs::write(&empty, "").unwrap();
        assert_eq!(all(&Input::Path(empty)).2, Totals { files: 1, ..Totals::default() });
    }

    /// What is read is bounded by the file, and what came before the bound is not lost.
    #[test]
    fn what_comes_out_of_a_file_is_bounded_by_what_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bomb.gz");
        let mut bomb = GzEncoder::new(fs::File::create(&path).unwrap(), Compression::fast());
        bomb.write_all(event("first").as_bytes()).unwrap();
        let blank = vec![b'\n'; 1 << 20];
        for _ in 0..(UNPACKED >> 20) {
            bomb.write_all(&blank).unwrap();
        }
        bomb.write_all(event("last").as_bytes()).unwrap();
        bomb.finish().unwrap();
        let (ids, told, totals) = all(&Input::Path(path));
        assert_eq!((&ids[..], totals.bad), (&["first".to_owned()][..], 1));
        assert!(told[0].contains("more than a hundred times"), "{told:?}");
    }

    /// In a thread whose stack is no larger than those of the pool that reads files.
    #[test]
    fn nesting_never_overflows_the_stack() {
        for nested in
            [r#"{"detail":"#.repeat(100_000), "[".repeat(100_000), r#"{"logEvents":[{"detail":"#.repeat(63)]
        {
            let parsed = std::thread::Builder::new()
                .stack_size(2 << 20)
                .spawn(move || events::parse(nested.as_bytes()))
                .unwrap()
                .join()
                .unwrap();
            assert_eq!(parsed.bad.len(), 1);
        }
    }
}
