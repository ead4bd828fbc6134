//! Growth of the graphs of cells.

use super::NodeCell;
use crate::arch::{CELL_VERTICES, Cell, Graph, INPUT, OUTPUT, mask};
use crate::space::{Growth, LabelSet, Link, Rules};

impl NodeCell {
    /// Returns the cell of a finished graph, if it is one.
    pub(super) fn cell(&self, graph: &Graph) -> Option<Cell> {
        let n = graph.len();
        let interior = graph.labels.get(1..n.checked_sub(1)?)?;
        if !(2..=CELL_VERTICES).contains(&n) || interior.iter().any(|&l| l < 2) {
            return None;
        }
        let ops: Vec<u8> = interior.iter().map(|l| l - 2).collect();
        let mut cell = Cell::new(&ops);
        for v in 1..n {
            for u in (0..v).filter(|u| graph.inputs[v] >> u & 1 == 1) {
                cell.add_edge(u, v);
            }
        }
        Some(cell)
    }
}

impl Growth for NodeCell {
    fn vocabulary(&self) -> &[String] {
        &self.vocabulary
    }

    fn max_nodes(&self) -> usize {
        self.limits.vertices
    }

    fn labels(&self, partial: &Graph, rules: Rules) -> LabelSet {
        let t = partial.len();
        if t == 0 {
            return 1 << INPUT;
        }
        if t == self.limits.vertices || partial.labels[t - 1] == OUTPUT {
            return 0;
        }
        let ops: LabelSet = ((1 << self.ops.len()) - 1) << 2;
        let output: LabelSet = 1 << OUTPUT;
        match rules {
            Rules::Learned => ops | output,
            // Another vertex takes one edge at least, and the output one for each loose end.
            Rules::Enforced
                if t + 1 < self.limits.vertices && committed(partial) < self.limits.edges =>
            {
                ops | output
            }
            Rules::Enforced => output,
        }
    }

    fn link(&self, partial: &Graph, label: u8, chosen: u64, from: usize, rules: Rules) -> Link {
        if rules == Rules::Learned {
            return Link::May;
        }
        let dangling = partial.dangling();
        let loose = dangling >> from & 1 == 1;
        if label == OUTPUT && loose {
            return Link::Must;
        }
        if chosen == 0 && from + 1 == partial.len() {
            return Link::Must;
        }
        // An edge from a loose end costs nothing: it replaces the one that the output owes it.
        let extra = (chosen & !dangling).count_ones() as usize;
        let own = if label == OUTPUT { 0 } else { 1 };
        if loose || committed(partial) + own + extra < self.limits.edges {
            Link::May
        } else {
            Link::MayNot
        }
    }

    fn violations(&self, graph: &Graph) -> usize {
        let n = graph.len();
        let excess = graph.edges().saturating_sub(self.limits.edges);
        let unfed = graph.inputs.iter().skip(1).filter(|m| **m == 0).count();
        if graph.labels.last() == Some(&OUTPUT) {
            let loose = (graph.dangling() & mask(n - 1)).count_ones() as usize;
            excess + unfed + loose
        } else if n == self.limits.vertices {
            // Grown to the end without an output.
            excess + unfed + 1
        } else {
            excess + unfed
        }
    }
}

/// Counts the edges of a partial cell if it were finished now: its edges, and one to the output
/// from each loose end.
fn committed(partial: &Graph) -> usize {
    partial.edges() + partial.dangling().count_ones() as usize
}
