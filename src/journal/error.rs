//! What can go wrong with the journal, and what to do about each.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use thiserror::Error;

use crate::domain::delivery::state::{IllegalTransition, State};
use crate::domain::foreign;
use crate::domain::message::request::MissingSlot;
use crate::domain::next_step::{Advice, Command, Setting};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::file::holder::Holder;
use crate::journal::plan::misfit::Misfit;
use crate::journal::postgres::error::PostgresError;

/// What [`JournalError::Changed`] says of a campaign that was begun with another service.
pub(super) const CONTACTS_OF: &str = "contacts started by";

/// A failure of the journal. Nothing that was acknowledged before is lost by any of them.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum JournalError {
    /// There is no journal at this path.
    #[error("there is no journal at {}", foreign::path(.0))]
    Missing(PathBuf),
    /// The file could not be created, opened or locked.
    #[error("failed to open {}", foreign::path(path))]
    Open {
        /// The journal or its lock file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The name is none of a file, or that of one which is kept beside a journal.
    #[error("{:?} is no name of a journal", foreign::path(.0))]
    NotAFile(PathBuf),
    /// The file has several hard links.
    #[error(
        "the journal {} has {links} names (hard links), and a journal must have one",
        foreign::path(path)
    )]
    Linked {
        /// The journal.
        path: PathBuf,
        /// How many names it has.
        links: u64,
    },
    /// SQLite takes names in UTF-8.
    #[error("the path of the journal {} is no UTF-8, as SQLite needs it", foreign::path(.0))]
    NotUtf8(PathBuf),
    /// Another process writes the file, having opened it by another path.
    #[error("another process uses the journal {} under another name", foreign::path(.0))]
    OtherName(PathBuf),
    /// The file that is written is not the one at the path any more.
    #[error("the journal {} was moved, removed or replaced while it was written", foreign::path(.0))]
    Moved(PathBuf),
    /// Another content was written into the file while it was written here.
    #[error("another file was copied over the journal {} while it was written", foreign::path(.0))]
    Overwritten(PathBuf),
    /// The journal is a copy, and the campaign is running from the original.
    #[error(
        "the journal {} is a copy, and the campaign is running from the original, {}",
        foreign::path(path),
        foreign::path(original)
    )]
    LiveCopy {
        /// The copy.
        path: PathBuf,
        /// What it was copied from.
        original: PathBuf,
    },
    /// The journal is a copy, and what its original did since is not in it.
    #[error(
        "the journal {} is a copy of {}, and lacks the latest {groups} groups of its results",
        foreign::path(path),
        foreign::path(original)
    )]
    CopyBehind {
        /// The copy.
        path: PathBuf,
        /// What it was copied from.
        original: PathBuf,
        /// Groups of attempts and results that are missing.
        groups: u32,
    },
    /// The journal is a copy that was made while a run was going, longer ago than client tokens are surely known.
    #[error(
        "the journal {} was copied while a run was going, and what that run did after {known_until} is not in it",
        foreign::path(path)
    )]
    CopyTooOld {
        /// The copy.
        path: PathBuf,
        /// What it was copied from.
        original: PathBuf,
        /// The last time of which it surely knows everything.
        known_until: UnixMillis,
    },
    /// An SQLite database of another program.
    #[error("{} is a database of another program", foreign::path(.0))]
    Foreign(PathBuf),
    /// Another process is opening or migrating the journal, and does not end.
    #[error("another process has held {} for half a minute", foreign::path(.0))]
    StillOpening(PathBuf),
    /// A process has a campaign of the journal, and the file that says which is gone.
    #[error("another process has a campaign of this journal, and {}, which says which, was removed", foreign::path(.0))]
    LostTable(PathBuf),
    /// The file is a database of something else, or of a later version of this program.
    #[error(
        "{} was written by a newer version of campaign (schema {found}, this one knows {known})",
        foreign::path(path)
    )]
    Newer {
        /// The journal.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest schema that this program knows.
        known: i64,
    },
    /// The migrations that were applied are not the ones of this program.
    #[error("failed to bring {} to the current schema: {}", foreign::path(path), migration_words(.why))]
    Migrate {
        /// The journal.
        path: PathBuf,
        /// Why.
        why: Box<refinery::Error>,
    },
    /// The file is a journal, and something in it is not as it was written.
    #[error("the journal {} is damaged: {what}", foreign::path(path))]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// The journal was further once.
    #[error(
        "the journal {} has lost its latest results ({groups} groups): its -wal is gone or damaged, or it is an older \
         copy",
        foreign::path(path)
    )]
    Behind {
        /// The journal.
        path: PathBuf,
        /// What remembers that it was further.
        mark: PathBuf,
        /// Groups of attempts and results that are missing.
        groups: u32,
        /// The last time of which it surely knows everything.
        known_until: UnixMillis,
    },
    /// Another process is running the campaign.
    #[error("another process is running this campaign: {0}")]
    Held(Holder),
    /// The journal has no such campaign.
    #[error("the journal has no campaign named \"{}\"{}", foreign::shown(name), known(.names))]
    NoCampaign {
        /// What was asked for.
        name: String,
        /// What there is.
        names: Vec<String>,
    },
    /// The campaign was begun differently, and rows were attempted since.
    #[error(
        "the campaign \"{}\" was begun with {what} {}, and now has {}",
        foreign::shown(name),
        foreign::shown(before),
        foreign::shown(after)
    )]
    Changed {
        /// The campaign.
        name: String,
        /// What changed.
        what: &'static str,
        /// What the journal has.
        before: String,
        /// What the definition says.
        after: String,
    },
    /// A correction of which it cannot be told what it corrects.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// The campaign still needs what a purge would remove.
    #[error("the campaign \"{name}\" is not finished: {what}")]
    Unfinished {
        /// The campaign.
        name: String,
        /// What is left to do.
        what: String,
        /// What a person does about it.
        next: Advice,
    },
    /// What was removed is not gone from the disk yet.
    #[error(
        "what was purged is still in the write-ahead log of {}: another program reads the journal",
        foreign::path(.0)
    )]
    StillRead(PathBuf),
    /// A copy of the journal would replace something.
    #[error("{} is there already", foreign::path(.0))]
    CopyExists(PathBuf),
    /// A copy of the journal is to be in a folder that is not there.
    #[error(
        "failed to copy the journal to {}: there is no folder {}",
        foreign::path(path),
        foreign::path(folder)
    )]
    NoFolderForCopy {
        /// Where it was to be.
        path: PathBuf,
        /// The folder.
        folder: PathBuf,
    },
    /// A copy of the journal could not be made.
    #[error("failed to copy the journal to {}: {what}", foreign::path(path))]
    Copy {
        /// Where it was to be.
        path: PathBuf,
        /// Why.
        what: String,
    },
    /// PostgreSQL, the way there, or a copy of the journal there.
    #[error(transparent)]
    Postgres(Box<PostgresError>),
    /// The counts do not add up, which a bug or an edited journal can cause.
    #[error("the journal's counts do not add up: {0}")]
    Unbalanced(String),
    /// A row holds what this program never writes.
    #[error("row {row} of the journal cannot be read: {what}")]
    Unreadable {
        /// The row's id.
        row: i64,
        /// What is wrong with it.
        what: String,
    },
    /// A row took an event that its state does not allow.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    /// A payload that does not fit its shape.
    #[error(transparent)]
    Slot(#[from] MissingSlot),
    /// SQLite failed.
    #[error("{}", sqlite_words(.0))]
    Sqlite(rusqlite::Error),
    /// SQLite failed with a journal that was just opened.
    #[error("failed to open {}: {}", foreign::path(path), sqlite_words(.why))]
    Unusable {
        /// The journal.
        path: PathBuf,
        /// Why.
        why: rusqlite::Error,
    },
    /// The thread that looked the journal over panicked, which is a mistake of this program.
    #[error("looking the journal over failed: {0}")]
    NotExamined(String),
    /// The thread that writes the journal panicked.
    #[error("the journal's writer stopped")]
    WriterGone,
}

impl From<rusqlite::Error> for JournalError {
    /// Not as its cause: its words are in the message already.
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<PostgresError> for JournalError {
    fn from(error: PostgresError) -> Self {
        Self::Postgres(Box::new(error))
    }
}

impl JournalError {
    /// The same with the journal that was being opened.
    pub(super) fn of(self, path: &Path) -> Self {
        match self {
            Self::Sqlite(why) => Self::Unusable { path: path.to_owned(), why },
            other => other,
        }
    }

    /// What to do next, where there is something.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "a table")]
    pub fn hint(&self) -> Option<Advice> {
        Some(match self {
            Self::Missing(_) => {
                Advice::new("run a campaign first, or name its journal with ").set(Setting::Journal)
            }
            Self::Newer { .. } => {
                Advice::new("use the newer version of campaign, or another journal with ").set(Setting::Journal)
            }
            Self::Held(_) => Advice::new(
                "wait for it, or stop it with Ctrl-C: the next run goes on where it stopped; ",
            )
            .run(Command::Status)
            .then(" tells how far it is"),
            Self::LostTable(_) => Advice::new("wait until it has ended, then run again; nothing was sent"),
            Self::NotAFile(_) => {
                Advice::new("a journal is a file of its own: name it with ").set(Setting::Journal)
            }
            Self::NotUtf8(_) => Advice::new("rename it or its folder, or name another journal with ").set(Setting::Journal),
            Self::Linked { path, .. } => Advice::new(format!(
                "SQLite and the locks go by the name of a file, so each name would be a journal of its own: find the others \
                 with `find / -xdev -samefile {}` and remove them; ",
                foreign::path(path)
            ))
            .run(Command::BackUpJournal)
            .then(" makes a copy"),
            Self::OtherName(_) => "one file has two paths, as where it is mounted into a container: stop the other process, \
                or use the path that it uses; to have a file in a container, mount its folder"
                .into(),
            Self::Moved(_) => "put the file back where it was, under its name and beside its -wal, and run again: what was \
                started is in it, and another file does not know of it"
                .into(),
            Self::Overwritten(_) => Advice::new(
                "nothing more was sent. What was started is neither in that file nor in the log beside it: put them away \
                 with the mark, and make the journal anew from the account with ",
            )
            .run(Command::Rebuild),
            Self::LiveCopy { original, .. } => Advice::new(
                "what one of them starts, the other does not know, and people would be contacted twice: go on with ",
            )
            .set(Setting::JournalAt(original.clone()))
            .then(", or stop that run and put the original away first"),
            Self::CopyBehind { original, .. } => {
                Advice::new("nothing was changed; who was contacted since is in the original: go on with ")
                    .set(Setting::JournalAt(original.clone()))
            }
            Self::CopyTooOld { original, .. } => Advice::new(format!(
                "Amazon Connect recognizes a request for 7 days only, so people could be contacted twice; nothing was \
                 changed. Go on with the file that the run wrote ({}, with its -wal) or a later copy of it. Where there is \
                 none, ",
                foreign::path(original)
            ))
            .run(Command::Report(State::Started))
            .then(" tells who was contacted before, and Connect's contact search who was since: a new campaign that suppresses them sends to the rest"),
            Self::Foreign(_) => {
                Advice::new("nothing was written into it; name the journal with ").set(Setting::Journal)
            }
            Self::StillOpening(path) => format!(
                "it is opening or upgrading the journal: find it with `fuser {}`, and wait for it or end it",
                foreign::path(path)
            )
            .into(),
            Self::NoCampaign { .. } => Advice::new("name one with ")
                .set(Setting::Campaign)
                .then(", or another journal with ")
                .set(Setting::Journal),
            Self::Changed { what: CONTACTS_OF, .. } => {
                Advice::new("what one of them started, the other knows nothing of: go on with the same (")
                    .set(Setting::Simulate)
                    .then(" for the simulator), or give each a journal of its own with ")
                    .set(Setting::Journal)
            }
            Self::Changed { .. } => "with it, every recipient would get another client token and could be contacted \
                twice: put it back, or give the definition another name to begin a new campaign"
                .into(),
            Self::Misfit(misfit) => misfit.hint(),
            Self::Unfinished { next, .. } => next.clone(),
            Self::StillRead(_) => "close it, and purge again: that finishes what was begun".into(),
            Self::Postgres(error) => error.hint(),
            Self::CopyExists(_) => {
                "name another file, or a folder: the copy is then named after the time".into()
            }
            Self::NoFolderForCopy { .. } => {
                "make the folder first, or name a file in one that is there; nothing was written".into()
            }
            Self::Copy { path, .. } => format!(
                "nothing was left there; check that {} can be written and has room",
                foreign::path(folder(path))
            )
            .into(),
            Self::Sqlite(why) | Self::Unusable { why, .. } => sqlite_hint(why),
            Self::Open { path, source } => open_hint(path, source.kind()),
            Self::Damaged { .. } => restore("nothing was changed; "),
            Self::Behind { mark, known_until, .. } => format!(
                "nothing was changed; put back the newest copy with its -wal. Where there is none: who was contacted after \
                 {known_until} is not known here, and Amazon Connect recognizes their requests for 7 days only; to go on \
                 within that time, knowing this, delete {}",
                foreign::path(mark)
            )
            .into(),
            Self::Migrate { why, .. } => sqlite_of(why).map_or_else(other_build, sqlite_hint),
            Self::Unreadable { .. } | Self::Unbalanced(_) | Self::Illegal(_) | Self::Slot(_) => restore(""),
            Self::NotExamined(_) => {
                "nobody knows whether it is whole: keep a copy of it before the next run; and please report this".into()
            }
            Self::WriterGone => "run again: it goes on from what is in the journal".into(),
        })
    }
}

/// What to do with a damaged journal, after what is to be said first.
fn restore(first: &str) -> Advice {
    Advice::new(format!("{first}keep this file and restore the journal from a copy. Where there is none, "))
        .run(Command::Report(State::Started))
        .then(" tells who was contacted, as far as it can be read: suppress them in a new campaign")
}

/// What to do with a journal whose schema is none of this program's.
fn other_build() -> Advice {
    Advice::new("use the campaign that made it, or another journal with ")
        .set(Setting::Journal)
        .then("; nothing was changed")
}

/// What SQLite says, where it is why a migration failed.
fn sqlite_of(error: &refinery::Error) -> Option<&rusqlite::Error> {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        match error.downcast_ref::<rusqlite::Error>() {
            Some(found) => return Some(found),
            None => cause = error.source(),
        }
    }
    None
}

fn migration_words(error: &refinery::Error) -> String {
    sqlite_of(error)
        .map_or_else(|| format!("it was made by another build of campaign ({error})"), sqlite_words)
}

fn open_hint(path: &Path, kind: io::ErrorKind) -> Advice {
    match kind {
        io::ErrorKind::IsADirectory => {
            Advice::new("a folder is in its place: name a file with ").set(Setting::Journal)
        }
        io::ErrorKind::NotFound => format!("make the folder {} first", foreign::path(folder(path))).into(),
        io::ErrorKind::StorageFull | io::ErrorKind::FileTooLarge | io::ErrorKind::QuotaExceeded => {
            "make room, then run again: nothing that was started is forgotten".into()
        }
        _ if folder(path) == Path::new(".") => "check that files can be written in this folder".into(),
        _ => format!("check that files can be written in {}", foreign::path(folder(path))).into(),
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn known(names: &[String]) -> String {
    if names.is_empty() {
        String::new()
    } else {
        format!("; it has {}", names.iter().map(|name| foreign::shown(name)).collect::<Vec<_>>().join(", "))
    }
}

/// Whether a table, a row or a value is not what this program writes.
fn is_garbled(error: &rusqlite::Error) -> bool {
    use rusqlite::Error as E;
    match error {
        E::FromSqlConversionFailure(..)
        | E::IntegralValueOutOfRange(..)
        | E::InvalidColumnType(..)
        | E::QueryReturnedNoRows
        | E::Utf8Error(..) => true,
        // SQLite's word for a statement that does not fit the tables.
        other => other.sqlite_error_code() == Some(ErrorCode::Unknown),
    }
}

fn sqlite_words(error: &rusqlite::Error) -> String {
    if is_garbled(error) {
        return format!("the journal is damaged, or was edited ({error})");
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk with the journal is full".to_owned(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            format!("the journal is damaged or not a journal ({error})")
        }
        Some(ErrorCode::ReadOnly) => "the journal or its folder cannot be written".to_owned(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "the journal is locked by another program".to_owned()
        }
        Some(ErrorCode::SystemIoFailure) => format!("the disk with the journal fails ({error})"),
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            "the journal or a file beside it cannot be opened".to_owned()
        }
        _ => format!("the journal failed: {error}"),
    }
}

fn sqlite_hint(error: &rusqlite::Error) -> Advice {
    if is_garbled(error) {
        return restore("");
    }
    match error.sqlite_error_code().unwrap_or(ErrorCode::Unknown) {
        ErrorCode::DiskFull => "make room, then run again: nothing that was started is forgotten".into(),
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => restore(""),
        ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
            "check that the journal and its folder can be written, and that no folder is in its files' place"
                .into()
        }
        ErrorCode::ReadOnly => "check the permissions of the journal and of its folder".into(),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            "close the program that holds it (a database browser?), then run again".into()
        }
        ErrorCode::SystemIoFailure => {
            "check the disk, then run again: nothing that was started is forgotten".into()
        }
        _ => "run again: it goes on from what is in the journal".into(),
    }
}
