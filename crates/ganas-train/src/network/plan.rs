//! A network as data: its layers in order, and the weights that they name.

use ganas_core::arch::Arch;
use ganas_core::space::{Activation, Kind, SearchSpace};
use serde::{Deserialize, Serialize};

use super::{chain, darts, edge_cell, mobile, node_cell};
use crate::error::{Result, TrainError};
use crate::layer::ConvShape;

/// The most channels of a stem. A larger number is taken for a slip or a damaged file, since no
/// machine can hold such a network.
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

/// The frame of a network: images, classes and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Height, width and channels of the images.
    pub image: [usize; 3],
    /// The number of classes.
    pub classes: usize,
    /// The channels of the stem; by default those of the benchmark. These are 128 in node cells
    /// (NAS-Bench-101), 16 in edge cells (NAS-Bench-201) and in chains (`ours`), and the published
    /// ones in mobile networks. Another number changes all widths of a mobile network in
    /// proportion, in multiples of 8 (`ours`). In DARTS networks it is the number of channels of
    /// the first cell's nodes, a third of the stem's; 36 by default (DARTS).
    pub width: Option<usize>,
    /// Cells a stage; by default those of the benchmark: 3 in node cells (NAS-Bench-101) and 5 in
    /// edge cells (NAS-Bench-201). In a chain, the number of repeats of each block, 1 by default
    /// (`ours`). In DARTS networks, the number of cells, at least 3 and by default 20 (DARTS).
    /// Mobile networks take none, since their architectures determine the layers of a stage.
    pub depth: Option<usize>,
}

impl Frame {
    /// CIFAR-10's images and classes, with the benchmark's own width and depth.
    pub fn cifar10() -> Self {
        Frame {
            image: [32, 32, 3],
            classes: 10,
            width: None,
            depth: None,
        }
    }

    /// Checks that every size is possible for a network.
    ///
    /// # Errors
    /// If a size is out of its range.
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

/// The operation of a layer. Numbers of weights and moments are indices into the plan's lists.
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
        /// The windows.
        shape: ConvShape,
    },
    /// A convolution of each channel by a weight `[kernel, kernel, channels, 1]`.
    Depthwise {
        /// The weight.
        weight: usize,
        /// The windows.
        shape: ConvShape,
    },
    /// Batch normalisation, followed by the rectifier if `relu` is set.
    Norm {
        /// The weight `[1, 1, 1, channels]` that scales.
        scale: usize,
        /// The weight `[1, 1, 1, channels]` that shifts.
        shift: usize,
        /// The running mean and variance.
        moments: usize,
        /// True if the rectifier follows.
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
        /// The windows.
        shape: ConvShape,
    },
    /// The mean of each window, padding left out.
    AvgPool {
        /// Height and width of a window.
        kernel: usize,
        /// The windows.
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
    /// Drops the first row and the first column.
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
    /// The operation.
    pub op: Op,
    /// The steps that feed it, all earlier.
    pub inputs: Vec<usize>,
    /// Height, width and channels of its output.
    pub shape: [usize; 3],
}

/// The initial value of a weight.
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
    /// The weight's name: its position, its op and its part there. Architectures with the same op
    /// at a position share the names of its weights.
    pub name: String,
    /// The weight's shape.
    pub shape: [usize; 4],
    /// The weight's initial value.
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
    /// The network of an architecture. Architectures of NAS-Bench-101 and NAS-Bench-201 have the
    /// benchmark's network. Node cells and edge cells of a space file have the same with other ops.
    /// Mobile and DARTS networks are the published ones.
    ///
    /// # Errors
    /// If the architecture is not valid in the space, an op has no known layers, the images do not
    /// fit, or the width or depth does not suit the space's networks.
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

    /// The network of all choices at once. Each position of an edge cell, and each vertex of a node
    /// cell, has the sum of the outputs of all ops. A node cell has all edges. Each term has a
    /// weight of its own, which [`share`](Self::share) finds by its name. The other weights have
    /// the same names as in the network of an architecture.
    ///
    /// If one share of every choice is 1 and the others are 0, its output is the output of the
    /// architecture. Node cells with several inputs of the output are an exception. Those inputs
    /// have fewer channels there and are concatenated, while the mixture adds all of them.
    ///
    /// # Errors
    /// Those of [`build`](Self::build), and if the space has no cells.
    pub fn mixture(space: &dyn SearchSpace, frame: &Frame) -> Result<Plan> {
        frame.check()?;
        match space.kind() {
            Kind::EdgeCell => edge_cell::mixture(space, frame),
            Kind::NodeCell => node_cell::mixture(space, frame),
            _ => Err(TrainError::NoCells(space.name().to_owned())),
        }
    }

    /// The choice and the alternative of a weight that is a share in a mixture.
    pub fn share(name: &str) -> Option<(usize, usize)> {
        let (choice, alternative) = name.strip_prefix("share/")?.split_once('/')?;
        Some((choice.parse().ok()?, alternative.parse().ok()?))
    }

    /// The number of weights that are trained.
    pub fn params(&self) -> usize {
        count(&self.weights)
    }

    /// Checks that a machine can hold the weights during training.
    ///
    /// # Errors
    /// If there are more than [`MOST_PARAMS`].
    pub fn check_params(&self) -> Result<()> {
        check_params(self.params())
    }

    /// The multiply-adds of the convolutions and of the dense layers for one image. Layers that do
    /// not reach the output are included.
    ///
    /// With the space's own frame they are its cost `macs`. Exceptions are `darts`, `nasbench301`
    /// and `accel-nasbench`: like their tables, these count batch norm and average pooling as well.
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

/// Checks that a machine can hold this number of weights during training.
///
/// # Errors
/// If there are more than [`MOST_PARAMS`].
pub(crate) fn check_params(params: usize) -> Result<()> {
    if params > MOST_PARAMS {
        return Err(TrainError::TooLarge { params });
    }
    Ok(())
}
