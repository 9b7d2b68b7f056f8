//! The next rows: claimed slightly ahead of their requests, so that few are in doubt after a crash.

use std::future::Future;
use std::pin::Pin;

use tokio::sync::watch;
use tokio::time::Instant;

use super::lanes::{Admittance, AllClosed, ClosedSender, Lanes, Source};
use super::plan_progress::PlanProgress;
use super::ready::{ReadyRows, RunSender};
use crate::clock::Clock;
use crate::domain::forecast::RestLane;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{
    Claim, ClaimRequest, ClaimRoom, Claimed, LaneCursor, LaneId, OpenLane, Pass, RowId, SenderId, Wake,
    Writer, WriterError,
};

/// Rows claimed at a time, at most.
const LARGEST_CLAIM: usize = 2_048;

type Claiming = Pin<Box<dyn Future<Output = Result<Claim, WriterError>> + Send>>;

/// Where the rows come from, and the claim that is under way.
pub(super) struct Queue {
    pub(super) ready: ReadyRows,
    /// Rows to be claimed again, before any new one.
    pub(super) due: Vec<RowId>,
    /// Rows of instances whose quota of contacts is full: they are due again when it may have room.
    parked: Vec<(usize, RowId)>,
    claiming: Option<(Claiming, UnderWay)>,
    lanes: Lanes,
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
    /// At most so many new ones of these lanes, and whether the file had been read to its end by then.
    Next {
        request: ClaimRequest,
        file_was_read: bool,
    },
}

impl Queue {
    pub(super) fn new(
        feed: watch::Receiver<PlanProgress>,
        admittance: Admittance,
        lanes: Vec<OpenLane>,
        (senders, now): (&[RunSender], UnixMillis),
    ) -> Self {
        let ready = ReadyRows::new(senders, now);
        let sweep = matches!(*feed.borrow(), PlanProgress::Reading { .. });
        let mut lanes = Lanes::new(admittance, lanes, sweep);
        for run in senders {
            if let Some(until) = ready.closed_until(run.id) {
                lanes.close(run.id, ClosedSender::Until(until));
            }
        }
        Self { ready, due: Vec::new(), parked: Vec::new(), claiming: None, lanes, feed, news: false, sweep }
    }

    /// True if the plan may bring more rows. A closed channel means that the producer sent its last message.
    pub(super) fn is_reading(&self) -> bool {
        matches!(*self.feed.borrow(), PlanProgress::Reading { .. }) && self.feed.has_changed().is_ok()
    }

    /// Begins anew where rows may have come back behind the pass. Only when no row is held: a held one that is queued
    /// in the journal would be claimed twice. Says whether there is anything to look for.
    pub(super) fn sweep(&mut self) -> bool {
        if std::mem::take(&mut self.sweep) {
            self.lanes.sweep();
            return true;
        }
        false
    }

    /// Begins a claim where fewer rows are ready than `ahead` says for their instances, and none is under way: of rows that are
    /// tried again, or of at most `fresh` others.
    pub(super) fn top_up(&mut self, writer: &Writer, clock: &Clock, ahead: &[usize], fresh: usize) {
        let Self { ready, lanes, due, .. } = self;
        let most_ahead = ahead.iter().max().copied().unwrap_or(0);
        let of_instances = ahead;
        let ahead = |sender| of_instances[ready.instance(sender)].min(LARGEST_CLAIM);
        lanes.release(clock.now(), due);
        // Half at a time: a claim is a commit, and a commit is dear.
        let is_full = !ready.by_sender() && !ready.is_low(None, ahead(None));
        if self.claiming.is_some() || is_full || most_ahead == 0 {
            return;
        }
        // Rows of a sender that waits are in nobody's way.
        let room = if ready.by_sender() { LARGEST_CLAIM } else { ahead(None) - ready.len() };
        let (writer, now) = (writer.clone(), clock.now());
        if !due.is_empty() {
            let ids: Vec<RowId> = due.drain(..due.len().min(room)).collect();
            debug_assert!(ids.len() <= room, "no more rows are claimed than there is room for");
            let asked = UnderWay::Again(ids.len());
            self.claiming = Some((Box::pin(async move { writer.claim_again(ids, now).await }), asked));
            return;
        }
        let most = u32::try_from(room.min(fresh)).unwrap_or(u32::MAX);
        let mut lanes = lanes.next(now, |sender| ready.room(sender, ahead(sender), now));
        for (instance, ahead) in of_instances.iter().enumerate() {
            let left = (*ahead).min(LARGEST_CLAIM).saturating_sub(ready.unpaced(instance));
            share(&mut lanes, left, |sender| ready.is_unpaced(sender, instance));
        }
        share(&mut lanes, most as usize, |_| true);
        let low = lanes.iter().any(|cursor| ready.is_low(cursor.sender, ahead(cursor.sender)));
        if most > 0 && low {
            let request = ClaimRequest { lanes, most };
            let asked = UnderWay::Next { request: request.clone(), file_was_read: !self.is_reading() };
            let claim = Box::pin(async move { writer.claim_next(request, now).await });
            self.news = false;
            self.claiming = Some((claim, asked));
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
                self.move_on(asked.as_ref(), &claim);
                claim.wakes.iter().for_each(|wake| self.lanes.wait(wake));
                claim.ends.iter().for_each(|(lane, at)| self.lanes.ends(*lane, *at));
                Ok(Step::Claimed(claim))
            }
            feed = news(&mut self.feed, self.lanes.waits_for_file()) => {
                self.news = true;
                self.lanes.read_on();
                Ok(Step::News(feed))
            }
        }
    }

    /// Each lane that was asked for its rows goes on behind the last of them. One that had fewer than there was room for has
    /// no more, and the claim looked into the next one, unless it says that it stopped there.
    fn move_on(&mut self, asked: Option<&UnderWay>, Claim { rows, stopped_at, .. }: &Claim) {
        let Some(UnderWay::Next { request, file_was_read }) = asked else { return };
        let mut rooms = ClaimRoom::of(request);
        let mut rows = rows.iter().peekable();
        for cursor in &request.lanes {
            if rooms.is_full() {
                break;
            }
            let room = rooms.room(cursor);
            if room == 0 {
                continue;
            }
            let (mut last, mut taken) = (cursor.after, 0);
            let mut waited = None;
            while let Some(row) = rows.next_if(|row| row.lane == cursor.lane) {
                (last, taken) = (row.id, taken + 1);
                waited = row.waited_until.map(|until| (until, row.id));
            }
            self.lanes.taken(cursor.lane, taken as u64);
            debug_assert!(taken <= room, "a claim brings no more rows than were asked for");
            rooms.take(cursor, taken);
            let stopped = stopped_at.filter(|stopped| stopped.lane == cursor.lane);
            if let Pass::Waited(_) = cursor.pass {
                self.lanes.waited(cursor.lane, waited, taken < room && stopped.is_none());
                if stopped.is_some() {
                    break;
                }
                continue;
            }
            let Some(source) = self.lanes.source(cursor.lane) else { continue };
            if let Some(stopped) = stopped {
                *source = Source::Pass(cursor.pass, stopped.after);
                break;
            }
            *source = match cursor.pass {
                pass if taken == room => Source::Pass(pass, last),
                Pass::InDoubt => Source::Pass(Pass::Queued, RowId::START),
                Pass::Queued | Pass::Waited(_) if *file_was_read => Source::Exhausted,
                Pass::Queued | Pass::Waited(_) if self.news => Source::Pass(Pass::Queued, last),
                Pass::Queued | Pass::Waited(_) => Source::Waiting(last),
            };
        }
        debug_assert!(
            rows.next().is_none(),
            "a claim brings rows of the lanes that were asked for, in their order"
        );
    }

    /// Rows that are claimed, being claimed, or to be claimed again.
    pub(super) fn held(&self) -> usize {
        let claiming = match &self.claiming {
            Some((_, UnderWay::Again(rows))) => *rows,
            Some((_, UnderWay::Next { request, .. })) => request.most as usize,
            None => 0,
        };
        self.ready.len() + self.due.len() + self.parked.len() + self.lanes.held() + claiming
    }

    /// Whether more rows can come only from the file.
    pub(super) fn waits_for_file(&self) -> bool {
        self.lanes.waits_for_file()
            && self.due.is_empty()
            && self.parked.is_empty()
            && self.claiming.is_none()
    }

    /// Whether a row may be requested now, as far as its hours are concerned.
    pub(super) fn is_open(&mut self, lane: Option<LaneId>, now: UnixMillis) -> bool {
        self.lanes.is_open(lane, now)
    }

    /// Nothing leaves from a sender any more, for a while or at all.
    pub(super) fn close_sender(&mut self, sender: SenderId, why: ClosedSender) {
        self.lanes.close(sender, why);
    }

    /// A sender's day has room again.
    pub(super) fn reopen_sender(&mut self, sender: SenderId) {
        self.lanes.reopen(sender);
    }

    /// Whether a sender halted.
    pub(super) fn is_halted(&self, sender: SenderId) -> bool {
        self.lanes.is_halted(sender)
    }

    /// What is left in each lane and its sender, and how many of these rows are in lanes that are closed.
    pub(super) fn rest(&mut self, now: UnixMillis) -> (Vec<(Option<SenderId>, RestLane)>, u64) {
        self.lanes.rest(now)
    }

    /// Rows of senders that halted, as far as known.
    pub(super) fn halted_rows(&self) -> u64 {
        self.lanes.halted_rows()
    }

    /// When the next lane opens, or the next row's moment comes.
    pub(super) fn next_opening(&mut self, now: UnixMillis) -> Option<UnixMillis> {
        self.lanes.next_turn(now)
    }

    /// When rows have their turn that cannot be claimed now, while none is ready, or those that are wait for their sender.
    pub(super) fn next_turn(&mut self, now: UnixMillis) -> Option<UnixMillis> {
        let sender_waits = self.ready.by_sender() && self.ready.due().is_some_and(|due| due > Instant::now());
        if sender_waits || self.ready.is_empty() { self.lanes.next_turn(now) } else { None }
    }

    /// The row that leaves next, of a sender that may send it now to an instance that `may` be sent to.
    pub(super) fn pop(&mut self, requests_per_second: f64, may: impl Fn(usize) -> bool) -> Option<Claimed> {
        let Self { ready, lanes, .. } = self;
        ready.pop(requests_per_second, may, |sender| lanes.rows_of(sender))
    }

    /// Whether rows of an instance are left, as far as known.
    pub(super) fn has_rows(&self, instance: usize) -> bool {
        let ready = self.ready.instances();
        ready.iter().any(|ready| ready.instance == instance)
            || self.ready.senders_of(instance).iter().any(|sender| self.lanes.rows_of(Some(*sender)) > 0)
    }

    /// The claim of a row is undone until its instance may have room for a contact.
    pub(super) fn park(&mut self, instance: usize, row: RowId) {
        self.parked.push((instance, row));
    }

    /// An instance may have room for a contact again.
    pub(super) fn unpark(&mut self, instance: usize) {
        let Self { parked, due, .. } = self;
        due.extend(parked.extract_if(.., |(of, _)| *of == instance).map(|(_, row)| row));
    }

    /// Rows that were to be claimed again are left to whoever looks for them next.
    pub(super) fn forget_due(&mut self) {
        self.due.clear();
        self.parked.clear();
    }

    /// A row whose claim is undone waits until its lane opens, and until a moment of its own.
    pub(super) fn hold(&mut self, lane: Option<LaneId>, row: RowId, from: Option<UnixMillis>) {
        self.lanes.hold(lane, row, from);
    }

    /// A row of a lane that waited for another one's contact may be claimed, as that one has none after all.
    pub(super) fn look_at_waiting(&mut self, lane: Option<LaneId>, now: UnixMillis) {
        self.lanes.look_at_waiting(lane, now);
    }

    /// Begins anew with what waits in the journal. Only when no row is held: it would be claimed twice.
    pub(super) fn look_again(&mut self) {
        debug_assert_eq!(self.held(), 0, "no row is in the queue and in the journal");
        self.lanes.look_again();
    }

    /// Rows have come into these lanes, which wait until that moment.
    pub(super) fn rows_come(&mut self, lanes: &[LaneId], at: UnixMillis) {
        lanes.iter().for_each(|lane| self.lanes.wait(&Wake { lane: Some(*lane), at, limited: false }));
    }

    /// Whether the sender of a lane halted.
    pub(super) fn lane_is_halted(&self, lane: Option<LaneId>) -> bool {
        self.lanes.lane_is_halted(lane)
    }

    /// The run ends: rows that waited for their hours are left to the next one.
    pub(super) fn forget_held(&mut self) {
        self.lanes.forget_held();
    }

    /// Nothing that waits is to be claimed any more.
    pub(super) fn finish(&mut self) {
        self.lanes.finish();
    }

    /// The newest lane, behind which the file may bring others.
    pub(super) fn newest_lane(&self) -> Option<LaneId> {
        self.lanes.newest()
    }

    /// Takes in lanes that the file has brought.
    pub(super) fn extend_lanes(&mut self, lanes: Vec<OpenLane>) {
        self.lanes.extend(lanes);
    }

    /// Hours alone keep everything that is left from being claimed.
    pub(super) fn all_closed(&mut self, now: UnixMillis) -> Option<AllClosed> {
        if self.is_idle() && !self.is_reading() { self.lanes.all_closed(now) } else { None }
    }

    /// The schedule lets nobody look whether the journal has rows, and the file brings none.
    pub(super) fn is_shut(&self, now: UnixMillis) -> bool {
        self.is_idle() && !self.is_reading() && !self.lanes.schedule_is_open(now)
    }

    /// Whether no row is ready, due, or being claimed.
    pub(super) fn is_idle(&self) -> bool {
        self.ready.is_empty() && self.due.is_empty() && self.parked.is_empty() && self.claiming.is_none()
    }

    pub(super) fn is_claiming(&self) -> bool {
        self.claiming.is_some()
    }

    /// Whether no row is ready, due, being claimed, or waiting in the journal.
    pub(super) fn is_exhausted(&self) -> bool {
        self.lanes.is_exhausted() && self.is_idle()
    }
}

/// The rows of the claim under way. Where senders have room for more rows than there is for all of them, each has its
/// share of it. So a claim brings rows that are beside each other in the journal, of all senders, and not those of one
/// sender from all over it.
fn share(lanes: &mut [LaneCursor], most: usize, of: impl Fn(Option<SenderId>) -> bool) {
    let rooms = lanes.iter().filter(|cursor| of(cursor.sender));
    let mut rooms: Vec<_> = rooms.map(|cursor| (cursor.sender, u64::from(cursor.most))).collect();
    rooms.sort_unstable();
    rooms.dedup();
    let all: u64 = rooms.iter().map(|(_, room)| room).sum();
    if rooms.len() > 1 && all > most as u64 {
        for cursor in lanes.iter_mut().filter(|cursor| of(cursor.sender)) {
            let share = u64::from(cursor.most) * most as u64 / all;
            cursor.most = u32::try_from(share).unwrap_or(u32::MAX).max(1);
        }
    }
}

async fn claimed(claiming: &mut Option<(Claiming, UnderWay)>) -> Result<Claim, WriterError> {
    match claiming {
        Some((claiming, _)) => claiming.await,
        None => std::future::pending().await,
    }
}

/// The next message about the file. A closed channel means that the producer sent its last message, which a queue that
/// waits still has to see.
async fn news(feed: &mut watch::Receiver<PlanProgress>, waits: bool) -> PlanProgress {
    if feed.changed().await.is_err() && !waits {
        return std::future::pending().await;
    }
    *feed.borrow_and_update()
}
