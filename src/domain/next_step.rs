//! Advice as a value: what a person can do next. The command line alone puts it into commands and options; other callers
//! match on it.

use std::path::PathBuf;

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextStep {
    /// Advice that needs no command of this program.
    Words(String),
    /// Write a new definition, or name an existing one.
    WriteDefinition,
    /// Name a definition that can be read.
    NameDefinition,
    /// Name one of these campaigns.
    NameCampaign(Vec<String>),
    /// Run the file that the corrections belong to first, with the same journal.
    RunFirstFile,
    /// Send the waiting rows first, then run this file.
    SendWaitingFirst,
    /// Name another file for the rejected rows than the recipients file.
    OtherRejectsFile,
    /// Save the definition in another encoding.
    SaveAsUtf8,
    /// Choose another path for the report.
    OtherReport,
    /// Choose another file for the log.
    OtherLog,
    /// The file of rejected rows exists: run it, if its rows are corrected, or choose another file.
    RunCorrectedRows(PathBuf),
    /// Make room for the file of rejected rows, or choose another.
    RoomForRejects,
    /// Choose another path for an output.
    OtherPath {
        /// The output that could not be written.
        output: Output,
        /// Why it could not.
        trouble: PathTrouble,
    },
    /// Begin with a recipients file, or name the journal that exists.
    BeginOrNameJournal,
    /// Begin with a recipients file, or name another journal.
    BeginOrOtherJournal,
    /// Run again with the recipients file.
    RunWithFile,
    /// Put the keys back, or say in the definition what several rows with one number are.
    StateSameNumber,
    /// Look at the file without sending, then agree in advance.
    CheckThenAgree,
    /// Run the recipients file again: it gives each row its time zones.
    RunForZones,
}

/// Something that this program writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// A report.
    Report,
    /// The file of rejected rows.
    Rejects,
}

/// Why a path cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathTrouble {
    /// Its folder does not exist.
    NoFolder,
    /// Permissions, or a file system that is read-only.
    NotAllowed,
    /// It is a folder.
    IsFolder,
    /// The disk is full.
    Full,
    /// Something else.
    Other,
}
