//! Cells sampled by a policy, and their rewards on a batch.

use ganas_core::arch::Arch;
use ganas_core::rng::Rng;
use ganas_core::space::SearchSpace;
use rayon::prelude::*;

use super::{Alternation, Method, Reward, Target};
use crate::error::{Result, TrainError};
use crate::examples::Batch;
use crate::supernet::Supernet;
use crate::supernet::choices::{Choices, Draw};
use crate::supernet::policy::Policy;
use crate::trainer::Score;

/// Controller of sampled cells.
pub(super) struct Controller<'a> {
    space: &'a dyn SearchSpace,
    choices: &'a Choices<'a>,
    /// Cells that are sampled a step.
    samples: usize,
    reward: Reward,
    /// Target of TuNAS, with the place of its cost among those of the space.
    target: Option<(&'a Target, usize)>,
    baseline: Baseline,
}

impl<'a> Controller<'a> {
    /// The controller of a method.
    ///
    /// # Errors
    /// If the space has no cost of the target's name.
    pub fn new(
        method: Method,
        config: &'a Alternation,
        space: &'a dyn SearchSpace,
        choices: &'a Choices<'a>,
    ) -> Result<Self> {
        let is_tunas = method == Method::Tunas;
        let place = |target: &'a Target| -> Result<(&'a Target, usize)> {
            let place = space.costs().iter().position(|cost| *cost == target.cost);
            let unknown = || TrainError::UnknownCost {
                name: target.cost.clone(),
                known: space.costs().join(", "),
            };
            Ok((target, place.ok_or_else(unknown)?))
        };
        let target = config.target.as_ref().filter(|_| is_tunas);
        Ok(Controller {
            space,
            choices,
            samples: config.samples,
            reward: if is_tunas {
                Reward::Accuracy
            } else {
                config.reward
            },
            target: target.map(place).transpose()?,
            baseline: Baseline::default(),
        })
    }

    /// Moves the policy towards what samples of it are paid on a batch. Returns false if none yields numbers.
    pub fn update(
        &mut self,
        supernet: &Supernet,
        policy: &mut Policy,
        batch: &Batch,
        rng: &mut Rng,
    ) -> Result<bool> {
        let draws = draws(self.samples, self.choices, &policy.probabilities(), rng);
        let Some(mut rewards) = rewards(supernet, self.space, &draws, batch, self.reward)? else {
            return Ok(false);
        };
        if let Some((target, place)) = self.target {
            for (reward, draw) in rewards.iter_mut().zip(&draws) {
                *reward = target.reward(*reward, self.space.cost(&draw.arch, place));
            }
        }
        policy.reinforce(&draws, &rewards, self.baseline.follow(&rewards));
        Ok(true)
    }
}

/// The cell of the highest reward. Cells without a score are passed over unless all are.
pub(super) fn best(
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

/// Cells drawn by the probabilities of each alternative.
pub(super) fn draws(
    count: usize,
    choices: &Choices,
    odds: &[Vec<f64>],
    rng: &mut Rng,
) -> Vec<Draw> {
    (0..count).map(|_| choices.draw(odds, rng)).collect()
}

/// The reward of each cell on a batch; none if no network of theirs yields numbers. One that does not is as
/// bad as the worst of the others.
pub(super) fn rewards(
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
    pub(super) fn of(self, score: Score) -> f64 {
        match self {
            Reward::Loss => -score.loss,
            Reward::Accuracy => score.accuracy,
        }
    }
}

/// The baseline of the rewards of samples: their moving mean.
#[derive(Default)]
pub(super) struct Baseline(Option<f64>);

impl Baseline {
    /// The level before these rewards, which move it.
    pub(super) fn follow(&mut self, rewards: &[f64]) -> f64 {
        let mean = rewards.iter().sum::<f64>() / rewards.len() as f64;
        let level = self.0.unwrap_or(mean);
        self.0 = Some(0.95 * level + 0.05 * mean);
        level
    }
}

#[cfg(test)]
mod tests {
    use ganas_core::space::{Sampler, nasbench101, nasbench201};

    use super::super::mixture::tests::mixed;
    use super::*;
    use crate::supernet::Course;

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

    #[test]
    fn a_controller_with_a_target_settles_near_its_cost() {
        let space = nasbench201();
        let (course, _, batch) = mixed(&space);
        let choices = Choices::of(&space).unwrap();
        let mean = |value: f64| {
            let config = Alternation {
                target: Some(Target {
                    cost: "params".into(),
                    value,
                    weight: 10.0,
                }),
                ..Alternation::default()
            };
            let mut controller = Controller::new(Method::Tunas, &config, &space, &choices).unwrap();
            let mut policy = Policy::new(choices.sizes(), 0.1, 0.0);
            let mut rng = Rng::stream(0, "target");
            for _ in 0..150 {
                assert!(
                    controller
                        .update(&course.supernet, &mut policy, &batch, &mut rng)
                        .unwrap()
                );
            }
            space.cost(&choices.likeliest(&policy.probabilities()), 0)
        };
        let (small, large) = (mean(0.2e6), mean(1.0e6));
        assert!((0.1e6..0.35e6).contains(&small), "{small}");
        assert!((0.75e6..1.25e6).contains(&large), "{large}");
        let config = Alternation {
            target: Some(Target {
                cost: "parms".into(),
                value: 1.0,
                weight: 1.0,
            }),
            ..Alternation::default()
        };
        let error = Controller::new(Method::Tunas, &config, &space, &choices);
        let error = error.err().unwrap().to_string();
        assert!(
            error.contains("`parms`") && error.contains("params"),
            "{error}"
        );
    }
}
