//! The commands, one file each: its arguments, its `run`, its words, and nothing else.

pub mod alerts;
pub mod check;
pub mod completions;
pub mod contact;
pub mod deliveries;
pub mod doctor;
pub mod hours;
pub mod iam_policy;
pub mod init;
pub mod journal;
pub mod man;
pub mod rebuild;
pub mod rehearse;
pub mod report;
pub mod resolve;
pub mod resume;
pub mod run;
mod sending;
pub mod serve;
pub mod simulator;
pub mod status;
pub mod steer;
pub mod suppress;
pub mod version;
