//! A choice of one op at each position, by independent softmax probabilities.

use burn::tensor::{Device, Tensor, TensorData};
use ganas_core::arch::Arch;
use ganas_core::rng::Rng;

use crate::optimizer::{Memory, Optimizer};

/// Logits of each op at each position, and the optimiser that moves them.
pub(super) struct Policy {
    /// `[position][op]`.
    logits: Vec<Vec<f64>>,
    memory: Memory,
    optimizer: Optimizer,
    rate: f64,
}

impl Policy {
    /// All ops alike at all positions; Adam with this learning rate.
    pub fn new(positions: usize, ops: usize, rate: f64) -> Self {
        Policy {
            logits: vec![vec![0.0; ops]; positions],
            memory: Memory::default(),
            optimizer: Optimizer::adamw(),
            rate,
        }
    }

    /// The probabilities, `[position][op]`.
    pub fn probabilities(&self) -> Vec<Vec<f64>> {
        let softmax = |logits: &Vec<f64>| {
            let highest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let weights: Vec<f64> = logits.iter().map(|l| (l - highest).exp()).collect();
            let total: f64 = weights.iter().sum();
            weights.iter().map(|w| w / total).collect()
        };
        self.logits.iter().map(softmax).collect()
    }

    /// The mean entropy of a position, in nats.
    pub fn entropy(&self) -> f64 {
        let all = self.probabilities();
        let terms = all.iter().flatten().filter(|p| **p > 0.0);
        -terms.map(|p| p * p.ln()).sum::<f64>() / all.len() as f64
    }

    /// An architecture by these probabilities.
    pub fn sample(&self, rng: &mut Rng) -> Arch {
        let ops = self.probabilities();
        Arch::new(&Vec::from_iter(ops.iter().map(|p| rng.weighted(p) as u8)))
    }

    /// The most probable architecture.
    pub fn mode(&self) -> Arch {
        let best = |logits: &Vec<f64>| {
            let highest = (0..logits.len()).max_by(|&a, &b| {
                // The first of equals.
                logits[a].total_cmp(&logits[b]).then(b.cmp(&a))
            });
            highest.unwrap_or(0) as u8
        };
        Arch::new(&Vec::from_iter(self.logits.iter().map(best)))
    }

    /// One step up the expected reward of sampled architectures over a baseline (REINFORCE).
    pub fn reinforce(&mut self, cells: &[Arch], rewards: &[f64], baseline: f64) {
        let probabilities = self.probabilities();
        let mut gradient: Vec<Vec<f64>> =
            probabilities.iter().map(|p| vec![0.0; p.len()]).collect();
        for (cell, reward) in cells.iter().zip(rewards) {
            for (position, &op) in cell.ops().iter().enumerate() {
                let op = usize::from(op);
                // The derivative of the logarithm of the probability, by the probability.
                gradient[position][op] +=
                    (reward - baseline) / probabilities[position][op] / rewards.len() as f64;
            }
        }
        self.ascend(&gradient);
    }

    /// One step of the logits up a gradient with respect to the probabilities, `[position][op]`.
    pub fn ascend(&mut self, by_probability: &[Vec<f64>]) {
        let mut gradient = Vec::new();
        for (p, g) in self.probabilities().iter().zip(by_probability) {
            let mean: f64 = p.iter().zip(g).map(|(p, g)| p * g).sum();
            gradient.extend(p.iter().zip(g).map(|(p, g)| (-p * (g - mean)) as f32));
        }
        let shape = [1, 1, 1, gradient.len()];
        let device = Device::flex();
        let tensor = |values: Vec<f32>| -> Tensor<4> {
            Tensor::from_data(TensorData::new(values, shape), &device)
        };
        let logits = tensor(self.logits.iter().flatten().map(|l| *l as f32).collect());
        let moved =
            (self.optimizer).step(logits, tensor(gradient), &mut self.memory, self.rate, 0.0);
        // On the CPU numbers can always be read.
        let moved = moved.try_into_vec_as::<f32>().unwrap_or_default();
        for (logit, value) in self.logits.iter_mut().flatten().zip(moved) {
            *logit = f64::from(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_where_the_gradient_points() {
        let mut policy = Policy::new(2, 3, 0.1);
        assert!((policy.entropy() - 3f64.ln()).abs() < 1e-12);
        for _ in 0..100 {
            policy.ascend(&[vec![0.0, 1.0, 0.0], vec![0.0, 0.0, 2.0]]);
        }
        assert_eq!(policy.mode(), Arch::new(&[1, 2]));
        assert!(policy.probabilities()[0][1] > 0.9, "{:?}", policy.logits);
        let mut rng = Rng::stream(0, "policy");
        let hits = (0..100)
            .filter(|_| policy.sample(&mut rng) == policy.mode())
            .count();
        assert!(hits > 80, "{hits}");
    }
}
