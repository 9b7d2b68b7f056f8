//! The bytes of an object as any reader gives them, from the thread that fetches them.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender};

use bytes::{Buf, Bytes};

use crate::domain::object::{ObjectIdentity, ObjectProblem};

/// ObjectPieces that are fetched ahead, at most. One has some hundred KiB at most.
pub(super) const AHEAD: usize = 8;

/// Where pieces go.
pub(super) type ObjectPieces = SyncSender<Result<ObjectPiece, ObjectProblem>>;

/// What comes from the thread.
#[derive(Debug)]
pub(super) enum ObjectPiece {
    /// The object is there.
    Begin(ObjectIdentity),
    /// The next bytes.
    Bytes(Bytes),
    /// All of it has come.
    End,
}

/// Reads an object. Why it could not be read to its end is the [`ObjectProblem`] within the error.
#[derive(Debug)]
pub struct ObjectReader {
    pieces: Receiver<Result<ObjectPiece, ObjectProblem>>,
    current: Bytes,
    ended: bool,
}

impl ObjectReader {
    pub(super) fn begin(
        pieces: Receiver<Result<ObjectPiece, ObjectProblem>>,
    ) -> Result<(ObjectIdentity, Self), ObjectProblem> {
        match pieces.recv() {
            Ok(Ok(ObjectPiece::Begin(identity))) => {
                Ok((identity, Self { pieces, current: Bytes::new(), ended: false }))
            }
            Ok(Err(problem)) => Err(problem),
            _ => Err(silent()),
        }
    }
}

/// The thread has ended unexpectedly.
fn silent() -> ObjectProblem {
    ObjectProblem::Unreached("the thread that reads it ended unexpectedly".into())
}

impl Read for ObjectReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.ended && self.current.is_empty() && !buffer.is_empty() {
            match self.pieces.recv().unwrap_or_else(|_| Err(silent())) {
                Ok(ObjectPiece::Bytes(bytes)) => self.current = bytes,
                Ok(ObjectPiece::End) => self.ended = true,
                Ok(ObjectPiece::Begin(_)) => {}
                Err(problem) => return Err(io::Error::other(problem)),
            }
        }
        let length = buffer.len().min(self.current.len());
        self.current.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}
