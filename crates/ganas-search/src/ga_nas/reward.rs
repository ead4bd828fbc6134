//! The rewards of the generator (section 3.2 of the paper, "Training Procedure").

use ganas_core::arch::Graph;
use ganas_core::space::Growth;
use ganas_nets::Rollout;
use serde::{Deserialize, Serialize};

use super::{Judge, NetResult, graphs};

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
/// R_final, which is minus the number of violations or, without any, D's score.
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
