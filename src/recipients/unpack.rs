//! Compressed files: gzip and zstd, recognised by their first bytes, unpacked while they are read.

use std::io::{self, BufRead, BufReader, Read};

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::domain::table::detected_format::Compression;

/// What the first bytes of a file say.
pub(super) fn compression(head: &[u8]) -> Option<Compression> {
    if head.starts_with(b"\x1f\x8b") {
        Some(Compression::Gzip)
    } else if head.starts_with(b"\x28\xb5\x2f\xfd") {
        Some(Compression::Zstd)
    } else {
        None
    }
}

/// The text that is packed in `reader`.
pub(super) fn unpack(compression: Compression, reader: impl Read + Send + 'static) -> Box<dyn Read + Send> {
    match compression {
        Compression::Gzip => Box::new(MultiGzDecoder::new(reader)),
        // An archive has files, not a stream: see `open`.
        Compression::Zip => Box::new(reader),
        Compression::Zstd => {
            Box::new(Frames { input: BufReader::new(reader), decoder: FrameDecoder::new(), within: false })
        }
    }
}

/// How far back a zstd file may refer, in bytes: what has to be held in memory. `zstd -19` needs 8 MiB.
const WINDOW: u64 = 32 * 1024 * 1024;

/// A zstd file is one frame or several, and frames to skip among them. Source: RFC 8878, 3.1.
struct Frames<R: Read> {
    input: BufReader<R>,
    decoder: FrameDecoder,
    within: bool,
}

impl<R: Read> Frames<R> {
    /// Goes to the next frame that has something in it; whether there is one.
    fn next_frame(&mut self) -> io::Result<bool> {
        loop {
            if self.input.fill_buf()?.is_empty() {
                return Ok(false);
            }
            self.decoder = FrameDecoder::new();
            self.decoder.set_max_window_size(WINDOW);
            match self.decoder.init(&mut self.input) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    io::copy(&mut (&mut self.input).take(u64::from(length)), &mut io::sink())?;
                }
                Err(error) => return Err(broken(error)),
            }
        }
    }
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.within {
                self.within = self.next_frame()?;
                if !self.within {
                    return Ok(0);
                }
            }
            if self.decoder.can_collect() > 0 || buffer.is_empty() {
                return self.decoder.read(buffer);
            }
            if self.decoder.is_finished() {
                self.within = false;
            } else {
                let blocks = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder.decode_blocks(&mut self.input, blocks).map_err(broken)?;
            }
        }
    }
}

fn broken(error: FrameDecoderError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(bytes: &'static [u8]) -> io::Result<String> {
        let compression = compression(bytes).expect("packed");
        let mut text = String::new();
        unpack(compression, bytes).read_to_string(&mut text).map(|_| text)
    }

    /// `printf 'a,b\n' | zstd`, twice in one file with a frame to skip between; and half of one.
    #[test]
    fn zstd_files_may_have_several_frames() {
        const SKIPPED: &[u8] = b"\x50\x2a\x4d\x18\x03\x00\x00\x00xyz";
        let frame = &[0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 0x21, 0x00, 0x00, b'a', b',', b'b', b'\n'][..];
        let whole: &'static [u8] = [frame, SKIPPED, frame].concat().leak();
        assert_eq!(unpacked(whole).unwrap(), "a,b\na,b\n");
        assert!(unpacked(&whole[..9]).is_err(), "half a file is not taken for a whole one");
    }
}
