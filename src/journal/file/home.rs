//! Which file the journal was when a campaign of it was last taken up. A copy of the files has this from its original, and so
//! finds that the original is still there.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};

use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::file::lock::CampaignLock;
use crate::journal::file::{commit_counter, location};
use crate::journal::row::StampColumn;

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

/// The campaign that is taken up.
#[derive(Debug, Clone, Copy)]
pub(in crate::journal) struct Settled<'a> {
    pub(in crate::journal) name: &'a str,
    pub(in crate::journal) begun: UnixMillis,
    pub(in crate::journal) now: UnixMillis,
}

/// Takes note of the file that the journal is now, where it was another one before. Of a copy whose original is there, the
/// original's lock comes with it: while the copy runs the campaign, the original does not.
///
/// # Errors
/// [`JournalError::LiveCopy`] where the original runs the campaign, [`JournalError::Behind`] where the file was moved without its log.
pub(in crate::journal) fn settle(
    connection: &Connection,
    path: &Path,
    campaign: &Settled<'_>,
) -> Result<Option<Option<CampaignLock>>, JournalError> {
    let Some(now) = Home::of(path) else { return Ok(None) };
    let before: Option<Home> = connection
        .query_row("SELECT path, device, inode FROM home", [], |row| {
            Ok(Home { path: row.get::<_, String>(0)?.into(), file: (row.get(1)?, row.get(2)?) })
        })
        .optional()?;
    if before.as_ref() == Some(&now) {
        return Ok(None);
    }
    let mut original = None;
    if let Some(before) = before
        && before.path != now.path
    {
        if before.file != now.file && Home::of(&before.path).as_ref() == Some(&before) {
            original = match CampaignLock::take(&before.path, campaign.name, campaign.now) {
                Ok(lock) => Some(lock),
                Err(JournalError::Held(_)) => {
                    return Err(JournalError::LiveCopy { path: path.to_owned(), original: before.path });
                }
                // An original that cannot be locked cannot be run either: it is on a medium that is only read, or another user's.
                Err(_) => None,
            };
        }
        if before.file == now.file {
            refuse_behind(connection, path, &before.path, campaign)?;
        }
    }
    let tx = connection.unchecked_transaction()?;
    tx.execute("DELETE FROM home", [])?;
    tx.execute(
        "INSERT INTO home (path, device, inode) VALUES (?1, ?2, ?3)",
        params![now.path.to_string_lossy(), now.file.0, now.file.1],
    )?;
    tx.commit()?;
    Ok(Some(original))
}

/// Refuses a journal of which the mark under its name before says that it was further: it was moved without its log.
fn refuse_behind(
    connection: &Connection,
    path: &Path,
    before: &Path,
    campaign: &Settled<'_>,
) -> Result<(), JournalError> {
    let mark = commit_counter::path(before, campaign.name);
    // What cannot be read says nothing.
    let Ok(Some(groups)) = commit_counter::read(mark.clone(), campaign.begun) else { return Ok(()) };
    let counted = commit_counter::counted(connection)?;
    if groups <= counted {
        return Ok(());
    }
    let known_until: Option<StampColumn> = connection.query_row(
        "SELECT max(seen_at) FROM run JOIN campaign ON campaign.id = campaign_id WHERE name = ?1",
        [campaign.name],
        |row| row.get(0),
    )?;
    let known_until = known_until.map_or(campaign.begun, |stamp| stamp.0);
    Err(JournalError::Behind { path: path.to_owned(), mark, groups: groups - counted, known_until })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::file::commit_counter::CommitCounter;
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
        let held = CampaignLock::take(&original, "n", now);
        assert!(matches!(held, Err(JournalError::Held(_))), "who comes second learns of it whichever it is");
        journal.close().unwrap();
        let _running = CampaignLock::take(&original, "n", now).unwrap();
        let mut journal = Journal::open(&copy).unwrap();
        journal.campaign(&identity(), now).expect("it is a journal of its own by now");
    }

    #[test]
    fn a_file_that_was_moved_without_its_log_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let [before, moved] = ["journal.db", "moved.db"].map(|name| folder.path().join(name));
        let now = UnixMillis::from_millis(7);
        let mut journal = Journal::open(&before).unwrap();
        journal.campaign(&identity(), now).unwrap();
        journal.close().unwrap();
        // As after a kill: what was committed last is in the log, which was left behind.
        CommitCounter::open(commit_counter::path(&before, "n"), now).unwrap().set(3).unwrap();
        std::fs::rename(&before, &moved).unwrap();
        let refused = Journal::open(&moved).unwrap().campaign(&identity(), now);
        assert!(matches!(refused, Err(JournalError::Behind { groups: 3, .. })), "{refused:?}");
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
