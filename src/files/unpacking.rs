//! What may come out of a file that is packed: bounded by the file itself and not by anything that it declares. All layers and
//! parts of one file share one bound, so that neither nesting them nor reading one part many times gets more.

use std::error::Error;
use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What comes out of any file, in bytes.
pub const UNPACKED: u64 = 256 << 20;
/// How many times its own size comes out of a longer one. Recipients files shrink to a tenth, a simulation's events to a
/// twelfth, the files of a test to a fiftieth.
const RATIO: u64 = 100;

/// How many bytes may come out of a file that has so many.
#[must_use]
pub fn most_of(packed: u64) -> u64 {
    UNPACKED.max(packed.saturating_mul(RATIO))
}

/// More came out of a file than may.
#[derive(Debug)]
pub struct TooMuchUnpacked;

impl TooMuchUnpacked {
    /// Whether this is why reading ended.
    #[must_use]
    pub fn is_in(error: &io::Error) -> bool {
        error.get_ref().is_some_and(<dyn Error + Send + Sync>::is::<Self>)
    }
}

impl fmt::Display for TooMuchUnpacked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("more than a hundred times the size of the file comes out of it")
    }
}

impl Error for TooMuchUnpacked {}

/// How many bytes the layers below a file's own may have.
#[derive(Debug, Clone)]
pub struct Unpacking {
    /// Of a file its length, of a pipe what has come so far.
    packed: Arc<AtomicU64>,
}

impl Unpacking {
    /// Of a file with so many bytes.
    #[must_use]
    pub fn of_file(length: u64) -> Self {
        Self { packed: Arc::new(AtomicU64::new(length)) }
    }

    /// Of a pipe, and the pipe as it must be read.
    pub fn of_pipe(pipe: impl Read + Send + 'static) -> (Self, Box<dyn Read + Send>) {
        let unpacking = Self::of_file(0);
        let counted = PackedCounter { inner: pipe, packed: Arc::clone(&unpacking.packed) };
        (unpacking, Box::new(counted))
    }

    /// What is unpacked, with an error in place of what is too much.
    pub fn bounded(&self, unpacked: impl Read + Send + 'static) -> Box<dyn Read + Send> {
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
        if self.out > most_of(packed) {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, TooMuchUnpacked));
        }
        Ok(length)
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
        assert!(TooMuchUnpacked::is_in(&error), "{error}");
        let large = Unpacking::of_file(UNPACKED / 50);
        assert_eq!(out(&large, UNPACKED + 1).unwrap(), UNPACKED + 1);
        let (pipe, mut reader) = Unpacking::of_pipe(io::repeat(b'x').take(UNPACKED / 50));
        assert!(out(&pipe, UNPACKED + 1).is_err(), "nothing has come yet");
        io::copy(&mut reader, &mut io::sink()).unwrap();
        assert!(out(&pipe, UNPACKED + 1).is_ok());
    }
}
