//! REINFORCE on independent choices, rewarded with what was measured.
//!
//! Williams 1992, "Simple statistical gradient-following algorithms for connectionist reinforcement
//! learning", doi 10.1007/BF00992696, which Zoph & Le 2017 (arXiv 1611.01578) brought to
//! architectures. As in the baselines of NAS-Bench-101 and NAS-Bench-201, the policy is a softmax
//! for each [decision](super::decisions) instead of a recurrent network, and the reward is the
//! objective less its moving average. It is the reinforcement learner that spends a query on every
//! reward, where GA-NAS is paid by its discriminator.
//!
//! A repeated architecture pays what it paid before and costs nothing, so the policy goes on
//! learning until it makes something new.

use ganas_core::arch::{Arch, Graph};
use ganas_core::error::Result;
use ganas_core::ledger::Query;
use ganas_core::rng::Rng;
use ganas_core::space::{LabelSet, SearchSpace};
use ganas_core::state;
use ganas_core::strategy::{Context, Gauge, Strategy};
use ganas_core::trial::Trial;
use serde::{Deserialize, Serialize};

use super::REPEATS;
use super::decisions::{Decision, Made, decide, members};
use crate::settings::{Range, StrategyConfig, check_ranges};

/// Settings of [`Reinforce`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReinforceConfig {
    /// Adam's learning rate (ours: 0.1, with which 19 runs of 20 find the optimum of NAS-Bench-201 within
    /// 444 queries; NATS-Bench's code has 0.01, with which 2 do, and spends thousands). Adam takes the
    /// scale out of the gradient, so it does not depend on the unit of the objective.
    pub learning_rate: f64,
    /// Share that the moving average keeps at each reward (NAS-Bench-101 and NAS-Bench-201: 0.9).
    pub momentum: f64,
}

impl Default for ReinforceConfig {
    fn default() -> Self {
        ReinforceConfig {
            learning_rate: 0.1,
            momentum: 0.9,
        }
    }
}

impl StrategyConfig for ReinforceConfig {
    const PRESETS: &'static [&'static str] = &["default", "nats-bench"];

    fn preset(name: &str) -> Self {
        match name {
            "nats-bench" => Self::nats_bench(),
            _ => Self::default(),
        }
    }

    fn check(&self) -> Result<()> {
        check_ranges(&[
            ("learning_rate", self.learning_rate, Range::POSITIVE),
            ("momentum", self.momentum, Range::SHARE),
        ])
    }

    fn build(self, seed: u64) -> Box<dyn Strategy> {
        Box::new(Reinforce::new(self, seed))
    }
}

impl ReinforceConfig {
    /// The settings of NATS-Bench's code.
    pub fn nats_bench() -> Self {
        ReinforceConfig {
            learning_rate: 0.01,
            ..Self::default()
        }
    }
}

/// Tabular REINFORCE.
#[derive(Serialize, Deserialize)]
pub struct Reinforce {
    config: ReinforceConfig,
    rng: Rng,
    policy: Option<Policy>,
    baseline: Average,
    /// Reward of an architecture that breaks a constraint: the lowest reward so far.
    least: Option<f64>,
    /// Last proposal, if the policy made it.
    asked: Option<(Arch, Vec<Made>)>,
}

impl Reinforce {
    /// A search with a stream of its own.
    pub fn new(config: ReinforceConfig, seed: u64) -> Self {
        Reinforce {
            config,
            rng: Rng::stream(seed, "reinforce"),
            policy: None,
            baseline: Average::default(),
            least: None,
            asked: None,
        }
    }

    /// Learns from what came of some decisions. A failure teaches nothing.
    fn learn(&mut self, query: &Query, made: &[Made]) {
        let reward = match (query.value(), query.compliant) {
            (Some(score), true) => Some(score),
            (Some(_), false) => self.least,
            (None, _) => None,
        };
        let (Some(reward), Some(policy)) = (reward, &mut self.policy) else {
            return;
        };
        self.least = Some(self.least.map_or(reward, |least| least.min(reward)));
        self.baseline.add(reward, self.config.momentum);
        let advantage = reward - self.baseline.value();
        policy.climb(made, advantage, self.config.learning_rate);
    }
}

impl Strategy for Reinforce {
    fn ask(&mut self, context: &Context, _: usize) -> Result<Vec<Trial>> {
        self.asked = None;
        for _ in 0..REPEATS {
            let policy = self
                .policy
                .get_or_insert_with(|| Policy::new(context.space));
            let (graph, made) = policy.sample(context.space, &mut self.rng);
            let Ok(arch) = context.space.arch(&graph) else {
                continue;
            };
            // In a pool, what is nearest to the proposal pays for it.
            let pays = match context.ledger.get(&arch) {
                Some(_) => Some(arch),
                None => context.nearest(&arch),
            };
            let Some(arch) = pays else {
                continue;
            };
            match context.ledger.get(&arch) {
                Some(query) => self.learn(query, &made),
                None if context.is_new(&arch) => {
                    self.asked = Some((arch, made));
                    return Ok(vec![arch.into()]);
                }
                // It is being evaluated.
                None => {}
            }
        }
        Ok(Trial::full(context.sample_new(1, &mut self.rng)))
    }

    fn tell(&mut self, _: &Context, results: &[Query]) {
        for query in results {
            if let Some((arch, made)) = self.asked.take()
                && arch == query.arch
            {
                self.learn(query, &made);
            }
        }
    }

    fn gauges(&self) -> Vec<Gauge> {
        match self.least {
            Some(_) => vec![("baseline", self.baseline.value())],
            None => Vec::new(),
        }
    }

    fn save(&self) -> Option<Vec<u8>> {
        state::save(self)
    }

    fn restore(&mut self, state: &[u8]) -> Result<()> {
        *self = state::load(state)?;
        Ok(())
    }
}

/// A moving average without a bias towards zero at the start.
#[derive(Default, Serialize, Deserialize)]
struct Average {
    sum: f64,
    weight: f64,
}

impl Average {
    fn add(&mut self, value: f64, momentum: f64) {
        self.sum = momentum * self.sum + (1.0 - momentum) * value;
        self.weight = momentum * self.weight + (1.0 - momentum);
    }

    fn value(&self) -> f64 {
        self.sum / self.weight
    }
}

/// The logits of every option of every decision, and Adam's two moments of each (Kingma & Ba 2015,
/// arXiv 1412.6980, with its own constants 0.9, 0.999 and 1e-8).
#[derive(Serialize, Deserialize)]
struct Policy {
    options: usize,
    logits: Vec<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
    steps: i32,
}

impl Policy {
    /// A policy that chooses uniformly.
    fn new(space: &dyn SearchSpace) -> Self {
        let options = space.vocabulary().len().max(2);
        let size = options * Decision::count(space.max_nodes());
        Policy {
            options,
            logits: vec![0.0; size],
            first: vec![0.0; size],
            second: vec![0.0; size],
            steps: 0,
        }
    }

    fn sample(&self, space: &dyn SearchSpace, rng: &mut Rng) -> (Graph, Vec<Made>) {
        decide(space, |decision, options| {
            let probabilities = self.probabilities(decision, options);
            let weights: Vec<f64> = probabilities.iter().map(|(_, p)| *p).collect();
            probabilities[rng.weighted(&weights)].0
        })
    }

    /// The options of a decision and how likely each is.
    fn probabilities(&self, decision: Decision, options: LabelSet) -> Vec<(u8, f64)> {
        let logit = |o: u8| self.logits[decision.index() * self.options + o as usize];
        let largest = members(options).map(logit).fold(f64::MIN, f64::max);
        let weights: Vec<(u8, f64)> = members(options)
            .map(|o| (o, (logit(o) - largest).exp()))
            .collect();
        let sum: f64 = weights.iter().map(|(_, w)| w).sum();
        weights.into_iter().map(|(o, w)| (o, w / sum)).collect()
    }

    /// One step up the gradient of the advantage times the log-probability of some decisions.
    fn climb(&mut self, made: &[Made], advantage: f64, rate: f64) {
        const KEPT: [f64; 2] = [0.9, 0.999];
        let mut gradient = vec![0.0; self.logits.len()];
        for made in made {
            let start = made.decision.index() * self.options;
            for (option, probability) in self.probabilities(made.decision, made.options) {
                let hit = f64::from(u8::from(option == made.choice));
                gradient[start + option as usize] = advantage * (hit - probability);
            }
        }
        self.steps += 1;
        let [first, second] = KEPT.map(|kept| 1.0 - kept.powi(self.steps));
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((logit, g), (m, v)) in self.logits.iter_mut().zip(gradient).zip(moments) {
            *m += (1.0 - KEPT[0]) * (g - *m);
            *v += (1.0 - KEPT[1]) * (g * g - *v);
            *logit += rate * (*m / first) / ((*v / second).sqrt() + 1e-8);
        }
    }
}

#[cfg(test)]
mod tests {
    use ganas_core::space::nasbench201;

    use super::*;

    #[test]
    fn averages_are_not_drawn_to_zero() {
        let mut average = Average::default();
        average.add(8.0, 0.9);
        assert!((average.value() - 8.0).abs() < 1e-12);
        average.add(4.0, 0.9);
        assert!((average.value() - (0.9 * 8.0 + 4.0) / 1.9).abs() < 1e-12);
    }

    #[test]
    fn what_pays_becomes_likely_whatever_its_unit() {
        let space = nasbench201();
        let likely: Vec<f64> = [1.0, 1e-3]
            .map(|unit| {
                let mut policy = Policy::new(&space);
                let mut rng = Rng::stream(0, "reinforce");
                for _ in 0..300 {
                    let (graph, made) = policy.sample(&space, &mut rng);
                    // The third label is the first op.
                    let advantage = if graph.labels[1] == 2 { 1.0 } else { -0.25 };
                    policy.climb(&made, unit * advantage, 0.05);
                }
                policy.probabilities(Decision::Label(1), 0b1111100)[0].1
            })
            .to_vec();
        assert!(likely[0] > 0.95, "{likely:?}");
        assert!((likely[0] - likely[1]).abs() < 0.01, "{likely:?}");
    }
}
