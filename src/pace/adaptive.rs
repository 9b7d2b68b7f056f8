//! Finds and follows the rate that the service accepts. A throttled request shows that the rate was too high. An accepted
//! one shows nothing, so from time to time the rate rises a little.
//!
//! After a throttled request the rate falls at once, returns to just below where it was, stays there for a while, and
//! then tries more, slowly at first: a cubic curve, as in CUBIC (RFC 9438). If that is not throttled either, the quota
//! has grown, and the rate doubles every few seconds until it is. An unstated rate begins so, and so does one after an
//! outage: if everything was throttled, the rate that it fell to is no quota, and the first accepted request ends the
//! outage.
//!
//! Pure: time is an argument. It counts the time in which requests were waiting for the pace: an unused rate proves
//! nothing, and does not rise.

use std::time::Duration;

/// The part of the rate that a throttled request leaves.
const FALL: f64 = 0.93;
/// From a fall until the rate is back, at least.
const BACK: Duration = Duration::from_secs(30);
/// ...and at least so many requests: at a low rate each one that is throttled is a greater part of all.
const BACK_REQUESTS: f64 = 100.0;
/// Above so much of the rate that was throttled, it is not the same quota any more: a burst of two or three seconds would be
/// used up before.
const GROWN: f64 = 1.5;
/// A rate that is sought doubles so often.
const DOUBLING: Duration = Duration::from_secs(2);
/// ...where nothing was throttled yet; later in this time, for most of the quota is in use already.
const DOUBLING_AGAIN: Duration = Duration::from_secs(10);
/// ...and where an outage is over, with each request as long as they are slower than that.
const DOUBLING_REQUESTS: f64 = 1.0;
/// Throttled requests since a fall that say how much too fast the rate still is: at least so many, and as many as leave
/// in a tenth of a second, up to the most...
const TELLING: (f64, f64) = (3.0, 20.0);
/// ...unless so many others were not.
const SELDOM: u32 = 40;
/// The least that one fall leaves.
const LEAST_LEFT: f64 = 0.3;
/// The lowest rate, in requests per second: a slower one would not notice that the quota is back.
const LOWEST: f64 = 0.05;
/// The start of an unstated rate, in requests per second. A new account has 2.
const FIRST: f64 = 1.0;

/// Follows the rate that the service accepts.
#[derive(Debug, Clone)]
pub(super) struct Adaptive {
    /// The rate is never above that.
    most: f64,
    course: Course,
    /// Time in which the rate was used, since the course was taken.
    used: Duration,
    /// Requests that left before the fall say nothing about the rate after it.
    fell_at: Option<tokio::time::Instant>,
    /// Answers to requests since then.
    accepted: u32,
    throttled: u32,
    /// No request was accepted between the last two falls, nor since.
    outage: bool,
    /// The rate that was accepted before that.
    proven: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Course {
    /// At the most, and never throttled there.
    Full,
    /// Back to the rate that was throttled, over it, and on.
    Back { from: f64, goal: f64 },
    /// Doubling, every so often.
    Seek { from: f64, every: Duration },
    /// Doubling after an outage, with each request at first, up to just below what was taken before it.
    Return { from: f64 },
}

impl Adaptive {
    /// A rate that is the user's, and lower where the service does not take it.
    pub(super) fn stated(rate: f64) -> Self {
        Self::new(rate, Course::Full)
    }

    /// An unknown rate, at most `most`.
    pub(super) fn unknown(most: f64) -> Self {
        Self::new(most, Course::Seek { from: FIRST, every: DOUBLING })
    }

    fn new(most: f64, course: Course) -> Self {
        Self {
            most,
            course,
            used: Duration::ZERO,
            fell_at: None,
            accepted: 0,
            throttled: 0,
            outage: false,
            proven: most,
        }
    }

    /// Requests per second, now.
    pub(super) fn rate(&self) -> f64 {
        let used = self.used.as_secs_f64();
        let rate = match self.course {
            Course::Full => self.most,
            Course::Back { from, goal } => {
                let scale = (1.0 - FALL) / back(goal).as_secs_f64().powi(3);
                let turn = ((1.0 - from / goal) / scale).cbrt();
                goal * (1.0 + scale * (used - turn).powi(3))
            }
            Course::Seek { from, every } => from * (used / every.as_secs_f64()).min(40.0).exp2(),
            Course::Return { from } => from * (used / returning(from).as_secs_f64()).min(1.0).exp2(),
        };
        rate.min(self.most)
    }

    /// Takes note that the rate was used for so long.
    pub(super) fn used(&mut self, time: Duration) {
        self.used = self.used.saturating_add(time);
        let rate = self.rate();
        if rate >= self.most {
            self.take(Course::Full);
        } else if let Course::Back { goal, .. } = self.course
            && rate > goal * GROWN
        {
            self.take(Course::Seek { from: rate, every: DOUBLING_AGAIN.max(requests(10.0, rate)) });
        } else if let Course::Return { from } = self.course
            && rate >= (2.0 * from).min(FALL * self.proven)
        {
            self.take(match rate >= FALL * self.proven {
                true => Course::Back { from: rate.min(self.proven), goal: self.proven },
                false => Course::Return { from: rate },
            });
        }
    }

    /// Takes note of an answer to a request that left at that time, and says whether the rate fell for it.
    pub(super) fn answered(
        &mut self,
        left: tokio::time::Instant,
        now: tokio::time::Instant,
        throttled: bool,
    ) -> bool {
        if self.fell_at.is_some_and(|fell| left < fell) {
            return false;
        }
        if !throttled {
            self.accepted = self.accepted.saturating_add(1);
            if std::mem::take(&mut self.outage) {
                self.take(Course::Return { from: self.rate() });
            }
            return false;
        }
        self.throttled += 1;
        let rate = self.rate();
        let answers = self.accepted + self.throttled;
        let goal = if self.fell_at.is_none() || answers >= SELDOM {
            // As good as all of the rate is taken.
            rate
        } else if f64::from(self.throttled) >= (rate / 10.0).clamp(TELLING.0, TELLING.1) {
            rate * (f64::from(self.accepted) / f64::from(answers)).max(LEAST_LEFT)
        } else {
            return false;
        };
        let goal = goal.max(LOWEST);
        self.outage = self.fell_at.is_some() && self.accepted == 0;
        if !self.outage {
            self.proven = goal;
        }
        self.take(Course::Back { from: goal * FALL, goal });
        self.fell_at = Some(now);
        (self.accepted, self.throttled) = (0, 0);
        true
    }

    fn take(&mut self, course: Course) {
        self.course = course;
        self.used = Duration::ZERO;
    }
}

/// How long the way back to a rate takes.
fn back(goal: f64) -> Duration {
    BACK.max(requests(BACK_REQUESTS, goal))
}

/// How long a rate takes to double after an outage.
fn returning(rate: f64) -> Duration {
    DOUBLING.max(requests(DOUBLING_REQUESTS, rate))
}

/// How long so many requests take.
fn requests(count: f64, rate: f64) -> Duration {
    Duration::try_from_secs_f64(count / rate).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn assert_rate(adaptive: &Adaptive, rate: f64) {
        assert!((adaptive.rate() / rate - 1.0).abs() < 1e-9, "{} instead of {rate}", adaptive.rate());
    }

    /// Answers that come now to requests that leave now. Says whether the rate fell for the last one.
    fn answers(adaptive: &mut Adaptive, accepted: u32, throttled: u32) -> bool {
        let now = Instant::now();
        for _ in 0..accepted {
            assert!(!adaptive.answered(now, now, false), "what is taken slows nothing");
        }
        let mut fell = false;
        for _ in 0..throttled {
            assert!(!fell, "it fell for the answer before");
            fell = adaptive.answered(now, now, true);
        }
        fell
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_that_is_sought_doubles_every_two_seconds_up_to_the_most() {
        let mut adaptive = Adaptive::unknown(100.0);
        assert_rate(&adaptive, 1.0);
        for rate in [2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 100.0, 100.0] {
            adaptive.used(2 * SECOND);
            assert_rate(&adaptive, rate);
        }
        assert_eq!((adaptive.course, adaptive.used), (Course::Full, Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_fall_it_comes_back_stays_and_tries_more_on_a_cubic_curve() {
        let mut adaptive = Adaptive::stated(400.0);
        adaptive.used(90 * SECOND);
        assert_rate(&adaptive, 400.0);
        assert!(answers(&mut adaptive, 0, 1), "the first one says that all of it is taken");
        assert_rate(&adaptive, 372.0);
        for (used, rate) in [(15, 396.5), (30, 400.0), (30, 400.0)] {
            adaptive.used(Duration::from_secs(used));
            assert_rate(&adaptive, rate);
        }

        let mut adaptive = Adaptive::unknown(1e6);
        adaptive.used(10 * SECOND);
        assert!(answers(&mut adaptive, 0, 1));
        assert_rate(&adaptive, 32.0 * 0.93);
        for (used, rate) in [(15, 31.72), (15, 32.0), (15, 32.28), (15, 34.24), (27, 47.364_16)] {
            adaptive.used(Duration::from_secs(used));
            assert_rate(&adaptive, rate);
        }
        adaptive.used(SECOND);
        let grown = 32.0 * (1.0 + 0.07 * (58.0_f64 / 30.0).powi(3));
        assert_rate(&adaptive, grown);
        for doubled in [2.0, 4.0] {
            adaptive.used(10 * SECOND);
            assert_rate(&adaptive, grown * doubled);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_low_rate_comes_back_and_doubles_by_requests_and_not_by_time() {
        let mut adaptive = Adaptive::unknown(1e6);
        adaptive.course = Course::Seek { from: 0.5, every: DOUBLING };
        assert!(answers(&mut adaptive, 0, 1));
        assert_rate(&adaptive, 0.465);
        for (used, rate) in [(100, 0.495_625), (100, 0.5), (200, 0.535)] {
            adaptive.used(Duration::from_secs(used));
            assert_rate(&adaptive, rate);
        }
        adaptive.used(200 * SECOND);
        let grown = adaptive.rate();
        assert_rate(&adaptive, 0.5 * (1.0 + 0.07 * 8.0));
        adaptive.used(Duration::from_secs_f64(10.0 / grown));
        assert_rate(&adaptive, 2.0 * grown);
    }

    /// One throttled request of forty means that the quota is used up; many of few show how much too fast the rate is.
    #[tokio::test(start_paused = true)]
    async fn later_falls_are_as_deep_as_what_is_throttled_says() {
        // The rate before, what was taken, what was throttled until it fell, and what it fell to before the 7 %.
        for (rate, accepted, throttled, goal) in [
            (100.0, 39, 1, 100.0),
            (100.0, 38, 2, 100.0),
            (100.0, 10, 10, 50.0),
            (100.0, 30, 10, 100.0),
            (100.0, 0, 10, 30.0),
            (1.0, 2, 3, 0.4),
            (1_000.0, 19, 20, 1_000.0 * 19.0 / 39.0),
            (0.05, 0, 3, 0.05),
            (0.1, 3, 3, 0.05),
        ] {
            let mut adaptive = Adaptive::stated(1e6);
            assert!(answers(&mut adaptive, 5, 1));
            adaptive.course = Course::Seek { from: rate, every: DOUBLING };
            assert!(answers(&mut adaptive, accepted, throttled), "{rate}, {accepted}, {throttled}");
            assert_eq!(adaptive.course, Course::Back { from: goal * FALL, goal }, "{rate}, {accepted}");
            assert_eq!((adaptive.accepted, adaptive.throttled), (0, 0), "it counts anew");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn requests_that_left_before_a_fall_say_nothing() {
        let mut adaptive = Adaptive::stated(100.0);
        let before = Instant::now();
        tokio::time::advance(SECOND).await;
        assert!(answers(&mut adaptive, 0, 1));
        for n in 0..100 {
            assert!(!adaptive.answered(before, Instant::now(), n % 2 == 0));
        }
        assert_eq!((adaptive.accepted, adaptive.throttled), (0, 0));
        assert_rate(&adaptive, 93.0);
        assert!(answers(&mut adaptive, 39, 1), "those that leave in the very moment count");
        assert_rate(&adaptive, 93.0 * FALL);
    }
}
