//! Any bytes as a workbook, and as the parts of one.

#![no_main]

#[path = "../entries/container.rs"]
mod container;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| container::run(bytes));
