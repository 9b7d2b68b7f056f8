//! Which files are kept beside a journal, by their names.

/// A file that SQLite or this program keeps beside a journal. To them, one of such a name is no journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// SQLite's write-ahead log.
    Log,
    /// What SQLite's processes share of the log.
    SharedMemory,
    /// SQLite's journal of a transaction, where there is no log.
    Rollback,
    /// Who holds which campaign.
    Lock,
    /// How far each campaign's commits have come.
    Mark,
    /// A rebuild has not come to its end.
    Rebuild,
}

impl Beside {
    /// All of them.
    const ALL: [Self; 6] =
        [Self::Log, Self::SharedMemory, Self::Rollback, Self::Lock, Self::Mark, Self::Rebuild];

    /// What its name has behind the journal's.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Log => "-wal",
            Self::SharedMemory => "-shm",
            Self::Rollback => "-journal",
            Self::Lock => ".lock",
            Self::Mark => ".mark",
            Self::Rebuild => ".rebuild",
        }
    }

    /// The one whose ending a name has.
    pub(in crate::journal) fn of_name(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|file| name.ends_with(file.ending().as_bytes()))
    }
}

/// Whether a name is that of a file that is kept beside the journal of the other name, in the same folder. Versions
/// before had a lock and a mark for each campaign: `journal.db.spring.lock`.
#[must_use]
pub fn is_beside(name: &str, journal: &str) -> bool {
    let Some(rest) = name.strip_prefix(journal) else { return false };
    Beside::ALL.into_iter().any(|file| match file {
        Beside::Lock | Beside::Mark => rest.starts_with('.') && rest.ends_with(file.ending()),
        _ => rest == file.ending(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is refused as a journal and what is refused as an output go by the same list.
    #[test]
    fn each_file_is_known_by_its_name() {
        for file in Beside::ALL {
            let name = format!("journal.db{}", file.ending());
            assert_eq!(Beside::of_name(name.as_bytes()), Some(file));
            assert!(is_beside(&name, "journal.db") && !is_beside(&name, "other.db"));
        }
        for (name, expected) in [
            ("journal.db.spring.lock", true),
            ("journal.db.spring.mark", true),
            ("journal.db.spring.rebuild", false),
            ("journal.dblock", false),
            ("journal.db", false),
        ] {
            assert_eq!(is_beside(name, "journal.db"), expected, "{name}");
        }
    }
}
