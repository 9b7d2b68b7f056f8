//! What a command does, for any caller: option structs in, typed results out, an observer handed in.
//!
//! Deliberately absent: arguments, printing, questions, exit codes and signals. A caller passes a stop receiver, shows the
//! pre-flight and asks; see `examples/send.rs` for a whole campaign.

pub mod account_check;
pub mod accounts;
pub mod alerts;
pub mod by_campaigns;
pub mod by_hand;
pub mod care;
pub mod contact;
mod contact_search;
pub mod deliveries;
pub mod doctor;
pub mod doubts;
pub mod dry_run;
pub mod error;
pub mod evidence;
pub mod fetched;
pub mod follow;
pub mod hooks;
pub mod live_deliveries;
pub mod names;
pub mod open;
pub mod opt_outs;
pub mod options;
pub mod outputs;
mod overdue;
pub mod overview;
mod pacing;
pub mod paths;
pub mod person;
pub mod plan_file;
mod planned_file;
pub mod preconditions;
pub mod rebuild;
pub mod reconcile;
pub mod rehearse;
pub mod rejects;
pub mod report;
pub mod resolve;
pub mod routes;
mod row_reader;
pub mod run;
mod run_senders;
mod same_numbers;
pub mod send;
mod service;
mod simulated_deliveries;
pub mod status;
pub mod steering;
pub mod stream;
pub mod suppress;
pub mod version;

pub use error::{Error, ErrorKind};
pub use options::{CampaignOptions, FileOptions, SendOptions};
pub use paths::CampaignPaths;
