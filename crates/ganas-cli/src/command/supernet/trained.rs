//! Supernets that were trained: their folder, space, dataset and device.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use ganas_core::space::SearchSpace;
use ganas_train::supernet::{self, Scoring};

use crate::names;
use crate::registry::registry;
use crate::spec_args::SpecArgs;
use ganas_study::progress::Progress;
use ganas_study::source::recipe::usable;
use ganas_study::source::{SUPERNET, Shared};
use ganas_study::spec::DeviceSpec;

/// Options of commands that use a trained supernet.
#[derive(Clone, Debug, Args)]
pub struct TrainedArgs {
    /// Folder of the supernet
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// Search space, if it is one of a TOML file [default: the supernet's]
    #[arg(long, value_name = "NAME|FILE", value_parser = names::spaces(), hide_possible_values = true)]
    space: Option<String>,

    /// Place of its dataset now [default: where it was]
    #[arg(long, value_name = "DATASET")]
    data: Option<String>,

    /// Validation images to score by [default: all]
    #[arg(long, value_name = "N")]
    images: Option<usize>,

    /// Architectures that are scored or searched for at once
    /// [default: one a core, at most 4 on a graphics card]
    #[arg(long, value_name = "N")]
    workers: Option<usize>,

    #[command(flatten)]
    device: SpecArgs<DeviceSpec>,

    /// File for the results as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Show no progress, and print nothing
    #[arg(long)]
    pub quiet: bool,
}

impl TrainedArgs {
    /// Opens the supernet.
    ///
    /// # Errors
    /// If it or its dataset cannot be used.
    pub fn open(&self, progress: &Progress) -> Result<Shared> {
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

/// Opens the space of a supernet: the one that is named, or the one in its file.
///
/// # Errors
/// If the space or the supernet cannot be opened.
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
