//! One rate for all runs of an account: the arithmetic of a token bucket (GCRA) from which every run takes its permits.
//!
//! Pure. Times are microseconds of the wall clock, which all processes of a machine share. A clock that is set back does not
//! stall the bucket for longer than it takes to fill.

use std::time::Duration;

/// The account that a rate holds for, and the rate.
#[derive(Debug, Clone, PartialEq)]
pub struct SharedRate {
    /// Account, Region and service: the scope of a quota.
    pub owner: String,
    /// Requests per second of all runs together.
    pub rate: f64,
    /// Requests that may leave at once.
    pub burst: u32,
}

/// Permits taken out of the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// How long to wait from now before each permit is used.
    pub waits: Vec<Duration>,
    /// The bucket's new state: when the next permit would be due if there were no burst, in microseconds.
    pub next_at: i64,
}

impl SharedRate {
    /// How long a permit may be used after its time.
    pub const GRACE: Duration = Duration::from_millis(20);

    /// The burst that is given out. Permits used late may meet later ones that are used at once, so this is less than the
    /// burst by what leaves within the grace.
    fn given_burst(&self) -> u32 {
        let late = (self.rate * Self::GRACE.as_secs_f64()).ceil() as u32;
        self.burst.saturating_sub(late).max(1)
    }

    /// Takes permits out of a bucket in the state `next_at`, `None` for a full one.
    #[must_use]
    pub fn reserve(&self, next_at: Option<i64>, permits: u32, now: i64) -> Reservation {
        let period = (1e6 / self.rate).ceil() as i64;
        let tolerance = period * i64::from(self.given_burst() - 1);
        // Further ahead than any run can have reserved: written by a clock that has been set back since.
        let furthest = now + tolerance + period * 100 + 10_000_000;
        let start = next_at.filter(|next| *next <= furthest).unwrap_or(now).max(now);
        let due = |permit: u32| start + period * i64::from(permit);
        let wait = |permit| Duration::from_micros((due(permit) - tolerance - now).max(0).unsigned_abs());
        Reservation { waits: (0..permits).map(wait).collect(), next_at: due(permits) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes permits and says at which millisecond each is due.
    fn take(shared: &SharedRate, bucket: &mut Option<i64>, permits: u32, now: i64) -> Vec<i64> {
        let Reservation { waits, next_at } = shared.reserve(*bucket, permits, now * 1_000);
        *bucket = Some(next_at);
        waits.into_iter().map(|wait| now + wait.as_millis() as i64).collect()
    }

    fn rate(rate: f64, burst: u32) -> SharedRate {
        SharedRate { owner: "a".to_owned(), rate, burst }
    }

    #[test]
    fn permits_that_are_used_late_are_taken_off_the_burst() {
        let mut bucket = None;
        let due = take(&rate(100.0, 20), &mut bucket, 20, 5_000);
        assert_eq!(due[..18], [5_000; 18], "two of them for 20 ms at 100 a second");
        assert_eq!(due[18..], [5_010, 5_020]);
    }

    #[test]
    fn the_bucket_fills_again() {
        let (shared, mut bucket) = (rate(2.0, 4), None);
        assert_eq!(
            take(&shared, &mut bucket, 4, 10_000),
            [10_000, 10_000, 10_000, 10_500],
            "one for the grace"
        );
        assert_eq!(take(&shared, &mut bucket, 1, 10_100), [11_000]);
        assert_eq!(take(&shared, &mut bucket, 1, 600_000), [600_000]);
        assert_eq!(take(&shared, &mut bucket, 3, 0), [0, 0, 0], "the clock was set back");
    }

    /// A hundred permits and ten seconds ahead of a full bucket is believed, and anything further is not.
    #[test]
    fn a_state_too_far_ahead_was_written_by_another_clock() {
        for (taken, next) in [(122, 60_000), (123, 0)] {
            let (shared, mut bucket) = (rate(2.0, 4), None);
            take(&shared, &mut bucket, taken, 0);
            assert_eq!(take(&shared, &mut bucket, 1, 0), [next], "after {taken}");
        }
    }
}
