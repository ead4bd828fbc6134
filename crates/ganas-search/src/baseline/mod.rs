//! The methods that GA-NAS is measured against, one a file.

mod cross_entropy;
mod evolution;
mod local_search;
mod random;

pub use cross_entropy::{CrossEntropy, CrossEntropyConfig};
pub use evolution::{Evolution, EvolutionConfig};
pub use local_search::{LocalSearch, LocalSearchConfig};
pub use random::RandomSearch;
