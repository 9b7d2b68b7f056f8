//! The replica: a file of SQLite's on this machine in which a process works on a journal in PostgreSQL. It is an ordinary journal with
//! one table more, which says how far it is. Losing it loses nothing: it is made anew from what PostgreSQL has.

use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest as _, Sha256};

use crate::journal::error::JournalError;
use crate::journal::file::holder::Holder;
use crate::journal::postgres::address::PostgresAddress;
use crate::journal::postgres::changes;
use crate::journal::postgres::error::PostgresError;
use crate::journal::postgres::schema;
use crate::journal::postgres::tables::TABLES;
use crate::journal::postgres::tuples::TupleStream;
use crate::journal::postgres::wire::ServerSession;

/// The variable that names another folder for replicas.
const FOLDER: &str = "CAMPAIGN_REPLICA";

/// A commit of the one history that all replicas have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CommitPoint {
    pub(super) number: i64,
    pub(super) id: String,
}

/// The address that a journal was named by, where it is none of a file.
///
/// # Errors
/// Where it has a mistake.
pub(in crate::journal) fn address(journal: &Path) -> Result<Option<PostgresAddress>, PostgresError> {
    if !PostgresAddress::is_one(journal) {
        return Ok(None);
    }
    PostgresAddress::parse(&journal.to_string_lossy(), &|name| std::env::var(name).ok()).map(Some)
}

/// Where the replica of a journal is. Its folder is made.
///
/// # Errors
/// Where the folder cannot be made, or others may read it.
pub(in crate::journal) fn file(address: &PostgresAddress) -> Result<PathBuf, JournalError> {
    let folder = folder(|name| std::env::var(name).ok());
    let failed = |source| JournalError::Open { path: folder.clone(), source };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed)?;
    // Numbers and messages are in it.
    let made = folder.metadata().map_err(failed)?;
    if made.uid() != rustix::process::geteuid().as_raw() {
        return Err(failed(std::io::Error::other("it is another user's")));
    }
    let mode = made.permissions().mode();
    if mode & 0o077 != 0 {
        let private = std::fs::Permissions::from_mode(mode & 0o700);
        std::fs::set_permissions(&folder, private).map_err(failed)?;
    }
    Ok(folder.canonicalize().map_err(failed)?.join(name(address)))
}

fn folder(variables: impl Fn(&str) -> Option<String>) -> PathBuf {
    let named = |name: &str| variables(name).filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let cache = || named("XDG_CACHE_HOME").filter(|folder| folder.is_absolute());
    let cache = || cache().or_else(|| named("HOME").map(|home| home.join(".cache")));
    let own = || format!("campaign-{}", rustix::process::getuid().as_raw());
    named(FOLDER)
        .or_else(|| cache().map(|cache| cache.join("campaign")))
        .unwrap_or_else(|| std::env::temp_dir().join(own()))
}

/// Server, database and schema, as a name that is no path.
fn name(address: &PostgresAddress) -> String {
    let mut hash = Sha256::new();
    for host in &address.hosts {
        hash.update(format!("{host}\0"));
    }
    hash.update(format!("{}\0{}", address.database, address.schema));
    format!("postgres-{}.db", hex::encode(&hash.finalize()[..8]))
}

/// Makes the tables that only a replica has.
pub(super) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS replica (
             one INTEGER PRIMARY KEY, number INTEGER NOT NULL, id TEXT NOT NULL, schema INTEGER NOT NULL
         ) STRICT;
         CREATE TABLE IF NOT EXISTS replica_runner (campaign TEXT PRIMARY KEY, holder TEXT NOT NULL) STRICT",
    )
}

/// Whether the file is a replica.
pub(in crate::journal) fn is_one(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'replica')";
    connection.query_row(sql, [], |row| row.get(0))
}

/// Makes an ordinary journal of the copy of a replica.
pub(in crate::journal) fn become_journal(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("DROP TABLE IF EXISTS replica; DROP TABLE IF EXISTS replica_runner")
}

/// How far the replica is; none where it is to be made anew.
pub(super) fn point(connection: &Connection) -> rusqlite::Result<Option<CommitPoint>> {
    let sql = "SELECT number, id FROM replica WHERE schema = ?1";
    let read = |row: &rusqlite::Row<'_>| Ok(CommitPoint { number: row.get(0)?, id: row.get(1)? });
    connection.prepare_cached(sql)?.query_row([schema::newest()], read).optional()
}

/// Takes note of how far it is.
pub(super) fn set_point(connection: &Connection, point: &CommitPoint) -> rusqlite::Result<()> {
    let sql = "INSERT INTO replica (one, number, id, schema) VALUES (1, ?1, ?2, ?3)
               ON CONFLICT DO UPDATE SET number = excluded.number, id = excluded.id, schema = excluded.schema";
    connection.prepare_cached(sql)?.execute(params![point.number, point.id, schema::newest()])?;
    Ok(())
}

/// Who runs the campaign of this name, as of the last look at PostgreSQL.
pub(in crate::journal) fn runner(
    connection: &Connection,
    campaign: &str,
) -> rusqlite::Result<Option<Holder>> {
    let sql = "SELECT holder FROM replica_runner WHERE campaign = ?1";
    let holder = connection.query_row(sql, [campaign], |row| row.get::<_, String>(0)).optional()?;
    Ok(holder.map(|holder| Holder::named(&holder)))
}

/// Takes note of who runs what: campaigns and processes.
pub(super) fn set_runners(connection: &Connection, runners: &[(String, String)]) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM replica_runner", [])?;
    for (campaign, holder) in runners {
        connection.execute("INSERT INTO replica_runner VALUES (?1, ?2)", [campaign, holder])?;
    }
    Ok(())
}

/// What was noted of that.
pub(super) fn runners(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement =
        connection.prepare("SELECT campaign, holder FROM replica_runner ORDER BY campaign COLLATE BINARY")?;
    let runners = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    runners.collect()
}

/// Makes the replica anew: all tables as they are in PostgreSQL within the session's transaction.
pub(super) fn load(
    session: &mut ServerSession,
    connection: &Connection,
    point: &CommitPoint,
) -> Result<(), JournalError> {
    tracing::info!("fetching the whole journal from PostgreSQL");
    connection.execute("DELETE FROM replica", [])?;
    for table in TABLES.iter().rev() {
        connection.execute(&format!("DELETE FROM \"{}\"", table.name), [])?;
    }
    for table in TABLES {
        if table.name == "sender_tally" {
            // Triggers of `row` have counted already.
            connection.execute("DELETE FROM sender_tally", [])?;
        }
        let sql = format!("COPY ({}) TO STDOUT (FORMAT binary)", table.select());
        let mut statement = connection.prepare(&changes::insertion(table))?;
        let columns: Vec<_> = table.columns.iter().collect();
        let mut stream = TupleStream::default();
        session.copy_out(&sql, |piece| {
            stream.push(piece, |tuple| changes::run(&columns, tuple, &mut statement))
        })?;
        stream.end()?;
    }
    let groups = session.one("SELECT groups FROM journal")?.and_then(|groups| groups.parse::<u32>().ok());
    connection.pragma_update(None, "user_version", groups.unwrap_or_default())?;
    Ok(set_point(connection, point)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_has_a_place_by_server_database_and_schema() {
        let of = |text: &str| {
            let address = PostgresAddress::parse(text, &|name| (name == "USER").then(|| "ann".to_owned()));
            name(&address.unwrap())
        };
        let one = of("postgres://ann@db/sms");
        assert!(one.starts_with("postgres-") && one.ends_with(".db"), "{one}");
        assert_eq!(
            one,
            of("postgresql://bob:secret@db:5432/sms?connect_timeout=5"),
            "whoever connects, and how"
        );
        for other in [
            "postgres://ann@db2/sms",
            "postgres://ann@db:1/sms",
            "postgres://ann@db/x",
            "postgres://ann@db/sms?schema=x",
        ] {
            assert_ne!(one, of(other), "{other}");
        }
        let folder = |set: &[(&str, &str)]| {
            folder(|name| set.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned()))
        };
        let home = ("HOME", "/home/ann");
        assert_eq!(folder(&[home]), Path::new("/home/ann/.cache/campaign"));
        assert_eq!(folder(&[home, ("XDG_CACHE_HOME", "/var/cache")]), Path::new("/var/cache/campaign"));
        assert_eq!(folder(&[home, (FOLDER, "/data")]), Path::new("/data"));
        assert!(folder(&[]).starts_with(std::env::temp_dir()));
    }
}
