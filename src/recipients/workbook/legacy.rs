//! Sheets of the binary workbooks `.xls` and `.xlsb`, which calamine reads as a whole.
//!
//! They do not tell which rows are hidden or which cells are merged.

use std::fs::File;
use std::io::{BufReader, Read, Seek};

use calamine::{Data, ExcelDateTime, Range, Reader, SheetType, SheetVisible, Xls, Xlsb};

use super::biff;
use super::container::Container;
use super::sheet::{COLUMNS, ROWS};
use super::text::number;
use super::xlsx::SheetEntry;
use crate::domain::row::binding::CellDamage;
use crate::domain::table::serial_date::{self, Epoch, Moment};
use crate::recipients::error::FileProblem;
use crate::recipients::record::Record;

/// Most bytes of a binary workbook, unpacked: it is held in memory.
const BYTES: u64 = 32 * 1024 * 1024;

/// A binary workbook.
pub(super) enum Legacy {
    Xls(Box<Xls<BufReader<File>>>),
    Xlsb(Box<Xlsb<BufReader<File>>>),
}

impl Legacy {
    pub(super) fn xls(mut file: File) -> Result<Self, FileProblem> {
        if file.metadata()?.len() > BYTES {
            return Err(FileProblem::WorkbookTooLarge);
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        biff::check_xls(&bytes)?;
        drop(bytes);
        file.rewind()?;
        let workbook = Xls::new(BufReader::new(file)).map_err(|error| match error {
            calamine::XlsError::Password => FileProblem::Archive("protected by a password"),
            other => FileProblem::Workbook(other.to_string().into()),
        })?;
        Ok(Self::Xls(Box::new(workbook)))
    }

    pub(super) fn xlsb(file: File) -> Result<Self, FileProblem> {
        let mut container = Container::open(file.try_clone()?)?;
        let mut total = 0;
        for name in container.names().to_vec() {
            let Some(bytes) = container.bytes(&name)? else { continue };
            let mut bytes = bytes.take(BYTES + 1);
            if is_of_records(&name) {
                biff::check_xlsb(&mut bytes)?;
            }
            std::io::copy(&mut bytes, &mut std::io::sink())?;
            total += BYTES + 1 - bytes.limit();
            if total > BYTES {
                return Err(FileProblem::WorkbookTooLarge);
            }
        }
        let workbook = Xlsb::new(BufReader::new(file))
            .map_err(|error| FileProblem::Workbook(error.to_string().into()))?;
        Ok(Self::Xlsb(Box::new(workbook)))
    }

    pub(super) fn sheets(&self) -> Vec<SheetEntry> {
        let sheets = match self {
            Self::Xls(workbook) => workbook.sheets_metadata(),
            Self::Xlsb(workbook) => workbook.sheets_metadata(),
        };
        let worksheets = sheets.iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
        let entry = |sheet: &calamine::Sheet| SheetEntry {
            name: sheet.name.clone(),
            visible: if sheet.visible == SheetVisible::Visible {
                SheetVisible::Visible
            } else {
                SheetVisible::Hidden
            },
            path: String::new(),
        };
        worksheets.map(entry).collect()
    }

    pub(super) fn read(
        &mut self,
        sheet: &str,
        row: impl FnMut(u64, Record, bool) -> bool,
    ) -> Result<(), FileProblem> {
        let broken = |error: &dyn std::fmt::Display| FileProblem::Workbook(error.to_string().into());
        let range = match self {
            Self::Xls(workbook) => workbook.worksheet_range(sheet).map_err(|error| broken(&error))?,
            Self::Xlsb(workbook) => {
                let mut cells = workbook.worksheet_cells_reader(sheet).map_err(|error| broken(&error))?;
                return records(
                    std::iter::from_fn(|| match cells.next_cell() {
                        Ok(Some(cell)) => {
                            let (line, column) = cell.get_position();
                            Some(Ok((line, column, value(&cell.get_value().clone().into()))))
                        }
                        Ok(None) => None,
                        Err(error) => Some(Err(broken(&error))),
                    }),
                    row,
                );
            }
        };
        rows(&range, row)
    }
}

/// Whether calamine reads a part as records. Others, such as settings of printers, have none.
fn is_of_records(name: &str) -> bool {
    ["xl/workbook.bin", "xl/styles.bin", "xl/sharedstrings.bin"].contains(&name)
        || name.contains("sheets/") && name.ends_with(".bin")
}

fn rows(range: &Range<Data>, row: impl FnMut(u64, Record, bool) -> bool) -> Result<(), FileProblem> {
    let (top, left) = range.start().unwrap_or_default();
    let cells = range.used_cells().map(|(line, column, data)| {
        let at = |from: u32, more: usize| from.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
        Ok((at(top, line), at(left, column), value(data)))
    });
    records(cells, row)
}

/// Cells in their order as records.
fn records(
    cells: impl Iterator<Item = Result<(u32, u32, (String, Option<CellDamage>)), FileProblem>>,
    mut row: impl FnMut(u64, Record, bool) -> bool,
) -> Result<(), FileProblem> {
    let (mut line, mut record) = (0, Record::default());
    for cell in cells {
        let (at, column, (text, damage)) = cell?;
        let at = u64::from(at) + 1;
        let column = column as usize;
        if at < line || (at == line && column < record.len()) || at > ROWS || column >= COLUMNS {
            return Err(FileProblem::Workbook("its cells are not in order".into()));
        }
        if at != line && line > 0 && !row(line, std::mem::take(&mut record), false) {
            return Ok(());
        }
        line = at;
        if text.is_empty() && damage.is_none() {
            continue;
        }
        while record.len() < column {
            record.push("");
        }
        record.push(&text);
        damage.into_iter().for_each(|damage| record.damage_last(damage));
        record.bounded(line)?;
    }
    if line > 0 {
        row(line, record, false);
    }
    Ok(())
}

/// A value as people would type it.
fn value(data: &Data) -> (String, Option<CellDamage>) {
    let text = match data {
        Data::Int(integer) => integer.to_string(),
        Data::Float(float) => number(*float),
        Data::String(text) => text.replace("\r\n", "\n").replace('\r', "\n"),
        Data::Bool(true) => "TRUE".to_owned(),
        Data::Bool(false) => "FALSE".to_owned(),
        Data::DateTime(time) => {
            return match date(time) {
                Some(text) => (text, None),
                None => (number(time.as_f64()), Some(CellDamage::NoDate)),
            };
        }
        Data::DateTimeIso(text) | Data::DurationIso(text) => serial_date::iso(text),
        Data::Error(error) => return (error.to_string(), Some(CellDamage::Error)),
        _ => String::new(),
    };
    (text, None)
}

fn date(time: &ExcelDateTime) -> Option<String> {
    let moment = if time.is_duration() { Moment::Duration } else { Moment::Time };
    // calamine keeps the number as it is, and the day from which it counts.
    let epoch = if is_1904(time) { Epoch::Year1904 } else { Epoch::Year1900 };
    serial_date::text(moment, time.as_f64(), epoch)
}

/// Whether calamine reads the number from 1904: it tells only by the year that comes out.
fn is_1904(time: &ExcelDateTime) -> bool {
    let whole = ExcelDateTime::new(time.as_f64(), calamine::ExcelDateTimeType::DateTime, true);
    time.as_f64() >= 1.0 && !time.is_duration() && whole.to_ymd_hms_milli() == time.to_ymd_hms_milli()
}
