//! The program as people and scripts use it: real processes, files, terminals, sockets and disks.

mod awkward;
mod cases;
mod contact;
mod corrections;
mod disk;
mod documented;
mod errors;
mod members;
mod object_store;
mod process;
mod report;
mod simulator_process;
mod simulator_server;
mod stream;
mod upgrade;
