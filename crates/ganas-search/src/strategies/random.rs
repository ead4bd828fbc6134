//! Random search without replacement.

use ganas_core::error::Result;
use ganas_core::rng::Rng;
use ganas_core::state;
use ganas_core::strategy::{Capabilities, Context, Strategy};
use ganas_core::trial::Trial;
use serde::{Deserialize, Serialize};

use crate::settings::StrategyConfig;

/// Settings of [`RandomSearch`], which has none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RandomConfig {}

impl StrategyConfig for RandomConfig {
    fn build(self, seed: u64) -> Box<dyn Strategy> {
        Box::new(RandomSearch::new(seed))
    }
}

/// Draws new architectures, one a round. Of `M` architectures and `N` queries, the expected rank
/// of its best is `(M + 1) / (N + 1)` under uniform sampling.
#[derive(Serialize, Deserialize)]
pub struct RandomSearch {
    rng: Rng,
}

impl RandomSearch {
    /// Random search with a stream of its own.
    pub fn new(seed: u64) -> Self {
        RandomSearch {
            rng: Rng::stream(seed, "random"),
        }
    }
}

impl Strategy for RandomSearch {
    fn ask(&mut self, context: &Context, _: usize) -> Result<Vec<Trial>> {
        Ok(Trial::full(context.sample_new(1, &mut self.rng)))
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            several_objectives: true,
            ..Capabilities::default()
        }
    }

    fn save(&self) -> Option<Vec<u8>> {
        state::save(self)
    }

    fn restore(&mut self, state: &[u8]) -> Result<()> {
        *self = state::load(state)?;
        Ok(())
    }
}
