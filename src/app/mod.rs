//! What a command does, for any caller: plain values in, typed results out; no arguments, no printing, no exit.

pub mod contact;
