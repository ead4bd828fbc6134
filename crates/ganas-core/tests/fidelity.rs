//! Searches at several fidelities, through every part of the chain: strategy, driver, evaluator,
//! journal, checkpoint and workers.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use ganas_core::arch::Arch;
use ganas_core::checkpoint::Checkpoint;
use ganas_core::driver::{Limits, Observer, Problem, Run, Search};
use ganas_core::error::{Error, Result};
use ganas_core::evaluate::command::{CommandConfig, CommandEvaluator};
use ganas_core::evaluate::{Cached, Evaluator, Known, Noisy, Outcome, Work};
use ganas_core::journal::{Finished, Journal};
use ganas_core::ledger::Query;
use ganas_core::problem::Objective;
use ganas_core::rng::Rng;
use ganas_core::space::{EdgeCell, SearchSpace, nasbench201};
use ganas_core::state;
use ganas_core::strategy::{Capabilities, Context, Strategy};
use ganas_core::trial::{Axis, Fidelity, Trial};
use serde::{Deserialize, Serialize};

/// Levels of successive halving.
const LEVELS: [u32; 4] = [4, 12, 36, 100];

/// Successive halving without end: of a batch at one level, the better third is taken to the next.
#[derive(Serialize, Deserialize)]
struct Halving {
    rng: Rng,
    next: Vec<Trial>,
}

impl Halving {
    fn new(seed: u64) -> Self {
        Halving {
            rng: Rng::stream(seed, "halving"),
            next: Vec::new(),
        }
    }
}

impl Strategy for Halving {
    fn ask(&mut self, context: &Context, _: usize) -> Result<Vec<Trial>> {
        if !self.next.is_empty() {
            return Ok(std::mem::take(&mut self.next));
        }
        let fresh = context.sample_new(9, &mut self.rng).into_iter();
        let level = Fidelity::Level(LEVELS[0]);
        Ok(fresh.map(|arch| Trial::at(arch, level)).collect())
    }

    fn tell(&mut self, context: &Context, results: &[Query]) {
        let Some(axis) = context.axis() else { return };
        let mut ranked: Vec<&Query> = results.iter().filter(|q| q.value().is_some()).collect();
        ranked.sort_by(|a, b| b.values[0].total_cmp(&a.values[0]));
        let Some(first) = ranked.first() else { return };
        let level = axis.level(first.fidelity);
        let Some(next) = LEVELS.iter().find(|next| **next > level) else {
            return;
        };
        let best = ranked.iter().take(ranked.len().div_ceil(3));
        self.next = best
            .map(|q| Trial::at(q.arch, Fidelity::Level(*next)))
            .filter(|trial| context.is_new_trial(trial))
            .collect();
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            several_fidelities: true,
            ..Capabilities::default()
        }
    }

    fn save(&self) -> Option<Vec<u8>> {
        state::save(self)
    }

    fn restore(&mut self, state: &[u8]) -> Result<()> {
        *self = state::load(state)?;
        Ok(())
    }
}

/// Evaluates by the number of ops of index 3, the more exactly the more epochs.
struct Epochs {
    metrics: [String; 1],
    axis: Axis,
    /// Trials in the order of evaluation.
    seen: Vec<Trial>,
}

impl Epochs {
    fn new() -> Self {
        Epochs {
            metrics: ["accuracy".to_owned()],
            axis: axis(),
            seen: Vec::new(),
        }
    }
}

fn axis() -> Axis {
    Axis::new("epochs", 1..=100).unwrap()
}

fn accuracy(arch: &Arch, epochs: u32) -> f64 {
    let count = arch.ops().iter().filter(|op| **op == 3).count() as f64;
    let noise = Rng::stream(0, &format!("{arch:?}")).normal();
    count + noise / f64::from(epochs)
}

impl Evaluator for Epochs {
    fn metrics(&self) -> &[String] {
        &self.metrics
    }

    fn axis(&self) -> Option<&Axis> {
        Some(&self.axis)
    }

    fn run(&mut self, work: &mut dyn Work) -> Result<()> {
        while let Some(trial) = work.next() {
            self.seen.push(trial);
            let value = accuracy(&trial.arch, self.axis.level(trial.fidelity));
            work.done(&trial, Outcome::Done(vec![value]));
        }
        Ok(())
    }
}

fn problem(space: &dyn SearchSpace) -> Problem<'_> {
    let measured = ["accuracy".to_owned()];
    let objective = Objective::maximize("accuracy");
    Problem::new(space, &measured, objective, vec![], space.samplers()[0])
        .and_then(|problem| problem.with_fidelity("epochs", 1..=100))
        .unwrap()
}

#[derive(Default)]
struct Kept {
    finished: Vec<Finished>,
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

/// Options of a search.
#[derive(Default)]
struct Way<'a> {
    seed: u64,
    slots: Option<usize>,
    finished: &'a [Finished],
    checkpoint: Option<Checkpoint>,
}

fn run(
    problem: &Problem,
    evaluator: &mut dyn Evaluator,
    strategy: &mut dyn Strategy,
    way: Way,
) -> Result<(Run, Kept)> {
    let limits = Limits {
        queries: 60,
        ..Limits::default()
    };
    let mut kept = Kept::default();
    let mut search = Search::new(problem, &limits).resuming(way.finished.to_vec(), way.checkpoint);
    if let Some(slots) = way.slots {
        search = search.asynchronous(slots);
    }
    let stop = AtomicBool::new(false);
    let run = search.run(evaluator, strategy, &mut [&mut kept], &stop)?;
    Ok((run, kept))
}

fn halving(problem: &Problem, evaluator: &mut dyn Evaluator, way: Way) -> (Run, Kept) {
    let mut strategy = Halving::new(way.seed);
    run(problem, evaluator, &mut strategy, way).unwrap()
}

#[test]
fn a_trial_is_charged_once_and_the_ledger_has_all_of_an_architecture() {
    let space = nasbench201();
    let problem = problem(&space);
    let mut evaluator = Epochs::new();
    let (run, _) = halving(&problem, &mut evaluator, Way::default());
    let ledger = &run.ledger;
    assert_eq!((ledger.len(), evaluator.seen.len()), (60, 60));
    let trials: Vec<Trial> = ledger.queries().iter().map(Query::trial).collect();
    assert_eq!(trials, evaluator.seen);
    assert!(LEVELS[..3].iter().all(|level| {
        let at = |t: &Trial| t.fidelity == Fidelity::Level(*level);
        trials.iter().any(at)
    }));
    let full = trials
        .iter()
        .find(|t| t.is_full())
        .expect("one that was taken to the end");
    // 100 epochs are the highest level.
    let of: Vec<u32> = (ledger.queries_of(&full.arch))
        .map(|q| axis().level(q.fidelity))
        .collect();
    assert_eq!(of, LEVELS);
    let highest = ledger.highest(&full.arch).unwrap();
    assert_eq!(Some(highest), ledger.get(&full.arch));
    assert_eq!(highest.values, [accuracy(&full.arch, 100)]);
    let low = Trial::at(full.arch, Fidelity::Level(4));
    assert_eq!(ledger.find(&low).unwrap().values, [accuracy(&full.arch, 4)]);
    assert_eq!(ledger.find(&Trial::at(full.arch, Fidelity::Level(5))), None);
    // The best is one that was evaluated at full fidelity.
    assert!(ledger.top(60).iter().all(|q| q.trial().is_full()));
    assert_eq!(ledger.best(), ledger.top(1).first().copied());
    let dropped = trials
        .iter()
        .find(|t| ledger.queries_of(&t.arch).count() == 1)
        .unwrap();
    assert_eq!(ledger.get(&dropped.arch), None);
    assert_eq!(ledger.highest(&dropped.arch).unwrap().trial(), *dropped);
}

#[test]
fn a_search_that_was_broken_off_ends_as_it_would_have() {
    let space = nasbench201();
    let problem = problem(&space);
    for slots in [None, Some(4)] {
        let evaluator = &mut Epochs::new();
        let way = Way {
            slots,
            ..Way::default()
        };
        let (whole, kept) = halving(&problem, evaluator, way);
        assert_eq!(whole.ledger.len(), 60);
        let count = kept.states.len();
        for i in [0, count / 3, 2 * count / 3, count - 1] {
            let (finished, state) = &kept.states[i];
            let state: Checkpoint = state::load(&state::save(state).unwrap()).unwrap();
            let finished = match slots {
                None => &kept.finished[..*finished],
                Some(_) => &kept.finished[..],
            };
            for (seed, checkpoint) in [(99, Some(state)), (0, None)] {
                let way = Way {
                    seed,
                    slots,
                    finished,
                    checkpoint,
                };
                let evaluator = &mut Epochs::new();
                let (again, _) = halving(&problem, evaluator, way);
                assert_eq!(again.ledger.queries(), whole.ledger.queries());
                assert_eq!(evaluator.seen.len(), 60 - finished.len());
            }
        }
    }
}

#[test]
fn a_journal_keeps_fidelities() {
    let space = nasbench201();
    let problem = problem(&space);
    let (whole, kept) = halving(&problem, &mut Epochs::new(), Way::default());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let open = || Journal::open(&path, &space, problem.measured(), problem.axis()).unwrap();
    let mut journal = open().journal;
    for Finished { trial, outcome, .. } in &kept.finished[..33] {
        journal.append(trial, outcome).unwrap();
    }
    drop(journal);
    let finished = open().finished;
    assert_eq!(finished, kept.finished[..33]);
    let way = Way {
        finished: &finished,
        ..Way::default()
    };
    let (again, _) = halving(&problem, &mut Epochs::new(), way);
    assert_eq!(again.ledger.queries(), whole.ledger.queries());
}

#[test]
fn evaluators_around_others_tell_fidelities_apart() {
    let space = nasbench201();
    let arch = space.sample(space.samplers()[0], &mut Rng::stream(0, "test"));
    let trials = [4, 100, 4].map(|level| Trial::at(arch, axis().fidelity(level).unwrap()));
    let known = Known::default();
    let mut cached = Cached::new(Epochs::new(), known.clone());
    assert_eq!(cached.axis(), Some(&axis()));
    let first = cached.evaluate_trials(&trials[..2]);
    assert_ne!(first[0], first[1]);
    assert_eq!(
        cached.evaluate_trials(&trials),
        [&first[..], &first[..1]].concat()
    );

    let mut noisy = Noisy::new(Epochs::new(), 0, 1.0, 0);
    let noise = noisy.evaluate_trials(&trials);
    assert!(noise[0] != first[0] && noise[0] != noise[2]);
    // At full fidelity the noise is that of a search with one fidelity.
    let alone = Noisy::new(Epochs::new(), 0, 1.0, 0).evaluate(&[arch]);
    assert_eq!(alone[0], noise[1]);
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let space = nasbench201();
    let problem = problem(&space);

    /// Asks for one trial at a level.
    struct At(u32, bool);
    impl Strategy for At {
        fn ask(&mut self, context: &Context, _: usize) -> Result<Vec<Trial>> {
            let archs = context.sample_new(1, &mut Rng::stream(0, "at"));
            let fidelity = Fidelity::Level(self.0);
            Ok(archs.into_iter().map(|a| Trial::at(a, fidelity)).collect())
        }

        fn capabilities(&self) -> Capabilities {
            Capabilities {
                several_fidelities: self.1,
                ..Capabilities::default()
            }
        }
    }
    let mut epochs = Epochs::new();
    let refusal = |problem: &Problem, evaluator: &mut dyn Evaluator, mut strategy: At| {
        let ended = run(problem, evaluator, &mut strategy, Way::default());
        ended.map(drop).unwrap_err()
    };
    let error = refusal(&problem, &mut epochs, At(101, true));
    assert!(matches!(error, Error::Strategy { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("101 `epochs`, and there are 1 to 100")
    );

    struct Full([String; 1]);
    impl Evaluator for Full {
        fn metrics(&self) -> &[String] {
            &self.0
        }

        fn run(&mut self, _: &mut dyn Work) -> Result<()> {
            unreachable!("it is refused")
        }
    }
    let mut full = Full(["accuracy".to_owned()]);
    let error = refusal(&problem, &mut full, At(4, true));
    assert!(matches!(error, Error::Evaluator { .. }), "{error}");
    assert!(error.to_string().contains("`epochs` from 1 to 100"));

    let measured = ["accuracy".to_owned()];
    let objective = Objective::maximize("accuracy");
    let single = Problem::new(&space, &measured, objective, vec![], space.samplers()[0]).unwrap();
    let error = refusal(&single, &mut epochs, At(4, true));
    assert!(
        error
            .to_string()
            .contains("asked for level 4, and the problem has one fidelity")
    );
}

/// Workers that answer with the number of epochs that they were asked for.
fn workers(folder: &Path, space: EdgeCell) -> CommandEvaluator {
    let script = folder.join("worker.py");
    std::fs::write(
        &script,
        "import json, sys\n\
         for line in sys.stdin:\n\
         \x20   m = json.loads(line)\n\
         \x20   if m['type'] == 'hello':\n\
         \x20       print('{\"type\":\"ready\"}', flush=True)\n\
         \x20   elif m['type'] == 'evaluate':\n\
         \x20       epochs = m.get('fidelity', {}).get('epochs', -1)\n\
         \x20       print(json.dumps({'type': 'result', 'id': m['id'],\n\
         \x20                         'metrics': {'accuracy': epochs}}), flush=True)\n\
         \x20   else:\n\
         \x20       break\n",
    )
    .unwrap();
    let config = CommandConfig {
        words: vec!["python3".into(), script.into()],
        workers: 2,
        timeout: None,
        startup: Duration::from_secs(60),
        retries: 0,
        seed: 0,
        budget: None,
        grace: std::time::Duration::from_secs(10),
        checkpoints: None,
        logs: None,
    };
    CommandEvaluator::new(config, Arc::new(space), vec!["accuracy".into()], 1)
}

#[test]
fn workers_are_sent_the_fidelity() {
    let folder = tempfile::tempdir().unwrap();
    let space = nasbench201();
    let problem = problem(&space);
    let mut evaluator = workers(folder.path(), nasbench201()).with_axis(axis());
    let (run, _) = halving(&problem, &mut evaluator, Way::default());
    for query in run.ledger.queries() {
        assert_eq!(query.values, [f64::from(axis().level(query.fidelity))]);
    }
    // Without an axis there is no such field.
    let arch = run.ledger.queries()[0].arch;
    let mut single = workers(folder.path(), nasbench201());
    assert_eq!(single.evaluate(&[arch]), [Outcome::Done(vec![-1.0])]);
}
