//! News of the recipients file, for a run that sends while the file is still being read (`--stream`).

use tokio::sync::watch;

/// How far the file is read and planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanProgress {
    /// So many rows were queued so far; more may come.
    Reading {
        /// Rows that became queued since the run began.
        queued: u64,
    },
    /// Nothing more comes.
    Read {
        /// Rows that became queued since the run began.
        queued: u64,
    },
    /// Too many lines are rejected: nothing more is to be sent.
    Refused {
        /// Rejected lines...
        rejected: u64,
        /// ...among so many.
        of: u64,
    },
}

impl PlanProgress {
    /// The feed of a run whose file was planned before it began.
    #[must_use]
    pub fn read_before() -> watch::Receiver<Self> {
        watch::channel(Self::Read { queued: 0 }).1
    }
}
