//! Single edits of a cell, acting on its isomorphism class.

use super::canonical::{CELL_VERTICES, Cell};

/// Limits on the cells of a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellLimits {
    /// Largest number of vertices, input and output included.
    pub vertices: usize,
    /// Largest number of edges.
    pub edges: usize,
    /// Number of ops that an interior vertex can have.
    pub ops: usize,
}

/// Relation over vertices. Edges may point either way in index order.
#[derive(Clone)]
struct Draft {
    ops: Vec<u8>,
    preds: Vec<u16>,
}

impl Draft {
    fn from_cell(cell: &Cell) -> Self {
        let n = cell.vertices();
        Draft {
            ops: (0..n).map(|v| cell.op(v)).collect(),
            preds: (0..n).map(|v| cell.preds(v)).collect(),
        }
    }

    /// Returns the draft with one more vertex just before the output, fed by `u` and feeding `v`.
    fn with_vertex(&self, op: u8, u: usize, v: usize) -> Self {
        let new = self.ops.len() - 1;
        let shift = |set: u16| {
            let low = set & ((1 << new) - 1);
            low | (set & !((1 << new) - 1)) << 1
        };
        let mut draft = Draft {
            ops: self.ops.clone(),
            preds: self.preds.iter().map(|&p| shift(p)).collect(),
        };
        draft.ops.insert(new, op);
        draft.preds.insert(new, 1 << u);
        let v = if v == new { new + 1 } else { v };
        draft.preds[v] |= 1 << new;
        draft
    }
}

impl Cell {
    /// Returns all canonical cells within the limits that are one edit away from this pruned cell,
    /// sorted and without the cell itself.
    ///
    /// An edit changes an op; adds an edge in any direction that closes no cycle; removes an edge;
    /// inserts a vertex on an edge or between two vertices; or contracts a vertex, joining its
    /// sources to its targets. Vertices that an edit leaves on no path from input to output are
    /// removed.
    pub fn edits(&self, limits: CellLimits) -> Vec<Cell> {
        let mut found = Vec::new();
        self.for_each_edit(limits, &mut |cell: Option<Cell>| {
            let Some(cell) = cell.and_then(|c| c.pruned()) else {
                return;
            };
            if cell.vertices() <= limits.vertices && cell.edges() <= limits.edges {
                found.push(cell.canonical());
            }
        });
        let own = self.canonical();
        found.sort_unstable_by_key(Cell::arch);
        found.dedup();
        found.retain(|cell| *cell != own);
        found
    }

    fn for_each_edit(&self, limits: CellLimits, emit: &mut dyn FnMut(Option<Cell>)) {
        let n = self.vertices();
        let ops = 0..limits.ops as u8;
        let draft = Draft::from_cell(self);
        for v in 1..n - 1 {
            for op in ops.clone().filter(|&op| op != self.op(v)) {
                let mut cell = *self;
                cell.set_op(v, op);
                emit(Some(cell));
            }
            emit(self.contracted(v));
        }
        let reaches = self.reachability();
        let grows = n < limits.vertices.min(CELL_VERTICES);
        for u in 0..n - 1 {
            for v in (1..n).filter(|&v| v != u && reaches[v] >> u & 1 == 0) {
                let edge = u < v && self.has_edge(u, v);
                let mut toggled = draft.clone();
                toggled.preds[v] ^= 1 << u;
                emit(Cell::sorted(&toggled.ops, &toggled.preds));
                if !grows {
                    continue;
                }
                for op in ops.clone() {
                    let beside = draft.with_vertex(op, u, v);
                    emit(Cell::sorted(&beside.ops, &beside.preds));
                    if edge {
                        let on_edge = toggled.with_vertex(op, u, v);
                        emit(Cell::sorted(&on_edge.ops, &on_edge.preds));
                    }
                }
            }
        }
    }

    /// Returns for each vertex the set of vertices that can be reached from it.
    fn reachability(&self) -> [u16; CELL_VERTICES] {
        let mut reaches = [0; CELL_VERTICES];
        for v in (0..self.vertices()).rev() {
            for u in 0..v {
                if self.has_edge(u, v) {
                    reaches[u] |= 1 << v | reaches[v];
                }
            }
        }
        reaches
    }

    fn contracted(&self, v: usize) -> Option<Cell> {
        let mut cell = *self;
        for w in v + 1..self.vertices() {
            if self.has_edge(v, w) {
                cell.remove_edge(v, w);
                for u in (0..v).filter(|&u| self.has_edge(u, v)) {
                    cell.add_edge(u, w);
                }
            }
        }
        cell.pruned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: CellLimits = CellLimits {
        vertices: 7,
        edges: 9,
        ops: 3,
    };

    fn chain(ops: &[u8]) -> Cell {
        let mut cell = Cell::new(ops);
        for v in 1..cell.vertices() {
            cell.add_edge(v - 1, v);
        }
        cell.canonical()
    }

    #[test]
    fn the_smallest_cell_grows_by_one_vertex() {
        // input -> output: a vertex on the edge or beside it, each with three ops.
        assert_eq!(chain(&[]).edits(LIMITS).len(), 6);
    }

    #[test]
    fn edits_are_symmetric_where_contraction_undoes_insertion() {
        let cell = chain(&[0, 1]);
        assert!(cell.edits(LIMITS).contains(&chain(&[0])));
        assert!(chain(&[0]).edits(LIMITS).contains(&cell));
    }

    #[test]
    fn an_edge_can_point_against_the_index_order() {
        // Two parallel vertices: the added edge may go either way between them.
        let mut cell = Cell::new(&[0, 1]);
        for v in [1, 2] {
            cell.add_edge(0, v);
            cell.add_edge(v, 3);
        }
        let edits = cell.edits(LIMITS);
        let both = edits
            .iter()
            .filter(|c| c.vertices() == 4 && c.edges() == 5 && !c.has_edge(0, 3))
            .count();
        assert_eq!(both, 2);
    }
}
