//! Amazon Connect: a contact request in, a contact id or a refusal out. Besides the simulator, the only place that names
//! `aws_*`.
//!
//! One [`Client::start`] is one HTTP request: the SDK's own retries are off, because they would neither take permits
//! nor be journaled. Deliberately absent: any decision about what a refusal leads to.

mod account;
mod answer;
mod answer_bounds;
mod client;
mod contact_ids;
mod credential_process;
mod credentials;
mod endpoint;
mod environment;
mod error;
mod object;
mod prepared;
mod proxy;
mod queue;
mod renewal;
mod route;
mod signer;
mod tls;
#[cfg(test)]
mod typed;
mod webhook;

pub use account::{Account, ContactSearch, MOST_VALUES, Subject};
pub use client::{Attempt, Client, Settings};
pub use error::ConnectError;
pub use object::{ObjectReader, OpenObject, identify_object, open_object};
pub use queue::{MOST_MESSAGES, QueueError, QueueMessage, SqsQueue};
pub use webhook::{Poster, UntakenPost};
