//! The mark: a small file beside the journal that says how many groups of attempts and outcomes its campaigns have
//! committed, so that a journal that lost its end is noticed.
//!
//! SQLite takes a damaged write-ahead log for one that ends before the damage, and says nothing. An older copy of the
//! journal looks as good as the newest. In both, rows that were contacted wait for their turn again, and after the life
//! of their tokens they would be contacted twice. The journal counts its groups in its header (`user_version`, in the
//! same transaction); the mark is written after that is durable and never synced, so it may lag but never leads:
//! whenever it leads, something was lost. Where the mark itself is lost nothing is noticed, and nothing else happens.
//!
//! Each campaign has a line of the file. A run writes into its own line only, at the place where it found or put it, and
//! lines never move: several runs write at once. Versions before had a file per campaign, `.CAMPAIGN.mark`.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction};

use crate::domain::unix_millis::UnixMillis;
use crate::journal::file::kept::Beside;
use crate::journal::file::{beside, location};
use crate::journal::row::StampColumn;

/// Bytes of a mark that are read, at most: those of 10,000 campaigns.
const LONGEST: u64 = 2 << 20;

/// The line of the campaign that this process runs.
#[derive(Debug)]
pub(in crate::journal) struct CommitCounter {
    file: File,
    path: PathBuf,
    begun: UnixMillis,
    /// Where its line begins, in bytes.
    at: u64,
    /// What it says, where this process has written it.
    said: Cell<u32>,
}

impl CommitCounter {
    /// Opens or makes the mark beside `journal`, and finds or makes the line of the campaign `name`, begun at that time. For
    /// callers that exclude other openers: two must not make lines at once.
    pub(in crate::journal) fn open(journal: &Path, name: &str, begun: UnixMillis) -> io::Result<Self> {
        let path = path(journal);
        let file = beside::open_helper(&path)?;
        let mut bytes = Vec::new();
        (&file).take(LONGEST).read_to_end(&mut bytes)?;
        let name = beside::file_name_of(name);
        let found = lines(&bytes).find(|(_, line)| line.campaign == name && line.begun == begun);
        let found_groups = found.as_ref().map_or(0, |(_, line)| line.groups);
        let at = match found {
            Some((at, _)) => at,
            None => {
                let line = MarkLine { begun, groups: 0, campaign: name };
                let ended = bytes.is_empty() || bytes.ends_with(b"\n");
                let text = format!("{}{}\n", if ended { "" } else { "\n" }, line.text());
                file.write_all_at(text.as_bytes(), bytes.len() as u64)?;
                bytes.len() as u64 + u64::from(!ended)
            }
        };
        Ok(Self { file, path, begun, at, said: Cell::new(found_groups) })
    }

    /// Takes note that so many groups are durable. Every text has the same length: it replaces the one before.
    pub(in crate::journal) fn set(&self, groups: u32) -> io::Result<()> {
        self.said.set(groups);
        self.file.write_all_at(numbers(self.begun, groups).as_bytes(), self.at)
    }

    /// Says one group more than the journal ever had: who opens it is told that results are lost.
    pub(in crate::journal) fn lead(&self) -> io::Result<()> {
        self.set(self.said.get().saturating_add(1))
    }

    pub(in crate::journal) fn path(&self) -> &Path {
        &self.path
    }
}

/// What a line says.
#[derive(Debug)]
struct MarkLine {
    begun: UnixMillis,
    groups: u32,
    /// As a part of a file name.
    campaign: String,
}

impl MarkLine {
    fn text(&self) -> String {
        format!("{} {}", numbers(self.begun, self.groups), self.campaign)
    }

    fn of(text: &str) -> Option<Self> {
        let (begun, groups) = text.split_once(' ')?;
        let (groups, campaign) = groups.split_once(' ')?;
        Some(Self {
            begun: UnixMillis::from_millis(begun.parse().ok()?),
            groups: groups.parse().ok()?,
            campaign: campaign.to_owned(),
        })
    }
}

/// What of a line changes, always equally long.
fn numbers(begun: UnixMillis, groups: u32) -> String {
    format!("{:020} {groups:010}", begun.millis())
}

/// The lines that say something, and where they begin.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (u64, MarkLine)> {
    let mut at = 0;
    bytes.split_inclusive(|byte| *byte == b'\n').filter_map(move |line| {
        let begins = at;
        at += line.len() as u64;
        let text = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
        Some((begins, MarkLine::of(text)?))
    })
}

/// What the mark beside a journal says of its campaigns.
#[derive(Debug, Default)]
pub(in crate::journal) struct Marks(Vec<MarkLine>);

impl Marks {
    /// Reads the mark beside `journal`; it says nothing where there is none.
    pub(in crate::journal) fn read(journal: &Path) -> io::Result<Self> {
        let mut bytes = Vec::new();
        match File::open(path(journal)) {
            Ok(file) => file.take(LONGEST).read_to_end(&mut bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error),
        };
        Ok(Self(lines(&bytes).map(|(_, line)| line).collect()))
    }

    /// How many groups the campaign `name`, begun at that time, had committed; `None` where nothing tells.
    pub(in crate::journal) fn groups(&self, name: &str, begun: UnixMillis) -> Option<u32> {
        let name = beside::file_name_of(name);
        let of = self.0.iter().filter(|line| line.campaign == name && line.begun == begun);
        of.map(|line| line.groups).max()
    }
}

/// Where the mark of the journal at `journal` is.
pub(in crate::journal) fn path(journal: &Path) -> PathBuf {
    beside::beside(journal, Beside::Mark)
}

/// A mark that is further than the journal.
#[derive(Debug)]
pub(in crate::journal) struct Lead {
    /// By so many groups.
    pub(in crate::journal) groups: u32,
    /// The last time of which the journal surely knows everything.
    pub(in crate::journal) known_until: UnixMillis,
}

/// The line of the mark beside `journal` that is furthest beyond what the database has, over all of its campaigns: groups are
/// counted by journal, and what another campaign lost is missing in the limits of this one. A mark that cannot be read says
/// nothing.
pub(in crate::journal) fn lead(connection: &Connection, journal: &Path) -> rusqlite::Result<Option<Lead>> {
    let marks = Marks::read(journal).unwrap_or_default();
    let mut statement = connection.prepare(
        "SELECT name, created_at, (SELECT max(seen_at) FROM run WHERE campaign_id = campaign.id) FROM campaign",
    )?;
    let mut campaigns = statement.query([])?;
    let mut furthest: Option<Lead> = None;
    while let Some(row) = campaigns.next()? {
        let (name, StampColumn(begun)): (String, _) = (row.get(0)?, row.get(1)?);
        let seen: Option<StampColumn> = row.get(2)?;
        let earlier = earlier(journal, &name, begun).unwrap_or_default();
        let Some(groups) = marks.groups(&name, begun).max(earlier) else { continue };
        if furthest.as_ref().is_none_or(|lead| lead.groups < groups) {
            furthest = Some(Lead { groups, known_until: seen.map_or(begun, |stamp| stamp.0) });
        }
    }
    // After the marks: the run of another campaign may be counting.
    let counted = counted(connection)?;
    Ok(furthest
        .filter(|lead| lead.groups > counted)
        .map(|lead| Lead { groups: lead.groups - counted, ..lead }))
}

/// Whether any campaign has left its mark beside the journal: a line, or a file of an earlier version.
pub(in crate::journal) fn any(journal: &Path) -> bool {
    let journal = location::resolve(journal);
    let Some(name) = journal.file_name().and_then(|name| name.to_str()) else { return false };
    let Ok(entries) = location::folder(&journal).read_dir() else { return false };
    entries.filter_map(Result::ok).any(|entry| {
        let file = entry.file_name();
        let rest = file.to_str().and_then(|file| file.strip_prefix(name));
        match rest {
            // A process that holds a campaign makes it empty.
            Some(rest) if rest == Beside::Mark.ending() => entry.metadata().is_ok_and(|mark| mark.len() > 0),
            Some(rest) => rest.starts_with('.') && rest.ends_with(Beside::Mark.ending()),
            None => false,
        }
    })
}

/// Whether the mark at `path` counts a group of any campaign. One that cannot be read may.
pub(in crate::journal) fn says_anything(path: &Path) -> bool {
    std::fs::read(path).map_or(true, |bytes| lines(&bytes).any(|(_, line)| line.groups > 0))
}

/// The mark of one campaign alone, as versions before had it.
pub(in crate::journal) fn earlier_path(journal: &Path, name: &str) -> PathBuf {
    beside::beside_earlier(journal, name, Beside::Mark)
}

/// What such a mark says; `None` where there is none, it is garbled, or speaks of another campaign.
pub(in crate::journal) fn earlier(journal: &Path, name: &str, begun: UnixMillis) -> io::Result<Option<u32>> {
    let bytes = match std::fs::read(earlier_path(journal, name)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read?,
    };
    let said = std::str::from_utf8(&bytes).ok().and_then(|text| text.strip_suffix('\n')?.split_once(' '));
    Ok(said.filter(|(of, _)| of.parse() == Ok(begun.millis())).and_then(|(_, groups)| groups.parse().ok()))
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

    fn line(journal: &Path, name: &str, begun: UnixMillis) -> CommitCounter {
        CommitCounter::open(journal, name, begun).unwrap()
    }

    fn groups(journal: &Path, name: &str, begun: UnixMillis) -> Option<u32> {
        Marks::read(journal).unwrap().groups(name, begun)
    }

    #[test]
    fn a_line_speaks_of_one_campaign_and_what_is_garbled_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.db");
        assert!(!any(&journal));
        let begun = UnixMillis::from_millis(1_772_357_400_000);
        assert_eq!(groups(&journal, "spring", begun), None);
        let spring = line(&journal, "spring", begun);
        assert!(any(&journal));
        let autumn = line(&journal, "夏 autumn", begun);
        for set in [1, 9, 10, u32::MAX] {
            spring.set(set).unwrap();
            autumn.set(set - 1).unwrap();
            assert_eq!(groups(&journal, "spring", begun), Some(set));
            assert_eq!(groups(&journal, "夏 autumn", begun), Some(set - 1));
        }
        // Who comes again finds its line.
        line(&journal, "spring", begun).set(7).unwrap();
        assert_eq!(groups(&journal, "spring", begun), Some(7));
        let another = UnixMillis::from_millis(1_772_357_400_001);
        assert_eq!(groups(&journal, "spring", another), None, "begun anew");
        assert_eq!(std::fs::read_to_string(spring.path()).unwrap().lines().count(), 2);
        // A line that was cut short, as a loss of power leaves it, is nobody's, and the next begins after it.
        std::fs::write(spring.path(), [0; 32]).unwrap();
        assert_eq!(groups(&journal, "spring", begun), None);
        line(&journal, "spring", begun).set(12).unwrap();
        assert_eq!(groups(&journal, "spring", begun), Some(12));
    }

    #[test]
    fn what_only_looks_like_a_mark_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.db");
        for other in ["journal.db.spring.lock", "journal.dbs.mark", "another.db.mark", "spring.mark"] {
            std::fs::write(folder.path().join(other), "").unwrap();
            assert!(!any(&journal), "{other}");
        }
        std::fs::write(folder.path().join("journal.db.mark"), "").unwrap();
        assert!(!any(&journal), "as a process makes it that has only begun");
        std::fs::write(folder.path().join("journal.db.mark"), "x").unwrap();
        assert!(any(&journal));
        assert!(!any(&folder.path().join("nowhere/journal.db")));
    }

    #[test]
    fn a_mark_that_cannot_be_read_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.db");
        std::fs::create_dir(path(&journal)).unwrap();
        assert!(Marks::read(&journal).is_err());
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
