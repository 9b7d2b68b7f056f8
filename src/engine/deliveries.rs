//! News of what became of started contacts, for a run that follows the account's events.

use tokio::sync::mpsc;

/// AWS's final words on messages of the campaign, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastWords(pub Vec<String>);

impl LastWords {
    /// Those of a run that follows nothing.
    #[must_use]
    pub fn none() -> mpsc::Receiver<Self> {
        mpsc::channel(1).1
    }
}
