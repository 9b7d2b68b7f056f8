//! What stands in a file more than once, as far as that can be known without the journal.

use super::TOLD;
use crate::domain::recipient::Recipient;
use crate::domain::repeats::{self, Repeats};

/// Keys whose lines are known, and numbers that are looked for under two keys, at most: memory has a bound, about 15 MB
/// for each.
const MOST: usize = 1_000_000;

/// Which keys came before, and for the first million of them, in which line.
#[derive(Debug, Default)]
pub struct FirstLines {
    lines: Repeats<Small>,
    others: Option<Repeats>,
}

/// 32 bits that need no place of their own beside 40 others.
type Small = [u8; 4];

impl FirstLines {
    /// Takes note of a recipient. Where its key came before, says in which line, as far as that is known.
    pub fn first(&mut self, recipient: &Recipient) -> Option<Option<u64>> {
        self.first_of(repeats::bits(recipient.client_token), recipient.line)
    }

    fn first_of(&mut self, bits: u64, line: u64) -> Option<Option<u64>> {
        if self.lines.len() < MOST {
            let line = small(u32::try_from(line).unwrap_or(u32::MAX));
            return self.lines.first(bits, line).map(|line| Some(u64::from(large(line))));
        }
        if let Some(line) = self.lines.get(bits) {
            return Some(Some(u64::from(large(line))));
        }
        self.others.get_or_insert_default().first(bits, ()).map(|()| None)
    }
}

/// Rows with a number that an earlier row has under another key: with keys, that is allowed, and each is sent to.
#[derive(Debug)]
pub(super) struct SharedNumbers {
    /// The first key that a number stood under, as four bytes of its client token. `None` where the number is the key.
    keys: Option<Repeats<Small>>,
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
        let number = recipient.phone.as_str().trim_start_matches('+').parse().unwrap_or_default();
        // A part of a hash: two keys share it once in four milliards.
        let key = recipient.client_token.as_u64_pair().0 >> 32;
        self.see_as(number, u32::try_from(key).unwrap_or_default(), recipient.line);
    }

    fn see_as(&mut self, number: u64, key: u32, line: u64) {
        let Some(keys) = &mut self.keys else { return };
        // An odd factor makes another number of each, and spreads them.
        let bits = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let first = if keys.len() < MOST {
            keys.first(bits, small(key))
        } else {
            let first = keys.get(bits);
            self.given_up |= first.is_none();
            first
        };
        if first.is_some_and(|first| large(first) != key) {
            self.rows += 1;
            if self.lines.len() < TOLD {
                self.lines.push(line);
            }
        }
    }
}

fn small(number: u32) -> Small {
    number.to_le_bytes()
}

fn large(number: Small) -> u32 {
    u32::from_le_bytes(number)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    /// Keys and numbers of which more than [`MOST`] are known, and what is still told of them.
    #[test]
    fn behind_the_bound_repeats_are_known_and_their_lines_are_not() {
        let most = MOST as u64;
        let key = |n: u64| repeats::bits(Uuid::new_v5(&Uuid::NAMESPACE_URL, &n.to_le_bytes()));
        let mut first_lines = FirstLines::default();
        for line in 0..most + 10 {
            assert_eq!(first_lines.first_of(key(line), line), None);
        }
        assert_eq!(first_lines.first_of(key(7), most + 10), Some(Some(7)));
        assert_eq!(first_lines.first_of(key(most - 1), most + 11), Some(Some(most - 1)));
        assert_eq!(first_lines.first_of(key(most), most + 12), Some(None));
        assert_eq!(first_lines.first_of(key(most + 12), most + 13), None);
    }

    #[test]
    fn numbers_under_two_keys_are_told_apart_from_rows_that_come_twice() {
        let mut numbers = SharedNumbers::new(true);
        for n in 0..MOST as u64 {
            numbers.see_as(12_025_550_000 + n, 1, n);
        }
        numbers.see_as(12_025_550_100, 1, 1);
        assert_eq!((numbers.rows, numbers.given_up), (0, false));
        numbers.see_as(12_025_550_100, 2, 2);
        assert_eq!((numbers.rows, numbers.given_up, &numbers.lines[..]), (1, false, &[2][..]));
        numbers.see_as(4, 1, 3);
        numbers.see_as(4, 2, 4);
        assert_eq!((numbers.rows, numbers.given_up), (1, true));
    }
}
