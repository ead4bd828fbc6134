//! Every strategy searches a part of a space, and proposes nothing else.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use ganas_core::Pool;
use ganas_core::driver::{Limits, Objective, Problem, StopReason, search};
use ganas_core::error::Result;
use ganas_core::evaluate::Evaluator;
use ganas_core::ledger::Query;
use ganas_core::rng::Rng;
use ganas_core::space::{Sampler, SearchSpace, nasbench101, nasbench301, ofa_mobilenetv3};
use ganas_core::strategy::{Context, Strategy};
use ganas_core::testing::{Synthetic, problem};
use ganas_core::trial::Trial;
use ganas_search::Registry;

/// A strategy, watched: all that it asks for is in the pool.
struct Within(Box<dyn Strategy>, Arc<Pool>);

impl Strategy for Within {
    fn ask(&mut self, context: &Context, limit: usize) -> Result<Vec<Trial>> {
        let asked = self.0.ask(context, limit)?;
        assert!(asked.iter().all(|trial| self.1.find(&trial.arch).is_some()));
        assert!(asked.iter().all(|trial| context.admits(&trial.arch)));
        Ok(asked)
    }

    fn tell(&mut self, context: &Context, results: &[Query]) {
        self.0.tell(context, results);
    }
}

fn keeps_to_its_pool(space: &dyn SearchSpace) {
    let mut rng = Rng::stream(0, "pool");
    let draw = |_| space.sample(Sampler::Uniform, &mut rng);
    let pool = Arc::new(Pool::new((0..90).map(draw)));
    let mut costs: Vec<f64> = pool.archs().iter().map(|a| space.cost(a, 0)).collect();
    costs.sort_by(f64::total_cmp);
    let bound = format!("{} <= {}", space.costs()[0], costs[60]);
    for (name, presets) in Registry::builtin().strategies() {
        let recipe = Registry::builtin()
            .recipe(&format!("{name}:{}", presets[0]))
            .unwrap();
        let mut evaluator = Synthetic::new(space);
        let objective = Objective::maximize("score");
        let constraint = bound.parse().unwrap();
        let problem = Problem::new(
            space,
            evaluator.metrics(),
            objective,
            vec![constraint],
            Sampler::Uniform,
        )
        .unwrap()
        .within(pool.clone());
        let compliant = pool.archs().iter().filter(|a| problem.admits(a)).count();
        assert!((40..90).contains(&compliant), "{compliant} of {bound}");
        let limits = Limits {
            queries: compliant,
            ..Limits::default()
        };
        let mut strategy = Within(recipe.build(0).unwrap(), pool.clone());
        let never = AtomicBool::new(false);
        let run = search(
            &problem,
            &mut evaluator,
            &mut strategy,
            &limits,
            &mut [],
            &never,
        )
        .unwrap();
        println!("{recipe} on {}: {:?}", space.name(), run.stop);
        // Nothing stands in the way of evaluating all of it.
        assert_eq!(run.ledger.len(), compliant);
        assert_eq!(run.stop, StopReason::Budget);
        assert!(run.rejected <= 90 - compliant);
    }
}

/// The mean score of what a strategy evaluates in a pool that single edits hardly ever stay within,
/// and what it reports in the end.
fn scored(name: &str, seed: u64) -> (f64, Vec<(String, f64)>) {
    let space = ofa_mobilenetv3();
    let mut rng = Rng::stream(seed, "sparse pool");
    let draw = |_| space.sample(Sampler::Uniform, &mut rng);
    let pool = Arc::new(Pool::new((0..1500).map(draw)));
    let mut evaluator = Synthetic::new(&space);
    let problem = problem(&space, Vec::new()).within(pool);
    let limits = Limits {
        queries: 250,
        ..Limits::default()
    };
    let recipe = Registry::builtin().recipe(name).unwrap();
    let never = AtomicBool::new(false);
    let run = search(
        &problem,
        &mut evaluator,
        &mut *recipe.build(seed).unwrap(),
        &limits,
        &mut [],
        &never,
    )
    .unwrap();
    let scores = run.ledger.queries().iter().filter_map(|q| q.value());
    let mean = scores.sum::<f64>() / run.ledger.len() as f64;
    (mean, run.rounds.last().unwrap().gauges.clone())
}

#[test]
fn what_is_learned_counts_in_a_sparse_pool() {
    let mean = |name: &str| (0..3).map(|seed| scored(name, seed).0).sum::<f64>() / 3.0;
    let random = mean("random");
    for name in ["local-search", "evolution", "bananas", "tpe", "mcts", "nao"] {
        let learned = mean(name);
        println!("{name}: {learned:.4}, random {random:.4}");
        assert!(
            learned > random + 0.01,
            "{name}: {learned}, random {random}"
        );
    }
}

/// Fewer queries do not show the payment in the proposals.
#[test]
fn reinforce_is_paid_in_a_sparse_pool() {
    let (_, gauges) = scored("reinforce", 0);
    assert!(gauges.iter().any(|(name, _)| name == "baseline"));
}

#[test]
fn of_mobile_networks() {
    keeps_to_its_pool(&ofa_mobilenetv3());
}

#[test]
fn of_darts_cells() {
    keeps_to_its_pool(&nasbench301());
}

#[test]
fn of_nasbench101() {
    keeps_to_its_pool(&nasbench101());
}
