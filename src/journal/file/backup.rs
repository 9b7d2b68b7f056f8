//! A copy of the journal as it is at one instant, made while campaigns run: whole, looked over, and on disk before it
//! has its name.
//!
//! A copy of the files is none: the write-ahead log belongs to the database, and the two change between two reads.
//! SQLite writes the copy from one snapshot (`VACUUM INTO`), without what was deleted, and keeps nobody from writing
//! meanwhile. The copy is opened and looked over like a journal that somebody hands us.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::domain::delivery::tally::Tally;
use crate::journal::error::JournalError;
use crate::journal::file::connect::connect;
use crate::journal::file::new_file::NewFile;
use crate::journal::file::open::Reader;
use crate::journal::postgres::replica;

/// A copy that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Where it is.
    pub path: PathBuf,
    /// How long it is.
    pub bytes: u64,
    /// The campaigns that it has, with their counts.
    pub campaigns: Vec<(String, Tally)>,
}

impl Reader {
    /// Copies the journal to `path`, which must not exist: mode 0600, whole or not at all.
    ///
    /// # Errors
    /// [`JournalError::CopyExists`], [`JournalError::Copy`], and what a journal that is damaged fails with: then there is
    /// no copy.
    pub fn copy_to(&self, path: &Path) -> Result<Copied, JournalError> {
        let file = NewFile::create(path)?;
        let name = file.path().to_str().ok_or_else(|| JournalError::Copy {
            path: path.to_owned(),
            what: "the name of its folder is not UTF-8".to_owned(),
        })?;
        // It writes the copy alone, and SQLite takes that for writing.
        self.connection.pragma_update(None, "query_only", false)?;
        let copied = self.connection.execute("VACUUM INTO ?1", [name]);
        self.connection.pragma_update(None, "query_only", true)?;
        copied.map_err(|error| of_sqlite(path, error))?;
        if self.source.is_some() {
            replica::become_journal(&connect(file.path(), OpenFlags::SQLITE_OPEN_READ_WRITE)?)?;
        }
        let campaigns = looked_over(file.path())?;
        let bytes = file.finish()?;
        Ok(Copied { path: path.to_owned(), bytes, campaigns })
    }
}

/// What the copy has, when all of it is there and adds up.
fn looked_over(copy: &Path) -> Result<Vec<(String, Tally)>, JournalError> {
    let reader = Reader::open(copy)?;
    let mut campaigns = Vec::new();
    if let Some(what) = reader.damage()? {
        return Err(JournalError::Damaged { path: copy.to_owned(), what });
    }
    for campaign in reader.campaigns()? {
        let tally = reader.verified_tally(campaign.id)?;
        campaigns.push((campaign.name, tally));
    }
    Ok(campaigns)
}

/// What fails while SQLite copies is the disk of the copy, unless it is the journal that cannot be read.
pub(in crate::journal) fn of_sqlite(path: &Path, error: rusqlite::Error) -> JournalError {
    let what = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => return error.into(),
        Some(ErrorCode::DiskFull) => "its disk is full".to_owned(),
        _ => error.to_string(),
    };
    JournalError::Copy { path: path.to_owned(), what }
}

/// The first thing that SQLite's own examination of every page, row and index finds.
pub(in crate::journal) fn first_damage(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    Ok((found != "ok").then_some(found))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::domain::unix_millis::UnixMillis;
    use crate::journal::tests::lose_page;
    use crate::journal::{Identity, Journal, Service};

    fn journal(path: &Path) -> Journal {
        let mut journal = Journal::open(path).unwrap();
        let identity = Identity {
            name: "n".to_owned(),
            instance_id: "i".to_owned(),
            key_column: None,
            service: Service::Simulated,
        };
        journal.campaign(&identity, UnixMillis::from_millis(0)).unwrap();
        journal
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries =
            folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = entries.filter(|name| !name.starts_with("journal.db")).collect();
        names.sort();
        names
    }

    #[test]
    fn a_copy_is_whole_private_and_never_replaces_anything() {
        let folder = tempfile::tempdir().unwrap();
        let (path, copy) = (folder.path().join("journal.db"), folder.path().join("copy.db"));
        let journal = journal(&path);
        journal.connection.pragma_update(None, "user_version", 7).unwrap();
        // A writer in the middle of something holds nobody up, and what it has not committed is not copied.
        journal.connection.execute_batch("BEGIN IMMEDIATE; INSERT INTO tally VALUES (1, 2, 7)").unwrap();
        let reader = Reader::open(&path).unwrap();
        let copied = reader.copy_to(&copy).unwrap();
        // Under this name it is found to be there only when the next copy is finished and gets it.
        let refused = reader.copy_to(&folder.path().join("copy.db/"));
        assert!(matches!(refused, Err(JournalError::CopyExists(_))), "{refused:?}");
        journal.connection.execute_batch("COMMIT").unwrap();
        assert_eq!(copied.campaigns, [("n".to_owned(), Tally::default())]);
        assert_eq!(copied.bytes, copy.metadata().unwrap().len());
        assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let groups: u32 = Reader::open(&copy)
            .unwrap()
            .connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .unwrap();
        assert_eq!(groups, 7, "how far the journal was, so that an older copy is noticed");

        for taken in ["copy.db", "journal.db"] {
            let refused = reader.copy_to(&folder.path().join(taken));
            assert!(matches!(refused, Err(JournalError::CopyExists(_))), "{refused:?}");
        }
        // What does not add up is not copied, and leaves nothing behind.
        let refused = reader.copy_to(&folder.path().join("another.db"));
        assert!(matches!(refused, Err(JournalError::Unbalanced(_))), "{refused:?}");
        let refused = reader.copy_to(&folder.path().join("no/copy.db"));
        assert!(matches!(refused, Err(JournalError::NoFolderForCopy { .. })), "{refused:?}");
        let refused = reader.copy_to(&folder.path().join("copies/"));
        assert!(matches!(refused, Err(JournalError::NoFolderForCopy { .. })), "{refused:?}");
        assert_eq!(names(folder.path()), ["copy.db"]);
    }

    #[test]
    fn a_journal_that_cannot_be_read_is_told_of_and_not_the_disk_of_the_copy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        lose_page(journal(&path), "row");
        let refused = Reader::open(&path).unwrap().copy_to(&folder.path().join("copy.db"));
        assert!(matches!(refused, Err(JournalError::Sqlite(_))), "{refused:?}");
        assert_eq!(names(folder.path()), Vec::<String>::new());
    }

    #[test]
    fn a_copy_with_damage_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        lose_page(journal(&path), "row_line");
        let found = looked_over(&path);
        assert!(
            matches!(&found, Err(JournalError::Damaged { what, .. }) if what.contains("Tree ")),
            "{found:?}"
        );
    }

    #[test]
    fn a_full_disk_is_told_as_that() {
        let error = |code| rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        for (code, words) in [
            (rusqlite::ffi::SQLITE_FULL, "its disk is full"),
            (rusqlite::ffi::SQLITE_IOERR_WRITE, "disk I/O error"),
        ] {
            match of_sqlite(Path::new("copy.db"), error(code)) {
                JournalError::Copy { what, .. } => assert!(what.contains(words), "{what}"),
                other => panic!("{other:?}"),
            }
        }
    }
}
