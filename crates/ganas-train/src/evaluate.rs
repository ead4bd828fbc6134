//! Architectures evaluated by training them.

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use ganas_core::arch::Arch;
use ganas_core::error::Result as CoreResult;
use ganas_core::evaluate::{Details, Evaluator, Outcome, Work};
use ganas_core::rng::Rng;
use ganas_core::space::{Sampler, SearchSpace};
use ganas_tensor::Device;
use rayon::ThreadPool;

use crate::error::Result;
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

/// Settings for the training of architectures.
#[derive(Clone)]
pub struct Training {
    /// The space.
    pub space: Arc<dyn SearchSpace>,
    /// The dataset, split and normalised.
    pub task: Arc<ImageTask>,
    /// The training recipe.
    pub recipe: Recipe,
    /// The device to train on.
    pub device: Device,
}

impl Training {
    /// Checks that networks of the space can be trained by this recipe for this task.
    ///
    /// # Errors
    /// If a setting is out of range, an op has no layers, or the images do not fit.
    pub fn check(&self) -> Result<()> {
        self.recipe.check()?;
        if let Some(augment) = &self.recipe.augment {
            self.task.check(augment)?;
        }
        let sampler = Sampler::feasible(&*self.space, None)?;
        let mut rng = Rng::stream(0, "training/check");
        (0..TRIED).try_for_each(|_| self.plan(&self.space.sample(sampler, &mut rng)).map(drop))
    }

    /// The network of an architecture.
    ///
    /// # Errors
    /// Those of [`Plan::build`], and if the network is too large.
    pub fn plan(&self, arch: &Arch) -> Result<Plan> {
        let frame = self.task.frame(self.recipe.width, self.recipe.depth);
        let plan = Plan::build(&*self.space, arch, &frame)?;
        plan.check_params()?;
        Ok(plan)
    }

    /// Trains an architecture and scores it on the validation images. On the CPU the result depends
    /// on the architecture and the seed alone.
    ///
    /// # Errors
    /// If its network cannot be built, or its training diverges.
    pub fn evaluate(&self, arch: &Arch, seed: u64) -> Result<Score> {
        let train = self.task.train().augmented(self.recipe.augment.clone());
        let validation = self.task.validation();
        let seed = self.seed(arch, seed);
        let outcome = measure(
            &self.plan(arch)?,
            &self.recipe,
            &train,
            &validation,
            seed,
            &self.device,
        )?;
        Ok(outcome.mean)
    }

    /// Trains an architecture on training and validation images, and scores it on the test images.
    ///
    /// # Errors
    /// Those of [`evaluate`](Self::evaluate).
    pub fn finish(
        &self,
        arch: &Arch,
        seed: u64,
        observe: &mut dyn FnMut(&Epoch),
    ) -> Result<(Network, Score)> {
        let seed = self.seed(arch, seed);
        let mut network = Network::new(self.plan(arch)?, seed, &self.device);
        let feed = self.task.development();
        let feed = feed.augmented(self.recipe.augment.clone());
        network.train(&self.recipe, &feed, seed, observe)?;
        let score = network
            .evaluate(&self.task.test(), self.recipe.batch)?
            .number()?;
        Ok((network, score))
    }

    fn seed(&self, arch: &Arch, seed: u64) -> u64 {
        Rng::stream(seed, &format!("training {}", self.space.format(arch))).bits()
    }
}

/// Evaluates architectures by training them, several at once, each on one thread. A graphics card
/// serves all threads.
///
/// The metrics are `accuracy`, in percent of the validation images, and `loss`, their mean cross
/// entropy in nats. On the CPU they do not depend on the number of threads. A training that diverges is a
/// failed evaluation.
pub struct TrainingEvaluator {
    training: Training,
    seed: u64,
    pool: Arc<ThreadPool>,
    metrics: Vec<String>,
}

impl TrainingEvaluator {
    /// An evaluator with trainings on the threads of a pool.
    pub fn new(training: Training, seed: u64, pool: Arc<ThreadPool>) -> Self {
        TrainingEvaluator {
            training,
            seed,
            pool,
            metrics: METRICS.map(String::from).to_vec(),
        }
    }
}

impl Evaluator for TrainingEvaluator {
    fn metrics(&self) -> &[String] {
        &self.metrics
    }

    fn slots(&self) -> usize {
        self.pool.current_num_threads()
    }

    fn run(&mut self, work: &mut dyn Work) -> CoreResult<()> {
        let (training, seed) = (self.training.clone(), self.seed);
        spread(&self.pool, work, move |arch| training.evaluate(arch, seed));
        Ok(())
    }
}

/// Interval between checks for a stop.
const POLL: Duration = Duration::from_millis(50);

/// Scores architectures on the threads of a pool. After a stop, running trainings end without a
/// result.
pub(crate) fn spread(
    pool: &ThreadPool,
    work: &mut dyn Work,
    one: impl Fn(&Arch) -> Result<Score> + Clone + Send + 'static,
) {
    let (sender, outcomes) = mpsc::channel();
    let mut begun = 0;
    loop {
        while begun < pool.current_num_threads()
            && let Some(trial) = work.next()
        {
            let (sender, one) = (sender.clone(), one.clone());
            pool.spawn(move || {
                let begun = Instant::now();
                let outcome = outcome(&|| one(&trial.arch));
                // Nobody listens any more once it was stopped.
                let _ = sender.send((trial, outcome, begun.elapsed()));
            });
            begun += 1;
        }
        if begun == 0 {
            return;
        }
        match outcomes.recv_timeout(POLL) {
            Ok((trial, outcome, time)) => {
                begun -= 1;
                work.details(&trial, Details::taking(time));
                work.done(&trial, outcome);
            }
            Err(_) if work.stopped() => return,
            Err(_) => {}
        }
    }
}

fn outcome(score: &dyn Fn() -> Result<Score>) -> Outcome {
    // One evaluation that goes wrong in whatever way must not end all the others.
    match panic::catch_unwind(AssertUnwindSafe(score)) {
        Ok(Ok(score)) => Outcome::Done(metrics(&score)),
        Ok(Err(error)) => Outcome::Failed(error.to_string()),
        Err(_) => Outcome::Failed("the training panicked".into()),
    }
}
