//! Whole campaigns in virtual time: the real journal, engine and SDK against the simulator's in-process door.

mod accounts;
mod activity;
mod contact;
mod credentials;
mod deliveries;
mod doubts;
mod durable;
mod faults;
mod forecast;
mod foretold;
mod held;
mod hours;
mod limits;
mod live_deliveries;
mod opt_outs;
mod pace;
mod recipient_limits;
mod refusals;
mod rehearsed;
mod repaced;
mod schedule;
mod senders;
mod stage;
mod steering;
mod suppress;
pub(crate) mod told;
mod uncertain;
