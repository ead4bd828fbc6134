//! BOHB: Hyperband whose new architectures come from a model.
//!
//! Falkner et al. 2018, "BOHB: Robust and efficient hyperparameter optimization at scale", ICML, arXiv
//! 1807.01774, Algorithms 1 and 2. The model is a pair of kernel density estimates over the decisions of the
//! space, fitted at the highest level with enough observations; kernels and bandwidths of categories are those
//! of the authors' HpBandSter.

use std::collections::BTreeMap;

use ganas_core::arch::Arch;
use ganas_core::error::Result;
use ganas_core::ledger::Query;
use ganas_core::rng::Rng;
use ganas_core::space::SearchSpace;
use ganas_core::state;
use ganas_core::strategy::{Capabilities, Context, Strategy};
use ganas_core::trial::{Fidelity, Trial};
use serde::{Deserialize, Serialize};

use super::density::{Choices, Density, NEVER_MET};
use super::{Bracket, hyperband, is_unseen, trial_at, unseen};
use crate::settings::{Range, StrategyConfig, check_ranges};
use crate::strategies::REPEATS;
use crate::strategies::decisions::{Decision, decisions_of};

/// Settings of [`Bohb`], all of them those of Falkner et al. 2018.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BohbConfig {
    /// Share of a rung that is dropped, as a divisor: the best 1 / eta are promoted (paper: 3).
    pub eta: usize,
    /// rho, the share of new architectures that are drawn at random (paper: 1/3).
    pub random: f64,
    /// q, the share of the observations of a level that make the density of good ones (paper: 0.15).
    pub good: f64,
    /// N_s, the number of candidates for each new architecture (paper: 64).
    pub candidates: usize,
}

impl Default for BohbConfig {
    fn default() -> Self {
        BohbConfig {
            eta: 3,
            random: 1.0 / 3.0,
            good: 0.15,
            candidates: 64,
        }
    }
}

impl StrategyConfig for BohbConfig {
    fn check(&self) -> Result<()> {
        check_ranges(&[
            ("eta", self.eta as f64, Range::AT_LEAST_TWO),
            ("random", self.random, Range::SHARE),
            ("good", self.good, Range::POSITIVE_SHARE),
            ("candidates", self.candidates as f64, Range::COUNT),
        ])
    }

    fn build(self, seed: u64) -> Box<dyn Strategy> {
        Box::new(Bohb::new(self, seed))
    }
}

/// BOHB.
#[derive(Serialize, Deserialize)]
pub struct Bohb {
    config: BohbConfig,
    rng: Rng,
    /// Number of brackets so far.
    begun: usize,
    brackets: Vec<Bracket>,
}

impl Bohb {
    /// BOHB with a stream of its own.
    pub fn new(config: BohbConfig, seed: u64) -> Self {
        Bohb {
            config,
            rng: Rng::stream(seed, "bohb"),
            begun: 0,
            brackets: Vec::new(),
        }
    }

    /// Algorithm 2: a new architecture.
    fn draw(&mut self, context: &Context) -> Option<Arch> {
        if self.rng.unit() >= self.config.random
            && let Some(arch) = self.draw_by_model(context)
        {
            return Some(arch);
        }
        unseen(context, 1, &mut self.rng).first().copied()
    }

    /// The candidate with the largest l / g, of some drawn from l; `None` if no level has enough
    /// observations, or all candidates are known.
    fn draw_by_model(&mut self, context: &Context) -> Option<Arch> {
        let space = context.space;
        let model = Model::fit(context, self.config.good)?;
        let good: Vec<&Choices> = model.good.iter().collect();
        let bad: Vec<&Choices> = model.bad.iter().collect();
        let densities = [&good, &bad].map(|points| Density::new(points, model.dimensions));
        let [good, bad] = densities;
        for _ in 0..REPEATS {
            let mut best: Option<(f64, Arch)> = None;
            for _ in 0..self.config.candidates {
                let (graph, made) = good.sample(space, &mut self.rng);
                let Ok(arch) = space.arch(&graph) else {
                    continue;
                };
                let ratio = good.of(&made).ln() - bad.of(&made).max(f64::MIN_POSITIVE).ln();
                if best.is_none_or(|(most, _)| ratio > most) {
                    best = Some((ratio, arch));
                }
            }
            let near = context.nearest_new(&best?.1, |arch| !is_unseen(context, arch));
            if let Some(arch) = near.filter(|arch| is_unseen(context, arch)) {
                return Some(arch);
            }
        }
        None
    }

    /// The next trials of an open bracket. A first rung is filled one by one.
    fn ask_open(&mut self, context: &Context, limit: usize) -> Option<Vec<Trial>> {
        for i in 0..self.brackets.len() {
            if let Some(level) = self.brackets[i].missing() {
                let arch = self.draw(context)?;
                self.brackets[i].begin(arch);
                return Some(vec![trial_at(context, arch, level)]);
            }
            let next = self.brackets[i].next(context, limit);
            if !next.is_empty() {
                return Some(next);
            }
        }
        None
    }
}

/// Observations of the level that the model is fitted at.
struct Model {
    dimensions: usize,
    good: Vec<Choices>,
    bad: Vec<Choices>,
}

/// Sizes of the two sets of n observations with N_min: N_l = max(N_min, q n), N_g = max(N_min, n - N_l).
fn split(n: usize, least: usize, good: f64) -> (usize, usize) {
    let better = least.max((good * n as f64) as usize).min(n);
    (better, least.max(n - better).min(n))
}

impl Model {
    /// The observations of the highest level that has N_min + 2 of them, with N_min = d + 1.
    fn fit(context: &Context, good: f64) -> Option<Model> {
        let mut levels: BTreeMap<Fidelity, Vec<&Query>> = BTreeMap::new();
        for query in context
            .ledger
            .queries()
            .iter()
            .filter(|q| q.stopped.is_none())
        {
            levels.entry(query.fidelity).or_default().push(query);
        }
        let dimensions = dimensions(context);
        let least = dimensions + 1;
        let enough = |queries: &&Vec<&Query>| queries.len() >= least + 2;
        let mut ranked = levels.values().rev().find(enough)?.clone();
        let merit = |q: &Query| q.merit().unwrap_or(f64::NEG_INFINITY);
        ranked.sort_by(|a, b| merit(b).total_cmp(&merit(a)));
        let (better, worse) = split(ranked.len(), least, good);
        let choices = |queries: &[&Query]| -> Vec<Choices> {
            queries
                .iter()
                .map(|q| choices_of(context.space, &q.arch))
                .collect()
        };
        Some(Model {
            dimensions,
            good: choices(&ranked[..better]),
            bad: choices(&ranked[ranked.len() - worse..]),
        })
    }
}

/// d: the most decisions that an evaluated architecture has.
fn dimensions(context: &Context) -> usize {
    let queries = context.ledger.queries().iter().take(REPEATS);
    let counts = queries.map(|q| decisions_of(context.space, &context.space.graph(&q.arch)).len());
    counts.max().unwrap_or(0)
}

fn choices_of(space: &dyn SearchSpace, arch: &Arch) -> Choices {
    let mut choices = vec![NEVER_MET; Decision::count(space.max_nodes())];
    for made in decisions_of(space, &space.graph(arch)) {
        choices[made.decision.index()] = made.choice;
    }
    choices
}

impl Strategy for Bohb {
    fn ask(&mut self, context: &Context, limit: usize) -> Result<Vec<Trial>> {
        let asked = self.ask_open(context, limit);
        self.brackets.retain(|bracket| !bracket.is_over());
        if let Some(asked) = asked {
            return Ok(asked);
        }
        let plan = hyperband::plan(context, self.config.eta, self.begun);
        self.begun += 1;
        self.brackets.push(Bracket::new(plan, Vec::new()));
        let asked = self.ask_open(context, limit).unwrap_or_default();
        if asked.is_empty() {
            // No architecture is left to begin with.
            self.brackets.pop();
        }
        Ok(asked)
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            several_fidelities: true,
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
    fn observations_are_split_as_in_the_paper() {
        // d = 6, so N_min = 7; with 9 observations the sets share some.
        assert_eq!(split(9, 7, 0.15), (7, 7));
        assert_eq!(split(40, 7, 0.15), (7, 33));
        assert_eq!(split(100, 7, 0.15), (15, 85));
    }
}
