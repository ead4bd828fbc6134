//! Networks of edge cells, as NAS-Bench-201 builds them (Dong & Yang 2020, arXiv 2001.00326).

use ganas_core::arch::Arch;
use ganas_core::rng::Rng;
use ganas_core::space::{Sampler, SearchSpace};

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
    // A valid architecture has the op indices of its space.
    let edge = |builder: &mut Builder, position: usize, input: Node, place: &str| {
        block::add(builder, &ops[arch.ops()[position] as usize], input, place)
    };
    network(arch.ops().len(), &edge, frame)
}

/// The same with all ops on each edge, each times its share.
pub(super) fn mixture(space: &dyn SearchSpace, frame: &Frame) -> Result<Plan> {
    let edges = positions(space)?;
    let edge = |builder: &mut Builder, position: usize, input: Node, place: &str| {
        block::mix(builder, space.ops(), input, position, place)
    };
    network(edges, &edge, frame)
}

/// The number of edges of a cell.
pub(crate) fn positions(space: &dyn SearchSpace) -> Result<usize> {
    let sampler = Sampler::feasible(space, None)?;
    let arch = space.sample(sampler, &mut Rng::stream(0, "positions"));
    Ok(arch.ops().len())
}

/// Adds the layers of an edge, given its position among the edges of the cell, its source node, and
/// its place in the network.
type Edge<'a> = &'a dyn Fn(&mut Builder, usize, Node, &str) -> Result<Node>;

fn network(edges: usize, edge: Edge, frame: &Frame) -> Result<Plan> {
    let mut builder = Builder::new(frame);
    let mut node = stem(&mut builder, frame.width.unwrap_or(WIDTH));
    for stage in 0..STAGES {
        if stage > 0 {
            node = reduction(&mut builder, node, &format!("reduction{stage}"));
        }
        for i in 0..frame.depth.unwrap_or(CELLS) {
            let place = format!("stage{stage}.cell{i}");
            node = cell(&mut builder, edges, edge, node, &place)?;
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

/// A cell: each node sums the outputs of its edges from all earlier nodes.
fn cell(builder: &mut Builder, edges: usize, edge: Edge, input: Node, place: &str) -> Result<Node> {
    let shape = builder.shape(input);
    let mut nodes = vec![input];
    let mut position = 0;
    while position < edges {
        let target = nodes.len();
        let mut terms = Vec::with_capacity(target);
        for (source, &node) in nodes.iter().enumerate() {
            let place = format!("{place}.edge{source}-{target}");
            terms.push(edge(builder, position, node, &place)?);
            position += 1;
        }
        nodes.push(builder.sum(&terms, shape));
    }
    Ok(nodes.pop().unwrap_or(input))
}
