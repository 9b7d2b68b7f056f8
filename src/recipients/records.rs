//! Delimited text becomes records, each with the physical lines on which it stands.
//!
//! A line ends with LF, CRLF or CR; a record begins where its first byte does, blank lines before it left out. Memory
//! is bounded: by one block of the file and one record.

use std::io::{self, Read};

use csv_core::{ReadRecordResult, Reader};
use memchr::memchr3_iter;

use super::error::FileProblem;
use super::quotes::{Dialect, QuoteScan};
use super::record::{NotText, Record};
use super::unspaced::Unspaced;
use crate::domain::definition::Delimiter;
use crate::domain::row::binding::{LineSpan, QuoteProblem};

/// Longest record, in bytes without its quotes.
pub const RECORD_BYTES: usize = 1024 * 1024;

/// Most cells of a record; what a sheet of Excel has columns.
const CELLS: usize = 16_384;

const BLOCK: usize = 64 * 1024;

pub(super) struct Records {
    input: Box<dyn Read + Send>,
    core: Reader,
    block: Vec<u8>,
    /// What of the block is still to be read.
    at: usize,
    filled: usize,
    fields: Vec<u8>,
    ends: Vec<usize>,
    place: RecordPlace,
    /// Lines that belong to records.
    told: u64,
}

/// Where in the file reading is.
struct RecordPlace {
    /// The line that the next byte belongs to.
    line: u64,
    previous: u8,
    /// The line on which the record begins, once it does.
    first: Option<u64>,
    quotes: u64,
    scan: QuoteScan,
}

impl Records {
    /// Reads from the line with this number on.
    pub(super) fn new(input: Box<dyn Read + Send>, delimiter: Delimiter, line: u64) -> Self {
        Self::with(input, Dialect::usual(delimiter), line)
    }

    /// The same where cells and quotes are written otherwise.
    pub(super) fn with(input: Box<dyn Read + Send>, dialect: Dialect, line: u64) -> Self {
        let escape = dialect.backslashes.then_some(b'\\');
        let core = csv_core::ReaderBuilder::new()
            .delimiter(dialect.delimiter)
            .quote(dialect.quote)
            .escape(escape)
            .build();
        Self {
            input: Box::new(Unspaced::new(input, dialect)),
            core,
            block: vec![0; BLOCK],
            at: 0,
            filled: 0,
            fields: vec![0; 1024],
            ends: vec![0; 32],
            place: RecordPlace {
                line,
                previous: b'\n',
                first: None,
                quotes: 0,
                scan: QuoteScan::new(dialect),
            },
            told: line - 1,
        }
    }

    /// The next record that has a line, and its lines; a cell that is not UTF-8.
    pub(super) fn next(&mut self) -> Result<Option<(LineSpan, Record, Option<NotText>)>, FileProblem> {
        self.place.first = None;
        self.place.quotes = 0;
        self.place.scan.begin();
        let (mut length, mut count) = (0, 0);
        loop {
            if self.at == self.filled {
                self.fill()?;
            }
            let block = &self.block[self.at..self.filled];
            let ended = block.is_empty();
            let (result, read, written, ends) =
                self.core.read_record(block, &mut self.fields[length..], &mut self.ends[count..]);
            self.place.pass(&block[..read]);
            self.at += read;
            length += written;
            count += ends;
            match result {
                ReadRecordResult::InputEmpty if length > RECORD_BYTES => return Err(self.too_long(count)),
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if length > RECORD_BYTES => return Err(self.too_long(count)),
                ReadRecordResult::OutputFull => self.fields.resize(self.fields.len() * 2, 0),
                ReadRecordResult::OutputEndsFull if count > CELLS => return Err(self.too_long(count)),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::End => return Ok(None),
                ReadRecordResult::Record => {
                    let lines = self.place.lines(ended);
                    self.told += lines.last + 1 - lines.first;
                    let (record, wrong) = Record::from_bytes(&self.fields[..length], &self.ends[..count]);
                    return Ok(Some((lines, record, wrong)));
                }
            }
        }
    }

    /// Lines passed that no record stands on.
    pub(super) fn blank_lines(&self) -> u64 {
        let newline = matches!(self.place.previous, b'\r' | b'\n');
        (self.place.line - u64::from(newline)).saturating_sub(self.told)
    }

    fn fill(&mut self) -> Result<(), FileProblem> {
        self.at = 0;
        self.filled = loop {
            match self.input.read(&mut self.block) {
                Ok(length) => break length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        };
        Ok(())
    }

    fn too_long(&self, column: usize) -> FileProblem {
        FileProblem::RecordTooLong { line: self.place.first.unwrap_or(self.place.line), column }
    }
}

impl RecordPlace {
    /// Counts the lines in bytes that were read.
    fn pass(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        if self.first.is_none() {
            let begins = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(bytes.len());
            bytes[..begins].iter().for_each(|byte| self.end_line(*byte));
            rest = &bytes[begins..];
            if !rest.is_empty() {
                self.first = Some(self.line);
            }
        }
        let mut after = 0;
        let quote = self.scan.dialect.quote;
        self.scan.resume(rest);
        for at in memchr3_iter(b'\r', b'\n', quote, rest) {
            if at > after {
                self.previous = b' ';
            }
            after = at + 1;
            if rest[at] == quote {
                self.quotes += 1;
                self.previous = quote;
                self.scan.see(rest, at);
            } else {
                self.end_line(rest[at]);
            }
        }
        self.scan.pause(rest);
        if after < rest.len() {
            self.previous = b' ';
        }
    }

    fn end_line(&mut self, byte: u8) {
        if (self.previous, byte) != (b'\r', b'\n') {
            self.line += 1;
        }
        self.previous = byte;
    }

    /// The lines of the record that ends here.
    fn lines(&self, ended: bool) -> LineSpan {
        let newline = matches!(self.previous, b'\r' | b'\n');
        let first = self.first.unwrap_or(self.line);
        let last = (self.line - u64::from(newline)).max(first);
        let open = ended && last > first && self.quotes % 2 == 1;
        let quotes = match (open, self.scan.is_stray()) {
            (true, _) => QuoteProblem::Open,
            (false, true) => QuoteProblem::Stray,
            (false, false) => QuoteProblem::None,
        };
        LineSpan { first, last, quotes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(bytes: &'static [u8]) -> Records {
        Records::new(Box::new(bytes), Delimiter::Comma, 1)
    }

    #[test]
    fn lines_end_with_lf_crlf_or_cr_and_blank_ones_start_no_record() {
        let mut records = records(b"a\nb\r\nc\r\rd\n\r\n\n\"e\n\"\n\nf");
        let mut told = Vec::new();
        while let Some((lines, record, _)) = records.next().unwrap() {
            told.push((record.iter().next().unwrap().to_owned(), lines.first, lines.last));
        }
        let expected = [("a", 1, 1), ("b", 2, 2), ("c", 3, 3), ("d", 5, 5), ("e\n", 8, 9), ("f", 11, 11)];
        assert_eq!(told, expected.map(|(cell, first, last)| (cell.to_owned(), first, last)));
        assert_eq!(records.blank_lines(), 4);
    }

    #[test]
    fn a_record_that_never_ends_is_stopped_and_its_column_named() {
        let endless = Box::new(b"a,b\n\n1,2,\"".chain(io::repeat(b'x')));
        let mut records = Records::new(endless, Delimiter::Comma, 1);
        assert!(records.next().is_ok());
        let error = records.next().err().unwrap();
        assert!(matches!(error, FileProblem::RecordTooLong { line: 3, column: 2 }), "{error}");
        assert!(records.fields.len() <= 2 * RECORD_BYTES);
    }

    /// Cells without end are as bad as a cell without end.
    #[test]
    fn a_record_of_empty_cells_that_never_ends_is_stopped() {
        let mut records = Records::new(Box::new(io::repeat(b',')), Delimiter::Comma, 1);
        assert!(records.next().is_err());
    }
}
