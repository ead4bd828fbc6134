//! An architecture as a network of another library.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use ganas_core::arch::Arch;
use ganas_core::error::Error;
use ganas_core::space::SearchSpace;
use ganas_export::{ExportError, Given, frame, onnx, pytorch};
use ganas_train::{Network, Plan, Weights};

use crate::recipe::usable;

/// What a network is built for. Without an option it is what the weights have, or what the space's
/// benchmark has.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct NetworkArgs {
    /// Trained weights: a safetensors file that `ganas search` wrote
    /// [default: fresh ones]
    #[arg(long, value_name = "FILE", help_heading = "Networks")]
    weights: Option<PathBuf>,

    /// Channels of the stem [default: those of the weights, or of the benchmark]
    #[arg(long, value_name = "N", help_heading = "Networks")]
    width: Option<usize>,

    /// Cells a stage; in chains, how often each block is repeated; cells of DARTS networks
    /// [default: as in the weights, or in the benchmark]
    #[arg(long, value_name = "N", help_heading = "Networks")]
    depth: Option<usize>,

    /// Classes [default: those of the weights, or 10; of mobile networks 1000]
    #[arg(long, value_name = "N", help_heading = "Networks")]
    classes: Option<usize>,

    /// Channels of the images [default: those of the weights, or 3]
    #[arg(long, value_name = "N", help_heading = "Networks")]
    channels: Option<usize>,

    /// Height and width of the images [default: 32; of mobile networks 224]
    #[arg(long, value_name = "PIXELS", help_heading = "Networks")]
    image_size: Option<usize>,

    /// Seed of fresh weights of an ONNX model [default: 0]
    #[arg(long, value_name = "N", help_heading = "Networks")]
    seed: Option<u64>,
}

impl NetworkArgs {
    /// Whether any of them was given.
    pub fn any(&self) -> bool {
        *self != NetworkArgs::default()
    }

    /// The network as a PyTorch module.
    ///
    /// # Errors
    /// If it cannot be built, or the weights are not its own.
    pub fn pytorch(&self, space: &dyn SearchSpace, arch: &Arch) -> Result<String> {
        if self.seed.is_some() {
            return Err(Error::input("PyTorch draws the weights of a module itself")
                .mend("leave out `--seed`, and call `torch.manual_seed`")
                .into());
        }
        let frame = self.frame(space)?;
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
    pub fn onnx(&self, space: &dyn SearchSpace, arch: &Arch) -> Result<Vec<u8>> {
        if let (Some(_), Some(_)) = (&self.weights, self.seed) {
            return Err(Error::input("weights that are given have no seed")
                .mend("leave out `--seed` or `--weights`")
                .into());
        }
        let plan = Plan::build(space, arch, &self.frame(space)?).map_err(usable)?;
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

    fn frame(&self, space: &dyn SearchSpace) -> Result<ganas_train::Frame> {
        let given = Given {
            width: self.width,
            depth: self.depth,
            classes: self.classes,
            channels: self.channels,
            pixels: self.image_size,
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
