//! The schema of the journal, version by version: what is applied, what is refused, and that an upgrade happens whole or not
//! at all.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OptionalExtension};

use crate::journal::error::JournalError;
use crate::journal::file::connect::connect_peeking;
use crate::journal::file::lock::OpenersLock;

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// What the header of a journal says of whose file it is ("camp"). The migrations write it.
const APPLICATION: i32 = 0x6361_6d70;

/// What brings a journal up to date: that of this program, but in tests of later ones.
pub(in crate::journal) type Migrations = fn() -> refinery::Runner;

/// Those of this program.
pub(in crate::journal) const OURS: Migrations = embedded::migrations::runner;

/// Refuses an SQLite database that another program made, before SQLite is given a chance to write anything: not even a log
/// that such a program left is brought to its end. A file that SQLite cannot read is for the opening to judge, and so is
/// one that a process was making when it was killed.
pub(in crate::journal) fn refuse_foreign(path: &Path) -> Result<(), JournalError> {
    if path.metadata().map_or(true, |file| !file.is_file() || file.len() == 0) {
        return Ok(());
    }
    let tables = |connection: &Connection| -> rusqlite::Result<(bool, bool, bool)> {
        let sql =
            "SELECT coalesce(max(name = 'refinery_schema_history'), 0), coalesce(max(name = 'campaign'), 0),
                       count(*) FROM sqlite_schema WHERE type = 'table'";
        let (history, campaign, all) =
            connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?)))?;
        let id: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
        // The list of migrations is made before the tables are.
        let made = history && (campaign || all == 1);
        Ok((made, all == 0 && (id == 0 || id == APPLICATION), id == APPLICATION))
    };
    match connect_peeking(path).and_then(|connection| tables(&connection)) {
        Ok((false, false, false)) => Err(JournalError::Foreign(path.to_owned())),
        Ok((false, false, true)) => {
            let what = "its tables are not those of a journal".to_owned();
            Err(JournalError::Damaged { path: path.to_owned(), what })
        }
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::CannotOpen) => Err(error.into()),
        _ => Ok(()),
    }
}

/// The newest migration that was applied, if any; an error where it is newer than ours.
pub(in crate::journal) fn refuse_newer(
    path: &Path,
    connection: &Connection,
    migrations: Migrations,
) -> Result<Option<i64>, JournalError> {
    let known = newest(migrations);
    let has_history: bool = connection
        .query_row("SELECT 1 FROM sqlite_schema WHERE name = 'refinery_schema_history'", [], |_| Ok(()))
        .optional()?
        .is_some();
    if !has_history {
        return Ok(None);
    }
    let found: Option<i64> =
        connection.query_row("SELECT max(version) FROM refinery_schema_history", [], |row| row.get(0))?;
    match (found, known) {
        (Some(found), Some(known)) if found > known => {
            Err(JournalError::Newer { path: path.to_owned(), found, known })
        }
        _ => Ok(found),
    }
}

/// A journal that an older version of this program is writing stays as that one knows it.
pub(in crate::journal) fn refuse_used(
    connection: &Connection,
    opening: &mut OpenersLock,
) -> Result<(), JournalError> {
    let mut statement = connection.prepare("SELECT name FROM campaign")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(holder) = opening.held_by_another(&row.get::<_, String>(0)?) {
            return Err(JournalError::Held(holder));
        }
    }
    Ok(())
}

/// The newest migration that there is.
pub(in crate::journal) fn newest(migrations: Migrations) -> Option<i64> {
    migrations().get_migrations().iter().map(|migration| i64::from(migration.version())).max()
}

pub(in crate::journal) fn migrate(
    path: &Path,
    connection: &mut Connection,
    migrations: Migrations,
) -> Result<(), JournalError> {
    refuse_garbled(path, connection)?;
    migrations()
        .set_abort_divergent(true)
        .set_abort_missing(true)
        // A migration and the note that it was applied, in one transaction: a crash between them would leave a journal
        // that no later run could open.
        .set_grouped(true)
        .run(connection)
        .map_err(|why| JournalError::Migrate { path: path.to_owned(), why: Box::new(why) })?;
    Ok(())
}

/// Refinery panics where the list of applied migrations holds what it never writes.
fn refuse_garbled(path: &Path, connection: &Connection) -> Result<(), JournalError> {
    let listed = "SELECT 1 FROM sqlite_schema WHERE name = 'refinery_schema_history'";
    if connection.query_row(listed, [], |_| Ok(())).optional()?.is_none() {
        return Ok(());
    }
    let mut statement = connection.prepare("SELECT applied_on, checksum FROM refinery_schema_history")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (applied_on, checksum): (String, String) = (row.get(0)?, row.get(1)?);
        if applied_on.parse::<jiff::Timestamp>().is_err() || checksum.parse::<u64>().is_err() {
            let what = format!("a migration was applied \"{applied_on}\", its checksum is \"{checksum}\"");
            return Err(JournalError::Damaged { path: path.to_owned(), what });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::file::{beside, kept, lock};
    use crate::journal::{Journal, Reader};

    #[test]
    fn a_newer_schema_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let journal = Journal::open(&path).unwrap();
        journal
            .connection
            .execute("INSERT INTO refinery_schema_history SELECT 999, name, applied_on, checksum FROM refinery_schema_history LIMIT 1", [])
            .unwrap();
        drop(journal);
        assert!(matches!(Journal::open(&path), Err(JournalError::Newer { found: 999, .. })));
        assert!(matches!(Reader::open(&path), Err(JournalError::Newer { found: 999, .. })));
    }

    #[test]
    fn a_changed_migration_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let journal = Journal::open(&path).unwrap();
        journal.connection.execute("UPDATE refinery_schema_history SET checksum = '1'", []).unwrap();
        drop(journal);
        assert!(matches!(Journal::open(&path), Err(JournalError::Migrate { .. })));
    }

    #[test]
    fn a_list_of_migrations_that_refinery_did_not_write_is_told_and_left_alone() {
        for (damage, words) in [
            ("applied_on = 'yesterday'", "applied \"yesterday\""),
            ("checksum = 'none'", "its checksum is \"none\""),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("journal.db");
            let journal = Journal::open(&path).unwrap();
            journal.connection.execute(&format!("UPDATE refinery_schema_history SET {damage}"), []).unwrap();
            drop(journal);
            match Journal::open(&path) {
                Err(JournalError::Damaged { what, .. }) => assert!(what.contains(words), "{what}"),
                other => panic!("{damage}: {other:?}"),
            }
        }
    }

    /// A later version of this program: its second migration goes wrong at one of its statements, or does not.
    fn later(wrong: Option<usize>) -> refinery::Runner {
        let statements = [
            "CREATE TABLE later (c)",
            "INSERT INTO later SELECT name FROM campaign",
            "ALTER TABLE campaign ADD COLUMN later TEXT",
            "UPDATE campaign SET later = 'x', name = upper(name)",
            "DROP TABLE decision",
        ];
        let mut sql = String::new();
        for (at, statement) in statements.iter().enumerate() {
            sql += if Some(at) == wrong { "INSERT INTO nowhere VALUES (1)" } else { statement };
            sql += ";\n";
        }
        let mut all = embedded::migrations::runner().get_migrations().clone();
        all.push(refinery::Migration::unapplied("V999__later", &sql).unwrap());
        refinery::Runner::new(&all)
    }

    fn names(connection: &Connection) -> (Vec<String>, Vec<String>, i64) {
        let texts = |sql: &str| -> Vec<String> {
            let mut statement = connection.prepare(sql).unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        let schema = texts("SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY name");
        let campaigns = texts("SELECT name FROM campaign");
        let version =
            connection.query_row("SELECT max(version) FROM refinery_schema_history", [], |row| row.get(0));
        (schema, campaigns, version.unwrap())
    }

    #[test]
    fn an_upgrade_that_dies_halfway_leaves_the_old_journal_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let journal = Journal::open(&path).unwrap();
        journal.connection.execute("INSERT INTO campaign VALUES (1,'n','i',NULL,'aws',0,0,1)", []).unwrap();
        let before = names(&journal.connection);
        drop(journal);
        let wrong: [Migrations; 5] =
            [|| later(Some(0)), || later(Some(1)), || later(Some(2)), || later(Some(3)), || later(Some(4))];
        for (at, migrations) in wrong.into_iter().enumerate() {
            assert!(
                matches!(Journal::open_with(&path, migrations), Err(JournalError::Migrate { .. })),
                "{at}"
            );
            assert!(
                matches!(Reader::open_with(&path, migrations), Err(JournalError::Migrate { .. })),
                "{at}"
            );
            assert_eq!(names(&Journal::open(&path).unwrap().connection), before, "after statement {at}");
        }
    }

    #[test]
    fn a_journal_is_not_upgraded_under_a_process_that_writes_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let journal = Journal::open(&path).unwrap();
        journal.connection.execute("INSERT INTO campaign VALUES (1,'n','i',NULL,'aws',0,0,1)", []).unwrap();
        drop(journal);
        let lock =
            lock::CampaignLock::take(&path, "n", crate::domain::unix_millis::UnixMillis::from_millis(0))
                .unwrap();
        // As another process would have signed it.
        let signed = beside::beside(&path, kept::Beside::Lock);
        let lines = std::fs::read_to_string(&signed).unwrap();
        let own = format!("process {}, since", std::process::id());
        let elsewhere = lines.replace(&own, "process 1, since").replace("pid:", "pid:9");
        std::fs::write(&signed, elsewhere).unwrap();
        for opened in [
            Journal::open_with(&path, || later(None)).map(drop),
            Reader::open_with(&path, || later(None)).map(drop),
        ] {
            assert!(matches!(opened, Err(JournalError::Held(_))), "{opened:?}");
        }
        drop(lock);
        let _own =
            lock::CampaignLock::take(&path, "n", crate::domain::unix_millis::UnixMillis::from_millis(0))
                .unwrap();
        Journal::open_with(&path, || later(None)).unwrap();
    }

    #[test]
    fn an_older_journal_is_brought_up_to_date_by_whoever_opens_it_first() {
        for reads in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("journal.db");
            let journal = Journal::open(&path).unwrap();
            journal
                .connection
                .execute("INSERT INTO campaign VALUES (1,'n','i',NULL,'aws',0,0,1)", [])
                .unwrap();
            drop(journal);
            let (_, campaigns, version) = if reads {
                names(&Reader::open_with(&path, || later(None)).unwrap().connection)
            } else {
                names(&Journal::open_with(&path, || later(None)).unwrap().connection)
            };
            assert_eq!((campaigns, version), (vec!["N".to_owned()], 999));
            assert!(matches!(Journal::open(&path), Err(JournalError::Newer { found: 999, .. })));
        }
    }
}
