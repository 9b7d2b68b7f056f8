//! Batch SMS campaigns on Amazon Connect: a CSV of recipients in, exactly one outbound contact per recipient started,
//! and a report that adds up out.
//!
//! The layers and the arrows between them are drawn in `ARCHITECTURE.md` and guarded by `tests/layers.rs`.

pub mod app;
pub mod cli;
pub mod clock;
pub mod connect;
pub mod deliveries;
pub mod domain;
pub mod engine;
pub mod files;
pub mod journal;
pub mod pace;
pub mod progress;
pub mod recipients;
pub mod report;
pub mod serve;
pub mod simulator;
