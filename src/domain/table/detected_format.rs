//! How a recipients file was read: what was detected, for people to see before anything is sent.

use std::fmt;

use serde::Serialize;

use crate::domain::figures::counted;
use crate::domain::foreign::shown;

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
    /// The columns, as the file names them.
    #[serde(skip)]
    pub columns: Vec<String>,
    /// Whether its rows are rejected ones of another file, and take the place of its lines.
    pub corrections: bool,
}

/// A sheet of a workbook.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Sheet {
    /// Its name.
    pub name: String,
    /// The names of the other sheets that can be seen.
    pub others: Vec<String>,
    /// Those of the sheets that cannot.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hidden_sheets: Vec<String>,
    /// Rows that cannot be seen.
    pub hidden_rows: u64,
    /// Whether they were left out.
    pub skipped_hidden: bool,
    /// Columns that cannot be seen, from 0.
    pub hidden_columns: Vec<usize>,
    /// Whether a workbook of this kind does not say which rows and columns are hidden, and which cells merged.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub blind: bool,
    /// Areas of merged cells below the first row.
    pub merged: u64,
    /// The first of them, such as `C2:C4`.
    pub first_merged: Option<String>,
    /// Whether each of their cells has the value of the first one.
    pub filled: bool,
    /// Whether cells come as the sheet shows them.
    pub shown: bool,
}

impl Sheet {
    /// What a spreadsheet shows otherwise than it is read, in words.
    fn unseen(&self, f: &mut fmt::Formatter<'_>, columns: &[String]) -> fmt::Result {
        if self.hidden_rows > 0 {
            let rows = counted(self.hidden_rows, "hidden row", "hidden rows");
            let done = if self.skipped_hidden { "left out" } else { "read as all others" };
            write!(f, "; {rows} {done}")?;
        }
        if self.blind {
            f.write_str("; a workbook of this kind does not tell hidden rows and merged cells: save it as .xlsx to have them told")?;
        }
        let hidden =
            self.hidden_columns.iter().filter_map(|at| columns.get(*at)).filter(|name| !name.is_empty());
        let hidden: Vec<String> = hidden.map(|name| shown(name).into_owned()).collect();
        if !hidden.is_empty() {
            write!(f, "; hidden columns: {}", hidden.join(", "))?;
        }
        if let (Some(first), false) = (&self.first_merged, self.filled) {
            let areas = counted(self.merged, "area of merged cells has", "areas of merged cells have");
            write!(
                f,
                "; {areas} a value in the first cell only ({first}; `merged = \"fill\"` in [recipients] gives it to all)"
            )?;
        }
        Ok(())
    }
}

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// gzip, RFC 1952.
    Gzip,
    /// Zstandard, RFC 8878.
    Zstd,
    /// A zip archive.
    Zip,
}

/// `windows-1252 (guessed: "Renée" in the file; --encoding says another), semicolons between cells`.
impl fmt::Display for DetectedFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.compression {
            Some(Compression::Gzip) => f.write_str("gzip, ")?,
            Some(Compression::Zstd) => f.write_str("zstd, ")?,
            Some(Compression::Zip) => f.write_str("zip, ")?,
            None => {}
        }
        if let Some(sheet) = &self.sheet {
            write!(f, "workbook, sheet \"{}\"", shown(&sheet.name))?;
            if !sheet.others.is_empty() {
                let others: Vec<_> = sheet.others.iter().map(|name| shown(name)).collect();
                write!(f, " (the other sheets: {})", others.join(", "))?;
            }
        } else {
            f.write_str(self.encoding.as_deref().unwrap_or("UTF-8"))?;
            if let Some(guess) = &self.guess {
                write!(
                    f,
                    " (guessed, for the file has \"{}\"; if that is wrong, name its encoding)",
                    shown(guess)
                )?;
            }
            write!(f, ", {} between cells", self.delimiter.unwrap_or("commas"))?;
        }
        if self.blank > 0 {
            write!(f, ", {} skipped", counted(self.blank, "blank line", "blank lines"))?;
        }
        if let Some(sheet) = &self.sheet {
            sheet.unseen(f, &self.columns)?;
            f.write_str(match sheet.shown {
                true => "; cells come as the sheet shows them",
                false => {
                    "; dates come as 2026-05-01 and numbers as 12.5, however the sheet shows them (`values = \"shown\"` in \
                     [recipients] takes what it shows)"
                }
            })?;
        }
        if self.corrections {
            f.write_str(
                "; corrections: each row takes the place of the one that was rejected, all other rows of the campaign stay as \
                 they are, and those that wait are sent to as well",
            )?;
        }
        Ok(())
    }
}
