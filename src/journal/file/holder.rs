//! The process that holds a campaign's lock, as the lock file names it.

use std::fmt;

use crate::domain::foreign::ForeignText;

/// A process that holds a lock, in its own words: empty before it has written them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder(ForeignText);

impl Holder {
    pub(in crate::journal) fn named(words: &str) -> Self {
        Self(words.into())
    }

    /// Its process id, where the file has it.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.0.raw().strip_prefix("process ")?.split(',').next()?.parse().ok()
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("a process that has just begun");
        }
        self.0.shown().fmt(f)
    }
}
