//! The methods that GA-NAS is measured against, one a file.

mod bananas;
mod cross_entropy;
pub mod decisions;
mod evolution;
mod local_search;
mod random;
mod reinforce;
mod tpe;

pub use bananas::{Bananas, BananasConfig, Encoding, NetworkConfig};
pub use cross_entropy::{CrossEntropy, CrossEntropyConfig};
pub use evolution::{Evolution, EvolutionConfig};
pub use local_search::{LocalSearch, LocalSearchConfig};
pub use random::{RandomConfig, RandomSearch};
pub use reinforce::{Reinforce, ReinforceConfig};
pub use tpe::{Tpe, TpeConfig};

/// How often in a row a strategy draws what is known or ruled out before it goes on with a random
/// architecture (ours), so that one that has collapsed on what it knows does not stop.
const REPEATS: usize = 100;
