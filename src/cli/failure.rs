//! What a command could not do, as the user reads it: what, why, what next; and the exit code.

use std::borrow::Cow;

use crate::app::error::{Error, ErrorKind, with_causes};
use crate::cli::args::global::GlobalArgs;
use crate::cli::next_step;
use crate::connect::ConnectError;
use crate::domain::delivery::ending::Exit;
use crate::domain::next_step::NextStep;
use crate::domain::phone::mask;
use crate::domain::problem::Problems;
use crate::journal::JournalError;
use crate::recipients::FileError;
use crate::report::ReportError;

/// A failure, ready to be presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong, with its causes.
    pub message: String,
    /// What to do next.
    pub hint: Option<NextStep>,
    /// The exit code.
    pub exit: Exit,
    /// Whether a safety gate of the definition stopped it.
    pub gate: bool,
    /// What of the message is masked where it is shown.
    pub masking: Masking,
}

/// What of the message of a failure is masked where it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Masking {
    /// Whatever may be a phone number.
    Numbers,
    /// Nothing: it has the words of the user's own definition, in which nothing but international numbers and long quoted ones
    /// belongs to people, and those are masked already.
    None,
}

impl Failure {
    /// A mistake in what the user typed or wrote.
    pub fn usage(message: impl Into<String>, hint: impl Into<NextStep>) -> Self {
        Self {
            message: message.into(),
            hint: Some(hint.into()),
            exit: Exit::Usage,
            gate: false,
            masking: Masking::Numbers,
        }
    }

    /// An error with its causes.
    #[must_use]
    pub fn of(error: &dyn std::error::Error, hint: Option<NextStep>, exit: Exit) -> Self {
        Self { message: with_causes(error), hint, exit, gate: false, masking: Masking::Numbers }
    }

    /// The same with commands in its advice that lead to the campaign and the journal of these options.
    #[must_use]
    pub fn leading_to(self, global: &GlobalArgs) -> Self {
        let hint = self.hint.map(|hint| next_step::words(&hint, global).into());
        Self { hint, ..self }
    }

    /// What is shown of it; `None` where it was shown before. Numbers are masked, and commands lead to the campaign and the
    /// journal that the user named.
    #[must_use]
    pub fn text(&self, global: &GlobalArgs) -> Option<String> {
        if self.message.is_empty() {
            return None;
        }
        let hint = self.hint.as_ref().map(|hint| format!("\n  hint: {}", next_step::words(hint, global)));
        let hint = hint.unwrap_or_default();
        let message = match self.masking {
            Masking::Numbers => Cow::Owned(mask::mask_text(&self.message)),
            Masking::None => Cow::Borrowed(self.message.as_str()),
        };
        Some(format!("error: {message}{hint}"))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let exit = match error.kind {
            ErrorKind::Usage | ErrorKind::Definition => Exit::Usage,
            ErrorKind::Held => Exit::Held,
            ErrorKind::Refused => Exit::Halted,
            ErrorKind::System => Exit::Failure,
        };
        let masking = if error.kind == ErrorKind::Definition { Masking::None } else { Masking::Numbers };
        Self { message: error.message, hint: error.next_step, exit, gate: false, masking }
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Error::from(error).into()
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Error::from(error).into()
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        Error::from(error).into()
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        Error::from(error).into()
    }
}

impl From<Problems> for Failure {
    fn from(error: Problems) -> Self {
        Error::from(error).into()
    }
}
