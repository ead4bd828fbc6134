//! Regularised (ageing) evolution.
//!
//! Real et al. 2019, "Regularized evolution for image classifier architecture search", AAAI,
//! doi 10.1609/aaai.v33i01.33014780. A tournament among random members of the population picks a
//! parent, its mutant joins, and the oldest member leaves. Mutations are the single edits of the
//! space, which on cells act on the isomorphism class. A mutant that a constraint rules out
//! beforehand is drawn again from the same parent. One that is known joins with what it came to, at
//! no cost, and the next parent is picked.
//!
//! With several objectives a tournament is won by the member of the first non-dominated layer of the
//! tournament, and of one layer by the largest crowding distance (Deb et al. 2002).

use std::collections::VecDeque;

use ganas_core::arch::Arch;
use ganas_core::error::Result;
use ganas_core::ledger::Query;
use ganas_core::rng::Rng;
use ganas_core::state;
use ganas_core::strategy::{Capabilities, Context, Strategy};
use ganas_core::trial::Trial;
use rustc_hash::FxHashMap as HashMap;
use serde::{Deserialize, Serialize};

use super::REPEATS;
use crate::front_order::{first_of, ranked};
use crate::settings::{Idle, Range, StrategyConfig, check_ranges};

/// Members whose mutants are remembered at once.
const REMEMBERED: usize = 1000;

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

impl StrategyConfig for EvolutionConfig {
    fn check(&self) -> Result<()> {
        check_ranges(&[
            ("population", self.population as f64, Range::COUNT),
            ("sample", self.sample as f64, Range::COUNT),
        ])
    }

    fn idle(&self) -> Vec<Idle> {
        if self.population > 1 {
            return Vec::new();
        }
        vec![Idle {
            settings: &["sample"],
            cause: "a population of one has no tournaments",
            mend: "set `population` above 1",
        }]
    }

    fn build(self, seed: u64) -> Box<dyn Strategy> {
        Box::new(Evolution::new(self, seed))
    }
}

/// Regularised evolution.
#[derive(Serialize, Deserialize)]
pub struct Evolution {
    config: EvolutionConfig,
    rng: Rng,
    /// Architectures and merits, the oldest first. Failed and non-compliant ones have no merit
    /// and lose every tournament against one that has.
    population: VecDeque<(Arch, Option<f64>)>,
    /// The mutants of architectures that were parents. In a long search most mutants are known, and the
    /// same parents are asked for others many times.
    #[serde(skip)]
    mutants: HashMap<Arch, Vec<Arch>>,
}

impl Evolution {
    /// Evolution with a stream of its own.
    pub fn new(config: EvolutionConfig, seed: u64) -> Self {
        Evolution {
            config,
            rng: Rng::stream(seed, "evolution"),
            population: VecDeque::new(),
            mutants: HashMap::default(),
        }
    }

    /// One of the mutants of a parent; none if nothing around it complies.
    fn mutant(&mut self, context: &Context, parent: Arch) -> Option<Arch> {
        // In a pool they depend on what was evaluated.
        if context.has_pool() {
            let mutants = context.neighbors(&parent);
            return (!mutants.is_empty()).then(|| *self.rng.choose(&mutants));
        }
        if self.mutants.len() >= REMEMBERED {
            self.mutants.clear();
        }
        let mutants = self
            .mutants
            .entry(parent)
            .or_insert_with(|| context.neighbors(&parent));
        (!mutants.is_empty()).then(|| *self.rng.choose(mutants))
    }

    fn parent(&mut self, context: &Context) -> Arch {
        let drawn = self.rng.distinct(self.population.len(), self.config.sample);
        if context.objectives().len() > 1 {
            let archs: Vec<Arch> = drawn.iter().map(|&i| self.population[i].0).collect();
            return archs[first_of(context, &archs)];
        }
        let best = drawn.into_iter().max_by(|&a, &b| {
            let merit = |i: usize| self.population[i].1.unwrap_or(f64::NEG_INFINITY);
            merit(a).total_cmp(&merit(b))
        });
        // The population is full, so the tournament has at least one member.
        self.population[best.unwrap_or(0)].0
    }

    /// The latest member joins, and the oldest ones leave.
    fn join(&mut self, query: &Query) {
        self.population.push_back((query.arch, query.merit()));
        while self.population.len() > self.config.population.max(1) {
            self.population.pop_front();
        }
    }
}

impl Strategy for Evolution {
    fn ask(&mut self, context: &Context, _: usize) -> Result<Vec<Trial>> {
        if self.population.is_empty() {
            // Starting points found by somebody else are the first members.
            let known = context.ledger.queries();
            if known.len() > self.config.population {
                // Of many, the best, and the worst of them the first to go.
                let best = match context.objectives().len() {
                    1 => context.ledger.top(self.config.population),
                    _ => {
                        let compliant: Vec<&Query> = context.ledger.compliant().collect();
                        let ranked = ranked(&compliant).into_iter();
                        ranked.take(self.config.population).collect()
                    }
                };
                let best = best.into_iter().rev();
                self.population.extend(best.map(|q| (q.arch, q.merit())));
            } else {
                self.population
                    .extend(known.iter().map(|q| (q.arch, q.merit())));
            }
        }
        if self.population.len() < self.config.population.max(1) {
            let fresh = context.sample_new(1, &mut self.rng);
            if !fresh.is_empty() || self.population.is_empty() {
                return Ok(Trial::full(fresh));
            }
        }
        for _ in 0..REPEATS {
            let parent = self.parent(context);
            let Some(mutant) = self.mutant(context, parent) else {
                break;
            };
            match context.ledger.get(&mutant) {
                Some(known) => self.join(known),
                None if context.is_new(&mutant) => return Ok(vec![mutant.into()]),
                // It is being evaluated.
                None => {}
            }
        }
        Ok(Trial::full(context.sample_new(1, &mut self.rng)))
    }

    fn tell(&mut self, _: &Context, results: &[Query]) {
        results.iter().for_each(|query| self.join(query));
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
    use std::sync::atomic::AtomicBool;

    use ganas_core::driver::{Limits, Objective, Problem, search};
    use ganas_core::evaluate::Evaluator;
    use ganas_core::space::{Sampler, SearchSpace, nasbench201};
    use ganas_core::testing::Synthetic;

    use super::*;

    /// Evolution, watched: it must not ask for what the constraints rule out.
    struct Compliant(Evolution);

    impl Strategy for Compliant {
        fn ask(&mut self, context: &Context, limit: usize) -> Result<Vec<Trial>> {
            let asked = self.0.ask(context, limit)?;
            assert!(asked.iter().all(|trial| context.admits(&trial.arch)));
            Ok(asked)
        }

        fn tell(&mut self, context: &Context, results: &[Query]) {
            self.0.tell(context, results);
        }
    }

    #[test]
    fn every_mutant_complies() {
        let space = nasbench201();
        let mut evaluator = Synthetic::new(&space);
        let objective = Objective::maximize("score");
        let constraint = "params <= 3e5".parse().unwrap();
        let problem = Problem::new(
            &space,
            evaluator.metrics(),
            objective,
            vec![constraint],
            Sampler::Uniform,
        )
        .unwrap();
        let limits = Limits {
            queries: 200,
            ..Limits::default()
        };
        let mut evolution = Compliant(Evolution::new(EvolutionConfig::default(), 0));
        let never = AtomicBool::new(false);
        let run = search(
            &problem,
            &mut evaluator,
            &mut evolution,
            &limits,
            &mut [],
            &never,
        );
        let run = run.unwrap();
        assert_eq!(run.ledger.len(), 200);
    }

    /// Remembered mutants are not part of the state, and no draw depends on them.
    #[test]
    fn a_search_that_forgets_its_mutants_goes_the_same_way() {
        struct Forgetful(Evolution);
        impl Strategy for Forgetful {
            fn ask(&mut self, context: &Context, limit: usize) -> Result<Vec<Trial>> {
                self.0.mutants.clear();
                self.0.ask(context, limit)
            }

            fn tell(&mut self, context: &Context, results: &[Query]) {
                self.0.tell(context, results);
            }
        }
        let space = nasbench201();
        let trace = |strategy: &mut dyn Strategy| -> Vec<Arch> {
            let mut evaluator = Synthetic::new(&space);
            let objective = Objective::maximize("score");
            let metrics = evaluator.metrics().to_vec();
            let problem =
                Problem::new(&space, &metrics, objective, Vec::new(), Sampler::Uniform).unwrap();
            let limits = Limits {
                queries: 1500,
                ..Limits::default()
            };
            let never = AtomicBool::new(false);
            let run = search(&problem, &mut evaluator, strategy, &limits, &mut [], &never);
            let run = run.unwrap();
            run.ledger
                .queries()
                .iter()
                .map(|query| query.arch)
                .collect()
        };
        let evolution = || Evolution::new(EvolutionConfig::default(), 0);
        assert_eq!(trace(&mut evolution()), trace(&mut Forgetful(evolution())));
    }

    /// Under a bound that few architectures keep, hardly any neighbour of the best is new.
    #[test]
    fn tight_bounds_leave_no_round_without_a_query() {
        let space = nasbench201();
        let mut evaluator = Synthetic::new(&space);
        let objective = Objective::maximize("score");
        let all: Vec<f64> = {
            let mut all = Vec::new();
            let mut visit = |arch: Arch| all.push(space.cost(&arch, 0));
            space.enumerate(&mut visit).unwrap();
            all.sort_by(f64::total_cmp);
            all
        };
        let bound = format!("{} <= {}", space.costs()[0], all[150]);
        let compliant = all.iter().filter(|cost| **cost <= all[150]).count();
        let problem = Problem::new(
            &space,
            evaluator.metrics(),
            objective,
            vec![bound.parse().unwrap()],
            Sampler::Uniform,
        )
        .unwrap();
        let limits = Limits {
            queries: compliant,
            ..Limits::default()
        };
        let mut evolution = Evolution::new(EvolutionConfig::default(), 0);
        let never = AtomicBool::new(false);
        let run = search(
            &problem,
            &mut evaluator,
            &mut evolution,
            &limits,
            &mut [],
            &never,
        )
        .unwrap();
        assert_eq!(run.ledger.len(), compliant);
        assert!(run.rounds.iter().all(|round| round.new == 1));
    }
}
