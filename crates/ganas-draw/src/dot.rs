//! Drawings in Graphviz' language.

use crate::Drawing;
use crate::figure::{Cell, Change, Figure, Ops, Role, Stage};
use crate::label;
use crate::palette;

const HEADER: &str = "  \
graph [rankdir=TB, fontname=\"monospace\", fontsize=12, labelloc=t, nodesep=0.3, ranksep=0.4]
  node [shape=box, style=\"rounded,filled\", fillcolor=\"#ffffff\", color=\"#59636e\", \
fontname=\"monospace\", fontsize=11, height=0.35, margin=\"0.12,0.04\"]
  edge [color=\"#818b98\", fontname=\"monospace\", fontsize=11, arrowsize=0.7]
";

/// Writes the graph: a cluster a cell or stage, the rest in clusters of nobody.
pub fn write(drawing: &Drawing) -> String {
    let title = label::dot(&drawing.title);
    let mut out = format!("digraph {title} {{\n{HEADER}  label={title};\n");
    match &drawing.figure {
        Figure::Cells(cells) => {
            for (index, cell) in cells.iter().enumerate() {
                let body = cell_lines(index, cell, &drawing.ops);
                let name = (!cell.name.is_empty()).then(|| format!("{} cell", cell.name));
                cluster(&mut out, index, name.as_deref(), &body);
            }
        }
        Figure::Chain(stages) => chain(&mut out, stages, &drawing.ops),
    }
    out.push_str("}\n");
    out
}

/// Appends lines, in a cluster if it has a name.
fn cluster(out: &mut String, index: usize, name: Option<&str>, lines: &[String]) {
    let indent = if name.is_some() { "    " } else { "  " };
    if let Some(name) = name {
        out.push_str(&format!(
            "  subgraph cluster{index} {{\n    label={}; color=\"#d1d9e0\"; style=rounded;\n",
            label::dot(name)
        ));
    }
    for line in lines {
        out.push_str(&format!("{indent}{line}\n"));
    }
    if name.is_some() {
        out.push_str("  }\n");
    }
}

/// The attributes of a change.
fn changed(change: Change) -> &'static str {
    match change {
        Change::Same => "",
        Change::Added => ", color=\"#1a7f37\", penwidth=2.5",
        Change::Removed => {
            ", color=\"#cf222e\", fontcolor=\"#cf222e\", penwidth=1.5, style=\"dashed\""
        }
        Change::Changed(_) => ", color=\"#bf8700\", penwidth=2.5",
    }
}

/// The same for a node, which keeps its round corners.
fn changed_node(change: Change) -> String {
    changed(change).replace("dashed", "rounded,dashed")
}

/// The label of an op, with the former op if it changed.
fn op_label(op: u8, change: Change, ops: &[String]) -> String {
    let name = &ops[usize::from(op)];
    label::dot(&match change {
        Change::Changed(before) => format!("{name} (was {})", ops[usize::from(before)]),
        _ => name.clone(),
    })
}

/// A node of an op.
fn op_node(id: &str, op: u8, change: Change, ops: &[String]) -> String {
    let palette::Colours { fill, stroke } = palette::light(op);
    format!(
        "{id} [label={}, fillcolor=\"{fill}\", color=\"{stroke}\"{}];",
        op_label(op, change, ops),
        changed_node(change)
    )
}

fn cell_lines(index: usize, cell: &Cell, ops: &[String]) -> Vec<String> {
    let id = |v: usize| format!("c{index}n{v}");
    let mut lines = Vec::new();
    for (v, node) in cell.nodes.iter().enumerate() {
        lines.push(match node.op {
            Some(op) => op_node(&id(v), op, node.change, ops),
            None => {
                let label = match (cell.ops, node.name.as_str()) {
                    (Ops::Nodes, name) => name.to_owned(),
                    (_, "") => node.key.clone(),
                    (_, name) => format!("{} · {name}", node.key),
                };
                let fill = match node.role {
                    Role::Inner => ", fillcolor=\"#eceff2\"",
                    _ => "",
                };
                let label = label::dot(&label);
                format!(
                    "{} [label={label}{fill}{}];",
                    id(v),
                    changed_node(node.change)
                )
            }
        });
    }
    for edge in &cell.edges {
        let mut attributes = match edge.op {
            Some(op) => {
                let stroke = palette::light(op).stroke;
                let label = op_label(op, edge.change, ops);
                let faint = match ops[usize::from(op)].as_str() {
                    "none" => ", style=dotted",
                    _ => "",
                };
                format!("label={label}, color=\"{stroke}\", fontcolor=\"{stroke}\"{faint}")
            }
            None => String::new(),
        };
        attributes.push_str(changed(edge.change));
        let attributes = attributes.trim_start_matches(", ");
        let list = match attributes {
            "" => String::new(),
            list => format!(" [{list}]"),
        };
        lines.push(format!("{} -> {}{list};", id(edge.from), id(edge.to)));
    }
    lines
}

fn chain(out: &mut String, stages: &[Stage], ops: &[String]) {
    out.push_str("  input [label=\"input\"];\n");
    let mut ids = vec![("input".to_owned(), Change::Same)];
    for (s, stage) in stages.iter().enumerate() {
        let mut lines = Vec::new();
        for (l, layer) in stage.layers.iter().enumerate() {
            let id = format!("s{s}l{l}");
            lines.push(op_node(&id, layer.op, layer.change, ops));
            ids.push((id, layer.change));
        }
        let name = (!stage.name.is_empty()).then_some(stage.name.as_str());
        cluster(out, s, name, &lines);
    }
    out.push_str("  output [label=\"output\"];\n");
    ids.push(("output".to_owned(), Change::Same));
    for pair in ids.windows(2) {
        let removed = pair.iter().any(|(_, change)| *change == Change::Removed);
        let list = if removed {
            " [color=\"#cf222e\", style=\"dashed\"]"
        } else {
            ""
        };
        out.push_str(&format!("  {} -> {}{list};\n", pair[0].0, pair[1].0));
    }
}
