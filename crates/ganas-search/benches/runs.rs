//! Whole searches on one thread: `GANAS_DATA=... cargo bench -p ganas-search`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use ganas_core::driver::{Limits, Objective, Problem, search};
use ganas_core::evaluate::Evaluator;
use ganas_core::space::{Sampler, SearchSpace, nasbench101, nasbench201};
use ganas_search::Registry;
use ganas_tables::{Import, Table, TableEvaluator};

fn time(space: &dyn SearchSpace, table: &Path, metric: &str, strategy: &str, queries: usize) {
    let table = Table::open_with(table, space, &Import::default()).unwrap();
    let mut evaluator = TableEvaluator::new(Arc::new(table));
    let objective = Objective::maximize(metric);
    let measured = evaluator.metrics().to_vec();
    let problem = Problem::new(space, &measured, objective, Vec::new(), Sampler::Uniform).unwrap();
    let limits = Limits {
        queries,
        ..Limits::default()
    };
    let recipe = Registry::builtin().recipe(strategy).unwrap();
    let mut times: Vec<f64> = (0..3)
        .map(|seed| {
            let mut strategy = recipe.build(seed).unwrap();
            let never = AtomicBool::new(false);
            let run = search(
                &problem,
                &mut evaluator,
                strategy.as_mut(),
                &limits,
                &mut [],
                &never,
            );
            run.unwrap().seconds
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!(
        "{strategy} on {}, {queries} queries: median {:.2} s, {:.1} ms a query",
        space.name(),
        times[1],
        1e3 * times[1] / queries as f64
    );
}

fn main() {
    let Some(data) = std::env::var_os("GANAS_DATA") else {
        return println!("GANAS_DATA names no folder of tables, so there is nothing to time");
    };
    let data = Path::new(&data);
    let (small, large) = (nasbench201(), nasbench101());
    let (cifar, cells) = (
        data.join("nasbench201_cifar10.csv.gz"),
        data.join("nasbench101.csv.gz"),
    );
    for strategy in ["ga-nas", "ga-nas:paper-setup1"] {
        time(&small, &cifar, "cifar10_test", strategy, 444);
        time(&large, &cells, "test_accuracy", strategy, 2750);
    }
}
