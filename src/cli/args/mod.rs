//! Arguments that several commands share, and their values.

pub mod faults;
pub mod file;
pub mod global;
pub mod send;
pub mod values;
