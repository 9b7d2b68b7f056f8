//! What a binary workbook would take before calamine reads it: it believes the sizes that an `.xls` or `.xlsb` declares,
//! follows chains of sectors that go in circles, and holds each sheet as a full rectangle. What would take too much is
//! refused here.
//!
//! Sources: MS-CFB 2.2 to 2.6, MS-XLS 2.1.4, 2.4.90, 2.4.265 and 2.5.293, MS-XLSB 2.1.4.

use std::collections::HashSet;
use std::io::{self, Read};

use crate::recipients::error::FileProblem;

/// Most bytes of memory for the cells of all sheets.
const CELL_BYTES: u64 = 128 * 1024 * 1024;
/// What calamine takes for a cell and for a formula, in bytes.
const CELL: u64 = 40;
const FORMULA: u64 = 24;
/// Longest record of an `.xlsb`. A cell has at most 32,767 characters.
const RECORD_BYTES: u64 = 1024 * 1024;
/// The first number of a sector that is none.
const NO_SECTOR: u32 = 0xffff_fffa;

const BOUND_SHEET: u16 = 0x0085;
const SHARED_STRINGS: u16 = 0x00fc;
const CONTINUE: u16 = 0x003c;
const DIMENSIONS: u16 = 0x0200;
const LABEL_SST: u16 = 0x00fd;
const MUL_RK: u16 = 0x00bd;
const FORMULA_CELL: u16 = 0x0006;
const BEGIN: u16 = 0x0809;
const END: u16 = 0x000a;
/// BiffRecords with one cell: its row, then its column.
const CELLS: [u16; 7] = [0x0203, 0x0204, 0x00d6, 0x0205, 0x027e, LABEL_SST, FORMULA_CELL];

/// Refuses the bytes of an `.xls` that would take more than its bounds.
pub(super) fn check_xls(file: &[u8]) -> Result<(), FileProblem> {
    let compound = CompoundFile::read(file)?;
    let Some(stream) = compound.stream(&["Workbook", "Book"])? else { return Ok(()) };
    let (mut sheets, mut texts) = (HashSet::new(), Vec::new());
    let mut records = BiffRecords { stream: &stream };
    while let Some((kind, data)) = records.next() {
        match kind {
            // A sheet that is named twice is held twice.
            BOUND_SHEET if !sheets.insert(u32_at(data, 0)) => return Err(FileProblem::WorkbookTooLarge),
            SHARED_STRINGS => texts = text_lengths(data, &mut records),
            _ => {}
        }
    }
    let mut left = CELL_BYTES;
    let mut read = stream.len().saturating_mul(4);
    for sheet in sheets {
        let sheet = stream.get(sheet as usize..).unwrap_or_default();
        let (taken, passed) = sheet_takes(sheet, &texts)?;
        left = left.checked_sub(taken).ok_or(FileProblem::WorkbookTooLarge)?;
        // Sheets that begin within others are read as often as they begin.
        read = read.checked_sub(passed).ok_or(FileProblem::WorkbookTooLarge)?;
    }
    Ok(())
}

/// What a sheet takes in memory, and how many bytes it has.
fn sheet_takes(sheet: &[u8], texts: &[u64]) -> Result<(u64, usize), FileProblem> {
    let (mut cells, mut formulas) = (CellArea::default(), CellArea::default());
    let (mut taken, mut depth) = (0_u64, 0_u32);
    let mut records = BiffRecords { stream: sheet };
    while let Some((kind, data)) = records.next() {
        match kind {
            BEGIN => depth += 1,
            END if depth <= 1 => break,
            END => depth -= 1,
            DIMENSIONS => taken = taken.saturating_add(declared(data).saturating_mul(CELL)),
            kind if CELLS.contains(&kind) && data.len() >= 4 => {
                let (row, column) = (u16_at(data, 0), u16_at(data, 2));
                cells.take_in(row, column);
                if kind == FORMULA_CELL {
                    formulas.take_in(row, column);
                }
                if kind == LABEL_SST {
                    let text = texts.get(u32_at(data, 6) as usize).copied().unwrap_or_default();
                    taken = taken.saturating_add(text);
                }
            }
            MUL_RK if data.len() >= 6 => {
                cells.take_in(u16_at(data, 0), u16_at(data, 2));
                cells.take_in(u16_at(data, 0), u16_at(data, data.len() - 2));
            }
            _ => {}
        }
        if taken > CELL_BYTES {
            return Err(FileProblem::WorkbookTooLarge);
        }
    }
    taken += cells.size() * CELL + formulas.size() * FORMULA;
    if taken > CELL_BYTES {
        Err(FileProblem::WorkbookTooLarge)
    } else {
        Ok((taken, sheet.len() - records.stream.len()))
    }
}

/// How many cells a sheet says that it has. calamine makes room for them, and counts as this does.
fn declared(data: &[u8]) -> u64 {
    let (first_row, row, first, column) = match data.len() {
        10 => (u16_at(data, 0).into(), u16_at(data, 2).into(), u16_at(data, 4), u16_at(data, 6)),
        14 | 16 => (u32_at(data, 0), u32_at(data, 4), u16_at(data, 8), u16_at(data, 10)),
        _ => return 0,
    };
    let first = if first > 0xff || column < first { 0 } else { first };
    if row == 0 || column == 0 {
        return 1;
    }
    u64::from(row.wrapping_sub(first_row))
        .saturating_mul(u64::from(u32::from(column).wrapping_sub(first.into())))
}

/// A rectangle of cells.
#[derive(Default)]
struct CellArea(Option<[u64; 4]>);

impl CellArea {
    fn take_in(&mut self, row: u16, column: u16) {
        let (row, column) = (u64::from(row), u64::from(column));
        let [top, bottom, left, right] = self.0.unwrap_or([row, row, column, column]);
        self.0 = Some([top.min(row), bottom.max(row), left.min(column), right.max(column)]);
    }

    fn size(&self) -> u64 {
        self.0.map_or(0, |[top, bottom, left, right]| (bottom - top + 1) * (right - left + 1))
    }
}

/// The records of a stream: kind and data.
struct BiffRecords<'s> {
    stream: &'s [u8],
}

impl<'s> BiffRecords<'s> {
    fn next(&mut self) -> Option<(u16, &'s [u8])> {
        if self.stream.len() < 4 {
            return None;
        }
        let (kind, length) = (u16_at(self.stream, 0), usize::from(u16_at(self.stream, 2)));
        let data = self.stream.get(4..4 + length)?;
        self.stream = &self.stream[4 + length..];
        Some((kind, data))
    }

    /// What a record that was too long for one goes on with.
    fn next_continued(&mut self) -> Option<&'s [u8]> {
        let mut ahead = BiffRecords { stream: self.stream };
        let (kind, data) = ahead.next()?;
        (kind == CONTINUE).then(|| self.stream = ahead.stream)?;
        Some(data)
    }
}

/// How many bytes the texts that cells share have, at most.
fn text_lengths<'s>(data: &'s [u8], records: &mut BiffRecords<'s>) -> Vec<u64> {
    let mut bytes = BiffPieces { piece: data.get(8..).unwrap_or_default(), records };
    let mut lengths = Vec::new();
    while let Some(head) = bytes.take(3) {
        let characters = u64::from(u16_at(&head, 0));
        let flags = head[2];
        let runs =
            if flags & 8 == 0 { 0 } else { bytes.take(2).map_or(0, |count| usize::from(u16_at(&count, 0))) };
        let more =
            if flags & 4 == 0 { 0 } else { bytes.take(4).map_or(0, |count| u32_at(&count, 0) as usize) };
        lengths.push(characters * 3);
        bytes.skip_text(usize::from(u16_at(&head, 0)), flags & 1 != 0);
        bytes.skip(runs.saturating_mul(4).saturating_add(more));
    }
    lengths
}

/// Data that go on in other records.
struct BiffPieces<'r, 's> {
    piece: &'s [u8],
    records: &'r mut BiffRecords<'s>,
}

impl BiffPieces<'_, '_> {
    fn more(&mut self) -> bool {
        while self.piece.is_empty() {
            let Some(next) = self.records.next_continued() else { return false };
            self.piece = next;
        }
        true
    }

    fn take(&mut self, count: usize) -> Option<Vec<u8>> {
        let mut taken = Vec::with_capacity(count);
        while taken.len() < count {
            if !self.more() {
                return None;
            }
            let (now, later) = self.piece.split_at((count - taken.len()).min(self.piece.len()));
            taken.extend_from_slice(now);
            self.piece = later;
        }
        Some(taken)
    }

    fn skip(&mut self, mut count: usize) {
        while count > 0 && self.more() {
            let now = count.min(self.piece.len());
            self.piece = &self.piece[now..];
            count -= now;
        }
    }

    /// Where a text goes on in another record, that says anew whether its characters have one byte or two.
    fn skip_text(&mut self, mut characters: usize, mut wide: bool) {
        while characters > 0 {
            if self.piece.is_empty() {
                let Some(flags) = self.more().then(|| self.piece[0]) else { return };
                (wide, self.piece) = (flags & 1 != 0, &self.piece[1..]);
                continue;
            }
            let width = if wide { 2 } else { 1 };
            let now = characters.min(self.piece.len().div_ceil(width));
            self.piece = self.piece.get(now * width..).unwrap_or_default();
            characters -= now;
        }
    }
}

/// A compound file: streams in chains of sectors.
struct CompoundFile<'f> {
    file: &'f [u8],
    sector: usize,
    next: Vec<u32>,
    folder: Vec<u8>,
    /// The small sectors, and where chains of them go on.
    small: Vec<u8>,
    small_next: Vec<u32>,
}

impl<'f> CompoundFile<'f> {
    fn read(file: &'f [u8]) -> Result<Self, FileProblem> {
        if file.len() < 512 {
            return Err(torn());
        }
        let sector = if u16_at(file, 30) == 9 { 512 } else { 4096 };
        let mut compound = Self {
            file,
            sector,
            next: Vec::new(),
            folder: Vec::new(),
            small: Vec::new(),
            small_next: Vec::new(),
        };
        let mut tables: Vec<u32> = numbers(&file[76..512]).collect();
        let (mut at, mut left) = (u32_at(file, 68), compound.sectors());
        while at < NO_SECTOR {
            left = left.checked_sub(1).ok_or_else(torn)?;
            tables.extend(numbers(compound.sector(at)?));
            at = tables.pop().unwrap_or(NO_SECTOR);
        }
        // calamine reads each of them as often as it is named.
        tables.retain(|table| *table < 0xffff_fffc);
        if tables.len() > compound.sectors() {
            return Err(torn());
        }
        for table in tables {
            let numbers: Vec<u32> = numbers(compound.sector(table)?).collect();
            compound.next.extend(numbers);
        }
        compound.folder = compound.chain(u32_at(file, 48), usize::MAX)?;
        if u32_at(file, 64) > 0 {
            let root = compound.folder.get(..128).ok_or_else(torn)?;
            compound.small = compound.chain(u32_at(root, 116), compound.length(root)?)?;
            let table = (u32_at(file, 64) as usize).saturating_mul(sector);
            compound.small_next = numbers(&compound.chain(u32_at(file, 60), table)?).collect();
        }
        Ok(compound)
    }

    fn sectors(&self) -> usize {
        self.file.len() / self.sector
    }

    fn sector(&self, at: u32) -> Result<&'f [u8], FileProblem> {
        let start = (at as usize).checked_add(1).and_then(|at| at.checked_mul(self.sector));
        let start = start.filter(|start| *start < self.file.len()).ok_or_else(torn)?;
        Ok(&self.file[start..self.file.len().min(start + self.sector)])
    }

    /// The first `length` bytes of a chain; one that goes in circles is none.
    fn chain(&self, mut at: u32, length: usize) -> Result<Vec<u8>, FileProblem> {
        let (mut bytes, mut left) = (Vec::new(), self.sectors());
        while at != 0xffff_fffe && bytes.len() < length {
            left = left.checked_sub(1).ok_or_else(torn)?;
            bytes.extend_from_slice(self.sector(at)?);
            at = *self.next.get(at as usize).ok_or_else(torn)?;
        }
        bytes.truncate(length);
        Ok(bytes)
    }

    /// The length of an entry, which is no longer than the file.
    fn length(&self, entry: &[u8]) -> Result<usize, FileProblem> {
        let high = if self.sector == 512 { 0 } else { u32_at(entry, 124) };
        let length = u32_at(entry, 120) as usize;
        if high > 0 || length > self.file.len() { Err(torn()) } else { Ok(length) }
    }

    /// The stream with one of these names, the first of them first.
    fn stream(&self, names: &[&str]) -> Result<Option<Vec<u8>>, FileProblem> {
        let entries = || self.folder.chunks_exact(128);
        let named = |name: &str| {
            entries().find(|entry| {
                let units =
                    entry[..64].chunks_exact(2).map(|unit| u16_at(unit, 0)).take_while(|unit| *unit != 0);
                char::decode_utf16(units)
                    .map(|c| c.unwrap_or('?'))
                    .collect::<String>()
                    .eq_ignore_ascii_case(name)
            })
        };
        let Some(entry) = names.iter().find_map(|name| named(name)) else { return Ok(None) };
        let (start, length) = (u32_at(entry, 116), self.length(entry)?);
        if length >= 4096 {
            return self.chain(start, length).map(Some);
        }
        let (mut bytes, mut at, mut left) = (Vec::new(), start, self.small_next.len());
        while at != 0xffff_fffe && bytes.len() < length {
            left = left.checked_sub(1).ok_or_else(torn)?;
            let begin = (at as usize).saturating_mul(64);
            let end = self.small.len().min(begin.saturating_add(64));
            bytes.extend_from_slice(self.small.get(begin..end).ok_or_else(torn)?);
            at = *self.small_next.get(at as usize).ok_or_else(torn)?;
        }
        bytes.truncate(length);
        Ok(Some(bytes))
    }
}

fn torn() -> FileProblem {
    FileProblem::Workbook("its parts go round, or end too early".into())
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.chunks_exact(4).map(|number| u32_at(number, 0))
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |bytes| u16::from_le_bytes([bytes[0], bytes[1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).map_or(0, |bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

/// Refuses a part of an `.xlsb` with a record that is longer than any: room for what it declares is made before it is read.
pub(super) fn check_xlsb(part: &mut impl Read) -> Result<(), FileProblem> {
    let mut part = io::BufReader::new(part);
    let mut byte = || -> io::Result<Option<u64>> {
        let mut byte = [0];
        Ok((part.read(&mut byte)? == 1).then(|| byte[0].into()))
    };
    loop {
        let Some(kind) = byte()? else { return Ok(()) };
        if kind & 0x80 != 0 {
            byte()?;
        }
        let mut length = 0;
        for at in 0..4 {
            let Some(more) = byte()? else { return Ok(()) };
            length |= (more & 0x7f) << (7 * at);
            if more & 0x80 == 0 {
                break;
            }
        }
        if length > RECORD_BYTES {
            return Err(FileProblem::WorkbookTooLarge);
        }
        for _ in 0..length {
            if byte()?.is_none() {
                return Ok(());
            }
        }
    }
}
