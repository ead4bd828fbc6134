//! The labelled DAG that the networks see.

use serde::{Deserialize, Serialize};

/// The most nodes a [`Graph`] can have: the input sets are 64-bit masks.
pub const MAX_NODES: usize = 64;

/// The most labels a space's vocabulary can have: label sets are 128-bit masks.
pub const MAX_LABELS: usize = 128;

/// The label of a graph's input node in every space.
pub const INPUT: u8 = 0;

/// The label of a graph's output node in every space.
pub const OUTPUT: u8 = 1;

/// A labelled DAG, its nodes in topological order; complete or still growing.
///
/// This is the only form of an architecture that the generator, the discriminator and their
/// training ever see: labels are indices into the vocabulary of a space
/// ([`Growth::vocabulary`](crate::space::Growth::vocabulary)), and a node can only be fed by
/// earlier nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Graph {
    /// The label of each node.
    pub labels: Vec<u8>,
    /// For each node, the set of earlier nodes that feed it: bit `u` of `inputs[v]` is the edge
    /// `u -> v`, and `u < v`.
    pub inputs: Vec<u64>,
}

impl Graph {
    /// The number of nodes.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether the graph has no node yet.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The number of edges.
    pub fn edges(&self) -> usize {
        self.inputs.iter().map(|m| m.count_ones() as usize).sum()
    }

    /// Appends a node with its label and the set of earlier nodes that feed it.
    pub fn push(&mut self, label: u8, inputs: u64) {
        debug_assert!(self.len() < MAX_NODES && inputs >> self.len() == 0);
        self.labels.push(label);
        self.inputs.push(inputs);
    }

    /// The nodes that no node feeds on yet, as a set.
    pub fn dangling(&self) -> u64 {
        let all = mask(self.len());
        all & !self.inputs.iter().fold(0, |used, m| used | m)
    }

    /// The graph made of the first `len` nodes.
    pub fn prefix(&self, len: usize) -> Graph {
        Graph {
            labels: self.labels[..len].to_vec(),
            inputs: self.inputs[..len].to_vec(),
        }
    }

    /// The length of the longest path from a source to each node, in edges.
    pub fn depths(&self) -> Vec<usize> {
        let mut depths: Vec<usize> = Vec::with_capacity(self.len());
        for &inputs in &self.inputs {
            depths.push(bits(inputs).map(|u| depths[u] + 1).max().unwrap_or(0));
        }
        depths
    }
}

/// The set `{0, .., n - 1}` as a mask.
pub fn mask(n: usize) -> u64 {
    if n >= 64 { u64::MAX } else { (1 << n) - 1 }
}

/// The members of a set, ascending.
pub fn bits(mut set: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        (set != 0).then(|| {
            let u = set.trailing_zeros() as usize;
            set &= set - 1;
            u
        })
    })
}
