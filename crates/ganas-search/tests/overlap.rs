//! The default preset with many workers, and with many cores.

use std::collections::VecDeque;
use std::sync::atomic::AtomicBool;

use ganas_core::driver::{Limits, Run, Search};
use ganas_core::error::Result;
use ganas_core::evaluate::{Evaluator, Outcome, Work};
use ganas_core::space::nasbench201;
use ganas_core::testing::{Synthetic, problem};
use ganas_core::trial::Trial;
use ganas_search::Registry;

/// Takes as many architectures as it has workers, and is done with them in turn.
struct Workers<'a>(Synthetic<'a>, usize);

impl Evaluator for Workers<'_> {
    fn metrics(&self) -> &[String] {
        self.0.metrics()
    }

    fn slots(&self) -> usize {
        self.1
    }

    fn run(&mut self, work: &mut dyn Work) -> Result<()> {
        let mut begun: VecDeque<Trial> = VecDeque::new();
        loop {
            while begun.len() < self.1
                && let Some(trial) = work.next()
            {
                begun.push_back(trial);
            }
            let Some(trial) = begun.pop_front() else {
                return Ok(());
            };
            let score = self.0.score(&trial.arch);
            work.done(&trial, Outcome::Done(vec![score]));
        }
    }
}

fn run(workers: usize, queries: usize) -> Run {
    let space = nasbench201();
    let mut evaluator = Workers(Synthetic::new(&space), workers);
    let problem = problem(&space, Vec::new());
    let limits = Limits {
        queries,
        ..Limits::default()
    };
    let mut strategy = Registry::builtin()
        .recipe("ga-nas")
        .unwrap()
        .build(3)
        .unwrap();
    let mut search = Search::new(&problem, &limits);
    if workers > 1 {
        search = search.asynchronous(workers);
    }
    search
        .run(
            &mut evaluator,
            strategy.as_mut(),
            &mut [],
            &AtomicBool::new(false),
        )
        .unwrap()
}

/// The new architectures of each round, in the order in which the rounds ended.
fn sets(run: &Run) -> Vec<usize> {
    run.rounds.iter().map(|round| round.new).collect()
}

#[test]
fn many_workers_are_given_an_eighth_of_their_number_at_once() {
    let alone = sets(&run(1, 100));
    assert!(alone[1..].iter().all(|new| *new == 3), "{alone:?}");
    let four = sets(&run(4, 100));
    assert!(
        four.iter().filter(|new| **new == 3).count() > 20,
        "{four:?}"
    );
    // At first there are few under way to take a share of.
    let many = sets(&run(64, 400));
    let eighths = many.iter().filter(|new| (7..=8).contains(*new)).count();
    assert!(eighths > 30, "{many:?}");
}

#[test]
fn the_trace_is_the_same_on_all_cores_and_on_one() {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let one = one.unwrap().install(|| run(1, 120));
    let all = run(1, 120);
    assert_eq!(one.ledger.queries(), all.ledger.queries());
}
