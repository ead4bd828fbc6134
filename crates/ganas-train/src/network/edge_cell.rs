//! Networks of edge cells, as NAS-Bench-201 builds them (Dong & Yang 2020, arXiv 2001.00326).

use ganas_core::arch::Arch;

use super::block;
use super::builder::{Builder, Node};
use super::plan::{Frame, Plan};
use crate::error::Result;
use crate::layer::ConvShape;

const WIDTH: usize = 16;
const STAGES: usize = 3;
const CELLS: usize = 5;

/// A stem, then stages of cells with residual reductions in between.
pub(super) fn plan(ops: &[String], arch: &Arch, frame: &Frame) -> Result<Plan> {
    let mut builder = Builder::new(frame);
    let mut node = stem(&mut builder, frame.width.unwrap_or(WIDTH));
    for stage in 0..STAGES {
        if stage > 0 {
            node = reduction(&mut builder, node, &format!("reduction{stage}"));
        }
        for i in 0..frame.depth.unwrap_or(CELLS) {
            node = cell(
                &mut builder,
                ops,
                arch,
                node,
                &format!("stage{stage}.cell{i}"),
            )?;
        }
    }
    let node = builder.norm(node, "last", true);
    Ok(builder.classify(node, frame.classes))
}

/// Convolution and batch norm of the images.
pub(super) fn stem(builder: &mut Builder, channels: usize) -> Node {
    let conv = builder.conv(builder.image(), "stem", 3, 1, channels);
    builder.norm(conv, "stem", false)
}

/// A residual block that halves the image and doubles the channels.
pub(super) fn reduction(builder: &mut Builder, input: Node, place: &str) -> Node {
    let channels = 2 * builder.shape(input)[2];
    let a = builder.relu_conv_norm(input, &format!("{place}.a"), 3, 2, channels);
    let b = builder.relu_conv_norm(a, &format!("{place}.b"), 3, 1, channels);
    let pooled = builder.avg_pool(input, 2, ConvShape::tiles(2));
    let shortcut = builder.conv(pooled, &format!("{place}.shortcut"), 1, 1, channels);
    builder.sum(&[shortcut, b], builder.shape(b))
}

/// A cell: each node sums what its edges from all earlier nodes carry.
fn cell(
    builder: &mut Builder,
    ops: &[String],
    arch: &Arch,
    input: Node,
    place: &str,
) -> Result<Node> {
    let shape = builder.shape(input);
    let mut nodes = vec![input];
    let mut edges = arch.ops();
    while !edges.is_empty() {
        // A valid architecture has one op for each earlier node.
        let (group, rest) = edges.split_at(nodes.len().min(edges.len()));
        edges = rest;
        let target = nodes.len();
        let mut terms = Vec::with_capacity(group.len());
        for (source, &op) in group.iter().enumerate() {
            let edge = format!("{place}.edge{source}-{target}");
            terms.push(block::add(
                builder,
                &ops[op as usize],
                nodes[source],
                &edge,
            )?);
        }
        nodes.push(builder.sum(&terms, shape));
    }
    Ok(nodes.pop().unwrap_or(input))
}
