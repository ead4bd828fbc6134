//! Networks of chains: the frame is `ours`.

use ganas_core::arch::Arch;

use super::block;
use super::builder::Builder;
use super::edge_cell::{reduction, stem};
use super::plan::{Frame, Plan};
use crate::error::Result;

const WIDTH: usize = 16;
const STAGES: usize = 3;

/// A stem, then the blocks in order, in three stages as even as they can be, with the residual
/// reductions of NAS-Bench-201 between them.
pub(super) fn plan(ops: &[String], arch: &Arch, frame: &Frame) -> Result<Plan> {
    let mut builder = Builder::new(frame);
    let mut node = stem(&mut builder, frame.width.unwrap_or(WIDTH));
    let length = arch.ops().len();
    let stage = |position: usize| position * STAGES / length;
    for (position, &op) in arch.ops().iter().enumerate() {
        if position > 0 && stage(position) > stage(position - 1) {
            node = reduction(&mut builder, node, &format!("reduction{}", stage(position)));
        }
        for i in 0..frame.depth.unwrap_or(1) {
            let place = format!("block{position}.{i}");
            node = block::add(&mut builder, &ops[op as usize], node, &place)?;
        }
    }
    let node = builder.norm(node, "last", true);
    Ok(builder.classify(node, frame.classes))
}
