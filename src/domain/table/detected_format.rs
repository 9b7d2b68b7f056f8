//! How a recipients file was read: what was detected, for people to see before anything is sent.

use std::fmt;

use serde::Serialize;

use crate::domain::figures::counted;

/// What a recipients file was taken for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct DetectedFormat {
    /// How the file is compressed, if it is.
    pub compression: Option<Compression>,
    /// The encoding of its text, by its name in the Encoding Standard; none for a workbook.
    pub encoding: Option<String>,
    /// Where the encoding was guessed: a piece of the text.
    pub guess: Option<String>,
    /// What is between cells, in words; none for a workbook.
    pub delimiter: Option<&'static str>,
    /// The sheet of a workbook.
    pub sheet: Option<Sheet>,
    /// Lines with nothing on them, and rows of empty cells: they are no rows.
    pub blank: u64,
    /// Whether its rows are rejected ones of another file, and take the place of its lines.
    pub corrections: bool,
}

/// A sheet of a workbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sheet {
    /// Its name.
    pub name: String,
    /// The names of the other sheets.
    pub others: Vec<String>,
}

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// gzip, RFC 1952.
    Gzip,
    /// Zstandard, RFC 8878.
    Zstd,
}

/// `windows-1252 (guessed: "Renée" in the file; --encoding says another), semicolons between cells`.
impl fmt::Display for DetectedFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.compression {
            Some(Compression::Gzip) => f.write_str("gzip, ")?,
            Some(Compression::Zstd) => f.write_str("zstd, ")?,
            None => {}
        }
        if let Some(sheet) = &self.sheet {
            write!(f, "workbook, sheet {:?}", sheet.name)?;
            if !sheet.others.is_empty() {
                write!(f, " (--sheet takes another: {})", sheet.others.join(", "))?;
            }
        } else {
            f.write_str(self.encoding.as_deref().unwrap_or("UTF-8"))?;
            if let Some(guess) = &self.guess {
                write!(f, " (guessed, for the file has \"{guess}\"; if that is wrong, --encoding)")?;
            }
            write!(f, ", {} between cells", self.delimiter.unwrap_or("commas"))?;
        }
        if self.blank > 0 {
            write!(f, ", {} skipped", counted(self.blank, "blank line", "blank lines"))?;
        }
        if self.sheet.is_some() {
            f.write_str("; dates come as 2026-05-01 and numbers as 12.5, however the sheet shows them")?;
        }
        if self.corrections {
            f.write_str(
                "; corrections: each row takes the place of the line in rejected_line, all other rows of the campaign stay as \
                 they are, and those that wait are sent to as well",
            )?;
        }
        Ok(())
    }
}
