//! NSGA-II.
//!
//! Deb, Pratap, Agarwal & Meyarivan 2002, "A fast and elitist multiobjective genetic algorithm: NSGA-II",
//! IEEE Transactions on Evolutionary Computation, doi 10.1109/4235.996017. Parents win binary tournaments by
//! layer and crowding distance; children are crossed and mutated; of parents and children together the
//! first ones survive. Compliant architectures come before others, which are ordered by how far they are
//! from complying.
//!
//! Parents are crossed in the [decisions](super::decisions) of the space, each decision from either parent
//! (uniform crossover, as in Optuna); a mutation is a single edit. A child that is known is mutated again.

use std::collections::HashSet;

use ganas_core::arch::Arch;
use ganas_core::constraint::Constraint;
use ganas_core::error::Result;
use ganas_core::ledger::Query;
use ganas_core::rng::Rng;
use ganas_core::space::SearchSpace;
use ganas_core::state;
use ganas_core::strategy::{Capabilities, Context, Strategy};
use ganas_core::trial::Trial;
use serde::{Deserialize, Serialize};

use super::REPEATS;
use super::decisions::{decide, decisions_of, members};
use crate::front_order::ordered;
use crate::settings::{Range, StrategyConfig, check_ranges};

/// Settings of [`Nsga2`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Nsga2Config {
    /// Members of the population, and children of a generation (ours: 20, which is more generations within
    /// a few hundred queries than the 100 of Deb et al.).
    pub population: usize,
    /// Probability that a child is crossed from two parents (Deb et al.: 0.9).
    pub crossover: f64,
    /// Probability that a crossed child is mutated, too (ours: 0.5; a child of one parent always is).
    pub mutation: f64,
}

impl Default for Nsga2Config {
    fn default() -> Self {
        Nsga2Config {
            population: 20,
            crossover: 0.9,
            mutation: 0.5,
        }
    }
}

impl StrategyConfig for Nsga2Config {
    fn check(&self) -> Result<()> {
        check_ranges(&[
            ("population", self.population as f64, Range::COUNT),
            ("crossover", self.crossover, Range::SHARE),
            ("mutation", self.mutation, Range::SHARE),
        ])
    }

    fn initial(&self) -> usize {
        self.population
    }

    fn batch(&self, _: usize, _: usize, _: &dyn SearchSpace) -> usize {
        self.population
    }

    fn build(self, seed: u64) -> Box<dyn Strategy> {
        Box::new(Nsga2::new(self, seed))
    }
}

/// NSGA-II.
#[derive(Serialize, Deserialize)]
pub struct Nsga2 {
    config: Nsga2Config,
    rng: Rng,
    /// The population, first the best.
    population: Vec<Arch>,
}

impl Nsga2 {
    /// A search with a stream of its own.
    pub fn new(config: Nsga2Config, seed: u64) -> Self {
        Nsga2 {
            config,
            rng: Rng::stream(seed, "nsga2"),
            population: Vec::new(),
        }
    }

    /// Keeps the first of the population and of new members together.
    fn select(&mut self, context: &Context, joining: impl IntoIterator<Item = Arch>) {
        let mut met = HashSet::new();
        let all = self.population.drain(..).chain(joining);
        let all: Vec<Arch> = all.filter(|arch| met.insert(*arch)).collect();
        let bounds: Vec<(&Constraint, usize)> = context.measured_constraints().collect();
        let queries = all.iter().filter_map(|arch| context.ledger.get(arch));
        let survivors = ordered(queries, &bounds).into_iter();
        let survivors = survivors.take(self.config.population);
        self.population = survivors.map(|query| query.arch).collect();
    }

    /// The winner of a binary tournament. The population is sorted, so the first of two wins.
    fn parent(&mut self) -> Arch {
        let count = self.population.len();
        let (a, b) = (self.rng.below(count), self.rng.below(count));
        self.population[a.min(b)]
    }

    /// A child of two parents, or a mutant of one.
    fn child(&mut self, context: &Context) -> Arch {
        let space = context.space;
        let mother = self.parent();
        if !self.rng.chance(self.config.crossover) {
            return space.mutate(&mother, &mut self.rng);
        }
        let father = self.parent();
        let child = cross(context, &mother, &father, &mut self.rng);
        if self.rng.chance(self.config.mutation) {
            return space.mutate(&child, &mut self.rng);
        }
        child
    }

    /// A child that would be a new query; a random architecture if there is none.
    fn new_child(&mut self, context: &Context, taken: &HashSet<Arch>) -> Option<Arch> {
        let mut child = self.child(context);
        for _ in 0..REPEATS {
            if let Some(near) = context.nearest_new(&child, |arch| taken.contains(arch)) {
                return Some(near);
            }
            child = context.space.mutate(&child, &mut self.rng);
        }
        let fresh = context.sample_new(taken.len() + 1, &mut self.rng);
        fresh.into_iter().find(|arch| !taken.contains(arch))
    }
}

/// Makes an architecture each of whose decisions is that of either parent, where the space allows it.
fn cross(context: &Context, mother: &Arch, father: &Arch, rng: &mut Rng) -> Arch {
    let space = context.space;
    let made = [mother, father].map(|parent| decisions_of(space, &space.graph(parent)));
    let (graph, _) = decide(space, |decision, options| {
        let own: Vec<u8> = (made.iter())
            .filter_map(|made| made.iter().find(|m| m.decision == decision))
            .map(|made| made.choice)
            .filter(|choice| options >> choice & 1 == 1)
            .collect();
        match own.as_slice() {
            [] => *rng.choose(&members(options).collect::<Vec<_>>()),
            own => *rng.choose(own),
        }
    });
    space.arch(&graph).unwrap_or(*mother)
}

impl Strategy for Nsga2 {
    fn ask(&mut self, context: &Context, limit: usize) -> Result<Vec<Trial>> {
        if self.population.is_empty() {
            // What is known from before is the first population.
            let known: Vec<Arch> = context.ledger.queries().iter().map(|q| q.arch).collect();
            self.select(context, known);
        }
        let size = self.config.population;
        if self.population.len() < size.min(2) || context.ledger.len() < size {
            let missing = size.saturating_sub(context.ledger.len()).max(1);
            let fresh = context.sample_new(missing.min(limit), &mut self.rng);
            return Ok(Trial::full(fresh));
        }
        let mut taken = HashSet::new();
        let mut children = Vec::new();
        while children.len() < size.min(limit) {
            let Some(child) = self.new_child(context, &taken) else {
                break;
            };
            taken.insert(child);
            children.push(child);
        }
        Ok(Trial::full(children))
    }

    fn tell(&mut self, context: &Context, results: &[Query]) {
        self.select(context, results.iter().map(|query| query.arch));
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
