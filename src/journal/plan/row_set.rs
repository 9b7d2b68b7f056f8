//! Which rows a file has had so far, while it is planned.

/// Which rows the file had so far: one bit a row, so that ten million take little more than a megabyte.
#[derive(Debug, Default)]
pub(in crate::journal) struct RowSet(Vec<u64>);

impl RowSet {
    /// Says whether the row is new here.
    pub(in crate::journal) fn insert(&mut self, id: i64) -> bool {
        let (word, bit) = Self::place(id);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        let new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        new
    }

    pub(in crate::journal) fn contains(&self, id: i64) -> bool {
        let (word, bit) = Self::place(id);
        self.0.get(word).is_some_and(|bits| bits & bit != 0)
    }

    fn place(id: i64) -> (usize, u64) {
        (usize::try_from(id >> 6).unwrap_or(0), 1 << (id & 63))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_is_new_once() {
        let mut seen = RowSet::default();
        for id in [0, 1, 63, 64, 10_000_000] {
            assert!(!seen.contains(id));
            assert!(seen.insert(id));
            assert!(!seen.insert(id));
            assert!(seen.contains(id));
        }
        assert!(!seen.contains(65));
        assert_eq!(seen.0.len(), 10_000_000 / 64 + 1, "one bit a row");
    }
}
