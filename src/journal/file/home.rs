//! Which file the journal was when a campaign of it was last taken up. A copy of the files has this from its original, and so
//! finds that the original is still there, or that it was further.
//!
//! A copy of the database that was made while a run was going has what was in the database then. What it lacks it asks for
//! again with the same tokens, which meet the contacts that exist for as long as they are valid; later than that it is refused.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};

use crate::domain::delivery::verdict::TOKEN_SAFE;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::file::lock::CampaignLock;
use crate::journal::file::open::Journal;
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
    pub(in crate::journal) now: UnixMillis,
}

/// Takes note of the file that the journal is now, where it was another one before. Of a copy whose original is there, the
/// original's lock comes with it: while the copy runs the campaign, the original does not.
///
/// # Errors
/// [`JournalError::LiveCopy`] where the original runs the campaign, [`JournalError::CopyBehind`] where it was further,
/// [`JournalError::Behind`] where the file was moved without its log, [`JournalError::CopyTooOld`] where what a run did after
/// the copy was made can be found out no more.
pub(in crate::journal) fn settle(
    journal: &Journal,
    campaign: &Settled<'_>,
) -> Result<Option<Option<CampaignLock>>, JournalError> {
    let (connection, path) = (&journal.connection, journal.path.as_path());
    let Some(now) = Home::of(path) else { return Ok(None) };
    let is_replica = journal.link.is_some();
    let before: Option<Home> = connection
        .query_row("SELECT path, device, inode FROM home", [], |row| {
            Ok(Home { path: row.get::<_, String>(0)?.into(), file: (row.get(1)?, row.get(2)?) })
        })
        .optional()?;
    // PostgreSQL's journal is no file, once it was taken up there.
    if before.as_ref() == Some(&now) || (is_replica && before.is_none()) {
        return Ok(None);
    }
    let mut original = None;
    if let Some(before) = before {
        let is_copy = before.file != now.file;
        let original_is_there =
            is_copy && before.path != now.path && Home::of(&before.path).as_ref() == Some(&before);
        if original_is_there {
            original = match CampaignLock::take(&before.path, campaign.name, campaign.now) {
                Ok(lock) => Some(lock),
                Err(JournalError::Held(_)) => {
                    return Err(JournalError::LiveCopy { path: path.to_owned(), original: before.path });
                }
                // An original that cannot be locked cannot be run either: it is on a medium that is only read, or another
                // user's.
                Err(_) => None,
            };
        }
        if before.path != now.path {
            refuse_behind(connection, path, &before.path, original_is_there)?;
        }
        if is_copy {
            refuse_too_old(connection, path, &before.path, campaign.now)?;
        }
    }
    let tx = journal.begin_write()?;
    tx.execute("DELETE FROM home", [])?;
    if is_replica {
        tx.commit()?;
        return Ok(Some(original));
    }
    tx.execute(
        "INSERT INTO home (path, device, inode) VALUES (?1, ?2, ?3)",
        params![now.path.to_string_lossy(), now.file.0, now.file.1],
    )?;
    tx.commit()?;
    Ok(Some(original))
}

/// Refuses a journal of which the mark under its name before says that it was further: it was moved without its log, or it
/// was copied before the last groups.
fn refuse_behind(
    connection: &Connection,
    path: &Path,
    before: &Path,
    original_is_there: bool,
) -> Result<(), JournalError> {
    let Some(lead) = commit_counter::lead(connection, before)? else { return Ok(()) };
    let path = path.to_owned();
    Err(if original_is_there {
        JournalError::CopyBehind { path, original: before.to_owned(), groups: lead.groups }
    } else {
        JournalError::Behind {
            path,
            mark: commit_counter::path(before),
            groups: lead.groups,
            known_until: lead.known_until,
        }
    })
}

/// Refuses a copy in which a run has no end, once the tokens of what that run requested later may be forgotten: nobody can
/// find out any more who was contacted. Which rows waited does not matter: the run may have planned them after the copy.
fn refuse_too_old(
    connection: &Connection,
    path: &Path,
    original: &Path,
    now: UnixMillis,
) -> Result<(), JournalError> {
    let known_until: Option<StampColumn> = connection.query_row(
        "SELECT min(seen_at) FROM run WHERE ended_at IS NULL
             AND id = (SELECT max(id) FROM run AS last WHERE last.campaign_id = run.campaign_id)",
        [],
        |row| row.get(0),
    )?;
    match known_until {
        Some(StampColumn(known_until)) if now.since(known_until) >= TOKEN_SAFE => {
            Err(JournalError::CopyTooOld {
                path: path.to_owned(),
                original: original.to_owned(),
                known_until,
            })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::file::commit_counter::CommitCounter;
    use crate::journal::{CampaignLock, Counters, Identity, Journal, NewRun, RunEnd, Service};

    fn identity() -> Identity {
        Identity {
            name: "n".to_owned(),
            instance_id: "i".to_owned(),
            key_column: None,
            service: Service::Simulated,
        }
    }

    /// As a run of the campaign leaves the mark that has committed so many groups.
    fn set_mark(journal: &Path, name: &str, begun: UnixMillis, groups: u32) {
        CommitCounter::open(journal, name, begun).unwrap().set(groups).unwrap();
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
        set_mark(&before, "n", now, 3);
        std::fs::rename(&before, &moved).unwrap();
        let refused = Journal::open(&moved).unwrap().campaign(&identity(), now);
        assert!(matches!(refused, Err(JournalError::Behind { groups: 3, .. })), "{refused:?}");
    }

    /// The database alone, as it is on the disk while a run is going.
    fn copy_of_a_killed_run(original: &Path, copy: &Path, now: UnixMillis) {
        let mut journal = Journal::open(original).unwrap();
        let id = journal.campaign(&identity(), now).unwrap();
        journal.begin_run(id, &NewRun::default(), now).unwrap();
        std::fs::copy(original, copy).unwrap();
        journal.leave_alone();
    }

    #[test]
    fn a_copy_that_was_made_before_its_original_went_on_is_refused_for_as_long_as_a_mark_tells() {
        let folder = tempfile::tempdir().unwrap();
        let [original, copy] = ["journal.db", "copy.db"].map(|name| folder.path().join(name));
        let now = UnixMillis::from_millis(7);
        copy_of_a_killed_run(&original, &copy, now);
        // Another campaign counts too: its contacts are missing in the limits of this one.
        for name in ["n", "another"] {
            let mut journal = Journal::open(&copy).unwrap();
            if name == "another" {
                let another = Identity { name: name.to_owned(), ..identity() };
                for path in [&original, &copy] {
                    let mut journal = Journal::open(path).unwrap();
                    journal.connection.execute("DELETE FROM home", []).unwrap();
                    journal.campaign(&another, now).unwrap();
                    let home = Home::of(&original).unwrap();
                    let home = params![home.path.to_str().unwrap(), home.file.0, home.file.1];
                    let wanted = "UPDATE home SET path = ?1, device = ?2, inode = ?3";
                    journal.connection.execute(wanted, home).unwrap();
                }
            }
            set_mark(&original, name, now, 3);
            match journal.campaign(&identity(), now) {
                Err(JournalError::CopyBehind { groups: 3, original: found, .. }) => {
                    assert_eq!(found, original.canonicalize().unwrap());
                }
                other => panic!("{name}: {other:?}"),
            }
            std::fs::remove_file(commit_counter::path(&original)).unwrap();
        }
        set_mark(&original, "n", now, 1);
        std::fs::remove_file(&original).unwrap();
        let refused = Journal::open(&copy).unwrap().campaign(&identity(), now);
        assert!(matches!(refused, Err(JournalError::Behind { groups: 1, .. })), "{refused:?}");
    }

    #[test]
    fn a_copy_of_a_run_that_has_no_end_asks_again_for_six_days_and_is_refused_then() {
        let folder = tempfile::tempdir().unwrap();
        let original = folder.path().join("journal.db");
        let now = UnixMillis::from_millis(7);
        let safe = i64::try_from(TOKEN_SAFE.as_millis()).unwrap();
        let mut copies = 0;
        let mut copied = |original: &Path| {
            copies += 1;
            let copy = folder.path().join(format!("copy-{copies}.db"));
            std::fs::copy(original, &copy).unwrap();
            copy
        };
        copy_of_a_killed_run(&original, &folder.path().join("copy.db"), now);
        let [young, old] = [copied(&original), copied(&original)];
        let ended = {
            let mut journal = Journal::open(&original).unwrap();
            let id = journal.campaign(&identity(), now).unwrap();
            let (run, _) = journal.begin_run(id, &NewRun::default(), now).unwrap();
            let end = RunEnd { exit: 4, reason: None };
            journal.end_run(run, Counters::default(), &end, now).unwrap();
            journal.close().unwrap();
            copied(&original)
        };
        for entry in folder.path().read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().unwrap().to_str().unwrap().starts_with("journal.db") {
                std::fs::remove_file(path).unwrap();
            }
        }
        let settled = |copy: &Path, after: i64| {
            Journal::open(copy).unwrap().campaign(&identity(), UnixMillis::from_millis(7 + after))
        };
        let refused = settled(&old, safe);
        assert!(
            matches!(&refused, Err(JournalError::CopyTooOld { known_until, .. }) if *known_until == now),
            "{refused:?}"
        );
        settled(&young, safe - 1).expect("every token is surely known");
        settled(&young, safe * 2).expect("it is a journal of its own by now");
        settled(&ended, safe * 2).expect("nothing was under way when it was copied");
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
