//! What the account says of contacts: which began when, and what each carries.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::unix_millis::UnixMillis;

/// A time, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SearchWindow {
    /// Its beginning.
    pub from: UnixMillis,
    /// Its end.
    pub until: UnixMillis,
}

/// Searches over more than two weeks are answered once per second, others ten times (Amazon Connect's service quotas).
const LONGEST: Duration = Duration::from_secs(13 * 24 * 3600);

impl SearchWindow {
    /// Whether it has this moment.
    #[must_use]
    pub fn has(self, moment: UnixMillis) -> bool {
        (self.from..=self.until).contains(&moment)
    }

    /// The same time in parts that can be searched quickly.
    #[must_use]
    pub fn parts(self) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut from = self.from;
        while from.plus(LONGEST) < self.until {
            parts.push(Self { from, until: from.plus(LONGEST) });
            from = from.plus(LONGEST);
        }
        parts.push(Self { from, until: self.until });
        parts
    }

    /// These times, in order; what overlaps is one.
    #[must_use]
    pub fn merged(mut windows: Vec<Self>) -> Vec<Self> {
        windows.sort_unstable();
        let mut merged: Vec<Self> = Vec::new();
        for window in windows {
            match merged.last_mut() {
                Some(last) if window.from <= last.until => last.until = last.until.max(window.until),
                _ => merged.push(window),
            }
        }
        merged
    }
}

/// A contact, as a search finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactSummary {
    /// Its id.
    pub id: String,
    /// When it began, where that is told.
    pub began_at: Option<UnixMillis>,
}

/// One answer to a search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContactPage {
    /// Contacts, at most a hundred.
    pub contacts: Vec<ContactSummary>,
    /// Where the next page begins; `None`: there is none.
    pub next: Option<String>,
    /// How many contacts there are on all pages, where that is told.
    pub total: Option<u64>,
}

/// A contact, looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContactDetails {
    /// What its request gave it, and its flow.
    pub attributes: BTreeMap<String, String>,
    /// The customer's address, where it is told: E.164.
    pub customer: Option<String>,
    /// The number that it is from, where it is told: an ARN, or E.164.
    pub source: Option<String>,
    /// Whether a customer began it.
    pub is_inbound: bool,
    /// When it began, where that is told.
    pub began_at: Option<UnixMillis>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn hours(from: i64, until: i64) -> SearchWindow {
        SearchWindow {
            from: UnixMillis::from_millis(from * HOUR),
            until: UnixMillis::from_millis(until * HOUR),
        }
    }

    #[test]
    fn a_long_time_is_searched_in_parts_without_a_gap() {
        assert_eq!(hours(3, 5).parts(), [hours(3, 5)]);
        let days = |from: i64, until: i64| hours(from * 24, until * 24);
        assert_eq!(days(0, 30).parts(), [days(0, 13), days(13, 26), days(26, 30)]);
    }

    #[test]
    fn times_that_overlap_are_one() {
        let merged =
            SearchWindow::merged(vec![hours(7, 9), hours(1, 4), hours(4, 5), hours(2, 3), hours(8, 9)]);
        assert_eq!(merged, [hours(1, 5), hours(7, 9)]);
        assert!(SearchWindow::merged(Vec::new()).is_empty());
    }
}
