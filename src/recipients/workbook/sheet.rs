//! A sheet of an `.xlsx` workbook, cell after cell, and what of it nobody sees: hidden rows and columns, merged cells.

use std::io::Read;
use std::ops::RangeInclusive;

use quick_xml::events::BytesStart;

use super::container::{Node, Xml, attribute, flag};
use super::text::{number, shown_number};
use super::xlsx::{KEPT, Workbook, rich, unescaped};
use crate::domain::row::binding::CellDamage;
use crate::domain::table::serial_date;
use crate::domain::table::shown_value::ShownFormat;
use crate::recipients::error::FileProblem;
use crate::recipients::record::Record;

/// Columns and rows of a sheet of Excel.
pub(super) const COLUMNS: usize = 16_384;
pub(super) const ROWS: u64 = 1_048_576;
/// Most merged areas.
const MERGES: usize = 20_000;

/// Cells that a spreadsheet shows as one. Columns from 0, rows from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Merge {
    pub(super) columns: RangeInclusive<usize>,
    pub(super) rows: RangeInclusive<u64>,
}

/// What is known of a sheet before its rows are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Survey {
    /// Rows behind the first one that have cells and cannot be seen, and the first of them.
    pub(super) hidden_rows: u64,
    pub(super) first_hidden: u64,
    pub(super) hidden_columns: Vec<RangeInclusive<usize>>,
    pub(super) merges: Vec<Merge>,
}

impl Survey {
    /// Reads a sheet for it.
    pub(super) fn read(mut xml: Xml<impl Read>) -> Result<Self, FileProblem> {
        let mut survey = Self::default();
        let (mut line, mut hidden, mut filled, mut rows) = (0, false, false, 0_u64);
        loop {
            match xml.next()? {
                Node::Start(start) => match start.local_name().into_inner() {
                    "row" => {
                        line = row_number(&start, line)?;
                        (hidden, filled) = (is_hidden(&start), false);
                    }
                    "v" | "is" | "f" => filled = true,
                    "col"
                        if (flag(&start, "hidden") || is_zero(&start, "width"))
                            && survey.hidden_columns.len() < COLUMNS =>
                    {
                        let at = |name| attribute(&start, name)?.trim().parse::<usize>().ok()?.checked_sub(1);
                        if let (Some(first), Some(last)) = (at("min"), at("max")) {
                            survey.hidden_columns.push(first..=last);
                        }
                    }
                    "mergeCell" => {
                        if survey.merges.len() >= MERGES {
                            return Err(FileProblem::WorkbookTooLarge);
                        }
                        survey.merges.extend(attribute(&start, "ref").and_then(|area| merge(&area)));
                    }
                    _ => {}
                },
                Node::End(name) if &*name == "row" && filled => {
                    rows += 1;
                    if hidden && rows > 1 {
                        survey.hidden_rows += 1;
                        survey.first_hidden =
                            if survey.hidden_rows == 1 { line } else { survey.first_hidden };
                    }
                }
                Node::Eof => return Ok(survey),
                _ => {}
            }
        }
    }
}

/// Calls `row` with line, record and whether it is hidden for each row that has a cell, until it says stop.
pub(super) fn read(
    mut xml: Xml<impl Read>,
    workbook: &Workbook,
    mut row: impl FnMut(u64, Record, bool) -> bool,
) -> Result<(), FileProblem> {
    let (mut line, mut hidden, mut cells, mut record) = (0, false, 0_usize, Record::default());
    let mut cell = SheetCell::default();
    let budget = xml.budget();
    loop {
        match xml.next()? {
            Node::Start(start) => match start.local_name().into_inner() {
                "row" => {
                    line = row_number(&start, line)?;
                    (hidden, cells, record) = (is_hidden(&start), 0, Record::default());
                }
                "c" if line > 0 => {
                    cell.begin(&start, line, cells)?;
                    cell.content(&mut xml)?;
                    cells = cell.column + 1;
                    let (text, damage) = cell.value(workbook)?;
                    if text.is_empty() && damage.is_none() {
                        continue;
                    }
                    while record.len() < cell.column {
                        record.push("");
                    }
                    record.push(&text);
                    damage.into_iter().for_each(|damage| record.damage_last(damage));
                    record.bounded(line)?;
                }
                _ => {}
            },
            Node::End(name) if &*name == "row" && cells > 0 => {
                budget.take_text(record.bytes())?;
                if !row(line, std::mem::take(&mut record), hidden) {
                    return Ok(());
                }
                cells = 0;
            }
            Node::End(name) if &*name == "sheetData" => return Ok(()),
            Node::Eof => return Err(FileProblem::Workbook("a sheet ends too early".into())),
            _ => {}
        }
    }
}

/// A cell as it is written.
#[derive(Default)]
struct SheetCell {
    column: usize,
    style: usize,
    kind: String,
    text: String,
    formula: bool,
    valued: bool,
}

impl SheetCell {
    /// `next` is where it is if it does not say.
    fn begin(&mut self, start: &BytesStart<'_>, line: u64, next: usize) -> Result<(), FileProblem> {
        (self.column, self.style, self.formula, self.valued) = (next, 0, false, false);
        self.kind.clear();
        self.text.clear();
        let mut attributes = start.attributes();
        attributes.with_checks(false);
        for attribute in attributes.flatten() {
            match attribute.key.into_inner() {
                "r" => {
                    let (column, row) = place(&attribute.value).ok_or_else(disordered)?;
                    if row != line || column < next {
                        return Err(disordered());
                    }
                    self.column = column;
                }
                "s" => self.style = attribute.value.trim().parse().unwrap_or_default(),
                "t" => self.kind.push_str(&attribute.value),
                _ => {}
            }
        }
        if self.column >= COLUMNS { Err(too_wide()) } else { Ok(()) }
    }

    fn content(&mut self, xml: &mut Xml<impl Read>) -> Result<(), FileProblem> {
        let mut within = false;
        loop {
            match xml.next()? {
                Node::Start(start) => match start.local_name().into_inner() {
                    "v" => (within, self.valued) = (true, true),
                    "f" => self.formula = true,
                    // Some writers leave `<is>` out.
                    "t" if self.kind == "inlineStr" => (within, self.valued) = (true, true),
                    "is" => {
                        self.valued = true;
                        rich(xml, "is", &mut self.text)?;
                    }
                    _ => {}
                },
                Node::Text(piece) if within && self.text.len() < KEPT => self.text.push_str(&piece),
                Node::End(name) => match &*name {
                    "v" | "t" => within = false,
                    "c" => return Ok(()),
                    _ => {}
                },
                Node::Eof => return Err(FileProblem::Workbook("it ends within a cell".into())),
                _ => {}
            }
        }
    }

    /// Its text, and what is wrong with it.
    fn value(&self, workbook: &Workbook) -> Result<(String, Option<CellDamage>), FileProblem> {
        let text = self.text.trim();
        // An empty text may be the result of a formula; an empty number cannot.
        let is_text = matches!(self.kind.as_str(), "str" | "inlineStr");
        if self.formula && text.is_empty() && !(is_text && self.valued) {
            return Ok((String::new(), Some(CellDamage::NoValue)));
        }
        // Such a program writes 0 for what it does not know.
        let is_number = matches!(self.kind.as_str(), "" | "n");
        if self.formula && workbook.recalculates && is_number && text == "0" {
            return Ok((String::new(), Some(CellDamage::NoValue)));
        }
        let whole = match self.kind.as_str() {
            "s" => {
                let index = text.parse().ok().and_then(|at| workbook.texts.get(at));
                let missing = || FileProblem::Workbook("a cell's text is missing".into());
                self.text_shown(index.ok_or_else(missing)?, workbook)
            }
            "inlineStr" => self.text_shown(&self.text, workbook),
            "str" => self.text_shown(&unescaped(&self.text), workbook),
            "b" => if text == "1" || text == "true" { "TRUE" } else { "FALSE" }.to_owned(),
            "e" => return Ok((unescaped(&self.text), Some(CellDamage::Error))),
            "d" => match serial_date::serial(text) {
                Some(serial) if workbook.shown => return Ok(self.number(&serial.to_string(), workbook)),
                _ => serial_date::iso(text),
            },
            _ => return Ok(self.number(text, workbook)),
        };
        Ok((whole, None))
    }

    fn shown_format<'w>(&self, workbook: &'w Workbook) -> Option<&'w ShownFormat> {
        workbook.formats.shown(self.style).filter(|_| workbook.shown)
    }

    fn text_shown(&self, text: &str, workbook: &Workbook) -> String {
        self.shown_format(workbook).and_then(|format| format.text(text)).unwrap_or_else(|| text.to_owned())
    }

    fn number(&self, text: &str, workbook: &Workbook) -> (String, Option<CellDamage>) {
        let Ok(value) = text.parse::<f64>() else { return (unescaped(&self.text), None) };
        if workbook.shown
            && let Some(shown) = self.shown_format(workbook)
            && let Some(shown) = shown.number(value, workbook.epoch)
        {
            // The digits of a date are not those of its number.
            let is_date =
                workbook.formats.get(self.style).is_some_and(|format| format.moment(value).is_some());
            return if is_date { (shown, None) } else { shown_number(value, shown) };
        }
        match workbook.formats.get(self.style).and_then(|format| format.moment(value)) {
            None => (number(value), None),
            Some(moment) => match serial_date::text(moment, value, workbook.epoch) {
                Some(text) => (text, None),
                None => (number(value), Some(CellDamage::NoDate)),
            },
        }
    }
}

/// Whether nothing of a row can be seen: a person or a filter hides it, or it has no height.
fn is_hidden(row: &BytesStart<'_>) -> bool {
    flag(row, "hidden") || is_zero(row, "ht")
}

fn is_zero(start: &BytesStart<'_>, name: &str) -> bool {
    attribute(start, name).is_some_and(|size| size.trim().parse::<f64>() == Ok(0.0))
}

/// The number of a row: its own, else the next one.
fn row_number(start: &BytesStart<'_>, before: u64) -> Result<u64, FileProblem> {
    let number = match attribute(start, "r") {
        Some(own) => own.trim().parse().map_err(|_| disordered())?,
        None => before + 1,
    };
    if number <= before {
        return Err(disordered());
    }
    if number > ROWS { Err(FileProblem::WorkbookTooLarge) } else { Ok(number) }
}

fn disordered() -> FileProblem {
    FileProblem::Workbook("its cells are not in order".into())
}

fn too_wide() -> FileProblem {
    FileProblem::Workbook(format!("a cell is beyond column {COLUMNS}, the last that a sheet has").into())
}

/// Column from 0 and row from 1 of `AB12`, `$AB$12` too.
fn place(reference: &str) -> Option<(usize, u64)> {
    let plain = reference.trim().replace('$', "");
    let letters = plain.bytes().take_while(u8::is_ascii_alphabetic).count();
    let column = plain[..letters].bytes().try_fold(0_usize, |column, letter| {
        let column = column * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1;
        (column <= 100 * COLUMNS).then_some(column)
    });
    // A column that no sheet has is told as one.
    let column = column.unwrap_or(100 * COLUMNS);
    Some((column.checked_sub(1)?, plain[letters..].parse().ok()?))
}

/// `C2:D4`.
fn merge(area: &str) -> Option<Merge> {
    let (first, last) = area.split_once(':')?;
    let ((left, top), (right, bottom)) = (place(first)?, place(last)?);
    (right < COLUMNS && bottom <= ROWS && left <= right && top <= bottom)
        .then_some(Merge { columns: left..=right, rows: top..=bottom })
}

/// The letters of a column from 0.
pub(super) fn letters(column: usize) -> String {
    let (mut letters, mut rest) = (Vec::new(), column + 1);
    while rest > 0 {
        letters.push(b'A' + u8::try_from((rest - 1) % 26).unwrap_or_default());
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().map(|letter| char::from(*letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_columns_and_rows() {
        for (reference, at) in
            [("A1", (0, 1)), ("Z9", (25, 9)), ("$AA$10", (26, 10)), ("XFD1048576", (16_383, 1_048_576))]
        {
            assert_eq!(place(reference), Some(at), "{reference}");
        }
        assert!(place("ZZZZZZZZZZZZZZZZZ2").is_some_and(|(column, _)| column >= COLUMNS));
        for reference in ["", "1", "A", "A-1"] {
            assert_eq!(place(reference), None, "{reference}");
        }
        assert_eq!(merge("C2:D4"), Some(Merge { columns: 2..=3, rows: 2..=4 }));
        assert_eq!(merge("C2"), None);
        assert_eq!([0, 25, 26, 701, 702].map(letters), ["A", "Z", "AA", "ZZ", "AAA"]);
    }
}
