//! Networks of node cells, as NAS-Bench-101 builds them (Ying et al. 2019, arXiv 1902.09635).

use ganas_core::arch::{Arch, Cell};
use ganas_core::space::vertex_channels;

use super::block;
use super::builder::{Builder, Node};
use super::plan::{Frame, Plan};
use crate::error::Result;
use crate::layer::ConvShape;

const WIDTH: usize = 128;
const STACKS: usize = 3;
const CELLS: usize = 3;

/// A stem, then stacks of cells, the image halved and the channels doubled between stacks.
pub(super) fn plan(ops: &[String], arch: &Arch, frame: &Frame) -> Result<Plan> {
    let cell = Cell::of(arch);
    let mut builder = Builder::new(frame);
    let mut channels = frame.width.unwrap_or(WIDTH);
    let mut node = builder.conv_norm_relu(builder.image(), "stem", 3, channels);
    for stack in 0..STACKS {
        if stack > 0 {
            node = builder.max_pool(node, 2, ConvShape::tiles(2));
            channels *= 2;
        }
        for i in 0..frame.depth.unwrap_or(CELLS) {
            let place = format!("stack{stack}.cell{i}");
            node = module(&mut builder, ops, &cell, node, channels, &place)?;
        }
    }
    Ok(builder.classify(node, frame.classes))
}

/// A cell. An interior vertex sums the first channels of what feeds it, and a projection of the
/// cell's input where that feeds it; the output is the concatenation of what feeds it, plus a
/// projection of the input where that feeds it.
fn module(
    builder: &mut Builder,
    ops: &[String],
    cell: &Cell,
    input: Node,
    outputs: usize,
    place: &str,
) -> Result<Node> {
    let last = cell.vertices() - 1;
    let [height, width, inputs] = builder.shape(input);
    let channels = vertex_channels(cell, inputs, outputs);
    let project = |builder: &mut Builder, v: usize| {
        let name = format!("{place}.vertex{v}.projection");
        builder.conv_norm_relu(input, &name, 1, channels[v])
    };
    let mut values = vec![input];
    for v in 1..last {
        let mut terms: Vec<Node> = (1..v)
            .filter(|&u| cell.has_edge(u, v))
            .map(|u| builder.truncate(values[u], channels[v]))
            .collect();
        if cell.has_edge(0, v) {
            terms.push(project(builder, v));
        }
        let sum = builder.sum(&terms, [height, width, channels[v]]);
        // A valid architecture has the op indices of its space.
        let op = &ops[cell.op(v) as usize];
        let value = block::add(builder, op, sum, &format!("{place}.vertex{v}"))?;
        values.push(value);
    }
    let feeding: Vec<Node> = (1..last)
        .filter(|&v| cell.has_edge(v, last))
        .map(|v| values[v])
        .collect();
    let mut terms = Vec::new();
    if !feeding.is_empty() {
        terms.push(builder.concat(feeding));
    }
    if cell.has_edge(0, last) {
        terms.push(project(builder, last));
    }
    Ok(builder.sum(&terms, [height, width, outputs]))
}
