//! `[schedule]`: from when to when a campaign, and each row of it, may start at all.

use crate::domain::unix_millis::UnixMillis;

/// The schedule of a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Schedule {
    /// Nothing starts before; `None`: at once.
    pub start: Option<UnixMillis>,
    /// Nothing starts from then on; `None`: no end.
    pub end: Option<UnixMillis>,
}

impl Schedule {
    /// Whether contacts may start now.
    #[must_use]
    pub fn is_open(self, now: UnixMillis) -> bool {
        self.start.is_none_or(|start| start <= now) && !self.is_over(now)
    }

    /// Whether nothing starts any more.
    #[must_use]
    pub fn is_over(self, now: UnixMillis) -> bool {
        self.end.is_some_and(|end| end <= now)
    }

    /// The first moment from `at` on at which contacts may start; `None` where that is never.
    #[must_use]
    pub fn next_open(self, at: UnixMillis) -> Option<UnixMillis> {
        let at = self.start.map_or(at, |start| start.max(at));
        (!self.is_over(at)).then_some(at)
    }
}

/// The part of a schedule that is a row's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    /// It does not start before.
    pub not_before: Option<UnixMillis>,
    /// It does not start from then on.
    pub not_after: Option<UnixMillis>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_inside_and_an_end_outside() {
        let at = UnixMillis::from_millis;
        let schedule = Schedule { start: Some(at(10)), end: Some(at(20)) };
        let open: Vec<bool> = [9, 10, 19, 20].map(|now| schedule.is_open(at(now))).into();
        assert_eq!(open, [false, true, true, false]);
        assert_eq!(schedule.next_open(at(5)), Some(at(10)));
        assert_eq!(schedule.next_open(at(15)), Some(at(15)));
        assert_eq!(schedule.next_open(at(20)), None);
        assert_eq!(Schedule::default().next_open(at(7)), Some(at(7)));
    }
}
