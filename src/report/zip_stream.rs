//! A ZIP archive written from its first byte to its last, to whatever takes bytes: no file that is gone back in, nothing of
//! the report in a temporary file. Just what a workbook needs: entries deflated, sizes after the data, no ZIP64 (which
//! spreadsheets refuse in this form), so neither an entry nor the archive may reach 4 GiB.
//!
//! Source: "APPNOTE.TXT - .ZIP File Format Specification", PKWARE, 4.3.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// The length at which an entry is full, in bytes before compression.
pub(super) const FULL: u64 = 0xE000_0000;
/// Sizes follow the data; names are UTF-8.
const FLAGS: u16 = 0x0808;
const DEFLATED: u16 = 8;
const VERSION: u16 = 20;
/// 1980-01-01: the archive of the same journal has the same bytes.
const DATE: u16 = 0x0021;

struct Entry {
    name: &'static str,
    number: u64,
    offset: u32,
    crc: u32,
    packed: u32,
    length: u32,
}

impl Entry {
    /// `{}` in the name stands for the number.
    fn name(&self) -> String {
        self.name.replace("{}", &self.number.to_string())
    }
}

/// Counts what passes.
struct Counted<W> {
    out: W,
    written: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// An archive on its way.
pub(super) struct ZipStream<W: Write> {
    entries: Vec<Entry>,
    open: Option<Open<W>>,
    closed: Option<Counted<W>>,
}

struct Open<W: Write> {
    entry: Entry,
    data: DeflateEncoder<Counted<W>>,
    crc: flate2::Crc,
    begin: u64,
}

impl<W: Write> ZipStream<W> {
    pub(super) fn new(out: W) -> Self {
        Self { entries: Vec::new(), open: None, closed: Some(Counted { out, written: 0 }) }
    }

    /// Begins an entry, and ends the one before.
    pub(super) fn begin(&mut self, name: &'static str, number: u64) -> io::Result<()> {
        let mut out = self.close()?;
        let offset = small(out.written)?;
        let entry = Entry { name, number, offset, crc: 0, packed: 0, length: 0 };
        let name = entry.name();
        let mut head = Vec::with_capacity(64);
        numbers(&mut head, 0x0403_4b50, &[VERSION, FLAGS, DEFLATED, 0, DATE], &[0, 0, 0]);
        head.extend(name_length(&name));
        head.extend([0, 0]);
        head.extend(name.as_bytes());
        out.write_all(&head)?;
        let begin = out.written;
        let data = DeflateEncoder::new(out, Compression::fast());
        self.open = Some(Open { entry, data, crc: flate2::Crc::new(), begin });
        Ok(())
    }

    /// Adds to the entry that was begun last.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(open) = &mut self.open else { return Err(io::Error::other("no entry was begun")) };
        open.crc.update(bytes);
        open.data.write_all(bytes)
    }

    fn close(&mut self) -> io::Result<Counted<W>> {
        let Some(open) = self.open.take() else {
            return self.closed.take().ok_or_else(|| io::Error::other("the archive has failed"));
        };
        let Open { mut entry, data, crc, begin } = open;
        let length = data.total_in();
        let mut out = data.finish()?;
        (entry.crc, entry.packed, entry.length) = (crc.sum(), small(out.written - begin)?, small(length)?);
        let mut tail = Vec::with_capacity(16);
        numbers(&mut tail, 0x0807_4b50, &[], &[entry.crc, entry.packed, entry.length]);
        out.write_all(&tail)?;
        self.entries.push(entry);
        Ok(out)
    }

    /// Ends the archive with its directory.
    pub(super) fn end(mut self) -> io::Result<()> {
        let mut out = self.close()?;
        let begin = small(out.written)?;
        let mut directory = Vec::new();
        for entry in &self.entries {
            let name = entry.name();
            let sizes = [entry.crc, entry.packed, entry.length];
            numbers(&mut directory, 0x0201_4b50, &[VERSION, VERSION, FLAGS, DEFLATED, 0, DATE], &sizes);
            directory.extend(name_length(&name));
            directory.extend([0; 12]);
            directory.extend(entry.offset.to_le_bytes());
            directory.extend(name.as_bytes());
        }
        let length = small(directory.len() as u64)?;
        let count = u16::try_from(self.entries.len()).map_err(|_| too_large())?;
        numbers(&mut directory, 0x0605_4b50, &[0, 0, count, count], &[length, begin]);
        directory.extend([0, 0]);
        out.write_all(&directory)?;
        out.flush()
    }
}

/// A signature, then numbers of 2 bytes, then numbers of 4, as ZIP has them.
fn numbers(out: &mut Vec<u8>, signature: u32, shorts: &[u16], longs: &[u32]) {
    out.extend(signature.to_le_bytes());
    out.extend(shorts.iter().flat_map(|number| number.to_le_bytes()));
    out.extend(longs.iter().flat_map(|number| number.to_le_bytes()));
}

fn name_length(name: &str) -> [u8; 2] {
    u16::try_from(name.len()).unwrap_or(0).to_le_bytes()
}

fn small(size: u64) -> io::Result<u32> {
    u32::try_from(size).map_err(|_| too_large())
}

fn too_large() -> io::Error {
    io::ErrorKind::FileTooLarge.into()
}
