//! `ganas surrogate`: models that predict a table's metrics for the whole space.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use ganas_core::arch::Arch;
use ganas_core::error::Error;
use ganas_core::rng::Rng;
use ganas_core::space::SearchSpace;
use ganas_search::predictor::{self, Encoding, FitConfig, Surrogate, fit};
use ganas_tables::Table;

use crate::end::End;
use crate::names;
use crate::registry::registry;
use crate::reporter::progress;
use crate::spec_args::SpecArgs;
use crate::terminal;
use ganas_study::files::unreadable;
use ganas_study::files::{prepare, write_json};
use ganas_study::progress::Progress;
use ganas_study::spec::ReadingSpec;
use ganas_study::surrogate::Comparison;
use ganas_study::task::named_space;

const EXAMPLES: &str = "\
Examples:
  ganas surrogate fit --space ofa-mobilenetv3 --table ofa.csv.gz --objective top1 --out ofa.json
  ganas surrogate eval --surrogate ofa.json --table ofa.csv.gz
  ganas surrogate eval --surrogate ofa.json --sample 100000
  ganas search --space ofa-mobilenetv3 --surrogate ofa.json --constraint 'params <= 5e6'
  ganas surrogate features --space ofa-mobilenetv3 --table ofa.csv.gz > features.csv
      for XGBoost and LightGBM, whose models a TOML file then describes (docs/surrogates.md)";

/// Arguments of `ganas surrogate`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct SurrogateArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    /// Fit a model of each objective, and report its errors on unseen rows
    Fit(FitArgs),
    /// Predict architectures, or compare predictions with a table
    Eval(EvalArgs),
    /// Print what models see of architectures: the names, or with a table all rows as CSV
    Features(FeaturesArgs),
}

/// A kind of model, as on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Auto,
    Trees,
}

#[derive(Clone, Debug, Args)]
struct FitArgs {
    /// Search space of the table: a name that `ganas space list` shows, or a TOML file
    #[arg(long, value_name = "NAME|FILE", value_parser = names::spaces(), hide_possible_values = true)]
    space: Option<String>,

    /// Table of evaluated architectures: a file, or `nasbench201`, which is built in
    #[arg(long, value_name = "FILE|NAME")]
    table: PathBuf,

    #[command(flatten)]
    reading: SpecArgs<ReadingSpec>,

    /// Column to predict; can be given several times
    #[arg(long, value_name = "COLUMN", required = true)]
    objective: Vec<String>,

    /// Most rows to fit, drawn at random if there are more
    #[arg(long, value_name = "N", default_value_t = FitConfig::default().rows)]
    rows: usize,

    /// Parts of the cross-validation
    #[arg(long, value_name = "N", default_value_t = FitConfig::default().folds)]
    folds: usize,

    /// Kind of model: `auto` takes boosted trees on a linear fit where the cross-validation prefers that,
    /// `trees` takes boosted trees alone
    #[arg(long, value_enum, value_name = "KIND", default_value_t = Kind::Auto)]
    kind: Kind,

    /// Let predictions leave the range of the fitted values. A search then ends where the model extrapolates
    /// the farthest, beyond all measured values
    #[arg(long)]
    extrapolate: bool,

    /// Seed of all random streams
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// File to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Show no progress, and print nothing
    #[arg(long)]
    quiet: bool,
}

#[derive(Clone, Debug, Args)]
struct EvalArgs {
    /// Surrogate: what `ganas surrogate fit` wrote, or a TOML file about others' models
    #[arg(long, value_name = "FILE")]
    surrogate: PathBuf,

    /// Search space, where it is a TOML file [default: the name in the surrogate]
    #[arg(long, value_name = "NAME|FILE", value_parser = names::spaces(), hide_possible_values = true)]
    space: Option<String>,

    /// Architectures in the space's notation
    #[arg(value_name = "ARCH")]
    arch: Vec<String>,

    /// Table to compare with
    #[arg(long, value_name = "FILE", conflicts_with = "arch")]
    table: Option<PathBuf>,

    #[command(flatten)]
    reading: SpecArgs<ReadingSpec>,

    /// Predict N random architectures, and report how long it took
    #[arg(long, value_name = "N", conflicts_with_all = ["arch", "table"])]
    sample: Option<usize>,

    /// File for the comparison with the table as JSON
    #[arg(long, value_name = "FILE", requires = "table")]
    json: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
struct FeaturesArgs {
    /// Search space: a name that `ganas space list` shows, or a TOML file
    #[arg(long, value_name = "NAME|FILE", value_parser = names::spaces(), hide_possible_values = true)]
    space: Option<String>,

    /// Table whose rows to print
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,

    #[command(flatten)]
    reading: SpecArgs<ReadingSpec>,
}

/// Runs the command.
///
/// # Errors
/// If the arguments cannot be used or a file cannot be written.
pub fn run(args: &SurrogateArgs) -> Result<End> {
    match &args.action {
        Action::Fit(args) => fit_one(args)?,
        Action::Eval(args) => eval(args)?,
        Action::Features(args) => features(args)?,
    }
    Ok(End::Done)
}

/// Opens a table without any progress; only that rows were merged is said.
fn open_quietly(file: &Path, space: &dyn SearchSpace, reading: &ReadingSpec) -> Result<Table> {
    let table = reading.read(file, space, &Progress::silent())?;
    if let Some(note) = reading.merged(&table) {
        eprintln!("{note}");
    }
    Ok(table)
}

fn fit_one(args: &FitArgs) -> Result<()> {
    if args.folds < 2 {
        return Err(Error::input("a cross-validation has two parts or more")
            .mend("give `--folds` at least 2")
            .into());
    }
    for (i, name) in args.objective.iter().enumerate() {
        if args.objective[..i].contains(name) {
            return Err(
                Error::input(format!("the objective `{name}` is named twice"))
                    .mend("name it once")
                    .into(),
            );
        }
    }
    if args.out.extension().is_some_and(|e| e == "toml") {
        return Err(Error::input("a surrogate is JSON")
            .mend("name the file `.json`: TOML files describe others' models")
            .in_file(&args.out)
            .into());
    }
    let name = named_space(args.space.as_deref(), Some(&args.table))?;
    let space = args.reading.0.applied_to(registry().notations(name)?)?;
    let progress = progress(args.quiet);
    let table = args.reading.0.open(&args.table, &*space, &progress)?;
    let config = FitConfig {
        rows: args.rows,
        folds: args.folds,
        seed: args.seed,
        kind: match args.kind {
            Kind::Auto => predictor::Kind::Auto,
            Kind::Trees => predictor::Kind::Trees,
        },
        extrapolate: args.extrapolate,
        ..FitConfig::default()
    };
    prepare(&args.out)?;
    let waiting = progress.waiting("fitting");
    let surrogate = fit(&*space, &table, &args.objective, &config)?;
    drop(waiting);
    surrogate.save(&args.out, &*space)?;
    if !args.quiet {
        let comparisons = Comparison::cross_validated(&surrogate);
        let mut out = terminal::stdout();
        writeln!(
            out,
            "{} features, {}-fold cross-validation",
            surrogate.encoding().len(),
            args.folds
        )?;
        print(&comparisons, &mut out)?;
    }
    Ok(())
}

fn eval(args: &EvalArgs) -> Result<()> {
    let name = match &args.space {
        Some(name) => name.clone(),
        None => Surrogate::space_of(&args.surrogate).map_err(unreadable)?,
    };
    let space = args.reading.0.applied_to(registry().notations(&name)?)?;
    let surrogate = Surrogate::open(&args.surrogate, &*space).map_err(unreadable)?;
    let mut out = BufWriter::new(terminal::stdout());
    match (&args.table, args.sample) {
        (Some(table), _) => {
            let table = open_quietly(table, &*space, &args.reading.0)?;
            let (comparisons, absent) = Comparison::with_table(&surrogate, &*space, &table)?;
            if let Some(file) = &args.json {
                write_json(file, &comparisons)?;
            }
            print(&comparisons, &mut out)?;
            for name in absent {
                writeln!(out, "{name}  not compared: the table has no such column")?;
            }
        }
        (None, Some(n)) => time(&surrogate, &*space, n, &mut out)?,
        (None, None) if args.arch.is_empty() => {
            return Err(Error::input("there is nothing to predict")
                .mend("name architectures, `--table FILE` or `--sample N`")
                .into());
        }
        (None, None) => {
            let archs = (args.arch.iter())
                .map(|text| {
                    (space.parse(text)).map_err(|what| Error::input(format!("`{text}`: {what}")))
                })
                .collect::<std::result::Result<Vec<Arch>, Error>>()?;
            for (arch, values) in archs.iter().zip(surrogate.predict(&*space, &archs)) {
                writeln!(out, "{}", space.format(arch))?;
                let width = surrogate
                    .metrics()
                    .iter()
                    .map(String::len)
                    .max()
                    .unwrap_or(0);
                for (metric, value) in surrogate.metrics().iter().zip(values) {
                    writeln!(out, "  {metric:width$}  {value}")?;
                }
            }
        }
    }
    out.flush()?;
    Ok(())
}

fn time(
    surrogate: &Surrogate,
    space: &dyn SearchSpace,
    n: usize,
    out: &mut impl Write,
) -> Result<()> {
    let mut rng = Rng::stream(0, "surrogate/sample");
    let archs: Vec<Arch> = (0..n)
        .map(|_| space.sample(space.samplers()[0], &mut rng))
        .collect();
    let begun = Instant::now();
    let predicted = surrogate.predict(space, &archs);
    let seconds = begun.elapsed().as_secs_f64();
    writeln!(
        out,
        "{n} random architectures in {seconds:.2} s on {} threads",
        rayon::current_num_threads()
    )?;
    for (i, metric) in surrogate.metrics().iter().enumerate() {
        let values = || predicted.iter().map(|values| values[i]);
        writeln!(
            out,
            "{metric}  {:.4} to {:.4}, mean {:.4}",
            values().fold(f64::INFINITY, f64::min),
            values().fold(f64::NEG_INFINITY, f64::max),
            values().sum::<f64>() / n.max(1) as f64
        )?;
    }
    Ok(())
}

fn features(args: &FeaturesArgs) -> Result<()> {
    let name = named_space(args.space.as_deref(), args.table.as_deref())?;
    let space = args.reading.0.applied_to(registry().notations(name)?)?;
    let mut out = BufWriter::new(terminal::stdout());
    let Some(file) = &args.table else {
        for name in Encoding::listed(&*space) {
            writeln!(out, "{name}")?;
        }
        out.flush()?;
        return Ok(());
    };
    let table = open_quietly(file, &*space, &args.reading.0)?;
    let archs: Vec<Arch> = (0..table.len()).map(|row| table.arch(row)).collect();
    let encoding = Encoding::suited(&*space, &archs)?;
    let rows = encoding.rows(&*space, &archs);
    let mut csv = csv::Writer::from_writer(&mut out);
    // A feature and a metric of one name would be two columns of one name.
    let metrics = table.columns().iter().map(|name| format!("metric {name}"));
    csv.write_record(encoding.names().iter().cloned().chain(metrics))?;
    for (row, values) in rows.chunks_exact(encoding.len()).enumerate() {
        let metrics = (0..table.columns().len()).map(|column| table.value(row, column));
        let numbers = values.iter().copied().chain(metrics);
        csv.write_record(numbers.map(|n| n.to_string()))?;
    }
    csv.flush()?;
    Ok(())
}

/// Prints how well metrics are predicted, a line each.
fn print(comparisons: &[Comparison], out: &mut impl Write) -> io::Result<()> {
    let names = comparisons.iter().map(|c| c.objective.len());
    let width = names.max().unwrap_or(0).max("objective".len());
    writeln!(
        out,
        "{:width$}  {:>6}  {:>8}  {:>8}  {:>8}  {:>10}",
        "objective", "rows", "Kendall", "Spearman", "R2", "RMSE"
    )?;
    let number = |value: Option<f64>| value.map_or("-".into(), |v| format!("{v:.4}"));
    for c in comparisons {
        writeln!(
            out,
            "{:width$}  {:>6}  {:>8}  {:>8}  {:>8}  {:>10.4}",
            c.objective,
            c.rows,
            number(c.agreement.kendall),
            number(c.agreement.spearman),
            number(c.agreement.r2),
            c.agreement.rmse
        )?;
    }
    Ok(())
}
