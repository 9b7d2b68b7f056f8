//! A write-ahead log that is surely on disk before anything is copied from it.
//!
//! After an fsync that failed, the kernel takes what it has in memory for written, and no later fsync writes it (Linux;
//! "fsyncgate", 2018). The process that asked gives its commit up. The next one reads that commit from memory, takes it for
//! whole, and copies it into the database; a loss of power meanwhile leaves half a page, and no log to repair it from.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use crate::journal::error::JournalError;
use crate::journal::file::beside::beside_resolved;
use crate::journal::file::kept::Beside;

/// Bytes that are read and written at a time.
const PIECE: usize = 256 * 1024;

/// Writes every byte of the log again, where it is, and syncs it. Other processes read meanwhile; none writes.
pub(super) fn write_again(path: &Path, connection: &mut Connection) -> Result<(), JournalError> {
    let failed = |source| JournalError::Open { path: path.to_owned(), source };
    let log = beside_resolved(path, Beside::Log);
    let log = match OpenOptions::new().read(true).write(true).open(log) {
        Ok(log) => log,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    if log.metadata().map_err(failed)?.len() == 0 {
        return Ok(());
    }
    // Whoever has this is the only one who writes to the log.
    let writing = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut piece = vec![0; PIECE];
    let mut at = 0;
    loop {
        let length = log.read_at(&mut piece, at).map_err(failed)?;
        if length == 0 {
            break;
        }
        log.write_all_at(&piece[..length], at).map_err(failed)?;
        at += length as u64;
    }
    log.sync_data().map_err(failed)?;
    Ok(writing.rollback()?)
}
