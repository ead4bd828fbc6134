//! Weighted sums of rows: message passing, pooling and selection.

use std::sync::Arc;

use ganas_tensor::Tensor;

use crate::op;

#[derive(Clone, Debug)]
struct Entry {
    to: u32,
    from: u32,
    weight: f32,
}

/// A constant sparse matrix over the rows of a tensor, with its output rows in blocks.
///
/// One map concatenates several sums. In a graph convolution, block 0 of a node's output row is the
/// node itself. Block 1 is the sum of the nodes that feed it, and block 2 the sum of the nodes that
/// it feeds. So one matrix product applies the weights of all three.
#[derive(Clone, Debug)]
pub struct Sparse {
    rows: usize,
    blocks: usize,
    entries: Vec<Entry>,
}

impl Sparse {
    /// A map to `rows` rows of `blocks` blocks, all zero.
    pub fn new(rows: usize, blocks: usize) -> Self {
        Sparse {
            rows,
            blocks,
            entries: Vec::new(),
        }
    }

    /// Adds `weight` times input row `from` to a block of output row `row`.
    pub fn add(&mut self, row: usize, block: usize, from: usize, weight: f32) {
        debug_assert!(row < self.rows && block < self.blocks);
        self.entries.push(Entry {
            to: (row * self.blocks + block) as u32,
            from: from as u32,
            weight,
        });
    }

    /// The number of output rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Applies the map to plain numbers.
    ///
    /// # Shapes
    /// - `x`: `[_, width]`, row-major
    /// - output: `[rows, blocks * width]`
    pub fn apply_to(&self, x: &[f32], width: usize) -> Vec<f32> {
        let mut out = vec![0.0; self.rows * self.blocks * width];
        for e in &self.entries {
            let from = &x[e.from as usize * width..][..width];
            let to = &mut out[e.to as usize * width..][..width];
            to.iter_mut()
                .zip(from)
                .for_each(|(t, f)| *t += e.weight * f);
        }
        out
    }

    /// Applies the map.
    ///
    /// # Shapes
    /// - `x`: `[_, width]`
    /// - output: `[rows, blocks * width]`
    pub fn apply(self: &Arc<Self>, x: Tensor<2>) -> Tensor<2> {
        let [inputs, width] = x.dims();
        let map = self.clone();
        op::node([x], |[x]| {
            let out = map.apply_to(x, width);
            let shape = [map.rows, map.blocks * width];
            let pull = move |grad: &[f32]| {
                let mut back = vec![0.0; inputs * width];
                for e in &map.entries {
                    let from = &grad[e.to as usize * width..][..width];
                    let to = &mut back[e.from as usize * width..][..width];
                    to.iter_mut()
                        .zip(from)
                        .for_each(|(t, f)| *t += e.weight * f);
                }
                [back]
            };
            (out, shape, pull)
        })
    }
}
