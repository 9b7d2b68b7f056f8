//! A sheet of an `.xlsx` workbook, row by row.
//!
//! The sheet streams; the workbook's table of texts does not and is held in memory, so its size is bounded. Reading
//! has a thread of its own, because rows borrow from the workbook.
//!
//! A sheet has values, not what Excel shows: numbers come without their format, dates as `2026-05-01`.

use std::fs::File;
use std::io::BufReader;
use std::sync::mpsc::{Receiver, sync_channel};

use calamine::{DataRef, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx, XlsxError};

use super::error::FileProblem;
use super::record::Record;
use crate::domain::row::binding::LineSpan;
use crate::domain::table::detected_format::Sheet;
use crate::domain::table::header::fold;

/// Most bytes of text in the workbook's table of texts.
const TEXT_BYTES: u64 = 128 * 1024 * 1024;
/// Rows read ahead: batches, and rows in one.
const BATCHES: usize = 4;
const BATCH: usize = 256;
/// Whole numbers from here on have more digits than Excel keeps.
const DIGITS_LOST: f64 = 1e15;

/// What the reading thread says. It ends with `End` or a problem; without, it died.
enum Word {
    Rows(Vec<(u64, Record)>),
    End,
    Failed(FileProblem),
}

/// The rows of a sheet, as they come.
pub(super) struct Rows {
    words: Receiver<Word>,
    ended: bool,
    batch: std::vec::IntoIter<(u64, Record)>,
    /// Columns of the first row: what an empty cell at the end of another one is filled up to.
    width: usize,
    pub(super) blank: u64,
    last: u64,
}

impl Rows {
    /// The sheet with this name, or the first one that can be seen.
    pub(super) fn open(file: File, sheet: Option<&str>) -> Result<(Self, Sheet), FileProblem> {
        bounded(&file)?;
        let (sender, words) = sync_channel(BATCHES);
        let (opened, answer) = sync_channel(1);
        let wanted = sheet.map(str::to_owned);
        std::thread::Builder::new().name("workbook".to_owned()).spawn(move || {
            let opening = Xlsx::new(BufReader::new(file))
                .map_err(broken)
                .and_then(|workbook| choose(&workbook, wanted.as_deref()).map(|sheet| (workbook, sheet)));
            match opening {
                Ok((mut workbook, sheet)) => {
                    let name = sheet.name.clone();
                    // Whoever opened it is gone when sending fails; so it is below.
                    let _ = opened.send(Ok(sheet));
                    let mut batch = Vec::with_capacity(BATCH);
                    let read = read(&mut workbook, &name, |line, record| {
                        batch.push((line, record));
                        batch.len() < BATCH || sender.send(Word::Rows(std::mem::take(&mut batch))).is_ok()
                    });
                    let _ = sender.send(Word::Rows(batch));
                    let _ = sender.send(read.map_or_else(Word::Failed, |()| Word::End));
                }
                Err(problem) => drop(opened.send(Err(problem))),
            }
        })?;
        let sheet = answer.recv().map_err(|_| died())??;
        Ok((Self { words, ended: false, batch: Vec::new().into_iter(), width: 0, blank: 0, last: 0 }, sheet))
    }

    pub(super) fn next(&mut self) -> Result<Option<(LineSpan, Record)>, FileProblem> {
        loop {
            if let Some((line, mut record)) = self.batch.next() {
                self.width = if self.width == 0 { record.len() } else { self.width };
                while record.len() < self.width {
                    record.push("");
                }
                self.blank += line - self.last - 1;
                self.last = line;
                return Ok(Some((LineSpan { first: line, last: line, quote_open: false }, record)));
            }
            if self.ended {
                return Ok(None);
            }
            match self.words.recv().map_err(|_| died())? {
                Word::Rows(rows) => self.batch = rows.into_iter(),
                Word::End => self.ended = true,
                Word::Failed(problem) => return Err(problem),
            }
        }
    }
}

fn died() -> FileProblem {
    FileProblem::Workbook("it is not made as workbooks are".to_owned())
}

/// Refuses what would not fit into memory. The sizes are those that the archive declares.
fn bounded(file: &File) -> Result<(), FileProblem> {
    let mut archive = zip::ZipArchive::new(BufReader::new(file.try_clone()?))
        .map_err(|error| FileProblem::Workbook(error.to_string()))?;
    let mut sheets = false;
    for at in 0..archive.len() {
        let entry = archive.by_index_raw(at).map_err(|error| FileProblem::Workbook(error.to_string()))?;
        let name = entry.name().map_err(|error| FileProblem::Workbook(error.to_string()))?.to_lowercase();
        sheets |= name.starts_with("xl/");
        if !name.contains("worksheets/") && entry.size() > TEXT_BYTES {
            return Err(FileProblem::WorkbookTooLarge);
        }
    }
    if sheets {
        Ok(())
    } else {
        Err(FileProblem::Archive("a zip archive without a workbook of Excel (.xlsx)"))
    }
}

fn broken(error: XlsxError) -> FileProblem {
    match error {
        XlsxError::Password => FileProblem::Archive("protected by a password"),
        other => FileProblem::Workbook(other.to_string()),
    }
}

fn choose(workbook: &Xlsx<BufReader<File>>, wanted: Option<&str>) -> Result<Sheet, FileProblem> {
    let sheets = workbook.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let sheets: Vec<_> = sheets.collect();
    let names = || sheets.iter().map(|sheet| sheet.name.clone()).collect::<Vec<String>>();
    let chosen = match wanted {
        Some(wanted) => sheets
            .iter()
            .find(|sheet| sheet.name == wanted)
            .or_else(|| sheets.iter().find(|sheet| fold(&sheet.name) == fold(wanted)))
            .ok_or_else(|| FileProblem::NoSheet { wanted: wanted.to_owned(), there: names() })?,
        None => {
            sheets.iter().find(|sheet| sheet.visible == SheetVisible::Visible).ok_or(FileProblem::Empty)?
        }
    };
    let name = chosen.name.clone();
    let others = sheets.iter().filter(|sheet| sheet.name != name && sheet.visible == SheetVisible::Visible);
    Ok(Sheet { others: others.map(|sheet| sheet.name.clone()).collect(), name })
}

/// Calls `row` for each row that has a cell, until it says stop.
fn read(
    workbook: &mut Xlsx<BufReader<File>>,
    sheet: &str,
    mut row: impl FnMut(u64, Record) -> bool,
) -> Result<(), FileProblem> {
    let mut cells = workbook.worksheet_cells_reader(sheet).map_err(broken)?;
    let (mut line, mut record) = (0, Record::default());
    while let Some(cell) = cells.next_cell().map_err(broken)? {
        let (at, column) = cell.get_position();
        let at = u64::from(at) + 1;
        if at < line || (at == line && (column as usize) < record.len()) {
            return Err(FileProblem::Workbook("its cells are not in order".to_owned()));
        }
        if at != line && line > 0 && !row(line, std::mem::take(&mut record)) {
            return Ok(());
        }
        line = at;
        let text = text(cell.get_value());
        if text.is_empty() {
            continue;
        }
        while record.len() < column as usize {
            record.push("");
        }
        record.push(&text);
    }
    if line > 0 {
        row(line, record);
    }
    Ok(())
}

/// A value as people would type it.
fn text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(integer) => integer.to_string(),
        DataRef::Float(float) => number(*float),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(true) => "TRUE".to_owned(),
        DataRef::Bool(false) => "FALSE".to_owned(),
        DataRef::DateTime(time) => date(*time),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(error) => error.to_string(),
        DataRef::Empty => String::new(),
    }
}

/// As Excel shows it without a format: 15 digits. Where a whole number had more, they are lost, and the number is
/// written as Excel does then, which rejects the row if the cell is used.
fn number(float: f64) -> String {
    if float.fract() == 0.0 {
        return if float.abs() < DIGITS_LOST { format!("{float:.0}") } else { scientific(float) };
    }
    // Fifteen digits, without those that only come from binary fractions: 0.1 + 0.2 is 0.3.
    format!("{float:.14e}").parse::<f64>().unwrap_or(float).to_string()
}

fn scientific(float: f64) -> String {
    let text = format!("{float:.14e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    format!("{}E+{exponent:0>2}", mantissa.trim_end_matches('0').trim_end_matches('.'))
}

fn date(time: ExcelDateTime) -> String {
    let value = time.as_f64();
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    let seconds = if second > 0 { format!(":{second:02}") } else { String::new() };
    if time.is_duration() {
        let minutes = (value * 24.0 * 60.0).round() as i64;
        return format!("{}:{:02}", minutes / 60, minutes % 60);
    }
    match (value < 1.0, value.fract() == 0.0) {
        (true, _) => format!("{hour:02}:{minute:02}{seconds}"),
        (false, true) => format!("{year:04}-{month:02}-{day:02}"),
        (false, false) => format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}{seconds}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_restored_where_no_digit_is_lost() {
        for (float, expected) in [
            (12_025_550_143.0, "12025550143"),
            (0.0, "0"),
            (-3.5, "-3.5"),
            (0.1 + 0.2, "0.3"),
            (19.99, "19.99"),
            (999_999_999_999_999.0, "999999999999999"),
            (1_234_567_890_123_450_000.0, "1.23456789012345E+18"),
            (1e15, "1E+15"),
        ] {
            assert_eq!(number(float), expected);
        }
    }
}
