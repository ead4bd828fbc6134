//! Searches that train the shared weights and a policy in turn: in the manner of ENAS, TuNAS, DARTS and GAEA.
//!
//! All start from the weights of a trained supernet. Each round takes one step of the weights on
//! training images and one of the policy on validation images. [`Choices`] defines the policy's
//! choices for each kind of cell.

mod controller;
mod mixture;
mod settings;

use std::sync::atomic::{AtomicBool, Ordering};

use ganas_core::arch::Arch;
use ganas_core::rng::Rng;
use ganas_core::space::SearchSpace;
use serde::{Deserialize, Serialize};

use self::controller::{Controller, best, draws};
use super::choices::Choices;
use super::policy::Policy;
use super::{Course, Scoring, Supernet};
use crate::error::{Result, TrainError};
use crate::examples::{Batch, Feed};
use crate::network::Plan;
use crate::recipe::Recipe;
use crate::task::ImageTask;
use crate::trainer::Score;

pub use self::settings::{Alternation, Reward, Target};

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
    /// The controller of ENAS, paid by accuracy and a [target](Target) for a cost (Bender et al. 2020, arXiv
    /// 2008.06120). Its cell is the likeliest alternative of each choice. Each step trains the weights on one sampled
    /// cell, as in the paper. The paper first trains the weights without a policy; here the supernet was trained
    /// before. The costs are those of the space, not of a supernet of reduced width.
    Tunas,
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
    /// The mixture of DARTS, whose shares move by exponentiated gradient instead of by Adam on logits:
    /// each is multiplied by `exp(-rate * gradient)`, then those of a choice are normalised (Li et al.
    /// 2021, arXiv 2004.07802, algorithm 1). So they stay on the simplex and tend to its vertices.
    /// There is no weight decay.
    ///
    /// The gradient is of the first order and on validation images, the bilevel form of the paper.
    /// Its cell is chosen as that of DARTS, and norms within cells neither scale nor shift. Partial
    /// channels (Xu et al. 2020, arXiv 1907.05737) are left out: they need other networks than those
    /// that the supernet shares its weights with.
    Gaea,
}

impl Method {
    /// Returns true if the method trains the mixture of all alternatives instead of sampled cells.
    pub fn mixes(self) -> bool {
        matches!(self, Method::Darts | Method::Gaea)
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
/// If the space has no cells or no cost of the target's name, or the loss stops being a number.
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
    let fixed_norms = method.mixes() && !config.affine;
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
    let mut controller = Controller::new(method, config, space, &choices)?;
    for epoch in 1..=config.rounds {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let diverged = |loss| TrainError::Diverged { epoch, loss };
        // Neither feed ends.
        let (Some(fit), Some(check)) = (train.next(), validation.next()) else {
            break;
        };
        let score = match method {
            Method::Enas | Method::Tunas => {
                let cell = choices.draw(&policy.probabilities(), &mut rng).arch;
                let score = course.step(space, &recipe, &[cell], &[fit], recipe.learning_rate)?;
                if !controller.update(&course.supernet, &mut policy, &check, &mut rng)? {
                    return Err(diverged(f64::NAN));
                }
                score
            }
            Method::Darts | Method::Gaea => {
                let shares = policy.probabilities();
                let score = course.mixed_step(&mixture, &shares, &recipe, &fit, fixed_norms)?;
                let by_mixture = course.mixture_gradient(&mixture, &shares, &check)?;
                match method {
                    Method::Gaea => policy.exponentiate(&by_mixture),
                    _ => policy.ascend(&by_mixture),
                }
                score
            }
        };
        if !score.loss.is_finite() {
            return Err(diverged(score.loss));
        }
    }
    let odds = policy.probabilities();
    let candidates = match method {
        Method::Darts | Method::Gaea => vec![choices.heaviest(&odds)],
        Method::Tunas => vec![choices.likeliest(&odds)],
        Method::Enas => {
            let drawn = draws(config.samples, &choices, &odds, &mut rng);
            drawn.iter().map(|draw| draw.arch).collect()
        }
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

/// The batches of one epoch after another.
fn endless<'a>(
    feed: &'a dyn Feed,
    seed: u64,
    batch: usize,
) -> Box<dyn Iterator<Item = Batch> + 'a> {
    Box::new((1..).flat_map(move |epoch| feed.epoch(epoch, seed, batch)))
}
