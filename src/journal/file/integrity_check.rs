//! Looking a journal over while its campaign is already sent: ten million rows take several seconds, and nobody who
//! starts a run wants to wait for that.

use std::future::pending;
use std::path::PathBuf;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::journal::error::JournalError;
use crate::journal::file::open::{Journal, Reader};

/// A look at every page and every row of a journal, under way on a thread of its own.
#[derive(Debug)]
pub struct IntegrityCheck {
    /// `None` once it has ended, and found nothing.
    looking: Option<JoinHandle<Result<(), JournalError>>>,
}

impl Journal {
    /// Begins to look the journal over: that all of it is there, and that the rows of the campaign with this name, if it
    /// has any, are those that are counted. What is written meanwhile is not looked at.
    #[must_use]
    pub fn examine(&self, campaign: &str) -> IntegrityCheck {
        let (path, campaign) = (self.path.clone(), campaign.to_owned());
        let looking = tokio::task::spawn_blocking(move || look(path, &campaign));
        IntegrityCheck { looking: Some(looking) }
    }

    /// Waits for an examination, so long at most. One that takes longer goes on.
    ///
    /// # Errors
    /// [`JournalError::Damaged`], [`JournalError::Unbalanced`]. The journal is left as it was found, also where it could
    /// not be looked over.
    pub async fn examined(
        &self,
        examination: &mut IntegrityCheck,
        patience: Duration,
    ) -> Result<(), JournalError> {
        let found = tokio::time::timeout(patience, examination.ended()).await.unwrap_or(Ok(()));
        if found.is_err() {
            self.leave_alone();
        }
        found
    }
}

impl IntegrityCheck {
    /// Waits until something is found, which may be never. Cancel-safe.
    pub async fn failed(&mut self) -> JournalError {
        match self.ended().await {
            Err(error) => error,
            Ok(()) => pending().await,
        }
    }

    async fn ended(&mut self) -> Result<(), JournalError> {
        let Some(looking) = &mut self.looking else { return Ok(()) };
        let found = looking.await.map_err(|panic| JournalError::NotExamined(panic.to_string())).flatten();
        self.looking = None;
        found
    }
}

fn look(path: PathBuf, campaign: &str) -> Result<(), JournalError> {
    let reader = Reader::open(&path)?;
    // One snapshot for the pages and the rows.
    let snapshot = reader.connection.unchecked_transaction()?;
    let found: String = snapshot.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        return Err(JournalError::Damaged { path, what: found });
    }
    match reader.campaign(campaign) {
        Ok(campaign) => reader.verified_tally(campaign.id).map(drop),
        Err(JournalError::NoCampaign { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::unix_millis::UnixMillis;
    use crate::journal::{Identity, Service};

    /// A journal with a campaign, and what was done to it.
    fn journal(folder: &std::path::Path, done: &str) -> Journal {
        let mut journal = Journal::open(&folder.join("journal.db")).unwrap();
        let identity = Identity {
            name: "n".to_owned(),
            instance_id: "i".to_owned(),
            key_column: None,
            service: Service::Simulated,
        };
        journal.campaign(&identity, UnixMillis::from_millis(0)).unwrap();
        journal.connection.execute_batch(done).unwrap();
        journal
    }

    #[tokio::test]
    async fn what_is_found_is_told_in_time_or_later() {
        let folder = tempfile::tempdir().unwrap();
        let journal = journal(folder.path(), "INSERT INTO tally VALUES (1, 2, 7)");
        let found = journal.examined(&mut journal.examine("n"), Duration::MAX).await;
        assert!(matches!(found, Err(JournalError::Unbalanced(_))), "{found:?}");
        // Who did not wait for it is told all the same.
        assert!(matches!(journal.examine("n").failed().await, JournalError::Unbalanced(_)));
    }

    #[tokio::test]
    async fn a_sound_journal_is_waited_for_no_longer_than_it_takes_and_never_fails() {
        let folder = tempfile::tempdir().unwrap();
        let journal = journal(folder.path(), "");
        for campaign in ["n", "another"] {
            let mut examination = journal.examine(campaign);
            journal.examined(&mut examination, Duration::MAX).await.unwrap();
            assert!(examination.looking.is_none());
            let failed = tokio::time::timeout(Duration::from_millis(1), examination.failed()).await;
            assert!(failed.is_err(), "{failed:?}");
        }
    }

    #[tokio::test]
    async fn a_look_that_breaks_off_is_told_as_that() {
        let folder = tempfile::tempdir().unwrap();
        let journal = journal(folder.path(), "");
        let broken =
            || IntegrityCheck { looking: Some(tokio::task::spawn_blocking(|| panic!("a page too far"))) };
        for told in
            [journal.examined(&mut broken(), Duration::MAX).await.unwrap_err(), broken().failed().await]
        {
            let text = told.to_string();
            assert!(
                text.contains("looking the journal over failed") && text.contains("a page too far"),
                "{text}"
            );
            assert!(told.hint().unwrap().to_string().contains("keep a copy"));
        }
    }
}
