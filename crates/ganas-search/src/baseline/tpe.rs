//! The tree-structured Parzen estimator, as in Optuna.
//!
//! Bergstra et al. 2011, "Algorithms for hyper-parameter optimization", NeurIPS; settings and
//! kernels are the defaults of Optuna's `TPESampler` (Akiba et al. 2019, doi
//! 10.1145/3292500.3330701). The best tenth of all trials makes a density l, the rest another one,
//! g; of some candidates drawn from l, the one with the largest l / g is tried.
//!
//! The parameters are the [decisions](super::decisions) of the space, all categorical. A density is
//! a mixture with a kernel for each trial, which keeps nearly to the trial's choices, and a uniform
//! one. Where a decision only comes up after others, kernels of trials that never met it are
//! uniform over it, so no draw has to be rejected as invalid. As with Optuna's own studies, a draw
//! that repeats an architecture is a trial once more, at no cost.

use ganas_core::arch::{Arch, Graph};
use ganas_core::error::Result;
use ganas_core::ledger::Query;
use ganas_core::rng::Rng;
use ganas_core::space::SearchSpace;
use ganas_core::state;
use ganas_core::strategy::{Context, Strategy};
use serde::{Deserialize, Serialize};

use super::REPEATS;
use super::decisions::{Decision, Made, decide, decisions_of, members};

/// The most recent trials that all weigh the same; older ones weigh less, down to 1 / n (Optuna).
const FLAT: usize = 25;

/// Settings of [`Tpe`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TpeConfig {
    /// Trials before the first density, drawn at random (Optuna: 10).
    pub startup: usize,
    /// The share of the trials that are good, rounded up (Optuna: 0.1).
    pub gamma: f64,
    /// The most trials that are good (Optuna: 25).
    pub most_good: usize,
    /// Candidates that are drawn from the density of the good trials (Optuna: 24).
    pub candidates: usize,
    /// The weight of the uniform kernel, where the latest trials have 1 (Optuna: 1).
    pub prior_weight: f64,
    /// Whether the densities are joint ones of all decisions (Optuna's default from version 5 on)
    /// or each decision has its own (before).
    pub multivariate: bool,
}

impl Default for TpeConfig {
    fn default() -> Self {
        TpeConfig {
            startup: 10,
            gamma: 0.1,
            most_good: 25,
            candidates: 24,
            prior_weight: 1.0,
            multivariate: true,
        }
    }
}

/// Tree-structured Parzen estimator.
#[derive(Serialize, Deserialize)]
pub struct Tpe {
    config: TpeConfig,
    rng: Rng,
    trials: Vec<Trial>,
    /// What was asked for last, by the decisions that led to it.
    asked: Option<(Arch, Vec<Made>)>,
}

/// What was tried and what came of it.
#[derive(Serialize, Deserialize)]
struct Trial {
    /// The choice at each decision; [`NEVER_MET`] where it did not come up.
    choices: Vec<u8>,
    /// Minus infinity where a constraint is broken.
    merit: f64,
}

const NEVER_MET: u8 = u8::MAX;

impl Tpe {
    /// A search with a stream of its own.
    pub fn new(config: TpeConfig, seed: u64) -> Self {
        Tpe {
            config,
            rng: Rng::stream(seed, "tpe"),
            trials: Vec::new(),
            asked: None,
        }
    }

    /// Takes note of a trial. One that failed is none.
    fn record(&mut self, space: &dyn SearchSpace, query: &Query, made: &[Made]) {
        let Some(score) = query.score else { return };
        let mut choices = vec![NEVER_MET; Decision::count(space.max_nodes())];
        for made in made {
            choices[made.decision.index()] = made.choice;
        }
        let merit = match query.compliant {
            true => score,
            false => f64::NEG_INFINITY,
        };
        self.trials.push(Trial { choices, merit });
    }

    /// The good trials and the others, each in the order in which they were made.
    fn split(&self) -> (Vec<&Trial>, Vec<&Trial>) {
        let n = self.trials.len();
        let good = ((self.config.gamma * n as f64).ceil() as usize).min(self.config.most_good);
        let mut order: Vec<usize> = (0..n).collect();
        // Of equals the earlier ones come first.
        order.sort_by(|&a, &b| self.trials[b].merit.total_cmp(&self.trials[a].merit));
        let mut is_good = vec![false; n];
        order[..good].iter().for_each(|&i| is_good[i] = true);
        let of = |side: bool| -> Vec<&Trial> {
            (self.trials.iter().zip(&is_good))
                .filter(|(_, good)| **good == side)
                .map(|(trial, _)| trial)
                .collect()
        };
        (of(true), of(false))
    }

    /// The decisions that promise the most, and their graph.
    fn promising(&mut self, space: &dyn SearchSpace) -> (Graph, Vec<Made>) {
        let (good, rest) = self.split();
        // The stream is lent out while the trials are borrowed.
        let mut rng = self.rng.clone();
        let prior = self.config.prior_weight;
        let drawn = match self.config.multivariate {
            true => {
                let (good, rest) = (Density::new(&good, prior), Density::new(&rest, prior));
                let candidates = (0..self.config.candidates.max(1)).map(|_| {
                    let (graph, made) = good.sample(space, &mut rng);
                    let ratio = good.of(&made).ln() - rest.of(&made).ln();
                    (ratio, (graph, made))
                });
                first_best(candidates)
            }
            false => decide(space, |decision, options| {
                let options: Vec<u8> = members(options).collect();
                let good = marginal(&good, prior, decision, &options);
                let rest = marginal(&rest, prior, decision, &options);
                let candidates = (0..self.config.candidates.max(1)).map(|_| {
                    let i = rng.weighted(&good);
                    (good[i].ln() - rest[i].ln(), options[i])
                });
                first_best(candidates)
            }),
        };
        self.rng = rng;
        drawn
    }
}

/// The first of the best candidates. There is at least one.
fn first_best<T>(candidates: impl Iterator<Item = (f64, T)>) -> T {
    let better = |best: (f64, T), next: (f64, T)| if next.0 > best.0 { next } else { best };
    let best = candidates.reduce(better);
    best.map(|(_, candidate)| candidate)
        .expect("at least one candidate is drawn")
}

/// A mixture over all decisions at once.
struct Density<'a> {
    trials: &'a [&'a Trial],
    /// The weight of each trial's kernel and, last, of the uniform one. They add up to 1.
    weights: Vec<f64>,
    /// What a kernel gives to each choice before the trial's own gets 1 more.
    smoothing: f64,
}

impl<'a> Density<'a> {
    fn new(trials: &'a [&'a Trial], prior_weight: f64) -> Self {
        let mut weights = weights(trials.len());
        weights.push(prior_weight);
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|w| *w /= sum);
        Density {
            trials,
            weights,
            smoothing: prior_weight / (trials.len() + 1) as f64,
        }
    }

    fn sample(&self, space: &dyn SearchSpace, rng: &mut Rng) -> (Graph, Vec<Made>) {
        let kernel = self.trials.get(rng.weighted(&self.weights));
        decide(space, |decision, options| {
            let own = kernel.map_or(NEVER_MET, |trial| trial.choices[decision.index()]);
            let options: Vec<u8> = members(options).collect();
            let weight = |o: &u8| self.smoothing + f64::from(u8::from(*o == own));
            match options.contains(&own) {
                true => options[rng.weighted(&options.iter().map(weight).collect::<Vec<_>>())],
                false => *rng.choose(&options),
            }
        })
    }

    /// The density of some decisions.
    fn of(&self, made: &[Made]) -> f64 {
        let uniform: f64 = made.iter().map(|m| 1.0 / options(m)).product();
        let kernels = self
            .trials
            .iter()
            .zip(&self.weights)
            .map(|(trial, weight)| {
                let factors = made.iter().map(|m| {
                    let own = trial.choices[m.decision.index()];
                    if own == NEVER_MET || m.options >> own & 1 == 0 {
                        return 1.0 / options(m);
                    }
                    let mass = self.smoothing + f64::from(u8::from(own == m.choice));
                    mass / (1.0 + self.smoothing * options(m))
                });
                weight * factors.product::<f64>()
            });
        // The uniform kernel is the last.
        kernels.sum::<f64>() + self.weights[self.trials.len()] * uniform
    }
}

fn options(made: &Made) -> f64 {
    f64::from(made.options.count_ones())
}

/// The density of one decision's options by the trials that made it.
fn marginal(trials: &[&Trial], prior: f64, decision: Decision, options: &[u8]) -> Vec<f64> {
    let made: Vec<usize> = (trials.iter())
        .filter_map(|trial| {
            let own = trial.choices[decision.index()];
            options.iter().position(|o| *o == own)
        })
        .collect();
    let count = options.len() as f64;
    let smoothing = prior / (made.len() + 1) as f64;
    let weights = weights(made.len());
    let sum: f64 = weights.iter().sum::<f64>() + prior;
    let floor = (sum - prior) * smoothing / (1.0 + count * smoothing) + prior / count;
    let mut density = vec![floor / sum; options.len()];
    for (own, weight) in made.into_iter().zip(weights) {
        density[own] += weight / (1.0 + count * smoothing) / sum;
    }
    density
}

/// How much each of `n` trials counts, the oldest first (Optuna): the latest 25 the same, older
/// ones from 1 / n rising to 1.
fn weights(n: usize) -> Vec<f64> {
    let ramp = n.saturating_sub(FLAT);
    let least = 1.0 / n.max(1) as f64;
    let step = (1.0 - least) / ramp.saturating_sub(1).max(1) as f64;
    (0..n)
        .map(|i| match i < ramp {
            true => least + step * i as f64,
            false => 1.0,
        })
        .collect()
}

impl Strategy for Tpe {
    fn ask(&mut self, context: &Context, _: usize) -> Result<Vec<Arch>> {
        if self.trials.is_empty() {
            // Starting points found by somebody else are the first trials.
            for query in context.ledger.queries() {
                let made = decisions_of(context.space, &context.space.graph(&query.arch));
                self.record(context.space, query, &made);
            }
        }
        self.asked = None;
        if self.trials.len() >= self.config.startup.max(1) {
            for _ in 0..REPEATS {
                let (graph, made) = self.promising(context.space);
                let Ok(arch) = context.space.arch(&graph) else {
                    continue;
                };
                match context.ledger.get(&arch) {
                    Some(query) => self.record(context.space, query, &made),
                    None => {
                        // In a pool, the trial is of what stands for the proposal.
                        if let Some(near) = context.nearest_new(&arch, |_| false) {
                            self.asked = (near == arch).then_some((arch, made));
                            return Ok(vec![near]);
                        }
                    }
                }
            }
        }
        Ok(context.sample_new(1, &mut self.rng))
    }

    fn tell(&mut self, context: &Context, results: &[Query]) {
        for query in results {
            let made = match self.asked.take() {
                Some((arch, made)) if arch == query.arch => made,
                _ => decisions_of(context.space, &context.space.graph(&query.arch)),
            };
            self.record(context.space, query, &made);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_optunas() {
        // `optuna.samplers._tpe.sampler.default_weights`, version 5.0.0.
        assert_eq!(weights(3), [1.0; 3]);
        assert_eq!(weights(25), [1.0; 25]);
        let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
        let many = weights(28);
        assert!(close(&many, &[1.0 / 28.0, 0.5 * (1.0 + 1.0 / 28.0), 1.0]));
        assert_eq!(many[2..], [1.0; 26]);
        assert!(close(&weights(26), &[1.0 / 26.0, 1.0]));
    }

    fn trials(choices: &[[u8; 2]]) -> Vec<Trial> {
        (choices.iter())
            .map(|c| Trial {
                choices: c.to_vec(),
                merit: 0.0,
            })
            .collect()
    }

    fn made(index: usize, choice: u8) -> Made {
        Made {
            decision: match index {
                0 => Decision::Label(0),
                _ => Decision::Label(1),
            },
            options: 0b111,
            choice,
        }
    }

    #[test]
    fn densities_are_those_of_optunas_parzen_estimator() {
        // `_ParzenEstimator` of Optuna 5.0.0, two parameters with three choices each, observed at
        // (0, 1), (0, 2) and (2, 1).
        let seen = trials(&[[0, 1], [0, 2], [2, 1]]);
        let seen: Vec<&Trial> = seen.iter().collect();
        let joint = Density::new(&seen, 1.0);
        let all = (0..3).flat_map(|a| (0..3).map(move |b| (a, b)));
        let values: Vec<f64> = all
            .clone()
            .map(|(a, b)| joint.of(&[made(0, a), made(1, b)]))
            .collect();
        let expected = [
            0.08390022675736956,
            0.20634920634920637,
            0.18594104308390028,
            0.04308390022675736,
            0.08390022675736956,
            0.06349206349206349,
            0.06349206349206349,
            0.18594104308390022,
            0.08390022675736956,
        ];
        for (value, expected) in values.iter().zip(expected) {
            assert!((value - expected).abs() < 1e-12, "{values:?}");
        }
        let first = marginal(&seen, 1.0, Decision::Label(0), &[0, 1, 2]);
        for (a, value) in first.iter().enumerate() {
            let sum: f64 = expected[3 * a..][..3].iter().sum();
            assert!((value - sum).abs() < 1e-12, "{first:?}");
        }
    }
}
