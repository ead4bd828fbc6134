//! Removal of vertices without a layer of their own from a cell.

use super::Cell;

/// Ops without a layer of their own, for [`Cell::reduced`].
#[derive(Clone, Copy)]
pub struct Passive<'a> {
    /// Ops that carry nothing.
    pub absent: &'a [u8],
    /// Ops that pass their input on.
    pub identity: &'a [u8],
    /// Set if an edge from the input has weights of its own, and the output concatenates its
    /// inputs.
    pub projected: bool,
}

impl Cell {
    /// Returns the pruned cell without absent vertices and without vertices that pass on the output
    /// of one vertex. Returns `None` if nothing reaches the output then.
    pub fn reduced(&self, passive: Passive) -> Option<Cell> {
        let mut cell = *self;
        let last = |cell: &Cell| cell.vertices() - 1;
        for v in 1..last(&cell) {
            let share = passive.projected && cell.has_edge(v, last(&cell));
            if passive.absent.contains(&cell.op(v)) && !share {
                cell.isolate(v);
            }
        }
        cell = cell.pruned()?;
        while let Some(v) = (1..last(&cell)).find(|&v| cell.passes_on(v, passive)) {
            let source = cell.preds(v).trailing_zeros() as usize;
            let fed = cell.succs(v);
            for w in (v + 1..cell.vertices()).filter(|w| fed >> w & 1 == 1) {
                cell.add_edge(source, w);
            }
            cell.isolate(v);
            cell = cell.pruned()?;
        }
        Some(cell)
    }

    /// Returns true if a vertex passes on the output of one other, which can feed its successors
    /// itself.
    fn passes_on(&self, v: usize, passive: Passive) -> bool {
        let preds = self.preds(v);
        if !passive.identity.contains(&self.op(v)) || preds.count_ones() != 1 {
            return false;
        }
        let source = preds.trailing_zeros() as usize;
        if self.succs(source) & self.succs(v) != 0 {
            return false;
        }
        let own_weights = passive.projected && source == 0;
        !own_weights || (self.succs(v).count_ones() == 1 && !self.has_edge(v, self.vertices() - 1))
    }

    /// Removes all edges of a vertex.
    fn isolate(&mut self, v: usize) {
        for u in 0..v {
            self.remove_edge(u, v);
        }
        for w in v + 1..self.vertices() {
            self.remove_edge(v, w);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSIVE: Passive = Passive {
        absent: &[0],
        identity: &[1],
        projected: false,
    };

    fn cell(ops: &[u8], edges: &[(usize, usize)]) -> Cell {
        let mut cell = Cell::new(ops);
        edges.iter().for_each(|&(u, v)| cell.add_edge(u, v));
        cell
    }

    #[test]
    fn absent_vertices_and_what_only_they_feed_are_left_out() {
        // input -> 2 -> absent -> output, input -> 3 -> output.
        let long = cell(&[2, 0, 3], &[(0, 1), (1, 2), (2, 4), (0, 3), (3, 4)]);
        assert_eq!(long.reduced(PASSIVE), Some(cell(&[3], &[(0, 1), (1, 2)])));
        assert_eq!(cell(&[0], &[(0, 1), (1, 2)]).reduced(PASSIVE), None);
    }

    #[test]
    fn a_vertex_that_passes_on_one_other_is_left_out() {
        let chain = cell(&[1, 2, 1], &[(0, 1), (1, 2), (2, 3), (3, 4)]);
        assert_eq!(chain.reduced(PASSIVE), Some(cell(&[2], &[(0, 1), (1, 2)])));
        // Two edges from one vertex to another cannot be one.
        let twice = cell(&[2, 1], &[(0, 1), (1, 2), (1, 3), (2, 3)]);
        assert_eq!(twice.reduced(PASSIVE), Some(twice));
        // A sum has no other place.
        let sum = cell(&[2, 3, 1], &[(0, 1), (0, 2), (1, 3), (2, 3), (3, 4)]);
        assert_eq!(sum.reduced(PASSIVE), Some(sum));
    }

    #[test]
    fn projections_of_the_input_and_shares_of_the_output_stay() {
        let projected = Passive {
            projected: true,
            ..PASSIVE
        };
        let direct = cell(&[1], &[(0, 1), (1, 2)]);
        assert_eq!(direct.reduced(projected), Some(direct));
        assert_eq!(direct.reduced(PASSIVE), Some(cell(&[], &[(0, 1)])));
        let zeros = cell(&[0, 2], &[(0, 1), (1, 3), (0, 2), (2, 3)]);
        assert_eq!(zeros.reduced(projected), Some(zeros));
    }
}
