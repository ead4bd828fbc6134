//! Benchmarks: strategies compared over many seeds, on one task or on those of a suite.

mod plan;
mod standing;
mod stored;
mod suite;
mod summary;

use std::sync::atomic::AtomicBool;

use ganas_core::error::{Error, Result};
use ganas_search::Recipe;

use crate::capable::check_capable;
use crate::files::write_json;
use crate::progress::Progress;
use crate::record::BenchReport;
use crate::registry::Registry;
use crate::run::{check_cost, check_queries};
use crate::session::Session;
use crate::spec::{BenchSpec, StudySpec};
use crate::task::Task;
use plan::{BenchPlan, BenchTask};

pub use suite::PreparedSuite;

/// Results of a benchmark in its folder.
pub const RESULTS: &str = "bench.json";

/// A benchmark of one task, opened and checked.
pub struct PreparedBench {
    spec: BenchSpec,
    recipes: Vec<Recipe>,
    seeds: Vec<u64>,
    task: Task,
    queries: usize,
    cost: Option<u64>,
}

impl PreparedBench {
    /// Opens and checks everything that a specification names.
    ///
    /// # Errors
    /// If some of it cannot be used.
    pub fn new(spec: &BenchSpec, session: &Session) -> Result<PreparedBench> {
        let recipes = read_recipes(&spec.shared.strategies, &spec.shared.set, &session.registry)?;
        check_queries(spec.shared.queries)?;
        let seeds = seeds(spec.shared.seeds, spec.shared.first_seed)?;
        check_threads(spec.shared.threads)?;
        if spec.task.worker.command.is_some() {
            return Err(input(
                "a benchmark has no workers",
                "leave out `--command`, or use `ganas search`",
            ));
        }
        if let Some(folder) = &spec.shared.out {
            let own: Vec<_> = (recipes.iter())
                .map(|recipe| stored::runs_of(folder, recipe))
                .collect();
            stored::check(folder, &own)?;
        }
        let task = Task::open(&spec.task, spec.shared.first_seed, session)?;
        spec.task.reading.check_used(task.table.is_some())?;
        let cost = check_cost(spec.shared.cost, &task)?;
        // Each query costs at least one unit.
        let Some(queries) = spec.shared.queries.or(spec.shared.cost) else {
            return Err(input("no number of queries is given", "add `--queries N`"));
        };
        task.check_queries(queries)?;
        check_capable(&recipes, &task, &session.registry)?;
        Ok(PreparedBench {
            spec: spec.clone(),
            recipes,
            seeds,
            task,
            queries,
            cost,
        })
    }

    /// Runs it until its end or until `stop` is set, and writes the results into its folder. Whether all
    /// runs ended comes with the record.
    ///
    /// # Errors
    /// If a run cannot continue, or a file cannot be written.
    pub fn run(
        &self,
        command: &[String],
        progress: &Progress,
        stop: &AtomicBool,
    ) -> Result<(BenchReport, bool)> {
        progress.say(&self.task.announcement);
        self.task.say_notes(progress);
        let spec = StudySpec::Bench(Box::new(self.spec.clone()));
        let plan = BenchPlan {
            recipes: &self.recipes,
            seeds: &self.seeds,
            threads: self.spec.shared.threads,
            spec: &spec,
            command,
        };
        let bench_task = BenchTask {
            spec: &self.spec.task,
            task: &self.task,
            queries: self.queries,
            cost: self.cost,
            out: self.spec.shared.out.clone(),
        };
        let bar = progress.queries(plan.queries(&bench_task));
        let benched = plan.bench(&bench_task, &bar, stop)?;
        drop(bar);
        if let Some(folder) = &self.spec.shared.out {
            write_json(&folder.join(RESULTS), &benched.report)?;
        }
        Ok((benched.report, benched.is_whole))
    }
}

fn input(what: &str, mend: &str) -> Error {
    Error::input(what).mend(mend)
}

/// Checks a number of threads.
fn check_threads(threads: Option<usize>) -> Result<()> {
    if threads == Some(0) {
        return Err(input(
            "there are no threads to run on",
            "give `--threads` at least 1",
        ));
    }
    Ok(())
}

/// The strategies of a benchmark, with the settings that replace theirs.
fn read_recipes(names: &[String], replaced: &[String], registry: &Registry) -> Result<Vec<Recipe>> {
    if names.is_empty() {
        return Err(input(
            "no strategies are named",
            "add `--strategies random,evolution`, or `strategies` to the suite",
        ));
    }
    let recipes = (names.iter().flat_map(|names| split(names)))
        .map(|name| {
            let recipe = Recipe::read(registry.strategies(), name.trim())?;
            let recipe =
                (replaced.iter()).try_fold(recipe, |recipe, text| recipe.with_setting(text))?;
            recipe.check_effects()?;
            Ok(recipe)
        })
        .collect::<Result<Vec<Recipe>>>()?;
    for (i, recipe) in recipes.iter().enumerate() {
        if recipes[..i].contains(recipe) {
            return Err(input(
                &format!("the strategy `{recipe}` is listed twice"),
                "name it once in `--strategies`",
            ));
        }
    }
    Ok(recipes)
}

/// The parts of a text between commas, but for those in brackets, which belong to a setting.
fn split(names: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0i32;
    names.split(move |c| {
        depth += i32::from("[{".contains(c)) - i32::from("]}".contains(c));
        c == ',' && depth == 0
    })
}

fn seeds(count: Option<u64>, first: u64) -> Result<Vec<u64>> {
    let count = count.unwrap_or_default();
    if count == 0 {
        return Err(input(
            "there are no seeds to run",
            "give `--seeds` at least 1",
        ));
    }
    match first.checked_add(count) {
        Some(end) => Ok((first..end).collect()),
        None => Err(input(
            "the seeds do not fit into 64 bits",
            "give a smaller `--first-seed`",
        )),
    }
}
