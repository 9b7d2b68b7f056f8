//! A journal of SQLite's is copied to PostgreSQL: as it is at one instant, also while campaigns run, in one transaction that is
//! read back before it commits.

use std::path::Path;

use crate::domain::foreign;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::file::commit_counter;
use crate::journal::file::open::Reader;
use crate::journal::postgres::address::PostgresAddress;
use crate::journal::postgres::copied::CopiedJournal;
use crate::journal::postgres::digest::TableDigest;
use crate::journal::postgres::error::PostgresError;
use crate::journal::postgres::schema;
use crate::journal::postgres::tables::{CopiedTable, TABLES};
use crate::journal::postgres::tuples::{self, TupleStream};
use crate::journal::postgres::wire::ServerSession;

/// Bytes of rows that are sent in one message.
const CHUNK: usize = 64 * 1024;

impl Reader {
    /// Copies the journal at `path` to PostgreSQL, where there must be none in the schema: whole, verified and committed,
    /// or not at all. Memory does not grow with the journal.
    ///
    /// # Errors
    /// [`JournalError::Postgres`], and those of a journal that cannot be read or is not sound.
    pub fn store(
        &self,
        path: &Path,
        address: &PostgresAddress,
        now: UnixMillis,
    ) -> Result<CopiedJournal, JournalError> {
        // What is not sound would be refused where it is fetched, when the original may be gone.
        if let Some(finding) = self.look_over(path)?.findings.into_iter().next() {
            let what = format!("the journal {}", foreign::path(path));
            return Err(PostgresError::Unsound { what, finding: finding.what }.into());
        }
        let mut session = ServerSession::open(address)?;
        schema::enter(&mut session, address)?;
        schema::lock(&mut session, address)?;
        schema::migrate(&mut session, address)?;
        session.run("BEGIN")?;
        let is_there = "SELECT 1 WHERE EXISTS (SELECT FROM journal) OR EXISTS (SELECT FROM campaign)";
        if session.one(is_there)?.is_some() {
            let (place, schema) = (address.place(), address.schema.clone());
            return Err(PostgresError::JournalThere { place, schema }.into());
        }
        let snapshot = self.snapshot()?;
        let groups = commit_counter::counted(&self.connection)?;
        let mut sent = Vec::with_capacity(TABLES.len());
        for table in TABLES {
            sent.push(self.send(table, &mut session)?);
        }
        for (table, sent) in TABLES.iter().zip(sent) {
            hold(table, sent, read_back(table, &mut session)?)?;
        }
        session.run(&format!(
            "INSERT INTO journal (groups, copied_at, copied_by, id)
             VALUES ({groups}, {}, '{}', md5(random()::text || clock_timestamp()))",
            now.millis(),
            env!("CARGO_PKG_VERSION")
        ))?;
        let mut campaigns = Vec::new();
        for campaign in snapshot.campaigns()? {
            let tally = snapshot.verified_tally(campaign.id)?;
            campaigns.push((campaign.name, tally));
        }
        session.run("COMMIT")?;
        Ok(CopiedJournal { campaigns, copied_at: now })
    }

    /// Hands every row of a table on, as PostgreSQL's COPY has it.
    pub(super) fn each_tuple(
        &self,
        table: &'static CopiedTable,
        mut take: impl FnMut(&[u8]) -> Result<(), JournalError>,
    ) -> Result<TableDigest, JournalError> {
        let mut statement = self.connection.prepare(&table.select())?;
        let mut rows = statement.query([])?;
        let (mut digest, mut tuple) = (TableDigest::default(), Vec::new());
        while let Some(row) = rows.next()? {
            tuple.clear();
            tuples::encode(table, row, &mut tuple).map_err(|unfit| unfit.of(table, digest.rows + 1))?;
            digest.add(&tuple);
            take(&tuple)?;
        }
        Ok(digest)
    }

    fn send(
        &self,
        table: &'static CopiedTable,
        session: &mut ServerSession,
    ) -> Result<TableDigest, JournalError> {
        let sql = format!("COPY \"{}\" ({}) FROM STDIN (FORMAT binary)", table.name, table.list());
        session.begin_copy(&sql)?;
        let mut chunk = Vec::with_capacity(CHUNK * 2);
        chunk.extend_from_slice(&tuples::HEADER);
        let digest = self.each_tuple(table, |tuple| {
            chunk.extend_from_slice(tuple);
            if chunk.len() >= CHUNK {
                session.send(&chunk)?;
                chunk.clear();
            }
            Ok(())
        })?;
        chunk.extend_from_slice(&tuples::TRAILER);
        session.send(&chunk)?;
        session.end_copy()?;
        Ok(digest)
    }
}

/// What PostgreSQL has of a table by now.
fn read_back(table: &'static CopiedTable, session: &mut ServerSession) -> Result<TableDigest, PostgresError> {
    let sql = format!("COPY (SELECT {} FROM \"{}\") TO STDOUT (FORMAT binary)", table.list(), table.name);
    let (mut stream, mut digest) = (TupleStream::default(), TableDigest::default());
    session.copy_out(&sql, |piece| {
        stream.push(piece, |tuple| {
            digest.add(tuple);
            Ok::<_, PostgresError>(())
        })
    })?;
    stream.end()?;
    Ok(digest)
}

/// Refuses a copy of a table that is not what was copied.
pub(super) fn hold(
    table: &CopiedTable,
    written: TableDigest,
    read: TableDigest,
) -> Result<(), PostgresError> {
    if written == read {
        return Ok(());
    }
    Err(PostgresError::Differs { table: table.name, written: written.rows, read: read.rows })
}
