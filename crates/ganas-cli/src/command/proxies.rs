//! `ganas proxies`: zero-cost proxies of architectures.

use anyhow::Result;
use clap::Args;
use ganas_study::proxies::compute;
use ganas_study::spec::ProxiesSpec;

use crate::end::End;
use crate::interrupt;
use crate::reporter::{LogArgs, session};
use crate::spec_args::SpecArgs;

const EXAMPLES: &str = "\
Examples:
  ganas proxies --space nasbench201 --proxy nwot --proxy synflow --out proxies.csv
  ganas proxies '|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|' --out one.csv
  ganas proxies --space darts --sample 200 --depth 8 --data cifar-10-batches-bin
  ganas search --train digits --known nwot --known synflow
      computes what it needs itself

Without architectures, `--table` or `--sample`, all of a small space are taken. The same command continues a
computation that was interrupted. `--known proxies.csv:nwot` of a search reads the file.";

/// Arguments of `ganas proxies`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ProxiesArgs {
    /// Architectures in the space's notation or by their names
    #[arg(value_name = "ARCH")]
    archs: Vec<String>,

    #[command(flatten)]
    spec: SpecArgs<ProxiesSpec>,

    /// Show no progress, and print nothing
    #[arg(long)]
    quiet: bool,
}

/// Runs the command.
///
/// # Errors
/// If the arguments cannot be used, or the file cannot be written.
pub fn run(args: &ProxiesArgs) -> Result<End> {
    let session = session(LogArgs::quiet(args.quiet));
    let done = compute(&args.spec.0, &args.archs, &session, interrupt::listen()?)?;
    if !done.is_whole {
        session
            .progress
            .say("interrupted; the same command continues");
        return Ok(End::Interrupted);
    }
    if !args.quiet {
        println!("{}", done.summary());
    }
    Ok(End::Done)
}
