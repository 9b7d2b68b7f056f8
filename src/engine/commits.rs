//! Commits on their way to the journal, each with the action that follows it.

use std::future::Future;
use std::pin::Pin;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use super::events::{AnsweredAttempt, RefusedAttempt};
use crate::domain::delivery::state::State;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{LaneId, RowId, Settlement, Writer, WriterError};

/// The commits under way.
#[derive(Default)]
pub(super) struct Commits(FuturesUnordered<Pin<Box<dyn Future<Output = Committed> + Send>>>);

type Committed = (PendingCommit, Result<State, WriterError>);

/// A settlement, and what to do once it is durable.
pub(super) struct PendingCommit {
    pub(super) row: RowId,
    pub(super) line: Option<u64>,
    pub(super) lane: Option<LaneId>,
    pub(super) then: AfterCommit,
}

/// The action.
pub(super) enum AfterCommit {
    Nothing,
    Started(Option<Box<AnsweredAttempt>>),
    Refused(RefusedAttempt, Option<Instant>),
    /// No request left, for its lane is closed, or its moment has not come: it waits for that.
    Hold(Option<LaneId>, Option<UnixMillis>),
}

impl Commits {
    /// Sends one on its way.
    pub(super) fn push(
        &mut self,
        writer: &Writer,
        settlement: Settlement,
        (line, lane): (Option<u64>, Option<LaneId>),
        then: AfterCommit,
    ) {
        let settling = PendingCommit { row: settlement.id, line, lane, then };
        let writer = writer.clone();
        self.0.push(Box::pin(async move { (settling, writer.settle(settlement).await) }));
    }

    /// The next one that is durable, with the row's new state. Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<Committed> {
        self.0.next().await
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
