//! The journal: the SQLite database that knows every row of every campaign, and the only place with SQL.
//!
//! What is acknowledged is on disk: WAL with `synchronous=FULL`, one transaction per group, an error after which a
//! handle is never used again. A [`Journal`] is owned by the one who writes, a [`Reader`] by anyone who looks.
//! It holds no policy: which event follows from an answer is decided elsewhere, [`crate::domain::state::next`] says
//! what state that gives.

mod attempts;
mod campaign;
mod cells;
mod decisions;
mod error;
mod health;
mod known;
mod lock;
mod mark;
mod open;
mod plan;
mod read;
mod row;
mod runs;
mod seen;
mod snapshot;
mod suppress;
mod tally;
mod waiting;
mod writer;

pub use attempts::{Claim, Claimed, Pass, Settlement};
pub use campaign::{Campaign, Identity, Service};
pub use cells::Cells;
pub use decisions::Uncertain;
pub use error::JournalError;
pub use lock::{CampaignLock, Holder, is_running};
pub use open::{Journal, Reader};
pub use plan::{Content, Line, Plan, PlanSummary};
pub use read::{Record, Selection};
pub use row::{CampaignId, Frozen, RowId};
pub use runs::{Counters, NewRun, RunEnd, RunId, RunRecord};
pub use snapshot::{ReasonCount, Snapshot};
pub use suppress::Admission;
pub use waiting::Waiting;
pub use writer::{Writer, WriterError};
