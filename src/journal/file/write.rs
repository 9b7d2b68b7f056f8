//! The one door through which everything is written: a transaction of the journal. Nothing is written outside of one, and none
//! begins anywhere else, so that what a commit takes is said once.

use std::ops::Deref;

use rusqlite::{Transaction, TransactionBehavior};

use crate::journal::error::JournalError;
use crate::journal::file::open::Journal;

/// A transaction that writes. Dropped, it is rolled back.
#[derive(Debug)]
pub(in crate::journal) struct WriteTransaction<'j> {
    local: Transaction<'j>,
}

impl Journal {
    /// Begins to write: no other process does from here on.
    ///
    /// # Errors
    /// Where the journal cannot be written. For callers without a transaction: they do not nest.
    pub(in crate::journal) fn begin_write(&self) -> Result<WriteTransaction<'_>, JournalError> {
        let local = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        Ok(WriteTransaction { local })
    }
}

impl WriteTransaction<'_> {
    /// Makes what was written durable.
    pub(in crate::journal) fn commit(self) -> Result<(), JournalError> {
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
