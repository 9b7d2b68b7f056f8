//! The journal as a file: opening and locking it, its schema, whether it is whole, and copies of it.

pub(in crate::journal) mod backup;
pub(in crate::journal) mod beside;
pub(in crate::journal) mod commit_counter;
pub(in crate::journal) mod connect;
mod earlier_layout;
pub(in crate::journal) mod holder;
pub(in crate::journal) mod home;
pub(in crate::journal) mod in_use;
pub(in crate::journal) mod integrity;
pub(in crate::journal) mod integrity_check;
pub(in crate::journal) mod kept;
pub(in crate::journal) mod location;
pub(in crate::journal) mod lock;
mod lock_table;
pub(in crate::journal) mod log_on_disk;
pub(in crate::journal) mod new_file;
pub(in crate::journal) mod open;
mod patience;
pub(in crate::journal) mod replicated;
pub(in crate::journal) mod schema;
pub(in crate::journal) mod write;
