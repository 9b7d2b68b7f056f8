//! Whole campaigns inside this process: the real journal, engine and SDK against the simulator, in virtual time.

mod doctor;
mod seeds;
mod simulator_sdk;
mod unreached;
mod virtual_time;
