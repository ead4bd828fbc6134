//! Optimisers, on the tensors of a device.

use ganas_tensor::Tensor;
use serde::{Deserialize, Serialize};

/// The update rule of the weights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Optimizer {
    /// Stochastic gradient descent, the weight decay part of the gradient.
    Sgd {
        /// The share of the last step in the next.
        momentum: f64,
        /// True for Nesterov momentum: the gradient is taken ahead, in the direction of the
        /// momentum (Sutskever et al. 2013).
        nesterov: bool,
    },
    /// Adam with decoupled weight decay (AdamW, Loshchilov and Hutter 2019, arXiv 1711.05101).
    AdamW {
        /// The decay of the mean of gradients.
        beta1: f64,
        /// The decay of the mean of their squares.
        beta2: f64,
    },
}

impl Default for Optimizer {
    /// Nesterov momentum of 0.9 (`NAS-Bench-201`).
    fn default() -> Self {
        Optimizer::Sgd {
            momentum: 0.9,
            nesterov: true,
        }
    }
}

impl Optimizer {
    /// AdamW with the decays of Adam's paper (Kingma and Ba 2015): 0.9 and 0.999.
    pub fn adamw() -> Self {
        Optimizer::AdamW {
            beta1: 0.9,
            beta2: 0.999,
        }
    }
}

/// The state of an optimiser for one weight.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    pub(crate) steps: i32,
    pub(crate) mean: Option<Tensor<4>>,
    pub(crate) square: Option<Tensor<4>>,
}

impl Optimizer {
    /// A weight after one step.
    ///
    /// # Shapes
    /// - weight, gradient and output are of one shape
    pub fn step(
        &self,
        weight: Tensor<4>,
        gradient: Tensor<4>,
        memory: &mut Memory,
        learning_rate: f64,
        weight_decay: f64,
    ) -> Tensor<4> {
        memory.steps = memory.steps.saturating_add(1);
        match *self {
            Optimizer::Sgd { momentum, nesterov } => {
                let gradient = match weight_decay {
                    0.0 => gradient,
                    decay => gradient + weight.clone().mul_scalar(decay),
                };
                let velocity = match memory.mean.take() {
                    Some(velocity) => velocity.mul_scalar(momentum) + gradient.clone(),
                    None => gradient.clone(),
                };
                memory.mean = Some(velocity.clone());
                let direction = if nesterov {
                    gradient + velocity.mul_scalar(momentum)
                } else {
                    velocity
                };
                weight - direction.mul_scalar(learning_rate)
            }
            Optimizer::AdamW { beta1, beta2 } => {
                let towards = |old: Option<Tensor<4>>, new: Tensor<4>, beta: f64| {
                    let new = new.mul_scalar(1.0 - beta);
                    match old {
                        Some(old) => old.mul_scalar(beta) + new,
                        None => new,
                    }
                };
                let mean = towards(memory.mean.take(), gradient.clone(), beta1);
                let square = towards(memory.square.take(), gradient.square(), beta2);
                (memory.mean, memory.square) = (Some(mean.clone()), Some(square.clone()));
                let unbias = |beta: f64| 1.0 / (1.0 - beta.powi(memory.steps));
                let spread = square.mul_scalar(unbias(beta2)).sqrt().add_scalar(1e-8);
                let direction = mean.mul_scalar(unbias(beta1)) / spread;
                let kept = weight.mul_scalar(1.0 - learning_rate * weight_decay);
                kept - direction.mul_scalar(learning_rate)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganas_tensor::check::{close, numbers, random};

    /// The formulas of PyTorch's documentation, on plain numbers.
    fn expected(optimizer: Optimizer, w: f64, gradients: &[f64], rate: f64, decay: f64) -> f64 {
        let (mut w, mut m, mut s) = (w, 0.0, 0.0);
        for (t, g) in gradients.iter().enumerate() {
            match optimizer {
                Optimizer::Sgd { momentum, nesterov } => {
                    let g = g + decay * w;
                    m = if t == 0 { g } else { momentum * m + g };
                    w -= rate * if nesterov { g + momentum * m } else { m };
                }
                Optimizer::AdamW { beta1, beta2 } => {
                    w -= rate * decay * w;
                    m = beta1 * m + (1.0 - beta1) * g;
                    s = beta2 * s + (1.0 - beta2) * g * g;
                    let t = t as i32 + 1;
                    let spread = (s / (1.0 - beta2.powi(t))).sqrt() + 1e-8;
                    w -= rate * m / (1.0 - beta1.powi(t)) / spread;
                }
            }
        }
        w
    }

    #[test]
    fn steps_are_those_of_the_formulas() {
        let gradients: Vec<Tensor<4>> = (1..4).map(|i| random([1, 1, 1, 5], i)).collect();
        let plain = Optimizer::Sgd {
            momentum: 0.0,
            nesterov: false,
        };
        for optimizer in [plain, Optimizer::default(), Optimizer::adamw()] {
            let start = random([1, 1, 1, 5], 0);
            let mut memory = Memory::default();
            let end = gradients.iter().fold(start.clone(), |w, g| {
                optimizer.step(w, g.clone(), &mut memory, 0.1, 0.01)
            });
            let all: Vec<Vec<f32>> = gradients.iter().cloned().map(numbers).collect();
            let wanted: Vec<f32> = (numbers(start).iter().enumerate())
                .map(|(i, &w)| {
                    let own: Vec<f64> = all.iter().map(|g| g[i] as f64).collect();
                    expected(optimizer, w as f64, &own, 0.1, 0.01) as f32
                })
                .collect();
            close(&numbers(end), &wanted, 1e-5);
        }
    }
}
