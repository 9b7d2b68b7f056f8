//! Which file the journal was when a campaign of it was last taken up. A copy of the files has this from its original, and so
//! finds that the original is still there.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};

use crate::journal::error::JournalError;
use crate::journal::file::{location, lock};

/// A file as the journal remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Home {
    path: PathBuf,
    /// The file's device and inode; SQLite has signed integers only.
    file: (i64, i64),
}

impl Home {
    fn of(path: &Path) -> Option<Self> {
        let file = path.metadata().ok()?;
        Some(Self {
            path: location::absolute(path),
            file: (file.dev().cast_signed(), file.ino().cast_signed()),
        })
    }
}

/// Takes note of the file that the journal is now.
///
/// # Errors
/// [`JournalError::LiveCopy`] where it is a copy, and its original runs the campaign `name`.
pub(in crate::journal) fn settle(
    connection: &Connection,
    path: &Path,
    name: &str,
) -> Result<(), JournalError> {
    let Some(now) = Home::of(path) else { return Ok(()) };
    let before: Option<Home> = connection
        .query_row("SELECT path, device, inode FROM home", [], |row| {
            Ok(Home { path: row.get::<_, String>(0)?.into(), file: (row.get(1)?, row.get(2)?) })
        })
        .optional()?;
    if before.as_ref() == Some(&now) {
        return Ok(());
    }
    if let Some(before) = before
        && before.file != now.file
        && Home::of(&before.path).as_ref() == Some(&before)
        && lock::is_running(&before.path, name) == Some(true)
    {
        return Err(JournalError::LiveCopy { path: path.to_owned(), original: before.path });
    }
    let tx = connection.unchecked_transaction()?;
    tx.execute("DELETE FROM home", [])?;
    tx.execute(
        "INSERT INTO home (path, device, inode) VALUES (?1, ?2, ?3)",
        params![now.path.to_string_lossy(), now.file.0, now.file.1],
    )?;
    tx.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::unix_millis::UnixMillis;
    use crate::journal::{CampaignLock, Identity, Journal, Service};

    fn identity() -> Identity {
        Identity {
            name: "n".to_owned(),
            instance_id: "i".to_owned(),
            key_column: None,
            service: Service::Simulated,
        }
    }

    #[test]
    fn a_copy_is_refused_while_its_original_runs_the_campaign_and_free_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let [original, copy] = ["journal.db", "copy.db"].map(|name| folder.path().join(name));
        let now = UnixMillis::from_millis(0);
        let running = CampaignLock::take(&original, "n", now).unwrap();
        let mut journal = Journal::open(&original).unwrap();
        journal.campaign(&identity(), now).unwrap();
        journal.close().unwrap();
        std::fs::copy(&original, &copy).unwrap();
        let _another = CampaignLock::take(&copy, "n", now).unwrap();
        let mut journal = Journal::open(&copy).unwrap();
        match journal.campaign(&identity(), now) {
            Err(JournalError::LiveCopy { original: found, .. }) => {
                assert_eq!(found, original.canonicalize().unwrap());
            }
            other => panic!("{other:?}"),
        }
        drop(running);
        journal.campaign(&identity(), now).expect("the original is put away, for all that can be known");
        let _running = CampaignLock::take(&original, "n", now).unwrap();
        journal.campaign(&identity(), now).expect("it is a journal of its own by now");
    }

    #[test]
    fn a_journal_that_was_moved_is_no_copy() {
        let folder = tempfile::tempdir().unwrap();
        let [before, after] = ["journal.db", "moved.db"].map(|name| folder.path().join(name));
        let now = UnixMillis::from_millis(0);
        let mut journal = Journal::open(&before).unwrap();
        journal.campaign(&identity(), now).unwrap();
        journal.close().unwrap();
        std::fs::rename(&before, &after).unwrap();
        Journal::open(&before).unwrap();
        let _running = CampaignLock::take(&before, "n", now).unwrap();
        Journal::open(&after).unwrap().campaign(&identity(), now).unwrap();
    }
}
