//! Why a recipients file as a whole cannot be read, in plain words and with what to do.

use std::io;

use crate::domain::phone::PhoneRejection;

/// A file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {problem}")]
pub struct FileError {
    /// The file, as the user named it.
    pub name: String,
    /// What is wrong with it.
    #[source]
    pub problem: FileProblem,
}

impl FileError {
    pub(super) fn new(name: &str, problem: FileProblem) -> Self {
        Self { name: name.to_owned(), problem }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match &self.problem {
            FileProblem::NotUtf8 { .. } | FileProblem::Utf16 | FileProblem::Encoding(_) => {
                Some("save it as \"CSV UTF-8\" (Excel: Save As, file type CSV UTF-8)")
            }
            FileProblem::Archive(_) => Some("unpack it, or save the sheet as \"CSV UTF-8\""),
            FileProblem::RecordTooLong { .. } => {
                Some("a quote that is never closed swallows all lines behind it")
            }
            FileProblem::Empty => Some("the first line names the columns, every other line is a recipient"),
            FileProblem::NotANumber { .. } => Some(
                "whoever it means would be sent to: write it with + and the country, or set default_region in \
                 [recipients]",
            ),
            FileProblem::Directory | FileProblem::Io(_) => None,
        }
    }
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum FileProblem {
    /// The system does not let it be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is a directory.
    #[error("is a directory, not a file")]
    Directory,
    /// Not even a header.
    #[error("has no header")]
    Empty,
    /// The header is not UTF-8.
    #[error("line {line} is not UTF-8 text")]
    NotUtf8 {
        /// The physical line, from 1.
        line: u64,
    },
    /// The settings ask for an encoding that is not read here.
    #[error("cannot be read as {0:?}: only UTF-8 is")]
    Encoding(String),
    /// Two bytes per character.
    #[error("is UTF-16 text, not UTF-8")]
    Utf16,
    /// No text at all; what it is.
    #[error("is {0}, not a CSV file")]
    Archive(&'static str),
    /// A record that never ends.
    #[error("the record that begins in line {line} is longer than 1 MiB")]
    RecordTooLong {
        /// The physical line, from 1.
        line: u64,
    },
    /// A suppression list with a number that may be read wrongly.
    #[error("line {line}: {reason}{}", like_it(*.others))]
    NotANumber {
        /// The physical line, from 1.
        line: u64,
        /// What is wrong with the number.
        reason: PhoneRejection,
        /// How many more lines have one.
        others: usize,
    },
}

fn like_it(others: usize) -> String {
    match others {
        0 => String::new(),
        1 => "; 1 more line like it".to_owned(),
        more => format!("; {more} more lines like it"),
    }
}

/// What the reader below the CSV parser says when a record is too long.
#[derive(Debug, thiserror::Error)]
#[error("record too long")]
pub(super) struct TooLong;

impl FileProblem {
    pub(super) fn from_reading(error: io::Error, line: u64) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<TooLong>()) {
            Some(TooLong) => Self::RecordTooLong { line },
            None => Self::Io(error),
        }
    }
}
