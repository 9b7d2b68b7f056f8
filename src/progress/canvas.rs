//! The part of the terminal that is drawn again and again, below the lines that stay.
//!
//! To indicatif it is a terminal ([`TermLike`]). It does not pass on how indicatif would clear its lines, which is wrong
//! once the terminal was resized; it takes what is drawn between two flushes for the whole picture, and puts it over the
//! one before in a single write, without a blank moment in between.
//!
//! Between pictures the cursor rests on an empty line above the picture. So where the next one begins needs no counting of
//! rows, which nobody can who does not know whether a terminal that became narrower has broken its lines anew, and
//! whether it has done so yet; and an echoed `^C` or a line feed that is typed is overwritten.

use std::fmt;
use std::io::{self, Write};
use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::TermLike;

/// Rows and columns of the terminal.
pub(super) type Size = Arc<dyn Fn() -> (u16, u16) + Send + Sync>;

/// Asks the terminal to show what is between these at once; those that do not know it pass it over.
const TOGETHER: (&str, &str) = ("\x1b[?2026h", "\x1b[?2026l");

/// Lines that do not fit are cut: the terminal may have become narrower since its size was asked for.
const WRAP: (&str, &str) = ("\x1b[?7l", "\x1b[?7h");
/// What stands behind the cursor, in its line and in all lines below.
const LINE_AWAY: &str = "\x1b[K";
const REST_AWAY: &str = "\x1b[J";

/// Clones share it.
#[derive(Clone)]
pub(super) struct Canvas {
    inner: Arc<Mutex<Inner>>,
    size: Size,
}

struct Inner {
    out: Box<dyn Write + Send>,
    /// The picture that is being drawn.
    next: Vec<String>,
    /// Whether its last line is complete.
    complete: bool,
    picture: Vec<String>,
    /// Whether the terminal shows a picture.
    shown: bool,
    /// Text that is to stay above the picture.
    above: Vec<u8>,
    /// How many hold the next picture back, to write with it.
    holders: usize,
}

impl Canvas {
    pub(super) fn new(out: impl Write + Send + 'static, size: Size) -> Self {
        let inner = Inner {
            out: Box::new(out),
            next: Vec::new(),
            complete: true,
            picture: Vec::new(),
            shown: false,
            above: Vec::new(),
            holders: 0,
        };
        Self { inner: Arc::new(Mutex::new(inner)), size }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Pictures are kept until [`Canvas::release`].
    pub(super) fn hold(&self) {
        self.inner().holders += 1;
    }

    /// Writes what is above, and the latest picture below it.
    pub(super) fn release(&self, above: &[u8]) -> io::Result<()> {
        let mut inner = self.inner();
        inner.holders = inner.holders.saturating_sub(1);
        inner.above.extend_from_slice(above);
        self.paint(&mut inner)
    }

    /// Columns for text: the last one stays free, for in it terminals differ.
    pub(super) fn columns(&self) -> usize {
        usize::from((self.size)().1).saturating_sub(1).max(1)
    }

    fn paint(&self, inner: &mut Inner) -> io::Result<()> {
        if inner.holders > 0 {
            return Ok(());
        }
        let above = take(&mut inner.above);
        if !inner.shown && inner.picture.is_empty() {
            inner.out.write_all(&above)?;
            return inner.out.flush();
        }
        let mut text = TOGETHER.0.as_bytes().to_vec();
        text.push(b'\r');
        if !above.is_empty() {
            text.extend_from_slice(REST_AWAY.as_bytes());
            text.extend_from_slice(&above);
        }
        if inner.picture.is_empty() {
            text.extend_from_slice(REST_AWAY.as_bytes());
        } else {
            text.extend_from_slice(WRAP.0.as_bytes());
            text.extend_from_slice(LINE_AWAY.as_bytes());
            for line in &inner.picture {
                text.extend_from_slice(format!("\r\n{line}{LINE_AWAY}").as_bytes());
            }
            let up = inner.picture.len();
            text.extend_from_slice(format!("{REST_AWAY}\r\x1b[{up}A{}", WRAP.1).as_bytes());
        }
        text.extend_from_slice(TOGETHER.1.as_bytes());
        inner.shown = !inner.picture.is_empty();
        inner.out.write_all(&text)?;
        inner.out.flush()
    }
}

impl TermLike for Canvas {
    fn width(&self) -> u16 {
        u16::try_from(self.columns()).unwrap_or(u16::MAX)
    }

    fn height(&self) -> u16 {
        (self.size)().0.saturating_sub(1).max(1)
    }

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)?;
        self.inner().complete = true;
        Ok(())
    }

    /// Text, or the blanks with which indicatif fills a line to its end.
    fn write_str(&self, text: &str) -> io::Result<()> {
        let mut inner = self.inner();
        if text.chars().all(|c| c == ' ' || c == '\r') {
            inner.complete = true;
        } else if take(&mut inner.complete) {
            inner.next.push(text.to_owned());
        } else if let Some(line) = inner.next.last_mut() {
            line.push_str(text);
        }
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let mut inner = self.inner();
        inner.complete = true;
        inner.picture = take(&mut inner.next);
        self.paint(&mut inner)
    }
}

impl fmt::Debug for Canvas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Canvas")
    }
}
