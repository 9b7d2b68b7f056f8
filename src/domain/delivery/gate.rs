//! Safety gates: when too much goes wrong, stop before it goes wrong for everybody.

use std::collections::VecDeque;

/// A share of a count, between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Fraction(f64);

impl Fraction {
    /// From a per cent value between 0 and 100.
    #[must_use]
    pub fn from_percent(percent: f64) -> Option<Self> {
        (0.0..=100.0).contains(&percent).then_some(Self(percent / 100.0))
    }

    /// Per cent, for people.
    #[must_use]
    pub fn percent(self) -> f64 {
        self.0 * 100.0
    }

    /// Whether `part` of `whole` is more than this share.
    #[must_use]
    pub fn exceeded_by(self, part: u64, whole: u64) -> bool {
        part as f64 > self.0 * whole as f64
    }
}

/// Fewest occurrences that count: a share of a handful says nothing.
pub const LEAST: u64 = 10;

/// Whether a file with so many rejected lines is to be sent at all.
#[must_use]
pub fn too_many_rejected(rejected: u64, lines: u64, most: Fraction) -> bool {
    rejected >= LEAST && most.exceeded_by(rejected, lines)
}

/// Watches the last settled rows for failures.
#[derive(Debug, Clone)]
pub struct FailureGate {
    most: Fraction,
    failed: VecDeque<bool>,
}

/// Settled rows that the gate looks at.
const WINDOW: usize = 100;

impl FailureGate {
    /// A gate that lets this share of the last 100 settled rows fail (and fewer than 10 in any case).
    #[must_use]
    pub fn new(most: Fraction) -> Self {
        Self { most, failed: VecDeque::with_capacity(WINDOW) }
    }

    /// A gate that never trips.
    #[must_use]
    pub fn off() -> Self {
        Self::new(Fraction(1.0))
    }

    /// Takes note of a settled row. Says how many of how many failed, where that is too many.
    pub fn settled(&mut self, failed: bool) -> Option<(u64, u64)> {
        if self.failed.len() == WINDOW {
            self.failed.pop_front();
        }
        self.failed.push_back(failed);
        let failures = self.failed.iter().filter(|failed| **failed).count() as u64;
        let looked_at = self.failed.len() as u64;
        (failures >= LEAST && self.most.exceeded_by(failures, WINDOW as u64)).then_some((failures, looked_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(percent: f64) -> FailureGate {
        FailureGate::new(Fraction::from_percent(percent).unwrap())
    }

    #[test]
    fn more_than_the_share_of_the_last_hundred_trips() {
        let mut gate = gate(10.0);
        let mut tripped = Vec::new();
        for row in 0..300 {
            if gate.settled(row % 10 == 0).is_some() {
                tripped.push(row);
            }
        }
        assert!(tripped.is_empty(), "10 % is allowed");
        assert_eq!(gate.settled(true), None, "one failure leaves the window as this one enters");
        assert_eq!(gate.settled(true), Some((11, 100)));
    }

    #[test]
    fn a_handful_never_trips() {
        let mut strict = gate(0.0);
        assert!((0..9).all(|_| strict.settled(true).is_none()));
        assert_eq!(strict.settled(true), Some((10, 10)));
        assert!(!too_many_rejected(9, 9, Fraction::from_percent(10.0).unwrap()));
        assert!(too_many_rejected(10, 99, Fraction::from_percent(10.0).unwrap()));
        assert!(!too_many_rejected(10, 100, Fraction::from_percent(10.0).unwrap()));
    }

    #[test]
    fn a_share_is_between_nothing_and_all() {
        assert_eq!(Fraction::from_percent(-0.1), None);
        assert_eq!(Fraction::from_percent(100.1), None);
        assert_eq!(Fraction::from_percent(f64::NAN), None);
        assert!((Fraction::from_percent(12.5).unwrap().percent() - 12.5).abs() < 1e-9);
    }
}
