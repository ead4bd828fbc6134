//! Networks of chains: the frame is `ours`.

use ganas_core::arch::Arch;

use super::block::{self, Block};
use super::builder::Builder;
use super::edge_cell::{reduction, stem};
use super::plan::{Frame, Plan};
use crate::error::Result;

const WIDTH: usize = 16;
const STAGES: usize = 3;

/// The stage of a position.
fn stage(position: usize, length: usize) -> usize {
    position * STAGES / length
}

/// The number of blocks of each stage, without the stages that have none.
pub(super) fn stage_lengths(length: usize) -> Vec<usize> {
    (0..STAGES)
        .map(|own| (0..length).filter(|&p| stage(p, length) == own).count())
        .filter(|&count| count > 0)
        .collect()
}

/// A stem, then the blocks in order, in three stages as even as they can be, with the residual
/// reductions of NAS-Bench-201 between them. A block `none` is left out.
pub(super) fn plan(ops: &[String], arch: &Arch, frame: &Frame) -> Result<Plan> {
    let mut builder = Builder::new(frame);
    let mut node = stem(&mut builder, frame.width.unwrap_or(WIDTH));
    let length = arch.ops().len();
    let stage = |position: usize| stage(position, length);
    for (position, &op) in arch.ops().iter().enumerate() {
        if position > 0 && stage(position) > stage(position - 1) {
            node = reduction(&mut builder, node, &format!("reduction{}", stage(position)));
        }
        let name = &ops[op as usize];
        if Block::of(name)? == Block::None {
            continue;
        }
        for i in 0..frame.depth.unwrap_or(1) {
            let place = format!("block{position}.{i}");
            node = block::add(&mut builder, name, node, &place)?;
        }
    }
    let node = builder.norm(node, "last", true);
    Ok(builder.classify(node, frame.classes))
}
