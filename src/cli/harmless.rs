//! A writer that lets nothing act on a terminal: reports have the file's own cells, and a terminal obeys what they say.
//!
//! A file or a pipe gets every byte as it is.

use std::io::{self, Write};

use crate::domain::foreign;

/// Bytes of a character of UTF-8, at most.
const LONGEST_CHARACTER: usize = 4;

/// Writes out what would act on a terminal, where there is one.
#[derive(Debug)]
pub struct Harmless<W> {
    out: W,
    terminal: bool,
    /// The first bytes of a character whose others have not come yet.
    begun: Vec<u8>,
}

impl<W: Write> Harmless<W> {
    /// To `out`, which may be a terminal.
    pub fn new(out: W, terminal: bool) -> Self {
        Self { out, terminal, begun: Vec::new() }
    }

    /// Writes bytes that are text as far as they go; a character that is cut at the end waits for its rest.
    fn write_text(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.begun.extend_from_slice(bytes);
        let bytes = std::mem::take(&mut self.begun);
        let mut text = String::with_capacity(bytes.len());
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            text.push_str(chunk.valid());
            let invalid = chunk.invalid();
            if chunks.peek().is_none()
                && std::str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none())
            {
                invalid.clone_into(&mut self.begun);
                break;
            }
            text.extend(invalid.iter().map(|byte| format!("\\x{byte:02x}")));
        }
        debug_assert!(self.begun.len() < LONGEST_CHARACTER);
        self.out.write_all(foreign::inert(&text).as_bytes())
    }
}

impl<W: Write> Write for Harmless<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.terminal {
            return self.out.write(bytes);
        }
        self.write_text(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(chunks: &[&[u8]], terminal: bool) -> Vec<u8> {
        let mut out = Harmless::new(Vec::new(), terminal);
        for chunk in chunks {
            out.write_all(chunk).unwrap();
        }
        out.out
    }

    #[test]
    fn a_terminal_gets_nothing_to_obey_and_a_file_every_byte() {
        let cells = "Zoë,\u{1b}]52;c;eA==\u{7},\u{9b}2J\r\n".as_bytes();
        assert_eq!(written(&[cells], false), cells);
        let harmless = "Zoë,\\u{1b}]52;c;eA==\\u{7},\\u{9b}2J\r\n".as_bytes();
        assert_eq!(written(&[cells], true), harmless);
        for cut in 0..cells.len() {
            assert_eq!(written(&[&cells[..cut], &cells[cut..]], true), harmless, "cut at {cut}");
        }
        assert_eq!(written(&[b"a\x9b2J"], true), b"a\\x9b2J");
    }

    proptest! {
        #[test]
        fn whatever_is_written_nothing_acts(chunks in proptest::collection::vec(any::<Vec<u8>>(), 0..8)) {
            let chunks: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
            let text = String::from_utf8(written(&chunks, true)).unwrap();
            prop_assert!(!text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t')));
        }
    }
}
