//! Advice as a value: what a person can do next. The command line alone knows what commands and options are called, and
//! puts them into the words.

use std::fmt;
use std::path::PathBuf;

use crate::domain::delivery::state::State;

/// Advice: words, and between them commands and settings of this program as values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Advice(Vec<AdvicePart>);

/// A part of an [`Advice`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdvicePart {
    /// Words as they are.
    Words(String),
    /// Something to run.
    Command(Command),
    /// Something to set.
    Setting(Setting),
}

/// A command of this program, for the campaign and the journal in question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Look at a recipients file without sending.
    Check,
    /// Send with a recipients file.
    Run,
    /// Send with this file.
    RunFile(PathBuf),
    /// Go on from the journal alone.
    Resume,
    /// Ask the account whether the campaign can be sent.
    Doctor,
    /// Show how the campaign stands.
    Status,
    /// Write the rows in this state.
    Report(State),
    /// Write the rejected rows, to be corrected.
    Rejects,
    /// Write the results.
    Results,
    /// Decide on uncertain rows.
    Resolve,
    /// Let a paused campaign go on.
    Go,
    /// Keep a campaign from sending.
    Pause,
    /// Tell when numbers may be contacted.
    Hours,
    /// Look the journal over.
    CheckJournal,
    /// Copy the journal.
    BackUpJournal,
    /// Make a lost journal anew from the account.
    Rebuild,
    /// Write the policy that reading opt-outs takes.
    IamPolicyOptOuts,
    /// Write the policy that reading this object takes.
    IamPolicyObject(String),
    /// Show the journal's suppression list.
    SuppressList,
    /// Take numbers onto the list that cannot take messages.
    SuppressUndelivered,
}

/// An option of this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// The campaign, by its name.
    Campaign,
    /// One of these campaigns.
    CampaignOf(Vec<String>),
    /// The definition.
    Definition,
    /// The journal.
    Journal,
    /// This journal.
    JournalAt(PathBuf),
    /// The AWS Region.
    Region,
    /// Requests per second.
    Rate,
    /// A row, by its key.
    RowKey,
    /// A row, by its line.
    RowLine,
    /// The AWS profile.
    Profile,
    /// The simulator instead of Amazon Connect.
    Simulate,
    /// Agreement in advance.
    Yes,
    /// A purge of contacts that may be open.
    EvenIfOpen,
    /// The encoding of the file.
    Encoding,
    /// The sheet of a workbook.
    Sheet,
    /// The file of rejected rows.
    Rejects,
    /// Another attempt for failed rows.
    RetryFailed,
    /// The form of the report.
    Format,
    /// This form of the report.
    FormatOf(&'static str),
    /// What separates the cells of the report.
    Delimiter,
    /// The states that the report has.
    States,
    /// The columns that the report has.
    Columns,
    /// Numbers in the report.
    WithNumbers,
    /// Where the report goes.
    ReportPath,
    /// Leave to replace what is there.
    Force,
    /// A file for the report in the folder that was named.
    ReportInFolder,
}

impl Advice {
    /// Advice that begins with these words.
    #[must_use]
    pub fn new(words: impl Into<String>) -> Self {
        Self(vec![AdvicePart::Words(words.into())])
    }

    /// The same with more words behind it.
    #[must_use]
    pub fn then(mut self, words: impl Into<String>) -> Self {
        self.0.push(AdvicePart::Words(words.into()));
        self
    }

    /// The same with a command behind it.
    #[must_use]
    pub fn run(mut self, command: Command) -> Self {
        self.0.push(AdvicePart::Command(command));
        self
    }

    /// The same with a setting behind it.
    #[must_use]
    pub fn set(mut self, setting: Setting) -> Self {
        self.0.push(AdvicePart::Setting(setting));
        self
    }

    /// The parts, in order.
    #[must_use]
    pub fn parts(&self) -> &[AdvicePart] {
        &self.0
    }
}

/// For places that have no command line, such as a log: commands and settings by what they are.
impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            AdvicePart::Words(words) => f.write_str(words),
            AdvicePart::Command(command) => write!(f, "<{command:?}>"),
            AdvicePart::Setting(setting) => write!(f, "<{setting:?}>"),
        })
    }
}

impl<T: Into<String>> From<T> for Advice {
    fn from(words: T) -> Self {
        Self::new(words)
    }
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextStep {
    /// Advice in words.
    Advice(Advice),
    /// Write a new definition, or name an existing one.
    WriteDefinition,
    /// Name a definition that can be read.
    NameDefinition,
    /// Name one of these campaigns.
    NameCampaign(Vec<String>),
    /// Name a campaign other than its definition does: one of these, where there are some.
    NameCampaignByOption(Vec<String>),
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
    /// Choose another path for what a command makes.
    AnotherPath,
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
    /// Allow putting numbers onto the account's opt-out list.
    AllowPushing,
    /// Say whose contacts without a client token are.
    UntracedContacts,
    /// Rebuild the journal to its end.
    RebuildAgain,
    /// Allow reading the opt-outs, or do without them.
    AllowOptOuts,
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

impl<T: Into<Advice>> From<T> for NextStep {
    fn from(advice: T) -> Self {
        Self::Advice(advice.into())
    }
}
