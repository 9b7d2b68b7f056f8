//! The errors of a report, each with a next step.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::format::Format;
use crate::domain::foreign;
use crate::domain::next_step::{Advice, Command, Setting};
use crate::domain::table::header::nearest;
use crate::journal::JournalError;

/// A failure of a report or of a status page. The journal is never changed by one.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The journal has no such campaign, cannot be read, and the like.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// No campaign was named, and the journal has none or several.
    #[error("{}", which(.0))]
    WhichCampaign(Vec<String>),
    /// The ending of the output names no format.
    #[error("failed to tell the format of the report from \"{}\"", foreign::path(.0))]
    UnknownEnding(PathBuf),
    /// Rows were selected for a report that has none.
    #[error("{} report is the campaign's summary and has no rows to select", article(*.0))]
    SelectedOverview(Format),
    /// A delimiter for a form that has none.
    #[error("a delimiter is for csv, and this report is {}", .0.name())]
    NotDelimited(Format),
    /// Names were asked for where there are only counts, or names anyway.
    #[error("only the html report can be given numbers: {} report {}", article(*.0), named(*.0))]
    NamedElsewhere(Format),
    /// A column was asked for that the report does not have.
    #[error("the report has no column {name:?}")]
    UnknownColumn {
        /// The value that was typed.
        name: String,
        /// A likely correction.
        near: Option<String>,
        /// The columns that there are.
        known: Vec<String>,
    },
    /// A workbook cannot hold it.
    #[error("the report does not fit into a workbook: {0}")]
    Workbook(String),
    /// A file of rejected rows would replace one that may have been corrected.
    #[error("{} is there already, and may have rows that were corrected", foreign::path(.0))]
    RejectsExist(PathBuf),
    /// An archive of evidence would replace something.
    #[error("{} is there already, and evidence replaces nothing", foreign::path(.0))]
    EvidenceExists(PathBuf),
    /// A file that this program did not write would be replaced.
    #[error("{} is there already, and is no report of this program", foreign::path(.0))]
    NotAReport(PathBuf),
    /// A file could not be written.
    #[error("failed to write {}", foreign::path(path))]
    File {
        /// The report's path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The stream could not be written.
    #[error("failed to write the report")]
    Stream(#[source] io::Error),
    /// The records that were written are not the rows that the journal counts.
    #[error("the report does not add up: it has {0}")]
    Unbalanced(String),
}

impl ReportError {
    /// The next step, if there is one.
    #[must_use]
    pub fn hint(&self) -> Option<Advice> {
        Some(match self {
            Self::Journal(error) => return error.hint(),
            Self::WhichCampaign(names) if names.is_empty() => Advice::new("begin one with ")
                .run(Command::Run)
                .then(", or name another journal with ")
                .set(Setting::Journal),
            Self::WhichCampaign(names) => Advice::new("name one: ").set(Setting::CampaignOf(names.clone())),
            Self::UnknownEnding(path) => {
                let ending = path.extension().unwrap_or_default().to_string_lossy();
                if let Some(near) = nearest(&ending, Format::ALL.map(Format::name)) {
                    return Some(format!("did you mean .{near}?").into());
                }
                let names = Format::ALL.map(Format::name).join(", ");
                Advice::new("name the format with ")
                    .set(Setting::Format)
                    .then(format!("; this version writes {names}"))
            }
            Self::SelectedOverview(_) => Advice::new("leave out ")
                .set(Setting::States)
                .then(" and ")
                .set(Setting::Columns)
                .then(", or add ")
                .set(Setting::FormatOf("csv")),
            Self::NotDelimited(_) => Advice::new("leave ")
                .set(Setting::Delimiter)
                .then(" out, or write a csv with ")
                .set(Setting::FormatOf("csv")),
            Self::NamedElsewhere(_) => Advice::new("leave out ")
                .set(Setting::WithNumbers)
                .then(", or add ")
                .set(Setting::FormatOf("html")),
            Self::UnknownColumn { near: Some(near), .. } => format!("did you mean {near}?").into(),
            Self::UnknownColumn { known, .. } => format!("it has {}", known.join(", ")).into(),
            Self::Workbook(_) => Advice::new("write a .csv, or fewer rows and columns (")
                .set(Setting::States)
                .then(", ")
                .set(Setting::Columns)
                .then(")"),
            Self::RejectsExist(path) => Advice::default()
                .run(Command::RunFile(path.clone()))
                .then(" takes them back; else name another file, or delete this one"),
            Self::EvidenceExists(_) => "name a file that is not there yet".into(),
            Self::NotAReport(_) => Advice::new("nothing was written; give another path with ")
                .set(Setting::ReportPath)
                .then(", or replace it with ")
                .set(Setting::Force),
            Self::File { source, .. } | Self::Stream(source) => io_hint(source),
            Self::Unbalanced(_) => {
                "nothing was changed; keep the journal, and tell the authors of campaign".into()
            }
        })
    }

    /// The documented exit code: 2 for what the user can name differently, 1 for the machine and for bugs.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Journal(
                JournalError::Missing(_)
                | JournalError::NotAFile(_)
                | JournalError::Linked { .. }
                | JournalError::Foreign(_)
                | JournalError::NoCampaign { .. }
                | JournalError::Newer { .. },
            )
            | Self::WhichCampaign(_)
            | Self::UnknownEnding(_)
            | Self::SelectedOverview(_)
            | Self::NamedElsewhere(_)
            | Self::UnknownColumn { .. }
            | Self::Workbook(_)
            | Self::NotDelimited(_)
            | Self::NotAReport(_)
            | Self::EvidenceExists(_)
            | Self::RejectsExist(_) => 2,
            Self::File { source, .. } if is_of_the_path(source) => 2,
            Self::Journal(_) | Self::File { .. } | Self::Stream(_) | Self::Unbalanced(_) => 1,
        }
    }

    /// True if the reader of the output closed it (`| head`), which is no failure.
    #[must_use]
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Stream(source) if source.kind() == io::ErrorKind::BrokenPipe)
    }
}

fn article(format: Format) -> String {
    let article = if matches!(format, Format::Html | Format::Xlsx) { "an" } else { "a" };
    format!("{article} {format}")
}

fn named(format: Format) -> &'static str {
    if format.has_rows() { "has them anyway" } else { "has only counts" }
}

fn which(names: &[String]) -> String {
    if names.is_empty() {
        "the journal has no campaign yet".to_owned()
    } else {
        format!("the journal has several campaigns: {}", names.join(", "))
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Whether another path would help.
fn is_of_the_path(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::IsADirectory
    )
}

fn io_hint(error: &io::Error) -> Advice {
    let path = |before: &str| Advice::new(before).set(Setting::ReportPath);
    match error.kind() {
        io::ErrorKind::NotFound => path("its folder does not exist: make it, or give another path with "),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            path("give a path that you may write with ")
        }
        io::ErrorKind::IsADirectory => Advice::new("name a file in it: ").set(Setting::ReportInFolder),
        _ if is_full(error) => path("make room, or give a path on another disk with "),
        _ => path("check the disk, or give a path on another one with "),
    }
}
