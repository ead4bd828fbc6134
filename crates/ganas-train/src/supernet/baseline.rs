//! Searches that train the shared weights and a policy in turn: in the manner of ENAS and of DARTS.
//!
//! Both start from the weights of a trained supernet. Each round takes one step of the weights on
//! training images and one of the policy on validation images. [`Choices`] defines the policy's
//! choices for each kind of cell.

use std::sync::atomic::{AtomicBool, Ordering};

use ganas_core::arch::Arch;
use ganas_core::rng::Rng;
use ganas_core::space::SearchSpace;
use ganas_tensor::Tensor;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::choices::{Choices, Draw};
use super::policy::Policy;
use super::{Course, Scoring, Supernet};
use crate::error::{Result, TrainError};
use crate::examples::{Batch, Feed};
use crate::network::{Plan, Weights};
use crate::recipe::Recipe;
use crate::task::ImageTask;
use crate::trainer::{Network, Score, read};

/// The update rule of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// A controller with a reward for sampled cells on a validation batch (REINFORCE with a moving
    /// baseline: Pham et al. 2018, arXiv 1802.03268). Its cell is the best of several samples on
    /// the validation images. The controller has a softmax for each choice instead of an LSTM.
    /// Choices are the op of each position of an edge cell, or the op of each vertex of a node cell
    /// and the presence of each optional edge.
    Enas,
    /// A mixture of all ops at each position, by the gradient of the validation loss in the first
    /// order (Liu et al. 2019, arXiv 1806.09055). Its cell has the heaviest op everywhere, zeros left
    /// out. As in the paper, batch normalisation within cells neither scales nor shifts during the search:
    /// a scale would take the place of a share.
    ///
    /// In node cells edges have weights, too, and the cell has as many of the heaviest as its space
    /// allows. The mixture is at the [full width](Plan::mixture), to which a cell comes the less close
    /// the more vertices feed its output.
    ///
    /// Two things differ from the paper: the search starts from the weights of a trained supernet,
    /// and the decay rate of the mean of Adam's gradients is 0.9 instead of 0.5.
    Darts,
}

/// The reward of a controller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reward {
    /// A low loss, which orders cells better on few images, and which other searches of a supernet are
    /// judged by (`ours`).
    #[default]
    Loss,
    /// Accuracy (ENAS).
    Accuracy,
}

/// Settings of [`search`]; all `ours` unless another origin is named. Both papers move the policy
/// far more slowly, over tens of thousands of steps (at 3.5e-3 and 3e-4). At those rates its
/// entropy would hardly change in hundreds of steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Alternation {
    /// Rounds: 300.
    pub rounds: usize,
    /// Images of a batch: 64.
    pub batch: usize,
    /// The learning rate of the weights, constant: 0.025 (DARTS, with a decay).
    pub learning_rate: f64,
    /// Adam's learning rate for the policy: 0.05 for the controller of ENAS, 0.03 for the mixture of
    /// DARTS.
    pub policy_rate: Option<f64>,
    /// The weight decay of the policy: 1e-3 for DARTS (its paper's), 0 for ENAS.
    pub policy_decay: Option<f64>,
    /// Cells that the controller samples a step: 10.
    pub samples: usize,
    /// The reward of ENAS' controller, which also chooses the best of its samples.
    pub reward: Reward,
    /// True if batch normalisation within the cells of DARTS' mixture scales and shifts: false
    /// (DARTS).
    pub affine: bool,
}

impl Default for Alternation {
    fn default() -> Self {
        Alternation {
            rounds: 300,
            batch: 64,
            learning_rate: 0.025,
            policy_rate: None,
            policy_decay: None,
            samples: 10,
            reward: Reward::default(),
            affine: false,
        }
    }
}

impl Alternation {
    /// Checks that every setting is in its range.
    ///
    /// # Errors
    /// If a setting is out of its range.
    pub fn check(&self) -> Result<()> {
        let least = |name, value: usize| {
            let range = "at least 1 and at most 1000000";
            (name, value as f64, (1..=1_000_000).contains(&value), range)
        };
        let above = |name, value: f64| (name, value, value > 0.0 && value.is_finite(), "above 0");
        let decay = self.policy_decay.unwrap_or_default();
        let checks = [
            least("rounds", self.rounds),
            least("batch", self.batch),
            least("samples", self.samples),
            above("learning-rate", self.learning_rate),
            above("policy-rate", self.policy_rate.unwrap_or(1.0)),
            (
                "policy-decay",
                decay,
                decay >= 0.0 && decay.is_finite(),
                "0 or more",
            ),
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

    /// The weight decay of the policy.
    pub fn decay(&self, method: Method) -> f64 {
        self.policy_decay.unwrap_or(match method {
            Method::Enas => 0.0,
            Method::Darts => 1e-3,
        })
    }
}

/// The result of a search.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// The cell.
    pub arch: Arch,
    /// The cell's score by the shared weights at the end of the search.
    pub score: Score,
    /// The mean entropy of a choice of the policy at the end, in nats.
    pub entropy: f64,
}

/// Searches the cells of a supernet by one of the methods. None if `stop` was set.
///
/// # Errors
/// If the space has no cells, or the loss stops being a number.
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
    let choices = Choices::of(space)?;
    let mut policy = Policy::new(choices.sizes(), config.rate(method), config.decay(method));
    let mut course = Course::new(supernet.clone());
    let fixed_norms = method == Method::Darts && !config.affine;
    if fixed_norms {
        course.supernet.reset_norms();
    }
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
        let epoch = round + 1;
        let diverged = |loss| TrainError::Diverged { epoch, loss };
        // Neither feed ends.
        let (Some(fit), Some(check)) = (train.next(), validation.next()) else {
            break;
        };
        let score = match method {
            Method::Enas => {
                let odds = policy.probabilities();
                let cell = choices.draw(&odds, &mut rng).arch;
                let score = course.step(space, &recipe, &[cell], &[fit], recipe.learning_rate)?;
                let draws = draws(config.samples, &choices, &odds, &mut rng);
                let rewards = rewards(&course.supernet, space, &draws, &check, config.reward)?;
                let rewards = rewards.ok_or_else(|| diverged(f64::NAN))?;
                policy.reinforce(&draws, &rewards, baseline.follow(&rewards));
                score
            }
            Method::Darts => {
                let shares = policy.probabilities();
                let score = course.mixed_step(&mixture, &shares, &recipe, &fit, fixed_norms)?;
                let by_mixture = course.mixture_gradient(&mixture, &shares, &check)?;
                policy.ascend(&by_mixture);
                score
            }
        };
        if !score.loss.is_finite() {
            return Err(diverged(score.loss));
        }
    }
    let odds = policy.probabilities();
    let candidates: Vec<Arch> = match method {
        Method::Enas => draws(config.samples, &choices, &odds, &mut rng)
            .iter()
            .map(|draw| draw.arch)
            .collect(),
        Method::Darts => vec![choices.heaviest(&odds)],
    };
    let best = best(candidates, config.reward, |arch| {
        scoring.score(&course.supernet, space, arch, task)
    })?;
    Ok(best.map(|(arch, score)| Found {
        arch,
        score,
        entropy: policy.entropy(),
    }))
}

/// The cell of the highest reward. Cells without a score are passed over unless all are.
fn best(
    candidates: Vec<Arch>,
    reward: Reward,
    score: impl Fn(&Arch) -> Result<Score>,
) -> Result<Option<(Arch, Score)>> {
    let (mut best, mut failed): (Option<(Arch, Score)>, _) = (None, None);
    for arch in candidates {
        match score(&arch) {
            Err(error @ TrainError::NoNumber { .. }) => failed = Some(error),
            Err(error) => return Err(error),
            Ok(score) if best.is_none_or(|(_, found)| reward.of(score) > reward.of(found)) => {
                best = Some((arch, score));
            }
            Ok(_) => {}
        }
    }
    match (best, failed) {
        (None, Some(failed)) => Err(failed),
        (best, _) => Ok(best),
    }
}

fn draws(count: usize, choices: &Choices, odds: &[Vec<f64>], rng: &mut Rng) -> Vec<Draw> {
    (0..count).map(|_| choices.draw(odds, rng)).collect()
}

/// The reward of each cell on a batch; none if no network of theirs yields numbers. One that does not is as
/// bad as the worst of the others.
fn rewards(
    supernet: &Supernet,
    space: &dyn SearchSpace,
    draws: &[Draw],
    batch: &Batch,
    reward: Reward,
) -> Result<Option<Vec<f64>>> {
    let of = |draw: &Draw| -> Result<f64> {
        let network = supernet.network(space, &draw.arch)?;
        Ok(reward.of(network.accuracy(batch)?))
    };
    let rewards: Vec<f64> = draws.par_iter().map(of).collect::<Result<_>>()?;
    let finite = rewards.iter().copied().filter(|reward| reward.is_finite());
    let worst = finite.reduce(f64::min);
    let or = |worst: f64| move |reward: f64| if reward.is_finite() { reward } else { worst };
    Ok(worst.map(|worst| rewards.into_iter().map(or(worst)).collect()))
}

impl Reward {
    /// The reward for a score, the larger the better.
    fn of(self, score: Score) -> f64 {
        match self {
            Reward::Loss => -score.loss,
            Reward::Accuracy => score.accuracy,
        }
    }
}

/// The baseline of the rewards of samples: their moving mean.
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
    /// A step of the shared weights in the mixture of all choices. With `fixed_norms` the scales
    /// and shifts within cells stay constant.
    fn mixed_step(
        &mut self,
        mixture: &Plan,
        probabilities: &[Vec<f64>],
        recipe: &Recipe,
        batch: &Batch,
        fixed_norms: bool,
    ) -> Result<Score> {
        let network = self.supernet.mixed(mixture, probabilities);
        let pass = network.pass(batch, 0.0)?;
        let named = mixture.weights.iter().zip(pass.gradients);
        for (slot, gradient) in named {
            if let Some(gradient) = gradient
                && self.supernet.slots.contains_key(&slot.name)
                && !(fixed_norms && is_norm_of_cell(&slot.name))
            {
                self.follow(&slot.name, gradient, recipe, recipe.learning_rate);
            }
        }
        Ok(pass.score)
    }

    /// The gradient of minus the loss by the share of each alternative of each choice.
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
            if let (Some((choice, alternative)), Some(by_share)) =
                (Plan::share(&slot.name), by_share)
            {
                let number = read(by_share)?[0];
                gradient[choice][alternative] -= f64::from(number);
            }
        }
        Ok(gradient)
    }
}

/// Returns true if a weight is a scale or shift of batch normalisation beyond the stem.
fn is_norm_of_cell(name: &str) -> bool {
    let norm = name.ends_with(".norm.scale") || name.ends_with(".norm.shift");
    norm && !name.starts_with("stem.")
}

impl Supernet {
    /// Resets the scales and shifts of batch normalisation within cells to one and zero.
    fn reset_norms(&mut self) {
        let norms = self.weights.trained.iter_mut();
        for (name, weight) in norms.filter(|(name, _)| is_norm_of_cell(name)) {
            let number = if name.ends_with("scale") { 1.0 } else { 0.0 };
            *weight = Tensor::full(weight.dims(), number, &self.device);
        }
    }

    /// The network in which each alternative has a share of each choice. Weights that the supernet
    /// lacks, because no cell of the space has them, stay as they start.
    fn mixed(&self, mixture: &Plan, probabilities: &[Vec<f64>]) -> Network {
        let mut weights = Weights::default();
        for slot in &mixture.weights {
            let tensor = match Plan::share(&slot.name) {
                Some((choice, alternative)) => Some(Tensor::full(
                    [1, 1, 1, 1],
                    probabilities[choice][alternative] as f32,
                    &self.device,
                )),
                None => self.weights.trained.get(&slot.name).cloned(),
            };
            (weights.trained).extend(tensor.map(|tensor| (slot.name.clone(), tensor)));
        }
        Network::with_weights(mixture.clone(), weights, 0, &self.device)
    }
}

#[cfg(test)]
mod tests {
    use ganas_core::space::{Sampler, from_toml, nasbench101, nasbench201};
    use ganas_data::{SplitConfig, load};

    use super::*;
    use crate::cpu;
    use crate::network::{EDGE, edge_choice};

    /// Runs a controller on noisy rewards, like those of a batch of 64 images. Returns the best of
    /// its last draws and its final entropy.
    fn learn(space: &dyn SearchSpace, reward: &dyn Fn(&Arch) -> f64) -> (Arch, f64) {
        let settings = Alternation::default();
        let mut rng = Rng::stream(0, "controller");
        let choices = Choices::of(space).unwrap();
        let mut policy = Policy::new(choices.sizes(), settings.rate(Method::Enas), 0.0);
        let mut baseline = Baseline::default();
        for _ in 0..settings.rounds {
            let draws = draws(
                settings.samples,
                &choices,
                &policy.probabilities(),
                &mut rng,
            );
            let rewards: Vec<f64> = (draws.iter())
                .map(|draw| 0.5 + reward(&draw.arch) + 0.02 * rng.normal())
                .collect();
            policy.reinforce(&draws, &rewards, baseline.follow(&rewards));
        }
        let odds = policy.probabilities();
        let best = draws(settings.samples, &choices, &odds, &mut rng)
            .into_iter()
            .max_by(|a, b| reward(&a.arch).total_cmp(&reward(&b.arch)));
        (best.unwrap().arch, policy.entropy())
    }

    #[test]
    fn a_controller_learns_by_the_defaults() {
        let goal = [2u8, 0, 3, 1, 4, 2];
        let right = |arch: &Arch| {
            let right = arch.ops().iter().zip(goal).filter(|(op, g)| **op == *g);
            right.count()
        };
        let (found, entropy) = learn(&nasbench201(), &|arch| 0.02 * right(arch) as f64);
        assert!(right(&found) >= 5, "{found:?}");
        assert!(entropy < 0.5 * 5f64.ln(), "{entropy}");
    }

    #[test]
    fn a_controller_learns_edges_and_ops() {
        let space = nasbench101();
        let goal = space.parse("inception").unwrap();
        // By the edges, and what they link.
        let apart = |arch: &Arch| space.distance(arch, &goal);
        let (found, _) = learn(&space, &|arch| -0.02 * f64::from(apart(arch)));
        let mut rng = Rng::stream(1, "uniform");
        let by_chance = (0..10).map(|_| apart(&space.sample(Sampler::Uniform, &mut rng)));
        let by_chance = by_chance.min().unwrap();
        assert!(
            2 * apart(&found) < by_chance,
            "{} {by_chance}",
            apart(&found)
        );
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

    /// A supernet of digits, its mixture, and a batch.
    fn mixed(space: &dyn SearchSpace) -> (Course, Plan, Batch) {
        let task = ImageTask::new(load("digits").unwrap(), &SplitConfig::default(), 0).unwrap();
        let frame = task.frame(Some(4), Some(1));
        let course = Course::new(Supernet::new(space, frame, 1, &cpu()).unwrap());
        let mixture = Plan::mixture(space, &frame).unwrap();
        let batch = task.train().in_order(40).next().unwrap();
        (course, mixture, batch)
    }

    /// Shares that differ from each other, and add up to 1 in a choice.
    fn uneven(space: &dyn SearchSpace) -> Vec<Vec<f64>> {
        let of = |&size: &usize| {
            let total = (size * (size + 1)) as f64 / 2.0;
            (1..=size).map(|i| i as f64 / total).collect()
        };
        let choices = Choices::of(space).unwrap();
        choices.sizes().iter().map(of).collect()
    }

    #[test]
    fn the_gradient_of_shares_is_that_of_finite_differences() {
        for space in [&nasbench201() as &dyn SearchSpace, &nasbench101()] {
            let (course, mixture, batch) = mixed(space);
            let shares = uneven(space);
            let gradient = course.mixture_gradient(&mixture, &shares, &batch).unwrap();
            let loss = |shares: &[Vec<f64>]| {
                let network = course.supernet.mixed(&mixture, shares);
                network.accuracy(&batch).unwrap().loss
            };
            // One number alone is at the mercy of the kinks of rectifiers and of single precision.
            let step = 1e-3;
            let (mut ours, mut slopes) = (Vec::new(), Vec::new());
            for (choice, gradient) in gradient.iter().enumerate() {
                for (alternative, slope) in gradient.iter().enumerate() {
                    let moved = |by: f64| {
                        let mut shares = shares.clone();
                        shares[choice][alternative] += by;
                        loss(&shares)
                    };
                    slopes.push((moved(step) - moved(-step)) / (2.0 * step));
                    ours.push(-slope);
                }
            }
            let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
            let lengths = [&ours, &slopes].map(|v| dot(v, v).sqrt());
            let cosine = dot(&ours, &slopes) / (lengths[0] * lengths[1]);
            assert!(cosine > 0.99, "{ours:?} {slopes:?}");
            assert!((lengths[0] / lengths[1] - 1.0).abs() < 0.05, "{lengths:?}");
            // `none` and an edge that is not there carry nothing, whatever their shares.
            let dead = match space.ops().iter().position(|op| op == "none") {
                Some(none) => (0..6).map(|choice| gradient[choice][none]).collect(),
                None => Vec::from_iter(gradient[5..].iter().map(|edge| edge[0])),
            };
            assert!(dead.iter().all(|slope| *slope == 0.0), "{dead:?}");
        }
    }

    #[test]
    fn a_mixture_of_one_cell_alone_is_that_cell() {
        let space = nasbench101();
        let (course, mixture, batch) = mixed(&space);
        // One vertex feeds the output, and so does the input.
        let text = "input;conv3x3-bn-relu;maxpool3x3;conv1x1-bn-relu;conv3x3-bn-relu;maxpool3x3;output\
                    |110101010001000100101";
        let cell = space.parse_cell(text).unwrap();
        let arch = cell.arch();
        assert_eq!(space.check(&arch), Ok(()));
        let mut shares: Vec<Vec<f64>> = uneven(&space);
        for share in shares.iter_mut() {
            share.fill(0.0);
        }
        for (v, &op) in arch.ops().iter().enumerate() {
            shares[v][usize::from(op)] = 1.0;
        }
        for v in 1..7 {
            for u in 0..v {
                let there = f64::from(u8::from(cell.has_edge(u, v)));
                shares[edge_choice(7, u, v)][EDGE] = there;
            }
        }
        let of = |network: Network| network.accuracy(&batch).unwrap().loss;
        let alone = of(course.supernet.network(&space, &arch).unwrap());
        let within = of(course.supernet.mixed(&mixture, &shares));
        assert!((alone - within).abs() < 1e-5, "{alone} {within}");
        // Not for want of a difference.
        shares[edge_choice(7, 1, 3)][EDGE] = 1.0 - shares[edge_choice(7, 1, 3)][EDGE];
        let other = of(course.supernet.mixed(&mixture, &shares));
        assert!((alone - other).abs() > 1e-3, "{alone} {other}");
    }

    #[test]
    fn a_mixture_of_weights_that_no_cell_has_is_one_still() {
        let file = "name = \"n\"\nkind = \"node-cell\"\nmax_vertices = 6\nmax_edges = 4\n\
                    ops = [\"conv_3x3\", \"maxpool3x3\"]";
        let space = from_toml(file).unwrap();
        let (mut course, mixture, batch) = mixed(&*space);
        let score = course.mixed_step(&mixture, &uneven(&*space), &Recipe::default(), &batch, true);
        assert!(score.unwrap().loss.is_finite());
    }

    #[test]
    fn norms_of_cells_neither_scale_nor_shift_in_a_mixture() {
        let space = nasbench201();
        let (mut course, mixture, batch) = mixed(&space);
        let one = |course: &mut Course, fixed: bool| {
            let step =
                course.mixed_step(&mixture, &uneven(&space), &Recipe::default(), &batch, fixed);
            assert!(step.unwrap().loss.is_finite());
        };
        let off = |course: &Course, cell: bool| {
            let weights = course.supernet.weights.trained.iter();
            let norms = weights.filter(|(name, _)| name.contains(".norm."));
            norms
                .filter(|(name, _)| is_norm_of_cell(name) == cell)
                .any(|(name, weight)| {
                    let start = if name.ends_with("scale") { 1.0 } else { 0.0 };
                    ganas_tensor::check::numbers(weight.clone())
                        .iter()
                        .any(|n| *n != start)
                })
        };
        one(&mut course, true);
        assert!(!off(&course, true) && off(&course, false));
        one(&mut course, false);
        assert!(off(&course, true));
        course.supernet.reset_norms();
        assert!(!off(&course, true) && off(&course, false));
    }

    #[test]
    fn rewards_are_the_loss_unless_told_otherwise_and_never_poison_the_controller() {
        let space = nasbench201();
        let (mut course, _, batch) = mixed(&space);
        let choices = Choices::of(&space).unwrap();
        let even = Policy::new(choices.sizes(), 0.1, 0.0).probabilities();
        let draws = draws(6, &choices, &even, &mut Rng::stream(0, "draws"));
        let reward = |course: &Course, reward| {
            rewards(&course.supernet, &space, &draws, &batch, reward).unwrap()
        };
        let loss = reward(&course, Alternation::default().reward).unwrap();
        for (draw, loss) in draws.iter().zip(loss) {
            let network = course.supernet.network(&space, &draw.arch).unwrap();
            assert_eq!(loss, -network.accuracy(&batch).unwrap().loss);
        }
        let accuracy = reward(&course, Reward::Accuracy).unwrap();
        assert!(accuracy.iter().all(|share| (0.0..=1.0).contains(share)));
        for weight in course.supernet.weights.trained.values_mut() {
            *weight = weight.clone().mul_scalar(f64::NAN);
        }
        assert_eq!(reward(&course, Reward::Loss), None);
    }
}
