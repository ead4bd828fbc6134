//! Mobile inverted bottleneck blocks, the networks around them, and what both cost.

use super::super::tally::Tally;

/// The images that the networks are made for, and the classes that they tell apart: ImageNet's.
const IMAGE: usize = 224;
const CLASSES: usize = 1000;

/// What is chosen about an inverted bottleneck (Sandler et al. 2018, arXiv 1801.04381): a 1x1
/// convolution that widens by the expansion (absent if that is 1), a depthwise convolution, a
/// squeeze-and-excitation, and a 1x1 convolution that narrows; batch norm after each convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub expansion: usize,
    pub kernel: usize,
    /// Whether it has a squeeze-and-excitation even where its stage has none.
    pub squeeze: bool,
}

impl Block {
    /// All combinations, the expansion varying slowest.
    pub fn all(expansions: &[usize], kernels: &[usize], squeezes: &[bool]) -> Vec<Block> {
        let mut blocks = Vec::new();
        for &expansion in expansions {
            for &kernel in kernels {
                blocks.extend(squeezes.iter().map(|&squeeze| Block {
                    expansion,
                    kernel,
                    squeeze,
                }));
            }
        }
        blocks
    }

    /// The name as an op.
    pub fn name(self) -> String {
        let squeeze = if self.squeeze { "_se" } else { "" };
        format!("mb{}_k{}{squeeze}", self.expansion, self.kernel)
    }
}

/// What is fixed about a stage: layers of one width on one image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stage {
    /// Output channels of each layer.
    pub width: usize,
    /// The stride of the first layer; the others have 1.
    pub stride: usize,
    /// Whether all blocks have a squeeze-and-excitation.
    pub squeeze: bool,
    /// The fewest and the most layers.
    pub depths: (usize, usize),
}

/// How a network ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Head {
    /// A 1x1 convolution of this width, global pooling, and the classifier.
    Conv(usize),
    /// As MobileNetV3 (Howard et al. 2019, arXiv 1905.02244): the first width before the pooling,
    /// the second, without batch norm or bias, after it.
    Pooled(usize, usize),
}

/// A network with free blocks: a 3x3 stem of stride 2, perhaps a fixed block of expansion 1 and
/// kernel 3, the stages, and the head.
#[derive(Clone, Debug)]
pub(super) struct Backbone {
    pub stem: usize,
    /// The width of the fixed block.
    pub first: Option<usize>,
    pub stages: Vec<Stage>,
    pub head: Head,
    /// Channels within a squeeze-and-excitation, from the block's input and expanded channels.
    pub squeezed: fn(usize, usize) -> usize,
    /// See [`Tally::elementwise`].
    pub elementwise: bool,
}

/// Squeezed channels as in MnasNet and EfficientNet: a quarter of the block's input.
pub(super) fn quarter_of_input(input: usize, _: usize) -> usize {
    (input / 4).max(1)
}

/// Squeezed channels as in MobileNetV3: a quarter of the expanded channels, in eights.
pub(super) fn quarter_of_expanded(_: usize, expanded: usize) -> usize {
    in_eights(expanded / 4)
}

/// The nearest multiple of 8, but never less than nine tenths (Sandler et al. 2018's code).
fn in_eights(channels: usize) -> usize {
    let near = ((channels + 4) / 8 * 8).max(8);
    if near * 10 < channels * 9 {
        near + 8
    } else {
        near
    }
}

impl Backbone {
    /// Weights and multiply-adds of the network whose stages have these blocks.
    pub fn count<'a>(
        &self,
        blocks: impl Iterator<Item = impl Iterator<Item = &'a Block>>,
    ) -> (usize, usize) {
        let mut tally = Tally {
            elementwise: self.elementwise,
            ..Tally::default()
        };
        let mut image = IMAGE / 2;
        let mut channels = self.stem;
        tally.conv_norm(3, 3, channels, 1, image);
        if let Some(width) = self.first {
            tally
                .conv_norm(3, channels, channels, channels, image)
                .conv_norm(1, channels, width, 1, image);
            channels = width;
        }
        for (stage, blocks) in self.stages.iter().zip(blocks) {
            for (layer, block) in blocks.enumerate() {
                let stride = if layer == 0 { stage.stride } else { 1 };
                self.count_block(&mut tally, block, stage, channels, image, stride);
                image /= stride;
                channels = stage.width;
            }
        }
        match self.head {
            Head::Conv(width) => tally
                .conv_norm(1, channels, width, 1, image)
                .pool(width, image)
                .linear(width, CLASSES),
            Head::Pooled(wide, width) => tally
                .conv_norm(1, channels, wide, 1, image)
                .pool(wide, image)
                .conv(1, wide, width, 1, 1)
                .linear(width, CLASSES),
        };
        (tally.params, tally.macs)
    }

    fn count_block(
        &self,
        tally: &mut Tally,
        block: &Block,
        stage: &Stage,
        input: usize,
        image: usize,
        stride: usize,
    ) {
        let wide = in_eights(input * block.expansion);
        if block.expansion > 1 {
            tally.conv_norm(1, input, wide, 1, image);
        }
        let image = image / stride;
        tally.conv_norm(block.kernel, wide, wide, wide, image);
        if block.squeeze || stage.squeeze {
            let narrow = (self.squeezed)(input, wide);
            tally
                .pool(wide, image)
                .linear(wide, narrow)
                .linear(narrow, wide);
        }
        tally.conv_norm(1, wide, stage.width, 1, image);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_rounded_as_in_mobilenet() {
        // 10 would lose more than a tenth as 8.
        assert_eq!(
            [3, 10, 11, 12, 20, 240].map(in_eights),
            [8, 16, 16, 16, 24, 240]
        );
        assert_eq!(quarter_of_input(3, 100), 1);
    }
}
