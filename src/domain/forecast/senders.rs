//! The senders of a campaign that is played before it begins: what each has ready, its bucket of parts, and its day.
//!
//! The same rules as the engine's: a row leaves where its sender has its parts at hand, and of several senders first the one that
//! could have sent long ago, else the one whose rows take longest. Where the campaign has one source for all, its rows are
//! those of a sender without a rate.

use std::collections::VecDeque;
use std::time::Duration;

use super::lane_rows::{EqualRows, RowKind};
use crate::domain::delivery::bucket_history::BucketHistory;
use crate::domain::senders::{DailyCap, PartRate, Sender};
use crate::domain::unix_millis::UnixMillis;

/// Nanoseconds of a millisecond.
const MILLI: i128 = 1_000_000;
/// A sender that could have sent for so long goes before all others, or for as long as it takes to give each sender four turns.
const PATIENCE: f64 = 10_000.0;
const TURNS: f64 = 4.0;
/// Rows of a sender that are claimed ahead, at least.
const LEAST_AHEAD: usize = 2;
/// The most parts that a message has: what left last before may have been one of these.
const MOST_PARTS: u32 = 10;

/// A sender before a run begins.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeseenSender {
    /// As the definition has it.
    pub sender: Sender,
    /// Messages that its day has had.
    pub sent_today: u64,
    /// What it has sent lately.
    pub past: BucketHistory,
}

impl ForeseenSender {
    /// A sender of which nothing is known yet.
    #[must_use]
    pub fn fresh(sender: &Sender) -> Self {
        Self { sender: sender.clone(), sent_today: 0, past: BucketHistory::Fresh }
    }
}

/// All senders; the first one is that of rows without a sender.
#[derive(Debug)]
pub(super) struct SenderPaces {
    /// When the run begins, in milliseconds: what the buckets count from.
    origin: i64,
    queues: Vec<SenderPace>,
    /// Permits of the account per millisecond.
    rate: f64,
}

#[derive(Debug)]
struct SenderPace {
    ready: VecDeque<(usize, EqualRows, u32)>,
    bucket: Option<Bucket>,
    cap: Option<DailyCap>,
    sent: u64,
    day_ends: i64,
    /// Until then its day is full.
    closed: Option<i64>,
    last_left: i64,
    messages: u64,
    parts: u64,
    /// Rows of its lanes that are not claimed yet.
    waiting: u64,
}

/// Parts of a sender, in nanoseconds from the origin.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    rate: PartRate,
    period: i128,
    full_at: i128,
}

impl Bucket {
    fn new(rate: PartRate, past: BucketHistory, at: i128) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a rate has a period far below 2^127 nanoseconds"
        )]
        let period = (1e9 / rate.per_second).ceil() as i128;
        let longest = i128::from(rate.burst.get().max(MOST_PARTS)) * period;
        let full_at = at
            + match past {
                BucketHistory::Fresh => 0,
                BucketHistory::Quiet(quiet) => {
                    longest - i128::try_from(quiet.as_nanos()).unwrap_or(i128::MAX / 2)
                }
                BucketHistory::Unknown => longest,
            };
        Self { rate, period, full_at }
    }

    fn due(&self, parts: u32) -> i128 {
        self.full_at - i128::from(self.rate.burst.get().saturating_sub(parts)) * self.period
    }
}

impl SenderPaces {
    /// Before a run that begins at `origin`, at so many requests per second of the account.
    pub(super) fn new(senders: &[ForeseenSender], rate: f64, origin: UnixMillis) -> Self {
        let now = origin.millis();
        let mut queues = vec![SenderPace::new(None, None, now)];
        queues.extend(senders.iter().map(|ForeseenSender { sender, sent_today, past }| {
            let bucket = sender.rate.map(|rate| Bucket::new(rate, *past, 0));
            let mut pace = SenderPace::new(bucket, sender.per_day.clone(), now);
            pace.sent = *sent_today;
            pace.fill_up();
            pace
        }));
        Self { origin: now, queues, rate: rate / 1_000.0 }
    }

    /// Another run begins, after it was quiet for so many milliseconds.
    pub(super) fn begin_again(&mut self, now: i64, quiet: i64) {
        let at = i128::from(now - self.origin) * MILLI;
        let quiet = BucketHistory::Quiet(Duration::from_millis(quiet.max(0).unsigned_abs()));
        for pace in &mut self.queues {
            pace.pass(now);
            if let Some(bucket) = &mut pace.bucket {
                *bucket = Bucket::new(bucket.rate, quiet, at);
            }
            (pace.last_left, pace.messages, pace.parts, pace.closed) = (now, 0, 0, None);
            pace.fill_up();
        }
    }

    /// Whether the campaign has several senders.
    pub(super) fn are_several(&self) -> bool {
        self.queues.len() > 1
    }

    /// So many rows wait in the lanes of each.
    pub(super) fn wait(&mut self, lanes: impl Iterator<Item = (usize, u64)>) {
        self.queues.iter_mut().for_each(|pace| pace.waiting = 0);
        lanes.for_each(|(sender, rows)| self.queues[sender].waiting += rows);
    }

    /// Rows that are ready, of all senders.
    pub(super) fn ready(&self) -> usize {
        self.queues.iter().map(|pace| pace.ready.len()).sum()
    }

    pub(super) fn push(&mut self, sender: usize, lane: usize, run: EqualRows, kind: RowKind) {
        self.queues[sender].ready.push_back((lane, run, kind.parts));
    }

    /// A row is claimed for the first time.
    pub(super) fn taken(&mut self, sender: usize) {
        let pace = &mut self.queues[sender];
        pace.waiting = pace.waiting.saturating_sub(1);
    }

    /// How many more rows of a sender may be claimed, with so many `ahead` over all.
    pub(super) fn room(&self, sender: usize, ahead: usize, now: i64) -> usize {
        let pace = &self.queues[sender];
        pace.ahead(ahead).min(pace.left(now)).saturating_sub(pace.ready.len())
    }

    /// Whether a sender has so few rows left that more are to be claimed.
    pub(super) fn is_low(&self, sender: usize, ahead: usize) -> bool {
        let pace = &self.queues[sender];
        pace.ready.len() <= pace.ahead(ahead) / 2
    }

    /// Until when a sender is closed because its day is full.
    pub(super) fn closed_until(&self, sender: usize, now: i64) -> Option<i64> {
        self.queues[sender].closed.filter(|until| *until > now)
    }

    /// The first millisecond at which a row may leave, as far as its sender is concerned.
    pub(super) fn due(&self) -> Option<i64> {
        self.queues.iter().filter_map(|pace| self.due_of(pace)).min()
    }

    fn due_of(&self, pace: &SenderPace) -> Option<i64> {
        let (_, _, parts) = pace.ready.front()?;
        let Some(bucket) = &pace.bucket else { return Some(pace.last_left) };
        let nanos = bucket.due(*parts).max(0);
        Some(self.origin + i64::try_from((nanos + MILLI - 1) / MILLI).unwrap_or(i64::MAX / 2))
    }

    /// The row that leaves next, of a sender that may send it now.
    pub(super) fn pop(&mut self, now: i64) -> Option<(usize, EqualRows)> {
        let patience = PATIENCE.max(TURNS * float(self.queues.len() as u64) / self.rate);
        let payable = self.queues.iter().enumerate().filter_map(|(at, pace)| {
            let due = self.due_of(pace).filter(|due| *due <= now)?;
            let waited = now - due.max(pace.last_left).min(now);
            let impatient = if float(waited.unsigned_abs()) > patience { waited } else { 0 };
            Some((at, impatient, pace.seconds_left()))
        });
        let first = payable.max_by(|(_, a, left_a), (_, b, left_b)| a.cmp(b).then(left_a.total_cmp(left_b)));
        let (lane, run, _) = self.queues[first?.0].ready.pop_front()?;
        Some((lane, run))
    }

    /// A request leaves. Says whether that was the last one of its sender's day.
    pub(super) fn left(&mut self, sender: usize, parts: u32, now: i64) -> bool {
        let at = i128::from(now - self.origin) * MILLI;
        let pace = &mut self.queues[sender];
        pace.last_left = now;
        (pace.messages, pace.parts) = (pace.messages + 1, pace.parts + u64::from(parts));
        if let Some(bucket) = &mut pace.bucket {
            bucket.full_at = bucket.full_at.max(at) + i128::from(parts) * bucket.period;
        }
        if pace.cap.is_none() {
            return false;
        }
        pace.pass(now);
        pace.sent += 1;
        pace.fill_up();
        pace.closed.is_some()
    }

    /// The rows of a sender, which are ready no more.
    pub(super) fn take_of(&mut self, sender: usize) -> Vec<(usize, EqualRows)> {
        self.queues[sender].ready.drain(..).map(|(lane, run, _)| (lane, run)).collect()
    }

    /// All rows, which are ready no more.
    pub(super) fn take_all(&mut self) -> Vec<(usize, EqualRows)> {
        (0..self.queues.len()).flat_map(|sender| self.take_of(sender)).collect()
    }
}

impl SenderPace {
    fn new(bucket: Option<Bucket>, cap: Option<DailyCap>, now: i64) -> Self {
        let day_ends = cap.as_ref().map_or(i64::MAX, |cap| cap.day(UnixMillis::from_millis(now)).1.millis());
        Self {
            ready: VecDeque::new(),
            bucket,
            cap,
            sent: 0,
            day_ends,
            closed: None,
            last_left: now,
            messages: 0,
            parts: 0,
            waiting: 0,
        }
    }

    /// The day is full until its end, where it has had as many messages as it may.
    fn fill_up(&mut self) {
        let full = self.cap.as_ref().is_some_and(|cap| self.sent >= cap.most);
        self.closed = full.then_some(self.day_ends);
    }

    /// Another day begins without any.
    fn pass(&mut self, now: i64) {
        if let Some(cap) = &self.cap
            && now >= self.day_ends
        {
            (self.sent, self.day_ends) = (0, cap.day(UnixMillis::from_millis(now)).1.millis());
        }
    }

    fn left(&self, now: i64) -> usize {
        let Some(cap) = &self.cap else { return usize::MAX };
        let sent = if now >= self.day_ends { 0 } else { self.sent };
        usize::try_from(cap.most.saturating_sub(sent)).unwrap_or(usize::MAX)
    }

    /// Rows that are claimed ahead, at most: those of about a second.
    fn ahead(&self, ahead: usize) -> usize {
        let Some(bucket) = &self.bucket else { return ahead };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "rates are small and positive"
        )]
        let rows = (bucket.rate.per_second / self.parts_a_message()).ceil() as usize;
        rows.max(LEAST_AHEAD).min(ahead.max(LEAST_AHEAD)).min(if ahead == 1 { 1 } else { usize::MAX })
    }

    fn parts_a_message(&self) -> f64 {
        if self.messages == 0 { 1.0 } else { float(self.parts) / float(self.messages) }
    }

    /// How long its rows take.
    fn seconds_left(&self) -> f64 {
        let rows = float(self.waiting + self.ready.len() as u64);
        self.bucket.as_ref().map_or(0.0, |bucket| rows * self.parts_a_message() / bucket.rate.per_second)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn float(count: u64) -> f64 {
    count as f64
}
