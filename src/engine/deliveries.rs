//! Outcomes of started contacts, for a run that follows the account's events.

use tokio::sync::mpsc;

/// AWS's final statuses of the campaign's messages, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastWords(pub Vec<String>);

impl LastWords {
    /// For a run that follows no events.
    #[must_use]
    pub fn none() -> mpsc::Receiver<Self> {
        mpsc::channel(1).1
    }
}
