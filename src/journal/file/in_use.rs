//! One name at a time: of all processes that write a journal, each has opened the file by the same name.
//!
//! A file that is mounted into a container has one link and two paths, and resolving them tells nothing. So every writer
//! holds a shared lock on the database file itself, which any name meets, and one on the write-ahead log, which goes by the
//! name. Who finds the log free and the database taken has come by another name than the others.
//!
//! These are `flock` locks. On Linux they are apart from the `fcntl` locks that SQLite takes on the database; on other
//! systems the two may meet, and only the log is locked there. Closing any handle of the database drops SQLite's locks of
//! this process on it, so this one must be dropped after the connection. SQLite does not lock the log.
//!
//! The same handle tells whether another content was written into the file: `cp` over it leaves its name and its inode.
//! SQLite counts changes of the first page in its header, and the journal its groups, and only a checkpoint brings either
//! into the file, so both only grow there. A copy has less of them, or what the file has. What is not noticed: a copy of
//! what the file has now, which changes nothing; another journal that happens to be further; and anything on systems
//! other than Linux, where no handle is kept.

use std::cell::Cell;
use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::journal::error::JournalError;
use crate::journal::file::beside::beside_resolved;
use crate::journal::file::kept::Beside;
use crate::journal::file::patience::{AT_A_START, pause};

/// Held by a journal that can be written, for as long as it is open.
#[derive(Debug)]
pub(in crate::journal) struct NameInUse {
    _log: File,
    database: Option<File>,
    /// The file's device and inode.
    file: (u64, u64),
    /// What its header said last.
    header: Cell<HeaderCounters>,
}

/// Counters in the header of an SQLite file. Source: sqlite.org/fileformat2.html, "The Database Header".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct HeaderCounters {
    /// The file change counter, at byte 24.
    changes: u32,
    /// The user version, at byte 60: the groups of a journal.
    groups: u32,
}

impl HeaderCounters {
    /// Those of a file; `None` where it has no whole header.
    fn read(file: &File) -> Option<Self> {
        let mut header = [0; 100];
        file.read_exact_at(&mut header, 0).ok()?;
        let number =
            |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        Some(Self { changes: number(24), groups: number(60) })
    }

    fn is_before(self, other: Self) -> bool {
        self.changes < other.changes || self.groups < other.groups
    }
}

impl NameInUse {
    /// Takes part in the use of the journal by this name. Its log must be there, and other openers by this name excluded.
    ///
    /// # Errors
    /// [`JournalError::OtherName`] where a process writes the same file by another name.
    pub(in crate::journal) fn claim(path: &Path) -> Result<Self, JournalError> {
        let log_path = beside_resolved(path, Beside::Log);
        let log = opened(&log_path)?;
        let metadata =
            path.metadata().map_err(|source| JournalError::Open { path: path.to_owned(), source })?;
        let file = (metadata.dev(), metadata.ino());
        if !cfg!(target_os = "linux") {
            return Ok(Self { _log: log, database: None, file, header: Cell::default() });
        }
        let database = opened(path)?;
        let other_name = || Err(JournalError::OtherName(path.to_owned()));
        if !locked(&database, FlockOperation::NonBlockingLockShared) {
            return other_name();
        }
        if locked(&log, FlockOperation::NonBlockingLockExclusive) {
            // Nobody else came by this name: a process that has the database came by another one. One that was started
            // has copies of the locks until it is another program.
            if !locked_soon(&database, FlockOperation::NonBlockingLockExclusive)
                || !locked(&database, FlockOperation::NonBlockingLockShared)
            {
                return other_name();
            }
        }
        // A file system without locks has none to meet: the one name and the campaign's lock are what is left there.
        let _ = flock(&log, FlockOperation::NonBlockingLockShared);
        let header = Cell::new(HeaderCounters::read(&database).unwrap_or_default());
        Ok(Self { _log: log, database: Some(database), file, header })
    }

    /// Whether the file still has the history that it had: nothing of before was written over it.
    pub(in crate::journal) fn has_its_history(&self) -> bool {
        let Some(database) = &self.database else { return true };
        let last = self.header.get();
        // A header that is read while a checkpoint writes it is read again.
        let header =
            (0..3).find_map(|_| HeaderCounters::read(database).filter(|header| !header.is_before(last)));
        if let Some(header) = header {
            self.header.set(header);
        }
        // A new journal has no header before its first checkpoint.
        header.is_some() || last == HeaderCounters::default()
    }

    /// Whether the file is still where it was opened. SQLite writes on into one that was moved, removed or replaced.
    pub(in crate::journal) fn is_in_place(&self, path: &Path) -> bool {
        match path.metadata() {
            Ok(metadata) => (metadata.dev(), metadata.ino()) == self.file,
            Err(error) => error.kind() != std::io::ErrorKind::NotFound,
        }
    }
}

/// Whether a process of this program has the journal open for writing. For callers that have not.
pub(in crate::journal) fn is_written(path: &Path) -> bool {
    File::open(beside_resolved(path, Beside::Log))
        .is_ok_and(|log| !locked(&log, FlockOperation::NonBlockingLockExclusive))
}

fn opened(path: &Path) -> Result<File, JournalError> {
    File::open(path).map_err(|source| JournalError::Open { path: path.to_owned(), source })
}

/// Whether the lock was got, or cannot be had by anybody.
fn locked(file: &File, operation: FlockOperation) -> bool {
    !matches!(flock(file, operation), Err(Errno::WOULDBLOCK))
}

fn locked_soon(file: &File, operation: FlockOperation) -> bool {
    (0..AT_A_START).any(|looks| {
        if looks > 0 {
            pause();
        }
        locked(file, operation)
    })
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    /// Hard links stand for the mounts that a test cannot make: two names, two logs, one file.
    #[test]
    fn by_one_name_many_may_write_and_by_another_none_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = ["one.db", "other.db"].map(|name| folder.path().join(name));
        std::fs::write(&one, "").unwrap();
        std::fs::hard_link(&one, &other).unwrap();
        for name in [&one, &other] {
            std::fs::write(beside_resolved(name, Beside::Log), "").unwrap();
        }
        for (first, second) in [(&one, &other), (&other, &one)] {
            let held = NameInUse::claim(first).unwrap();
            let too = NameInUse::claim(first).unwrap();
            drop(held);
            for _ in 0..2 {
                assert!(matches!(NameInUse::claim(second), Err(JournalError::OtherName(_))));
            }
            NameInUse::claim(first).expect("who was refused is in nobody's way");
            drop(too);
        }
        NameInUse::claim(&one).expect("nobody is left");
    }

    #[test]
    fn a_file_that_was_moved_removed_or_replaced_is_not_in_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let [path, moved] = ["one.db", "moved.db"].map(|name| folder.path().join(name));
        std::fs::write(&path, "").unwrap();
        std::fs::write(beside_resolved(&path, Beside::Log), "").unwrap();
        let held = NameInUse::claim(&path).unwrap();
        assert!(held.is_in_place(&path));
        std::fs::rename(&path, &moved).unwrap();
        assert!(!held.is_in_place(&path));
        std::fs::copy(&moved, &path).unwrap();
        assert!(!held.is_in_place(&path), "another file took its place");
        std::fs::rename(&moved, &path).unwrap();
        assert!(held.is_in_place(&path), "it was put back");
    }
}
