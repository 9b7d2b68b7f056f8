//! What a table holds, as a number that makes every lost, changed or doubled row noticed: the count of its rows, and the sum of
//! the SHA-256 of each. A sum, so that neither database has to sort for it.

use sha2::{Digest as _, Sha256};

/// Count and sum of the rows of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::journal) struct TableDigest {
    /// How many rows there are.
    pub(in crate::journal) rows: u64,
    sum: [u64; 4],
}

impl TableDigest {
    /// Takes a row, as its bytes.
    pub(in crate::journal) fn add(&mut self, row: &[u8]) {
        self.rows += 1;
        let hash = Sha256::digest(row);
        for (sum, part) in self.sum.iter_mut().zip(hash.chunks_exact(8)) {
            *sum = sum.wrapping_add(part.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[&str]) -> TableDigest {
        let mut digest = TableDigest::default();
        rows.iter().for_each(|row| digest.add(row.as_bytes()));
        digest
    }

    #[test]
    fn every_change_is_noticed_and_order_is_none() {
        let whole = of(&["a", "b", "c"]);
        assert_eq!(whole, of(&["c", "a", "b"]));
        for other in
            [&["a", "b"][..], &["a", "b", "d"], &["a", "b", "b"], &["a", "b", "c", "c"], &["ab", "", "c"]]
        {
            assert_ne!(whole, of(other), "{other:?}");
        }
    }
}
