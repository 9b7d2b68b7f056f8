//! Journals in PostgreSQL, as they are opened: by way of their replicas.

use std::path::{Path, PathBuf};

use rusqlite::{OpenFlags, Transaction, TransactionBehavior};

use crate::domain::foreign;
use crate::journal::error::JournalError;
use crate::journal::file::connect::{checkpoint_on_drop, connect};
use crate::journal::file::lock::CampaignLock;
use crate::journal::file::open::{Journal, Reader};
use crate::journal::file::schema;
use crate::journal::postgres::address::PostgresAddress;
use crate::journal::postgres::link::{ReplicaSource, ServerLink};
use crate::journal::postgres::replica;

impl Journal {
    /// Opens the replica of a journal in PostgreSQL; both are made where there are none.
    pub(super) fn open_replica(address: PostgresAddress) -> Result<Self, JournalError> {
        let path = replica::file(&address)?;
        let mut journal = Self::open_with(&path, schema::OURS).map_err(|error| error.of(&path))?;
        let link = ServerLink::open(address, &journal.connection)?;
        journal.link = Some(Box::new(link));
        journal.connection.pragma_update(None, "synchronous", journal.durability())?;
        // What others have committed is there from the first look on.
        journal.begin_write()?.commit()?;
        Ok(journal)
    }

    /// Whether this is the replica of a journal in PostgreSQL.
    pub(in crate::journal) fn is_replica(&self) -> bool {
        self.link.is_some()
    }

    /// What SQLite waits for at a commit. What is durable in PostgreSQL comes from there again.
    pub(in crate::journal) fn durability(&self) -> &'static str {
        if self.link.is_some() { "normal" } else { "full" }
    }

    /// Writes from here on as the process that has this lock: where another one takes the campaign over, nothing more.
    pub fn hold(&mut self, lock: &CampaignLock) {
        if let (Some(link), Some(remote)) = (&self.link, lock.remote()) {
            link.hold(remote);
        }
    }

    /// Takes over what others have committed, and says whether that was anything. For a file it never is.
    pub(in crate::journal) fn catch_up(&self) -> Result<bool, JournalError> {
        let Some(link) = &self.link else { return Ok(false) };
        if link.is_behind(&self.connection)? {
            self.begin_write()?.commit()?;
        }
        Ok(link.take_news() > 0)
    }

    /// Whether others have committed since this was asked last.
    pub(in crate::journal) fn has_news(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.take_news() > 0)
    }
}

impl Reader {
    /// Opens the replica of a journal in PostgreSQL as it is now.
    pub(super) fn open_replica(address: PostgresAddress, named: &Path) -> Result<Self, JournalError> {
        let missing = || JournalError::Missing(named.to_owned());
        let path = replica::file(&address)?;
        let source = ReplicaSource::open(address)?.ok_or_else(missing)?;
        let mut reader = match Self::open_with(&path, schema::OURS) {
            Err(JournalError::Missing(_)) => {
                Journal::open_with(&path, schema::OURS)?.close()?;
                Self::open_with(&path, schema::OURS)?
            }
            opened => opened?,
        };
        reader.source = Some(Box::new(source));
        reader.refresh()?;
        Ok(reader)
    }

    /// Shows from here on what others have committed since it was opened. Of a file it always does.
    ///
    /// # Errors
    /// Where PostgreSQL cannot be reached.
    pub fn refresh(&self) -> Result<(), JournalError> {
        let (Some(source), Some(path)) = (&self.source, self.connection.path()) else { return Ok(()) };
        if source.is_current(&self.connection)? {
            return Ok(());
        }
        let connection = connect(Path::new(path), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.pragma_update(None, "synchronous", "normal")?;
        connection.pragma_update(None, "foreign_keys", false)?;
        // Nobody else takes anything over meanwhile.
        let local = Transaction::new_unchecked(&connection, TransactionBehavior::Immediate)?;
        source.take_over(&local)?;
        local.commit()?;
        checkpoint_on_drop(&connection, true);
        Ok(())
    }
}

/// Whether there may be a journal by this name. Of one in PostgreSQL whoever opens it is told.
#[must_use]
pub fn may_exist(journal: &Path) -> bool {
    PostgresAddress::is_one(journal) || journal.exists()
}

/// The name of a journal for another process, wherever that runs: its path from the root, or its address. Passwords are elsewhere.
#[must_use]
pub fn absolute(journal: &Path) -> PathBuf {
    if PostgresAddress::is_one(journal) {
        return foreign::without_password(&journal.to_string_lossy()).into_owned().into();
    }
    std::path::absolute(journal).unwrap_or_else(|_| journal.to_owned())
}
