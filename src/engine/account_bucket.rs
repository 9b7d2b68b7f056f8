//! The bucket of an account's shared permits, kept in the journal, where all runs of a machine reach it.

use crate::clock::Clock;
use crate::domain::delivery::shared_rate::SharedRate;
use crate::journal::{Writer, WriterError};
use crate::pace::{Reserving, SharedBucket};

/// The bucket, as the journal's writer keeps it.
#[derive(Debug)]
pub(super) struct AccountBucket {
    pub(super) writer: Writer,
    pub(super) clock: Clock,
}

impl SharedBucket for AccountBucket {
    type Error = WriterError;

    fn reserve(&self, shared: &SharedRate, permits: u32) -> Reserving<WriterError> {
        let (writer, shared, asked_at) = (self.writer.clone(), shared.clone(), self.clock.now());
        Box::pin(async move { writer.reserve(shared, permits, asked_at).await })
    }
}
