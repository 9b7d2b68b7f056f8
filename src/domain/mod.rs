//! The rules of a campaign, as pure data and functions: no clock, no I/O, no tokio, no SQL, no AWS.
//!
//! Everything here can be tested by calling it. Time and chance are arguments.

pub mod arn;
pub mod binding;
pub mod content;
pub mod country;
pub mod definition;
pub mod ending;
pub mod explain;
pub mod figures;
pub mod form;
pub mod formula;
pub mod gate;
pub mod gsm;
pub mod header;
pub mod latency;
pub mod limits;
pub mod mask;
pub mod past;
pub mod phone;
pub mod preflight;
pub mod problem;
pub mod read_as;
pub mod recipient;
pub mod refusal;
pub mod repeats;
pub mod reported;
pub mod request;
pub mod room;
pub mod segments;
pub mod stamp;
pub mod state;
pub mod steering;
pub mod summary;
pub mod suppression;
pub mod tally;
pub mod template;
pub mod token;
pub mod verdict;
