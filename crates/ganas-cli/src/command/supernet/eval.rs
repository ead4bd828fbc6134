//! `ganas supernet eval`.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use ganas_core::arch::Arch;
use ganas_core::error::{Error, Result as CoreResult};
use ganas_core::rng::Rng;
use ganas_core::space::{Sampler, SearchSpace};
use ganas_tables::Table;

use super::trained::TrainedArgs;
use crate::end::End;
use crate::interrupt;
use crate::process::command_line;
use crate::reporter::progress;
use crate::spec_args::SpecArgs;
use crate::terminal;
use ganas_study::VERSION;
use ganas_study::files::{prepare, write_json};
use ganas_study::spec::ReadingSpec;
use ganas_study::supernet::{Comparison, Scores, score};

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
    let table = table.as_ref();
    let values = |arch: &Arch| {
        table.zip(column).and_then(|(table, column)| {
            let value = table.value(table.find(arch)?, column);
            (!value.is_nan()).then_some(value)
        })
    };
    let Some((scores, failures)) = score(&shared, &archs, values, &progress, stop)? else {
        return Ok(End::Interrupted);
    };
    let report = Scores {
        ganas: VERSION.into(),
        command: command_line(),
        identity: shared.identity.clone(),
        scoring: shared.scoring,
        device: shared.device.clone(),
        comparison: args
            .objective
            .as_ref()
            .map(|name| Comparison::of(name, &scores)),
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

fn print(report: &Scores, each: bool) -> io::Result<()> {
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
