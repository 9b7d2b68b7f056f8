//! One file per command: its arguments, its `run`, its words.

pub mod simulator;
