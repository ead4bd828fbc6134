//! Cells sampled by a policy, and their rewards on a batch.

use ganas_core::arch::Arch;
use ganas_core::rng::Rng;
use ganas_core::space::SearchSpace;
use rayon::prelude::*;

use super::Reward;
use crate::error::{Result, TrainError};
use crate::examples::Batch;
use crate::supernet::Supernet;
use crate::supernet::choices::{Choices, Draw};
use crate::trainer::Score;

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
    use crate::supernet::policy::Policy;
    use crate::supernet::{Alternation, Course, Method};

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
}
