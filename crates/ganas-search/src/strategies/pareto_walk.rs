//! Pareto local search.
//!
//! Paquete, Chiarandini & Stuetzle 2004, "Pareto local optimum sets in the biobjective traveling
//! salesman problem", doi 10.1007/978-3-642-17144-4_7: explore the neighbours of each architecture on the
//! front whose neighbours were not explored, until there is none. Then start again from a random
//! architecture, which is explored whether it is on the front or not.

use ganas_core::arch::Arch;
use ganas_core::front::dominates;
use ganas_core::rng::Rng;
use ganas_core::strategy::Context;
use serde::{Deserialize, Serialize};

/// State of the search.
#[derive(Default, Serialize, Deserialize)]
pub struct ParetoWalk {
    /// Architectures whose neighbours are explored or being explored.
    explored: Vec<Arch>,
    current: Option<Arch>,
    /// Neighbours that are still to be looked at; the next one is last.
    untried: Vec<Arch>,
    /// Random architecture that was asked for, to start again.
    start: Option<Arch>,
}

impl ParetoWalk {
    /// The next architecture to evaluate. If `moves` is set, the walk moves to the first neighbour that
    /// dominates the current architecture, and otherwise it looks at all neighbours first.
    pub fn next(&mut self, context: &Context, moves: bool, rng: &mut Rng) -> Vec<Arch> {
        loop {
            if moves {
                self.advance(context, rng);
            }
            while let Some(arch) = self.untried.pop() {
                if context.is_unasked(&arch) {
                    return vec![arch];
                }
            }
            if let Some(next) = self.unexplored(context, rng) {
                self.explore(context, next, rng);
                continue;
            }
            let fresh = context.sample_new(1, rng);
            self.start = fresh.first().copied();
            return fresh;
        }
    }

    /// Moves to a neighbour that dominates the current architecture, if there is one.
    fn advance(&mut self, context: &Context, rng: &mut Rng) {
        let values = |arch: &Arch| {
            let query = context.ledger.get(arch)?;
            query.merit().map(|_| &query.values)
        };
        // The last result is that of the last neighbour that was asked for.
        let last = context.ledger.queries().last().map(|query| query.arch);
        let (Some(current), Some(last)) = (self.current, last) else {
            return;
        };
        let better = values(&last).zip(values(&current));
        if better.is_some_and(|(new, old)| dominates(new, old)) && !self.explored.contains(&last) {
            self.explore(context, last, rng);
        }
    }

    /// A random architecture to explore: the one to start from again, or one of the front.
    fn unexplored(&mut self, context: &Context, rng: &mut Rng) -> Option<Arch> {
        let start = self.start.take();
        let usable = |arch: &Arch| {
            context
                .ledger
                .get(arch)
                .is_some_and(|q| q.merit().is_some())
        };
        if let Some(start) = start.filter(|arch| usable(arch) && !self.explored.contains(arch)) {
            return Some(start);
        }
        let front = context.ledger.front().into_iter().map(|query| query.arch);
        let front: Vec<Arch> = front.filter(|arch| !self.explored.contains(arch)).collect();
        (!front.is_empty()).then(|| *rng.choose(&front))
    }

    fn explore(&mut self, context: &Context, arch: Arch, rng: &mut Rng) {
        self.explored.push(arch);
        self.current = Some(arch);
        self.untried = context.neighbors(&arch);
        rng.shuffle(&mut self.untried);
    }
}
