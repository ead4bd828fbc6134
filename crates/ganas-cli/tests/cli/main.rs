//! Drives the real binary.

mod bad_input;
mod bench;
mod changes;
mod device;
mod embedded;
mod export;
mod guide;
mod history;
mod kept;
mod log;
mod manual;
mod outlook;
mod protocol;
mod rare_event;
mod readme;
mod real_tables;
mod report;
mod resume;
mod sandbox;
mod search;
mod signals;
mod suite;
mod surrogate;
mod tools;
mod train;
mod workers;
