//! One process per campaign and journal: operating-system locks on two files beside the journal, for all of its campaigns.
//!
//! `.lock` is locked for a moment by whoever opens or migrates the journal, or takes a campaign or gives it back, and has
//! the table of who holds which campaign. Every holder shares a lock on the mark (see `commit_counter.rs`) for as long as
//! it is there: what the table cannot tell of a process that was killed, that lock does. Versions before had a lock file
//! per campaign, `.CAMPAIGN.lock`; one that a process holds still excludes.
//!
//! Where both files were removed, the locks on the database's log (see `in_use.rs`) still tell that a process writes the
//! journal, and the journal that a run has not ended.
//!
//! The lock is never taken on the database itself: closing any handle of that file would drop SQLite's own locks. A file that
//! is needed no more is removed, but only by who has locked all of it, and who gets that lock looks whether the name still
//! leads to what was locked: a lock on a deleted file excludes nobody.

use std::fs::{File, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::domain::foreign;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::Reader;
use crate::journal::error::JournalError;
use crate::journal::file::beside::{beside, beside_earlier, beside_resolved, open_helper};
use crate::journal::file::connect::connect_reading;
use crate::journal::file::holder::Holder;
use crate::journal::file::kept::Beside;
use crate::journal::file::lock_table::LockTable;
use crate::journal::file::patience::{AT_A_START, AT_THE_END, PATIENCE, SILENT, pause};
use crate::journal::file::{commit_counter, in_use, location};
use crate::journal::postgres::replica;
use crate::journal::postgres::runner::RunnerLock;

/// Longest text of a lock file of an earlier version that is read, in bytes.
const LONGEST_HOLDER: u64 = 200;

/// Held for as long as this process runs the campaign. However the process ends, it is free afterwards.
#[derive(Debug)]
pub struct CampaignLock {
    held: Box<HeldLock>,
}

#[derive(Debug)]
struct HeldLock {
    journal: PathBuf,
    name: String,
    /// The mark, whose lock all holders share.
    presence: Option<File>,
    remote: Option<RunnerLock>,
}

impl CampaignLock {
    /// Takes the lock of the campaign `name` in the journal at `journal`.
    ///
    /// # Errors
    /// [`JournalError::Held`] where another process has it, [`JournalError::LostTable`] where it may,
    /// [`JournalError::Open`] where a file cannot be made.
    pub fn take(journal: &Path, name: &str, now: UnixMillis) -> Result<Self, JournalError> {
        let address = replica::address(journal)?;
        let journal = match &address {
            Some(address) => replica::file(address)?,
            None => location::locate(journal)?,
        };
        let (mut opening, mut table) = untaken(&journal, name)?;
        let presence = share_presence(&journal)?;
        // Before any other process may look at the table: a holder that is told is one that holds it.
        table.add(name, now);
        opening.write(&table)?;
        drop(opening);
        let mut held = HeldLock { journal, name: name.to_owned(), presence: Some(presence), remote: None };
        // Of those on this machine no other asks PostgreSQL meanwhile. Refused there, it gives the campaign back here.
        held.remote = address.map(|address| RunnerLock::take(&address, name, now)).transpose()?;
        Ok(Self { held: Box::new(held) })
    }

    /// The lock in PostgreSQL, of a journal there.
    pub(in crate::journal) fn remote(&self) -> Option<&RunnerLock> {
        self.held.remote.as_ref()
    }
}

/// The table in which nobody has the campaign, with other openers excluded.
fn untaken(journal: &Path, name: &str) -> Result<(OpenersLock, LockTable), JournalError> {
    let mut looks = 0;
    loop {
        let mut opening = opening(journal)?;
        refuse_earlier(journal, name)?;
        let table = opening.table()?;
        if let Some(holder) = table.holder(name) {
            return Err(JournalError::Held(holder));
        }
        // A run that ends removes its files, and closes the journal a moment later. What it shared has a copy in each
        // process that it started, until that one is another program.
        let mark = commit_counter::path(journal);
        let may_be_lost = table.is_empty() && (is_shared(&mark) || is_run_without_files(journal));
        if !may_be_lost {
            return Ok((opening, table));
        }
        if looks == AT_THE_END {
            return Err(JournalError::LostTable(opening.path.clone()));
        }
        drop(opening);
        pause();
        looks += 1;
    }
}

/// True where a run may still be active although both helper files are gone: a process writes the journal, and a run in
/// it has no end.
fn is_run_without_files(journal: &Path) -> bool {
    !commit_counter::path(journal).exists()
        && in_use::is_written(journal)
        // What cannot be asked may be.
        && Reader::open(journal).and_then(|reader| reader.has_open_run()).unwrap_or(true)
}

impl Drop for HeldLock {
    /// Gives the campaign back, and removes the files that are needed no more.
    fn drop(&mut self) {
        let opening = opening_within(&self.journal, AT_THE_END);
        self.presence = None;
        let Ok(mut opening) = opening else { return };
        let mut is_alone = false;
        if let Ok(mut table) = opening.table() {
            table.remove(&self.name);
            let _ = opening.write(&table);
            is_alone = table.is_empty();
        }
        let mark = commit_counter::path(&self.journal);
        if !commit_counter::says_anything(&mark) && is_free_soon(&mark, is_alone) {
            let _ = std::fs::remove_file(mark);
        }
    }
}

/// Whether no process shares the lock on the mark. Where the table has no holder, only a copy in a process that is being
/// started is left, and that goes at once.
fn is_free_soon(mark: &Path, is_alone: bool) -> bool {
    for _ in 0..AT_A_START {
        if !is_shared(mark) {
            return true;
        }
        if !is_alone {
            return false;
        }
        pause();
    }
    false
}

/// Shares the lock that says that a campaign of the journal is held. Only a process that excludes other openers locks all of
/// the mark, for the blink of an eye. A copy of that lock may be in a process that it started, until that is another program.
fn share_presence(journal: &Path) -> Result<File, JournalError> {
    let path = commit_counter::path(journal);
    let failed = |source| JournalError::Open { path: path.clone(), source };
    let file = open_helper(&path).map_err(failed)?;
    for _ in 0..AT_THE_END {
        match file.try_lock_shared() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
            Err(TryLockError::WouldBlock) => pause(),
        }
    }
    Err(failed(io::ErrorKind::WouldBlock.into()))
}

/// Whether any process shares the lock on the mark. For callers that exclude other openers.
fn is_shared(mark: &Path) -> bool {
    match File::open(mark) {
        // A file system without locks tells nothing.
        Ok(file) => file.try_lock().is_err(),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

/// Whether some process runs the campaign `name` in the journal at `journal`; `None` where nothing tells.
#[must_use]
pub fn is_running(journal: &Path, name: &str) -> Option<bool> {
    if replica::address(journal).is_ok_and(|address| address.is_some()) {
        return Some(holder(journal, name).is_some());
    }
    is_there(journal, name).then(|| opening(journal).ok()?.holder_of(name).map(|holder| holder.is_some()))?
}

/// Who runs the campaign `name` in the journal at `journal`; `None` where nobody does, or nothing tells.
#[must_use]
pub fn holder(journal: &Path, name: &str) -> Option<Holder> {
    if let Some(address) = replica::address(journal).ok()? {
        // Whoever reads has just asked PostgreSQL.
        let replica = replica::file(&address).ok()?;
        return holder(&replica, name).or_else(|| {
            let connection = connect_reading(&replica).ok()?;
            replica::runner(&connection, name).ok()?
        });
    }
    is_there(journal, name).then(|| opening(journal).ok()?.holder_of(name)?)?
}

/// Who only looks makes no files beside a journal that nobody runs.
fn is_there(journal: &Path, name: &str) -> bool {
    beside(journal, Beside::Lock).exists() || earlier_path(journal, name).exists()
}

/// Refuses a campaign that a process of an earlier version holds by a file of its own, and removes such a file where none does.
/// For callers that exclude other openers: those of earlier versions too lock all of `.lock` before they take such a file.
pub(in crate::journal) fn refuse_earlier(journal: &Path, name: &str) -> Result<(), JournalError> {
    match earlier_holder(journal, name) {
        Some(holder) => Err(JournalError::Held(holder)),
        None => {
            // A file that cannot be removed is in nobody's way.
            let _ = std::fs::remove_file(earlier_path(journal, name));
            Ok(())
        }
    }
}

/// The file that a run of the campaign held in earlier versions.
fn earlier_path(journal: &Path, name: &str) -> PathBuf {
    beside_earlier(journal, name, Beside::Lock)
}

fn earlier_holder(journal: &Path, name: &str) -> Option<Holder> {
    let file = File::open(earlier_path(journal, name)).ok()?;
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)).then(|| {
        // Who holds it is a courtesy: an unreadable file does not hide that it is held.
        let mut holder = String::new();
        let _ = file.take(LONGEST_HOLDER).read_to_string(&mut holder);
        Holder::named(holder.trim())
    })
}

/// Other openers are excluded while this is there.
#[derive(Debug)]
pub(in crate::journal) struct OpenersLock {
    journal: PathBuf,
    file: File,
    path: PathBuf,
}

impl OpenersLock {
    /// Who holds which campaign. What processes left that were killed is removed.
    fn table(&mut self) -> Result<LockTable, JournalError> {
        let mut table = LockTable::read(&mut self.file).map_err(|source| self.failed(source))?;
        let mark = commit_counter::path(&self.journal);
        if table.prune(|| is_shared(&mark)) {
            self.write(&table)?;
        }
        Ok(table)
    }

    fn write(&mut self, table: &LockTable) -> Result<(), JournalError> {
        table.write(&mut self.file).map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> JournalError {
        JournalError::Open { path: self.path.clone(), source }
    }

    /// Who runs the campaign `name`; an outer `None` where nothing tells.
    #[expect(clippy::option_option, reason = "whether it is known, and then whether there is one")]
    fn holder_of(&mut self, name: &str) -> Option<Option<Holder>> {
        let table = self.table().ok()?;
        Some(table.holder(name).or_else(|| earlier_holder(&self.journal, name)))
    }

    /// Who runs the campaign `name`, where that is another process.
    pub(in crate::journal) fn held_by_another(&mut self, name: &str) -> Option<Holder> {
        self.holder_of(name)?.filter(|holder| holder.pid() != Some(std::process::id()))
    }
}

impl Drop for OpenersLock {
    /// Removes the file where no campaign is held.
    fn drop(&mut self) {
        if self.table().is_ok_and(|table| table.is_empty()) && leads_to(&self.path, &self.file) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Excludes other processes of this program for a moment: while the journal is made or migrated, and while a
/// campaign's lock is taken and signed.
pub(in crate::journal) fn opening(journal: &Path) -> Result<OpenersLock, JournalError> {
    opening_within(journal, PATIENCE)
}

fn opening_within(journal: &Path, patience: u32) -> Result<OpenersLock, JournalError> {
    let journal = location::resolve(journal);
    let path = beside_resolved(&journal, Beside::Lock);
    let failed = |source| JournalError::Open { path: path.clone(), source };
    for looks in 0..patience {
        let file = open_helper(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) if leads_to(&path, &file) => return Ok(OpenersLock { journal, file, path }),
            // It was removed between the two: the next one is another file.
            Ok(()) => continue,
            Err(TryLockError::Error(source)) => return Err(failed(source)),
            Err(TryLockError::WouldBlock) => pause(),
        }
        if looks == SILENT {
            tracing::warn!("waiting for another process, which holds {}", foreign::path(&path));
        }
    }
    Err(JournalError::StillOpening(path))
}

/// Whether the name still leads to the file that was opened by it.
fn leads_to(path: &Path, file: &File) -> bool {
    match (path.metadata(), file.metadata()) {
        (Ok(named), Ok(opened)) => (named.dev(), named.ino()) == (opened.dev(), opened.ino()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::file::beside::files;

    /// Promise 8. (Two handles of one process exclude each other as two processes do; `tests/process/races.rs` has two.)
    #[test]
    fn the_second_one_is_told_who_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.db");
        let now = UnixMillis::from_millis(0);
        let held = CampaignLock::take(&journal, "spring", now).unwrap();
        let refused = CampaignLock::take(&journal, "spring", now).unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!(
                "another process is running this campaign: process {}, since 1970-01-01T00:00:00.000Z",
                std::process::id()
            )
        );
        let another =
            CampaignLock::take(&journal, "autumn", now).expect("another campaign of the same journal");
        assert_eq!(
            [&journal].map(|journal| files(journal.parent().unwrap())),
            [["journal.db.lock", "journal.db.mark"]]
        );
        assert_eq!(is_running(&journal, "spring"), Some(true));
        let told = holder(&journal, "spring").unwrap().to_string();
        assert_eq!(holder(&journal, "spring").unwrap().pid(), Some(std::process::id()));
        assert!(told.starts_with(&format!("process {}, since ", std::process::id())), "{told}");
        assert_eq!(holder(&journal, "winter"), None);
        drop(held);
        assert_eq!(is_running(&journal, "spring"), Some(false), "the file is there for the other one");
        drop(another);
        assert_eq!(files(folder.path()), [""; 0], "nothing is left behind");
        assert_eq!(is_running(&journal, "spring"), None, "no lock is there, so nothing tells");
        assert_eq!(holder(&journal, "spring"), None);
        CampaignLock::take(&journal, "spring", now).expect("free again");
    }

    /// What a process leaves that is killed: its line, and no lock.
    #[test]
    fn who_was_killed_excludes_nobody_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.db");
        let now = UnixMillis::from_millis(0);
        let take = |name| CampaignLock::take(&journal, name, now);
        let other = take("autumn").unwrap();
        let killed = "spring\tprocess 1, since 2026\tanother boot 5\n";
        let path = beside(&journal, Beside::Lock);
        let lines = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{lines}{killed}")).unwrap();
        assert!(
            matches!(take("spring"), Err(JournalError::Held(_))),
            "it may be elsewhere, as long as anybody is"
        );
        std::mem::forget(take("summer").unwrap());
        drop(other);
        assert!(matches!(take("spring"), Err(JournalError::Held(_))), "that of summer is there");
        let lines = std::fs::read_to_string(&path).unwrap();
        let summer = lines.lines().find(|line| line.starts_with("summer")).unwrap();
        let ended = format!("{} 1\n", summer.replace("summer", "spring").rsplit_once(' ').unwrap().0);
        std::fs::write(&path, format!("{summer}\n{ended}")).unwrap();
        drop(take("spring").expect("the processes of this system are looked up"));
        assert_eq!(
            files(folder.path()),
            ["journal.db.lock", "journal.db.mark"],
            "of a process that was not killed"
        );
    }

    /// Somebody tidies up while a campaign runs.
    #[test]
    fn a_table_that_was_removed_lets_nobody_in() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.db");
        let take = |name| CampaignLock::take(&journal, name, UnixMillis::from_millis(0));
        let held = take("spring").unwrap();
        std::fs::remove_file(beside(&journal, Beside::Lock)).unwrap();
        for name in ["spring", "autumn"] {
            assert!(matches!(take(name), Err(JournalError::LostTable(_))), "{name}");
        }
        drop(held);
        drop(take("spring").expect("nobody has anything any more"));
        assert_eq!(files(folder.path()), [""; 0]);
    }

    #[test]
    fn a_process_of_an_earlier_version_excludes_too() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.db");
        let earlier = earlier_path(&journal, "spring");
        std::fs::write(&earlier, "process 4711, since 2026").unwrap();
        let held = File::open(&earlier).unwrap();
        held.lock().unwrap();
        let take = || CampaignLock::take(&journal, "spring", UnixMillis::from_millis(0));
        match take() {
            Err(JournalError::Held(holder)) => assert_eq!(holder.pid(), Some(4711)),
            other => panic!("{other:?}"),
        }
        assert_eq!(is_running(&journal, "spring"), Some(true));
        drop(held);
        assert_eq!(is_running(&journal, "spring"), Some(false));
        drop(take().unwrap());
        assert_eq!(files(folder.path()), [""; 0]);
    }

    /// A link by the name of a helper file leads to something that is somebody's.
    #[test]
    fn nothing_is_written_through_a_link_nor_into_a_database() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, other) = (folder.path().join("journal.db"), folder.path().join("people.csv"));
        let take = || CampaignLock::take(&journal, "spring", UnixMillis::from_millis(0));
        for file in [Beside::Lock, Beside::Mark] {
            let helper = beside(&journal, file);
            for make in [
                |to: &Path, at: &Path| std::os::unix::fs::symlink(to, at),
                |to: &Path, at: &Path| std::fs::hard_link(to, at),
                |to: &Path, at: &Path| std::fs::copy(to, at).map(drop),
            ] {
                std::fs::write(&other, b"SQLite format 3\0 and more").unwrap();
                make(&other, &helper).unwrap();
                assert!(matches!(take(), Err(JournalError::Open { .. })), "{file:?}");
                assert_eq!(std::fs::read(&other).unwrap(), b"SQLite format 3\0 and more");
                std::fs::remove_file(&helper).unwrap();
                drop(take().unwrap());
            }
        }
    }

    /// Between the opening of the file and its lock another process may remove it: two would hold two files.
    #[test]
    fn a_file_that_was_removed_or_replaced_is_not_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db.lock");
        let file = open_helper(&path).unwrap();
        assert!(leads_to(&path, &file));
        std::fs::remove_file(&path).unwrap();
        assert!(!leads_to(&path, &file));
        let next = open_helper(&path).unwrap();
        assert_eq!([&file, &next].map(|file| leads_to(&path, file)), [false, true]);
    }

    #[test]
    fn of_many_that_come_and_go_at_once_one_is_there_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.db");
        let inside = std::sync::atomic::AtomicU32::new(0);
        std::thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| {
                    for _ in 0..200 {
                        let opening = opening(&journal).unwrap();
                        assert_eq!(inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                        inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                        drop(opening);
                    }
                });
            }
        });
        assert_eq!(files(folder.path()), [""; 0]);
    }

    /// A process that is started has copies of all locks for a moment, until it is another program.
    #[test]
    fn processes_that_are_started_meanwhile_hold_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.db");
        let is_over = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                while !is_over.load(std::sync::atomic::Ordering::SeqCst) {
                    std::process::Command::new("true").status().unwrap();
                }
            });
            let refused = (0..1_000)
                .find_map(|_| CampaignLock::take(&journal, "spring", UnixMillis::from_millis(0)).err());
            is_over.store(true, std::sync::atomic::Ordering::SeqCst);
            assert!(refused.is_none(), "{refused:?}");
        });
        assert_eq!(files(folder.path()), [""; 0]);
    }

    #[test]
    fn whoever_only_looks_holds_nobody_up() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.db");
        let take = || CampaignLock::take(&journal, "spring", UnixMillis::from_millis(0));
        drop(take().unwrap());
        // A look for each run, at once with it: one that never ceases to look would hold anybody up.
        let together = std::sync::Barrier::new(2);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                for _ in 0..1_000 {
                    together.wait();
                    let _ = is_running(&journal, "spring");
                }
            });
            let held = (0..1_000).filter(|_| {
                together.wait();
                take().is_err()
            });
            assert_eq!(held.count(), 0, "of 1,000 runs met a status, and took it for a run");
        });
    }
}
