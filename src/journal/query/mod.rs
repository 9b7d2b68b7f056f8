//! What reports and figures read: one instant of the journal, its records and outcomes.

pub(in crate::journal) mod cells;
pub(in crate::journal) mod contacts_since;
pub(in crate::journal) mod earlier_campaigns;
pub(in crate::journal) mod evidence;
pub(in crate::journal) mod known_contacts;
pub(in crate::journal) mod outcomes;
pub(in crate::journal) mod person;
pub(in crate::journal) mod records;
pub(in crate::journal) mod shapes;
pub(in crate::journal) mod snapshot;
