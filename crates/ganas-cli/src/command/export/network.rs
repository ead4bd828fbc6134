//! An architecture as a network of another library.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use clap::{Args, ValueEnum};
use ganas_core::arch::Arch;
use ganas_core::error::Error;
use ganas_core::space::SearchSpace;
use ganas_export::{ExportError, Given, Input, Pixels, frame, onnx, preprocessing, pytorch};
use ganas_train::network::MOST_PARAMS;
use ganas_train::supernet::Scoring;
use ganas_train::{Frame, Network, Plan, Preprocessing, Weights};

use ganas_study::source::Shared;
use ganas_study::source::recipe::usable;
use ganas_study::spec::DeviceSpec;

/// Numbers up to one beyond which no network is sensible, and some would fill the memory.
fn at_most(most: i64) -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=most)
}

/// Weights and sizes of an exported network. Without an option the weights decide, or the space's benchmark.
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

    /// Place of the supernet's dataset now [default: where it was]
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

    /// Classes [default: those of the weights or of the search that wrote FILE.json, or 10; of mobile
    /// networks 1000]
    #[arg(long, value_name = "N", help_heading = "Networks", value_parser = at_most(1 << 20))]
    classes: Option<u32>,

    /// Channels of the images [default: those of the weights or of the search that wrote FILE.json, or 3]
    #[arg(long, value_name = "N", help_heading = "Networks", value_parser = at_most(1 << 10))]
    channels: Option<u32>,

    /// Height and width of the images [default: those of the weights or of the search that wrote
    /// FILE.json, or 32; of mobile networks 224]
    #[arg(long, value_name = "PIXELS", help_heading = "Networks", value_parser = at_most(1 << 12))]
    image_size: Option<u32>,

    /// Let the first layer of the network normalise its images, so that it takes raw pixels: `pixels`,
    /// from 0 to 255 (of the digits, 0 to 16), or `--normalize=unit`, from 0 to 1
    ///
    /// Mean and deviation are those of the training images, as FILE.json, the file of `--weights` or the
    /// supernet has them. Without this option the network takes normalised images, as its metadata say.
    #[arg(long, value_name = "SCALE", help_heading = "Networks", num_args = 0..=1,
        require_equals = true, default_missing_value = "pixels")]
    normalize: Option<Scale>,

    /// Seed of fresh weights of an ONNX model [default: 0]
    #[arg(long, value_name = "N", help_heading = "Networks")]
    seed: Option<u64>,
}

/// The scale of raw pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scale {
    /// From 0 to 255, or to 16 in the digits
    Pixels,
    /// From 0 to 1
    Unit,
}

/// Facts about the images of a network, read from the file of its search.
#[derive(Debug, Default)]
pub struct Origin {
    /// Height and width of the images.
    pub size: Option<[usize; 2]>,
    /// Preparation of the images.
    pub preprocessing: Option<Preprocessing>,
}

impl NetworkArgs {
    /// Returns true if an option was given.
    pub fn any(&self) -> bool {
        *self != NetworkArgs::default()
    }

    /// The network as a PyTorch module; `origin` counts where nothing else was given.
    ///
    /// # Errors
    /// If it cannot be built, or the weights are not its own.
    pub fn pytorch(
        &self,
        space: &Arc<dyn SearchSpace>,
        arch: &Arch,
        origin: Origin,
    ) -> Result<String> {
        if self.seed.is_some() {
            return Err(Error::input("PyTorch draws the weights of a module itself")
                .mend("leave out `--seed`, and call `torch.manual_seed`")
                .into());
        }
        let (frame, known) = match &self.supernet {
            Some(folder) => {
                let shared = self.open(folder, space)?;
                (shared.identity.frame, Some(shared.task.preprocessing()))
            }
            None => self.given(&**space, origin)?,
        };
        if let Some(file) = &self.weights {
            let plan = Plan::build(&**space, arch, &frame).map_err(usable)?;
            Weights::load(file, &plan, &ganas_train::cpu()).map_err(usable)?;
        }
        let input = self.input(known.as_ref())?;
        Ok(pytorch(&**space, arch, &frame, &input).map_err(refused)?)
    }

    /// The network as an ONNX model.
    ///
    /// # Errors
    /// As [`pytorch`](Self::pytorch).
    pub fn onnx(
        &self,
        space: &Arc<dyn SearchSpace>,
        arch: &Arch,
        origin: Origin,
    ) -> Result<Vec<u8>> {
        let (network, known) = match &self.supernet {
            Some(folder) => {
                let (network, known) = self.share(folder, space, arch)?;
                (network, Some(known))
            }
            None => self.network(&**space, arch, origin)?,
        };
        let input = self.input(known.as_ref())?;
        Ok(onnx(&**space, arch, &network, &input).map_err(refused)?)
    }

    /// The network with the weights that are given, or with fresh ones.
    fn network(
        &self,
        space: &dyn SearchSpace,
        arch: &Arch,
        origin: Origin,
    ) -> Result<(Network, Option<Preprocessing>)> {
        if let (Some(_), Some(_)) = (&self.weights, self.seed) {
            return Err(Error::input("weights that are given have no seed")
                .mend("leave out `--seed` or `--weights`")
                .into());
        }
        let (frame, known) = self.given(space, origin)?;
        let plan = Plan::build(space, arch, &frame).map_err(usable)?;
        // Protocol buffers hold less than 2 GiB.
        if plan.params() > MOST_PARAMS {
            let error = Error::input(format!(
                "an ONNX model of {} weights would exceed 2 GiB",
                plan.params()
            ));
            return Err(match &self.weights {
                Some(file) => error
                    .mend("name the weights of a smaller network")
                    .in_file(file),
                None => error.mend("give the network a smaller `--width`"),
            }
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
        Ok((network, known))
    }

    /// The weights of the network to a safetensors file, of which the other formats take them.
    ///
    /// # Errors
    /// If no supernet is named, or the file cannot be written.
    pub fn save(&self, space: &Arc<dyn SearchSpace>, arch: &Arch, file: &Path) -> Result<()> {
        let Some(folder) = &self.supernet else {
            return Err(Error::input("nothing has weights of the architecture")
                .mend("name a supernet with `--supernet`")
                .into());
        };
        if self.normalize.is_some() {
            return Err(Error::input("weights alone have no first layer")
                .mend("leave out `--normalize`, or use `--to pytorch` or `onnx`")
                .into());
        }
        let (network, known) = self.share(folder, space, arch)?;
        Ok((network.weights().save_with(file, &known)).map_err(usable)?)
    }

    /// The network as a supernet has it, and how its images are prepared.
    fn share(
        &self,
        folder: &Path,
        space: &Arc<dyn SearchSpace>,
        arch: &Arch,
    ) -> Result<(Network, Preprocessing)> {
        let shared = self.open(folder, space)?;
        let network = (shared.scoring).network(&shared.supernet, &**space, arch, &shared.task);
        Ok((network.map_err(usable)?, shared.task.preprocessing()))
    }

    fn open(&self, folder: &Path, space: &Arc<dyn SearchSpace>) -> Result<Shared> {
        let device = DeviceSpec::default();
        let data = self.data.as_deref();
        Ok(Shared::open(
            folder,
            space,
            data,
            Scoring::default(),
            None,
            &device,
        )?)
    }

    /// The images and classes that a network is built for. The preparation of its images is included if it
    /// is known for them.
    fn given(
        &self,
        space: &dyn SearchSpace,
        origin: Origin,
    ) -> Result<(Frame, Option<Preprocessing>)> {
        let number = |typed: Option<u32>| typed.map(|number| number as usize);
        let weights = self.weights.as_deref();
        let of_weights = weights.map(preprocessing).transpose().map_err(refused)?;
        let known = of_weights.flatten().or(origin.preprocessing);
        let image = known.as_ref().map(|known| known.image);
        let size = image
            .map(|[height, width, _]| [height, width])
            .or(origin.size);
        let mut given = Given {
            width: number(self.width),
            depth: number(self.depth),
            classes: number(self.classes),
            channels: number(self.channels),
            size: number(self.image_size).map(|side| [side; 2]).or(size),
        };
        // Weights say themselves what they have.
        if let (None, Some(known)) = (weights, &known) {
            given.classes = given.classes.or(Some(known.classes.len()));
            given.channels = given.channels.or(Some(known.image[2]));
        }
        let frame = frame(space, &given, weights).map_err(refused)?;
        // An architecture can be taken to other images, of which nothing is known.
        let fits = |known: &Preprocessing| {
            (known.image[2], known.classes.len()) == (frame.image[2], frame.classes)
        };
        Ok((frame, known.filter(fits)))
    }

    /// The input of the network.
    fn input<'a>(&self, known: Option<&'a Preprocessing>) -> Result<Input<'a>> {
        if self.normalize.is_some() && known.is_none() {
            return Err(
                Error::input("nothing says how images of this network are normalised")
                    .mend("name weights or a `result.json` of `ganas search`, and give no other channels or classes")
                    .into(),
            );
        }
        Ok(Input {
            preprocessing: known,
            pixels: self.normalize.map(|scale| match scale {
                Scale::Pixels => Pixels::Whole,
                Scale::Unit => Pixels::Unit,
            }),
        })
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
