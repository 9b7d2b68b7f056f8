//! The rows that are next: claimed ahead of their requests, a little, so that few are in doubt after a crash.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;

use crate::clock::Clock;
use crate::journal::{Claimed, Pass, RowId, Writer, WriterError};

/// Rows claimed at a time, at most.
const LARGEST_CLAIM: usize = 4_096;

type Claiming = Pin<Box<dyn Future<Output = Result<Vec<Claimed>, WriterError>> + Send>>;

/// Where the rows come from, and the claim that is under way.
#[derive(Default)]
pub(super) struct Queue {
    pub(super) ready: VecDeque<Claimed>,
    /// Rows to be claimed again, before any new one.
    pub(super) due: Vec<RowId>,
    claiming: Option<(Claiming, Asked)>,
    source: Source,
}

/// What the claim under way asked for.
enum Asked {
    Again,
    Next(usize),
}

/// First what earlier runs left in doubt, then what waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Pass(Pass, RowId),
    Exhausted,
}

impl Default for Source {
    fn default() -> Self {
        Self::Pass(Pass::InDoubt, RowId::START)
    }
}

impl Queue {
    /// Begins a claim where fewer than `ahead` rows are ready and none is under way.
    pub(super) fn top_up(&mut self, writer: &Writer, clock: &Clock, ahead: usize) {
        let ahead = ahead.min(LARGEST_CLAIM);
        // Half at a time: a claim is a commit, and a commit is dear.
        if self.claiming.is_some() || self.ready.len() > ahead / 2 || ahead == 0 {
            return;
        }
        let room = ahead - self.ready.len();
        if room == 0 {
            return;
        }
        let (writer, now) = (writer.clone(), clock.now());
        if !self.due.is_empty() {
            let ids: Vec<RowId> = self.due.drain(..self.due.len().min(room)).collect();
            self.claiming = Some((Box::pin(async move { writer.claim_again(ids, now).await }), Asked::Again));
        } else if let Source::Pass(pass, after) = self.source {
            let most = u32::try_from(room).unwrap_or(u32::MAX);
            let claim = Box::pin(async move { writer.claim_next(pass, after, most, now).await });
            self.claiming = Some((claim, Asked::Next(room)));
        }
    }

    /// The rows of the claim under way, once they are durable. Cancel-safe.
    pub(super) async fn claimed(&mut self) -> Result<Vec<Claimed>, WriterError> {
        let Some((claiming, _)) = &mut self.claiming else {
            return std::future::pending().await;
        };
        let rows = claiming.await;
        let asked = self.claiming.take().map(|(_, asked)| asked);
        let rows = rows?;
        if let (Some(Asked::Next(room)), Source::Pass(pass, _)) = (asked, self.source) {
            self.source = match (rows.last(), pass) {
                (Some(last), _) if rows.len() == room => Source::Pass(pass, last.id),
                (_, Pass::InDoubt) => Source::Pass(Pass::Queued, RowId::START),
                (_, Pass::Queued) => Source::Exhausted,
            };
        }
        Ok(rows)
    }

    pub(super) fn is_claiming(&self) -> bool {
        self.claiming.is_some()
    }

    /// Whether no row is ready, due, being claimed, or waiting in the journal.
    pub(super) fn is_exhausted(&self) -> bool {
        self.source == Source::Exhausted
            && self.ready.is_empty()
            && self.due.is_empty()
            && self.claiming.is_none()
    }
}
