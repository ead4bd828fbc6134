//! Local search.
//!
//! White, Nolen & Savani 2021, "Exploring the loss landscape in neural architecture search", UAI,
//! arXiv 2005.02960: evaluate the neighbours of the current architecture, move to a better one,
//! start again from a random architecture at a local optimum.
//!
//! The default moves to the first better neighbour, as the authors' code does (naszilla:
//! `query_full_nbhd=False`). To look at all neighbours first is the preset `best-improvement`; it takes
//! about twice as many queries to the optimum of NAS-Bench-201.
//!
//! With several objectives it is a [`ParetoWalk`].

use ganas_core::arch::Arch;
use ganas_core::error::Result;
use ganas_core::ledger::Query;
use ganas_core::rng::Rng;
use ganas_core::state;
use ganas_core::strategy::{Capabilities, Context, Strategy};
use ganas_core::trial::Trial;
use serde::{Deserialize, Serialize};

use super::pareto_walk::ParetoWalk;
use crate::settings::StrategyConfig;

/// Settings of [`LocalSearch`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LocalSearchConfig {
    /// True to move to the first better neighbour, in random order, instead of the best of all
    /// (naszilla: true).
    pub first_improvement: bool,
}

impl Default for LocalSearchConfig {
    fn default() -> Self {
        LocalSearchConfig {
            first_improvement: true,
        }
    }
}

impl StrategyConfig for LocalSearchConfig {
    const PRESETS: &'static [&'static str] = &["default", "first-improvement", "best-improvement"];

    fn preset(name: &str) -> Self {
        LocalSearchConfig {
            first_improvement: name != "best-improvement",
        }
    }

    fn build(self, seed: u64) -> Box<dyn Strategy> {
        Box::new(LocalSearch::new(self, seed))
    }
}

/// Local search with restarts.
#[derive(Serialize, Deserialize)]
pub struct LocalSearch {
    config: LocalSearchConfig,
    rng: Rng,
    current: Option<(Arch, f64)>,
    /// Neighbours that are still to be looked at; the next one is last.
    untried: Vec<Arch>,
    best_neighbor: Option<(Arch, f64)>,
    /// The state with several objectives.
    walk: ParetoWalk,
}

impl LocalSearch {
    /// Local search with a stream of its own.
    pub fn new(config: LocalSearchConfig, seed: u64) -> Self {
        LocalSearch {
            config,
            rng: Rng::stream(seed, "local-search"),
            current: None,
            untried: Vec::new(),
            best_neighbor: None,
            walk: ParetoWalk::default(),
        }
    }

    fn move_to(&mut self, context: &Context, arch: Arch, merit: f64) {
        self.current = Some((arch, merit));
        self.best_neighbor = None;
        self.untried = context.neighbors(&arch);
        self.rng.shuffle(&mut self.untried);
    }

    /// Takes note of a neighbour's merit, and moves if it is time to.
    fn consider(&mut self, context: &Context, arch: Arch, merit: f64) {
        let Some((_, current)) = self.current else {
            return self.move_to(context, arch, merit);
        };
        if merit > current && self.config.first_improvement {
            return self.move_to(context, arch, merit);
        }
        if self.best_neighbor.is_none_or(|(_, best)| merit > best) {
            self.best_neighbor = Some((arch, merit));
        }
    }
}

impl Strategy for LocalSearch {
    fn ask(&mut self, context: &Context, _: usize) -> Result<Vec<Trial>> {
        if context.objectives().len() > 1 {
            let moves = self.config.first_improvement;
            return Ok(Trial::full(self.walk.next(context, moves, &mut self.rng)));
        }
        if self.current.is_none()
            && let Some(best) = context.ledger.best()
            && context.ledger.queries().iter().all(|q| q.round == 0)
        {
            let (arch, merit) = (best.arch, best.merit());
            self.move_to(context, arch, merit.unwrap_or(f64::NEG_INFINITY));
        }
        loop {
            while let Some(arch) = self.untried.pop() {
                match context.ledger.get(&arch) {
                    None if context.is_unasked(&arch) => return Ok(vec![arch.into()]),
                    // It is being evaluated.
                    None => {}
                    Some(query) => {
                        if let Some(merit) = query.merit() {
                            self.consider(context, arch, merit);
                        }
                    }
                }
            }
            match (self.current, self.best_neighbor) {
                (Some((_, merit)), Some((arch, better))) if better > merit => {
                    self.move_to(context, arch, better);
                }
                _ => {
                    self.current = None;
                    self.best_neighbor = None;
                    return Ok(Trial::full(context.sample_new(1, &mut self.rng)));
                }
            }
        }
    }

    fn tell(&mut self, context: &Context, results: &[Query]) {
        if context.objectives().len() > 1 {
            return;
        }
        for query in results {
            if let Some(merit) = query.merit() {
                self.consider(context, query.arch, merit);
            }
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
