//! A file that a copy of the journal is written to: beside its place, without its name until it is whole and on disk.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::journal::error::JournalError;

/// A file of mode 0600 that is removed unless it is finished.
pub(in crate::journal) struct NewFile {
    file: NamedTempFile,
    /// Where it is to be.
    place: PathBuf,
    folder: PathBuf,
}

impl NewFile {
    /// Begins the file that is to be at `place`, where nothing may be.
    ///
    /// # Errors
    /// [`JournalError::CopyExists`], [`JournalError::NoFolderForCopy`] and [`JournalError::Copy`].
    pub(in crate::journal) fn create(place: &Path) -> Result<Self, JournalError> {
        // A link that leads nowhere is something too, and `copy.db/` is the copy that is there.
        let named = PathBuf::from(place.to_string_lossy().trim_end_matches(std::path::MAIN_SEPARATOR));
        if place.symlink_metadata().is_ok() || named.symlink_metadata().is_ok() {
            return Err(JournalError::CopyExists(place.to_owned()));
        }
        let parent = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // `copies/` is a folder, and its copy would be named after the time.
        let named_folder = place.to_string_lossy().ends_with(std::path::MAIN_SEPARATOR).then_some(place);
        if let Some(folder) = named_folder.or(Some(parent).filter(|folder| !folder.is_dir())) {
            return Err(JournalError::NoFolderForCopy { path: place.to_owned(), folder: folder.to_owned() });
        }
        let failed = |error: io::Error| failed(place, &error.to_string());
        // Absolute, and so no URI, whatever its name is.
        let folder = parent.canonicalize().map_err(failed)?;
        let file = tempfile::Builder::new()
            .prefix(".journal-")
            .suffix(".part")
            .tempfile_in(&folder)
            .map_err(failed)?;
        Ok(Self { file, place: place.to_owned(), folder })
    }

    /// Where it is while it is written.
    pub(in crate::journal) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Syncs it and gives it its name, which replaces nothing. Returns how long it is, in bytes.
    ///
    /// # Errors
    /// [`JournalError::CopyExists`] and [`JournalError::Copy`].
    pub(in crate::journal) fn finish(self) -> Result<u64, JournalError> {
        let Self { file, place, folder } = self;
        let failed = |error: io::Error| failed(&place, &error.to_string());
        file.as_file().sync_all().map_err(failed)?;
        let bytes = file.as_file().metadata().map_err(failed)?.len();
        file.persist_noclobber(&place).map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => JournalError::CopyExists(place.clone()),
            _ => failed(error.error),
        })?;
        // The name too has to survive a power cut.
        File::open(&folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(bytes)
    }
}

fn failed(place: &Path, what: &str) -> JournalError {
    JournalError::Copy { path: place.to_owned(), what: what.to_owned() }
}
