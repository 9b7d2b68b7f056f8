//! The columns of a report: the fixed ones, then the file's own, and where a row of any of the campaign's files has
//! them.
//!
//! The own columns are those of the file last planned, in its order. A row that was attempted from an earlier file
//! keeps the cells of that file; they are found by column name (the second of a name by the second of it), and a
//! column that only the earlier file had is left out.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::journal::{JournalError, Record};

/// The columns that every report begins with.
pub const FIXED_COLUMNS: [&str; 12] = [
    "line",
    "key",
    "destination",
    "state",
    "contact_id",
    "client_token",
    "attempts",
    "code",
    "reason",
    "source",
    "first_attempt_at",
    "settled_at",
];

/// Put before the name of an own column while its name is taken.
const PREFIX: &str = "file.";

/// The own columns of a report.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Columns {
    /// What the report calls them.
    names: Vec<String>,
    /// For each header of the campaign: where its rows have each of them.
    places: HashMap<i64, Vec<Option<usize>>>,
}

impl Columns {
    /// From the campaign's headers, the one last planned from last.
    pub(super) fn new(headers: Vec<(i64, Vec<String>)>) -> Result<Self, JournalError> {
        let last: Vec<String> = headers.last().map(|(_, columns)| columns.clone()).unwrap_or_default();
        let places = headers.into_iter().map(|(id, columns)| (id, places(&last, &columns))).collect();
        Ok(Self { names: unambiguous(&last), places })
    }

    /// The names, in order; no two are equal, and none is one of the fixed ones.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The record's cells in the order of the names; `None` where its line does not have the column.
    pub(super) fn cells<'r>(&'r self, record: &'r Record<'_>) -> impl Iterator<Item = Option<&'r str>> {
        let places = self.places.get(&record.header).map_or(&[][..], Vec::as_slice);
        (0..self.names.len()).map(|name| record.cells.get((*places.get(name)?)?))
    }
}

/// Where a line with the header `columns` has each column of `last`.
fn places(last: &[String], columns: &[String]) -> Vec<Option<usize>> {
    let mut by_name: HashMap<&str, VecDeque<usize>> = HashMap::new();
    for (index, name) in columns.iter().enumerate() {
        by_name.entry(name).or_default().push_back(index);
    }
    last.iter().map(|name| by_name.get_mut(name.as_str())?.pop_front()).collect()
}

/// The names with `file.` before each that the report or an earlier column of the file has already. A name that is
/// free stays what it is, whatever the others need.
fn unambiguous(names: &[String]) -> Vec<String> {
    let mut used: HashSet<String> =
        FIXED_COLUMNS.iter().map(|name| (*name).to_owned()).chain(names.iter().cloned()).collect();
    let mut first = HashSet::new();
    let mut distinct = Vec::with_capacity(names.len());
    for name in names {
        let mut own = name.clone();
        if FIXED_COLUMNS.contains(&name.as_str()) || !first.insert(name) {
            while used.contains(&own) {
                own.insert_str(0, PREFIX);
            }
            used.insert(own.clone());
        }
        distinct.push(own);
    }
    distinct
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_name_that_is_taken_is_prefixed_and_a_free_one_never() {
        let names = unambiguous(&texts(&["phone", "state", "name", "name", "name", "file.state", "line"]));
        assert_eq!(
            names,
            ["phone", "file.file.state", "name", "file.name", "file.file.name", "file.state", "file.line"]
        );
    }

    #[test]
    fn rows_of_earlier_files_are_mapped_by_name() {
        let last = texts(&["b", "a", "new", "b"]);
        assert_eq!(places(&last, &texts(&["a", "b", "old", "b"])), [Some(1), Some(0), None, Some(3)]);
        assert_eq!(places(&last, &texts(&["b"])), [Some(0), None, None, None]);
        assert_eq!(places(&last, &last), [Some(0), Some(1), Some(2), Some(3)]);
    }
}
