//! `ganas pretrain`: networks from earlier tasks.

use anyhow::Result;
use clap::Args;
use ganas_study::pretrain::pretrain;
use ganas_study::spec::PretrainSpec;

use crate::end::End;
use crate::interrupt;
use crate::reporter::{LogArgs, session};
use crate::spec_args::SpecArgs;

const EXAMPLES: &str = "\
Examples:
  ganas pretrain --space nasbench201 --prior runs/first --prior other.csv:accuracy --out networks.json
  ganas search --table nasbench201 --preset adversarial --pretrained networks.json

The file is for this space and this version alone.";

/// Arguments of `ganas pretrain`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct PretrainArgs {
    #[command(flatten)]
    spec: SpecArgs<PretrainSpec>,

    /// Show no progress, and print nothing
    #[arg(long)]
    quiet: bool,
}

/// Runs the command.
///
/// # Errors
/// If the arguments cannot be used, or the file cannot be written.
pub fn run(args: &PretrainArgs) -> Result<End> {
    let session = session(LogArgs::quiet(args.quiet));
    if pretrain(&args.spec.0, &session, interrupt::listen()?)? {
        return Ok(End::Done);
    }
    session.progress.say("interrupted; nothing was written");
    Ok(End::Interrupted)
}
