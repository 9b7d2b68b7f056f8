//! The columns of a report: the fixed ones, then the file's own, and where a row of any of the campaign's files has
//! them.
//!
//! The own columns are those of the file last planned, in its order. A row that was attempted from an earlier file
//! keeps the cells of that file; they are found by column name (the second of a name by the second of it), and a
//! column that only the earlier file had is left out.

use std::collections::{HashMap, HashSet, VecDeque};

use uuid::Uuid;

use super::error::ReportError;
use crate::domain::events::Delivery;
use crate::domain::table::header::{fold, nearest};
use crate::domain::table::report_format::{FIXED_COLUMNS, FixedColumn, PREFIX};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::Record;

/// A column of a report: one of the fixed ones, or one of the file's own by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Fixed(FixedColumn),
    Own(usize),
}

/// The content of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum CellValue<'r> {
    Nothing,
    Text(&'r str),
    Number(u64),
    Amount(f64),
    Token(Uuid),
    Time(UnixMillis),
}

/// The columns of a report, in order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Columns {
    /// Their names in the report.
    names: Vec<String>,
    chosen: Vec<Column>,
    /// For each header of the campaign: where its rows have each of the own columns.
    places: HashMap<i64, Vec<Option<usize>>>,
}

impl Columns {
    /// From the campaign's headers, the one last planned from last. `wanted` names columns of the report, all of them
    /// where it is empty; case, spaces, `_` and `-` do not matter where a name is clear without.
    ///
    /// # Errors
    /// [`ReportError::UnknownColumn`] where a name is no column's.
    pub(super) fn new(headers: Vec<(i64, Vec<String>)>, wanted: &[String]) -> Result<Self, ReportError> {
        let last: Vec<String> = headers.last().map(|(_, columns)| columns.clone()).unwrap_or_default();
        let places = headers.into_iter().map(|(id, columns)| (id, places(&last, &columns))).collect();
        let fixed = FIXED_COLUMNS.iter().map(|name| (*name).to_owned());
        let names: Vec<String> = fixed.chain(unambiguous(&last)).collect();
        let own = (0..last.len()).map(Column::Own);
        let all: Vec<Column> = FixedColumn::ALL.into_iter().map(Column::Fixed).chain(own).collect();
        if wanted.is_empty() {
            return Ok(Self { names, chosen: all, places });
        }
        let found = wanted.iter().map(|name| find(&names, name)).collect::<Result<Vec<_>, _>>()?;
        let chosen = found.iter().map(|index| all[*index]).collect();
        let names = found.into_iter().map(|index| names[index].clone()).collect();
        Ok(Self { names, chosen, places })
    }

    /// The names, in order; without a choice no two are equal.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The record's cell in each column, in order.
    pub(super) fn values<'r>(&'r self, record: &'r Record<'_>) -> impl Iterator<Item = CellValue<'r>> {
        let places = self.places.get(&record.header).map_or(&[][..], Vec::as_slice);
        self.chosen.iter().map(|column| match *column {
            Column::Fixed(column) => fixed(record, column),
            Column::Own(column) => {
                let place = places.get(column).copied().flatten();
                text(place.and_then(|place| record.cells.get(place)))
            }
        })
    }
}

fn text(text: Option<&str>) -> CellValue<'_> {
    text.map_or(CellValue::Nothing, CellValue::Text)
}

/// The record's cell in a fixed column.
fn fixed<'r>(record: &'r Record<'_>, column: FixedColumn) -> CellValue<'r> {
    let time = |time: Option<UnixMillis>| time.map_or(CellValue::Nothing, CellValue::Time);
    let told = &record.told;
    match column {
        FixedColumn::Line => record.line.map_or(CellValue::Nothing, CellValue::Number),
        FixedColumn::Key => text(record.key),
        FixedColumn::Destination => text(record.destination),
        FixedColumn::State => CellValue::Text(record.state.name()),
        FixedColumn::ContactId => text(record.contact_id),
        FixedColumn::ClientToken => record.client_token.map_or(CellValue::Nothing, CellValue::Token),
        FixedColumn::Attempts => CellValue::Number(u64::from(record.attempts)),
        FixedColumn::Code => text(record.code),
        FixedColumn::Reason => text(record.reason),
        FixedColumn::Source => text(record.source),
        FixedColumn::FirstAttemptAt => time(record.first_attempt_at),
        FixedColumn::SettledAt => time(record.settled_at),
        FixedColumn::Sender => text(record.sender),
        FixedColumn::Zone => text(record.zones),
        FixedColumn::Delivery => text(told.delivery.map(Delivery::name)),
        FixedColumn::DeliveryStatus => text(told.status),
        FixedColumn::DeliveryAt => time(told.at),
        FixedColumn::Parts => told.parts.map_or(CellValue::Nothing, CellValue::Number),
        FixedColumn::Price => told.price.map_or(CellValue::Nothing, CellValue::Amount),
        FixedColumn::EndedAt => time(told.ended_at),
        FixedColumn::Replied => text(told.replied.map(|replied| if replied { "yes" } else { "no" })),
    }
}

fn find(names: &[String], wanted: &str) -> Result<usize, ReportError> {
    let wanted = wanted.trim();
    let exact = names.iter().position(|name| name == wanted);
    let alike = || {
        let folded = fold(wanted);
        let mut alike = (0..names.len()).filter(|index| fold(&names[*index]) == folded);
        alike.next().filter(|_| alike.next().is_none() && !folded.is_empty())
    };
    exact.or_else(alike).ok_or_else(|| ReportError::UnknownColumn {
        name: wanted.to_owned(),
        near: nearest(wanted, names.iter().map(String::as_str)).map(str::to_owned),
        known: names.to_vec(),
    })
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
    fn columns_are_chosen_and_put_in_order() {
        let headers = || vec![(1, texts(&["First Name", "state", "id"]))];
        let chosen = |wanted: &[&str]| Columns::new(headers(), &texts(wanted)).map(|columns| columns.names);
        assert_eq!(chosen(&["id", "state", "file.state"]).unwrap(), ["id", "state", "file.state"]);
        assert_eq!(
            chosen(&["first_name", "Contact-ID", "line", "line"]).unwrap(),
            ["First Name", "contact_id", "line", "line"]
        );
        assert_eq!(chosen(&[]).unwrap().len(), 24);
        for (wrong, near) in [("stat", Some("state")), ("zzz", None), ("", None)] {
            let error = chosen(&[wrong]).unwrap_err();
            assert!(
                matches!(&error, ReportError::UnknownColumn { near: found, .. } if found.as_deref() == near),
                "{wrong}: {error:?}"
            );
        }
    }

    #[test]
    fn rows_of_earlier_files_are_mapped_by_name() {
        let last = texts(&["b", "a", "new", "b"]);
        assert_eq!(places(&last, &texts(&["a", "b", "old", "b"])), [Some(1), Some(0), None, Some(3)]);
        assert_eq!(places(&last, &texts(&["b"])), [Some(0), None, None, None]);
        assert_eq!(places(&last, &last), [Some(0), Some(1), Some(2), Some(3)]);
    }
}
