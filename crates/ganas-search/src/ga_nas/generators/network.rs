//! The generator of the paper: a graph network with a GRU for the edges, trained by PPO.

use ganas_core::arch::{Arch, Graph};
use ganas_core::error::Result;
use ganas_core::rng::Rng;
use ganas_core::space::{Rules, SearchSpace};
use ganas_nets::{Dims, Ppo, PpoReport, Rollout};
use serde::{Deserialize, Serialize};

use super::Generator;
use super::grow::grow;
use crate::ga_nas::config::{GaNasConfig, Reward};
use crate::ga_nas::discriminators::Discriminator;
use crate::ga_nas::fault;
use crate::ga_nas::reward::{StepReward, graphs, rewards};
use crate::ga_nas::round::Round;

/// Number of tries to grow a set of fakes, before the valid ones have to do.
const TRIES: usize = 20;

/// A network that grows graphs node by node. It stays from round to round.
#[derive(Serialize, Deserialize)]
pub struct NetworkGenerator {
    network: ganas_nets::Generator,
    ppo: Ppo,
    rules: Rules,
    step_reward: StepReward,
    /// PPO updates a round.
    updates: usize,
    /// Episodes an update.
    episodes: usize,
    /// Graphs of the last set, if the network learns from these alone and not from fresh episodes:
    /// a discriminator that only knows measured values can pay no others.
    played: Option<Vec<Rollout>>,
}

impl NetworkGenerator {
    /// An untrained network for a space.
    pub fn new(config: &GaNasConfig, seed: u64, space: &dyn SearchSpace) -> Self {
        let mut init = Rng::stream(seed, "ga-nas/generator");
        let dims = Dims::of(space);
        NetworkGenerator {
            network: ganas_nets::Generator::new(config.generator.clone(), dims, &mut init),
            ppo: Ppo::new(config.ppo.clone()),
            rules: config.rules,
            step_reward: config.step_reward,
            updates: config.updates,
            episodes: config.episodes,
            played: (config.reward == Reward::Measured).then(Vec::new),
        }
    }

    /// The same with a network from before the search.
    pub fn starting_from(self, network: &ganas_nets::Generator) -> Self {
        NetworkGenerator {
            network: network.clone(),
            ..self
        }
    }

    /// Grows graphs until `wanted` of them are unseen architectures, or hardly any are.
    pub fn grow(&mut self, round: &mut Round, wanted: usize) -> Result<Vec<Arch>> {
        let rng = &mut round.streams.proposals;
        let grown = grow(&self.network, self.rules, round.context, wanted, rng).map_err(fault)?;
        if let Some(played) = &mut self.played {
            *played = grown.rollouts;
        }
        round
            .gauges
            .extend([("g_valid", grown.valid), ("g_duplicates", grown.duplicates)]);
        round.lap("proposing");
        Ok(grown.archs)
    }

    fn sample(&self, space: &dyn SearchSpace, count: usize, rng: &mut Rng) -> Result<Vec<Rollout>> {
        let sampled = self.network.sample(space, self.rules, count, rng);
        sampled.map_err(fault)
    }
}

impl Generator for NetworkGenerator {
    fn fakes(&self, round: &mut Round, count: usize) -> Result<Vec<Graph>> {
        let space = round.context.space;
        let rng = &mut round.streams.fakes;
        let mut fakes: Vec<Graph> = Vec::with_capacity(count);
        // Growth under learned rules can fail, and a graph that breaks the rules is not an
        // architecture.
        for _ in 0..TRIES {
            let grown = self.sample(space, count, rng)?;
            // Equal architectures have to be equal graphs, however they were grown.
            let valid = grown
                .iter()
                .filter_map(|rollout| space.arch(&rollout.graph).ok())
                .map(|arch| space.graph(&arch));
            fakes.extend(valid.take(count - fakes.len()));
            if fakes.len() == count {
                break;
            }
        }
        if fakes.is_empty() {
            let arch = space.sample(space.samplers()[0], rng);
            fakes.push(space.graph(&arch));
        }
        Ok(fakes)
    }

    fn train(&mut self, round: &mut Round, discriminator: &dyn Discriminator) -> Result<()> {
        let space = round.context.space;
        // Every update goes through all that was played, since there is nothing else to learn from.
        let mut played = self.played.as_mut().map(std::mem::take);
        if let Some(played) = &mut played {
            played.retain(|rollout| discriminator.can_pay(space, &rollout.graph));
        }
        let mut ppo = PpoReport::default();
        let mut reward = 0.0;
        for _ in 0..self.updates {
            let rng = &mut round.streams.training;
            let fresh;
            let episodes = match &played {
                Some(played) => played,
                None => {
                    fresh = self.sample(space, self.episodes, rng)?;
                    &fresh
                }
            };
            if episodes.is_empty() {
                break;
            }
            let scores = discriminator.scores(space, &graphs(episodes))?;
            let paid = rewards(space, self.step_reward, episodes, &scores);
            reward = mean_return(&paid);
            let updated = self.ppo.update(&mut self.network, episodes, &paid, rng);
            ppo = updated.map_err(fault)?;
        }
        round.gauges.extend([
            ("g_loss", ppo.policy_loss as f64),
            ("g_value_loss", ppo.value_loss as f64),
            ("g_reward", reward),
            ("g_entropy", ppo.entropy as f64),
            ("g_kl", ppo.kl as f64),
        ]);
        round.lap("generator");
        Ok(())
    }

    fn propose(&mut self, round: &mut Round, _: &mut dyn Discriminator) -> Result<Vec<Arch>> {
        self.grow(round, round.size)
    }
}

/// The mean over the episodes of the sum of each one's rewards.
fn mean_return(rewards: &[Vec<f32>]) -> f64 {
    let total: f64 = rewards.iter().flatten().map(|r| f64::from(*r)).sum();
    total / rewards.len().max(1) as f64
}
