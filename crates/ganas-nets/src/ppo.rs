//! Proximal policy optimisation (Schulman et al. 2017, arXiv 1707.06347) for any policy.

use ganas_core::rng::Rng;
use ganas_tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::NetError;
use crate::gae::{advantages, standardise};
use crate::kgnn::constant;
use crate::params::{Adam, Params, Weights};

/// A trainable policy.
pub trait Policy {
    /// A finished episode.
    type Episode;
    /// Episodes in the form that the network takes, computed once for several passes.
    type Batch;

    /// The parameters.
    fn params(&self) -> &Params;

    /// The parameters, to train them.
    fn params_mut(&mut self) -> &mut Params;

    /// The log-probabilities and the values of an episode's steps when it was played.
    fn played<'a>(&self, episode: &'a Self::Episode) -> (&'a [f32], &'a [f32]);

    /// Puts episodes into a batch.
    fn batch(&self, episodes: &[&Self::Episode]) -> Result<Self::Batch, NetError>;

    /// Evaluates the steps of a batch, episode after episode.
    fn evaluate(&self, weights: &Weights, batch: &Self::Batch) -> Evaluation;
}

/// The output of a policy for the steps of a batch.
///
/// # Shapes
/// - all: `[steps, 1]`
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// The log-probability of the action taken.
    pub log_prob: Tensor<2>,
    /// The entropy of the choice.
    pub entropy: Tensor<2>,
    /// The return that is expected.
    pub value: Tensor<2>,
}

/// The objective that an update maximises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    /// The clipped surrogate (equation 7).
    Ppo,
    /// The score-function gradient with the value as its baseline (Williams 1992, doi
    /// 10.1007/BF00992696): one pass over each batch, without clipping.
    Reinforce,
}

/// Settings of [`Ppo`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PpoConfig {
    /// The maximised objective. Default PPO (paper).
    pub objective: Objective,
    /// Passes over the episodes of an update. Default 4 (ours).
    pub epochs: usize,
    /// Episodes a gradient step. Default 64 (ours).
    pub minibatch: usize,
    /// The clip range: the largest deviation of the probability ratio from 1. Default 0.2 (GCPN).
    pub clip: f32,
    /// The discount of rewards. Default 1 (GCPN).
    pub gamma: f32,
    /// The discount of advantages. Default 0.95 (GCPN).
    pub lambda: f32,
    /// The weight of the value's squared error. Default 0.5 (ours).
    pub value_coef: f32,
    /// The weight of the entropy, against standardised advantages. Default 0.1 (ours; GCPN 0.01).
    pub entropy_coef: f32,
    /// The learning rate of Adam. Default 3e-3 (ours; GCPN 1e-3).
    pub learning_rate: f64,
    /// The norm that gradients are scaled down to. Default none (ours).
    pub max_grad_norm: Option<f32>,
}

impl Default for PpoConfig {
    fn default() -> Self {
        PpoConfig {
            objective: Objective::Ppo,
            epochs: 4,
            minibatch: 64,
            clip: 0.2,
            gamma: 1.0,
            lambda: 0.95,
            value_coef: 0.5,
            entropy_coef: 0.1,
            learning_rate: 3e-3,
            max_grad_norm: None,
        }
    }
}

/// Statistics of an update: means over its gradient steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PpoReport {
    /// The surrogate objective, negated.
    pub policy_loss: f32,
    /// The mean squared error of the values.
    pub value_loss: f32,
    /// The mean entropy of a step.
    pub entropy: f32,
    /// The estimated divergence from the policy that played, `E[r - 1 - log r]`.
    pub kl: f32,
    /// The share of steps with a probability ratio outside the clip range.
    pub clip_fraction: f32,
    /// Gradient steps that were skipped because the gradient was not finite.
    pub skipped: usize,
}

/// The learner: its settings and the state of its optimiser, which stays warm between updates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ppo {
    /// The settings.
    pub config: PpoConfig,
    adam: Adam,
}

struct Numbers {
    log_probs: Vec<f32>,
    advantages: Vec<f32>,
    returns: Vec<f32>,
}

impl Ppo {
    /// A fresh learner.
    pub fn new(config: PpoConfig) -> Self {
        Ppo {
            config,
            adam: Adam::default(),
        }
    }

    /// Improves a policy by episodes that it has played; `rewards` holds one number for each step
    /// of each episode.
    pub fn update<P: Policy>(
        &mut self,
        policy: &mut P,
        episodes: &[P::Episode],
        rewards: &[Vec<f32>],
        rng: &mut Rng,
    ) -> Result<PpoReport, NetError> {
        let mut numbers = self.numbers(policy, episodes, rewards)?;
        let size = self.config.minibatch.max(1);
        let whole = size >= episodes.len();
        let mut order: Vec<usize> = (0..episodes.len()).collect();
        let mut ready: Option<(P::Batch, Numbers)> = None;
        let epochs = match self.config.objective {
            Objective::Ppo => self.config.epochs,
            Objective::Reinforce => 1,
        };
        let mut reports = Vec::new();
        for _ in 0..epochs {
            if !whole {
                rng.shuffle(&mut order);
            }
            for chosen in order.chunks(size) {
                let (batch, numbers) = match &mut ready {
                    Some(ready) if whole => ready,
                    ready => {
                        let picked: Vec<_> = chosen.iter().map(|&i| &episodes[i]).collect();
                        let join = |f: fn(&mut Numbers) -> &mut Vec<f32>, all: &mut [Numbers]| {
                            let parts = chosen.iter().map(|&i| f(&mut all[i]).clone());
                            parts.collect::<Vec<_>>().concat()
                        };
                        let flat = Numbers {
                            log_probs: join(|n| &mut n.log_probs, &mut numbers),
                            advantages: join(|n| &mut n.advantages, &mut numbers),
                            returns: join(|n| &mut n.returns, &mut numbers),
                        };
                        ready.insert((policy.batch(&picked)?, flat))
                    }
                };
                if !numbers.log_probs.is_empty() {
                    reports.push(self.step(policy, batch, numbers));
                }
            }
        }
        Ok(mean(&reports))
    }

    fn numbers<P: Policy>(
        &self,
        policy: &P,
        episodes: &[P::Episode],
        rewards: &[Vec<f32>],
    ) -> Result<Vec<Numbers>, NetError> {
        let check = |what, left, right| {
            if left != right {
                return Err(NetError::Mismatch { what, left, right });
            }
            Ok(())
        };
        check("episodes and their rewards", episodes.len(), rewards.len())?;
        let mut numbers = Vec::new();
        for (episode, rewards) in episodes.iter().zip(rewards) {
            let (log_probs, values) = policy.played(episode);
            check("steps and their rewards", log_probs.len(), rewards.len())?;
            let gae = advantages(rewards, values, self.config.gamma, self.config.lambda);
            numbers.push(Numbers {
                log_probs: log_probs.to_vec(),
                advantages: gae.advantages,
                returns: gae.returns,
            });
        }
        let mut all: Vec<f32> = numbers.iter().flat_map(|n| n.advantages.clone()).collect();
        standardise(&mut all);
        let mut rest = all.as_slice();
        for episode in &mut numbers {
            let (mine, others) = rest.split_at(episode.advantages.len());
            episode.advantages.copy_from_slice(mine);
            rest = others;
        }
        Ok(numbers)
    }

    fn step<P: Policy>(&mut self, policy: &mut P, batch: &P::Batch, n: &Numbers) -> PpoReport {
        let weights = policy.params().tracked();
        let evaluation = policy.evaluate(&weights, batch);
        let column = |values: &[f32]| constant(values.to_vec(), [values.len(), 1]);
        let change = evaluation.log_prob.clone() - column(&n.log_probs);
        let objective = match self.config.objective {
            Objective::Ppo => surrogate(change.clone(), column(&n.advantages), self.config.clip),
            Objective::Reinforce => evaluation.log_prob.clone() * column(&n.advantages),
        };
        let policy_loss = -objective.mean();
        let value_loss = (evaluation.value - column(&n.returns)).square().mean();
        let entropy = evaluation.entropy.mean();
        let loss = policy_loss.clone() + value_loss.clone().mul_scalar(self.config.value_coef)
            - entropy.clone().mul_scalar(self.config.entropy_coef);
        let mut gradient = policy.params().gradient(&weights, &loss);
        if let Some(most) = self.config.max_grad_norm {
            let norm = gradient.iter().map(|g| g * g).sum::<f32>().sqrt();
            let scale = most / norm.max(most);
            gradient.iter_mut().for_each(|g| *g *= scale);
        }
        let values = policy.params_mut().values_mut();
        let taken = self.adam.step(values, &gradient, self.config.learning_rate);
        let changes = read(change);
        let count = changes.len().max(1) as f32;
        let outside = |c: &&f32| (c.exp() - 1.0).abs() > self.config.clip;
        PpoReport {
            policy_loss: read(policy_loss)[0],
            value_loss: read(value_loss)[0],
            entropy: read(entropy)[0],
            kl: changes.iter().map(|c| c.exp() - 1.0 - c).sum::<f32>() / count,
            clip_fraction: changes.iter().filter(outside).count() as f32 / count,
            skipped: usize::from(!taken),
        }
    }
}

/// The clipped surrogate objective of each step (equation 7).
///
/// # Shapes
/// - `change`: `[steps, 1]`, the change of the log-probability since the episode was played
/// - `advantages`, output: `[steps, 1]`
pub fn surrogate(change: Tensor<2>, advantages: Tensor<2>, clip: f32) -> Tensor<2> {
    let ratio = change.exp();
    let clipped = ratio.clone().clamp(1.0 - clip, 1.0 + clip);
    (ratio * advantages.clone()).min_pair(clipped * advantages)
}

/// The numbers of a tensor.
pub(crate) fn read<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_vec().expect("numbers on the CPU can be read")
}

fn mean(reports: &[PpoReport]) -> PpoReport {
    let n = reports.len().max(1) as f32;
    let of = |f: fn(&PpoReport) -> f32| reports.iter().map(f).sum::<f32>() / n;
    PpoReport {
        policy_loss: of(|r| r.policy_loss),
        value_loss: of(|r| r.value_loss),
        entropy: of(|r| r.entropy),
        kl: of(|r| r.kl),
        clip_fraction: of(|r| r.clip_fraction),
        skipped: reports.iter().map(|r| r.skipped).sum(),
    }
}

#[cfg(test)]
mod tests;
