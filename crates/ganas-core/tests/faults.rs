//! Strategies and evaluators that break their contracts: the error names them, and the search can be
//! resumed.

use std::sync::atomic::AtomicBool;

use ganas_core::arch::Arch;
use ganas_core::driver::{Limits, Observer, Problem, Run, Search};
use ganas_core::error::{Error, Result};
use ganas_core::evaluate::{Evaluator, Outcome, Work};
use ganas_core::journal::Finished;
use ganas_core::ledger::Query;
use ganas_core::problem::{Objective, Objectives, Scale};
use ganas_core::rng::Rng;
use ganas_core::space::{SearchSpace, nasbench201};
use ganas_core::strategy::{Capabilities, Context, Strategy};
use ganas_core::trial::Trial;

/// Fault of a [`Faulty`] strategy after its first 12 queries.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    Invalid,
    Repeat,
    PanicInAsk,
    PanicInTell,
}

/// Random search with a fault.
struct Faulty(Rng, Fault);

impl Faulty {
    fn new(fault: Fault) -> Self {
        Faulty(Rng::stream(0, "faulty"), fault)
    }
}

impl Strategy for Faulty {
    fn ask(&mut self, context: &Context, limit: usize) -> Result<Vec<Trial>> {
        if context.ledger.len() < 12 || self.1 == Fault::None {
            return Ok(Trial::full(context.sample_new(limit.min(4), &mut self.0)));
        }
        let known = context.ledger.queries()[0].arch;
        Ok(Trial::full(match self.1 {
            Fault::Invalid => vec![known, Arch::new(&[77])],
            Fault::PanicInAsk => panic!("no idea is left"),
            Fault::Repeat | Fault::PanicInTell => vec![known],
            Fault::None => unreachable!(),
        }))
    }

    fn tell(&mut self, context: &Context, _: &[Query]) {
        assert!(
            self.1 != Fault::PanicInTell || context.ledger.len() < 12,
            "it is too much"
        );
    }
}

/// Counts the ops of index 0 as `zeros` and of index 1 as `ones`; its metrics can be in any order.
struct Counting {
    metrics: Vec<String>,
    panics_after: usize,
}

impl Counting {
    fn new(metrics: &[&str]) -> Self {
        Counting {
            metrics: metrics.iter().map(|&m| m.to_owned()).collect(),
            panics_after: usize::MAX,
        }
    }
}

impl Evaluator for Counting {
    fn metrics(&self) -> &[String] {
        &self.metrics
    }

    fn run(&mut self, work: &mut dyn Work) -> Result<()> {
        while let Some(trial) = work.next() {
            assert!(self.panics_after > 0, "the machine is on fire");
            self.panics_after -= 1;
            let count = |op: u8| trial.arch.ops().iter().filter(|o| **o == op).count() as f64;
            let value = |name: &String| count(u8::from(name == "ones"));
            let values = self.metrics.iter().map(value).collect();
            work.done(&trial, Outcome::Done(values));
        }
        Ok(())
    }
}

#[derive(Default)]
struct Kept(Vec<Finished>);

impl Observer for Kept {
    fn finished(&mut self, trial: &Trial, outcome: &Outcome) -> Result<()> {
        self.0.push(Finished::new(trial, outcome.clone()));
        Ok(())
    }
}

fn names() -> [String; 2] {
    ["zeros".to_owned(), "ones".to_owned()]
}

fn problem(space: &dyn SearchSpace, objectives: impl Into<Objectives>) -> Problem<'_> {
    Problem::new(space, &names(), objectives, vec![], space.samplers()[0]).unwrap()
}

fn run(
    problem: &Problem,
    evaluator: &mut dyn Evaluator,
    strategy: &mut dyn Strategy,
    slots: Option<usize>,
    kept: &mut Kept,
) -> Result<Run> {
    let limits = Limits {
        queries: 24,
        ..Limits::default()
    };
    let mut search = Search::new(problem, &limits).resuming(kept.0.clone(), None);
    if let Some(slots) = slots {
        search = search.asynchronous(slots);
    }
    search.run(evaluator, strategy, &mut [kept], &AtomicBool::new(false))
}

#[test]
fn a_strategy_at_fault_is_named_and_nothing_is_lost() {
    let space = nasbench201();
    let problem = problem(&space, Objective::maximize("zeros"));
    let mut whole = Kept::default();
    let mut evaluator = Counting::new(&["zeros", "ones"]);
    let mut sound = Faulty::new(Fault::None);
    let expected = run(&problem, &mut evaluator, &mut sound, None, &mut whole).unwrap();
    for (fault, words) in [
        (Fault::Invalid, "proposed an architecture that is not valid"),
        (Fault::Repeat, "proposed nothing new in 20000 rounds"),
        (Fault::PanicInAsk, "panicked in `ask`: no idea is left ("),
        (Fault::PanicInTell, "panicked in `tell`: it is too much ("),
    ] {
        for slots in [None, Some(3)] {
            let mut kept = Kept::default();
            let mut faulty = Faulty::new(fault);
            let error = run(&problem, &mut evaluator, &mut faulty, slots, &mut kept).unwrap_err();
            assert!(matches!(&error, Error::Strategy { strategy, .. } if strategy == "Faulty"));
            let text = error.to_string();
            assert!(text.contains("`Faulty`") && text.contains(words), "{text}");
            assert!(kept.0.len() >= 12, "{fault:?}");
            if slots.is_none() {
                // Once it is mended, the search goes the way that it would have gone.
                let mut sound = Faulty::new(Fault::None);
                let run = run(&problem, &mut evaluator, &mut sound, slots, &mut kept).unwrap();
                assert_eq!(run.ledger.queries(), expected.ledger.queries());
                assert_eq!(kept.0.len(), 24);
            }
        }
    }
}

#[test]
fn repeating_the_last_architectures_of_a_space_is_not_a_fault() {
    use ganas_core::driver::StopReason;
    use ganas_core::space::{Chain, OpCosts};
    let ops = ["a", "b", "c"].map(str::to_owned).to_vec();
    let layout = vec![vec![0, 1, 2]; 2];
    let space = Chain::new("tiny".into(), ops, layout, Box::new(OpCosts::default()));
    let problem = problem(&space, Objective::maximize("zeros"));

    struct Again(Rng);
    impl Strategy for Again {
        fn ask(&mut self, context: &Context, _: usize) -> Result<Vec<Trial>> {
            match context.ledger.best() {
                Some(best) if context.ledger.len() == 9 => Ok(vec![best.trial()]),
                _ => Ok(Trial::full(context.sample_new(1, &mut self.0))),
            }
        }
    }
    let mut evaluator = Counting::new(&["zeros", "ones"]);
    let mut again = Again(Rng::stream(0, "again"));
    let run = run(
        &problem,
        &mut evaluator,
        &mut again,
        None,
        &mut Kept::default(),
    )
    .unwrap();
    assert_eq!((run.stop, run.ledger.len()), (StopReason::Stalled, 9));
}

#[test]
fn an_evaluator_that_panics_is_an_error_and_its_outcomes_are_kept() {
    let space = nasbench201();
    let problem = problem(&space, Objective::maximize("zeros"));
    for slots in [None, Some(3)] {
        let mut kept = Kept::default();
        let mut evaluator = Counting::new(&["zeros", "ones"]);
        evaluator.panics_after = 6;
        let mut sound = Faulty::new(Fault::None);
        let error = run(&problem, &mut evaluator, &mut sound, slots, &mut kept).unwrap_err();
        assert!(matches!(error, Error::Evaluator { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("the evaluator panicked: the machine is on fire"));
        assert_eq!(kept.0.len(), 6);
        evaluator.panics_after = usize::MAX;
        let mut sound = Faulty::new(Fault::None);
        let run = run(&problem, &mut evaluator, &mut sound, slots, &mut kept).unwrap();
        assert_eq!((run.ledger.len(), kept.0.len()), (24, 24));
    }
}

#[test]
fn metrics_are_mapped_by_name() {
    let space = nasbench201();
    let problem = problem(&space, Objective::maximize("zeros"));
    let traces = [
        &["zeros", "ones"][..],
        &["ones", "zeros"],
        &["ones", "more", "zeros"],
    ]
    .map(|metrics| {
        let mut evaluator = Counting::new(metrics);
        let mut sound = Faulty::new(Fault::None);
        let kept = &mut Kept::default();
        let run = run(&problem, &mut evaluator, &mut sound, None, kept).unwrap();
        (run.ledger.queries().to_vec(), kept.0.clone())
    });
    assert_eq!(traces[0], traces[1]);
    assert_eq!(traces[0], traces[2]);

    let mut evaluator = Counting::new(&["ones", "zero"]);
    let mut sound = Faulty::new(Fault::None);
    let kept = &mut Kept::default();
    let error = run(&problem, &mut evaluator, &mut sound, None, kept).unwrap_err();
    assert!(matches!(error, Error::Evaluator { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("no metric `zeros`") && text.contains("`ones`, `zero`"));
}

#[test]
fn several_objectives_are_for_strategies_that_handle_them() {
    /// Random search that looks at all objective values.
    struct Several(Faulty);
    impl Strategy for Several {
        fn ask(&mut self, context: &Context, limit: usize) -> Result<Vec<Trial>> {
            self.0.ask(context, limit)
        }

        fn name(&self) -> String {
            "several".into()
        }

        fn capabilities(&self) -> Capabilities {
            Capabilities {
                several_objectives: true,
                ..Capabilities::default()
            }
        }
    }
    let space = nasbench201();
    let both = [Objective::maximize("zeros"), Objective::minimize("ones")];
    let problem = problem(&space, Objectives::new(both.to_vec()).unwrap());
    let mut evaluator = Counting::new(&["ones", "zeros"]);
    let kept = &mut Kept::default();
    let mut single = Faulty::new(Fault::None);
    let error = run(&problem, &mut evaluator, &mut single, None, kept).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("`Faulty` handles one objective, and there are 2"),
        "{text}"
    );
    assert!(matches!(error, Error::Input(_)) && kept.0.is_empty());

    let mut several = Several(Faulty::new(Fault::None));
    let run = run(&problem, &mut evaluator, &mut several, None, kept).unwrap();
    for query in run.ledger.queries() {
        assert_eq!(query.values, [query.metrics[0], -query.metrics[1]]);
        assert_eq!(query.value(), Some(query.metrics[0]));
    }
}

#[test]
fn a_value_off_a_logarithmic_scale_is_a_failure() {
    let space = nasbench201();
    let problem = problem(&space, Objective::minimize("ones").on(Scale::Log));
    let mut evaluator = Counting::new(&["zeros", "ones"]);
    let mut sound = Faulty::new(Fault::None);
    let kept = &mut Kept::default();
    let run = run(&problem, &mut evaluator, &mut sound, None, kept).unwrap();
    let failed = run.ledger.queries().iter().filter(|q| q.failure.is_some());
    for query in failed {
        assert!(query.failure.as_ref().unwrap().contains("`ones` is 0"));
        assert_eq!(query.value(), None);
    }
    assert!(run.ledger.best().unwrap().metrics.iter().any(|v| *v > 0.0));
}
