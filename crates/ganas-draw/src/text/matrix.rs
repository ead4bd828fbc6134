//! Cells with ops on their edges: a table of sources and targets, or a list if that is too wide.

use super::{WIDTH, mark, node_name, wrapped};
use crate::figure::{Cell, Edge, Ops, Role};
use crate::label;

/// The lines of a cell.
pub fn lines(cell: &Cell, ops: &[String], marked: bool) -> Vec<String> {
    let mut lines = table(cell, ops, marked).unwrap_or_else(|| list(cell, ops));
    let plain: Vec<&Edge> = cell.edges.iter().filter(|e| e.op.is_none()).collect();
    for (v, node) in cell.nodes.iter().enumerate() {
        let from = plain.iter().filter(|e| e.to == v);
        let keys: Vec<String> = from.map(|e| cell.nodes[e.from].key.clone()).collect();
        if !keys.is_empty() {
            let head = format!("{} ← ", node.key);
            lines.extend(wrapped(
                &head,
                &" ".repeat(label::columns(&head)),
                ", ",
                &keys,
            ));
        }
    }
    lines
}

/// The number of a node with its name, if it has one.
fn node_label(cell: &Cell, v: usize, ops: &[String]) -> String {
    let node = &cell.nodes[v];
    match node_name(node, ops) {
        "" => node.key.clone(),
        name => format!("{} {name}", node.key),
    }
}

/// An op with its mark; `none` is a dot if all edges are drawn.
fn entry(edge: Option<&Edge>, ops: &[String], marked: bool) -> String {
    let Some((edge, op)) = edge.and_then(|e| e.op.map(|op| (e, op))) else {
        return if marked { "  ·".into() } else { "·".into() };
    };
    if marked {
        format!("{} {}", mark(edge.change), ops[usize::from(op)])
    } else {
        ops[usize::from(op)].clone()
    }
}

/// A column for each target and a row for each source, if that is not too wide.
fn table(cell: &Cell, ops: &[String], marked: bool) -> Option<Vec<String>> {
    let with_op = || cell.edges.iter().filter(|e| e.op.is_some());
    let all = cell.ops == Ops::AllEdges;
    let targets: Vec<usize> = (0..cell.nodes.len())
        .filter(|&v| {
            if all {
                cell.nodes[v].role != Role::Source
            } else {
                cell.nodes[v].role == Role::Inner
            }
        })
        .collect();
    let sources: Vec<usize> = (0..cell.nodes.len())
        .filter(|&v| {
            if all {
                cell.nodes[v].role != Role::Sink
            } else {
                with_op().any(|e| e.from == v)
            }
        })
        .collect();
    let corner = match cell.name.as_str() {
        "" => "from ╲ to".to_owned(),
        name => name.to_owned(),
    };
    let mut columns = vec![
        (std::iter::once(corner))
            .chain(sources.iter().map(|&u| node_label(cell, u, ops)))
            .collect::<Vec<String>>(),
    ];
    let lead = if marked { "  " } else { "" };
    for &v in &targets {
        let cells = sources.iter().map(|&u| {
            let edge = with_op().find(|e| (e.from, e.to) == (u, v));
            if edge.is_some() || all && u < v {
                entry(edge, ops, marked)
            } else {
                String::new()
            }
        });
        let head = format!("{lead}{}", node_label(cell, v, ops));
        columns.push(std::iter::once(head).chain(cells).collect());
    }
    let widths: Vec<usize> = (columns.iter())
        .map(|column| column.iter().map(|c| label::columns(c)).max().unwrap_or(0))
        .collect();
    let gaps = 3 + 2 * targets.len().saturating_sub(1);
    if widths.iter().sum::<usize>() + gaps > WIDTH {
        return None;
    }
    let mut lines: Vec<String> = (0..=sources.len())
        .map(|row| {
            let mut cells =
                (columns.iter().zip(&widths)).map(|(c, &width)| label::pad(&c[row], width));
            let head = cells.next().unwrap_or_default();
            format!("{head} │ {}", cells.collect::<Vec<String>>().join("  "))
        })
        .collect();
    let ruled = widths[1..].iter().sum::<usize>() + gaps - 2;
    let rule = format!("{}─┼{}", "─".repeat(widths[0]), "─".repeat(ruled));
    lines.insert(1, rule);
    Some(lines)
}

/// A line for each target, with the op and source of each summand.
fn list(cell: &Cell, ops: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    if !cell.name.is_empty() {
        lines.push(format!("{} cell", cell.name));
    }
    let labels: Vec<String> = (0..cell.nodes.len())
        .map(|v| node_label(cell, v, ops))
        .collect();
    let width = labels.iter().map(|l| label::columns(l)).max().unwrap_or(0);
    for (v, node) in cell.nodes.iter().enumerate() {
        let sum: Vec<String> = (cell.edges.iter())
            .filter(|e| e.to == v)
            .filter_map(|e| {
                let sign = mark(e.change).to_string();
                let op = &ops[usize::from(e.op?)];
                Some(format!("{}{op}({})", sign.trim(), cell.nodes[e.from].key))
            })
            .collect();
        let head = format!("{} │ ", label::pad(&labels[v], width));
        let other = format!("{} │ ", " ".repeat(width));
        if !sum.is_empty() {
            lines.extend(wrapped(&head, &other, ", ", &sum));
        } else if node.role != Role::Source && cell.ops == Ops::AllEdges {
            lines.push(format!("{head}·"));
        }
    }
    lines
}
