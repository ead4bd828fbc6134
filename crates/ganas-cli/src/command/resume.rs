//! `ganas resume`: continues a search.

use std::env;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use ganas_study::run::resume::{self, Ended, Legacy};
use ganas_study::rundir::RESULT;
use ganas_study::spec::Change;

use crate::command::search::{self, OutputArgs};
use crate::end::End;
use crate::reporter::LogArgs;
use crate::spec_args::SpecArgs;

const EXAMPLES: &str = "\
Examples:
  ganas resume runs/command-1
  ganas resume runs/command-1 --queries 500
      the same search with more queries; what was evaluated is not evaluated again
  ganas resume runs/command-1 --retry-failed
      evaluations that failed are made again, once what broke them is mended
  ganas resume runs/command-1 --workers 16 --timeout 7200 --retries 5
      with more workers, each given more time; a later `ganas resume` keeps to that

  ganas resume runs/cifar-10-1 --device gpu:1
      networks are trained there from now on, wherever they were before
  ganas resume runs/one --table /data/nasbench101.csv.gz
      the same table in another place

A resumed search ends with the evaluations, the rounds and the result that it would have ended with
anyway, to the last byte; only the seconds differ. With `--async` other `--workers` lead to other
evaluations from there on, and where networks are trained on a graphics card, what is trained anew may
differ, too.";

/// Arguments of `ganas resume`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ResumeArgs {
    /// Folder of the run
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// Distinct architectures to evaluate in all [default: as before]
    #[arg(long, value_name = "N")]
    queries: Option<usize>,
    /// Cost to spend in all, in units of the run's fidelity; at least as much as before
    #[arg(long, value_name = "N")]
    cost: Option<usize>,

    /// Device to continue on [default: the one that the run was begun on]
    #[arg(long, value_name = "DEVICE", value_parser = device)]
    device: Option<String>,

    /// Make evaluations again that failed
    ///
    /// If all evaluations failed since the first failure, the search continues as if they had not been made.
    /// Otherwise it begins with all architectures that it had evaluated, so that no result is lost.
    #[arg(long)]
    retry_failed: bool,

    #[command(flatten)]
    change: SpecArgs<Change>,

    #[command(flatten)]
    log: LogArgs,
}

/// Runs the command.
///
/// # Errors
/// If the folder holds no run, a file that it needs was changed, or as in `ganas search`.
pub fn run(args: &ResumeArgs, legacy: Legacy) -> anyhow::Result<End> {
    let change = &args.change.0;
    let (mut recorded, mut spec) =
        resume::open(&args.folder, args.queries, args.cost, change, legacy)?;
    recorded.retries_failed = args.retry_failed;
    if let Some(device) = &args.device {
        recorded.moves = true;
        spec.task.device.device = Some(device.clone());
    }
    if !args.retry_failed
        && let Some(ended) = Ended::read(&args.folder.join(RESULT), recorded.queries)?
        && let Some(how) = ended.stays(&args.folder, change, &spec, recorded.queries)?
    {
        if !args.log.quiet {
            println!("{}: {how}", args.folder.display());
        }
        return Ok(if ended.found { End::Done } else { End::Nothing });
    }
    if recorded.started_in.is_dir() {
        env::set_current_dir(&recorded.started_in)
            .with_context(|| format!("cannot go to {}", recorded.started_in.display()))?;
    }
    let output = OutputArgs {
        json: None,
        log: args.log,
    };
    search::search(&spec, Some(&recorded), &output)
}

/// Checks the text of a device.
fn device(text: &str) -> Result<String, String> {
    let choice = text.parse::<ganas_train::device::Choice>();
    choice.map(|_| text.to_owned()).map_err(|e| e.to_string())
}
