//! Counting and enumeration of cells.

use super::{FEASIBLE, NodeCell};
use crate::arch::{Arch, Cell, CellLimits};

impl NodeCell {
    /// Counts the cells in which every vertex has a layer and feeds the next. No two of their
    /// labelled forms are isomorphic, so a formula counts them.
    pub(super) fn strung(&self) -> u128 {
        let CellLimits {
            vertices,
            edges,
            ops,
        } = self.limits;
        let ops = (0..ops as u8).filter(|op| !self.roles.has(*op)).count();
        (2..=vertices.min(edges + 1))
            .map(|n| {
                let further = n * (n - 1) / 2 - (n - 1);
                let edgings: u128 = (0..=further.min(edges + 1 - n))
                    .map(|k| choose(further, k))
                    .sum();
                edgings.saturating_mul((ops as u128).saturating_pow(n as u32 - 2))
            })
            .fold(0, u128::saturating_add)
    }

    /// Counts the cells, if `forms` labelled forms suffice.
    pub(super) fn count(&self, forms: u64) -> Option<u128> {
        if self.limits.vertices > FEASIBLE || self.strung() > u128::from(forms) {
            return None;
        }
        let mut count = 0;
        let mut visitor = Visitor {
            space: self,
            forms,
            visit: &mut |_| count += 1,
        };
        visitor.visit_all().then_some(count)
    }
}

/// Visitor of every canonical cell. It visits each labelling that is smallest among its
/// relabelings, for each unlabelled cell that is smallest among its own. It stops after a number of
/// labelled forms.
pub(super) struct Visitor<'a> {
    pub space: &'a NodeCell,
    /// Remaining forms.
    pub forms: u64,
    pub visit: &'a mut dyn FnMut(Arch),
}

impl Visitor<'_> {
    /// Visits all cells; returns false if the forms ran out.
    pub fn visit_all(&mut self) -> bool {
        (2..=self.space.limits.vertices).all(|n| self.extend(Cell::new(&vec![0; n - 2]), 1))
    }

    /// Counts a form; returns false if none remains.
    fn look(&mut self) -> bool {
        let left = self.forms.checked_sub(1);
        self.forms = left.unwrap_or(0);
        left.is_some()
    }

    fn extend(&mut self, cell: Cell, v: usize) -> bool {
        let n = cell.vertices();
        if v == n {
            if !self.look() {
                return false;
            }
            let smallest = (0..n - 1).all(|u| cell.succs(u) != 0) && cell.canonical() == cell;
            return !smallest || self.label(cell);
        }
        // Each later vertex needs an edge of its own.
        let spare = (self.space.limits.edges + v + 1).saturating_sub(n + cell.edges());
        for preds in 1u16..1 << v {
            if preds.count_ones() as usize <= spare {
                let mut next = cell;
                for u in (0..v).filter(|u| preds >> u & 1 == 1) {
                    next.add_edge(u, v);
                }
                if !self.extend(next, v + 1) {
                    return false;
                }
            }
        }
        true
    }

    fn label(&mut self, cell: Cell) -> bool {
        let interior = cell.vertices() - 2;
        let base = self.space.ops.len();
        for mut code in 0..base.pow(interior as u32) {
            if !self.look() {
                return false;
            }
            let mut labelled = cell;
            for v in (1..=interior).rev() {
                labelled.set_op(v, (code % base) as u8);
                code /= base;
            }
            if self.space.representative(&labelled) == labelled {
                (self.visit)(labelled.arch());
            }
        }
        true
    }
}

/// Returns the binomial coefficient.
pub(super) fn choose(n: usize, k: usize) -> u128 {
    (0..k as u128).fold(1, |c, i| c * (n as u128 - i) / (i + 1))
}

#[cfg(test)]
mod tests {
    use super::super::COUNTED;
    use super::*;
    use crate::space::{OpCosts, SearchSpace};

    fn cells(vertices: usize, edges: usize, ops: usize) -> NodeCell {
        let ops = (0..ops).map(|i| format!("op{i}")).collect();
        NodeCell::new(
            "cells".into(),
            vertices,
            edges,
            ops,
            Box::<OpCosts>::default(),
        )
    }

    #[test]
    fn cells_on_a_path_are_counted_by_a_formula() {
        for space in [
            cells(6, 15, 2),
            cells(7, 9, 2),
            cells(5, 3, 3),
            cells(2, 1, 1),
        ] {
            let (mut strung, mut all) = (0, 0);
            let visit = &mut |arch| {
                let cell = Cell::from_arch(&arch);
                strung += u128::from((1..cell.vertices()).all(|v| cell.has_edge(v - 1, v)));
                all += 1;
            };
            space.enumerate(visit).unwrap();
            // Only one order of the vertices suits the edges of such a path.
            assert_eq!(space.strung(), strung);
            assert_eq!(space.size(), Some(all));
            assert_eq!(space.at_least(), all);
        }
        assert_eq!(cells(4, 3, 1).strung(), 1 + 2 + 1);
        assert_eq!(cells(4, 6, 2).strung(), 1 + 2 * 2 + 8 * 4);
    }

    #[test]
    fn a_count_gives_up_and_then_nothing_is_enumerated() {
        let space = cells(6, 15, 2);
        assert_eq!(space.count(1_000), None);
        assert_eq!(space.count(COUNTED), space.size());
        let large = cells(7, 21, 10);
        assert_eq!((large.size(), large.at_least()), (None, 3_287_104_821));
        assert!(large.enumerate(&mut |_| panic!("visited")).is_err());
        // Neither vertices nor ops make it overflow.
        assert_eq!(cells(16, 120, 62).at_least(), u128::MAX);
    }
}
