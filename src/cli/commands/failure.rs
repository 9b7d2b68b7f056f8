//! What a command could not do, as the user reads it: what, why, what next; and the exit code.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Write as _};

use crate::connect::ConnectError;
use crate::domain::delivery::ending::Exit;
use crate::domain::phone::mask;
use crate::domain::problem::Problems;
use crate::journal::{JournalError, WriterError};
use crate::recipients::FileError;
use crate::report::ReportError;

use crate::cli::Shared;
use crate::cli::commands::next;
use crate::cli::commands::simulator::SimulatorCommandError;

/// A failure, ready to be presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong, with its causes.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    /// The exit code.
    pub exit: Exit,
}

impl Failure {
    /// A mistake in what the user typed or wrote.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: Some(hint.into()), exit: Exit::Usage }
    }

    /// Whoever read the output has gone, and is told nothing.
    pub(in crate::cli::commands) fn reader_left() -> Self {
        Self { message: String::new(), hint: None, exit: Exit::Done }
    }

    fn of(error: &dyn Error, hint: Option<String>, exit: Exit) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let words = error.to_string();
            if !message.contains(&words) {
                let _ = write!(message, ": {words}");
            }
            cause = error.source();
        }
        Self { message, hint, exit }
    }

    /// The same with commands to type that lead to the campaign and the journal that the user named.
    #[must_use]
    pub fn at(self, shared: &Shared) -> Self {
        Self { hint: self.hint.map(|hint| next::at(&hint, shared)), ..self }
    }

    /// Writes it to stderr.
    pub fn present(&self) {
        if self.message.is_empty() {
            return;
        }
        let mut text = format!("error: {}\n", mask::mask_text(&self.message));
        if let Some(hint) = &self.hint {
            let _ = writeln!(text, "  hint: {hint}");
        }
        // There is nobody left to tell.
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        let exit = match &error {
            JournalError::Held(_) => Exit::Held,
            JournalError::Missing(_)
            | JournalError::Newer { .. }
            | JournalError::NoCampaign { .. }
            | JournalError::Changed { .. }
            | JournalError::NoLine { .. }
            | JournalError::Unfinished { .. }
            | JournalError::CopyExists(_) => Exit::Usage,
            _ => Exit::Failure,
        };
        Self::of(&error, error.hint(), exit)
    }
}

impl From<WriterError> for Failure {
    fn from(error: WriterError) -> Self {
        let journal = error.journal_error();
        Self::of(journal, journal.hint(), Exit::Failure)
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        let count = problems.list().len();
        let message = if count == 1 { problems.to_string() } else { format!("{count} mistakes\n{problems}") };
        Self { message, hint: None, exit: Exit::Usage }
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Self::of(&error, error.hint(), Exit::Usage)
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        let exit = if matches!(error, ConnectError::Credentials(_)) { Exit::Halted } else { Exit::Usage };
        Self::of(&error, Some(error.hint()), exit)
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        let exit = if error.exit_code() == 2 { Exit::Usage } else { Exit::Failure };
        Self::of(&error, error.hint(), exit)
    }
}

impl From<SimulatorCommandError> for Failure {
    fn from(error: SimulatorCommandError) -> Self {
        let exit =
            if matches!(error, SimulatorCommandError::System { .. }) { Exit::Failure } else { Exit::Usage };
        Self::of(&error, Some(error.hint().to_owned()), exit)
    }
}
