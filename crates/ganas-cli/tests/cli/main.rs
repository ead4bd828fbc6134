//! Drives the real binary.

mod bad_input;
mod bench;
mod protocol;
mod readme;
mod real_tables;
mod sandbox;
mod search;
mod suite;
mod tools;
mod train;
