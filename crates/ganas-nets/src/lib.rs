//! The networks of the search and their training: the k-GNN discriminator, the autoregressive
//! generator and the PPO that trains it (GA-NAS, Rezaei et al. 2021, arXiv 2105.09356).
//!
//! The inputs of a network are labelled graphs, the masks of a grammar and numbers. It never gets
//! an architecture or an accuracy. Everything runs on one thread and is a function of its inputs and
//! of one [`Rng`](ganas_core::rng::Rng): the same seed gives the same bits, on any thread.
//!
//! The graphs are small and the layers narrow, so most of the time goes into the work around the
//! matrix products. Three design choices follow. A batch is ragged: the nodes of all graphs are the
//! rows of one matrix, and sums over neighbours are one [sparse map](sparse::Sparse), without
//! padding. Chains of small operations are one node of the autodiff tape with a hand-written
//! backward pass. The parameters of a network are one flat vector that [`Adam`](params::Adam)
//! updates in a single loop.
#![forbid(unsafe_code)]

pub mod batch;
mod decoder;
pub mod discriminator;
pub mod error;
pub mod gae;
pub mod generator;
mod gru;
pub mod held_out;
pub mod kgnn;
pub mod latent;
mod layers;
mod op;
mod pairs;
pub mod params;
pub mod ppo;
mod prefixes;
mod ranking;
pub mod rollout;
mod sets;
pub mod sparse;

#[cfg(test)]
mod check;
#[cfg(test)]
#[path = "../tests/toy/mod.rs"]
mod toy;

pub use batch::GraphBatch;
pub use discriminator::{
    Discriminator, DiscriminatorConfig, DiscriminatorState, FitReport, Pairing, Scores,
};
pub use error::NetError;
pub use generator::{Generator, GeneratorConfig, GeneratorState};
pub use held_out::{HeldOut, held_out};
pub use kgnn::{KGnn, KGnnConfig};
pub use latent::{Latent, LatentConfig};
pub use ppo::{Objective, Policy, Ppo, PpoConfig, PpoReport};
pub use rollout::Rollout;

use serde::{Deserialize, Serialize};

/// Dimensions of the graphs of a space: the numbers of labels and nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dims {
    /// The number of labels of the vocabulary.
    pub labels: usize,
    /// The most nodes of a graph.
    pub nodes: usize,
}

impl Dims {
    /// The dimensions of the graphs of a space.
    pub fn of(growth: &dyn ganas_core::space::Growth) -> Self {
        Dims {
            labels: growth.vocabulary().len(),
            nodes: growth.max_nodes(),
        }
    }
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
