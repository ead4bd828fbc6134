//! Architectures, search spaces, evaluators and the driver of a search, without any tensor
//! library.

#![deny(unsafe_code)]

pub mod arch;
pub mod constraint;
pub mod driver;
pub mod error;
pub mod evaluate;
pub mod ledger;
pub mod rng;
pub mod space;
pub mod strategy;
pub mod table;
pub mod testing;
mod whole;

pub use whole::write_whole;
