//! NAO.

use ganas_core::error::Result;
use ganas_core::space::SearchSpace;
use ganas_core::state;
use ganas_core::strategy::{Context, Gauge, Strategy};
use ganas_core::trial::Trial;
use ganas_nets::LatentConfig;
use serde::{Deserialize, Serialize};

use super::climb::{Climber, ranges};
use crate::settings::{StrategyConfig, check_ranges};

/// Settings of [`Nao`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NaoConfig {
    /// Random architectures at the start (ours: 50).
    pub initial: usize,
    /// Queries a round (ours: 20).
    pub batch: usize,
    /// Steps of training before the first round (ours: 300).
    pub first_steps: usize,
    /// Steps of training in each further round (ours: 60; the papers train for 1,000 epochs).
    pub steps: usize,
    /// The best architectures that are moved (SemiNAS: 100).
    pub seeds: usize,
    /// Length of a step in the latent space (ours: 0.1).
    pub stride: f64,
    /// The most steps of an architecture (ours: 20).
    pub strides: usize,
    /// Number of new architectures for each query, among which the best predicted one is chosen (ours: 4; the
    /// papers evaluate all).
    pub screened: usize,
    /// The networks and their training.
    pub network: LatentConfig,
}

impl Default for NaoConfig {
    fn default() -> Self {
        NaoConfig {
            initial: 50,
            batch: 20,
            first_steps: 300,
            steps: 60,
            seeds: 100,
            stride: 0.1,
            strides: 20,
            screened: 4,
            network: LatentConfig::default(),
        }
    }
}

impl StrategyConfig for NaoConfig {
    fn check(&self) -> Result<()> {
        check_ranges(&ranges(self))
    }

    fn initial(&self) -> usize {
        self.initial
    }

    fn batch(&self, _: usize, _: usize, _: &dyn SearchSpace) -> usize {
        self.batch
    }

    fn build(self, seed: u64) -> Box<dyn Strategy> {
        Box::new(Nao::new(self, seed))
    }
}

/// NAO.
#[derive(Serialize, Deserialize)]
pub struct Nao(Climber);

impl Nao {
    /// NAO with streams of its own.
    pub fn new(config: NaoConfig, seed: u64) -> Self {
        Nao(Climber::new(config, "nao", seed))
    }
}

impl Strategy for Nao {
    fn ask(&mut self, context: &Context, limit: usize) -> Result<Vec<Trial>> {
        self.0.ask(context, limit, Climber::train)
    }

    fn gauges(&self) -> Vec<Gauge> {
        self.0.gauges()
    }

    fn save(&self) -> Option<Vec<u8>> {
        state::save(self)
    }

    fn restore(&mut self, state: &[u8]) -> Result<()> {
        *self = state::load(state)?;
        Ok(())
    }
}
