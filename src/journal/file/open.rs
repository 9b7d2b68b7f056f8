//! OpenersLock the journal, in one fixed order: private file, lock against other openers, settings, schema.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::journal::admission::Admission;
use crate::journal::error::JournalError;
use crate::journal::file::commit_counter::CommitCounter;
use crate::journal::file::connect::{checkpoint_on_drop, connect, connect_immutable, connect_reading};
use crate::journal::file::in_use::NameInUse;
use crate::journal::file::kept::Beside;
use crate::journal::file::lock::CampaignLock;
use crate::journal::file::schema::{Migrations, migrate, newest, refuse_newer, refuse_used};
use crate::journal::file::{beside, commit_counter, earlier_layout, location, lock, log_on_disk, schema};
use crate::journal::postgres::error::PostgresError;
use crate::journal::postgres::link::{ReplicaSource, ServerLink};
use crate::journal::postgres::replica;

/// A journal that can be written. There is one per process and campaign; see [`crate::journal::CampaignLock`].
#[derive(Debug)]
pub struct Journal {
    pub(in crate::journal) connection: Connection,
    pub(in crate::journal) path: PathBuf,
    pub(in crate::journal) mark: Option<Box<CommitCounter>>,
    pub(in crate::journal) admission: Admission,
    /// After the connection: see there.
    pub(in crate::journal) name: NameInUse,
    /// Of the journal that this one was copied from, while this one is used.
    pub(in crate::journal) original: Option<CampaignLock>,
    /// To the journal in PostgreSQL that this one is a replica of.
    pub(in crate::journal) link: Option<Box<ServerLink>>,
}

/// A journal that is only looked at, also while a campaign runs.
#[derive(Debug)]
pub struct Reader {
    pub(in crate::journal) connection: Connection,
    /// The journal in PostgreSQL that it shows a replica of.
    pub(in crate::journal) source: Option<Box<ReplicaSource>>,
}

impl Journal {
    /// Opens the journal at `path`, makes it (mode 0600) where there is none, and brings its schema up to date. An address of
    /// PostgreSQL is a path, too.
    ///
    /// # Errors
    /// [`JournalError`]; nothing was changed where the file is not a journal, damaged, or of a newer version.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        if let Some(address) = replica::address(path)? {
            return Self::open_replica(address);
        }
        let journal = Self::open_with(path, schema::OURS).map_err(|error| error.of(path))?;
        if replica::is_one(&journal.connection)? {
            return Err(PostgresError::IsReplica { path: path.to_owned() }.into());
        }
        Ok(journal)
    }

    pub(in crate::journal) fn open_with(path: &Path, migrations: Migrations) -> Result<Self, JournalError> {
        let path = &location::locate(path)?;
        // A file of another program gets nothing beside it. Whoever makes a journal has made its lock first.
        if !beside::beside_resolved(path, Beside::Lock).exists() {
            schema::refuse_foreign(path)?;
        }
        let mut opening = lock::opening(path)?;
        refuse_emptied(path)?;
        schema::refuse_foreign(path)?;
        beside::open_private(path).map_err(|source| JournalError::Open { path: path.to_owned(), source })?;
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let found = refuse_newer(path, &connection, migrations)?;
        if found.is_some_and(|found| Some(found) < newest(migrations)) {
            refuse_used(&connection, &mut opening)?;
        }
        write_ahead(path, &connection)?;
        let name = NameInUse::claim(path)?;
        log_on_disk::write_again(path, &mut connection)?;
        location::make_private(path).map_err(|source| JournalError::Open { path: path.clone(), source })?;
        connection.pragma_update(None, "synchronous", "full")?;
        // The bundled library would look at each parent of each row.
        connection.pragma_update(None, "foreign_keys", false)?;
        connection.pragma_update(None, "cache_size", -2_000)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        // See `Journal::checkpoint`.
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        migrate(path, &mut connection, migrations)?;
        earlier_layout::take_over(&connection, path, &opening)?;
        checkpoint_on_drop(&connection, true);
        Ok(Self {
            connection,
            path: path.to_owned(),
            mark: None,
            admission: Admission::default(),
            name,
            original: None,
            link: None,
        })
    }
}

impl Drop for Reader {
    /// Leaves no log behind where none was needed: SQLite removes it with the last handle that may write. A log with results
    /// that the database does not have is of a run that was killed, and stays as it is.
    fn drop(&mut self) {
        let log = self.connection.path().map(|path| beside::beside_resolved(Path::new(path), Beside::Log));
        let is_empty = log.is_some_and(|log| log.metadata().is_ok_and(|log| log.len() == 0));
        let pages = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
        let copied = || self.connection.query_row("PRAGMA wal_checkpoint(NOOP)", [], pages);
        if is_empty || copied().is_ok_and(|(all, copied)| all > 0 && all == copied) {
            checkpoint_on_drop(&self.connection, true);
        }
    }
}

impl Reader {
    /// Opens the journal at `path` for reading. Works on a journal that a run is writing, and on read-only media; one of an
    /// older version of this program is brought up to date first, which takes writing.
    ///
    /// # Errors
    /// [`JournalError::Missing`] where there is no journal, others where it cannot be read.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        if let Some(address) = replica::address(path)? {
            return Self::open_replica(address, path);
        }
        Self::open_with(path, schema::OURS).map_err(|error| error.of(path))
    }

    pub(in crate::journal) fn open_with(path: &Path, migrations: Migrations) -> Result<Self, JournalError> {
        let path = &location::locate(path)?;
        // SQLite deletes the write-ahead log of an empty database, also where it only reads.
        refuse_emptied(path)?;
        if path.is_dir() {
            return Err(JournalError::Open {
                path: path.clone(),
                source: io::ErrorKind::IsADirectory.into(),
            });
        }
        if !path.is_file() {
            return Err(JournalError::Missing(path.to_owned()));
        }
        schema::refuse_foreign(path)?;
        let connection = match connect_reading(path) {
            // A folder that cannot be written has no place for the shared memory of a WAL journal.
            Err(JournalError::Sqlite(error)) if has_no_place(path, &error) => connect_immutable(path)?,
            // A process was killed while it made the journal. SQLite undoes that, but not through a read-only handle.
            Err(JournalError::Sqlite(error)) if is_half_made(&error) => {
                connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
                connect_reading(path)?
            }
            other => other?,
        };
        match refuse_newer(path, &connection, migrations)? {
            None => Err(JournalError::Missing(path.to_owned())),
            Some(found) if Some(found) < newest(migrations) => {
                drop(connection);
                Journal::open_with(path, migrations)?.close()?;
                Ok(Self { connection: connect_reading(path)?, source: None })
            }
            Some(_) => Ok(Self { connection, source: None }),
        }
    }
}

/// True if opening failed because the folder is read-only. SQLITE_CANTOPEN has other causes too; those stay errors.
/// The release of SQLite that is built in.
#[must_use]
pub fn sqlite_release() -> &'static str {
    rusqlite::version()
}

fn has_no_place(path: &Path, error: &rusqlite::Error) -> bool {
    let directory = rusqlite::ffi::SQLITE_READONLY_DIRECTORY;
    let closed = || rustix::fs::access(location::folder(path), rustix::fs::Access::WRITE_OK).is_err();
    error.sqlite_error().is_some_and(|error| error.extended_code == directory)
        || (error.sqlite_error_code() == Some(ErrorCode::CannotOpen) && closed())
}

fn is_half_made(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_READONLY_ROLLBACK)
}

/// Turns the write-ahead log on. Where the disk fails meanwhile, SQLite says "wal" and stays in the mode it was in; only
/// the log itself, which is then not there (-1 pages), tells.
fn write_ahead(path: &Path, connection: &Connection) -> Result<(), JournalError> {
    connection.pragma_update(None, "journal_mode", "wal")?;
    let pages: i64 = connection.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get(1))?;
    if pages >= 0 {
        return Ok(());
    }
    let source = io::Error::other("its disk fails, or takes no write-ahead log (a folder of the network?)");
    Err(JournalError::Open { path: path.to_owned(), source })
}

/// An empty file is a journal that is being made, unless something was run in it: SQLite would begin it anew, as it would
/// where the file is gone, and delete the log.
fn refuse_emptied(path: &Path) -> Result<(), JournalError> {
    let damaged = |what: &str| Err(JournalError::Damaged { path: path.to_owned(), what: what.to_owned() });
    match path.metadata() {
        Ok(file) if file.is_file() && file.len() == 0 && commit_counter::any(path) => damaged("it is empty"),
        Err(_) if beside::beside_resolved(path, Beside::Log).metadata().is_ok_and(|log| log.len() > 0) => {
            damaged("it is gone, and its -wal is there with results")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::unix_millis::UnixMillis;
    use crate::journal::file::beside::files;

    #[test]
    fn settings_and_mode_are_what_the_promises_need() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let journal = Journal::open(&path).unwrap();
        let pragma = |name: &str| -> String {
            journal
                .connection
                .query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, rusqlite::types::Value>(0))
                .map(|value| format!("{value:?}"))
                .unwrap()
        };
        assert_eq!(pragma("journal_mode"), "Text(\"wal\")");
        assert_eq!(pragma("synchronous"), "Integer(2)", "FULL");
        assert_eq!(pragma("cache_size"), "Integer(-2000)", "2 MB, not 2,000 pages");
        journal.connection.execute("INSERT INTO campaign VALUES (1,'n','i',NULL,'aws',0,0,1)", []).unwrap();
        let _held = CampaignLock::take(&path, "n", UnixMillis::from_millis(0)).unwrap();
        for file in ["journal.db", "journal.db-wal", "journal.db-shm", "journal.db.lock", "journal.db.mark"] {
            let mode = std::os::unix::fs::PermissionsExt::mode(
                &folder.path().join(file).metadata().unwrap().permissions(),
            );
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
    }

    /// What is looked up by a partial index is the most of what a run and an import ask for.
    #[test]
    fn no_statement_is_compiled_anew_for_what_is_bound() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("journal.db")).unwrap();
        let sql = "SELECT message_id FROM message WHERE row_id = ?1 ORDER BY requested_at";
        let mut statement = journal.connection.prepare(sql).unwrap();
        for row in 1..5 {
            assert!(!statement.exists([row]).unwrap());
        }
        assert_eq!(statement.get_status(rusqlite::StatementStatus::RePrepare), 0);
    }

    #[test]
    fn a_journal_that_was_being_made_when_its_process_was_killed_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let [making, path] = ["making.db", "journal.db"].map(|name| folder.path().join(name));
        let connection = Connection::open(&making).unwrap();
        // More than fits in memory, so that the transaction's first pages are on the disk before it ends.
        connection
            .execute_batch(
                "PRAGMA cache_size = 1; CREATE TABLE refinery_schema_history (version, filler); BEGIN",
            )
            .unwrap();
        connection
            .execute_batch("WITH n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 500) INSERT INTO refinery_schema_history SELECT NULL, zeroblob(900) FROM n")
            .unwrap();
        for ending in ["", "-journal"] {
            let copied = |path: &Path| format!("{}{ending}", path.to_str().unwrap());
            std::fs::copy(copied(&making), copied(&path)).unwrap();
        }
        assert!(matches!(Reader::open(&path), Err(JournalError::Missing(_))));
    }

    #[test]
    fn who_reads_leaves_nothing_behind_and_takes_no_results_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        Journal::open(&path).unwrap().close().unwrap();
        let look = || {
            let reader = Reader::open(&path).unwrap();
            let refused = reader.connection.execute("DELETE FROM campaign", []);
            assert!(refused.is_err(), "it is for reading only");
            reader
                .connection
                .query_row("SELECT count(*) FROM campaign", [], |row| row.get::<_, i64>(0))
                .unwrap()
        };
        assert_eq!((look(), files(folder.path())), (0, vec!["journal.db".to_owned()]));
        // Who ends last takes the log away, also where it is the reader.
        let (writer, reader) = (Journal::open(&path).unwrap(), Reader::open(&path).unwrap());
        writer.connection.execute("INSERT INTO campaign VALUES (1,'n','i',NULL,'aws',0,0,1)", []).unwrap();
        writer.close().unwrap();
        drop(reader);
        assert_eq!((look(), files(folder.path())), (1, vec!["journal.db".to_owned()]));
        // A log with results of a run that was killed stays as it is.
        let killed = Journal::open(&path).unwrap();
        killed.connection.execute("INSERT INTO campaign VALUES (2,'m','i',NULL,'aws',0,0,1)", []).unwrap();
        killed.leave_alone();
        drop(killed);
        let log = || std::fs::read(folder.path().join("journal.db-wal")).unwrap();
        let before = (std::fs::read(&path).unwrap(), log());
        assert_eq!(look(), 2);
        assert!(before == (std::fs::read(&path).unwrap(), log()));
        Journal::open(&path).unwrap().close().unwrap();
        assert_eq!((look(), files(folder.path())), (2, vec!["journal.db".to_owned()]));
    }

    /// Only where its folder cannot be written is a journal read without its log: there may be something in it.
    #[test]
    fn a_log_that_cannot_be_opened_is_told_where_the_folder_can_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        Journal::open(&path).unwrap().close().unwrap();
        std::fs::create_dir(folder.path().join("journal.db-wal")).unwrap();
        let error = Reader::open_with(&path, schema::OURS).map(drop).unwrap_err();
        let JournalError::Sqlite(error) = error else { panic!("{error:?}") };
        assert_eq!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen));
        assert!(!has_no_place(&path, &error) && !is_half_made(&error));
        let coded = |code| rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        assert!(has_no_place(&path, &coded(rusqlite::ffi::SQLITE_READONLY_DIRECTORY)));
        assert!(has_no_place(&folder.path().join("nowhere/journal.db"), &error), "nobody can write there");
        assert!(!has_no_place(Path::new("journal.db"), &error), "the folder that we are in");
        let full = coded(rusqlite::ffi::SQLITE_FULL);
        assert!(!has_no_place(&folder.path().join("nowhere/journal.db"), &full) && !is_half_made(&full));
        assert!(is_half_made(&coded(rusqlite::ffi::SQLITE_READONLY_ROLLBACK)));
    }

    #[test]
    fn without_its_log_a_journal_is_read_only_where_the_log_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("50 % of #1?.db");
        Journal::open(&path).unwrap().close().unwrap();
        let log = folder.path().join("50 % of #1?.db-wal");
        let rows = |connection: &Connection| -> i64 {
            connection.query_row("SELECT count(*) FROM campaign", [], |row| row.get(0)).unwrap()
        };
        for empty in [false, true] {
            if empty {
                std::fs::write(&log, "").unwrap();
            }
            let connection = connect_immutable(&path).unwrap();
            assert_eq!(rows(&connection), 0);
            assert!(connection.execute("DELETE FROM campaign", []).is_err(), "for reading only");
        }
        std::fs::write(&log, "x").unwrap();
        let refused = connect_immutable(&path).map(drop);
        assert!(matches!(refused, Err(JournalError::Open { .. })), "{refused:?}");
    }

    #[test]
    fn what_is_no_journal_is_said_to_be_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        assert!(matches!(Reader::open(&path), Err(JournalError::Missing(_))));
        std::fs::write(&path, "line,key\n1,2\n".repeat(100)).unwrap();
        let error = Journal::open(&path).unwrap_err();
        assert!(error.to_string().contains("damaged or not a journal"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap().len(), 1300, "and is left alone");
    }
}
