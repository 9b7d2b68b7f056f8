//! What may come out of a file that is packed: bounded by the file itself and not by anything that it declares. All layers and
//! parts of one file share one budget, so that neither nesting them nor reading one part many times gets more.

use std::error::Error;
use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::FileProblem;

/// What comes out of any file, in bytes.
const UNPACKED: u64 = 256 * 1024 * 1024;
/// How many times its own size comes out of a longer one. Recipients files shrink to a tenth, those of a test to a fiftieth.
const RATIO: u64 = 100;
/// How often a workbook is read: for what cannot be seen, for its rows, and in search of columns.
const READINGS: u64 = 3;
/// Elements and texts of XML that are read of any workbook, and for each byte of a longer one.
const EVENTS: u64 = 10_000_000;
const EVENTS_PER_BYTE: u64 = 4;
/// Bytes of names, relations and formats that are kept of a workbook.
const KEPT: u64 = 16 * 1024 * 1024;

/// More came out of a file than may.
#[derive(Debug)]
pub(super) struct TooMuchUnpacked;

impl fmt::Display for TooMuchUnpacked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("more than a hundred times the size of the file comes out of it")
    }
}

impl Error for TooMuchUnpacked {}

/// How many bytes the layers below a file's own may have.
#[derive(Debug, Clone)]
pub(super) struct Unpacking {
    /// Of a file its length, of a pipe what has come so far.
    packed: Arc<AtomicU64>,
}

impl Unpacking {
    /// Of a file with so many bytes.
    pub(super) fn of_file(length: u64) -> Self {
        Self { packed: Arc::new(AtomicU64::new(length)) }
    }

    /// Of a pipe, and the pipe as it must be read.
    pub(super) fn of_pipe(pipe: impl Read + Send + 'static) -> (Self, Box<dyn Read + Send>) {
        let unpacking = Self::of_file(0);
        let counted = PackedCounter { inner: pipe, packed: Arc::clone(&unpacking.packed) };
        (unpacking, Box::new(counted))
    }

    /// What is unpacked, with an error in place of what is too much.
    pub(super) fn bounded(&self, unpacked: impl Read + Send + 'static) -> Box<dyn Read + Send> {
        Box::new(UnpackedReader { inner: unpacked, unpacking: self.clone(), out: 0 })
    }
}

struct PackedCounter<R> {
    inner: R,
    packed: Arc<AtomicU64>,
}

impl<R: Read> Read for PackedCounter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.packed.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}

struct UnpackedReader<R> {
    inner: R,
    unpacking: Unpacking,
    out: u64,
}

impl<R: Read> Read for UnpackedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.out += length as u64;
        let packed = self.unpacking.packed.load(Ordering::Relaxed);
        if self.out > UNPACKED.max(packed.saturating_mul(RATIO)) {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, TooMuchUnpacked));
        }
        Ok(length)
    }
}

/// What may be read of the parts of a workbook, all readings together.
#[derive(Debug)]
pub(super) struct ReadingBudget {
    bytes: AtomicU64,
    text: AtomicU64,
    events: AtomicU64,
    kept: AtomicU64,
}

impl ReadingBudget {
    /// Of a workbook with so many bytes.
    pub(super) fn of_file(length: u64) -> Self {
        Self {
            bytes: AtomicU64::new(READINGS * UNPACKED.max(length.saturating_mul(RATIO))),
            text: AtomicU64::new(UNPACKED.max(length.saturating_mul(RATIO))),
            events: AtomicU64::new(READINGS * EVENTS.max(length.saturating_mul(EVENTS_PER_BYTE))),
            kept: AtomicU64::new(KEPT),
        }
    }

    /// Of a workbook of which only the first rows of sheets are looked at.
    pub(super) fn of_search() -> Self {
        Self {
            bytes: AtomicU64::new(UNPACKED / 4),
            text: AtomicU64::new(UNPACKED / 4),
            events: AtomicU64::new(EVENTS / 4),
            kept: AtomicU64::new(KEPT),
        }
    }

    /// Takes so many bytes of a part.
    pub(super) fn take_bytes(&self, count: usize) -> Result<(), FileProblem> {
        take(&self.bytes, count as u64)
    }

    /// Takes the bytes of a row: a text that many cells share is in each of them.
    pub(super) fn take_text(&self, count: usize) -> Result<(), FileProblem> {
        take(&self.text, count as u64)
    }

    /// Takes an element or a text of XML.
    pub(super) fn take_event(&self) -> Result<(), FileProblem> {
        take(&self.events, 1)
    }

    /// Takes the bytes of something that is kept until all rows are read.
    pub(super) fn keep(&self, count: usize) -> Result<(), FileProblem> {
        take(&self.kept, count as u64)
    }
}

fn take(left: &AtomicU64, count: u64) -> Result<(), FileProblem> {
    // One thread reads a workbook: what another one would take meanwhile is not lost, only counted late.
    match left.load(Ordering::Relaxed).checked_sub(count) {
        Some(rest) => {
            left.store(rest, Ordering::Relaxed);
            Ok(())
        }
        None => Err(FileProblem::WorkbookTooLarge),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_out_is_bounded_by_what_went_in() {
        let out = |unpacking: &Unpacking, length: u64| {
            io::copy(&mut unpacking.bounded(io::repeat(b'x').take(length)), &mut io::sink())
        };
        let small = Unpacking::of_file(1_000);
        assert_eq!(out(&small, UNPACKED).unwrap(), UNPACKED);
        let error = out(&small, UNPACKED + 1).unwrap_err();
        assert!(error.get_ref().is_some_and(<dyn Error + Send + Sync>::is::<TooMuchUnpacked>), "{error}");
        let large = Unpacking::of_file(UNPACKED / 50);
        assert_eq!(out(&large, UNPACKED + 1).unwrap(), UNPACKED + 1);
        let (pipe, mut reader) = Unpacking::of_pipe(io::repeat(b'x').take(UNPACKED / 50));
        assert!(out(&pipe, UNPACKED + 1).is_err(), "nothing has come yet");
        io::copy(&mut reader, &mut io::sink()).unwrap();
        assert!(out(&pipe, UNPACKED + 1).is_ok());
    }

    #[test]
    fn an_allowance_is_used_up() {
        let budget = ReadingBudget::of_file(0);
        budget.keep(KEPT.try_into().unwrap()).unwrap();
        assert!(matches!(budget.keep(1), Err(FileProblem::WorkbookTooLarge)));
        budget.take_bytes(1).unwrap();
        budget.take_event().unwrap();
    }
}
