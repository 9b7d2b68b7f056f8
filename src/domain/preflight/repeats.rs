//! What stands in a file more than once, found in memory: eight bytes stand for a key, a number is itself.

use std::collections::HashMap;

use super::TOLD;
use crate::domain::recipient::Recipient;

/// Maps that hold one part of the values each. A map doubles when it is full, and for a while there are two of it: with
/// many small ones, that while costs next to nothing. The number spreads a million values well.
const PARTS: usize = 80;

/// Numbers that are looked for under two keys, at most: memory has a bound.
const MOST_NUMBERS: usize = 2_000_000;

/// Where each value was first.
#[derive(Debug, Clone)]
pub struct Repeats {
    /// A value as two halves: twelve bytes with what is said of it, where one of eight would be padded to sixteen.
    parts: Vec<HashMap<[u32; 2], u32>>,
    len: usize,
}

impl Default for Repeats {
    fn default() -> Self {
        Self { parts: vec![HashMap::new(); PARTS], len: 0 }
    }
}

impl Repeats {
    /// What was said of this value when it was seen first; `None` where that is now.
    pub fn first(&mut self, value: u64, of: u32) -> Option<u32> {
        // The upper bits of a product depend on all bits of its factors, and the remainder of them on few.
        let spread = value.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let part = usize::try_from(spread).unwrap_or_default() % PARTS;
        let [upper, lower] =
            [value >> 32, value & 0xffff_ffff].map(|half| u32::try_from(half).unwrap_or_default());
        match self.parts[part].entry([upper, lower]) {
            std::collections::hash_map::Entry::Occupied(entry) => Some(*entry.get()),
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(of);
                self.len += 1;
                None
            }
        }
    }
}

/// Rows with a number that an earlier row has under another key: with keys, that is allowed, and each is sent to.
#[derive(Debug, Clone)]
pub struct SharedNumbers {
    /// The first key that a number stood under, as four bytes of its client token. `None` where the number is the key.
    keys: Option<Repeats>,
    pub(super) rows: u64,
    pub(super) lines: Vec<u64>,
    /// Whether there were too many numbers to look at all of them.
    pub(super) given_up: bool,
}

impl SharedNumbers {
    pub(super) fn new(with_keys: bool) -> Self {
        Self { keys: with_keys.then(Repeats::default), rows: 0, lines: Vec::new(), given_up: false }
    }

    pub(super) fn see(&mut self, recipient: &Recipient) {
        let Some(keys) = &mut self.keys else { return };
        if keys.len >= MOST_NUMBERS {
            self.given_up = true;
            return;
        }
        let number = recipient.phone.as_str().trim_start_matches('+').parse().unwrap_or_default();
        // The upper half of the token's last eight bytes: a hash, so two keys share it once in four milliards.
        let key = u32::try_from(recipient.client_token.as_u64_pair().0 >> 32).unwrap_or_default();
        if keys.first(number, key).is_some_and(|first| first != key) {
            self.rows += 1;
            if self.lines.len() < TOLD {
                self.lines.push(recipient.line);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_each_value_is_known() {
        let mut repeats = Repeats::default();
        for value in 0..10_000_u64 {
            assert_eq!(repeats.first(value * 977, u32::try_from(value).unwrap()), None);
        }
        for value in 0..10_000_u64 {
            assert_eq!(repeats.first(value * 977, 7), Some(u32::try_from(value).unwrap()));
        }
        assert_eq!(repeats.len, 10_000);
        let largest = repeats.parts.iter().map(HashMap::len).max().unwrap_or_default();
        assert!(largest < 250, "a part has {largest} of 10,000, so the parts are of no use");
    }
}
