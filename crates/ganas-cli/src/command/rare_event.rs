//! `ganas rare-event`: how likely a random architecture is to be at least so good.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use ganas_core::error::Error;
use ganas_core::write_whole;
use ganas_search::rare_event::{Method, Settings};

use crate::end::End;
use crate::names;
use crate::process::command_line;
use crate::reporter::{LogArgs, session};
use crate::spec_args::SpecArgs;
use crate::terminal;
use ganas_study::files::{prepare, write_json};
use ganas_study::rare_event::{Survey, Threshold, estimate};
use ganas_study::spec::ReadingSpec;
use ganas_study::spec::TaskSpec;
use ganas_study::task::Task;

mod printout;

const EXAMPLES: &str = "\
Examples:
  ganas rare-event --table nasbench201 --alpha 94.3
  ganas rare-event --space nasbench101 --table nasbench101.csv.gz --objective test_accuracy \\
      --top-fraction 1e-4 --seeds 40 --json rare.json --svg rare.svg
  ganas rare-event --space ofa-mobilenetv3 --surrogate ofa.json --alpha 77 --constraint 'params <= 5e6'";

/// Arguments of `ganas rare-event`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct RareEventArgs {
    /// Search space: a name that `ganas space list` shows, or a TOML file
    #[arg(long, value_name = "NAME|FILE", value_parser = names::spaces(), hide_possible_values = true)]
    space: Option<String>,

    /// Table of all architectures of the space: a file, or `nasbench201`, which is built in
    #[arg(
        long,
        value_name = "FILE|NAME",
        required_unless_present = "surrogate",
        conflicts_with = "surrogate"
    )]
    table: Option<PathBuf>,

    #[command(flatten)]
    reading: SpecArgs<ReadingSpec>,

    /// Models that predict the objective: what `ganas surrogate fit` wrote, or a TOML file
    #[arg(long, value_name = "FILE")]
    surrogate: Option<PathBuf>,

    /// Metric that is to be good, as NAME, NAME:min or NAME:max; without a direction, `loss` is to be
    /// small and every other metric large
    #[arg(long, value_name = "METRIC")]
    objective: Option<String>,

    /// Least value that it has to reach; with `--minimize`, the largest
    #[arg(
        long,
        value_name = "A",
        allow_hyphen_values = true,
        required_unless_present = "top_fraction",
        conflicts_with = "top_fraction"
    )]
    alpha: Option<f64>,

    /// Take for it what this share of the space reaches
    #[arg(long, value_name = "F")]
    top_fraction: Option<f64>,

    /// Bound on a metric, as in `params <= 5.3e6`; architectures that break it do not count. Can be
    /// given several times
    #[arg(long, value_name = "EXPR")]
    constraint: Vec<String>,

    /// Smaller values are better
    #[arg(long)]
    minimize: bool,

    /// Methods to estimate by: monte-carlo, cross-entropy, ga-nas [default: all]
    #[arg(long, value_name = "A,B,...", value_delimiter = ',')]
    methods: Vec<String>,

    /// Architectures that each estimate may evaluate
    #[arg(long, value_name = "N", default_value_t = Settings::default().queries)]
    queries: usize,

    /// Repetitions with seeds 0, 1, ...
    #[arg(long, value_name = "N", default_value_t = 1)]
    seeds: u64,

    /// The first seed
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// File for the estimates as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// File for a drawing of the levels and of the estimates with their intervals
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,

    /// Print nothing
    #[arg(long)]
    quiet: bool,
}

/// Runs the command.
///
/// # Errors
/// If the arguments cannot be used or a file cannot be written.
pub fn run(args: &RareEventArgs) -> Result<End> {
    let methods = methods(&args.methods)?;
    if args.queries < 20 || args.seeds == 0 {
        return Err(Error::input("too little to estimate anything from")
            .mend("give `--queries` at least 20 and `--seeds` at least 1")
            .into());
    }
    for (name, value, low, high) in [
        ("--alpha", args.alpha, f64::MIN, f64::MAX),
        ("--top-fraction", args.top_fraction, f64::MIN_POSITIVE, 1.0),
    ] {
        if value.is_some_and(|v| !(low..=high).contains(&v)) {
            return Err(Error::input(format!("`{name}` is out of range"))
                .mend("a level is a finite number, a fraction is above 0 and at most 1")
                .into());
        }
    }
    let session = session(LogArgs::quiet(args.quiet));
    let progress = &session.progress;
    let task = Task::open(
        &TaskSpec {
            space: args.space.clone(),
            table: args.table.clone(),
            reading: args.reading.0.clone(),
            surrogate: args.surrogate.clone(),
            objective: args.objective.iter().cloned().collect(),
            constraints: args.constraint.clone(),
            minimize: args.minimize,
            ..TaskSpec::default()
        },
        args.seed,
        &session,
    )?;
    progress.say(&task.announcement);
    if let Some(table) = task.source.table()
        && task.space.size() != Some(table.len() as u128)
    {
        return Err(Error::input(format!(
            "the table has {} architectures and not the whole space",
            table.len()
        ))
        .mend("fit a model to it with `ganas surrogate fit`, and name that with `--surrogate`")
        .in_file(table.source())
        .into());
    }
    for file in args.json.iter().chain(&args.svg) {
        prepare(file)?;
    }
    task.say_notes(progress);
    let asked = Survey {
        methods,
        threshold: match args.alpha {
            Some(alpha) => Threshold::Value(alpha),
            None => Threshold::Share(args.top_fraction.unwrap_or(1.0)),
        },
        queries: args.queries,
        first_seed: args.seed,
        seeds: args.seeds,
    };
    let report = estimate(&asked, &task, command_line(), progress)?;
    if !args.quiet {
        printout::print(&report, &mut terminal::stdout())?;
    }
    if let Some(file) = &args.json {
        write_json(file, &report)?;
    }
    if let Some(file) = &args.svg {
        let drawing = ganas_report::levels::draw(&report);
        write_whole(file, |mut f| f.write_all(drawing.as_bytes()))?;
    }
    Ok(End::Done)
}

fn methods(names: &[String]) -> Result<Vec<Method>> {
    if names.is_empty() {
        return Ok(Method::ALL.to_vec());
    }
    let known = || Method::ALL.map(Method::name);
    (names.iter())
        .map(|name| {
            (Method::ALL.into_iter().find(|m| m.name() == name)).ok_or_else(|| {
                Error::input(format!("unknown method `{name}`"))
                    .mend(format!("use {}", known().join(", ")))
                    .into()
            })
        })
        .collect()
}
