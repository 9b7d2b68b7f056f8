//! What a run does to the journal: one writer, attempts and outcomes, records of runs, steering, suppression.

pub(in crate::journal) mod account_answers;
pub(in crate::journal) mod activity;
pub(in crate::journal) mod allowance;
pub(in crate::journal) mod attempts;
pub(in crate::journal) mod by_hand;
pub(in crate::journal) mod claimed;
pub(in crate::journal) mod control;
pub(in crate::journal) mod expiry;
pub(in crate::journal) mod group;
pub(in crate::journal) mod held_rows;
pub(in crate::journal) mod limits;
pub(in crate::journal) mod numbers_in_common;
pub(in crate::journal) mod opt_outs;
pub(in crate::journal) mod pending_claim;
pub(in crate::journal) mod runs;
pub(in crate::journal) mod sender_figures;
pub(in crate::journal) mod sender_paces;
pub(in crate::journal) mod senders;
pub(in crate::journal) mod shared_pace;
pub(in crate::journal) mod suppression;
pub(in crate::journal) mod writer;
