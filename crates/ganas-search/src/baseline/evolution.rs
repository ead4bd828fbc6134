//! Regularised (ageing) evolution.
//!
//! Real et al. 2019, "Regularized evolution for image classifier architecture search", AAAI,
//! doi 10.1609/aaai.v33i01.33014780. A tournament among random members of the population picks a
//! parent, its mutant joins, and the oldest member leaves. Mutations are the single edits of the
//! space, which on cells act on the isomorphism class.

use std::collections::VecDeque;

use ganas_core::arch::Arch;
use ganas_core::error::Result;
use ganas_core::ledger::Query;
use ganas_core::rng::Rng;
use ganas_core::strategy::{Context, Strategy};
use serde::{Deserialize, Serialize};

/// Settings of [`Evolution`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvolutionConfig {
    /// Members of the population (ours: 30; small populations spend fewer queries on these
    /// spaces than the 50 or 100 of Real et al.).
    pub population: usize,
    /// Members of a tournament (ours: 10).
    pub sample: usize,
}

impl Default for EvolutionConfig {
    fn default() -> Self {
        EvolutionConfig {
            population: 30,
            sample: 10,
        }
    }
}

/// Regularised evolution.
pub struct Evolution {
    config: EvolutionConfig,
    rng: Rng,
    /// Architectures and merits, the oldest first. Failed and non-compliant ones have no merit
    /// and lose every tournament against one that has.
    population: VecDeque<(Arch, Option<f64>)>,
}

impl Evolution {
    /// Evolution with a stream of its own.
    pub fn new(config: EvolutionConfig, seed: u64) -> Self {
        Evolution {
            config,
            rng: Rng::stream(seed, "evolution"),
            population: VecDeque::new(),
        }
    }

    fn parent(&mut self) -> Arch {
        let drawn = self.rng.distinct(self.population.len(), self.config.sample);
        let best = drawn.into_iter().max_by(|&a, &b| {
            let merit = |i: usize| self.population[i].1.unwrap_or(f64::NEG_INFINITY);
            merit(a).total_cmp(&merit(b))
        });
        // The population is full, so the tournament has at least one member.
        self.population[best.unwrap_or(0)].0
    }
}

impl Strategy for Evolution {
    fn ask(&mut self, context: &Context, _: usize) -> Result<Vec<Arch>> {
        if self.population.is_empty() {
            // Starting points found by somebody else are the first members.
            self.population
                .extend(context.ledger.queries().iter().map(|q| (q.arch, q.merit())));
        }
        if self.population.len() < self.config.population {
            let fresh = context.sample_new(1, &mut self.rng);
            if !fresh.is_empty() || self.population.is_empty() {
                return Ok(fresh);
            }
        }
        let parent = self.parent();
        Ok(vec![context.space.mutate(&parent, &mut self.rng)])
    }

    fn tell(&mut self, _: &Context, results: &[Query]) {
        self.population
            .extend(results.iter().map(|q| (q.arch, q.merit())));
        while self.population.len() > self.config.population {
            self.population.pop_front();
        }
    }
}
