//! The sets of two or three nodes that a k-GNN has states for.

use std::collections::BTreeMap;
use std::sync::Arc;

use ganas_core::arch::bits;
use ganas_tensor::Tensor;

use crate::batch::{GraphBatch, pooling};
use crate::kgnn::constant;
use crate::sparse::Sparse;

/// The sets of all graphs of a batch: the maps to them from the smaller sets, between them, and
/// to their mean, and the isomorphism types of their subgraphs, one-hot.
#[derive(Clone, Debug)]
pub(crate) struct Sets {
    pub members: Arc<Sparse>,
    pub kinds: Tensor<2>,
    pub neighbours: Arc<Sparse>,
    pub pool: Arc<Sparse>,
}

/// The isomorphism types of two nodes.
pub(crate) const PAIR_KINDS: usize = 2;
/// The isomorphism types of three nodes of a DAG.
pub(crate) const TRIPLE_KINDS: usize = 6;

/// The isomorphism type of the subgraph that a set of two or three nodes induces.
pub(crate) fn kind(inputs: &[u64], set: u64) -> usize {
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

/// The sets of `k` nodes of each graph of a batch.
pub(crate) fn sets(batch: &GraphBatch, k: usize, local: bool) -> Sets {
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
