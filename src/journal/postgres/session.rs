//! Sessions in which campaigns run: their settings, and what is asked in them.

use std::time::Duration;

use crate::journal::postgres::address::PostgresAddress;
use crate::journal::postgres::commit_log::{self, SILENCE};
use crate::journal::postgres::error::PostgresError;
use crate::journal::postgres::replica::CommitPoint;
use crate::journal::postgres::schema;
use crate::journal::postgres::wire::ServerSession;

/// How long it takes to connect, at most, where the address does not say.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The first pause before a server is asked again, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(2)];

/// The key of the lock of the campaign in a row of `runner`.
pub(super) const LOCK_KEY: &str = "hashtextextended(current_schema() || chr(10) || campaign, 0)";

/// What a session has to have that commits for a campaign.
#[derive(Debug, Clone)]
pub(super) struct HeldSession {
    pub(super) campaign: String,
    pub(super) token: String,
}

impl HeldSession {
    /// What is to be selected to know whether it is held still: the token of whoever took the campaign last, and who that is.
    fn columns(&self) -> String {
        let campaign = schema::literal(&self.campaign);
        let one = |column| format!("(SELECT {column} FROM runner WHERE campaign = {campaign})");
        format!("{}, {}", one("token"), one("holder"))
    }
}

/// Connects. A process that hangs in a transaction loses its session after a minute, and its machine need not say that it is gone:
/// the others wait for no longer than that.
pub(super) fn open(address: &PostgresAddress) -> Result<ServerSession, PostgresError> {
    let connect_timeout = address.connect_timeout.unwrap_or(CONNECT_TIMEOUT);
    let bounded = PostgresAddress { connect_timeout: Some(connect_timeout), ..address.clone() };
    let mut session = ServerSession::open(&bounded)?;
    session.set_silence(SILENCE)?;
    schema::enter(&mut session, address)?;
    session.run(
        "SET idle_in_transaction_session_timeout TO '60s'; SET lock_timeout TO '90s'; SET client_min_messages TO warning;
         SET tcp_keepalives_idle TO 15; SET tcp_keepalives_interval TO 5; SET tcp_keepalives_count TO 3",
    )?;
    Ok(session)
}

/// Makes schema and journal where they are missing.
pub(super) fn make_journal(
    session: &mut ServerSession,
    address: &PostgresAddress,
) -> Result<(), PostgresError> {
    if schema::version(session, address)? != Some(schema::newest()) {
        migrate(session, address)?;
    }
    session.run(&format!(
        "INSERT INTO journal (groups, copied_at, copied_by, id)
         SELECT 0, (extract(epoch FROM now()) * 1000)::bigint, '{}', md5(random()::text || clock_timestamp()) WHERE NOT EXISTS (SELECT FROM journal) ON CONFLICT DO NOTHING",
        env!("CARGO_PKG_VERSION")
    ))
}

/// Whether there is a journal; one of an older version is brought up to date.
pub(super) fn find_journal(
    session: &mut ServerSession,
    address: &PostgresAddress,
) -> Result<bool, PostgresError> {
    let Some(version) = schema::version(session, address)? else { return Ok(false) };
    if version != schema::newest() {
        migrate(session, address)?;
    }
    Ok(session.one("SELECT 1 FROM journal")?.is_some())
}

fn migrate(session: &mut ServerSession, address: &PostgresAddress) -> Result<(), PostgresError> {
    schema::wait_for_lock(session, address)?;
    schema::migrate(session, address)?;
    schema::unlock(session, address)
}

/// Begins a transaction in which nobody else commits. Returns how far the journal is, and an id for what may be committed.
///
/// # Errors
/// [`PostgresError::TakenOver`] where another process has taken the campaign that this one runs.
pub(super) fn begin(
    session: &mut ServerSession,
    address: &PostgresAddress,
    held: Option<&HeldSession>,
) -> Result<(CommitPoint, String), PostgresError> {
    // Each statement sees what was committed before it: the second one is made when the lock is there.
    let holder = held.map_or("NULL, NULL".to_owned(), HeldSession::columns);
    let rows = session.query(&format!(
        "BEGIN; SELECT number, id FROM journal FOR UPDATE;
         SELECT md5(random()::text || clock_timestamp() || pg_backend_pid()), {holder}, max(version) FROM refinery_schema_history"
    ))?;
    let none = || PostgresError::NoJournal { place: address.place() };
    let point = commit_log::point_of(rows.first()).ok_or_else(none)?;
    let mut fields = rows.into_iter().nth(1).ok_or_else(none)?.into_iter();
    let mut next = || fields.next().flatten();
    let (id, token, holder, version) = (next().ok_or_else(none)?, next(), next(), next());
    if version.as_deref() != Some(schema::newest().to_string().as_str()) {
        let found = version.and_then(|version| version.parse().ok()).unwrap_or_default();
        return Err(PostgresError::NewerThere { place: address.place(), found, known: schema::newest() });
    }
    match held {
        Some(held) if token.as_deref() != Some(held.token.as_str()) => {
            let holder = holder.unwrap_or_default();
            Err(PostgresError::TakenOver { place: address.place(), holder })
        }
        _ => Ok((point, id)),
    }
}

/// Campaigns that a process runs, and which.
pub(super) fn runners(session: &mut ServerSession) -> Result<Vec<(String, String)>, PostgresError> {
    let rows = session.query(&format!(
        "SELECT campaign, holder FROM runner WHERE EXISTS (
             SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND pid = backend
                 AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
                 AND ((classid::bigint << 32) | objid::bigint) = {LOCK_KEY})
         ORDER BY campaign"
    ))?;
    let texts = |row: Vec<Option<String>>| {
        let mut fields = row.into_iter().map(Option::unwrap_or_default);
        Some((fields.next()?, fields.next()?))
    };
    Ok(rows.into_iter().filter_map(texts).collect())
}

/// Waits for a moment before a server that is gone is asked again; the longer, the longer it has been gone.
#[expect(clippy::disallowed_methods, reason = "a connection blocks, and has no timer of tokio's to wait on")]
pub(super) fn pause(waited: Duration) {
    std::thread::sleep((waited / 2).clamp(PAUSES[0], PAUSES[1]));
}
