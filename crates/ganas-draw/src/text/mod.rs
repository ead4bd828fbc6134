//! Drawings as text for a terminal.

mod chain;
mod lanes;
mod matrix;

use crate::Drawing;
use crate::figure::{Cell, Change, Figure, Node, Ops, Stage};
use crate::label;

/// The most columns of a line.
pub const WIDTH: usize = 80;

/// The most columns of the name of an op; two names and their places fit in a line.
pub const NAME: usize = 26;

/// Writes the text.
pub fn write(drawing: &Drawing) -> String {
    let ops: Vec<String> = drawing.ops.iter().map(|op| label::clip(op, NAME)).collect();
    let marked = drawing.tally.is_some();
    let mut lines = Vec::new();
    match &drawing.figure {
        Figure::Cells(cells) => {
            for cell in cells {
                if !lines.is_empty() {
                    lines.push(String::new());
                }
                lines.extend(match cell.ops {
                    Ops::Nodes => lanes::lines(cell, &ops, marked),
                    _ => matrix::lines(cell, &ops, marked),
                });
            }
        }
        Figure::Chain(stages) => lines = chain::lines(stages, &ops, marked),
    }
    if let Some(tally) = drawing.tally {
        lines.push(String::new());
        lines.push(tally.to_string());
        lines.extend(match &drawing.figure {
            Figure::Cells(cells) => (cells.iter())
                .flat_map(|cell| cell_changes(cell, &ops))
                .collect(),
            Figure::Chain(stages) => chain_changes(stages, &ops),
        });
    }
    let mut text = String::new();
    for line in lines {
        text.push_str(label::clip(line.trim_end(), WIDTH).as_str());
        text.push('\n');
    }
    text
}

/// The sign of a change, in one column.
fn mark(change: Change) -> char {
    match change {
        Change::Same => ' ',
        Change::Added => '+',
        Change::Removed => '-',
        Change::Changed(_) => '~',
    }
}

/// The name of a node: its op or its own name.
fn node_name<'a>(node: &'a Node, ops: &'a [String]) -> &'a str {
    match node.op {
        Some(op) => &ops[usize::from(op)],
        None => &node.name,
    }
}

/// The op of a part, with its former op if it changed.
fn op_change(op: u8, change: Change, ops: &[String]) -> String {
    let name = &ops[usize::from(op)];
    match change {
        Change::Changed(before) => format!("{} → {name}", ops[usize::from(before)]),
        _ => name.clone(),
    }
}

/// A line for each part of a cell that changed.
fn cell_changes(cell: &Cell, ops: &[String]) -> Vec<String> {
    let place = match cell.name.as_str() {
        "" => String::new(),
        name => format!("{name} "),
    };
    let nodes = (cell.nodes.iter())
        .filter(|n| n.change != Change::Same)
        .map(|node| {
            let what = match node.op {
                Some(op) => op_change(op, node.change, ops),
                None => node.name.clone(),
            };
            format!("{} {place}{}: {what}", mark(node.change), node.key)
        });
    let edges = (cell.edges.iter())
        .filter(|e| e.change != Change::Same)
        .map(|edge| {
            let (from, to) = (&cell.nodes[edge.from].key, &cell.nodes[edge.to].key);
            let what = match edge.op {
                Some(op) => format!(": {}", op_change(op, edge.change, ops)),
                None => String::new(),
            };
            format!("{} {place}{from} → {to}{what}", mark(edge.change))
        });
    nodes.chain(edges).collect()
}

/// A line for each layer that changed. Layers are counted in the second chain; a removed one has
/// the number of the layer that took its place.
fn chain_changes(stages: &[Stage], ops: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    for stage in stages {
        let mut number = 1;
        for layer in &stage.layers {
            if layer.change != Change::Same {
                let place = match stage.name.as_str() {
                    "" => format!("layer {number}"),
                    name => format!("{name}, layer {number}"),
                };
                let what = op_change(layer.op, layer.change, ops);
                lines.push(format!("{} {place}: {what}", mark(layer.change)));
            }
            number += usize::from(layer.change != Change::Removed);
        }
    }
    lines
}

/// Words joined by a separator in as many lines as they take: the first after `first`, the others
/// after `other`.
fn wrapped(first: &str, other: &str, separator: &str, words: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = first.to_owned();
    let mut empty = true;
    for (i, word) in words.iter().enumerate() {
        let joint = if i + 1 < words.len() {
            separator.trim_end()
        } else {
            ""
        };
        let between = if empty { "" } else { " " };
        let wide = label::columns(&line) + label::columns(between) + label::columns(word);
        if !empty && wide + label::columns(joint) > WIDTH {
            lines.push(std::mem::replace(&mut line, other.to_owned()));
            line.push_str(word);
        } else {
            line.push_str(between);
            line.push_str(word);
        }
        line.push_str(joint);
        empty = false;
    }
    lines.push(line);
    lines
}
