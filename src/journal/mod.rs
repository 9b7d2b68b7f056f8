//! The journal: the SQLite database that knows every row of every campaign, and the only place with SQL.
//!
//! What is acknowledged is on disk: WAL with `synchronous=FULL`, one transaction per group, an error after which a
//! handle is never used again. A [`Journal`] is owned by the one who writes, a [`Reader`] by anyone who looks.
//! It holds no policy: which event follows from an answer is decided elsewhere, [`crate::domain::delivery::state::next`] says
//! what state that gives.

mod admission;
mod campaign;
mod care;
mod deliveries;
mod error;
mod file;
mod plan;
mod postgres;
mod query;
mod row;
mod run;
mod sql;
mod tally;
#[cfg(test)]
mod tests;

pub use crate::domain::events::DeliveryCounts;
pub use admission::{Admission, ClaimLimits};
pub use campaign::{BY_HAND, Campaign, Identity, Origin, Service};
pub use care::audit::{Audit, Finding};
pub use care::decisions::Uncertain;
pub use care::doubts::InDoubt;
pub use care::hours::{HoursKept, OutsideHours};
pub use care::purge::{IfOpen, OpenContacts, Purged};
pub use care::rebuilt::{SearchedInstance, TracedContact};
pub use deliveries::{Intake, LiveTaken, MessageRecord, StatusCount, Taken, UnmatchedCount};
pub use error::JournalError;
pub use file::backup::Copied;
pub use file::beside::beside;
pub use file::holder::Holder;
pub use file::integrity_check::IntegrityCheck;
pub use file::kept::{Beside, is_beside};
pub use file::lock::{CampaignLock, holder, is_running};
pub use file::open::{Journal, Reader, sqlite_release};
pub use file::replicated::{absolute, may_exist};
pub use plan::lanes::OpenLane;
pub use plan::line::{Content, FileLine};
pub use plan::misfit::{Misfit, MisfitReason};
pub use plan::numbers::{SameNumber, SameNumbers};
pub use plan::planned::Planned;
pub use plan::respelled::{RewrittenKey, RewrittenKeys, RewrittenOf};
pub use plan::retried::Retries;
pub use plan::waiting::Waiting;
pub use plan::{Plan, PlanSummary};
pub use postgres::address::PostgresAddress;
pub use postgres::copied::CopiedJournal;
pub use postgres::error::PostgresError;
pub use postgres::fetch::fetch;
pub use query::cells::Cells;
pub use query::contacts_since::StartedContact;
pub use query::earlier_campaigns::{EarlierCampaigns, Unsearchable};
pub use query::evidence::{DecisionRecord, ListedNumber, RowRequest};
pub use query::known_contacts::{SendingTime, StartedRow, TokenRow};
pub use query::outcomes::RowOutcome;
pub use query::person::{ListedSince, PersonRow};
pub use query::records::{Record, Selection, Told};
pub use query::snapshot::{ReasonCount, Snapshot};
pub use row::{CampaignId, Frozen, LaneId, OptOutListId, RowId, RunId, SenderId};
pub use run::activity::{PauseKind, PauseSpan, RunActivity};
pub use run::attempts::Settlement;
pub use run::by_hand::{ClaimByHand, ContactByHand};
pub use run::claimed::{Claim, ClaimRequest, ClaimRoom, Claimed, LaneCursor, Pass, Wake};
pub use run::control::{Acknowledgement, ControlRequest, ControlRequestId, ControlState};
pub use run::expiry::Expiry;
pub use run::group::WriterError;
pub use run::opt_outs::{OptOutChange, OptOutChanged, OptOutCopy, OptOutReading};
pub use run::runs::{Counters, NewRun, RunEnd, RunRecord};
pub use run::sender_paces::AskedPaces;
pub use run::senders::{Reassigned, Reassignment};
pub use run::writer::Writer;
