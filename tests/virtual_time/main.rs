//! Whole campaigns in virtual time: the real journal, engine and SDK against the simulator's in-process door.

mod durable;
mod faults;
mod stage;
mod suppress;
mod uncertain;
