//! Reports as downloads: written by a thread of their own, a piece at a time, as fast as the client reads.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use hyper::body::Frame;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::app::status::Status;
use crate::clock::Clock;
use crate::journal::Reader;
use crate::report::{self, Format, ReportError, Wanted};

/// A piece of a report.
const PIECE_BYTES: usize = 64 << 10;
/// Pieces that wait for the client.
const AHEAD: usize = 4;
/// A client that takes no piece for so long is gone.
const PATIENCE: Duration = Duration::from_secs(60);

/// A report that is wanted.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) journal: PathBuf,
    pub(super) campaign: String,
    pub(super) wanted: Wanted,
    /// Tells whether a run goes on.
    pub(super) clock: Clock,
    /// One of the few reports that may be written at once.
    pub(super) permit: OwnedSemaphorePermit,
}

/// Hands pieces over, and fails where nobody takes them.
struct Pieces {
    runtime: Handle,
    sender: mpsc::Sender<io::Result<Bytes>>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = self.sender.send(Ok(Bytes::copy_from_slice(bytes)));
        match self.runtime.block_on(tokio::time::timeout(PATIENCE, piece)) {
            Ok(Ok(())) => Ok(bytes.len()),
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Begins to write the report. A report that fails midway breaks the connection, so that half of one is never taken for
/// the whole.
pub(super) fn begin(order: Order) -> impl Stream<Item = io::Result<Frame<Bytes>>> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let pieces = Pieces { runtime: runtime.clone(), sender: sender.clone() };
        let mut out = BufWriter::with_capacity(PIECE_BYTES, pieces);
        let written = write(&order, &mut out);
        if let Err(error) = written {
            let broken = sender.send(Err(io::Error::other(error.to_string())));
            // Nobody is left to hear of it.
            _ = runtime.block_on(tokio::time::timeout(PATIENCE, broken));
        }
        drop(order.permit);
    });
    futures_util::stream::unfold(receiver, |mut receiver| async move {
        let piece = receiver.recv().await?;
        Some((piece.map(Frame::data), receiver))
    })
}

fn write(order: &Order, out: &mut impl Write) -> Result<(), ReportError> {
    let reader = Reader::open(&order.journal)?;
    let snapshot = reader.snapshot()?;
    let campaign = snapshot.campaign(&order.campaign)?;
    let going_on = match order.wanted.format {
        Format::Html => Status::read(&snapshot, &campaign, &order.journal, order.clock.now())?.going_run(),
        _ => None,
    };
    report::write(&snapshot, &campaign, &Wanted { going_on, ..order.wanted.clone() }, out)?;
    out.flush().map_err(ReportError::Stream)
}
