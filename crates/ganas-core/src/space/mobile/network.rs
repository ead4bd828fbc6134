//! A mobile network as data, and what it costs.

use super::super::tally::Tally;
use crate::space::Activation;

/// The images that the networks are made for, and the classes that they tell apart: ImageNet's.
const IMAGE: usize = 224;
const CLASSES: usize = 1000;

/// A mobile network, layer by layer. Convolutions have no bias and are followed by batch norm,
/// unless something else is said; padding keeps the image at stride 1 and halves it, rounding up,
/// at stride 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MobileNet {
    /// Output channels of the stem, a 3x3 convolution of stride 2.
    pub stem: usize,
    /// What follows the stem's batch norm and the layers of the head.
    pub activation: Activation,
    /// The blocks in order.
    pub blocks: Vec<Bottleneck>,
    /// The end of the network.
    pub head: MobileHead,
}

/// An inverted bottleneck (Sandler et al. 2018, arXiv 1801.04381): a 1x1 convolution that widens
/// (absent if the expansion is 1), a depthwise convolution, a squeeze-and-excitation if there is
/// one, a 1x1 convolution that narrows, and the input once more where that
/// [fits](Self::is_residual). The activation follows the first two convolutions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bottleneck {
    /// The stage, counted from 1; 0 for the fixed block before the stages.
    pub stage: usize,
    /// The layer within the stage, counted from 0.
    pub layer: usize,
    /// By how much the first convolution widens.
    pub expansion: usize,
    /// Height and width of the depthwise kernels.
    pub kernel: usize,
    /// The stride of the depthwise convolution.
    pub stride: usize,
    /// Channels of the input.
    pub input: usize,
    /// Channels of the depthwise convolution.
    pub wide: usize,
    /// Channels of the output.
    pub output: usize,
    /// What follows batch norm.
    pub activation: Activation,
    /// Behind the depthwise convolution.
    pub squeeze: Option<Squeeze>,
}

impl Bottleneck {
    /// Whether the input is added to the output.
    pub fn is_residual(&self) -> bool {
        self.stride == 1 && self.input == self.output
    }
}

/// A squeeze-and-excitation (Hu et al. 2018, arXiv 1709.01507): channels are multiplied by numbers
/// that two linear layers with bias make from their means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Squeeze {
    /// Outputs of the first layer.
    pub channels: usize,
    /// What follows the first layer.
    pub activation: Activation,
    /// What follows the second.
    pub gate: Activation,
}

/// How a mobile network ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MobileHead {
    /// A 1x1 convolution of this width, global average pooling, and the classifier.
    Conv(usize),
    /// As MobileNetV3 (Howard et al. 2019, arXiv 1905.02244): the first width before the pooling,
    /// the second, without batch norm, after it.
    Pooled(usize, usize),
}

impl MobileNet {
    /// Weights and multiply-adds with ImageNet's images and classes.
    pub(super) fn count(&self, elementwise: bool) -> (usize, usize) {
        let mut tally = Tally {
            elementwise,
            ..Tally::default()
        };
        let mut image = IMAGE / 2;
        tally.conv_norm(3, 3, self.stem, 1, image);
        let mut channels = self.stem;
        for block in &self.blocks {
            block.count(&mut tally, image);
            image /= block.stride;
            channels = block.output;
        }
        match self.head {
            MobileHead::Conv(width) => tally
                .conv_norm(1, channels, width, 1, image)
                .pool(width, image)
                .linear(width, CLASSES),
            MobileHead::Pooled(wide, width) => tally
                .conv_norm(1, channels, wide, 1, image)
                .pool(wide, image)
                .conv(1, wide, width, 1, 1)
                .linear(width, CLASSES),
        };
        (tally.params, tally.macs)
    }
}

impl Bottleneck {
    fn count(&self, tally: &mut Tally, image: usize) {
        let wide = self.wide;
        if self.expansion > 1 {
            tally.conv_norm(1, self.input, wide, 1, image);
        }
        let image = image / self.stride;
        tally.conv_norm(self.kernel, wide, wide, wide, image);
        if let Some(squeeze) = self.squeeze {
            tally
                .pool(wide, image)
                .linear(wide, squeeze.channels)
                .linear(squeeze.channels, wide);
        }
        tally.conv_norm(1, wide, self.output, 1, image);
    }
}
