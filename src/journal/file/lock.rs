//! One process per campaign and journal: an operating-system lock on a file beside the journal.
//!
//! The lock is never taken on the database itself (closing any handle of that file would drop SQLite's own locks), and
//! the file is never deleted: a lock on a deleted file excludes nobody.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use uuid::Uuid;

use crate::domain::foreign;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::file::holder::Holder;
use crate::journal::file::location;

/// How often an opener looks whether another one is done, and how many times: for half a minute.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
const PATIENCE: u32 = 1_500;
/// After so many looks, for two seconds, the user is told what is waited for.
const SILENT: u32 = 100;
/// Longest name of a campaign that is a part of a file name as it is; the system takes 255 bytes for the whole.
const LONGEST_NAME: usize = 160;
/// Longest text of a lock file that is read, in bytes.
const LONGEST_HOLDER: u64 = 200;

/// Held for as long as this process runs the campaign; the operating system frees it however the process ends.
#[derive(Debug)]
pub struct CampaignLock {
    _file: File,
}

impl CampaignLock {
    /// Takes the lock of the campaign `name` in the journal at `journal`.
    ///
    /// # Errors
    /// [`JournalError::Held`] where another process has it, [`JournalError::Open`] where the file cannot be made.
    pub fn take(journal: &Path, name: &str, now: UnixMillis) -> Result<Self, JournalError> {
        let journal = &location::locate(journal)?;
        // The lock is signed before any other process may look at it: a holder that is told is one that holds it.
        let _signing = opening(journal)?;
        let path = path_of(journal, name);
        let failed = |source| JournalError::Open { path: path.clone(), source };
        let mut file = open_private(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::Held(read_holder(&mut file))),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        write_holder(&mut file, now).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

/// Whether some process runs the campaign `name` in the journal at `journal`; `None` where nothing tells.
#[must_use]
pub fn is_running(journal: &Path, name: &str) -> Option<bool> {
    let path = path_of(journal, name);
    if !path.exists() {
        return None;
    }
    // Looking takes the lock for a moment. A run that begins must not meet it and believe that somebody has it.
    let _looking = opening(journal).ok()?;
    is_locked(&File::open(path).ok()?)
}

/// Who runs the campaign `name` in the journal at `journal`; `None` where nobody does, or nothing tells.
#[must_use]
pub fn holder(journal: &Path, name: &str) -> Option<Holder> {
    // Who only looks makes no files beside a journal that nobody has run.
    let _looking = path_of(journal, name).exists().then(|| opening(journal).ok())??;
    holder_of(journal, name)
}

/// The same, where that is another process. For callers that exclude other openers already.
pub(in crate::journal) fn held_by_another(journal: &Path, name: &str) -> Option<Holder> {
    holder_of(journal, name).filter(|holder| holder.pid() != Some(std::process::id()))
}

fn holder_of(journal: &Path, name: &str) -> Option<Holder> {
    let mut file = File::open(path_of(journal, name)).ok()?;
    is_locked(&file)?.then(|| read_holder(&mut file))
}

fn is_locked(file: &File) -> Option<bool> {
    match file.try_lock_shared() {
        Ok(()) => Some(false),
        Err(TryLockError::WouldBlock) => Some(true),
        Err(TryLockError::Error(_)) => None,
    }
}

/// Who holds it is a courtesy: an unreadable file does not hide that it is held.
fn read_holder(file: &mut File) -> Holder {
    let mut holder = String::new();
    let _ = file.take(LONGEST_HOLDER).read_to_string(&mut holder);
    Holder::named(holder.trim())
}

/// The file whose lock a run of the campaign holds.
fn path_of(journal: &Path, name: &str) -> PathBuf {
    beside(journal, &format!(".{}.lock", file_name_of(name)))
}

fn write_holder(file: &mut File, now: UnixMillis) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "process {}, since {now}", std::process::id())
}

/// Excludes other processes of this program for a moment: while the journal is made or migrated, and while a
/// campaign's lock is taken and signed.
pub(in crate::journal) fn opening(journal: &Path) -> Result<File, JournalError> {
    let path = beside(journal, ".lock");
    let failed = |source| JournalError::Open { path: path.clone(), source };
    let file = open_private(&path).map_err(failed)?;
    for looks in 0..PATIENCE {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
            Err(TryLockError::WouldBlock) => pause(),
        }
        if looks == SILENT {
            tracing::warn!("waiting for another process, which holds {}", foreign::path(&path));
        }
    }
    Err(JournalError::StillOpening(path))
}

/// Looks at the lock again after a moment. It is held for milliseconds, or for as long as a migration takes.
#[expect(
    clippy::disallowed_methods,
    reason = "a lock of the operating system has no timer of tokio's to wait on"
)]
fn pause() {
    std::thread::sleep(LOOK_AGAIN);
}

/// Opens or creates a file that only its owner may read.
pub(in crate::journal) fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The file beside the journal whose name ends so: the same one, whatever name of the journal is used.
pub(in crate::journal) fn beside(journal: &Path, ending: &str) -> PathBuf {
    beside_resolved(&location::resolve(journal), ending)
}

/// The same, of a journal whose one name is known.
pub(in crate::journal) fn beside_resolved(journal: &Path, ending: &str) -> PathBuf {
    let mut name = journal.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// A campaign's name as a part of a file name: letters and digits stay, the rest is spelled out, so that two names
/// never share a file.
pub(in crate::journal) fn file_name_of(name: &str) -> String {
    let mut safe = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            safe.push(char::from(byte));
        } else {
            safe.push_str(&format!("_{byte:02x}"));
        }
    }
    if safe.len() > LONGEST_NAME {
        // The beginning is for people, the hash tells names apart.
        safe.truncate(LONGEST_NAME - 33);
        safe.push_str(&format!("_{}", Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).simple()));
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

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
        CampaignLock::take(&journal, "autumn", now).expect("another campaign of the same journal");
        assert_eq!(is_running(&journal, "spring"), Some(true));
        let told = holder(&journal, "spring").unwrap().to_string();
        assert_eq!(holder(&journal, "spring").unwrap().pid(), Some(std::process::id()));
        assert!(told.starts_with(&format!("process {}, since ", std::process::id())), "{told}");
        assert_eq!(holder(&journal, "winter"), None);
        drop(held);
        assert_eq!(is_running(&journal, "spring"), Some(false));
        assert_eq!(holder(&journal, "spring"), None);
        assert_eq!(is_running(&journal, "winter"), None);
        CampaignLock::take(&journal, "spring", now).expect("free again");
    }

    #[test]
    fn whoever_only_looks_holds_nobody_up() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.db");
        let take = || CampaignLock::take(&journal, "spring", UnixMillis::from_millis(0));
        drop(take().unwrap());
        let over = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                while !over.load(std::sync::atomic::Ordering::Relaxed) {
                    assert!(is_running(&journal, "spring").is_some());
                }
            });
            let held = (0..1_000).filter(|_| take().is_err()).count();
            over.store(true, std::sync::atomic::Ordering::Relaxed);
            assert_eq!(held, 0, "of 1,000 runs met a status, and took it for a run");
        });
    }

    #[test]
    fn names_never_share_a_file() {
        assert_eq!(file_name_of("spring-1"), "spring-1");
        assert_ne!(file_name_of("a/b"), file_name_of("a_2fb"));
        let (long, longer) = ("夏".repeat(64), "夏".repeat(65));
        assert_ne!(file_name_of(&long), file_name_of(&longer));
        assert!(file_name_of(&longer).len() <= LONGEST_NAME);
        assert!(file_name_of("../../x y").bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
    }
}
