//! `ganas resume`: goes on with a search.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};
use clap::{Args, Parser};
use ganas_core::driver::StopReason;
use ganas_core::error::Error;
use ganas_train::device::Choice;

use crate::End;
use crate::args::{Cli, Command};
use crate::change::Change;
use crate::command::search::{self, SearchArgs};
use crate::device::DeviceArgs;
use crate::duration;
use crate::kept::CHANGED;
use crate::log::LogArgs;
use crate::rundir::{JOURNAL, RESULT, SETTINGS};
use crate::sealed;
use crate::settings::Recorded;
use crate::task::unreadable;

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
  ganas resume runs/one --table /data/nasbench201.csv.gz
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

    /// Device to go on with, if it is not to be the one that the run was begun on
    #[arg(long, value_name = "DEVICE")]
    device: Option<Choice>,

    /// Make evaluations again that failed
    ///
    /// If nothing but failures has come since the first of them, the search goes on as if they had not
    /// been. Otherwise it begins with all architectures that it had evaluated, so that no result is lost.
    #[arg(long)]
    retry_failed: bool,

    #[command(flatten)]
    change: Change,

    #[command(flatten)]
    log: LogArgs,
}

/// Runs the command.
///
/// # Errors
/// If there is no run in the folder, something that it needs is not as it was, or as in
/// `ganas search`.
pub fn run(args: &ResumeArgs) -> Result<End> {
    let (mut recorded, mut search, queries) = open(&args.folder, args.queries, &args.change)?;
    recorded.retries_failed = args.retry_failed;
    if let Some(device) = args.device {
        recorded.moves = true;
        search = search.on(DeviceArgs {
            named: Some(device),
        });
    }
    if !args.retry_failed
        && let Some(ended) = Ended::read(&args.folder.join(RESULT), recorded.queries)?
        && let Some(how) = ended.stays(args, &search, queries, recorded.queries)?
    {
        if !args.log.quiet {
            println!("{}: {how}", args.folder.display());
        }
        return Ok(ended.end());
    }
    if recorded.started_in.is_dir() {
        env::set_current_dir(&recorded.started_in)
            .with_context(|| format!("cannot go to {}", recorded.started_in.display()))?;
    }
    search::resume(&search, recorded, queries, args.log)
}

/// The settings of a run, the arguments that it was begun with, changed as they were since and are
/// now, and the queries that it is to spend in all: as many as before, if it is not said.
///
/// # Errors
/// If there is no run in the folder, it was begun by another program, there would be fewer queries,
/// or there is nothing to be changed.
pub fn open(
    folder: &Path,
    queries: Option<usize>,
    change: &Change,
) -> Result<(Recorded, SearchArgs, usize)> {
    let settings = folder.join(SETTINGS);
    let mut recorded = Recorded::read(&settings)?;
    let queries = queries.unwrap_or(recorded.queries);
    if queries < recorded.queries {
        return Err(Error::input(format!(
            "the run has {} queries to spend, and cannot have fewer",
            recorded.queries
        ))
        .mend("leave out `--queries`, or give more")
        .into());
    }
    let folder = fs::canonicalize(folder).map_err(|e| Error::io(folder, e))?;
    if change.any() {
        // The run goes on in the folder that it was started in.
        let table = (change.table.as_ref())
            .map(|file| fs::canonicalize(file).map_err(|e| unreadable(Error::io(file, e))));
        recorded.changes.push(Change {
            after: evaluations(&folder.join(JOURNAL)),
            table: table.transpose()?,
            ..change.clone()
        });
    }
    let named = recorded.started_in.join(&recorded.out);
    if fs::canonicalize(named).ok().as_deref() != Some(&*folder) {
        recorded.out = folder;
    }
    let program = ["ganas".to_owned()];
    let words = program.iter().chain(&recorded.command);
    match Cli::try_parse_from(words).map(|cli| cli.command) {
        Ok(Command::Search(mut search)) => {
            (recorded.changes.iter()).try_for_each(|change| search.change(change))?;
            search.remember(recorded.recipe());
            Ok((recorded, search, queries))
        }
        Ok(Command::Bench(_)) => Err(Error::input("the run is one of a benchmark")
            .mend("give the benchmark's command again, with its `--out`: it goes on with all its runs")
            .in_file(settings)
            .into()),
        Ok(_) => Err(unusable("it is of another command", &settings)),
        Err(e) => Err(unusable(
            &format!("this program does not know it ({})", e.kind()),
            &settings,
        )),
    }
}

/// The evaluations in a journal.
fn evaluations(journal: &Path) -> usize {
    let text = fs::read(journal).unwrap_or_default();
    let lines = text.split_inclusive(|b| *b == b'\n');
    let is_evaluation = |line: &&[u8]| line.ends_with(b"\n") && !line.starts_with(b"{\"retry\"");
    let lines = lines.filter(is_evaluation).count();
    // The first line is about the journal itself.
    lines.saturating_sub(1)
}

fn unusable(what: &str, settings: &Path) -> anyhow::Error {
    (Error::input(format!(
        "the command line of the run cannot be used: {what}"
    )))
    .mend("resume it with the version of ganas that `ganas` names in this file")
    .in_file(settings)
    .into()
}

/// How a run ended that was not interrupted.
struct Ended {
    stop: StopReason,
    queries: u64,
    /// Whether it found an architecture that can be used.
    found: bool,
}

impl Ended {
    /// Reads the result of a run that had so many queries to spend. One of fewer is that of before it
    /// was resumed.
    ///
    /// # Errors
    /// If the result was changed.
    fn read(result: &Path, queries: usize) -> Result<Option<Ended>> {
        let Some(result) = sealed::read(result, CHANGED)? else {
            return Ok(None);
        };
        let budget = result["provenance"]["queries"].as_u64();
        let current = budget.is_none_or(|budget| budget == queries as u64);
        let stop: Option<StopReason> = serde_json::from_value(result["stop"].clone()).ok();
        let stop = stop.filter(|stop| current && *stop != StopReason::Interrupted);
        Ok(stop
            .zip(result["queries"].as_u64())
            .map(|(stop, queries)| Ended {
                stop,
                queries,
                found: !result["best"].is_null(),
            }))
    }

    /// The message for a run that has nothing left to do; `None` if it goes on.
    ///
    /// # Errors
    /// If it would end again where it did.
    fn stays(
        &self,
        args: &ResumeArgs,
        search: &SearchArgs,
        queries: usize,
        before: usize,
    ) -> Result<Option<String>> {
        let spent = self.queries;
        match self.stop {
            StopReason::Failures if args.change.max_failures.is_none() => Err(Error::input(
                "the run ended since its evaluations failed",
            )
            .mend("mend that, and add `--retry-failed`; or let it go on by `--max-failures 0`")
            .in_file(&args.folder)
            .into()),
            StopReason::TimeLimit if args.change.time_limit.is_none() => {
                let limit = search
                    .time_limit()
                    .map(duration::format)
                    .unwrap_or_default();
                Ok(Some(format!(
                    "the time limit of {limit} was reached after {spent} queries; give \
                     `--time-limit` more than that to go on"
                )))
            }
            StopReason::Failures | StopReason::TimeLimit => Ok(None),
            _ if queries == before => Ok(Some(format!(
                "the run is finished after {spent} queries; give `--queries` more than {queries} to \
                 go on"
            ))),
            _ => Ok(None),
        }
    }

    fn end(&self) -> End {
        if self.found { End::Done } else { End::Nothing }
    }
}
