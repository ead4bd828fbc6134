//! Growth of the graph of two DARTS cells.
//!
//! | nodes | what | fed by |
//! |---|---|---|
//! | 0 | the input | |
//! | 1, 2 | the normal cell's inputs | the node before |
//! | 3 .. 14 | its four nodes: two ops and their sum | an op by one earlier sum or input |
//! | 15 .. 28 | the reduction cell in the same way | 15 by the four sums of the normal cell |
//! | 29 | the output | the four sums of the reduction cell |

use super::super::{Growth, LabelSet, Link, Rules};
use super::Darts;
use super::cell::{Cell, INPUTS, NODES};
use crate::arch::{Graph, INPUT, OUTPUT, mask};

/// Labels after the ops: the outputs of the last but one and of the last cell, and a node that adds
/// two ops.
pub(super) const LABELS: [&str; 3] = ["cell_before_last", "last_cell", "sum"];

/// Number of graph nodes of a cell: its inputs, and three for each of its nodes.
const SPAN: usize = INPUTS + 3 * NODES;

/// Number of graph nodes of both cells with input and output.
const LENGTH: usize = 2 * SPAN + 2;

/// Role of a node in the graph.
enum Place {
    Input,
    /// Input of a cell.
    Cell(usize),
    /// First or second edge of a node, and the graph node at which its cell starts.
    Edge {
        start: usize,
        node: usize,
        second: bool,
    },
    Sum,
    Output,
}

fn place(t: usize) -> Option<Place> {
    Some(match t {
        0 => Place::Input,
        t if t == LENGTH - 1 => Place::Output,
        t if t >= LENGTH => return None,
        t => {
            let (start, within) = (1 + (t - 1) / SPAN * SPAN, (t - 1) % SPAN);
            match within.checked_sub(INPUTS) {
                None => Place::Cell(within),
                Some(i) if i % 3 == 2 => Place::Sum,
                Some(i) => Place::Edge {
                    start,
                    node: i / 3,
                    second: i % 3 == 1,
                },
            }
        }
    })
}

/// Returns the graph node of a source in the cell that starts at a graph node.
fn source_node(start: usize, source: usize) -> usize {
    match source.checked_sub(INPUTS) {
        None => start + source,
        Some(node) => start + INPUTS + 3 * node + 2,
    }
}

/// Returns the sums of the cell that starts at a graph node.
fn sums(start: usize) -> u64 {
    (INPUTS..INPUTS + NODES).fold(0, |set, source| set | 1 << source_node(start, source))
}

/// Returns the inputs of a node that has no choice.
fn forced_inputs(t: usize) -> u64 {
    match place(t) {
        Some(Place::Sum) => 0b11 << (t - 2),
        Some(Place::Output) => sums(1 + SPAN),
        Some(Place::Cell(0)) if t > 1 => sums(1),
        Some(Place::Cell(_)) => 1 << (t - 1),
        _ => 0,
    }
}

/// Returns the sources that an edge may have. The first edge of a node leaves a later source to the
/// second, so that each pair of sources is grown in one way only.
fn sources(start: usize, node: usize, first: Option<u64>) -> u64 {
    let all = (0..INPUTS + node).fold(0u64, |set, s| set | 1 << source_node(start, s));
    match first {
        None => all & !(1 << source_node(start, INPUTS + node - 1)),
        Some(first) => all & !mask(64 - first.leading_zeros() as usize),
    }
}

/// Returns the graph of two cells.
pub(super) fn graph(cells: &[Cell; 2], ops: usize) -> Graph {
    let [before_last, last, sum] = labels(ops);
    let mut graph = Graph::default();
    graph.push(INPUT, 0);
    for cell in cells {
        let start = graph.len();
        graph.push(before_last, forced_inputs(start));
        graph.push(last, forced_inputs(start + 1));
        for edges in cell.0 {
            for (source, op) in edges {
                graph.push(op + 2, 1 << source_node(start, source.into()));
            }
            graph.push(sum, forced_inputs(graph.len()));
        }
    }
    graph.push(OUTPUT, forced_inputs(LENGTH - 1));
    graph
}

/// Returns the cells of a finished graph.
pub(super) fn cells(graph: &Graph, ops: usize) -> Option<[Cell; 2]> {
    if graph.len() != LENGTH {
        return None;
    }
    let mut cells = [Cell([[(0, 0); 2]; NODES]); 2];
    for t in 0..LENGTH {
        if let Some(Place::Edge {
            start,
            node,
            second,
        }) = place(t)
        {
            let op = graph.labels[t]
                .checked_sub(2)
                .filter(|&op| usize::from(op) < ops)?;
            let source =
                (0..INPUTS + node).find(|&s| graph.inputs[t] == 1 << source_node(start, s))?;
            cells[start / SPAN].0[node][usize::from(second)] = (source as u8, op);
        }
    }
    cells.iter().all(Cell::is_sorted).then_some(cells)
}

/// Returns the labels after `ops` ops.
fn labels(ops: usize) -> [u8; 3] {
    [0, 1, 2].map(|i| (2 + ops + i) as u8)
}

/// Growth with rules that are always enforced: the space cannot represent what they forbid.
impl Growth for Darts {
    fn vocabulary(&self) -> &[String] {
        &self.vocabulary
    }

    fn max_nodes(&self) -> usize {
        LENGTH
    }

    fn labels(&self, partial: &Graph, _: Rules) -> LabelSet {
        let [before_last, last, sum] = labels(self.ops.len());
        match place(partial.len()) {
            Some(Place::Input) => 1 << INPUT,
            Some(Place::Cell(0)) => 1 << before_last,
            Some(Place::Cell(_)) => 1 << last,
            Some(Place::Edge { .. }) => ((1 << self.ops.len()) - 1) << 2,
            Some(Place::Sum) => 1 << sum,
            Some(Place::Output) => 1 << OUTPUT,
            None => 0,
        }
    }

    fn link(&self, partial: &Graph, _: u8, chosen: u64, from: usize, _: Rules) -> Link {
        let t = partial.len();
        let Some(Place::Edge {
            start,
            node,
            second,
        }) = place(t)
        else {
            return match forced_inputs(t) >> from & 1 {
                1 => Link::Must,
                _ => Link::MayNot,
            };
        };
        let sources = sources(start, node, second.then(|| partial.inputs[t - 1]));
        if chosen != 0 || sources >> from & 1 == 0 {
            Link::MayNot
        } else if sources >> from == 1 {
            Link::Must
        } else {
            Link::May
        }
    }

    fn violations(&self, _: &Graph) -> usize {
        0
    }
}
