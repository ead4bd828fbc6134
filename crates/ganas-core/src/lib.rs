//! Architectures, search spaces, evaluators and the driver of a search, without any tensor
//! library.

pub mod arch;
pub mod rng;
pub mod space;
