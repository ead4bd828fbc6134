//! The search's own networks and how they learn: the k-GNN discriminator, the autoregressive
//! generator and the PPO that trains it (GA-NAS, Rezaei et al. 2021, arXiv 2105.09356).
//!
//! A network sees labelled graphs, the masks of a grammar and the numbers it is given, and never
//! an architecture or an accuracy. Everything runs on one thread, on `burn`'s pure-Rust CPU
//! backend, and is a function of its inputs and of one [`Rng`](ganas_core::rng::Rng): the same
//! seed gives the same bits, on any thread.
//!
//! The graphs are small and the layers narrow, so the time goes into what surrounds the matrix
//! products. Three choices follow from that. A batch is ragged: the nodes of all graphs are the
//! rows of one matrix, and sums over neighbours are one [sparse map](sparse::Sparse), without
//! padding. Steps that would be a chain of small operations are one node of the autodiff
//! tape with a backward pass written by hand. And the parameters of a network are one flat vector
//! that [`Adam`](params::Adam) updates in a single loop.
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
pub use discriminator::{Discriminator, DiscriminatorConfig, FitReport, Pairing, Scores};
pub use error::NetError;
pub use generator::{Generator, GeneratorConfig, GeneratorState};
pub use held_out::{HeldOut, held_out};
pub use kgnn::{KGnn, KGnnConfig};
pub use ppo::{Objective, Policy, Ppo, PpoConfig, PpoReport};
pub use rollout::Rollout;

use serde::{Deserialize, Serialize};

/// What a network has to know about a space: how many labels and nodes its graphs can have.
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
