//! What a copy between SQLite and PostgreSQL did.

use crate::domain::delivery::tally::Tally;
use crate::domain::unix_millis::UnixMillis;

/// A journal that was copied, verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedJournal {
    /// The campaigns that it has, with their counts.
    pub campaigns: Vec<(String, Tally)>,
    /// When the copy in PostgreSQL was made.
    pub copied_at: UnixMillis,
}
