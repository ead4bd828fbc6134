//! The rewards of the generator (section 3.2 of the paper, "Training Procedure").

use ganas_core::arch::Graph;
use ganas_core::space::Growth;
use ganas_nets::Rollout;
use serde::{Deserialize, Serialize};

/// R_step: the reward of a single action by its validity.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepReward {
    /// The reward of a valid action and the cost of an invalid one, over a whole episode. Default
    /// 0.5 (GCPN).
    pub total: f32,
}

impl Default for StepReward {
    fn default() -> Self {
        StepReward { total: 0.5 }
    }
}

/// The reward of each step of each episode: R_step for its validity and, at the last step, R_final.
/// R_final is minus the number of violations, or the discriminator's score if there are none.
///
/// If no episode of a batch breaks a rule, as under masks that enforce the rules, R_step is left
/// out: it would only pay for longer graphs.
pub fn rewards(
    growth: &dyn Growth,
    step: StepReward,
    episodes: &[Rollout],
    scores: &[f32],
) -> Vec<Vec<f32>> {
    let violations: Vec<Vec<usize>> = episodes
        .iter()
        .map(|e| violations_by_step(growth, e))
        .collect();
    let broken = |counts: &[usize]| counts.last().copied().unwrap_or(0);
    let any = violations.iter().any(|counts| broken(counts) > 0);
    let share = step.total / growth.max_nodes() as f32;
    let paid = |(counts, score): (&Vec<usize>, &f32)| {
        let step = |pair: &[usize]| {
            if !any {
                0.0
            } else if pair[1] > pair[0] {
                -share
            } else {
                share
            }
        };
        let mut rewards: Vec<f32> = counts.windows(2).map(step).collect();
        if let Some(last) = rewards.last_mut() {
            *last += match broken(counts) {
                0 => *score,
                count => -(count as f32),
            };
        }
        rewards
    };
    violations.iter().zip(scores).map(paid).collect()
}

/// The graphs of rollouts.
pub fn graphs(rollouts: &[Rollout]) -> Vec<&Graph> {
    rollouts.iter().map(|r| &r.graph).collect()
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
        let episodes = generator.sample(&space, rules, 64, &mut rng).unwrap();
        let scores = discriminator.scores(&graphs(&episodes)).unwrap().real;
        let paid = rewards(&space, StepReward { total: 0.5 }, &episodes, &scores);
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
