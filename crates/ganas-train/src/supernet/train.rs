//! Trains a supernet: each step, one or a few architectures on a batch each.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use ganas_core::arch::Arch;
use ganas_core::rng::Rng;
use ganas_core::space::{Kind, Sampler, SearchSpace};
use ganas_tensor::Tensor;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Supernet;
use super::share::{shared_name, widen};
use crate::error::{Result, TrainError};
use crate::examples::{Batch, Feed};
use crate::optimizer::Memory;
use crate::recipe::Recipe;
use crate::trainer::{Epoch, Pass, Score, Sum};

/// The architectures that a step trains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Paths {
    /// One cell for each op, with each op once at each position, in an order of the position's own
    /// (strict fairness: Chu et al. 2019, arXiv 1907.01845), and so for blocks of a chain. If positions
    /// depend on each other, as in node cells and mobile networks, random ones.
    #[default]
    Fair,
    /// One random architecture for each op.
    Random,
    /// One random architecture (uniform sampling of single paths: Guo et al. 2020, arXiv 1904.00420).
    Single,
}

impl Paths {
    /// The number of architectures of a step.
    fn count(self, space: &dyn SearchSpace) -> usize {
        match self {
            Paths::Fair | Paths::Random => space.ops().len(),
            Paths::Single => 1,
        }
    }
}

/// Settings of a supernet's training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct SupernetRecipe {
    /// The recipe; its `batch` is the batch of each cell of a step, and its `repeats` are 1.
    pub recipe: Recipe,
    /// The architectures that a step trains.
    pub paths: Paths,
}

impl Default for SupernetRecipe {
    /// The default settings, all `ours`: 20 epochs of batches of 32 for each cell, a learning rate
    /// of 0.1, 8 channels, and one cell a stage.
    fn default() -> Self {
        SupernetRecipe {
            recipe: Recipe {
                epochs: 20,
                batch: 32,
                width: Some(8),
                depth: Some(1),
                ..Recipe::default()
            },
            paths: Paths::Fair,
        }
    }
}

impl SupernetRecipe {
    /// The default settings for a space. In mobile spaces a step trains one architecture, and there
    /// is no depth: the architectures have their own.
    pub fn for_space(space: &dyn SearchSpace) -> Self {
        let mut training = SupernetRecipe::default();
        if let Kind::Mobile(_) = space.kind() {
            training.recipe.depth = None;
            training.paths = Paths::Single;
        }
        training
    }

    /// Checks that every setting is in its range.
    ///
    /// # Errors
    /// If a setting is out of its range.
    pub fn check(&self) -> Result<()> {
        match self.recipe.repeats {
            1 => self.recipe.check(),
            repeats => Err(TrainError::Setting {
                name: "repeats",
                value: repeats as f64,
                range: "1, or leave it out: a supernet is trained once, and again with another seed",
            }),
        }
    }
}

/// A supernet in training. It can be left and taken up again after every epoch.
pub struct Course {
    /// The supernet so far.
    pub supernet: Supernet,
    /// The optimiser's state for each weight.
    pub(super) memory: BTreeMap<String, Memory>,
    /// The epochs that are done.
    pub history: Vec<Epoch>,
    /// The names of the devices that it was trained on, one after another.
    pub devices: Vec<String>,
}

impl Course {
    /// The beginning.
    pub fn new(supernet: Supernet) -> Self {
        Course {
            supernet,
            memory: BTreeMap::new(),
            history: Vec::new(),
            devices: Vec::new(),
        }
    }

    /// Trains one more epoch; `observe` is called after each step with its number, counted from 1,
    /// the number of steps of the epoch, and the score so far. None if `stop` was set: the epoch
    /// has to be trained again from the last state that was kept.
    ///
    /// The cells of a step are trained in parallel on the threads of the current pool, and their
    /// gradients are added in order. So the result does not depend on the number of threads.
    ///
    /// # Errors
    /// If the recipe is out of range, the examples do not fit, or the loss stops being a finite
    /// number.
    pub fn epoch(
        &mut self,
        space: &dyn SearchSpace,
        training: &SupernetRecipe,
        feed: &dyn Feed,
        seed: u64,
        stop: &AtomicBool,
        observe: &mut dyn FnMut(usize, usize, Score),
    ) -> Result<Option<Epoch>> {
        training.check()?;
        let recipe = &training.recipe;
        let epoch = self.history.len() + 1;
        let cells = training.paths.count(space);
        let steps = (feed.len() / (recipe.batch * cells)).max(1);
        let mut rng = Rng::stream(seed, &format!("supernet/paths {epoch}"));
        let mut batches = feed.epoch(epoch, seed, recipe.batch);
        let mut sum = Sum::default();
        let mut learning_rate = 0.0;
        for step in 0..steps {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            learning_rate = recipe.rate((epoch - 1) * steps + step, steps);
            let group: Vec<Batch> = batches.by_ref().take(cells).collect();
            let archs = paths(space, training.paths, &mut rng)?;
            let score = self.step(space, recipe, &archs, &group, learning_rate)?;
            if !score.loss.is_finite() {
                let loss = score.loss;
                return Err(TrainError::Diverged { epoch, loss });
            }
            sum.add(score, 1);
            observe(step + 1, steps, sum.mean());
        }
        let record = Epoch {
            epoch,
            train: sum.mean(),
            learning_rate,
        };
        self.history.push(record);
        Ok(Some(record))
    }

    /// One step of the shared weights along the mean gradient of some cells, each on a batch.
    pub(super) fn step(
        &mut self,
        space: &dyn SearchSpace,
        recipe: &Recipe,
        archs: &[Arch],
        batches: &[Batch],
        learning_rate: f64,
    ) -> Result<Score> {
        let supernet = &self.supernet;
        let pass = |(arch, batch): (&Arch, &Batch)| -> Result<(Vec<String>, Pass)> {
            let network = supernet.network(space, arch)?;
            let slots = network.plan().weights.iter();
            let names = slots.map(|slot| shared_name(space, &slot.name).into_owned());
            Ok((
                names.collect(),
                network.pass(batch, recipe.label_smoothing)?,
            ))
        };
        let passes = (archs.par_iter().zip(batches).with_max_len(1).map(pass))
            .collect::<Result<Vec<_>>>()?;
        let mut sum = Sum::default();
        // A weight follows the mean over the cells that have it: those that all have and those that
        // one in five has learn at the same rate.
        let mut gradients: BTreeMap<String, (Tensor<4>, usize)> = BTreeMap::new();
        for (names, pass) in passes {
            sum.add(pass.score, 1);
            for (name, gradient) in names.into_iter().zip(pass.gradients) {
                let Some(gradient) = gradient else { continue };
                let gradient = widen(gradient, supernet.slots[&name].shape);
                let total = match gradients.remove(&name) {
                    Some((total, count)) => (total + gradient, count + 1),
                    None => (gradient, 1),
                };
                gradients.insert(name, total);
            }
        }
        let score = sum.mean();
        if !score.loss.is_finite() {
            return Ok(score);
        }
        for (name, (gradient, count)) in gradients {
            self.follow(
                &name,
                gradient.div_scalar(count as f64),
                recipe,
                learning_rate,
            );
        }
        Ok(score)
    }

    /// One step of a shared weight along its gradient.
    pub(super) fn follow(
        &mut self,
        name: &str,
        gradient: Tensor<4>,
        recipe: &Recipe,
        learning_rate: f64,
    ) {
        if let Some(weight) = self.supernet.weights.trained.get_mut(name) {
            let memory = self.memory.entry(name.to_owned()).or_default();
            *weight = recipe.optimizer.step(
                weight.clone(),
                gradient,
                memory,
                learning_rate,
                recipe.weight_decay,
            );
        }
    }
}

/// The cells of one step.
fn paths(space: &dyn SearchSpace, paths: Paths, rng: &mut Rng) -> Result<Vec<Arch>> {
    let sampler = Sampler::feasible(space, None)?;
    let count = paths.count(space);
    let mut archs: Vec<Arch> = (0..count).map(|_| space.sample(sampler, rng)).collect();
    if paths == Paths::Fair && matches!(space.kind(), Kind::EdgeCell | Kind::Chain) {
        for edge in 0..archs[0].ops().len() {
            let order = rng.distinct(count, count);
            for (arch, op) in archs.iter_mut().zip(order) {
                *arch = arch.with_op(edge, op as u8);
            }
        }
    }
    Ok(archs)
}
