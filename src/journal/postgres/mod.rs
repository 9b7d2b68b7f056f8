//! The journal in PostgreSQL, where a team keeps what must outlive a machine. Journals are copied there and back, and campaigns run
//! over it: each process works in a replica of SQLite's ([`replica`]), and every transaction that writes is committed in PostgreSQL
//! first ([`link`], [`commit_log`]).
//!
//! Addresses and their defaults are libpq's ([`address`]). The connection is a blocking one of our own over
//! `postgres-protocol` ([`wire`]): `docs/decisions/0011-postgresql.md` says why. The schema is in `migrations-postgres/`
//! ([`schema`]), [`tables`] says which column of SQLite's becomes which of PostgreSQL's. A copy in either direction is
//! streamed, read back and held against a digest before it counts ([`store`], [`fetch`]).

pub(in crate::journal) mod address;
mod changes;
mod commit_log;
pub(in crate::journal) mod copied;
pub(in crate::journal) mod digest;
pub(in crate::journal) mod error;
pub(in crate::journal) mod fetch;
pub(in crate::journal) mod link;
mod passfile;
pub(in crate::journal) mod replica;
pub(in crate::journal) mod runner;
mod schema;
mod service_file;
mod session;
pub(in crate::journal) mod store;
mod tables;
mod tls;
mod tuples;
mod variables;
mod wire;
