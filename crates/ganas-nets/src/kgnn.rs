//! The hierarchical k-GNN of Morris et al. 2019 (doi 10.1609/aaai.v33i01.33014602), which GA-NAS
//! takes as its graph encoder (section 3.1).
//!
//! The 1-GNN is their equation 5, here with separate weights for the two directions of an edge.
//! For k = 2 and 3 the hierarchy of their section 4.2 follows: the states of all sets of k nodes
//! start from the states of their subsets of k - 1 and the isomorphism type of the subgraph, and
//! pass messages to the sets that share k - 1 nodes with them. The means over the states of each
//! level are concatenated.

use std::collections::BTreeMap;
use std::sync::Arc;

use burn::tensor::{Tensor, TensorData};
use ganas_core::{arch::bits, rng::Rng};
use serde::{Deserialize, Serialize};

use crate::batch::{GraphBatch, pooling};
use crate::params::{Id, Params, Weights};
use crate::{Dims, NetError, layers::bias_tanh, sparse::Sparse};

/// The most nodes of a graph for the 2-GNN: it has a state for each pair.
pub const PAIR_LIMIT: usize = 64;

/// The most nodes of a graph for the 3-GNN: 560 sets of three.
pub const TRIPLE_LIMIT: usize = 16;

/// How a [`KGnn`] is built.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KGnnConfig {
    /// The size of the sets that have states, 1 to 3. Default 1 (ours: on graphs of up to ten
    /// nodes with depth features, larger sets cost more than they tell).
    pub k: usize,
    /// Layers between nodes. Default 3 (ours).
    pub layers: usize,
    /// Layers between sets, for each k above 1. Default 2 (ours).
    pub set_layers: usize,
    /// The width of a state. Default 32 (ours: 64 was worse).
    pub width: usize,
    /// Whether only sets whose exchanged nodes are joined by an edge are neighbours, the local
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

#[derive(Clone, Debug)]
struct Sets {
    members: Arc<Sparse>,
    kinds: Tensor<2>,
    neighbours: Arc<Sparse>,
    pool: Arc<Sparse>,
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
                    let kinds = like(&sets.kinds, &states).matmul(weights[level.kind].clone());
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
    let product = like(&inputs, &weight).matmul(weight);
    bias_tanh(product, weights[layer.bias].clone())
}

/// A constant tensor, off the tape.
pub(crate) fn constant(values: Vec<f32>, shape: [usize; 2]) -> Tensor<2> {
    let device = burn::tensor::Device::flex();
    Tensor::from_data(TensorData::new(values, shape), &device)
}

/// `x` as a constant of the tape that `other` is on, if it is on one.
pub(crate) fn like(x: &Tensor<2>, other: &Tensor<2>) -> Tensor<2> {
    if other.is_autodiff() {
        x.clone().autodiff()
    } else {
        x.clone()
    }
}

const PAIR_KINDS: usize = 2;
const TRIPLE_KINDS: usize = 6;

/// The isomorphism type of the subgraph that a set of two or three nodes induces.
fn kind(inputs: &[u64], set: u64) -> usize {
    let within = || bits(set).map(|v| (inputs[v] & set).count_ones() as usize);
    let edges: usize = within().sum();
    if set.count_ones() == 2 || edges < 2 {
        return edges;
    }
    let fan_in = within().max() == Some(2);
    let fan_out = bits(set).any(|u| bits(set).filter(|&v| inputs[v] >> u & 1 == 1).count() == 2);
    match (edges, fan_in, fan_out) {
        (3, ..) => 5,
        (_, true, _) => 3,
        (_, _, true) => 4,
        _ => 2,
    }
}

/// The sets of `k` of `n` nodes with their numbers.
fn subsets(n: usize, k: usize) -> BTreeMap<u64, usize> {
    let mut sets: Vec<u64> = vec![0];
    for _ in 0..k {
        let next = sets.iter().flat_map(|&set| {
            let above = 64 - set.leading_zeros() as usize;
            (above..n).map(move |v| set | 1 << v)
        });
        sets = next.collect();
    }
    sets.into_iter()
        .enumerate()
        .map(|(i, set)| (set, i))
        .collect()
}

fn sets(batch: &GraphBatch, k: usize, local: bool) -> Sets {
    let of_graph: Vec<_> = batch.inputs.iter().map(|g| subsets(g.len(), k)).collect();
    let mut starts = vec![0];
    for sets in &of_graph {
        starts.push(starts[starts.len() - 1] + sets.len());
    }
    let rows = starts[starts.len() - 1];
    let mut members = Sparse::new(rows, 1);
    let mut neighbours = Sparse::new(rows, 2);
    let all_kinds = if k == 2 { PAIR_KINDS } else { TRIPLE_KINDS };
    let mut kinds = vec![0.0; rows * all_kinds];
    let mut below = 0;
    for ((inputs, of_graph), &start) in batch.inputs.iter().zip(&of_graph).zip(&starts) {
        let n = inputs.len();
        let smaller = subsets(n, k - 1);
        let joined = |u: usize, w: usize| (inputs[u] >> w | inputs[w] >> u) & 1 == 1;
        for (&set, &i) in of_graph {
            let row = start + i;
            kinds[row * all_kinds + kind(inputs, set)] = 1.0;
            neighbours.add(row, 0, row, 1.0);
            for u in bits(set) {
                let rest = set & !(1 << u);
                // The subset without each member: for k = 2, the other member.
                members.add(row, 0, below + smaller[&rest], 1.0);
                for w in (0..n).filter(|&w| set >> w & 1 == 0 && (!local || joined(u, w))) {
                    neighbours.add(row, 1, start + of_graph[&(rest | 1 << w)], 1.0);
                }
            }
        }
        below += smaller.len();
    }
    Sets {
        members: Arc::new(members),
        kinds: constant(kinds, [rows, all_kinds]),
        neighbours: Arc::new(neighbours),
        pool: Arc::new(pooling(&starts)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradients_agree, project};
    use crate::ppo::read;
    use ganas_core::arch::Graph;

    const DIMS: Dims = Dims {
        labels: 5,
        nodes: 6,
    };

    fn random_graph(rng: &mut Rng) -> Graph {
        let mut graph = Graph::default();
        for v in 0..2 + rng.below(5) {
            let inputs = (0..v)
                .filter(|_| rng.chance(0.5))
                .fold(0, |m, u| m | 1 << u);
            graph.push(rng.below(5) as u8, inputs);
        }
        graph
    }

    fn batch(rng: &mut Rng, count: usize) -> GraphBatch {
        let graphs: Vec<Graph> = (0..count).map(|_| random_graph(rng)).collect();
        GraphBatch::new(&graphs, DIMS).unwrap()
    }

    fn encoder(k: usize, params: &mut Params, rng: &mut Rng) -> KGnn {
        let config = KGnnConfig {
            k,
            width: 6,
            ..Default::default()
        };
        KGnn::new(&config, DIMS, params, rng).unwrap()
    }

    #[test]
    fn gradients_agree_with_differences() {
        for k in 1..=3 {
            let (mut params, mut rng) = (Params::new(), Rng::stream(k as u64, "test"));
            let encoder = encoder(k, &mut params, &mut rng);
            let batch = encoder.prepare(&batch(&mut rng, 4)).unwrap();
            gradients_agree(&mut params, |w| project(encoder.encode(w, &batch)));
        }
    }

    /// The batch with the nodes of each graph listed in another order.
    fn shuffled(batch: &GraphBatch, rng: &mut Rng) -> GraphBatch {
        let mut other = batch.clone();
        for (g, &start) in batch.starts[..batch.len()].iter().enumerate() {
            let n = batch.inputs[g].len();
            let place = rng.distinct(n, n);
            for v in 0..n {
                let moved = bits(batch.inputs[g][v]).fold(0, |m, u| m | 1 << place[u]);
                other.inputs[g][place[v]] = moved;
                let width = batch.width;
                let features = batch.features[(start + v) * width..][..width].to_vec();
                other.features[(start + place[v]) * width..][..width].copy_from_slice(&features);
            }
        }
        other
    }

    #[test]
    fn the_order_of_nodes_does_not_matter() {
        for k in 1..=3 {
            let (mut params, mut rng) = (Params::new(), Rng::stream(k as u64, "test"));
            let encoder = encoder(k, &mut params, &mut rng);
            let batch = batch(&mut rng, 20);
            let encode = |batch| {
                let prepared = encoder.prepare(batch).unwrap();
                read(encoder.encode(&params.frozen(), &prepared))
            };
            let (one, other) = (encode(&batch), encode(&shuffled(&batch, &mut rng)));
            let far = one
                .iter()
                .zip(&other)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f32::max);
            assert!(far < 1e-5, "k = {k}: {far}");
            assert!(one.iter().any(|x| (x - one[0]).abs() > 0.1));
        }
    }

    #[test]
    fn isomorphism_types_are_told_apart() {
        let graphs: [&[u64]; 6] = [
            &[0, 0, 0],
            &[0, 0, 1],
            &[0, 1, 2],
            &[0, 0, 3],
            &[0, 1, 1],
            &[0, 1, 3],
        ];
        let kinds: Vec<usize> = graphs.iter().map(|g| kind(g, 0b111)).collect();
        assert_eq!(kinds, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn limits_are_errors() {
        let (mut params, mut rng) = (Params::new(), Rng::stream(0, "test"));
        let dims = Dims {
            labels: 2,
            nodes: 20,
        };
        let config = |k| KGnnConfig {
            k,
            ..Default::default()
        };
        let none = KGnn::new(&config(4), dims, &mut params, &mut rng);
        assert_eq!(none.unwrap_err(), NetError::Order(4));
        let encoder = KGnn::new(&config(3), dims, &mut params, &mut rng).unwrap();
        let mut graph = Graph::default();
        (0..17).for_each(|_| graph.push(0, 0));
        let batch = GraphBatch::new(&[graph], dims).unwrap();
        assert!(matches!(
            encoder.prepare(&batch),
            Err(NetError::TooLarge { nodes: 17, .. })
        ));
    }

    #[test]
    fn a_graph_without_sets_of_three_still_has_an_encoding() {
        let (mut params, mut rng) = (Params::new(), Rng::stream(0, "test"));
        let encoder = encoder(3, &mut params, &mut rng);
        let mut graph = Graph::default();
        graph.push(0, 0);
        let batch = encoder
            .prepare(&GraphBatch::new(&[graph], DIMS).unwrap())
            .unwrap();
        let encoding = read(encoder.encode(&params.frozen(), &batch));
        assert_eq!(encoding.len(), encoder.width());
        assert!(encoding.iter().all(|x| x.is_finite()));
    }
}
