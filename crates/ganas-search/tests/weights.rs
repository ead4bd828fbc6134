//! Searches in spaces whose choices have weights: what a user expects before the first evaluation.

use std::sync::atomic::AtomicBool;

use ganas_core::driver::{Limits, Objective, Problem, search};
use ganas_core::error::Result;
use ganas_core::evaluate::{Evaluator, Outcome, Work};
use ganas_core::space::{Sampler, from_toml};
use ganas_search::Registry;

/// The best value of each choice, of values from 0 to 7.
const BEST: [i32; 8] = [6, 1, 5, 2, 7, 0, 3, 6];

/// Squared distances from the best values.
struct Bowl([String; 1]);

impl Evaluator for Bowl {
    fn metrics(&self) -> &[String] {
        &self.0
    }

    fn run(&mut self, work: &mut dyn Work) -> Result<()> {
        while let Some(trial) = work.next() {
            let off = trial.arch.ops().iter().zip(BEST);
            let sum: i32 = off.map(|(op, best)| (i32::from(*op) - best).pow(2)).sum();
            work.done(&trial, Outcome::Done(vec![f64::from(sum)]));
        }
        Ok(())
    }
}

/// The mean, over seeds, of the best value after some numbers of queries. `prior` gives what is expected of a choice
/// whose best value is the argument.
fn means(strategy: &str, prior: impl Fn(i32) -> Option<i32>, at: [usize; 2]) -> [f64; 2] {
    let choice = |(i, best): (usize, &i32)| {
        let prior = prior(*best).map_or(String::new(), |prior| format!("prior = {prior}\n"));
        format!("[[choice]]\nname = 'c{i}'\nlow = 0\nhigh = 7\n{prior}")
    };
    let choices: String = BEST.iter().enumerate().map(choice).collect();
    let space = from_toml(&format!("name = 'bowl'\nkind = 'config'\n{choices}")).unwrap();
    let names = ["loss".to_owned()];
    let objective = Objective::minimize(names[0].clone());
    let problem = Problem::new(&*space, &names, objective, vec![], Sampler::Uniform).unwrap();
    let limits = Limits {
        queries: at[1],
        ..Limits::default()
    };
    let recipe = Registry::builtin().recipe(strategy).unwrap();
    let seeds = 6;
    let mut sums = [0.0; 2];
    for seed in 0..seeds {
        let mut strategy = recipe.build(seed).unwrap();
        let stop = AtomicBool::new(false);
        let mut bowl = Bowl(names.clone());
        let run = search(&problem, &mut bowl, &mut *strategy, &limits, &mut [], &stop).unwrap();
        let values: Vec<f64> = (run.ledger.queries().iter())
            .filter_map(|query| query.metrics.first().copied())
            .collect();
        for (sum, at) in sums.iter_mut().zip(at) {
            *sum += values[..at].iter().copied().fold(f64::INFINITY, f64::min);
        }
    }
    sums.map(|sum| sum / seeds as f64)
}

#[test]
fn good_expectations_help_at_once_and_bad_ones_are_forgotten() {
    for strategy in ["ga-nas", "evolution", "tpe", "random"] {
        let [without, _] = means(strategy, |_| None, [12, 12]);
        let [with, _] = means(strategy, |best| Some((best + 1).min(7)), [12, 12]);
        assert!(with < 0.6 * without, "{strategy}: {with} against {without}");
    }
    // Everything is expected at the wrong end.
    let [_, misled] = means("ga-nas", |best| Some(7 - best), [12, 100]);
    let [_, uninformed] = means("ga-nas", |_| None, [20, 20]);
    assert!(misled < 0.2 * uninformed, "{misled} against {uninformed}");
}
