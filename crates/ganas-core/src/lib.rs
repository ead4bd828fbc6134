//! Architectures, search spaces, evaluators and the driver of a search, without any tensor
//! library.

#![deny(unsafe_code)]

pub mod arch;
pub mod checkpoint;
pub mod constraint;
pub mod driver;
pub mod error;
pub mod evaluate;
mod feasible;
pub mod front;
pub mod journal;
pub mod ledger;
mod pool;
mod population;
mod prior;
pub mod problem;
mod regular;
pub mod rng;
pub mod space;
pub mod state;
pub mod strategy;
pub mod testing;
pub mod trial;
mod whole;

pub use feasible::with_excess;
pub use pool::Pool;
pub use population::Population;
pub use prior::Prior;
pub use regular::{open_regular, read_regular, read_regular_text};
pub use whole::{TEMPORARY, check_writable, is_special, write_whole};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
