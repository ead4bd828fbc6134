//! `ganas search`: one search, and what it found.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use ganas_core::driver::StopReason;
use ganas_core::error::{Error, Result as CoreResult};
use ganas_search::{Recipe, STRATEGIES};

use crate::End;
use crate::args::TaskArgs;
use crate::execute::Plan;
use crate::interrupt;
use crate::output::{prepare, write_json};
use crate::progress::Progress;
use crate::record::SearchReport;
use crate::rundir::check_free;
use crate::task::Task;

const EXAMPLES: &str = "\
Examples:
  ganas search --space nasbench201 --table nasbench201.csv.gz --objective cifar10_test
  ganas search --space nasbench101 --table nasbench101.csv.gz --objective test_accuracy \\
      --strategy evolution --queries 1000 --constraint 'params <= 5e6' --out runs/small
  ganas search --space my-space.toml --table measured.parquet --objective latency_ms --minimize";

/// Arguments of `ganas search`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct SearchArgs {
    #[command(flatten)]
    task: TaskArgs,

    /// Search strategy, with a preset if it is written as STRATEGY:PRESET
    #[arg(long, value_name = "STRATEGY", default_value_t = default_strategy())]
    strategy: String,

    /// Preset of the strategy
    #[arg(long)]
    preset: Option<String>,

    /// Distinct architectures to evaluate
    #[arg(long, value_name = "N", default_value_t = 300)]
    queries: usize,

    /// Seed of all random streams
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// Architecture to evaluate first, in the space's notation; can be given several times
    #[arg(long, value_name = "ARCH")]
    start: Vec<String>,

    /// Folder for the settings, every evaluation and the result
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// File for the result as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Show no progress, and print nothing
    #[arg(long)]
    quiet: bool,
}

fn default_strategy() -> String {
    STRATEGIES[0].0.into()
}

/// Runs the command.
///
/// # Errors
/// If the arguments cannot be used or the results cannot be written.
pub fn run(args: &SearchArgs) -> Result<End> {
    let recipe = recipe(args)?;
    check_queries(args.queries)?;
    if let Some(folder) = &args.out {
        check_free(folder)?;
    }
    let progress = Progress::new(args.quiet);
    let task = Task::open(&args.task, &progress)?;
    let start = (args.start.iter())
        .map(|text| {
            (task.space.parse(text))
                .map_err(|what| Error::input(format!("--start `{text}`: {what}")))
        })
        .collect::<CoreResult<Vec<_>>>()?;
    if let Some(file) = &args.json {
        prepare(file)?;
    }
    let stop = interrupt::listen()?;
    let plan = Plan {
        task: &task,
        recipe: &recipe,
        seed: args.seed,
        queries: args.queries,
        start: &start,
        out: args.out.as_deref(),
    };
    let bar = progress.queries(args.queries);
    let report = plan.run(&bar, true, stop)?;
    drop(bar);
    if let Some(file) = &args.json {
        write_json(file, &report)?;
    }
    if !args.quiet {
        print(&report, &task)?;
    }
    Ok(match report.run.stop {
        StopReason::Interrupted => End::Interrupted,
        _ => End::Done,
    })
}

/// Checks a number of queries.
///
/// # Errors
/// If there are none.
pub fn check_queries(queries: usize) -> Result<()> {
    match queries {
        0 => Err(Error::input("there are no queries to spend")
            .mend("give `--queries` at least 1")
            .into()),
        _ => Ok(()),
    }
}

fn recipe(args: &SearchArgs) -> Result<Recipe> {
    let recipe: Recipe = args.strategy.parse()?;
    Ok(match &args.preset {
        Some(preset) => recipe.with_preset(preset)?,
        None => recipe,
    })
}

fn print(report: &SearchReport, task: &Task) -> Result<()> {
    let run = &report.run;
    let mut lines: Vec<(&str, String)> = Vec::new();
    match (&run.best_arch, run.best, run.best_rank, run.queries_to_best) {
        (Some(arch), Some(best), Some(rank), Some(query)) => {
            lines.push(("best", arch.clone()));
            lines.push((
                &report.objective,
                format!(
                    "{best}, rank {rank} of {} ({})",
                    task.ranking.len(),
                    match rank {
                        1 => "the best of the table".into(),
                        _ => format!("the table's best is {}", report.optimum),
                    }
                ),
            ));
            lines.push(("queries", format!("{}, {query} to the best", run.queries)));
        }
        _ => {
            lines.push(("best", "none: no architecture met the constraints".into()));
            lines.push(("queries", run.queries.to_string()));
        }
    }
    if !task.constraints.is_empty() {
        lines.push((
            "constraints",
            format!(
                "{}; {} rejected without a query, {} evaluated in vain",
                report.provenance.task.constraints.join(", "),
                run.rejected,
                run.noncompliant
            ),
        ));
    }
    if run.failed > 0 {
        lines.push(("failed", format!("{} evaluations", run.failed)));
    }
    lines.push((
        "stopped",
        match run.stop {
            StopReason::Budget => "all queries are spent",
            StopReason::Exhausted => "there was nothing left to propose",
            StopReason::Stalled => "the strategy found nothing new to propose",
            StopReason::Interrupted => "interrupted",
        }
        .into(),
    ));
    lines.push(("seconds", format!("{:.2}", run.seconds)));
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut out = io::stdout().lock();
    for (name, text) in lines {
        writeln!(out, "{name:width$}  {text}")?;
    }
    Ok(())
}
