//! Probabilities of each alternative of each choice: an independent softmax a choice.

use super::choices::Draw;
use crate::optimizer::{Memory, Optimizer};

/// Logits of each alternative of each choice, and the optimiser that moves them.
pub(super) struct Policy {
    /// `[choice][alternative]`.
    logits: Vec<Vec<f64>>,
    memory: Memory,
    optimizer: Optimizer,
    rate: f64,
    /// The weight of half the squared logits in the minimised loss.
    decay: f64,
}

impl Policy {
    /// A policy with choices of these sizes, all alternatives equally likely. Adam has this
    /// learning rate. The weight decay is part of the gradient, as in DARTS' code.
    pub fn new(sizes: &[usize], rate: f64, decay: f64) -> Self {
        Policy {
            logits: sizes.iter().map(|&size| vec![0.0; size]).collect(),
            memory: Memory::default(),
            optimizer: Optimizer::adamw(),
            rate,
            decay,
        }
    }

    /// The probabilities, `[choice][alternative]`.
    pub fn probabilities(&self) -> Vec<Vec<f64>> {
        let softmax = |logits: &Vec<f64>| {
            let highest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let weights: Vec<f64> = logits.iter().map(|l| (l - highest).exp()).collect();
            let total: f64 = weights.iter().sum();
            weights.iter().map(|w| w / total).collect()
        };
        self.logits.iter().map(softmax).collect()
    }

    /// The mean entropy of a choice, in nats.
    pub fn entropy(&self) -> f64 {
        let all = self.probabilities();
        let terms = all.iter().flatten().filter(|p| **p > 0.0);
        -terms.map(|p| p * p.ln()).sum::<f64>() / all.len() as f64
    }

    /// One step up the expected reward of draws by these probabilities over a baseline (REINFORCE).
    pub fn reinforce(&mut self, draws: &[Draw], rewards: &[f64], baseline: f64) {
        let probabilities = self.probabilities();
        let mut gradient: Vec<Vec<f64>> =
            probabilities.iter().map(|p| vec![0.0; p.len()]).collect();
        for (draw, reward) in draws.iter().zip(rewards) {
            for (choice, taken) in draw.taken.iter().enumerate() {
                // Where only one alternative was possible, its probability was 1, whatever the logits.
                let Some(taken) = *taken else { continue };
                // The derivative of the logarithm of the probability, by the probability.
                gradient[choice][taken] +=
                    (reward - baseline) / probabilities[choice][taken] / rewards.len() as f64;
            }
        }
        self.ascend(&gradient);
    }

    /// One step of the logits up a gradient with respect to the probabilities, `[choice][alternative]`.
    pub fn ascend(&mut self, by_probability: &[Vec<f64>]) {
        let mut gradient = Vec::new();
        let choices = self.probabilities();
        for ((p, g), logits) in choices.iter().zip(by_probability).zip(&self.logits) {
            let mean: f64 = p.iter().zip(g).map(|(p, g)| p * g).sum();
            let down = p.iter().zip(g).map(|(p, g)| -p * (g - mean));
            gradient.extend(
                down.zip(logits)
                    .map(|(down, l)| (down + self.decay * l) as f32),
            );
        }
        let shape = [1, 1, 1, gradient.len()];
        let tensor = |values: Vec<f32>| ganas_tensor::tensor(values, shape);
        let logits = tensor(self.logits.iter().flatten().map(|l| *l as f32).collect());
        let moved =
            (self.optimizer).step(logits, tensor(gradient), &mut self.memory, self.rate, 0.0);
        let moved = moved.into_vec().expect("numbers on the CPU can be read");
        for (logit, value) in self.logits.iter_mut().flatten().zip(moved) {
            *logit = f64::from(value);
        }
    }
}

impl Policy {
    /// One step of the probabilities up a gradient with respect to them, `[choice][alternative]`, by
    /// exponentiated gradient: each is multiplied by `exp(rate * gradient)`, then those of a choice
    /// are normalised (Li et al. 2021, arXiv 2004.07802, algorithm 1). Optimiser and weight decay have
    /// no part in it.
    pub fn exponentiate(&mut self, by_probability: &[Vec<f64>]) {
        for (logits, gradient) in self.logits.iter_mut().zip(by_probability) {
            for (logit, g) in logits.iter_mut().zip(gradient) {
                *logit += self.rate * g;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentiated_gradient_is_that_of_a_worked_example() {
        // With a rate of ln 2, a gradient of 1 doubles the weight of an alternative before the
        // normalisation: (1, 2, 1) / 4, and after a second step (2, 4, 1) / 7.
        let mut policy = Policy::new(&[3, 2], 2f64.ln(), 0.5);
        policy.exponentiate(&[vec![0.0, 1.0, 0.0], vec![-1.0, 0.0]]);
        let near = |policy: &Policy, expected: [&[f64]; 2]| {
            for (p, e) in policy.probabilities().iter().zip(expected) {
                let apart = p.iter().zip(e).map(|(p, e)| (p - e).abs());
                assert!(apart.fold(0.0, f64::max) < 1e-12, "{p:?} {e:?}");
            }
        };
        near(&policy, [&[0.25, 0.5, 0.25], &[1.0 / 3.0, 2.0 / 3.0]]);
        policy.exponentiate(&[vec![1.0, 1.0, 0.0], vec![0.0, 0.0]]);
        near(
            &policy,
            [&[2.0 / 7.0, 4.0 / 7.0, 1.0 / 7.0], &[1.0 / 3.0, 2.0 / 3.0]],
        );
    }

    #[test]
    fn exponentiated_gradient_stays_on_the_simplex_and_ends_at_a_vertex() {
        let mut policy = Policy::new(&[5], 0.1, 0.0);
        for step in 0..20_000 {
            policy.exponentiate(&[vec![0.3, -1.0, 0.5, 0.4, 0.1]]);
            let p = &policy.probabilities()[0];
            assert!(p.iter().all(|p| (0.0..=1.0).contains(p)), "{step}: {p:?}");
            assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{step}: {p:?}");
        }
        let p = &policy.probabilities()[0];
        assert!(p[2] > 1.0 - 1e-12, "{p:?}");
        assert!(policy.entropy() < 1e-10);
    }

    #[test]
    fn goes_where_the_gradient_points() {
        let mut policy = Policy::new(&[3, 2], 0.1, 0.0);
        assert!((policy.entropy() - (3f64.ln() + 2f64.ln()) / 2.0).abs() < 1e-12);
        for _ in 0..100 {
            policy.ascend(&[vec![0.0, 1.0, 0.0], vec![0.0, 2.0]]);
        }
        let probabilities = policy.probabilities();
        assert!(
            probabilities.iter().all(|p| p[1] > 0.9),
            "{probabilities:?}"
        );
        assert!(policy.entropy() < 0.4, "{}", policy.entropy());
    }

    #[test]
    fn decay_draws_choices_together_again() {
        let apart = |decay: f64| {
            let mut policy = Policy::new(&[2], 0.05, decay);
            (0..50).for_each(|_| policy.ascend(&[vec![1.0, 0.0]]));
            (0..200).for_each(|_| policy.ascend(&[vec![0.0, 0.0]]));
            let logits = &policy.logits[0];
            logits[0] - logits[1]
        };
        assert!(
            apart(0.1) < 0.5 * apart(0.0),
            "{} {}",
            apart(0.1),
            apart(0.0)
        );
    }
}
