//! Architectures evaluated by training them.

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use ganas_core::arch::Arch;
use ganas_core::error::Result as CoreResult;
use ganas_core::evaluate::{Advice, Details, Evaluator, Outcome, Work};
use ganas_core::rng::Rng;
use ganas_core::space::{Sampler, SearchSpace};
use ganas_core::trial::{Axis, Trial};
use ganas_tensor::Device;
use rayon::ThreadPool;

use crate::error::Result;
use crate::network::Plan;
use crate::paused::Checkpoints;
use crate::recipe::Recipe;
use crate::task::ImageTask;
use crate::trainer::{Course, Epoch, Network, Score, measure};

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

    /// Trains an architecture for some of the recipe's epochs, from where its checkpoint was left, and scores it
    /// on the validation images. `report` takes the scores after earlier epochs, and returns false to stop.
    ///
    /// # Errors
    /// Those of [`evaluate`](Self::evaluate).
    pub(crate) fn evaluate_until(
        &self,
        arch: &Arch,
        seed: u64,
        epochs: usize,
        checkpoints: &Checkpoints,
        report: &mut dyn FnMut(usize, &Score) -> bool,
    ) -> Result<Score> {
        let train = self.task.train().augmented(self.recipe.augment.clone());
        let (validation, batch) = (self.task.validation(), self.recipe.batch);
        let identity = self.identity(arch, seed);
        let seed = self.seed(arch, seed);
        let plan = self.plan(arch)?;
        let loaded = checkpoints.load(&identity, &plan, &self.device);
        let loaded = loaded.filter(|(_, course)| course.epochs <= epochs);
        let (mut network, mut course) =
            loaded.unwrap_or_else(|| (Network::new(plan, seed, &self.device), Course::default()));
        // Half of the epochs, half of that, and so on: validations take time.
        let mut stops: Vec<usize> = std::iter::successors(Some(epochs), |e| Some(e / 2))
            .take_while(|e| *e > course.epochs)
            .collect();
        stops.reverse();
        // A program that was killed may have lost them.
        for (epoch, score) in course.scores.iter().filter(|(epoch, _)| *epoch < epochs) {
            if !report(*epoch, score) {
                return Ok(*score);
            }
        }
        let mut last = None;
        for stop in stops {
            network.train_on(&self.recipe, &train, seed, &mut course, stop, &mut |_| ())?;
            let score = network.evaluate(&validation, batch)?.number()?;
            course.scores.push((stop, score));
            if stop < epochs && !report(stop, &score) {
                checkpoints.save(&identity, &network, &course)?;
                return Ok(score);
            }
            last = Some(score);
        }
        if epochs < self.recipe.epochs {
            checkpoints.save(&identity, &network, &course)?;
        }
        match last {
            Some(score) => Ok(score),
            None => network.evaluate(&validation, batch)?.number(),
        }
    }

    /// Everything that the numbers of a training follow from.
    fn identity(&self, arch: &Arch, seed: u64) -> String {
        let text = self.space.format(arch);
        let split = self.task.split();
        let images = [&split.train, &split.validation, &split.test].map(Vec::len);
        let name = self.task.dataset().name();
        format!(
            "{text} {seed} {name} {images:?} {:?} {:?}",
            self.recipe, self.device
        )
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
    levels: Option<Levels>,
}

/// Several fidelities: epochs of the recipe.
#[derive(Clone)]
struct Levels {
    axis: Axis,
    checkpoints: Checkpoints,
}

impl TrainingEvaluator {
    /// An evaluator with trainings on the threads of a pool.
    pub fn new(training: Training, seed: u64, pool: Arc<ThreadPool>) -> Self {
        TrainingEvaluator {
            training,
            seed,
            pool,
            metrics: METRICS.map(String::from).to_vec(),
            levels: None,
        }
    }

    /// Trains for the epochs of a fidelity, whose highest level is that of the recipe. Trainings go on from
    /// their checkpoints.
    pub fn with_levels(self, axis: Axis, checkpoints: Checkpoints) -> Self {
        let levels = Some(Levels { axis, checkpoints });
        TrainingEvaluator { levels, ..self }
    }
}

impl Evaluator for TrainingEvaluator {
    fn metrics(&self) -> &[String] {
        &self.metrics
    }

    fn slots(&self) -> usize {
        self.pool.current_num_threads()
    }

    fn axis(&self) -> Option<&Axis> {
        self.levels.as_ref().map(|levels| &levels.axis)
    }

    fn run(&mut self, work: &mut dyn Work) -> CoreResult<()> {
        let (training, seed) = (self.training.clone(), self.seed);
        let Some(levels) = self.levels.clone() else {
            spread(&self.pool, work, move |trial, _| {
                training.evaluate(&trial.arch, seed)
            });
            return Ok(());
        };
        let Levels { axis, checkpoints } = levels;
        spread(&self.pool, work, move |trial, report| {
            let epochs = axis.level(trial.fidelity) as usize;
            training.evaluate_until(&trial.arch, seed, epochs, &checkpoints, report)
        });
        Ok(())
    }
}

/// Interval between checks for a stop.
const POLL: Duration = Duration::from_millis(50);

/// Message of a thread that evaluates.
enum Message {
    /// Metrics after some epochs. The answer is true if the training goes on.
    Report(Trial, u32, Vec<f64>, mpsc::Sender<bool>),
    Done(Trial, Outcome, Duration),
}

/// Takes the score after some epochs, and returns false to stop the training.
pub(crate) type Report<'r> = &'r mut dyn FnMut(usize, &Score) -> bool;

/// Scores trials on the threads of a pool. After a stop, running trainings end without a result.
pub(crate) fn spread(
    pool: &ThreadPool,
    work: &mut dyn Work,
    one: impl Fn(&Trial, Report) -> Result<Score> + Clone + Send + 'static,
) {
    let (sender, messages) = mpsc::channel();
    let mut begun = 0;
    loop {
        while begun < pool.current_num_threads()
            && let Some(trial) = work.next()
        {
            let (sender, one) = (sender.clone(), one.clone());
            pool.spawn(move || {
                let begun = Instant::now();
                let report = |epochs: usize, score: &Score| {
                    let (answer, answers) = mpsc::channel();
                    let message = Message::Report(trial, epochs as u32, metrics(score), answer);
                    // Nobody answers any more once it was stopped.
                    sender.send(message).is_ok() && answers.recv().unwrap_or(false)
                };
                let outcome = outcome(&|| one(&trial, &mut { report }));
                // Nobody listens any more once it was stopped.
                let _ = sender.send(Message::Done(trial, outcome, begun.elapsed()));
            });
            begun += 1;
        }
        if begun == 0 {
            return;
        }
        match messages.recv_timeout(POLL) {
            Ok(Message::Report(trial, level, metrics, answer)) => {
                let advice = work.report(&trial, level, &metrics);
                let _ = answer.send(advice == Advice::Continue);
            }
            Ok(Message::Done(trial, outcome, time)) => {
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
