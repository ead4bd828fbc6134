//! Tensors on the CPU.

mod elementwise;
mod product;
mod reduce;
mod shape;
mod tape;
#[cfg(test)]
mod tests;

use std::ops::Deref;
use std::sync::Arc;

use crate::device::{Device, ReadError};
use tape::Node;
pub use tape::{Gradients, node};

/// The numbers of a tensor on the CPU, row-major. A clone shares them, so a backward pass can keep
/// its inputs.
#[derive(Clone, Debug)]
pub struct Numbers(Arc<Vec<f32>>);

impl Numbers {
    /// The numbers as a vector; a copy only if they are shared.
    fn into_vec(self) -> Vec<f32> {
        Arc::unwrap_or_clone(self.0)
    }
}

impl Deref for Numbers {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.0
    }
}

impl From<Vec<f32>> for Numbers {
    fn from(values: Vec<f32>) -> Self {
        Numbers(Arc::new(values))
    }
}

/// A tensor of `D` dimensions. A clone shares its numbers.
#[derive(Clone, Debug)]
pub struct Tensor<const D: usize> {
    numbers: Numbers,
    shape: [usize; D],
    node: Option<Arc<Node>>,
}

impl<const D: usize> Tensor<D> {
    /// A tensor of these numbers, row-major, without a tape.
    ///
    /// # Panics
    /// If the number of values is not that of the shape.
    pub fn new(values: Vec<f32>, shape: [usize; D], _: &Device) -> Self {
        Self::from_parts(values, shape)
    }

    /// The same number everywhere.
    pub fn full(shape: [usize; D], value: f32, _: &Device) -> Self {
        Self::from_parts(vec![value; shape.iter().product()], shape)
    }

    /// Zeros.
    pub fn zeros(shape: [usize; D], device: &Device) -> Self {
        Self::full(shape, 0.0, device)
    }

    fn from_parts(values: Vec<f32>, shape: [usize; D]) -> Self {
        assert_eq!(
            values.len(),
            shape.iter().product::<usize>(),
            "numbers of a tensor of shape {shape:?}"
        );
        Tensor {
            numbers: values.into(),
            shape,
            node: None,
        }
    }

    /// The shape.
    pub fn dims(&self) -> [usize; D] {
        self.shape
    }

    /// The device that the tensor lives on.
    pub fn device(&self) -> Device {
        Device::Cpu
    }

    /// The numbers, row-major.
    ///
    /// # Errors
    /// Never on the CPU. Reading from a graphics card can fail.
    pub fn into_vec(self) -> Result<Vec<f32>, ReadError> {
        Ok(self.numbers.into_vec())
    }
}
