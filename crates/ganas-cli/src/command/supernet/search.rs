//! `ganas supernet search`: the searches that train weights and policy in turn.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::Result;
use clap::{Args, ValueEnum};
use ganas_core::error::Error;
use ganas_core::is_special;
use ganas_tables::{Ranking, Table};
use ganas_train::supernet::{Alternation, Identity, Method, Reward, Scoring, search};
use rayon::prelude::*;
use serde::Serialize;

use super::trained::TrainedArgs;
use crate::end::End;
use crate::interrupt;
use crate::process::command_line;
use crate::reporter::progress;
use crate::spec_args::SpecArgs;
use crate::terminal;
use ganas_study::VERSION;
use ganas_study::files::{prepare, write_json};
use ganas_study::progress::{Bar, Progress};
use ganas_study::source::Shared;
use ganas_study::source::recipe::usable;
use ganas_study::spec::ReadingSpec;
use ganas_study::statistics::{deviation, mean};
use ganas_study::task::Report;

const EXAMPLES: &str = "\
Examples:
  ganas supernet search runs/supernet --space nasbench201 --method enas --seeds 10 \\
      --table nasbench201 --report cifar10_test --json enas.json
  ganas supernet search runs/shared --space nasbench101 --method darts --seeds 10 \\
      --table nasbench101.csv.gz --report test_accuracy --json darts.json

The file of `--json` is written anew as each seed ends. After a kill `--first-seed` has the rest, with
another file.

For the strategies of `ganas bench` on a supernet: `ganas bench --supernet runs/supernet`.";

/// Arguments of `ganas supernet search`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct SearchArgs {
    #[command(flatten)]
    trained: TrainedArgs,

    /// Method that changes the policy
    #[arg(long)]
    method: MethodName,

    /// Rounds: a step of the weights and one of the policy each
    #[arg(long, value_name = "N", default_value_t = Alternation::default().rounds)]
    rounds: usize,

    /// Images of a batch
    #[arg(long, value_name = "N", default_value_t = Alternation::default().batch)]
    batch: usize,

    /// Learning rate of the shared weights
    #[arg(long, value_name = "RATE", default_value_t = Alternation::default().learning_rate)]
    learning_rate: f64,

    /// Learning rate of the policy: how fast it settles [default: 0.05 for enas, 0.03 for darts]
    #[arg(long, value_name = "RATE")]
    policy_rate: Option<f64>,

    /// Weight decay of the policy [default: 0 for enas, 0.001 for darts, as its paper has it]
    #[arg(long, value_name = "DECAY")]
    policy_decay: Option<f64>,

    /// Reward of the enas controller; its best sample is chosen by the same metric
    /// [default: loss]
    #[arg(long, value_name = "METRIC")]
    reward: Option<RewardName>,

    /// Let batch normalisation within cells scale and shift during the search of darts, whose paper
    /// switches that off
    #[arg(long)]
    affine: bool,

    /// Cells that the controller of enas samples a round, and that its cell is the best of
    #[arg(long, value_name = "N", default_value_t = Alternation::default().samples)]
    samples: usize,

    /// Searches, with seeds in a row
    #[arg(long, value_name = "N", default_value_t = 1)]
    seeds: u64,

    /// The first seed
    #[arg(long, value_name = "N", default_value_t = 0)]
    first_seed: u64,

    /// Table to report from
    #[arg(long, value_name = "FILE", requires = "report")]
    table: Option<PathBuf>,

    #[command(flatten)]
    reading: SpecArgs<ReadingSpec>,

    /// Column of the table to report each cell's value and rank in
    #[arg(long, value_name = "COLUMN", requires = "table")]
    report: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum MethodName {
    /// A controller rewarded on validation images (REINFORCE), as in ENAS
    Enas,
    /// A mixture of all ops, and of all edges of node cells, moved by the gradient of the validation
    /// loss, as in DARTS
    Darts,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RewardName {
    /// A low validation loss, which other searches of a supernet are judged by, too
    Loss,
    /// Validation accuracy, as in ENAS
    Accuracy,
}

/// Results as they are written.
#[derive(Debug, Serialize)]
struct Written {
    /// The version of this program.
    ganas: String,
    /// The command line, program name left out.
    command: Vec<String>,
    identity: Identity,
    scoring: Scoring,
    /// Device that it is on.
    device: String,
    method: Method,
    settings: Alternation,
    /// Column that is reported.
    report: Option<String>,
    runs: Vec<Run>,
    summary: Summary,
}

#[derive(Clone, Debug, Serialize)]
struct Run {
    seed: u64,
    arch: String,
    /// Accuracy by the supernet, in percent.
    accuracy: f64,
    /// The mean entropy of a choice of the policy at the end, in nats.
    entropy: f64,
    reported: Option<f64>,
    reported_rank: Option<usize>,
    seconds: f64,
}

#[derive(Debug, Serialize)]
struct Summary {
    seeds: usize,
    mean_reported: Option<f64>,
    std_reported: Option<f64>,
    mean_reported_rank: Option<f64>,
}

impl Summary {
    fn of(runs: &[Run]) -> Summary {
        let reported: Vec<f64> = runs.iter().filter_map(|r| r.reported).collect();
        let ranks: Vec<f64> = (runs.iter())
            .filter_map(|r| r.reported_rank.map(|rank| rank as f64))
            .collect();
        Summary {
            seeds: runs.len(),
            mean_reported: mean(&reported),
            std_reported: deviation(&reported),
            mean_reported_rank: mean(&ranks),
        }
    }
}

/// Runs the command. The results are written as each seed ends.
///
/// # Errors
/// If the arguments cannot be used or the results cannot be written.
pub fn run(args: &SearchArgs) -> Result<End> {
    if args.seeds == 0 {
        return Err(Error::input("there is nothing to run")
            .mend("give `--seeds` at least 1")
            .into());
    }
    let settings = settings(args)?;
    let trained = &args.trained;
    let progress = progress(trained.quiet);
    let shared = trained.open(&progress)?;
    let reference = reference(args, &shared, &progress)?;
    if let Some(file) = &trained.json {
        prepare(file)?;
    }
    let stop = interrupt::listen()?;
    let seeds: Vec<u64> = (0..args.seeds)
        .map(|i| args.first_seed.wrapping_add(i))
        .collect();
    let bar = progress.steps(seeds.len());
    let searches = Searches {
        args,
        settings,
        shared: &shared,
        reference,
        progress: &progress,
        stop,
        done: Mutex::new(Vec::new()),
    };
    let one = |&seed: &u64| searches.run(seed, &bar);
    (shared.pool).install(|| seeds.par_iter().with_max_len(1).try_for_each(one))?;
    drop(bar);
    let report = searches.report(&searches.done.lock().unwrap_or_else(PoisonError::into_inner));
    if let Some(file) = &trained.json {
        write_json(file, &report)?;
    }
    if !trained.quiet {
        print(&report)?;
    }
    if report.runs.len() < seeds.len() {
        return Ok(End::Interrupted);
    }
    Ok(End::Done)
}

/// Checks the options of the search, and makes its settings.
fn settings(args: &SearchArgs) -> Result<Alternation> {
    let settings = Alternation {
        rounds: args.rounds,
        batch: args.batch,
        learning_rate: args.learning_rate,
        policy_rate: args.policy_rate,
        policy_decay: args.policy_decay,
        samples: args.samples,
        reward: match args.reward {
            None | Some(RewardName::Loss) => Reward::Loss,
            Some(RewardName::Accuracy) => Reward::Accuracy,
        },
        affine: args.affine,
    };
    let unused = match args.method {
        MethodName::Enas if args.affine => Some("--affine"),
        MethodName::Darts if args.reward.is_some() => Some("--reward"),
        _ => None,
    };
    if let Some(option) = unused {
        return Err(
            Error::input(format!("`{option}` has no effect with this method"))
                .mend("leave it out, or take the other `--method`")
                .into(),
        );
    }
    settings.check().map_err(usable)?;
    Ok(settings)
}

/// Opens the column of the table that cells are reported in, if one is named.
fn reference(args: &SearchArgs, shared: &Shared, progress: &Progress) -> Result<Option<Report>> {
    let (Some(file), Some(column)) = (&args.table, &args.report) else {
        return Ok(None);
    };
    let table = args.reading.0.open(file, &*shared.space, progress)?;
    let largest_first = |table: &Table, column| Ok(Ranking::new(table, column, false, |_| true));
    Ok(Some(Report::new(Arc::new(table), column, largest_first)?))
}

/// Searches with several seeds, of which any number run at once.
struct Searches<'a> {
    args: &'a SearchArgs,
    settings: Alternation,
    shared: &'a Shared,
    reference: Option<Report>,
    progress: &'a Progress,
    stop: &'a AtomicBool,
    /// Finished searches in the order of their seeds.
    done: Mutex<Vec<Run>>,
}

impl Searches<'_> {
    /// Runs the search of one seed, and writes the results so far. A search that is stopped leaves none.
    fn run(&self, seed: u64, bar: &Bar) -> Result<()> {
        let begun = Instant::now();
        let shared = self.shared;
        let found = search(
            self.method(),
            &self.settings,
            &*shared.space,
            &shared.supernet,
            &shared.task,
            &shared.scoring,
            seed,
            self.stop,
        )
        .map_err(usable)?;
        bar.advance(1);
        let Some(found) = found else {
            return Ok(());
        };
        self.progress.log(&format!(
            "seed {seed}: accuracy {:.2} %, {:.1} s",
            100.0 * found.score.accuracy,
            begun.elapsed().as_secs_f64()
        ));
        let reported = (self.reference.as_ref()).and_then(|reference| reference.of(&found.arch));
        let run = Run {
            seed,
            arch: shared.space.format(&found.arch),
            accuracy: 100.0 * found.score.accuracy,
            entropy: found.entropy,
            reported: reported.map(|(value, _)| value),
            reported_rank: reported.map(|(_, rank)| rank),
            seconds: begun.elapsed().as_secs_f64(),
        };
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.push(run);
        done.sort_by_key(|run| run.seed.wrapping_sub(self.args.first_seed));
        // A killed process loses only the searches under way. A pipe gets the whole at the end alone.
        match &self.args.trained.json {
            Some(file) if !is_special(file) => Ok(write_json(file, &self.report(&done))?),
            _ => Ok(()),
        }
    }

    fn method(&self) -> Method {
        match self.args.method {
            MethodName::Enas => Method::Enas,
            MethodName::Darts => Method::Darts,
        }
    }

    /// Makes the record of the finished searches.
    fn report(&self, runs: &[Run]) -> Written {
        Written {
            ganas: VERSION.into(),
            command: command_line(),
            identity: self.shared.identity.clone(),
            scoring: self.shared.scoring,
            device: self.shared.device.clone(),
            method: self.method(),
            settings: self.settings.clone(),
            report: self.args.report.clone(),
            summary: Summary::of(runs),
            runs: runs.to_vec(),
        }
    }
}

fn print(report: &Written) -> io::Result<()> {
    let mut out = terminal::stdout();
    for run in &report.runs {
        write!(
            out,
            "seed {}  {}  accuracy {:.2} %",
            run.seed, run.arch, run.accuracy
        )?;
        match (&report.report, run.reported, run.reported_rank) {
            (Some(column), Some(value), Some(rank)) => {
                writeln!(out, "  {column} {value}, rank {rank}")?;
            }
            _ => writeln!(out)?,
        }
    }
    if let (Some(column), Some(mean), Some(rank)) = (
        &report.report,
        report.summary.mean_reported,
        report.summary.mean_reported_rank,
    ) {
        writeln!(out, "mean {column} {mean:.3}, mean rank {rank:.1}")?;
    }
    Ok(())
}
