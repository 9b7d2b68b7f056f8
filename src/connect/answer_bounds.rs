//! How much of an answer is read: a body that is longer than any of the service's is not read to its end.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use aws_smithy_types::body::SdkBody;
use bytes::{Buf, Bytes};
use hyper::body::{Body, Frame, SizeHint};

/// What a piece of an answer counts for at least. Those of the service's have a thousand bytes and more, or are the only one.
const PIECE_BYTES: u64 = 64;

/// An answer that is longer than it may be. Nothing is known of what it would have said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AnswerTooLong {
    most: u64,
}

impl fmt::Display for AnswerTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the answer is longer than {} KiB, and was not read to its end", self.most / 1024)
    }
}

impl Error for AnswerTooLong {}

/// The same body with an error in place of what comes after `most` bytes.
pub(super) fn bounded(body: SdkBody, most: u64) -> SdkBody {
    if body.bytes().is_some_and(|bytes| bytes.len() as u64 <= most) {
        return body;
    }
    SdkBody::from_body_1_x(BoundedBody { body, left: most, most })
}

struct BoundedBody {
    body: SdkBody,
    left: u64,
    most: u64,
}

impl Body for BoundedBody {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let most = self.most;
        let too_long = || Poll::Ready(Some(Err(Self::Error::from(AnswerTooLong { most }))));
        // A length that is declared is believed only where it is too much.
        if self.body.content_length().is_some_and(|length| length > self.left) {
            return too_long();
        }
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) else { return Poll::Pending };
        let Some(Ok(frame)) = frame else { return Poll::Ready(frame) };
        // Each piece is kept until the last has come, and takes more than its bytes.
        let length = frame.data_ref().map_or(0, |data| data.remaining() as u64).max(PIECE_BYTES);
        match self.left.checked_sub(length) {
            Some(left) => self.left = left,
            None => return too_long(),
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, StreamBody};

    use super::*;

    fn of(chunks: &[usize]) -> SdkBody {
        let frames: Vec<_> = chunks
            .iter()
            .map(|length| Ok::<_, std::io::Error>(Frame::data(Bytes::from(vec![b' '; *length]))))
            .collect();
        let stream = StreamBody::new(futures_util::stream::iter(frames));
        SdkBody::from_body_1_x(stream)
    }

    async fn read(body: SdkBody) -> Result<usize, String> {
        body.collect().await.map(|read| read.to_bytes().len()).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_the_bound_and_no_further() {
        let too_long = Err("the answer is longer than 1 KiB, and was not read to its end".to_owned());
        assert_eq!(read(bounded(of(&[900, 124]), 1024)).await, Ok(1024));
        assert_eq!(read(bounded(of(&[1000, 25]), 1024)).await, too_long);
        assert_eq!(read(bounded(of(&[2000]), 1024)).await, too_long);
        assert_eq!(read(bounded(SdkBody::from("x".repeat(1024)), 1024)).await, Ok(1024));
        assert_eq!(read(bounded(SdkBody::from("x".repeat(1025)), 1024)).await, too_long);
        assert_eq!(read(bounded(SdkBody::empty(), 1024)).await, Ok(0));
        // A body of one byte at a time would take hundreds of times its length.
        assert_eq!(read(bounded(of(&[1; 16]), 1024)).await, Ok(16));
        assert_eq!(read(bounded(of(&[1; 17]), 1024)).await, too_long);
    }
}
