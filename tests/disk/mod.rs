//! The disk under the journal: what it holds after a loss of power, what happens when it fails, when it was damaged, and
//! when it cannot be used at all.
//!
//! Linux only: the program is watched, and made to fail, by a library between it and libc (`disk.c`).
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod damage;
mod driver;
mod failing;
mod image;
mod model;
mod place;
mod power_loss;
mod recording;
mod unusable;
mod writer;
