//! Text without the blanks that some programs write between a delimiter and a quote: `1, "Lee, Ann"`. A parser of CSV takes
//! such a quote for a character of the cell.

use std::io::{self, Read};

use memchr::memchr_iter;

use super::quotes::Dialect;

/// Blanks that are held back at the end of a piece, at most: more than that is no blank in front of a quote.
const HELD: usize = 1024;

pub(super) struct Unspaced<R> {
    inner: R,
    dialect: Dialect,
    piece: Vec<u8>,
    /// What of the piece was given out, and what of it may be.
    at: usize,
    ready: usize,
    filled: usize,
    /// Whether the next byte is within quotes.
    quoted: bool,
    /// Whether the last byte before the piece ends a cell or a line.
    after_delimiter: bool,
}

impl<R: Read> Unspaced<R> {
    pub(super) fn new(inner: R, dialect: Dialect) -> Self {
        Self {
            inner,
            dialect,
            piece: vec![0; 64 * 1024],
            at: 0,
            ready: 0,
            filled: 0,
            quoted: false,
            after_delimiter: true,
        }
    }

    fn ends_cell(&self, byte: u8) -> bool {
        byte == self.dialect.delimiter || matches!(byte, b'\r' | b'\n')
    }

    fn is_blank(&self, byte: u8) -> bool {
        matches!(byte, b' ' | b'\t') && byte != self.dialect.delimiter
    }

    /// Where the blanks before `at` begin, if a cell ends before them.
    fn blanks_before(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let from = bytes[..at].iter().rposition(|byte| !self.is_blank(*byte)).map_or(0, |before| before + 1);
        let begins = from.checked_sub(1).map_or(self.after_delimiter, |before| self.ends_cell(bytes[before]));
        (begins && from < at).then_some(from)
    }

    fn refill(&mut self) -> io::Result<()> {
        self.piece.copy_within(self.ready..self.filled, 0);
        let held = self.filled - self.ready;
        (self.at, self.ready, self.filled) = (0, 0, held);
        let length = self.inner.read(&mut self.piece[held..])?;
        let end = held + length;
        let (mut gaps, mut quoted) = (Vec::new(), self.quoted);
        for quote in memchr_iter(self.dialect.quote, &self.piece[..end]) {
            let escaped = self.dialect.backslashes && quoted && {
                let before = self.piece[..quote].iter().rev().take_while(|byte| **byte == b'\\').count();
                before % 2 == 1
            };
            if !quoted && let Some(from) = self.blanks_before(&self.piece[..end], quote) {
                gaps.push((from, quote));
            }
            quoted ^= !escaped;
        }
        self.quoted = quoted;
        // Whether a quote behind them counts is known when it is there.
        let waits = |byte: &&u8| {
            if quoted { self.dialect.backslashes && **byte == b'\\' } else { self.is_blank(**byte) }
        };
        let tail = self.piece[..end].iter().rev().take(HELD + 1).take_while(waits).count();
        let held = if length == 0 || tail > HELD { 0 } else { tail };
        let ready = end - held;
        self.after_delimiter = match ready.checked_sub(1) {
            Some(last) => self.ends_cell(self.piece[last]),
            None => self.after_delimiter,
        };
        (self.at, self.ready, self.filled) = (0, ready, end);
        for (from, to) in gaps.into_iter().rev() {
            self.piece.copy_within(to..self.filled, from);
            self.ready -= to - from;
            self.filled -= to - from;
        }
        Ok(())
    }
}

impl<R: Read> Read for Unspaced<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.ready {
            let held = self.filled - self.ready;
            self.refill()?;
            if self.ready == 0 && self.filled == held {
                return Ok(0);
            }
        }
        let length = buffer.len().min(self.ready - self.at);
        buffer[..length].copy_from_slice(&self.piece[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::definition::Delimiter;

    /// Gives out so many bytes at once.
    struct Pieces(Vec<u8>, usize, usize);

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(buffer.len()).min(self.0.len() - self.2);
            buffer[..length].copy_from_slice(&self.0[self.2..self.2 + length]);
            self.2 += length;
            Ok(length)
        }
    }

    #[test]
    fn blanks_between_delimiter_and_quote_are_left_out() {
        for (text, expected) in [
            ("phone, name\n1, \"Lee, Bob\"\n", "phone, name\n1,\"Lee, Bob\"\n"),
            ("  \"a\",\t \"b\"", "\"a\",\"b\""),
            ("a, b \"c\", d", "a, b \"c\", d"),
            ("\"x, \"\"y\"\" z\", \"w\"", "\"x, \"\"y\"\" z\",\"w\""),
            ("a,   ", "a,   "),
            ("", ""),
        ] {
            for size in [1, 2, 3, 1000] {
                let mut read = String::new();
                let pieces = Pieces(text.as_bytes().to_vec(), size, 0);
                Unspaced::new(pieces, Dialect::usual(Delimiter::Comma)).read_to_string(&mut read).unwrap();
                assert_eq!(read, expected, "{text:?} in pieces of {size}");
            }
        }
        let mut read = String::new();
        let text = r#""Ann \", "The Boss\"", "b""#;
        let dialect = Dialect { backslashes: true, ..Dialect::usual(Delimiter::Comma) };
        Unspaced::new(Pieces(text.as_bytes().to_vec(), 1, 0), dialect).read_to_string(&mut read).unwrap();
        assert_eq!(read, r#""Ann \", "The Boss\"","b""#);
    }
}
