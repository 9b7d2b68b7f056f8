//! The mark: a small file beside the journal that says how many groups of attempts and outcomes a campaign has
//! committed, so that a journal that lost its end is noticed.
//!
//! SQLite takes a damaged write-ahead log for one that ends before the damage, and says nothing. An older copy of the
//! journal looks as good as the newest. In both, rows that were contacted wait for their turn again, and after the life
//! of their tokens they would be contacted twice. The journal counts its groups in its header (`user_version`, in the
//! same transaction); the mark is written after that is durable and never synced, so it may lag but never leads:
//! whenever it leads, something was lost. Where the mark itself is lost nothing is noticed, and nothing else happens.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction};

use crate::domain::unix_millis::UnixMillis;
use crate::journal::file::{location, lock};
use crate::journal::row::StampColumn;

/// What ends the names of marks.
const ENDING: &str = ".mark";

/// The mark of the campaign that this process runs.
#[derive(Debug)]
pub(in crate::journal) struct CommitCounter {
    file: File,
    path: PathBuf,
    begun: UnixMillis,
}

impl CommitCounter {
    /// Opens or makes the mark at `path`, of a campaign begun at that time.
    pub(in crate::journal) fn open(path: PathBuf, begun: UnixMillis) -> io::Result<Self> {
        Ok(Self { file: lock::open_private(&path)?, path, begun })
    }

    /// How many groups were committed; `None` where it does not say, or speaks of another campaign.
    pub(in crate::journal) fn groups(&self) -> io::Result<Option<u32>> {
        let mut bytes = [0; 64];
        let length = self.file.read_at(&mut bytes, 0)?;
        Ok(std::str::from_utf8(&bytes[..length]).ok().and_then(|text| self.parse(text)))
    }

    fn parse(&self, text: &str) -> Option<u32> {
        let (begun, groups) = text.strip_suffix('\n')?.split_once(' ')?;
        (begun.parse() == Ok(self.begun.millis())).then(|| groups.parse().ok())?
    }

    /// Takes note that so many groups are durable. Every text has the same length: it replaces the one before.
    pub(in crate::journal) fn set(&self, groups: u32) -> io::Result<()> {
        self.file.write_all_at(format!("{:020} {groups:010}\n", self.begun.millis()).as_bytes(), 0)
    }

    pub(in crate::journal) fn path(&self) -> &Path {
        &self.path
    }
}

/// What the mark at `path`, of a campaign begun at that time, says; `None` where there is none, too.
pub(in crate::journal) fn read(path: PathBuf, begun: UnixMillis) -> io::Result<Option<u32>> {
    match File::open(&path) {
        Ok(file) => CommitCounter { file, path, begun }.groups(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Where the mark of the campaign `name` in the journal at `journal` is.
pub(in crate::journal) fn path(journal: &Path, name: &str) -> PathBuf {
    lock::beside(journal, &format!(".{}{ENDING}", lock::file_name_of(name)))
}

/// A mark that is further than the journal.
#[derive(Debug)]
pub(in crate::journal) struct Lead {
    /// The mark.
    pub(in crate::journal) mark: PathBuf,
    /// By so many groups.
    pub(in crate::journal) groups: u32,
    /// The last time of which the journal surely knows everything.
    pub(in crate::journal) known_until: UnixMillis,
}

/// The mark beside `journal` that is furthest beyond what the database has, over all of its campaigns: groups are counted by
/// journal, and what another campaign lost is missing in the limits of this one. What cannot be read says nothing.
pub(in crate::journal) fn lead(connection: &Connection, journal: &Path) -> rusqlite::Result<Option<Lead>> {
    let mut statement = connection.prepare(
        "SELECT name, created_at, (SELECT max(seen_at) FROM run WHERE campaign_id = campaign.id) FROM campaign",
    )?;
    let mut campaigns = statement.query([])?;
    let mut furthest: Option<Lead> = None;
    while let Some(row) = campaigns.next()? {
        let (name, StampColumn(begun)): (String, _) = (row.get(0)?, row.get(1)?);
        let seen: Option<StampColumn> = row.get(2)?;
        let mark = path(journal, &name);
        let Ok(Some(groups)) = read(mark.clone(), begun) else { continue };
        if furthest.as_ref().is_none_or(|lead| lead.groups < groups) {
            furthest = Some(Lead { mark, groups, known_until: seen.map_or(begun, |stamp| stamp.0) });
        }
    }
    // After the marks: the run of another campaign may be counting.
    let counted = counted(connection)?;
    Ok(furthest
        .filter(|lead| lead.groups > counted)
        .map(|lead| Lead { groups: lead.groups - counted, ..lead }))
}

/// Whether any campaign has left its mark beside the journal.
pub(in crate::journal) fn any(journal: &Path) -> bool {
    let journal = location::resolve(journal);
    let Some(name) = journal.file_name().and_then(|name| name.to_str()) else { return false };
    let Ok(entries) = location::folder(&journal).read_dir() else { return false };
    entries.filter_map(Result::ok).any(|entry| {
        let entry = entry.file_name();
        let rest = entry.to_str().and_then(|entry| entry.strip_prefix(name));
        rest.is_some_and(|rest| rest.starts_with('.') && rest.ends_with(ENDING))
    })
}

/// How many groups the journal has.
pub(in crate::journal) fn counted(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Counts one more, with what else the transaction holds. After 2^31 the count stands still, and the mark with it.
pub(in crate::journal) fn count_one(tx: &Transaction<'_>) -> rusqlite::Result<u32> {
    let groups = counted(tx)?.saturating_add(1).min(i32::MAX.unsigned_abs());
    tx.pragma_update(None, "user_version", groups)?;
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_speaks_of_one_campaign_and_what_is_garbled_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.db");
        assert!(!any(&journal));
        let begun = UnixMillis::from_millis(1_772_357_400_000);
        let mark = CommitCounter::open(path(&journal, "spring"), begun).unwrap();
        assert!(any(&journal));
        assert_eq!(mark.groups().unwrap(), None);
        for groups in [1, 9, 10, u32::MAX] {
            mark.set(groups).unwrap();
            assert_eq!(
                CommitCounter::open(path(&journal, "spring"), begun).unwrap().groups().unwrap(),
                Some(groups)
            );
        }
        let another = UnixMillis::from_millis(1_772_357_400_001);
        assert_eq!(
            CommitCounter::open(path(&journal, "spring"), another).unwrap().groups().unwrap(),
            None,
            "begun anew"
        );
        std::fs::write(mark.path(), [0; 32]).unwrap();
        assert_eq!(mark.groups().unwrap(), None);
    }

    #[test]
    fn what_only_looks_like_a_mark_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.db");
        for other in ["journal.db.spring.lock", "journal.dbs.mark", "another.db.spring.mark", "spring.mark"] {
            std::fs::write(folder.path().join(other), "").unwrap();
            assert!(!any(&journal), "{other}");
        }
        std::fs::write(folder.path().join("journal.db.spring.mark"), "").unwrap();
        assert!(any(&journal));
        assert!(!any(&folder.path().join("nowhere/journal.db")));
    }

    #[test]
    fn a_mark_that_is_not_there_says_nothing_and_one_that_cannot_be_read_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mark");
        let begun = UnixMillis::from_millis(7);
        assert_eq!(read(path.clone(), begun).unwrap(), None);
        CommitCounter::open(path.clone(), begun).unwrap().set(12).unwrap();
        assert_eq!(read(path.clone(), begun).unwrap(), Some(12));
        assert!(read(path.join("beyond"), begun).is_err());
    }

    #[test]
    fn groups_are_counted_one_by_one_to_the_end_of_what_sqlite_can_count() {
        let mut connection = Connection::open_in_memory().unwrap();
        let tx = connection.transaction().unwrap();
        assert_eq!((count_one(&tx).unwrap(), count_one(&tx).unwrap(), counted(&tx).unwrap()), (1, 2, 2));
        tx.pragma_update(None, "user_version", i32::MAX - 1).unwrap();
        let last = i32::MAX.unsigned_abs();
        assert_eq!(
            (count_one(&tx).unwrap(), count_one(&tx).unwrap(), counted(&tx).unwrap()),
            (last, last, last)
        );
    }
}
