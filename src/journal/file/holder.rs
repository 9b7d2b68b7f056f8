//! The process that holds a campaign's lock, as the lock file names it.

use std::fmt;

/// A process that holds a lock, in its own words: empty before it has written them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder(String);

impl Holder {
    pub(in crate::journal) fn named(words: &str) -> Self {
        Self(words.to_owned())
    }

    /// Its process id, where the file has it.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.0.strip_prefix("process ")?.split(',').next()?.parse().ok()
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "a process that has just begun" } else { &self.0 })
    }
}
