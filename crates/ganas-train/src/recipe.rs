//! Settings of a training.

use ganas_data::Augment;
use serde::{Deserialize, Serialize};

use crate::error::{Result, TrainError};
use crate::network::{DEPTH, MOST_DEPTH, MOST_WIDTH, WIDTH};
use crate::optimizer::Optimizer;

/// The most epochs of a training. Beyond these limits a number is taken for a slip: no training with
/// it would end.
pub const MOST_EPOCHS: usize = 1_000_000;
const EPOCHS: &str = "at least 1 and at most 1000000";
const MOST_BATCH: usize = 1_000_000;
const BATCH: &str = "at least 1 and at most 1000000";
const MOST_REPEATS: usize = 1000;
const REPEATS: &str = "at least 1 and at most 1000";

/// The least number of optimiser steps in a training, unless fewer are asked for (ours). From about
/// this number on, networks for three classes of 40 images each were far above chance.
pub const LEAST_STEPS: usize = 300;
/// The steps of an epoch that a smaller batch is chosen for (ours).
const STEPS_AN_EPOCH: usize = 10;
/// The smallest batch that is chosen: batch normalisation needs some images (ours).
const LEAST_BATCH: usize = 8;
/// With fewer images to compare by, each architecture is trained [`FEW_REPEATS`] times (ours).
const FEW_VALIDATION: usize = 100;
const FEW_REPEATS: usize = 3;

/// The numbers of images to train on and to compare by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Images to fit weights on.
    pub train: usize,
    /// Images to compare networks by.
    pub validation: usize,
}

/// The course of the learning rate after the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// Down to zero along half a cosine (Loshchilov and Hutter 2017, arXiv 1608.03983), as in both
    /// benchmarks.
    #[default]
    Cosine,
    /// Constant.
    Constant,
}

/// The settings of a training. Unless a setting names another origin, its default is that of
/// NAS-Bench-201 (Dong & Yang 2020, arXiv 2001.00326).
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
    /// Random changes of the training images: by default the dataset's proposal. An example is
    /// `augment = { flip = true, pad = 4, cutout = 16 }`; omitted changes are off.
    pub augment: Option<Augment>,
    /// The share of a batch in the running moments of batch normalisation: 0.1 (PyTorch's
    /// default, with which NAS-Bench-201 was trained).
    pub norm_momentum: f64,
    /// The channels of the stem: by default the space's.
    pub width: Option<usize>,
    /// Cells a stage: by default the space's.
    pub depth: Option<usize>,
    /// The number of trainings of one architecture, with different seeds, over which metrics are
    /// averaged: 1 (`ours`).
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
    /// Settings with which a candidate trains in seconds on the digits and in minutes on other
    /// images (all `ours`). They suffice to rank architectures, not to reach the best accuracy of
    /// one.
    ///
    /// With few images, batches are small and epochs many, so that a training has at least
    /// [`LEAST_STEPS`] steps. With few images to compare by, each architecture is trained several
    /// times.
    pub fn suited(dataset: &str, images: &Parts) -> Self {
        let recipe = Recipe {
            width: Some(16),
            depth: Some(1),
            ..Recipe::default()
        };
        if dataset == "digits" {
            // So few channels that it matters what a cell does with them: of six settings that were
            // tried, the one by which two trainings of the same cells agreed best.
            return Recipe {
                epochs: 10,
                batch: 16,
                width: Some(4),
                ..recipe
            };
        }
        let usual = Recipe {
            epochs: 12,
            batch: 128,
            repeats: if images.validation < FEW_VALIDATION {
                FEW_REPEATS
            } else {
                1
            },
            ..recipe
        };
        let batch = (images.train / STEPS_AN_EPOCH + 1).next_power_of_two() / 2;
        let batch = batch.clamp(LEAST_BATCH, usual.batch);
        usual.with_batch(batch, images.train)
    }

    /// The same with another batch size, and enough epochs for [`LEAST_STEPS`] on this number of
    /// images.
    pub fn with_batch(self, batch: usize, images: usize) -> Self {
        let steps = images.div_ceil(batch.max(1)).max(1);
        Recipe {
            batch,
            epochs: self.epochs.max(LEAST_STEPS.div_ceil(steps)),
            ..self
        }
    }

    /// Checks that every setting is in its range.
    ///
    /// # Errors
    /// If a setting is out of its range.
    pub fn check(&self) -> Result<()> {
        let up_to = |name, value: usize, most: usize, range| {
            (name, value as f64, (1..=most).contains(&value), range)
        };
        let between = |name, value: f64, below: f64, range| {
            (name, value, (0.0..below).contains(&value), range)
        };
        let (first, second) = match self.optimizer {
            Optimizer::Sgd { momentum, .. } => (("momentum", momentum), ("momentum", momentum)),
            Optimizer::AdamW { beta1, beta2 } => (("beta1", beta1), ("beta2", beta2)),
        };
        let checks = [
            up_to("epochs", self.epochs, MOST_EPOCHS, EPOCHS),
            up_to("batch", self.batch, MOST_BATCH, BATCH),
            up_to("repeats", self.repeats, MOST_REPEATS, REPEATS),
            up_to("width", self.width.unwrap_or(1), MOST_WIDTH, WIDTH),
            up_to("depth", self.depth.unwrap_or(1), MOST_DEPTH, DEPTH),
            (
                "warmup-epochs",
                self.warmup_epochs as f64,
                self.warmup_epochs <= self.epochs,
                "at most as many as `epochs`",
            ),
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

    /// The learning rate of a step, counted from 0, with `steps_per_epoch` steps an epoch.
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
    fn few_images_get_steps_and_repeats() {
        let suited = |train, validation| Recipe::suited("own", &Parts { train, validation });
        for train in [2, 20, 77, 300, 1000, 5000, 40_000] {
            let recipe = suited(train, train / 4);
            let steps = recipe.epochs * train.div_ceil(recipe.batch);
            assert!(steps >= LEAST_STEPS, "{train}: {steps}");
            assert_eq!(recipe.repeats > 1, train / 4 < 100, "{train}");
        }
        let (few, many) = (suited(77, 19), suited(40_000, 10_000));
        assert_eq!((few.batch, few.epochs), (8, 30));
        assert_eq!((many.batch, many.epochs, many.repeats), (128, 12, 1));
        // A batch of one's own gets as many steps.
        let own = few.with_batch(77, 77);
        assert_eq!((own.batch, own.epochs), (77, 300));
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
