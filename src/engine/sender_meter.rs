//! The recent message parts per second of a sender, while it had rows to send. Only for display; nothing depends on it.

use std::time::Duration;

use tokio::time::Instant;

/// The measurement is over this time and so many messages at least, once so much was sent, and over twice that at most.
const WINDOW: Duration = Duration::from_secs(30);
const MESSAGES: u64 = 20;
/// A shorter measurement is not used.
const SHORTEST: Duration = Duration::from_secs(5);
/// A sender's initial burst is no pace: the measurement begins when that is used up, or after this time.
const AT_HAND: Duration = Duration::from_secs(1);
/// A sender without a row for longer is measured anew when it has some.
const IDLE: Duration = Duration::from_secs(10);

/// Counts what leaves.
#[derive(Debug, Clone, Copy)]
pub(super) struct SenderMeter {
    /// What has left so far.
    last: Left,
    first_at: Option<Instant>,
    /// Where the measurement began, and where the next one begins.
    marks: Option<[Left; 2]>,
    /// Since when it has no row.
    idle_since: Option<Instant>,
}

/// What had left at a moment.
#[derive(Debug, Clone, Copy)]
struct Left {
    at: Instant,
    messages: u64,
    parts: u64,
}

impl SenderMeter {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        let last = Left { at: now, messages: 0, parts: 0 };
        Self { last, first_at: None, marks: None, idle_since: Some(now) }
    }

    /// Messages and their parts so far.
    pub(super) fn total(&self) -> (u64, u64) {
        (self.last.messages, self.last.parts)
    }

    /// When the last message left.
    pub(super) fn last_left(&self) -> Instant {
        self.last.at
    }

    /// A message of so many parts leaves. `is_spent`: the sender has nothing at hand after it. `is_last`: nor another row.
    pub(super) fn left(&mut self, parts: u32, is_spent: bool, is_last: bool) {
        let (now, before) = (Instant::now(), self.last);
        self.last = Left { at: now, messages: before.messages + 1, parts: before.parts + u64::from(parts) };
        let first = *self.first_at.get_or_insert(now);
        match &mut self.marks {
            None if is_spent || now - first >= AT_HAND => self.marks = Some([self.last; 2]),
            None => {}
            Some([since, next])
                if now - next.at >= WINDOW && self.last.messages - next.messages >= MESSAGES =>
            {
                (*since, *next) = (*next, self.last);
            }
            Some(_) => {}
        }
        self.idle_since = is_last.then_some(now);
    }

    /// It has rows.
    pub(super) fn has_rows(&mut self) {
        if self.idle_since.take().is_some_and(|since| since.elapsed() >= IDLE) {
            self.measure_anew();
        }
    }

    /// Restarts the measurement.
    pub(super) fn measure_anew(&mut self) {
        (self.first_at, self.marks) = (None, None);
    }

    /// Parts per second of late. `overdue`: a row could have left a while ago, so the time since the last one counts.
    pub(super) fn reached(&self, overdue: bool) -> Option<f64> {
        let [since, _] = self.marks?;
        let end = if overdue { Instant::now() } else { self.last.at };
        let took = end - since.at;
        (took >= SHORTEST).then(|| (self.last.parts - since.parts) as f64 / took.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three parts a second, in messages of one to seven.
    #[tokio::test(start_paused = true)]
    async fn what_is_measured_is_the_pace_and_neither_the_burst_nor_the_time_without_rows() {
        let mut meter = SenderMeter::new();
        assert_eq!(meter.reached(false), None);
        for _ in 0..10 {
            meter.left(1, false, false);
        }
        let mut worst = 0.0_f64;
        for n in 0..400_u32 {
            let parts = 1 + n * 5 % 7;
            meter.left(parts, true, false);
            tokio::time::sleep(Duration::from_secs(u64::from(parts)) / 3).await;
            let reached = meter.reached(false);
            assert_eq!(reached.is_some(), meter.last.at - meter.first_at.unwrap() >= SHORTEST, "{n}");
            if n > 20 {
                worst = worst.max((reached.unwrap() / 3.0 - 1.0).abs());
            }
        }
        assert!(worst < 0.09, "{worst}: messages are not alike, and 20 of them are a measurement");
        let before = meter.reached(false);
        meter.left(1, true, true);
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert!(meter.reached(false) > before.map(|rate| rate * 0.9), "nothing to send is not slow");
        assert!(meter.reached(true) < Some(0.3), "rows that could have left are");
        meter.has_rows();
        assert_eq!((meter.reached(false), meter.total()), (None, (411, meter.last.parts)));
    }
}
