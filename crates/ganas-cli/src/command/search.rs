//! `ganas search`: one search, and its result.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use ganas_core::driver::StopReason;
use ganas_study::files::{prepare, write_json};
use ganas_study::record::SearchReport;
use ganas_study::run::{Embedding, Prepared};
use ganas_study::rundir::settings::Recorded;
use ganas_study::spec::SearchSpec;

use super::result::{print, reason};
use crate::end::End;
use crate::interrupt;
use crate::process::command_line;
use crate::reporter::{LogArgs, session};
use crate::spec_args::SpecArgs;

const EXAMPLES: &str = "\
Examples:
  ganas search
      trains cells of nasbench201 on handwritten digits that are built in: no data, a minute or two
  ganas search --table nasbench201
  ganas search --space nasbench101 --table nasbench101.csv.gz --objective test_accuracy \\
      --strategy evolution --queries 1000 --constraint 'params <= 5e6' --out runs/small
  ganas search --space nasbench101 --table nasbench101.csv.gz --objective test_accuracy \\
      --start resnet --constraint 'params <= @start'
  ganas search --space my-space.toml --table measured.csv.gz --objective latency_ms:min
  ganas search --space nasbench201 --table joined.csv --objective cifar10_test:max \\
      --objective edgegpu_latency:min
      finds the front: every architecture that no other one beats in both
  ganas search --space my-space.toml --train cifar-10-batches-bin --epochs 20 --width 16
  ganas search --train cifar-10-batches-bin --width 16 --device gpu
  ganas search --space nasbench201 --supernet runs/supernet --objective loss --queries 100
  ganas search --space nasbench201 --command 'python3 train.py' --workers 4 --timeout 3600
  ganas search --space my-space.toml --command 'srun --gres=gpu:1 python train.py' --workers 8 --async

Costs such as `params` are those of the benchmark's own network, even if other networks are trained.

Exit codes: 0 done; 2 unusable arguments or input; 3 no architecture was found that can be used, or the
evaluations kept failing; 130 interrupted, and `ganas resume` continues; 1 anything else. The digits are
\"Optical Recognition of Handwritten Digits\" by E. Alpaydin and C. Kaynak (UCI, CC BY 4.0).";

/// Arguments of `ganas search`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct SearchArgs {
    #[command(flatten)]
    pub spec: SpecArgs<SearchSpec>,

    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments about what a search writes beside its run folder.
#[derive(Clone, Debug, Default, Args)]
pub struct OutputArgs {
    /// File for the result as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    #[command(flatten)]
    pub log: LogArgs,
}

/// Runs the command.
///
/// # Errors
/// If the arguments cannot be used or the results cannot be written.
pub fn run(args: &SearchArgs) -> Result<End> {
    search(&args.spec.0, None, &args.output)
}

/// Runs a search, or resumes one.
///
/// # Errors
/// If the specification cannot be used, something is not as it was when a resumed run began, or the
/// results cannot be written.
pub fn search(spec: &SearchSpec, resumed: Option<&Recorded>, output: &OutputArgs) -> Result<End> {
    let log = output.log;
    let session = session(log);
    let progress = &session.progress;
    let prepared = Prepared::new(spec, resumed, Embedding::default(), &session)?;
    if let Some(caller) = prepared.task.source.caller() {
        return Err(caller.absent().into());
    }
    if let Some(file) = &output.json {
        prepare(file)?;
    }
    let stop = interrupt::listen()?;
    prepared.announce(progress)?;
    let bar = progress.search(prepared.queries);
    let command = command_line();
    let plan = prepared.plan(resumed, &command);
    let report = plan.run(None, progress, &bar, stop)?;
    drop(bar);
    if let Some(file) = &output.json {
        write_json(file, &report)?;
    }
    let printed = if log.quiet {
        Ok(())
    } else {
        print(&report, &prepared.task, prepared.out.as_deref())
    };
    let failed = report.run.stop == StopReason::Failures;
    match report.run.stop {
        // It may be that the terminal was closed.
        StopReason::Interrupted => Ok(End::Interrupted),
        _ if failed || !report.has_found() => {
            if !log.is_json() {
                eprintln!("error: {}", nothing(&report, prepared.out.as_deref()));
            }
            printed.map(|()| End::Nothing)
        }
        _ => printed.map(|()| End::Done),
    }
}

/// Why a search ended without what it was for, and what to do about it.
fn nothing(report: &SearchReport, folder: Option<&Path>) -> String {
    let run = &report.run;
    let again = match folder {
        Some(folder) => format!(
            "mend that, and `ganas resume {} --retry-failed` continues",
            folder.display()
        ),
        None => "mend that, and search again".into(),
    };
    let failure = report.failure.as_deref().map(reason).unwrap_or_default();
    if run.stop == StopReason::Failures && run.failed < run.queries {
        return format!("evaluations keep failing, the first: {failure}; {again}");
    }
    if run.failed > 0 && run.failed == run.queries {
        return format!(
            "all {} evaluations failed, the first: {failure}; {again}",
            run.failed
        );
    }
    if run.queries == 0 {
        return "nothing was evaluated; give more `--queries`, a longer `--time-limit` or looser \
                constraints"
            .into();
    }
    let breaches = report
        .nearest
        .as_ref()
        .map(|nearest| nearest.breaches.join("; "));
    match breaches {
        Some(breaches) => format!(
            "no architecture met the constraints; the nearest: {breaches}; loosen them, or give more \
             `--queries`"
        ),
        None => "no architecture met the constraints; loosen them, or give more `--queries`".into(),
    }
}
