//! The rows that are next: claimed ahead of their requests, a little, so that few are in doubt after a crash.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;

use tokio::sync::watch;

use super::plan_progress::PlanProgress;
use crate::clock::Clock;
use crate::journal::{Claim, Claimed, Pass, RowId, Writer, WriterError};

/// Rows claimed at a time, at most.
const LARGEST_CLAIM: usize = 2_048;

type Claiming = Pin<Box<dyn Future<Output = Result<Claim, WriterError>> + Send>>;

/// Where the rows come from, and the claim that is under way.
pub(super) struct Queue {
    pub(super) ready: VecDeque<Claimed>,
    /// Rows to be claimed again, before any new one.
    pub(super) due: Vec<RowId>,
    claiming: Option<(Claiming, UnderWay)>,
    source: Source,
    feed: watch::Receiver<PlanProgress>,
    /// Whether the feed had news since the claim under way began.
    news: bool,
    /// Whether rows may come back to the queue behind the pass, which only a plan during the run can cause.
    sweep: bool,
}

/// What happened to the queue.
pub(super) enum Step {
    /// These rows are claimed, durably.
    Claimed(Claim),
    /// The file is read further.
    News(PlanProgress),
}

/// What the claim under way asked for. A row is in one place only: ready, due, being claimed, in flight, or waiting to be
/// tried again.
enum UnderWay {
    Again(usize),
    /// At most so many new ones, and whether the file had been read to its end by then.
    Next {
        rows: usize,
        file_was_read: bool,
    },
}

/// First what earlier runs left in doubt, then what waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Pass(Pass, RowId),
    /// Everything planned so far was claimed; the file is still being read.
    Waiting(RowId),
    Exhausted,
}

impl Queue {
    pub(super) fn new(feed: watch::Receiver<PlanProgress>) -> Self {
        let sweep = matches!(*feed.borrow(), PlanProgress::Reading { .. });
        let source = Source::Pass(Pass::InDoubt, RowId::START);
        Self { ready: VecDeque::new(), due: Vec::new(), claiming: None, source, feed, news: false, sweep }
    }

    /// Whether more rows may be planned. Who fed and is gone has said what there was to say.
    fn is_reading(&self) -> bool {
        matches!(*self.feed.borrow(), PlanProgress::Reading { .. }) && self.feed.has_changed().is_ok()
    }

    /// Begins anew where rows may have come back behind the pass. Only when no row is held: a held one that is queued
    /// in the journal would be claimed twice. Says whether there is anything to look for.
    pub(super) fn sweep(&mut self) -> bool {
        if std::mem::take(&mut self.sweep) {
            self.source = Source::Pass(Pass::Queued, RowId::START);
            return true;
        }
        false
    }

    /// Begins a claim where fewer than `ahead` rows are ready and none is under way: of rows that are tried again, or of
    /// at most `fresh` others.
    pub(super) fn top_up(&mut self, writer: &Writer, clock: &Clock, ahead: usize, fresh: usize) {
        let ahead = ahead.min(LARGEST_CLAIM);
        // Half at a time: a claim is a commit, and a commit is dear.
        if self.claiming.is_some() || self.ready.len() > ahead / 2 || ahead == 0 {
            return;
        }
        let room = ahead - self.ready.len();
        let (writer, now) = (writer.clone(), clock.now());
        if !self.due.is_empty() {
            let ids: Vec<RowId> = self.due.drain(..self.due.len().min(room)).collect();
            debug_assert!(ids.len() <= room, "no more rows are claimed than there is room for");
            let asked = UnderWay::Again(ids.len());
            self.claiming = Some((Box::pin(async move { writer.claim_again(ids, now).await }), asked));
        } else if let (Source::Pass(pass, after), room @ 1..) = (self.source, room.min(fresh)) {
            let most = u32::try_from(room).unwrap_or(u32::MAX);
            let claim = Box::pin(async move { writer.claim_next(pass, after, most, now).await });
            let read = !self.is_reading();
            self.news = false;
            self.claiming = Some((claim, UnderWay::Next { rows: room, file_was_read: read }));
        }
    }

    /// The next thing that happens to the queue. Cancel-safe.
    ///
    /// # Errors
    /// Where the claim under way could not be made durable.
    pub(super) async fn next(&mut self) -> Result<Step, WriterError> {
        tokio::select! {
            biased;
            claim = claimed(&mut self.claiming) => {
                let asked = self.claiming.take().map(|(_, asked)| asked);
                let claim = claim?;
                debug_assert!(
                    claim.rows.iter().all(|row| self.ready.iter().all(|ready| ready.id != row.id)
                        && !self.due.contains(&row.id)),
                    "a row that is claimed is nowhere else in the queue"
                );
                self.move_on(asked.as_ref(), &claim.rows);
                Ok(Step::Claimed(claim))
            }
            feed = news(&mut self.feed, self.source) => {
                self.news = true;
                if let Source::Waiting(after) = self.source {
                    self.source = Source::Pass(Pass::Queued, after);
                }
                Ok(Step::News(feed))
            }
        }
    }

    fn move_on(&mut self, asked: Option<&UnderWay>, rows: &[Claimed]) {
        if let (Some(UnderWay::Next { rows: room, file_was_read: read }), Source::Pass(pass, after)) =
            (asked, self.source)
        {
            let last = rows.last().map_or(after, |row| row.id);
            self.source = match pass {
                _ if rows.len() == *room => Source::Pass(pass, last),
                Pass::InDoubt => Source::Pass(Pass::Queued, RowId::START),
                Pass::Queued if *read => Source::Exhausted,
                Pass::Queued if self.news => Source::Pass(pass, last),
                Pass::Queued => Source::Waiting(last),
            };
        }
    }

    /// Rows that are claimed, being claimed, or to be claimed again.
    pub(super) fn held(&self) -> usize {
        let claiming = match &self.claiming {
            Some((_, UnderWay::Again(rows) | UnderWay::Next { rows, .. })) => *rows,
            None => 0,
        };
        self.ready.len() + self.due.len() + claiming
    }

    /// Whether more rows can come only from the file.
    pub(super) fn waits_for_file(&self) -> bool {
        matches!(self.source, Source::Waiting(_)) && self.due.is_empty() && self.claiming.is_none()
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

/// The rows of the claim under way.
async fn claimed(claiming: &mut Option<(Claiming, UnderWay)>) -> Result<Claim, WriterError> {
    match claiming {
        Some((claiming, _)) => claiming.await,
        None => std::future::pending().await,
    }
}

/// News of the file. Who fed and is gone has said what there was to say, but a queue that waits must be told.
async fn news(feed: &mut watch::Receiver<PlanProgress>, source: Source) -> PlanProgress {
    if feed.changed().await.is_err() && !matches!(source, Source::Waiting(_)) {
        return std::future::pending().await;
    }
    *feed.borrow_and_update()
}
