//! Random cells.

use super::NodeCell;
use crate::arch::{Arch, CELL_VERTICES, Cell};
use crate::rng::Rng;

impl NodeCell {
    /// Draws uniformly over the distinct cells. A uniform labelled form is kept with a probability
    /// of one over the number of forms of its cell.
    pub(super) fn sample_uniform(&self, rng: &mut Rng) -> Arch {
        loop {
            let (n, edges) = self.shapes[rng.weighted(&self.shape_weights)];
            let Some(mut cell) = random_edges(n, edges, rng) else {
                continue;
            };
            for v in 1..n - 1 {
                cell.set_op(v, rng.below(self.ops.len()) as u8);
            }
            let (canonical, forms) = cell.canonical_with_count();
            if rng.below(forms.count() as usize) == 0
                && self.representative(&canonical) == canonical
            {
                return canonical.arch();
            }
        }
    }

    pub(super) fn sample_adjacency(&self, rng: &mut Rng) -> Arch {
        let n = self.limits.vertices;
        loop {
            let ops: Vec<u8> = (2..n).map(|_| rng.below(self.ops.len()) as u8).collect();
            let mut cell = Cell::new(&ops);
            for v in 1..n {
                for u in 0..v {
                    if rng.bits() >> 63 == 1 {
                        cell.add_edge(u, v);
                    }
                }
            }
            if let Ok(arch) = self.admit(&cell) {
                return arch;
            }
        }
    }
}

/// Draws a random cell of exactly `edges` edges. Returns `None` if a vertex is dead.
fn random_edges(n: usize, edges: usize, rng: &mut Rng) -> Option<Cell> {
    let mut cell = Cell::new(&[0; CELL_VERTICES][..n - 2]);
    let mut left = edges;
    let mut pairs = n * (n - 1) / 2;
    let mut fed = 0u32;
    for v in 1..n {
        let before = left;
        for u in 0..v {
            if rng.below(pairs) < left {
                cell.add_edge(u, v);
                fed |= 1 << u;
                left -= 1;
            }
            pairs -= 1;
        }
        if left == before {
            return None;
        }
    }
    (fed == (1 << (n - 1)) - 1).then_some(cell)
}
