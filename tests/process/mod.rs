//! The binary itself, as people and scripts use it: real processes, real sockets, real signals, against
//! `campaign simulator` on loopback. What needs no process of its own is tested in virtual time instead.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod account;
mod again;
mod alerts;
mod boto3;
mod broken;
mod deliveries;
mod doubts;
mod dry_run;
mod events;
mod evidence;
mod exits;
mod foreign;
mod half_planned;
mod halts;
mod hooks;
mod hours;
mod identity;
mod journal;
mod kills;
mod limits;
mod live;
mod logs;
mod machine;
mod names;
mod objects;
mod once;
mod opt_outs;
mod output;
mod outputs;
mod postgres;
mod preflight;
mod privacy;
mod races;
pub(crate) mod ran;
mod readers;
mod rebuild;
mod reconciled;
mod recurring;
mod rehearse;
mod retried;
mod route;
mod same_numbers;
mod selection;
mod senders;
mod serve;
mod served;
mod server;
mod shells;
mod signals;
mod simulated_journal;
mod site;
mod steering;
mod suppress;
mod terminal;
