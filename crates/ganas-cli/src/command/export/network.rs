//! An architecture as a network of another library.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use ganas_core::arch::Arch;
use ganas_core::error::Error;
use ganas_core::space::SearchSpace;
use ganas_export::{ExportError, Given, frame, onnx, pytorch};
use ganas_train::supernet::{self, Scoring};
use ganas_train::{Network, Plan, Weights};

use crate::device::DeviceArgs;
use crate::recipe::usable;
use crate::source::{SUPERNET, Shared};

/// The most weights of an ONNX model, of which protocol buffers hold less than 2 GiB.
const MOST_PARAMS: usize = 500_000_000;

/// Numbers up to one beyond which no network is sensible, and some would fill the memory.
fn at_most(most: i64) -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=most)
}

/// What a network is built for. Without an option it is what the weights have, or what the space's
/// benchmark has.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct NetworkArgs {
    /// Trained weights: a safetensors file that `ganas search` wrote
    /// [default: fresh ones]
    #[arg(long, value_name = "FILE", help_heading = "Networks")]
    weights: Option<PathBuf>,

    /// Weights that a supernet shares: those of the architecture, its batch normalisation measured
    /// anew on training images
    #[arg(long, value_name = "DIR", help_heading = "Networks", conflicts_with_all = [
        "weights", "width", "depth", "classes", "channels", "image_size", "seed"
    ])]
    pub supernet: Option<PathBuf>,

    /// Where the supernet's dataset is now [default: where it was]
    #[arg(
        long,
        value_name = "DATASET",
        help_heading = "Networks",
        requires = "supernet"
    )]
    data: Option<String>,

    /// Channels of the stem [default: those of the weights, or of the benchmark]
    #[arg(long, value_name = "N", help_heading = "Networks", value_parser = at_most(1 << 16))]
    width: Option<u32>,

    /// Cells a stage; in chains, how often each block is repeated; cells of DARTS networks
    /// [default: as in the weights, or in the benchmark]
    #[arg(long, value_name = "N", help_heading = "Networks", value_parser = at_most(200))]
    depth: Option<u32>,

    /// Classes [default: those of the weights, or 10; of mobile networks 1000]
    #[arg(long, value_name = "N", help_heading = "Networks", value_parser = at_most(1 << 20))]
    classes: Option<u32>,

    /// Channels of the images [default: those of the weights, or 3]
    #[arg(long, value_name = "N", help_heading = "Networks", value_parser = at_most(1 << 10))]
    channels: Option<u32>,

    /// Height and width of the images [default: those of the search that wrote FILE.json, or 32; of
    /// mobile networks 224]
    #[arg(long, value_name = "PIXELS", help_heading = "Networks", value_parser = at_most(1 << 12))]
    image_size: Option<u32>,

    /// Seed of fresh weights of an ONNX model [default: 0]
    #[arg(long, value_name = "N", help_heading = "Networks")]
    seed: Option<u64>,
}

impl NetworkArgs {
    /// Whether any of them was given.
    pub fn any(&self) -> bool {
        *self != NetworkArgs::default()
    }

    /// The network as a PyTorch module; `size` is that of the images, if nothing else was given.
    ///
    /// # Errors
    /// If it cannot be built, or the weights are not its own.
    pub fn pytorch(
        &self,
        space: &dyn SearchSpace,
        arch: &Arch,
        size: Option<[usize; 2]>,
    ) -> Result<String> {
        if self.seed.is_some() {
            return Err(Error::input("PyTorch draws the weights of a module itself")
                .mend("leave out `--seed`, and call `torch.manual_seed`")
                .into());
        }
        let frame = match &self.supernet {
            Some(folder) => {
                let file = folder.join(SUPERNET);
                supernet::identity(&file).map_err(usable)?.frame
            }
            None => self.frame(space, size)?,
        };
        if let Some(file) = &self.weights {
            let plan = Plan::build(space, arch, &frame).map_err(usable)?;
            Weights::load(file, &plan, &ganas_train::cpu()).map_err(usable)?;
        }
        Ok(pytorch(space, arch, &frame).map_err(refused)?)
    }

    /// The network as an ONNX model.
    ///
    /// # Errors
    /// As [`pytorch`](Self::pytorch).
    pub fn onnx(
        &self,
        space: &Arc<dyn SearchSpace>,
        arch: &Arch,
        size: Option<[usize; 2]>,
    ) -> Result<Vec<u8>> {
        if let Some(folder) = &self.supernet {
            let network = self.share(folder, space, arch)?;
            return Ok(onnx(&**space, arch, &network).map_err(refused)?);
        }
        let space = &**space;
        if let (Some(_), Some(_)) = (&self.weights, self.seed) {
            return Err(Error::input("weights that are given have no seed")
                .mend("leave out `--seed` or `--weights`")
                .into());
        }
        let plan = Plan::build(space, arch, &self.frame(space, size)?).map_err(usable)?;
        if plan.params() > MOST_PARAMS {
            return Err(Error::input(format!(
                "an ONNX model of {} weights would exceed 2 GiB",
                plan.params()
            ))
            .mend("give the network a smaller `--width`")
            .into());
        }
        let device = ganas_train::cpu();
        let seed = self.seed.unwrap_or(0);
        let network = match &self.weights {
            Some(file) => {
                let weights = Weights::load(file, &plan, &device).map_err(usable)?;
                Network::with_weights(plan, weights, seed, &device)
            }
            None => Network::new(plan, seed, &device),
        };
        Ok(onnx(space, arch, &network).map_err(refused)?)
    }

    /// The weights of the network to a safetensors file, of which the other formats take them.
    ///
    /// # Errors
    /// If there is no supernet that has them, or the file cannot be written.
    pub fn save(&self, space: &Arc<dyn SearchSpace>, arch: &Arch, file: &Path) -> Result<()> {
        let Some(folder) = &self.supernet else {
            return Err(Error::input("nothing has weights of the architecture")
                .mend("name a supernet with `--supernet`")
                .into());
        };
        let network = self.share(folder, space, arch)?;
        Ok(network.weights().save(file).map_err(usable)?)
    }

    /// The network as a supernet has it.
    fn share(&self, folder: &Path, space: &Arc<dyn SearchSpace>, arch: &Arch) -> Result<Network> {
        let scoring = Scoring::default();
        let shared = Shared::open(
            folder,
            space,
            self.data.as_deref(),
            scoring,
            None,
            DeviceArgs::default(),
        )?;
        let network = scoring.network(&shared.supernet, &**space, arch, &shared.task);
        Ok(network.map_err(usable)?)
    }

    fn frame(
        &self,
        space: &dyn SearchSpace,
        size: Option<[usize; 2]>,
    ) -> Result<ganas_train::Frame> {
        let number = |typed: Option<u32>| typed.map(|number| number as usize);
        let side = number(self.image_size);
        let given = Given {
            width: number(self.width),
            depth: number(self.depth),
            classes: number(self.classes),
            channels: number(self.channels),
            size: side.map(|side| [side; 2]).or(size),
        };
        Ok(frame(space, &given, self.weights.as_deref()).map_err(refused)?)
    }
}

/// An error of an export as one of the input.
fn refused(error: ExportError) -> Error {
    match error {
        ExportError::Network(error) => usable(error),
        ExportError::Weights { path, what } => Error::input(what).in_file(path),
        other => Error::input(other.to_string()),
    }
}
