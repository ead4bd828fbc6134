//! A network as data: its layers in order, and the weights that they name.

use ganas_core::arch::Arch;
use ganas_core::space::{Activation, Kind, SearchSpace};
use serde::{Deserialize, Serialize};

use super::{chain, darts, edge_cell, mobile, node_cell};
use crate::error::{Result, TrainError};
use crate::layer::ConvShape;

/// The most channels of a stem. Beyond these limits a number is taken for a slip, or for damage of a
/// file: no machine holds such a network.
pub(crate) const MOST_WIDTH: usize = 1 << 16;
pub(crate) const WIDTH: &str = "at least 1 and at most 65536";
/// The most cells a stage.
pub const MOST_DEPTH: usize = 200;
pub(crate) const DEPTH: &str = "at least 1 and at most 200";
const MOST_CLASSES: usize = 1 << 20;
const MOST_CHANNELS: usize = 1 << 10;
const MOST_SIDE: usize = 1 << 12;
/// The most weights of a network that is trained: 2 GB, and as much again for gradients and momentum.
pub const MOST_PARAMS: usize = 500_000_000;

/// What a network is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Height, width and channels of the images.
    pub image: [usize; 3],
    /// The number of classes.
    pub classes: usize,
    /// The channels of the stem; without it the benchmark's own: 128 in node cells
    /// (NAS-Bench-101), 16 in edge cells (NAS-Bench-201) and in chains (`ours`), the published
    /// ones in mobile networks, where with another number all other widths change in proportion,
    /// in multiples of 8 (`ours`). In DARTS networks: the channels of the first cell's nodes, a
    /// third of the stem's, 36 without it (DARTS).
    pub width: Option<usize>,
    /// Cells a stage; without it the benchmark's own: 3 in node cells (NAS-Bench-101) and 5 in
    /// edge cells (NAS-Bench-201). In a chain: how often each block is repeated, 1 without it
    /// (`ours`). In DARTS networks: the number of cells, 3 at least, 20 without it (DARTS).
    /// Mobile networks take none, as their architectures say how many layers a stage has.
    pub depth: Option<usize>,
}

impl Frame {
    /// CIFAR-10's images and classes, and the benchmark's own width and depth.
    pub fn cifar10() -> Self {
        Frame {
            image: [32, 32, 3],
            classes: 10,
            width: None,
            depth: None,
        }
    }

    /// Whether every size is one that a network can have.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check(&self) -> Result<()> {
        let [height, width, channels] = self.image;
        let sizes = [
            ("width", self.width.unwrap_or(1), MOST_WIDTH, WIDTH),
            ("depth", self.depth.unwrap_or(1), MOST_DEPTH, DEPTH),
            (
                "classes",
                self.classes,
                MOST_CLASSES,
                "at least 1 and at most 1048576",
            ),
            (
                "channels",
                channels,
                MOST_CHANNELS,
                "at least 1 and at most 1024",
            ),
            (
                "image height",
                height,
                MOST_SIDE,
                "at least 1 and at most 4096",
            ),
            (
                "image width",
                width,
                MOST_SIDE,
                "at least 1 and at most 4096",
            ),
        ];
        let wrong = (sizes.into_iter()).find(|(_, size, most, _)| !(1..=*most).contains(size));
        match wrong {
            None => Ok(()),
            Some((name, size, _, range)) => Err(TrainError::Setting {
                name,
                value: size as f64,
                range,
            }),
        }
    }

    /// ImageNet's images and classes as mobile networks are made for, and the published widths.
    pub fn imagenet() -> Self {
        Frame {
            image: [224, 224, 3],
            classes: 1000,
            width: None,
            depth: None,
        }
    }
}

/// What a layer does to its inputs. Numbers of weights and moments are places in the plan's lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    /// The images; no inputs.
    Image,
    /// Zeros; no inputs.
    Zero,
    /// A convolution by a weight `[kernel, kernel, channels, outputs]`.
    Conv {
        /// The weight.
        weight: usize,
        /// Where its windows lie.
        shape: ConvShape,
    },
    /// A convolution of each channel by a weight `[kernel, kernel, channels, 1]`.
    Depthwise {
        /// The weight.
        weight: usize,
        /// Where its windows lie.
        shape: ConvShape,
    },
    /// Batch normalisation, and the rectifier where `relu` says so.
    Norm {
        /// The weight `[1, 1, 1, channels]` that scales.
        scale: usize,
        /// The weight `[1, 1, 1, channels]` that shifts.
        shift: usize,
        /// The running mean and variance.
        moments: usize,
        /// Whether the positive part is taken.
        relu: bool,
    },
    /// The positive part.
    Relu,
    /// Another function of every number.
    Activate {
        /// The function.
        function: Activation,
    },
    /// The largest number of each window.
    MaxPool {
        /// Height and width of a window.
        kernel: usize,
        /// Where the windows lie.
        shape: ConvShape,
    },
    /// The mean of each window, padding left out.
    AvgPool {
        /// Height and width of a window.
        kernel: usize,
        /// Where the windows lie.
        shape: ConvShape,
    },
    /// The mean over the whole image.
    GlobalAvgPool,
    /// The sum of two inputs.
    Add,
    /// The first input, each channel multiplied by its number in the second, `[1, 1, channels]`.
    Gate,
    /// The channels of all inputs, one after another.
    Concat,
    /// The first channels.
    Truncate,
    /// All but the first row and the first column.
    Crop,
    /// The input times a weight `[1, 1, 1, 1]`.
    Scale {
        /// The weight.
        weight: usize,
    },
    /// The input plus a weight `[1, 1, 1, channels]`.
    Bias {
        /// The weight.
        weight: usize,
    },
}

/// A layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What it does.
    pub op: Op,
    /// The steps whose outputs it takes, all earlier.
    pub inputs: Vec<usize>,
    /// Height, width and channels of its output.
    pub shape: [usize; 3],
}

/// How a weight starts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Init {
    /// Normal numbers of this standard deviation.
    Normal(f64),
    /// The same number everywhere.
    Constant(f32),
}

/// A weight of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    /// Its name: the position and the op that it belongs to, and its part there. Architectures
    /// that have an op in common at a position have the name of its weights in common.
    pub name: String,
    /// Its shape.
    pub shape: [usize; 4],
    /// How it starts.
    pub init: Init,
}

/// The name of the weight that is the share of an alternative in a choice.
pub(super) fn share(choice: usize, alternative: usize) -> String {
    format!("share/{choice}/{alternative}")
}

/// A network: layers in order, and the weights that they name.
///
/// A plan holds no numbers, so that one set of weights can serve many plans, and a plan can be
/// written out for another library.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The layers. The first is the images, the last the logits `[1, 1, classes]`.
    pub steps: Vec<Step>,
    /// The weights that are trained.
    pub weights: Vec<Slot>,
    /// The batch normalisations that keep running moments: name and channels.
    pub moments: Vec<(String, usize)>,
}

impl Plan {
    /// The network of an architecture: of NAS-Bench-101 and NAS-Bench-201 the one of the
    /// benchmark, of node cells and edge cells of a space file the same with other ops, of mobile
    /// and of DARTS networks the published ones.
    ///
    /// # Errors
    /// If the architecture is not valid in the space, an op has no known layers, the images do not
    /// fit, or the space's networks have no such width or depth.
    pub fn build(space: &dyn SearchSpace, arch: &Arch, frame: &Frame) -> Result<Plan> {
        space.check(arch).map_err(TrainError::Foreign)?;
        frame.check()?;
        let plan = match space.kind() {
            Kind::NodeCell => node_cell::plan(space.ops(), arch, frame),
            Kind::EdgeCell => edge_cell::plan(space.ops(), arch, frame),
            Kind::Chain => chain::plan(space.ops(), arch, frame),
            Kind::Mobile(space) => mobile::plan(space, arch, frame),
            Kind::Darts(space) => darts::plan(space, arch, frame),
            _ => Err(TrainError::UnknownSpace(space.name().to_owned())),
        }?;
        let fits = |step: &Step| {
            let mut inputs = step.inputs.iter().map(|&input| plan.steps[input].shape);
            let together = match step.op {
                Op::Add => inputs.all(|shape| shape == step.shape),
                Op::Concat => inputs.all(|shape| shape[..2] == step.shape[..2]),
                _ => true,
            };
            together && !step.shape.contains(&0)
        };
        if !plan.steps.iter().all(fits) {
            let [height, width, _] = frame.image;
            return Err(TrainError::ImageSize { height, width });
        }
        Ok(plan)
    }

    /// The network of all choices at once. At each position of an edge cell, and at each vertex of a
    /// node cell, it has the sum of what all ops yield, and a node cell has all edges. Each is times
    /// a weight of its own, which [`share`](Self::share) finds by its name. The other weights have the
    /// names that they have in the network of an architecture.
    ///
    /// Where one share is 1 and the others are 0 in every choice, it yields what the architecture
    /// yields, but for node cells whose output several vertices feed: those have fewer channels there,
    /// one after another, while the mixture adds all of them.
    ///
    /// # Errors
    /// As [`build`](Self::build), and if the space has no cells.
    pub fn mixture(space: &dyn SearchSpace, frame: &Frame) -> Result<Plan> {
        frame.check()?;
        match space.kind() {
            Kind::EdgeCell => edge_cell::mixture(space, frame),
            Kind::NodeCell => node_cell::mixture(space, frame),
            _ => Err(TrainError::NoSupernet(space.name().to_owned())),
        }
    }

    /// The choice and the alternative whose share in a mixture a weight is.
    pub fn share(name: &str) -> Option<(usize, usize)> {
        let (choice, alternative) = name.strip_prefix("share/")?.split_once('/')?;
        Some((choice.parse().ok()?, alternative.parse().ok()?))
    }

    /// The number of weights that are trained.
    pub fn params(&self) -> usize {
        count(&self.weights)
    }

    /// Whether a machine can hold its weights while they are trained.
    ///
    /// # Errors
    /// If there are more than [`MOST_PARAMS`].
    pub fn check_params(&self) -> Result<()> {
        check_params(self.params())
    }

    /// The multiply-adds of the convolutions and of the dense layers for one image, those of layers
    /// that do not reach the output included.
    ///
    /// With the space's own frame they are its cost `macs`, but for `darts`, `nasbench301` and
    /// `accel-nasbench`, whose cost charges batch norm and average pooling as well, as their
    /// tables do.
    pub fn macs(&self) -> usize {
        let macs = self.steps.iter().map(|step| match step.op {
            Op::Conv { weight, .. } | Op::Depthwise { weight, .. } => {
                let factors = self.weights[weight].shape.iter().chain(&step.shape[..2]);
                factors.fold(1, |product: usize, n| product.saturating_mul(*n))
            }
            _ => 0,
        });
        macs.fold(0, usize::saturating_add)
    }

    /// For each step, whether the output depends on it.
    pub fn live(&self) -> Vec<bool> {
        let mut live = vec![false; self.steps.len()];
        if let Some(last) = live.last_mut() {
            *last = true;
        }
        for (i, step) in self.steps.iter().enumerate().rev() {
            if live[i] {
                step.inputs.iter().for_each(|&input| live[input] = true);
            }
        }
        live
    }
}

/// The number of weights in some slots.
pub(crate) fn count<'a>(slots: impl IntoIterator<Item = &'a Slot>) -> usize {
    let sizes = (slots.into_iter()).map(|slot| {
        slot.shape
            .iter()
            .fold(1, |size: usize, n| size.saturating_mul(*n))
    });
    sizes.fold(0, usize::saturating_add)
}

/// Whether a machine can hold so many weights while they are trained.
///
/// # Errors
/// If there are more than [`MOST_PARAMS`].
pub(crate) fn check_params(params: usize) -> Result<()> {
    if params > MOST_PARAMS {
        return Err(TrainError::TooLarge { params });
    }
    Ok(())
}
