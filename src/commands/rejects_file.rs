//! `--rejects PATH`: rejected rows in a file of their own, private and whole or not there.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::failure::Failure;
use crate::domain::definition::Delimiter;
use crate::domain::ending::Exit;
use crate::domain::figures::counted;
use crate::domain::header::Header;
use crate::domain::read_as::ReadAs;
use crate::recipients::{Rejects, Row, Source};
use crate::report::Destination;

/// The file while it is being written.
pub(super) struct RejectsFile {
    path: PathBuf,
    rejects: Rejects<Destination>,
    rows: u64,
    quiet: bool,
}

impl RejectsFile {
    pub(super) fn begin(
        path: &Path,
        source: &Source,
        header: &Header,
        read_as: &ReadAs,
        quiet: bool,
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
        let delimiter = Delimiter::ALL.into_iter().find(|known| Some(known.words()) == read_as.delimiter);
        let delimiter = delimiter.unwrap_or(Delimiter::Comma).byte();
        let destination = Destination::create(path).map_err(|error| {
            let failure = Failure::from(error);
            // A report goes where -o says.
            let hint = failure.hint.map(|hint| {
                hint.replace("-o FOLDER/report.csv", "--rejects FOLDER/wrong.csv").replace("-o", "--rejects")
            });
            Failure { hint, ..failure }
        })?;
        let rejects = Rejects::begin(destination, delimiter, header).map_err(|error| cannot(path, &error))?;
        Ok(Self { path: path.to_owned(), rejects, rows: 0, quiet })
    }

    pub(super) fn see(&mut self, row: &Row) -> Result<(), Failure> {
        self.rows += u64::from(row.outcome.is_err());
        self.rejects.see(row).map_err(|error| cannot(&self.path, &error))
    }

    /// Puts the file in its place.
    pub(super) fn end(self) -> Result<(), Failure> {
        let Self { path, rejects, rows, quiet } = self;
        let destination = rejects.end().map_err(|error| cannot(&path, &error))?;
        destination.commit()?;
        if rows > 0 && !quiet {
            let path = path.display();
            // There is nobody left to tell.
            let _ = writeln!(
                io::stderr().lock(),
                "{path} has {}: correct them there, then `campaign run {path}`; the other rows stay as they are",
                counted(rows, "rejected row", "rejected rows")
            );
        }
        Ok(())
    }
}

fn cannot(path: &Path, error: &io::Error) -> Failure {
    Failure {
        message: format!("failed to write {}: {error}", path.display()),
        hint: Some("make room, or name another file with --rejects".to_owned()),
        exit: Exit::Failure,
    }
}
