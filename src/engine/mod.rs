//! The loop that sends a campaign: claims, permits, requests, verdicts, settlements. It holds no policy of its own.

mod notice;

pub use notice::{Notice, Observer, Refused, Unobserved};
