//! Why a command could not do its work: a kind, a message with its causes, and the next step.

use std::error::Error as StdError;
use std::fmt::{self, Write as _};
use std::io;
use std::path::Path;

use crate::connect::ConnectError;
use crate::domain::foreign;
use crate::domain::next_step::{Advice, Command, NextStep, Output, PathTrouble};
use crate::domain::problem::Problems;
use crate::journal::{JournalError, WriterError};
use crate::recipients::{FileError, FileProblem};
use crate::report::ReportError;

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// A mistake in the options or a file. Nothing was sent.
    Usage,
    /// Mistakes in the definition, in its own words, with the numbers of people masked. Nothing was sent.
    Definition,
    /// Another process holds the campaign.
    Held,
    /// The service refuses the campaign.
    Refused,
    /// The machine failed, or the program has a bug.
    System,
}

/// A failure, with all that a caller needs to present it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Its kind.
    pub kind: ErrorKind,
    /// What went wrong, with its causes.
    pub message: String,
    /// What to do next.
    pub next_step: Option<NextStep>,
}

impl Error {
    /// A mistake that the caller can mend.
    pub fn usage(message: impl Into<String>, next_step: NextStep) -> Self {
        Self { kind: ErrorKind::Usage, message: message.into(), next_step: Some(next_step) }
    }

    /// A failure of the machine, with advice.
    pub fn system(message: impl Into<String>, next_step: NextStep) -> Self {
        Self { kind: ErrorKind::System, message: message.into(), next_step: Some(next_step) }
    }

    /// The account says that the campaign cannot be sent.
    #[must_use]
    pub fn unsendable(findings: &str) -> Self {
        let message = format!("the account cannot send this campaign, because of {findings}");
        let advice = Advice::new("correct what is said above, and see it with ").run(Command::Doctor);
        let advice =
            advice.then("; to send all the same, set check = \"warn\" in [account]; nothing was sent");
        Self { kind: ErrorKind::Refused, message, next_step: Some(advice.into()) }
    }

    /// The account's opt-outs must be known, and are not.
    #[must_use]
    pub fn opt_outs(message: String) -> Self {
        Self { kind: ErrorKind::Refused, message, next_step: Some(NextStep::AllowOptOuts) }
    }

    /// Numbers could not be put onto the account's opt-out list.
    #[must_use]
    pub fn pushing(message: String) -> Self {
        Self { kind: ErrorKind::Refused, message, next_step: Some(NextStep::AllowPushing) }
    }

    /// The system has no resources left for `what`.
    #[must_use]
    pub fn exhausted(what: &str, error: &io::Error) -> Self {
        let advice = "end other programs, then run again".into();
        Self::system(format!("failed to {what}: {error}"), advice)
    }

    /// The system starts no more threads.
    #[must_use]
    pub fn no_thread(error: &io::Error) -> Self {
        Self::exhausted("start a thread", error)
    }

    /// The file of rejected rows could not be created.
    pub(super) fn creating_rejects(path: &Path, error: ReportError) -> Self {
        let trouble = match &error {
            ReportError::File { source, .. } => trouble(source),
            _ => return error.into(),
        };
        let other = Self::from(error);
        let next_step = NextStep::OtherPath { output: Output::Rejects, trouble };
        debug_assert!(other.message.contains(&foreign::path(path)));
        Self { next_step: Some(next_step), ..other }
    }

    fn of(error: &dyn StdError, advice: Option<Advice>, kind: ErrorKind) -> Self {
        let message = with_causes(error);
        Self { kind, message, next_step: advice.map(NextStep::Advice) }
    }
}

/// An error with its causes, each once.
#[must_use]
pub fn with_causes(error: &dyn StdError) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !message.contains(&words) {
            // Writing to a string cannot fail.
            let _ = write!(message, ": {words}");
        }
        cause = error.source();
    }
    message
}

fn trouble(error: &io::Error) -> PathTrouble {
    match error.kind() {
        io::ErrorKind::NotFound => PathTrouble::NoFolder,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => PathTrouble::NotAllowed,
        io::ErrorKind::IsADirectory => PathTrouble::IsFolder,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => PathTrouble::Full,
        _ => PathTrouble::Other,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {}

impl From<JournalError> for Error {
    fn from(error: JournalError) -> Self {
        let kind = match &error {
            JournalError::Held(_)
            | JournalError::LostTable(_)
            | JournalError::OtherName(_)
            | JournalError::LiveCopy { .. }
            | JournalError::StillOpening(_) => ErrorKind::Held,
            JournalError::Missing(_)
            | JournalError::NotAFile(_)
            | JournalError::Linked { .. }
            | JournalError::Foreign(_)
            | JournalError::Newer { .. }
            | JournalError::NoCampaign { .. }
            | JournalError::Changed { .. }
            | JournalError::Misfit(_)
            | JournalError::Unfinished { .. }
            | JournalError::CopyExists(_) => ErrorKind::Usage,
            JournalError::Postgres(error) if error.is_usage() => ErrorKind::Usage,
            JournalError::Postgres(error) if error.is_busy() => ErrorKind::Held,
            _ => ErrorKind::System,
        };
        Self::of(&error, error.hint(), kind)
    }
}

impl From<WriterError> for Error {
    fn from(error: WriterError) -> Self {
        let journal = error.journal_error();
        Self::of(journal, journal.hint(), ErrorKind::System)
    }
}

impl From<Problems> for Error {
    fn from(problems: Problems) -> Self {
        let count = problems.list().len();
        let message = if count == 1 { problems.to_string() } else { format!("{count} mistakes\n{problems}") };
        Self { kind: ErrorKind::Definition, message, next_step: None }
    }
}

impl From<FileError> for Error {
    fn from(error: FileError) -> Self {
        let kind = match &error.problem {
            FileProblem::Object(problem) if problem.is_about_credentials() => ErrorKind::Refused,
            FileProblem::Object(problem) if problem.is_passing() => ErrorKind::System,
            FileProblem::Copy { .. } => ErrorKind::System,
            _ => ErrorKind::Usage,
        };
        Self::of(&error, error.hint(), kind)
    }
}

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Self {
        let kind = if error.is_about_credentials() { ErrorKind::Refused } else { ErrorKind::Usage };
        Self::of(&error, Some(error.hint()), kind)
    }
}

impl From<ReportError> for Error {
    fn from(error: ReportError) -> Self {
        let kind = if error.exit_code() == 2 { ErrorKind::Usage } else { ErrorKind::System };
        Self::of(&error, error.hint(), kind)
    }
}
