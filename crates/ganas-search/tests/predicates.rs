//! Every strategy keeps to conditions that only code can tell.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use ganas_core::Pool;
use ganas_core::constraint::Predicate;
use ganas_core::driver::{Limits, Objective, Problem, search};
use ganas_core::evaluate::{Evaluator, Outcome};
use ganas_core::rng::Rng;
use ganas_core::space::{Sampler, SearchSpace, nasbench101, nasbench201};
use ganas_core::testing::Synthetic;
use ganas_search::Registry;

/// A problem whose architectures may have an op `most` times at most.
fn bounded(space: &dyn SearchSpace, op: u8, most: usize) -> Problem<'_> {
    let objective = Objective::maximize("score");
    let evaluator = Synthetic::new(space);
    let metrics = evaluator.metrics();
    let few = Predicate {
        name: "few".into(),
        holds: Arc::new(move |arch| arch.ops().iter().filter(|o| **o == op).count() <= most),
    };
    Problem::new(space, metrics, objective, Vec::new(), Sampler::Uniform)
        .unwrap()
        .requiring(vec![few])
}

#[test]
fn nothing_else_is_evaluated() {
    let never = AtomicBool::new(false);
    for space in [&nasbench201() as &dyn SearchSpace, &nasbench101()] {
        let mut rng = Rng::stream(0, "pool");
        let draw = |_| space.sample(Sampler::Uniform, &mut rng);
        let pool = Arc::new(Pool::new((0..300).map(draw)));
        for (name, _) in Registry::builtin().strategies() {
            let recipe = Registry::builtin().recipe(name).unwrap();
            for within in [false, true] {
                let mut problem = bounded(space, 1, 1);
                if within {
                    problem = problem.within(pool.clone());
                }
                let limits = Limits {
                    queries: 80,
                    ..Limits::default()
                };
                let (mut evaluator, mut strategy) =
                    (Synthetic::new(space), recipe.build(0).unwrap());
                let run = search(
                    &problem,
                    &mut evaluator,
                    &mut *strategy,
                    &limits,
                    &mut [],
                    &never,
                )
                .unwrap();
                assert_eq!(run.ledger.charged().len(), 80, "{recipe}");
                let met = |q: &ganas_core::ledger::Query| problem.unmet(&q.arch).is_none();
                assert!(run.ledger.charged().iter().all(met), "{recipe}");
                assert!(run.rejected > 0, "{recipe}");
            }
        }
    }
}

#[test]
fn what_is_known_and_does_not_meet_them_is_not_found() {
    let space = nasbench201();
    let problem = bounded(&space, 1, 0);
    let mut rng = Rng::stream(0, "known");
    let (mut met, mut unmet) = (0, 0);
    for _ in 0..100 {
        let arch = space.sample(Sampler::Uniform, &mut rng);
        let query = problem.query(arch, 0, Outcome::Done(vec![1.0]));
        assert_eq!(query.compliant, problem.unmet(&arch).is_none());
        assert_eq!(query.compliant, problem.admits(&arch));
        *(if query.compliant {
            &mut met
        } else {
            &mut unmet
        }) += 1;
    }
    assert!(met > 0 && unmet > 0);
}

#[test]
fn one_that_nothing_meets_is_named() {
    let space = nasbench201();
    let problem = bounded(&space, 1, 0).requiring(vec![Predicate {
        name: "never".into(),
        holds: Arc::new(|_| false),
    }]);
    let error = problem.check_feasible(&[]).unwrap_err().to_string();
    assert!(error.contains("meets `never`"), "{error}");
    assert!(bounded(&space, 1, 0).check_feasible(&[]).is_ok());
}
