//! Mobile networks: stages of inverted bottlenecks between a stem and a head, as the space describes
//! them. Padding is even on all sides, as in the authors' PyTorch code; EfficientNet's TensorFlow
//! code pads one side more at stride 2.

use ganas_core::arch::Arch;
use ganas_core::space::{Bottleneck, Mobile, MobileHead, Squeeze};

use super::builder::{Builder, Node};
use super::plan::{Frame, Plan};
use crate::error::{Result, TrainError};
use crate::layer::ConvShape;

/// A stem, the blocks in order, and the head.
pub(super) fn plan(space: &Mobile, arch: &Arch, frame: &Frame) -> Result<Plan> {
    if let Some(depth) = frame.depth {
        return Err(TrainError::Setting {
            name: "depth",
            value: depth as f64,
            range: "none in this space, whose architectures say how many layers a stage has",
        });
    }
    let network = space.network(arch, frame.width);
    let mut builder = Builder::new(frame);
    let stem = builder.conv(builder.image(), "stem", 3, 2, network.stem);
    let mut node = builder.norm_activate(stem, "stem", network.activation);
    for block in &network.blocks {
        node = bottleneck(&mut builder, block, node);
    }
    let (MobileHead::Conv(width) | MobileHead::Pooled(width, _)) = network.head;
    node = builder.conv(node, "head", 1, 1, width);
    node = builder.norm_activate(node, "head", network.activation);
    node = builder.global_avg_pool(node);
    if let MobileHead::Pooled(_, width) = network.head {
        node = builder.conv(node, "head.mix", 1, 1, width);
        node = builder.activate(node, network.activation);
    }
    Ok(builder.finish(node, frame.classes))
}

fn bottleneck(builder: &mut Builder, block: &Bottleneck, input: Node) -> Node {
    let Bottleneck {
        stage,
        layer,
        expansion,
        kernel,
        ..
    } = block;
    let squeezes = if block.squeeze.is_some() { "_se" } else { "" };
    let place = format!("stage{stage}.layer{layer}.mb{expansion}_k{kernel}{squeezes}");
    let mut node = input;
    if block.expansion > 1 {
        let name = format!("{place}.expand");
        node = builder.conv(node, &name, 1, 1, block.wide);
        node = builder.norm_activate(node, &name, block.activation);
    }
    let shape = ConvShape::same(block.kernel, block.stride);
    node = builder.depthwise(node, &place, block.kernel, shape);
    node = builder.norm_activate(node, &format!("{place}.depthwise"), block.activation);
    if let Some(rule) = block.squeeze {
        node = squeeze(builder, &rule, node, &place);
    }
    let name = format!("{place}.project");
    node = builder.conv(node, &name, 1, 1, block.output);
    node = builder.norm(node, &name, false);
    if block.is_residual() {
        builder.sum(&[input, node], builder.shape(node))
    } else {
        node
    }
}

/// A squeeze-and-excitation.
fn squeeze(builder: &mut Builder, rule: &Squeeze, input: Node, place: &str) -> Node {
    let channels = builder.shape(input)[2];
    let means = builder.global_avg_pool(input);
    let narrow = builder.dense(means, &format!("{place}.squeeze"), rule.channels);
    let narrow = builder.activate(narrow, rule.activation);
    let factors = builder.dense(narrow, &format!("{place}.excite"), channels);
    let factors = builder.activate(factors, rule.gate);
    builder.gate(input, factors)
}
