//! Opt-outs: the numbers that an account may not send to, and how a campaign keeps its copy of such a list current.
//!
//! End User Messaging returns a list in pages of 100 numbers, one page per second, and otherwise one number per request. It
//! tells no changes, so that keeping a copy current means reading it again.

use std::time::Duration;

use crate::domain::unix_millis::UnixMillis;

/// Numbers in one page of a list, at most (API reference).
pub const PAGE: u64 = 100;

/// Whether a campaign reads the opt-out lists behind its senders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OptOutRule {
    /// It does where the credentials may and the service answers; otherwise it says so and sends.
    #[default]
    IfPossible,
    /// Nothing is sent without them, nor while the copy is older than the bound.
    Required,
    /// It does not.
    Off,
}

/// `[account]`, as far as opt-outs are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptOutSettings {
    /// Whether they are read.
    pub rule: OptOutRule,
    /// How old the copy may become while a run sends.
    pub max_age: Duration,
}

/// A number on a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptOut {
    /// The number, E.164.
    pub number: String,
    /// When it opted out.
    pub at: UnixMillis,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OptOutPage {
    /// Its numbers.
    pub numbers: Vec<OptOut>,
    /// Where the next one begins; `None` after the last.
    pub next: Option<String>,
}

/// How a run's copy of the lists stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OptOutState {
    /// The lists are not read, or cannot be: why, where that is worth a word.
    NotRead(Option<String>),
    /// They are being read for the first time. Nothing is sent meanwhile.
    Reading {
        /// Numbers read so far, or asked about one by one.
        numbers: u64,
    },
    /// They were read, and the copy is as old as it may be at most.
    Current,
    /// The copy is older than the bound.
    Stale {
        /// When the lists were last read.
        read_at: UnixMillis,
        /// Nothing is sent meanwhile.
        holds: bool,
    },
    /// They must be read and cannot be: why. Nothing more is sent.
    Refused(String),
}

impl OptOutState {
    /// Whether nothing is to be sent.
    #[must_use]
    pub fn holds(&self) -> bool {
        matches!(self, Self::Reading { .. } | Self::Stale { holds: true, .. } | Self::Refused(_))
    }
}

/// Whether to ask about each waiting number instead of reading a list: where the list has more pages than rows wait.
#[must_use]
pub fn asks_by_number(list: u64, waiting: u64) -> bool {
    waiting < list.div_ceil(PAGE)
}

/// How long after the beginning of one reading the next one begins, if a reading takes `took`. A copy is as old as the
/// beginning of the reading that it came from, until the next reading ends.
#[must_use]
pub fn next_reading(max_age: Duration, took: Duration) -> Duration {
    // Half of the bound is left for a reading that takes longer, or fails and is repeated.
    (max_age / 2).saturating_sub(took).max(took)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_with_more_pages_than_rows_wait_is_not_read() {
        assert!(!asks_by_number(0, 0), "an empty list is one page");
        assert!(!asks_by_number(1_000, 10));
        assert!(asks_by_number(1_001, 10));
        assert!(!asks_by_number(50_000, 100_000));
    }

    #[test]
    fn a_copy_stays_within_its_bound_where_two_readings_fit() {
        let (bound, second) = (Duration::from_secs(900), Duration::from_secs(1));
        for took in 0..=450 {
            let took = took * second;
            // Just before the next reading ends, the copy has the age of the last reading's beginning.
            assert!(next_reading(bound, took) + took <= bound, "{took:?}");
            assert!(next_reading(bound, took) >= took, "the last one has ended: {took:?}");
        }
        assert_eq!(next_reading(bound, second), 449 * second);
        assert_eq!(next_reading(bound, 500 * second), 500 * second, "one after the other");
    }

    #[test]
    fn what_is_read_first_or_must_be_current_holds() {
        assert!(OptOutState::Reading { numbers: 0 }.holds());
        assert!(OptOutState::Refused(String::new()).holds());
        let read_at = UnixMillis::from_millis(0);
        assert!(OptOutState::Stale { read_at, holds: true }.holds());
        assert!(!OptOutState::Stale { read_at, holds: false }.holds());
        assert!(!OptOutState::Current.holds() && !OptOutState::NotRead(None).holds());
    }
}
