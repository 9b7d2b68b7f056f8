//! What becomes of a row and of a run: states, refusals and verdicts, gates, counts, endings.

pub mod bucket_history;
pub mod concurrency_limit;
pub mod control;
pub mod doubt;
pub mod ending;
pub mod gate;
pub mod latency;
pub mod refusal;
pub mod shared_rate;
pub mod state;
pub mod summary;
pub mod tally;
pub mod undelivered;
pub mod verdict;
