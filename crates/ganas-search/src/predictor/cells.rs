//! Features of a pair of DARTS cells, as numbers in a fixed order.

use ganas_core::space::{DartsCell, DartsNet};

const CELLS: [&str; 2] = ["normal", "reduction"];
const NODES: usize = 4;
const INPUTS: usize = 2;

/// The names of the numbers. Nodes are counted as in a genotype: 0 and 1 are a cell's inputs.
pub fn names(ops: &[String]) -> Vec<String> {
    let mut names = Vec::new();
    for cell in CELLS {
        names.extend(ops.iter().map(|op| format!("{cell}.count[{op}]")));
        for source in 0..INPUTS + NODES - 1 {
            names.extend(ops.iter().map(|op| format!("{cell}.from[{source}]={op}")));
        }
        for node in INPUTS..INPUTS + NODES {
            names.extend(ops.iter().map(|op| format!("{cell}.into[{node}]={op}")));
        }
        names.extend((0..INPUTS + NODES - 1).map(|source| format!("{cell}.used[{source}]")));
        names.extend((INPUTS..INPUTS + NODES).map(|node| format!("{cell}.depth[{node}]")));
    }
    names
}

/// The numbers of a network of at least three cells.
pub fn values(network: &DartsNet, ops: usize, skip: Option<usize>) -> Vec<f64> {
    let design = |reduces: bool| network.cells.iter().find(|cell| cell.reduces == reduces);
    let mut values = Vec::with_capacity(names_of_a_cell(ops) * CELLS.len());
    for cell in [false, true].into_iter().filter_map(design) {
        describe(cell, ops, skip, &mut values);
    }
    values
}

fn names_of_a_cell(ops: usize) -> usize {
    ops * (1 + INPUTS + NODES - 1 + NODES) + INPUTS + NODES - 1 + NODES
}

fn describe(cell: &DartsCell, ops: usize, skip: Option<usize>, values: &mut Vec<f64>) {
    let at = values.len();
    values.resize(at + names_of_a_cell(ops), 0.0);
    let values = &mut values[at..];
    let (from, into) = (ops, ops * (INPUTS + NODES));
    let used = into + ops * NODES;
    let depth = used + INPUTS + NODES - 1;
    for (node, edges) in cell.nodes.iter().enumerate() {
        let mut longest: f64 = 0.0;
        for &(source, op) in edges {
            let (source, op) = (source as usize, op as usize);
            values[op] += 1.0;
            values[from + source * ops + op] += 1.0;
            values[into + node * ops + op] += 1.0;
            values[used + source] += 1.0;
            let before = match source.checked_sub(INPUTS) {
                Some(earlier) => values[depth + earlier],
                None => 0.0,
            };
            // A skip connection is no layer.
            let own = if Some(op) == skip { 0.0 } else { 1.0 };
            longest = longest.max(before + own);
        }
        values[depth + node] = longest;
    }
}
