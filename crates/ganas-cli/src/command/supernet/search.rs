//! `ganas supernet search`: the searches that train weights and policy in turn.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use clap::{Args, ValueEnum};
use ganas_core::error::Error;
use ganas_tables::{Ranking, Table};
use ganas_train::supernet::{Alternation, Method, Reward, Target};

use super::trained::TrainedArgs;
use crate::end::End;
use crate::interrupt;
use crate::process::command_line;
use crate::reporter::progress;
use crate::spec_args::SpecArgs;
use crate::terminal;
use ganas_study::files::prepare;
use ganas_study::progress::Progress;
use ganas_study::source::Shared;
use ganas_study::source::recipe::usable;
use ganas_study::spec::ReadingSpec;
use ganas_study::supernet::{Found, Searches};
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

    /// Learning rate of the policy: how fast it settles [default: 0.05 for enas and tunas, 0.03 for
    /// darts, 3 for gaea]
    #[arg(long, value_name = "RATE")]
    policy_rate: Option<f64>,

    /// Weight decay of the policy [default: 0 for enas and tunas, 0.001 for darts, as its paper has it]
    #[arg(long, value_name = "DECAY")]
    policy_decay: Option<f64>,

    /// Reward of the enas controller; its best sample is chosen by the same metric
    /// [default: loss]
    #[arg(long, value_name = "METRIC")]
    reward: Option<RewardName>,

    /// Cost that tunas keeps near a value, such as params=500000: a share of its accuracy is taken off for
    /// what is above and below
    #[arg(long, value_name = "NAME=VALUE")]
    target: Option<String>,

    /// Accuracy, as a share, that twice the value of `--target` costs [default: 0.1]
    #[arg(long, value_name = "WEIGHT", requires = "target")]
    target_weight: Option<f64>,

    /// Let batch normalisation within cells scale and shift during the search of darts or gaea. The paper
    /// of DARTS switches that off
    #[arg(long)]
    affine: bool,

    /// Cells that the controller of enas or tunas samples a round; the cell of enas is the best of them
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
    /// The controller of enas, paid by accuracy and by a cost near a target, as in TuNAS
    Tunas,
    /// A mixture of all ops, and of all edges of node cells, moved by the gradient of the validation
    /// loss, as in DARTS
    Darts,
    /// The mixture of darts, whose shares move by exponentiated gradient, as in GAEA
    Gaea,
}

impl MethodName {
    fn method(self) -> Method {
        match self {
            MethodName::Enas => Method::Enas,
            MethodName::Tunas => Method::Tunas,
            MethodName::Darts => Method::Darts,
            MethodName::Gaea => Method::Gaea,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RewardName {
    /// A low validation loss, which other searches of a supernet are judged by, too
    Loss,
    /// Validation accuracy, as in ENAS
    Accuracy,
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
    let searches = Searches {
        method: args.method.method(),
        settings,
        shared: &shared,
        reference,
        first_seed: args.first_seed,
        seeds: args.seeds,
        file: trained.json.clone(),
        command: command_line(),
    };
    let found = searches.run(&progress, stop)?;
    if !trained.quiet {
        print(&found)?;
    }
    if (found.runs.len() as u64) < args.seeds {
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
        target: (args.target.as_deref())
            .map(|text| Target::parse(text, args.target_weight))
            .transpose()
            .map_err(usable)?,
        affine: args.affine,
    };
    let method = args.method.method();
    let unused = [
        ("--affine", args.affine && !method.mixes()),
        ("--target", args.target.is_some() && method != Method::Tunas),
        ("--reward", args.reward.is_some() && method != Method::Enas),
        (
            "--policy-decay",
            args.policy_decay.is_some() && method == Method::Gaea,
        ),
    ];
    if let Some((option, _)) = unused.into_iter().find(|(_, unused)| *unused) {
        return Err(
            Error::input(format!("`{option}` has no effect with this method"))
                .mend("leave it out, or take another `--method`")
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

fn print(report: &Found) -> io::Result<()> {
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
