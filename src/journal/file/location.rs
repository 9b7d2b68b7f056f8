//! Which file a journal is: one file has one name here, whatever was typed.
//!
//! SQLite finds the write-ahead log by the name under which it opened the database, and our locks and counters lie beside
//! it by that name too. A second name for the same file would so be a second journal: see
//! `docs/decisions/0008-one-name-for-one-journal.md`. Nothing here opens the database.

use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::journal::error::JournalError;
use crate::journal::file::kept::Beside;

/// Symbolic links that are followed to a file which does not exist yet, at most; the system's own bound.
const LINKS: usize = 40;

/// The one name of the journal at `path`: with symbolic links resolved, also where the file is yet to be made. A relative path
/// stays one where the file is below the current folder, since people read it in messages. A path that cannot be resolved
/// is returned as it is, so that whatever opens it says why.
pub(in crate::journal) fn resolve(path: &Path) -> PathBuf {
    let resolved = absolute(path);
    if path.is_absolute() {
        return resolved;
    }
    let here = std::env::current_dir().and_then(|folder| folder.canonicalize());
    match here.as_ref().map(|folder| resolved.strip_prefix(folder)) {
        Ok(Ok(short)) if names_a_file(short) => short.to_owned(),
        _ => resolved,
    }
}

/// Whether SQLite takes the name for that of a file.
fn names_a_file(path: &Path) -> bool {
    let name = path.as_os_str().as_encoded_bytes();
    !(name.is_empty() || name == b":memory:" || name.starts_with(b"file:"))
}

/// The same, from the root.
pub(in crate::journal) fn absolute(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        if let Ok(canonical) = path.canonicalize() {
            return canonical;
        }
        let Ok(target) = path.read_link() else { break };
        path = folder(&path).join(target);
    }
    match (folder(&path).canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path,
    }
}

/// The folder that a file is in.
pub(in crate::journal) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The one name of the journal at `path`, unless the file has several.
///
/// # Errors
/// [`JournalError::NotUtf8`] where the path is no UTF-8, [`JournalError::NotAFile`] where SQLite would not take the name
/// for a file's, or for that of a file beside a journal, [`JournalError::Linked`] where the file has more than one hard
/// link.
pub(in crate::journal) fn locate(path: &Path) -> Result<PathBuf, JournalError> {
    if !names_a_file(path) {
        return Err(JournalError::NotAFile(path.to_owned()));
    }
    let path = resolve(path);
    if path.to_str().is_none() {
        return Err(JournalError::NotUtf8(path));
    }
    let bytes = path.as_os_str().as_encoded_bytes();
    if Beside::of_name(bytes).is_some() {
        return Err(JournalError::NotAFile(path));
    }
    match path.metadata() {
        Ok(file) if file.is_file() && file.nlink() > 1 => {
            Err(JournalError::Linked { path, links: file.nlink() })
        }
        Ok(there) if !there.is_file() && !there.is_dir() => Err(JournalError::NotAFile(path)),
        _ => Ok(path),
    }
}

/// Takes from the group and from everybody else what they may do with the journal's files. (Numbers and messages are in
/// them; this program makes them with mode 0600.)
///
/// # Errors
/// Where the mode cannot be changed: the file is another user's.
pub(in crate::journal) fn make_private(path: &Path) -> io::Result<()> {
    for ending in ["", Beside::Log.ending(), Beside::SharedMemory.ending()] {
        let mut file = path.as_os_str().to_owned();
        file.push(ending);
        let Ok(metadata) = Path::new(&file).metadata() else { continue };
        let mode = metadata.permissions().mode();
        if metadata.is_file() && mode & 0o077 != 0 {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode & 0o700))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// SQLite hands its name back as text, and what is beside it goes by that.
    #[test]
    fn a_name_that_is_no_text_is_refused_before_anything_is_made() {
        use std::os::unix::ffi::OsStrExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(std::ffi::OsStr::from_bytes(b"j\xff.db"));
        let error = crate::journal::Journal::open(&path).unwrap_err();
        assert!(error.to_string().contains("is no UTF-8"), "{error}");
        assert!(crate::journal::Reader::open(&path).unwrap_err().to_string().contains("is no UTF-8"));
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn every_name_leads_to_one() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("data")).unwrap();
        symlink("data", root.join("linked")).unwrap();
        symlink("linked/journal.db", root.join("link.db")).unwrap();
        symlink("link.db", root.join("again.db")).unwrap();
        let one = root.join("data/journal.db");
        for made in [false, true] {
            if made {
                std::fs::write(&one, "").unwrap();
            }
            for name in ["data/journal.db", "data/../linked/journal.db", "link.db", "again.db"] {
                assert_eq!(locate(&root.join(name)).unwrap(), one, "{name}, made: {made}");
            }
        }
        symlink("round.db", root.join("round.db")).unwrap();
        assert_eq!(resolve(&root.join("round.db")), root.join("round.db"), "for others to say what is wrong");
        assert_eq!(resolve(Path::new("/no/such/journal.db")), Path::new("/no/such/journal.db"));
    }

    #[test]
    fn a_file_with_two_names_is_refused_under_both() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = ["one.db", "other.db"].map(|name| folder.path().join(name));
        std::fs::write(&one, "").unwrap();
        std::fs::hard_link(&one, &other).unwrap();
        for name in [&one, &other] {
            assert!(matches!(locate(name), Err(JournalError::Linked { links: 2, .. })));
        }
        std::fs::remove_file(&other).unwrap();
        locate(&one).unwrap();
    }

    #[test]
    fn what_sqlite_does_not_take_for_a_file_is_none() {
        for name in
            ["", ":memory:", "file:journal.db?mode=memory", "file:journal.db", "a.db-wal", "a.db.lock"]
        {
            assert!(matches!(locate(Path::new(name)), Err(JournalError::NotAFile(_))), "{name:?}");
        }
        locate(Path::new("./file:journal.db")).unwrap();
    }

    #[test]
    fn the_files_of_a_journal_become_their_owners() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        for ending in ["", "-wal"] {
            let file = format!("{}{ending}", path.to_str().unwrap());
            std::fs::write(&file, "").unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o664)).unwrap();
        }
        make_private(&path).unwrap();
        for ending in ["", "-wal"] {
            let file = format!("{}{ending}", path.to_str().unwrap());
            assert_eq!(Path::new(&file).metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file}");
        }
    }
}
