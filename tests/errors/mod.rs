//! What people read when something is wrong: every error that a user can cause, from the binary itself, in one snapshot
//! for each area. `covered.rs` holds the sentences in the sources against them, so that none is left out unseen.
//!
//! After an intended change: `INSTA_UPDATE=always cargo test --release --test program errors`, and read the diff.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod area;
mod command_line;
mod connect;
mod contact;
mod covered;
mod definition;
mod files;
mod gates;
mod journal;
mod lists;
mod manners;
mod objects;
mod postgres;
mod report;
mod request;
mod simulator;
mod words;
