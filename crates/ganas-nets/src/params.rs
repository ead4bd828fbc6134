//! The parameters of a network as one flat vector, and Adam on it.
//!
//! The networks here have about thirty parameters of a few hundred numbers. One loop over a flat
//! vector costs some microseconds. It also makes saving exact and finite differences simple.

use std::ops::Index;

use ganas_core::rng::Rng;
use ganas_tensor::{Gradients, Tensor};
use serde::{Deserialize, Serialize};

use crate::error::NetError;

/// One parameter matrix of a [`Params`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id(usize);

#[derive(Clone, Debug)]
struct Slot {
    shape: [usize; 2],
    start: usize,
}

/// The parameters of a network: matrices, stored one after another.
#[derive(Clone, Debug, Default)]
pub struct Params {
    slots: Vec<Slot>,
    values: Vec<f32>,
}

impl Params {
    /// No parameters yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn push(&mut self, shape: [usize; 2], mut value: impl FnMut() -> f32) -> Id {
        let start = self.values.len();
        self.values
            .extend((0..shape[0] * shape[1]).map(|_| value()));
        self.slots.push(Slot { shape, start });
        Id(self.slots.len() - 1)
    }

    /// A weight matrix `[fan_in, fan_out]` of normal numbers with the variance of Glorot and
    /// Bengio (2010), times `scale`.
    pub fn weight(&mut self, fan_in: usize, fan_out: usize, scale: f64, rng: &mut Rng) -> Id {
        let deviation = scale * (2.0 / (fan_in + fan_out).max(1) as f64).sqrt();
        self.push([fan_in, fan_out], || (rng.normal() * deviation) as f32)
    }

    /// A row `[1, width]` of the same number.
    pub fn bias(&mut self, width: usize, value: f32) -> Id {
        self.push([1, width], || value)
    }

    /// All numbers, in the order in which the parameters were made.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// All numbers, to change them.
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    /// Replaces all numbers.
    pub fn set(&mut self, values: &[f32]) -> Result<(), NetError> {
        if values.len() != self.values.len() {
            return Err(NetError::Mismatch {
                what: "parameters in the network and in the saved state",
                left: self.values.len(),
                right: values.len(),
            });
        }
        self.values.copy_from_slice(values);
        Ok(())
    }

    /// The parameters as tensors without a tape.
    pub fn frozen(&self) -> Weights {
        self.tensors(false)
    }

    /// The parameters as leaves of a new tape.
    pub fn tracked(&self) -> Weights {
        self.tensors(true)
    }

    fn tensors(&self, tracked: bool) -> Weights {
        let tensor = |slot: &Slot| {
            let [rows, columns] = slot.shape;
            let values = self.values[slot.start..][..rows * columns].to_vec();
            let tensor = ganas_tensor::tensor(values, slot.shape);
            if tracked {
                tensor.require_grad()
            } else {
                tensor
            }
        };
        Weights(self.slots.iter().map(tensor).collect())
    }

    /// The gradient of every number; zero for parameters that the loss does not touch.
    pub fn gradient(&self, weights: &Weights, loss: &Tensor<1>) -> Vec<f32> {
        let mut flat = vec![0.0; self.values.len()];
        if !loss.is_tracked() {
            return flat;
        }
        let grads: Gradients = loss.clone().backward();
        for (slot, weight) in self.slots.iter().zip(&weights.0) {
            if let Some(grad) = weight.grad(&grads) {
                let grad = grad.into_vec().expect("numbers on the CPU can be read");
                flat[slot.start..][..grad.len()].copy_from_slice(&grad);
            }
        }
        flat
    }
}

/// The parameters of a network as tensors, for one forward pass.
#[derive(Clone, Debug)]
pub struct Weights(Vec<Tensor<2>>);

impl Index<Id> for Weights {
    type Output = Tensor<2>;

    fn index(&self, id: Id) -> &Tensor<2> {
        &self.0[id.0]
    }
}

/// Adam (Kingma and Ba 2015, arXiv 1412.6980, algorithm 1), its decay rates and epsilon the
/// paper's: 0.9, 0.999 and 1e-8.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Adam {
    steps: u32,
    #[serde(with = "exact")]
    mean: Vec<f32>,
    #[serde(with = "exact")]
    square: Vec<f32>,
}

impl Adam {
    /// One step. A gradient that is not finite is skipped, because it would spoil the moments for
    /// good; returns whether the step was taken.
    pub fn step(&mut self, values: &mut [f32], gradient: &[f32], learning_rate: f64) -> bool {
        if gradient.iter().any(|g| !g.is_finite()) {
            return false;
        }
        self.mean.resize(values.len(), 0.0);
        self.square.resize(values.len(), 0.0);
        self.steps = self.steps.saturating_add(1);
        let (first, second) = (0.9f32, 0.999f32);
        let correction = |rate: f64| 1.0 - rate.powi(self.steps.min(1 << 20) as i32);
        let rate = (learning_rate / correction(0.9)) as f32;
        let unbias = (1.0 / correction(0.999)) as f32;
        let moments = self.mean.iter_mut().zip(&mut self.square);
        for ((value, &g), (mean, square)) in values.iter_mut().zip(gradient).zip(moments) {
            *mean = first * *mean + (1.0 - first) * g;
            *square = second * *square + (1.0 - second) * g * g;
            *value -= rate * *mean / ((*square * unbias).sqrt() + 1e-8);
        }
        true
    }
}

/// Serialises numbers as the hexadecimal digits of their bits, so that every format restores them
/// exactly.
pub(crate) mod exact {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(values: &[f32], serializer: S) -> Result<S::Ok, S::Error> {
        let digits: String = values
            .iter()
            .map(|v| format!("{:08x}", v.to_bits()))
            .collect();
        serializer.serialize_str(&digits)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f32>, D::Error> {
        let digits = String::deserialize(deserializer)?;
        if !digits.len().is_multiple_of(8) || !digits.is_ascii() {
            return Err(D::Error::custom("not a list of 32-bit numbers"));
        }
        (0..digits.len() / 8)
            .map(|i| u32::from_str_radix(&digits[8 * i..][..8], 16))
            .map(|bits| bits.map(f32::from_bits).map_err(D::Error::custom))
            .collect()
    }
}
