//! Sums and means, accumulated in `f64`.

use super::Tensor;
use super::tape::{join, node};

impl<const D: usize> Tensor<D> {
    /// The sum of all numbers.
    ///
    /// # Shapes
    /// - output: `[1]`
    pub fn sum(self) -> Tensor<1> {
        join([self], |[x]| {
            let sum: f64 = x.iter().map(|x| f64::from(*x)).sum();
            let len = x.len();
            let pull = move |gradient: &[f32], _: [bool; 1]| [vec![gradient[0]; len]];
            (vec![sum as f32], [1], pull)
        })
    }

    /// The mean of all numbers.
    ///
    /// # Shapes
    /// - output: `[1]`
    pub fn mean(self) -> Tensor<1> {
        let len = self.numbers.len();
        self.sum().div_scalar(len as f64)
    }

    /// The means along a dimension, which stays with length 1.
    pub fn mean_dim(self, dim: usize) -> Self {
        let mut shape = self.shape;
        let len = shape[dim];
        let inner: usize = shape[dim + 1..].iter().product();
        shape[dim] = 1;
        node([self], move |[x]| {
            let mut sums = vec![0.0f64; shape.iter().product()];
            let blocks = x.chunks_exact((len * inner).max(1));
            for (sums, block) in sums.chunks_exact_mut(inner.max(1)).zip(blocks) {
                for row in block.chunks_exact(inner.max(1)) {
                    sums.iter_mut()
                        .zip(row)
                        .for_each(|(s, x)| *s += f64::from(*x));
                }
            }
            let values = sums.iter().map(|s| (s / len as f64) as f32).collect();
            let pull = move |gradient: &[f32], _: [bool; 1]| {
                let mut by_x = Vec::with_capacity(gradient.len() * len);
                for row in gradient.chunks_exact(inner.max(1)) {
                    for _ in 0..len {
                        by_x.extend(row.iter().map(|g| g / len as f32));
                    }
                }
                [by_x]
            };
            (values, shape, pull)
        })
    }

    /// The logarithms of the softmax along the last dimension.
    pub fn log_softmax(self) -> Self {
        let shape = self.shape;
        let width = shape[D - 1].max(1);
        node([self], move |[x]| {
            let mut values = Vec::with_capacity(x.len());
            for row in x.chunks_exact(width) {
                let top = row.iter().fold(f32::NEG_INFINITY, |top, x| top.max(*x));
                let total: f32 = row.iter().map(|x| (x - top).exp()).sum();
                values.extend(row.iter().map(|x| x - top - total.ln()));
            }
            let kept = values.clone();
            let pull = move |gradient: &[f32], _: [bool; 1]| {
                let mut by_x = Vec::with_capacity(gradient.len());
                for (g, y) in gradient.chunks_exact(width).zip(kept.chunks_exact(width)) {
                    let total: f32 = g.iter().sum();
                    by_x.extend(g.iter().zip(y).map(|(g, y)| g - total * y.exp()));
                }
                [by_x]
            };
            (values, shape, pull)
        })
    }
}
