//! Contract suites of spaces, evaluators and strategies.
//!
//! Call them from the tests of a plug-in. Each panics with what was broken.

use std::collections::HashSet;
use std::sync::atomic::AtomicBool;

use crate::arch::{Arch, Graph, contains};
use crate::checkpoint::Checkpoint;
use crate::constraint::{Comparison, Constraint};
use crate::driver::{Limits, Objective, Observer, Problem, Run, Search, StopReason};
use crate::error::Result;
use crate::evaluate::{Evaluator, Outcome, Work};
use crate::journal::Finished;
use crate::ledger::Query;
use crate::rng::Rng;
use crate::space::{Chain, Link, OpCosts, Rules, SearchSpace};
use crate::state;
use crate::strategy::Strategy;
use crate::trial::Trial;

/// Checks a space: notation, canonical forms, graphs, edits and growth agree with each other.
pub fn space_contract(space: &dyn SearchSpace) {
    let mut rng = Rng::stream(0, "contract");
    for &sampler in space.samplers() {
        for _ in 0..100 {
            let arch = space.sample(sampler, &mut rng);
            arch_contract(space, &arch);
        }
    }
    for (name, arch) in space.named() {
        assert_eq!(space.parse(name), Ok(*arch), "{name}");
        arch_contract(space, arch);
    }
    let arch = space.sample(space.samplers()[0], &mut rng);
    let neighbors = space.neighbors(&arch);
    assert!(neighbors.is_sorted() && !neighbors.contains(&arch));
    assert_eq!(
        neighbors.iter().collect::<HashSet<_>>().len(),
        neighbors.len()
    );
    for neighbor in neighbors.iter().take(50) {
        arch_contract(space, neighbor);
    }
    assert!(neighbors.is_empty() || neighbors.contains(&space.mutate(&arch, &mut rng)));
    for rules in [Rules::Enforced, Rules::Learned] {
        for _ in 0..200 {
            growth_contract(space, rules, &mut rng);
        }
    }
}

fn arch_contract(space: &dyn SearchSpace, arch: &Arch) {
    assert_eq!(space.check(arch), Ok(()), "{}", space.format(arch));
    assert_eq!(
        space.canonical(arch),
        *arch,
        "not canonical: {}",
        space.format(arch)
    );
    assert_eq!(
        space.parse(&space.format(arch)),
        Ok(*arch),
        "{}",
        space.format(arch)
    );
    let graph = space.graph(arch);
    assert_eq!(space.arch(&graph), Ok(*arch), "{}", space.format(arch));
    assert_eq!(space.violations(&graph), 0, "{}", space.format(arch));
    assert!(graph.len() <= space.max_nodes());
    for t in 0..graph.len() {
        let partial = graph.prefix(t);
        let label = graph.labels[t];
        for rules in [Rules::Enforced, Rules::Learned] {
            assert!(
                space.labels(&partial, rules) >> label & 1 == 1,
                "label {label} of node {t} of {} cannot be grown",
                space.format(arch)
            );
            let mut chosen = 0;
            for u in 0..t {
                let fed = contains(graph.inputs[t], u);
                let link = space.link(&partial, label, chosen, u, rules);
                assert_ne!(
                    link,
                    if fed { Link::MayNot } else { Link::Must },
                    "edge {u} -> {t} of {} cannot be grown",
                    space.format(arch)
                );
                if fed {
                    chosen |= 1 << u;
                }
            }
        }
    }
    assert_eq!(
        space.labels(&graph, Rules::Enforced),
        0,
        "a finished graph goes on growing"
    );
    for index in 0..space.costs().len() {
        assert!(space.cost(arch, index).is_finite());
    }
}

fn growth_contract(space: &dyn SearchSpace, rules: Rules, rng: &mut Rng) {
    let mut graph = Graph::default();
    loop {
        let allowed = space.labels(&graph, rules);
        if allowed == 0 {
            break;
        }
        let labels: Vec<u8> = (0..128).filter(|l| allowed >> l & 1 == 1).collect();
        assert!((labels[labels.len() - 1] as usize) < space.vocabulary().len());
        let label = *rng.choose(&labels);
        let mut chosen = 0;
        for u in 0..graph.len() {
            let fed = match space.link(&graph, label, chosen, u, rules) {
                Link::Must => true,
                Link::MayNot => false,
                Link::May => rng.chance(0.4),
            };
            if fed {
                chosen |= 1 << u;
            }
        }
        graph.push(label, chosen);
        assert!(graph.len() <= space.max_nodes());
    }
    let violations = space.violations(&graph);
    match space.arch(&graph) {
        Ok(arch) => {
            assert_eq!(violations, 0, "{graph:?}");
            assert_eq!(space.check(&arch), Ok(()), "{graph:?}");
        }
        Err(_) => assert!(violations > 0 && rules == Rules::Learned, "{graph:?}"),
    }
}

/// Checks an evaluator on a space: one outcome for each trial, in order, the same every time. An
/// evaluator with noise does not keep this contract.
pub fn evaluator_contract(evaluator: &mut dyn Evaluator, space: &dyn SearchSpace) {
    let mut rng = Rng::stream(0, "contract");
    let batch: Vec<Arch> = (0..20)
        .map(|_| space.sample(space.samplers()[0], &mut rng))
        .collect();
    assert!(evaluator.evaluate(&[]).is_empty());
    let together = evaluator.evaluate(&batch);
    assert_eq!(together.len(), batch.len());
    for (arch, outcome) in batch.iter().zip(&together) {
        if let Outcome::Done(metrics) = outcome {
            assert_eq!(metrics.len(), evaluator.metrics().len());
        }
        assert_eq!(
            evaluator.evaluate(std::slice::from_ref(arch)),
            std::slice::from_ref(outcome),
            "{}",
            space.format(arch)
        );
    }
}

/// Synthetic evaluator for tests. Its objective `score` is a smooth function of an architecture's
/// graph with one best op at each position. Every `failing`-th evaluation fails.
pub struct Synthetic<'a> {
    space: &'a dyn SearchSpace,
    metrics: Vec<String>,
    failing: Option<usize>,
    count: usize,
}

impl<'a> Synthetic<'a> {
    /// Evaluator without failures.
    pub fn new(space: &'a dyn SearchSpace) -> Self {
        Synthetic {
            space,
            metrics: vec!["score".into()],
            failing: None,
            count: 0,
        }
    }

    /// Lets every `n`-th evaluation fail, alternately with a reason and as NaN.
    pub fn failing(mut self, n: usize) -> Self {
        self.failing = Some(n);
        self
    }

    /// Score of an architecture, 1 at best.
    pub fn score(&self, arch: &Arch) -> f64 {
        let graph = self.space.graph(arch);
        let labels = self.space.vocabulary().len() as f64;
        let miss = |(v, &label): (usize, &u8)| {
            let best = 2.0 + (v * 7 % 5) as f64 % (labels - 2.0).max(1.0);
            (label as f64 - best).abs().min(1.0)
        };
        let inner = &graph.labels[1..graph.len() - 1];
        1.0 - inner.iter().enumerate().map(miss).sum::<f64>() / (1 + inner.len()) as f64
            - 0.01 * graph.edges() as f64
    }
}

impl Evaluator for Synthetic<'_> {
    fn metrics(&self) -> &[String] {
        &self.metrics
    }

    fn run(&mut self, work: &mut dyn Work) -> Result<()> {
        while let Some(trial) = work.next() {
            self.count += 1;
            let outcome = match self.failing {
                Some(n) if self.count.is_multiple_of(2 * n) => Outcome::Done(vec![f64::NAN]),
                Some(n) if self.count.is_multiple_of(n) => Outcome::Failed("it broke".into()),
                _ => Outcome::Done(vec![self.score(&trial.arch)]),
            };
            work.done(&trial, outcome);
        }
        Ok(())
    }
}

/// Function that makes a strategy from a seed.
pub type Build<'b> = &'b dyn Fn(u64) -> Box<dyn Strategy>;

/// Checks a strategy, which `build` makes from a seed:
///
/// - the same seed gives the same trace, and another seed another one;
/// - all proposals are valid, and constraints hold;
/// - failed trials do not stop it, and a space smaller than the budget ends it;
/// - a search resumed from anywhere ends as it would have, in rounds and asynchronously;
/// - while many trials are being evaluated, nearly every round has a new one;
/// - a target ends it, and changes nothing before that.
///
/// `space` needs a cost, and more than 60 architectures of which about half cost less than the
/// median.
pub fn strategy_contract(build: Build, space: &dyn SearchSpace) {
    let first = trace_contract(build, space);
    let failing = |n| {
        let mut evaluator = Synthetic::new(space).failing(n);
        run_strategy(build(1).as_mut(), &mut evaluator, space, None, 60)
    };
    let count = failing(3).ledger.len();
    assert_eq!(count, 60, "failures stopped it");
    let count = failing(1).ledger.len();
    assert_eq!(count, 60, "nothing but failures stopped it");
    let bound = constraint_contract(build, space, &first);
    resumption_contract(build, space, Some(bound));
    overlap_contract(build, space);
    target_contract(build, space);
    let tiny = tiny_space();
    let mut evaluator = Synthetic::new(&tiny);
    let all = run_strategy(build(3).as_mut(), &mut evaluator, &tiny, None, 100);
    assert_ne!(
        all.stop,
        StopReason::Budget,
        "a space of 9 cannot take 100 queries"
    );
    assert!(
        all.ledger.len() >= 5,
        "it gave up after {} of 9",
        all.ledger.len()
    );
}

/// Checks that a seed fixes the trace, and that all proposals are valid. Returns a run of seed 1.
fn trace_contract(build: Build, space: &dyn SearchSpace) -> Run {
    let run = |seed| {
        let mut evaluator = Synthetic::new(space);
        run_strategy(build(seed).as_mut(), &mut evaluator, space, None, 60)
    };
    let trace =
        |run: &Run| -> Vec<Trial> { run.ledger.queries().iter().map(Query::trial).collect() };
    let first = run(1);
    assert_eq!(first.ledger.len(), 60, "stopped by {:?}", first.stop);
    assert_eq!(trace(&first), trace(&run(1)), "one seed, two traces");
    assert_ne!(trace(&first), trace(&run(2)), "two seeds, one trace");
    for query in first.ledger.queries() {
        assert_eq!(space.check(&query.arch), Ok(()));
        assert_eq!(space.canonical(&query.arch), query.arch);
    }
    first
}

/// Checks that a bound at the median of a run's costs holds, and returns the bound.
fn constraint_contract(build: Build, space: &dyn SearchSpace, run: &Run) -> Constraint {
    let queries = run.ledger.queries().iter();
    let mut costs: Vec<f64> = queries.map(|q| space.cost(&q.arch, 0)).collect();
    costs.sort_by(f64::total_cmp);
    let bound = Constraint {
        metric: space.costs()[0].clone(),
        comparison: Comparison::AtMost,
        bound: costs[costs.len() / 2],
    };
    let mut evaluator = Synthetic::new(space);
    let constraint = Some(bound.clone());
    let run = run_strategy(build(1).as_mut(), &mut evaluator, space, constraint, 60);
    for query in run.ledger.queries() {
        assert!(bound.holds(space.cost(&query.arch, 0)), "{bound} is broken");
    }
    assert_eq!(run.ledger.len(), 60, "the constraint stopped it");
    bound
}

/// Checks that a search resumed from anywhere ends as it would have, with and without a checkpoint.
fn resumption_contract(build: Build, space: &dyn SearchSpace, constraint: Option<Constraint>) {
    let constraints: Vec<Constraint> = constraint.into_iter().collect();
    let problem = problem(space, constraints);
    let limits = Limits {
        queries: 60,
        ..Limits::default()
    };
    for slots in [None, Some(4)] {
        let run = |seed, finished: &[Finished], checkpoint: Option<Checkpoint>| {
            let mut kept = Kept::default();
            let mut evaluator = Disorderly::new(space, slots.unwrap_or(1));
            let mut search = Search::new(&problem, &limits).resuming(finished.to_vec(), checkpoint);
            if let Some(slots) = slots {
                search = search.asynchronous(slots);
            }
            let run = search
                .run(
                    &mut evaluator,
                    build(seed).as_mut(),
                    &mut [&mut kept],
                    &AtomicBool::new(false),
                )
                .unwrap_or_else(|e| panic!("{e}"));
            (run, kept)
        };
        let (whole, kept) = run(1, &[], None);
        assert_eq!(whole.ledger.len(), 60, "stopped by {:?}", whole.stop);
        assert!(!kept.states.is_empty(), "the strategy cannot be saved");
        let same = |(again, _): (Run, Kept), how: &str| {
            assert_eq!(again.ledger.queries(), whole.ledger.queries(), "{how}");
            assert_eq!(again.rejected, whole.rejected, "{how}");
            assert_eq!(again.stop, whole.stop, "{how}");
        };
        let count = kept.states.len();
        for i in [0, count / 3, 2 * count / 3, count - 1] {
            let (finished, state) = &kept.states[i];
            // Of rounds, some of what comes next may have finished too, in whatever order.
            let more = match slots {
                None => &kept.finished[..(finished + 3).min(60)],
                Some(_) => &kept.finished[..],
            };
            let bytes = state::save(state).unwrap_or_default();
            let state = state::load(&bytes).unwrap_or_else(|e| panic!("{e}"));
            // Another seed, so that nothing but the state decides.
            same(run(99, more, Some(state)), "from a checkpoint");
            same(run(1, more, None), "from the journal alone");
        }
    }
}

/// Checks that a strategy asks for new trials while many others are being evaluated.
fn overlap_contract(build: Build, space: &dyn SearchSpace) {
    const SLOTS: usize = 16;
    let problem = problem(space, Vec::new());
    let limits = Limits {
        queries: 60,
        ..Limits::default()
    };
    let run = (Search::new(&problem, &limits).asynchronous(SLOTS))
        .run(
            &mut Disorderly::new(space, SLOTS),
            build(1).as_mut(),
            &mut [],
            &AtomicBool::new(false),
        )
        .unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(run.ledger.len(), 60, "stopped by {:?}", run.stop);
    let empty = run.rounds.iter().filter(|round| round.new == 0).count();
    assert!(
        empty <= 6,
        "{empty} rounds brought nothing new while others were under way"
    );
}

/// Checks that a search ends once its target is reached, and has the same trace until then.
fn target_contract(build: Build, space: &dyn SearchSpace) {
    let problem = problem(space, Vec::new());
    for slots in [None, Some(4)] {
        let run = |target| {
            let limits = Limits {
                queries: 60,
                target,
                ..Limits::default()
            };
            let mut search = Search::new(&problem, &limits);
            if let Some(slots) = slots {
                search = search.asynchronous(slots);
            }
            let mut evaluator = Disorderly::new(space, slots.unwrap_or(1));
            search
                .run(
                    &mut evaluator,
                    build(1).as_mut(),
                    &mut [],
                    &AtomicBool::new(false),
                )
                .unwrap_or_else(|e| panic!("{e}"))
        };
        let whole = run(None);
        let best = whole.ledger.best().and_then(Query::merit);
        let first = (whole.ledger.charged().iter())
            .position(|q| q.merit() == best)
            .unwrap_or_else(|| panic!("nothing was found"));
        let until = run(best);
        let spent = until.ledger.charged();
        assert!(spent.len() > first, "it ended before its target");
        assert_eq!(&spent[..=first], &whole.ledger.charged()[..=first]);
        if spent.len() < 60 {
            assert_eq!(until.stop, StopReason::Target);
        }
        // Nothing is as good as this.
        assert_eq!(run(best.map(|b| b + 1.0)).ledger.len(), whole.ledger.len());
    }
}

/// Observer that keeps finished trials and checkpoints.
#[derive(Default)]
struct Kept {
    finished: Vec<Finished>,
    /// Checkpoints, each with the number of trials that had finished.
    states: Vec<(usize, Checkpoint)>,
}

impl Observer for Kept {
    fn finished(&mut self, trial: &Trial, outcome: &Outcome) -> Result<()> {
        self.finished.push(Finished::new(trial, outcome.clone()));
        Ok(())
    }

    fn between(&mut self, state: &dyn Fn() -> Result<Option<Checkpoint>>) -> Result<()> {
        (self.states).extend(state()?.map(|state| (self.finished.len(), state)));
        Ok(())
    }
}

/// Evaluator that takes several trials at once and completes them in another order.
struct Disorderly<'a> {
    inner: Synthetic<'a>,
    slots: usize,
}

impl<'a> Disorderly<'a> {
    fn new(space: &'a dyn SearchSpace, slots: usize) -> Self {
        let inner = Synthetic::new(space);
        Disorderly { inner, slots }
    }
}

impl Evaluator for Disorderly<'_> {
    fn metrics(&self) -> &[String] {
        self.inner.metrics()
    }

    fn slots(&self) -> usize {
        self.slots
    }

    fn run(&mut self, work: &mut dyn Work) -> Result<()> {
        let mut rng = Rng::stream(7, "disorder");
        let mut begun: Vec<Trial> = Vec::new();
        loop {
            while begun.len() < self.slots.max(8)
                && let Some(trial) = work.next()
            {
                begun.push(trial);
            }
            if begun.is_empty() {
                return Ok(());
            }
            let trial = begun.swap_remove(rng.below(begun.len()));
            let score = self.inner.score(&trial.arch);
            work.done(&trial, Outcome::Done(vec![score]));
        }
    }
}

fn run_strategy(
    strategy: &mut dyn Strategy,
    evaluator: &mut dyn Evaluator,
    space: &dyn SearchSpace,
    constraint: Option<Constraint>,
    queries: usize,
) -> Run {
    let problem = problem(space, constraint.into_iter().collect());
    let limits = Limits {
        queries,
        ..Limits::default()
    };
    Search::new(&problem, &limits)
        .run(evaluator, strategy, &mut [], &AtomicBool::new(false))
        .unwrap_or_else(|e| panic!("{e}"))
}

/// Problem of a [`Synthetic`] with constraints.
///
/// # Panics
/// If a constraint cannot be used.
pub fn problem(space: &dyn SearchSpace, constraints: Vec<Constraint>) -> Problem<'_> {
    let objective = Objective::maximize("score");
    let measured = ["score".to_owned()];
    let sampler = space.samplers()[0];
    Problem::new(space, &measured, objective, constraints, sampler)
        .unwrap_or_else(|e| panic!("{e}"))
}

fn tiny_space() -> Chain {
    let ops = ["a", "b", "c"].map(str::to_owned).to_vec();
    Chain::new(
        "tiny".into(),
        ops,
        vec![vec![0, 1, 2]; 2],
        Box::new(OpCosts::default()),
    )
}
