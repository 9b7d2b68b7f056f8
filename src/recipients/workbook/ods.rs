//! A sheet of an OpenDocument spreadsheet (`.ods`), row after row. Source: OpenDocument 1.3, part 3, 9.

use std::io::Read;
use std::sync::Arc;

use calamine::SheetVisible;
use quick_xml::events::BytesStart;

use super::container::{Container, Node, Xml, attribute};
use super::sheet::{COLUMNS, Merge, ROWS, Survey};
use super::text::{number, shown_number};
use super::xlsx::{KEPT, SheetEntry};
use crate::domain::row::binding::CellDamage;
use crate::domain::table::serial_date;
use crate::recipients::error::FileProblem;
use crate::recipients::reading_budget::ReadingBudget;
use crate::recipients::record::Record;

/// The part with the sheets.
pub(super) const CONTENT: &str = "content.xml";
/// Most cells that come of repeating others.
const REPEATED: u64 = 5_000_000;
/// Most sheets and styles.
const MOST: usize = 20_000;

/// The sheets, in their order.
pub(super) fn sheets(container: &mut Container) -> Result<Vec<SheetEntry>, FileProblem> {
    let mut xml = content(container)?;
    let budget = xml.budget();
    let (mut sheets, mut hidden, mut style) = (Vec::new(), Vec::new(), String::new());
    loop {
        match xml.next()? {
            Node::Start(start) => match start.local_name().into_inner() {
                "style" => style = attribute(&start, "name").unwrap_or_default().into_owned(),
                "table-properties"
                    if attribute(&start, "display").as_deref() == Some("false") && hidden.len() < MOST =>
                {
                    budget.keep(style.len())?;
                    hidden.push(style.clone());
                }
                "table" if sheets.len() < MOST => {
                    let name = attribute(&start, "name").unwrap_or_default().into_owned();
                    let style = attribute(&start, "style-name").unwrap_or_default();
                    let seen = if hidden.iter().any(|hidden| *hidden == *style) {
                        SheetVisible::Hidden
                    } else {
                        SheetVisible::Visible
                    };
                    budget.keep(name.len())?;
                    sheets.push(SheetEntry { name, visible: seen, path: CONTENT.to_owned() });
                }
                _ => {}
            },
            Node::Eof => return Ok(sheets),
            _ => {}
        }
    }
}

fn content(container: &mut Container) -> Result<Xml<impl Read + '_>, FileProblem> {
    container.xml(CONTENT)?.ok_or_else(|| FileProblem::Workbook("it has no content.xml".into()))
}

/// Which sheet is read, and whether cells come as it shows them.
#[derive(Debug, Clone, Copy)]
pub(super) struct SheetReading<'a> {
    pub(super) sheet: &'a str,
    pub(super) shown: bool,
}

/// Calls `row` with line, record and whether it is hidden for each row of the sheet that has something in it, until it
/// says stop. Hidden columns and merged cells go to `survey`.
pub(super) fn read(
    container: &mut Container,
    SheetReading { sheet, shown }: SheetReading<'_>,
    survey: &mut Survey,
    mut row: impl FnMut(u64, Record, bool) -> bool,
) -> Result<(), FileProblem> {
    let mut xml = content(container)?;
    let mut table = OdsTable { budget: xml.budget(), line: 0, columns: 0, repeated: 0 };
    let (mut within, mut current) = (false, OdsRow::default());
    loop {
        match xml.next()? {
            Node::Start(start) => match start.local_name().into_inner() {
                "table" => within = attribute(&start, "name").as_deref() == Some(sheet),
                "table-column" if within => table.column(&start, survey),
                "table-row" if within => current = OdsRow::begin(&start),
                "table-cell" | "covered-table-cell" if within => {
                    let cell = OdsCell::read(&start.to_owned(), &mut xml, shown)?;
                    table.cell(&cell, &mut current, survey)?;
                }
                _ => {}
            },
            Node::End(name) => match &*name {
                "table-row" if within => {
                    let ended = std::mem::take(&mut current);
                    if !table.row(&ended, &mut row)? {
                        return Ok(());
                    }
                }
                "table" if within => return Ok(()),
                _ => {}
            },
            Node::Eof => return Ok(()),
            Node::Text(_) | Node::Other => {}
        }
    }
}

/// Where in a sheet reading is.
struct OdsTable {
    budget: Arc<ReadingBudget>,
    line: u64,
    columns: usize,
    repeated: u64,
}

#[derive(Default)]
struct OdsRow {
    record: Record,
    /// Columns so far, those of empty cells too.
    columns: usize,
    repeat: u64,
    hidden: bool,
}

impl OdsRow {
    fn begin(start: &BytesStart<'_>) -> Self {
        let visibility = attribute(start, "visibility");
        let hidden = matches!(visibility.as_deref(), Some("collapse" | "filter"));
        Self { repeat: repeat(start, "number-rows-repeated"), hidden, ..Self::default() }
    }
}

impl OdsTable {
    fn column(&mut self, start: &BytesStart<'_>, survey: &mut Survey) {
        let count = usize::try_from(repeat(start, "number-columns-repeated")).unwrap_or(COLUMNS).min(COLUMNS);
        if attribute(start, "visibility").is_some_and(|visibility| visibility != "visible")
            && self.columns < COLUMNS
            && survey.hidden_columns.len() < COLUMNS
        {
            survey.hidden_columns.push(self.columns..=(self.columns + count - 1).min(COLUMNS - 1));
        }
        self.columns = self.columns.saturating_add(count);
    }

    fn cell(&mut self, cell: &OdsCell, row: &mut OdsRow, survey: &mut Survey) -> Result<(), FileProblem> {
        let at = row.columns;
        row.columns = row.columns.saturating_add(usize::try_from(cell.repeat).unwrap_or(COLUMNS));
        if cell.is_empty() {
            return Ok(());
        }
        if row.columns > COLUMNS {
            return Err(FileProblem::Workbook(
                format!("a cell is beyond column {COLUMNS}, the last that a sheet has").into(),
            ));
        }
        if cell.spans != (1, 1) && survey.merges.len() < 20_000 {
            let right = at.saturating_add(usize::try_from(cell.spans.0).unwrap_or(COLUMNS)).min(COLUMNS) - 1;
            let bottom = self.line.saturating_add(cell.spans.1).min(ROWS);
            survey.merges.push(Merge { columns: at..=right, rows: self.line + 1..=bottom });
        }
        while row.record.len() < at {
            row.record.push("");
        }
        self.repeats(cell.repeat - 1)?;
        for _ in 0..cell.repeat {
            row.record.push(&cell.text);
            cell.damage.into_iter().for_each(|damage| row.record.damage_last(damage));
            row.record.bounded(self.line + 1)?;
        }
        Ok(())
    }

    /// Whether to go on.
    fn row(
        &mut self,
        row: &OdsRow,
        each: &mut impl FnMut(u64, Record, bool) -> bool,
    ) -> Result<bool, FileProblem> {
        if row.record.is_empty() {
            self.line = self.line.saturating_add(row.repeat);
            return Ok(true);
        }
        self.repeats((row.repeat - 1).saturating_mul(row.record.len() as u64))?;
        for _ in 0..row.repeat {
            self.line += 1;
            if self.line > ROWS {
                return Err(FileProblem::WorkbookTooLarge);
            }
            self.budget.take_text(row.record.bytes())?;
            if !each(self.line, row.record.clone(), row.hidden) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn repeats(&mut self, more: u64) -> Result<(), FileProblem> {
        self.repeated = self.repeated.saturating_add(more);
        if self.repeated > REPEATED { Err(FileProblem::WorkbookTooLarge) } else { Ok(()) }
    }
}

fn repeat(start: &BytesStart<'_>, name: &str) -> u64 {
    attribute(start, name).and_then(|count| count.trim().parse().ok()).unwrap_or(1).max(1)
}

struct OdsCell {
    text: String,
    damage: Option<CellDamage>,
    repeat: u64,
    /// Columns and rows that it covers.
    spans: (u64, u64),
}

impl OdsCell {
    fn is_empty(&self) -> bool {
        self.text.is_empty() && self.damage.is_none()
    }

    fn read(start: &BytesStart<'_>, xml: &mut Xml<impl Read>, as_shown: bool) -> Result<Self, FileProblem> {
        let name = start.local_name().into_inner();
        let shown = shown_text(xml, name)?;
        let value = |name| attribute(start, name).map(std::borrow::Cow::into_owned);
        let (mut kind, mut is_error) = (String::new(), false);
        for attribute in start.attributes().flatten() {
            if attribute.key.local_name().into_inner() == "value-type" {
                if &*attribute.value == "error" {
                    is_error = true;
                } else if kind.is_empty() {
                    kind.push_str(&attribute.value);
                }
            }
        }
        let formula = value("formula").is_some();
        let (text, damage) = match kind.as_str() {
            _ if is_error => (shown, Some(CellDamage::Error)),
            "date" | "time" | "boolean" if as_shown && !shown.is_empty() => (shown, None),
            "float" | "percentage" | "currency" if as_shown && !shown.is_empty() => {
                match value("value").and_then(|value| value.trim().parse().ok()) {
                    Some(float) => shown_number(float, shown),
                    None => (shown, None),
                }
            }
            "float" | "percentage" | "currency" => {
                let float = value("value").and_then(|value| value.trim().parse().ok());
                (float.map_or(shown, number), None)
            }
            "date" => (value("date-value").map_or(shown, |date| serial_date::iso(&date)), None),
            "time" => {
                let time = value("time-value");
                (time.map_or_else(|| shown.clone(), |time| serial_date::clock(&time, &shown)), None)
            }
            "boolean" => {
                let is = value("boolean-value").is_some_and(|value| value == "true");
                (if is { "TRUE" } else { "FALSE" }.to_owned(), None)
            }
            "string" => (value("string-value").filter(|_| shown.is_empty()).unwrap_or(shown), None),
            _ if formula && shown.is_empty() => (shown, Some(CellDamage::NoValue)),
            _ => (shown, None),
        };
        let spans = (repeat(start, "number-columns-spanned"), repeat(start, "number-rows-spanned"));
        Ok(Self { text, damage, repeat: repeat(start, "number-columns-repeated"), spans })
    }
}

/// What is anchored in a cell and no text of it: comments, boxes, pictures and shapes. Source: OpenDocument 1.3, part 3, 10.
const ANCHORED: [&str; 19] = [
    "annotation",
    "frame",
    "custom-shape",
    "rect",
    "line",
    "polyline",
    "polygon",
    "regular-polygon",
    "path",
    "circle",
    "ellipse",
    "connector",
    "caption",
    "measure",
    "control",
    "page-thumbnail",
    "g",
    "scene",
    "shapes",
];

/// The paragraphs of a cell, without what is only anchored in it.
fn shown_text(xml: &mut Xml<impl Read>, cell: &str) -> Result<String, FileProblem> {
    let (mut text, mut paragraphs, mut within, mut anchored) = (String::new(), 0, 0_u32, 0_u32);
    let cell = cell.to_owned();
    loop {
        match xml.next()? {
            Node::Start(start) => match start.local_name().into_inner() {
                name if ANCHORED.contains(&name) => anchored += 1,
                _ if anchored > 0 => {}
                "p" => {
                    within += 1;
                    if paragraphs > 0 {
                        text.push('\n');
                    }
                    paragraphs += 1;
                }
                "s" => {
                    let count = usize::try_from(repeat(&start, "c")).unwrap_or(KEPT).min(KEPT);
                    text.push_str(&" ".repeat(count.min(KEPT.saturating_sub(text.len()))));
                }
                "tab" => text.push('\t'),
                "line-break" => text.push('\n'),
                _ => {}
            },
            Node::Text(piece) if within > 0 && anchored == 0 && text.len() < KEPT => {
                text.push_str(&piece.replace(['\n', '\r', '\t'], " "));
            }
            Node::End(name) => match &*name {
                name if ANCHORED.contains(&name) => anchored = anchored.saturating_sub(1),
                "p" if anchored == 0 => within = within.saturating_sub(1),
                name if name == cell => return Ok(text),
                _ => {}
            },
            Node::Eof => return Err(FileProblem::Workbook("it ends within a cell".into())),
            Node::Text(_) | Node::Other => {}
        }
    }
}
