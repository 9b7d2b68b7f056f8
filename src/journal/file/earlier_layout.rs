//! What versions before kept beside a journal: a lock and a mark of each campaign.

use std::path::Path;

use rusqlite::Connection;

use crate::journal::error::JournalError;
use crate::journal::file::commit_counter::{self, CommitCounter, Marks};
use crate::journal::file::lock::{self, OpenersLock};
use crate::journal::row::StampColumn;

/// Takes over what versions before kept in files of each campaign: their marks become lines of the one, and their lock files,
/// which no process holds, go. Those versions refuse the journal by now, for its schema is newer than theirs.
///
/// # Errors
/// Where a mark cannot be read, or the one cannot be written: then nothing of it is removed.
pub(in crate::journal) fn take_over(
    connection: &Connection,
    journal: &Path,
    _others_excluded: &OpenersLock,
) -> Result<(), JournalError> {
    let mut statement = connection.prepare("SELECT name, created_at FROM campaign")?;
    let mut campaigns = statement.query([])?;
    while let Some(row) = campaigns.next()? {
        let (name, StampColumn(begun)): (String, _) = (row.get(0)?, row.get(1)?);
        // Where one is held, its process is refused for the schema as soon as it opens the journal.
        let _ = lock::refuse_earlier(journal, &name);
        let file = commit_counter::earlier_path(journal, &name);
        if !file.exists() {
            continue;
        }
        let said = commit_counter::earlier(journal, &name, begun)
            .map_err(|source| JournalError::Open { path: file.clone(), source })?;
        let failed = |source| JournalError::Open { path: commit_counter::path(journal), source };
        let known = Marks::read(journal).map_err(failed)?.groups(&name, begun);
        if let Some(groups) = said.filter(|groups| Some(*groups) > known) {
            CommitCounter::open(journal, &name, begun).and_then(|line| line.set(groups)).map_err(failed)?;
        }
        // What stays is taken over again, and says the same.
        let _ = std::fs::remove_file(file);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::unix_millis::UnixMillis;
    use crate::journal::file::beside;
    use crate::journal::file::kept::Beside;

    #[test]
    fn files_of_each_campaign_become_lines_of_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let begun = UnixMillis::from_millis(7);
        let opened = || crate::journal::Journal::open(&path).unwrap();
        let names = ["spring", "summer time", "autumn"];
        for (id, name) in (0_u32..).zip(names) {
            let begin = "INSERT INTO campaign VALUES (?1, ?2, 'i', NULL, 'aws', 7, 0, 1)";
            opened().connection.execute(begin, (id, name)).unwrap();
            let file = |kind| beside::beside_earlier(&path, name, kind);
            std::fs::write(file(Beside::Lock), "process 1, since 2026").unwrap();
            let begun = if name == "autumn" { 8 } else { 7 };
            std::fs::write(file(Beside::Mark), format!("{begun:020} {:010}\n", 3 + id)).unwrap();
        }
        // What the one says already counts where it is further.
        CommitCounter::open(&path, "summer time", begun).unwrap().set(9).unwrap();
        opened().close().unwrap();
        let said = names.map(|name| Marks::read(&path).unwrap().groups(name, begun));
        assert_eq!(said, [Some(3), Some(9), None], "that of autumn was of a campaign begun before");
        let mut files: Vec<_> =
            folder.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
        files.sort();
        assert_eq!(files, ["journal.db", "journal.db.mark"]);
    }
}
