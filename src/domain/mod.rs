//! The rules of a campaign, as pure data and functions: no clock, no I/O, no tokio, no SQL, no AWS.
//!
//! Everything here can be tested by calling it. Time and chance are arguments.

pub mod account;
pub mod alert;
pub mod arn;
pub mod cli_input;
pub mod cli_output;
pub mod data_release;
pub mod definition;
pub mod delivery;
pub mod events;
pub mod figures;
pub mod forecast;
pub mod foreign;
pub mod hours;
pub mod limits;
pub mod message;
pub mod next_step;
pub mod object;
pub mod phone;
pub mod preflight;
pub mod prices;
pub mod problem;
pub mod reasons;
pub mod row;
pub mod senders;
pub mod table;
pub mod unix_millis;
pub mod warning;
