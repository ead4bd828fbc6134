//! A few architectures that between them name all shared weights of a space.

use std::collections::BTreeMap;

use ganas_core::arch::{Arch, CELL_VERTICES, Cell};
use ganas_core::space::{Kind, SearchSpace};

use super::share::shared_name;
use crate::error::{Result, TrainError};
use crate::network::{Frame, Plan, Slot, positions};

/// All weights that networks of the space can name, each as large as it can be.
///
/// # Errors
/// If no supernet is known for the space, or a network cannot be built.
pub fn slots(space: &dyn SearchSpace, frame: &Frame) -> Result<BTreeMap<String, Slot>> {
    let mut slots: BTreeMap<String, Slot> = BTreeMap::new();
    for arch in cover(space)? {
        for mut slot in Plan::build(space, &arch, frame)?.weights {
            slot.name = shared_name(space, &slot.name).into_owned();
            let size = |slot: &Slot| slot.shape.iter().product::<usize>();
            match slots.get(&slot.name) {
                Some(known) if size(known) >= size(&slot) => {}
                _ => drop(slots.insert(slot.name.clone(), slot)),
            }
        }
    }
    Ok(slots)
}

/// The architectures with the same op everywhere; in mobile spaces all of their layers are there. In node cells
/// each vertex feeds the next, so that all have the full width, and the input feeds one more vertex.
fn cover(space: &dyn SearchSpace) -> Result<Vec<Arch>> {
    let ops = 0..space.ops().len() as u8;
    match space.kind() {
        Kind::EdgeCell => {
            let edges = positions(space)?;
            Ok(ops.map(|op| Arch::new(&vec![op; edges])).collect())
        }
        Kind::NodeCell => {
            let chain = |vertices: usize, op: u8, fed: usize| {
                let mut cell = Cell::new(&vec![op; vertices - 2]);
                (1..vertices).for_each(|v| cell.add_edge(v - 1, v));
                cell.add_edge(0, fed);
                cell.arch()
            };
            let all = (2..=CELL_VERTICES).flat_map(|vertices| {
                let ops = ops.clone();
                (1..vertices)
                    .flat_map(move |fed| ops.clone().map(move |op| chain(vertices, op, fed)))
            });
            Ok(all.filter(|arch| space.check(arch).is_ok()).collect())
        }
        Kind::Mobile(mobile) => {
            let slots = mobile.depths().iter().map(|(_, most)| most).sum();
            let all = ops.map(|op: u8| Arch::new(&vec![op; slots]));
            // The last op skips a layer. It has no weights and cannot be everywhere.
            Ok(all.filter(|arch| space.check(arch).is_ok()).collect())
        }
        Kind::Chain => {
            let length = space.max_nodes() - 2;
            let all = Vec::from_iter(ops.map(|op| Arch::new(&vec![op; length])));
            if all.iter().all(|arch| space.check(arch).is_ok()) {
                Ok(all)
            } else {
                Err(TrainError::NoSupernet(space.name().to_owned()))
            }
        }
        _ => Err(TrainError::NoSupernet(space.name().to_owned())),
    }
}
