//! What became of started contacts: the account's events, folded by message and by contact, and joined to rows.
//!
//! Nothing here changes a row's state, so nothing here decides what is sent.

mod counts;
pub(in crate::journal) mod intake;
mod kept;
pub(in crate::journal) mod live;
pub(in crate::journal) mod rows;

pub use counts::{MessageRecord, StatusCount, UnmatchedCount};
pub use intake::{Intake, Taken};
pub use live::LiveTaken;
