//! The one history of a journal in PostgreSQL: a commit takes over those before it, and is written down for those behind it.

use std::time::Duration;

use rusqlite::Connection;

use crate::journal::error::JournalError;
use crate::journal::postgres::address::PostgresAddress;
use crate::journal::postgres::changes::{self, Changes, TableChanges, Tuples};
use crate::journal::postgres::error::PostgresError;
use crate::journal::postgres::replica::{self, CommitPoint};
use crate::journal::postgres::schema;
use crate::journal::postgres::tuples::{self, TupleStream};
use crate::journal::postgres::wire::ServerSession;

/// How long a server may be silent: longer than locks are waited for.
pub(super) const SILENCE: Duration = Duration::from_secs(100);
/// Commits that stay in the log, at most, besides those of the last minutes.
const COMMITS: i64 = 2_000;
/// Bytes that stay there, at most.
const BYTES: i64 = 64 << 20;
/// The longest commit that has a line there, in bytes.
const LONGEST: usize = 32 << 20;
/// The log is shortened once in so many commits.
const SHORTEN_EVERY: i64 = 50;

/// How far the journal is there.
///
/// # Errors
/// Where there is none.
pub(super) fn head(
    session: &mut ServerSession,
    address: &PostgresAddress,
    locked: bool,
) -> Result<CommitPoint, PostgresError> {
    let lock = if locked { " FOR UPDATE" } else { "" };
    let rows = session.query(&format!("SELECT number, id FROM journal{lock}"))?;
    point_of(rows.first()).ok_or_else(|| PostgresError::NoJournal { place: address.place() })
}

/// A commit as two columns have it.
pub(super) fn point_of(row: Option<&Vec<Option<String>>>) -> Option<CommitPoint> {
    let row = row?;
    Some(CommitPoint { number: row.first()?.as_deref()?.parse().ok()?, id: row.get(1)?.clone()? })
}

/// Takes over in SQLite what was committed since, up to `head`, which is what the session's transaction sees. Returns how many
/// commits that were.
///
/// # Errors
/// [`PostgresError::LostCommits`] where PostgreSQL has another history than the replica.
pub(super) fn take_over(
    session: &mut ServerSession,
    address: &PostgresAddress,
    connection: &Connection,
    head: &CommitPoint,
) -> Result<i64, JournalError> {
    let Some(mut own) = replica::point(connection)? else {
        replica::load(session, connection, head)?;
        return Ok(1);
    };
    if own == *head {
        return Ok(0);
    }
    let lost = |own: &CommitPoint| {
        let (place, replica) = (address.place(), connection.path().unwrap_or_default().to_owned());
        PostgresError::LostCommits { place, replica, has: head.number, had: own.number }
    };
    if own.number >= head.number {
        return Err(lost(&own).into());
    }
    let first = own.clone();
    let sql = format!(
        "COPY (SELECT number, id, before, changes FROM commit_log WHERE number > {} AND number <= {} ORDER BY number)
         TO STDOUT (FORMAT binary)",
        own.number, head.number
    );
    let (mut stream, mut has_gap) = (TupleStream::default(), false);
    session.copy_out(&sql, |piece| {
        stream.push(piece, |tuple| {
            let line = LogLine::read(tuple)?;
            // What is behind a gap is of no use.
            has_gap |= line.number != own.number + 1;
            if has_gap {
                return Ok(());
            }
            if line.before != own.id {
                return Err(JournalError::from(lost(&own)));
            }
            Changes::decode(line.changes)?.apply(connection)?;
            own = CommitPoint { number: line.number, id: line.id.to_owned() };
            Ok(())
        })
    })?;
    stream.end()?;
    if own == *head {
        replica::set_point(connection, head)?;
    } else {
        replica::load(session, connection, head)?;
    }
    Ok(head.number - first.number)
}

/// A line of the log as COPY has it.
struct LogLine<'t> {
    number: i64,
    id: &'t str,
    before: &'t str,
    changes: &'t [u8],
}

impl<'t> LogLine<'t> {
    fn read(tuple: &'t [u8]) -> Result<Self, PostgresError> {
        let mut rest = tuple.get(2..).ok_or_else(tuples::garbled)?;
        let mut field = || {
            let (length, after) = rest.split_first_chunk().ok_or_else(tuples::garbled)?;
            let length = usize::try_from(i32::from_be_bytes(*length)).map_err(|_| tuples::garbled())?;
            let (field, after) = after.split_at_checked(length).ok_or_else(tuples::garbled)?;
            rest = after;
            Ok::<&'t [u8], PostgresError>(field)
        };
        let number = field()?.try_into().map(i64::from_be_bytes).map_err(|_| tuples::garbled())?;
        let mut text = || std::str::from_utf8(field()?).map_err(|_| tuples::garbled());
        let (id, before) = (text()?, text()?);
        Ok(Self { number, id, before, changes: field()? })
    }
}

/// A field of a row of COPY.
fn push_field(tuple: &mut Vec<u8>, field: &[u8]) {
    tuple.extend_from_slice(&i32::try_from(field.len()).unwrap_or(i32::MAX).to_be_bytes());
    tuple.extend_from_slice(field);
}

/// Sends what a transaction changed, and commits it, within the session's transaction. Returns when it is durable.
///
/// # Errors
/// Where the connection fails, it may be committed all the same.
pub(super) fn send(
    session: &mut ServerSession,
    changes: &Changes,
    (before, commit): (&CommitPoint, &CommitPoint),
) -> Result<(), PostgresError> {
    let mut statements = 0;
    for TableChanges { table, gone, .. } in
        changes.tables.iter().rev().filter(|changes| changes.gone.rows > 0)
    {
        let key: Vec<_> = changes::keys(table).map(|key| format!("\"{}\"", key.name)).collect();
        let same: Vec<_> = key.iter().map(|key| format!("t.{key} = g.{key}")).collect();
        let (name, key) = (table.name, key.join(", "));
        statements += stage(session, &format!("gone_{name}"), (name, &key), gone)?;
        let same = same.join(" AND ");
        session.queue(&format!("DELETE FROM \"{name}\" AS t USING \"gone_{name}\" AS g WHERE {same}"))?;
        statements += 1;
    }
    for TableChanges { table, new, .. } in changes.tables.iter().filter(|changes| changes.new.rows > 0) {
        let (name, list) = (table.name, table.list());
        statements += stage(session, &format!("new_{name}"), (name, &list), new)?;
        let is_key = |name: &str| changes::keys(table).any(|key| key.name == name);
        let set: Vec<_> = table
            .columns
            .iter()
            .filter(|column| !is_key(column.name))
            .map(|column| format!("\"{0}\" = excluded.\"{0}\"", column.name))
            .collect();
        let set =
            if set.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {}", set.join(", ")) };
        session.queue(&format!(
            "INSERT INTO \"{name}\" ({list}) SELECT {list} FROM \"new_{name}\" ON CONFLICT ({}) DO {set}",
            table.key
        ))?;
        statements += 1;
    }
    let bytes = changes.encode();
    session.set_silence(SILENCE + Duration::from_micros(5 * bytes.len() as u64))?;
    // Whoever lacks a commit without a line fetches the whole journal.
    if bytes.len() <= LONGEST {
        let mut line = 5_i16.to_be_bytes().to_vec();
        push_field(&mut line, &commit.number.to_be_bytes());
        push_field(&mut line, commit.id.as_bytes());
        push_field(&mut line, before.id.as_bytes());
        push_field(&mut line, &(bytes.len() as u64).to_be_bytes());
        push_field(&mut line, &bytes);
        session.queue_copy(
            "COPY commit_log (number, id, before, bytes, changes) FROM STDIN (FORMAT binary)",
            [&tuples::HEADER[..], &line, &tuples::TRAILER],
        )?;
        statements += 1;
    }
    session.queue(&format!(
        "UPDATE journal SET number = {}, id = {}, groups = {}{}; COMMIT",
        commit.number,
        schema::literal(&commit.id),
        changes.groups,
        shortening(commit.number)
    ))?;
    session.answers(statements + 1)
}

/// Sends rows into a table of the session's own. Returns how many statements that took.
fn stage(
    session: &mut ServerSession,
    stage: &str,
    (table, list): (&str, &str),
    rows: &Tuples,
) -> Result<usize, PostgresError> {
    session.queue(&format!(
        "CREATE TEMP TABLE IF NOT EXISTS \"{stage}\" ON COMMIT DELETE ROWS AS SELECT {list} FROM \"{table}\" WITH NO DATA"
    ))?;
    session.queue_copy(
        &format!("COPY \"{stage}\" ({list}) FROM STDIN (FORMAT binary)"),
        [&tuples::HEADER[..], &rows.bytes, &tuples::TRAILER],
    )?;
    Ok(2)
}

/// What removes the commits that nobody may lack any more.
fn shortening(number: i64) -> String {
    if number % SHORTEN_EVERY != 0 {
        return String::new();
    }
    format!(
        "; DELETE FROM commit_log WHERE number < {number} AND made_at < clock_timestamp() - interval '5 minutes'
             AND number <= {};
         DELETE FROM commit_log WHERE number < {number} AND number <= (SELECT max(number) FROM
             (SELECT number, sum(bytes) OVER (ORDER BY number DESC) AS so_far FROM commit_log) AS log WHERE so_far > {BYTES})",
        number - COMMITS
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_log_is_read_as_it_is_written() {
        let mut tuple = 4_i16.to_be_bytes().to_vec();
        for field in [&7_i64.to_be_bytes()[..], b"id", b"", b"\0\0"] {
            push_field(&mut tuple, field);
        }
        let line = LogLine::read(&tuple).unwrap();
        assert_eq!((line.number, line.id, line.before, line.changes), (7, "id", "", &b"\0\0"[..]));
        for length in 0..tuple.len() {
            assert!(LogLine::read(&tuple[..length]).is_err(), "{length}");
        }
    }
}
