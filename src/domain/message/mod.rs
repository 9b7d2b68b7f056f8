//! What is sent: templates, texts and their limits, segments, and the request that carries them.

pub mod body_template;
pub mod content;
pub mod foreign;
pub mod gsm;
pub mod language;
pub mod limits;
pub mod request;
pub mod segments;
pub mod template;
