//! Application layer of ganas: searches and benchmarks as data.
//!
//! A [specification](mod@spec) says what to do. A search is [prepared](run::Prepared), run, and ends in a
//! [`record`] that can be written and read. Whoever wants to follow it implements
//! [`Reporter`](event::Reporter). Command line and Python are thin layers over this crate.

#![forbid(unsafe_code)]

// The macro `spec!` names this crate from outside and from within.
extern crate self as ganas_study;

pub mod bench;
pub mod benchmarks;
mod capable;
pub mod direction;
pub mod duration;
pub mod event;
pub mod fidelity;
pub mod files;
pub mod history;
pub mod host;
pub mod pretrain;
pub mod prior;
pub mod progress;
pub mod proxies;
pub mod rare_event;
mod reading;
pub mod record;
pub mod registry;
pub mod run;
pub mod rundir;
mod scale;
pub mod session;
pub mod source;
pub mod spec;
pub mod statistics;
pub mod supernet;
pub mod surrogate;
pub mod task;
pub mod text;
pub mod threads;

/// Version of ganas, with the commit where it was built in a checkout.
pub const VERSION: &str = env!("GANAS_VERSION");

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
