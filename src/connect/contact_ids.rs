//! The contact ids that came last, and the client tokens that they came for: Amazon Connect gives each contact an id of its
//! own, and what gives one twice is a stand-in or a cache.
//!
//! Bounded: an id that comes again after thousands of others is found by `campaign journal check` alone.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

use uuid::Uuid;

/// Ids that are remembered.
const REMEMBERED: usize = 16_384;

/// The contact ids that came last, as 64-bit fingerprints with a key of this process.
#[derive(Debug, Default)]
pub(super) struct RecentContactIds {
    state: RandomState,
    tokens: HashMap<u64, Uuid>,
    order: VecDeque<u64>,
}

impl RecentContactIds {
    /// Remembers an id. Says whether it is new, or came for the same token before.
    pub(super) fn is_new(&mut self, contact_id: &str, client_token: Uuid) -> bool {
        let id = self.state.hash_one(contact_id);
        if let Some(token) = self.tokens.get(&id) {
            return *token == client_token;
        }
        if self.order.len() >= REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.tokens.remove(&oldest);
        }
        self.tokens.insert(id, client_token);
        self.order.push_back(id);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_id_belongs_to_one_token() {
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut ids = RecentContactIds::default();
        assert!(ids.is_new("c-1", a));
        assert!(ids.is_new("c-2", b));
        assert!(ids.is_new("c-1", a), "a replay");
        assert!(!ids.is_new("c-1", b));
    }

    #[test]
    fn memory_is_bounded() {
        let mut ids = RecentContactIds::default();
        let token = |n: usize| Uuid::from_u128(n as u128);
        for n in 0..=REMEMBERED {
            assert!(ids.is_new(&format!("c-{n}"), token(n)));
        }
        assert_eq!((ids.tokens.len(), ids.order.len()), (REMEMBERED, REMEMBERED));
        assert!(!ids.is_new("c-1", token(0)), "the second one is still known");
        assert!(ids.is_new("c-0", token(1)), "the first one is not");
    }
}
