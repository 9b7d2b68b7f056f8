//! What a transaction of SQLite's changed, as others take it over: rows by their primary keys, in the binary form of COPY.
//!
//! Triggers of the connection's own note the key of every row that a statement touches. What became of it is read when the
//! transaction ends: a row that is there is sent as it is, one that is not is gone. Triggers, and not SQLite's hook before an
//! update: that one is not in the library as it is built here.

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, Statement};

use crate::journal::error::JournalError;
use crate::journal::file::commit_counter;
use crate::journal::postgres::error::PostgresError;
use crate::journal::postgres::tables::{CopiedColumn, CopiedTable, TABLES};
use crate::journal::postgres::tuples;
use crate::journal::row::{ROOM, ROOM_CLAIMED};

/// Statements that a connection keeps compiled, besides its usual ones.
const STATEMENTS: usize = 256;

/// Rows of a table, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Tuples {
    pub(super) rows: u32,
    pub(super) bytes: Vec<u8>,
}

/// What became of a table.
#[derive(Debug)]
pub(super) struct TableChanges {
    pub(super) table: &'static CopiedTable,
    /// Keys of rows that are gone.
    pub(super) gone: Tuples,
    /// Rows that are new, or others than before.
    pub(super) new: Tuples,
}

/// What a transaction changed.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Groups that the journal has committed since.
    pub(super) groups: u32,
    /// In the order of [`TABLES`].
    pub(super) tables: Vec<TableChanges>,
}

/// Notes from here on what statements of this connection touch.
pub(super) fn watch(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    for table in TABLES {
        let name = table.name;
        let noted: Vec<_> = keys(table).map(|key| format!("\"{}\"", key.name)).collect();
        let values = |of: &str| keys(table).map(|key| format!("{of}.\"{}\"", key.name)).collect::<Vec<_>>();
        let (before, after) = (values("OLD"), values("NEW"));
        let moved: Vec<_> =
            before.iter().zip(&after).map(|(before, after)| format!("{before} IS NOT {after}")).collect();
        let (noted, before, after, moved) =
            (noted.join(", "), before.join(", "), after.join(", "), moved.join(" OR "));
        connection.execute_batch(&format!(
            "CREATE TEMP TABLE \"changed_{name}\" ({noted});
             CREATE TEMP TRIGGER \"note_{name}_new\" AFTER INSERT ON main.\"{name}\" BEGIN
                 INSERT INTO \"changed_{name}\" VALUES ({after});
             END;
             CREATE TEMP TRIGGER \"note_{name}_gone\" AFTER DELETE ON main.\"{name}\" BEGIN
                 INSERT INTO \"changed_{name}\" VALUES ({before});
             END;
             CREATE TEMP TRIGGER \"note_{name}_moved\" AFTER UPDATE ON main.\"{name}\" BEGIN
                 INSERT INTO \"changed_{name}\" VALUES ({after});
                 INSERT INTO \"changed_{name}\" SELECT {before} WHERE {moved};
             END"
        ))?;
    }
    Ok(())
}

/// Forgets what was noted.
pub(super) fn forget(connection: &Connection) -> rusqlite::Result<()> {
    for table in TABLES {
        connection.prepare_cached(&format!("DELETE FROM temp.\"changed_{}\"", table.name))?.execute([])?;
    }
    Ok(())
}

/// The columns of the primary key.
pub(super) fn keys(table: &'static CopiedTable) -> impl Iterator<Item = &'static CopiedColumn> {
    let named = |name| table.columns.iter().find(move |column| column.name == name);
    table.key.split(", ").filter_map(named)
}

/// A condition that two tables have the same key.
fn same_key(table: &'static CopiedTable, one: &str, other: &str) -> String {
    let same = |key: &CopiedColumn| format!("{one}.\"{0}\" = {other}.\"{0}\"", key.name);
    keys(table).map(same).collect::<Vec<_>>().join(" AND ")
}

impl Changes {
    /// What the transaction has changed so far.
    pub(super) fn of(connection: &Connection) -> Result<Self, JournalError> {
        let mut changes = Self { groups: commit_counter::counted(connection)?, tables: Vec::new() };
        for table in TABLES {
            let name = table.name;
            let touched: bool = connection
                .prepare_cached(&format!("SELECT EXISTS (SELECT 1 FROM temp.\"changed_{name}\")"))?
                .query_row([], |row| row.get(0))?;
            if !touched {
                continue;
            }
            let key: Vec<_> = keys(table).map(|key| format!("\"{}\"", key.name)).collect();
            let noted = format!("(SELECT DISTINCT {} FROM temp.\"changed_{name}\") AS c", key.join(", "));
            let of = |alias: &str, columns: &[&CopiedColumn]| {
                columns
                    .iter()
                    .map(|column| format!("{alias}.\"{}\"", column.name))
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            let (all, key): (Vec<_>, Vec<_>) = (table.columns.iter().collect(), keys(table).collect());
            let same = same_key(table, "c", "t");
            let new =
                format!("SELECT {} FROM {noted} CROSS JOIN main.\"{name}\" AS t ON {same}", of("t", &all));
            let gone = format!(
                "SELECT {} FROM {noted} WHERE NOT EXISTS (SELECT 1 FROM main.\"{name}\" AS t WHERE {same})",
                of("c", &key)
            );
            changes.tables.push(TableChanges {
                table,
                gone: Tuples::read(connection, &gone, table, &key)?,
                new: Tuples::read(connection, &new, table, &all)?,
            });
        }
        Ok(changes)
    }

    /// Whether no row is another one.
    pub(super) fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// As the log of commits keeps it.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = self.groups.to_be_bytes().to_vec();
        for changes in &self.tables {
            let name = changes.table.name.as_bytes();
            bytes.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
            bytes.extend_from_slice(name);
            for tuples in [&changes.gone, &changes.new] {
                bytes.extend_from_slice(&tuples.rows.to_be_bytes());
                bytes.extend_from_slice(&tuples.bytes);
            }
        }
        bytes
    }

    /// Reads what the log of commits has.
    pub(super) fn decode(mut bytes: &[u8]) -> Result<Self, PostgresError> {
        let groups = number(&mut bytes)?;
        let mut tables = Vec::new();
        while let Some((length, rest)) = bytes.split_first() {
            let (name, rest) = rest.split_at_checked(usize::from(*length)).ok_or_else(tuples::garbled)?;
            bytes = rest;
            let table = TABLES.iter().find(|table| table.name.as_bytes() == name);
            let table = table.ok_or_else(tuples::garbled)?;
            let [gone, new] = [Tuples::take(&mut bytes)?, Tuples::take(&mut bytes)?];
            tables.push(TableChanges { table, gone, new });
        }
        Ok(Self { groups, tables })
    }

    /// Makes the same changes in another replica.
    pub(super) fn apply(&self, connection: &Connection) -> Result<(), JournalError> {
        for TableChanges { table, gone, .. } in self.tables.iter().rev() {
            let key: Vec<_> = keys(table).collect();
            let wanted: Vec<_> =
                key.iter().enumerate().map(|(at, key)| format!("\"{}\" = ?{}", key.name, at + 1)).collect();
            let sql = format!("DELETE FROM \"{}\" WHERE {}", table.name, wanted.join(" AND "));
            let mut statement = connection.prepare_cached(&sql)?;
            gone.each(|tuple| run(&key, tuple, &mut statement))?;
        }
        for TableChanges { table, new, .. } in &self.tables {
            let columns: Vec<_> = table.columns.iter().collect();
            let mut statement = connection.prepare_cached(&upsertion(table))?;
            new.each(|tuple| run(&columns, tuple, &mut statement))?;
        }
        connection.pragma_update(None, "user_version", self.groups)?;
        Ok(())
    }
}

fn number(bytes: &mut &[u8]) -> Result<u32, PostgresError> {
    let (number, rest) = bytes.split_first_chunk().ok_or_else(tuples::garbled)?;
    *bytes = rest;
    Ok(u32::from_be_bytes(*number))
}

impl Tuples {
    fn read(
        connection: &Connection,
        sql: &str,
        table: &'static CopiedTable,
        columns: &[&CopiedColumn],
    ) -> Result<Self, JournalError> {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut tuples = Self::default();
        while let Some(row) = rows.next()? {
            tuples.rows += 1;
            tuples::encode_columns(columns, row, &mut tuples.bytes)
                .map_err(|unfit| unfit.of(table, u64::from(tuples.rows)))?;
        }
        Ok(tuples)
    }

    /// Takes the rows that bytes begin with.
    fn take(bytes: &mut &[u8]) -> Result<Self, PostgresError> {
        let rows = number(bytes)?;
        let all = *bytes;
        for _ in 0..rows {
            let length = tuples::row_length(bytes)?.ok_or_else(tuples::garbled)?;
            *bytes = &bytes[length..];
        }
        Ok(Self { rows, bytes: all[..all.len() - bytes.len()].to_vec() })
    }

    fn each(&self, mut take: impl FnMut(&[u8]) -> Result<(), JournalError>) -> Result<(), JournalError> {
        let mut bytes = self.bytes.as_slice();
        for _ in 0..self.rows {
            let length = tuples::row_length(bytes)?.ok_or_else(tuples::garbled)?;
            take(&bytes[..length])?;
            bytes = &bytes[length..];
        }
        Ok(())
    }
}

/// Runs a statement with the values of a row.
pub(super) fn run(
    columns: &[&CopiedColumn],
    tuple: &[u8],
    statement: &mut Statement<'_>,
) -> Result<(), JournalError> {
    tuples::decode_columns(columns, tuple, |at, value: ToSqlOutput<'_>| {
        Ok::<_, JournalError>(statement.raw_bind_parameter(at + 1, value)?)
    })?;
    statement.raw_execute()?;
    Ok(())
}

/// How a row is inserted. One that waits or is in doubt gets the room that a plan gives it and a claim leaves.
pub(super) fn insertion(table: &CopiedTable) -> String {
    let values: Vec<String> = (1..=table.columns.len()).map(|at| format!("?{at}")).collect();
    let (list, values) = (table.list(), values.join(", "));
    let parameter =
        |name: &str| table.columns.iter().position(|column| column.name == name).map_or(0, |at| at + 1);
    match table.name {
        "row" => format!(
            "INSERT INTO row ({list}, room) VALUES ({values}, iif(?{} IN (0, 1),
                 iif(?{} IS NULL, zeroblob({ROOM}), zeroblob({ROOM_CLAIMED})), NULL))",
            parameter("state"),
            parameter("first_attempt_at")
        ),
        name => format!("INSERT INTO \"{name}\" ({list}) VALUES ({values})"),
    }
}

/// How a row is inserted, or takes the place of the one that has its key.
fn upsertion(table: &'static CopiedTable) -> String {
    let is_key = |name: &str| keys(table).any(|key| key.name == name);
    let mut set: Vec<String> = table
        .columns
        .iter()
        .filter(|column| !is_key(column.name))
        .map(|column| format!("\"{0}\" = excluded.\"{0}\"", column.name))
        .collect();
    if table.name == "row" {
        set.push("room = excluded.room".to_owned());
    }
    // `home` has no key in SQLite, and one row.
    match (table.name, set.is_empty()) {
        ("home", _) => insertion(table),
        (_, true) => format!("{} ON CONFLICT DO NOTHING", insertion(table)),
        (_, false) => {
            format!("{} ON CONFLICT ({}) DO UPDATE SET {}", insertion(table), table.key, set.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::types::Value;

    use super::*;
    use crate::journal::Journal;

    /// All rows of a table but the space that SQLite keeps in them.
    fn rows(connection: &Connection, table: &CopiedTable) -> Vec<Vec<Value>> {
        let mut statement = connection.prepare(&table.select()).unwrap();
        let columns = table.columns.len();
        let rows = statement.query_map([], |row| (0..columns).map(|at| row.get(at)).collect());
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// Statements as they are run here, each with a number between 1 and 9 in it.
    const WORK: [&str; 12] = [
        "INSERT INTO row (campaign_id, line, key, state, header_id, cells, sender_id) VALUES (1, ?1, 'k', ?1, 1, '[]', ?1 % 3)",
        "UPDATE row SET state = ?1, contact_id = iif(?1 > 4, zeroblob(16), 'c' || ?1) WHERE id % 9 = ?1",
        "DELETE FROM row WHERE id % 9 = ?1",
        "INSERT INTO recipient VALUES (1, 'k' || ?1, ?1) ON CONFLICT DO UPDATE SET row_id = row_id + 1",
        "INSERT OR REPLACE INTO recipient VALUES (1, 'k' || ?1, 99)",
        "UPDATE OR REPLACE recipient SET key = 'k' || (1 + ?1 % 9) WHERE key = 'k' || ?1",
        "DELETE FROM recipient WHERE key > 'k' || ?1",
        "INSERT OR IGNORE INTO request VALUES (?1, ?1), (?1, ?1 + 1)",
        "DELETE FROM request WHERE at = ?1",
        "INSERT INTO tally VALUES (1, ?1, 1) ON CONFLICT DO UPDATE SET rows = rows + 1",
        "INSERT OR REPLACE INTO contact_event (contact_id, replied) VALUES (iif(?1 > 4, zeroblob(16), 'é' || ?1), ?1 % 2)",
        "INSERT INTO steering (campaign_id, at, what, who, rate) VALUES (1, ?1, 'pace', '', ?1 / 7.0)",
    ];

    #[test]
    fn what_one_replica_changed_another_one_has_by_its_changes() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] =
            ["one.db", "other.db"].map(|name| Journal::open(&folder.path().join(name)).unwrap());
        watch(&one.connection).unwrap();
        fastrand::seed(7);
        for round in 0..200 {
            forget(&one.connection).unwrap();
            for _ in 0..fastrand::u32(0..6) {
                let nth: i64 = fastrand::i64(1..10);
                one.connection.execute(WORK[fastrand::usize(0..WORK.len())], [nth]).unwrap();
            }
            one.connection.pragma_update(None, "user_version", round).unwrap();
            let changes = Changes::of(&one.connection).unwrap();
            let bytes = changes.encode();
            Changes::decode(&bytes).unwrap().apply(&other.connection).unwrap();
            for table in TABLES {
                assert_eq!(
                    rows(&one.connection, table),
                    rows(&other.connection, table),
                    "{} in round {round}",
                    table.name
                );
            }
            assert_eq!(commit_counter::counted(&other.connection).unwrap(), round);
            if !bytes.is_empty() && !changes.is_empty() {
                assert!(Changes::decode(&bytes[..bytes.len() - 1]).is_err(), "cut short");
            }
        }
    }

    #[test]
    fn a_journal_that_is_a_file_notes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("journal.db")).unwrap();
        let sql = "SELECT count(*) FROM sqlite_temp_schema";
        assert_eq!(journal.connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    }
}
