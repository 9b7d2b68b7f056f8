//! How many requests may be without an answer: as many as the pace needs at the answer times that are seen.

use std::time::Duration;

/// Fewer are never needed.
const LEAST: f64 = 8.0;
/// More do not make it faster on one machine, and each takes some 70 kB.
const MOST: f64 = 512.0;
/// An answer time before any was seen.
const GUESS: Duration = Duration::from_secs(2);
/// So many answers say more than a guess.
const TELLING: u32 = 16;

/// The room for requests in flight.
#[derive(Debug)]
pub struct ConcurrencyLimit {
    fixed: Option<usize>,
    /// Smoothed answer time and its mean deviation, in seconds, as TCP estimates them (RFC 6298).
    mean: f64,
    deviation: f64,
    answers: u32,
}

impl ConcurrencyLimit {
    /// A fixed room, or one that follows what is seen.
    #[must_use]
    pub fn new(fixed: Option<usize>) -> Self {
        Self { fixed, mean: 0.0, deviation: 0.0, answers: 0 }
    }

    /// Takes note of how long an answer took.
    pub fn answered(&mut self, took: Duration) {
        let took = took.as_secs_f64();
        if self.answers == 0 {
            (self.mean, self.deviation) = (took, took / 2.0);
        } else {
            self.deviation += ((took - self.mean).abs() - self.deviation) / 4.0;
            self.mean += (took - self.mean) / 8.0;
        }
        self.answers = self.answers.saturating_add(1);
    }

    /// Requests that may be in flight at a pace of so many per second.
    #[must_use]
    pub fn at(&self, rate: f64) -> usize {
        if let Some(fixed) = self.fixed {
            return fixed;
        }
        let time =
            if self.answers < TELLING { GUESS.as_secs_f64() } else { self.mean + 4.0 * self.deviation };
        (rate * time).ceil().clamp(LEAST, MOST) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_little_s_law_asks_for_within_bounds() {
        let mut room = ConcurrencyLimit::new(None);
        assert_eq!(
            (room.at(0.1), room.at(50.0), room.at(1e5)),
            (8, 100, 512),
            "before any answer: two seconds"
        );
        for _ in 0..1_000 {
            room.answered(Duration::from_millis(100));
        }
        assert_eq!((room.at(0.1), room.at(500.0), room.at(1e5)), (8, 50, 512));
        for n in 0..1_000 {
            room.answered(Duration::from_millis(if n % 10 == 0 { 1_000 } else { 50 }));
        }
        assert!(room.at(100.0) > 30, "slow answers now and then need room as well: {}", room.at(100.0));
        assert_eq!(ConcurrencyLimit::new(Some(3)).at(1e5), 3);
    }

    /// The estimate of RFC 6298: the mean and four deviations, after sixteen answers.
    #[test]
    fn answer_times_are_smoothed_as_tcp_smooths_them() {
        let mut room = ConcurrencyLimit::new(None);
        for _ in 0..15 {
            room.answered(Duration::from_millis(100));
            assert_eq!(room.at(50.0), 100, "so few say less than a guess");
        }
        room.answered(Duration::from_millis(100));
        // The first deviation, half of the first answer, is down to 0.05 s * 0.75^15.
        assert_eq!(room.at(1_000.0), 103);
        room.answered(Duration::from_millis(900));
        // The mean rises by an eighth of 0.8 s, the deviation by a quarter of it.
        assert_eq!(room.at(100.0), 101);
    }
}
