//! Arguments that several commands share, and their values.

pub mod asking;
pub mod faults;
pub mod file;
pub mod global;
pub mod send;
pub mod values;
