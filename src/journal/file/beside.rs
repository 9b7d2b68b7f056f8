//! Files beside the journal: where they are, and that they are private. What is in them is not known here.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;
use uuid::Uuid;

use crate::journal::file::kept::Beside;
use crate::journal::file::location;

/// Longest name of a campaign that is a part of a file name as it is; the system takes 255 bytes for the whole.
const LONGEST_NAME: usize = 160;

/// Opens or creates a file that only its owner may read.
pub(in crate::journal) fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.mode(0o600);
    options.open(path)
}

/// Opens or creates a file that this program keeps beside a journal, and writes over: nobody else's may be reached by its name.
///
/// # Errors
/// Where the file cannot be opened; where it is a link, has other names, or is a database.
pub(in crate::journal) fn open_helper(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
    let file = options.open(path).map_err(|error| match Errno::from_io_error(&error) {
        Some(Errno::LOOP) => {
            io::Error::other("it is a symbolic link, and this program writes over it: remove it")
        }
        _ => error,
    })?;
    if file.metadata()?.nlink() > 1 {
        return Err(io::Error::other(
            "it has other names (hard links), and this program writes over it: remove it",
        ));
    }
    let mut begin = [0; DATABASE.len()];
    if file.read_at(&mut begin, 0)? == begin.len() && begin == *DATABASE {
        return Err(io::Error::other("it is a database, and this program would write over it: move it away"));
    }
    Ok(file)
}

/// How a database of SQLite begins.
const DATABASE: &[u8; 16] = b"SQLite format 3\0";

/// The file beside the journal: the same one, whatever name of the journal is used.
#[must_use]
pub fn beside(journal: &Path, file: Beside) -> PathBuf {
    beside_resolved(&location::resolve(journal), file)
}

/// The same, of a journal whose one name is known.
pub(in crate::journal) fn beside_resolved(journal: &Path, file: Beside) -> PathBuf {
    let mut name = journal.as_os_str().to_owned();
    name.push(file.ending());
    PathBuf::from(name)
}

/// The lock or the mark that versions before had for a campaign.
pub(in crate::journal) fn beside_earlier(journal: &Path, campaign: &str, file: Beside) -> PathBuf {
    let mut name = location::resolve(journal).into_os_string();
    name.push(format!(".{}{}", file_name_of(campaign), file.ending()));
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

/// The names of what is in a folder, in order.
#[cfg(test)]
pub(in crate::journal) fn files(folder: &Path) -> Vec<String> {
    let name = |entry: io::Result<std::fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut files: Vec<_> = folder.read_dir().unwrap().map(name).collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

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
