//! Looking after a journal: a full audit, purging personal data, people's decisions on doubt.

pub(in crate::journal) mod audit;
pub(in crate::journal) mod decisions;
pub(in crate::journal) mod doubts;
pub(in crate::journal) mod hours;
pub(in crate::journal) mod purge;
pub(in crate::journal) mod rebuilt;
