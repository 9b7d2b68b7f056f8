//! `--rejects PATH`: rejected rows in a file of their own, private and whole or not there.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use crate::cli::Shared;
use crate::cli::commands::failure::Failure;
use crate::cli::commands::next;
use crate::cli::commands::next::GoOn;
use crate::cli::commands::sending::SendArgs;
use crate::domain::definition::Delimiter;
use crate::domain::delivery::ending::Exit;
use crate::domain::figures::counted;
use crate::domain::row::binding::Binding;
use crate::domain::table::detected_format::DetectedFormat;
use crate::domain::table::header::Header;
use crate::recipients::{Recipients, Rejects, Row, Source};
use crate::report::Destination;

/// The file while it is being written.
pub(in crate::cli::commands) struct RejectsFile {
    path: PathBuf,
    rejects: Rejects<Destination>,
    rows: u64,
}

/// The file once it is in its place.
#[derive(Debug, Clone)]
pub(in crate::cli::commands) struct Written {
    path: PathBuf,
    rows: u64,
}

impl Written {
    /// How many rows it has, and how they come back.
    pub(in crate::cli::commands) fn words(&self, shared: &Shared, send: &SendArgs) -> String {
        format!(
            "{} has {}: correct them there, then `{}`; the other rows stay as they are",
            self.path.display(),
            counted(self.rows, "rejected row", "rejected rows"),
            next::command(GoOn::File(&self.path), shared, send)
        )
    }

    /// The same where the journal does not have the first file yet.
    pub(in crate::cli::commands) fn words_before(&self, first: &Path, shared: &Shared) -> String {
        let [first, corrected] =
            [first, &self.path].map(|path| next::command(GoOn::File(path), shared, &SendArgs::default()));
        format!(
            "{} has {}: `{first}` leaves them out; correct them there, then `{corrected}`",
            self.path.display(),
            counted(self.rows, "rejected row", "rejected rows"),
        )
    }
}

impl RejectsFile {
    pub(in crate::cli::commands) fn begin(
        path: &Path,
        source: &Source,
        header: &Header,
        read_as: &DetectedFormat,
    ) -> Result<Self, Failure> {
        if let Source::File(file) = source
            && let (Ok(file), Ok(place)) = (file.canonicalize(), path.canonicalize())
            && file == place
        {
            return Err(Failure::usage(
                format!("--rejects {} is the recipients file itself", path.display()),
                "name another file; the rejected rows will be in it",
            ));
        }
        let destination = Destination::create(path).map_err(|error| {
            let failure = Failure::from(error);
            // A report goes where -o says.
            let hint = failure.hint.map(|hint| {
                hint.replace("-o FOLDER/report.csv", "--rejects FOLDER/wrong.csv").replace("-o", "--rejects")
            });
            Failure { hint, ..failure }
        })?;
        let rejects =
            Rejects::begin(destination, delimiter(read_as), header).map_err(|error| cannot(path, &error))?;
        Ok(Self { path: path.to_owned(), rejects, rows: 0 })
    }

    pub(in crate::cli::commands) fn see(&mut self, row: &Row) -> Result<(), Failure> {
        self.rows += u64::from(row.outcome.is_err());
        self.rejects.see(row).map_err(|error| cannot(&self.path, &error))
    }

    /// Puts the file in its place. Says what it has, if it has rows.
    pub(in crate::cli::commands) fn end(self) -> Result<Option<Written>, Failure> {
        let Self { path, rejects, rows } = self;
        let destination = rejects.end().map_err(|error| cannot(&path, &error))?;
        destination.commit()?;
        Ok((rows > 0).then_some(Written { path, rows }))
    }
}

/// Refuses to replace a file that has something else than it would be given: somebody may have corrected it. `again` opens
/// the recipients file once more, where it can be read twice.
pub(in crate::cli::commands) fn keep_what_is_there(
    path: &Path,
    again: impl FnOnce() -> Result<Option<Recipients>, Failure>,
    binding: &Binding,
) -> Result<(), Failure> {
    let has_something = fs::metadata(path).is_ok_and(|there| there.is_file() && there.len() > 0);
    if !has_something {
        return Ok(());
    }
    let same = match again()? {
        Some(mut recipients) => would_be(path, &mut recipients, binding)?,
        None => false,
    };
    if same {
        return Ok(());
    }
    let path = path.display();
    Err(Failure::usage(
        format!("{path} is there already, and has something else than the rejected rows of this file"),
        format!(
            "if they are corrected in it, `campaign run {path}` takes them back; else name another file with --rejects, or \
             delete this one; nothing was sent"
        ),
    ))
}

/// Whether the file at `path` is what it would be made.
fn would_be(path: &Path, recipients: &mut Recipients, binding: &Binding) -> Result<bool, Failure> {
    let there = fs::File::open(path).map_err(|error| cannot(path, &error))?;
    let same = Same { there: BufReader::new(there) };
    let delimiter = delimiter(&recipients.read_as());
    let Ok(mut rejects) = Rejects::begin(same, delimiter, recipients.header()) else { return Ok(false) };
    while let Some(row) = recipients.next_row(binding)? {
        if rejects.see(&row).is_err() {
            return Ok(false);
        }
    }
    Ok(rejects.end().is_ok_and(|mut same| same.there.fill_buf().is_ok_and(<[u8]>::is_empty)))
}

/// Takes only what is there already.
struct Same {
    there: BufReader<fs::File>,
}

impl Write for Same {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut there = vec![0; bytes.len()];
        self.there.read_exact(&mut there)?;
        if there == bytes { Ok(bytes.len()) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is between cells: the same as in the file that the rows are from.
fn delimiter(read_as: &DetectedFormat) -> u8 {
    let delimiter = Delimiter::ALL.into_iter().find(|known| Some(known.words()) == read_as.delimiter);
    delimiter.unwrap_or(Delimiter::Comma).byte()
}

fn cannot(path: &Path, error: &io::Error) -> Failure {
    Failure {
        message: format!("failed to write {}: {error}", path.display()),
        hint: Some("make room, or name another file with --rejects".to_owned()),
        exit: Exit::Failure,
    }
}
