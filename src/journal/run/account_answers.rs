//! What the account answered before a run, kept for the runs that follow shortly after.

use rusqlite::{OptionalExtension, params};

use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::file::open::Journal;
use crate::journal::row::StampColumn;

impl Journal {
    /// What was answered about this subject last, and when.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn account_answers(
        &self,
        owner: &str,
        subject: &str,
    ) -> Result<Option<(UnixMillis, String)>, JournalError> {
        let sql = "SELECT at, answers FROM account_answers WHERE owner = ?1 AND subject = ?2";
        let read = |row: &rusqlite::Row<'_>| {
            let StampColumn(at) = row.get(0)?;
            Ok((at, row.get(1)?))
        };
        Ok(self.connection.query_row(sql, params![owner, subject], read).optional()?)
    }

    /// Keeps what was answered about this subject.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn keep_account_answers(
        &mut self,
        (owner, subject): (&str, &str),
        answers: &str,
        now: UnixMillis,
    ) -> Result<(), JournalError> {
        let tx = self.begin_write()?;
        tx.execute(
            "INSERT INTO account_answers (owner, subject, at, answers) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET at = excluded.at, answers = excluded.answers",
            params![owner, subject, StampColumn(now), answers],
        )?;
        tx.commit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_those_about_the_subject_and_the_last_ones() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(&folder.path().join("journal.db")).unwrap();
        let stamp = UnixMillis::from_millis;
        assert_eq!(journal.account_answers("a", "flow").unwrap(), None);
        journal.keep_account_answers(("a", "flow"), "1", stamp(1)).unwrap();
        journal.keep_account_answers(("a", "flow"), "2", stamp(2)).unwrap();
        journal.keep_account_answers(("b", "flow"), "3", stamp(3)).unwrap();
        assert_eq!(journal.account_answers("a", "flow").unwrap(), Some((stamp(2), "2".to_owned())));
        assert_eq!(journal.account_answers("a", "other").unwrap(), None);
    }
}
