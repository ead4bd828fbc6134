//! Strategies with several objectives.

use std::sync::atomic::AtomicBool;

use ganas_core::arch::Arch;
use ganas_core::driver::{Limits, Problem, Run, Search};
use ganas_core::error::Result;
use ganas_core::evaluate::{Evaluator, Outcome, Work};
use ganas_core::front::{ReferenceBox, hypervolume};
use ganas_core::problem::{Objective, Objectives};
use ganas_core::space::{Sampler, SearchSpace, nasbench201};
use ganas_core::testing::Synthetic;
use ganas_search::{Recipe, Registry};

/// Evaluates a score and, in conflict with it, a latency. Some evaluations fail.
struct Conflict<'a> {
    space: &'a dyn SearchSpace,
    metrics: Vec<String>,
}

impl<'a> Conflict<'a> {
    fn new(space: &'a dyn SearchSpace) -> Self {
        let metrics = ["score", "latency"].map(String::from).to_vec();
        Conflict { space, metrics }
    }

    fn measure(&self, arch: &Arch) -> Vec<f64> {
        let score = Synthetic::new(self.space).score(arch);
        let edges = arch.ops().iter().map(|op| f64::from(*op).sqrt());
        vec![score, 1.0 + edges.sum::<f64>()]
    }
}

impl Evaluator for Conflict<'_> {
    fn metrics(&self) -> &[String] {
        &self.metrics
    }

    fn run(&mut self, work: &mut dyn Work) -> Result<()> {
        while let Some(trial) = work.next() {
            let fails = trial.arch.ops().first() == trial.arch.ops().last();
            let outcome = if fails {
                Outcome::Done(vec![1.0, -1.0])
            } else {
                Outcome::Done(self.measure(&trial.arch))
            };
            work.done(&trial, outcome);
        }
        Ok(())
    }
}

fn objectives() -> Objectives {
    let both = [Objective::maximize("score"), Objective::minimize("latency")];
    Objectives::new(both.to_vec()).unwrap()
}

fn search(recipe: &Recipe, seed: u64, queries: usize, bounds: &[&str]) -> Run {
    let space = nasbench201();
    let mut evaluator = Conflict::new(&space);
    let metrics = evaluator.metrics().to_vec();
    let constraints = bounds.iter().map(|text| text.parse().unwrap()).collect();
    let problem = Problem::new(
        &space,
        &metrics,
        objectives(),
        constraints,
        Sampler::Uniform,
    );
    let problem = problem
        .unwrap()
        .failing(vec!["latency < 0".parse().unwrap()])
        .unwrap();
    let limits = Limits {
        queries,
        ..Limits::default()
    };
    let mut strategy = recipe.build(seed).unwrap();
    let stop = AtomicBool::new(false);
    Search::new(&problem, &limits)
        .run(&mut evaluator, &mut *strategy, &mut [], &stop)
        .unwrap()
}

fn trace(run: &Run) -> Vec<Arch> {
    run.ledger
        .queries()
        .iter()
        .map(|query| query.arch)
        .collect()
}

/// Share of the box that the front of a run dominates.
fn share(run: &Run) -> f64 {
    let area = ReferenceBox::new(&objectives(), &[1.5, 1.0], &[0.0, 12.0]).unwrap();
    let front = run.ledger.front();
    let gains = front
        .iter()
        .map(|q| area.gains(&[q.values[0], -q.values[1]]));
    hypervolume(&gains.collect::<Vec<_>>())
}

#[test]
fn strategies_for_several_objectives_find_fronts_and_repeat_themselves() {
    let registry = Registry::builtin();
    let mut able = Vec::new();
    for (name, presets) in registry.strategies() {
        for preset in presets {
            let networks = name == "ga-nas" && *preset != "default";
            let small = if networks {
                "+initial=12+batch=8+truth=6+updates=1+episodes=8+discriminator.steps=2"
            } else {
                ""
            };
            let recipe = registry.recipe(&format!("{name}:{preset}{small}")).unwrap();
            if !recipe.build(0).unwrap().capabilities().several_objectives {
                continue;
            }
            able.push(name);
            for bounds in [&[][..], &["latency <= 9", "params <= 1e6"][..]] {
                let run = search(&recipe, 1, 40, bounds);
                assert_eq!(run.ledger.len(), 40, "{recipe}");
                assert_eq!(
                    trace(&run),
                    trace(&search(&recipe, 1, 40, bounds)),
                    "{recipe}"
                );
                let front = run.ledger.front();
                assert!(!front.is_empty(), "{recipe}");
                let complies = |q: &&_| bounds.is_empty() || latency(q) <= 9.0;
                assert!(front.iter().all(complies), "{recipe}");
                assert!(
                    run.ledger.queries().iter().any(|q| q.failure.is_some()),
                    "{recipe}"
                );
            }
        }
    }
    able.dedup();
    let expected = [
        "ga-nas",
        "random",
        "evolution",
        "local-search",
        "tpe",
        "nsga2",
    ];
    assert_eq!(able, expected);
}

fn latency(query: &ganas_core::ledger::Query) -> f64 {
    query.metrics[1]
}

#[test]
fn strategies_are_ahead_of_random_search() {
    let registry = Registry::builtin();
    let mean = |name: &str| {
        let recipe = registry.recipe(name).unwrap();
        let shares = (0..4).map(|seed| share(&search(&recipe, seed, 100, &[])));
        shares.sum::<f64>() / 4.0
    };
    let random = mean("random");
    for name in ["ga-nas", "nsga2", "evolution", "local-search", "tpe"] {
        let own = mean(name);
        assert!(own > random, "{name}: {own}, random: {random}");
    }
}

/// Share of the box of score and params that the front of a run dominates. The costs of the space are known
/// before an evaluation; `is_measured` makes the params a metric of the evaluator instead.
fn share_with_params(seed: u64, is_measured: bool) -> f64 {
    struct Sized<'a>(Conflict<'a>, bool);
    impl Evaluator for Sized<'_> {
        fn metrics(&self) -> &[String] {
            &self.0.metrics
        }

        fn run(&mut self, work: &mut dyn Work) -> Result<()> {
            while let Some(trial) = work.next() {
                let params = self.0.space.cost(&trial.arch, 0);
                let mut metrics = vec![self.0.measure(&trial.arch)[0]];
                metrics.extend(self.1.then_some(params));
                work.done(&trial, Outcome::Done(metrics));
            }
            Ok(())
        }
    }
    let space = nasbench201();
    let mut conflict = Conflict::new(&space);
    let names = if is_measured {
        &["score", "params"][..]
    } else {
        &["score"]
    };
    conflict.metrics = names.iter().map(|name| (*name).to_owned()).collect();
    let both = [Objective::maximize("score"), Objective::minimize("params")];
    let both = Objectives::new(both.to_vec()).unwrap();
    let metrics = conflict.metrics.clone();
    let problem = Problem::new(&space, &metrics, both.clone(), vec![], Sampler::Uniform).unwrap();
    let problem = problem.referring(vec![Some(0.0), Some(1e6)]);
    let arch = Arch::new(&[3; 6]);
    let known = problem.known_value(1, &arch);
    assert_eq!(known, (!is_measured).then(|| -space.cost(&arch, 0)));
    assert_eq!(problem.known_value(0, &arch), None);
    let limits = Limits {
        queries: 40,
        ..Limits::default()
    };
    let recipe = Registry::builtin().recipe("ga-nas").unwrap();
    let mut strategy = recipe.build(seed).unwrap();
    let stop = AtomicBool::new(false);
    let run = Search::new(&problem, &limits)
        .run(
            &mut Sized(conflict, is_measured),
            &mut *strategy,
            &mut [],
            &stop,
        )
        .unwrap();
    let area = ReferenceBox::new(&both, &[1.5, 0.0], &[0.0, 1e6]).unwrap();
    let gains = run
        .ledger
        .front()
        .into_iter()
        .map(|q| area.gains(&[q.values[0], -q.values[1]]));
    hypervolume(&gains.collect::<Vec<_>>())
}

#[test]
fn costs_that_are_known_before_an_evaluation_are_not_learned() {
    let mean = |is_measured| {
        (0..4)
            .map(|seed| share_with_params(seed, is_measured))
            .sum::<f64>()
            / 4.0
    };
    let (known, learned) = (mean(false), mean(true));
    assert!(known > learned, "{known} and {learned}");
}
