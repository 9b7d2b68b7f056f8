//! News of the account's opt-out lists, for a run that keeps a copy of them.

use tokio::sync::watch;

use crate::domain::account::opt_outs::OptOutState;

/// How the copy stands, and how many numbers were added to it since the run began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptOutProgress {
    /// How the copy stands.
    pub state: OptOutState,
    /// Numbers that were added: rows that are claimed already may have one of them.
    pub added: u64,
}

impl OptOutProgress {
    /// That of a run that reads no lists.
    #[must_use]
    pub fn none() -> watch::Receiver<Self> {
        watch::channel(Self { state: OptOutState::NotRead(None), added: 0 }).1
    }
}
