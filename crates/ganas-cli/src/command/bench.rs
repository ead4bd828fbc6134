//! `ganas bench`: strategies compared over many seeds on a table, or on those of a suite.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use ganas_core::error::Error;
use ganas_study::bench::{PreparedBench, PreparedSuite};
use ganas_study::files::{prepare, write_json};
use ganas_study::spec::{BenchSpec, SharedSpec, StudySpec, SuiteSpec, TaskSpec};

use crate::end::End;
use crate::interrupt;
use crate::printout::{print, print_suite};
use crate::process::command_line;
use crate::reporter::{LogArgs, session};
use crate::spec_args::SpecArgs;
use crate::terminal;

const EXAMPLES: &str = "\
Examples:
  ganas bench --table nasbench201 \\
      --strategies random,evolution,local-search --queries 300 --seeds 20 --json bench.json
  ganas bench --space nasbench101 --table nasbench101.csv.gz --objective test_accuracy \\
      --strategies local-search,local-search:best-improvement --queries 2000 --seeds 10
  ganas bench --space nasbench201 --table joined.csv --objective cifar10_test:max \\
      --objective edgegpu_latency:min --strategies ga-nas,nsga2,random --queries 100 --seeds 20
  ganas bench --suite suites/tables.toml --strategies random,evolution --seeds 20 --json suite.json
  ganas bench --space nasbench101 --table nasbench101.csv.gz --objective test_accuracy \\
      --start resnet --constraint 'params <= @start' --strategies ga-nas,random \\
      --queries 500 --seeds 10";

/// Arguments of `ganas bench`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct BenchArgs {
    #[command(flatten)]
    pub spec: SpecArgs<BenchSpec>,

    /// TOML file with tasks: each a `[[task]]` with `name`, `space`, `table` or `surrogate`,
    /// `objective`, `queries` and any other field of a task
    ///
    /// Paths are relative to the file, or begin with $GANAS_DATA. The file may have `strategies`
    /// and `seeds`, too. Beside what each task gives alone, the results hold mean normalised ranks
    /// at each budget, attainment curves and tests of significance over all tasks.
    #[arg(long, value_name = "FILE")]
    suite: Option<PathBuf>,

    #[command(flatten)]
    output: BenchOutput,
}

/// Arguments about what a benchmark writes beside its folder.
#[derive(Clone, Debug, Default, Args)]
pub struct BenchOutput {
    /// File for the results as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Show no progress, and print nothing
    #[arg(long)]
    pub quiet: bool,
}

/// Runs the command.
///
/// # Errors
/// If the arguments cannot be used or the results cannot be written.
pub fn run(args: &BenchArgs) -> Result<End> {
    let spec = with_names(&args.spec.0);
    let Some(file) = &args.suite else {
        return bench(&spec, &args.output);
    };
    if spec.task != TaskSpec::default() {
        return Err(Error::input("what is searched is in the suite's file")
            .mend("leave out `--space`, `--table` and their like, or `--suite`")
            .into());
    }
    suite(&over(read(file)?, &spec.shared), &args.output)
}

/// Runs the benchmark of one task.
///
/// # Errors
/// As [`run`].
pub fn bench(spec: &BenchSpec, output: &BenchOutput) -> Result<End> {
    let session = session(LogArgs::quiet(output.quiet));
    let prepared = PreparedBench::new(spec, &session)?;
    let (command, stop) = start(output)?;
    let (report, is_whole) = prepared.run(&command, &session.progress, stop)?;
    if let Some(file) = &output.json {
        write_json(file, &report)?;
    }
    if !output.quiet {
        print(&report, &mut terminal::stdout())?;
    }
    Ok(end(is_whole))
}

/// Runs the benchmarks of all tasks of a suite.
///
/// # Errors
/// As [`run`].
pub fn suite(spec: &SuiteSpec, output: &BenchOutput) -> Result<End> {
    let session = session(LogArgs::quiet(output.quiet));
    let prepared = PreparedSuite::new(spec, &session)?;
    let (command, stop) = start(output)?;
    let (report, is_whole) = prepared.run(&command, &session.progress, stop)?;
    if let Some(file) = &output.json {
        write_json(file, &report)?;
    }
    if !output.quiet {
        print_suite(&report, &mut terminal::stdout())?;
    }
    Ok(end(is_whole))
}

/// Checks the file of the results, and begins to listen for interrupts.
fn start(output: &BenchOutput) -> Result<(Vec<String>, &'static std::sync::atomic::AtomicBool)> {
    if let Some(file) = &output.json {
        prepare(file)?;
    }
    Ok((command_line(), interrupt::listen()?))
}

fn end(is_whole: bool) -> End {
    if is_whole {
        End::Done
    } else {
        End::Interrupted
    }
}

/// Reads a suite.
fn read(file: &Path) -> Result<SuiteSpec> {
    match StudySpec::read(file)? {
        StudySpec::Suite(mut suite) => {
            suite.file = file.display().to_string();
            Ok(*suite)
        }
        _ => Err(Error::input("there are no tasks")
            .mend("add a `[[task]]` block")
            .in_file(file)
            .into()),
    }
}

/// A suite with the settings of a command line, which go before its own.
fn over(mut suite: SuiteSpec, typed: &SharedSpec) -> SuiteSpec {
    let shared = &mut suite.shared;
    if !typed.strategies.is_empty() {
        shared.strategies = typed.strategies.clone();
    }
    shared.set.extend(typed.set.iter().cloned());
    shared.queries = typed.queries.or(shared.queries);
    shared.seeds = typed.seeds.or(shared.seeds);
    if typed.first_seed != 0 {
        shared.first_seed = typed.first_seed;
    }
    shared.threads = typed.threads.or(shared.threads);
    shared.out = typed.out.clone().or(shared.out.take());
    suite
}

/// The specification with one strategy a text, where several were typed between commas.
fn with_names(spec: &BenchSpec) -> BenchSpec {
    let mut spec = spec.clone();
    let names = spec.shared.strategies.iter().flat_map(|names| split(names));
    spec.shared.strategies = names.map(|name| name.trim().to_owned()).collect();
    spec
}

/// The parts of a text between commas, except those in brackets, which belong to a setting.
fn split(names: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0i32;
    names.split(move |c| {
        depth += i32::from("[{".contains(c)) - i32::from("]}".contains(c));
        c == ',' && depth == 0
    })
}
