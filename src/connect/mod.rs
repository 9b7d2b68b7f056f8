//! Amazon Connect: a contact request in, a contact id or a refusal out. Besides the simulator, the only place that names
//! `aws_*`.
//!
//! One [`Client::start`] is one HTTP request: the SDK's own retries are off, because they would neither take permits
//! nor be journaled. Deliberately absent: any decision about what a refusal leads to.

mod answer;
mod client;
mod endpoint;
mod error;
mod prepared;
mod session;
mod signer;
mod tls;
#[cfg(test)]
mod typed;

pub use client::{Attempt, Client, Settings};
pub use error::ConnectError;
