//! What the service knows of client tokens: which contact each one started, and when.
//!
//! The scope of a token is unknown; here it is the whole world, which is the strictest reading. 40 bytes a token.

use std::collections::HashMap;
use std::time::Duration;

use super::clock::WorldTime;
use super::digest::Digest;
use super::records::Difference;

const NO_CONTACT: u32 = u32::MAX;

/// One client token.
#[derive(Debug)]
struct Entry {
    bytes: Digest,
    content: Digest,
    started_at: WorldTime,
    contact: u32,
    requests: u32,
}

/// The client tokens that the world has seen.
#[derive(Debug)]
pub(super) struct Tokens {
    life: Duration,
    entries: HashMap<Digest, Entry>,
}

/// What is known of a token after a request with it has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sighting {
    /// The request's place among those with this token, from 1.
    pub(super) attempt: u32,
    /// How its payload differs from the first one.
    pub(super) difference: Option<Difference>,
}

impl Tokens {
    pub(super) fn new(life: Duration) -> Self {
        Self { life, entries: HashMap::new() }
    }

    /// A request with this token has arrived. `content` is the fingerprint of what its body means.
    pub(super) fn seen(&mut self, token: &str, bytes: Digest, content: Digest) -> Sighting {
        let entry = self.entries.entry(Digest::of_bytes(token.as_bytes())).or_insert(Entry {
            bytes,
            content,
            started_at: WorldTime(0),
            contact: NO_CONTACT,
            requests: 0,
        });
        entry.requests = entry.requests.saturating_add(1);
        let difference = if entry.bytes == bytes {
            None
        } else if entry.content == content {
            Some(Difference::Bytes)
        } else {
            Some(Difference::Content)
        };
        Sighting { attempt: entry.requests, difference }
    }

    /// The place of the contact that this token has started, while the token is honoured.
    pub(super) fn contact(&self, token: &str, now: WorldTime) -> Option<u64> {
        let entry = self.entries.get(&Digest::of_bytes(token.as_bytes()))?;
        let honoured = entry.contact != NO_CONTACT && now.since(entry.started_at) < self.life;
        honoured.then_some(u64::from(entry.contact))
    }

    /// This token, already [seen](Self::seen), has started the contact of that place.
    pub(super) fn started(&mut self, token: &str, contact: u64, now: WorldTime) {
        if let Some(entry) = self.entries.get_mut(&Digest::of_bytes(token.as_bytes())) {
            entry.contact = u32::try_from(contact).unwrap_or(NO_CONTACT);
            entry.started_at = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(text: &str) -> Digest {
        Digest::of_bytes(text.as_bytes())
    }

    #[test]
    fn a_token_is_honoured_for_its_life_and_not_longer() {
        let mut tokens = Tokens::new(Duration::from_millis(100));
        tokens.seen("t", digest("b"), digest("c"));
        assert_eq!(tokens.contact("t", WorldTime(0)), None);
        tokens.started("t", 7, WorldTime(50));
        assert_eq!(tokens.contact("t", WorldTime(149)), Some(7));
        assert_eq!(tokens.contact("t", WorldTime(150)), None);
        assert_eq!(tokens.contact("u", WorldTime(50)), None);
    }

    #[test]
    fn another_payload_is_noticed_and_told_apart_from_another_order() {
        let mut tokens = Tokens::new(Duration::MAX);
        let attempts = [("b1", "c1"), ("b1", "c1"), ("b2", "c1"), ("b3", "c2")];
        let seen = attempts.map(|(bytes, content)| tokens.seen("t", digest(bytes), digest(content)));
        assert_eq!(seen.map(|s| s.attempt), [1, 2, 3, 4]);
        let differences = [None, None, Some(Difference::Bytes), Some(Difference::Content)];
        assert_eq!(seen.map(|s| s.difference), differences);
    }
}
