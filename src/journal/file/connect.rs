//! Connections to the database: how each is made before anything is read or written through it.

use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::journal::error::JournalError;
use crate::journal::file::beside::beside_resolved;
use crate::journal::file::kept::Beside;

/// How long a writer waits for the writer of another campaign in the same journal.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

pub(in crate::journal) fn connect(path: &Path, mode: OpenFlags) -> Result<Connection, JournalError> {
    let connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // A file that turns out to be damaged is left as it is.
    checkpoint_on_drop(&connection, false);
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(64);
    // Without it SQLite looks at what is bound when it asks whether a partial index can serve, finds that it might matter, and
    // compiles the statement anew each time that something else is bound.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

/// Connects for reading. The handle may write, where the file may be written at all: only such a handle can take away the log
/// that SQLite makes for every reader. Nothing is written through it.
pub(in crate::journal) fn connect_reading(path: &Path) -> Result<Connection, JournalError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Whether the last handle of the journal copies the write-ahead log into the database, and deletes it, when it goes.
pub(in crate::journal) fn checkpoint_on_drop(connection: &Connection, wanted: bool) {
    let set = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !wanted);
    debug_assert!(set.is_ok(), "a setting of the handle, not of the file");
}

pub(in crate::journal) fn connect_immutable(path: &Path) -> Result<Connection, JournalError> {
    if beside_resolved(path, Beside::Log).metadata().is_ok_and(|file| file.len() > 0) {
        let source =
            io::Error::other("its folder cannot be written, and a run's last words are still in its -wal");
        return Err(JournalError::Open { path: path.to_owned(), source });
    }
    Ok(connect_peeking(path)?)
}

/// Connects to the database file alone: without its logs, and without a lock. What is read so may be out of date.
pub(in crate::journal) fn connect_peeking(path: &Path) -> rusqlite::Result<Connection> {
    let escaped = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags)
}
