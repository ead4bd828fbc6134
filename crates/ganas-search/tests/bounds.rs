//! Searches under bounds on metrics that only an evaluation tells.

use std::sync::atomic::AtomicBool;

use ganas_core::arch::Arch;
use ganas_core::constraint::{Comparison, Constraint};
use ganas_core::driver::{Limits, Objective, Problem, Run, StopReason, search};
use ganas_core::error::Result;
use ganas_core::evaluate::{Evaluator, Outcome, Work};
use ganas_core::ledger::Query;
use ganas_core::space::{Sampler, SearchSpace, from_toml, nasbench201, ofa_mobilenetv3};
use ganas_core::testing::Synthetic;
use ganas_core::trial::Trial;
use ganas_search::Registry;

/// Worth and time of an op, by its index in the list of ops.
const WORTH: [f64; 5] = [0.0, 1.0, 2.4, 3.1, 0.7];
const TIME: [f64; 5] = [0.0, 0.3, 1.7, 4.0, 1.1];
const LEAST_WORTH: f64 = 12.0;

/// Measures worth, with a term for two ops at a time, and time, to be bounded and minimised.
struct Trade([String; 2]);

fn measure(arch: &Arch) -> [f64; 2] {
    let ops: Vec<usize> = arch.ops().iter().map(|o| usize::from(*o)).collect();
    let pairs = ops.windows(2).filter(|w| w[0] == 2 && w[1] == 3).count();
    let sum = |of: &[f64; 5]| ops.iter().map(|o| of[*o]).sum::<f64>();
    [sum(&WORTH) + 1.5 * pairs as f64, sum(&TIME)]
}

impl Evaluator for Trade {
    fn metrics(&self) -> &[String] {
        &self.0
    }

    fn run(&mut self, work: &mut dyn Work) -> Result<()> {
        while let Some(trial) = work.next() {
            work.done(&trial, Outcome::Done(measure(&trial.arch).to_vec()));
        }
        Ok(())
    }
}

fn queries(least: f64, budget: usize, seed: u64) -> Vec<Query> {
    let space = nasbench201();
    let names = ["worth".to_string(), "time".to_string()];
    let bound = Constraint {
        metric: names[0].clone(),
        comparison: Comparison::AtLeast,
        bound: least,
    };
    let objective = Objective::minimize(names[1].clone());
    let problem = Problem::new(&space, &names, objective, vec![bound], Sampler::Uniform).unwrap();
    let limits = Limits {
        queries: budget,
        ..Limits::default()
    };
    let recipe = Registry::builtin().recipe("ga-nas").unwrap();
    let mut strategy = recipe.build(seed).unwrap();
    let stop = AtomicBool::new(false);
    let mut evaluator = Trade(names);
    let run = search(
        &problem,
        &mut evaluator,
        &mut *strategy,
        &limits,
        &mut [],
        &stop,
    );
    run.unwrap().ledger.queries().to_vec()
}

/// The shortest time of what is worth enough in the whole space.
fn optimum(least: f64) -> f64 {
    let mut best = f64::INFINITY;
    let mut visit = |arch: Arch| {
        let [worth, time] = measure(&arch);
        if worth >= least {
            best = best.min(time);
        }
    };
    nasbench201().enumerate(&mut visit).unwrap();
    best
}

#[test]
fn the_best_at_a_bound_is_found() {
    let best = optimum(LEAST_WORTH);
    for seed in 0..4 {
        let queries = queries(LEAST_WORTH, 150, seed);
        let found = queries.iter().filter_map(Query::merit);
        let found = -found.fold(f64::NEG_INFINITY, f64::max);
        assert!(found <= best + 1e-9, "seed {seed}: {found}, not {best}");
    }
}

/// Hardly any random cell is worth that much, so the search has to find its way from those that
/// are worth less.
#[test]
fn a_search_finds_its_way_to_what_complies() {
    let least = 19.0;
    let mut all = 0usize;
    let mut complying = 0usize;
    let mut visit = |arch: Arch| {
        all += 1;
        complying += usize::from(measure(&arch)[0] >= least);
    };
    nasbench201().enumerate(&mut visit).unwrap();
    assert!(
        complying > 0 && complying * 500 < all,
        "{complying} of {all}"
    );
    for seed in 0..4 {
        let queries = queries(least, 100, seed);
        assert!(
            queries.iter().any(|q| q.compliant),
            "seed {seed}: nothing complies"
        );
    }
}

/// A problem under bounds on costs of the space.
fn bounded<'a>(space: &'a dyn SearchSpace, bounds: &[&str]) -> Problem<'a> {
    let objective = Objective::maximize("score");
    let bounds = bounds.iter().map(|text| text.parse().unwrap()).collect();
    let measured = ["score".to_owned()];
    Problem::new(space, &measured, objective, bounds, Sampler::Uniform).unwrap()
}

fn run(problem: &Problem, recipe: &str, start: Vec<Arch>, queries: usize) -> Run {
    let recipe = Registry::builtin().recipe(recipe).unwrap();
    search(
        problem,
        &mut Synthetic::new(problem.space()),
        &mut *recipe.build(0).unwrap(),
        &Limits {
            queries,
            start: Trial::full(start),
            ..Limits::default()
        },
        &mut [],
        &AtomicBool::new(false),
    )
    .unwrap()
}

/// Next to no random network of this space is as small as these bounds ask for.
#[test]
fn searches_go_on_where_no_sample_keeps_the_bounds() {
    let space = ofa_mobilenetv3();
    let small = "ks=33335553333333333555;e=43333333633366336663;d=23423";
    let start = space.parse(small).unwrap();
    let macs = space.costs().iter().position(|c| c == "macs").unwrap();
    let bound = format!("macs <= {}", space.cost(&start, macs));
    let problem = bounded(&space, &[&bound]);
    for (name, _) in Registry::builtin().strategies() {
        let run = run(&problem, name, vec![start], 40);
        assert_eq!(run.stop, StopReason::Budget, "{name}");
        assert!(run.ledger.queries().iter().all(|q| q.compliant), "{name}");
        assert_eq!(run.ledger.len(), 40, "{name}");
    }
}

#[test]
fn what_only_edits_lead_to_is_feasible() {
    let space = ofa_mobilenetv3();
    for bounds in [
        &["macs <= 2e8"][..],
        &["params <= 3.6e6"],
        &["macs <= 1.5e8", "params <= 3.8e6"],
        &["macs <= 2e8", "macs > 1.9e8"],
    ] {
        let problem = bounded(&space, bounds);
        assert!(problem.check_feasible(&[]).is_ok(), "{bounds:?}");
        let first = run(&problem, "ga-nas", Vec::new(), 12);
        assert_eq!(first.ledger.len(), 12, "{bounds:?}");
        assert!(first.ledger.queries().iter().all(|q| q.compliant));
        let again = run(&problem, "ga-nas", Vec::new(), 12);
        assert_eq!(first.ledger.queries(), again.ledger.queries());
    }
    let error = bounded(&space, &["macs <= 1e8"])
        .check_feasible(&[])
        .unwrap_err();
    let error = error.to_string();
    assert!(error.contains("meets `macs <= 100000000`"), "{error}");
    // The smallest network of the space.
    assert!(error.contains("the nearest has macs 12"), "{error}");
}

#[test]
fn a_search_is_exhausted_once_no_neighbor_of_what_is_known_complies() {
    let space = from_toml(
        "name = \"switches\"\nkind = \"chain\"\nlength = 30\nops = [\"off\", \"on\"]\n\
         [metrics]\nparams = { on = 1 }\n",
    )
    .unwrap();
    let problem = bounded(&*space, &["params < 2"]);
    for name in ["random", "evolution", "ga-nas"] {
        let run = run(&problem, name, Vec::new(), 100);
        assert_eq!(
            (run.ledger.len(), run.stop),
            (31, StopReason::Exhausted),
            "{name}"
        );
    }
}
