//! Options of the commands that read a recipients file.

use std::path::PathBuf;

use clap::Args;

use crate::app::options::FileOptions;
use crate::domain::definition::Delimiter;

/// How the file is read. Each wins over the definition.
#[derive(Debug, Clone, Default, Args)]
pub struct FileArgs {
    /// Write rejected rows to PATH, with the reason, to be corrected and fed in again
    #[arg(long, value_name = "PATH", help_heading = "Recipients file")]
    pub rejects: Option<PathBuf>,
    /// Encoding of the file, such as UTF-8 or windows-1252 [default: detected]
    #[arg(long, value_name = "NAME", help_heading = "Recipients file")]
    pub encoding: Option<String>,
    /// Between cells: `,` `;` `|` or tab [default: detected]
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter, help_heading = "Recipients file")]
    pub delimiter: Option<Delimiter>,
    /// Sheet of a workbook (.xlsx) [default: the first]
    #[arg(long, value_name = "NAME", help_heading = "Recipients file")]
    pub sheet: Option<String>,
}

/// What is between cells.
///
/// # Errors
/// What is taken instead.
pub fn delimiter(text: &str) -> Result<Delimiter, String> {
    Delimiter::parse(text).ok_or_else(|| "one of , ; | tab".to_owned())
}

impl FileArgs {
    /// As the application takes them.
    #[must_use]
    pub fn options(&self) -> FileOptions {
        FileOptions {
            rejects: self.rejects.clone(),
            encoding: self.encoding.clone(),
            delimiter: self.delimiter,
            sheet: self.sheet.clone(),
            streams: false,
        }
    }
}
