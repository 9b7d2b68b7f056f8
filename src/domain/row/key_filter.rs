//! Which keys came before, in little memory: 56 bits of each key's client token, five bytes apart from their place.

/// The first sixteen bits of a token choose one of so many tables.
const TABLES: usize = 1 << 16;
/// The bits that are kept.
const BITS: u64 = (1 << 56) - 1;
/// Slots by which a table grows at least.
const FEWEST: usize = 4;

/// The tokens that came before. Ten million take less than 70 MB; a table grows by a quarter, one at a time, so that the peak
/// is no higher.
///
/// Two tokens with the same 56 bits are taken for one: among ten million random ones that happens once in 1,400 files.
/// Who must be sure asks elsewhere when one is said to have come before.
#[derive(Debug)]
pub struct KeyFilter {
    tables: Vec<KeyTable>,
}

#[derive(Debug, Default, Clone)]
struct KeyTable {
    /// What is left of a token; zero is an empty slot.
    slots: Vec<[u8; 5]>,
    used: usize,
}

impl Default for KeyFilter {
    fn default() -> Self {
        Self { tables: vec![KeyTable::default(); TABLES] }
    }
}

impl KeyFilter {
    /// Takes note of a token, and says whether it is new.
    pub fn insert(&mut self, token: uuid::Uuid) -> bool {
        let bits = token.as_u64_pair().0;
        // The version's four bits are the same in all tokens; the low half makes up for them.
        let bits = bits ^ token.as_u64_pair().1.rotate_left(32);
        self.insert_bits(bits >> 8)
    }

    /// Takes note of a number, and says whether it is new. E.164 has at most 15 digits, so that none are taken for one, but
    /// two of which one has the bits of an empty slot.
    pub fn insert_number(&mut self, number: u64) -> bool {
        // Odd factors and shifts of half the width have an inverse: different numbers stay different.
        let spread = |bits: u64| bits.wrapping_mul(0x9e37_79b9_7f4a_7c15) & BITS;
        let bits = spread(number & BITS);
        self.insert_bits(spread(bits ^ bits >> 28))
    }

    fn insert_bits(&mut self, bits: u64) -> bool {
        self.tables[(bits >> 40) as usize].insert(bits & 0xff_ffff_ffff)
    }
}

impl KeyTable {
    fn insert(&mut self, rest: u64) -> bool {
        let rest = rest.max(1);
        if self.used * 8 >= self.slots.len() * 7 {
            self.grow();
        }
        let found = self.find(rest);
        let new = self.slots[found] == [0; 5];
        self.slots[found] = parts(rest);
        self.used += usize::from(new);
        new
    }

    /// The slot that has it, or the empty one where it belongs. There always is an empty one.
    fn find(&self, rest: u64) -> usize {
        let mut slot = ((rest * self.slots.len() as u64) >> 40) as usize;
        while self.slots[slot] != [0; 5] && self.slots[slot] != parts(rest) {
            slot = (slot + 1) % self.slots.len();
        }
        slot
    }

    fn grow(&mut self) {
        let slots = vec![[0; 5]; (self.slots.len() * 5 / 4).max(self.slots.len() + FEWEST)];
        for old in std::mem::replace(&mut self.slots, slots) {
            if old != [0; 5] {
                let slot = self.find(whole(old));
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
    use std::collections::HashSet;

    use uuid::Uuid;

    use super::*;

    fn token(n: u32) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_URL, &n.to_le_bytes())
    }

    #[test]
    fn it_says_what_a_set_says() {
        let mut repeats = KeyFilter::default();
        let mut set = HashSet::new();
        for n in 0..300_000_u32 {
            let token = token(n.wrapping_mul(n) % 200_000);
            assert_eq!(repeats.insert(token), set.insert(token));
        }
    }

    #[test]
    fn numbers_in_a_row_are_spread_over_the_tables_and_told_apart() {
        let mut repeats = KeyFilter::default();
        for number in 0..300_000_u64 {
            assert!(repeats.insert_number(12_020_000_000 + number));
        }
        assert!(!repeats.insert_number(12_020_000_017));
        let largest = repeats.tables.iter().map(|table| table.used).max().unwrap();
        assert!(largest < 40, "{largest} of 300,000 are in one of {TABLES} tables");
    }

    #[test]
    fn tokens_that_crowd_one_table_are_told_apart() {
        let mut repeats = KeyFilter::default();
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
            let mut table = KeyTable::default();
            for m in 0..10_000_000 / TABLES {
                let bits = token((n * 1_000 + m) as u32).as_u64_pair().0;
                table.insert(bits >> 24);
            }
            slots += table.slots.capacity();
        }
        let bytes = slots * 5 / tables * TABLES + TABLES * size_of::<KeyTable>();
        assert!(bytes < 70_000_000, "{bytes}");
    }
}
