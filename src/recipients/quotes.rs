//! How the cells of a delimited text are quoted, and whether the quotes of a record are clear.
//!
//! A parser of CSV takes `"Ann "The Boss" Lee"` for `Ann The Boss" Lee"`, without a word. Such records are found here, by their
//! quotes alone.

use crate::domain::definition::Delimiter;

/// What is between cells and around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    /// `"`, or the apostrophe of SQL.
    pub(super) quote: u8,
    /// Whether quotes in quoted cells may have a backslash in front.
    pub(super) backslashes: bool,
}

impl Dialect {
    /// As nearly all programs write it.
    pub(super) fn usual(delimiter: Delimiter) -> Self {
        Self { delimiter: delimiter.byte(), quote: b'"', backslashes: false }
    }
}

/// Where in a cell the last byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CellState {
    /// Between quotes, or in a cell without.
    Quoted,
    Bare,
    /// Behind a quote that ends the cell, unless another one follows; whether blanks came since.
    Ended {
        blanks: bool,
    },
}

/// Follows the quotes of a record, piece after piece.
#[derive(Debug)]
pub(super) struct QuoteScan {
    pub(super) dialect: Dialect,
    state: CellState,
    stray: bool,
    /// The last byte of the piece before, and how many backslashes it ends with.
    before: Option<u8>,
    backslashes: usize,
}

impl QuoteScan {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self { dialect, state: CellState::Bare, stray: false, before: None, backslashes: 0 }
    }

    /// A record begins.
    pub(super) fn begin(&mut self) {
        *self = Self::new(self.dialect);
    }

    /// Whether something follows a quote that ends a cell.
    pub(super) fn is_stray(&self) -> bool {
        self.stray
    }

    /// Takes up a piece where the last one ended.
    pub(super) fn resume(&mut self, piece: &[u8]) {
        if matches!(self.state, CellState::Ended { .. }) {
            self.behind(piece);
        }
    }

    /// A quote of the piece.
    pub(super) fn see(&mut self, piece: &[u8], at: usize) {
        match self.state {
            CellState::Quoted if self.is_escaped(&piece[..at]) => {}
            CellState::Quoted => {
                self.state = CellState::Ended { blanks: false };
                self.behind(&piece[at + 1..]);
            }
            // A quote that is doubled is one of the cell.
            CellState::Ended { .. } => self.state = CellState::Quoted,
            CellState::Bare => {
                let before = at.checked_sub(1).map(|before| piece[before]).or(self.before);
                if before.is_none_or(|byte| self.ends_cell(byte)) {
                    self.state = CellState::Quoted;
                }
            }
        }
    }

    /// The piece ends.
    pub(super) fn pause(&mut self, piece: &[u8]) {
        if let Some(last) = piece.last() {
            let trailing = trailing_backslashes(piece);
            self.backslashes = if trailing == piece.len() { self.backslashes + trailing } else { trailing };
            self.before = Some(*last);
        }
    }

    fn ends_cell(&self, byte: u8) -> bool {
        byte == self.dialect.delimiter || matches!(byte, b'\r' | b'\n')
    }

    fn is_escaped(&self, before: &[u8]) -> bool {
        let trailing = trailing_backslashes(before);
        let all = if trailing == before.len() { trailing + self.backslashes } else { trailing };
        self.dialect.backslashes && all % 2 == 1
    }

    /// Looks at what is behind a quote that may end a cell.
    fn behind(&mut self, rest: &[u8]) {
        let CellState::Ended { blanks } = self.state else { return };
        let is_blank = |byte: &&u8| matches!(**byte, b' ' | b'\t') && **byte != self.dialect.delimiter;
        let count = rest.iter().take_while(is_blank).count();
        let blanks = blanks || count > 0;
        self.state = match rest.get(count) {
            None => CellState::Ended { blanks },
            Some(next) if *next == self.dialect.quote && !blanks => CellState::Ended { blanks },
            Some(next) => {
                self.stray |= !self.ends_cell(*next);
                CellState::Bare
            }
        };
    }
}

fn trailing_backslashes(bytes: &[u8]) -> usize {
    bytes.iter().rev().take_while(|byte| **byte == b'\\').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_stray(text: &str, dialect: Dialect, size: usize) -> bool {
        let mut scan = QuoteScan::new(dialect);
        for piece in text.as_bytes().chunks(size) {
            scan.resume(piece);
            for at in memchr::memchr_iter(dialect.quote, piece) {
                scan.see(piece, at);
            }
            scan.pause(piece);
        }
        scan.is_stray()
    }

    #[test]
    fn what_follows_a_closing_quote_is_found_in_any_pieces() {
        let usual = Dialect::usual(Delimiter::Comma);
        let escaped = Dialect { backslashes: true, ..usual };
        let sql = Dialect { quote: b'\'', ..usual };
        for (text, dialect, stray) in [
            (r#"a,"b ""c"" d",e"#, usual, false),
            (r#""","","""""#, usual, false),
            (r#""a" ,b"#, usual, false),
            (r#"5" x,6""#, usual, false),
            ("\"a\nb\"\r\n", usual, false),
            (r#""Ann "The Boss" Lee""#, usual, true),
            (r#""Ann" Lee"#, usual, true),
            (r#"""Ann"",b"#, usual, true),
            (r#""a" "b""#, usual, true),
            (r#""a \"b\" c","d""#, escaped, false),
            (r#""a \\","d""#, escaped, false),
            (r#""a \\" x","d""#, escaped, true),
            ("'O''Brien','x \"y\" z'", sql, false),
            ("'O'Brien','x'", sql, true),
        ] {
            for size in [1, 2, 3, 5, 100] {
                assert_eq!(is_stray(text, dialect, size), stray, "{text} in pieces of {size}");
            }
        }
    }
}
