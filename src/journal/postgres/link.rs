//! What ties a replica to its journal in PostgreSQL: the session in which every transaction that writes is made there, too.
//!
//! A transaction locks the journal there before it reads anything, takes over what others have committed, and is committed
//! there before it is here. So all processes on all machines have one history, and each acts on the end of it.
//!
//! Where the session is lost the link waits for the server, for a while: before anything was done nothing is lost; a commit
//! whose answer did not come is looked up in the log. What was not committed is made again, unless others went on meanwhile.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use rusqlite::Connection;
use tokio::time::Instant;

use crate::journal::error::JournalError;
use crate::journal::file::commit_counter;
use crate::journal::postgres::address::PostgresAddress;
use crate::journal::postgres::changes::{self, Changes};
use crate::journal::postgres::commit_log;
use crate::journal::postgres::error::PostgresError;
use crate::journal::postgres::replica::{self, CommitPoint};
use crate::journal::postgres::runner::{self, RunnerLock};
use crate::journal::postgres::session::{self, HeldSession};
use crate::journal::postgres::wire::ServerSession;

/// How long SQLite's lock is waited for, besides the time that its holder waits for the server.
const LOCKED: Duration = Duration::from_secs(60);

/// Ties a journal to PostgreSQL.
pub(in crate::journal) struct ServerLink {
    address: PostgresAddress,
    session: RefCell<Option<ServerSession>>,
    /// The campaign that this process runs.
    held: RefCell<Option<HeldSession>>,
    /// The transaction that goes on.
    begun: RefCell<Option<Begun>>,
    /// Commits of others that were taken over, and not asked for yet.
    news: Cell<i64>,
}

/// A transaction, as it began.
#[derive(Debug)]
struct Begun {
    before: CommitPoint,
    /// Its id, where it becomes a commit.
    id: String,
    groups: u32,
}

impl std::fmt::Debug for ServerLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerLink").field("address", &self.address).finish_non_exhaustive()
    }
}

impl ServerLink {
    /// Connects a replica, whose connection this is, to its journal; one is made where there is none.
    ///
    /// # Errors
    /// Where the server cannot be reached, or the journal there cannot be used.
    pub(in crate::journal) fn open(
        address: PostgresAddress,
        connection: &Connection,
    ) -> Result<Self, JournalError> {
        let mut session = session::open(&address)?;
        session::make_journal(&mut session, &address)?;
        // Another process of this machine may have SQLite's lock while it waits for the server.
        connection.busy_timeout(address.patience + LOCKED)?;
        replica::prepare(connection)?;
        changes::watch(connection)?;
        Ok(Self {
            address,
            session: RefCell::new(Some(session)),
            held: RefCell::default(),
            begun: RefCell::default(),
            news: Cell::default(),
        })
    }

    /// What this process writes from here on, it writes as the one that runs a campaign: in the session that has its lock.
    pub(in crate::journal) fn hold(&self, lock: &RunnerLock) {
        if let Some((session, held)) = lock.hand_over() {
            self.session.replace(Some(session));
            self.held.replace(Some(held));
        }
    }

    /// Begins a transaction there, with SQLite's own begun and nothing done in it.
    ///
    /// # Errors
    /// Where the server was gone for longer than it is waited for, or has another history.
    pub(in crate::journal) fn begin(&self, local: &Connection) -> Result<(), JournalError> {
        self.patiently(|session| {
            let (before, id) = session::begin(session, &self.address, self.held.borrow().as_ref())?;
            let news = commit_log::take_over(session, &self.address, local, &before)?;
            changes::forget(local)?;
            self.news.set(self.news.get() + news);
            self.begun.replace(Some(Begun { before, id, groups: commit_counter::counted(local)? }));
            Ok(())
        })
    }

    /// Makes durable there what SQLite's transaction changed. What is left is to commit that one.
    ///
    /// # Errors
    /// Where it could not be made so.
    pub(in crate::journal) fn commit(&self, local: &Connection) -> Result<(), JournalError> {
        let changes = Changes::of(local)?;
        changes::forget(local)?;
        let Some(begun) = self.begun.take() else { return Ok(()) };
        if changes.is_empty() && changes.groups == begun.groups {
            self.end();
            return Ok(());
        }
        let commit = CommitPoint { number: begun.before.number + 1, id: begun.id };
        replica::set_point(local, &commit)?;
        let first = match self.session.borrow_mut().as_mut() {
            Some(session) => commit_log::send(session, &changes, (&begun.before, &commit)),
            None => Err(PostgresError::Lost(std::io::ErrorKind::NotConnected.into())),
        };
        match first {
            Ok(()) => Ok(()),
            // The server said why before it committed.
            Err(error) if !error.is_passing() => {
                self.session.take();
                Err(error.into())
            }
            Err(error) => {
                self.session.take();
                tracing::warn!("a commit got no answer from PostgreSQL, and is looked for: {error}");
                self.find_out(&changes, (&begun.before, &commit))
            }
        }
    }

    /// Finds out what became of a commit that got no answer, and makes it where it was not.
    fn find_out(
        &self,
        changes: &Changes,
        (before, commit): (&CommitPoint, &CommitPoint),
    ) -> Result<(), JournalError> {
        self.patiently(|session| {
            // The lock is free once the session that was lost has committed, or never will.
            let (head, _) = session::begin(session, &self.address, self.held.borrow().as_ref())?;
            if head == *before {
                return Ok(commit_log::send(session, changes, (before, commit))?);
            }
            if head == *commit {
                session.run("ROLLBACK")?;
                return Ok(());
            }
            let sql = format!("SELECT number, id FROM commit_log WHERE number = {}", commit.number);
            let rows = session.query(&format!("{sql}; ROLLBACK"))?;
            if commit_log::point_of(rows.first()).as_ref() == Some(commit) {
                return Ok(());
            }
            Err(PostgresError::Overtaken { place: self.address.place() }.into())
        })
    }

    /// Gives a transaction up.
    pub(in crate::journal) fn abandon(&self) {
        if self.begun.take().is_some() {
            self.end();
        }
    }

    fn end(&self) {
        let mut session = self.session.borrow_mut();
        // A session that fails has rolled back.
        if session.as_mut().is_some_and(|session| session.run("ROLLBACK").is_err()) {
            *session = None;
        }
    }

    /// Whether others have committed what the replica does not have. A server that is gone says nothing.
    ///
    /// # Errors
    /// Where the replica cannot be read.
    pub(in crate::journal) fn is_behind(&self, local: &Connection) -> Result<bool, JournalError> {
        let mut session = self.session.borrow_mut();
        let Some(open) = session.as_mut() else { return Ok(false) };
        match commit_log::head(open, &self.address, false) {
            Ok(head) => Ok(replica::point(local)?.as_ref() != Some(&head)),
            Err(_) => {
                *session = None;
                Ok(false)
            }
        }
    }

    /// How many commits of others were taken over since this was asked last.
    pub(in crate::journal) fn take_news(&self) -> i64 {
        self.news.take()
    }

    /// Removes from the log what it has of earlier commits: replicas that lack some are made anew.
    ///
    /// # Errors
    /// Where the connection fails.
    pub(in crate::journal) fn forget_log(&self) -> Result<(), JournalError> {
        self.patiently(|session| {
            Ok(session.run("DELETE FROM commit_log WHERE number < (SELECT number FROM journal)")?)
        })
    }

    /// Does something in the session, and does it again in another one where the server was gone, for as long as it is waited
    /// for.
    fn patiently(
        &self,
        mut work: impl FnMut(&mut ServerSession) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let mut gone_since: Option<Instant> = None;
        loop {
            let error = match self.once(&mut work) {
                Err(JournalError::Postgres(error)) if error.is_passing() => error,
                Err(other) => {
                    self.session.take();
                    return Err(other);
                }
                Ok(()) => {
                    if gone_since.is_some() {
                        tracing::warn!("PostgreSQL is back");
                    }
                    return Ok(());
                }
            };
            self.session.take();
            if gone_since.is_none() {
                tracing::warn!("PostgreSQL is gone: {error}");
            }
            let waited = gone_since.get_or_insert_with(Instant::now).elapsed();
            if waited >= self.address.patience {
                return Err((*error).into());
            }
            session::pause(waited);
        }
    }

    fn once(
        &self,
        work: &mut impl FnMut(&mut ServerSession) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let mut session = self.session.borrow_mut();
        let open = match session.as_mut() {
            Some(open) => open,
            None => {
                let mut opened = session::open(&self.address)?;
                if let Some(held) = self.held.borrow().as_ref() {
                    runner::take_again(held, &mut opened, &self.address)?;
                }
                session.insert(opened)
            }
        };
        work(open)
    }
}

/// Where those who only look have a replica from.
pub(in crate::journal) struct ReplicaSource {
    address: PostgresAddress,
    session: RefCell<Option<ServerSession>>,
}

impl std::fmt::Debug for ReplicaSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReplicaSource").field("address", &self.address).finish_non_exhaustive()
    }
}

impl ReplicaSource {
    /// Connects; none where there is no journal.
    ///
    /// # Errors
    /// Where the server cannot be reached, or the journal there cannot be used.
    pub(in crate::journal) fn open(address: PostgresAddress) -> Result<Option<Self>, JournalError> {
        let mut session = session::open(&address)?;
        let is_there = session::find_journal(&mut session, &address)?;
        Ok(is_there.then(|| Self { address, session: RefCell::new(Some(session)) }))
    }

    /// Whether the replica has all that there is, and who runs what.
    ///
    /// # Errors
    /// Where the server cannot be asked.
    pub(in crate::journal) fn is_current(&self, local: &Connection) -> Result<bool, JournalError> {
        self.ask(|session| {
            let (head, runners) =
                (commit_log::head(session, &self.address, false)?, session::runners(session)?);
            Ok(replica::is_one(local)?
                && replica::point(local)?.as_ref() == Some(&head)
                && replica::runners(local)? == runners)
        })
    }

    /// Brings the replica up to date, with a transaction of SQLite's begun in which nobody else does.
    ///
    /// # Errors
    /// Where the server cannot be asked, or has another history.
    pub(in crate::journal) fn take_over(&self, local: &Connection) -> Result<(), JournalError> {
        self.ask(|session| {
            replica::prepare(local)?;
            session.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
            let head = commit_log::head(session, &self.address, false)?;
            commit_log::take_over(session, &self.address, local, &head)?;
            replica::set_runners(local, &session::runners(session)?)?;
            Ok(session.run("COMMIT")?)
        })
    }

    /// Asks in the session, and in a new one the next time where it failed.
    fn ask<T>(
        &self,
        ask: impl FnOnce(&mut ServerSession) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let mut session = self.session.borrow_mut();
        let open = match session.as_mut() {
            Some(open) => open,
            None => session.insert(session::open(&self.address)?),
        };
        let asked = ask(open);
        if asked.is_err() {
            *session = None;
        }
        asked
    }
}
