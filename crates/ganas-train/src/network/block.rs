//! The layers of an op, by its name.

use super::builder::{Builder, Node};
use super::plan::share;
use crate::error::{Result, TrainError};
use crate::layer::ConvShape;

/// The names that are understood, as an error lists them; `K` is odd and at most 11.
const KNOWN: &str = "none, skip_connect, identity, convKxK-bn-relu, conv_KxK, nor_conv_KxK, \
    sep_conv_KxK, dil_conv_KxK, dw_conv_KxK, maxpoolKxK, max_pool_KxK, avgpoolKxK, avg_pool_KxK \
    or mbE_kK, with K an odd size such as 3 and E an expansion such as 6";

/// The layers of an op. Apart from a stride they keep the shape of their input. Kernels are named
/// by their height and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// Zeros.
    None,
    /// The input; with a stride of 2, a factorised reduction (DARTS, Liu et al. 2019).
    Skip,
    /// Convolution, batch norm, rectifier (NAS-Bench-101).
    Conv(usize),
    /// Rectifier, convolution, batch norm (NAS-Bench-201).
    PreConv(usize),
    /// Twice rectifier, depthwise and pointwise convolution, batch norm (DARTS).
    Separable(usize),
    /// Once the same with dilation 2 (DARTS).
    Dilated(usize),
    /// Depthwise convolution, batch norm, rectifier.
    Depthwise(usize),
    /// The largest number of each window.
    MaxPool(usize),
    /// The mean of each window, padding left out.
    AvgPool(usize),
    /// Inverted residual: pointwise to more channels, depthwise, pointwise back, plus the input
    /// (MobileNetV2, Sandler et al. 2018, arXiv 1801.04381).
    Inverted {
        /// The factor of expansion of the channels.
        expand: usize,
        /// The depthwise kernel.
        kernel: usize,
    },
}

impl Block {
    /// The layers of an op.
    ///
    /// # Errors
    /// If it has none.
    pub fn of(op: &str) -> Result<Block> {
        parse(op).ok_or_else(|| TrainError::UnknownOp {
            op: op.to_owned(),
            known: KNOWN,
        })
    }
}

fn parse(op: &str) -> Option<Block> {
    match op {
        "none" | "zero" => return Some(Block::None),
        "skip_connect" | "skip" | "identity" => return Some(Block::Skip),
        _ => {}
    }
    if let Some((expand, kernel)) = op.strip_prefix("mb").and_then(|rest| rest.split_once("_k")) {
        return Some(Block::Inverted {
            expand: expand.parse().ok().filter(|e| (1..=16).contains(e))?,
            kernel: odd(kernel)?,
        });
    }
    let square = |prefix: &str, suffix: &str| {
        let rest = op.strip_prefix(prefix)?.strip_suffix(suffix)?;
        let (height, width) = rest.split_once('x')?;
        (height == width).then(|| odd(height))?
    };
    type Form = (&'static str, &'static str, fn(usize) -> Block);
    let forms: [Form; 11] = [
        ("conv", "-bn-relu", Block::Conv),
        ("conv_", "", Block::Conv),
        ("conv", "", Block::Conv),
        ("nor_conv_", "", Block::PreConv),
        ("sep_conv_", "", Block::Separable),
        ("dil_conv_", "", Block::Dilated),
        ("dw_conv_", "", Block::Depthwise),
        ("maxpool", "", Block::MaxPool),
        ("max_pool_", "", Block::MaxPool),
        ("avgpool", "", Block::AvgPool),
        ("avg_pool_", "", Block::AvgPool),
    ];
    forms
        .iter()
        .find_map(|(prefix, suffix, block)| square(prefix, suffix).map(block))
}

fn odd(size: &str) -> Option<usize> {
    size.parse().ok().filter(|k| k % 2 == 1 && *k <= 11)
}

/// Adds the layers of an op to a plan; the output has the input's shape.
///
/// # Errors
/// If the op is unknown.
pub(super) fn add(builder: &mut Builder, op: &str, input: Node, place: &str) -> Result<Node> {
    add_strided(builder, op, input, place, 1)
}

/// Adds the sum of the outputs of all ops, each times its [share] in a choice. Zeros have no term.
///
/// # Errors
/// If an op is unknown.
pub(super) fn mix(
    builder: &mut Builder,
    ops: &[String],
    input: Node,
    choice: usize,
    place: &str,
) -> Result<Node> {
    let mut terms = Vec::with_capacity(ops.len());
    for (op, name) in ops.iter().enumerate() {
        let value = add(builder, name, input, place)?;
        if !builder.is_zero(value) {
            terms.push(builder.scale(value, &share(choice, op)));
        }
    }
    Ok(builder.sum(&terms, builder.shape(input)))
}

/// Like [`add`], with a stride. At stride 2 the output is half the image, rounded up.
///
/// # Errors
/// If the op is unknown.
pub(super) fn add_strided(
    builder: &mut Builder,
    op: &str,
    input: Node,
    place: &str,
    stride: usize,
) -> Result<Node> {
    let block = Block::of(op)?;
    let name = &format!("{place}.{op}");
    let channels = builder.shape(input)[2];
    let separable = |builder: &mut Builder, input, name: &str, kernel, shape| {
        let input = builder.relu(input);
        let spatial = builder.depthwise(input, name, kernel, shape);
        let mixed = builder.conv(spatial, name, 1, 1, channels);
        builder.norm(mixed, name, false)
    };
    Ok(match block {
        Block::None => {
            let shape = builder.window(input, 1, ConvShape::same(1, stride), channels);
            builder.zero(shape)
        }
        Block::Skip if stride > 1 => factorized_reduction(builder, input, name, channels),
        Block::Skip => input,
        Block::Conv(kernel) => {
            let conv = builder.conv(input, name, kernel, stride, channels);
            builder.norm(conv, name, true)
        }
        Block::PreConv(kernel) => builder.relu_conv_norm(input, name, kernel, stride, channels),
        Block::Separable(kernel) => {
            let (first, second) = (ConvShape::same(kernel, stride), ConvShape::same(kernel, 1));
            let half = separable(builder, input, &format!("{name}.0"), kernel, first);
            separable(builder, half, &format!("{name}.1"), kernel, second)
        }
        Block::Dilated(kernel) => {
            let shape = ConvShape::dilated(kernel, stride, 2);
            separable(builder, input, name, kernel, shape)
        }
        Block::Depthwise(kernel) => {
            let spatial = builder.depthwise(input, name, kernel, ConvShape::same(kernel, stride));
            builder.norm(spatial, name, true)
        }
        Block::MaxPool(kernel) => builder.max_pool(input, kernel, ConvShape::same(kernel, stride)),
        Block::AvgPool(kernel) => builder.avg_pool(input, kernel, ConvShape::same(kernel, stride)),
        Block::Inverted { expand, kernel } => {
            let wide = match expand {
                1 => input,
                _ => builder.conv_norm_relu(input, &format!("{name}.expand"), 1, channels * expand),
            };
            let spatial = builder.depthwise(wide, name, kernel, ConvShape::same(kernel, stride));
            let spatial = builder.norm(spatial, &format!("{name}.depthwise"), true);
            let narrow = builder.conv(spatial, &format!("{name}.project"), 1, 1, channels);
            let narrow = builder.norm(narrow, &format!("{name}.project"), false);
            match stride {
                1 => builder.sum(&[input, narrow], builder.shape(input)),
                _ => narrow,
            }
        }
    })
}

/// Halves the image without a loss of pixels (DARTS). After the rectifier, two 1x1 convolutions of
/// stride 2 run side by side, one from the first pixel of both axes on and one from the second.
/// Batch norm follows. The height and the width must be even.
pub(super) fn factorized_reduction(
    builder: &mut Builder,
    input: Node,
    name: &str,
    outputs: usize,
) -> Node {
    let input = builder.relu(input);
    let shifted = builder.crop(input);
    let (first, second) = (outputs / 2, outputs - outputs / 2);
    let first = builder.conv(input, &format!("{name}.0"), 1, 2, first);
    let second = builder.conv(shifted, &format!("{name}.1"), 1, 2, second);
    let both = builder.concat(vec![first, second]);
    builder.norm(both, name, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_understood() {
        for (name, block) in [
            ("conv3x3-bn-relu", Block::Conv(3)),
            ("conv_5x5", Block::Conv(5)),
            ("nor_conv_1x1", Block::PreConv(1)),
            ("maxpool3x3", Block::MaxPool(3)),
            ("avg_pool_3x3", Block::AvgPool(3)),
            (
                "mb6_k5",
                Block::Inverted {
                    expand: 6,
                    kernel: 5,
                },
            ),
        ] {
            assert_eq!(parse(name), Some(block));
        }
        for name in ["conv3x5", "conv4x4", "mb_k3", "mb0_k3", "attention", "conv"] {
            assert_eq!(parse(name), None, "{name}");
        }
    }
}
