//! Counts physical lines in the bytes on their way to the CSV parser, and stops records that never end.
//!
//! The parser knows where a record starts in bytes only: its lines are those of `\n`, and blank lines belong to the
//! record behind them. Here a line ends with LF, CRLF or CR, and a record stands where its first byte does.

use std::collections::VecDeque;
use std::io::{self, Read};

use super::error::TooLong;
use crate::domain::binding::Lines;

pub(super) struct LineReader {
    inner: Box<dyn Read + Send>,
    /// Bytes handed to the parser so far.
    handed: u64,
    /// The line that the next byte belongs to.
    line: u64,
    previous: u8,
    quotes: u64,
    /// Starts of the lines that are not blank, of all that the parser may still ask for.
    starts: VecDeque<Start>,
    /// Where the record that is being read starts, and how long it may be.
    record: u64,
    limit: u64,
}

struct Start {
    byte: u64,
    line: u64,
    /// Quotes before it.
    quotes: u64,
}

impl LineReader {
    pub(super) fn new(inner: Box<dyn Read + Send>, limit: u64) -> Self {
        Self {
            inner,
            handed: 0,
            line: 1,
            previous: b'\n',
            quotes: 0,
            starts: VecDeque::new(),
            record: 0,
            limit,
        }
    }

    /// The next record starts at this byte or behind it; what is before will not be asked for again.
    pub(super) fn record_starts(&mut self, byte: u64) {
        self.record = byte;
        while self.starts.front().is_some_and(|start| start.byte < byte) {
            self.starts.pop_front();
        }
    }

    /// The lines of the record between two bytes, blank lines and line ends around it left out.
    pub(super) fn lines(&self, start: u64, end: u64) -> Lines {
        let mut starts = self.starts.iter().skip_while(|line| line.byte < start);
        let Some(first) = starts.next() else {
            return Lines { first: self.line, last: self.line, quote_open: false };
        };
        let last = starts.take_while(|line| line.byte < end).last().map_or(first.line, |line| line.line);
        // Only the last record of a file can end inside quotes.
        let quote_open = end == self.handed && last > first.line && (self.quotes - first.quotes) % 2 == 1;
        Lines { first: first.line, last, quote_open }
    }

    fn count(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match (self.previous, *byte) {
                (b'\r', b'\n') => {}
                (_, b'\r' | b'\n') => self.line += 1,
                (b'\r' | b'\n', _) => {
                    self.starts.push_back(Start { byte: self.handed, line: self.line, quotes: self.quotes });
                }
                _ => {}
            }
            self.quotes += u64::from(*byte == b'"');
            self.previous = *byte;
            self.handed += 1;
        }
    }
}

impl Read for LineReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.handed - self.record > self.limit {
            return Err(io::Error::other(TooLong));
        }
        let length = self.inner.read(buffer)?;
        self.count(&buffer[..length]);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_with_lf_crlf_or_cr_and_blank_ones_start_no_record() {
        let text = b"a\nb\r\nc\r\rd\n\r\n\ne";
        let mut reader = LineReader::new(Box::new(&text[..]), 100);
        for expected in text {
            let mut byte = [0];
            assert_eq!((reader.read(&mut byte).unwrap(), byte[0]), (1, *expected));
        }
        let starts: Vec<_> =
            reader.starts.iter().map(|start| (text[start.byte as usize], start.line)).collect();
        assert_eq!(starts, [(b'a', 1), (b'b', 2), (b'c', 3), (b'd', 5), (b'e', 8)]);
        assert_eq!(reader.lines(1, 4), Lines { first: 2, last: 2, quote_open: false });
        reader.record_starts(7);
        assert_eq!(reader.lines(7, 14), Lines { first: 5, last: 8, quote_open: false });
    }

    #[test]
    fn a_record_that_never_ends_is_stopped() {
        let mut reader = LineReader::new(Box::new(io::repeat(b'x')), 100);
        let mut buffer = [0; 64];
        assert!(reader.read(&mut buffer).is_ok() && reader.read(&mut buffer).is_ok());
        assert!(reader.read(&mut buffer).is_err());
        reader.record_starts(120);
        assert!(reader.read(&mut buffer).is_ok());
    }
}
