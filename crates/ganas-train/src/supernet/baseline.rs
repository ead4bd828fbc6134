//! Searches that train the shared weights and a policy in turn: ENAS and DARTS, on edge cells.
//!
//! Both go on from the weights of a trained supernet. Each round takes one step of the weights on
//! training images and one of the policy on validation images.

use std::sync::atomic::{AtomicBool, Ordering};

use burn::tensor::Tensor;
use ganas_core::arch::Arch;
use ganas_core::rng::Rng;
use ganas_core::space::SearchSpace;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::policy::Policy;
use super::{Course, Scoring, Supernet};
use crate::error::{Result, TrainError};
use crate::examples::{Batch, Feed};
use crate::network::{Plan, Weights, positions};
use crate::recipe::Recipe;
use crate::task::ImageTask;
use crate::trainer::{Network, Score};

/// How a policy is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// A controller that is rewarded with the accuracy of sampled cells on a validation batch
    /// (REINFORCE with a moving baseline: Pham et al. 2018, arXiv 1802.03268). Its cell is the best
    /// of several samples on the validation images. The controller is a softmax a position instead
    /// of an LSTM.
    Enas,
    /// A mixture of all ops at each position, by the gradient of the validation loss in the first
    /// order (Liu et al. 2019, arXiv 1806.09055). Its cell has the heaviest op everywhere.
    Darts,
}

/// Settings of [`search`]; all `ours` but the learning rate of the weights, which is DARTS'. Both papers
/// move the policy far more slowly, over ten thousands of steps (at 3.5e-3 and 3e-4): in hundreds, its
/// entropy would stay where it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Alternation {
    /// Rounds: 300.
    pub rounds: usize,
    /// Images of a batch: 64.
    pub batch: usize,
    /// The learning rate of the weights, constant: 0.025.
    pub learning_rate: f64,
    /// Adam's learning rate for the policy: 0.05 for the controller of ENAS, 0.03 for the mixture of
    /// DARTS.
    pub policy_rate: Option<f64>,
    /// Cells that the controller samples a step: 10.
    pub samples: usize,
}

impl Default for Alternation {
    fn default() -> Self {
        Alternation {
            rounds: 300,
            batch: 64,
            learning_rate: 0.025,
            policy_rate: None,
            samples: 10,
        }
    }
}

impl Alternation {
    /// Whether every setting is in its range.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check(&self) -> Result<()> {
        let least = |name, value: usize| (name, value as f64, value >= 1, "at least 1");
        let above = |name, value: f64| (name, value, value > 0.0 && value.is_finite(), "above 0");
        let checks = [
            least("rounds", self.rounds),
            least("batch", self.batch),
            least("samples", self.samples),
            above("learning-rate", self.learning_rate),
            above("policy-rate", self.policy_rate.unwrap_or(1.0)),
        ];
        match checks.into_iter().find(|(_, _, fine, _)| !fine) {
            Some((name, value, _, range)) => Err(TrainError::Setting { name, value, range }),
            None => Ok(()),
        }
    }

    /// The learning rate of the policy.
    pub fn rate(&self, method: Method) -> f64 {
        self.policy_rate.unwrap_or(match method {
            Method::Enas => 0.05,
            Method::Darts => 0.03,
        })
    }
}

/// What came of a search.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// The cell.
    pub arch: Arch,
    /// Its score by the supernet that was given.
    pub score: Score,
    /// The entropy of a position of the policy at the end, in nats.
    pub entropy: f64,
}

/// Searches the cells of a supernet by one of the methods. None if `stop` was set.
///
/// # Errors
/// If the space is not one of edge cells, or the loss stops being a number.
#[allow(clippy::too_many_arguments)]
pub fn search(
    method: Method,
    config: &Alternation,
    space: &dyn SearchSpace,
    supernet: &Supernet,
    task: &ImageTask,
    scoring: &Scoring,
    seed: u64,
    stop: &AtomicBool,
) -> Result<Option<Found>> {
    config.check()?;
    let mixture = Plan::mixture(space, supernet.frame())?;
    let mut rng = Rng::stream(seed, "supernet/policy");
    let ops = space.ops().len();
    let positions = positions(space)?;
    let mut policy = Policy::new(positions, ops, config.rate(method));
    let mut course = Course::new(supernet.clone());
    let recipe = Recipe {
        batch: config.batch,
        learning_rate: config.learning_rate,
        ..Recipe::default()
    };
    let (train, validation) = (task.train(), task.validation());
    let mut train = endless(&train, seed, config.batch);
    let mut validation = endless(&validation, seed, config.batch);
    let mut baseline = Baseline::default();
    for round in 0..config.rounds {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        // Neither feed ends.
        let (Some(fit), Some(check)) = (train.next(), validation.next()) else {
            break;
        };
        let score = match method {
            Method::Enas => {
                let cell = policy.sample(&mut rng);
                let score = course.step(space, &recipe, &[cell], &[fit], recipe.learning_rate)?;
                let cells: Vec<Arch> = (0..config.samples)
                    .map(|_| policy.sample(&mut rng))
                    .collect();
                let rewards = rewards(&course.supernet, space, &cells, &check)?;
                policy.reinforce(&cells, &rewards, baseline.follow(&rewards));
                score
            }
            Method::Darts => {
                let shares = policy.probabilities();
                let score = course.mixed_step(&mixture, &shares, &recipe, &fit)?;
                let by_mixture = course.mixture_gradient(&mixture, &shares, &check)?;
                policy.ascend(&by_mixture);
                score
            }
        };
        if !score.loss.is_finite() {
            return Err(TrainError::Diverged {
                epoch: round + 1,
                loss: score.loss,
            });
        }
    }
    let candidates: Vec<Arch> = match method {
        Method::Enas => (0..config.samples)
            .map(|_| policy.sample(&mut rng))
            .collect(),
        Method::Darts => vec![policy.mode()],
    };
    let (mut best, mut failed): (Option<Found>, _) = (None, None);
    for arch in candidates {
        let score = match scoring.score(supernet, space, &arch, task) {
            // Another one may have a score.
            Err(none @ TrainError::NoNumber { .. }) => {
                failed = Some(none);
                continue;
            }
            score => score?,
        };
        if best.is_none_or(|found| score.accuracy > found.score.accuracy) {
            let entropy = policy.entropy();
            best = Some(Found {
                arch,
                score,
                entropy,
            });
        }
    }
    match (best, failed) {
        (None, Some(failed)) => Err(failed),
        (best, _) => Ok(best),
    }
}

/// The accuracy of each cell on a batch.
fn rewards(
    supernet: &Supernet,
    space: &dyn SearchSpace,
    cells: &[Arch],
    batch: &Batch,
) -> Result<Vec<f64>> {
    let accuracy = |cell: &Arch| -> Result<f64> {
        Ok(supernet.network(space, cell)?.accuracy(batch)?.accuracy)
    };
    cells.par_iter().map(accuracy).collect()
}

/// What the rewards of samples are compared with: their moving mean.
#[derive(Default)]
struct Baseline(Option<f64>);

impl Baseline {
    /// The level before these rewards, which move it.
    fn follow(&mut self, rewards: &[f64]) -> f64 {
        let mean = rewards.iter().sum::<f64>() / rewards.len() as f64;
        let level = self.0.unwrap_or(mean);
        self.0 = Some(0.95 * level + 0.05 * mean);
        level
    }
}

/// The batches of one epoch after another.
fn endless<'a>(
    feed: &'a dyn Feed,
    seed: u64,
    batch: usize,
) -> Box<dyn Iterator<Item = Batch> + 'a> {
    Box::new((1..).flat_map(move |epoch| feed.epoch(epoch, seed, batch)))
}

impl Course {
    /// A step of the shared weights in the mixture of all ops.
    fn mixed_step(
        &mut self,
        mixture: &Plan,
        probabilities: &[Vec<f64>],
        recipe: &Recipe,
        batch: &Batch,
    ) -> Result<Score> {
        let network = self.supernet.mixed(mixture, probabilities);
        let pass = network.pass(batch, 0.0)?;
        let named = mixture.weights.iter().zip(pass.gradients);
        for (slot, gradient) in named {
            if let Some(gradient) = gradient
                && self.supernet.slots.contains_key(&slot.name)
            {
                self.follow(&slot.name, gradient, recipe, recipe.learning_rate);
            }
        }
        Ok(pass.score)
    }

    /// The gradient of minus the loss by the share of each op at each position.
    fn mixture_gradient(
        &self,
        mixture: &Plan,
        probabilities: &[Vec<f64>],
        batch: &Batch,
    ) -> Result<Vec<Vec<f64>>> {
        let network = self.supernet.mixed(mixture, probabilities);
        let pass = network.pass(batch, 0.0)?;
        let mut gradient: Vec<Vec<f64>> =
            probabilities.iter().map(|p| vec![0.0; p.len()]).collect();
        for (slot, by_share) in mixture.weights.iter().zip(pass.gradients) {
            if let (Some((position, op)), Some(by_share)) = (Plan::share(&slot.name), by_share) {
                let number = by_share.into_scalar::<f32>();
                gradient[position][op] -= f64::from(number);
            }
        }
        Ok(gradient)
    }
}

impl Supernet {
    /// The network in which each op has a share at each position.
    fn mixed(&self, mixture: &Plan, probabilities: &[Vec<f64>]) -> Network {
        let mut weights = Weights::default();
        for slot in &mixture.weights {
            let tensor = match Plan::share(&slot.name) {
                Some((position, op)) => Tensor::full(
                    [1, 1, 1, 1],
                    probabilities[position][op] as f32,
                    &self.device,
                ),
                None => self.weights.trained[&slot.name].clone(),
            };
            weights.trained.insert(slot.name.clone(), tensor);
        }
        Network::with_weights(mixture.clone(), weights, 0, &self.device)
    }
}

#[cfg(test)]
mod tests {
    use ganas_core::space::nasbench201;
    use ganas_data::{SplitConfig, load};

    use super::*;
    use crate::cpu;

    #[test]
    fn a_controller_learns_by_the_defaults() {
        let settings = Alternation::default();
        // The better ops gain 2 % each, as much as the noise of a batch of 64 images takes.
        let goal = [2u8, 0, 3, 1, 4, 2];
        let mut rng = Rng::stream(0, "controller");
        let mut policy = Policy::new(goal.len(), 5, settings.rate(Method::Enas));
        let mut baseline = Baseline::default();
        for _ in 0..settings.rounds {
            let cells: Vec<Arch> = (0..settings.samples)
                .map(|_| policy.sample(&mut rng))
                .collect();
            let reward = |cell: &Arch| {
                let right = cell.ops().iter().zip(goal).filter(|(op, g)| **op == *g);
                0.5 + 0.02 * right.count() as f64
            };
            let rewards: Vec<f64> = cells
                .iter()
                .map(|c| reward(c) + 0.02 * rng.normal())
                .collect();
            policy.reinforce(&cells, &rewards, baseline.follow(&rewards));
        }
        let found = policy.mode();
        let right = found.ops().iter().zip(goal).filter(|(op, g)| **op == *g);
        assert!(right.count() >= 5, "{found:?}");
        assert!(policy.entropy() < 0.5 * 5f64.ln(), "{}", policy.entropy());
    }

    #[test]
    fn settings_out_of_range_are_named() {
        assert!(Alternation::default().check().is_ok());
        let none = Alternation {
            samples: 0,
            ..Alternation::default()
        };
        let error = none.check().unwrap_err().to_string();
        assert!(error.contains("samples"), "{error}");
    }

    #[test]
    fn the_gradient_of_shares_is_that_of_finite_differences() {
        let task = ImageTask::new(load("digits").unwrap(), &SplitConfig::default(), 0).unwrap();
        let space = nasbench201();
        let frame = task.frame(Some(4), Some(1));
        let course = Course::new(Supernet::new(&space, frame, 1, &cpu()).unwrap());
        let mixture = Plan::mixture(&space, &frame).unwrap();
        let Some(batch) = task.train().in_order(40).next() else {
            panic!("no batch");
        };
        let shares: Vec<Vec<f64>> = vec![vec![0.1, 0.3, 0.2, 0.25, 0.15]; 6];
        let gradient = course.mixture_gradient(&mixture, &shares, &batch).unwrap();
        let loss = |shares: &[Vec<f64>]| {
            let network = course.supernet.mixed(&mixture, shares);
            network.accuracy(&batch).unwrap().loss
        };
        // One number alone is at the mercy of the kinks of rectifiers and of single precision.
        let step = 1e-3;
        let (mut ours, mut slopes) = (Vec::new(), Vec::new());
        for position in 0..6 {
            for op in 0..5 {
                let moved = |by: f64| {
                    let mut shares = shares.clone();
                    shares[position][op] += by;
                    loss(&shares)
                };
                slopes.push((moved(step) - moved(-step)) / (2.0 * step));
                ours.push(-gradient[position][op]);
            }
        }
        let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
        let lengths = [&ours, &slopes].map(|v| dot(v, v).sqrt());
        let cosine = dot(&ours, &slopes) / (lengths[0] * lengths[1]);
        assert!(cosine > 0.99, "{ours:?} {slopes:?}");
        assert!((lengths[0] / lengths[1] - 1.0).abs() < 0.05, "{lengths:?}");
        // `none` carries nothing, whatever its share.
        let none = space.ops().iter().position(|op| op == "none").unwrap();
        assert!(gradient.iter().all(|ops| ops[none] == 0.0));
    }
}
