//! `ganas supernet`: weights that all networks of a space share.

mod eval;
mod search;
mod train;
mod trained;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::end::End;

pub use trained::space_of;

const EXAMPLES: &str = "\
Examples:
  ganas supernet train --space nasbench201 --data cifar-10-batches-bin --out runs/supernet
  ganas supernet eval runs/supernet --sample 1000 --table nasbench201 --objective cifar10_test
  ganas search --space nasbench201 --supernet runs/supernet --objective loss
  ganas supernet search runs/supernet --space nasbench201 --method enas";

/// Arguments of `ganas supernet`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct SupernetArgs {
    #[command(subcommand)]
    command: SupernetCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum SupernetCommand {
    /// Train a supernet, or continue its training
    Train(train::TrainArgs),
    /// Score architectures by a supernet, and compare with a table
    Eval(eval::EvalArgs),
    /// Search by ENAS, TuNAS, DARTS or GAEA, which continue to train the shared weights
    Search(search::SearchArgs),
}

/// Runs the command.
///
/// # Errors
/// If the arguments cannot be used or the results cannot be written.
pub fn run(args: &SupernetArgs) -> Result<End> {
    match &args.command {
        SupernetCommand::Train(args) => train::run(args),
        SupernetCommand::Eval(args) => eval::run(args),
        SupernetCommand::Search(args) => search::run(args),
    }
}
