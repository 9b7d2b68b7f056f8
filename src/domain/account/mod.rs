//! The account, as far as a campaign depends on it: what was asked of it, and what that says of the campaign.
//!
//! Pure: who asks, and how fast, is not here. [`facts`] has what is known and what is not, [`opt_outs`] the numbers it
//! may not send to, [`flow`] reads a flow's content, [`findings`] judges, [`policy`] lists the rights that each use of
//! the program needs.

pub mod contacts;
pub mod facts;
pub mod findings;
pub mod flow;
pub mod opt_outs;
pub mod policy;
