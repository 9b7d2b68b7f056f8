//! Claimed rows that wait for their requests, by sender: each sender has a queue and a budget. A slow one delays no
//! other. A decision looks once at each sender, however many rows wait.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::delivery::bucket_history::BucketHistory;
use crate::domain::foreign::ForeignText;
use crate::domain::message::segments::Segments;
use crate::domain::senders::figures::{SenderBeat, SenderDay};
use crate::domain::senders::{DailyCap, PartRate, Sender};
use crate::domain::unix_millis::UnixMillis;
use crate::engine::gate::ReadyInstance;
use crate::engine::sender_meter::SenderMeter;
use crate::journal::{Claimed, SenderId};
use crate::pace::PartBucket;

/// A sender that could have sent for this long goes before all others; or for the time of four turns of each sender, if
/// longer.
const PATIENCE: Duration = Duration::from_secs(10);
const TURNS: f64 = 4.0;
/// Rows of a sender that are claimed ahead, at least: one is being requested while the next one is claimed.
const LEAST_AHEAD: usize = 2;
/// A row that could have left this long ago is reported as waiting.
const OVERDUE: Duration = Duration::from_secs(1);

/// A sender, as a run knows it.
#[derive(Debug, Clone)]
pub struct RunSender {
    /// Its id in the journal.
    pub id: SenderId,
    /// As the definition has it.
    pub sender: Sender,
    /// Its rate in the definition, without changes by people.
    pub stated: Option<PartRate>,
    /// Messages of its day from before the run.
    pub sent_today: u64,
    /// Its recent throughput.
    pub past: BucketHistory,
    /// The place of its instance among the run's.
    pub instance: usize,
}

/// The rows that are next, by sender.
#[derive(Debug)]
pub(super) struct ReadyRows {
    /// The first one is that of rows without a sender.
    queues: Vec<SenderQueue>,
}

#[derive(Debug)]
struct SenderQueue {
    id: Option<SenderId>,
    /// Where its requests go.
    instance: usize,
    rows: VecDeque<(Claimed, u32)>,
    bucket: Option<PartBucket>,
    cap: Option<DayCount>,
    meter: SenderMeter,
}

/// The messages of a day.
#[derive(Debug)]
struct DayCount {
    cap: DailyCap,
    sent: u64,
    in_flight: u64,
    ends: UnixMillis,
    /// A day has ended since the run began.
    passed: bool,
}

impl ReadyRows {
    pub(super) fn new(senders: &[RunSender], now: UnixMillis) -> Self {
        let mut queues = vec![SenderQueue::new((None, 0), None, None)];
        queues.extend(senders.iter().map(|run| {
            let bucket = run.sender.rate.map(|rate| PartBucket::new(rate, run.past));
            let cap = run.sender.per_day.clone();
            let cap = cap.map(|cap| DayCount {
                ends: cap.day(now).1,
                cap,
                sent: run.sent_today,
                in_flight: 0,
                passed: false,
            });
            SenderQueue::new((Some(run.id), run.instance), bucket, cap)
        }));
        Self { queues }
    }

    /// Whether the campaign has several senders.
    pub(super) fn by_sender(&self) -> bool {
        self.queues.len() > 1
    }

    pub(super) fn len(&self) -> usize {
        self.queues.iter().map(|queue| queue.rows.len()).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queues.iter().all(|queue| queue.rows.is_empty())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Claimed> {
        self.queues.iter().flat_map(|queue| queue.rows.iter().map(|(row, _)| row))
    }

    pub(super) fn extend(&mut self, rows: impl IntoIterator<Item = Claimed>) {
        for row in rows {
            let parts = if self.by_sender() { parts(&row) } else { 1 };
            let queue = self.queue(row.sender);
            queue.meter.has_rows();
            queue.rows.push_back((row, parts));
        }
    }

    /// Takes all rows.
    pub(super) fn take_all(&mut self) -> Vec<Claimed> {
        self.queues.iter_mut().flat_map(|queue| queue.rows.drain(..).map(|(row, _)| row)).collect()
    }

    /// The first so many rows, where there are no senders.
    #[cfg(test)]
    pub(super) fn truncate(&mut self, rows: usize) {
        self.queues[0].rows.truncate(rows);
    }

    /// Takes all rows that go to an instance.
    pub(super) fn take_of_instance(&mut self, instance: usize) -> Vec<Claimed> {
        let queues = self.queues.iter_mut().filter(|queue| queue.instance == instance);
        queues.flat_map(|queue| queue.rows.drain(..).map(|(row, _)| row)).collect()
    }

    /// How many rows go to an instance.
    pub(super) fn len_of_instance(&self, instance: usize) -> usize {
        self.queues.iter().filter(|queue| queue.instance == instance).map(|queue| queue.rows.len()).sum()
    }

    /// Rows of senders of an instance that have no rate of their own.
    pub(super) fn unpaced(&self, instance: usize) -> usize {
        let unpaced = self.queues.iter().filter(|queue| queue.is_unpaced(instance));
        unpaced.map(|queue| queue.rows.len()).sum()
    }

    /// Whether a sender belongs to the instance, and has no rate of its own.
    pub(super) fn is_unpaced(&self, sender: Option<SenderId>, instance: usize) -> bool {
        self.find(sender).is_unpaced(instance)
    }

    /// The senders of an instance.
    pub(super) fn senders_of(&self, instance: usize) -> Vec<SenderId> {
        self.queues.iter().filter(|queue| queue.instance == instance).filter_map(|queue| queue.id).collect()
    }

    /// Where requests of a sender go.
    pub(super) fn instance(&self, sender: Option<SenderId>) -> usize {
        self.find(sender).instance
    }

    /// Rows that may go to an instance, and the first moment at which one of them may leave.
    pub(super) fn instances(&self) -> Vec<ReadyInstance> {
        let mut instances: Vec<ReadyInstance> = Vec::new();
        for queue in self.queues.iter().filter(|queue| !queue.rows.is_empty()) {
            let due = if self.by_sender() { queue.due() } else { None };
            match instances.iter_mut().find(|known| known.instance == queue.instance) {
                Some(known) => known.due = known.due.min(due),
                None => instances.push(ReadyInstance { instance: queue.instance, due }),
            }
        }
        instances
    }

    /// Takes all rows of a sender.
    pub(super) fn take_of(&mut self, sender: SenderId) -> Vec<Claimed> {
        self.queue(Some(sender)).rows.drain(..).map(|(row, _)| row).collect()
    }

    /// How many more rows of a sender may be claimed, with so many `ahead` over all.
    pub(super) fn room(&self, sender: Option<SenderId>, ahead: usize, now: UnixMillis) -> usize {
        if !self.by_sender() {
            return ahead.saturating_sub(self.len());
        }
        let queue = self.find(sender);
        let left = queue.cap.as_ref().map_or(usize::MAX, |day| day.left(now));
        queue.ahead(self.part_of(queue, ahead)).min(left).saturating_sub(queue.rows.len())
    }

    /// Whether a sender has so few rows left that more are to be claimed.
    pub(super) fn is_low(&self, sender: Option<SenderId>, ahead: usize) -> bool {
        if !self.by_sender() {
            return self.len() <= ahead / 2;
        }
        let queue = self.find(sender);
        queue.rows.len() <= queue.ahead(self.part_of(queue, ahead)) / 2
    }

    /// What a sender has of the rows that are claimed ahead for its instance. Senders without a rate of their own share these.
    fn part_of(&self, queue: &SenderQueue, ahead: usize) -> usize {
        let shares = |other: &&SenderQueue| other.is_unpaced(queue.instance) && !other.rows.is_empty();
        if queue.bucket.is_some() {
            return ahead;
        }
        let others = self.queues.iter().filter(shares).count() - usize::from(!queue.rows.is_empty());
        ahead.div_ceil(1 + others).max(LEAST_AHEAD.min(ahead))
    }

    /// When the first row may leave, as far as its sender is concerned; `None` where none waits.
    pub(super) fn due(&self) -> Option<Instant> {
        self.queues.iter().filter_map(SenderQueue::due).min()
    }

    /// The row that leaves next, of a sender that may send it now to an instance that `may` be sent to. Of several, the
    /// one that could have sent longest ago, if that is long; else the one whose rows take longest, `left` being how many
    /// rows of a sender wait in the journal: so all end as soon as can be. Those without a rate of their own get on
    /// alike.
    pub(super) fn pop(
        &mut self,
        requests_per_second: f64,
        may: impl Fn(usize) -> bool,
        left: impl Fn(Option<SenderId>) -> u64,
    ) -> Option<Claimed> {
        if !self.by_sender() {
            return self.queues[0].rows.pop_front().map(|(row, _)| row);
        }
        let now = Instant::now();
        let of_account = self.queues.iter().filter(|queue| may(queue.instance)).count();
        let turns = TURNS * float(of_account as u64) / requests_per_second;
        let patience = PATIENCE.max(Duration::try_from_secs_f64(turns).unwrap_or(PATIENCE));
        let payable = self.queues.iter().enumerate().filter_map(|(at, queue)| {
            let due = queue.due().filter(|due| *due <= now && may(queue.instance))?;
            let waited = now - due.max(queue.meter.last_left()).min(now);
            let impatient = if waited > patience { waited } else { Duration::ZERO };
            let left = left(queue.id);
            Some((at, impatient, [queue.seconds_left(left), queue.share_left(left)]))
        });
        let first = payable.max_by(|(_, a, [time_a, share_a]), (_, b, [time_b, share_b])| {
            a.cmp(b).then(time_a.total_cmp(time_b)).then(share_a.total_cmp(share_b))
        });
        let (row, _) = self.queues[first?.0].rows.pop_front()?;
        Some(row)
    }

    /// A request for the row leaves: it takes what it costs. Says until when the sender is closed, where its day is full.
    pub(super) fn left(&mut self, row: &Claimed, again: bool, now: UnixMillis) -> Option<UnixMillis> {
        if !self.by_sender() {
            return None;
        }
        let parts = parts(row);
        let queue = self.queue(row.sender);
        if let Some(bucket) = &mut queue.bucket {
            bucket.take(parts);
        }
        let is_spent = queue.bucket.as_ref().is_none_or(|bucket| bucket.due(1) > Instant::now());
        queue.meter.left(parts, is_spent, queue.rows.is_empty());
        let day = queue.cap.as_mut()?;
        day.pass(now);
        day.in_flight += 1;
        // One that may have been sent counts already: since the run began, or since it was first requested on this day.
        let counted = again && (!day.passed || row.doubt_at >= day.cap.day(now).0);
        day.sent += u64::from(!counted);
        (day.sent >= day.cap.most).then_some(day.ends)
    }

    /// The answer to a request came. `sent`: a message may have left. Says whether the sender's day has room again.
    pub(super) fn answered(&mut self, sender: Option<SenderId>, sent: bool, now: UnixMillis) -> bool {
        let Some(day) = self.queue(sender).cap.as_mut() else { return false };
        day.pass(now);
        day.in_flight = day.in_flight.saturating_sub(1);
        if !sent {
            day.sent = day.sent.saturating_sub(1);
        }
        day.sent < day.cap.most
    }

    /// Until when a sender is closed because its day is full, before anything of it is claimed.
    pub(super) fn closed_until(&self, sender: SenderId) -> Option<UnixMillis> {
        let day = self.find(Some(sender)).cap.as_ref()?;
        (day.sent >= day.cap.most).then_some(day.ends)
    }

    /// The progress of each sender; `halted` has the service's words about refused ones.
    pub(super) fn beats(
        &self,
        now: UnixMillis,
        halted: impl Fn(SenderId) -> Option<ForeignText>,
    ) -> Vec<(SenderId, SenderBeat)> {
        let of = |queue: &SenderQueue| queue.id.map(|id| (id, queue.beat(now, halted(id))));
        self.queues.iter().filter_map(of).collect()
    }

    /// Changes a sender's rate; its deficit stays. Returns whether more rows of it are claimed than it sends in about a
    /// second, with so many `ahead` over all.
    pub(super) fn repace(&mut self, sender: SenderId, rate: Option<PartRate>, ahead: usize) -> bool {
        let queue = self.queue(Some(sender));
        queue.bucket = match (queue.bucket.take(), rate) {
            (_, None) => None,
            // What has left lately was not counted.
            (None, Some(rate)) => Some(PartBucket::new(rate, BucketHistory::Unknown)),
            (Some(mut bucket), Some(rate)) => {
                bucket.change(rate);
                Some(bucket)
            }
        };
        queue.meter.measure_anew();
        queue.rows.len() > queue.ahead(ahead)
    }

    /// Restarts the measurements of speed.
    pub(super) fn measure_anew(&mut self) {
        self.queues.iter_mut().for_each(|queue| queue.meter.measure_anew());
    }

    fn queue(&mut self, sender: Option<SenderId>) -> &mut SenderQueue {
        let at = self.place(sender);
        &mut self.queues[at]
    }

    fn find(&self, sender: Option<SenderId>) -> &SenderQueue {
        &self.queues[self.place(sender)]
    }

    fn place(&self, sender: Option<SenderId>) -> usize {
        self.queues.iter().position(|queue| queue.id == sender).unwrap_or(0)
    }
}

impl SenderQueue {
    fn new(
        (id, instance): (Option<SenderId>, usize),
        bucket: Option<PartBucket>,
        cap: Option<DayCount>,
    ) -> Self {
        Self { id, instance, rows: VecDeque::new(), bucket, cap, meter: SenderMeter::new() }
    }

    fn is_unpaced(&self, instance: usize) -> bool {
        self.instance == instance && self.bucket.is_none()
    }

    fn due(&self) -> Option<Instant> {
        let (_, parts) = self.rows.front()?;
        Some(self.bucket.as_ref().map_or(self.meter.last_left(), |bucket| bucket.due(*parts)))
    }

    /// Rows that are claimed ahead, at most: those of about a second.
    fn ahead(&self, ahead: usize) -> usize {
        let Some(bucket) = &self.bucket else { return ahead };
        let rows = (bucket.rate().per_second / self.parts_a_message()).ceil() as usize;
        rows.max(LEAST_AHEAD).min(ahead.max(LEAST_AHEAD)).min(if ahead == 1 { 1 } else { usize::MAX })
    }

    fn parts_a_message(&self) -> f64 {
        let (messages, parts) = self.meter.total();
        if messages == 0 { 1.0 } else { float(parts) / float(messages) }
    }

    fn beat(&self, now: UnixMillis, halted: Option<ForeignText>) -> SenderBeat {
        let (messages, parts) = self.meter.total();
        let overdue = self.due().is_some_and(|due| due + OVERDUE <= Instant::now());
        SenderBeat {
            asked: self.bucket.as_ref().map(|bucket| bucket.rate().per_second),
            reached: self.meter.reached(overdue),
            messages,
            parts,
            day: self.cap.as_ref().map(|day| day.told(now)),
            halted,
        }
    }

    /// How long its rows take, with those that are not claimed yet.
    fn seconds_left(&self, waiting: u64) -> f64 {
        let rows = float(waiting + self.rows.len() as u64);
        self.bucket.as_ref().map_or(0.0, |bucket| rows * self.parts_a_message() / bucket.rate().per_second)
    }

    /// What it has left of its rows in this run, with those that are not claimed yet: from 0 to 1.
    fn share_left(&self, waiting: u64) -> f64 {
        let (left, sent) = (waiting + self.rows.len() as u64, self.meter.total().0);
        float(left) / float((left + sent).max(1))
    }
}

impl DayCount {
    /// The next day begins with what is in flight: it may count there.
    fn pass(&mut self, now: UnixMillis) {
        if now >= self.ends {
            (self.sent, self.ends) = (self.in_flight, self.cap.day(now).1);
            self.passed = true;
        }
    }

    fn told(&self, now: UnixMillis) -> SenderDay {
        let (sent, ends) =
            if now >= self.ends { (self.in_flight, self.cap.day(now).1) } else { (self.sent, self.ends) };
        SenderDay { most: self.cap.most, sent, ends }
    }

    fn left(&self, now: UnixMillis) -> usize {
        let sent = if now >= self.ends { self.in_flight } else { self.sent };
        usize::try_from(self.cap.most.saturating_sub(sent)).unwrap_or(usize::MAX)
    }
}

/// The parts of a row's message. Where the flow sends it nobody knows them, and it counts as one.
fn parts(row: &Claimed) -> u32 {
    let text = row.frozen.form.shape().message_text(&row.frozen.slots);
    text.map_or(1, |text| u32::try_from(Segments::of(text).count).unwrap_or(u32::MAX))
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn float(count: u64) -> f64 {
    count as f64
}
