//! `ganas run`: a search, a benchmark or a suite from a file.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use ganas_study::spec::StudySpec;

use super::bench::{self, BenchOutput};
use super::search::{self, OutputArgs};
use crate::end::End;
use crate::reporter::LogArgs;

const EXAMPLES: &str = "\
Examples:
  ganas run search.toml
      where search.toml has lines such as `space = \"nasbench201\"`, `table = \"nasbench201.csv.gz\"`,
      `objective = \"cifar10_test\"` and `queries = 100`: the options of `ganas search`, with
      underscores, `constraints`, `metrics` and `set` as lists
  ganas run bench.toml --json bench.json
      a benchmark has `strategies` and `seeds`; a suite has `[[task]]` blocks
  ganas run runs/small/settings.json --out runs/again
      the search of an earlier run once more, with the same trace

Paths in the file start from its folder; those of an earlier run from where that was started.";

/// Arguments of `ganas run`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct RunArgs {
    /// TOML or JSON file with a specification, or the settings or the result of an earlier run
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Folder for the run or for all runs, in the place of the file's
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// File for the results as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    #[command(flatten)]
    log: LogArgs,
}

/// Runs the command.
///
/// # Errors
/// If the file is not a specification, or as in `ganas search` and `ganas bench`.
pub fn run(args: &RunArgs) -> Result<End> {
    let json = args.json.clone();
    let bench_output = || BenchOutput {
        json: json.clone(),
        quiet: args.log.quiet,
    };
    match StudySpec::read(&args.file)? {
        StudySpec::Search(mut spec) => {
            spec.out = args.out.clone().or(spec.out);
            let output = OutputArgs {
                json,
                log: args.log,
            };
            search::search(&spec, None, &output)
        }
        StudySpec::Bench(mut spec) => {
            spec.shared.out = args.out.clone().or(spec.shared.out);
            bench::bench(&spec, &bench_output())
        }
        StudySpec::Suite(mut spec) => {
            spec.shared.out = args.out.clone().or(spec.shared.out);
            bench::suite(&spec, &bench_output())
        }
    }
}
