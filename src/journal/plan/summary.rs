//! What a plan changed, counted.

use std::ops::AddAssign;

/// What a plan changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlanSummary {
    /// Lines read.
    pub lines: u64,
    /// Recipients that the journal did not have.
    pub added: u64,
    /// Recipients, never attempted, that were changed.
    pub updated: u64,
    /// Recipients that failed, were corrected in the file, and are tried again.
    pub corrected: u64,
    /// Recipients that are not in the file any more, and will not be sent to.
    pub withdrawn: u64,
    /// Recipients that were attempted, and of which the file or the definition now says something that is not sent.
    pub frozen: u64,
    /// Recipients who were started before.
    pub started: u64,
    /// Recipients who were contacted before, or may have been, and of whom the file's cells now say something else.
    pub changed: u64,
    /// Rows that wait, or are left out, on lines which are rejected again: a correction put them there.
    pub stay_corrected: u64,
    /// How many more rows wait than before.
    pub queued: u64,
}

impl AddAssign for PlanSummary {
    fn add_assign(&mut self, other: Self) {
        self.lines += other.lines;
        self.added += other.added;
        self.updated += other.updated;
        self.corrected += other.corrected;
        self.withdrawn += other.withdrawn;
        self.frozen += other.frozen;
        self.started += other.started;
        self.changed += other.changed;
        self.stay_corrected += other.stay_corrected;
        self.queued += other.queued;
    }
}
