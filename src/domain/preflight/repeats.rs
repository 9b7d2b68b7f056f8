//! What stands in a file more than once, as far as that can be known without the journal.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use uuid::Uuid;

use super::TOLD;
use crate::domain::row::key_filter::KeyFilter;
use crate::domain::row::recipient::Recipient;

/// Maps that hold one part of the values each, for a million values and for 300,000. The numbers spread them well.
const PARTS: usize = 80;
const FEWER_PARTS: usize = 24;

/// Values that a part has room for. It gets it at once, and takes memory as it fills: grown step by step, there would be two
/// of it for a while, and what the smaller ones had would not be given back in time.
const ROOM: usize = 14_000;

/// Keys whose lines are known in a check, at most: memory has a bound, 17 MB.
const MOST: usize = 1_000_000;
/// Numbers that are looked for under two keys, also before a run, at most: 7 MB.
const NUMBERS: usize = 300_000;

/// Where each of the first million values was first.
#[derive(Debug)]
struct Firsts<V = u32> {
    /// A value as two halves: twelve bytes with what is said of it, where one of eight would be padded to sixteen.
    parts: Vec<HashMap<[u32; 2], V>>,
    len: usize,
    most: usize,
}

/// What is known of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known<V = u32> {
    /// It was seen before, and this was said of it then.
    First(V),
    /// It was not seen before, and is noted now.
    New,
    /// There is no room for it, nor was there for some before it.
    Full,
}

impl Default for Firsts {
    fn default() -> Self {
        Self { parts: vec![HashMap::new(); PARTS], len: 0, most: MOST }
    }
}

impl<V: Copy> Firsts<V> {
    fn fewer() -> Self {
        Self { parts: vec![HashMap::new(); FEWER_PARTS], len: 0, most: NUMBERS }
    }

    fn see(&mut self, value: u64, of: V) -> Known<V> {
        // The upper bits of a product depend on all bits of its factors, and the remainder of them on few.
        let spread = value.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let part = usize::try_from(spread).unwrap_or_default() % self.parts.len();
        let halves = [value >> 32, value & 0xffff_ffff].map(|half| u32::try_from(half).unwrap_or_default());
        let part = &mut self.parts[part];
        if part.is_empty() {
            part.reserve(ROOM);
        }
        match part.entry(halves) {
            Entry::Occupied(entry) => Known::First(*entry.get()),
            Entry::Vacant(_) if self.len >= self.most => Known::Full,
            Entry::Vacant(entry) => {
                entry.insert(of);
                self.len += 1;
                Known::New
            }
        }
    }
}

/// Which keys came before, and for the first million of them, in which line.
#[derive(Debug, Default)]
pub struct FirstLines {
    lines: Firsts,
    others: Option<KeyFilter>,
}

impl FirstLines {
    /// Takes note of a recipient. Where its key came before, says in which line, as far as that is known.
    pub fn first(&mut self, recipient: &Recipient) -> Option<Option<u64>> {
        self.first_of(recipient.client_token, recipient.line)
    }

    fn first_of(&mut self, token: Uuid, line: u64) -> Option<Option<u64>> {
        // The first eight bytes of a token stand for its key: of a million, two meet by chance once in millions of files.
        match self.lines.see(token.as_u64_pair().0, u32::try_from(line).unwrap_or(u32::MAX)) {
            Known::First(line) => Some(Some(u64::from(line))),
            Known::New => None,
            Known::Full => (!self.others.get_or_insert_default().insert(token)).then_some(None),
        }
    }
}

/// Rows with a number that an earlier row has under another key: with keys, that is allowed, and each is sent to.
#[derive(Debug)]
pub(super) struct SharedNumbers {
    /// The first key that a number stood under, as four bytes of its client token, and the line. `None` where the number is
    /// the key, and once there were too many.
    keys: Option<Firsts<(u32, u32)>>,
    pub(super) rows: u64,
    /// Each line, and the one that has the number first.
    pub(super) lines: Vec<(u64, u64)>,
    /// Whether there were too many numbers to look at all of them.
    pub(super) given_up: bool,
}

impl SharedNumbers {
    pub(super) fn new(with_keys: bool) -> Self {
        Self { keys: with_keys.then(Firsts::fewer), rows: 0, lines: Vec::new(), given_up: false }
    }

    pub(super) fn see(&mut self, recipient: &Recipient) {
        let number = recipient.phone.as_str().trim_start_matches('+').parse().unwrap_or_default();
        // A part of a hash: two keys share it once in four milliards.
        let key = recipient.client_token.as_u64_pair().0 >> 32;
        self.see_as(number, u32::try_from(key).unwrap_or_default(), recipient.line);
    }

    /// Takes note of a line with the number of another one that is not in this file.
    pub(super) fn also(&mut self, line: u64, of: u64) {
        self.rows += 1;
        if self.lines.len() < TOLD {
            self.lines.push((line, of));
        }
    }

    fn see_as(&mut self, number: u64, key: u32, line: u64) {
        let Some(keys) = &mut self.keys else { return };
        let known = keys.see(number, (key, u32::try_from(line).unwrap_or(u32::MAX)));
        if known == Known::Full {
            // A plan of many millions needs the memory.
            (self.keys, self.given_up) = (None, true);
        }
        if let Known::First((first, of)) = known
            && first != key
        {
            self.rows += 1;
            if self.lines.len() < TOLD {
                self.lines.push((line, u64::from(of)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys and numbers of which more than [`MOST`] are known, and what is still told of them.
    #[test]
    fn behind_the_bound_repeats_are_known_and_their_lines_are_not() {
        let most = MOST as u64;
        let key = |n: u64| Uuid::new_v5(&Uuid::NAMESPACE_URL, &n.to_le_bytes());
        let mut first_lines = FirstLines::default();
        for line in 0..most + 10 {
            assert_eq!(first_lines.first_of(key(line), line), None);
        }
        assert_eq!(first_lines.first_of(key(7), most + 10), Some(Some(7)));
        assert_eq!(first_lines.first_of(key(most - 1), most + 11), Some(Some(most - 1)));
        assert_eq!(first_lines.first_of(key(most), most + 12), Some(None));
        assert_eq!(first_lines.first_of(key(most + 12), most + 13), None);
        let largest = first_lines.lines.parts.iter().map(HashMap::len).max().unwrap_or_default();
        assert!(largest <= ROOM, "a part has {largest} of a million: more than it has room for");
    }

    #[test]
    fn numbers_under_two_keys_are_told_apart_from_rows_that_come_twice() {
        let mut numbers = SharedNumbers::new(true);
        for n in 0..NUMBERS as u64 {
            numbers.see_as(12_025_550_000 + n, 1, n);
        }
        numbers.see_as(12_025_550_100, 1, 1);
        assert_eq!((numbers.rows, numbers.given_up), (0, false));
        numbers.see_as(12_025_550_100, 2, 2);
        assert_eq!((numbers.rows, numbers.given_up, &numbers.lines[..]), (1, false, &[(2, 100)][..]));
        numbers.see_as(4, 1, 3);
        numbers.see_as(4, 2, 4);
        assert_eq!((numbers.rows, numbers.given_up), (1, true));
    }
}
