//! Runs of all strategies with all seeds on one task.

use ganas_core::error::{Error, Result};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use ganas_core::driver::StopReason;
use ganas_search::Recipe;
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;

use super::standing::{Course, courses};
use super::stored::{self, StoredRun};
use super::summary::summarize;
use crate::history::History;
use crate::progress::{Bar, Progress};
use crate::record::{BenchReport, Provenance, Run};
use crate::run::Plan;
use crate::spec::{SearchSpec, StudySpec, TaskSpec};
use crate::task::Task;
use crate::task::front::FrontMeasure;

/// The least time between two checkpoints of a run in a folder.
const CHECKPOINT: Duration = Duration::from_secs(1);

/// Strategies and seeds that run on every task.
pub struct BenchPlan<'a> {
    /// Strategies.
    pub recipes: &'a [Recipe],
    /// Seeds.
    pub seeds: &'a [u64],
    /// Threads, if not one a core.
    pub threads: Option<usize>,
    /// Specification on record.
    pub spec: &'a StudySpec,
    /// Command line on record, if it was begun by one.
    pub command: &'a [String],
}

/// Task of a benchmark and the folder of its runs.
pub struct BenchTask<'a> {
    /// Specification of the task.
    pub spec: &'a TaskSpec,
    /// Task.
    pub task: &'a Task,
    /// Queries of a run.
    pub queries: usize,
    /// Cost of a run.
    pub cost: Option<u64>,
    /// Folder of the task's runs.
    pub out: Option<PathBuf>,
}

/// A benchmark of one task, as far as it came.
pub struct Benched {
    /// Record.
    pub report: BenchReport,
    /// Runs as they are compared with others.
    pub courses: Vec<Course>,
    /// True if all runs ended.
    pub is_whole: bool,
}

impl BenchTask<'_> {
    /// The folder of a run.
    fn run(&self, recipe: &Recipe, seed: u64) -> Option<PathBuf> {
        let runs = stored::runs_of(self.out.as_deref()?, recipe);
        Some(runs.join(seed.to_string()))
    }
}

impl BenchPlan<'_> {
    /// The queries that all runs on a task may spend.
    pub fn queries(&self, bench_task: &BenchTask) -> usize {
        (self.recipes.len() * self.seeds.len()).saturating_mul(bench_task.queries)
    }

    /// Runs all strategies with all seeds on one task, until their end or until `stop` is set.
    ///
    /// # Errors
    /// If a folder holds another run, or a run cannot continue.
    pub fn bench(&self, bench_task: &BenchTask, bar: &Bar, stop: &AtomicBool) -> Result<Benched> {
        let task = bench_task.task;
        let seeds = self.seeds.to_vec();
        let mut provenance = task.provenance(self.recipes, bench_task.queries, seeds);
        provenance.cost = bench_task.cost;
        provenance.command = self.command.to_vec();
        provenance.spec = Some(self.spec.clone());
        let runs = self.run_all(bench_task, bar, stop)?;
        let is_whole = runs.len() == self.recipes.len() * self.seeds.len();
        let lent: Vec<(usize, &Run)> = runs.iter().map(|(s, run)| (*s, run)).collect();
        let courses = courses(&lent, &task.objective);
        let runs: Vec<Run> = runs.into_iter().map(|(_, run)| run).collect();
        let report = BenchReport {
            space: task.space.name().into(),
            objective: task.label(),
            optimum: task.optimum(),
            best_row: task.best_row(),
            reference: (task.front.as_ref()).map_or_else(BTreeMap::new, FrontMeasure::on_record),
            table_front: task.table_front(),
            summary: summarize(self.recipes, &runs),
            runs,
            provenance,
        };
        Ok(Benched {
            report,
            courses,
            is_whole,
        })
    }

    /// Runs all jobs in parallel; the runs that finished, by strategy, whose place in the list is
    /// given, then by seed.
    fn run_all(
        &self,
        bench_task: &BenchTask,
        bar: &Bar,
        stop: &AtomicBool,
    ) -> Result<Vec<(usize, Run)>> {
        let pool = ThreadPoolBuilder::new()
            .num_threads(self.threads.unwrap_or(0))
            .build()
            .map_err(|e| Error::evaluator(format!("cannot start threads ({e})")))?;
        let jobs: Vec<(usize, u64)> = (0..self.recipes.len())
            .flat_map(|i| self.seeds.iter().map(move |&seed| (i, seed)))
            .collect();
        // All of them before the first one runs, so that nothing is spent where one is refused.
        let stored = (jobs.iter())
            .map(|&(strategy, seed)| self.stored(bench_task, &self.recipes[strategy], seed))
            .collect::<Result<Vec<StoredRun>>>()?;
        let finished = AtomicUsize::new(0);
        let one = |(&(strategy, seed), stored): (&(usize, u64), StoredRun)| {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let run = self.run_one(bench_task, &self.recipes[strategy], seed, stored, bar, stop)?;
            let finished = 1 + finished.fetch_add(1, Ordering::Relaxed);
            bar.say(format!("{finished}/{} runs", jobs.len()));
            let ended = run.stop != StopReason::Interrupted;
            Ok(ended.then_some((strategy, run)))
        };
        let jobs = jobs.par_iter().zip(stored).with_max_len(1);
        let runs: Result<Vec<Option<(usize, Run)>>> = pool.install(|| jobs.map(one).collect());
        Ok(runs?.into_iter().flatten().collect())
    }

    /// Reads the state of a run from its folder.
    fn stored(&self, bench_task: &BenchTask, recipe: &Recipe, seed: u64) -> Result<StoredRun> {
        let recipes = std::slice::from_ref(recipe);
        let made = || {
            let (task, queries) = (bench_task.task, bench_task.queries);
            Provenance {
                cost: bench_task.cost,
                ..task.provenance(recipes, queries, vec![seed])
            }
        };
        Ok(match bench_task.run(recipe, seed) {
            Some(folder) => StoredRun::of(&folder, made)?,
            None => StoredRun::Nothing,
        })
    }

    /// Makes a run, or the missing part of a stored one.
    fn run_one(
        &self,
        bench_task: &BenchTask,
        recipe: &Recipe,
        seed: u64,
        stored: StoredRun,
        bar: &Bar,
        stop: &AtomicBool,
    ) -> Result<Run> {
        let folder = bench_task.run(recipe, seed);
        let resumed = match stored {
            StoredRun::Nothing => None,
            StoredRun::Begun(recorded) => Some(recorded),
            StoredRun::Ended(run) => {
                bar.advance(bench_task.queries);
                return Ok(*run);
            }
        };
        let plan = Plan {
            task: bench_task.task,
            recipe,
            seed,
            queries: bench_task.queries,
            cost: bench_task.cost,
            out: folder.as_deref(),
            winner_epochs: None,
            history: &History::default(),
            asynchronous: false,
            every: CHECKPOINT,
            resumed: resumed.as_deref(),
            alone: false,
            tensorboard: false,
            max_failures: 0,
            time_limit: None,
            top: 0,
            spec: StudySpec::Search(Box::new(SearchSpec {
                strategy: recipe.to_string(),
                seed,
                queries: Some(bench_task.queries),
                cost: bench_task.cost.map(|cost| cost as usize),
                task: bench_task.spec.clone(),
                ..SearchSpec::default()
            })),
            command: self.command,
        };
        let report = plan.run(None, &Progress::silent(), bar, stop)?;
        // A run that stops early leaves its queries unspent.
        bar.advance(bench_task.queries - report.run.queries);
        Ok(report.run.along(&report.trajectory))
    }
}
