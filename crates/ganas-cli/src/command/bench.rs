//! `ganas bench`: strategies compared over many seeds on a table.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::{Context, Result};
use clap::Args;
use ganas_core::driver::StopReason;
use ganas_core::error::{Error, Result as CoreResult};
use ganas_search::Recipe;
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;

use super::search::check_queries;
use crate::End;
use crate::args::TaskArgs;
use crate::execute::Plan;
use crate::interrupt;
use crate::output::{prepare, write_json};
use crate::progress::{Bar, Progress};
use crate::record::{BenchReport, Provenance, Run, Summary};
use crate::rundir;
use crate::statistics::{deviation, mean, median};
use crate::task::Task;

const EXAMPLES: &str = "\
Examples:
  ganas bench --space nasbench201 --table nasbench201.csv.gz --objective cifar10_test \\
      --strategies random,evolution,local-search --queries 300 --seeds 20 --json bench.json
  ganas bench --space nasbench101 --table nasbench101.csv.gz --objective test_accuracy \\
      --strategies local-search,local-search:first-improvement --queries 2000 --seeds 10";

/// Arguments of `ganas bench`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct BenchArgs {
    #[command(flatten)]
    task: TaskArgs,

    /// Strategies to compare, each as STRATEGY or STRATEGY:PRESET
    #[arg(long, value_name = "A,B,...", value_delimiter = ',', required = true)]
    strategies: Vec<String>,

    /// Distinct architectures that each run evaluates
    #[arg(long, value_name = "N")]
    queries: usize,

    /// Runs of each strategy, with seeds in a row
    #[arg(long, value_name = "N")]
    seeds: u64,

    /// The first seed
    #[arg(long, value_name = "N", default_value_t = 0)]
    first_seed: u64,

    /// Threads; results do not depend on their number [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,

    /// Folder for all runs: DIR/STRATEGY-PRESET/SEED holds what `search --out` writes
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// File for the results as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Show no progress, and print nothing
    #[arg(long)]
    quiet: bool,
}

/// Runs the command.
///
/// # Errors
/// If the arguments cannot be used or the results cannot be written.
pub fn run(args: &BenchArgs) -> Result<End> {
    let recipes = recipes(&args.strategies)?;
    check_queries(args.queries)?;
    let seeds = seeds(args)?;
    if args.threads == Some(0) {
        return Err(input(
            "there are no threads to run on",
            "give `--threads` at least 1",
        ));
    }
    if let Some(folder) = args.out.as_deref().filter(|f| !rundir::is_empty(f)) {
        let error = Error::input("the folder is not empty");
        return Err(error
            .mend("name a new `--out` folder, or remove this one")
            .in_file(folder)
            .into());
    }
    let progress = Progress::new(args.quiet);
    let task = Task::open(&args.task, args.first_seed, &progress)?;
    let provenance = Provenance::new(&task, &recipes, args.queries, seeds.clone(), Vec::new());
    if let Some(file) = &args.json {
        prepare(file)?;
    }
    let stop = interrupt::listen()?;
    let jobs: Vec<(&Recipe, u64)> = (recipes.iter())
        .flat_map(|recipe| seeds.iter().map(move |&seed| (recipe, seed)))
        .collect();
    let bar = progress.queries(jobs.len().saturating_mul(args.queries));
    let runs = run_all(args, &task, &jobs, &bar, stop)?;
    drop(bar);
    let interrupted = runs.len() < jobs.len();
    let report = BenchReport {
        space: task.space.name().into(),
        objective: task.objective.metric.clone(),
        optimum: task.optimum(),
        summary: summarize(&recipes, &runs),
        runs,
        provenance,
    };
    if let Some(file) = &args.json {
        write_json(file, &report)?;
    }
    if let Some(folder) = &args.out {
        write_json(&folder.join("bench.json"), &report)?;
    }
    if !args.quiet {
        print(&report.summary, &mut io::stdout().lock())?;
    }
    Ok(if interrupted {
        End::Interrupted
    } else {
        End::Done
    })
}

fn input(what: &str, mend: &str) -> anyhow::Error {
    Error::input(what).mend(mend).into()
}

fn recipes(names: &[String]) -> Result<Vec<Recipe>> {
    let recipes = (names.iter())
        .map(|name| name.trim().parse())
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

fn seeds(args: &BenchArgs) -> Result<Vec<u64>> {
    if args.seeds == 0 {
        return Err(input(
            "there are no seeds to run",
            "give `--seeds` at least 1",
        ));
    }
    match args.first_seed.checked_add(args.seeds) {
        Some(end) => Ok((args.first_seed..end).collect()),
        None => Err(input(
            "the seeds do not fit into 64 bits",
            "give a smaller `--first-seed`",
        )),
    }
}

/// Runs all jobs in parallel; the runs that finished, in the order of the jobs.
fn run_all(
    args: &BenchArgs,
    task: &Task,
    jobs: &[(&Recipe, u64)],
    bar: &Bar,
    stop: &AtomicBool,
) -> Result<Vec<Run>> {
    let pool = ThreadPoolBuilder::new()
        .num_threads(args.threads.unwrap_or(0))
        .build()
        .context("cannot start the threads")?;
    let finished = AtomicUsize::new(0);
    let silent = Progress::new(true);
    let run = |&(recipe, seed): &(&Recipe, u64)| -> Result<Option<Run>> {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let folder = (args.out.as_deref())
            .map(|out| rundir::bench_run(out, recipe.strategy(), recipe.preset(), seed));
        let plan = Plan {
            task,
            recipe,
            seed,
            queries: args.queries,
            start: &[],
            out: folder.as_deref(),
            winner_epochs: None,
        };
        let run = plan.run(&silent, bar, false, stop)?.run;
        // A run that stops early leaves its queries unspent.
        bar.advance(args.queries - run.queries);
        let finished = 1 + finished.fetch_add(1, Ordering::Relaxed);
        bar.say(format!("{finished}/{} runs", jobs.len()));
        Ok(Some(run).filter(|run| run.stop != StopReason::Interrupted))
    };
    let runs: Result<Vec<Option<Run>>> =
        pool.install(|| jobs.par_iter().with_max_len(1).map(run).collect());
    Ok(runs?.into_iter().flatten().collect())
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
    let to_optimum: Vec<Option<f64>> = (runs.iter())
        .map(|r| r.queries_to_optimum.map(|n| n as f64))
        .collect();
    let seconds: Vec<Option<f64>> = runs.iter().map(|r| Some(r.seconds)).collect();
    Summary {
        strategy: recipe.strategy().into(),
        preset: recipe.preset().into(),
        seeds: runs.len(),
        mean_best: mean(&best),
        std_best: deviation(&best),
        mean_rank: mean(&numbers(|r| r.best_rank)),
        found_optimum: to_optimum.iter().flatten().count(),
        median_queries_to_optimum: median(&to_optimum),
        mean_queries_to_best: mean(&numbers(|r| r.queries_to_best)),
        median_seconds: median(&seconds).unwrap_or(0.0),
        found_nothing: runs.len() - best.len(),
        mean_reported: mean(&reported),
        std_reported: deviation(&reported),
        mean_reported_rank: mean(&numbers(|r| r.reported_rank)),
    }
}

const HEADER: [&str; 11] = [
    "strategy",
    "preset",
    "seeds",
    "mean best ± std",
    "mean rank",
    "optimum",
    "median queries to it",
    "mean queries to best",
    "median s",
    "mean reported ± std",
    "mean rank of it",
];

/// Prints the summaries as a table; the last two columns only if a column is reported.
fn print(summaries: &[Summary], out: &mut impl Write) -> io::Result<()> {
    let number = |value: Option<f64>, digits: usize| {
        value.map_or("-".to_owned(), |v| format!("{v:.digits$}"))
    };
    let spread = |mean: Option<f64>, std: Option<f64>| match (mean, std) {
        (Some(mean), Some(std)) => format!("{mean:.5} ± {std:.5}"),
        _ => "-".into(),
    };
    let reported = summaries.iter().any(|s| s.mean_reported.is_some());
    let columns = if reported { 11 } else { 9 };
    let mut rows = vec![HEADER.map(str::to_owned)];
    rows.extend(summaries.iter().map(|s| {
        [
            s.strategy.clone(),
            s.preset.clone(),
            s.seeds.to_string(),
            spread(s.mean_best, s.std_best),
            number(s.mean_rank, 2),
            format!("{}/{}", s.found_optimum, s.seeds),
            s.median_queries_to_optimum
                .map_or("-".into(), |v| v.to_string()),
            number(s.mean_queries_to_best, 1),
            format!("{:.3}", s.median_seconds),
            spread(s.mean_reported, s.std_reported),
            number(s.mean_reported_rank, 2),
        ]
    }));
    let width = |column: usize| rows.iter().map(|r| r[column].chars().count()).max();
    let widths: Vec<usize> = (0..columns).filter_map(width).collect();
    for row in &rows {
        let cells: Vec<String> = (row.iter().zip(&widths).enumerate())
            .map(|(i, (cell, &width))| match i {
                0 | 1 => format!("{cell:width$}"),
                _ => format!("{cell:>width$}"),
            })
            .collect();
        writeln!(out, "{}", cells.join("  "))?;
    }
    Ok(())
}
