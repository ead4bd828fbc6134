//! The methods that GA-NAS is measured against, one a file.

mod bananas;
mod cross_entropy;
pub mod decisions;
mod evolution;
pub mod halving;
mod kernels;
mod local_search;
mod mcts;
mod nao;
mod nsga2;
mod pareto_walk;
mod random;
mod reinforce;
mod tpe;
mod tpe_front;

use ganas_core::rng::Rng;
use ganas_core::strategy::Context;
use ganas_core::trial::Trial;

pub use bananas::{Bananas, BananasConfig, Encoding, NetworkConfig};
pub use cross_entropy::{CrossEntropy, CrossEntropyConfig};
pub use evolution::{Evolution, EvolutionConfig};
pub use halving::{
    Asha, AshaConfig, Bohb, BohbConfig, Hyperband, HyperbandConfig, SuccessiveHalving,
    SuccessiveHalvingConfig,
};
pub use local_search::{LocalSearch, LocalSearchConfig};
pub use mcts::{Actions, Choice, Mcts, MctsConfig};
pub use nao::{Nao, NaoConfig, Seminas, SeminasConfig};
pub use nsga2::{Nsga2, Nsga2Config};
pub use random::{RandomConfig, RandomSearch};
pub use reinforce::{Reinforce, ReinforceConfig};
pub use tpe::{Tpe, TpeConfig};

/// The first set of a strategy that needs `initial` evaluations before its rounds begin: random architectures, as far
/// as evaluations that are known do not stand in for them. `None` from the second call on, which `begun` records.
fn first_set(
    begun: &mut bool,
    initial: usize,
    context: &Context,
    limit: usize,
    rng: &mut Rng,
) -> Option<Vec<Trial>> {
    let known = context.ledger.len();
    if std::mem::replace(begun, true) || known >= initial {
        return None;
    }
    Some(Trial::full(
        context.sample_new((initial - known).min(limit), rng),
    ))
}

/// Number of draws in a row that may be known or ruled out, before a strategy continues with a
/// random architecture (ours). It keeps a strategy going that has collapsed on known architectures.
const REPEATS: usize = 100;
