//! Mobile inverted bottleneck blocks, and the fixed parts of the networks around them.

use super::network::{Bottleneck, MobileHead, MobileNet, Squeeze};
use crate::space::Activation;

/// Choices of an inverted bottleneck (Sandler et al. 2018, arXiv 1801.04381): a 1x1 convolution
/// that widens by the expansion (absent if that is 1), a depthwise convolution, a
/// squeeze-and-excitation, and a 1x1 convolution that narrows. Batch norm follows each convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub expansion: usize,
    pub kernel: usize,
    /// Set for a block with a squeeze-and-excitation of its own, whatever its stage has.
    pub squeeze: bool,
}

impl Block {
    /// Returns all combinations. The expansion varies slowest.
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

    /// Returns the name as an op.
    pub fn name(self) -> String {
        let squeeze = if self.squeeze { "_se" } else { "" };
        format!("mb{}_k{}{squeeze}", self.expansion, self.kernel)
    }
}

/// Fixed properties of a stage: layers of one width on one image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stage {
    /// Output channels of each layer.
    pub width: usize,
    /// Stride of the first layer. The others have stride 1.
    pub stride: usize,
    /// Activation after batch norm within the blocks.
    pub activation: Activation,
    /// Set if all blocks have a squeeze-and-excitation.
    pub squeeze: bool,
    /// Smallest and largest number of layers.
    pub depths: (usize, usize),
}

/// Layers of the squeeze-and-excitations of a network.
#[derive(Clone, Copy, Debug)]
pub(super) struct SqueezeRule {
    /// Channels within, from the block's input and expanded channels.
    pub channels: fn(usize, usize) -> usize,
    /// Activation after the first layer.
    pub activation: Activation,
    /// Activation after the second layer.
    pub gate: Activation,
}

impl SqueezeRule {
    /// EfficientNet's: a quarter of the block's input, swish, sigmoid.
    pub const EFFICIENTNET: SqueezeRule = SqueezeRule {
        channels: quarter_of_input,
        activation: Activation::Swish,
        gate: Activation::Sigmoid,
    };

    /// MobileNetV3's: a quarter of the expanded channels in eights, the rectifier, and the sigmoid
    /// of straight lines.
    pub const MOBILENETV3: SqueezeRule = SqueezeRule {
        channels: quarter_of_expanded,
        activation: Activation::Relu,
        gate: Activation::HardSigmoid,
    };
}

/// Network with free blocks: a 3x3 stem of stride 2, the stages, and the head. A fixed block of
/// expansion 1 and kernel 3, with the first stage's activation, may precede the stages.
#[derive(Clone, Debug)]
pub(super) struct Backbone {
    pub stem: usize,
    /// Activation after batch norm in the stem and the head.
    pub activation: Activation,
    /// Width of the fixed block, if there is one.
    pub first: Option<usize>,
    pub stages: Vec<Stage>,
    pub head: MobileHead,
    /// Rule of the squeeze-and-excitations; none if no block has one.
    pub squeeze: Option<SqueezeRule>,
    /// Cost of operations without weights: see
    /// [`Tally::elementwise`](super::super::tally::Tally::elementwise).
    pub elementwise: bool,
}

/// Returns the squeezed channels of MnasNet and EfficientNet: a quarter of the block's input.
fn quarter_of_input(input: usize, _: usize) -> usize {
    (input / 4).max(1)
}

/// Returns the squeezed channels of MobileNetV3: a quarter of the expanded channels, in eights.
fn quarter_of_expanded(_: usize, expanded: usize) -> usize {
    in_eights(expanded / 4)
}

/// Returns the nearest multiple of 8, at least nine tenths of `channels` (Sandler et al. 2018's
/// code).
fn in_eights(channels: usize) -> usize {
    let near = ((channels + 4) / 8 * 8).max(8);
    if near * 10 < channels * 9 {
        near + 8
    } else {
        near
    }
}

impl Backbone {
    /// Returns the network whose stages have these blocks. A stem of another width changes all
    /// other widths in proportion, in eights.
    pub fn network<'a>(
        &self,
        blocks: impl Iterator<Item = impl Iterator<Item = &'a Block>>,
        stem: Option<usize>,
    ) -> MobileNet {
        let stem = stem.unwrap_or(self.stem);
        let scaled = |width: usize| {
            if stem == self.stem {
                width
            } else {
                in_eights(width * stem / self.stem)
            }
        };
        let mut all = Vec::new();
        let mut input = stem;
        if let (Some(width), Some(stage)) = (self.first, self.stages.first()) {
            let block = Block {
                expansion: 1,
                kernel: 3,
                squeeze: false,
            };
            let fixed = Stage {
                width: scaled(width),
                stride: 1,
                squeeze: false,
                ..*stage
            };
            all.push(self.bottleneck(&block, &fixed, input, (0, 0)));
            input = fixed.width;
        }
        for ((place, stage), blocks) in self.stages.iter().enumerate().zip(blocks) {
            for (layer, block) in blocks.enumerate() {
                let stage = Stage {
                    width: scaled(stage.width),
                    stride: if layer == 0 { stage.stride } else { 1 },
                    ..*stage
                };
                all.push(self.bottleneck(block, &stage, input, (place + 1, layer)));
                input = stage.width;
            }
        }
        MobileNet {
            stem,
            activation: self.activation,
            blocks: all,
            head: match self.head {
                MobileHead::Conv(width) => MobileHead::Conv(scaled(width)),
                MobileHead::Pooled(wide, width) => MobileHead::Pooled(scaled(wide), scaled(width)),
            },
        }
    }

    fn bottleneck(
        &self,
        block: &Block,
        stage: &Stage,
        input: usize,
        place: (usize, usize),
    ) -> Bottleneck {
        let wide = match block.expansion {
            1 => input,
            expansion => in_eights(input * expansion),
        };
        let squeezes = block.squeeze || stage.squeeze;
        Bottleneck {
            stage: place.0,
            layer: place.1,
            expansion: block.expansion,
            kernel: block.kernel,
            stride: stage.stride,
            input,
            wide,
            output: stage.width,
            activation: stage.activation,
            squeeze: self.squeeze.filter(|_| squeezes).map(|rule| Squeeze {
                channels: (rule.channels)(input, wide),
                activation: rule.activation,
                gate: rule.gate,
            }),
        }
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
