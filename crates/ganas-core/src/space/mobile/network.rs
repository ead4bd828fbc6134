//! Mobile networks as data, and their costs.

use super::super::tally::Tally;
use crate::space::Activation;

/// Size of ImageNet's images, for which the networks are made.
const IMAGE: usize = 224;
const CLASSES: usize = 1000;

/// Mobile network, layer by layer. Unless stated otherwise, convolutions have no bias and are
/// followed by batch norm. Padding keeps the image at stride 1 and halves it, rounding up, at
/// stride 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MobileNet {
    /// Output channels of the stem, a 3x3 convolution of stride 2.
    pub stem: usize,
    /// Activation after the stem's batch norm and the layers of the head.
    pub activation: Activation,
    /// The blocks in order.
    pub blocks: Vec<Bottleneck>,
    /// The end of the network.
    pub head: MobileHead,
}

/// Inverted bottleneck (Sandler et al. 2018, arXiv 1801.04381): a 1x1 convolution that widens
/// (absent if the expansion is 1), a depthwise convolution, an optional squeeze-and-excitation, and
/// a 1x1 convolution that narrows. The input is added if it [fits](Self::is_residual). The
/// activation follows the first two convolutions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bottleneck {
    /// Stage, counted from 1; 0 for the fixed block before the stages.
    pub stage: usize,
    /// Layer within the stage, counted from 0.
    pub layer: usize,
    /// Factor by which the first convolution widens.
    pub expansion: usize,
    /// Height and width of the depthwise kernels.
    pub kernel: usize,
    /// Stride of the depthwise convolution.
    pub stride: usize,
    /// Channels of the input.
    pub input: usize,
    /// Channels of the depthwise convolution.
    pub wide: usize,
    /// Channels of the output.
    pub output: usize,
    /// Activation after batch norm.
    pub activation: Activation,
    /// Squeeze-and-excitation behind the depthwise convolution.
    pub squeeze: Option<Squeeze>,
}

impl Bottleneck {
    /// Returns true if the input is added to the output.
    pub fn is_residual(&self) -> bool {
        self.stride == 1 && self.input == self.output
    }
}

/// Squeeze-and-excitation (Hu et al. 2018, arXiv 1709.01507): two linear layers with bias compute a
/// factor for each channel from the means of all channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Squeeze {
    /// Outputs of the first layer.
    pub channels: usize,
    /// Activation after the first layer.
    pub activation: Activation,
    /// Activation after the second layer.
    pub gate: Activation,
}

/// End of a mobile network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MobileHead {
    /// A 1x1 convolution of this width, global average pooling, and the classifier.
    Conv(usize),
    /// MobileNetV3's end (Howard et al. 2019, arXiv 1905.02244): the first width before the
    /// pooling, the second, without batch norm, after it.
    Pooled(usize, usize),
}

impl MobileNet {
    /// Returns the weights and multiply-adds with ImageNet's images and classes.
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
