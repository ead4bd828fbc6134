//! `ganas supernet`: weights that all cells of a space share.

mod eval;
mod search;
mod train;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use clap::{Args, Subcommand};
use ganas_core::space::SearchSpace;
use ganas_train::supernet::{self, Scoring};

use crate::end::End;
use crate::names;
use crate::registry::registry;
use crate::typed::Typed;
use ganas_study::progress::Progress;
use ganas_study::source::recipe::usable;
use ganas_study::source::{SUPERNET, Shared};
use ganas_study::spec::DeviceSpec;

const EXAMPLES: &str = "\
Examples:
  ganas supernet train --space nasbench201 --data cifar-10-batches-bin --out runs/supernet
  ganas supernet eval runs/supernet --sample 1000 --table nasbench201.csv.gz --objective cifar10_test
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
    /// Train a supernet, or go on with one
    Train(train::TrainArgs),
    /// Score architectures by a supernet, and compare with a table
    Eval(eval::EvalArgs),
    /// Search by ENAS or DARTS, which go on training the shared weights
    Search(search::SearchArgs),
}

/// A supernet that is trained, and what is done with it.
#[derive(Clone, Debug, Args)]
struct TrainedArgs {
    /// Folder of the supernet
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// Search space, if it is one of a TOML file [default: the supernet's]
    #[arg(long, value_name = "NAME|FILE", value_parser = names::spaces(), hide_possible_values = true)]
    space: Option<String>,

    /// Where its dataset is now [default: where it was]
    #[arg(long, value_name = "DATASET")]
    data: Option<String>,

    /// Validation images to score by [default: all]
    #[arg(long, value_name = "N")]
    images: Option<usize>,

    /// How many are scored or searched for at once
    /// [default: one a core, at most 4 on a graphics card]
    #[arg(long, value_name = "N")]
    workers: Option<usize>,

    #[command(flatten)]
    device: Typed<DeviceSpec>,

    /// File for the results as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Show no progress, and print nothing
    #[arg(long)]
    quiet: bool,
}

impl TrainedArgs {
    /// Opens the supernet.
    fn open(&self, progress: &Progress) -> Result<Shared> {
        let space = space_of(&self.folder, self.space.as_deref())?;
        let scoring = Scoring {
            images: self.images,
            ..Scoring::default()
        };
        let _waiting = progress.waiting("reading the supernet and its images");
        let data = self.data.as_deref();
        Ok(Shared::open(
            &self.folder,
            &space,
            data,
            scoring,
            self.workers,
            &self.device.0,
        )?)
    }
}

/// The space of a supernet: as it is named, or as its file has it.
///
/// # Errors
/// If there is no such space, or no supernet.
pub fn space_of(folder: &Path, named: Option<&str>) -> Result<Arc<dyn SearchSpace>> {
    if let Some(name) = named {
        return Ok(registry().notations(name)?.into());
    }
    let own = supernet::identity(&folder.join(SUPERNET)).map_err(usable)?;
    let space = registry()
        .notations(&own.space)
        .map_err(|e| e.mend("name the TOML file of its space with `--space`"))?;
    Ok(space.into())
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
