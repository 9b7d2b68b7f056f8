//! Where a report goes. A file is written beside its place, synced, and only then moved there: a full disk, a crash or a
//! report that does not add up leaves the earlier file, never half a report. Its mode is 0600.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::NamedTempFile;

use super::error::ReportError;
use crate::domain::foreign;
use crate::files;

const BUFFER: usize = 1 << 18;
/// How often it is looked for the reader of a pipe, and how many times.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
const PATIENCE: u32 = 600;
/// After this many times the log says so.
const SAYS_SO: u32 = 20;

/// A file on its way, or something that is no file (a pipe, a device) and can only be written to.
#[derive(Debug)]
pub struct Destination {
    path: PathBuf,
    out: BufWriter<Target>,
}

#[derive(Debug)]
enum Target {
    Beside(NamedTempFile),
    Direct(File),
}

impl Write for Destination {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Destination {
    /// Begins a report at `path`. A link is followed: what it points to is what will be replaced.
    ///
    /// # Errors
    /// [`ReportError::File`] where nothing can be written there.
    pub fn create(path: &Path) -> Result<Self, ReportError> {
        let failed = |source| ReportError::File { path: path.to_owned(), source };
        let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let target = match fs::metadata(&place) {
            Ok(there) if there.is_dir() => return Err(failed(io::ErrorKind::IsADirectory.into())),
            Ok(there) if !there.is_file() && !there.file_type().is_fifo() => {
                files::refuse_output(&place).map_err(failed)?;
                Target::Direct(OpenOptions::new().write(true).open(&place).map_err(failed)?)
            }
            Ok(there) if !there.is_file() => Target::Direct(opened_pipe(&place).map_err(failed)?),
            _ => Target::Beside(beside(&place).map_err(failed)?),
        };
        Ok(Self { path: place, out: BufWriter::with_capacity(BUFFER, target) })
    }

    /// The writer.
    pub fn out(&mut self) -> &mut impl Write {
        &mut self.out
    }

    /// Makes the report durable and puts it in its place.
    ///
    /// # Errors
    /// [`ReportError::File`]; then the place is as it was.
    pub fn commit(self) -> Result<(), ReportError> {
        let Self { path, out } = self;
        let result =
            out.into_inner().map_err(io::IntoInnerError::into_error).and_then(|target| match target {
                Target::Direct(_) => Ok(()),
                Target::Beside(file) => {
                    file.as_file().sync_all()?;
                    file.persist(&path).map_err(|error| error.error)?;
                    // The name is in the folder, and as durable as that is.
                    File::open(folder(&path))?.sync_all()
                }
            });
        result.map_err(|source| ReportError::File { path, source })
    }

    /// A failure to write, with the path.
    pub fn blame(&self, error: ReportError) -> ReportError {
        match error {
            ReportError::Stream(source) => ReportError::File { path: self.path.clone(), source },
            other => other,
        }
    }
}

/// Opens a pipe. One with a name must have a reader within half a minute: without one, opening would never end.
#[expect(
    clippy::disallowed_methods,
    reason = "a report is written without a runtime, and a pipe tells nobody of its reader"
)]
fn opened_pipe(place: &Path) -> io::Result<File> {
    for looked in 1..=PATIENCE {
        match files::has_reader(place) {
            Ok(()) => break,
            Err(error) if error.kind() == io::ErrorKind::NotConnected && looked < PATIENCE => {
                if looked == SAYS_SO {
                    tracing::warn!("waiting: nothing reads the pipe {} yet", foreign::path(place));
                }
                std::thread::sleep(LOOK_AGAIN);
            }
            Err(error) => return Err(error),
        }
    }
    OpenOptions::new().write(true).open(place)
}

/// A new file in the folder of `place`; `tempfile` makes it with mode 0600 and deletes it where it is not persisted.
fn beside(place: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(".report-").suffix(".part").tempfile_in(folder(place)).map_err(|error| {
        // It says the name of the file that it could not make, which means nothing to anybody.
        let words = error.to_string();
        let words = words.split(" at path ").next().unwrap_or(&words);
        io::Error::new(error.kind(), words)
    })
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Beside(file) => file.write(bytes),
            Self::Direct(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Beside(file) => file.flush(),
            Self::Direct(file) => file.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_old_report_stays_until_the_new_one_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.csv");
        fs::write(&path, "old").unwrap();
        let mut abandoned = Destination::create(&path).unwrap();
        abandoned.out().write_all(b"half").unwrap();
        drop(abandoned);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(folder.path()), ["report.csv"], "nothing is left lying about");

        let mut whole = Destination::create(&path).unwrap();
        whole.out().write_all(b"new").unwrap();
        whole.commit().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(names(folder.path()), ["report.csv"]);
    }

    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("report.csv"), folder.path().join("latest.csv"));
        fs::write(&path, "old").unwrap();
        symlink(&path, &link).unwrap();
        let mut report = Destination::create(&link).unwrap();
        report.out().write_all(b"new").unwrap();
        report.commit().unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    }

    #[test]
    fn what_is_no_file_is_written_to_or_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut device = Destination::create(Path::new("/dev/null")).unwrap();
        device.out().write_all(b"new").unwrap();
        device.commit().unwrap();
        assert!(!Path::new("/dev/null").is_file(), "the device was not replaced");

        let error = Destination::create(folder.path()).unwrap_err();
        assert_eq!(
            (error.exit_code(), error.hint().unwrap().to_string().as_str()),
            (2, "name a file in it: <ReportInFolder>")
        );
        let error = Destination::create(&folder.path().join("no/report.csv")).unwrap_err();
        assert_eq!(error.exit_code(), 2);

        let mut full = Destination::create(Path::new("/dev/full")).unwrap();
        full.out().write_all(b"new").unwrap();
        let error = full.commit().unwrap_err();
        assert_eq!((error.to_string().as_str(), error.exit_code()), ("failed to write /dev/full", 1));
    }
}
