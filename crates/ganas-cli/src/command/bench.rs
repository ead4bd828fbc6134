//! `ganas bench`: strategies compared over many seeds on a table, or on those of a suite.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use ganas_core::driver::StopReason;
use ganas_core::error::{Error, Result as CoreResult};
use ganas_search::Recipe;
use ganas_tables::Ranking;
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;

use super::search::check_queries;
use crate::args::TaskArgs;
use crate::execute::Plan;
use crate::history::History;
use crate::interrupt;
use crate::kept::{self, Kept};
use crate::log::LogArgs;
use crate::names;
use crate::output::{prepare, write_json};
use crate::printout::{print, print_suite};
use crate::progress::{Bar, Progress};
use crate::record::{BenchReport, Provenance, Run, SuiteReport, Summary, TaskReport, command_line};
use crate::standing::{
    Course, Field, comparisons, comparisons_over_tables, count_tables, courses, standings,
};
use crate::statistics::{deviation, mean, median, median_interval, share_interval};
use crate::suite::Suite;
use crate::task::Task;
use crate::terminal;
use crate::{End, VERSION};

const EXAMPLES: &str = "\
Examples:
  ganas bench --space nasbench201 --table nasbench201.csv.gz --objective cifar10_test \\
      --strategies random,evolution,local-search --queries 300 --seeds 20 --json bench.json
  ganas bench --space nasbench101 --table nasbench101.csv.gz --objective test_accuracy \\
      --strategies local-search,local-search:best-improvement --queries 2000 --seeds 10
  ganas bench --suite suites/tables.toml --strategies random,evolution --seeds 20 --json suite.json
  ganas bench --space nasbench101 --table nasbench101.csv.gz --objective test_accuracy \\
      --start resnet --constraint 'params <= @start' --strategies ga-nas,random \\
      --queries 500 --seeds 10";

/// Arguments of `ganas bench`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct BenchArgs {
    #[command(flatten)]
    task: TaskArgs,

    /// TOML file with tasks: each a `[[task]]` with `name`, `space`, `table` or `surrogate`,
    /// `objective`, `queries` and, if need be, `minimize`, `start`, `constraints`, `sampler`,
    /// `report`, `reevaluate`, `noise`, `target`, `merge_isomorphic`
    ///
    /// Paths are relative to the file, or begin with $GANAS_DATA. The file may have `strategies`
    /// and `seeds`, too. Beside what each task gives alone, the results hold mean normalised ranks
    /// at each budget, attainment curves and tests of significance over all tasks.
    #[arg(long, value_name = "FILE")]
    suite: Option<PathBuf>,

    /// Strategies to compare, each as STRATEGY or STRATEGY:PRESET, with settings of their own as in
    /// `ga-nas:paper-setup1+growth=0+ppo.entropy_coef=0.05`
    #[arg(long, value_name = "A,B,...", required_unless_present = "suite", value_parser = names::strategies())]
    strategies: Vec<String>,

    /// Setting that replaces those of all strategies, as `initial=40`; can be given several times
    ///
    /// A setting that has no effect without another one is refused, and the error names that one.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// Distinct architectures that each run evaluates [default: what each task of a suite says]
    #[arg(long, value_name = "N", required_unless_present = "suite")]
    queries: Option<usize>,

    /// Runs of each strategy, with seeds in a row [default: what a suite says]
    #[arg(long, value_name = "N", required_unless_present = "suite")]
    seeds: Option<u64>,

    /// The first seed
    #[arg(long, value_name = "N", default_value_t = 0)]
    first_seed: u64,

    /// Threads; results do not depend on their number [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,

    /// Folder for all runs: DIR/STRATEGY-PRESET/SEED holds what `search --out` writes
    ///
    /// The same command again, after an interruption or a kill, goes on there: runs that have ended are
    /// read, those under way are resumed. There may be further strategies and seeds.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// File for the results as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Show no progress, and print nothing
    #[arg(long)]
    quiet: bool,
}

/// The least time between two checkpoints of a run that is kept.
const CHECKPOINT: Duration = Duration::from_secs(1);

/// What runs on every task.
struct Plans<'a> {
    recipes: &'a [Recipe],
    seeds: &'a [u64],
    threads: Option<usize>,
    /// The command line that repeats it.
    command: &'a [String],
}

/// A task and where its runs are kept.
struct Place<'a> {
    task: &'a Task,
    queries: usize,
    out: Option<PathBuf>,
}

impl Place<'_> {
    /// The folder of a run.
    fn run(&self, recipe: &Recipe, seed: u64) -> Option<PathBuf> {
        let runs = kept::runs_of(self.out.as_deref()?, recipe);
        Some(runs.join(seed.to_string()))
    }
}

/// Runs the command.
///
/// # Errors
/// If the arguments cannot be used or the results cannot be written.
pub fn run(args: &BenchArgs) -> Result<End> {
    let suite = args.suite.as_deref().map(Suite::read).transpose()?;
    let names = match &suite {
        Some(suite) if args.strategies.is_empty() => &suite.strategies,
        _ => &args.strategies,
    };
    let recipes = recipes(names, &args.set)?;
    args.queries.map_or(Ok(()), check_queries)?;
    let count = args.seeds.or(suite.as_ref().and_then(|s| s.seeds));
    let seeds = seeds(count, args.first_seed)?;
    if args.threads == Some(0) {
        return Err(input(
            "there are no threads to run on",
            "give `--threads` at least 1",
        ));
    }
    let command = command_line();
    let plans = Plans {
        recipes: &recipes,
        seeds: &seeds,
        threads: args.threads,
        command: &command,
    };
    match (&args.suite, &suite) {
        (Some(file), Some(suite)) => run_suite(args, file, suite, &plans),
        _ => run_task(args, &plans),
    }
}

/// The benchmark of the one task that the arguments name.
fn run_task(args: &BenchArgs, plans: &Plans) -> Result<End> {
    let progress = Progress::new(args.quiet);
    let (report, end) = bench(args, plans, &progress, interrupt::listen)?;
    if !args.quiet {
        print(&report, &mut terminal::stdout())?;
    }
    Ok(end)
}

/// The benchmark that a program asks for which this one is embedded in; `command` is the command line
/// that repeats it.
///
/// # Errors
/// As [`run`].
pub fn embedded(
    args: &BenchArgs,
    command: &[String],
    stop: &AtomicBool,
) -> Result<(BenchReport, End)> {
    let recipes = recipes(&args.strategies, &args.set)?;
    args.queries.map_or(Ok(()), check_queries)?;
    let seeds = seeds(args.seeds, args.first_seed)?;
    let plans = Plans {
        recipes: &recipes,
        seeds: &seeds,
        threads: args.threads,
        command,
    };
    bench(args, &plans, &Progress::new(true), || Ok(stop))
}

/// The benchmark of the one task that the arguments name, written to the files that they name.
fn bench<'s>(
    args: &BenchArgs,
    plans: &Plans,
    progress: &Progress,
    listen: impl FnOnce() -> Result<&'s AtomicBool>,
) -> Result<(BenchReport, End)> {
    if args.task.workers_of.command.is_some() {
        return Err(input(
            "a benchmark has no workers",
            "leave out `--command`, or use `ganas search`",
        ));
    }
    if let Some(folder) = &args.out {
        kept::check(folder, &plans.folders(folder))?;
    }
    let task = Task::open(&args.task, args.first_seed, progress)?;
    args.task.reading.check_used(task.table.is_some())?;
    if let Some(file) = &args.json {
        prepare(file)?;
    }
    // Without a suite they have to be given.
    let queries = args.queries.unwrap_or_default();
    task.check_queries(queries)?;
    let stop = listen()?;
    progress.say(&task.announcement);
    task.say_notes(progress);
    let place = Place {
        task: &task,
        queries,
        out: args.out.clone(),
    };
    let bar = progress.queries(plans.queries(&place));
    let (report, _, end) = plans.bench(&place, &bar, stop)?;
    drop(bar);
    if let Some(file) = &args.json {
        write_json(file, &report)?;
    }
    if let Some(folder) = &args.out {
        write_json(&folder.join("bench.json"), &report)?;
    }
    Ok((report, end))
}

/// The benchmarks of all tasks of a suite, and what they say together.
fn run_suite(args: &BenchArgs, file: &Path, suite: &Suite, plans: &Plans) -> Result<End> {
    if args.task != TaskArgs::default() {
        return Err(input(
            "what is searched is in the suite's file",
            "leave out `--space`, `--table` and their like, or `--suite`",
        ));
    }
    if let Some(folder) = &args.out {
        let tasks = suite.tasks.iter().map(|task| folder.join(&task.name));
        kept::check(folder, &Vec::from_iter(tasks))?;
    }
    let progress = Progress::new(args.quiet);
    // All of them are opened before the first one runs.
    let mut tasks = Vec::with_capacity(suite.tasks.len());
    for task in &suite.tasks {
        let opened = (task.args(file))
            .and_then(|args_of| Task::open(&args_of, args.first_seed, &progress))
            .with_context(|| format!("task `{}`", task.name))?;
        let queries = args.queries.unwrap_or(task.queries);
        (opened.check_queries(queries)).with_context(|| format!("task `{}`", task.name))?;
        tasks.push((&*task.name, opened, queries));
    }
    for (name, task, _) in &tasks {
        progress.say(&format!("{name}: {}", task.announcement));
        task.say_notes(&progress);
    }
    let places: Vec<(&str, Place)> = (tasks.iter())
        .map(|(name, task, queries)| {
            let place = Place {
                task,
                queries: *queries,
                out: args.out.as_ref().map(|out| out.join(name)),
            };
            (*name, place)
        })
        .collect();
    if let Some(file) = &args.json {
        prepare(file)?;
    }
    let stop = interrupt::listen()?;
    let bar = progress.queries(places.iter().map(|(_, p)| plans.queries(p)).sum());
    let names: Vec<String> = plans.recipes.iter().map(Recipe::to_string).collect();
    let (mut done, mut fields) = (Vec::new(), Vec::new());
    let mut end = End::Done;
    for (name, place) in &places {
        let (report, courses, ended) = plans.bench(place, &bar, stop)?;
        if ended == End::Interrupted {
            // Tasks that are not whole would count for less than others.
            end = ended;
            break;
        }
        let field = Field {
            table: place.task.data(),
            queries: place.queries,
            compliant: place.task.ranking.as_ref().map(Ranking::len),
            courses,
        };
        done.push(TaskReport {
            name: (*name).to_owned(),
            report,
            comparisons: comparisons(&names, &field),
        });
        fields.push(field);
    }
    drop(bar);
    let strategies: Vec<(String, String)> = (plans.recipes.iter())
        .map(|recipe| (recipe.strategy().into(), recipe.preset().into()))
        .collect();
    let report = SuiteReport {
        suite: file.display().to_string(),
        tables: count_tables(&fields),
        standings: standings(&strategies, &fields),
        comparisons: comparisons_over_tables(&names, &fields),
        tasks: done,
        ganas: VERSION.into(),
        command: command_line(),
    };
    if let Some(file) = &args.json {
        write_json(file, &report)?;
    }
    if let Some(folder) = &args.out {
        write_json(&folder.join("bench.json"), &report)?;
    }
    if !args.quiet {
        print_suite(&report, &mut terminal::stdout())?;
    }
    Ok(end)
}

impl Plans<'_> {
    /// The folders of the strategies in that of a task.
    fn folders(&self, folder: &Path) -> Vec<PathBuf> {
        let recipes = self.recipes.iter();
        recipes
            .map(|recipe| kept::runs_of(folder, recipe))
            .collect()
    }

    /// The queries that all runs on a task may spend.
    fn queries(&self, place: &Place) -> usize {
        (self.recipes.len() * self.seeds.len()).saturating_mul(place.queries)
    }

    /// Runs all strategies with all seeds on one task: what came of it, how each run went, and
    /// whether all of them ended.
    fn bench(
        &self,
        place: &Place,
        bar: &Bar,
        stop: &AtomicBool,
    ) -> Result<(BenchReport, Vec<Course>, End)> {
        let task = place.task;
        let seeds = self.seeds.to_vec();
        let mut provenance = Provenance::new(task, self.recipes, place.queries, seeds);
        provenance.command = self.command.to_vec();
        let runs = self.run_all(place, bar, stop)?;
        let end = match runs.len() == self.recipes.len() * self.seeds.len() {
            true => End::Done,
            false => End::Interrupted,
        };
        let lent: Vec<(usize, &Run)> = runs.iter().map(|(s, run)| (*s, run)).collect();
        let courses = courses(&lent, &task.objective);
        let runs: Vec<Run> = runs.into_iter().map(|(_, run)| run).collect();
        let report = BenchReport {
            space: task.space.name().into(),
            objective: task.objective.metric.clone(),
            optimum: task.optimum(),
            best_row: task.best_row(),
            summary: summarize(self.recipes, &runs),
            runs,
            provenance,
        };
        Ok((report, courses, end))
    }

    /// Runs all jobs in parallel; the runs that finished, by strategy, whose place in the list is
    /// given, then by seed.
    fn run_all(&self, place: &Place, bar: &Bar, stop: &AtomicBool) -> Result<Vec<(usize, Run)>> {
        let pool = ThreadPoolBuilder::new()
            .num_threads(self.threads.unwrap_or(0))
            .build()
            .context("cannot start the threads")?;
        let jobs: Vec<(usize, u64)> = (0..self.recipes.len())
            .flat_map(|i| self.seeds.iter().map(move |&seed| (i, seed)))
            .collect();
        // All of them before the first one runs, so that nothing is spent where one is refused.
        let kept = (jobs.iter())
            .map(|&(strategy, seed)| self.kept(place, &self.recipes[strategy], seed))
            .collect::<Result<Vec<Kept>>>()?;
        let finished = AtomicUsize::new(0);
        let one = |(&(strategy, seed), kept): (&(usize, u64), Kept)| {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let run = self.run_one(place, &self.recipes[strategy], seed, kept, bar, stop)?;
            let finished = 1 + finished.fetch_add(1, Ordering::Relaxed);
            bar.say(format!("{finished}/{} runs", jobs.len()));
            let ended = run.stop != StopReason::Interrupted;
            Ok(ended.then_some((strategy, run)))
        };
        let jobs = jobs.par_iter().zip(kept).with_max_len(1);
        let runs: Result<Vec<Option<(usize, Run)>>> = pool.install(|| jobs.map(one).collect());
        Ok(runs?.into_iter().flatten().collect())
    }

    /// What the folder of a run holds of it already.
    fn kept(&self, place: &Place, recipe: &Recipe, seed: u64) -> Result<Kept> {
        let recipes = std::slice::from_ref(recipe);
        let made = || Provenance::new(place.task, recipes, place.queries, vec![seed]);
        Ok(match place.run(recipe, seed) {
            Some(folder) => Kept::of(&folder, made)?,
            None => Kept::Nothing,
        })
    }

    /// A run, or what is missing of one that is kept.
    fn run_one(
        &self,
        place: &Place,
        recipe: &Recipe,
        seed: u64,
        kept: Kept,
        bar: &Bar,
        stop: &AtomicBool,
    ) -> Result<Run> {
        let folder = place.run(recipe, seed);
        let resumed = match kept {
            Kept::Nothing => None,
            Kept::Begun(recorded) => Some(recorded),
            Kept::Ended(run) => {
                bar.advance(place.queries);
                return Ok(*run);
            }
        };
        let plan = Plan {
            task: place.task,
            recipe,
            seed,
            queries: place.queries,
            out: folder.as_deref(),
            winner_epochs: None,
            history: &History::default(),
            asynchronous: false,
            every: CHECKPOINT,
            resumed: resumed.as_deref(),
            alone: false,
            log: LogArgs::default(),
            tensorboard: false,
            max_failures: 0,
            time_limit: None,
            top: 0,
            command: Some(self.command),
        };
        let report = plan.run(&Progress::new(true), bar, false, stop)?;
        // A run that stops early leaves its queries unspent.
        bar.advance(place.queries - report.run.queries);
        Ok(report.run.along(&report.trajectory))
    }
}

fn input(what: &str, mend: &str) -> anyhow::Error {
    Error::input(what).mend(mend).into()
}

fn recipes(names: &[String], replaced: &[String]) -> Result<Vec<Recipe>> {
    if names.is_empty() {
        return Err(input(
            "no strategies are named",
            "add `--strategies random,evolution`, or `strategies` to the suite",
        ));
    }
    let recipes = (names.iter().flat_map(|names| split(names)))
        .map(|name| {
            let recipe = Recipe::read(name.trim())?;
            let recipe =
                (replaced.iter()).try_fold(recipe, |recipe, text| recipe.with_setting(text))?;
            recipe.check_effects()?;
            Ok(recipe)
        })
        .collect::<CoreResult<Vec<Recipe>>>()?;
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

fn summarize(recipes: &[Recipe], runs: &[Run]) -> Vec<Summary> {
    let of = |recipe: &Recipe| -> Vec<&Run> {
        (runs.iter())
            .filter(|run| run.strategy == recipe.strategy() && run.preset == recipe.preset())
            .collect()
    };
    (recipes.iter())
        .map(|recipe| (recipe, of(recipe)))
        .filter(|(_, runs)| !runs.is_empty())
        .map(|(recipe, runs)| summary(recipe, &runs))
        .collect()
}

fn summary(recipe: &Recipe, runs: &[&Run]) -> Summary {
    let numbers = |value: fn(&Run) -> Option<usize>| -> Vec<f64> {
        runs.iter()
            .filter_map(|r| value(r))
            .map(|n| n as f64)
            .collect()
    };
    let best: Vec<f64> = runs.iter().filter_map(|r| r.best).collect();
    let reported: Vec<f64> = runs.iter().filter_map(|r| r.reported).collect();
    let measured: Vec<f64> = runs.iter().filter_map(|r| r.measured_distance).collect();
    let predicted: Vec<f64> = runs.iter().filter_map(|r| r.predicted_distance).collect();
    let to_optimum: Vec<Option<f64>> = (runs.iter())
        .map(|r| r.queries_to_optimum.map(|n| n as f64))
        .collect();
    let found_optimum = to_optimum.iter().flatten().count();
    let seconds: Vec<Option<f64>> = runs.iter().map(|r| Some(r.seconds)).collect();
    Summary {
        strategy: recipe.strategy().into(),
        preset: recipe.preset().into(),
        seeds: runs.len(),
        mean_best: mean(&best),
        std_best: deviation(&best),
        mean_rank: mean(&numbers(|r| r.best_rank)),
        found_optimum,
        found_optimum_interval: share_interval(found_optimum, runs.len()),
        median_queries_to_optimum: median(&to_optimum),
        median_queries_to_optimum_interval: median_interval(&to_optimum),
        mean_queries_to_best: mean(&numbers(|r| r.queries_to_best)),
        median_seconds: median(&seconds).unwrap_or(0.0),
        found_nothing: runs.len() - best.len(),
        mean_reported: mean(&reported),
        std_reported: deviation(&reported),
        mean_reported_rank: mean(&numbers(|r| r.reported_rank)),
        mean_measured_distance: mean(&measured),
        measured: (measured.len() + predicted.len() > 0).then_some(measured.len()),
        mean_predicted_distance: mean(&predicted),
    }
}
