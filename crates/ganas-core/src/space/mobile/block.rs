//! Mobile inverted bottleneck blocks, and what is fixed about the networks around them.

use super::network::{Bottleneck, MobileHead, MobileNet, Squeeze};
use crate::space::Activation;

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
    /// What follows batch norm within its blocks.
    pub activation: Activation,
    /// Whether all blocks have a squeeze-and-excitation.
    pub squeeze: bool,
    /// The fewest and the most layers.
    pub depths: (usize, usize),
}

/// How the squeeze-and-excitations of a network are made.
#[derive(Clone, Copy, Debug)]
pub(super) struct SqueezeRule {
    /// Channels within, from the block's input and expanded channels.
    pub channels: fn(usize, usize) -> usize,
    /// What follows the first layer.
    pub activation: Activation,
    /// What follows the second.
    pub gate: Activation,
}

impl SqueezeRule {
    /// As in EfficientNet: a quarter of the block's input, swish, sigmoid.
    pub const EFFICIENTNET: SqueezeRule = SqueezeRule {
        channels: quarter_of_input,
        activation: Activation::Swish,
        gate: Activation::Sigmoid,
    };

    /// As in MobileNetV3: a quarter of the expanded channels in eights, the rectifier, and the
    /// sigmoid of straight lines.
    pub const MOBILENETV3: SqueezeRule = SqueezeRule {
        channels: quarter_of_expanded,
        activation: Activation::Relu,
        gate: Activation::HardSigmoid,
    };
}

/// A network with free blocks: a 3x3 stem of stride 2, perhaps a fixed block of expansion 1 and
/// kernel 3 with the first stage's activation, the stages, and the head.
#[derive(Clone, Debug)]
pub(super) struct Backbone {
    pub stem: usize,
    /// What follows batch norm in the stem and the head.
    pub activation: Activation,
    /// The width of the fixed block.
    pub first: Option<usize>,
    pub stages: Vec<Stage>,
    pub head: MobileHead,
    /// None where no block has a squeeze-and-excitation.
    pub squeeze: Option<SqueezeRule>,
    /// See [`Tally::elementwise`](super::super::tally::Tally::elementwise).
    pub elementwise: bool,
}

/// Squeezed channels as in MnasNet and EfficientNet: a quarter of the block's input.
fn quarter_of_input(input: usize, _: usize) -> usize {
    (input / 4).max(1)
}

/// Squeezed channels as in MobileNetV3: a quarter of the expanded channels, in eights.
fn quarter_of_expanded(_: usize, expanded: usize) -> usize {
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
    /// The network whose stages have these blocks. With a stem of another width, all other widths
    /// change in proportion, in eights.
    pub fn network<'a>(
        &self,
        blocks: impl Iterator<Item = impl Iterator<Item = &'a Block>>,
        stem: Option<usize>,
    ) -> MobileNet {
        let stem = stem.unwrap_or(self.stem);
        let scaled = |width: usize| match stem == self.stem {
            true => width,
            false => in_eights(width * stem / self.stem),
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
