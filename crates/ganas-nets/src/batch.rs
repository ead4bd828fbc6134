//! Graphs as a batch: the nodes of all graphs are the rows of one matrix.

use std::borrow::Borrow;
use std::sync::Arc;

use ganas_core::arch::{Graph, MAX_NODES, bits};

use crate::{Dims, NetError, sparse::Sparse};

/// A batch of graphs, ready for a graph network.
///
/// A node is described by its label and by its depth, the length of the longest path that ends in
/// it, both one-hot. Neither depends on the order in which the nodes of a graph are listed. For the
/// generator, which adds the nodes in an order, the position in that order comes in addition.
#[derive(Clone, Debug)]
pub struct GraphBatch {
    /// For each graph, its first row; and at the end the number of rows.
    pub starts: Vec<usize>,
    /// The features of each node, `[rows, width]`, row-major.
    pub features: Vec<f32>,
    /// The number of features of a node.
    pub width: usize,
    /// For each graph and node, the set of nodes of that graph that feed it.
    pub inputs: Vec<Vec<u64>>,
    /// True if graphs of the space may have more nodes than sets have members. Such graphs are sequences:
    /// each node feeds the next, and their sets are empty.
    sequences: bool,
}

impl GraphBatch {
    /// The number of features of a node, without or with its position.
    pub fn features(dims: Dims, positions: bool) -> usize {
        dims.labels + dims.nodes * (1 + usize::from(positions))
    }

    /// The batch of some graphs, without positions.
    pub fn new<G: Borrow<Graph>>(graphs: &[G], dims: Dims) -> Result<Self, NetError> {
        let mut batch = Self::empty(dims, false, graphs.len());
        for graph in graphs {
            let graph: &Graph = graph.borrow();
            batch.push(graph, graph.len(), dims)?;
        }
        Ok(batch)
    }

    pub(crate) fn empty(dims: Dims, positions: bool, capacity: usize) -> Self {
        let width = Self::features(dims, positions);
        GraphBatch {
            starts: vec![0],
            features: Vec::with_capacity(capacity * dims.nodes * width),
            width,
            inputs: Vec::with_capacity(capacity),
            sequences: dims.nodes > MAX_NODES,
        }
    }

    /// Adds the first `len` nodes of a graph.
    pub(crate) fn push(&mut self, graph: &Graph, len: usize, dims: Dims) -> Result<(), NetError> {
        let labels = graph.labels.iter().max().map_or(0, |&l| l as usize + 1);
        if labels > dims.labels || graph.len() > dims.nodes {
            return Err(NetError::Foreign {
                labels,
                nodes: graph.len(),
                for_labels: dims.labels,
                for_nodes: dims.nodes,
            });
        }
        let rows = self.rows();
        self.features.resize((rows + len) * self.width, 0.0);
        let features = &mut self.features[rows * self.width..];
        let positions = self.width > dims.labels + dims.nodes;
        let nodes = graph.labels.iter().zip(graph.depths()).take(len);
        for (v, (&label, depth)) in nodes.enumerate() {
            let depth = if self.sequences { v } else { depth };
            let row = &mut features[v * self.width..][..self.width];
            row[label as usize] = 1.0;
            row[dims.labels + depth] = 1.0;
            if positions {
                row[dims.labels + dims.nodes + v] = 1.0;
            }
        }
        self.inputs.push(graph.inputs[..len].to_vec());
        self.starts.push(rows + len);
        Ok(())
    }

    /// The number of graphs.
    pub fn len(&self) -> usize {
        self.inputs.len()
    }

    /// Returns true if the batch has no graph.
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// The number of nodes of all graphs.
    pub fn rows(&self) -> usize {
        *self.starts.last().unwrap_or(&0)
    }

    /// The map of a graph convolution. Each output row holds the node itself, the sum of the nodes
    /// that feed it and, if `out` is set, the sum of the nodes that it feeds.
    pub fn neighbours(&self, out: bool) -> Arc<Sparse> {
        let mut map = Sparse::new(self.rows(), if out { 3 } else { 2 });
        for (inputs, &start) in self.inputs.iter().zip(&self.starts) {
            for (v, &set) in inputs.iter().enumerate() {
                map.add(start + v, 0, start + v, 1.0);
                let before = v.checked_sub(1).filter(|_| self.sequences);
                for u in bits(set).chain(before) {
                    map.add(start + v, 1, start + u, 1.0);
                    if out {
                        map.add(start + u, 2, start + v, 1.0);
                    }
                }
            }
        }
        Arc::new(map)
    }

    /// The map to the mean over the nodes of each graph.
    pub fn pooling(&self) -> Arc<Sparse> {
        Arc::new(pooling(&self.starts))
    }
}

/// The map to the means over consecutive groups of rows. `starts` holds the first row of each group
/// and, at the end, the number of rows.
pub(crate) fn pooling(starts: &[usize]) -> Sparse {
    let mut map = Sparse::new(starts.len() - 1, 1);
    for (group, pair) in starts.windows(2).enumerate() {
        let weight = 1.0 / (pair[1] - pair[0]).max(1) as f32;
        for row in pair[0]..pair[1] {
            map.add(group, 0, row, weight);
        }
    }
    map
}
