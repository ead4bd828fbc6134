//! The rewards of the generator (section 3.2 of the paper, "Training Procedure").

use std::collections::HashMap;

use ganas_core::arch::{Arch, Graph};
use ganas_core::ledger::Query;
use ganas_core::space::{Growth, SearchSpace};
use ganas_core::strategy::Context;
use ganas_nets::Rollout;
use serde::{Deserialize, Serialize};

use super::{Judge, NetResult, graphs};

/// What a finished, valid architecture is paid by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reward {
    /// The discriminator's score (paper).
    Discriminator,
    /// What was measured of it, to see what the discriminator is worth: the generator learns from
    /// those of its last architectures that were evaluated, and there is no discriminator.
    Measured,
}

/// What was measured, from 0 for the worst to 1 for the best so far.
pub struct Measured<'a> {
    space: &'a dyn SearchSpace,
    paid: HashMap<Arch, f32>,
}

impl<'a> Measured<'a> {
    /// All that was evaluated. What failed or breaks a constraint is as bad as the worst.
    pub fn of(context: &Context<'a>) -> Self {
        let queries = context.ledger.queries();
        let merits = || queries.iter().filter_map(Query::merit);
        let worst = merits().fold(f64::INFINITY, f64::min);
        let spread = merits().fold(f64::NEG_INFINITY, f64::max) - worst;
        let pay = |query: &Query| match query.merit() {
            Some(merit) if spread > 0.0 => ((merit - worst) / spread) as f32,
            _ => 0.0,
        };
        Measured {
            space: context.space,
            paid: queries.iter().map(|q| (q.arch, pay(q))).collect(),
        }
    }

    /// What a graph is paid, if it was evaluated.
    pub fn pay(&self, graph: &Graph) -> Option<f32> {
        let arch = self.space.arch(graph).ok()?;
        self.paid.get(&arch).copied()
    }

    /// Whether there is something to learn from a graph: it was evaluated, or breaks the rules.
    pub fn teaches(&self, graph: &Graph) -> bool {
        self.pay(graph).is_some() || self.space.violations(graph) > 0
    }
}

/// R_step: what a single action earns by its validity.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepReward {
    /// What a valid action earns and an invalid one costs, over a whole episode. Default 0.5
    /// (GCPN).
    pub total: f32,
}

impl Default for StepReward {
    fn default() -> Self {
        StepReward { total: 0.5 }
    }
}

/// The reward of each step of each episode: R_step for its validity and, at the last step,
/// R_final, which is minus the number of violations or, without any, what the judge says.
///
/// Where no episode of a batch breaks a rule, as when masks enforce the rules, R_step is left
/// out: it would only pay for longer graphs.
pub fn rewards(
    growth: &dyn Growth,
    step: StepReward,
    episodes: &[Rollout],
    judge: &Judge,
) -> NetResult<Vec<Vec<f32>>> {
    let violations: Vec<Vec<usize>> = episodes
        .iter()
        .map(|e| violations_by_step(growth, e))
        .collect();
    let broken = |counts: &[usize]| counts.last().copied().unwrap_or(0);
    let any = violations.iter().any(|counts| broken(counts) > 0);
    let scores = judge.scores(&graphs(episodes))?;
    let rewards = (violations.iter().zip(scores)).map(|(counts, score)| {
        let steps = counts.len().saturating_sub(1);
        let mut rewards: Vec<f32> = (0..steps)
            .map(|t| match any {
                true if counts[t + 1] > counts[t] => -step.total / growth.max_nodes() as f32,
                true => step.total / growth.max_nodes() as f32,
                false => 0.0,
            })
            .collect();
        if let Some(last) = rewards.last_mut() {
            *last += match broken(counts) {
                0 => score,
                count => -(count as f32),
            };
        }
        rewards
    });
    Ok(rewards.collect())
}

/// The violations of an episode's graph after the first node and after each step.
fn violations_by_step(growth: &dyn Growth, episode: &Rollout) -> Vec<usize> {
    let graph: &Graph = &episode.graph;
    match growth.violations(graph) {
        // What is valid at the end was valid all along.
        0 => vec![0; graph.len()],
        _ => (1..=graph.len())
            .map(|t| growth.violations(&graph.prefix(t)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganas_core::rng::Rng;
    use ganas_core::space::{Rules, Sampler, SearchSpace, nasbench101};
    use ganas_nets::{Dims, Discriminator, DiscriminatorConfig, Generator, GeneratorConfig};

    /// Episodes of an untrained generator, their rewards, and what D says of each.
    fn rewarded(rules: Rules) -> (Vec<Rollout>, Vec<Vec<f32>>, Vec<f32>) {
        let space = nasbench101();
        let mut rng = Rng::stream(0, "reward");
        let dims = Dims::of(&space);
        let generator = Generator::new(GeneratorConfig::default(), dims, &mut rng);
        let mut draw = || space.graph(&space.sample(Sampler::Uniform, &mut rng));
        let (truth, fake) = ([draw(), draw()], [draw(), draw()]);
        let config = DiscriminatorConfig::default();
        let (truth, fake) = (truth.each_ref(), fake.each_ref());
        let (discriminator, _) =
            Discriminator::fit(&config, dims, &truth, &fake, None, &mut rng).unwrap();
        let judge = Judge::Discriminator {
            discriminator: &discriminator,
            rank_share: 0.0,
        };
        let episodes = generator.sample(&space, rules, 64, &mut rng).unwrap();
        let paid = rewards(&space, StepReward { total: 0.5 }, &episodes, &judge).unwrap();
        let scores = judge.scores(&graphs(&episodes)).unwrap();
        (episodes, paid, scores)
    }

    #[test]
    fn enforced_rules_leave_only_the_discriminators_score() {
        let (_, paid, scores) = rewarded(Rules::Enforced);
        for (rewards, score) in paid.iter().zip(scores) {
            let (last, steps) = rewards.split_last().unwrap();
            assert!(steps.iter().all(|r| *r == 0.0));
            assert_eq!(*last, score);
        }
    }

    #[test]
    fn learned_rules_pay_for_validity_step_by_step_and_in_the_end() {
        let space = nasbench101();
        let (episodes, paid, scores) = rewarded(Rules::Learned);
        let share = 0.5 / space.max_nodes() as f32;
        let mut kinds = [0; 2];
        for ((episode, rewards), score) in episodes.iter().zip(paid).zip(scores) {
            let graph = &episode.graph;
            let broken = |t: usize| space.violations(&graph.prefix(t));
            let violations = space.violations(graph);
            kinds[usize::from(violations > 0)] += 1;
            let last = rewards.len() - 1;
            for (t, reward) in rewards.iter().enumerate() {
                let breaks = violations > 0 && broken(t + 2) > broken(t + 1);
                let step = if breaks { -share } else { share };
                let end = match (t == last, violations) {
                    (false, _) => 0.0,
                    (true, 0) => score,
                    (true, count) => -(count as f32),
                };
                assert!((reward - step - end).abs() < 1e-6, "step {t}: {reward}");
            }
        }
        assert!(
            kinds[0] > 0 && kinds[1] > 0,
            "one kind is missing: {kinds:?}"
        );
    }
}
