//! Options of the commands that read a recipients file.

use std::path::PathBuf;

use clap::Args;

use crate::domain::definition::{Delimiter, RecipientsSettings};

/// How the file is read. Each wins over the definition.
#[derive(Debug, Clone, Default, Args)]
pub(in crate::cli::commands) struct ReadingArgs {
    /// Write rejected rows to PATH, with the reason, to be corrected and fed in again
    #[arg(long, value_name = "PATH")]
    pub rejects: Option<PathBuf>,
    /// Encoding of the file, such as UTF-8 or windows-1252 [default: detected]
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<String>,
    /// Between cells: `,` `;` `|` or tab [default: detected]
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    pub delimiter: Option<Delimiter>,
    /// Sheet of a workbook (.xlsx) [default: the first]
    #[arg(long, value_name = "NAME")]
    pub sheet: Option<String>,
}

pub(in crate::cli::commands) fn delimiter(text: &str) -> Result<Delimiter, String> {
    Delimiter::parse(text).ok_or_else(|| "one of , ; | tab".to_owned())
}

impl ReadingArgs {
    /// The settings as they are for this file.
    pub(in crate::cli::commands) fn apply(&self, settings: &mut RecipientsSettings) {
        settings.encoding = self.encoding.clone().or(settings.encoding.take());
        settings.delimiter = self.delimiter.or(settings.delimiter);
        settings.sheet = self.sheet.clone().or(settings.sheet.take());
    }
}
