//! A sheet of a workbook, row by row: `.xlsx`, `.xlsb`, `.xls`, `.ods`.
//!
//! Sheets of `.xlsx` and `.ods` stream; a workbook's table of texts does not and is held in memory, so its size is
//! bounded. Reading has a thread of its own, because rows borrow from the workbook.
//!
//! A sheet has values, not what a spreadsheet shows: numbers come without their format, dates as `2026-05-01`.

mod biff;
mod container;
mod legacy;
mod ods;
mod sheet;
mod text;
mod xlsx;

use std::fs::File;
use std::sync::mpsc::{Receiver, sync_channel};

use calamine::SheetVisible;

use super::error::FileProblem;
use super::record::Record;
use crate::domain::definition::{HiddenRows, RecipientsSettings};
use crate::domain::row::binding::{Cells as _, LineSpan, QuoteProblem};
use crate::domain::table::detected_format::Sheet;
use crate::domain::table::header::{Header, fold};
pub(super) use container::Container;
use legacy::Legacy;
use sheet::{Merge, Survey, letters};
use xlsx::{SheetEntry, Workbook};

/// Rows read ahead: batches, and rows in one.
const BATCHES: usize = 4;
const BATCH: usize = 256;
/// Most bytes of a batch: rows may be long.
const BATCH_BYTES: usize = 1024 * 1024;
/// Most empty cells that rows are filled up with.
const FILLED: usize = 200_000_000;
/// Sheets and rows of them that are looked at for columns.
const LOOKED_AT: (usize, u64) = (50, 20);

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
    /// Columns of the header: what an empty cell at the end of another row is filled up to.
    width: usize,
    /// Cells that rows were filled up with.
    filled: usize,
    pub(super) blank: u64,
    last: u64,
}

impl Rows {
    /// The sheet that the settings name, or the first one that can be seen.
    pub(super) fn open(file: File, settings: &RecipientsSettings) -> Result<(Self, Sheet), FileProblem> {
        let (sender, words) = sync_channel(BATCHES);
        let (opened, answer) = sync_channel(1);
        let settings = settings.clone();
        std::thread::Builder::new().name("workbook".to_owned()).spawn(move || {
            match Book::open(file).and_then(|mut book| Ok((book.choose(&settings)?, book))) {
                Ok((chosen, mut book)) => {
                    // Whoever opened it is gone when sending fails; so it is below.
                    let _ = opened.send(Ok(chosen.told.clone()));
                    let (mut batch, mut bytes) = (Vec::with_capacity(BATCH), 0);
                    let read = book.rows(&chosen, &settings, |line, record| {
                        bytes += record.bytes();
                        batch.push((line, record));
                        let full = batch.len() >= BATCH || bytes >= BATCH_BYTES;
                        bytes = if full { 0 } else { bytes };
                        !full || sender.send(Word::Rows(std::mem::take(&mut batch))).is_ok()
                    });
                    let _ = sender.send(Word::Rows(batch));
                    let _ = sender.send(read.map_or_else(Word::Failed, |()| Word::End));
                }
                Err(problem) => drop(opened.send(Err(problem))),
            }
        })?;
        let sheet = answer.recv().map_err(|_| died())??;
        Ok((
            Self {
                words,
                ended: false,
                batch: Vec::new().into_iter(),
                width: 0,
                filled: 0,
                blank: 0,
                last: 0,
            },
            sheet,
        ))
    }

    pub(super) fn next(&mut self) -> Result<Option<(LineSpan, Record)>, FileProblem> {
        loop {
            if let Some((line, mut record)) = self.batch.next() {
                self.filled += self.width.saturating_sub(record.len());
                if self.filled > FILLED {
                    return Err(FileProblem::WorkbookTooLarge);
                }
                record.fill_up(self.width);
                if self.width > 0 {
                    record.drop_filled_behind(self.width);
                }
                self.blank += line - self.last - 1;
                self.last = line;
                return Ok(Some((LineSpan { first: line, last: line, quotes: QuoteProblem::None }, record)));
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

    /// Rows are filled up to this many cells: a workbook leaves out empty cells at their ends.
    pub(super) fn header_has(&mut self, columns: usize) {
        self.width = columns;
    }
}

/// The names of the sheets of a workbook that have these columns in one of their first lines, but not `read`.
pub(super) fn sheets_with(file: File, read: &str, wanted: impl Fn(&Header) -> bool) -> Vec<String> {
    let Ok(mut book) = Book::open(file) else { return Vec::new() };
    if let Book::Xlsx(container, _) | Book::Ods(container, _) = &mut book {
        container.search();
    }
    let settings =
        RecipientsSettings { hidden_rows: Some(HiddenRows::Send), ..RecipientsSettings::default() };
    let mut found = Vec::new();
    for entry in book.sheets().into_iter().take(LOOKED_AT.0).filter(|entry| entry.name != read) {
        let name = entry.name.clone();
        // What of it cannot be seen does not matter here, and it would take a reading of the whole sheet.
        let chosen = Chosen { entry, merges: Vec::new(), told: Sheet::default() };
        let mut has = false;
        let _ = book.rows(&chosen, &settings, |line, record| {
            has = wanted(&Header::new(record.iter()));
            !has && line < LOOKED_AT.1
        });
        if has {
            found.push(name);
        }
    }
    found
}

fn died() -> FileProblem {
    FileProblem::Workbook("it is not made as workbooks are".into())
}

/// A workbook of one of the kinds.
enum Book {
    Xlsx(Container, Box<Workbook>),
    Ods(Container, Vec<SheetEntry>),
    Legacy(Legacy),
}

/// The sheet that is read.
struct Chosen {
    entry: SheetEntry,
    merges: Vec<Merge>,
    told: Sheet,
}

impl Book {
    fn open(mut file: File) -> Result<Self, FileProblem> {
        use std::io::{Read as _, Seek as _};
        let mut head = [0; 4];
        let length = file.read(&mut head)?;
        file.rewind()?;
        if head[..length] == super::sniff::OLD_WORKBOOK[..4] {
            return Legacy::xls(file).map(Self::Legacy);
        }
        let mut container = Container::open(file.try_clone()?)?;
        let has = |name: &str| container.names().iter().any(|known| known == name);
        if has("xl/workbook.bin") {
            return Legacy::xlsb(file).map(Self::Legacy);
        }
        if has(ods::CONTENT) && !has("[content_types].xml") {
            let sheets = ods::sheets(&mut container)?;
            return Ok(Self::Ods(container, sheets));
        }
        if !container.names().iter().any(|name| name.starts_with("xl/")) && !has("_rels/.rels") {
            return Err(FileProblem::Archive("a zip archive without a workbook or a text file in it"));
        }
        let mut workbook = Workbook::outline(&mut container)?;
        workbook.fill(&mut container)?;
        Ok(Self::Xlsx(container, Box::new(workbook)))
    }

    fn sheets(&self) -> Vec<SheetEntry> {
        match self {
            Self::Xlsx(_, workbook) => workbook.sheets.clone(),
            Self::Ods(_, sheets) => sheets.clone(),
            Self::Legacy(legacy) => legacy.sheets(),
        }
    }

    fn choose(&mut self, settings: &RecipientsSettings) -> Result<Chosen, FileProblem> {
        let sheets = self.sheets();
        let names = || sheets.iter().map(|sheet| sheet.name.as_str().into()).collect();
        let chosen = match &settings.sheet {
            Some(wanted) => sheets
                .iter()
                .find(|sheet| sheet.name == *wanted)
                .or_else(|| sheets.iter().find(|sheet| fold(&sheet.name) == fold(wanted)))
                .ok_or_else(|| FileProblem::NoSheet { wanted: wanted.as_str().into(), there: names() })?,
            None => sheets
                .iter()
                .find(|sheet| sheet.visible == SheetVisible::Visible)
                .ok_or(FileProblem::Empty)?,
        };
        self.survey(chosen.clone(), settings)
    }

    /// Finds out what of a sheet cannot be seen.
    ///
    /// # Errors
    /// Rows that cannot be seen where nobody said what becomes of them.
    fn survey(&mut self, entry: SheetEntry, settings: &RecipientsSettings) -> Result<Chosen, FileProblem> {
        let survey = match self {
            Self::Xlsx(container, _) => match container.xml(&entry.path)? {
                Some(xml) => Survey::read(xml)?,
                None => {
                    return Err(FileProblem::Workbook(
                        format!("its sheet {:?} is missing", entry.name).into(),
                    ));
                }
            },
            Self::Ods(container, _) => {
                let (mut survey, mut hidden, mut first, mut rows) = (Survey::default(), 0, 0, 0_u64);
                let which = ods::SheetReading { sheet: &entry.name, shown: false };
                ods::read(container, which, &mut survey, |line, _, is_hidden| {
                    rows += 1;
                    if is_hidden && rows > 1 {
                        hidden += 1;
                        first = if hidden == 1 { line } else { first };
                    }
                    true
                })?;
                Survey { hidden_rows: hidden, first_hidden: first, ..survey }
            }
            Self::Legacy(_) if settings.values_shown => return Err(FileProblem::NoFormats),
            Self::Legacy(_) => Survey::default(),
        };
        if survey.hidden_rows > 0 && settings.hidden_rows.is_none() {
            let (rows, line) = (survey.hidden_rows, survey.first_hidden);
            return Err(FileProblem::HiddenRows { sheet: entry.name.into(), rows, line });
        }
        let mut merges: Vec<Merge> =
            survey.merges.into_iter().filter(|merge| *merge.rows.end() > 1).collect();
        merges.sort_by_key(|merge| *merge.rows.start());
        let sheets = self.sheets().into_iter().filter(|sheet| sheet.name != entry.name);
        let (others, hidden): (Vec<SheetEntry>, Vec<SheetEntry>) =
            sheets.partition(|sheet| sheet.visible == SheetVisible::Visible);
        let names = |sheets: Vec<SheetEntry>| sheets.into_iter().map(|sheet| sheet.name).collect();
        let told = Sheet {
            name: entry.name.clone(),
            others: names(others),
            hidden_sheets: names(hidden),
            hidden_rows: survey.hidden_rows,
            blind: matches!(self, Self::Legacy(_)),
            hidden_columns: survey.hidden_columns.into_iter().flatten().take(sheet::COLUMNS).collect(),
            merged: merges.len() as u64,
            first_merged: merges.first().map(|merge| {
                let place = |column: &usize, row: &u64| format!("{}{row}", letters(*column));
                let first = place(merge.columns.start(), merge.rows.start());
                format!("{first}:{}", place(merge.columns.end(), merge.rows.end()))
            }),
            filled: settings.fill_merged,
            shown: settings.values_shown,
            skipped_hidden: settings.hidden_rows == Some(HiddenRows::Skip),
        };
        Ok(Chosen { entry, merges, told })
    }

    /// Calls `row` for each row that is wanted and has a cell, until it says stop.
    fn rows(
        &mut self,
        chosen: &Chosen,
        settings: &RecipientsSettings,
        mut row: impl FnMut(u64, Record) -> bool,
    ) -> Result<(), FileProblem> {
        let skip = settings.hidden_rows == Some(HiddenRows::Skip);
        let merges = if settings.fill_merged { &chosen.merges[..] } else { &[] };
        let (mut fill, mut first) = (Fill { merges, active: Vec::new() }, true);
        let each = |line, record, hidden: bool| {
            let record = fill.row(line, record);
            let wanted = first || !(hidden && skip);
            first &= record.is_blank();
            !wanted || row(line, record)
        };
        match self {
            Self::Xlsx(container, workbook) => match container.xml(&chosen.entry.path)? {
                Some(xml) => {
                    workbook.shown = settings.values_shown;
                    sheet::read(xml, workbook, each)
                }
                None => Err(died()),
            },
            Self::Ods(container, _) => {
                let which = ods::SheetReading { sheet: &chosen.entry.name, shown: settings.values_shown };
                ods::read(container, which, &mut Survey::default(), each)
            }
            Self::Legacy(legacy) => legacy.read(&chosen.entry.name, each),
        }
    }
}

/// Gives each cell of a merged area the value of its first one.
struct Fill<'m> {
    /// Those that have not begun.
    merges: &'m [Merge],
    /// Those that have, with their text.
    active: Vec<(&'m Merge, String)>,
}

impl Fill<'_> {
    fn row(&mut self, line: u64, record: Record) -> Record {
        while let Some((merge, rest)) = self.merges.split_first()
            && *merge.rows.start() <= line
        {
            self.merges = rest;
            if merge.rows.contains(&line) {
                // Where the first row of the area is not there, nothing is in it.
                let text = if *merge.rows.start() == line { record.cell(*merge.columns.start()) } else { "" };
                self.active.push((merge, text.to_owned()));
            }
        }
        self.active.retain(|(merge, _)| merge.rows.contains(&line));
        if self.active.is_empty() {
            return record;
        }
        let width = self.active.iter().map(|(merge, _)| merge.columns.end() + 1).max().unwrap_or_default();
        let filled = (0..width.max(record.len())).map(|at| {
            let merged = self.active.iter().find(|(merge, _)| merge.columns.contains(&at));
            merged.map_or_else(|| record.cell(at), |(_, text)| text)
        });
        let mut filled: Record = filled.collect();
        filled.take_damage(&record);
        filled.filled_behind(record.len());
        filled
    }
}
