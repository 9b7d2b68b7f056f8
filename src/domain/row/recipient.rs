//! What becomes of one row of a recipients file: a recipient, or a rejection with a reason.

use std::fmt;

use uuid::Uuid;

use crate::domain::foreign::ForeignText;
use crate::domain::hours::Lane;
use crate::domain::hours::moment::MomentRejection;
use crate::domain::hours::schedule::Window;
use crate::domain::hours::zones::ZoneRejection;
use crate::domain::message::limits::Breach;
use crate::domain::phone::{E164, PhoneDoubt, PhoneRejection, Region};
use crate::domain::warning::WarningCode;

/// A row that can be sent to. Its texts, put into the plan's shape, are the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The physical line on which the row begins, from 1.
    pub line: u64,
    /// What makes it the same recipient: the key column's value, else the number.
    pub key: String,
    /// The destination.
    pub phone: E164,
    /// The country of the number, where it belongs to one.
    pub region: Option<Region>,
    /// The zones that it may be in, and whose rules hold there; `None` where nothing tells them, and nothing needs them.
    pub lane: Option<Lane>,
    /// From when to when it may be sent to, by its own part of the schedule.
    pub window: Window,
    /// Which of the definition's senders sends to it, where they are several.
    pub sender: Option<usize>,
    /// The idempotency token, from campaign and key.
    pub client_token: Uuid,
    /// The texts that differ from row to row, in the order of the shape's slots.
    pub slots: Vec<String>,
    /// SMS segments that `contact.encoding` saved.
    pub saved_segments: u32,
    /// What is to be told of the number.
    pub doubt: Option<PhoneDoubt>,
}

/// A row that cannot be sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The physical line on which the row begins, from 1.
    pub line: u64,
    /// The row of the sheet, as a spreadsheet numbers them, where it is not the line: cells with line breaks came before.
    pub row: Option<u64>,
    /// The column at fault, as the file names it, where one is.
    pub column: Option<ForeignText>,
    /// Its key, as far as it has one: the value of the key column, else the number if that can be read.
    pub key: Option<Box<str>>,
    /// Why.
    pub reason: RejectionReason,
}

impl Rejection {
    /// Whether the row is left out on purpose: then it is no rejection.
    #[must_use]
    pub fn is_left_out(&self) -> bool {
        self.reason == RejectionReason::NotSelected
    }

    /// The reason, with the column where one is at fault.
    #[must_use]
    pub fn words(&self) -> String {
        self.column
            .as_ref()
            .map_or_else(|| self.reason.to_string(), |column| format!("{}: {}", column.shown(), self.reason))
    }
}

/// `line 12, phone: the number is too short`.
impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(row) = self.row {
            write!(f, " (row {row} in a spreadsheet)")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", {}", column.shown())?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// Why a row is rejected. Displays in plain words, without the row's data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RejectionReason {
    /// Fewer cells than columns.
    #[error("the row has {found} of the {expected} cells that the header asks for{}", goes_on(*.through))]
    Short {
        /// Columns of the header.
        expected: usize,
        /// Cells of the row.
        found: usize,
        /// The last line of a row of several.
        through: Option<u64>,
    },
    /// More cells than columns.
    #[error(
        "the row has something in cell {found}, and the header names {expected} columns; does a cell have the delimiter in it and no quotes, or the column no name?"
    )]
    Long {
        /// Columns of the header.
        expected: usize,
        /// Cells of the row.
        found: usize,
    },
    /// A report has only the cells of this row that fit the header.
    #[error(
        "a report does not have the whole of this row; correct it in the file of rejected rows, or in the first file"
    )]
    Cut,
    /// The file ends inside a quote.
    #[error("a quote in this row is never closed, so all lines to line {through} are in one cell")]
    QuoteOpen {
        /// The last line of the file.
        through: u64,
    },
    /// A quote is closed too late, and rows are in a cell.
    #[error(
        "a quote in this row is closed only in line {through}, and the rows between are in one cell; close or remove the quote"
    )]
    QuoteSwallows {
        /// The last line of the row.
        through: u64,
    },
    /// A quote ends a cell, and the cell goes on.
    #[error(
        "a quote inside a quoted cell is not doubled, so that where the cell ends is not clear; write it twice (\"\"), or remove it"
    )]
    QuoteStray,
    /// The row's bytes are not text in the file's encoding.
    #[error("a character cannot be read; save the file as \"CSV UTF-8\", or name its encoding")]
    NotText,
    /// A cell that is too long for anything.
    #[error("the cell is longer than {most} bytes; is a quote not closed?")]
    CellTooLong {
        /// Bytes that it may have.
        most: usize,
    },
    /// A spreadsheet's error value, such as `#N/A`.
    #[error("the cell has the spreadsheet's error {}, not a value", .0.shown())]
    SheetError(ForeignText),
    /// A formula of a workbook whose result was never stored.
    #[error("the cell has a formula without a stored value; open the workbook in a spreadsheet and save it")]
    NoValue,
    /// A number in the format of a date that is none.
    #[error("the cell's number is no date, though its format is that of one: {}", .0.shown())]
    NoDate(ForeignText),
    /// A formula of a spreadsheet as its text.
    #[error("the cell has a formula, beginning with =, and not its value; save the file with values")]
    Formula,
    /// A control character.
    #[error("the cell has the control character U+{:04X} in it; remove it, or save the file as \"CSV UTF-8\"", u32::from(*.0))]
    Control(char),
    /// A spreadsheet wrote `4.41E+11`.
    #[error(
        "the spreadsheet has rounded the cell to {}; format the column as text there and enter the value again", .0.shown()
    )]
    Rounded(ForeignText),
    /// The same where the number was.
    #[error(
        "the spreadsheet has rounded the number to {}; format the column as text there and enter it again", .0.shown()
    )]
    NumberRounded(ForeignText),
    /// No number to send to.
    #[error(transparent)]
    Phone(#[from] PhoneRejection),
    /// A zone in the file that is none.
    #[error(transparent)]
    Zone(#[from] ZoneRejection),
    /// No zone, neither in the file nor for the number.
    #[error(
        "the phone number is of no time zone; name one in a column (recipients.zone), or set hours.default_zone"
    )]
    NoZone,
    /// No sender sends to the number's country.
    #[error(
        "no sender sends to {}; {}", .country.as_deref().unwrap_or("numbers of no country"),
        if .served.is_empty() { "there is none".to_owned() } else { format!("there are senders for {served}") }
    )]
    NoSender {
        /// The country; `None` where the number belongs to none.
        country: Option<String>,
        /// The countries that have senders.
        served: String,
    },
    /// A time of the row that is none, or several.
    #[error("{member}: {reason}")]
    Moment {
        /// The key of the definition.
        member: &'static str,
        /// Why.
        reason: MomentRejection,
    },
    /// No mistake: the definition is for other rows. Such a row is `suppressed`, whatever else is in it.
    #[error("not selected by recipients.where")]
    NotSelected,
    /// What `recipients.where` comes to is neither true nor false.
    #[error(
        "recipients.where comes to something that is neither true nor false; compare it, such as consent == 'yes'"
    )]
    NoCondition,
    /// Nothing in the key column.
    #[error("the key is empty")]
    KeyEmpty,
    /// The key is a word for nothing, which several people may have.
    #[error("the key is a word for nothing, and not this recipient's own")]
    KeyNothing,
    /// Nothing in cells that a template needs.
    #[error("{} empty, and {} needs {}", names(.columns), .needed_by, if .columns.len() > 1 { "them" } else { "it" })]
    CellEmpty {
        /// The columns, as the file names them.
        columns: Vec<ForeignText>,
        /// The text that needs them, under its name in the definition.
        needed_by: String,
    },
    /// An expression of a template fails for these cells.
    #[error("`{member}` cannot be rendered: {}", .message.shown())]
    Template {
        /// The text, under its name in the definition.
        member: String,
        /// Why.
        message: ForeignText,
    },
    /// A text that only looks right, where nobody sees it before it is sent.
    #[error("the text looks wrong ({}): {what}; accept in [safety] lets such texts through", .code.name())]
    LooksWrong {
        /// The kind.
        code: WarningCode,
        /// What looks wrong.
        what: String,
    },
    /// A rendered text breaks a limit of the API or of carriers.
    #[error(transparent)]
    Limit(#[from] Breach),
}

impl RejectionReason {
    /// A stable word for scripts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Short { .. } => "row-short",
            Self::Long { .. } => "row-long",
            Self::Cut => "row-cut",
            Self::QuoteOpen { .. } => "quote-open",
            Self::QuoteSwallows { .. } => "quote-swallows-rows",
            Self::QuoteStray => "quote-stray",
            Self::NotText => "not-text",
            Self::CellTooLong { .. } => "cell-too-long",
            Self::SheetError(_) => "cell-error",
            Self::NoValue => "cell-no-value",
            Self::NoDate(_) => "cell-no-date",
            Self::Formula => "cell-formula",
            Self::Control(_) => "cell-control",
            Self::Rounded(_) => "cell-rounded",
            Self::NumberRounded(_) => "phone-rounded",
            Self::Phone(rejection) => rejection.code(),
            Self::Zone(rejection) => rejection.code(),
            Self::NoZone => "zone-missing",
            Self::NoSender { .. } => "sender-missing",
            Self::Moment { reason, .. } => reason.code(),
            Self::NotSelected => "not-selected",
            Self::NoCondition => "where-unclear",
            Self::KeyEmpty => "key-empty",
            Self::KeyNothing => "key-nothing",
            Self::CellEmpty { .. } => "cell-empty",
            Self::Template { .. } => "template-failed",
            Self::LooksWrong { .. } => "looks-wrong",
            Self::Limit(breach) => breach.code(),
        }
    }
}

fn goes_on(through: Option<u64>) -> String {
    through.map_or_else(String::new, |line| format!(" and goes on to line {line}: is a quote not closed?"))
}

fn names(columns: &[ForeignText]) -> String {
    let verb = if columns.len() > 1 { "are" } else { "is" };
    let columns: Vec<_> = columns.iter().map(|name| name.shown().to_string()).collect();
    format!("{} {verb}", columns.join(", "))
}
