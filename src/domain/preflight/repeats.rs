//! What stands in a file more than once, as far as that can be known without the journal.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hasher;

use foldhash::fast::RandomState;
use uuid::Uuid;

use super::TOLD;
use crate::domain::row::key_filter::KeyFilter;
use crate::domain::row::recipient::Recipient;

/// Maps that hold one part of the values each. The numbers spread them well.
const PARTS: usize = 80;

/// Values that a part has room for. It gets it at once, and takes memory as it fills: grown step by step, there would be two
/// of it for a while, and what the smaller ones had would not be given back in time.
const ROOM: usize = 14_000;

/// Values whose lines are known in a check, at most: memory has a bound, 17 MB.
const MOST: usize = 1_000_000;

/// Where each of the first million values was first.
#[derive(Debug)]
struct Firsts {
    /// A value as two halves: twelve bytes with its line, where one of eight would be padded to sixteen.
    parts: Vec<HashMap<Halves, u32, RandomState>>,
    len: usize,
}

/// A value as two halves, as a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Halves([u32; 2]);

impl std::hash::Hash for Halves {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [high, low] = self.0.map(u64::from);
        state.write_u64(high << 32 | low);
    }
}

/// What is known of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// It was seen before, in this line.
    First(u32),
    /// It was not seen before, and is noted now.
    New,
    /// There is no room for it, nor was there for some before it.
    Full,
}

impl Default for Firsts {
    fn default() -> Self {
        Self { parts: vec![HashMap::default(); PARTS], len: 0 }
    }
}

impl Firsts {
    /// The part that a value belongs to, and the value as two halves.
    fn place(&self, value: u64) -> (usize, Halves) {
        // The upper bits of a product depend on all bits of its factors, and the remainder of them on few.
        let spread = value.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let part = usize::try_from(spread).unwrap_or_default() % self.parts.len();
        (part, Halves([value >> 32, value & 0xffff_ffff].map(|half| u32::try_from(half).unwrap_or_default())))
    }

    fn get(&self, value: u64) -> Option<u32> {
        let (part, halves) = self.place(value);
        self.parts[part].get(&halves).copied()
    }

    fn see(&mut self, value: u64, line: u64) -> Known {
        let (part, halves) = self.place(value);
        let part = &mut self.parts[part];
        if part.is_empty() {
            part.reserve(ROOM);
        }
        match part.entry(halves) {
            Entry::Occupied(entry) => Known::First(*entry.get()),
            Entry::Vacant(_) if self.len >= MOST => Known::Full,
            Entry::Vacant(entry) => {
                entry.insert(u32::try_from(line).unwrap_or(u32::MAX));
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
        match self.lines.see(token.as_u64_pair().0, line) {
            Known::First(line) => Some(Some(u64::from(line))),
            Known::New => None,
            Known::Full => (!self.others.get_or_insert_default().insert(token)).then_some(None),
        }
    }
}

/// Which numbers came before, and for the first million of them, in which line. The same bound holds as for keys.
#[derive(Debug, Default)]
pub struct FirstNumbers {
    lines: Firsts,
    others: Option<KeyFilter>,
}

impl FirstNumbers {
    /// Takes note of a recipient whose key is new. Where its number came before, and so under another key, says in which line,
    /// as far as that is known.
    pub fn first(&mut self, recipient: &Recipient) -> Option<Option<u64>> {
        self.first_of(number(recipient), recipient.line)
    }

    /// The line where its number was first, where that is known.
    #[must_use]
    pub fn line_of(&self, recipient: &Recipient) -> Option<u64> {
        self.lines.get(number(recipient)).map(u64::from)
    }

    fn first_of(&mut self, number: u64, line: u64) -> Option<Option<u64>> {
        match self.lines.see(number, line) {
            Known::First(line) => Some(Some(u64::from(line))),
            Known::New => None,
            Known::Full => (!self.others.get_or_insert_default().insert_number(number)).then_some(None),
        }
    }
}

fn number(recipient: &Recipient) -> u64 {
    recipient.phone.as_str().trim_start_matches('+').parse().unwrap_or_default()
}

/// Rows with a number that another row has under another key.
#[derive(Debug, Default)]
pub struct SharedNumbers {
    /// How many.
    pub rows: u64,
    /// The lines of the first of them, and the one that has the number first, where it is in the file.
    pub lines: Vec<(u64, Option<u64>)>,
    /// Rows whose key a spreadsheet made of one that was contacted, where the others are meant.
    pub respelled: Option<RespelledRows>,
}

/// Rows that wait under a key which a spreadsheet made of one that was contacted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RespelledRows {
    /// How many.
    pub rows: u64,
    /// The lines of the first of them.
    pub lines: Vec<u64>,
}

impl SharedNumbers {
    /// Takes note of a line.
    pub fn add(&mut self, line: u64, of: Option<u64>) {
        self.rows += 1;
        if self.lines.len() < TOLD {
            self.lines.push((line, of));
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
    fn a_number_is_known_again_however_many_came_before() {
        let mut numbers = FirstNumbers::default();
        for n in 0..MOST as u64 + 10 {
            assert_eq!(numbers.first_of(12_025_550_000 + n, n), None);
        }
        assert_eq!(numbers.first_of(12_025_550_100, 1), Some(Some(100)));
        assert_eq!(numbers.first_of(12_025_550_005 + MOST as u64, 2), Some(None));
        assert_eq!(numbers.first_of(12_025_550_010 + MOST as u64, 3), None);
    }
}
