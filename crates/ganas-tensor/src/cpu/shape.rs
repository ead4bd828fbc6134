//! Parts of tensors, joined tensors, and other shapes.

use super::Tensor;
use super::tape::{join, node};

/// The same part of every block of a row-major tensor.
#[derive(Clone, Copy)]
struct Part {
    block: usize,
    start: usize,
    len: usize,
}

impl Part {
    /// The numbers of the part, block by block.
    fn read(self, whole: &[f32]) -> Vec<f32> {
        let mut values = Vec::with_capacity(whole.len() / self.block.max(1) * self.len);
        for block in whole.chunks_exact(self.block.max(1)) {
            values.extend(&block[self.start..][..self.len]);
        }
        values
    }

    /// The inverse: a whole that is zero elsewhere.
    fn write(self, whole: &mut [f32], part: &[f32]) {
        let blocks = whole.chunks_exact_mut(self.block.max(1));
        for (block, part) in blocks.zip(part.chunks_exact(self.len.max(1))) {
            block[self.start..][..self.len].copy_from_slice(part);
        }
    }
}

impl<const D: usize> Tensor<D> {
    /// The same numbers in another shape.
    ///
    /// # Panics
    /// If the new shape has another number of numbers.
    pub fn reshape<const E: usize>(self, shape: [usize; E]) -> Tensor<E> {
        if self.is_tracked() {
            return join([self], |[x]| {
                let pull = |gradient: &[f32], _: [bool; 1]| [gradient.to_vec()];
                (x.into_vec(), shape, pull)
            });
        }
        assert_eq!(self.numbers.len(), shape.iter().product::<usize>());
        Tensor {
            numbers: self.numbers,
            shape,
            node: None,
        }
    }

    /// A range of a dimension.
    pub fn narrow(self, dim: usize, start: usize, len: usize) -> Self {
        let mut shape = self.shape;
        let inner: usize = shape[dim + 1..].iter().product();
        let part = Part {
            block: shape[dim] * inner,
            start: start * inner,
            len: len * inner,
        };
        assert!(
            start + len <= shape[dim],
            "a range of {} numbers",
            shape[dim]
        );
        shape[dim] = len;
        node([self], move |[x]| {
            let values = part.read(&x);
            let size = x.len();
            let pull = move |gradient: &[f32], _: [bool; 1]| {
                let mut by_x = vec![0.0; size];
                part.write(&mut by_x, gradient);
                [by_x]
            };
            (values, shape, pull)
        })
    }

    /// The first numbers of every dimension.
    pub fn corner(self, shape: [usize; D]) -> Self {
        (0..D).fold(self, |part, dim| part.narrow(dim, 0, shape[dim]))
    }

    /// Zeros of a shape, with this tensor in their corner. It is not put on the tape.
    pub fn in_corner_of(self, shape: [usize; D]) -> Self {
        let mut part = self.detach();
        for dim in (0..D).rev() {
            let inner: usize = part.shape[dim + 1..].iter().product();
            let mut grown = part.shape;
            grown[dim] = shape[dim];
            let place = Part {
                block: shape[dim] * inner,
                start: 0,
                len: part.shape[dim] * inner,
            };
            let mut values = vec![0.0; grown.iter().product()];
            place.write(&mut values, &part.numbers);
            part = Tensor::from_parts(values, grown);
        }
        part
    }

    /// Tensors side by side along a dimension.
    ///
    /// # Panics
    /// If there are none, or their other dimensions differ.
    pub fn cat(tensors: Vec<Self>, dim: usize) -> Self {
        let mut shape = tensors[0].shape;
        let inner: usize = shape[dim + 1..].iter().product();
        shape[dim] = tensors.iter().map(|t| t.shape[dim]).sum();
        let block = shape[dim] * inner;
        let mut start = 0;
        let parts: Vec<Part> = tensors
            .iter()
            .map(|tensor| {
                let len = tensor.shape[dim] * inner;
                start += len;
                Part {
                    block,
                    start: start - len,
                    len,
                }
            })
            .collect();
        super::tape::gather(tensors, |inputs| {
            let mut values = vec![0.0; shape.iter().product()];
            for (part, input) in parts.iter().zip(&inputs) {
                part.write(&mut values, input);
            }
            let pull = move |gradient: &[f32]| parts.iter().map(|p| p.read(gradient)).collect();
            (values, shape, pull)
        })
    }
}
