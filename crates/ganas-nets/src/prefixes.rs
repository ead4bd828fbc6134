//! Partial graphs in the form that the generator's network takes.

use std::sync::Arc;

use ganas_core::arch::Graph;
use ganas_tensor::Tensor;

use crate::batch::GraphBatch;
use crate::kgnn::constant;
use crate::{Dims, NetError, sparse::Sparse};

/// The prefixes of some graphs that are to be encoded.
#[derive(Clone, Debug)]
pub(crate) struct Prefixes {
    pub starts: Vec<usize>,
    pub first: Tensor<2>,
    pub neighbours: Arc<Sparse>,
    pub summary: Arc<Sparse>,
    pub context: Tensor<2>,
}

impl Prefixes {
    /// Prepares graphs, each without the nodes after the given number: for the steps that follow
    /// each of these nodes, or only the last one.
    pub fn new<'a>(
        dims: Dims,
        graphs: impl ExactSizeIterator<Item = (&'a Graph, usize)> + Clone,
        last: bool,
    ) -> Result<Self, NetError> {
        let mut batch = GraphBatch::empty(dims, true, graphs.len());
        let mut steps = 0;
        for (graph, nodes) in graphs.clone() {
            batch.push(graph, nodes, dims)?;
            steps += if last { nodes.min(1) } else { nodes };
        }
        let mut summary = Sparse::new(steps, 2);
        let features = dims.nodes + 2;
        let mut context = vec![0.0; steps * features];
        let mut row = 0;
        for ((graph, nodes), &start) in graphs.zip(&batch.starts) {
            let (mut edges, mut used) = (0, 0u64);
            for t in 1..=nodes {
                edges += graph.inputs[t - 1].count_ones();
                used |= graph.inputs[t - 1];
                if last && t < nodes {
                    continue;
                }
                for u in 0..t {
                    summary.add(row, 0, start + u, 1.0 / t as f32);
                }
                summary.add(row, 1, start + t - 1, 1.0);
                let context = &mut context[row * features..][..features];
                // Step 0 does not exist and position `nodes - 1` is the last, so `t - 1` fits.
                context[t - 1] = 1.0;
                let scale = 1.0 / dims.nodes as f32;
                context[features - 2] = edges as f32 * scale;
                context[features - 1] = (t as u32 - used.count_ones()) as f32 * scale;
                row += 1;
            }
        }
        let neighbours = batch.neighbours(false);
        let first = neighbours.apply_to(&batch.features, batch.width);
        Ok(Prefixes {
            first: constant(first, [batch.rows(), 2 * batch.width]),
            neighbours,
            summary: Arc::new(summary),
            context: constant(context, [steps, features]),
            starts: batch.starts,
        })
    }
}
