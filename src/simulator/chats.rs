//! The quota of concurrent active chats: contacts live until their end, and while too many live no new one starts.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::clock::WorldTime;

/// The chats that are active, by their ends.
#[derive(Debug, Default)]
pub(super) struct ActiveChats {
    ends: BinaryHeap<Reverse<WorldTime>>,
}

impl ActiveChats {
    /// How many chats are active. Time does not go back.
    pub(super) fn count(&mut self, now: WorldTime) -> usize {
        while self.ends.peek().is_some_and(|Reverse(end)| *end <= now) {
            self.ends.pop();
        }
        self.ends.len()
    }

    /// A chat that would end at `end` has ended.
    pub(super) fn remove(&mut self, end: WorldTime) {
        let mut removed = false;
        self.ends.retain(|Reverse(known)| {
            let this = !removed && *known == end;
            removed |= this;
            !this
        });
    }

    /// A chat has started, and ends at `end`.
    pub(super) fn add(&mut self, end: WorldTime) {
        self.ends.push(Reverse(end));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chat_counts_until_its_end() {
        let mut chats = ActiveChats::default();
        chats.add(WorldTime(20));
        chats.add(WorldTime(10));
        assert_eq!(chats.count(WorldTime(9)), 2);
        assert_eq!(chats.count(WorldTime(10)), 1);
        chats.remove(WorldTime(30));
        assert_eq!(chats.count(WorldTime(10)), 1);
        chats.remove(WorldTime(20));
        assert_eq!(chats.count(WorldTime(10)), 0);
    }
}
