//! Labelled DAGs, the input of the networks.

use serde::{Deserialize, Serialize};

/// Largest number of nodes of a [`Graph`] with edges. Input sets are 64-bit masks. Larger graphs are
/// sequences, and their edges are left out.
pub const MAX_NODES: usize = 64;

/// Largest number of labels in a space's vocabulary. Label sets are 128-bit masks.
pub const MAX_LABELS: usize = 128;

/// Label of a graph's input node in every space.
pub const INPUT: u8 = 0;

/// Label of a graph's output node in every space.
pub const OUTPUT: u8 = 1;

/// Labelled DAG with its nodes in topological order, complete or still growing.
///
/// This is the only form of an architecture that the generator, the discriminator and their
/// training see. Labels are indices into the vocabulary of a space
/// ([`Growth::vocabulary`](crate::space::Growth::vocabulary)). A node can only be fed by earlier
/// nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Graph {
    /// Label of each node.
    pub labels: Vec<u8>,
    /// Set of earlier nodes that feed each node: bit `u` of `inputs[v]` is the edge `u -> v`, and
    /// `u < v`.
    pub inputs: Vec<u64>,
}

impl Graph {
    /// Returns the number of nodes.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Returns true if the graph has no node yet.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Returns the number of edges.
    pub fn edges(&self) -> usize {
        self.inputs.iter().map(|m| m.count_ones() as usize).sum()
    }

    /// Appends a node with its label and the set of earlier nodes that feed it.
    pub fn push(&mut self, label: u8, inputs: u64) {
        debug_assert!(inputs == 0 || self.len() < MAX_NODES && inputs >> self.len() == 0);
        self.labels.push(label);
        self.inputs.push(inputs);
    }

    /// Returns the set of nodes that feed no other node yet.
    pub fn dangling(&self) -> u64 {
        let all = mask(self.len());
        all & !self.inputs.iter().fold(0, |used, m| used | m)
    }

    /// Returns the graph of the first `len` nodes.
    pub fn prefix(&self, len: usize) -> Graph {
        Graph {
            labels: self.labels[..len].to_vec(),
            inputs: self.inputs[..len].to_vec(),
        }
    }

    /// Returns the length of the longest path from a source to each node, in edges.
    pub fn depths(&self) -> Vec<usize> {
        let mut depths: Vec<usize> = Vec::with_capacity(self.len());
        for &inputs in &self.inputs {
            depths.push(bits(inputs).map(|u| depths[u] + 1).max().unwrap_or(0));
        }
        depths
    }
}

/// Returns the set `{0, .., n - 1}` as a mask.
pub fn mask(n: usize) -> u64 {
    if n >= 64 { u64::MAX } else { (1 << n) - 1 }
}

/// Returns true if a node is a member of a set. Nodes beyond those of a mask are in no set.
pub fn contains(set: u64, node: usize) -> bool {
    node < MAX_NODES && set >> node & 1 == 1
}

/// Returns the members of a set in ascending order.
pub fn bits(mut set: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        (set != 0).then(|| {
            let u = set.trailing_zeros() as usize;
            set &= set - 1;
            u
        })
    })
}
