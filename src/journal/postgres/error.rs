//! What can go wrong with PostgreSQL, and what to do about each. No password is in any of it, and of the server's messages only
//! the first part: details and contexts quote rows.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::domain::foreign::{self, ForeignText};
use crate::domain::next_step::Advice;

/// A failure of PostgreSQL, of the way to it, or of a copy there.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// The address has a mistake.
    #[error("the address of PostgreSQL {0}")]
    Address(String),
    /// A file that the address or the environment names cannot be used.
    #[error("failed to read {}: {why}", foreign::path(path))]
    File {
        /// A service file or a certificate.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Nothing answered at the address.
    #[error("failed to connect to PostgreSQL at {server}: {why}")]
    Unreachable {
        /// Host and port, or the socket.
        server: String,
        /// Why.
        why: String,
    },
    /// The encrypted connection could not be made as it was asked for.
    #[error("failed to make an encrypted connection to PostgreSQL at {server}: {why}")]
    Tls {
        /// Host and port.
        server: String,
        /// Why.
        why: String,
    },
    /// The server asks for a password, and there is none.
    #[error("PostgreSQL at {server} asks for a password of {}{note}", foreign::shown(user))]
    NoPassword {
        /// Host and port, or the socket.
        server: String,
        /// The user.
        user: String,
        /// Why a password file was passed over, if one was.
        note: String,
    },
    /// The server does not take the user.
    #[error("PostgreSQL at {server} refused the connection: {} ({code})", message.shown())]
    Refused {
        /// Host and port, or the socket.
        server: String,
        /// The server's words.
        message: ForeignText,
        /// SQLSTATE.
        code: String,
    },
    /// The server asks for something that this program does not have.
    #[error("PostgreSQL at {server} asks for {what}, which this program does not have")]
    Unsupported {
        /// Host and port, or the socket.
        server: String,
        /// What.
        what: &'static str,
    },
    /// The connection ended.
    #[error("the connection to PostgreSQL was lost: {0}")]
    Lost(io::Error),
    /// The server failed at something.
    #[error("PostgreSQL failed: {} ({code})", message.shown())]
    Server {
        /// Its words.
        message: ForeignText,
        /// SQLSTATE.
        code: String,
    },
    /// The schema there is of a newer version.
    #[error(
        "the journal in {place} was written by a newer version of campaign (schema {found}, this one knows {known})"
    )]
    NewerThere {
        /// Schema and server.
        place: String,
        /// Its schema.
        found: i64,
        /// The newest schema that this program knows.
        known: i64,
    },
    /// The schema there was made by another build.
    #[error("the schema of {place} is not the one of this program: {what}")]
    OtherSchema {
        /// Schema and server.
        place: String,
        /// How it differs.
        what: String,
    },
    /// Tables of something else are in the schema.
    #[error("{place} has tables of another program")]
    ForeignTables {
        /// Schema and server.
        place: String,
    },
    /// There is a journal where one was to be copied to.
    #[error("there is a journal already in {place}")]
    JournalThere {
        /// Schema and server.
        place: String,
        /// The schema alone.
        schema: String,
    },
    /// There is no journal to be copied.
    #[error("there is no journal in {place}")]
    NoJournal {
        /// Schema and server.
        place: String,
    },
    /// Another process copies a journal there.
    #[error("another process is copying a journal to {place}")]
    Busy {
        /// Schema and server.
        place: String,
    },
    /// The server has lost commits that the replica has: a failover, or a backup that was put back.
    #[error(
        "{place} has lost commits: it has {has}, and the replica {} has {had} or others",
        foreign::path(replica)
    )]
    LostCommits {
        /// Schema and server.
        place: String,
        /// The replica's file.
        replica: String,
        /// Commits that are there.
        has: i64,
        /// Commits that the replica has.
        had: i64,
    },
    /// A transaction was cut off, and others committed before it could be made again.
    #[error(
        "the connection to {place} was lost in a commit, and others have committed since: it was not made"
    )]
    Overtaken {
        /// Schema and server.
        place: String,
    },
    /// Another process runs the campaign by now.
    #[error(
        "this process lost its session at {place}, and another one has taken the campaign over: {holder}"
    )]
    TakenOver {
        /// Schema and server.
        place: String,
        /// That process.
        holder: String,
    },
    /// A file that was named is the replica of a journal in PostgreSQL.
    #[error("{} is the replica of a journal in PostgreSQL, and none of its own", foreign::path(path))]
    IsReplica {
        /// The file.
        path: PathBuf,
    },
    /// A value that the other database cannot keep.
    #[error("row {row} of the table {table} has {what} in {column}")]
    Unfit {
        /// The table.
        table: &'static str,
        /// Which row in the order of its key, from 1.
        row: u64,
        /// The column.
        column: &'static str,
        /// What it is.
        what: &'static str,
    },
    /// What was read back is not what was written.
    #[error(
        "the copy of the table {table} is not what was copied ({written} rows were written, {read} read back)"
    )]
    Differs {
        /// The table.
        table: &'static str,
        /// Rows that were written.
        written: u64,
        /// Rows that were read back.
        read: u64,
    },
    /// The journal that is to be copied, or the copy, does not add up.
    #[error("{what} is not sound: {finding}")]
    Unsound {
        /// Which of them.
        what: String,
        /// The first thing that is wrong.
        finding: String,
    },
}

impl PostgresError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Advice {
        match self {
            Self::Address(_) => "write it as postgres://USER@HOST:PORT/DATABASE?sslmode=verify-full, and what is special in it \
                 percent-encoded; docs/postgresql.md has all parameters"
                .into(),
            Self::File { .. } => "correct the path, or the file; nothing was done".into(),
            Self::Unreachable { .. } => "check host, port and network, and that the server listens there; what was committed before stays".into(),
            Self::Tls { .. } => "check the certificate and sslrootcert; sslmode=require encrypts without checking who answers; \
                 nothing was done"
                .into(),
            Self::NoPassword { .. } => {
                "set PGPASSWORD, or give ~/.pgpass a line HOST:PORT:DATABASE:USER:PASSWORD and mode 0600".into()
            }
            Self::Refused { .. } => "check user, password and database, and the server's pg_hba.conf; nothing was done".into(),
            Self::Unsupported { .. } => {
                "let pg_hba.conf ask this user for scram-sha-256, md5 or a certificate; nothing was done".into()
            }
            Self::Lost(_) => "nothing that is not whole was left; try again: what was committed before stays".into(),
            Self::Server { .. } => {
                "the server's log tells more; nothing that is not whole was left, and what was committed before stays".into()
            }
            Self::NewerThere { .. } => "use the newer version of campaign; nothing was changed".into(),
            Self::OtherSchema { .. } | Self::ForeignTables { .. } => {
                "name another schema with ?schema=NAME in the address; nothing was changed".into()
            }
            Self::JournalThere { schema, .. } => format!(
                "a copy replaces nothing: name another schema with ?schema=NAME in the address, or, where that copy is needed no \
                 more, remove it with `DROP SCHEMA \"{}\" CASCADE` in psql",
                schema.replace('"', "\"\"")
            )
            .into(),
            Self::NoJournal { .. } => "check database and schema; `campaign journal copy JOURNAL POSTGRES` puts one there".into(),
            Self::Busy { .. } => "wait until it has ended; nothing was changed".into(),
            Self::LostCommits { replica, .. } => format!(
                "put the server right if it is the wrong one. If what it lost is lost for good: within six days of its last requests go \
                 on, and what it does not know is asked for again with the same client tokens, which meet the same contacts. For \
                 that remove {0}, {0}-wal, {0}-shm and {0}.mark; nothing was sent",
                foreign::path(replica)
            )
            .into(),
            Self::Overtaken { .. } => "run again: what was requested is asked for with the same client tokens; nothing else was lost".into(),
            Self::TakenOver { .. } => "nothing is to be done: the other process goes on with the campaign".into(),
            Self::IsReplica { .. } => "name the journal by its address, postgres://…; nothing was done".into(),
            Self::Unfit { .. } => "nothing was copied; please report this".into(),
            Self::Differs { .. } => "nothing was left there; copy again, and look at disks and memory of both machines if it is \
                 not the first time"
                .into(),
            Self::Unsound { .. } => "nothing was copied; `campaign journal check` tells all that is wrong".into(),
        }
    }

    /// Whether something is to be corrected in what was typed.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Address(_)
                | Self::File { .. }
                | Self::NoPassword { .. }
                | Self::NewerThere { .. }
                | Self::OtherSchema { .. }
                | Self::ForeignTables { .. }
                | Self::JournalThere { .. }
                | Self::NoJournal { .. }
                | Self::IsReplica { .. }
        )
    }

    /// Whether the server, or the way to it, was gone: what was asked may be asked again.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Lost(_) | Self::Unreachable { .. } => true,
            // Shutting down, crashed or starting; connections; a lock that another session holds on to.
            Self::Server { code, .. } | Self::Refused { code, .. } => {
                ["57P", "08", "53300", "55P03", "25P03"].iter().any(|class| code.starts_with(class))
            }
            _ => false,
        }
    }

    /// Whether another process is in the way.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::TakenOver { .. })
    }
}
