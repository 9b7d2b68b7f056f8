//! The forms that a report can have.

use std::fmt;
use std::path::Path;

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One record per line of the file, for spreadsheets; cells that they would run are made harmless.
    Csv,
    /// One JSON object per line of the file, for programs.
    Jsonl,
    /// One JSON object: counts, reasons and runs.
    Json,
    /// One page with everything that a person wants to see: charts, reasons, runs.
    Html,
    /// One record per line of the file, as a workbook whose numbers stay texts.
    Xlsx,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 5] = [Self::Csv, Self::Jsonl, Self::Json, Self::Html, Self::Xlsx];

    /// The word that options use, which is also the ending of files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Json => "json",
            Self::Html => "html",
            Self::Xlsx => "xlsx",
        }
    }

    /// Whether it has a record per line of the file, which can be selected.
    #[must_use]
    pub fn has_rows(self) -> bool {
        matches!(self, Self::Csv | Self::Jsonl | Self::Xlsx)
    }

    /// The format with this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// The format that the path's ending names, in any case, if it names one.
    #[must_use]
    pub fn from_ending(path: &Path) -> Option<Self> {
        Self::from_name(&path.extension()?.to_str()?.to_ascii_lowercase())
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_names_the_format() {
        let formats = ["a.csv", "A.JSONL", "dir.csv/a.json", "a.html", "a.xlsx", "csv", "a.csv.gz"]
            .map(|path| Format::from_ending(Path::new(path)));
        let expected = [
            Some(Format::Csv),
            Some(Format::Jsonl),
            Some(Format::Json),
            Some(Format::Html),
            Some(Format::Xlsx),
            None,
            None,
        ];
        assert_eq!(formats, expected);
    }
}
