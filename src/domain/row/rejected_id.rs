//! Which rejected row a correction was written for.
//!
//! A line number does not say so: lines are added to a file and taken out of it. The id is made of the row's own cells as
//! they were rejected, so it is the same on whatever line the row stands, and another one once the file says something
//! else there.

use std::fmt;

use uuid::Uuid;

/// The id of a rejected row: 60 bits of a hash of its cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RejectedId(u64);

impl RejectedId {
    /// The id of the row that was rejected with these cells.
    #[must_use]
    pub fn of<'c>(cells: impl IntoIterator<Item = &'c str>) -> Self {
        let mut bytes = Vec::new();
        for cell in cells {
            // With its length in front, so that `a,b` in one cell is another row than `a` and `b` in two.
            bytes.extend_from_slice(&(cell.len() as u64).to_le_bytes());
            bytes.extend_from_slice(cell.as_bytes());
        }
        Self(Uuid::new_v5(&Uuid::NAMESPACE_OID, &bytes).as_u64_pair().0)
    }

    /// The id that [`Display`](fmt::Display) writes; `None` where the text is something else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.trim().strip_prefix(['r', 'R']).filter(|digits| digits.len() == 16)?;
        u64::from_str_radix(digits, 16).ok().map(Self)
    }
}

impl fmt::Display for RejectedId {
    /// A letter, so that no spreadsheet takes it for a number, and 16 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_differ_in_anything_have_another_id() {
        let rows: [&[&str]; 7] = [
            &["C-1", "Ada"],
            &["C-1", "ada"],
            &["C-1", "Ada", ""],
            &["C-1Ada"],
            &["C-", "1Ada"],
            &["Ada", "C-1"],
            &[],
        ];
        let ids: std::collections::HashSet<RejectedId> =
            rows.iter().map(|cells| RejectedId::of(cells.iter().copied())).collect();
        assert_eq!(ids.len(), rows.len());
    }

    /// Files that people have had since must still be known: this value never changes.
    #[test]
    fn what_is_written_is_read_and_stays_the_same() {
        let id = RejectedId::of(["C-2", "Grace", "202555"]);
        assert_eq!(RejectedId::parse(&id.to_string()), Some(id));
        assert_eq!(RejectedId::parse(&format!(" {} ", id.to_string().to_uppercase())), Some(id));
        assert_eq!(id.to_string(), "r12cdf6ab4fb35a29");
        for text in ["", "r", "3", "r12", "0123456789abcdef0", "r+123456789abcde", "r0123456789abcdeg"] {
            assert_eq!(RejectedId::parse(text), None, "{text}");
        }
    }
}
