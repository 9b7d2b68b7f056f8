//! The one place of the command line that writes to stdout and stderr.
//!
//! Foreign text in it has been made harmless where it came in; here is the last barrier, for what was not.
//!
//! A reader that went away never changes what is done, nor the exit code: what it would have read is dropped.

use std::borrow::Cow;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::process::Stdio;

use serde::Serialize;

use crate::cli::args::global::GlobalArgs;
use crate::cli::failure::{Failure, Masking};
use crate::cli::harmless::Harmless;
use crate::cli::wrap;
use crate::domain::delivery::ending::Exit;
use crate::domain::foreign;

/// Writes a line for people to stderr. If it cannot be written there is no other place for it, so it is dropped.
pub fn note(line: &str) {
    let line = foreign::inert(line);
    let line = fit(&line, &console::Term::stderr());
    // One write: lines of other processes on the same terminal do not cut it.
    let _ = io::stderr().lock().write_all(format!("{line}\n").as_bytes());
}

/// Shows the cursor again, where a question has hidden it, and begins a line.
pub fn show_cursor() {
    let _ = io::stderr().lock().write_all(b"\x1b[?25h\n");
}

/// Shows what went wrong on stderr.
pub fn failure(failure: &Failure, global: &GlobalArgs) {
    if let Some(text) = failure.text(global) {
        note(&text);
    }
}

/// Writes a line of the result to stdout.
///
/// # Errors
/// Where stdout cannot be written though somebody reads it, as on a full disk.
pub fn line(text: &str) -> Result<(), Failure> {
    write_line(&fit(&foreign::inert(text), &console::Term::stdout()))
}

/// The text with lines that fit the terminal, if it is one.
fn fit<'t>(text: &'t str, terminal: &console::Term) -> Cow<'t, str> {
    match terminal.size_checked().filter(|_| terminal.is_term()) {
        Some((_, columns)) if columns >= wrap::LEAST => Cow::Owned(wrap::wrapped(text, columns.into())),
        _ => Cow::Borrowed(text),
    }
}

fn write_line(text: &str) -> Result<(), Failure> {
    let mut out = Lossy { out: Some(stdout()) };
    out.write_all(format!("{text}\n").as_bytes()).and_then(|()| out.flush()).map_err(|error| failed(&error))
}

/// Writes a result to stdout as a line of JSON.
///
/// # Errors
/// As [`line()`].
pub fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map_err(|error| failed(&error.into()))?;
    write_line(&foreign::inert_json(&text))
}

/// Stdout, for results of many lines that programs read: as they are in a file or a pipe, harmless on a terminal.
#[must_use]
pub fn results() -> BufWriter<Harmless<Lossy<StdoutLock<'static>>>> {
    BufWriter::new(Harmless::new(Lossy { out: Some(stdout()) }, is_terminal()))
}

/// Stdout, for records that have the file's own cells: as they are in a file or a pipe, harmless on a terminal.
#[must_use]
pub fn records() -> Harmless<StdoutLock<'static>> {
    Harmless::new(stdout(), is_terminal())
}

/// Stdout as it is: a reader that went away is an error, for commands that end then.
pub fn stdout() -> StdoutLock<'static> {
    io::stdout().lock()
}

/// Stderr, for notes that another room writes; what it cannot take is dropped.
#[must_use]
pub fn notes() -> Lossy<io::StderrLock<'static>> {
    Lossy { out: Some(io::stderr().lock()) }
}

/// Stderr, for another process to write to.
#[must_use]
pub fn stderr_of_child() -> Stdio {
    Stdio::from(io::stderr())
}

/// Whether stdout is a terminal.
#[must_use]
pub fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether a question can be asked: both stdin and stderr are terminals.
#[must_use]
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// A failure to write to stdout.
#[must_use]
pub fn failed(error: &io::Error) -> Failure {
    Failure {
        message: format!("failed to write to stdout: {error}"),
        hint: Some("make room where it goes, or send it elsewhere".into()),
        exit: Exit::Failure,
        gate: false,
        masking: Masking::Numbers,
    }
}

/// Drops everything once its reader went away.
#[derive(Debug)]
pub struct Lossy<W> {
    out: Option<W>,
}

impl<W: Write> Write for Lossy<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(out) = &mut self.out else { return Ok(bytes.len()) };
        match out.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.out = None;
                Ok(bytes.len())
            }
            result => result,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let Some(out) = &mut self.out else { return Ok(()) };
        match out.flush() {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.out = None;
                Ok(())
            }
            result => result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails from the second write on.
    struct Failing(io::ErrorKind, usize);

    impl Write for Failing {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1 += 1;
            if self.1 > 1 { Err(self.0.into()) } else { Ok(bytes.len()) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_went_away_is_no_error_and_a_full_disk_is() {
        let mut out = Lossy { out: Some(Failing(io::ErrorKind::BrokenPipe, 0)) };
        for _ in 0..3 {
            assert_eq!(out.write(b"line").unwrap(), 4);
        }
        assert!(out.out.is_none(), "it writes no more");
        let mut out = Lossy { out: Some(Failing(io::ErrorKind::StorageFull, 0)) };
        assert_eq!(out.write(b"line").unwrap(), 4);
        assert_eq!(out.write(b"line").unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
