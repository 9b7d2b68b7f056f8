//! The pace: the only place that waits for a permit.
//!
//! In any window of `w` seconds at most `burst + rate * w` permits are given, through every change of the pace: it never
//! exceeds the limit that the user set, and throttling slows it for a while. [`limiter`] gives a run's own permits,
//! [`adaptive`] decides how far the rate falls after a throttled request and how it recovers, [`shared`] gives the
//! permits of a rate that several runs share, [`parts`] says when a message of a sender may leave. The shared bucket's
//! storage is unknown here: it is passed in as a [`SharedBucket`].

mod adaptive;
mod clock;
mod limiter;
mod parts;
#[cfg(test)]
mod quota_tests;
mod shared;

pub use limiter::{PaceMode, RateLimit, RateLimiter};
pub use parts::PartBucket;
pub use shared::{Reserving, SharedBucket, SharedPermits};
