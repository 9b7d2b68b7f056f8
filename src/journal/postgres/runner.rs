//! One process per campaign, over all machines: an advisory lock of the session in which the campaign's commits are made, and the
//! token of whoever took it last, without which none is made.
//!
//! The lock goes with the session, whatever ends it. Whoever takes it next writes another token: a process that lost its session
//! and comes back then cannot commit any more, and so starts nothing either, as every claim is committed before its request.

use std::sync::Mutex;

use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::file::holder::Holder;
use crate::journal::postgres::address::PostgresAddress;
use crate::journal::postgres::error::PostgresError;
use crate::journal::postgres::schema::literal;
use crate::journal::postgres::session::{self, HeldSession, LOCK_KEY};
use crate::journal::postgres::wire::ServerSession;

/// The lock of a campaign, taken.
pub(in crate::journal) struct RunnerLock {
    /// The session that has it, until a journal has that.
    held: Mutex<Option<(ServerSession, HeldSession)>>,
}

impl std::fmt::Debug for RunnerLock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RunnerLock")
    }
}

impl RunnerLock {
    /// Takes the lock of the campaign `name`; journal and schema are made where they are missing.
    ///
    /// # Errors
    /// [`JournalError::Held`] where another process has it.
    pub(in crate::journal) fn take(
        address: &PostgresAddress,
        name: &str,
        now: UnixMillis,
    ) -> Result<Self, JournalError> {
        let mut session = session::open(address)?;
        session::make_journal(&mut session, address)?;
        if !try_lock(&mut session, name)? {
            return Err(JournalError::Held(Holder::named(&holder(&mut session, name)?)));
        }
        let campaign = literal(name);
        let signed = literal(&signature(now));
        let token = session.one(&format!(
            "INSERT INTO runner (campaign, token, holder, backend)
             VALUES ({campaign}, md5(random()::text || clock_timestamp() || pg_backend_pid()), {signed}, pg_backend_pid())
             ON CONFLICT (campaign) DO UPDATE SET token = excluded.token, holder = excluded.holder, backend = excluded.backend
             RETURNING token"
        ))?;
        let held = HeldSession { campaign: name.to_owned(), token: token.unwrap_or_default() };
        Ok(Self { held: Mutex::new(Some((session, held))) })
    }

    /// Hands the session over to whoever commits for the campaign; once.
    pub(super) fn hand_over(&self) -> Option<(ServerSession, HeldSession)> {
        self.held.lock().ok()?.take()
    }
}

/// Takes the lock again in another session.
///
/// # Errors
/// [`PostgresError::TakenOver`] where another process has taken it meanwhile.
pub(super) fn take_again(
    held: &HeldSession,
    session: &mut ServerSession,
    address: &PostgresAddress,
) -> Result<(), PostgresError> {
    let is_free = try_lock(session, &held.campaign)?;
    let ours = session.one(&format!(
        "UPDATE runner SET backend = CASE WHEN {is_free} THEN pg_backend_pid() ELSE backend END
         WHERE campaign = {} AND token = {} RETURNING 1",
        literal(&held.campaign),
        literal(&held.token)
    ))?;
    match (is_free, ours) {
        (true, Some(_)) => Ok(()),
        // The session that was lost may be there still for the server: until it notices.
        (false, Some(_)) => Err(PostgresError::Lost(std::io::ErrorKind::ConnectionAborted.into())),
        (_, None) => {
            let holder = holder(session, &held.campaign)?;
            Err(PostgresError::TakenOver { place: address.place(), holder })
        }
    }
}

fn try_lock(session: &mut ServerSession, name: &str) -> Result<bool, PostgresError> {
    let key = LOCK_KEY.replace("campaign", &literal(name));
    Ok(session.one(&format!("SELECT pg_try_advisory_lock({key})"))?.as_deref() == Some("t"))
}

/// Who took the campaign last.
fn holder(session: &mut ServerSession, name: &str) -> Result<String, PostgresError> {
    let sql = format!("SELECT holder FROM runner WHERE campaign = {}", literal(name));
    Ok(session.one(&sql)?.unwrap_or_default())
}

/// How a lock is signed: as in a lock file, and with the machine.
fn signature(now: UnixMillis) -> String {
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .or_else(|_| std::fs::read_to_string("/etc/hostname"))
        .unwrap_or_default();
    let machine = match machine.trim() {
        "" => String::new(),
        name => format!(", on {name}"),
    };
    format!("process {}, since {now}{machine}", std::process::id())
}
