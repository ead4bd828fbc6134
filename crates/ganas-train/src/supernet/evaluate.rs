//! Architectures scored by the weights of a supernet.

use std::sync::Arc;

use ganas_core::arch::Arch;
use ganas_core::error::Result as CoreResult;
use ganas_core::evaluate::{Evaluator, Work};
use ganas_core::space::SearchSpace;
use rayon::ThreadPool;
use serde::{Deserialize, Serialize};

use super::Supernet;
use crate::error::Result;
use crate::evaluate::{METRICS, spread};
use crate::task::ImageTask;
use crate::trainer::{Network, Score};

/// The number of validation images in one pass. Scores depend on it only by rounding. The
/// activations of a small network for 25 images stay in a core's cache, which takes a fifth less
/// time than ten times as many.
const PASS: usize = 25;

/// The procedure by which a supernet scores an architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scoring {
    /// Validation images: all.
    pub images: Option<usize>,
    /// Training images by which the moments of batch normalisation are measured: 500 (`ours`).
    pub calibration: usize,
    /// Images a batch of these: 250 (`ours`).
    pub batch: usize,
}

impl Default for Scoring {
    fn default() -> Self {
        Scoring {
            images: None,
            calibration: 500,
            batch: 250,
        }
    }
}

impl Scoring {
    /// The network of an architecture as it is scored: with its share of the weights, and moments
    /// measured on training images.
    ///
    /// # Errors
    /// If the architecture is not one of the space.
    pub fn network(
        &self,
        supernet: &Supernet,
        space: &dyn SearchSpace,
        arch: &Arch,
        task: &ImageTask,
    ) -> Result<Network> {
        let mut network = supernet.network(space, arch)?;
        network.recompute_moments(&task.train().some(self.calibration, 0), self.batch)?;
        Ok(network)
    }

    /// Scores the [network](Self::network) of an architecture on validation images. Which images is
    /// the same for all architectures.
    ///
    /// # Errors
    /// If the architecture is not in the space, or its outputs are not numbers.
    pub fn score(
        &self,
        supernet: &Supernet,
        space: &dyn SearchSpace,
        arch: &Arch,
        task: &ImageTask,
    ) -> Result<Score> {
        let network = self.network(supernet, space, arch, task)?;
        let validation = task.validation();
        let count = self.images.unwrap_or(usize::MAX);
        network.evaluate(&validation.some(count, 0), PASS)?.number()
    }
}

/// Evaluates architectures by a supernet, several at once, each on one thread.
///
/// The metrics are `accuracy`, in percent of the validation images, and `loss`, their mean cross
/// entropy in nats.
pub struct SupernetEvaluator {
    space: Arc<dyn SearchSpace>,
    supernet: Arc<Supernet>,
    task: Arc<ImageTask>,
    scoring: Scoring,
    pool: Arc<ThreadPool>,
    metrics: Vec<String>,
}

impl SupernetEvaluator {
    /// An evaluator of architectures of a space, on the threads of a pool.
    pub fn new(
        space: Arc<dyn SearchSpace>,
        supernet: Arc<Supernet>,
        task: Arc<ImageTask>,
        scoring: Scoring,
        pool: Arc<ThreadPool>,
    ) -> Self {
        SupernetEvaluator {
            space,
            supernet,
            task,
            scoring,
            pool,
            metrics: METRICS.map(String::from).to_vec(),
        }
    }
}

impl Evaluator for SupernetEvaluator {
    fn metrics(&self) -> &[String] {
        &self.metrics
    }

    fn slots(&self) -> usize {
        self.pool.current_num_threads()
    }

    fn run(&mut self, work: &mut dyn Work) -> CoreResult<()> {
        let (supernet, space) = (self.supernet.clone(), self.space.clone());
        let (scoring, task) = (self.scoring, self.task.clone());
        spread(&self.pool, work, move |trial, _| {
            let arch = &trial.arch;
            scoring.score(&supernet, &*space, arch, &task)
        });
        Ok(())
    }
}
