//! Proximal policy optimisation (Schulman et al. 2017, arXiv 1707.06347) for any policy.

use burn::tensor::Tensor;
use ganas_core::rng::Rng;
use serde::{Deserialize, Serialize};

use crate::NetError;
use crate::gae::{advantages, standardise};
use crate::kgnn::{constant, like};
use crate::params::{Adam, Params, Weights};

/// Something that acts and can be trained.
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

/// What a policy says about the steps of a batch.
///
/// # Shapes
/// - all: `[steps, 1]`
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// The log-probability of what was done.
    pub log_prob: Tensor<2>,
    /// The entropy of the choice.
    pub entropy: Tensor<2>,
    /// The return that is expected.
    pub value: Tensor<2>,
}

/// What is maximised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    /// The clipped surrogate (equation 7).
    Ppo,
    /// The score-function gradient with the value as its baseline (Williams 1992, doi
    /// 10.1007/BF00992696): one pass over each batch, without clipping.
    Reinforce,
}

/// How [`Ppo`] learns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PpoConfig {
    /// What is maximised. Default PPO (paper).
    pub objective: Objective,
    /// Passes over the episodes of an update. Default 4 (ours).
    pub epochs: usize,
    /// Episodes a gradient step. Default 64 (ours).
    pub minibatch: usize,
    /// How far from 1 the ratio of probabilities counts. Default 0.2 (GCPN).
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

/// How an update went, as means over its gradient steps.
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
    /// The share of steps whose ratio of probabilities was outside the clip range.
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
        let check = |what, left, right| match left == right {
            true => Ok(()),
            false => Err(NetError::Mismatch { what, left, right }),
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
        let column = |values: &[f32]| {
            let values = constant(values.to_vec(), [values.len(), 1]);
            like(&values, &evaluation.log_prob)
        };
        let change = evaluation.log_prob.clone() - column(&n.log_probs);
        let objective = match self.config.objective {
            Objective::Ppo => surrogate(change.clone(), column(&n.advantages), self.config.clip),
            Objective::Reinforce => evaluation.log_prob.clone() * column(&n.advantages),
        };
        let policy_loss = objective.mean().neg();
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
            policy_loss: read(policy_loss).first().copied().unwrap_or(f32::NAN),
            value_loss: read(value_loss).first().copied().unwrap_or(f32::NAN),
            entropy: read(entropy).first().copied().unwrap_or(f32::NAN),
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
    tensor
        .without_autodiff()
        .try_into_vec_as()
        .unwrap_or_default()
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
mod tests {
    use super::*;
    use crate::layers::{LabelChoice, categorical, log_softmax};
    use crate::params::Id;
    use burn::tensor::{Device, TensorData};
    use std::sync::Arc;

    /// A bandit of four arms.
    struct Bandit {
        params: Params,
        logits: Id,
        value: Id,
    }

    struct Pull {
        arm: u8,
        log_prob: [f32; 1],
        value: [f32; 1],
    }

    impl Bandit {
        fn new() -> Self {
            let mut params = Params::new();
            let logits = params.bias(4, 0.0);
            let value = params.bias(1, 0.0);
            Bandit {
                params,
                logits,
                value,
            }
        }

        fn pull(&self, rng: &mut Rng) -> Pull {
            let logs = log_softmax(&self.params.values()[..4], 0b1111);
            let odds: Vec<f64> = logs.iter().map(|&l| f64::from(l).exp()).collect();
            let arm = rng.weighted(&odds);
            Pull {
                arm: arm as u8,
                log_prob: [logs[arm]],
                value: [self.params.values()[4]],
            }
        }
    }

    impl Policy for Bandit {
        type Episode = Pull;
        type Batch = Arc<Vec<LabelChoice>>;

        fn params(&self) -> &Params {
            &self.params
        }

        fn params_mut(&mut self) -> &mut Params {
            &mut self.params
        }

        fn played<'a>(&self, pull: &'a Pull) -> (&'a [f32], &'a [f32]) {
            (&pull.log_prob, &pull.value)
        }

        fn batch(&self, pulls: &[&Pull]) -> Result<Self::Batch, NetError> {
            let choice = |p: &&Pull| LabelChoice {
                allowed: 0b1111,
                label: p.arm,
            };
            Ok(Arc::new(pulls.iter().map(choice).collect()))
        }

        fn evaluate(&self, w: &Weights, batch: &Self::Batch) -> Evaluation {
            let rows = |id| w[id].clone().repeat_dim(0, batch.len());
            let both = categorical(rows(self.logits), batch);
            Evaluation {
                log_prob: both.clone().narrow(1, 0, 1),
                entropy: both.narrow(1, 1, 1),
                value: rows(self.value),
            }
        }
    }

    fn play(objective: Objective, minibatch: usize) -> (Bandit, PpoReport) {
        let mut bandit = Bandit::new();
        let mut rng = Rng::stream(5, "bandit");
        let mut ppo = Ppo::new(PpoConfig {
            objective,
            minibatch,
            learning_rate: 5e-2,
            ..Default::default()
        });
        let mut report = PpoReport::default();
        for _ in 0..40 {
            let pulls: Vec<Pull> = (0..32).map(|_| bandit.pull(&mut rng)).collect();
            let worth = [0.1, 0.3, 1.0, 0.5];
            let reward = |p: &Pull| vec![worth[p.arm as usize] + 0.1 * p.log_prob[0].sin()];
            let rewards: Vec<_> = pulls.iter().map(reward).collect();
            report = ppo.update(&mut bandit, &pulls, &rewards, &mut rng).unwrap();
        }
        (bandit, report)
    }

    #[test]
    fn finds_the_best_arm() {
        for (objective, minibatch) in [
            (Objective::Ppo, 64),
            (Objective::Ppo, 8),
            (Objective::Reinforce, 8),
        ] {
            let (bandit, report) = play(objective, minibatch);
            let best = log_softmax(&bandit.params.values()[..4], 0b1111)[2].exp();
            assert!(best > 0.8, "{objective:?} {minibatch}: {best}");
            assert!(report.value_loss < 0.2 && report.skipped == 0, "{report:?}");
        }
    }

    #[test]
    fn outside_the_clip_range_the_gradient_is_zero() {
        let device = Device::flex().autodiff();
        let slope = |change: f32, advantage: f32| {
            let data = TensorData::new(vec![change], [1, 1]);
            let change = Tensor::<2>::from_data(data, &device).require_grad();
            let advantage = like(&constant(vec![advantage], [1, 1]), &change);
            let grads = surrogate(change.clone(), advantage, 0.2).sum().backward();
            read(change.grad(&grads).unwrap())[0]
        };
        assert_eq!(slope(0.3, 1.0), 0.0);
        assert_eq!(slope(-0.3, -1.0), 0.0);
        // Steps that went the wrong way are always corrected.
        assert!((slope(-0.3, 1.0) - (-0.3f32).exp()).abs() < 1e-6);
        assert!((slope(0.3, -1.0) + 0.3f32.exp()).abs() < 1e-6);
        assert!((slope(0.1, 2.0) - 2.0 * 0.1f32.exp()).abs() < 1e-6);
    }

    #[test]
    fn lengths_that_differ_are_errors() {
        let mut bandit = Bandit::new();
        let mut rng = Rng::stream(0, "bandit");
        let pulls = vec![bandit.pull(&mut rng)];
        let mut ppo = Ppo::new(PpoConfig::default());
        assert!(ppo.update(&mut bandit, &pulls, &[], &mut rng).is_err());
        assert!(
            ppo.update(&mut bandit, &pulls, &[vec![]], &mut rng)
                .is_err()
        );
        assert_eq!(
            ppo.update(&mut bandit, &[], &[], &mut rng),
            Ok(PpoReport::default())
        );
    }
}
