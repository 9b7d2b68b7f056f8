//! What went before a run, as far as its pace is concerned.

use std::time::Duration;

/// What the bucket has been through before: the bound holds over the end of one run and the start of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BucketHistory {
    /// No requests were made before.
    Fresh,
    /// The last ones were made at least this long ago.
    Quiet(Duration),
    /// Some may just have been made: the last run ended without saying so.
    Unknown,
}
