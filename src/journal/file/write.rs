//! The one door through which everything is written: a transaction of the journal. Nothing is written outside of one, and none
//! begins anywhere else, so that what a commit takes is said once.

use std::ops::Deref;

use rusqlite::{Transaction, TransactionBehavior};

use crate::journal::error::JournalError;
use crate::journal::file::open::Journal;
use crate::journal::postgres::link::ServerLink;

/// A transaction that writes. Dropped, it is rolled back.
#[derive(Debug)]
pub(in crate::journal) struct WriteTransaction<'j> {
    local: Transaction<'j>,
    /// After SQLite's own, which goes first.
    remote: Option<RemoteTransaction<'j>>,
}

/// The same transaction in PostgreSQL, of a replica. Dropped, it is rolled back.
#[derive(Debug)]
struct RemoteTransaction<'j>(&'j ServerLink);

impl Drop for RemoteTransaction<'_> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl Journal {
    /// Begins to write: no other process does from here on. In a replica, no other on any machine, and what others wrote is there.
    ///
    /// # Errors
    /// Where the journal cannot be written. For callers without a transaction: they do not nest.
    pub(in crate::journal) fn begin_write(&self) -> Result<WriteTransaction<'_>, JournalError> {
        let local = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        let remote = self.link.as_deref().map(RemoteTransaction);
        if let Some(RemoteTransaction(link)) = &remote {
            link.begin(&local)?;
        }
        Ok(WriteTransaction { local, remote })
    }
}

impl WriteTransaction<'_> {
    /// Makes what was written durable; of a replica, in PostgreSQL first.
    pub(in crate::journal) fn commit(self) -> Result<(), JournalError> {
        if let Some(RemoteTransaction(link)) = &self.remote {
            link.commit(&self.local)?;
        }
        Ok(self.local.commit()?)
    }

    /// Gives up what was written.
    pub(in crate::journal) fn rollback(self) -> Result<(), JournalError> {
        Ok(self.local.rollback()?)
    }
}

impl<'j> Deref for WriteTransaction<'j> {
    type Target = Transaction<'j>;

    fn deref(&self) -> &Transaction<'j> {
        &self.local
    }
}
