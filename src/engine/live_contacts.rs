//! Contacts that live: Amazon Connect bounds the number of active chats. If the user states how long a contact lives, the
//! run stays within that bound instead of hitting it.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::forecast::ActiveBound;

/// How many contacts may be alive at once, and how long each is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveContacts {
    /// At once.
    pub most: usize,
    /// How long each lives.
    pub life: Duration,
    /// The ages of contacts that may be alive as the run begins, the oldest first.
    pub ages: Vec<Duration>,
}

/// When the contacts that may be alive end.
#[derive(Debug, Default)]
pub(super) struct LiveContacts {
    bound: Option<(usize, Duration)>,
    ends: VecDeque<Instant>,
}

impl LiveContacts {
    pub(super) fn new(contacts: Option<ActiveContacts>, now: Instant) -> Self {
        let Some(ActiveContacts { most, life, ages }) = contacts else { return Self::default() };
        let ends = ages.into_iter().filter_map(|age| Some(now + life.checked_sub(age)?)).collect();
        Self { bound: Some((most, life)), ends }
    }

    /// A contact was started, or may have been.
    pub(super) fn started(&mut self, now: Instant) {
        if let Some((_, life)) = self.bound {
            self.ends.push_back(now + life);
        }
    }

    /// Forgets those that have ended.
    pub(super) fn pass(&mut self, now: Instant) {
        while self.ends.front().is_some_and(|end| *end <= now) {
            self.ends.pop_front();
        }
    }

    /// The bound, and how many are alive of it.
    pub(super) fn bound(&self) -> Option<ActiveBound> {
        let alive = self.ends.len() as u64;
        self.bound.map(|(most, life)| ActiveBound { most: most as u64, life, alive })
    }

    /// How many may be alive, where that is known.
    pub(super) fn alive(&self) -> Option<usize> {
        self.bound.map(|_| self.ends.len())
    }

    /// Whether there is room for one more besides those that are being started.
    pub(super) fn has_room(&self, in_flight: usize) -> bool {
        self.bound.is_none_or(|(most, _)| self.ends.len() + in_flight < most)
    }

    /// When the next one ends, where there is no room until then.
    pub(super) fn wake(&self, in_flight: usize) -> Option<Instant> {
        if self.has_room(in_flight) { None } else { self.ends.front().copied() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_that_ends_makes_room_for_the_next() {
        let (now, life) = (Instant::now(), Duration::from_secs(60));
        let second = Duration::from_secs(1);
        let ages = vec![second * 61, second * 59, second * 30];
        let mut active = LiveContacts::new(Some(ActiveContacts { most: 3, life, ages }), now);
        assert!(active.has_room(0));
        assert!(!active.has_room(1), "one in flight may be a contact already");
        active.started(now);
        assert_eq!(active.wake(0), Some(now + second));
        active.pass(now + second);
        assert_eq!((active.has_room(0), active.wake(0)), (true, None));
        active.pass(now + second * 59);
        assert!(!active.has_room(2), "the one that was started lives for a minute");
        active.pass(now + life);
        assert!(active.has_room(2));
        assert!(LiveContacts::new(None, now).has_room(1_000_000));
    }
}
