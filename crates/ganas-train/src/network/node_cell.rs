//! Networks of node cells, as NAS-Bench-101 builds them (Ying et al. 2019, arXiv 1902.09635).

use ganas_core::arch::{Arch, Cell};
use ganas_core::space::{SearchSpace, vertex_channels};

use super::block;
use super::builder::{Builder, Node};
use super::plan::{Frame, Plan, share};
use crate::error::Result;
use crate::layer::ConvShape;

const WIDTH: usize = 128;
const STACKS: usize = 3;
const CELLS: usize = 3;

/// A stem, then stacks of cells, the image halved and the channels doubled between stacks.
pub(super) fn plan(ops: &[String], arch: &Arch, frame: &Frame) -> Result<Plan> {
    let cell = Cell::from_arch(arch);
    let module = |builder: &mut Builder, input: Node, channels: usize, place: &str| {
        module(builder, ops, &cell, input, channels, place)
    };
    network(&module, frame)
}

/// The mixture: all ops at each vertex of the largest cell and all edges, each times its share.
/// Every vertex has the full width, as many channels as the output of a cell. Inputs of the output
/// are added, while a cell [concatenates](module) narrower vertices.
///
/// NAS-Bench-1Shot1 (Zela et al. 2020, arXiv 2001.10422) also has every vertex at the full width.
/// It narrows the concatenated inputs by a convolution that cells do not have.
pub(super) fn mixture(space: &dyn SearchSpace, frame: &Frame) -> Result<Plan> {
    let vertices = space.max_nodes();
    let module = |builder: &mut Builder, input: Node, channels: usize, place: &str| {
        mixed_module(builder, space.ops(), vertices, input, channels, place)
    };
    network(&module, frame)
}

/// The choice of an edge in a mixture. Edges follow the ops of the interior vertices, in the order
/// of a [`Cell`]'s edges.
pub(crate) fn edge_choice(vertices: usize, u: usize, v: usize) -> usize {
    vertices - 2 + u + v * (v - 1) / 2
}

/// The alternative of that choice with which the edge is there; with the other, 0, it is not.
pub(crate) const EDGE: usize = 1;

/// Adds a cell: the node that feeds it, its channels, and its place in the network.
type Module<'a> = &'a dyn Fn(&mut Builder, Node, usize, &str) -> Result<Node>;

fn network(module: Module, frame: &Frame) -> Result<Plan> {
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
            node = module(&mut builder, node, channels, &place)?;
        }
    }
    Ok(builder.classify(node, frame.classes))
}

/// A cell. An interior vertex sums the first channels of its inputs. The output is the
/// concatenation of its inputs. An edge from the cell's input is a projection, which is added.
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
    let project =
        |builder: &mut Builder, v: usize| projection(builder, input, v, channels[v], place);
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

/// The cell of all ops and edges, each times its share.
fn mixed_module(
    builder: &mut Builder,
    ops: &[String],
    vertices: usize,
    input: Node,
    channels: usize,
    place: &str,
) -> Result<Node> {
    let [height, width, _] = builder.shape(input);
    let shape = [height, width, channels];
    let mut values = vec![input];
    for v in 1..vertices {
        let mut fed = Vec::with_capacity(v);
        for (u, &value) in values.iter().enumerate() {
            let value = match u {
                0 => projection(builder, input, v, channels, place),
                _ => value,
            };
            let share = share(edge_choice(vertices, u, v), EDGE);
            fed.push(builder.scale(value, &share));
        }
        let sum = builder.sum(&fed, shape);
        let value = if v + 1 < vertices {
            block::mix(builder, ops, sum, v - 1, &format!("{place}.vertex{v}"))?
        } else {
            sum
        };
        values.push(value);
    }
    Ok(values.pop().unwrap_or(input))
}

/// The cell's input as it feeds a vertex.
fn projection(builder: &mut Builder, input: Node, v: usize, channels: usize, place: &str) -> Node {
    builder.conv_norm_relu(input, &format!("{place}.vertex{v}.projection"), 1, channels)
}
