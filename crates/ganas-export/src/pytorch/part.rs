//! The classes and functions that files are made of.

use ganas_train::network::Block;

/// A class or a function, in the order in which files have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Normalize,
    Named,
    Zero,
    ConvBn,
    ConvBnRelu,
    ReluConvBn,
    DilConv,
    SepConv,
    DepthwiseConvBnRelu,
    FactorizedReduce,
    SkipConnect,
    SqueezeExcitation,
    MbConv,
    MbConvPlain,
    InvertedResidual,
    ResNetBasicBlock,
    Initialize,
    EdgeCell,
    NodeCell,
    Chain,
    Mobile,
    Darts,
    LoadWeights,
    Main,
}

impl Part {
    /// The part's source. Names between at signs are placeholders.
    pub fn text(self) -> &'static str {
        match self {
            Part::Normalize => include_str!("python/normalize.py"),
            Part::Named => include_str!("python/named.py"),
            Part::Zero => include_str!("python/zero.py"),
            Part::ConvBn => include_str!("python/conv_bn.py"),
            Part::ConvBnRelu => include_str!("python/conv_bn_relu.py"),
            Part::ReluConvBn => include_str!("python/relu_conv_bn.py"),
            Part::DilConv => include_str!("python/dil_conv.py"),
            Part::SepConv => include_str!("python/sep_conv.py"),
            Part::DepthwiseConvBnRelu => include_str!("python/depthwise_conv_bn_relu.py"),
            Part::FactorizedReduce => include_str!("python/factorized_reduce.py"),
            Part::SkipConnect => include_str!("python/skip_connect.py"),
            Part::SqueezeExcitation => include_str!("python/squeeze_excitation.py"),
            Part::MbConv => include_str!("python/mbconv.py"),
            Part::MbConvPlain => include_str!("python/mbconv_plain.py"),
            Part::InvertedResidual => include_str!("python/inverted_residual.py"),
            Part::ResNetBasicBlock => include_str!("python/resnet_basic_block.py"),
            Part::Initialize => include_str!("python/initialize.py"),
            Part::EdgeCell => concat!(
                include_str!("python/edge_cell.py"),
                include_str!("python/staged_end.py")
            ),
            Part::NodeCell => include_str!("python/node_cell.py"),
            Part::Chain => concat!(
                include_str!("python/chain.py"),
                include_str!("python/staged_end.py")
            ),
            Part::Mobile => include_str!("python/mobile.py"),
            Part::Darts => include_str!("python/darts.py"),
            Part::LoadWeights => include_str!("python/load_weights.py"),
            Part::Main => include_str!("python/main.py"),
        }
    }

    /// The parts that it uses.
    pub fn needs(self) -> &'static [Part] {
        match self {
            Part::SepConv => &[Part::DilConv],
            Part::FactorizedReduce => &[Part::Named],
            Part::SkipConnect => &[Part::FactorizedReduce],
            Part::MbConv => &[Part::ConvBn, Part::SqueezeExcitation],
            Part::MbConvPlain | Part::InvertedResidual => &[Part::ConvBn],
            Part::ResNetBasicBlock => &[Part::ReluConvBn],
            Part::EdgeCell | Part::Chain => &[Part::Named, Part::ConvBn, Part::ResNetBasicBlock],
            Part::NodeCell => &[Part::ConvBnRelu],
            Part::Mobile => &[Part::Named, Part::ConvBn],
            Part::Darts => &[
                Part::Named,
                Part::ConvBn,
                Part::ReluConvBn,
                Part::FactorizedReduce,
            ],
            _ => &[],
        }
    }

    /// The expression that makes an op, in the variable `channels` and, for ops with a stride,
    /// `stride`; and the part with its class.
    pub fn of(block: Block, strided: bool) -> (String, Option<Part>) {
        let stride = if strided { ", stride" } else { "" };
        let step = if strided { "stride" } else { "1" };
        match block {
            Block::None => (
                format!("Zero({})", stride.trim_start_matches(", ")),
                Some(Part::Zero),
            ),
            Block::Skip if strided => (
                "skip_connect(channels, stride)".into(),
                Some(Part::SkipConnect),
            ),
            Block::Skip => ("nn.Identity()".into(), None),
            Block::Conv(k) => (
                format!("ConvBNReLU(channels, channels, {k}{stride})"),
                Some(Part::ConvBnRelu),
            ),
            Block::PreConv(k) => (
                format!("ReLUConvBN(channels, channels, {k}{stride})"),
                Some(Part::ReluConvBn),
            ),
            Block::Separable(k) => (
                format!("SepConv(channels, {k}{stride})"),
                Some(Part::SepConv),
            ),
            Block::Dilated(k) => (
                format!("DilConv(channels, {k}{stride})"),
                Some(Part::DilConv),
            ),
            Block::Depthwise(k) => (
                format!("DepthwiseConvBNReLU(channels, {k}{stride})"),
                Some(Part::DepthwiseConvBnRelu),
            ),
            Block::MaxPool(k) => (format!("nn.MaxPool2d({k}, {step}, {})", k / 2), None),
            Block::AvgPool(k) => (
                format!(
                    "nn.AvgPool2d({k}, {step}, {}, count_include_pad=False)",
                    k / 2
                ),
                None,
            ),
            Block::Inverted { expand, kernel } => (
                format!("InvertedResidual(channels, {expand}, {kernel})"),
                Some(Part::InvertedResidual),
            ),
        }
    }
}
