//! The schema of the journal in PostgreSQL: migrations with checksums, in a schema of their own. What is newer, changed or of
//! another program is refused and left alone.
//!
//! The list of applied migrations is refinery's, and so are versions and checksums; what applies them is here, for
//! refinery's own driver is one of tokio-postgres, and panics where the list is garbled.

use refinery::Migration;

use crate::journal::postgres::address::PostgresAddress;
use crate::journal::postgres::error::PostgresError;
use crate::journal::postgres::wire::ServerSession;

mod embedded {
    refinery::embed_migrations!("migrations-postgres");
}

/// Those of this program.
pub(super) const OURS: fn() -> refinery::Runner = embedded::migrations::runner;

/// First half of the advisory lock of a schema ("camp", as in SQLite's header); the other is the hash of its name.
const LOCK: i32 = 0x6361_6d70;

/// A text as SQL has it.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A name as SQL has it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Prepares the session: names are those of the journal's schema, a commit is on disk, and no time limit of a role ends a copy.
pub(super) fn enter(session: &mut ServerSession, address: &PostgresAddress) -> Result<(), PostgresError> {
    session.run(&format!(
        "SET search_path TO {}; SET statement_timeout TO 0; SET idle_in_transaction_session_timeout TO 0;
         SET standard_conforming_strings TO on;
         SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
        quoted(&address.schema)
    ))
}

/// Keeps other processes from writing a journal into the schema, as long as the session lasts.
///
/// # Errors
/// [`PostgresError::Busy`] where one does.
pub(super) fn lock(session: &mut ServerSession, address: &PostgresAddress) -> Result<(), PostgresError> {
    let sql = format!("SELECT pg_try_advisory_lock({LOCK}, hashtext({}))", literal(&address.schema));
    match session.one(&sql)?.as_deref() {
        Some("t") => Ok(()),
        _ => Err(PostgresError::Busy { place: address.place() }),
    }
}

/// The same, after waiting for those who do.
///
/// # Errors
/// Where that takes too long.
pub(super) fn wait_for_lock(
    session: &mut ServerSession,
    address: &PostgresAddress,
) -> Result<(), PostgresError> {
    session.run(&format!("SELECT pg_advisory_lock({LOCK}, hashtext({}))", literal(&address.schema)))
}

/// Lets other processes do so again.
pub(super) fn unlock(session: &mut ServerSession, address: &PostgresAddress) -> Result<(), PostgresError> {
    session.run(&format!("SELECT pg_advisory_unlock({LOCK}, hashtext({}))", literal(&address.schema)))
}

/// The version of the journal's schema there; none where there is no journal.
///
/// # Errors
/// [`PostgresError::NewerThere`], [`PostgresError::OtherSchema`] and [`PostgresError::ForeignTables`].
pub(super) fn version(
    session: &mut ServerSession,
    address: &PostgresAddress,
) -> Result<Option<i64>, PostgresError> {
    let schema = literal(&address.schema);
    let tables = session.query(&format!(
        "SELECT relname FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
         WHERE nspname = {schema} AND relkind IN ('r', 'p', 'v', 'm', 'f')"
    ))?;
    let has =
        |name: &str| tables.iter().any(|row| row.first().is_some_and(|found| found.as_deref() == Some(name)));
    if !has("refinery_schema_history") {
        return if tables.is_empty() {
            Ok(None)
        } else {
            Err(PostgresError::ForeignTables { place: address.place() })
        };
    }
    let applied =
        session.query("SELECT version, name, checksum FROM refinery_schema_history ORDER BY version")?;
    if applied.is_empty() && tables.len() > 1 {
        return Err(PostgresError::ForeignTables { place: address.place() });
    }
    let ours = migrations();
    let known = ours.iter().map(|migration| i64::from(migration.version())).max().unwrap_or_default();
    let mut found = None;
    for row in applied {
        let mut fields = row.into_iter().map(Option::unwrap_or_default);
        let (version, name, checksum) = (
            fields.next().unwrap_or_default(),
            fields.next().unwrap_or_default(),
            fields.next().unwrap_or_default(),
        );
        let other = |what: String| PostgresError::OtherSchema { place: address.place(), what };
        let number: i64 = version.parse().map_err(|_| other("a migration has no version".to_owned()))?;
        if number > known {
            return Err(PostgresError::NewerThere { place: address.place(), found: number, known });
        }
        let same = |migration: &&Migration| {
            i64::from(migration.version()) == number
                && migration.name() == name
                && migration.checksum().to_string() == checksum
        };
        if !ours.iter().any(|migration| same(&migration)) {
            return Err(other(format!("its migration {number} is another one")));
        }
        found = Some(number);
    }
    Ok(found)
}

/// Makes the schema where it is missing, and brings it up to date. For sessions that have the lock.
///
/// # Errors
/// As [`version`], and where the user may not make it.
pub(super) fn migrate(session: &mut ServerSession, address: &PostgresAddress) -> Result<(), PostgresError> {
    let schema = literal(&address.schema);
    // A user who may use the schema may not be one who may make it.
    if session.one(&format!("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = {schema}"))?.is_none() {
        session.run(&format!("CREATE SCHEMA {}", quoted(&address.schema)))?;
    }
    let found = version(session, address)?;
    let missing: Vec<_> =
        migrations().into_iter().filter(|migration| found < Some(i64::from(migration.version()))).collect();
    if missing.is_empty() {
        return Ok(());
    }
    session.run(
        "BEGIN; CREATE TABLE IF NOT EXISTS refinery_schema_history (
             version int4 PRIMARY KEY, name varchar(255), applied_on varchar(255), checksum varchar(255))",
    )?;
    for migration in missing {
        session.run(migration.sql().unwrap_or_default())?;
        session.run(&format!(
            "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES ({}, {},
             to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), '{}')",
            migration.version(),
            literal(migration.name()),
            migration.checksum()
        ))?;
    }
    session.run("COMMIT")
}

/// The newest version that this program knows.
pub(super) fn newest() -> i64 {
    migrations().last().map_or(0, |migration| i64::from(migration.version()))
}

fn migrations() -> Vec<Migration> {
    let mut all = OURS().get_migrations().clone();
    all.sort_by_key(Migration::version);
    all
}
