//! Gauges of the networks in searches whose truth is known.

use std::sync::atomic::AtomicBool;

use ganas_core::driver::{Limits, Run, Search};
use ganas_core::error::Result;
use ganas_core::evaluate::{Evaluator, Outcome, Work};
use ganas_core::rng::Rng;
use ganas_core::space::{from_toml, nasbench201};
use ganas_core::testing::problem;
use ganas_search::Registry;

/// Noise: nothing about an architecture says how good it is.
struct Noise([String; 1]);

impl Evaluator for Noise {
    fn metrics(&self) -> &[String] {
        &self.0
    }

    fn run(&mut self, work: &mut dyn Work) -> Result<()> {
        while let Some(trial) = work.next() {
            let value = Rng::stream(0, &format!("{:?}", trial.arch)).normal();
            work.done(&trial, Outcome::Done(vec![value]));
        }
        Ok(())
    }
}

fn run(space: &dyn ganas_core::space::SearchSpace, recipe: &str, queries: usize, seed: u64) -> Run {
    let problem = problem(space, Vec::new());
    let limits = Limits {
        queries,
        ..Limits::default()
    };
    let mut strategy = Registry::builtin()
        .recipe(recipe)
        .unwrap()
        .build(seed)
        .unwrap();
    let mut evaluator = Noise(["score".into()]);
    let stop = AtomicBool::new(false);
    Search::new(&problem, &limits)
        .run(&mut evaluator, &mut *strategy, &mut [], &stop)
        .unwrap()
}

/// All values of a gauge.
fn values(run: &Run, name: &str) -> Vec<f64> {
    let gauges = run.rounds.iter().flat_map(|round| &round.gauges);
    gauges.filter(|g| g.0 == name).map(|g| g.1).collect()
}

/// A frozen generator that draws nearly uniformly, and a truth set that noise chose: their
/// distributions are the same.
#[test]
fn noise_and_a_generator_that_learns_nothing_are_not_apart() {
    let space = nasbench201();
    let recipe = "ga-nas:paper-setup1+updates=0+initial=100+batch=25+growth=0";
    let (mut js, mut ess) = (Vec::new(), Vec::new());
    for seed in 0..3 {
        let run = run(&space, recipe, 200, seed);
        js.extend(values(&run, "js"));
        ess.extend(values(&run, "ess"));
    }
    assert!(js.len() == 12 && ess.len() == 12, "{js:?}");
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    assert!(mean(&js) < 0.03, "{js:?}");
    // Estimated odds vary, so they are never worth all of the 25.
    assert!(ess.iter().all(|e| *e > 1.0 && *e < 25.0), "{ess:?}");
    assert!(mean(&ess) < 24.5, "{ess:?}");
}

/// A generator that knows no rule but to draw uniformly repeats itself as often as chance has it.
#[test]
fn duplicates_are_counted_up_to_the_last_that_is_wanted() {
    // 4,096 chains, and 64 of them a round: two to four in a hundred were met before.
    let space = from_toml("name = 'chain'\nkind = 'chain'\nlength = 6\nops = ['a', 'b', 'c', 'd']")
        .unwrap();
    let recipe = "ga-nas:paper-setup1+updates=0+initial=64+batch=64+growth=0";
    let run = run(&*space, recipe, 192, 0);
    let shares = values(&run, "g_duplicates");
    assert_eq!(shares.len(), 2, "{shares:?}");
    assert!(shares.iter().all(|s| *s < 0.2), "{shares:?}");
}
