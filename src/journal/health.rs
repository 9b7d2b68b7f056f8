//! Whether the journal is whole, and putting it away: what SQLite would do by the way and keep quiet about.

use super::error::JournalError;
use super::mark::{self, Mark};
use super::open::Journal;
use super::row::{CampaignId, StampColumn};
use crate::domain::stamp::Stamp;

/// Pages in the write-ahead log that are worth copying into the database. SQLite's own default.
const LONG_LOG: i64 = 1_000;

impl Journal {
    /// Copies the write-ahead log into the database, as far as nobody reads it. SQLite would do so after a commit and
    /// not say when it failed.
    pub(super) fn checkpoint(&self) -> Result<(), JournalError> {
        Ok(self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?)
    }

    pub(super) fn checkpoint_if_long(&self) -> Result<(), JournalError> {
        let waiting: i64 = self.connection.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| {
            Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?)
        })?;
        if waiting >= LONG_LOG { self.checkpoint() } else { Ok(()) }
    }

    /// Puts the journal away: everything in one file. (A journal that is dropped loses nothing either, but cannot say
    /// what went wrong.)
    ///
    /// # Errors
    /// Where the disk fails. Nothing is lost: it is in the write-ahead log.
    pub fn close(self) -> Result<(), JournalError> {
        if let Err(error) = self.checkpoint() {
            self.leave_alone();
            return Err(error);
        }
        self.connection.close().map_err(|(_, error)| error.into())
    }

    /// Keeps SQLite from touching the files when this handle is dropped: after an error of the disk it may not know what
    /// is there, and a damaged journal is left as it was found.
    pub fn leave_alone(&self) {
        super::open::checkpoint_on_drop(&self.connection, false);
    }

    /// Compares the campaign with its mark, and then copies what an earlier run left in the write-ahead log into the
    /// database.
    ///
    /// The copy is for the sake of an earlier run whose fsync failed: what that left in the system's memory can be read,
    /// is not on disk, and no later fsync of the log would bring it there. Copied, it is written and synced anew.
    pub(super) fn compare(&mut self, name: &str, begun: Stamp, id: CampaignId) -> Result<(), JournalError> {
        let path = mark::path(&self.path, name);
        let failed = |source| JournalError::Open { path: path.clone(), source };
        let mark = Mark::open(path.clone(), begun).map_err(failed)?;
        let counted = mark::counted(&self.connection)?;
        if let Some(groups) = mark.groups().map_err(failed)?
            && groups > counted
        {
            self.leave_alone();
            let known_until: Option<StampColumn> = self.connection.query_row(
                "SELECT max(seen_at) FROM run WHERE campaign_id = ?1",
                [id.0],
                |row| row.get(0),
            )?;
            return Err(JournalError::Behind {
                path: self.path.clone(),
                mark: mark.path().to_owned(),
                groups: groups - counted,
                known_until: known_until.map_or(begun, |stamp| stamp.0),
            });
        }
        self.mark = Some(mark);
        self.checkpoint()
    }
}
