//! One row of the file and what it becomes: the binding to columns, the recipient, its client token, who is left out.

pub mod binding;
pub mod compound_key;
pub mod key_filter;
pub mod recipient;
pub mod rejected_id;
mod rewritten_date;
pub mod rewritten_key;
pub mod suppression;
pub mod token;
