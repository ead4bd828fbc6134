//! The tree-structured Parzen estimator, as in Optuna.
//!
//! Bergstra et al. 2011, "Algorithms for hyper-parameter optimization", NeurIPS; settings and
//! kernels are the defaults of Optuna's `TPESampler` (Akiba et al. 2019, doi
//! 10.1145/3292500.3330701). The best tenth of all trials makes a density l, the rest another one,
//! g; of some candidates drawn from l, the one with the largest l / g is tried.
//!
//! The parameters are the [decisions](super::decisions) of the space. Those over numbers have
//! [kernels](super::kernels) of their own, the others are categorical. A density is
//! a mixture with a kernel for each trial, which keeps nearly to the trial's choices, and a uniform
//! one. Where a decision only comes up after others, kernels of trials that never met it are
//! uniform over it, so no draw has to be rejected as invalid. As with Optuna's own studies, a draw
//! that repeats an architecture is a trial once more, at no cost.
//!
//! With several objectives the good trials and their weights are those of [MOTPE](super::tpe_front).
//!
//! It differs from Optuna in one thing: beside the good trials, only the latest thousand others make the
//! second density, so that a draw does not become slower as the search goes on.

use std::collections::{BTreeMap, HashSet};

use ganas_core::arch::{Arch, Graph};
use ganas_core::error::Result;
use ganas_core::ledger::Query;
use ganas_core::rng::Rng;
use ganas_core::space::{LabelSet, SearchSpace};
use ganas_core::state;
use ganas_core::strategy::{Capabilities, Context, Strategy};
use ganas_core::trial::Trial;
use serde::{Deserialize, Serialize};

use super::decisions::{Decision, Made, decide, decisions_of, members};
use super::kernels::{Column, Kernels, Orders};
use super::{REPEATS, tpe_front};
use crate::settings::{Range, StrategyConfig, check_ranges};

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
    /// The most trials beside the good ones that make a density, the latest first (ours: 1,000; Optuna
    /// takes all).
    #[serde(default = "most_others")]
    pub most_others: usize,
    /// Candidates that are drawn from the density of the good trials (Optuna: 24).
    pub candidates: usize,
    /// The weight of the uniform kernel, where the latest trials have 1 (Optuna: 1).
    pub prior_weight: f64,
    /// True if the densities are joint ones of all decisions (Optuna's default from version 5 on),
    /// false if each decision has its own (before).
    pub multivariate: bool,
}

impl Default for TpeConfig {
    fn default() -> Self {
        TpeConfig {
            startup: 10,
            gamma: 0.1,
            most_good: 25,
            most_others: most_others(),
            candidates: 24,
            prior_weight: 1.0,
            multivariate: true,
        }
    }
}

impl StrategyConfig for TpeConfig {
    const PRESETS: &'static [&'static str] = &["default", "univariate"];

    fn preset(name: &str) -> Self {
        TpeConfig {
            multivariate: name != "univariate",
            ..Self::default()
        }
    }

    fn check(&self) -> Result<()> {
        check_ranges(&[
            ("startup", self.startup as f64, Range::COUNT),
            ("gamma", self.gamma, Range::POSITIVE_SHARE),
            ("most_good", self.most_good as f64, Range::COUNT),
            ("most_others", self.most_others as f64, Range::COUNT),
            ("candidates", self.candidates as f64, Range::COUNT),
            ("prior_weight", self.prior_weight, Range::POSITIVE),
        ])
    }

    fn build(self, seed: u64) -> Box<dyn Strategy> {
        Box::new(Tpe::new(self, seed))
    }
}

/// The default of [`TpeConfig::most_others`], for settings that were written before there was one.
fn most_others() -> usize {
    1000
}

/// Tree-structured Parzen estimator.
#[derive(Serialize, Deserialize)]
pub struct Tpe {
    config: TpeConfig,
    rng: Rng,
    trials: Trials,
    /// Last proposal, with the decisions that led to it.
    asked: Option<(Arch, Vec<Made>)>,
}

/// The choice at each decision; [`NEVER_MET`] where it did not come up.
type Choices = Vec<u8>;

const NEVER_MET: u8 = u8::MAX;

/// Trials and their values. Most trials of a long search repeat others.
#[derive(Default, Serialize, Deserialize)]
struct Trials {
    /// Distinct choices, each with its place in `choices`.
    places: BTreeMap<Choices, usize>,
    choices: Vec<Choices>,
    /// For each trial, the place of its choices, in the order in which they were made.
    made: Vec<usize>,
    /// The merit of each trial; minus infinity where a constraint is broken.
    merits: Vec<f64>,
    /// The trials from the best on, of equals the earlier ones first.
    order: Vec<usize>,
    /// With several objectives, the values of each trial; none where a constraint is broken.
    values: Vec<Vec<f64>>,
}

/// The trials of both densities, each side in the order in which they were made.
struct Sides<'t> {
    good: Vec<&'t [u8]>,
    others: Vec<&'t [u8]>,
    /// Weights of the good ones, if several objectives give them.
    weights: Option<Vec<f64>>,
}

impl Trials {
    fn push(&mut self, choices: Choices, merit: f64) {
        let next = self.choices.len();
        let place = *self.places.entry(choices).or_insert_with_key(|choices| {
            self.choices.push(choices.clone());
            next
        });
        let before = |&trial: &usize| self.merits[trial].total_cmp(&merit).is_ge();
        let rank = self.order.partition_point(before);
        self.order.insert(rank, self.made.len());
        self.made.push(place);
        self.merits.push(merit);
    }

    fn len(&self) -> usize {
        self.made.len()
    }

    /// The best trials and the latest of the others.
    fn split(&self, good: usize, others: usize) -> Sides<'_> {
        let (best, weights) = if self.values.is_empty() {
            let mut best = self.order[..good].to_vec();
            best.sort_unstable();
            (best, None)
        } else {
            let good = tpe_front::split(&self.values, good);
            (good.trials, Some(good.weights))
        };
        let mut rest: Vec<usize> = (0..self.len())
            .rev()
            .filter(|trial| best.binary_search(trial).is_err())
            .take(others)
            .collect();
        rest.reverse();
        let [good, others] = [best, rest].map(|trials| {
            let choices = trials.into_iter().map(|t| &*self.choices[self.made[t]]);
            choices.collect()
        });
        Sides {
            good,
            others,
            weights,
        }
    }
}

impl Tpe {
    /// A search with a stream of its own.
    pub fn new(config: TpeConfig, seed: u64) -> Self {
        Tpe {
            config,
            rng: Rng::stream(seed, "tpe"),
            trials: Trials::default(),
            asked: None,
        }
    }

    /// Takes note of a trial. One that failed is none.
    fn record(&mut self, space: &dyn SearchSpace, query: &Query, made: &[Made]) {
        let Some(score) = query.value() else { return };
        let mut choices = vec![NEVER_MET; Decision::count(space.max_nodes())];
        for made in made {
            choices[made.decision.index()] = made.choice;
        }
        let merit = if query.compliant {
            score
        } else {
            f64::NEG_INFINITY
        };
        self.trials.push(choices, merit);
        if query.values.len() > 1 {
            let values = query.compliant.then(|| query.values.clone());
            self.trials.values.push(values.unwrap_or_default());
        }
    }

    /// The decisions that promise the most, and their graph.
    fn promising(&mut self, space: &dyn SearchSpace) -> (Graph, Vec<Made>) {
        let good = (self.config.gamma * self.trials.len() as f64).ceil() as usize;
        let good = good.min(self.config.most_good);
        let Sides {
            good,
            others: rest,
            weights: given,
        } = self.trials.split(good, self.config.most_others);
        let given = given.as_deref();
        // The stream is lent out while the trials are borrowed.
        let mut rng = self.rng.clone();
        let prior = self.config.prior_weight;
        let drawn = if self.config.multivariate {
            let orders = Orders::new(space);
            let good = Density::new(&good, given, prior, &orders);
            let rest = Density::new(&rest, None, prior, &orders);
            let mut seen = HashSet::new();
            let candidates = (0..self.config.candidates.max(1)).filter_map(|_| {
                let (graph, made) = good.sample(space, &mut rng);
                // Late in a search nearly all candidates are the same.
                let new = seen.insert(graph.clone());
                if !new {
                    return None;
                }
                let ratio = good.of(&made).ln() - rest.of(&made).ln();
                Some((ratio, (graph, made)))
            });
            first_best(candidates)
        } else {
            let orders = Orders::new(space);
            let kernels = [&good, &rest].map(|trials| orders.kernels(trials.len()));
            decide(space, |decision, options| {
                let options: Vec<u8> = members(options).collect();
                let good = marginal(&good, given, prior, decision, &options, &kernels[0]);
                let rest = marginal(&rest, None, prior, decision, &options, &kernels[1]);
                let candidates = (0..self.config.candidates.max(1)).map(|_| {
                    let i = rng.weighted(&good);
                    (good[i].ln() - rest[i].ln(), options[i])
                });
                first_best(candidates)
            })
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
    trials: &'a [&'a [u8]],
    /// The weight of each trial's kernel and, last, of the uniform one. They add up to 1.
    weights: Vec<f64>,
    /// Distinct kernels, each with the sum of its weights.
    kernels: Vec<(&'a [u8], f64)>,
    /// Weight that a kernel gives to each choice, before the trial's own choice gets 1 more.
    smoothing: f64,
    /// Kernels of the decisions over numbers.
    ordered: Kernels,
}

/// Factors of the kernels for one decision of a candidate.
struct Factor {
    /// The place of the decision.
    place: usize,
    choice: u8,
    options: LabelSet,
    /// Factor of a trial that made the same choice.
    same: f64,
    /// Factor of a trial that made another choice that was possible.
    other: f64,
    /// Factor of a trial that never met the decision, or could not make its choice here.
    never: f64,
    /// Factors of trials by their choice, if the decision is over numbers.
    ordered: Option<Column>,
}

impl<'a> Density<'a> {
    fn new(
        trials: &'a [&'a [u8]],
        given: Option<&[f64]>,
        prior_weight: f64,
        orders: &Orders,
    ) -> Self {
        let mut weights = given.map_or_else(|| weights(trials.len()), <[f64]>::to_vec);
        weights.push(prior_weight);
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|w| *w /= sum);
        let mut places: BTreeMap<&[u8], usize> = BTreeMap::new();
        let mut kernels: Vec<(&[u8], f64)> = Vec::new();
        for (&trial, weight) in trials.iter().zip(&weights) {
            let place = *places.entry(trial).or_insert(kernels.len());
            match kernels.get_mut(place) {
                Some((_, sum)) => *sum += weight,
                None => kernels.push((trial, *weight)),
            }
        }
        Density {
            trials,
            weights,
            kernels,
            smoothing: prior_weight / (trials.len() + 1) as f64,
            ordered: orders.kernels(trials.len()),
        }
    }

    fn sample(&self, space: &dyn SearchSpace, rng: &mut Rng) -> (Graph, Vec<Made>) {
        let kernel = self.trials.get(rng.weighted(&self.weights));
        decide(space, |decision, options| {
            let own = kernel.map_or(NEVER_MET, |trial| trial[decision.index()]);
            let options: Vec<u8> = members(options).collect();
            if let Some(kernel) = self.ordered.of(decision, own, &options) {
                return options[rng.weighted(&kernel)];
            }
            let weight = |o: &u8| self.smoothing + f64::from(u8::from(*o == own));
            if options.contains(&own) {
                options[rng.weighted(&options.iter().map(weight).collect::<Vec<_>>())]
            } else {
                *rng.choose(&options)
            }
        })
    }

    /// The density of some decisions.
    fn of(&self, made: &[Made]) -> f64 {
        let uniform: f64 = made.iter().map(|m| 1.0 / options(m)).product();
        let factors: Vec<Factor> = made
            .iter()
            .map(|m| {
                let all = 1.0 + self.smoothing * options(m);
                Factor {
                    place: m.decision.index(),
                    choice: m.choice,
                    options: m.options,
                    same: (self.smoothing + 1.0) / all,
                    other: self.smoothing / all,
                    never: 1.0 / options(m),
                    ordered: self.ordered.column(m.decision, m.choice, m.options),
                }
            })
            .collect();
        let kernels = self.kernels.iter().map(|(trial, weight)| {
            let factors = factors.iter().map(|f| {
                let own = trial[f.place];
                if let Some(ordered) = f.ordered.as_ref().and_then(|column| column.of(own)) {
                    ordered
                } else if own == f.choice {
                    f.same
                } else if own == NEVER_MET || f.options >> own & 1 == 0 {
                    f.never
                } else {
                    f.other
                }
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
fn marginal(
    trials: &[&[u8]],
    given: Option<&[f64]>,
    prior: f64,
    decision: Decision,
    options: &[u8],
    kernels: &Kernels,
) -> Vec<f64> {
    let option = |trial: &[u8]| {
        let own = trial[decision.index()];
        options.iter().position(|o| *o == own)
    };
    let made: Vec<usize> = trials.iter().filter_map(|trial| option(trial)).collect();
    let count = options.len() as f64;
    let smoothing = prior / (made.len() + 1) as f64;
    let weights = match given {
        None => weights(made.len()),
        Some(given) => {
            let pairs = trials.iter().zip(given);
            pairs
                .filter(|(trial, _)| option(trial).is_some())
                .map(|(_, weight)| *weight)
                .collect()
        }
    };
    let sum: f64 = weights.iter().sum::<f64>() + prior;
    let floor = (sum - prior) * smoothing / (1.0 + count * smoothing) + prior / count;
    let mut density = vec![floor / sum; options.len()];
    for (own, weight) in made.into_iter().zip(weights) {
        let share = weight / (1.0 + count * smoothing) / sum;
        match kernels.of(decision, options[own], options) {
            Some(kernel) => {
                (density.iter_mut().zip(kernel)).for_each(|(all, own)| *all += share * own);
            }
            None => density[own] += share,
        }
    }
    density
}

/// Weight of each of `n` trials, the oldest first (Optuna): equal for the latest 25, and rising
/// from 1 / n to 1 for the older ones.
fn weights(n: usize) -> Vec<f64> {
    let ramp = n.saturating_sub(FLAT);
    let least = 1.0 / n.max(1) as f64;
    let step = (1.0 - least) / ramp.saturating_sub(1).max(1) as f64;
    (0..n)
        .map(|i| {
            if i < ramp {
                least + step * i as f64
            } else {
                1.0
            }
        })
        .collect()
}

impl Strategy for Tpe {
    fn ask(&mut self, context: &Context, _: usize) -> Result<Vec<Trial>> {
        if self.trials.len() == 0 {
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
                            return Ok(vec![near.into()]);
                        }
                    }
                }
            }
        }
        Ok(Trial::full(context.sample_new(1, &mut self.rng)))
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

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            several_objectives: true,
            ..Capabilities::default()
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
        let seen: [&[u8]; 3] = [&[0, 1], &[0, 2], &[2, 1]];
        let joint = Density::new(&seen, None, 1.0, &Orders::default());
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
        let first = marginal(
            &seen,
            None,
            1.0,
            Decision::Label(0),
            &[0, 1, 2],
            &Kernels::default(),
        );
        for (a, value) in first.iter().enumerate() {
            let sum: f64 = expected[3 * a..][..3].iter().sum();
            assert!((value - sum).abs() < 1e-12, "{first:?}");
        }
    }

    #[test]
    fn trials_that_repeat_others_count_as_often_as_they_were_made() {
        let repeated: [&[u8]; 5] = [&[0, 1], &[2, 1], &[0, 1], &[0, 1], &[1, 2]];
        let density = Density::new(&repeated, None, 1.0, &Orders::default());
        assert_eq!(density.kernels.len(), 3);
        let made = [made(0, 0), made(1, 1)];
        let apart = |trial: &[u8]| {
            let factors = made.iter().zip(trial).map(|(m, own)| {
                let same = f64::from(u8::from(*own == m.choice));
                (density.smoothing + same) / (1.0 + 3.0 * density.smoothing)
            });
            factors.product::<f64>()
        };
        let kernels = repeated.iter().zip(&density.weights);
        let sum: f64 = kernels.map(|(trial, weight)| weight * apart(trial)).sum();
        let expected = sum + density.weights[5] / 9.0;
        assert!((density.of(&made) - expected).abs() < 1e-15);
    }

    #[test]
    fn the_best_and_the_latest_others_make_the_densities() {
        let mut trials = Trials::default();
        for (choice, merit) in [(0, 1.0), (1, 3.0), (2, 3.0), (3, 2.0), (1, 3.0), (4, 0.0)] {
            trials.push(vec![choice], merit);
        }
        let split = |good, others| {
            let sides = trials.split(good, others);
            [sides.good.concat(), sides.others.concat()]
        };
        assert_eq!(split(2, 10), [vec![1, 2], vec![0, 3, 1, 4]]);
        assert_eq!(split(3, 2), [vec![1, 2, 1], vec![3, 4]]);
        assert_eq!(trials.choices.len(), 5);
    }
}
