//! Rejected rows in a file of their own, with mode 0600, complete or not there.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use crate::app::error::Error;
use crate::domain::definition::Delimiter;
use crate::domain::foreign;
use crate::domain::next_step::NextStep;
use crate::domain::row::binding::Binding;
use crate::domain::table::detected_format::DetectedFormat;
use crate::domain::table::header::Header;
use crate::recipients::{Recipients, Rejects, Row};
use crate::report::Destination;

/// The file while it is being written.
pub struct RejectsFile {
    path: PathBuf,
    rejects: Rejects<Destination>,
    rows: u64,
}

/// The file once it is in its place.
#[derive(Debug, Clone)]
pub struct WrittenRejects {
    /// Where it is.
    pub path: PathBuf,
    /// Rows in it.
    pub rows: u64,
}

impl RejectsFile {
    /// Begins the file beside its place.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn begin(path: &Path, header: &Header, read_as: &DetectedFormat) -> Result<Self, Error> {
        let destination = Destination::create(path).map_err(|error| Error::creating_rejects(path, error))?;
        let rejects =
            Rejects::begin(destination, delimiter(read_as), header).map_err(|error| cannot(path, &error))?;
        Ok(Self { path: path.to_owned(), rejects, rows: 0 })
    }

    /// Takes the row, if it is rejected.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn see(&mut self, row: &Row) -> Result<(), Error> {
        let rejected = row.outcome.as_ref().is_err_and(|rejection| !rejection.is_left_out());
        self.rows += u64::from(rejected);
        self.rejects.see(row).map_err(|error| cannot(&self.path, &error))
    }

    /// Puts the file in its place. Says what it has, if it has rows.
    pub fn end(self) -> Result<Option<WrittenRejects>, Error> {
        let Self { path, rejects, rows } = self;
        let destination = rejects.end().map_err(|error| cannot(&path, &error))?;
        destination.commit()?;
        Ok((rows > 0).then_some(WrittenRejects { path, rows }))
    }
}

/// Refuses to replace a file that has something else than it would be given: somebody may have corrected it. `again` opens
/// the recipients file once more, where it can be read twice.
pub fn keep_what_is_there(
    path: &Path,
    again: impl FnOnce() -> Result<Option<Recipients>, Error>,
    binding: &Binding,
) -> Result<(), Error> {
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
    Err(Error::usage(
        format!(
            "{} is there already, and has something else than the rejected rows of this file",
            foreign::path(path)
        ),
        NextStep::RunCorrectedRows(path.to_owned()),
    ))
}

/// Whether the file at `path` is what it would be made.
fn would_be(path: &Path, recipients: &mut Recipients, binding: &Binding) -> Result<bool, Error> {
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

fn cannot(path: &Path, error: &io::Error) -> Error {
    Error::system(format!("failed to write {}: {error}", foreign::path(path)), NextStep::RoomForRejects)
}
