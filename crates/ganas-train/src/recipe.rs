//! How a network is trained.

use ganas_data::Augment;
use serde::{Deserialize, Serialize};

use crate::error::{Result, TrainError};
use crate::optimizer::Optimizer;

/// How the learning rate goes after the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// Down to zero along half a cosine (Loshchilov and Hutter 2017, arXiv 1608.03983), as in both
    /// benchmarks.
    #[default]
    Cosine,
    /// It stays.
    Constant,
}

/// The settings of a training. The defaults are those of NAS-Bench-201 (Dong & Yang 2020, arXiv
/// 2001.00326) unless they say otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Recipe {
    /// Passes over the examples: 200.
    pub epochs: usize,
    /// Examples a step: 256.
    pub batch: usize,
    /// Nesterov momentum of 0.9.
    pub optimizer: Optimizer,
    /// The highest learning rate: 0.1.
    pub learning_rate: f64,
    /// Cosine.
    pub schedule: Schedule,
    /// The epochs in which the learning rate rises from zero, a step at a time: 0.
    pub warmup_epochs: usize,
    /// The weight decay, of all weights: 5e-4.
    pub weight_decay: f64,
    /// The probability that is spread over all classes: 0.
    pub label_smoothing: f64,
    /// How training images are changed at random: as the dataset proposes. As in `augment = { flip =
    /// true, pad = 4, cutout = 16 }`; what is left out is off.
    pub augment: Option<Augment>,
    /// The share of a batch in the running moments of batch normalisation: 0.1 (PyTorch's
    /// default, with which NAS-Bench-201 was trained).
    pub norm_momentum: f64,
    /// The channels of the stem: the space's own.
    pub width: Option<usize>,
    /// Cells a stage: the space's own.
    pub depth: Option<usize>,
    /// Trainings of one architecture, with different seeds, whose metrics are averaged: 1 (`ours`).
    pub repeats: usize,
}

impl Default for Recipe {
    fn default() -> Self {
        Recipe {
            epochs: 200,
            batch: 256,
            optimizer: Optimizer::default(),
            learning_rate: 0.1,
            schedule: Schedule::Cosine,
            warmup_epochs: 0,
            weight_decay: 5e-4,
            label_smoothing: 0.0,
            augment: None,
            norm_momentum: 0.1,
            width: None,
            depth: None,
            repeats: 1,
        }
    }
}

impl Recipe {
    /// Settings with which a candidate is trained in seconds on the digits, in minutes on others
    /// (all `ours`): enough to tell architectures apart, not to get the most out of one.
    pub fn suited(dataset: &str) -> Self {
        let recipe = Recipe {
            width: Some(16),
            depth: Some(1),
            ..Recipe::default()
        };
        match dataset {
            // So few channels that it matters what a cell does with them: of six settings that were
            // tried, the one by which two trainings of the same cells agreed best.
            "digits" => Recipe {
                epochs: 10,
                batch: 16,
                width: Some(4),
                ..recipe
            },
            _ => Recipe {
                epochs: 12,
                batch: 128,
                ..recipe
            },
        }
    }

    /// Whether every setting is in its range.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check(&self) -> Result<()> {
        let least = |name, value: usize| (name, value as f64, value >= 1, "at least 1");
        let between = |name, value: f64, below: f64, range| {
            (name, value, (0.0..below).contains(&value), range)
        };
        let (first, second) = match self.optimizer {
            Optimizer::Sgd { momentum, .. } => (("momentum", momentum), ("momentum", momentum)),
            Optimizer::AdamW { beta1, beta2 } => (("beta1", beta1), ("beta2", beta2)),
        };
        let checks = [
            least("epochs", self.epochs),
            least("batch", self.batch),
            least("repeats", self.repeats),
            least("width", self.width.unwrap_or(1)),
            least("depth", self.depth.unwrap_or(1)),
            between(
                "learning-rate",
                self.learning_rate,
                f64::INFINITY,
                "0 or more",
            ),
            between(
                "weight-decay",
                self.weight_decay,
                f64::INFINITY,
                "0 or more",
            ),
            between("label-smoothing", self.label_smoothing, 1.0, "0 to below 1"),
            between(first.0, first.1, 1.0, "0 to below 1"),
            between(second.0, second.1, 1.0, "0 to below 1"),
            between(
                "norm-momentum",
                self.norm_momentum,
                1.0 + f64::EPSILON,
                "0 to 1",
            ),
        ];
        match checks.into_iter().find(|(_, _, fine, _)| !fine) {
            Some((name, value, _, range)) => Err(TrainError::Setting { name, value, range }),
            None => Ok(()),
        }
    }

    /// The learning rate of a step, counted from 0, with so many steps an epoch.
    pub fn rate(&self, step: usize, steps_per_epoch: usize) -> f64 {
        let warmup = self.warmup_epochs * steps_per_epoch;
        if step < warmup {
            return self.learning_rate * (step + 1) as f64 / warmup as f64;
        }
        match self.schedule {
            Schedule::Constant => self.learning_rate,
            Schedule::Cosine => {
                let total = (self.epochs * steps_per_epoch)
                    .saturating_sub(warmup)
                    .max(1);
                let done = (step - warmup) as f64 / total as f64;
                self.learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * done).cos())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_and_falls() {
        let recipe = Recipe {
            epochs: 10,
            warmup_epochs: 2,
            ..Recipe::default()
        };
        assert!((recipe.rate(0, 5) - 0.01).abs() < 1e-12);
        assert!((recipe.rate(9, 5) - 0.1).abs() < 1e-12);
        assert!((recipe.rate(10, 5) - 0.1).abs() < 1e-12);
        assert!((recipe.rate(30, 5) - 0.05).abs() < 1e-12);
        assert!(recipe.rate(49, 5) < 0.001);
    }

    #[test]
    fn settings_out_of_range_are_named() {
        assert!(Recipe::default().check().is_ok());
        let recipe = Recipe {
            label_smoothing: f64::NAN,
            ..Recipe::default()
        };
        let error = recipe.check().unwrap_err().to_string();
        assert!(error.contains("label-smoothing"), "{error}");
    }

    #[test]
    fn a_recipe_comes_back_from_json() {
        let recipe = Recipe {
            optimizer: Optimizer::adamw(),
            ..Recipe::default()
        };
        let text = serde_json::to_string(&recipe).unwrap();
        assert_eq!(serde_json::from_str::<Recipe>(&text).unwrap(), recipe);
        assert_eq!(
            serde_json::from_str::<Recipe>("{}").unwrap(),
            Recipe::default()
        );
    }
}
