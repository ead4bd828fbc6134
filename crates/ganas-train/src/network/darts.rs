//! Networks of DARTS cells (Liu et al. 2019, arXiv 1806.09055), without the auxiliary head and the
//! dropped paths that are only there in training.

use ganas_core::arch::Arch;
use ganas_core::space::{Darts, DartsCell, SearchSpace};

use super::block::{add_strided, factorized_reduction};
use super::builder::{Builder, Node};
use super::plan::{Frame, Plan};
use crate::error::{Result, TrainError};

/// A stem, then the cells, each fed by the last two.
pub(super) fn plan(space: &Darts, arch: &Arch, frame: &Frame) -> Result<Plan> {
    if let Some(depth) = frame.depth.filter(|&depth| depth < 3) {
        return Err(TrainError::Setting {
            name: "depth",
            value: depth as f64,
            range: "3 or more, since fewer cells of a DARTS network are all reduction cells",
        });
    }
    // Both reductions halve the image, some ops only an even one.
    let [height, width, _] = frame.image;
    if height % 4 != 0 || width % 4 != 0 {
        return Err(TrainError::ImageSize { height, width });
    }
    let network = space.network(arch, frame.width, frame.depth);
    let mut builder = Builder::new(frame);
    let stem = builder.conv(builder.image(), "stem", 3, 1, network.stem);
    let stem = builder.norm(stem, "stem", false);
    let mut last = [stem, stem];
    for (i, design) in network.cells.iter().enumerate() {
        let output = cell(&mut builder, space.ops(), design, last, &format!("cell{i}"))?;
        last = [last[1], output];
    }
    Ok(builder.classify(last[1], frame.classes))
}

/// A cell: each node sums two edges, and the output is the channels of all nodes.
fn cell(
    builder: &mut Builder,
    ops: &[String],
    design: &DartsCell,
    inputs: [Node; 2],
    place: &str,
) -> Result<Node> {
    let channels = design.channels;
    let names = [0, 1].map(|i| format!("{place}.input{i}"));
    let first = if design.after_reduction {
        factorized_reduction(builder, inputs[0], &names[0], channels)
    } else {
        builder.relu_conv_norm(inputs[0], &names[0], 1, 1, channels)
    };
    let second = builder.relu_conv_norm(inputs[1], &names[1], 1, 1, channels);
    let mut nodes = vec![first, second];
    for edges in &design.nodes {
        let mut terms = Vec::with_capacity(edges.len());
        for &(source, op) in edges {
            let source = usize::from(source);
            let stride = if design.reduces && source < 2 { 2 } else { 1 };
            let edge = format!("{place}.edge{source}-{}", nodes.len());
            // A valid architecture has earlier sources and the op indices of its space.
            let (op, source) = (&ops[op as usize], nodes[source]);
            terms.push(add_strided(builder, op, source, &edge, stride)?);
        }
        let shape = builder.shape(terms[0]);
        nodes.push(builder.sum(&terms, shape));
    }
    Ok(builder.concat(nodes.split_off(2)))
}
