//! `ganas supernet eval`.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use ganas_core::arch::Arch;
use ganas_core::error::{Error, Result as CoreResult};
use ganas_core::evaluate::{Evaluator, Outcome};
use ganas_core::rng::Rng;
use ganas_core::space::{Sampler, SearchSpace};
use ganas_tables::Table;
use ganas_train::supernet::{Identity, Scoring};
use serde::Serialize;

use super::trained::TrainedArgs;
use crate::end::End;
use crate::interrupt;
use crate::process::command_line;
use crate::reporter::progress;
use crate::spec_args::SpecArgs;
use crate::terminal;
use ganas_search::predictor::{kendall, spearman};
use ganas_study::VERSION;
use ganas_study::files::{prepare, write_json};
use ganas_study::spec::ReadingSpec;

/// Architectures that are scored between two looks at Ctrl-C.
const CHUNK: usize = 20;

const EXAMPLES: &str = "\
Examples:
  ganas supernet eval runs/supernet --sample 1000 \\
      --table nasbench201 --objective cifar10_test --images 1000 --json correlation.json
  ganas supernet eval runs/supernet --arch '|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|nor_conv_1x1~2|'";

/// Arguments of `ganas supernet eval`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct EvalArgs {
    #[command(flatten)]
    trained: TrainedArgs,

    /// Architecture to score, in the space's notation; can be given several times
    #[arg(long, value_name = "ARCH", conflicts_with = "sample")]
    arch: Vec<String>,

    /// Random architectures to score; of the table, if there is one
    #[arg(long, value_name = "N")]
    sample: Option<usize>,

    /// Seed of that sample
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// Table to compare with
    #[arg(long, value_name = "FILE", requires = "objective")]
    table: Option<PathBuf>,

    #[command(flatten)]
    reading: SpecArgs<ReadingSpec>,

    /// Column of the table to compare with
    #[arg(long, value_name = "COLUMN", requires = "table")]
    objective: Option<String>,
}

/// Result of the evaluation.
#[derive(Debug, Serialize)]
struct Report {
    /// The version of this program.
    ganas: String,
    /// The command line, program name left out.
    command: Vec<String>,
    /// Space, dataset and settings of the supernet.
    identity: Identity,
    /// Settings of the scores.
    scoring: Scoring,
    /// The device that it is on.
    device: String,
    /// The column of the table, and how the accuracies compare with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    comparison: Option<Comparison>,
    /// The scores.
    scores: Vec<Scored>,
    /// The architectures without a score, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failures: Vec<(String, String)>,
    /// Wall time in seconds.
    seconds: f64,
}

#[derive(Debug, Serialize)]
struct Comparison {
    column: String,
    architectures: usize,
    /// Correlation of the accuracy with the column.
    spearman: Option<f64>,
    kendall: Option<f64>,
    /// Correlation of the negative loss with the column.
    loss_spearman: Option<f64>,
    loss_kendall: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Scored {
    arch: String,
    /// Percent of the validation images.
    accuracy: f64,
    /// Nats.
    loss: f64,
    /// The table's value.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<f64>,
}

/// Runs the command.
///
/// # Errors
/// If the arguments cannot be used or the results cannot be written.
pub fn run(args: &EvalArgs) -> Result<End> {
    let trained = &args.trained;
    let progress = progress(trained.quiet);
    let shared = trained.open(&progress)?;
    let space = &shared.space;
    let table = (args.table.as_deref())
        .map(|file| args.reading.0.open(file, &**space, &progress))
        .transpose()?;
    let column = match (&table, &args.objective) {
        (Some(table), Some(name)) => Some(table.column(name)?),
        _ => None,
    };
    let archs = archs(args, &**space, table.as_ref())?;
    if let Some(file) = &trained.json {
        prepare(file)?;
    }
    let stop = interrupt::listen()?;
    let begun = std::time::Instant::now();
    let mut evaluator = shared.evaluator();
    let bar = progress.queries(archs.len());
    let mut scores = Vec::with_capacity(archs.len());
    let mut failures = Vec::new();
    for chunk in archs.chunks(CHUNK) {
        if stop.load(std::sync::atomic::Ordering::Relaxed) {
            return Ok(End::Interrupted);
        }
        for (arch, outcome) in chunk.iter().zip(evaluator.evaluate(chunk)) {
            let (accuracy, loss) = match outcome {
                Outcome::Done(metrics) => (metrics[0], metrics[1]),
                Outcome::Failed(why) => {
                    failures.push((space.format(arch), why));
                    continue;
                }
            };
            let value = table.as_ref().zip(column).and_then(|(table, column)| {
                let value = table.value(table.find(arch)?, column);
                (!value.is_nan()).then_some(value)
            });
            scores.push(Scored {
                arch: space.format(arch),
                accuracy,
                loss,
                value,
            });
        }
        bar.advance(chunk.len());
    }
    drop(bar);
    if let (true, Some((_, why))) = (scores.is_empty(), failures.first()) {
        return Err(Error::input(why.clone()).into());
    }
    let report = Report {
        ganas: VERSION.into(),
        command: command_line(),
        identity: shared.identity.clone(),
        scoring: shared.scoring,
        device: shared.device.clone(),
        comparison: args.objective.as_ref().map(|name| compare(name, &scores)),
        scores,
        failures,
        seconds: begun.elapsed().as_secs_f64(),
    };
    if let Some(file) = &trained.json {
        write_json(file, &report)?;
    }
    if !trained.quiet {
        print(&report, args.sample.is_none())?;
    }
    Ok(End::Done)
}

/// Returns the architectures to score: those that are named, or a sample.
fn archs(args: &EvalArgs, space: &dyn SearchSpace, table: Option<&Table>) -> CoreResult<Vec<Arch>> {
    let mut rng = Rng::stream(args.seed, "supernet/sample");
    match (args.sample, table) {
        (Some(0), _) => {
            Err(Error::input("there is no architecture to score")
                .mend("give `--sample` at least 1"))
        }
        (Some(count), Some(table)) => Ok((rng.distinct(table.len(), count).into_iter())
            .map(|row| table.arch(row))
            .collect()),
        (Some(count), None) => {
            let sampler = Sampler::feasible(space, None)?;
            Ok((0..count)
                .map(|_| space.sample(sampler, &mut rng))
                .collect())
        }
        (None, _) if args.arch.is_empty() => Err(Error::input("there is no architecture to score")
            .mend("name some with `--arch`, or draw some with `--sample 1000`")),
        (None, _) => (args.arch.iter())
            .map(|text| {
                (space.parse(text)).map_err(|what| Error::input(format!("--arch `{text}`: {what}")))
            })
            .collect(),
    }
}

fn compare(column: &str, scores: &[Scored]) -> Comparison {
    let known = scores.iter().filter_map(|s| Some((s, s.value?)));
    let (scores, values): (Vec<&Scored>, Vec<f64>) = known.unzip();
    let accuracies: Vec<f64> = scores.iter().map(|s| s.accuracy).collect();
    let losses: Vec<f64> = scores.iter().map(|s| -s.loss).collect();
    Comparison {
        column: column.to_owned(),
        architectures: values.len(),
        spearman: spearman(&accuracies, &values),
        kendall: kendall(&accuracies, &values),
        loss_spearman: spearman(&losses, &values),
        loss_kendall: kendall(&losses, &values),
    }
}

fn print(report: &Report, each: bool) -> io::Result<()> {
    let mut out = terminal::stdout();
    for (arch, why) in &report.failures {
        writeln!(out, "no score  {arch}: {why}")?;
    }
    if each {
        for score in &report.scores {
            write!(
                out,
                "{:.2} %  loss {:.4}  {}",
                score.accuracy, score.loss, score.arch
            )?;
            match score.value {
                Some(value) => writeln!(out, "  {value}")?,
                None => writeln!(out)?,
            }
        }
    }
    if let Some(comparison) = &report.comparison {
        let number = |value: Option<f64>| value.map_or("-".to_owned(), |v| format!("{v:.3}"));
        writeln!(
            out,
            "{} architectures against {}: Spearman {}, Kendall {} by accuracy; {}, {} by loss",
            comparison.architectures,
            comparison.column,
            number(comparison.spearman),
            number(comparison.kendall),
            number(comparison.loss_spearman),
            number(comparison.loss_kendall)
        )?;
    } else if !each {
        let best = report
            .scores
            .iter()
            .max_by(|a, b| a.accuracy.total_cmp(&b.accuracy));
        if let Some(best) = best {
            writeln!(
                out,
                "{} architectures, the best {:.2} %: {}",
                report.scores.len(),
                best.accuracy,
                best.arch
            )?;
        }
    }
    Ok(())
}
