//! The hierarchical k-GNN of Morris et al. 2019 (doi 10.1609/aaai.v33i01.33014602), which GA-NAS
//! takes as its graph encoder (section 3.1).
//!
//! The 1-GNN is their equation 5, here with separate weights for the two directions of an edge. For
//! k = 2 and 3 the hierarchy of their section 4.2 follows. The states of all sets of k nodes start
//! from the states of their subsets of k - 1 nodes and the isomorphism type of the subgraph. They
//! pass messages to the sets that share k - 1 nodes with them. The means over the states of each
//! level are concatenated.

use std::sync::Arc;

use ganas_core::rng::Rng;
use ganas_tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::batch::GraphBatch;
use crate::params::{Id, Params, Weights};
use crate::sets::{PAIR_KINDS, Sets, TRIPLE_KINDS, sets};
use crate::{Dims, NetError, layers::bias_tanh, sparse::Sparse};

/// The most nodes of a graph for the 2-GNN: it has a state for each pair.
pub const PAIR_LIMIT: usize = 64;

/// The most nodes of a graph for the 3-GNN: 560 sets of three.
pub const TRIPLE_LIMIT: usize = 16;

/// Settings of a [`KGnn`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KGnnConfig {
    /// The size of the sets that have states, 1 to 3. Default 1 (ours: on graphs of up to ten nodes
    /// with depth features, larger sets cost more than they add).
    pub k: usize,
    /// Layers between nodes. Default 3 (ours).
    pub layers: usize,
    /// Layers between sets, for each k above 1. Default 2 (ours).
    pub set_layers: usize,
    /// The width of a state. Default 32 (ours: 64 was worse).
    pub width: usize,
    /// If true, two sets are neighbours only if an edge joins their exchanged nodes: the local
    /// neighbourhood of Morris et al. (section 4.1). Default true (theirs).
    pub local: bool,
}

impl Default for KGnnConfig {
    fn default() -> Self {
        KGnnConfig {
            k: 1,
            layers: 3,
            set_layers: 2,
            width: 32,
            local: true,
        }
    }
}

/// The graph encoder. It holds the names of its parameters in a [`Params`], not their numbers.
#[derive(Clone, Debug)]
pub struct KGnn {
    config: KGnnConfig,
    nodes: Vec<Layer>,
    sets: Vec<Level>,
}

#[derive(Clone, Debug)]
struct Layer {
    weight: Id,
    bias: Id,
}

#[derive(Clone, Debug)]
struct Level {
    kind: Id,
    layers: Vec<Layer>,
}

/// A batch with all that a [`KGnn`] needs of it, computed once for many passes.
#[derive(Clone, Debug)]
pub struct Prepared {
    first: Tensor<2>,
    neighbours: Arc<Sparse>,
    pool: Arc<Sparse>,
    sets: Vec<Sets>,
}

impl KGnn {
    /// Adds the parameters of an encoder.
    pub fn new(
        config: &KGnnConfig,
        dims: Dims,
        params: &mut Params,
        rng: &mut Rng,
    ) -> Result<Self, NetError> {
        if !(1..=3).contains(&config.k) {
            return Err(NetError::Order(config.k));
        }
        let width = config.width.max(1);
        let mut layer = |fan_in: usize, rng: &mut Rng| Layer {
            weight: params.weight(fan_in, width, 1.0, rng),
            bias: params.bias(width, 0.0),
        };
        let features = GraphBatch::features(dims, false);
        let nodes = (0..config.layers.max(1))
            .map(|i| layer(3 * if i == 0 { features } else { width }, rng))
            .collect();
        let mut levels: Vec<Vec<Layer>> = Vec::new();
        for _ in 2..=config.k {
            let set_layers =
                (0..=config.set_layers).map(|i| if i == 0 { width } else { 2 * width });
            levels.push(set_layers.map(|fan_in| layer(fan_in, rng)).collect());
        }
        let mut sets = Vec::new();
        for (layers, kinds) in levels.into_iter().zip([PAIR_KINDS, TRIPLE_KINDS]) {
            let kind = params.weight(kinds, width, 1.0, rng);
            sets.push(Level { kind, layers });
        }
        Ok(KGnn {
            config: config.clone(),
            nodes,
            sets,
        })
    }

    /// The width of an encoding: one state for each of the k levels.
    pub fn width(&self) -> usize {
        self.config.k * self.config.width.max(1)
    }

    /// Prepares a batch.
    pub fn prepare(&self, batch: &GraphBatch) -> Result<Prepared, NetError> {
        let k = self.config.k;
        let limit = [usize::MAX, PAIR_LIMIT, TRIPLE_LIMIT][k - 1];
        if let Some(nodes) = batch.inputs.iter().map(Vec::len).find(|&n| n > limit) {
            return Err(NetError::TooLarge { k, limit, nodes });
        }
        let neighbours = batch.neighbours(true);
        let first = neighbours.apply_to(&batch.features, batch.width);
        Ok(Prepared {
            first: constant(first, [batch.rows(), 3 * batch.width]),
            neighbours,
            pool: batch.pooling(),
            sets: (2..=k).map(|k| sets(batch, k, self.config.local)).collect(),
        })
    }

    /// Encodes a batch.
    ///
    /// # Shapes
    /// - output: `[graphs, width()]`
    pub fn encode(&self, weights: &Weights, batch: &Prepared) -> Tensor<2> {
        let mut states = batch.first.clone();
        for (i, layer) in self.nodes.iter().enumerate() {
            let inputs = if i == 0 {
                states
            } else {
                batch.neighbours.apply(states)
            };
            states = apply(weights, layer, inputs);
        }
        let mut levels = vec![batch.pool.apply(states.clone())];
        for (level, sets) in self.sets.iter().zip(&batch.sets) {
            for (i, layer) in level.layers.iter().enumerate() {
                states = if i == 0 {
                    let kinds = sets.kinds.clone().matmul(weights[level.kind].clone());
                    let members = sets.members.apply(states);
                    let sum = members.matmul(weights[layer.weight].clone()) + kinds;
                    bias_tanh(sum, weights[layer.bias].clone())
                } else {
                    apply(weights, layer, sets.neighbours.apply(states))
                };
            }
            levels.push(sets.pool.apply(states.clone()));
        }
        if levels.len() == 1 {
            levels.remove(0)
        } else {
            Tensor::cat(levels, 1)
        }
    }
}

fn apply(weights: &Weights, layer: &Layer, inputs: Tensor<2>) -> Tensor<2> {
    let weight = weights[layer.weight].clone();
    let product = inputs.matmul(weight);
    bias_tanh(product, weights[layer.bias].clone())
}

/// A constant tensor, off the tape.
pub(crate) fn constant(values: Vec<f32>, shape: [usize; 2]) -> Tensor<2> {
    ganas_tensor::tensor(values, shape)
}

#[cfg(test)]
mod tests;
