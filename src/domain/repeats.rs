//! Which keys came before, in little memory: 56 bits of each key's client token, five bytes apart from their place. What is
//! said of a key comes on top.

use uuid::Uuid;

/// The first sixteen bits of a token choose one of so many tables.
const TABLES: usize = 1 << 16;
/// Slots by which a table grows at least.
const FEWEST: usize = 4;
/// The bits that a table keeps.
const REST: u64 = 0xff_ffff_ffff;

/// The tokens that came before. Ten million take less than 70 MB; a table grows by a quarter, one at a time, so that the peak
/// is no higher.
///
/// Two tokens with the same 56 bits are taken for one: among ten million random ones that happens once in 1,400 files.
/// Who must be sure asks elsewhere when one is said to have come before.
#[derive(Debug)]
pub struct Repeats<T = ()> {
    tables: Vec<Table<T>>,
    len: usize,
}

#[derive(Debug, Default, Clone)]
struct Table<T> {
    /// What is left of a token, where zero is an empty slot, and what was said of it.
    slots: Vec<([u8; 5], T)>,
    used: usize,
}

impl<T: Copy + Default> Default for Repeats<T> {
    fn default() -> Self {
        Self { tables: vec![Table::default(); TABLES], len: 0 }
    }
}

impl Repeats {
    /// Takes note of a token, and says whether it is new.
    pub fn insert(&mut self, token: Uuid) -> bool {
        self.first(bits(token), ()).is_none()
    }
}

impl<T: Copy + Default> Repeats<T> {
    /// Takes note of 64 bits that are spread as those of a hash are, with `of`. Says what they came with when they came
    /// first; `None` where that is now.
    pub fn first(&mut self, bits: u64, of: T) -> Option<T> {
        let first = self.tables[(bits >> 48) as usize].first(bits >> 8 & REST, of);
        self.len += usize::from(first.is_none());
        first
    }

    /// What these bits came with when they came first.
    #[must_use]
    pub fn get(&self, bits: u64) -> Option<T> {
        self.tables[(bits >> 48) as usize].get(bits >> 8 & REST)
    }

    /// How many are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether none is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// 64 bits of a token.
#[must_use]
pub fn bits(token: Uuid) -> u64 {
    let (high, low) = token.as_u64_pair();
    // The version's four bits are the same in all tokens; the low half makes up for them.
    high ^ low.rotate_left(32)
}

impl<T: Copy + Default> Table<T> {
    fn first(&mut self, rest: u64, of: T) -> Option<T> {
        let rest = rest.max(1);
        if self.used * 8 >= self.slots.len() * 7 {
            self.grow();
        }
        let found = self.find(rest);
        if self.slots[found].0 != [0; 5] {
            return Some(self.slots[found].1);
        }
        self.slots[found] = (parts(rest), of);
        self.used += 1;
        None
    }

    fn get(&self, rest: u64) -> Option<T> {
        if self.slots.is_empty() {
            return None;
        }
        let (found, of) = self.slots[self.find(rest.max(1))];
        (found != [0; 5]).then_some(of)
    }

    /// The slot that has it, or the empty one where it belongs. There always is an empty one.
    fn find(&self, rest: u64) -> usize {
        let mut slot = ((rest * self.slots.len() as u64) >> 40) as usize;
        while self.slots[slot].0 != [0; 5] && self.slots[slot].0 != parts(rest) {
            slot = (slot + 1) % self.slots.len();
        }
        slot
    }

    fn grow(&mut self) {
        let slots = vec![Default::default(); (self.slots.len() * 5 / 4).max(self.slots.len() + FEWEST)];
        for old in std::mem::replace(&mut self.slots, slots) {
            if old.0 != [0; 5] {
                let slot = self.find(whole(old.0));
                self.slots[slot] = old;
            }
        }
    }
}

fn parts(rest: u64) -> [u8; 5] {
    let [low @ .., _, _, _] = rest.to_le_bytes();
    low
}

fn whole([a, b, c, d, e]: [u8; 5]) -> u64 {
    u64::from_le_bytes([a, b, c, d, e, 0, 0, 0])
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    fn token(n: u32) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_URL, &n.to_le_bytes())
    }

    #[test]
    fn it_says_what_a_set_says() {
        let mut repeats = Repeats::default();
        let mut set = HashSet::new();
        for n in 0..300_000_u32 {
            let token = token(n.wrapping_mul(n) % 200_000);
            assert_eq!(repeats.insert(token), set.insert(token));
        }
    }

    #[test]
    fn what_was_said_first_is_known() {
        let mut repeats = Repeats::default();
        let mut map = HashMap::new();
        for n in 0..100_000_u32 {
            let bits = bits(token(n.wrapping_mul(n) % 50_000));
            assert_eq!(repeats.get(bits), map.get(&bits).copied());
            let first = map.get(&bits).copied();
            map.entry(bits).or_insert(n.to_le_bytes());
            assert_eq!(repeats.first(bits, n.to_le_bytes()), first);
        }
        assert_eq!(repeats.len(), map.len());
        assert_eq!(size_of::<([u8; 5], [u8; 4])>(), 9, "a slot has no gaps");
    }

    #[test]
    fn tokens_that_crowd_one_table_are_told_apart() {
        let mut repeats = Repeats::default();
        let crowd = |n: u64| Uuid::from_u64_pair((n % 1_000) << 8, 0);
        for n in 0..2_000 {
            assert_eq!(repeats.insert(crowd(n)), n < 1_000 && n != 1, "0 and 1 are taken for one: {n}");
        }
    }

    #[test]
    fn ten_million_take_less_than_70_mb() {
        // As many tables, and as full, as a hundredth of those that ten million tokens fill.
        let mut slots = 0;
        let tables = TABLES / 100;
        for n in 0..tables {
            let mut table = Table::<()>::default();
            for m in 0..10_000_000 / TABLES {
                let bits = token((n * 1_000 + m) as u32).as_u64_pair().0;
                table.first(bits >> 24, ());
            }
            slots += table.slots.capacity();
        }
        let bytes = slots * 5 / tables * TABLES + TABLES * size_of::<Table<()>>();
        assert!(bytes < 70_000_000, "{bytes}");
    }
}
