//! Why a recipients file as a whole cannot be read, in plain words and with what to do.

use std::io;
use std::path::Path;

use crate::domain::figures::counted;
use crate::domain::foreign::ForeignText;
use crate::domain::next_step::{Advice, Setting};
use crate::domain::object::{BadObjectUrl, ObjectProblem};
use crate::domain::phone::PhoneRejection;
use crate::domain::table::header::nearest;
use crate::files::unpacking::TooMuchUnpacked;

/// A file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", .name.shown_up_to(1024))]
pub struct FileError {
    /// The file, as the user named it.
    pub name: ForeignText,
    /// What is wrong with it.
    #[source]
    pub problem: FileProblem,
}

impl FileError {
    pub(super) fn new(name: &str, problem: FileProblem) -> Self {
        Self { name: name.into(), problem }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<Advice> {
        if let Some(hint) = self.problem.hint_of_list().or_else(|| self.problem.hint_of_layout()) {
            return Some(hint);
        }
        let hint = match &self.problem {
            FileProblem::Object(problem) => return Some(problem.hint(self.name.raw())),
            FileProblem::Address(bad) => bad.hint(),
            FileProblem::Missing { near: Some(near) } => {
                return Some(format!("did you mean {}?", near.shown()).into());
            }
            FileProblem::Missing { near: None } => {
                "is the path right? Those in a definition begin at its folder; `-` reads standard input"
            }
            FileProblem::Unclear { readings } if !readings.is_empty() => {
                let told = |(name, word): &(&str, ForeignText)| format!("{name} reads \"{}\"", word.shown());
                let readings: Vec<String> = readings.iter().map(told).collect();
                return Some(name_encoding().then(format!(": {}", readings.join(", "))));
            }
            FileProblem::Unclear { .. } | FileProblem::NotText { .. } => return Some(name_encoding()),
            FileProblem::Encoding(_) => {
                "name it as UTF-8, windows-1252, UTF-16, ISO-8859-2, macintosh, ibm850, Shift_JIS ...; without, it is guessed"
            }
            FileProblem::Archive(what) if what.contains("twice") => "unpack it once",
            FileProblem::Archive(_) | FileProblem::Workbook(_) | FileProblem::WorkbookTooLarge => {
                "save the sheet as \"CSV UTF-8\" (Excel: Save As, file type CSV UTF-8)"
            }
            FileProblem::Unpacked => {
                "look at what is in it; a file that is really yours is read at any size once it is unpacked"
            }
            FileProblem::Damaged => "copy or download it again",
            FileProblem::RecordTooLong { .. } | FileProblem::ColumnTooLong { .. } => {
                "a quote that is never closed swallows all lines behind it"
            }
            FileProblem::Empty | FileProblem::NoRows => {
                "the first line names the columns, every other line is a recipient"
            }
            FileProblem::NoLine { .. } | FileProblem::LineTwice { .. } => {
                "the column rejected_line says which line of the first file a row replaces: leave it as it was, and add new \
                 rows to the first file"
            }
            FileProblem::NoRejectedId { .. } => {
                "the column rejected_id says which row of the first file a row corrects: leave it as it was, and add new rows to \
                 the first file"
            }
            FileProblem::PartOfRejects(_) => {
                return Some(
                    Advice::new("put the missing column back, or write the file anew with ")
                        .set(Setting::Rejects)
                        .then(
                            ": without all three, it would be a whole campaign, and all other rows would be withdrawn",
                        ),
                );
            }
            FileProblem::Definition => {
                return Some(
                    Advice::new("name the definition with ")
                        .set(Setting::Definition)
                        .then(", and the recipients file without an option"),
                );
            }
            FileProblem::Directory => "name a file in it",
            FileProblem::Io(error)
                if matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::NotConnected) =>
            {
                "name a file, or a pipe that a program writes to; `-` reads standard input"
            }
            FileProblem::Copy { .. } => "make room there, or name another folder in TMPDIR",
            _ => "check that the file can be read, by this user and to its end",
        };
        Some(hint.into())
    }
}

fn name_encoding() -> Advice {
    Advice::new("save it as \"CSV UTF-8\", or name its encoding with ").set(Setting::Encoding)
}

impl FileProblem {
    /// Where the header and the rows are in the file.
    fn hint_of_layout(&self) -> Option<Advice> {
        let hint = match self {
            FileProblem::HiddenRows { .. } => {
                "say what becomes of them: `hidden_rows = \"skip\"` in [recipients] leaves them out, \"send\" sends to them as well"
            }
            FileProblem::HeaderBelow { line, below, .. } if below < line => {
                return Some(
                    format!("set `header_row = {below}` in [recipients]; without it the first line that is not blank counts")
                        .into(),
                );
            }
            FileProblem::HeaderBelow { below, .. } => {
                return Some(
                    format!("set `header_row = {below}` in [recipients], or delete the lines above it")
                        .into(),
                );
            }
            FileProblem::NoHeaderRow { .. } => {
                "`header_row` in [recipients] is the line that names the columns, counted from 1; leave it out for the first"
            }
            FileProblem::WhollyQuoted => {
                "save it again without quotes around whole lines: each cell may have quotes of its own"
            }
            FileProblem::NamesInMarks { .. } => {
                "replace them by \" in an editor, or leave them out: a message would have those of the cells as well"
            }
            FileProblem::OtherSheets { with, others, hidden, .. } => {
                let is_hidden = |name| if hidden.contains(name) { ", which is hidden," } else { "" };
                return Some(match &with[..] {
                    [] => format!("the other sheets do not have it either: {}", list(others)).into(),
                    [only] => Advice::new(format!(
                        "the sheet \"{}\"{} has it: name it with ",
                        only.shown(),
                        is_hidden(only)
                    ))
                    .set(Setting::Sheet)
                    .then(" or `sheet` in [recipients]"),
                    several => Advice::new("these sheets have it, ")
                        .set(Setting::Sheet)
                        .then(format!(" takes one: {}", list(several))),
                });
            }
            FileProblem::NoFormats => "save it as .xlsx or .ods, or leave `values` out of [recipients]",
            FileProblem::NoSheet { there, .. } if there.is_empty() => {
                return Some(
                    Advice::new("only workbooks (.xlsx) have sheets; leave ")
                        .set(Setting::Sheet)
                        .then(" and recipients.sheet out"),
                );
            }
            FileProblem::NoSheet { there, .. } => return Some(format!("it has {}", list(there)).into()),
            _ => return None,
        };
        Some(hint.into())
    }

    /// What to do about a list of people who are not to be contacted.
    fn hint_of_list(&self) -> Option<Advice> {
        let hint = match self {
            FileProblem::NotANumber { reason: PhoneRejection::NoCountry, .. } => {
                "whoever it means would be sent to: write it with + and the country, or set default_region in [recipients]"
            }
            FileProblem::NotANumber { .. } => {
                "whoever it means would be sent to: correct the number, and write it with + and the country, or delete the line \
                 where nobody can tell whose it is; where the list has keys, its first line must name their column"
            }
            FileProblem::NoListColumn { .. } => {
                "whoever is on it would be sent to: name the column with the numbers or keys so in the list's first line"
            }
            FileProblem::ListColumnTwice { .. } => "rename one of them in the list, or delete it",
            FileProblem::NumberElsewhere { phone, .. } => {
                return Some(format!(
                    "whoever has it would be sent to: name that column `{phone}` in the list's first line, or delete it from \
                     the list if its numbers do not matter"
                ).into());
            }
            FileProblem::LongLine { .. } => {
                "whoever it means would be sent to: put a cell with a delimiter in it into quotes"
            }
            FileProblem::ListQuote { .. } => {
                "whoever stands behind it would be sent to: close the quote, or write it twice where it belongs to the text"
            }
            FileProblem::ListPage => {
                "whoever is on the others would be sent to: let `aws pinpoint-sms-voice-v2 describe-opted-out-numbers` read all its pages, \
                 without a limit of items"
            }
            FileProblem::ListSheets { others, .. } => {
                return Some(format!(
                    "whoever is on them would be sent to: save each sheet as a list of its own, or delete what is no list: {}",
                    list(others)
                ).into());
            }
            FileProblem::ListCell { .. } => {
                "whoever it means would be sent to: open the workbook in a spreadsheet, let it compute, and save it again"
            }
            FileProblem::ListKeyCut { .. } => {
                "whoever it means would be sent to: format the column as text and enter the key again, or list the number"
            }
            FileProblem::EmptyList { phone } => {
                return Some(format!(
                    "is it the right file? A list that nobody is on has the name of its column, `{phone}`, in its first line"
                ).into());
            }
            FileProblem::NamesNobody { .. } => {
                "whoever is on it would be sent to: correct the numbers, and write them with + and the country; or take the \
                 list out of recipients.suppress"
            }
            _ => return None,
        };
        Some(hint.into())
    }
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum FileProblem {
    /// The system does not let it be read.
    #[error("{0}")]
    Io(io::Error),
    /// It is an object elsewhere, and cannot be fetched to its end.
    #[error("{0}")]
    Object(ObjectProblem),
    /// It should be an object elsewhere, and nothing is fetched from there.
    #[error("{0}")]
    Address(BadObjectUrl),
    /// It is fetched from elsewhere, and there is no room for it.
    #[error("failed to copy it to {}: {error}", .folder.shown_up_to(1024))]
    Copy {
        /// The folder for files that are not kept.
        folder: ForeignText,
        /// What the system says.
        error: io::Error,
    },
    /// Compressed data that cannot be unpacked to their end.
    #[error("its compressed data are cut off or damaged")]
    Damaged,
    /// It is a directory.
    #[error("is a directory, not a file")]
    Directory,
    /// Not even a header.
    #[error("has no header")]
    Empty,
    /// There is no such file; perhaps another one was meant.
    #[error("there is no such file")]
    Missing {
        /// A file beside it with nearly the same name.
        near: Option<ForeignText>,
    },
    /// A header and nothing else.
    #[error("has a header and no rows")]
    NoRows,
    /// The header cannot be read as text.
    #[error("line {line} has characters that cannot be read")]
    NotText {
        /// The physical line, from 1.
        line: u64,
    },
    /// Text that is not UTF-8, and nobody can say what it is.
    #[error("is not UTF-8, and what else it is cannot be told from it with confidence")]
    Unclear {
        /// Encodings that it may be in, each with a word as it would read.
        readings: Vec<(&'static str, ForeignText)>,
    },
    /// The settings ask for an encoding that nobody knows.
    #[error("cannot be read as {0:?}: there is no such encoding")]
    Encoding(String),
    /// No table; what it is.
    #[error("is {0}, not a table")]
    Archive(&'static str),
    /// A workbook that cannot be read.
    #[error("is a workbook that cannot be read: {}", .0.shown())]
    Workbook(ForeignText),
    /// A workbook beyond the bounds of memory and time.
    #[error(
        "is a workbook with more in it than is read: of text, of cells, or of anything that is packed into little"
    )]
    WorkbookTooLarge,
    /// A compressed file out of which too much comes.
    #[error("is packed, and more than a hundred times its size comes out of it")]
    Unpacked,
    /// Rows that nobody sees, and nobody said what becomes of them.
    #[error(
        "its sheet \"{}\" has {} that cannot be seen, first row {line}: a filter or a person hides them",
        .sheet.shown(),
        counted(*.rows, "row", "rows")
    )]
    HiddenRows {
        /// The sheet.
        sheet: ForeignText,
        /// How many.
        rows: u64,
        /// The first of them.
        line: u64,
    },
    /// Lines above the one that names the columns; or `header_row` is below it.
    #[error("line {line} does not name the column {wanted}, and line {below} does")]
    HeaderBelow {
        /// The first line with something in it, or that of `header_row`.
        line: u64,
        /// The line with the columns.
        below: u64,
        /// The columns with the number.
        wanted: String,
    },
    /// The line that should name the columns is not there, or blank.
    #[error("line {line}, which should name the columns, has nothing in it")]
    NoHeaderRow {
        /// The line, from 1.
        line: u64,
    },
    /// Each line is in quotes as a whole.
    #[error("each line is in quotes as a whole, so that it is one cell")]
    WhollyQuoted,
    /// The columns are named in quotes that are part of the names.
    #[error("the columns are named in quotes that belong to the names: {}", .name.shown())]
    NamesInMarks {
        /// The first of them.
        name: ForeignText,
    },
    /// The sheet that was read does not have the columns.
    #[error("its sheet \"{}\" does not have the column {wanted}", .read.shown())]
    OtherSheets {
        /// The sheet that was read.
        read: ForeignText,
        /// The other sheets.
        others: Box<[ForeignText]>,
        /// Those of them that cannot be seen.
        hidden: Box<[ForeignText]>,
        /// Those of them that have the columns.
        with: Box<[ForeignText]>,
        /// The columns with the number.
        wanted: String,
    },
    /// Cells are wanted as they are shown, and the binary workbook does not say how that is.
    #[error("is a workbook of an old kind (.xls, .xlsb), whose cells cannot be read as it shows them")]
    NoFormats,
    /// The settings ask for a sheet that is not there.
    #[error("has no sheet \"{}\"", .wanted.shown())]
    NoSheet {
        /// What was asked for.
        wanted: ForeignText,
        /// What there is; nothing where it is no workbook.
        there: Vec<ForeignText>,
    },
    /// A definition where the recipients should be.
    #[error("this is a definition, by its name, and not a file of recipients")]
    Definition,
    /// A record that never ends.
    #[error("the record that begins in line {line} is longer than 1 MiB; column {} was being read", .column + 1)]
    RecordTooLong {
        /// The physical line, from 1.
        line: u64,
        /// The index of the column.
        column: usize,
    },
    /// The same in a column that has a name.
    #[error("the record that begins in line {line} is longer than 1 MiB; its column `{}` was being read", .name.shown())]
    ColumnTooLong {
        /// The physical line, from 1.
        line: u64,
        /// The column.
        name: ForeignText,
    },
    /// A row of a file of rejected rows that does not say which line it replaces.
    #[error("line {line}: rejected_line must be a line number, and is \"{}\"", .cell.shown())]
    NoLine {
        /// The physical line, from 1.
        line: u64,
        /// What is there.
        cell: ForeignText,
    },
    /// A row of a file of rejected rows that does not say which row was rejected.
    #[error("line {line}: rejected_id must be as it was written, and is \"{}\"", .cell.shown())]
    NoRejectedId {
        /// The physical line, from 1.
        line: u64,
        /// What is there.
        cell: ForeignText,
    },
    /// A file of rejected rows that cannot be known for one any more.
    #[error("the header has columns of a file of rejected rows, and not {0}")]
    PartOfRejects(String),
    /// Two rows of a file of rejected rows that replace the same line.
    #[error("line {line}: an earlier row has the rejected_line {number}, too")]
    LineTwice {
        /// The physical line, from 1.
        line: u64,
        /// The line that both replace.
        number: u64,
    },
    /// A suppression list of which nobody can tell where its numbers and keys are.
    #[error("the list has no column {wanted}; it has: {there}")]
    NoListColumn {
        /// The columns that it may have.
        wanted: String,
        /// What its first line has.
        there: String,
    },
    /// A suppression list with two columns of the name that counts.
    #[error("the list has the column `{name}` more than once")]
    ListColumnTwice {
        /// The name, as the definition has it.
        name: String,
    },
    /// A suppression list with a number that is not where numbers are.
    #[error("line {line} has a phone number in column {column}, and not in `{phone}`")]
    NumberElsewhere {
        /// The physical line, from 1.
        line: u64,
        /// The column where it is.
        column: String,
        /// The column where it should be.
        phone: String,
    },
    /// A suppression list with a line of which nobody can tell what is where.
    #[error("line {line} has more cells than the first line, so that it is not sure which one is the number")]
    LongLine {
        /// The physical line, from 1.
        line: u64,
    },
    /// A suppression list in which a quote has swallowed lines, or is followed by something.
    #[error(
        "line {line} of the list has a quote that is not closed where its cell ends, so that it is not sure who is on it"
    )]
    ListQuote {
        /// The physical line, from 1.
        line: u64,
    },
    /// A suppression list that says that it is not all.
    #[error("has one page of the list: its NextToken says that there are more")]
    ListPage,
    /// A suppression list in a workbook with something in other sheets.
    #[error("was read from the sheet {}, and there is something in {}", read.shown(), counted(others.len() as u64, "other sheet", "other sheets"))]
    ListSheets {
        /// The sheet that would be read.
        read: ForeignText,
        /// The others.
        others: Vec<ForeignText>,
    },
    /// A suppression list with a cell that has no value.
    #[error("line {line} of the list has {what} where its number or key is")]
    ListCell {
        /// The row, from 1.
        line: u64,
        /// What the cell has.
        what: &'static str,
    },
    /// A suppression list with a key of which a spreadsheet shows the first digits alone.
    #[error("line {line} of the list has a key that a spreadsheet has cut to something like 1.23E+15")]
    ListKeyCut {
        /// The physical line, from 1.
        line: u64,
    },
    /// A suppression list without even a header.
    #[error("the list is empty")]
    EmptyList {
        /// The column that it should have.
        phone: String,
    },
    /// A suppression list that suppresses nobody, though it has lines.
    #[error(
        "the list has {}, and none names anybody who can be sent to; the first is line {line}: {reason}",
        counted(*.lines, "line", "lines")
    )]
    NamesNobody {
        /// How many lines it has.
        lines: u64,
        /// The first of them.
        line: u64,
        /// What is wrong with its number.
        reason: PhoneRejection,
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

impl From<io::Error> for FileProblem {
    fn from(error: io::Error) -> Self {
        if let Some(problem) = of_object(&error) {
            return Self::Object(problem.clone());
        }
        match error.kind() {
            io::ErrorKind::FileTooLarge if TooMuchUnpacked::is_in(&error) => Self::Unpacked,
            io::ErrorKind::FileTooLarge => Self::WorkbookTooLarge,
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                Self::Damaged
            }
            _ => Self::Io(error),
        }
    }
}

/// Why an object ended too early, whatever layers were between it and who read it.
fn of_object<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e ObjectProblem> {
    if let Some(problem) = error.downcast_ref() {
        return Some(problem);
    }
    // What an I/O error has in it is not its source.
    let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    let inner = inner.map(|inner| inner as &(dyn std::error::Error + 'static));
    of_object(inner.or_else(|| error.source())?)
}

fn list(names: &[ForeignText]) -> String {
    names.iter().map(|name| name.shown().to_string()).collect::<Vec<_>>().join(", ")
}

fn like_it(others: usize) -> String {
    match others {
        0 => String::new(),
        1 => "; 1 more line like it".to_owned(),
        more => format!("; {more} more lines like it"),
    }
}

impl FileProblem {
    /// The same with names for columns.
    pub(super) fn in_columns(self, names: &[String]) -> Self {
        match self {
            Self::RecordTooLong { line, column } => match names.get(column) {
                Some(name) => Self::ColumnTooLong { line, name: name.as_str().into() },
                None => self,
            },
            other => other,
        }
    }

    /// A file that is not there, with what it may have been meant for.
    pub(super) fn missing(path: &Path) -> Self {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let beside: Vec<String> = std::fs::read_dir(folder.unwrap_or(Path::new(".")))
            .map(|entries| {
                let names =
                    entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()));
                names.collect()
            })
            .unwrap_or_default();
        let near = nearest(&name, beside.iter().map(String::as_str));
        Self::Missing {
            near: near.map(|near| path.with_file_name(near).to_string_lossy().into_owned().into()),
        }
    }
}
