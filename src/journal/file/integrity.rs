//! Whether the journal is whole, and putting it away: what SQLite would do by the way and keep quiet about.

use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::file::commit_counter::CommitCounter;
use crate::journal::file::open::Journal;
use crate::journal::file::{commit_counter, lock};

/// Pages in the write-ahead log that are worth copying into the database. SQLite's own default.
const LONG_LOG: i64 = 1_000;

impl Journal {
    /// Copies the write-ahead log into the database, as far as nobody reads it. SQLite would do so after a commit and
    /// not say when it failed.
    pub(in crate::journal) fn checkpoint(&self) -> Result<(), JournalError> {
        // Before the log is written into what may be another history.
        self.hold_to_its_history()?;
        Ok(self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?)
    }

    pub(in crate::journal) fn checkpoint_if_long(&self) -> Result<(), JournalError> {
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

    /// Takes note in the mark that so many groups are durable, and that they are so in the journal: a file that was moved or
    /// replaced meanwhile is nobody's.
    pub(in crate::journal) fn committed(&self, groups: u32) -> Result<(), JournalError> {
        if let Some(mark) = &self.mark {
            let failed = |source| JournalError::Open { path: mark.path().to_owned(), source };
            mark.set(groups).map_err(failed)?;
        }
        if !self.name.is_in_place(&self.path) {
            return Err(JournalError::Moved(self.path.clone()));
        }
        self.hold_to_its_history()
    }

    /// That no other content was written into the file. Where one was, results are lost with what was in it, though the
    /// log goes on counting: the mark is set beyond the journal, so that nothing takes the file for sound.
    pub(in crate::journal) fn hold_to_its_history(&self) -> Result<(), JournalError> {
        if self.name.has_its_history() {
            return Ok(());
        }
        self.leave_alone();
        if let Some(mark) = &self.mark {
            let failed = |source| JournalError::Open { path: mark.path().to_owned(), source };
            mark.lead().map_err(failed)?;
        }
        Err(JournalError::Overwritten(self.path.clone()))
    }

    /// Keeps SQLite from touching the files when this handle is dropped: after an error of the disk it may not know what
    /// is there, and a damaged journal is left as it was found.
    pub fn leave_alone(&self) {
        crate::journal::file::connect::checkpoint_on_drop(&self.connection, false);
    }

    /// Compares the journal with its mark, and then copies what an earlier run left in the write-ahead log
    /// into the database.
    ///
    /// The copy is for the sake of an earlier run whose fsync failed: what that left in the system's memory can be read,
    /// is not on disk, and no later fsync of the log would bring it there. Copied, it is written and synced anew.
    pub(in crate::journal) fn compare(&mut self, name: &str, begun: UnixMillis) -> Result<(), JournalError> {
        let path = commit_counter::path(&self.path);
        let failed = |source| JournalError::Open { path: path.clone(), source };
        let opening = lock::opening(&self.path)?;
        let mark = CommitCounter::open(&self.path, name, begun).map_err(failed)?;
        drop(opening);
        if let Some(lead) = commit_counter::lead(&self.connection, &self.path)? {
            self.leave_alone();
            return Err(JournalError::Behind {
                path: self.path.clone(),
                mark: path,
                groups: lead.groups,
                known_until: lead.known_until,
            });
        }
        self.mark = Some(Box::new(mark));
        self.checkpoint()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::journal::{CampaignId, Identity, NewRun, Reader, Service};

    fn at(millis: i64) -> UnixMillis {
        UnixMillis::from_millis(millis)
    }

    /// A journal with a campaign that was begun at 7.
    fn journal(folder: &Path) -> (Journal, CampaignId) {
        let mut journal = Journal::open(&folder.join("journal.db")).unwrap();
        let identity = Identity {
            name: "n".to_owned(),
            instance_id: "i".to_owned(),
            key_column: None,
            service: Service::Simulated,
        };
        let id = journal.campaign(&identity, at(7)).unwrap();
        journal.connection.execute_batch("CREATE TABLE filler (bytes)").unwrap();
        (journal, id)
    }

    /// Makes the log longer by at least so many pages.
    fn write(journal: &Journal, pages: u32) {
        let fill = "WITH n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT ?1)
                    INSERT INTO filler SELECT zeroblob(4000) FROM n";
        journal.connection.execute(fill, [pages]).unwrap();
    }

    /// Pages in the log, and those of them that the database has too.
    fn log(journal: &Journal) -> (i64, i64) {
        journal
            .connection
            .query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| Ok((row.get(1)?, row.get(2)?)))
            .unwrap()
    }

    #[test]
    fn a_log_is_copied_into_the_database_once_it_is_long() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, _) = journal(folder.path());
        journal.checkpoint().unwrap();
        let (pages, copied) = log(&journal);
        assert_eq!(pages, copied);
        // Whoever reads keeps what is written from now on in the log.
        let reader = Reader::open(&journal.path).unwrap();
        let reading = reader.connection.unchecked_transaction().unwrap();
        reading.query_row("SELECT count(*) FROM campaign", [], |_| Ok(())).unwrap();
        write(&journal, 700);
        journal.checkpoint_if_long().unwrap();
        assert_eq!(log(&journal).1, 0, "700 pages are not worth it");
        write(&journal, 400);
        journal.checkpoint_if_long().unwrap();
        let (pages, copied) = log(&journal);
        assert!(pages >= 1_100, "{pages}");
        assert_eq!(copied, 0, "somebody reads what it would overwrite");
        drop(reading);
        journal.checkpoint_if_long().unwrap();
        assert_eq!(log(&journal), (pages, pages));
    }

    /// What is in the database already does not make the log long.
    #[test]
    fn of_a_log_counts_what_is_not_copied_yet() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, _) = journal(folder.path());
        write(&journal, 700);
        let reader = Reader::open(&journal.path).unwrap();
        let reading = reader.connection.unchecked_transaction().unwrap();
        reading.query_row("SELECT count(*) FROM campaign", [], |_| Ok(())).unwrap();
        write(&journal, 100);
        journal.checkpoint().unwrap();
        drop(reading);
        let (pages, copied) = log(&journal);
        assert!(700 <= copied && copied + 100 <= pages && pages < 1_000, "{copied} of {pages}");
        journal.checkpoint_if_long().unwrap();
        assert_eq!(log(&journal), (pages, copied));
    }

    #[test]
    fn a_journal_that_is_put_away_is_one_file_and_one_that_is_left_alone_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let files = || {
            let entry = |name: &str| folder.path().join(name).metadata().map_or(0, |file| file.len()) > 0;
            (entry("journal.db"), entry("journal.db-wal"))
        };
        let (journal, _) = journal(folder.path());
        assert_eq!(files(), (true, true));
        journal.leave_alone();
        drop(journal);
        assert_eq!(files(), (true, true));
        Journal::open(&folder.path().join("journal.db")).unwrap().close().unwrap();
        assert_eq!(files(), (true, false));
    }

    #[test]
    fn a_journal_that_cannot_be_put_away_says_so_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, _) = journal(folder.path());
        // SQLite copies nothing in the middle of a transaction.
        journal.connection.execute_batch("BEGIN IMMEDIATE; INSERT INTO filler VALUES (1)").unwrap();
        let refused = journal.close();
        assert!(matches!(refused, Err(JournalError::Sqlite(_))), "{refused:?}");
        assert!(folder.path().join("journal.db-wal").metadata().unwrap().len() > 0);
    }

    #[test]
    fn a_journal_behind_its_mark_is_refused_with_what_is_missing_and_any_other_is_copied() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, id) = journal(folder.path());
        journal.connection.pragma_update(None, "user_version", 5).unwrap();
        assert!(journal.mark.take().is_some(), "it was new, and compared");
        let mark = CommitCounter::open(&journal.path, "n", at(7)).unwrap();
        mark.set(17).unwrap();
        let behind = |journal: &mut Journal| match journal.compare("n", at(7)) {
            Err(JournalError::Behind { groups, known_until, .. }) => (groups, known_until),
            other => panic!("{other:?}"),
        };
        assert_eq!(behind(&mut journal), (12, at(7)), "known until the campaign was begun");
        journal.begin_run(id, &NewRun::default(), at(30)).unwrap();
        write(&journal, 1);
        assert_eq!(behind(&mut journal), (12, at(30)), "known until the last run was seen");
        let (pages, copied) = log(&journal);
        assert!(copied < pages && journal.mark.is_none(), "{copied} of {pages}");
        for groups in [5, 4] {
            mark.set(groups).unwrap();
            write(&journal, 1);
            journal.compare("n", at(7)).unwrap();
            let (pages, copied) = log(&journal);
            assert_eq!((copied, journal.mark.take().is_some()), (pages, true));
        }
    }
}
