//! Any bytes as the rows of a csv, in every dialect and encoding.

#![no_main]

#[path = "../entries/dialect.rs"]
mod dialect;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| dialect::run(bytes));
