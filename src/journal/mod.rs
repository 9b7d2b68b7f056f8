//! The journal: the SQLite database that knows every row of every campaign, and the only place with SQL.
//!
//! What is acknowledged is on disk: WAL with `synchronous=FULL`, one transaction per group, an error after which a
//! handle is never used again. A [`Journal`] is owned by the one who writes, a [`Reader`] by anyone who looks.
//! It holds no policy: which event follows from an answer is decided elsewhere, [`crate::domain::state::next`] says
//! what state that gives.

mod activity;
mod attempts;
mod backup;
mod campaign;
mod cells;
mod corrections;
mod decisions;
mod error;
mod examination;
mod follow;
mod health;
mod index;
mod known;
mod line;
mod lock;
mod mark;
mod open;
mod outcomes;
mod plan;
mod planned;
mod purge;
mod read;
mod row;
mod runs;
mod seen;
mod share;
mod snapshot;
mod soundness;
mod steering;
mod suppress;
mod tally;
#[cfg(test)]
mod tests;
mod upgrade;
mod waiting;
mod writer;

pub use activity::{Activity, PauseKind, PauseSpan, Pulse};
pub use attempts::{Claim, Claimed, Pass, Settlement};
pub use backup::Copied;
pub use campaign::{Campaign, Identity, Origin, Service};
pub use cells::Cells;
pub use decisions::Uncertain;
pub use error::JournalError;
pub use examination::Examination;
pub use line::{Content, Line};
pub use lock::{CampaignLock, Holder, holder, is_running};
pub use open::{Journal, Reader};
pub use outcomes::Outcome;
pub use plan::{Plan, PlanSummary};
pub use planned::Planned;
pub use purge::Purged;
pub use read::{Record, Selection};
pub use row::{CampaignId, Frozen, RowId};
pub use runs::{Counters, NewRun, RunEnd, RunId, RunRecord};
pub use share::SharedPace;
pub use snapshot::{ReasonCount, Snapshot};
pub use soundness::{Finding, Soundness};
pub use steering::{Ask, AskId, Steered, Taken};
pub use suppress::Admission;
pub use waiting::Waiting;
pub use writer::{Writer, WriterError};
