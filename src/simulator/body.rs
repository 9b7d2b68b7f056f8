//! An answer's body as an HTTP body: whole, or cut off half-way.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// A body that says its full length, and may end before.
#[derive(Debug)]
pub(super) struct AnswerBody {
    length: u64,
    data: Option<Bytes>,
    cut: Cut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// The data is everything.
    Never,
    /// What was written leaves the process before the end comes.
    AfterFlush,
    /// The end comes next.
    Now,
}

impl AnswerBody {
    pub(super) fn whole(data: Bytes) -> Self {
        let length = data.len() as u64;
        Self { length, data: (length > 0).then_some(data), cut: Cut::Never }
    }

    /// Half the data, then an error; the length says all of it.
    pub(super) fn truncated(data: &Bytes) -> Self {
        let half = data.slice(..data.len() / 2);
        Self { length: data.len() as u64, data: Some(half), cut: Cut::AfterFlush }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        match self.cut {
            Cut::Never => Poll::Ready(None),
            Cut::AfterFlush => {
                self.cut = Cut::Now;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Cut::Now => {
                let error = io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "connection closed before message completed",
                );
                Poll::Ready(Some(Err(error)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.cut == Cut::Never
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}
