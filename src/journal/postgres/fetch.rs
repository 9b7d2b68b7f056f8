//! A journal in PostgreSQL is copied into a new file: as it is there at one instant, read back and looked over before it
//! gets its name.
//!
//! The file is an older copy of the one that was copied to PostgreSQL, as a backup is: it remembers that file and how far
//! it was, so that taking a campaign up again refuses what has to be refused (`src/journal/file/home.rs`).

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::file::backup::of_sqlite;
use crate::journal::file::connect::connect;
use crate::journal::file::new_file::NewFile;
use crate::journal::file::open::Reader;
use crate::journal::file::schema as file_schema;
use crate::journal::postgres::address::PostgresAddress;
use crate::journal::postgres::copied::CopiedJournal;
use crate::journal::postgres::digest::TableDigest;
use crate::journal::postgres::error::PostgresError;
use crate::journal::postgres::store::hold;
use crate::journal::postgres::tables::{CopiedTable, TABLES};
use crate::journal::postgres::tuples::TupleStream;
use crate::journal::postgres::wire::ServerSession;
use crate::journal::postgres::{changes, schema};

/// Memory that SQLite takes for pages while the file is written, in KiB.
const CACHE: i32 = 32 * 1024;

/// Copies the journal at `address` to `path`, which must not exist: mode 0600, whole and verified, or not at all.
///
/// # Errors
/// [`JournalError::Postgres`], [`JournalError::CopyExists`] and [`JournalError::Copy`].
pub fn fetch(address: &PostgresAddress, path: &Path) -> Result<CopiedJournal, JournalError> {
    let file = NewFile::create(path)?;
    let mut session = ServerSession::open(address)?;
    let (groups, copied_at) = begin(&mut session, address)?;
    let digests = write(&mut session, file.path(), groups).map_err(|error| match error {
        JournalError::Sqlite(error) => of_sqlite(path, error),
        other => other,
    })?;
    drop(session);
    let reader = Reader::open(file.path())?;
    for (table, written) in TABLES.iter().zip(digests) {
        hold(table, written, reader.each_tuple(table, |_| Ok(()))?)?;
    }
    if let Some(finding) = reader.look_over(file.path())?.findings.into_iter().next() {
        let what = format!("the journal in {}", address.place());
        return Err(PostgresError::Unsound { what, finding: finding.what }.into());
    }
    let mut campaigns = Vec::new();
    for campaign in reader.campaigns()? {
        let tally = reader.verified_tally(campaign.id)?;
        campaigns.push((campaign.name, tally));
    }
    drop(reader);
    // Where campaigns ran over PostgreSQL, that is what this file is a copy of.
    connect(file.path(), OpenFlags::SQLITE_OPEN_READ_WRITE)?.execute(
        "INSERT INTO home (path, device, inode) SELECT ?1, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM home)",
        [address.to_string()],
    )?;
    file.finish()?;
    Ok(CopiedJournal { campaigns, copied_at: UnixMillis::from_millis(copied_at) })
}

/// Begins to read at one instant. Returns how many groups the journal had committed, and when it was copied there.
fn begin(session: &mut ServerSession, address: &PostgresAddress) -> Result<(u32, i64), PostgresError> {
    let none = || PostgresError::NoJournal { place: address.place() };
    schema::enter(session, address)?;
    session.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
    schema::version(session, address)?.ok_or_else(none)?;
    let rows = session.query("SELECT groups, copied_at FROM journal")?;
    let number = |at: usize| -> Option<i64> { rows.first()?.get(at)?.as_deref()?.parse().ok() };
    let groups = number(0).and_then(|groups| u32::try_from(groups).ok());
    groups.zip(number(1)).ok_or_else(none)
}

/// Writes the database. Returns what every table was in PostgreSQL.
fn write(session: &mut ServerSession, path: &Path, groups: u32) -> Result<Vec<TableDigest>, JournalError> {
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // The file has no name yet: what fails is thrown away, and it is synced before it gets one.
    connection.pragma_update(None, "journal_mode", "off")?;
    connection.pragma_update(None, "synchronous", "off")?;
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "cache_size", -CACHE)?;
    file_schema::migrate(path, &mut connection, file_schema::OURS)?;
    let tx = connection.transaction()?;
    let mut digests = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        if table.name == "sender_tally" {
            // Triggers of `row` have counted already; what is copied takes its place, and is held against the rows later.
            tx.execute("DELETE FROM sender_tally", [])?;
        }
        digests.push(receive(table, session, &tx)?);
    }
    tx.pragma_update(None, "user_version", groups)?;
    tx.commit()?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(digests)
}

fn receive(
    table: &'static CopiedTable,
    session: &mut ServerSession,
    connection: &Connection,
) -> Result<TableDigest, JournalError> {
    let sql = format!("COPY ({}) TO STDOUT (FORMAT binary)", table.select());
    let mut statement = connection.prepare(&changes::insertion(table))?;
    let columns: Vec<_> = table.columns.iter().collect();
    let (mut stream, mut digest) = (TupleStream::default(), TableDigest::default());
    session.copy_out(&sql, |piece| {
        stream.push(piece, |tuple| {
            digest.add(tuple);
            changes::run(&columns, tuple, &mut statement)
        })
    })?;
    stream.end()?;
    Ok(digest)
}
