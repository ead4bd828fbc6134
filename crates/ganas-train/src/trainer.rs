//! Trains a network and scores it.

use ganas_core::rng::Rng;
use ganas_tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::error::{Result, TrainError};
use crate::examples::{Batch, Feed};
use crate::layer::{Moments, Targets, cross_entropy};
use crate::network::{Mode, Plan, Weights, run};
use crate::optimizer::Memory;
use crate::recipe::Recipe;

/// The quality of a network as a classifier of examples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The mean cross entropy, in nats.
    pub loss: f64,
    /// The share of examples in their class, 0 to 1.
    pub accuracy: f64,
}

impl Score {
    /// Returns the score, or an error if the loss is not finite. A network whose weights are not
    /// numbers has an accuracy of zero, which has no meaning for the architecture.
    ///
    /// # Errors
    /// If the loss is not a finite number.
    pub fn number(self) -> Result<Score> {
        if !self.loss.is_finite() {
            return Err(TrainError::NoNumber { loss: self.loss });
        }
        Ok(self)
    }
}

/// One epoch of a training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// The epoch's number, counted from 1.
    pub epoch: usize,
    /// On the batches as they were trained on, while the weights changed; the loss is the one that
    /// is trained, with label smoothing.
    pub train: Score,
    /// The learning rate of its last step.
    pub learning_rate: f64,
}

/// The result of a recipe for an architecture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The mean score over the repeats.
    pub mean: Score,
    /// The score of each.
    pub repeats: Vec<Score>,
}

/// Trains a plan as often as the recipe requires and scores each network on other examples.
///
/// # Errors
/// Those of [`Network::train`], and if the outputs of a trained network are not numbers. One
/// training that diverges fails them all.
pub fn measure(
    plan: &Plan,
    recipe: &Recipe,
    train: &dyn Feed,
    test: &dyn Feed,
    seed: u64,
    device: &Device,
) -> Result<Outcome> {
    recipe.check()?;
    let mut repeats = Vec::new();
    let mut sum = Sum::default();
    for repeat in 0..recipe.repeats {
        let seed = match repeat {
            0 => seed,
            _ => Rng::stream(seed, &format!("repeat {repeat}")).bits(),
        };
        let mut network = Network::new(plan.clone(), seed, device);
        network.train(recipe, train, seed, &mut |_| ())?;
        let score = network.evaluate(test, recipe.batch)?.number()?;
        sum.add(score, 1);
        repeats.push(score);
    }
    Ok(Outcome {
        mean: sum.mean(),
        repeats,
    })
}

/// How far a training has come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Course {
    /// Epochs so far.
    pub epochs: usize,
    /// Scores on the way, by epoch.
    pub scores: Vec<(usize, Score)>,
    /// State of the optimiser for each weight.
    pub memory: Vec<Memory>,
}

/// The result of one pass over a batch.
pub(crate) struct Pass {
    /// The loss that is trained, and the accuracy.
    pub score: Score,
    /// The gradient of each weight in the order of the plan; `None` if the output does not depend
    /// on it.
    pub gradients: Vec<Option<Tensor<4>>>,
    /// The moments of the batch, with their place in the plan.
    pub moments: Vec<(usize, Moments)>,
}

/// A network: its plan, its weights, and the device that they are on.
pub struct Network {
    plan: Plan,
    weights: Weights,
    device: Device,
}

impl Network {
    /// A network with fresh weights.
    pub fn new(plan: Plan, seed: u64, device: &Device) -> Self {
        let device = device.clone();
        Network {
            weights: Weights::new(&plan, seed, &device),
            plan,
            device,
        }
    }

    /// A network with given weights; missing weights are fresh.
    pub fn with_weights(plan: Plan, mut weights: Weights, seed: u64, device: &Device) -> Self {
        let device = device.clone();
        weights.extend(&plan, seed, &device);
        Network {
            plan,
            weights,
            device,
        }
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The weights.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// The weights alone.
    pub fn into_weights(self) -> Weights {
        self.weights
    }

    /// Trains the network, calling `observe` after every epoch.
    ///
    /// The order of the examples follows from the seed, and so does the result: to the bit on one
    /// machine, on any thread.
    ///
    /// # Errors
    /// If the recipe is out of range, the examples do not fit, or the loss stops being a finite
    /// number.
    pub fn train(
        &mut self,
        recipe: &Recipe,
        feed: &dyn Feed,
        seed: u64,
        observe: &mut dyn FnMut(&Epoch),
    ) -> Result<Vec<Epoch>> {
        let mut course = Course::default();
        self.train_on(recipe, feed, seed, &mut course, recipe.epochs, observe)
    }

    /// Continues a training of the recipe until some of its epochs are over. All of it in parts is the same to
    /// the bit as all of it at once.
    ///
    /// # Errors
    /// As [`train`](Self::train).
    pub(crate) fn train_on(
        &mut self,
        recipe: &Recipe,
        feed: &dyn Feed,
        seed: u64,
        course: &mut Course,
        until: usize,
        observe: &mut dyn FnMut(&Epoch),
    ) -> Result<Vec<Epoch>> {
        recipe.check()?;
        self.check(feed)?;
        let steps = feed.len().div_ceil(recipe.batch);
        let Course {
            epochs: done,
            memory,
            ..
        } = course;
        memory.resize_with(self.plan.weights.len(), Memory::default);
        let mut step = *done * steps;
        let mut epochs = Vec::new();
        for epoch in *done + 1..=until {
            let mut sum = Sum::default();
            let mut learning_rate = 0.0;
            for batch in feed.epoch(epoch, seed, recipe.batch) {
                learning_rate = recipe.rate(step, steps);
                let part = self.step(recipe, &batch, memory, learning_rate)?;
                if !part.loss.is_finite() {
                    return Err(TrainError::Diverged {
                        epoch,
                        loss: part.loss,
                    });
                }
                sum.add(part, batch.labels.len());
                step += 1;
            }
            let record = Epoch {
                epoch,
                train: sum.mean(),
                learning_rate,
            };
            *done = epoch;
            observe(&record);
            epochs.push(record);
        }
        Ok(epochs)
    }

    /// One step on one batch; returns the score before the step. If the loss is not finite, the
    /// weights stay.
    fn step(
        &mut self,
        recipe: &Recipe,
        batch: &Batch,
        memory: &mut [Memory],
        learning_rate: f64,
    ) -> Result<Score> {
        let Pass {
            score,
            gradients,
            moments,
        } = self.pass(batch, recipe.label_smoothing)?;
        let weights = self.plan.weights.iter().zip(gradients).zip(memory);
        for ((slot, gradient), memory) in weights {
            if let (Some(gradient), Some(weight)) =
                (gradient, self.weights.trained.get_mut(&slot.name))
            {
                *weight = recipe.optimizer.step(
                    weight.clone(),
                    gradient,
                    memory,
                    learning_rate,
                    recipe.weight_decay,
                );
            }
        }
        for (place, moments) in moments {
            let name = &self.plan.moments[place].0;
            if let Some(running) = self.weights.moments.get_mut(name) {
                *running = running.towards(&moments, recipe.norm_momentum);
            }
        }
        Ok(score)
    }

    /// One pass forward and backward over a batch, without any change. If the loss is not finite,
    /// there are no gradients and moments.
    ///
    /// # Errors
    /// If the batch does not fit.
    pub(crate) fn pass(&self, batch: &Batch, label_smoothing: f64) -> Result<Pass> {
        let leaves: Vec<Tensor<4>> = (self.bound().into_iter())
            .map(Tensor::require_grad)
            .collect();
        let images = self.images(batch)?;
        let output = run(&self.plan, &leaves, images, Mode::Batch);
        let (loss, score) = self.score(output.logits, &batch.labels, label_smoothing)?;
        if !score.loss.is_finite() {
            return Ok(Pass {
                score,
                gradients: Vec::new(),
                moments: Vec::new(),
            });
        }
        let gradients = loss.backward();
        Ok(Pass {
            score,
            gradients: leaves.iter().map(|leaf| leaf.grad(&gradients)).collect(),
            moments: output.moments,
        })
    }

    /// Scores the network on examples, with its running moments.
    ///
    /// # Errors
    /// If the examples do not fit.
    pub fn evaluate(&self, feed: &dyn Feed, batch: usize) -> Result<Score> {
        self.check(feed)?;
        let weights = self.bound();
        let moments = self.running();
        let mut sum = Sum::default();
        for batch in feed.in_order(batch) {
            let images = self.images(&batch)?;
            let output = run(&self.plan, &weights, images, Mode::Running(&moments));
            let (_, score) = self.score(output.logits, &batch.labels, 0.0)?;
            sum.add(score, batch.labels.len());
        }
        Ok(sum.mean())
    }

    /// Scores the network on one batch, normalised by the moments of that batch.
    ///
    /// # Errors
    /// If the batch does not fit.
    pub(crate) fn accuracy(&self, batch: &Batch) -> Result<Score> {
        let output = run(&self.plan, &self.bound(), self.images(batch)?, Mode::Batch);
        Ok(self.score(output.logits, &batch.labels, 0.0)?.1)
    }

    /// Replaces the running moments by the mean of the moments of batches of these examples.
    /// Weights that changed since, or were trained in other networks, need this.
    ///
    /// # Errors
    /// If the examples do not fit.
    pub fn recompute_moments(&mut self, feed: &dyn Feed, batch: usize) -> Result<()> {
        self.check(feed)?;
        let weights = self.bound();
        let mut count = 0.0;
        for batch in feed.in_order(batch) {
            count += 1.0;
            let images = self.images(&batch)?;
            for (place, moments) in run(&self.plan, &weights, images, Mode::Batch).moments {
                let name = &self.plan.moments[place].0;
                if let Some(running) = self.weights.moments.get_mut(name) {
                    *running = running.towards(&moments, 1.0 / count);
                }
            }
        }
        Ok(())
    }

    /// The logits of images, with the running moments, `[examples, classes]` row by row.
    ///
    /// # Errors
    /// If the images do not fit.
    pub fn logits(&self, batch: &Batch) -> Result<Vec<f32>> {
        let images = self.images(batch)?;
        let moments = self.running();
        let output = run(&self.plan, &self.bound(), images, Mode::Running(&moments));
        read(output.logits)
    }

    /// The weights in the order of the plan.
    fn bound(&self) -> Vec<Tensor<4>> {
        let names = self.plan.weights.iter().map(|slot| &slot.name);
        names
            .map(|name| self.weights.trained[name].clone())
            .collect()
    }

    /// The running moments in the order of the plan.
    fn running(&self) -> Vec<Moments> {
        let names = self.plan.moments.iter().map(|(name, _)| name);
        names
            .map(|name| self.weights.moments[name].clone())
            .collect()
    }

    fn check(&self, feed: &dyn Feed) -> Result<()> {
        let own = self.plan.steps.first().map_or([0; 3], |step| step.shape);
        if feed.image() != own {
            return Err(TrainError::Examples(format!(
                "the images are {:?} where the network takes {own:?}",
                feed.image()
            )));
        }
        if feed.is_empty() {
            return Err(TrainError::Examples("there are no examples".into()));
        }
        Ok(())
    }

    fn classes(&self) -> usize {
        self.plan.steps.last().map_or(0, |step| step.shape[2])
    }

    fn images(&self, batch: &Batch) -> Result<Tensor<4>> {
        let [height, width, channels] = self.plan.steps.first().map_or([0; 3], |s| s.shape);
        let shape = [batch.labels.len(), height, width, channels];
        if batch.labels.is_empty() || batch.images.len() != shape.iter().product::<usize>() {
            return Err(TrainError::Examples(format!(
                "a batch of {} numbers is not {shape:?}",
                batch.images.len()
            )));
        }
        let classes = self.classes();
        if let Some(label) = batch.labels.iter().find(|&&l| l as usize >= classes) {
            return Err(TrainError::Examples(format!(
                "an example has the label {label} where the network has {classes} classes"
            )));
        }
        Ok(Tensor::new(batch.images.clone(), shape, &self.device))
    }

    /// The loss, and the score of the batch.
    fn score(
        &self,
        logits: Tensor<4>,
        labels: &[u32],
        smoothing: f64,
    ) -> Result<(Tensor<1>, Score)> {
        let classes = self.classes();
        let targets = Targets::new(labels, classes, smoothing, &self.device);
        let loss = cross_entropy(logits.clone(), &targets);
        let values = read(loss.clone())?;
        let logits = read(logits)?;
        let right = (logits.chunks_exact(classes).zip(labels))
            .filter(|(row, label)| best(row) == Some(**label as usize))
            .count();
        let score = Score {
            loss: values.first().map_or(f64::NAN, |v| *v as f64),
            accuracy: right as f64 / labels.len() as f64,
        };
        Ok((loss, score))
    }
}

/// The place of the largest number, the first of equals; none if one is not a number.
fn best(row: &[f32]) -> Option<usize> {
    let mut best = 0;
    for (i, value) in row.iter().enumerate() {
        if value.is_nan() {
            return None;
        }
        if *value > row[best] {
            best = i;
        }
    }
    Some(best)
}

pub(crate) fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
    Ok(tensor.into_vec()?)
}

/// A mean over examples.
#[derive(Default)]
pub(crate) struct Sum {
    loss: f64,
    right: f64,
    count: f64,
}

impl Sum {
    pub fn add(&mut self, score: Score, examples: usize) {
        let examples = examples as f64;
        self.loss += score.loss * examples;
        self.right += score.accuracy * examples;
        self.count += examples;
    }

    pub fn mean(&self) -> Score {
        Score {
            loss: self.loss / self.count,
            accuracy: self.right / self.count,
        }
    }
}
