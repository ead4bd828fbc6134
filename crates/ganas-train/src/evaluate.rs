//! Architectures evaluated by training them.

use std::sync::Arc;

use burn::tensor::Device;
use ganas_core::arch::Arch;
use ganas_core::evaluate::{Evaluator, Outcome};
use ganas_core::rng::Rng;
use ganas_core::space::{Sampler, SearchSpace};
use rayon::ThreadPool;
use rayon::prelude::*;

use crate::error::{Result, TrainError};
use crate::network::Plan;
use crate::recipe::Recipe;
use crate::task::ImageTask;
use crate::trainer::{Epoch, Network, Score, measure};

/// The metrics of networks that are trained or scored here.
pub const METRICS: [&str; 2] = ["accuracy", "loss"];

/// The metrics of a score: the accuracy in percent, and the mean cross entropy in nats.
pub(crate) fn metrics(score: &Score) -> Vec<f64> {
    vec![100.0 * score.accuracy, score.loss]
}

/// Random architectures of a space that are tried before a search: one of each op, mostly.
const TRIED: usize = 50;

/// How architectures become trained networks.
#[derive(Clone)]
pub struct Training {
    /// The space.
    pub space: Arc<dyn SearchSpace>,
    /// What they are trained for.
    pub task: Arc<ImageTask>,
    /// How.
    pub recipe: Recipe,
}

impl Training {
    /// Checks that networks of the space can be trained by this recipe for this task.
    ///
    /// # Errors
    /// If a setting is out of range, an op has no layers, or the images do not fit.
    pub fn check(&self) -> Result<()> {
        self.recipe.check()?;
        let sampler = Sampler::feasible(&*self.space, None)?;
        let mut rng = Rng::stream(0, "training/check");
        (0..TRIED).try_for_each(|_| self.plan(&self.space.sample(sampler, &mut rng)).map(drop))
    }

    /// The network of an architecture.
    ///
    /// # Errors
    /// As [`Plan::build`].
    pub fn plan(&self, arch: &Arch) -> Result<Plan> {
        let frame = self.task.frame(self.recipe.width, self.recipe.depth);
        Plan::build(&*self.space, arch, &frame)
    }

    /// Trains an architecture and scores it on the validation images. What comes out depends on
    /// the architecture and the seed alone.
    ///
    /// # Errors
    /// If its network cannot be built, or its training diverges.
    pub fn evaluate(&self, arch: &Arch, seed: u64) -> Result<Score> {
        let (train, validation) = (self.task.train(), self.task.validation());
        let seed = self.seed(arch, seed);
        let device = Device::flex();
        let outcome = measure(
            &self.plan(arch)?,
            &self.recipe,
            &train,
            &validation,
            seed,
            &device,
        )?;
        Ok(outcome.mean)
    }

    /// Trains an architecture on training and validation images, and scores it on the test images.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn finish(
        &self,
        arch: &Arch,
        seed: u64,
        observe: &mut dyn FnMut(&Epoch),
    ) -> Result<(Network, Score)> {
        let seed = self.seed(arch, seed);
        let mut network = Network::new(self.plan(arch)?, seed, &Device::flex());
        network.train(&self.recipe, &self.task.development(), seed, observe)?;
        let score = network.evaluate(&self.task.test(), self.recipe.batch)?;
        Ok((network, score))
    }

    fn seed(&self, arch: &Arch, seed: u64) -> u64 {
        Rng::stream(seed, &format!("training {}", self.space.format(arch))).bits()
    }
}

/// Called with how many architectures of a batch are done, and how many there are.
pub type Watch = Arc<dyn Fn(usize, usize) + Send + Sync>;

/// Evaluates architectures by training them, several at once, each on one thread.
///
/// The metrics are `accuracy`, in percent of the validation images, and `loss`, their mean cross
/// entropy in nats. They do not depend on the number of threads. A training that diverges is a
/// failed evaluation.
pub struct TrainingEvaluator {
    training: Training,
    seed: u64,
    pool: Arc<ThreadPool>,
    watch: Option<Watch>,
    metrics: Vec<String>,
}

impl TrainingEvaluator {
    /// An evaluator whose trainings run on the threads of a pool.
    pub fn new(training: Training, seed: u64, pool: Arc<ThreadPool>) -> Self {
        TrainingEvaluator {
            training,
            seed,
            pool,
            watch: None,
            metrics: METRICS.map(String::from).to_vec(),
        }
    }

    /// The same, and who is told of each architecture that is done.
    pub fn watched(self, watch: Watch) -> Self {
        TrainingEvaluator {
            watch: Some(watch),
            ..self
        }
    }
}

impl Evaluator for TrainingEvaluator {
    fn metrics(&self) -> &[String] {
        &self.metrics
    }

    fn evaluate(&mut self, batch: &[Arch]) -> Vec<Outcome> {
        let one = |arch: &Arch| self.training.evaluate(arch, self.seed);
        all(&self.pool, batch, self.watch.as_ref(), &one)
    }
}

/// Scores architectures on the threads of a pool; the outcomes are in their order.
pub(crate) fn all(
    pool: &ThreadPool,
    batch: &[Arch],
    watch: Option<&Watch>,
    one: &(dyn Fn(&Arch) -> Result<Score, TrainError> + Sync),
) -> Vec<Outcome> {
    let done = std::sync::atomic::AtomicUsize::new(0);
    let tell = |count: usize| watch.iter().for_each(|w| w(count, batch.len()));
    tell(0);
    let outcome = |arch: &Arch| {
        let outcome = match one(arch) {
            Ok(score) => Outcome::Done(metrics(&score)),
            Err(error) => Outcome::Failed(error.to_string()),
        };
        tell(1 + done.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        outcome
    };
    pool.install(|| batch.par_iter().with_max_len(1).map(outcome).collect())
}
